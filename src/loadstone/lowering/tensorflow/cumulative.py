"""Running sums, products and logarithms of sums of exponentials.

tensorflow/core/kernels/scan_ops.cc, tensorflow/python/ops/math_ops.py (`cumsum`, `cumprod`, `cumulative_logsumexp`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import InferenceError
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, axis_of, tensor, tf

_LONGEST = 4096  # elements along an axis up to which products are made by doubling
Array = np.ndarray[Any, Any]


def _computed(axis: Operand) -> bool:
    return isinstance(axis, Value) and axis.const is None


@tf("math.cumsum", "raw_ops.Cumsum")
def cumsum(b: Builder, x: Operand, axis: Operand = 0, exclusive: bool = False, reverse: bool = False) -> Value:
    """Sums of the elements so far."""
    y = tensor(b, x)
    at = b.reshape(axis, []) if _computed(axis) else b.const(axis_of(axis, y.rank))
    wide = b.cast(y, "int64") if y.dtype == "uint64" else y
    return b.cast(b.CumSum(wide, at, exclusive=int(exclusive), reverse=int(reverse)), y.dtype)


@tf("math.cumprod", "raw_ops.Cumprod")
def cumprod(b: Builder, x: Operand, axis: Operand = 0, exclusive: bool = False, reverse: bool = False) -> Value:
    """Products of the elements so far: each step doubles how far back an element has looked."""
    y = tensor(b, x)
    length = None if _computed(axis) else y.shape[axis_of(axis, y.rank)]
    if length is None or length > _LONGEST:
        return _hosted(b, "Cumprod", y, axis, exclusive, reverse, _products)
    at, reach = axis_of(axis, y.rank), 1

    def moved(v: Value, by: int) -> Value:
        ones = b.full([by if i == at else d for i, d in enumerate(b.dims(v))], 1, v.dtype)
        parts = [b.slice(v, at, by), ones] if reverse else [ones, b.slice(v, at, 0, length - by)]
        return b.Concat(*parts, axis=at)

    y = moved(y, 1) if exclusive and length else y
    while reach < length:
        y = b.Mul(y, moved(y, reach))
        reach *= 2
    return y


@tf("math.cumulative_logsumexp", "raw_ops.CumulativeLogsumexp")
def cumulative_logsumexp(b: Builder, x: Operand, axis: Operand = 0, exclusive: bool = False, reverse: bool = False) -> Value:
    """Logarithms of the sums of exponentials of the elements so far; that of none is minus infinity."""
    return _hosted(b, "CumulativeLogsumexp", tensor(b, x), axis, exclusive, reverse, _logarithms)


def _products(x: Array, at: int) -> tuple[Array, Any]:
    return np.cumprod(x, at, dtype=x.dtype), 1


def _logarithms(x: Array, at: int) -> tuple[Array, Any]:
    return np.logaddexp.accumulate(x.astype(np.float64), at).astype(x.dtype), -np.inf


def _hosted(b: Builder, name: str, x: Value, axis: Operand, exclusive: bool, reverse: bool, function: Any) -> Value:
    """A running function of the elements along an axis, in Python."""
    place = axis if _computed(axis) else b.const(axis_of(axis, x.rank))

    def compute(array: Array, axis: Array) -> tuple[Array]:
        at = int(axis.reshape(-1)[0])
        if not -array.ndim <= at < array.ndim:
            raise InferenceError(f"{name} along axis {at} of an array of rank {array.ndim}")
        given = np.flip(array, at) if reverse else array
        with np.errstate(all="ignore"):
            y, nothing = function(given, at)
        if exclusive and array.shape[at]:
            first = np.full_like(np.take(y, [0], at), nothing)
            y = np.concatenate([first, np.delete(y, -1, at)], at)
        return (np.ascontiguousarray(np.flip(y, at) if reverse else y, dtypes.to_numpy(x.dtype)),)

    return b.host(name, compute, [x, place], [(x.shape, x.dtype)], pure=True)[0]
