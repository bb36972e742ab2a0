"""Names of element types, as Keras and TensorFlow spell them, and their numpy and ONNX counterparts.

A dtype is a plain string ("float32", "bfloat16", "bool", "string"). `ml_dtypes` supplies what numpy lacks and is
imported only when such a type is met.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# name -> (bytes, ONNX TensorProto.DataType)   https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
_TYPES = {
    "float32": (4, 1),
    "uint8": (1, 2),
    "int8": (1, 3),
    "uint16": (2, 4),
    "int16": (2, 5),
    "int32": (4, 6),
    "int64": (8, 7),
    "string": (8, 8),
    "bool": (1, 9),
    "float16": (2, 10),
    "float64": (8, 11),
    "uint32": (4, 12),
    "uint64": (8, 13),
    "complex64": (8, 14),
    "complex128": (16, 15),
    "bfloat16": (2, 16),
    "float8_e4m3fn": (1, 17),
    "float8_e5m2": (1, 19),
    "uint4": (1, 21),
    "int4": (1, 22),
}
_ML_DTYPES = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4")

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def known(name: str) -> bool:
    """True for a name that this module can translate."""
    return name in _TYPES


def itemsize(name: str) -> int:
    """Bytes of one element in memory (a pointer for strings)."""
    return _TYPES[name][0]


def to_onnx(name: str) -> int:
    """The number of `onnx.TensorProto.DataType`."""
    return _TYPES[name][1]


@lru_cache(256)
def of_onnx(number: int) -> str:
    """The name for a number of `onnx.TensorProto.DataType`."""
    return next(name for name, (_, code) in _TYPES.items() if code == number)


@lru_cache(256)
def to_numpy(name: str) -> np.dtype:
    """The numpy dtype; `object` for strings, whose elements are `bytes`."""
    if name == "string":
        return np.dtype(object)
    if name in _ML_DTYPES:
        import ml_dtypes

        found: np.dtype = np.dtype(getattr(ml_dtypes, name))
        return found
    return np.dtype(name)


@lru_cache(256)
def of_numpy(dtype: np.dtype) -> str:
    """The name of a numpy dtype; byte and unicode strings and objects are "string"."""
    return "string" if dtype.kind in "OSU" else dtype.name


def is_float(name: str) -> bool:
    """True for floating types, 8-bit ones included."""
    return name in FLOATS or name.startswith("float8")


def is_integer(name: str) -> bool:
    """True for signed and unsigned integers; bool is none."""
    return name in INTEGERS or name in ("int4", "uint4")
