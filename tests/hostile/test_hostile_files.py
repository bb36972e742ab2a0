"""Files that are broken, not what they claim, or made to harm: each gets its own error, with the words a user needs.

Every file goes through `load_model`, the entrance that users take. Most are made here out of a good model.
"""

import io
import json
import os
import pickle  # noqa: TID251 - made here, never loaded
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import loadstone
from loadstone import formats
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, LoadstoneError, MissingWeights, ModelError, UnrecognizedFormat, UnsafeContent, UnsupportedVersion

GOLDEN = Path(__file__).parents[1] / "golden" / "keras-3.15.1"
V3 = (GOLDEN / "mlp.keras").read_bytes()
H5 = (GOLDEN / "mlp.h5").read_bytes()


def repacked(change) -> bytes:
    """The `.keras` file with its members changed."""
    with zipfile.ZipFile(io.BytesIO(V3)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    change(members)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def in_weights(fill) -> bytes:
    """The `.keras` file with its HDF5 weights changed by `fill(file)`."""

    def change(members):
        members["model.weights.h5"] = in_hdf5(fill, members["model.weights.h5"])

    return repacked(change)


def in_hdf5(fill, data: bytes = H5) -> bytes:
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "a") as file:
        fill(file)
    return buffer.getvalue()


def first_dense(file) -> str:
    """The path of some kernel."""
    paths: list[str] = []
    file.visititems(lambda path, item: paths.append(path) if isinstance(item, h5py.Dataset) and len(item.shape) == 2 else None)
    return sorted(path for path in paths if "optimizer" not in path)[0]


def replaced(make) -> object:
    """A change that puts another thing where a kernel was."""

    def fill(file):
        path = first_dense(file)
        shape = file[path].shape
        del file[path]
        make(file, path, shape)

    return fill


def external(file, path, shape):
    file[path] = h5py.ExternalLink("/etc/hostname", "/w")


def soft(file, path, shape):
    file[path] = h5py.SoftLink("/")


def raw_file(file, path, shape):
    file.create_dataset(path, shape, "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def view(file, path, shape):
    layout = h5py.VirtualLayout(shape, "f4")
    layout[...] = h5py.VirtualSource("other.h5", "w", shape)
    file.create_virtual_dataset(path, layout)


def huge(file, path, shape):
    file.create_dataset(path, (1 << 30, 1 << 10), "f4", chunks=(1 << 10, 1 << 10), compression="gzip")


def wrong_shape(file, path, shape):
    file.create_dataset(path, data=np.zeros(shape[::-1] + (1,), "f4"))


def integers(file, path, shape):
    file.create_dataset(path, data=np.zeros(shape, "i4"))


@pytest.mark.parametrize("make", [in_weights, in_hdf5], ids=["keras", "h5"])
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (external, UnsafeContent, "an external link to somewhere else; none is followed"),
        (soft, UnsafeContent, "a soft link to somewhere else; none is followed"),
        (raw_file, UnsafeContent, "keeps its values in another file"),
        (view, UnsafeContent, "a view of other files"),
        (huge, CorruptFile, "declares 4398046511104 bytes"),
        (wrong_shape, ModelError, "expected shape"),
        (integers, ModelError, "expected float values, found int32"),
    ],
)
def test_hdf5_that_reaches_out_or_lies(make, change, error, words):
    with pytest.raises(error, match=words):
        loadstone.load_model(make(replaced(change)))


def bomb() -> bytes:
    """A deflated config.json that claims 4 GB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", b"{}")
        file.writestr("config.json", b" " * 5_000_000)
    data = bytearray(buffer.getvalue())
    struct.pack_into("<I", data, data.rindex(b"PK\1\2") + 24, 4_000_000_000)
    return bytes(data)


def climbing() -> bytes:
    return repacked(lambda members: members.update({"assets/../../../evil.txt": b"x"}))


def absolute() -> bytes:
    return repacked(lambda members: members.update({"/etc/cron.d/evil": b"x"}))


class Evil:
    def __reduce__(self):
        return (os.system, ("touch loadstone-was-here",))


def pickled_weights() -> bytes:
    """Weights in npz that are an object of the attacker's."""

    def change(members):
        del members["model.weights.h5"]
        array = np.empty((), object)
        array[()] = {"0": Evil()}
        buffer = io.BytesIO()
        np.savez(buffer, **{"layers/dense": array})
        members["model.weights.npz"] = buffer.getvalue()

    return repacked(change)


def config_of(value: str) -> bytes:
    return repacked(lambda members: members.update({"config.json": value.encode()}))


def nested_json() -> bytes:
    return config_of("[" * 100_000)


