"""TensorProto: a tensor inside a message (tensorflow/core/framework/tensor.proto).

The values are raw bytes, or a list of numbers in the field of their type, of which the last is repeated up to the end.
"""

from __future__ import annotations

import struct
from math import prod

import numpy as np

from loadstone.containers.tensor_bundle import DTYPES, check_sizes, shape
from loadstone.containers.wire import Value, content, fields, integer, varint
from loadstone.errors import CorruptFile, UnsafeContent, UnsupportedVersion
from loadstone.ir import Tensor, dtypes

MAX_REPEATED = 1 << 28  # elements made out of fewer
MADE_LATER = 1 << 20  # elements from which on they are made when they are needed
_CONTENT, _STRING = 4, 8
_FLOATS, _DOUBLES = {5, 9}, {6, 12}  # float_val, scomplex_val; double_val, dcomplex_val
_INTEGERS = {7, 10, 11, 13, 16, 17}  # int_val, int64_val, bool_val, half_val, uint32_val, uint64_val
# qint8, quint8, qint32, qint16, quint16: integers whose scale lies elsewhere
_QUANTIZED = {11: "int8", 12: "uint8", 13: "int32", 15: "int16", 16: "uint16"}


def read(message: memoryview, key: str = "", *, dtype: str | None = None, sizes: tuple[int, ...] = ()) -> Tensor:
    """The tensor that a message holds; dtype and sizes are those of a message that leaves them out."""
    number, raw = 0, None
    values: list[object] = []
    for field, value in fields(message):
        if field == 1:
            number = integer(value)
        elif field == 2:
            sizes = shape(content(value))
        elif field == _CONTENT:
            raw = content(value)
        else:
            values += _values(field, value)
    name = DTYPES.get(number) or _QUANTIZED.get(number, dtype)
    if name is None or not dtypes.known(name):
        raise UnsupportedVersion(f"a tensor of TensorFlow's type number {number}", where=key or None)
    check_sizes(sizes, key)
    numpy_dtype = dtypes.to_numpy(name)
    if raw is not None and len(raw):
        if len(raw) != prod(sizes) * numpy_dtype.itemsize:
            raise CorruptFile(f"a {name} of shape {sizes} in {len(raw)} bytes", where=key or None)
        return Tensor.of(np.frombuffer(raw, numpy_dtype).reshape(sizes), key=key)
    count = _checked(values, sizes, name, key)
    if count > max(MADE_LATER, len(values)):
        return Tensor.lazy(sizes, name, lambda: _filled(values, sizes, name), key=key)
    return Tensor.of(_filled(values, sizes, name), key=key)


def _values(field: int, value: Value) -> list[object]:
    """The numbers of one field, packed or one alone."""
    if field == _STRING:
        return [bytes(content(value))]
    if field in _FLOATS | _DOUBLES:
        form, width, code = ("f", 4, "I") if field in _FLOATS else ("d", 8, "Q")
        if isinstance(value, int) and value >> 8 * width:
            raise CorruptFile(f"a protobuf field holds 64 bits where {8 * width} belong")
        packed = struct.pack(f"<{code}", value) if isinstance(value, int) else bytes(value)
        return list(struct.unpack(f"<{len(packed) // width}{form}", packed[: len(packed) // width * width]))
    if field in _INTEGERS:
        if isinstance(value, int):
            return [value]
        found: list[object] = []
        at = 0
        while at < len(value):
            one, at = varint(value, at)
            found.append(one)
        return found
    return []


def _checked(values: list[object], sizes: tuple[int, ...], name: str, key: str) -> int:
    """How many elements there are, once it is known that the values can be theirs."""
    count, kind = prod(sizes), dtypes.to_numpy(name).kind
    wanted: type | tuple[type, ...] = (int, float)
    if name == "string":
        wanted = bytes
    elif kind in "iub" or name in ("float16", "bfloat16"):
        wanted = int
    if not all(isinstance(value, wanted) for value in values):
        raise CorruptFile(f"a tensor of {name} with values of another type", where=key or None)
    given = len(values) // 2 if kind == "c" else len(values)
    if given > count:
        raise CorruptFile(f"{given} values for a tensor of shape {sizes}", where=key or None)
    if count > max(MAX_REPEATED, given):
        raise UnsafeContent(f"a tensor of shape {sizes} out of {given} values", where=key or None)
    return count


@np.errstate(all="ignore")
def _filled(values: list[object], sizes: tuple[int, ...], name: str) -> np.ndarray:
    """An array of the values, the last repeated; zeros where there is none."""
    count, numpy_dtype = prod(sizes), dtypes.to_numpy(name)
    if numpy_dtype.kind == "c":
        values = list(np.array(values[: len(values) // 2 * 2], np.float64).view(np.complex128))
    if name == "string":
        array = np.empty(count, object)
        array[:] = [*values, *([values[-1] if values else b""] * (count - len(values)))]
        return array.reshape(sizes)
    if name in ("float16", "bfloat16"):
        short = np.array(values, np.uint64).astype(np.uint16).view(numpy_dtype)
    elif numpy_dtype.kind in "iu":
        short = np.array(values, np.uint64).astype(numpy_dtype)  # negative ones are two's complement
    else:
        short = np.array(values).astype(numpy_dtype)
    if not len(short):
        return np.zeros(sizes, numpy_dtype)
    return np.concatenate([short, np.full(count - len(short), short[-1])]).reshape(sizes)
