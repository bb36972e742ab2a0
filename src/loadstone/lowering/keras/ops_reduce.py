"""Reductions of `keras.ops`.

Semantics and dtypes: keras/src/backend/tensorflow/numpy.py and math.py of Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, dtypes, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_shape import times
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.keras.promotion import constant, result_type, strong_values
from loadstone.lowering.registry import keras_op

Reduction = Callable[[Builder, Value, list[int], bool], Value]


def axes_of(layer: Layer, x: Value) -> list[int]:
    """The axes that the config names; all where it names none."""
    axis = layer.config.get("axis")
    return list(range(x.rank)) if axis is None else [int(a) % max(x.rank, 1) for a in flatten(axis)]


def reduce(b: Builder, kind: str, x: Value, axes: list[int], keep: bool = False) -> Value:
    """An ONNX reduction; the input where there is no axis."""
    return b.op(kind, x, b.ints(axes), keepdims=int(keep)) if axes else x


def _wide(b: Builder, x: Value) -> Value:
    """Small integers as 32 bits, for sums and products."""
    wider = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}
    return b.cast(x, wider.get(x.dtype, x.dtype))


def _in_float(b: Builder, x: Value, function: Callable[[Value], Value]) -> Value:
    """A function of floats: half precision goes through float32, integers end as float32."""
    y = function(b.cast(x, result_type(x.dtype, "float32")))
    return b.cast(y, x.dtype) if dtypes.is_float(x.dtype) else y


def _sum(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return exact_sum(b, _wide(b, x), axes, keep)


def exact_sum(b: Builder, x: Value, axes: list[int], keep: bool = False) -> Value:
    """A sum; that of integers wraps around, while engines add them as float64 and stop at the ends (onnxruntime 1.32)."""
    if dtypes.is_float(x.dtype) or not axes:
        return reduce(b, "ReduceSum", x, axes, keep)
    if x.dtype != "int64":
        return b.cast(reduce(b, "ReduceSum", b.cast(x, "int64"), axes, keep), x.dtype)
    low = b.Mod(x, 2**32)
    below = b.cast(b.And(b.Less(x, 0), b.Not(b.Equal(low, 0))), "int64")
    high = b.Sub(b.Div(x, 2**32), below)
    sums = [reduce(b, "ReduceSum", part, axes, keep) for part in (low, high)]
    return b.Add(sums[0], b.Mul(sums[1], 2**32))


def _product(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return exact_product(b, _wide(b, x), axes, keep)


def exact_product(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    """A product; that of integers wraps around, in Python, for the same reason."""
    if dtypes.is_float(x.dtype) or not axes:
        return reduce(b, "ReduceProd", x, axes, keep)
    shape = tuple(1 if i in axes else d for i, d in enumerate(x.shape) if keep or i not in axes)

    def compute(a: np.ndarray) -> tuple[np.ndarray]:
        result = np.asarray(np.prod(a, axis=tuple(axes), dtype=a.dtype))
        return (np.expand_dims(result, tuple(axes)) if keep else result,)

    return b.host("Prod", compute, [x], [(shape, x.dtype)])[0]


def mean_of(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    """The mean; NaN of no elements, where ONNX engines give 0."""
    mean, lengths = reduce(b, "ReduceMean", x, axes, keep), [x.shape[axis] for axis in axes]
    if None not in lengths and 0 not in lengths:
        return mean
    if sorted(axes) == list(range(min(axes), max(axes) + 1)):  # the lengths at once
        count = b.ReduceProd(b.Shape(x, start=min(axes), end=max(axes) + 1), b.ints([0]), keepdims=0)
    else:
        count = b.reshape(b.vector([times(b, [b.dim(x, axis) for axis in axes])]), [])
    return b.Div(mean, b.cast(b.Min(count, b.const(1, "int64")), x.dtype))


def _mean(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return _in_float(b, x, lambda v: mean_of(b, v, axes, keep))


def _variance(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    def of(v: Value) -> Value:
        centred = b.Sub(v, mean_of(b, v, axes, True))
        return mean_of(b, b.Mul(centred, centred), axes, keep)

    return _in_float(b, x, of)


def flag_reduction(kind: str) -> Reduction:
    def of(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
        every, flags = kind == "ReduceMin", b.cast(x, "bool")
        count = reduce(b, "ReduceSum", b.cast(b.Not(flags) if every else flags, "int32"), axes, keep)  # of none 0, on every engine
        return b.Equal(count, 0) if every else b.Greater(count, 0)

    return of


def _extreme(kind: str) -> Reduction:
    def of(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
        if x.dtype == "bool":
            return flag_reduction(kind)(b, x, axes, keep)
        y = reduce(b, kind, x, axes, keep)
        if not axes or not dtypes.is_float(x.dtype):
            return y
        made = b.maker(x)
        sizes = x if made is not None and made.kind in _NEVER_NEGATIVE else b.Abs(x)
        total = reduce(b, "ReduceSum", sizes, axes, keep)  # NaN where one is, which engines pass over in extremes at times
        return b.Where(b.IsNaN(total), total, y)

    return of


_NEVER_NEGATIVE = ("Abs", "Exp", "Relu", "Sigmoid", "Softplus", "Sqrt")


def _log_sum_exp(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    top = reduce(b, "ReduceMax", x, axes, True)
    top = b.Where(b.Equal(b.Abs(top), np.inf), 0, top)
    y = b.Add(b.Log(reduce(b, "ReduceSum", b.Exp(b.Sub(x, top)), axes, True)), top)
    return y if keep or not axes else b.squeeze(y, *axes)


def _count(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return reduce(b, "ReduceSum", b.cast(b.cast(x, "bool"), "int32"), axes, keep)


def _range(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return b.Sub(_extreme("ReduceMax")(b, x, axes, keep), _extreme("ReduceMin")(b, x, axes, keep))


def _seen(function: Reduction, instead: float) -> Reduction:
    """A reduction that takes NaN for something else; NaN where there is nothing else, for an infinite stand-in."""

    def of(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
        if not dtypes.is_float(x.dtype):
            return function(b, x, axes, keep)
        missing = b.IsNaN(x)
        y = function(b, b.Where(missing, instead, x), axes, keep)
        return b.Where(flag_reduction("ReduceMin")(b, missing, axes, keep), np.nan, y) if np.isinf(instead) else y

    return of


def _mean_of_seen(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    if not axes or not dtypes.is_float(x.dtype):
        return _mean(b, x, axes, keep) if axes else x
    missing = b.IsNaN(x)
    count = reduce(b, "ReduceSum", b.cast(b.Not(missing), x.dtype), axes, keep)
    return b.Div(reduce(b, "ReduceSum", b.Where(missing, 0, x), axes, keep), count)


def _variance_of_seen(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    x = as_float(b, x)
    seen = b.Not(b.IsNaN(x))
    centred = b.Where(seen, b.Sub(x, _mean_of_seen(b, x, axes, True)), 0)
    count = reduce(b, "ReduceSum", b.cast(seen, x.dtype), axes, keep)
    return b.Div(reduce(b, "ReduceSum", b.Mul(centred, centred), axes, keep), count)


def _root(function: Reduction) -> Reduction:
    return lambda b, x, axes, keep: b.Sqrt(function(b, x, axes, keep))


REDUCTIONS: dict[str, Reduction] = {
    "All": flag_reduction("ReduceMin"),
    "Amax": _extreme("ReduceMax"),
    "Amin": _extreme("ReduceMin"),
    "Any": flag_reduction("ReduceMax"),
    "CountNonzero": _count,
    "Logsumexp": _log_sum_exp,
    "Mean": _mean,
    "Nanmax": _seen(_extreme("ReduceMax"), -np.inf),
    "Nanmean": _mean_of_seen,
    "Nanmin": _seen(_extreme("ReduceMin"), np.inf),
    "Nanprod": _seen(_product, 1),
    "Nanstd": _root(_variance_of_seen),
    "Nansum": _seen(_sum, 0),
    "Nanvar": _variance_of_seen,
    "Prod": _product,
    "Ptp": _range,
    "Std": _root(_variance),
    "Sum": _sum,
    "Var": _variance,
}


def _reduction(name: str, function: Reduction) -> None:
    @keras_op(name, options="axis keepdims dtype")
    def rule(b: Builder, layer: Layer, x: Value) -> Value:
        dtype = layer.config.get("dtype")
        if dtype is not None and name != "Prod":
            raise UnsupportedAttribute(f"{name} with dtype={dtype!r}")
        if dtype is not None:  # Keras then takes x as it is, and does not heed the dtype
            return exact_product(b, x, axes_of(layer, x), bool(layer.config.get("keepdims")))
        return function(b, x, axes_of(layer, x), bool(layer.config.get("keepdims")))


for _name, _function in REDUCTIONS.items():
    _reduction(_name, _function)


def _with_initial(kind: str, b: Builder, layer: Layer, x: Value) -> Value:
    y = _extreme(f"Reduce{kind}")(b, x, axes_of(layer, x), bool(layer.config.get("keepdims")))
    initial = layer.config.get("initial")
    if initial is None:
        return y
    if y.dtype == "bool":
        return b.cast(b.op(kind, b.cast(y, "int32"), int(initial)), "bool")
    return b.op(kind, y, constant(b, initial, y.dtype))


@keras_op("Max", options="axis keepdims initial")
def maximum(b: Builder, layer: Layer, x: Value) -> Value:
    """The largest element along axes."""
    return _with_initial("Max", b, layer, x)


@keras_op("Min", options="axis keepdims initial")
def minimum(b: Builder, layer: Layer, x: Value) -> Value:
    """The smallest element along axes."""
    return _with_initial("Min", b, layer, x)


@keras_op("Average", options="axis")
def average(b: Builder, layer: Layer, x: Value, weights: Value | None = None) -> Value:
    """The mean along an axis, weighted by a tensor of the same shape or a vector along that axis."""
    axes = axes_of(layer, x)
    if weights is None:
        return mean_of(b, as_float(b, x), axes, False)
    x, weights = strong_values(b, [x, weights], "float")
    if weights.rank != x.rank:
        weights = b.unsqueeze(weights, *(i for i in range(x.rank) if i != axes[0]))
        return b.Div(reduce(b, "ReduceSum", b.Mul(x, weights), axes), b.ReduceSum(weights, keepdims=0))
    return b.Div(reduce(b, "ReduceSum", b.Mul(x, weights), axes), reduce(b, "ReduceSum", weights, axes))
