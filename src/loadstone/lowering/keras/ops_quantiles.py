"""Quantiles of `keras.ops`.

Semantics: `_quantile` and `nanquantile` in keras/src/backend/tensorflow/numpy.py of Keras 3: places among the sorted elements are
computed in float64, from a q that is float32 where the call has Python's numbers; between two elements both are multiplied,
so that an infinite one makes NaN also where its share is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Dim, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import Array
from loadstone.lowering.keras.ops_order import sorted_along
from loadstone.lowering.keras.ops_reduce import axes_of, flag_reduction
from loadstone.lowering.keras.ops_shape import times
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.registry import keras_op

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _method(layer: Layer) -> str:
    method = str(layer.config.get("method", "linear"))
    if method not in _METHODS:
        raise UnsupportedAttribute(f"{layer.class_name} with method={method!r}")
    return method if layer.class_name != "Quantile" else "linear"  # which Keras' operation forgets


def _q(b: Builder, layer: Layer, q: Any) -> Value:
    """The q of a call as float64, by way of the float32 that Keras makes of Python's numbers, of percents and where it skips NaN."""
    numbers = q if isinstance(q, Value) else b.const(np.asarray(q, np.float32))
    if layer.class_name.endswith("ercentile"):
        numbers = b.Div(b.cast(numbers, "float32"), 100.0)
    elif layer.class_name.startswith("Nan"):
        numbers = b.cast(numbers, "float32")
    return b.cast(numbers, "float64")


def _quantiles(b: Builder, layer: Layer, x: Value, q: Value) -> Value:
    """The quantiles of x along axes, those of q in front; NaN where an element is."""
    keep, axes, method = bool(layer.config.get("keepdims")), axes_of(layer, x), _method(layer)
    x = as_float(b, x)
    kept = [i for i in range(x.rank) if i not in axes]
    count = times(b, [b.dim(x, i) for i in axes])
    shape = (*(x.shape[i] for i in kept), count if isinstance(count, int) else None)
    flat = b.reshape(b.transpose(x, kept + axes), [*(b.dim(x, i) for i in kept), count], shape)
    y = _picked(b, sorted_along(b, flat, len(kept))[0], q, method)
    missing = flag_reduction("ReduceMax")(b, b.IsNaN(x), axes, False)
    y = b.Where(b.unsqueeze(missing, *range(missing.rank, missing.rank + q.rank)), np.nan, y)
    if keep:
        y = b.unsqueeze(y, *(range(x.rank) if layer.config.get("axis") is None else sorted(axes)))
    return _turned(b, y, q.rank)


def _turned(b: Builder, y: Value, by: int) -> Value:
    """The last `by` axes in front, as `rotate_transpose` of Keras has them."""
    by = by % y.rank if y.rank > 1 else 0
    return b.transpose(y, [*range(y.rank - by, y.rank), *range(y.rank - by)])


def _picked(b: Builder, ordered: Value, q: Value, method: str) -> Value:
    """Elements of the last axis at the places that q says: (..., n) -> (..., *q.shape)."""
    axis = ordered.rank - 1
    last = b.Sub(b.cast(b.reshape(b.vector([b.dim(ordered, axis)]), []), "float64"), 1)
    exact = b.Mul(last, q)

    def take(places: Value) -> Value:
        return b.Gather(ordered, b.cast(b.Max(b.Min(places, last), 0), "int64"), axis=axis)

    if method == "nearest":
        return take(b.Round(exact))
    if method != "linear":
        low, high = b.Floor(exact), b.Ceil(exact)
        return take(low) if method == "lower" else take(high) if method == "higher" else b.Mul(b.Add(take(low), take(high)), 0.5)
    lower = b.Max(b.Sub(b.Max(b.Min(b.Ceil(exact), last), 0), 1), 0)
    higher = b.Min(b.Add(lower, 1), last)
    share = b.cast(b.Sub(higher, exact), ordered.dtype)
    return b.Add(b.Mul(take(higher), b.Sub(1, share)), b.Mul(take(lower), share))


