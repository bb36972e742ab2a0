"""Architectures with weights in other files, of several releases and in every kind (tests/golden/make_apart.py)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import loadstone

FOLDER = Path(__file__).parents[1] / "golden" / "apart"
KINDS = (
    "weights.h5",
    "model.weights.h5",
    "list.npz",
    "sharded.weights.json",
    "checkpoint",
    "checkpoint/weights",
    "checkpoint/weights.index",
)
CASES = sorted(
    (str(place.relative_to(FOLDER)), architecture, kind)
    for place in FOLDER.glob("*/*")
    for architecture in ("model.json", "model.yaml")
    if (place / architecture).exists()
    for kind in KINDS
    if (place / kind).exists() or (place / f"{kind}.index").exists()
)


@pytest.mark.parametrize(("place", "architecture", "kind"), CASES)
def test_predicts_what_the_release_predicted(place: str, architecture: str, kind: str) -> None:
    model = loadstone.load_model(FOLDER / place / architecture, weights=FOLDER / place / kind)
    data = np.load(FOLDER / place / "data.npz")
    np.testing.assert_allclose(model.predict(data["input"], verbose=0), data["output"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("place", sorted({place for place, _, _ in CASES}))
def test_every_kind_lists_the_same_arrays(place: str) -> None:
    expected = sorted(np.load(FOLDER / place / "list.npz").values(), key=lambda array: (array.shape, array.tobytes()))
    for kind in KINDS:
        if not (FOLDER / place / kind).exists():
            continue
        listed = loadstone.load_weights(FOLDER / place / kind)
        arrays = [np.asarray(tensor) for tensor in listed.values() if tensor.dtype == "float32"]
        assert [a.tobytes() for a in sorted(arrays, key=lambda array: (array.shape, array.tobytes()))] == [a.tobytes() for a in expected]


def test_an_architecture_alone_says_what_it_needs() -> None:
    path = FOLDER / "keras-2.2.4" / "model" / "model.json"
    with pytest.raises(loadstone.MissingWeights, match="without its weights"):
        loadstone.load_model(path)
    report = loadstone.inspect(path)
    assert report.format == "keras_architecture" and [row.class_name for row in report.layers][1:3] == ["Bidirectional", "GRU"]


def test_weights_of_another_model_are_refused_with_both_lists() -> None:
    with pytest.raises(loadstone.ModelError, match=r"(?s)architecture: .*weights: "):
        loadstone.load_model(FOLDER / "keras-2.2.4" / "model" / "model.json", weights=FOLDER / "keras-2.2.4" / "chain" / "weights.h5")


def test_a_checkpoint_of_another_model_is_refused() -> None:
    place = FOLDER / "tf.keras-2.15.1"
    with pytest.raises(loadstone.ModelError, match="the architecture has 6 layers, the checkpoint 3"):
        loadstone.load_model(place / "model" / "model.json", weights=place / "chain" / "checkpoint")


def test_layers_in_another_order_that_fits_as_well_are_ambiguous(tmp_path: Path) -> None:
    layers = [
        {"class_name": "Dense", "config": {"name": name, "units": 3, "batch_input_shape": [None, 3], "use_bias": False}}
        for name in ("b", "a")
    ]
    (tmp_path / "model.json").write_text(
        json.dumps({"class_name": "Sequential", "config": {"name": "s", "layers": layers}, "keras_version": "2.2.4"})
    )
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.attrs["layer_names"] = [b"a", b"b"]
        for name in ("a", "b"):
            file.create_group(name).attrs["weight_names"] = [f"{name}/kernel:0".encode()]
            file[f"{name}/{name}/kernel:0"] = np.zeros((3, 3), "float32")
    with pytest.raises(loadstone.ModelError, match="either order fits"):
        loadstone.load_model(tmp_path / "model.json", weights=tmp_path / "weights.h5")


def test_weights_take_the_place_of_a_model_s_own() -> None:
    place = FOLDER / "keras-3.15.1" / "chain"
    data = np.load(place / "data.npz")
    model = loadstone.load_model(place / "model.json", weights=place / "model.weights.h5")
    np.testing.assert_array_equal(model.get_weights()[0], np.load(place / "list.npz")["arr_0"])
    assert model.predict(data["input"], verbose=0).shape == data["output"].shape


def test_a_checkpoint_without_its_data_and_one_with_a_wrong_byte(tmp_path: Path) -> None:
    place = FOLDER / "tf.keras-2.15.1" / "model"
    shutil.copy(place / "checkpoint" / "weights.index", tmp_path)
    with pytest.raises(loadstone.CorruptFile, match="data file"):
        loadstone.load_weights(tmp_path / "weights.index")
    for file in (place / "checkpoint").glob("weights.data*"):
        damaged = bytearray(file.read_bytes())
        damaged[0] ^= 1
        (tmp_path / file.name).write_bytes(damaged)
    tensors = loadstone.load_weights(tmp_path / "weights")
    with pytest.raises(loadstone.CorruptFile, match="checksum"):
        list(map(np.asarray, tensors.values()))


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("x: !!python/object/apply:os.system ['touch never']", loadstone.UnsafeContent),
        ("x: !!python/object/new:subprocess.Popen [[ls]]", loadstone.UnsafeContent),
        ("x: [", loadstone.CorruptFile),
        ("x: &a [*a]", loadstone.CorruptFile),
    ],
)
def test_hostile_yaml_is_refused(tmp_path: Path, line: str, error: type[Exception]) -> None:
    (tmp_path / "model.yaml").write_text(f"class_name: Sequential\nconfig: []\n{line}\n")
    with pytest.raises(error):
        loadstone.inspect(tmp_path / "model.yaml")


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({"/layers/dense/vars": ["model_00000.weights.h5", "model_00001.weights.h5"]}, "missing: model_00000.weights.h5, model_00001"),
        ({"/layers/dense/vars": "../model.weights.h5"}, "missing: ../model.weights.h5"),
        ({"/layers/dense/vars": [5, {"a": 1}]}, "missing: 5, "),
        ({}, "the map names none"),
        (["model_00000.weights.h5"], "the map names none"),
        (None, "the map names none"),
    ],
)
def test_a_map_of_shards_that_are_not_there(tmp_path: Path, places: object, message: str) -> None:
    (tmp_path / "model.weights.json").write_text(json.dumps({"weight_map": places}))
    with pytest.raises(loadstone.CorruptFile, match=message):
        loadstone.load_weights(tmp_path / "model.weights.json")


def test_weights_in_several_shards_and_without_one_of_them(tmp_path: Path) -> None:
    place = FOLDER / "keras-3.15.1" / "chain"
    shutil.copy(place / "model.json", tmp_path)
    with h5py.File(place / "model.weights.h5") as whole:
        places = [f"/layers/{name}/vars" for name in whole["layers"]]
        for number, name in enumerate(places):
            with h5py.File(tmp_path / f"model_{number:05d}.weights.h5", "w") as shard:
                whole.copy(whole[name], shard.require_group(name.rpartition("/")[0]))
    named = {name: [f"model_{number:05d}.weights.h5"] for number, name in enumerate(places)}
    (tmp_path / "model.weights.json").write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": named}))
    data = np.load(place / "data.npz")
    model = loadstone.load_model(tmp_path / "model.json", weights=tmp_path / "model.weights.json")
    np.testing.assert_allclose(model.predict(data["input"], verbose=0), data["output"], rtol=1e-4, atol=1e-6)
    with pytest.raises(loadstone.MissingWeights, match="not in the file"):
        loadstone.load_model(tmp_path / "model.json", weights=tmp_path / "model_00000.weights.h5")
    (tmp_path / "model_00001.weights.h5").unlink()
    with pytest.raises(loadstone.CorruptFile, match="shards of the weights are missing: model_00001"):
        loadstone.load_model(tmp_path / "model.json", weights=tmp_path / "model.weights.json")
