"""Reductions over segments of rows, and whether a class is among the likeliest, as functions of `keras.ops`.

Semantics: keras/src/backend/tensorflow/math.py of Keras 3 and the CPU kernels of TensorFlow behind it. Rows are taken in order.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from loadstone.errors import InferenceError, ModelError
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import Array
from loadstone.lowering.keras.promotion import strong_values
from loadstone.lowering.registry import keras_op


def _extreme(out: Array, ids: Array, data: Array, largest: bool) -> None:
    """The extreme of what was there and each row; a NaN stays until the next row of its segment, as in TensorFlow."""
    for row, k in zip(data, ids, strict=True):
        out[k] = np.where(row < out[k] if largest else row > out[k], out[k], row)


def _bound(dtype: Any, largest: bool) -> Any:
    """What a segment without rows has: the end of the dtype."""
    info = np.iinfo(dtype) if np.issubdtype(dtype, np.integer) else ml_dtypes.finfo(dtype)
    return info.min if largest else info.max


def _reduced(name: str, data: Array, ids: Array, count: int, none: Any) -> Array:
    keep = ids >= 0
    data, ids = data[keep], ids[keep]
    start = {"SegmentSum": 0, "SegmentProd": 1}.get(name)
    out = np.full((count, *data.shape[1:]), _bound(data.dtype, name == "SegmentMax") if start is None else start, data.dtype)
    if start == 0:
        np.add.at(out, ids, data)
    elif start == 1:
        np.multiply.at(out, ids, data)
    else:
        _extreme(out, ids, data, name == "SegmentMax")
    if none is not None:
        out[np.setdiff1d(np.arange(count), ids)] = none
    return out


@keras_op("SegmentSum", "SegmentProd", "SegmentMax", "SegmentMin", options="num_segments sorted", raw=True)
def segments(walk: Any, layer: Layer, call: Any) -> Any:
    """The sum, product or extreme of the rows of each segment; negative segments do not count, if they need not be sorted."""
    from loadstone.lowering.keras.walk import Traced

    operands = list(call.arguments.values())
    if len(operands) != 2:
        raise ModelError(f"{layer.class_name} of {len(operands)} operands")
    data, ids = (x if isinstance(x, Value) else walk.b.const(np.asarray(x)) for x in operands)
    return Traced(_segments(walk.b, layer, data, ids))


def _segments(b: Builder, layer: Layer, data: Value, ids: Value) -> Value:
    name, number, ordered = layer.class_name, layer.config.get("num_segments"), bool(layer.config.get("sorted"))
    path = layer.path or layer.name
    if data.dtype == "bool" or ids.dtype not in ("int32", "int64"):
        raise ModelError(f"{name} of {data.dtype} by {ids.dtype}, which TensorFlow cannot compute")
    if ids.rank != 1 or not data.rank:
        raise ModelError(f"{name} by segments of shape {ids.shape}; a vector is needed")
    if ordered and number is not None:
        raise ModelError(f"{name} with sorted=True and num_segments={number}")

    def compute(rows: Array, places: Array) -> tuple[Array, ...]:
        if len(rows) != len(places):
            raise InferenceError(f"{name}: {len(rows)} rows and {len(places)} segments", where=path)
        if ordered and len(places) and (places[0] < 0 or (np.diff(places) < 0).any()):
            raise InferenceError(f"{name} with sorted=True: the segments are not sorted", where=path)
        if number is not None:
            count = int(number)
        elif name == "SegmentSum" and not ordered:
            count = len(np.unique(places))
        else:
            count = max(int(places.max(initial=-1)) + 1, 0)
        if places.max(initial=-1) >= count:
            raise InferenceError(f"{name}: segment {places.max()} of {count}", where=path)
        none = (1 if name == "SegmentProd" else 0) if ordered else None
        with np.errstate(all="ignore"):
            return (_reduced(name, rows, places, count, none),)

    return b.host(name, compute, [data, ids], [((number, *data.shape[1:]), data.dtype)])[0]


@keras_op("InTopK", options="k")
def in_top_k(b: Builder, layer: Layer, targets: Any, predictions: Any) -> Value:
    """Whether fewer than k classes are likelier than the target; False where a prediction is not finite."""
    predictions, classes = (x if isinstance(x, Value) else strong_values(b, [x])[0] for x in (predictions, targets))
    if predictions.dtype != "float32" or not dtypes.is_integer(classes.dtype) or predictions.rank != 2 or classes.rank != 1:
        raise ModelError(f"InTopK of {classes.dtype} {classes.shape} in {predictions.dtype} {predictions.shape}")
    place = b.unsqueeze(b.cast(classes, "int64"), 1)
    number = b.cast(b.vector([b.dim(predictions, 1)]), "int64")
    known = b.And(b.GreaterOrEqual(place, 0), b.Less(place, number))
    own = b.GatherElements(predictions, b.Where(known, place, 0), axis=1)
    better = b.ReduceSum(b.cast(b.Greater(predictions, own), "int32"), b.ints([1]), keepdims=0)
    wild = b.Or(b.IsNaN(predictions), b.Equal(b.Abs(predictions), np.inf))
    tame = b.Equal(b.ReduceSum(b.cast(wild, "int32"), b.ints([1]), keepdims=0), 0)
    return b.And(b.And(b.Less(better, int(layer.config["k"])), tame), b.squeeze(known, 1))
