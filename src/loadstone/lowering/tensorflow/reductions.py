"""Reductions, orders and places of extremes.

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
from loadstone.lowering.keras.ops_reduce import REDUCTIONS, Reduction, exact_product, exact_sum, flag_reduction, reduce
from loadstone.lowering.keras.ops_shape import times
from loadstone.lowering.tensorflow.symbols import Operand, alike, axes_of, axis_of, enter, lengths, number, tensor, tf

_HIGHEST = {"uint64": -(2**63)}  # added to unsigned numbers gives signed ones in the same order
_LONGEST = 64  # factors of a product of integers that are multiplied one by one


def total(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    """The sum in the type of x; that of integers wraps around."""
    if not axes or dtypes.is_float(x.dtype):
        return reduce(b, "ReduceSum", x, axes, keep)
    return b.cast(exact_sum(b, b.cast(x, "int64"), axes, keep), x.dtype)


def product(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    """The product in the type of x; that of integers wraps around, while engines multiply them as float64."""
    if not axes or dtypes.is_float(x.dtype) or x.elements is not None:
        return reduce(b, "ReduceProd", x, axes, keep)
    y, rest = b.cast(x, "int64"), []
    for axis in axes:
        length = x.shape[axis]
        if length is None or length > _LONGEST:
            rest.append(axis)
            continue
        y = _multiplied(b, y, axis, length)
    y = exact_product(b, y, rest, True) if rest else y
    return b.cast(y if keep else b.squeeze(y, *axes), x.dtype)


def _multiplied(b: Builder, x: Value, axis: int, length: int) -> Value:
    """The product along one axis, which stays: halves with halves."""
    if length == 0:
        return b.full([1 if i == axis else d for i, d in enumerate(b.dims(x))], 1, x.dtype)
    while length > 1:
        half = length // 2
        pairs = b.Mul(b.slice(x, axis, 0, half), b.slice(x, axis, half, 2 * half))
        x = b.Concat(pairs, b.slice(x, axis, 2 * half), axis=axis) if length % 2 else pairs
        length -= half
    return x


def mean(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    """The mean; of integers towards zero."""
    if not axes or dtypes.is_float(x.dtype):
        return REDUCTIONS["Mean"](b, x, axes, keep)
    wide = "uint64" if x.dtype == "uint64" else "int64"
    count = b.reshape(b.cast(b.vector([times(b, [b.dim(x, axis) for axis in axes])]), wide), [])
    return b.cast(b.Div(total(b, b.cast(x, wide), axes, keep), b.Max(count, 1)), x.dtype)  # that of nothing is 0


def ordered(b: Builder, x: Value) -> Value:
    """Numbers in a type that engines order: the same, or signed ones for uint64."""
    if x.dtype != "uint64":
        return x
    return b.BitwiseXor(b.cast(x, "int64"), _HIGHEST["uint64"])


def _extreme(name: str) -> Reduction:
    def of(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
        y = REDUCTIONS[name](b, ordered(b, x), axes, keep)
        return b.cast(b.BitwiseXor(y, _HIGHEST["uint64"]), "uint64") if x.dtype == "uint64" else y

    return of


def _euclidean(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    square = total(b, b.Mul(x, x), axes, keep)
    return b.Sqrt(square) if dtypes.is_float(x.dtype) else b.cast(b.Sqrt(b.cast(square, "float64")), x.dtype)


_TABLE: dict[str, tuple[Reduction, str]] = {
    "math.reduce_all": (flag_reduction("ReduceMin"), "raw_ops.All"),
    "math.reduce_any": (flag_reduction("ReduceMax"), "raw_ops.Any"),
    "math.reduce_euclidean_norm": (_euclidean, "raw_ops.EuclideanNorm"),
    "math.reduce_logsumexp": (REDUCTIONS["Logsumexp"], ""),
    "math.reduce_max": (_extreme("Amax"), "raw_ops.Max"),
    "math.reduce_mean": (mean, "raw_ops.Mean"),
    "math.reduce_min": (_extreme("Amin"), "raw_ops.Min"),
    "math.reduce_prod": (product, "raw_ops.Prod"),
    "math.reduce_std": (REDUCTIONS["Std"], ""),
    "math.reduce_sum": (total, "raw_ops.Sum"),
    "math.reduce_variance": (REDUCTIONS["Var"], ""),
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
        if dtypes.is_float(x.dtype):  # NaN is never the greatest or least
            x = b.Where(b.IsNaN(x), float("-inf") if kind == "ArgMax" else float("inf"), x)
        x = b.cast(x, "int32") if x.dtype == "bool" else ordered(b, x)
        return b.cast(b.op(kind, x, axis=at, keepdims=0), output_type)

    return rule


enter(_place("ArgMax"), "math.argmax", "raw_ops.ArgMax")
enter(_place("ArgMin"), "math.argmin", "raw_ops.ArgMin")


# -- orders -----------------------------------------------------------------------------------------------------------


@tf("math.top_k", "nn.top_k")
def top_k(b: Builder, input_: Operand, k: Operand = 1, sorted: bool = True, index_type: str = "int32") -> list[Value]:
    """The k largest elements of the last axis, largest first, and their places."""
    x = tensor(b, input_)
    values, places = b.ops("TopK", x, b.vector(lengths(b, [k])), axis=x.rank - 1, outputs=2)
    return [values, b.cast(places, index_type)]


@tf("math.in_top_k", "nn.in_top_k")
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
