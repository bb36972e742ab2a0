"""Parts of tensors, as XLA takes and pads them: XlaPad, XlaDynamicSlice, XlaDynamicUpdateSlice and XlaBroadcastHelper.

Semantics: https://openxla.org/xla/operation_semantics. A slice that would begin outside is moved inside.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, known, lengths, number, tensor, tf


@tf("raw_ops.XlaPad")
def pad(
    b: Builder, input_: Operand, padding_value: Operand, padding_low: Operand, padding_high: Operand, padding_interior: Operand
) -> Value:
    """x with a value before, after and between the elements along each axis; negative numbers before and after crop."""
    x, value = tensor(b, input_), tensor(b, padding_value)
    for axis, gap in enumerate(number(padding_interior, "padding_interior")):
        x = spread(b, x, axis, gap, value)
    low, high = lengths(b, padding_low), lengths(b, padding_high)
    if all(isinstance(p, int) and p == 0 for p in low + high):
        return x
    shape = tuple(
        n + p + q if isinstance(n, int) and isinstance(p, int) and isinstance(q, int) else None
        for n, p, q in zip(x.shape, low, high, strict=True)
    )
    return b.op("Pad", x, b.vector([*low, *high]), value, out_shape=shape)


def spread(b: Builder, x: Value, axis: int, gap: int, value: Value) -> Value:
    """x with so many elements of a value between any two along an axis."""
    if gap == 0:
        return x
    dims = b.dims(x)
    length = dims[axis]
    pads = [0] * (2 * (x.rank + 1))
    pads[x.rank + 1 + axis + 1] = gap
    wide = b.op("Pad", b.unsqueeze(x, axis + 1), b.ints(pads), value)
    dims[axis] = length * (gap + 1) if isinstance(length, int) else b.Mul(length, gap + 1)
    return b.slice(b.reshape(wide, dims, known(dims)), axis, 0, -gap)


@tf("raw_ops.XlaDynamicSlice")
def dynamic_slice(b: Builder, input_: Operand, start_indices: Operand, size_indices: Operand) -> Value:
    """So many elements along each axis from places that are computed."""
    x, sizes = tensor(b, input_), lengths(b, size_indices)
    if x.rank == 0:
        return x
    starts = _inside(b, x, tensor(b, start_indices), b.vector(sizes))
    ends = b.Add(starts, b.vector(sizes))
    return b.op("Slice", x, starts, ends, b.ints(list(range(x.rank))), out_shape=known(sizes))


@tf("raw_ops.XlaDynamicUpdateSlice")
def dynamic_update_slice(b: Builder, input_: Operand, update: Operand, indices: Operand) -> Value:
    """x with another tensor written over it from places that are computed."""
    x, new = tensor(b, input_), tensor(b, update)
    axes = [k for k in range(x.rank) if x.shape[k] is None or x.shape[k] != new.shape[k]]
    if not axes:
        return new
    size = b.vector(b.dims(new))
    before = _inside(b, x, tensor(b, indices), size)
    after = b.Sub(b.Sub(b.vector(b.dims(x)), before), size)
    wide = b.op("Pad", new, b.Concat(before, after, axis=0), b.const(b"" if x.dtype == "string" else 0, x.dtype), out_shape=x.shape)
    covered: Value | None = None
    for axis in axes:
        steps = b.Range(b.const(0), _scalar(b, b.dim(x, axis)), b.const(1))
        start = b.slice(before, 0, axis, axis + 1)
        inside = b.And(b.GreaterOrEqual(steps, start), b.Less(steps, b.Add(start, b.slice(size, 0, axis, axis + 1))))
        inside = b.unsqueeze(inside, *range(1, x.rank - axis))
        covered = inside if covered is None else b.And(covered, inside)
    assert covered is not None
    return b.op("Where", covered, wide, x, out_shape=x.shape)


def _inside(b: Builder, x: Value, starts: Value, sizes: Value) -> Value:
    """Places from which a slice of these sizes lies inside x: int64 (rank,)."""
    last = b.Sub(b.vector(b.dims(x)), sizes)
    return b.Min(b.Max(b.reshape(b.cast(starts, "int64"), [x.rank]), b.ints([0])), last)


def _scalar(b: Builder, length: int | Value) -> Value:
    return b.const(length) if isinstance(length, int) else b.squeeze(length, 0)


@tf("raw_ops.XlaBroadcastHelper")
def broadcast_helper(b: Builder, lhs: Operand, rhs: Operand, broadcast_dims: Operand) -> list[Value]:
    """Both tensors with axes of one length: those of the smaller become these axes of the larger."""
    x, y = tensor(b, lhs), tensor(b, rhs)
    places = np.asarray(number(broadcast_dims, "broadcast_dims"), np.int64).reshape(-1).tolist()
    if x.rank == y.rank or not x.rank or not y.rank:
        return [x, y]
    low, high = (x, y) if x.rank < y.rank else (y, x)
    if len(places) != low.rank or places != sorted(set(places)) or not 0 <= places[0] <= places[-1] < high.rank:
        raise UnsupportedAttribute(f"XlaBroadcastHelper of tensors of shapes {x.shape} and {y.shape} with broadcast_dims={places}")
    wide = b.unsqueeze(low, *(k for k in range(high.rank) if k not in places))
    return [wide, y] if low is x else [x, wide]


@tf("raw_ops.XlaSetDynamicDimensionSize")
def set_dynamic_dimension_size(b: Builder, input_: Operand, dim_index: Operand, size: Operand) -> Value:
    """The first elements along an axis, which from now on has this length."""
    x, axis = tensor(b, input_), int(number(dim_index, "dim_index"))
    count = lengths(b, [size])
    shape = tuple(known(count)[0] if k == axis else d for k, d in enumerate(x.shape))
    return b.op("Slice", x, b.ints([0]), b.vector(count), b.ints([axis]), out_shape=shape)
