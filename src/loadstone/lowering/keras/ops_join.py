"""Functions of `keras.ops` that join, repeat, pad and split tensors.

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
from loadstone.lowering.keras.ops_shape import as_lengths, flipped, shape_of, static_axis
from loadstone.lowering.keras.promotion import as_values
from loadstone.lowering.registry import keras_op

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


@keras_op("ColumnStack")
def column_stack(b: Builder, layer: Layer, xs: Any) -> Value:
    """Tensors along their second axis, vectors as columns."""
    return joined(b, [b.unsqueeze(x, 1) if x.rank == 1 else x for x in as_values(b, flatten(xs))], 1)


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
    if len(counts) != 1:
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
        parts = [flipped(b, b.slice(x, axis, 0, int(before)), [axis])] if before else []
        parts += [x] + ([flipped(b, b.slice(x, axis, -int(after)), [axis])] if after else [])
        x = joined(b, parts, axis)
    return x


@keras_op("Meshgrid", options="indexing", raw=True)
def meshgrid(walk: Any, layer: Layer, call: Any) -> Any:
    """Each vector along an axis of its own, repeated along those of the others."""
    from loadstone.lowering.keras.walk import with_masks

    kinds = {x.dtype for x in flatten(list(call.arguments.values()))}
    if len(kinds) > 1:
        raise ModelError(f"Meshgrid of {' and '.join(sorted(kinds))}, which Keras refuses too")
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
    if length is None:  # a reshape that fails where the parts are not equal
        lengths = b.dims(x)
        apart = b.reshape(x, [*lengths[:axis], sections, b.Div(lengths[axis], sections), *lengths[axis + 1 :]])
        return [b.squeeze(b.slice(apart, axis, i, i + 1), axis) for i in range(sections)]
    if length % sections:
        raise ModelError(f"a split of an axis of length {length} in {sections} parts")
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
        return _split_as_equal(b, x, axis, parts)
    cuts = [sum(length // parts + (i < length % parts) for i in range(k)) for k in range(parts + 1)]
    return [b.slice(x, axis, start, end) for start, end in pairwise(cuts)]


def _split_as_equal(b: Builder, x: Value, axis: int, parts: int) -> list[Value]:
    length = b.dim(x, axis)
    shorter, longer = b.Div(length, parts), b.Mod(length, parts)
    cuts = [b.Add(b.Mul(shorter, k), b.Min(longer, k)) for k in range(parts + 1)]
    return [b.Slice(x, start, end, b.ints([axis])) for start, end in pairwise(cuts)]


@keras_op("Unstack", options="num axis")
def unstack(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """The slices of x along an axis, without it."""
    axis = static_axis(layer.config.get("axis", 0), x.rank)
    count = layer.config.get("num") or x.shape[axis]
    if count is None:
        raise UnsupportedAttribute("Unstack of an axis whose length is not known")
    return [b.squeeze(b.slice(x, axis, i, i + 1), axis) for i in range(int(count))]
