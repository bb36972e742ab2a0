"""safetensors: what is written is read, and damaged or hostile files are typed errors."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.containers import safetensors
from loadstone.containers.source import Source
from loadstone.ir import Tensor, dtypes

VALUES = {
    name: np.arange(6).reshape(2, 3).astype(dtypes.to_numpy(name))
    for name in "float64 float32 float16 bfloat16 float8_e4m3fn float8_e5m2 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool complex64".split()
}


def file(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(**changes: object) -> dict[str, object]:
    return {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


@pytest.mark.parametrize("mmap", [True, False])
def test_every_type_comes_back(mmap: bool, tmp_path: Path) -> None:
    tensors = {name: Tensor.of(array) for name, array in VALUES.items()} | {
        "scalar": Tensor.of(np.float32(3)),
        "none": Tensor.of(np.zeros((0, 4))),
    }
    safetensors.write(str(tmp_path / "x.safetensors"), tensors, {"format": "np"})
    found, metadata = safetensors.read(Source.open(tmp_path / "x.safetensors", mmap=mmap))
    assert metadata == {"format": "np"}
    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        assert (found[name].shape, found[name].dtype) == (tensor.shape, tensor.dtype)
        np.testing.assert_array_equal(found[name].numpy(), tensor.numpy())


def test_strings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(loadstone.LoweringError, match="string"):
        safetensors.write(str(tmp_path / "x.safetensors"), {"x": Tensor.of(np.array([b"a"], object))}, {})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (file({}, length=1 << 60), "should have"),
        (file(b"{]"), "not JSON"),
        (file(b"[1]"), "an object"),
        (file({"x": 1}), "is described by"),
        (file({"__metadata__": 5}), "metadata should be"),
        (file({"__metadata__": ["ab"]}), "metadata should be"),
        (file(entry(data_offsets=[0, -8]), b"\0" * 8), "is described by"),
        (file(entry(shape=[2.5]), b"\0" * 8), "is described by"),
        (file(entry(shape=[1 << 40, 1 << 40]), b"\0" * 8), "has 8"),
        (file(entry(data_offsets=[8, 0]), b"\0" * 8), "has -8"),
        (file(entry(), b"\0" * 4), "lies outside"),
        (file(entry(), b"\0" * 12), "accounted for"),
        (file(entry(data_offsets=[4, 12]), b"\0" * 12), "should begin at 0"),
        (file({**entry(), "y": entry()["x"]}, b"\0" * 8), "should begin at 8"),
    ],
)
def test_damaged_files_are_named(data: bytes, message: str) -> None:
    with pytest.raises(loadstone.CorruptFile, match=message):
        safetensors.read(Source.of_bytes(data, "x.safetensors"))


def test_a_type_that_is_not_known_is_named() -> None:
    with pytest.raises(loadstone.UnsupportedVersion, match="F4"):
        safetensors.read(Source.of_bytes(file(entry(dtype="F4"), b"\0" * 8), "x"))
