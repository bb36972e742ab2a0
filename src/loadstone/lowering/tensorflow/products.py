"""Products of matrices and vectors as raw ops, with the types and forms that the functions of `tf` do not have.

tensorflow/core/ops/math_ops.cc, tensorflow/core/kernels/matmul_op_impl.h, sparse_matmul_op.cc, linalg/einsum_op_impl.h, cross_op.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_products import explicit
from loadstone.lowering.tensorflow.networks import matmul
from loadstone.lowering.tensorflow.symbols import Operand, alike, tensor, tf


@tf("raw_ops.MatMul", "raw_ops.BatchMatMul", "raw_ops.BatchMatMulV2")
def raw_matmul(
    b: Builder, a: Operand, b_: Operand, transpose_a: bool = False, transpose_b: bool = False, adj_x: bool = False, adj_y: bool = False,
    grad_a: bool = False, grad_b: bool = False, grad_x: bool = False, grad_y: bool = False,
) -> Value:  # fmt: skip
    """Products of matrices; the axes before the last two broadcast. (Which of them is a gradient is a hint.)"""
    x, y = alike(b, a, b_)
    return _product(b, x, y, bool(transpose_a or adj_x), bool(transpose_b or adj_y))


def _product(b: Builder, x: Value, y: Value, transpose_x: bool, transpose_y: bool) -> Value:
    if x.rank < 2 or y.rank < 2:
        raise ModelError(f"a product of tensors of shapes {x.shape} and {y.shape}, which hold no matrices")
    if x.dtype == "bool":
        raise ModelError("a product of matrices of bool")
    if dtypes.is_integer(x.dtype) and x.dtype not in ("int32", "int64"):
        wide = "int64" if x.dtype in ("uint32", "uint64") else "int32"
        return b.cast(matmul(b, b.cast(x, wide), b.cast(y, wide), transpose_a=transpose_x, transpose_b=transpose_y), x.dtype)
    return matmul(b, x, y, transpose_a=transpose_x, transpose_b=transpose_y)


@tf("raw_ops.BatchMatMulV3")
def batch_matmul(
    b: Builder, x: Operand, y: Operand, adj_x: bool = False, adj_y: bool = False, grad_x: bool = False, grad_y: bool = False,
    Tout: str = "",
) -> Value:  # fmt: skip
    """Products in a type of their own: int8 and uint8 matrices may give int32."""
    one, other = tensor(b, x), tensor(b, y)
    out = Tout or one.dtype
    if one.dtype != other.dtype or dtypes.is_float(out) and one.dtype != out:
        wide = out if dtypes.is_float(out) and out not in ("float16", "bfloat16") else "int32" if dtypes.is_integer(out) else "float32"
        return b.cast(_product(b, b.cast(one, wide), b.cast(other, wide), bool(adj_x), bool(adj_y)), out)
    if one.dtype != out:
        one, other = b.cast(one, out), b.cast(other, out)
    return _product(b, one, other, bool(adj_x), bool(adj_y))


@tf("raw_ops.SparseMatMul")
def sparse_matmul(
    b: Builder, a: Operand, b_: Operand, transpose_a: bool = False, transpose_b: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False,
) -> Value:  # fmt: skip
    """Products as float32, of float32 or bfloat16 matrices with many zeros."""
    x, y = (b.cast(tensor(b, v), "float32") for v in (a, b_))
    return matmul(b, x, y, transpose_a=transpose_a, transpose_b=transpose_b)


@tf("linalg.cross", "raw_ops.Cross")
def cross(b: Builder, a: Operand, b_: Operand) -> Value:
    """The cross products of vectors (..., 3)."""
    x, y = alike(b, a, b_)
    if x.rank < 1 or any(v.shape[-1] not in (3, None) for v in (x, y)):
        raise ModelError(f"cross products of tensors of shapes {x.shape} and {y.shape}")
    x_after, y_after = (b.Gather(v, b.ints([1, 2, 0]), axis=v.rank - 1) for v in (x, y))
    x_before, y_before = (b.Gather(v, b.ints([2, 0, 1]), axis=v.rank - 1) for v in (x, y))
    return b.Sub(b.Mul(x_after, y_before), b.Mul(x_before, y_after))


@tf("raw_ops.Einsum")
def einsum(b: Builder, inputs: Any, equation: str = "") -> Value:
    """Sums of products of one or two tensors by an equation of letters.

    The axes that an ellipsis stands for broadcast; a letter that the result has twice is a diagonal of it.
    """
    values = alike(b, *inputs)
    terms, result = explicit(str(equation), [v.rank for v in values]).split("->")
    parts = terms.split(",")
    shared = {c for c in result + terms.replace(",", "") if c not in str(equation)}  # stand for an ellipsis
    values, parts = _spread(b, values, parts, shared)
    single = "".join(dict.fromkeys(result))
    small = dtypes.is_integer(values[0].dtype) and values[0].dtype not in ("int32", "int64")
    wide = [b.cast(v, "int64") if small else v for v in values]
    y = b.cast(b.Einsum(*wide, equation=f"{','.join(parts)}->{single}"), values[0].dtype)
    return _diagonal(b, y, single, result) if len(single) < len(result) else y


def _spread(b: Builder, values: list[Value], parts: list[str], shared: set[str]) -> tuple[list[Value], list[str]]:
    """Operands without the axes of an ellipsis that are of length 1 and longer in another operand."""
    lengths = {c: [v.shape[p.index(c)] for v, p in zip(values, parts, strict=True) if c in p] for c in shared}
    kept, spelt = [], []
    for value, part in zip(values, parts, strict=True):
        gone = [i for i, c in enumerate(part) if c in shared and value.shape[i] == 1 and any(n != 1 for n in lengths[c])]
        kept.append(b.squeeze(value, *gone))
        spelt.append("".join(c for i, c in enumerate(part) if i not in gone))
    return kept, spelt


def _diagonal(b: Builder, y: Value, single: str, result: str) -> Value:
    """y, whose axes are `single`, in a result that has letters more than once: 0 off the diagonals."""
    places: dict[str, list[int]] = {c: [i for i, d in enumerate(result) if d == c] for c in single}
    first = [result.index(c) for c in single]
    y = b.unsqueeze(b.transpose(y, list(np.argsort(first))), *(i for i in range(len(result)) if i not in first))
    for c in (c for c in single if len(places[c]) > 1):
        axis = places[c][0]
        count = b.Range(b.const(0), b.reshape(b.vector([b.dim(y, axis)]), []), b.const(1))
        along = b.unsqueeze(count, *(i for i in range(y.rank) if i != axis))
        for other in places[c][1:]:
            beside = b.unsqueeze(count, *(i for i in range(y.rank) if i != other))
            y = b.Where(b.Equal(along, beside), y, b.const(0, y.dtype))
    return y