def doubled() -> bytes:
    data = io.BytesIO(V3)
    with zipfile.ZipFile(data, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("config.json", b"{}")
    return data.getvalue()


def without_weights() -> bytes:
    """The group of every layer is there and empty."""

    def fill(file):
        paths: list[str] = []
        file.visititems(lambda path, item: paths.append(path) if isinstance(item, h5py.Dataset) else None)
        for path in paths:
            del file[path]

    return in_weights(fill)


def more_weights() -> bytes:
    return in_weights(lambda file: file.create_dataset("layers/backdoor/vars/0", data=np.zeros(3, "f4")))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (bomb, UnsafeContent, "to 4000000000 bytes: a decompression bomb"),
        (climbing, UnsafeContent, "a member's name leads out of the archive"),
        (absolute, UnsafeContent, "a member's name leads out of the archive"),
        (doubled, UnsafeContent, "two members have the same name"),
        (pickled_weights, UnsupportedVersion, "weights in npz should be arrays, found .*system"),
        (nested_json, CorruptFile, "config.json is not JSON"),
        (without_weights, MissingWeights, "not in the file, expected shape"),
        (more_weights, ModelError, r"layers/backdoor/vars/0: in the file, \(3,\), and no layer has such a weight"),
    ],
)
def test_archives_made_to_harm(make, error, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        loadstone.load_model(make())
    assert not list(tmp_path.iterdir())


PLAIN = {
    "empty.h5": (b"", "this is an empty file"),
    "page.h5": (b"<!DOCTYPE html><html>404</html>", "this is an HTML page"),
    "pointer.keras": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", "this is a Git LFS pointer"),
    "torch.h5": (pickle.dumps(0x1950A86A20F9469CFC6C, 2), "this is a PyTorch file"),
    "pickled.h5": (pickle.dumps([1]), "this is a Python pickle"),
    "model.tflite": (b"\x1c\0\0\0TFL3" + b"\0" * 9, "this is a TensorFlow Lite model"),
    "notes.keras": (b"just some notes", "this is plain text that begins 'just some notes'"),
    "noise.h5": (bytes(range(200, 256)) * 20, "this is a file of unknown kind, whose first bytes are c8 c9 ca cb"),
}


@pytest.mark.parametrize(("name", "data", "words"), [(name, *found) for name, found in PLAIN.items()], ids=list(PLAIN))
def test_what_is_no_model_is_named_with_its_file(tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnrecognizedFormat, match=words) as raised:
        loadstone.load_model(path)
    assert raised.value.source == str(path)
    assert isinstance(raised.value, ValueError)


@pytest.mark.parametrize("data", [V3, H5], ids=["keras", "h5"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_model_is_corrupt(tmp_path, data, part):
    path = tmp_path / "model.h5"
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(CorruptFile, match="damaged or cut off") as raised:
        loadstone.load_model(path)
    assert raised.value.source == str(path)


@pytest.mark.parametrize(("data", "name"), [(V3, "model.h5"), (H5, "model.keras"), (V3, "model"), (H5, "weights.net")])
def test_a_renamed_model_opens(tmp_path, data, name):
    path = tmp_path / name
    path.write_bytes(data)
    assert loadstone.load_model(path).summary is not None


@pytest.mark.parametrize("wrong", [None, 3, 2.5, [], {"path": "x"}, io.StringIO("x")])
def test_what_is_no_path_is_a_type_error(wrong):
    with pytest.raises(TypeError):
        loadstone.load_model(wrong)


def test_a_missing_file_says_which(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.keras"):
        loadstone.load_model(tmp_path / "gone.keras")


def test_control_characters_of_a_file_are_escaped():
    def change(members):
        config = json.loads(members["config.json"])
        config["config"]["layers"][-1]["config"]["name"] = "evil\x1b[2J\x07"
        members["config.json"] = json.dumps(config).encode()

    with pytest.raises(LoadstoneError) as raised:
        loadstone.load_model(repacked(change))
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize("data", [V3, H5], ids=["keras", "h5"])
def test_random_damage_gives_a_typed_error_or_a_description(data):
    random = np.random.default_rng(7)
    for _ in range(60):
        damaged = bytearray(data)
        for position in random.integers(0, len(data), 4):
            damaged[position] ^= 1 << int(random.integers(8))
        source = Source.of_bytes(bytes(damaged), "damaged")
        try:
            model = formats.detect(source).read(source, None)
            for layer in model.root.walk():
                for tensor in layer.weights.values():
                    tensor.numpy()
        except LoadstoneError:
            pass


@pytest.mark.parametrize(
    "layers", ["[]", "[{}]", "3", '[{"class_name": "Dense", "config": {}}]', '[{"class_name": "Dense", "config": {"units": "x"}}]', "null"]
)
@pytest.mark.parametrize("kind", ["Sequential", "Functional"])
def test_a_config_that_is_no_model_is_a_typed_error(layers, kind):
    config = f'{{"class_name": "{kind}", "config": {{"name": "m", "layers": {layers}, "input_layers": [], "output_layers": []}}}}'
    with pytest.raises(LoadstoneError):
        loadstone.load_model(config_of(config))
