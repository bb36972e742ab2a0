"""Slices of tensors by places that may be computed: StridedSlice, Slice.

tensorflow/core/util/strided_slice_op.cc. Places below 0 count from the end, and places beyond an end are that end, as in ONNX.
"""

from __future__ import annotations

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_shape import times
from loadstone.lowering.tensorflow.symbols import Operand, alike, lengths, number, tensor, tf

_LAST = 2**63 - 1


@tf("strided_slice", "raw_ops.StridedSlice")
def strided_slice(
    b: Builder, input_: Operand, begin: Operand, end: Operand, strides: Operand = None, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> Value:  # fmt: skip
    """x[begin:end:strides]; the bits of the masks say for which axes that is left out, new, or one element."""
    x, starts, ends = tensor(b, input_), lengths(b, begin), lengths(b, end)
    steps = [1] * len(starts) if strides is None else [int(step) for step in number(strides, "the stride of a slice")]
    if not len(starts) == len(ends) == len(steps):
        raise ModelError(f"a slice with {len(starts)} begins, {len(ends)} ends and {len(steps)} strides")
    news = sum(int(new_axis_mask) >> i & 1 for i in range(len(starts)) if not int(ellipsis_mask) >> i & 1)
    places: dict[int, tuple[int | Value, int | Value, int]] = {}
    picked: list[tuple[int, int | Value]] = []
    shape: list[str] = []  # of the result: "new" or "old" axes, in order
    axis = 0
    for i, (start, stop, step) in enumerate(zip(starts, ends, steps, strict=True)):
        if int(ellipsis_mask) >> i & 1:
            rest = len(starts) - i - 1
            later = sum(int(new_axis_mask) >> k & 1 for k in range(i + 1, len(starts)))
            covered = x.rank - axis - (rest - later)
            shape += ["old"] * covered
            axis += covered
        elif int(new_axis_mask) >> i & 1:
            shape.append("new")
        elif int(shrink_axis_mask) >> i & 1:
            picked.append((axis, start))
            axis += 1
        else:
            ends_at_all = -_LAST - 1 if step < 0 else _LAST
            begins_at_all = _LAST if step < 0 else 0
            places[axis] = (begins_at_all if int(begin_mask) >> i & 1 else start, ends_at_all if int(end_mask) >> i & 1 else stop, step)
            shape.append("old")
            axis += 1
    if axis > x.rank:
        raise ModelError(f"a slice of {axis} axes of a tensor of shape {x.shape}")
    shape += ["old"] * (x.rank - axis)
    y = _sliced(b, x, places)
    for place, index in sorted(picked, key=lambda pair: -pair[0]):
        y = _picked(b, y, place, index)
    return b.unsqueeze(y, *(k for k, kind in enumerate(shape) if kind == "new")) if news else y


def _sliced(b: Builder, x: Value, places: dict[int, tuple[int | Value, int | Value, int]]) -> Value:
    """x between some places of its axes."""
    moves = {axis: place for axis, place in places.items() if place != (0, _LAST, 1)}
    if not moves:
        return x
    starts, ends, steps = zip(*moves.values(), strict=True)
    return b.Slice(x, b.vector(starts), b.vector(ends), b.ints(list(moves)), b.ints(list(steps)))


def _picked(b: Builder, x: Value, axis: int, index: int | Value) -> Value:
    """x at one place of an axis, without it."""
    if isinstance(index, int):
        length = x.shape[axis]
        if length is not None and not -length <= index < length:
            raise ModelError(f"place {index} of an axis of length {length}")
        return b.Gather(x, b.const(index), axis=axis)
    return b.Gather(x, b.reshape(index, []), axis=axis)


@tf("slice", "raw_ops.Slice")
def slice_of(b: Builder, input_: Operand, begin: Operand, size: Operand) -> Value:
    """`size` elements of each axis from `begin` on; -1 is all that follow."""
    x = tensor(b, input_)
    starts, sizes = (lengths(b, _long(b, v, x.rank)) for v in (begin, size))
    if not len(starts) == len(sizes) == x.rank:
        raise UnsupportedAttribute(f"a slice with {len(starts)} begins and {len(sizes)} sizes of a tensor of rank {x.rank}")
    places: dict[int, tuple[int | Value, int | Value, int]] = {}
    for axis, (start, count) in enumerate(zip(starts, sizes, strict=True)):
        places[axis] = (start, _end(b, start, count), 1)
    y = _sliced(b, x, places)
    told = tuple(
        d if d is not None else count if isinstance(count, int) and count != -1 else None for d, count in zip(y.shape, sizes, strict=True)
    )
    return y if told == y.shape else b.reshape(y, [d if d is not None else b.dim(y, i) for i, d in enumerate(told)], told)


def _long(b: Builder, v: Operand, count: int) -> Operand:
    """A vector that must have so many elements, where its length is free."""
    return b.reshape(v, [count]) if isinstance(v, Value) and v.shape == (None,) else v


def _end(b: Builder, start: int | Value, count: int | Value) -> int | Value:
    if isinstance(count, int):
        if count == -1:
            return _LAST
        return start + count if isinstance(start, int) else b.Add(start, b.ints([count]))
    to_the_end = b.Equal(count, b.ints([-1]))
    first = b.ints([start]) if isinstance(start, int) else start
    return b.Where(to_the_end, b.ints([_LAST]), b.Add(first, count))


@tf("raw_ops.TensorStridedSliceUpdate")
def strided_slice_update(
    b: Builder, input_: Operand, begin: Operand, end: Operand, strides: Operand, value: Operand, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> Value:  # fmt: skip
    """x with x[begin:end:strides] = value."""
    x, y = alike(b, input_, value)
    dims = b.dims(x)
    count = b.reshape(b.vector([times(b, dims)]), [])
    places = b.reshape(b.Range(b.const(0), count, b.const(1)), dims, x.shape)
    found = strided_slice(b, places, begin, end, strides, begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    updates = b.reshape(y if y.shape == found.shape and None not in y.shape else b.Expand(y, b.Shape(found)), [-1])
    return b.reshape(b.ScatterND(b.reshape(x, [-1]), b.reshape(found, [-1, 1]), updates), dims, x.shape)


@tf("raw_ops.StridedSliceGrad")
def strided_slice_gradient(
    b: Builder, shape: Operand, begin: Operand, end: Operand, strides: Operand, dy: Operand, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> Value:  # fmt: skip
    """Zeros of this shape with dy in place of the slice."""
    y = tensor(b, dy)
    zeros = b.zeros(lengths(b, shape), y.dtype)
    return strided_slice_update(b, zeros, begin, end, strides, y, begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
