"""Sparse tensors, each as indices (count, axes), values (count,) and a shape (axes,), where they meet dense ones; rows without values.

Semantics: tensorflow/core/kernels/sparse_to_dense_op.cc, sparse_tensor_dense_matmul_op.cc, sparse_tensor_dense_add_op.cc,
fill_empty_rows_functor.h. Places outside of the shape are errors when the model runs. That places are in order is not looked at.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.gathering import existing, gather
from loadstone.lowering.tensorflow.host_calls import Array, called
from loadstone.lowering.tensorflow.ragged_tensors import filled_rows
from loadstone.lowering.tensorflow.scattering import scattered
from loadstone.lowering.tensorflow.symbols import Operand, alike, known, lengths, tensor, tf


def axes_of_sparse(indices: Value, shape: Value) -> int:
    """The number of axes of a sparse tensor. Raises UnsupportedAttribute where it is computed."""
    count = shape.shape[0] if shape.shape[0] is not None else indices.shape[1]
    if count is None:
        raise UnsupportedAttribute("a sparse tensor whose number of axes is computed")
    return count


@tf("raw_ops.SparseToDense")
def sparse_to_dense(b: Builder, sparse_indices: Operand, output_shape: Operand, sparse_values: Operand, default_value: Operand) -> Value:
    """A dense tensor with values at places and the default elsewhere.

    Indices are (count, axes), (count,) for one axis, or one place; values are (count,) or one for all.
    """
    places, (values, default) = tensor(b, sparse_indices), alike(b, sparse_values, default_value)
    dims = lengths(b, output_shape)
    places = b.reshape(b.cast(places, "int64"), [b.dim(places, 0) if places.rank else 1, len(dims)])
    if values.rank == 0:
        count = b.vector([b.dim(places, 0)])
        values = b.Expand(values, count, out_shape=places.shape[:1])
    base = b.Expand(b.reshape(default, []), b.vector(dims), out_shape=known(dims)) if dims else b.reshape(default, [])
    if not dims:
        raise UnsupportedAttribute("a sparse scalar")
    return b.ScatterND(base, existing(b, places), values)


@tf("raw_ops.SparseTensorDenseMatMul")
def sparse_matmul(
    b: Builder, a_indices: Operand, a_values: Operand, a_shape: Operand, b_: Operand, adjoint_a: bool = False, adjoint_b: bool = False
) -> Value:
    """A sparse matrix (m, k) times a dense one (k, n): each value times its row, added up."""
    places, (values, dense) = tensor(b, a_indices), alike(b, a_values, b_)
    rows, inner = lengths(b, a_shape)[:: -1 if adjoint_a else 1]
    dense = b.transpose(dense, [1, 0]) if adjoint_b else dense
    if isinstance(inner, int) and dense.shape[0] is not None and inner != dense.shape[0]:
        raise ModelError(f"a sparse matrix of {inner} columns times a dense one of {dense.shape[0]} rows")
    row, column = ((b.slice(places, 1, k, k + 1)) for k in ((1, 0) if adjoint_a else (0, 1)))
    parts = b.Mul(gather(b, dense, b.squeeze(column, 1), 0), b.unsqueeze(values, 1))
    return scattered(b, b.zeros([rows, b.dim(dense, 1)], dense.dtype), row, parts, "add")


@tf("raw_ops.SparseTensorDenseAdd")
def sparse_plus_dense(b: Builder, a_indices: Operand, a_values: Operand, a_shape: Operand, b_: Operand) -> Value:
    """A sparse tensor plus a dense one of its shape."""
    places, (values, dense) = tensor(b, a_indices), alike(b, a_values, b_)
    return scattered(b, dense, b.reshape(places, [b.dim(places, 0), dense.rank]), values, "add")


@tf("raw_ops.SparseFillEmptyRows")
def fill_empty_rows(b: Builder, indices: Operand, values: Operand, dense_shape: Operand, default_value: Operand) -> list[Value]:
    """A sparse tensor with a default value in each row that has none; which rows those are, and where each value went."""
    places, (x, default), shape = tensor(b, indices), alike(b, values, default_value), tensor(b, dense_shape)
    axes = axes_of_sparse(places, shape)

    def compute(where: Array, given: Array, size: Array, fill: Array) -> tuple[Array, ...]:
        count = int(size[0])
        moved, source, empty = filled_rows(where[:, 0], count)
        made = np.zeros((len(source), axes), np.int64)
        made[:, 0] = np.repeat(np.arange(count), np.maximum(np.bincount(where[:, 0], minlength=count), 1)) if count else 0
        made[moved] = where
        filled = np.full(len(source), fill, given.dtype)
        filled[moved] = given
        return made, filled, empty, moved

    results = [((None, axes), "int64"), ((None,), x.dtype), ((None,), "bool"), (places.shape[:1], "int64")]
    return called(b, "SparseFillEmptyRows", compute, [places, x, shape, default], results)
