"""Whole files: the forms in which the same model may stand, who saved it, and what else the file holds."""

import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from loadstone import formats
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, MissingWeights
from loadstone.formats.producer import of_versions
from loadstone.ir import Model

GOLDEN = Path(__file__).parents[1] / "golden"
V3 = GOLDEN / "keras-3.15.1" / "mlp.keras"
H5 = GOLDEN / "keras-3.15.1" / "mlp.h5"


def read(given, **options) -> Model:
    source = Source.open(given, **options)
    return formats.detect(source).read(source, None)


def weights(model: Model) -> dict[str, np.ndarray]:
    return {f"{layer.path}/{name}": tensor.numpy() for layer in model.root.walk() for name, tensor in layer.weights.items()}


def same(one: Model, other: Model) -> bool:
    a, b = weights(one), weights(other)
    return list(a) == list(b) and all(np.array_equal(a[key], b[key]) for key in a)


def repacked(change=lambda members: members, method=zipfile.ZIP_STORED) -> bytes:
    """The golden archive with its members changed."""
    with zipfile.ZipFile(V3) as file:
        members = change({name: file.read(name) for name in file.namelist()})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def unpacked(folder: Path) -> Path:
    with zipfile.ZipFile(V3) as file:
        file.extractall(folder)
    return folder


def test_both_formats_give_the_same_weights():
    assert same(read(V3), read(H5))


def test_a_folder_is_the_same_model(tmp_path):
    assert same(read(unpacked(tmp_path)), read(V3))


def test_compressed_members_are_the_same_model():
    assert same(read(repacked(method=zipfile.ZIP_DEFLATED)), read(V3))


def test_an_archive_packed_with_its_folder_is_the_same_model():
    def within(members):
        return {**{f"my model/{name}": data for name, data in members.items()}, "__MACOSX/my model/._config.json": b"x"}

    assert same(read(repacked(within)), read(V3))


def test_weights_in_npz_are_the_same_model():
    """As tf.keras 2.12 to 2.15 and Keras 3 write them: a pickled dict of arrays for each layer."""

    def as_npz(members):
        import h5py

        stored: dict[str, dict] = {}
        with h5py.File(io.BytesIO(members.pop("model.weights.h5")), "r") as file:
            file.visititems(
                lambda path, item: (
                    stored.setdefault(path.rpartition("/vars")[0] or "__root__", {}).update({path.rpartition("/")[2]: item[()]})
                    if hasattr(item, "shape")
                    else None
                )
            )
        buffer = io.BytesIO()
        np.savez(buffer, **stored)
        return {**members, "model.weights.npz": buffer.getvalue()}

    assert same(read(repacked(as_npz)), read(V3))


def test_sharded_weights_are_the_same_model(tmp_path):
    import h5py

    folder = unpacked(tmp_path)
    shards: dict[str, str] = {}
    with h5py.File(folder / "model.weights.h5", "r") as file:
        paths: list[str] = []
        file.visit(lambda path: paths.append(path) if path.endswith("/vars") else None)
        for number, path in enumerate(paths):
            shards[f"/{path}"] = name = f"model_{number:05}.weights.h5"
            with h5py.File(folder / name, "w") as shard:
                file.copy(path, shard, path)
    (folder / "model.weights.h5").unlink()
    (folder / "model.weights.json").write_text(json.dumps({"metadata": {}, "weight_map": {**shards, "/x": list(shards.values())[:2]}}))
    assert same(read(folder), read(V3))
    (folder / "model_00001.weights.h5").unlink()
    with pytest.raises(CorruptFile, match=r"shards of the weights are missing: model_00001\.weights\.h5"):
        read(folder)


@pytest.mark.parametrize("given", [V3, str(V3), V3.read_bytes(), H5.read_bytes()], ids=["path", "str", "keras bytes", "h5 bytes"])
def test_every_kind_of_source(given):
    assert same(read(given), read(V3))


