"""Functions of `keras.ops` that count or sort out elements, in Python: how long their results are depends on the data.

Semantics: keras/src/backend/tensorflow/numpy.py of Keras 3, what it does with ties, negative numbers and several rows included.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import Array
from loadstone.lowering.keras.ops_shape import static_axis
from loadstone.lowering.keras.promotion import result_type
from loadstone.lowering.registry import keras_op


def _plain(b: Builder, x: Value) -> Value:
    """x in a dtype that numpy has."""
    return b.cast(x, "float32") if x.dtype == "bfloat16" else x


@keras_op("Bincount", options="weights minlength sparse")
def bincount(b: Builder, layer: Layer, x: Value) -> Value:
    """How often each number from 0 on is among the elements of a vector or of each row, or the sums of their weights."""
    config, path = layer.config, layer.path or layer.name
    if config.get("sparse"):
        raise UnsupportedAttribute("Bincount with sparse=True")
    if x.rank not in (1, 2):
        raise ModelError(f"Bincount of a tensor of shape {x.shape}; a vector or a matrix is needed")
    minimum, weights, dtype = int(config.get("minlength") or 0), config.get("weights"), "int32"
    loads: Array | None = None
    if weights is not None:
        given = np.asarray(weights)
        loads = given.astype("float32" if given.dtype.kind == "f" else "int32")
        dtype = result_type(x.dtype, "bool" if given.dtype.kind == "b" else loads.dtype.name)
    made = "int32" if loads is None else loads.dtype.name

    def compute(a: Array) -> tuple[Array]:
        if (a < 0).any():
            raise InferenceError("Bincount of negative numbers", where=path)
        if loads is not None and loads.shape != a.shape:
            raise InferenceError(f"Bincount of shape {a.shape} with weights of shape {loads.shape}", where=path)
        rows = np.atleast_2d(a)
        counts = np.zeros((len(rows), max(minimum, int(a.max()) + 1 if a.size else 0)), made)
        np.add.at(counts, (np.arange(len(rows))[:, None], rows), 1 if loads is None else np.atleast_2d(loads))
        return (counts if a.ndim == 2 else counts[0],)

    ids = x if x.dtype in ("int32", "int64") else b.cast(x, "int32")
    return b.cast(b.host("Bincount", compute, [ids], [((*x.shape[:-1], None), made)])[0], dtype)


@keras_op("Histogram", options="bins range")
def histogram(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """How many elements of a vector lie in each of the bins of one width, and the edges of these, both in the dtype of x."""
    bins, limits = int(layer.config.get("bins", 10)), layer.config.get("range")
    if x.rank > 1:
        raise ModelError(f"Histogram of a tensor of shape {x.shape}; a vector is needed")
    if bins < 1 or x.dtype == "bool":
        raise ModelError(f"Histogram of {x.dtype} with bins={bins}")
    ends = x.dtype if not limits else "int32" if isinstance(limits[0], int) else "float32"
    if limits and not dtypes.is_float(x.dtype):
        info = np.iinfo(dtypes.to_numpy(x.dtype))
        if ends != "int32" or not all(info.min <= edge <= info.max for edge in limits):
            raise ModelError(f"Histogram of {x.dtype} with range={tuple(limits)}")
    between = dtypes.to_numpy(ends if dtypes.is_float(ends) else "float64" if ends in ("int32", "int64", "uint32") else "float32")
    given, wide = dtypes.to_numpy(x.dtype), "float32" if x.dtype == "bfloat16" else x.dtype

    def compute(a: Array) -> tuple[Array, Array]:
        a = a.reshape(-1)
        if not len(a) and not limits:
            raise InferenceError("Histogram of no elements and no range", where=layer.path or layer.name)
        low, high = np.asarray(limits or (a.min(), a.max())).astype(dtypes.to_numpy(ends))
        a = a[(a >= low.astype(a.dtype)) & (a <= high.astype(a.dtype))]
        with np.errstate(all="ignore"):
            step = (high - low).astype(between) / np.asarray(bins, between)
            inner = low.astype(between) + step * np.arange(1, bins).astype(between)
            edges = np.concatenate([[low.astype(between)], inner, [high.astype(between)]]).astype(given).astype(a.dtype)
        counts = np.bincount(np.searchsorted(edges[1:-1], a, side="right"), minlength=bins)
        return counts.astype(a.dtype), edges

    counts, edges = b.host("Histogram", compute, [b.cast(x, wide)], [((bins,), wide), ((bins + 1,), wide)])
    return [b.cast(counts, x.dtype), b.cast(edges, x.dtype)]


@keras_op("Argpartition", options="kth axis")
def argpartition(b: Builder, layer: Layer, x: Value) -> Value:
    """Places of the kth + 1 smallest elements, then of the others from the largest down, by what is left of them as int32.

    The other rows of a matrix see the places of the first ones, as in Keras, which marks what was taken in one table for all.
    """
    kth, axis, path = int(layer.config["kth"]), layer.config.get("axis", -1), layer.path or layer.name
    x = b.cast(x, "int32")
    x, axis = (b.reshape(x, [-1]), 0) if axis is None else (x, static_axis(axis, x.rank))

    def compute(a: Array) -> tuple[Array]:
        rows = np.swapaxes(a, axis, -1)
        n = rows.shape[-1]
        count = max(min(kth, n - 1), 0) + 1
        lowest = np.argsort(rows, axis=-1, kind="stable")[..., :count]  # -x of the least int32 is itself, and sorts last
        least = np.iinfo(np.int32).min
        if (rows == least).any():
            lowest = np.argsort(np.where(rows == least, np.int64(2**31), rows.astype(np.int64)), axis=-1, kind="stable")[..., :count]
        taken = (lowest[..., None] == np.arange(n)).sum(axis=0)
        rest = rows.copy()
        try:
            rest[tuple(np.argwhere(taken).T)] = 0
        except IndexError:
            raise InferenceError(f"Argpartition with kth={kth} of a tensor of shape {a.shape} fails in Keras", where=path) from None
        highest = np.argsort(-rest.astype(np.int64), axis=-1, kind="stable")[..., : n - count]
        places = np.concatenate([lowest, highest], axis=-1).astype(np.int32)
        return (np.ascontiguousarray(np.swapaxes(places, axis, -1)),)

    return b.host("Argpartition", compute, [x], [(x.shape, "int32")])[0]


@keras_op("Unique", options="sorted return_index return_inverse return_counts axis size fill_value")
def unique(b: Builder, layer: Layer, x: Value) -> Any:
    """The distinct elements (or slices along an axis), and where asked: first places, the number of each element, how often each is."""
    config = layer.config
    axis = config.get("axis")
    flat, at = axis is None, 0 if axis is None else static_axis(axis, x.rank)
    size, fill = config.get("size"), config.get("fill_value") or 0
    wanted = [bool(config.get(key)) for key in ("return_index", "return_inverse", "return_counts")]
    ordered, path = bool(config.get("sorted", True)), layer.path or layer.name

    def compute(a: Array) -> tuple[Array, ...]:
        slices = a.reshape(-1) if flat else np.swapaxes(a, at, 0)
        first, inverse, counts = _distinct(slices)
        if ordered and slices.dtype.kind == "f" and np.isnan(slices).any():
            raise InferenceError("Unique with sorted=True of NaN, whose place in TensorFlow's order is left open", where=path)
        if ordered:
            order = _order(slices[first])
            inverse = np.argsort(order)[inverse]
            first, counts = first[order], counts[order]
        values = slices[first]
        if size is not None:
            values, first, counts = (_sized(v, size, f) for v, f in ((values, fill), (first, 1), (counts, 0)))
        found = [np.swapaxes(values, 0, at), first, inverse.reshape(a.shape) if flat else inverse, counts]
        return tuple(np.asarray(v, None if i == 0 else np.int32, order="C") for i, v in enumerate(found) if i == 0 or wanted[i - 1])

    x_in = _plain(b, x)
    many = None if size is None else int(size)
    specs = [((many,) if flat else (*x.shape[:at], many, *x.shape[at + 1 :]), x_in.dtype)]
    extra = [(many,), x.shape if flat else (x.shape[at],), (many,)]
    specs += [(shape, "int32") for shape, asked in zip(extra, wanted, strict=True) if asked]
    values, *rest = b.host("Unique", compute, [x_in], specs)
    values = b.cast(values, x.dtype)
    return [values, *rest] if rest else values


def _distinct(slices: Array) -> tuple[Array, Array, Array]:
    """First places, the number of each slice, and counts, in the order in which they come; NaN is like nothing else."""
    numbers: dict[bytes, int] = {}
    inverse = np.zeros(len(slices), np.int64)
    first: list[int] = []
    floats = slices.dtype.kind == "f"
    for place, part in enumerate(slices + 0 if floats else slices):  # -0 is like 0
        alone = floats and bool(np.isnan(part).any())
        key = b"%d nan" % place if alone else part.tobytes()
        if key not in numbers:
            numbers[key] = len(first)
            first.append(place)
        inverse[place] = numbers[key]
    return np.asarray(first, np.int64), inverse, np.bincount(inverse, minlength=len(first))


def _order(slices: Array) -> Array:
    if not slices.size:
        return np.arange(len(slices))
    return np.asarray(np.lexsort(slices.reshape(len(slices), -1).T[::-1]))


def _sized(a: Array, size: int, fill: float) -> Array:
    a = a[:size]
    more = np.full((size - len(a), *a.shape[1:]), fill).astype(a.dtype)
    return np.concatenate([a, more])
