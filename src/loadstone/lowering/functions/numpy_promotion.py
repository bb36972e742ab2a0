"""Dtypes of numpy's results: those of arrays, with Python's numbers taking the dtype beside them (NEP 50, numpy 2).

https://numpy.org/doc/stable/reference/arrays.promotion.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder

_FLOATS = {"bool": "float16", "int8": "float16", "uint8": "float16", "int16": "float32", "uint16": "float32"}


def array(b: Builder, x: Any) -> Value:
    """`numpy.asarray`: lists and numbers are bool, int64 or float64."""
    if isinstance(x, Value):
        return x
    if isinstance(x, (list, tuple)) and any(isinstance(part, (Value, list, tuple)) for part in x):
        parts = promoted(b, [array(b, part) for part in x])
        return b.Concat(*(b.unsqueeze(part, 0) for part in parts), axis=0)
    return b.const(np.asarray(x))


def promoted(b: Builder, operands: Sequence[Any]) -> list[Value]:
    """Operands as values of one dtype."""
    weak = [isinstance(x, (bool, int, float)) for x in operands]
    values = [x if w else array(b, x) for x, w in zip(operands, weak, strict=True)]
    found = [dtypes.to_numpy(x.dtype) for x, w in zip(values, weak, strict=True) if not w]
    dtype = np.result_type(*found) if found else np.result_type(*(np.asarray(x).dtype for x in values))
    if any(isinstance(x, float) for x in operands) and dtype.kind in "biu":
        dtype = np.dtype("float64")
    if any(isinstance(x, int) and not isinstance(x, bool) for x in operands) and dtype.kind == "b":
        dtype = np.dtype("int64")
    if dtype.kind not in "biuf":
        raise UnsupportedAttribute(f"numpy's functions of {dtype}")
    return [b.cast(x, dtype.name) if isinstance(x, Value) else b.const(x, dtype.name) for x in values]


def floating(b: Builder, x: Value) -> Value:
    """x as a function of floats takes it: small integers as small floats."""
    return x if dtypes.is_float(x.dtype) else b.cast(x, _FLOATS.get(x.dtype, "float64"))


def summed(dtype: str) -> str:
    """The dtype of a sum or product: integers of 64 bits."""
    if dtypes.is_float(dtype):
        return dtype
    return "uint64" if dtype.startswith("uint") else "int64"
