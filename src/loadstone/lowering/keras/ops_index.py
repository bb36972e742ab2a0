"""Functions of `keras.ops` that pick or replace elements by their place.

Semantics: keras/src/backend/tensorflow/numpy.py, core.py and nn.py of Keras 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.attention import counted
from loadstone.lowering.keras.ops_shape import as_lengths, shape_of, static_axis
from loadstone.lowering.registry import keras_op

_LAST = 2**63 - 1


@keras_op("GetItem")
def get_item(b: Builder, layer: Layer, x: Value, key: Any) -> Value:
    """x[key] as TensorFlow slices: numbers take an axis away, None adds one, ... stands for all that are not named."""
    keys = list(key) if isinstance(key, (list, tuple)) else [key]
    named = sum(part is not None and part is not Ellipsis for part in keys)
    if named > x.rank:
        raise ModelError(f"{named} indices for a tensor of shape {x.shape}")
    whole = [slice(None)] * (x.rank - named)
    at = next((i for i, part in enumerate(keys) if part is Ellipsis), len(keys))
    keys = keys[:at] + whole + keys[at + 1 :]
    axis, gone, new, place = 0, [], [], 0
    for part in keys:
        if part is None:
            new.append(place)
            place += 1
            continue
        if isinstance(part, slice):
            x, place = _sliced(b, x, axis, part), place + 1
        else:
            x = _picked(b, x, axis, part)
            gone.append(axis)
        axis += 1
    return b.unsqueeze(b.squeeze(x, *gone), *new)


def _sliced(b: Builder, x: Value, axis: int, part: slice) -> Value:
    if any(isinstance(edge, Value) for edge in (part.start, part.stop, part.step)):
        step = 1 if part.step is None else part.step
        edges = [0 if part.start is None else part.start, _LAST if part.stop is None else part.stop, step]
        if isinstance(step, Value) or step < 0:
            raise UnsupportedAttribute("a slice with computed edges and a step that is negative or computed")
        vectors = [b.vector(as_lengths(b, [edge])) for edge in edges]
        return b.Slice(x, vectors[0], vectors[1], b.ints([axis]), vectors[2])
    step = 1 if part.step is None else int(part.step)
    if part.start is None and part.stop is None and step == 1:
        return x
    start, stop = (None if edge is None else int(edge) for edge in (part.start, part.stop))
    if step > 0:
        return b.slice(x, axis, start or 0, stop, step)
    # the same elements forwards, then backwards: onnxruntime moves a start before the first element to the first
    first = 0 if stop is None else _LAST if stop == -1 else stop + 1
    x = x if start is stop is None else b.slice(x, axis, first, None if start in (None, -1) else start + 1)
    return b.slice(x, axis, _LAST, None, step)


def _picked(b: Builder, x: Value, axis: int, part: Any) -> Value:
    """One slice along an axis, kept with length 1."""
    if isinstance(part, Value):
        if part.rank or not dtypes.is_integer(part.dtype):
            raise UnsupportedAttribute(f"an index of shape {part.shape} and dtype {part.dtype}")
        return b.Gather(x, b.reshape(b.cast(part, "int64"), [1]), axis=axis)
    if isinstance(part, bool) or not isinstance(part, (int, np.integer)):
        raise UnsupportedAttribute(f"the index {part!r}")
    return b.slice(x, axis, int(part), None if part == -1 else int(part) + 1)


def indices_of(b: Builder, indices: Any) -> Value:
    values = indices if isinstance(indices, Value) else b.const(np.asarray(indices, np.int64))
    return b.cast(values, "int64")


@keras_op("Take", options="axis")
def take(b: Builder, layer: Layer, x: Any, indices: Any) -> Value:
    """Slices of x along an axis (of x laid flat, where there is none) at these places; negative ones count from the end."""
    axis = layer.config.get("axis")
    x = x if isinstance(x, Value) else b.const(np.asarray(x))
    x, axis = (b.reshape(x, [-1]), 0) if axis is None else (x, static_axis(axis, x.rank))
    return b.Gather(x, indices_of(b, indices), axis=axis)


@keras_op("TakeAlongAxis", options="axis")
def take_along_axis(b: Builder, layer: Layer, x: Value, indices: Any) -> Value:
    """For each place in indices, the element of x there along the axis; the other axes go together."""
    axis, places = layer.config.get("axis"), indices_of(b, indices)
    x, axis = (b.reshape(x, [-1]), 0) if axis is None else (x, static_axis(axis, x.rank))
    both = [(b.dim(x, i) if x.shape[i] != 1 else b.dim(places, i), i) for i in range(x.rank)]
    x = widened(b, x, [b.dim(x, i) if i == axis else d for d, i in both])
    places = widened(b, places, [b.dim(places, i) if i == axis else d for d, i in both])
    return b.GatherElements(x, places, axis=axis)


def widened(b: Builder, x: Value, lengths: list[int | Value]) -> Value:
    shape = tuple(d if isinstance(d, int) else None for d in lengths)
    return x if shape == x.shape and None not in shape else b.Expand(x, b.vector(lengths), out_shape=shape)


# -- parts and updates ------------------------------------------------------------------------------------------------


def _corner(b: Builder, start: Any) -> Value:
    """Where a slice begins: a vector of int64."""
    return b.cast(start, "int64") if isinstance(start, Value) else b.vector(as_lengths(b, list(start)))


@keras_op("Slice", options="shape")
def slice_of(b: Builder, layer: Layer, inputs: Value, start_indices: Any, shape: Any = None) -> Value:
    """The part of this shape that begins at start_indices; -1 is all that remains."""
    shape = shape if shape is not None else layer.config["shape"]
    sizes = as_lengths(b, shape_of(shape))
    starts = _corner(b, start_indices)
    ends = [b.Add(b.slice(starts, 0, i, i + 1), b.vector([size])) if size != -1 else b.ints([_LAST]) for i, size in enumerate(sizes)]
    y = b.Slice(inputs, starts, b.vector(ends), b.ints(range(inputs.rank)), b.ints([1] * inputs.rank))
    known = tuple(size if isinstance(size, int) and size != -1 else None for size in sizes)
    return b.reshape(y, [d if d is not None else b.dim(y, i) for i, d in enumerate(known)], known) if None not in known else y


@keras_op("SliceUpdate")
def slice_update(b: Builder, layer: Layer, inputs: Value, start_indices: Any, updates: Value) -> Value:
    """inputs with the part that begins at start_indices replaced."""
    starts = _corner(b, start_indices)
    grids = []
    for axis in range(inputs.rank):
        steps = b.unsqueeze(counted(b, b.dim(updates, axis)), *(i for i in range(inputs.rank) if i != axis))
        grids.append(b.unsqueeze(widened(b, b.Add(steps, b.slice(starts, 0, axis, axis + 1)), b.dims(updates)), inputs.rank))
    places = grids[0] if len(grids) == 1 else b.Concat(*grids, axis=inputs.rank)
    return b.ScatterND(inputs, places, b.cast(updates, inputs.dtype))


@keras_op("Scatter", options="shape")
def scatter(b: Builder, layer: Layer, indices: Any, values: Value, shape: Any = None) -> Value:
    """Zeros of this shape with the values added at indices (count, axes)."""
    target = as_lengths(b, shape_of(shape if shape is not None else layer.config["shape"]))
    return _combined(b, b.zeros(target, values.dtype), indices_of(b, indices), values, "add")


def _combined(b: Builder, x: Value, places: Value, updates: Value, kind: str) -> Value:
    """Updates added to (or otherwise combined with) what is at their places; engines do that in wide dtypes."""
    wider = {"float16": "float32", "bfloat16": "float32", "bool": "int32"}.get(x.dtype, x.dtype)
    return b.cast(b.ScatterND(b.cast(x, wider), places, b.cast(updates, wider), reduction=kind), x.dtype)


@keras_op("ScatterUpdate", options="reduction")
def scatter_update(b: Builder, layer: Layer, inputs: Value, indices: Any, updates: Any) -> Value:
    """inputs with updates at indices (count, axes), in the place of what is there or combined with it."""
    kind = layer.config.get("reduction")
    new = b.cast(updates, inputs.dtype) if isinstance(updates, Value) else b.const(np.asarray(updates), inputs.dtype)
    if kind is None:
        return b.ScatterND(inputs, indices_of(b, indices), new)
    return _combined(b, inputs, indices_of(b, indices), new, str(kind))
