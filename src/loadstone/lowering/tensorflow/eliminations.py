"""Systems of equations as ONNX, for the bodies of loops and conditions, where Python steps have no place.

Gauss' elimination with exchanged rows, Cholesky's factor and substitution, column by column: as many ops as there are columns, so the
matrices have a known size that is small. What TensorFlow raises an error for is an error here as well: `checked` picks an element that
there is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.complex_numbers import Complex

LARGEST = 32  # columns


def fits(b: Builder, x: Any) -> bool:
    """True inside of a loop or condition, for floats (..., rows, columns) of a small known size."""
    sizes = x.shape[-2:]
    part = x.real if isinstance(x, Complex) else x
    known = None not in sizes and 0 < min(sizes) <= max(sizes) * (2 if isinstance(x, Complex) else 1) <= LARGEST
    return b.inside and known and part.dtype in ("float32", "float64")


def checked(b: Builder, x: Value, bad: Value) -> Value:
    """x, where no element of `bad` is True."""
    some = b.ReduceMax(b.cast(b.reshape(bad, [-1]), "int32"), b.ints([0]), keepdims=1)
    return b.Add(x, b.Gather(b.const(np.zeros(1), x.dtype), some, axis=0))


def _column(b: Builder, x: Value, k: int) -> Value:
    return b.slice(x, x.rank - 1, k, k + 1)


def _row(b: Builder, x: Value, k: int) -> Value:
    return b.slice(x, x.rank - 2, k, k + 1)


def eliminated(b: Builder, work: Value, n: int) -> tuple[Value, list[Value], list[Value]]:
    """The columns behind the first n of `work` (..., n, n + m), solved; pivots (..., 1, 1), and where rows were exchanged for each."""
    rows = b.const(np.arange(n))
    pivots, exchanged = [], []
    for k in range(n):
        size = b.squeeze(b.Abs(_column(b, work, k)), work.rank - 1)
        place = b.ArgMax(b.Where(b.const(np.arange(n) < k), b.const(-1, work.dtype), size), axis=work.rank - 2, keepdims=1)
        order = b.Where(b.const(np.arange(n) == k), place, b.Where(b.Equal(rows, place), b.const(k), rows))
        index = b.op("Expand", b.unsqueeze(order, order.rank), b.vector(b.dims(work)), out_shape=work.shape)
        work = b.GatherElements(work, index, axis=work.rank - 2)
        row = _row(b, work, k)
        pivot = _column(b, row, k)
        row = b.Div(row, pivot)
        rest = b.Sub(work, b.Mul(_column(b, work, k), row))
        work = b.Where(b.const((np.arange(n) == k)[:, None]), row, rest)
        pivots.append(pivot)
        exchanged.append(b.Not(b.Equal(b.unsqueeze(place, place.rank), k)))
    return b.slice(work, work.rank - 1, n), pivots, exchanged


def _in_one(b: Builder, values: list[Value]) -> Value:
    return b.Concat(*values, axis=-1) if len(values) > 1 else values[0]


def solved(b: Builder, a: Any, y: Any) -> Any:
    """The x of a x = y; complex ones as real ones of twice the size."""
    if isinstance(a, Complex):
        n = a.shape[-1] or 0
        left = b.Concat(b.Concat(a.real, b.Neg(a.imag), axis=-1), b.Concat(a.imag, a.real, axis=-1), axis=-2)
        both = solved(b, left, b.Concat(y.real, y.imag, axis=-2))
        return Complex(b.slice(both, both.rank - 2, 0, n), b.slice(both, both.rank - 2, n))
    n = a.shape[-1] or 0
    x, pivots, _ = eliminated(b, b.Concat(a, y, axis=-1), n)
    return checked(b, x, b.Not(b.Greater(b.Abs(_in_one(b, pivots)), 0)))


def inverse(b: Builder, a: Any) -> Any:
    """The inverse."""
    part = a.real if isinstance(a, Complex) else a
    dims = b.dims(part)
    eye = b.op("Expand", b.const(np.eye(part.shape[-1] or 0), part.dtype), b.vector(dims), out_shape=part.shape)
    return solved(b, a, Complex(eye, b.Mul(eye, 0)) if isinstance(a, Complex) else eye)


def determinant(b: Builder, a: Value) -> tuple[Value, Value]:
    """The sign of the determinant and the logarithm of its size (...)."""
    n = a.shape[-1] or 0
    _, pivots, exchanged = eliminated(b, b.Concat(a, _column(b, a, 0), axis=-1), n)
    row = b.squeeze(_in_one(b, pivots), a.rank - 2)
    turns = b.squeeze(_in_one(b, exchanged), a.rank - 2)
    signs = b.Mul(b.Sign(row), b.Where(turns, b.const(-1, a.dtype), b.const(1, a.dtype)))
    sign = b.ReduceProd(signs, b.ints([a.rank - 2]), keepdims=0)
    return sign, b.ReduceSum(b.Log(b.Abs(row)), b.ints([a.rank - 2]), keepdims=0)


def factor(b: Builder, a: Value) -> Value:
    """The lower factor of symmetric matrices, of which the lower triangle is read."""
    n = a.shape[-1] or 0
    columns, pivots = [], []
    for k in range(n):
        pivot = _column(b, _row(b, a, k), k)
        column = b.Div(_column(b, a, k), b.Sqrt(pivot))
        column = b.Where(b.const((np.arange(n) < k)[:, None]), b.const(0, a.dtype), column)
        a = b.Sub(a, b.MatMul(column, b.transpose(column, [*range(a.rank - 2), a.rank - 1, a.rank - 2])))
        columns.append(column)
        pivots.append(pivot)
    return checked(b, _in_one(b, columns), b.Not(b.Greater(_in_one(b, pivots), 0)))


def substituted(b: Builder, a: Value, y: Value, lower: bool) -> Value:
    """The x of a x = y for triangular a: row after row."""
    n = a.shape[-1] or 0
    found: dict[int, Value] = {}
    pivots = []
    for k in range(n) if lower else range(n - 1, -1, -1):
        row, right = _row(b, a, k), _row(b, y, k)
        if found:
            known = sorted(found)
            done = b.Concat(*(found[i] for i in known), axis=-2) if len(known) > 1 else found[known[0]]
            right = b.Sub(right, b.MatMul(b.slice(row, row.rank - 1, known[0], known[-1] + 1), done))
        pivots.append(_column(b, row, k))
        found[k] = b.Div(right, pivots[-1])
    x = b.Concat(*(found[i] for i in range(n)), axis=-2) if n > 1 else found[0]
    return checked(b, x, b.Equal(_in_one(b, pivots), 0))
