"""Sparse tensors added, compared, reduced, and combined with dense ones at their places.

Semantics: tensorflow/core/kernels/sparse_add_op.cc, sparse_sparse_binary_op_shared.cc, sparse_dense_binary_op_shared.cc,
sparse_reduce_op.cc, sparse_softmax_op.cc.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.host_calls import Array, called, plain
from loadstone.lowering.tensorflow.sets import verify
from loadstone.lowering.tensorflow.sparse_reshaping import checked, in_order
from loadstone.lowering.tensorflow.sparse_tensors import axes_of_sparse
from loadstone.lowering.tensorflow.symbols import Operand, alike, enter, number, tensor, tf

Combine = Callable[[Array, Array], Array]


def _both(one: tuple[Array, Array, Array], other: tuple[Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
    """All places of two sparse tensors of one shape in order, the values of both there, 0 where there is none, and where both are."""
    if one[2].tolist() != other[2].tolist():
        raise ValueError(f"sparse tensors of shapes {one[2].tolist()} and {other[2].tolist()}")
    for indices, _, shape in (one, other):
        checked(indices, shape)
        verify(indices, shape)
    joined = np.concatenate([one[0], other[0]])
    order = in_order(joined)
    ordered = joined[order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(ordered, axis=0) != 0).any(1)
    place = np.empty(len(order), np.int64)
    place[order] = np.cumsum(fresh) - 1
    x, y = (np.zeros(int(fresh.sum()), part[1].dtype) for part in (one, other))
    x[place[: len(one[0])]], y[place[len(one[0]) :]] = one[1], other[1]
    return ordered[fresh], x, y, np.bincount(place) > 1


@tf("raw_ops.SparseAdd")
def sparse_add(
    b: Builder, a_indices: Operand, a_values: Operand, a_shape: Operand, b_indices: Operand, b_values: Operand, b_shape: Operand,
    thresh: Operand,
) -> list[Value]:  # fmt: skip
    """The sum of two sparse tensors without what is smaller than a threshold, where both have a value."""
    values = alike(b, a_values, b_values)
    operands = [tensor(b, a_indices), values[0], tensor(b, a_shape), tensor(b, b_indices), values[1], tensor(b, b_shape), tensor(b, thresh)]
    axes = operands[2].shape[0]

    def compute(*arrays: Array) -> tuple[Array, ...]:
        indices, x, y, both = _both(arrays[:3], arrays[3:6])  # type: ignore[arg-type]
        with np.errstate(all="ignore"):
            total = x + y
            keep = ~both | (arrays[6] <= np.abs(total))
        return indices[keep], total[keep], arrays[2]

    return called(b, "SparseAdd", compute, operands, [((None, axes), "int64"), ((None,), values[0].dtype), ((axes,), "int64")])


def _larger(sign: int) -> Combine:
    """The larger of two (or the smaller); the first one where neither is."""
    return lambda x, y: np.where(x < y if sign > 0 else x > y, y, x)


def _pair_rule(name: str, combine: Combine) -> Callable[..., list[Value]]:
    def rule(
        b: Builder, a_indices: Operand, a_values: Operand, a_shape: Operand, b_indices: Operand, b_values: Operand, b_shape: Operand
    ) -> list[Value]:
        values = alike(b, a_values, b_values)
        operands = [tensor(b, a_indices), values[0], tensor(b, a_shape), tensor(b, b_indices), values[1], tensor(b, b_shape)]

        def compute(*arrays: Array) -> tuple[Array, ...]:
            indices, x, y, _ = _both(arrays[:3], arrays[3:])  # type: ignore[arg-type]
            return indices, combine(x, y)

        return called(b, name, compute, operands, [((None, operands[2].shape[0]), "int64"), ((None,), values[0].dtype)])

    return rule


enter(_pair_rule("SparseSparseMaximum", _larger(1)), "raw_ops.SparseSparseMaximum")
enter(_pair_rule("SparseSparseMinimum", _larger(-1)), "raw_ops.SparseSparseMinimum")


# -- with dense tensors -----------------------------------------------------------------------------------------------


def _quotient(x: Array, y: Array) -> Array:
    if x.dtype.kind not in "iu":
        return x / y
    if (y == 0).any():
        raise ValueError("an integer divided by 0")
    quotient: Array = np.where((x % y != 0) & ((x < 0) != (y < 0)), x // y + 1, x // y).astype(x.dtype)
    return quotient


def _dense_rule(name: str, combine: Combine) -> Callable[..., Value]:
    def rule(b: Builder, sp_indices: Operand, sp_values: Operand, sp_shape: Operand, dense: Operand) -> Value:
        values, other = alike(b, sp_values, dense)
        operands = [tensor(b, sp_indices), values, tensor(b, sp_shape), other]

        def compute(indices: Array, x: Array, shape: Array, y: Array) -> tuple[Array]:
            checked(indices, shape)
            if y.ndim > len(shape) or any(d not in (1, s) for d, s in zip(y.shape[::-1], shape.tolist()[::-1], strict=False)):
                raise ValueError(f"a dense tensor of shape {y.shape} beside a sparse one of {shape.tolist()}")
            places = indices[:, len(shape) - y.ndim :]
            at = tuple(places[:, k] if d != 1 else np.zeros(len(places), np.int64) for k, d in enumerate(y.shape))
            with np.errstate(all="ignore"):
                return (combine(x, y[at] if y.ndim else np.broadcast_to(y, x.shape)).astype(x.dtype),)

        return called(b, name, compute, operands, [(values.shape, values.dtype)])[0]

    return rule


enter(_dense_rule("SparseDenseCwiseAdd", lambda x, y: x + y), "raw_ops.SparseDenseCwiseAdd")
enter(_dense_rule("SparseDenseCwiseMul", lambda x, y: x * y), "raw_ops.SparseDenseCwiseMul")
enter(_dense_rule("SparseDenseCwiseDiv", _quotient), "raw_ops.SparseDenseCwiseDiv")


# -- reductions -------------------------------------------------------------------------------------------------------


def _groups(indices: Array) -> tuple[Array, Array, Array]:
    """The order of places, which group of equal ones each is in then, and where the groups begin."""
    order = in_order(indices)
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(indices[order], axis=0) != 0).any(1)
    return order, np.cumsum(fresh) - 1, np.flatnonzero(fresh)


def _reduced(kind: str, values: Array, starts: Array) -> Array:
    if not len(starts):
        return values[:0]
    with np.errstate(all="ignore"):
        reduced: Array = (np.add if kind == "Sum" else np.maximum).reduceat(plain(values), starts).astype(values.dtype)
    return reduced


def _reduction(kind: str, sparse: bool) -> Callable[..., Any]:
    def rule(
        b: Builder, input_indices: Operand, input_values: Operand, input_shape: Operand, reduction_axes: Operand, keep_dims: bool = False
    ) -> Any:
        operands = [tensor(b, v) for v in (input_indices, input_values, input_shape)]
        rank, found = axes_of_sparse(operands[0], operands[2]), number(reduction_axes, "an axis")
        axes = {int(a) for a in (found if isinstance(found, list) else [found])}
        if any(not -rank <= a < rank for a in axes):
            raise ModelError(f"a reduction of a sparse tensor of {rank} axes over {sorted(axes)}")
        rest = [k for k in range(rank) if k not in {a % rank for a in axes}]

        def compute(indices: Array, values: Array, shape: Array) -> tuple[Array, ...]:
            checked(indices, shape)
            order, _, starts = _groups(indices[:, rest])
            groups, totals = indices[:, rest][order][starts], _reduced(kind, values[order], starts)
            size = [int(shape[k]) if k in rest else 1 for k in range(rank) if keep_dims or k in rest]
            if sparse:
                wide = np.zeros((len(groups), len(size)), np.int64)
                wide[:, rest if keep_dims else list(range(len(rest)))] = groups
                return wide, totals, np.asarray(size, np.int64)
            made = np.zeros([int(shape[k]) for k in rest], values.dtype)
            if len(totals):
                made[tuple(groups.T)] = totals if rest else totals[0]
            return (made.reshape(size),)

        count, dtype = rank if keep_dims else len(rest), operands[1].dtype
        dense = tuple(1 if k not in rest else None for k in range(rank) if keep_dims or k in rest)
        results: list[Any] = [((None, count), "int64"), ((None,), dtype), ((count,), "int64")] if sparse else [(dense, dtype)]
        return called(b, f"SparseReduce{kind}", compute, operands, results)

    return rule


for _kind in ("Sum", "Max"):
    enter(_reduction(_kind, False), f"raw_ops.SparseReduce{_kind}")
    enter(_reduction(_kind, True), f"raw_ops.SparseReduce{_kind}Sparse")


@tf("raw_ops.SparseSoftmax")
def sparse_softmax(b: Builder, sp_indices: Operand, sp_values: Operand, sp_shape: Operand) -> Value:
    """The softmax of the values of each row, those that are there."""
    operands = [tensor(b, v) for v in (sp_indices, sp_values, sp_shape)]

    def compute(indices: Array, values: Array, shape: Array) -> tuple[Array]:
        checked(indices, shape)
        if len(shape) < 2:
            raise ValueError("a softmax of a sparse vector")
        order, groups, starts = _groups(indices[:, :-1])
        x = plain(values)[order]
        made = np.empty_like(values)
        if len(x):
            powers = np.exp(x - np.maximum.reduceat(x, starts)[groups])
            made[order] = (powers / np.add.reduceat(powers, starts)[groups]).astype(values.dtype)
        return (made,)

    return called(b, "SparseSoftmax", compute, operands, [(operands[1].shape, operands[1].dtype)])[0]
