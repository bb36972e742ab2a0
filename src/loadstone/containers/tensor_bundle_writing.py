"""Checkpoints of the V2 format, written: `NAME.index` and `NAME.data-00000-of-00001` (tensorflow/core/util/tensor_bundle.cc, BundleWriter).

One data file; one tensor is in memory at a time.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

from loadstone.containers import sstable, wire
from loadstone.containers.crc32c import crc32c, masked
from loadstone.containers.graph_writing import TYPE_NUMBERS, shape
from loadstone.containers.tensor_bundle import DATA, INDEX
from loadstone.ir import Tensor, dtypes

ALIGNED = 64  # bytes at whose multiples tensors begin, so that they can be used where they lie
_HEADER = wire.number(1, 1) + wire.delimited(3, wire.number(1, 1))  # one data file, version 1


def write(prefix: str, tensors: Mapping[str, Tensor], *, aligned: int = ALIGNED) -> None:
    """Write a checkpoint; prefix is the path that the names of its files begin with.

    Tensors lie in the order of the mapping. Raises OSError.
    """
    entries = {b"": _HEADER}
    with open(f"{prefix}{DATA}00000-of-00001", "wb") as file:
        for name, tensor in tensors.items():
            data, crc = _strings(tensor) if tensor.dtype == "string" else _numbers(tensor)
            at = file.tell()
            padding = -at % aligned
            file.write(b"\0" * padding)
            file.write(data)
            key = name.encode("utf8", "surrogateescape")
            entries[key] = _entry(tensor, at + padding, len(data), crc)
    with open(f"{prefix}{INDEX}", "wb") as file:
        file.write(sstable.written(entries))


def _entry(tensor: Tensor, offset: int, size: int, crc: int) -> bytes:
    """A BundleEntryProto; numbers that are 0 are left out."""
    place = (wire.number(4, offset) if offset else b"") + (wire.number(5, size) if size else b"")
    dtype = wire.number(1, TYPE_NUMBERS[tensor.dtype])
    return dtype + wire.delimited(2, shape(tensor.shape)) + place + (wire.fixed32(6, masked(crc)) if masked(crc) else b"")


def _numbers(tensor: Tensor) -> tuple[memoryview | bytes, int]:
    """Little-endian values in C order, and their checksum."""
    array = tensor.numpy()
    if not array.size:
        return b"", crc32c(b"")
    if dtypes.itemsize(tensor.dtype) > 1 and array.dtype.kind != "V":
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    data = memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    return data, crc32c(data)


def _strings(tensor: Tensor) -> tuple[bytes, int]:
    """Lengths as varints, a checksum of them, and the bytes one after the other.

    The checksums count a length as the four bytes of its number (eight for one that needs them), not as the varint.
    """
    values = [value if isinstance(value, bytes) else str(value).encode() for value in tensor.numpy().reshape(-1).tolist()]
    counted = b"".join(struct.pack("<I" if len(value) < 1 << 32 else "<Q", len(value)) for value in values)
    check = struct.pack("<I", masked(crc32c(counted)))
    text = b"".join(values)
    return b"".join(wire.encoded(len(value)) for value in values) + check + text, crc32c(counted + check + text)
