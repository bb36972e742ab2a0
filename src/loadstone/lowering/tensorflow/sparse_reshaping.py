"""Sparse tensors in another order or shape, joined, split and cut.

Semantics: tensorflow/core/kernels/sparse_reorder_op.cc, reshape_util.cc, sparse_concat_op.cc, sparse_split_op.cc, sparse_slice_op.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.host_calls import Array, called
from loadstone.lowering.tensorflow.symbols import Operand, alike, number, tensor, tf


def checked(indices: Array, shape: Array) -> None:
    """Raise ValueError unless all places are inside of the shape."""
    if indices.ndim != 2 or indices.shape[1] != len(shape):
        raise ValueError(f"places of shape {indices.shape} in a sparse tensor of {len(shape)} axes")
    if len(indices) and ((indices < 0).any() or (indices >= shape).any()):
        raise ValueError("a place outside of a sparse tensor")


def in_order(indices: Array) -> Array:
    """The order of places by their first axis, then the next ones; equal ones as they are."""
    order: Array = np.lexsort(indices.T[::-1]) if indices.shape[1] else np.arange(len(indices))
    return order


@tf("raw_ops.SparseReorder")
def reorder(b: Builder, input_indices: Operand, input_values: Operand, input_shape: Operand) -> list[Value]:
    """The same tensor with its places in order."""
    places, x, shape = (tensor(b, v) for v in (input_indices, input_values, input_shape))

    def compute(indices: Array, values: Array, size: Array) -> tuple[Array, ...]:
        checked(indices, size)
        order = in_order(indices)
        return indices[order], values[order]

    return called(b, "SparseReorder", compute, [places, x, shape], [(places.shape, "int64"), (x.shape, x.dtype)])


@tf("raw_ops.SparseReshape")
def sparse_reshape(b: Builder, input_indices: Operand, input_shape: Operand, new_shape: Operand) -> list[Value]:
    """Places and shape of the tensor in another shape, one length of which may be -1."""
    operands = [tensor(b, v) for v in (input_indices, input_shape, new_shape)]
    axes = operands[2].shape[0]

    def compute(indices: Array, size: Array, wanted: Array) -> tuple[Array, ...]:
        checked(indices, size)
        total = np.prod([int(d) for d in size], dtype=object)
        rest = np.prod([int(d) for d in wanted if d != -1], dtype=object)
        if (wanted == -1).sum() > 1 or (wanted < -1).any() or total >= 1 << 63:
            raise ValueError(f"a sparse tensor of shape {size.tolist()} in shape {wanted.tolist()}")
        target = np.where(wanted == -1, int(total) // max(int(rest), 1), wanted)
        if np.prod([int(d) for d in target], dtype=object) != total:
            raise ValueError(f"a sparse tensor of shape {size.tolist()} in shape {wanted.tolist()}")
        if not len(indices):
            return np.zeros((0, len(target)), np.int64), target
        flat = np.ravel_multi_index(tuple(indices.T), tuple(size.tolist())) if len(size) else np.zeros(len(indices), np.int64)
        return np.stack(np.unravel_index(flat, tuple(target.tolist())), 1).astype(np.int64), target

    return called(b, "SparseReshape", compute, operands, [((operands[0].shape[0], axes), "int64"), ((axes,), "int64")])


@tf("raw_ops.SparseConcat")
def sparse_concat(b: Builder, indices: Any, values: Any, shapes: Any, concat_dim: int = 0) -> list[Value]:
    """Sparse tensors one behind the other along an axis."""
    places, parts, sizes = [tensor(b, v) for v in indices], alike(b, *values), [tensor(b, v) for v in shapes]
    count, axes = len(parts), next((s.shape[0] for s in sizes if s.shape[0] is not None), None)

    def compute(*arrays: Array) -> tuple[Array, ...]:
        where, given, size = arrays[:count], arrays[count : 2 * count], arrays[2 * count :]
        rank = len(size[0])
        if not -rank <= concat_dim < rank or any(len(s) != rank for s in size):
            raise ValueError(f"sparse tensors of shapes {[s.tolist() for s in size]} along axis {concat_dim}")
        axis = concat_dim % rank
        if any(np.delete(s, axis).tolist() != np.delete(size[0], axis).tolist() for s in size):
            raise ValueError(f"sparse tensors of shapes {[s.tolist() for s in size]} along axis {concat_dim}")
        offset, moved = 0, []
        for place, s in zip(where, size, strict=True):
            checked(place, s)
            step = np.zeros(rank, np.int64)
            step[axis] = offset
            moved.append(place + step)
            offset += int(s[axis])
        joined = np.concatenate(moved)
        order, total = in_order(joined), size[0].copy()
        total[axis] = offset
        return joined[order], np.concatenate(given)[order], total

    results = [((None, axes), "int64"), ((None,), parts[0].dtype), ((axes,), "int64")]
    return called(b, "SparseConcat", compute, [*places, *parts, *sizes], results)


@tf("raw_ops.SparseSplit")
def sparse_split(b: Builder, split_dim: Operand, indices: Operand, values: Operand, shape: Operand, num_split: int = 1) -> list[Value]:
    """Parts of a sparse tensor along an axis, the first ones longer by 1 where they cannot be equal."""
    axis, count = int(number(split_dim, "an axis")), int(num_split)
    places, x, size = (tensor(b, v) for v in (indices, values, shape))
    axes = size.shape[0]
    if axes is not None and not -axes <= axis < axes:
        raise ModelError(f"a split of a sparse tensor of {axes} axes along axis {axis}")

    def compute(where: Array, given: Array, dims: Array) -> tuple[Array, ...]:
        checked(where, dims)
        at = axis % len(dims)
        if not 1 <= count <= dims[at]:
            raise ValueError(f"an axis of length {dims[at]} in {count} parts")
        each, more = divmod(int(dims[at]), count)
        ends = np.cumsum([each + (k < more) for k in range(count)])
        made = []
        for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
            inside = (where[:, at] >= start) & (where[:, at] < end)
            low, total = np.zeros(len(dims), np.int64), dims.copy()
            low[at], total[at] = start, end - start
            made.append((where[inside] - low, given[inside], total))
        return tuple(part[k] for k in range(3) for part in made)

    kinds: list[Any] = [((None, axes), "int64"), ((None,), x.dtype), ((axes,), "int64")]
    return called(b, "SparseSplit", compute, [places, x, size], [kind for kind in kinds for _ in range(count)])


@tf("raw_ops.SparseSlice")
def sparse_slice(b: Builder, indices: Operand, values: Operand, shape: Operand, start: Operand, size: Operand) -> list[Value]:
    """The part of a sparse tensor that begins at start and has at most this size."""
    operands = [tensor(b, v) for v in (indices, values, shape, start, size)]
    axes = next((v.shape[0] for v in operands[2:] if v.shape[0] is not None), None)

    def compute(where: Array, given: Array, dims: Array, low: Array, wanted: Array) -> tuple[Array, ...]:
        checked(where, dims)
        if (low < 0).any() or (wanted < 0).any() or not len(low) == len(wanted) == len(dims):
            raise ValueError(f"a part of size {wanted.tolist()} from {low.tolist()} on")
        total = np.maximum(np.minimum(wanted, dims - low), 0)
        inside = ((where >= low) & (where - low < total)).all(1)
        return where[inside] - low, given[inside], total

    return called(b, "SparseSlice", compute, operands, [((None, axes), "int64"), ((None,), operands[1].dtype), ((axes,), "int64")])
