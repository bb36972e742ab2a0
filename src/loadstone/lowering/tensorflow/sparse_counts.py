"""How often each number occurs in the rows of dense, sparse and ragged tensors.

Semantics: tensorflow/core/kernels/bincount_op.cc, count_ops.cc. A row's counts are dense up to a size, or sparse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.host_calls import Array, called, plain
from loadstone.lowering.tensorflow.ragged_tensors import MOST, checked_splits
from loadstone.lowering.tensorflow.sparse_reshaping import checked
from loadstone.lowering.tensorflow.sparse_tensors import axes_of_sparse
from loadstone.lowering.tensorflow.symbols import Operand, known, lengths, tensor, tf

Rows = Callable[..., tuple[Array, int]]  # the row of each value, and how many rows there are


def _of_sparse(indices: Array, values: Array, shape: Array) -> tuple[Array, int]:
    checked(indices, shape)
    if len(shape) == 1:
        return np.zeros(len(values), np.int64), 1
    if len(shape) != 2:
        raise ValueError(f"counts in a sparse tensor of {len(shape)} axes")
    return indices[:, 0], int(shape[0])


def _of_splits(splits: Array, values: Array) -> tuple[Array, int]:
    ends = checked_splits(splits, len(values))
    return np.repeat(np.arange(len(ends) - 1), np.diff(ends)), len(ends) - 1


def _filled(rows: Array, count: int, values: Array, size: int, weights: Array, binary: bool) -> Array:
    """Counts, or sums of weights: (rows, size)."""
    if (values < 0).any() or size < 0 or count * size > MOST:
        raise ValueError(f"counts up to {size} of numbers, some of which may be negative")
    if weights.size and weights.shape != values.shape:
        raise ValueError(f"{weights.size} weights of {values.size} numbers")
    made = np.zeros((count, size), weights.dtype)
    inside = values < size
    at = (rows[inside], values[inside])
    if binary:
        made[at] = 1
    elif weights.size:
        np.add.at(made, at, weights[inside])
    else:
        made[:] = np.bincount(at[0] * size + at[1], minlength=count * size).reshape(count, size).astype(made.dtype) if size else 0
    return made


@tf("raw_ops.SparseBincount")
def sparse_bincount(
    b: Builder, indices: Operand, values: Operand, dense_shape: Operand, size: Operand, weights: Operand, binary_output: bool = False
) -> Value:
    """Counts of the numbers below size in each row of a sparse matrix, or in a sparse vector."""
    operands = [tensor(b, v) for v in (indices, values, dense_shape, size, weights)]
    rank = axes_of_sparse(operands[0], operands[2])

    def compute(where: Array, x: Array, shape: Array, limit: Array, weight: Array) -> tuple[Array]:
        rows, count = _of_sparse(where, x, shape)
        made = _filled(rows, count, x, int(limit), weight, binary_output)
        return (made if rank == 2 else made[0],)

    dims = known(lengths(b, [operands[3]]))
    return called(b, "SparseBincount", compute, operands, [((None, *dims)[-rank:], operands[4].dtype)])[0]


@tf("raw_ops.RaggedBincount")
def ragged_bincount(b: Builder, splits: Operand, values: Operand, size: Operand, weights: Operand, binary_output: bool = False) -> Value:
    """Counts of the numbers below size in each row of a ragged matrix."""
    operands = [tensor(b, v) for v in (splits, values, size, weights)]

    def compute(ends: Array, x: Array, limit: Array, weight: Array) -> tuple[Array]:
        return (_filled(*_of_splits(ends, x), x, int(limit), weight, binary_output),)

    return called(b, "RaggedBincount", compute, operands, [((None, *known(lengths(b, [operands[2]]))), operands[3].dtype)])[0]


# -- sparse counts ----------------------------------------------------------------------------------------------------


def _counted(rows: Array, values: Array, weights: Array, least: int, most: int, binary: bool) -> tuple[Array, Array, int]:
    """Row and number of each count in order, the counts, and the length of the rows."""
    if (values < 0).any():
        raise ValueError("counts of negative numbers")
    if weights.size and weights.shape != values.shape:
        raise ValueError(f"{weights.size} weights of {values.size} numbers")
    rows, values, weights = rows.reshape(-1), values.reshape(-1), weights.reshape(-1)
    length = most if most >= 0 else max(int(values.max(initial=0)) + 1, least)
    inside = values < length
    rows, values = rows[inside], values[inside].astype(np.int64)
    order = np.lexsort((values, rows))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(rows[order]) != 0) | (np.diff(values[order]) != 0)
    starts = np.flatnonzero(fresh)
    places = np.stack([rows[order][starts], values[order][starts]], 1)
    if binary:
        return places, np.ones(len(starts), weights.dtype), length
    each = plain(weights)[inside][order] if weights.size else np.ones(len(order), plain(weights).dtype)
    return places, (np.add.reduceat(each, starts) if len(starts) else each).astype(weights.dtype), length


def _rule(b: Builder, name: str, rows_of: Rows, inputs: list[Value], flat: bool, least: int, most: int, binary: bool) -> list[Value]:
    rank = 1 if flat else 2

    def compute(*arrays: Array) -> tuple[Array, ...]:
        *parts, weights = arrays
        values = parts[min(1, len(parts) - 1)]
        rows, count = rows_of(*parts)
        places, counts, length = _counted(rows, values, weights, int(least), int(most), bool(binary))
        return places[:, 2 - rank :], counts, np.asarray([count, length][2 - rank :], np.int64)

    results: list[Any] = [((None, rank), "int64"), ((None,), inputs[-1].dtype), ((rank,), "int64")]
    return called(b, name, compute, inputs, results)


@tf("raw_ops.DenseCountSparseOutput")
def dense_counts(
    b: Builder, values: Operand, weights: Operand, minlength: int = -1, maxlength: int = -1, binary_output: bool = False
) -> list[Value]:
    """Counts in a vector, or in each row of a matrix."""
    x, weight = tensor(b, values), tensor(b, weights)
    if x.rank not in (1, 2):
        raise ModelError(f"counts in a tensor of shape {x.shape}")

    def rows_of(array: Array) -> tuple[Array, int]:
        count = array.shape[0] if array.ndim == 2 else 1
        return np.repeat(np.arange(count), array.shape[-1]), count

    return _rule(b, "DenseCountSparseOutput", rows_of, [x, weight], x.rank == 1, minlength, maxlength, binary_output)


@tf("raw_ops.SparseCountSparseOutput")
def sparse_counts(
    b: Builder, indices: Operand, values: Operand, dense_shape: Operand, weights: Operand, minlength: int = -1, maxlength: int = -1,
    binary_output: bool = False,
) -> list[Value]:  # fmt: skip
    """Counts in a sparse vector, or in each row of a sparse matrix."""
    inputs = [tensor(b, v) for v in (indices, values, dense_shape, weights)]
    flat = axes_of_sparse(inputs[0], inputs[2]) == 1
    return _rule(b, "SparseCountSparseOutput", _of_sparse, inputs, flat, minlength, maxlength, binary_output)


@tf("raw_ops.RaggedCountSparseOutput")
def ragged_counts(
    b: Builder, splits: Operand, values: Operand, weights: Operand, minlength: int = -1, maxlength: int = -1, binary_output: bool = False
) -> list[Value]:
    """Counts in each row of a ragged matrix."""
    inputs = [tensor(b, v) for v in (splits, values, weights)]
    return _rule(b, "RaggedCountSparseOutput", _of_splits, inputs, False, minlength, maxlength, binary_output)
