"""Functions of `keras.ops` that move, join, repeat and split elements.

Semantics: keras/src/backend/tensorflow/numpy.py and core.py of Keras 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.promotion import as_values
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
    return _flipped(b, x, range(x.rank) if axis is None else [static_axis(a, x.rank) for a in flatten(axis)])


@keras_op("Fliplr")
def fliplr(b: Builder, layer: Layer, x: Value) -> Value:
    """x backwards along its second axis."""
    return _flipped(b, x, [1])


@keras_op("Flipud")
def flipud(b: Builder, layer: Layer, x: Value) -> Value:
    """x backwards along its first axis."""
    return _flipped(b, x, [0])


def _flipped(b: Builder, x: Value, axes: Sequence[int]) -> Value:
    for axis in axes:
        x = b.slice(x, axis, -1, None, -1)
    return x


@keras_op("Rot90", options="k axes")
def rot90(b: Builder, layer: Layer, array: Value) -> Value:
    """A quarter turn of two axes, from the first towards the second, k times."""
    one, two = (static_axis(a, array.rank) for a in layer.config.get("axes", (0, 1)))
    perm = list(range(array.rank))
    perm[one], perm[two] = two, one
    for _ in range(int(layer.config.get("k", 1)) % 4):
        array = b.transpose(_flipped(b, array, [two]), perm)
    return array


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
    if length is None and by < 0:
        return b.Concat(b.slice(x, axis, -by), b.slice(x, axis, 0, -by), axis=axis)
    by = by if length is None else by % max(length, 1)
    return x if not by else b.Concat(b.slice(x, axis, -by), b.slice(x, axis, 0, -by), axis=axis)


# -- joining and repeating --------------------------------------------------------------------------------------------


@keras_op("Concatenate", options="axis")
def concatenate(b: Builder, layer: Layer, xs: Any) -> Value:
    """Tensors one behind the other along an axis."""
    return joined(b, as_values(b, flatten(xs)), int(layer.config.get("axis", 0)))


def joined(b: Builder, tensors: list[Value], axis: int) -> Value:
    """Tensors of one dtype, one behind the other."""
    return tensors[0] if len(tensors) == 1 else b.Concat(*tensors, axis=axis)


@keras_op("Append", options="axis")
def append(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """Two tensors one behind the other, laid flat where there is no axis."""
    tensors, axis = as_values(b, [x1, x2]), layer.config.get("axis")
    return joined(b, [b.reshape(x, [-1]) for x in tensors] if axis is None else tensors, int(axis or 0))


@keras_op("Stack", options="axis")
def stack(b: Builder, layer: Layer, x: Any = None, xs: Any = None) -> Value:
    """Tensors side by side along a new axis. (The argument was `xs` in Keras 3.0.)"""
    tensors, axis = as_values(b, flatten(x if x is not None else xs)), int(layer.config.get("axis", 0))
    axis = axis if axis >= 0 else axis + tensors[0].rank + 1
    return joined(b, [b.unsqueeze(tensor, axis) for tensor in tensors], axis)


@keras_op("Hstack")
def hstack(b: Builder, layer: Layer, xs: Any) -> Value:
    """Tensors along their second axis, vectors along their first."""
    tensors = as_values(b, flatten(xs))
    return joined(b, tensors, min(1, tensors[0].rank - 1))


@keras_op("Vstack")
def vstack(b: Builder, layer: Layer, xs: Any) -> Value:
    """Tensors along their first axis."""
    return joined(b, as_values(b, flatten(xs)), 0)


@keras_op("Dstack")
def dstack(b: Builder, layer: Layer, xs: Any) -> Value:
    """Tensors along their third axis, which is added where they have none."""
    missing = {0: (0, 1, 2), 1: (0, 2), 2: (2,)}
    return joined(b, [b.unsqueeze(x, *missing.get(x.rank, ())) for x in as_values(b, flatten(xs))], 2)


@keras_op("Tile", options="repeats")
def tile(b: Builder, layer: Layer, x: Value) -> Value:
    """x repeated as a whole along each axis."""
    given = as_lengths(b, shape_of(layer.config["repeats"]))
    repeats = [*[1] * (x.rank - len(given)), *given]
    return b.Tile(b.unsqueeze(x, *range(len(repeats) - x.rank)), b.vector(repeats))


@keras_op("Repeat", options="repeats axis")
def repeat(b: Builder, layer: Layer, x: Value) -> Value:
    """Each element (or slice along an axis) repeated, all as often or each as its own number says."""
    axis, repeats = layer.config.get("axis"), layer.config["repeats"]
    x, axis = (b.reshape(x, [-1]), 0) if axis is None else (x, static_axis(axis, x.rank))
    counts = [int(n) for n in flatten(repeats)]
    if len(counts) > 1:
        return b.Gather(x, b.ints([i for i, n in enumerate(counts) for _ in range(n)]), axis=axis)
    wide = b.Tile(b.unsqueeze(x, axis + 1), b.ints([counts[0] if i == axis + 1 else 1 for i in range(x.rank + 1)]))
    length = x.shape[axis]
    lengths = b.dims(x)
    lengths[axis] = -1 if length is None else length * counts[0]
    return b.reshape(wide, lengths, (*x.shape[:axis], None if length is None else length * counts[0], *x.shape[axis + 1 :]))


@keras_op("Pad", options="pad_width mode")
def pad(b: Builder, layer: Layer, x: Value, constant_values: Any = None) -> Value:
    """x with elements added before and after along each axis: a constant, or x reflected about its edges or beyond them."""
    widths, mode = layer.config["pad_width"], str(layer.config.get("mode", "constant")).lower()
    widths = [widths, widths] if isinstance(widths, int) else widths
    pairs = [widths] * x.rank if all(isinstance(w, int) for w in widths) else list(widths)
    pairs = pairs * x.rank if len(pairs) == 1 else pairs
    if mode == "symmetric":
        return _symmetric(b, x, pairs)
    if mode not in ("constant", "reflect"):
        raise UnsupportedAttribute(f"Pad with mode={mode!r}")
    value = b.const(0, x.dtype) if constant_values is None else as_scalar(b, constant_values, x.dtype)
    edges = b.ints([int(p[0]) for p in pairs] + [int(p[1]) for p in pairs])
    return b.Pad(x, edges, value if mode == "constant" else None, mode=mode)


def as_scalar(b: Builder, number: Any, dtype: str) -> Value:
    """A number of a call as a scalar of a dtype."""
    return b.reshape(b.cast(number, dtype), []) if isinstance(number, Value) else b.const(number, dtype)


def _symmetric(b: Builder, x: Value, pairs: Sequence[Sequence[int]]) -> Value:
    """Reflected with the edge repeated."""
    for axis, (before, after) in enumerate(pairs):
        parts = [_flipped(b, b.slice(x, axis, 0, int(before)), [axis])] if before else []
        parts += [x] + ([_flipped(b, b.slice(x, axis, -int(after)), [axis])] if after else [])
        x = joined(b, parts, axis)
    return x


@keras_op("Meshgrid", options="indexing", raw=True)
def meshgrid(walk: Any, layer: Layer, call: Any) -> Any:
    """Each vector along an axis of its own, repeated along those of the others."""
    from loadstone.lowering.keras.walk import with_masks

    b, vectors = walk.b, [walk.b.reshape(x, [-1]) for x in flatten(list(call.arguments.values()))]
    order = list(range(len(vectors)))
    if layer.config.get("indexing", "xy") == "xy" and len(order) > 1:
        order[:2] = [1, 0]
    lengths = [b.dim(vectors[i], 0) for i in order]
    grids = []
    for place, x in enumerate(vectors):
        at = order.index(place)
        shaped = b.unsqueeze(x, *(i for i in range(len(vectors)) if i != at))
        grids.append(b.Expand(shaped, b.vector(lengths), out_shape=tuple(d if isinstance(d, int) else None for d in lengths)))
    return with_masks(grids, None)


# -- splitting --------------------------------------------------------------------------------------------------------


def _split(b: Builder, x: Value, sections: Any, axis: int) -> list[Value]:
    """In equal parts, or cut at these places."""
    axis = static_axis(axis, x.rank)
    if not isinstance(sections, int):
        cuts = [int(c) for c in (sections.array() if isinstance(sections, Value) else flatten(sections))]
        return [b.slice(x, axis, start, end) for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
    length = x.shape[axis]
    if length is None or length % sections:
        raise UnsupportedAttribute(f"a split of an axis of length {length} in {sections} parts")
    return b.split(x, sections, axis)


@keras_op("Split", options="indices_or_sections axis")
def split(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """Parts of x along an axis."""
    return _split(b, x, layer.config["indices_or_sections"], layer.config.get("axis", 0))


@keras_op("Hsplit", options="indices_or_sections")
def hsplit(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """Parts along the second axis, of a vector along the first."""
    return _split(b, x, layer.config["indices_or_sections"], min(1, x.rank - 1))


@keras_op("Vsplit", options="indices_or_sections")
def vsplit(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """Parts along the first axis."""
    return _split(b, x, layer.config["indices_or_sections"], 0)


@keras_op("Dsplit", options="indices_or_sections")
def dsplit(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """Parts along the third axis."""
    return _split(b, x, layer.config["indices_or_sections"], 2)


@keras_op("ArraySplit", options="indices_or_sections axis")
def array_split(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """Parts as equal as they can be, the longer ones first."""
    axis, parts = static_axis(layer.config.get("axis", 0), x.rank), int(layer.config["indices_or_sections"])
    length = x.shape[axis]
    if length is None:
        raise UnsupportedAttribute("ArraySplit of an axis whose length is not known")
    cuts = [sum(length // parts + (i < length % parts) for i in range(k)) for k in range(parts + 1)]
    return [b.slice(x, axis, start, end) for start, end in pairwise(cuts)]


@keras_op("Unstack", options="num axis")
def unstack(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """The slices of x along an axis, without it."""
    axis = static_axis(layer.config.get("axis", 0), x.rank)
    count = layer.config.get("num") or x.shape[axis]
    if count is None:
        raise UnsupportedAttribute("Unstack of an axis whose length is not known")
    return [b.squeeze(b.slice(x, axis, i, i + 1), axis) for i in range(int(count))]