@keras_op("Median", options="axis keepdims")
def median(b: Builder, layer: Layer, x: Value) -> Value:
    """The middle element, or the mean of the two in the middle."""
    return _quantiles(b, layer, x, b.const(0.5, "float64"))


@keras_op("Quantile", "Percentile", options="axis method keepdims")
def quantile(b: Builder, layer: Layer, x: Value, q: Any) -> Value:
    """The q-quantiles along axes (q in percent for Percentile)."""
    return _quantiles(b, layer, x, _q(b, layer, q))


# -- what passes over NaN ---------------------------------------------------------------------------------------------


@keras_op("Nanmedian", options="axis keepdims")
def nanmedian(b: Builder, layer: Layer, x: Value) -> Value:
    """The middle of the elements that are numbers."""
    if layer.config.get("axis") in ([], ()):
        return x
    return _nanquantiles(b, layer, x, b.const(0.5, "float64"))


@keras_op("Nanquantile", "Nanpercentile", options="axis method keepdims")
def nanquantile(b: Builder, layer: Layer, x: Value, q: Any) -> Value:
    """The q-quantiles of the elements that are numbers along axes (q in percent for Nanpercentile)."""
    return _nanquantiles(b, layer, x, _q(b, layer, q))


def _nanquantiles(b: Builder, layer: Layer, x: Value, q: Value) -> Value:
    """In Python, row by row: how many elements are numbers is not the same for all."""
    keep, axes, method = bool(layer.config.get("keepdims")), axes_of(layer, x), _method(layer)
    whole, path = layer.config.get("axis") is None, layer.path or layer.name
    if axes and not whole and not dtypes.is_float(x.dtype):
        raise ModelError(f"{layer.class_name} of {x.dtype} along an axis, which Keras refuses too")
    x = as_float(b, x)
    inner = x.dtype if x.dtype != "bfloat16" else "float32"
    kept = [i for i in range(x.rank) if i not in axes]

    def compute(a: Array, q: Array) -> tuple[Array]:
        moved = np.transpose(a, kept + axes)
        result = np.full((*q.shape, *moved.shape[: len(kept)]), np.nan, a.dtype)
        for place in np.ndindex(moved.shape[: len(kept)]):
            row = moved[place].reshape(-1)
            row = row[~np.isnan(row)]
            if len(row):
                where: tuple[Any, ...] = (Ellipsis, *place)
                result[where] = _of_row(np.sort(row), q, method)
            elif whole and q.ndim:
                raise InferenceError(f"{layer.class_name} without one number, of which Keras makes one NaN for all q", where=path)
        if q.ndim == 2 and not whole:  # Keras lays the axes of q the other way round, and then gives them their lengths
            result = np.transpose(result, [1, 0, *range(2, result.ndim)]).reshape(result.shape)
        if keep:
            result = result.reshape(*q.shape, *(1 if i in axes else a.shape[i] for i in range(a.ndim)))
        return (np.asarray(result, order="C"),)

    shape: Sequence[Dim] = [1 if i in axes else d for i, d in enumerate(x.shape) if keep or i not in axes]
    return b.cast(b.host(layer.class_name, compute, [b.cast(x, inner), q], [((*q.shape, *shape), inner)])[0], x.dtype)


def _of_row(row: Array, q: Array, method: str) -> Array:
    last = len(row) - 1
    exact = last * q

    def take(places: Array) -> Array:
        return np.asarray(row[np.clip(places, 0, last).astype(np.int64)])

    with np.errstate(all="ignore"):
        if method == "nearest":
            return take(np.round(exact))
        if method != "linear":
            low, high = take(np.floor(exact)), take(np.ceil(exact))
            return low if method == "lower" else high if method == "higher" else np.asarray(row.dtype.type(0.5) * (low + high))
        lower = np.maximum(np.clip(np.ceil(exact), 0, last) - 1, 0)
        higher = np.minimum(lower + 1, last)
        share = (higher - exact).astype(row.dtype)
        return np.asarray(take(higher) * (1 - share) + take(lower) * share)
