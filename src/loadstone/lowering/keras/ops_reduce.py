"""Reductions, sums along the way, and orders of `keras.ops`.

Semantics and dtypes: keras/src/backend/tensorflow/numpy.py and math.py of Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, dtypes, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_elementwise import as_float
from loadstone.lowering.keras.promotion import result_type, strong_values
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
    return reduce(b, "ReduceSum", _wide(b, x), axes, keep)


def _product(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return reduce(b, "ReduceProd", _wide(b, x), axes, keep)


def _mean(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return _in_float(b, x, lambda v: reduce(b, "ReduceMean", v, axes, keep))


def _variance(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    def of(v: Value) -> Value:
        centred = b.Sub(v, reduce(b, "ReduceMean", v, axes, True))
        return reduce(b, "ReduceMean", b.Mul(centred, centred), axes, keep)

    return _in_float(b, x, of)


def _flag_reduction(kind: str) -> Reduction:
    def of(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
        return b.cast(reduce(b, kind, b.cast(b.cast(x, "bool"), "int32"), axes, keep), "bool")

    return of


def _extreme(kind: str) -> Reduction:
    def of(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
        return _flag_reduction(kind)(b, x, axes, keep) if x.dtype == "bool" else reduce(b, kind, x, axes, keep)

    return of


def _log_sum_exp(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    top = reduce(b, "ReduceMax", x, axes, True)
    top = b.Where(b.Equal(b.Abs(top), np.inf), 0, top)
    y = b.Add(b.Log(reduce(b, "ReduceSum", b.Exp(b.Sub(x, top)), axes, True)), top)
    return y if keep or not axes else b.squeeze(y, *axes)


def _count(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return reduce(b, "ReduceSum", b.cast(b.cast(x, "bool"), "int32"), axes, keep)


def _range(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return b.Sub(reduce(b, "ReduceMax", x, axes, keep), reduce(b, "ReduceMin", x, axes, keep))


def _seen(function: Reduction, instead: float) -> Reduction:
    """A reduction that takes NaN for something else; NaN where there is nothing else, for an infinite stand-in."""

    def of(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
        if not dtypes.is_float(x.dtype):
            return function(b, x, axes, keep)
        missing = b.IsNaN(x)
        y = function(b, b.Where(missing, instead, x), axes, keep)
        return b.Where(_flag_reduction("ReduceMin")(b, missing, axes, keep), np.nan, y) if np.isinf(instead) else y

    return of


def _mean_of_seen(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    if not dtypes.is_float(x.dtype):
        return _mean(b, x, axes, keep)
    missing = b.IsNaN(x)
    count = reduce(b, "ReduceSum", b.cast(b.Not(missing), x.dtype), axes, keep)
    return b.Div(reduce(b, "ReduceSum", b.Where(missing, 0, x), axes, keep), count)


def _variance_of_seen(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    x = as_float(b, x)
    centred = b.Sub(x, _mean_of_seen(b, x, axes, True))
    return _mean_of_seen(b, b.Mul(centred, centred), axes, keep)


def _root(function: Reduction) -> Reduction:
    return lambda b, x, axes, keep: b.Sqrt(function(b, x, axes, keep))


REDUCTIONS: dict[str, Reduction] = {
    "All": _flag_reduction("ReduceMin"),
    "Amax": _extreme("ReduceMax"),
    "Amin": _extreme("ReduceMin"),
    "Any": _flag_reduction("ReduceMax"),
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
        if layer.config.get("dtype") is not None:
            raise UnsupportedAttribute(f"{name} with dtype={layer.config['dtype']!r}")
        return function(b, x, axes_of(layer, x), bool(layer.config.get("keepdims")))


for _name, _function in REDUCTIONS.items():
    _reduction(_name, _function)


def _with_initial(kind: str, b: Builder, layer: Layer, x: Value) -> Value:
    y = _extreme(f"Reduce{kind}")(b, x, axes_of(layer, x), bool(layer.config.get("keepdims")))
    initial = layer.config.get("initial")
    if initial is None:
        return y
    if y.dtype == "bool":
        return b.cast(b.op(kind, b.cast(y, "int32"), int(bool(initial))), "bool")
    return b.op(kind, y, initial)


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
        return reduce(b, "ReduceMean", as_float(b, x), axes)
    x, weights = strong_values(b, [x, weights], "float")
    if weights.rank != x.rank:
        weights = b.unsqueeze(weights, *(i for i in range(x.rank) if i != axes[0]))
        return b.Div(reduce(b, "ReduceSum", b.Mul(x, weights), axes), b.ReduceSum(weights, keepdims=0))
    return b.Div(reduce(b, "ReduceSum", b.Mul(x, weights), axes), reduce(b, "ReduceSum", weights, axes))


# -- along an axis ----------------------------------------------------------------------------------------------------


def along(b: Builder, layer: Layer, x: Value, default: int | None = None) -> tuple[Value, int]:
    """x and the axis of the config, or x laid flat where that is None."""
    axis = layer.config.get("axis", default)
    return (b.reshape(x, [-1]), 0) if axis is None else (x, int(axis) % x.rank)


def _position(kind: str, b: Builder, layer: Layer, x: Value) -> Value:
    whole, rank = layer.config.get("axis") is None, x.rank
    x, axis = along(b, layer, b.cast(x, "int32") if x.dtype == "bool" else x)
    keep = bool(layer.config.get("keepdims"))
    y = b.cast(b.op(kind, x, axis=axis, keepdims=int(keep and not whole)), "int32")
    return b.reshape(y, [1] * rank) if keep and whole else y


@keras_op("Argmax", options="axis keepdims")
def argmax(b: Builder, layer: Layer, x: Value) -> Value:
    """The place of the largest element, the first of several, as int32."""
    return _position("ArgMax", b, layer, x)


@keras_op("Argmin", options="axis keepdims")
def argmin(b: Builder, layer: Layer, x: Value) -> Value:
    """The place of the smallest element, the first of several, as int32."""
    return _position("ArgMin", b, layer, x)


def _running(b: Builder, layer: Layer, x: Value) -> tuple[Value, int]:
    dtype = layer.config.get("dtype")
    x = b.cast(x, str(dtype)) if dtype else x
    return along(b, layer, b.cast(x, "int32") if x.dtype == "bool" else x)


@keras_op("Cumsum", options="axis dtype")
def cumsum(b: Builder, layer: Layer, x: Value) -> Value:
    """Sums of the elements so far."""
    x, axis = _running(b, layer, x)
    return b.CumSum(x, b.const(axis))


@keras_op("Cumprod", options="axis dtype")
def cumprod(b: Builder, layer: Layer, x: Value) -> Value:
    """Products of the elements so far: each step doubles how far back an element has looked."""
    x, axis = _running(b, layer, x)
    length, reach = x.shape[axis], 1
    if length is None:
        raise UnsupportedAttribute("Cumprod along an axis whose length is not known")
    while reach < length:
        pads = [0] * (2 * x.rank)
        pads[axis] = reach
        x = b.Mul(x, b.Pad(b.slice(x, axis, 0, length - reach), b.ints(pads), b.const(1, x.dtype)))
        reach *= 2
    return x


def sorted_along(b: Builder, x: Value, axis: int, largest: bool = False) -> tuple[Value, Value]:
    """Elements in order along an axis, equal ones as they were, and their places as int64."""
    values, places = b.ops("TopK", x, b.vector([b.dim(x, axis)]), axis=axis, largest=int(largest), outputs=2)
    return values, places


@keras_op("Sort", options="axis")
def sort(b: Builder, layer: Layer, x: Value) -> Value:
    """Elements in ascending order."""
    x, axis = along(b, layer, x, -1)
    return b.cast(sorted_along(b, b.cast(x, "int32") if x.dtype == "bool" else x, axis)[0], x.dtype)


@keras_op("Argsort", options="axis")
def argsort(b: Builder, layer: Layer, x: Value) -> Value:
    """Places of the elements in ascending order, as int32."""
    x, axis = along(b, layer, b.cast(x, "int32") if x.dtype == "bool" else x, -1)
    return b.cast(sorted_along(b, x, axis)[1], "int32")


@keras_op("TopK", options="k sorted")
def top_k(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """The k largest elements of the last axis, largest first, and their places as int32."""
    values, places = b.ops("TopK", x, b.ints([layer.config["k"]]), axis=x.rank - 1, outputs=2)
    return [values, b.cast(places, "int32")]


def _quantiles(b: Builder, layer: Layer, x: Value, q: float) -> Value:
    """The q-quantile along axes; NaN where an element is."""
    keep, axes = bool(layer.config.get("keepdims")), sorted(axes_of(layer, x))
    method = layer.config.get("method", "linear") if layer.class_name != "Quantile" else "linear"  # which Keras' operation forgets
    x = as_float(b, x)
    kept = [i for i in range(x.rank) if i not in axes]
    lengths = [x.shape[i] for i in axes]
    if None in lengths:
        raise UnsupportedAttribute(f"{layer.class_name} along an axis whose length is not known")
    count = int(np.prod([d or 0 for d in lengths]))
    flat = b.reshape(b.transpose(x, kept + axes), [*(b.dim(x, i) for i in kept), count], (*(x.shape[i] for i in kept), count))
    ordered = sorted_along(b, flat, len(kept))[0]
    place = (count - 1) * q

    def take(k: float) -> Value:
        at = min(max(int(k), 0), count - 1)
        return b.slice(ordered, len(kept), at, at + 1)

    low, high = take(np.floor(place)), take(np.ceil(place))
    if method == "linear":
        rest = float(place - np.floor(place))
        y = low if not rest else b.Add(b.Mul(low, 1 - rest), b.Mul(high, rest))
    elif method == "midpoint":
        y = b.Mul(b.Add(low, high), 0.5)
    elif method in ("lower", "higher", "nearest"):
        y = {"lower": low, "higher": high, "nearest": take(np.round(place))}[method]
    else:
        raise UnsupportedAttribute(f"{layer.class_name} with method={method!r}")
    y = b.squeeze(y, len(kept))
    y = b.unsqueeze(y, *axes) if keep else y
    return b.Where(_flag_reduction("ReduceMax")(b, b.IsNaN(x), axes, keep), np.nan, y)


@keras_op("Median", options="axis keepdims")
def median(b: Builder, layer: Layer, x: Value) -> Value:
    """The middle element, or the mean of the two in the middle."""
    return _quantiles(b, layer, x, 0.5)


def _quantile(scale: float, b: Builder, layer: Layer, x: Value, q: Any) -> Value:
    if isinstance(q, Value) and q.const is None:
        raise UnsupportedAttribute(f"{layer.class_name} of a q that is computed")
    numbers = (q.array() if isinstance(q, Value) else np.asarray(q)) / scale
    if not numbers.ndim:
        return _quantiles(b, layer, x, float(numbers))
    parts = [b.unsqueeze(_quantiles(b, layer, x, float(number)), 0) for number in numbers]
    return parts[0] if len(parts) == 1 else b.Concat(*parts, axis=0)


@keras_op("Quantile", options="axis method keepdims")
def quantile(b: Builder, layer: Layer, x: Value, q: Any) -> Value:
    """The q-quantiles along axes; with a vector of q, those come first."""
    return _quantile(1, b, layer, x, q)


@keras_op("Percentile", options="axis method keepdims")
def percentile(b: Builder, layer: Layer, x: Value, q: Any) -> Value:
    """The same with q in percent."""
    return _quantile(100, b, layer, x, q)
