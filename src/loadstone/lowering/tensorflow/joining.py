"""Tensors joined, split, repeated and padded.

Semantics: tensorflow/python/ops/array_ops.py and array_ops_stack.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_join import joined
from loadstone.lowering.keras.ops_shape import flipped
from loadstone.lowering.tensorflow.counts import bounded
from loadstone.lowering.tensorflow.symbols import Operand, alike, axis_of, known, lengths, number, tensor, tf

# -- joining and splitting --------------------------------------------------------------------------------------------


def _listed(values: Any, b: Builder) -> list[Any]:
    """Tensors of a list; a tensor where a list is wanted is that of its slices."""
    if isinstance(values, (list, tuple)):
        return list(values)
    return unstack(b, values) if isinstance(values, Value) and values.const is not None else [values]


@tf("concat")
def concat(b: Builder, values: Any, axis: Operand = -1) -> Value:
    """Tensors one behind the other along an axis; TensorFlow up to 0.12 has the axis first."""
    if isinstance(values, int):
        values, axis = axis, values
    tensors = alike(b, *_listed(values, b))
    return joined(b, tensors, axis_of(axis, tensors[0].rank))


@tf("stack", "parallel_stack", "raw_ops.Pack")
def stack(b: Builder, values: Any, axis: Operand = 0) -> Value:
    """Tensors side by side along a new axis."""
    if isinstance(values, Value):
        return values if axis == 0 else b.transpose(values, _moved(values.rank, axis_of(axis, values.rank)))
    tensors = alike(b, *values)
    at = axis_of(axis, tensors[0].rank + 1)
    return joined(b, [b.unsqueeze(x, at) for x in tensors], at)


def _moved(rank: int, to: int) -> list[int]:
    order = list(range(1, rank))
    order.insert(to, 0)
    return order


@tf("unstack", "raw_ops.Unpack")
def unstack(b: Builder, value: Operand, num: Operand = None, axis: Operand = 0) -> list[Value]:
    """The slices of x along an axis, without it."""
    x = tensor(b, value)
    at = axis_of(axis, x.rank)
    count = num if num is not None else x.shape[at]
    if count is None:
        raise UnsupportedAttribute("tf.unstack of an axis whose length is not known")
    return [b.squeeze(b.slice(x, at, i, i + 1), at) for i in range(int(count))]


@tf("split")
def split(b: Builder, value: Operand, num_or_size_splits: Operand, axis: Operand = 0, num: Operand = None) -> list[Value]:
    """Equal parts of x along an axis, or parts of these lengths, one of which may be -1; TensorFlow up to 0.12 has the axis first."""
    if isinstance(value, int):
        value, axis = axis, value
    x, sizes = tensor(b, value), number(num_or_size_splits, "a split")
    at = axis_of(axis, x.rank)
    length = x.shape[at]
    if length is None:
        return _split_of_free_length(b, x, at, sizes)
    if not isinstance(sizes, list):
        if length % int(sizes):
            raise ModelError(f"tf.split of an axis of length {length} in {sizes} parts")
        return b.split(x, int(sizes), at)
    if -1 in sizes:
        sizes = [length - sum(s for s in sizes if s != -1) if s == -1 else s for s in sizes]
    if sum(sizes) != length:
        raise ModelError(f"parts of lengths {sizes} of an axis of length {length}")
    starts = np.cumsum([0, *sizes]).tolist()
    return [b.slice(x, at, start, start + n) for start, n in zip(starts, sizes, strict=False)]


def _split_of_free_length(b: Builder, x: Value, at: int, sizes: Any) -> list[Value]:
    """Parts of an axis whose length is known only at run time; that they are all of it is seen then."""
    length = b.vector([b.dim(x, at)])
    if not isinstance(sizes, list):
        parts = b.Expand(b.Div(length, b.ints([int(sizes)])), b.ints([int(sizes)]))
        return list(b.ops("Split", x, parts, outputs=int(sizes), axis=at))
    rest = b.Sub(length, b.ints([sum(s for s in sizes if s != -1)]))
    parts = b.vector([rest if s == -1 else int(s) for s in sizes])
    return list(b.ops("Split", x, parts, outputs=len(sizes), axis=at))


@tf("raw_ops.Split")
def raw_split(b: Builder, axis: Operand, value: Operand, num_split: int = 1) -> list[Value]:
    """Equal parts; the axis comes first."""
    return split(b, value, num_split, axis)


@tf("raw_ops.SplitV")
def raw_split_v(b: Builder, value: Operand, size_splits: Operand, axis: Operand, num_split: int = 1) -> list[Value]:
    """Parts of these lengths, one of which may be -1."""
    x = tensor(b, value)
    if not isinstance(size_splits, Value) or size_splits.const is not None:
        return split(b, x, size_splits, axis)
    at, sizes = axis_of(axis, x.rank), b.cast(size_splits, "int64")
    free = b.Less(sizes, 0)
    rest = b.Sub(b.vector([b.dim(x, at)]), b.ReduceSum(b.Where(free, 0, sizes), b.ints([0]), keepdims=1))
    return list(b.ops("Split", x, b.Where(free, rest, sizes), outputs=int(num_split), axis=at))


@tf("raw_ops.Concat")
def concat_of_axis(b: Builder, concat_dim: Operand, values: Any) -> Value:
    """Tensors one behind the other; the axis comes first."""
    return concat(b, values, concat_dim)


@tf("raw_ops.ConcatV2")
def raw_concat(b: Builder, values: Any, axis: Operand) -> Value:
    """Tensors one behind the other; the axis comes last."""
    return concat(b, values, axis)


# -- repeating and padding --------------------------------------------------------------------------------------------


@tf("tile", "raw_ops.Tile")
def tile(b: Builder, input_: Operand, multiples: Operand) -> Value:
    """x repeated as a whole along each axis."""
    x, times = tensor(b, input_), lengths(b, multiples)
    shape = tuple(None if d is None or not isinstance(t, int) else d * t for d, t in zip(x.shape, times, strict=True))
    return b.op("Tile", x, b.vector(times), out_shape=shape)


@tf("repeat")
def repeat(b: Builder, input_: Operand, repeats: Operand, axis: Operand = None) -> Value:
    """Each element (or slice along an axis) repeated, all as often or each as its own number says."""
    x, times = tensor(b, input_), number(repeats, "repeats")
    x, at = (b.reshape(x, [-1]), 0) if axis is None else (x, axis_of(axis, x.rank))
    counts = times if isinstance(times, list) else [times]
    length = x.shape[at]
    if len(counts) > 1 or length is not None:
        counts = counts if len(counts) > 1 else counts * (length or 0)
        bounded("repeat", sum(map(int, counts)))
        return b.Gather(x, b.ints([i for i, n in enumerate(counts) for _ in range(int(n))]), axis=at)
    wide = b.Tile(b.unsqueeze(x, at + 1), b.ints([int(counts[0]) if i == at + 1 else 1 for i in range(x.rank + 1)]))
    return b.reshape(
        wide, [-1 if i == at else b.dim(x, i) for i in range(x.rank)], tuple(None if i == at else d for i, d in enumerate(x.shape))
    )


@tf("broadcast_to", "raw_ops.BroadcastTo")
def broadcast_to(b: Builder, input_: Operand, shape: Operand) -> Value:
    """x repeated along axes of length 1 to this shape."""
    x, target = tensor(b, input_), lengths(b, shape)
    if any(d == -1 for d in target if isinstance(d, int)):
        raise UnsupportedAttribute("tf.broadcast_to with a length of -1")
    return b.Expand(x, b.vector(target), out_shape=known(target))


@tf("pad", "raw_ops.Pad", "raw_ops.PadV2")
def pad(b: Builder, tensor_: Operand, paddings: Operand, constant_values: Operand = 0, mode: str = "CONSTANT") -> Value:
    """x with elements before and after along each axis: a constant, or x reflected about its edges or beyond them."""
    x, kind = tensor(b, tensor_), str(mode).upper()
    if kind not in ("CONSTANT", "REFLECT", "SYMMETRIC"):
        raise UnsupportedAttribute(f"tf.pad with mode={mode!r}")
    if isinstance(paddings, Value) and paddings.const is None:
        edges = b.reshape(b.transpose(b.cast(paddings, "int64"), [1, 0]), [2 * x.rank])
        if kind == "SYMMETRIC":
            return _symmetric_computed(b, x, edges)
    else:
        pairs = number(paddings, "a padding")
        if kind == "SYMMETRIC":
            return _symmetric(b, x, pairs)
        edges = b.ints([int(p[0]) for p in pairs] + [int(p[1]) for p in pairs])
    if kind == "REFLECT":
        return b.Pad(x, edges, None, mode="reflect")
    nothing = x.dtype == "string" and isinstance(constant_values, int)
    return b.Pad(x, edges, tensor(b, b"" if nothing else constant_values, x.dtype))


@tf("raw_ops.MirrorPad")
def mirror_pad(b: Builder, input_: Operand, paddings: Operand, mode: str) -> Value:
    """x reflected about its edges or beyond them."""
    return pad(b, input_, paddings, mode=mode)


def _symmetric(b: Builder, x: Value, pairs: Any) -> Value:
    for axis, (before, after) in enumerate(pairs):
        parts = [flipped(b, b.slice(x, axis, 0, int(before)), [axis])] if before else []
        parts += [x] + ([flipped(b, b.slice(x, axis, -int(after)), [axis])] if after else [])
        x = joined(b, parts, axis)
    return x


def _symmetric_computed(b: Builder, x: Value, edges: Value) -> Value:
    """x mirrored beyond its edges by numbers of elements that are known only at run time (edges: all before, then all after)."""
    for axis in range(x.rank):
        before, after = (b.slice(edges, 0, place, place + 1) for place in (axis, x.rank + axis))
        length = b.vector([b.dim(x, axis)])
        last = b.Add(length, after)
        places = b.Range(b.reshape(b.Neg(before), []), b.reshape(last, []), b.const(1))
        around = b.Mod(places, b.Mul(length, 2))
        x = b.Gather(x, b.Where(b.Less(around, length), around, b.Sub(b.Sub(b.Mul(length, 2), 1), around)), axis=axis)
    return x
