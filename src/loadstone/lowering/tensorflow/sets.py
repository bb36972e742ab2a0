"""Operations on sets: the rows of a dense tensor, or of a sparse one, are sets of their elements.

Semantics: tensorflow/core/kernels/set_kernels.cc. Results are sparse: indices, values in ascending order, and a shape whose last length
is that of the largest set.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.host_calls import Array, called, items
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf

Groups = dict[tuple[int, ...], set[object]]

_OPERATIONS: dict[str, Callable[[set[object], set[object]], set[object]]] = {
    "a-b": lambda a, c: a - c,
    "b-a": lambda a, c: c - a,
    "intersection": lambda a, c: a & c,
    "union": lambda a, c: a | c,
}


def _of_dense(x: Array) -> tuple[Groups, list[int]]:
    if x.ndim < 2:
        raise ValueError(f"sets in a tensor of shape {x.shape}")
    rows = x.reshape(-1, x.shape[-1]) if x.size else x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])
    return {key: set(row.tolist()) for key, row in zip(np.ndindex(x.shape[:-1]), rows, strict=True)}, list(x.shape[:-1])


def _of_sparse(indices: Array, values: Array, shape: Array, check: bool) -> tuple[Groups, list[int]]:
    if indices.ndim != 2 or len(indices) != len(values) or indices.shape[1] != len(shape) or len(shape) < 2:
        raise ValueError(f"a sparse tensor of indices {indices.shape}, values {values.shape} and {len(shape)} axes")
    if check:
        verify(indices, shape)
    groups: Groups = {}
    for place, value in zip(indices[:, :-1].tolist(), values.tolist(), strict=True):
        groups.setdefault(tuple(place), set()).add(value)
    return groups, [int(d) for d in shape[:-1]]


def verify(indices: Array, shape: Array) -> None:
    """Raise ValueError unless the places of a sparse tensor exist and come in order, each once."""
    if len(indices) and ((indices < 0).any() or (indices >= shape).any()):
        raise ValueError("a place outside of a sparse tensor")
    steps = np.diff(indices, axis=0)
    first = (steps != 0).argmax(1) if len(steps) else np.zeros(0, np.int64)
    if len(steps) and (steps[np.arange(len(steps)), first] <= 0).any():
        raise ValueError("a sparse tensor whose places are not in order, or not different")


def _combined(
    operation: str, one: tuple[Groups, list[int]], other: tuple[Groups, list[int]], dtype: np.dtype
) -> tuple[Array, Array, Array]:
    if one[1] != other[1]:
        raise ValueError(f"sets in tensors of shapes {one[1]} and {other[1]}")
    combine, indices, values, widest = _OPERATIONS[operation], [], [], 0
    for key in sorted(one[0].keys() | other[0].keys()):
        found = sorted(combine(one[0].get(key, set()), other[0].get(key, set())))  # type: ignore[type-var]
        indices += [(*key, k) for k in range(len(found))]
        values += found
        widest = max(widest, len(found))
    made = items(values) if dtype.kind == "O" else np.asarray(values, dtype)
    return np.asarray(indices, np.int64).reshape(len(values), len(one[1]) + 1), made, np.asarray([*one[1], widest], np.int64)


def _rule(b: Builder, inputs: list[Operand], sparse: tuple[bool, bool], operation: str, check: bool) -> list[Value]:
    if operation not in _OPERATIONS:
        raise UnsupportedAttribute(f"set_operation={operation!r}")
    operands = [tensor(b, x) for x in inputs]
    first = 3 if sparse[0] else 1
    values = operands[1 if sparse[0] else 0]
    ranks = [v.rank for v, is_sparse in zip((operands[0], operands[first]), sparse, strict=True) if not is_sparse]
    ranks += [s.shape[0] for s, is_sparse in zip((operands[min(2, first)], operands[-1]), sparse, strict=True) if is_sparse and s.shape[0]]
    rank = ranks[0] if ranks else None

    def compute(*arrays: Array) -> tuple[Array, ...]:
        one, other = (
            _of_sparse(part[0], part[1], part[2], check) if is_sparse else _of_dense(part[0])
            for part, is_sparse in zip((arrays[:first], arrays[first:]), sparse, strict=True)
        )
        return _combined(operation, one, other, arrays[1 if sparse[0] else 0].dtype)

    return called(b, "SetOperation", compute, operands, [((None, rank), "int64"), ((None,), values.dtype), ((rank,), "int64")])


@tf("raw_ops.DenseToDenseSetOperation")
def dense_and_dense(b: Builder, set1: Operand, set2: Operand, set_operation: str, validate_indices: bool = True) -> list[Value]:
    """Rows of two dense tensors: (..., n) and (..., m)."""
    return _rule(b, [set1, set2], (False, False), set_operation, validate_indices)


@tf("raw_ops.DenseToSparseSetOperation")
def dense_and_sparse(
    b: Builder, set1: Operand, set2_indices: Operand, set2_values: Operand, set2_shape: Operand, set_operation: str,
    validate_indices: bool = True,
) -> list[Value]:  # fmt: skip
    """Rows of a dense tensor and of a sparse one."""
    return _rule(b, [set1, set2_indices, set2_values, set2_shape], (False, True), set_operation, validate_indices)


@tf("raw_ops.SparseToSparseSetOperation")
def sparse_and_sparse(
    b: Builder, set1_indices: Operand, set1_values: Operand, set1_shape: Operand, set2_indices: Operand, set2_values: Operand,
    set2_shape: Operand, set_operation: str, validate_indices: bool = True,
) -> list[Value]:  # fmt: skip
    """Rows of two sparse tensors."""
    operands = [set1_indices, set1_values, set1_shape, set2_indices, set2_values, set2_shape]
    return _rule(b, operands, (True, True), set_operation, validate_indices)


@tf("sets.size", "raw_ops.SetSize")
def set_size(b: Builder, set_indices: Operand, set_values: Operand, set_shape: Operand, validate_indices: bool = True) -> Value:
    """How many different elements each row of a sparse tensor has, as int32."""
    operands = [tensor(b, x) for x in (set_indices, set_values, set_shape)]
    rank = operands[2].shape[0] or operands[0].shape[1]
    if rank is None:
        raise UnsupportedAttribute("SetSize of a sparse tensor whose number of axes is computed")

    def compute(indices: Array, values: Array, shape: Array) -> tuple[Array]:
        groups, dims = _of_sparse(indices, values, shape, validate_indices)
        made = np.zeros(dims, np.int32)
        for key, found in groups.items():
            made[key] = len(found)
        return (made,)

    return called(b, "SetSize", compute, operands, [((None,) * (rank - 1), "int32")])[0]
