"""Functions of `keras.ops` that give the same elements in another shape or order.

Semantics: keras/src/backend/tensorflow/numpy.py and core.py of Keras 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_op


def shape_of(shape: Any) -> list[int | Value]:
    """A shape in a config or call: ints, None for -1, or scalars that are computed."""
    return [-1 if d is None else d for d in ([shape] if isinstance(shape, int) else shape)]


def static_axis(axis: Any, rank: int) -> int:
    """An axis counted from 0."""
    if not -rank <= int(axis) < max(rank, 1):
        raise ModelError(f"axis {axis} of a tensor of rank {rank}")
    return int(axis) % max(rank, 1)


def as_lengths(b: Builder, shape: Sequence[int | Value]) -> list[int | Value]:
    """Lengths as the builder wants them: ints, or int64 vectors of one element."""
    return [b.cast(b.reshape(d, [1]), "int64") if isinstance(d, Value) else int(d) for d in shape]


# -- shapes and axes --------------------------------------------------------------------------------------------------


@keras_op("Reshape", options="newshape")
def reshape(b: Builder, layer: Layer, x: Value) -> Value:
    """x in another shape, the batch's axis included; -1 or None is what remains."""
    target = as_lengths(b, shape_of(layer.config["newshape"]))
    if -1 not in target or None in x.shape:
        return b.reshape(x, target)
    known = [d for d in target if isinstance(d, int) and d != -1]
    if len(known) != len(target) - 1:
        return b.reshape(x, target)
    rest, total = _product(known), _product([d for d in x.shape if d is not None])
    return b.reshape(x, [d if d != -1 else total // max(rest, 1) for d in target])


def times(b: Builder, lengths: Sequence[int | Value]) -> int | Value:
    """The product of lengths, of which some may be known only at run time."""
    known, free = _product([n for n in lengths if isinstance(n, int)]), [n for n in lengths if isinstance(n, Value)]
    if not free:
        return known
    result = free[0]
    for other in free[1:]:
        result = b.Mul(result, other)
    return result if known == 1 else b.Mul(result, known)


def _product(lengths: Sequence[int]) -> int:
    result = 1
    for length in lengths:
        result *= length
    return result


@keras_op("Ravel")
def ravel(b: Builder, layer: Layer, x: Value) -> Value:
    """All elements in a row."""
    return b.reshape(x, [-1])


@keras_op("ExpandDims", options="axis")
def expand_dims(b: Builder, layer: Layer, x: Value) -> Value:
    """x with new axes of length 1 at these places of the result."""
    return b.unsqueeze(x, *(int(a) for a in flatten(layer.config["axis"])))


@keras_op("Squeeze", options="axis")
def squeeze(b: Builder, layer: Layer, x: Value) -> Value:
    """x without these axes of length 1, or without all of that length."""
    axis = layer.config.get("axis")
    if axis is None and None in x.shape:  # an axis of free length goes too where a run gives it the length 1, the batch as well
        return b.host("Squeeze", lambda array: (np.squeeze(array),), [x], [(tuple(d for d in x.shape if d != 1), x.dtype)])[0]
    return b.squeeze(x, *([i for i, d in enumerate(x.shape) if d == 1] if axis is None else map(int, flatten(axis))))


@keras_op("Transpose", options="axes")
def transpose(b: Builder, layer: Layer, x: Value) -> Value:
    """x with its axes in this order, reversed where there is none."""
    axes = layer.config.get("axes")
    return b.transpose(x, [static_axis(a, x.rank) for a in axes] if axes else list(range(x.rank))[::-1])


def moved(b: Builder, x: Value, source: Any, destination: Any) -> Value:
    """x with the axes `source` at the places `destination`, the others in their order."""
    froms, tos = ([static_axis(a, x.rank) for a in flatten(axes)] for axes in (source, destination))
    perm = [i for i in range(x.rank) if i not in froms]
    for to, origin in sorted(zip(tos, froms, strict=True)):
        perm.insert(to, origin)
    return b.transpose(x, perm)


@keras_op("Moveaxis", options="source destination")
def moveaxis(b: Builder, layer: Layer, x: Value) -> Value:
    """x with some axes at other places."""
    return moved(b, x, layer.config["source"], layer.config["destination"])


@keras_op("Swapaxes", options="axis1 axis2")
def swapaxes(b: Builder, layer: Layer, x: Value) -> Value:
    """x with two axes exchanged."""
    one, two = (static_axis(layer.config[key], x.rank) for key in ("axis1", "axis2"))
    perm = list(range(x.rank))
    perm[one], perm[two] = two, one
    return b.transpose(x, perm)


@keras_op("BroadcastTo", options="shape")
def broadcast_to(b: Builder, layer: Layer, x: Value) -> Value:
    """x repeated along axes of length 1 to this shape."""
    target = as_lengths(b, shape_of(layer.config["shape"]))
    if any(d == -1 for d in target if isinstance(d, int)):
        raise UnsupportedAttribute(f"BroadcastTo with shape={layer.config['shape']!r}")
    return b.Expand(x, b.vector(target), out_shape=tuple(d if isinstance(d, int) else None for d in target))


@keras_op("Flip", options="axis")
def flip(b: Builder, layer: Layer, x: Value) -> Value:
    """x backwards along axes, along all where there is none."""
    axis = layer.config.get("axis")
    return flipped(b, x, range(x.rank) if axis is None else [static_axis(a, x.rank) for a in flatten(axis)])


@keras_op("Fliplr")
def fliplr(b: Builder, layer: Layer, x: Value) -> Value:
    """x backwards along its second axis."""
    return flipped(b, x, [1])


@keras_op("Flipud")
def flipud(b: Builder, layer: Layer, x: Value) -> Value:
    """x backwards along its first axis."""
    return flipped(b, x, [0])


def flipped(b: Builder, x: Value, axes: Sequence[int]) -> Value:
    for axis in axes:
        x = b.slice(x, axis, -1, None, -1)
    return x


@keras_op("Rot90", options="k axes half_turn")
def rot90(b: Builder, layer: Layer, array: Value) -> Value:
    """A quarter turn of two axes, from the first towards the second, k times."""
    one, two = (static_axis(a, array.rank) for a in layer.config.get("axes", (0, 1)))
    perm = list(range(array.rank))
    perm[one], perm[two] = two, one
    turns, lengths = int(layer.config.get("k", 1)) % 4, b.dims(array)
    for _ in range(turns):
        array = b.transpose(flipped(b, array, [two]), perm)
        if turns == 2 and layer.config.get("half_turn") == "by rows":  # as if it were not turned yet, up to Keras 3.15
            array = _by_rows(b, array, lengths, one, two)
    return array


def _by_rows(b: Builder, array: Value, lengths: list[int | Value], one: int, two: int) -> Value:
    """The elements of two axes, the first of them in rows, laid out in other lengths."""
    if isinstance(lengths[one], int) and lengths[one] == lengths[two]:
        return array
    order = [*(i for i in range(array.rank) if i not in (one, two)), one, two]
    array = b.reshape(b.transpose(array, order), [lengths[i] for i in order])
    return b.transpose(array, [order.index(i) for i in range(array.rank)])


@keras_op("Roll", options="shift axis")
def roll(b: Builder, layer: Layer, x: Value) -> Value:
    """Elements moved along axes; what leaves at the end comes in at the start."""
    axis, shift = layer.config.get("axis"), layer.config["shift"]
    if axis is None:
        return b.reshape(_rolled(b, b.reshape(x, [-1]), int(shift), 0), b.dims(x), x.shape)
    axes = flatten(axis)
    for one, by in zip(axes, flatten(shift) * (len(axes) if len(flatten(shift)) == 1 else 1), strict=True):
        x = _rolled(b, x, int(by), static_axis(one, x.rank))
    return x


def _rolled(b: Builder, x: Value, by: int, axis: int) -> Value:
    length = x.shape[axis]
    if length is None and by:
        count = b.dim(x, axis)
        cut, whole, place = b.Mod(b.ints([-by]), b.Max(count, 1)), b.ints([2**63 - 1]), b.ints([axis])
        return b.Concat(b.Slice(x, cut, whole, place), b.Slice(x, b.ints([0]), cut, place), axis=axis)
    by = by % max(length or 1, 1)
    return x if not by else b.Concat(b.slice(x, axis, -by), b.slice(x, axis, 0, -by), axis=axis)
