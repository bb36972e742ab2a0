"""Content decides which format a file has, and what it is if it has none."""

import io
import json
import pickle  # noqa: TID251 - made here, never loaded
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from loadstone import formats
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, UnrecognizedFormat

GOLDEN = Path(__file__).parents[1] / "golden"


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def hdf5(fill) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3))
    return buffer.getvalue()


BYTES = {
    "an empty file": b"",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "an HTML page": b"\n<!DOCTYPE html>\n<html><body>Not found</body></html>",
    "an XML document": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "an OpenVINO model": b'<?xml version="1.0"?>\n<net name="model" version="11"></net>',
    "a PyTorch file": packed({"archive/data.pkl": b"\x80\x02.", "archive/version": b"3"}),
    "a PyTorch file (before 1.6)": pickle.dumps(0x1950A86A20F9469CFC6C, 2),
    "a Python pickle": pickle.dumps({"model": [1, 2]}),
    "a TensorFlow Lite model": b"\x1c\0\0\0TFL3" + b"\0" * 20,
    "an ONNX model": b"\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x10",
    "the graph of a TensorFlow checkpoint (.meta), damaged": b"\n\x8a\x01\x12\x05serve*\x061.15.0" + b"\x0a\x0bPlaceholder",
    "a checkpoint index of TensorFlow": b"\0" * 40 + bytes.fromhex("57fb808b247547db"),
    "the list of checkpoints": b'model_checkpoint_path: "model.ckpt-100"\n',
    "a TF.js model (model.json) without layers and without a graph": json.dumps({"modelTopology": {}, "weightsManifest": []}).encode(),
    "JSON with a, b": b'{"a": 1, "b": 2}',
    "JSON that is damaged": b'{"a": 1, "b"',
    "a safetensors file": (48).to_bytes(8, "little") + b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "a GGUF file": b"GGUF\x03\0\0\0",
    "a numpy array": npy(),
    "arrays of numpy": packed({"w.npy": npy()}),
    "a Darknet config": b"[net]\nbatch=64\n",
    "weights of Darknet": b"\0\0\0\0\2\0\0\0\5\0\0\0" + b"\x01\x7d\x00\x3f" * 8,
    "a gzip archive": b"\x1f\x8b\x08\0" + b"\0" * 10,
    "a tar archive": b"model.h5".ljust(257, b"\0") + b"ustar\0" + b"00" + b"\0" * 248,
    "weights of a Keras model without the model": hdf5(lambda f: f.attrs.__setitem__("layer_names", [b"dense"])),
    "weights of a Keras model without the model (.weights.h5)": hdf5(lambda f: f.create_group("layers/dense/vars")),
    "weights of a Keras 0.x model without the model": hdf5(lambda f: f.attrs.__setitem__("nb_layers", 3)),
    "a Keras HDF5 file without its config": hdf5(lambda f: f.create_group("model_weights")),
    "an HDF5 file of another kind, with images": hdf5(lambda f: f.create_dataset("images", data=[1])),
    "an office document": packed({"[Content_Types].xml": b""}),
    "a zip archive with model.h5 in it": packed({"model.h5": b""}),
    "a zip archive with a.txt": packed({"a.txt": b""}),
    "plain text that begins 'hello": b"hello there",
    "a file of unknown kind, whose first bytes are 01 02": b"\x01\x02\x00\xff" * 10,
}


@pytest.mark.parametrize(("what", "data"), BYTES.items(), ids=list(BYTES))
def test_what_is_no_model_is_named(what, data):
    with pytest.raises(UnrecognizedFormat) as raised:
        formats.detect(Source.of_bytes(data, "model.h5"))
    assert f"this is {what}" in raised.value.message
    assert "tried: Keras v3 archive or folder (.keras), Keras HDF5 model (.h5)" in raised.value.message


@pytest.mark.parametrize(
    "what", ["a Git LFS pointer", "an HTML page", "weights of a Keras model without the model", "a gzip archive", "a Python pickle"]
)
def test_the_hint_says_what_to_do(what):
    with pytest.raises(UnrecognizedFormat) as raised:
        formats.detect(Source.of_bytes(BYTES[what], "model.h5"))
    words = {
        "LFS": "git lfs pull",
        "HTML": "download the file itself",
        "weights": "give the architecture",
        "gzip": "unpack",
        "pickle": "run any code",
    }
    assert any(key in what and word in raised.value.hint for key, word in words.items())


FOLDERS = {
    "an empty folder": [],
    "a TensorFlow SavedModel in chunks": ["saved_model.cpb", "variables/variables.index"],
    "a folder with TensorFlow checkpoints": ["checkpoint", "model.ckpt.index"],
    "a folder with a PyTorch or Transformers model": ["config.json", "pytorch_model.bin"],
    "an Orbax checkpoint, whose arrays lie in a database": ["_CHECKPOINT_METADATA", "commit_success.txt", "pytree/_METADATA"],
    "an Orbax checkpoint": ["0/_CHECKPOINT_METADATA", "1/_CHECKPOINT_METADATA"],
    "an Orbax checkpoint, .* \\(OCDBT or Zarr\\)": ["_METADATA", "_sharding", "manifest.ocdbt"],
    "a folder with numbered versions of a model": ["1/model.bin", "2/model.bin"],
    "a folder without a model: readme.txt": ["readme.txt"],
}


@pytest.mark.parametrize(("what", "names"), FOLDERS.items(), ids=list(FOLDERS))
def test_a_folder_that_is_no_model_is_named(tmp_path, what, names):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UnrecognizedFormat, match=what):
        formats.detect(Source.open(tmp_path))


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".hdf5", ".net", ".bin", ""])
@pytest.mark.parametrize(
    ("file", "name"),
    [("keras-3.15.1/mlp.keras", "keras_v3"), ("keras-3.15.1/mlp.h5", "keras_h5"), ("tf.keras-2.3.4/mlp.keras", "keras_h5")],
)
def test_the_suffix_does_not_matter(tmp_path, file, name, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_bytes((GOLDEN / file).read_bytes())
    assert formats.detect(Source.open(path)).name == name


def test_a_userblock_before_hdf5_is_passed_over():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as file:
        file.attrs["model_config"] = "{}"
    assert formats.detect(Source.of_bytes(buffer.getvalue(), "x")).name == "keras_h5"


@pytest.mark.parametrize("file", ["keras-3.15.1/mlp.keras", "keras-3.15.1/mlp.h5"])
@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_a_truncated_model_is_corrupt_not_unknown(file, part):
    data = (GOLDEN / file).read_bytes()
    source = Source.of_bytes(data[: int(len(data) * part)], "model")
    with pytest.raises(CorruptFile, match="damaged or cut off"):
        formats.detect(source).read(source, None)


def test_detection_never_raises():
    for data in BYTES.values():
        for known in formats.FORMATS:
            for cut in (len(data), len(data) // 2, 5):
                assert known.detect(Source.of_bytes(data[:cut], "x")) is None or data