@pytest.mark.parametrize("path", [V3, H5], ids=["keras", "h5"])
def test_a_mapped_file_has_regions_and_notices_a_rewrite(tmp_path, path):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    model = read(copy, mmap=True)
    found = [tensor for layer in model.root.walk() for tensor in layer.weights.values()]
    for tensor in found:
        assert tensor.region is not None
        data = copy.read_bytes()[tensor.region.offset : tensor.region.offset + tensor.region.length]
        np.testing.assert_array_equal(np.frombuffer(data, "<f4").reshape(tensor.shape), tensor.numpy())
    model.unchanged()
    os.utime(copy, ns=(1, 1))
    with pytest.raises(CorruptFile, match="rewritten after loading"):
        model.unchanged()


def test_a_small_file_is_not_mapped():
    assert read(V3).unchanged is None
    assert read(H5).unchanged is None


def test_nothing_is_read_until_it_is_needed(tmp_path, monkeypatch):
    copy = tmp_path / "model.keras"
    copy.write_bytes(V3.read_bytes())
    model = read(copy, mmap=True)
    monkeypatch.setattr(Source, "read", lambda *_: pytest.fail("weights were read"))
    assert sum(tensor.size for layer in model.root.walk() for tensor in layer.weights.values()) > 0


@pytest.mark.parametrize(
    ("text", "library", "release"),
    [
        ("3.15.1", "keras", (3, 15, 1)),
        ("2.15.0", "tf.keras", (2, 15, 0)),
        ("2.4.0-tf2.3.4", "tf.keras", (2, 4, 0)),
        ("2.4.0", "tf.keras", (2, 4, 0)),
        ("2.3.0-tf", "tf.keras", (2, 3, 0)),
        ("2.2.4-tf", "tf.keras", (2, 2, 4)),
        ("2.3.1", "keras", (2, 3, 1)),
        ("1.2.2", "keras", (1, 2, 2)),
        (None, "keras", ()),
    ],
)
def test_the_version_says_who_saved_it(text, library, release):
    producer = of_versions(text, date="2026-01-02@03:04:05")
    assert (producer.library, producer.release) == (library, release)


@pytest.mark.parametrize(
    "path", sorted(p for s in ("*.keras", "*.h5") for p in GOLDEN.glob(f"*keras-*/{s}")), ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_the_producer_is_the_release_that_made_the_golden(path):
    release, _, version = path.parent.name.rpartition("-")
    try:
        producer = read(path).producer
    except MissingWeights:
        pytest.skip("a file that cannot be read on purpose")
    assert producer.library == release
    if release == "keras":
        assert producer.version == version


def test_what_the_file_says_beside_the_weights():
    model = read(GOLDEN / "keras-3.15.1" / "custom_compiled.keras")
    assert model.format == "keras_v3"
    assert model.producer.date
    assert model.training_config["optimizer"]
    assert read(V3).source.endswith("mlp.keras")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: {k: v for k, v in m.items() if k != "model.weights.h5"}, "the model has no weights: none of model.weights.h5"),
        (lambda m: {**m, "config.json": b"{not json"}, "config.json is not JSON"),
        (lambda m: {**m, "config.json": b"[1, 2]"}, "should hold objects"),
        (lambda m: {**m, "model.weights.h5": m["model.weights.h5"][:1000]}, "damaged or cut off"),
        (lambda m: {**m, "model.weights.h5": b"nonsense"}, "damaged or cut off"),
    ],
)
def test_a_damaged_archive_is_corrupt(change, expected):
    with pytest.raises(CorruptFile, match=expected):
        read(repacked(change))


def test_a_damaged_h5_config_is_corrupt(tmp_path):
    import h5py

    path = tmp_path / "model.h5"
    path.write_bytes(H5.read_bytes())
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = "{not json"
    with pytest.raises(CorruptFile, match="the attribute model_config is not JSON"):
        read(path)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = '{"class_name": "Sequential", "config": {}}'
        del file["model_weights"]
    with pytest.raises(CorruptFile, match="the group model_weights"):
        read(path)


def test_a_weight_that_was_deleted_is_missed(tmp_path):
    import h5py

    folder = unpacked(tmp_path)
    with h5py.File(folder / "model.weights.h5", "a") as file:
        paths: list[str] = []
        file.visititems(lambda path, item: paths.append(path) if hasattr(item, "shape") else None)
        del file[paths[0]]
    with pytest.raises(MissingWeights, match="not in the file, expected shape"):
        read(folder)
