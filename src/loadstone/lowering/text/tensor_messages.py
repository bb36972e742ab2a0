"""Tensors inside messages, as ParseTensor and SerializeTensor have them: tensorflow/core/framework/tensor.proto."""

from __future__ import annotations

from math import prod

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir import dtypes
from loadstone.lowering.protobuf import delimited, integer
from loadstone.lowering.text import wire
from loadstone.lowering.text.arrays import flat, objects, within_limit

# tensorflow/core/framework/types.proto
_NUMBERS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "complex64": 8, "int64": 9, "bool": 10,
    "bfloat16": 14, "uint16": 17, "complex128": 18, "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip
_FIELDS = {
    "float32": 5, "float64": 6, "string": 8, "complex64": 9, "int64": 10, "bool": 11, "complex128": 12, "float16": 13, "bfloat16": 13,
    "uint32": 16, "uint64": 17,
}  # fmt: skip
_SMALL = 7  # the field of all other integers


def serialize(array: np.ndarray, dtype: str) -> bytes:
    """The message of a tensor, its values as raw bytes."""
    dims = b"".join(delimited(2, integer(1, d) if d else b"") for d in array.shape)
    head = integer(1, _NUMBERS[dtype]) + delimited(2, dims)
    if dtype == "string":
        return head + b"".join(delimited(8, item) for item in flat(array))
    raw = np.ascontiguousarray(array).tobytes()
    return head + (delimited(4, raw) if raw else b"")


def parse(message: bytes, dtype: str) -> np.ndarray:
    """The tensor of a message, which has to be of this type."""
    number, raw = 0, memoryview(b"")
    shape: tuple[int, ...] = ()
    values: list[object] = []
    for field, value in wire.fields(memoryview(message)):
        if field == 1 and isinstance(value, int):
            number = value
        elif field == 2:
            shape = _shape(wire.content(value))
        elif field == 4:
            raw = wire.content(value)
        elif field == _FIELDS.get(dtype, _SMALL):
            values += _values(value, dtype)
    if number != _NUMBERS[dtype]:
        raise InputMismatch(f"a tensor of type {number} where {dtype} is wanted")
    within_limit(prod(shape), "a tensor")
    if not len(raw):
        return _filled(values, shape, dtype)
    kind = dtypes.to_numpy(dtype)
    if dtype == "string" or len(raw) != prod(shape) * kind.itemsize:
        raise InputMismatch(f"a {dtype} of shape {shape} in {len(raw)} bytes")
    return np.frombuffer(raw, kind).reshape(shape)


def _shape(view: memoryview) -> tuple[int, ...]:
    sizes = []
    for field, value in wire.fields(view):
        if field == 2:
            found = [size for number, size in wire.fields(wire.content(value)) if number == 1 and isinstance(size, int)]
            sizes.append(wire.signed(found[-1]) if found else 0)
        elif field == 3:
            raise InputMismatch("a tensor of unknown rank")
    if min(sizes, default=0) < 0:
        raise InputMismatch(f"a tensor of shape {tuple(sizes)}")
    return tuple(sizes)


def _values(value: wire.Field, dtype: str) -> list[object]:
    if dtype == "string":
        return [bytes(wire.content(value))]
    if dtype in ("float32", "complex64"):
        return list(wire.floats(value))
    return list(wire.floats(value, "<f8") if dtype in ("float64", "complex128") else wire.integers(value))


def _filled(values: list[object], shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array of the values, the last repeated; zeros where there is none."""
    count, kind = prod(shape), dtypes.to_numpy(dtype)
    if dtype == "string":
        if len(values) > count:
            raise InputMismatch(f"{len(values)} strings for a tensor of shape {shape}")
        last = values[-1] if values else b""
        return objects([*values, *[last] * (count - len(values))], shape)  # type: ignore[list-item]
    if dtype.startswith("complex"):
        pairs = np.array(values, np.float64)
        short = (pairs[0::2] + 1j * pairs[1::2]).astype(kind)
    elif dtype in ("float16", "bfloat16"):
        short = np.array(values, np.int64).astype(np.uint16).view(kind)
    else:
        short = np.array(values, np.int64 if kind.kind in "iub" else np.float64).astype(kind)
    if len(short) > count:
        raise InputMismatch(f"{len(short)} values for a tensor of shape {shape}")
    return np.concatenate([short, np.full(count - len(short), short[-1] if len(short) else 0, kind)]).reshape(shape)
