"""Functions of `keras.ops` along an axis: places of extremes, running sums, orders and quantiles.

Semantics: keras/src/backend/tensorflow/numpy.py and math.py of Keras 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_reduce import axes_of, flag_reduction
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.registry import keras_op


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
    """Products of the elements so far: each step doubles how far back an element has looked; a free length is a Python step."""
    x, axis = _running(b, layer, x)
    length, reach = x.shape[axis], 1
    if length is None:
        if x.dtype == "bfloat16":
            raise UnsupportedAttribute("Cumprod of bfloat16 along an axis whose length is not known")
        return b.host("Cumprod", lambda a: (np.multiply.accumulate(a, axis, a.dtype),), [x], [(x.shape, x.dtype)])[0]
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
    return b.Where(flag_reduction("ReduceMax")(b, b.IsNaN(x), axes, keep), np.nan, y)


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
