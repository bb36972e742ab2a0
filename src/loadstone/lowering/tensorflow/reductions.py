"""Reductions, running sums, orders and places of extremes.

Semantics: tensorflow/python/ops/math_ops.py, sort_ops.py and nn_ops.py (`top_k`); tensorflow/core/kernels/reduction_ops_common.h.
A mean of integers is an integer, rounded towards zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_reduce import REDUCTIONS, Reduction, flag_reduction, reduce
from loadstone.lowering.tensorflow.symbols import Operand, alike, axes_of, axis_of, enter, lengths, number, tensor, tf


def _kept(kind: str) -> Reduction:
    """A reduction whose result has the dtype of x, wrapping around where that is small."""

    def of(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
        if not axes:
            return x
        if x.dtype in ("int8", "int16", "uint8", "uint16", "uint32"):
            return b.cast(reduce(b, kind, b.cast(x, "int64"), axes, keep), x.dtype)
        return reduce(b, kind, x, axes, keep)

    return of


def mean(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    """The mean; of integers towards zero."""
    if dtypes.is_float(x.dtype):
        return REDUCTIONS["Mean"](b, x, axes, keep)
    total = reduce(b, "ReduceSum", b.cast(x, "int64"), axes, keep)
    count = reduce(b, "ReduceSum", b.full(b.dims(x), 1, "int64"), axes, keep)
    return b.cast(b.Div(total, count), x.dtype)


def _euclidean(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return b.Sqrt(reduce(b, "ReduceSum", b.Mul(x, x), axes, keep))


_TABLE: dict[str, tuple[Reduction, str]] = {
    "math.reduce_all": (flag_reduction("ReduceMin"), "keras.backend.all raw_ops.All"),
    "math.reduce_any": (flag_reduction("ReduceMax"), "keras.backend.any raw_ops.Any"),
    "math.reduce_euclidean_norm": (_euclidean, "raw_ops.EuclideanNorm"),
    "math.reduce_logsumexp": (REDUCTIONS["Logsumexp"], "keras.backend.logsumexp"),
    "math.reduce_max": (REDUCTIONS["Amax"], "keras.backend.max raw_ops.Max"),
    "math.reduce_mean": (mean, "keras.backend.mean raw_ops.Mean"),
    "math.reduce_min": (REDUCTIONS["Amin"], "keras.backend.min raw_ops.Min"),
    "math.reduce_prod": (_kept("ReduceProd"), "keras.backend.prod raw_ops.Prod"),
    "math.reduce_std": (REDUCTIONS["Std"], "keras.backend.std"),
    "math.reduce_sum": (_kept("ReduceSum"), "keras.backend.sum raw_ops.Sum"),
    "math.reduce_variance": (REDUCTIONS["Var"], "keras.backend.var"),
}


def _reduction(function: Reduction) -> Callable[..., Value]:
    def rule(
        b: Builder, input_tensor: Operand, axis: Operand = None, keepdims: Any = None,
        reduction_indices: Operand = None, keep_dims: Any = None,
    ) -> Value:  # fmt: skip
        x = tensor(b, input_tensor)
        return function(b, x, axes_of(axis if axis is not None else reduction_indices, x.rank), bool(keepdims or keep_dims))

    return rule


for _name, (_function, _others) in _TABLE.items():
    enter(_reduction(_function), _name, *_others.split())


@tf("math.count_nonzero")
def count_nonzero(
    b: Builder, input_: Operand, axis: Operand = None, keepdims: Any = None, dtype: str = "int64", keep_dims: Any = None
) -> Value:
    """How many elements are not zero."""
    x = tensor(b, input_)
    flags = x if x.dtype == "bool" else b.Not(b.Equal(x, 0))
    return b.cast(reduce(b, "ReduceSum", b.cast(flags, "int64"), axes_of(axis, x.rank), bool(keepdims or keep_dims)), dtype)


@tf("math.zero_fraction", "nn.zero_fraction")
def zero_fraction(b: Builder, value: Operand) -> Value:
    """The share of zeros, as float32."""
    x = tensor(b, value)
    return reduce(b, "ReduceMean", b.cast(b.Equal(x, 0), "float32"), list(range(x.rank)))


def _place(kind: str) -> Callable[..., Value]:
    def rule(b: Builder, input_: Operand, axis: Operand = None, output_type: str = "int64", dimension: Operand = None) -> Value:
        x = tensor(b, input_)
        axis = axis if axis is not None else dimension
        at = 0 if axis is None else axis_of(axis, x.rank)
        x = b.cast(x, "int32") if x.dtype == "bool" else x
        return b.cast(b.op(kind, x, axis=at, keepdims=0), output_type)

    return rule


enter(_place("ArgMax"), "math.argmax", "raw_ops.ArgMax")
enter(_place("ArgMin"), "math.argmin", "raw_ops.ArgMin")


def _last_place(kind: str) -> Callable[..., Value]:
    def rule(b: Builder, x: Operand, axis: Operand = -1) -> Value:
        y = tensor(b, x)
        return b.op(kind, y, axis=axis_of(axis, y.rank), keepdims=0)

    return rule


enter(_last_place("ArgMax"), "keras.backend.argmax")
enter(_last_place("ArgMin"), "keras.backend.argmin")


# -- running sums -----------------------------------------------------------------------------------------------------


@tf("math.cumsum", "keras.backend.cumsum", "raw_ops.Cumsum")
def cumsum(b: Builder, x: Operand, axis: Operand = 0, exclusive: bool = False, reverse: bool = False) -> Value:
    """Sums of the elements so far."""
    y = tensor(b, x)
    return b.CumSum(y, b.const(axis_of(axis, y.rank)), exclusive=int(exclusive), reverse=int(reverse))


@tf("math.cumprod", "keras.backend.cumprod", "raw_ops.Cumprod")
def cumprod(b: Builder, x: Operand, axis: Operand = 0, exclusive: bool = False, reverse: bool = False) -> Value:
    """Products of the elements so far: each step doubles how far back an element has looked."""
    y = tensor(b, x)
    at, reach = axis_of(axis, y.rank), 1
    length = y.shape[at]
    if length is None:
        raise UnsupportedAttribute("tf.math.cumprod along an axis whose length is not known")

    def moved(v: Value, by: int) -> Value:
        pads = [0] * (2 * v.rank)
        pads[at + (v.rank if reverse else 0)] = by
        rest = b.slice(v, at, by) if reverse else b.slice(v, at, 0, length - by)
        return b.Pad(rest, b.ints(pads), b.const(1, v.dtype))

    y = moved(y, 1) if exclusive and length else y
    while reach < length:
        y = b.Mul(y, moved(y, reach))
        reach *= 2
    return y


# -- orders -----------------------------------------------------------------------------------------------------------


@tf("math.top_k", "nn.top_k")
def top_k(b: Builder, input_: Operand, k: Operand = 1, sorted: bool = True, index_type: str = "int32") -> list[Value]:
    """The k largest elements of the last axis, largest first, and their places."""
    x = tensor(b, input_)
    values, places = b.ops("TopK", x, b.vector(lengths(b, [k])), axis=x.rank - 1, outputs=2)
    return [values, b.cast(places, index_type)]


@tf("math.in_top_k", "nn.in_top_k", "keras.backend.in_top_k")
def in_top_k(b: Builder, targets: Operand, predictions: Operand, k: Operand) -> Value:
    """Whether fewer than k predictions of a row are larger than that of its target."""
    scores, wanted = tensor(b, predictions), b.cast(tensor(b, targets), "int64")
    own = b.GatherElements(scores, b.unsqueeze(wanted, 1), axis=1)
    above = b.ReduceSum(b.cast(b.Greater(scores, own), "int32"), b.ints([1]), keepdims=0)
    return b.Less(above, int(number(k, "k")))


def _ordered(b: Builder, values: Operand, axis: Operand, direction: str) -> tuple[Value, Value]:
    x = tensor(b, values)
    if direction not in ("ASCENDING", "DESCENDING"):
        raise UnsupportedAttribute(f"a sort with direction={direction!r}")
    at = axis_of(axis, x.rank)
    found, places = b.ops("TopK", x, b.vector([b.dim(x, at)]), axis=at, largest=int(direction == "DESCENDING"), outputs=2)
    return found, places


@tf("sort")
def sort(b: Builder, values: Operand, axis: Operand = -1, direction: str = "ASCENDING") -> Value:
    """Elements in order along an axis."""
    return _ordered(b, values, axis, direction)[0]


@tf("argsort")
def argsort(b: Builder, values: Operand, axis: Operand = -1, direction: str = "ASCENDING", stable: bool = False) -> Value:
    """Places of the elements in order along an axis, equal ones as they were."""
    return b.cast(_ordered(b, values, axis, direction)[1], "int32")


@tf("searchsorted")
def searchsorted(b: Builder, sorted_sequence: Operand, values: Operand, side: str = "left", out_type: str = "int32") -> Value:
    """Where each value would go in its ascending row, before equal ones or (side "right") behind them."""
    rows, x = alike(b, sorted_sequence, values)
    compare = b.GreaterOrEqual if side == "right" else b.Greater
    before = compare(b.unsqueeze(x, x.rank), b.unsqueeze(rows, rows.rank - 1))
    return b.cast(b.ReduceSum(b.cast(before, "int32"), b.ints([-1]), keepdims=0), out_type)


@tf("math.bincount")
def bincount(
    b: Builder, arr: Operand, weights: Operand = None, minlength: Operand = None, maxlength: Operand = None, dtype: str = "int32",
    axis: Operand = None, binary_output: bool = False,
) -> Value:  # fmt: skip
    """How often each number up to a known one occurs in each row."""
    x = tensor(b, arr)
    low, high = number(minlength, "minlength"), number(maxlength, "maxlength")
    if weights is not None or axis != -1 or low is None or low != high:
        raise UnsupportedAttribute("tf.math.bincount without axis=-1 and equal minlength and maxlength, or with weights")
    hits = b.cast(b.Equal(b.unsqueeze(x, x.rank), b.const(np.arange(low), x.dtype)), dtype)
    return b.op("ReduceMax" if binary_output else "ReduceSum", hits, b.ints([x.rank - 1]), keepdims=0)
