"""Systems of linear equations: general, triangular, banded, tridiagonal, and with the least squares.

tensorflow/core/ops/linalg_ops.cc, tensorflow/core/kernels/linalg/matrix_solve_op.cc, matrix_triangular_solve_op_impl.h,
banded_triangular_solve_op.cc, tridiagonal_solve_op.cc, tridiagonal_matmul_op.cc, matrix_solve_ls_op_impl.h.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.shapes import broadcast
from loadstone.lowering.tensorflow import eliminations
from loadstone.lowering.tensorflow.matrix_steps import (
    Array,
    Result,
    conjugate_transpose,
    finite,
    matrices,
    matrix,
    operand,
    step,
    transposed,
)
from loadstone.lowering.tensorflow.symbols import Operand, tensor


def _result(a: Any, y: Any, rows: Any = None) -> Result:
    """Solutions (..., rows, columns); batches broadcast."""
    lead: Shape = broadcast(a.shape[:-2], y.shape[:-2])
    return Result((*lead, a.shape[-1] if rows is None else rows, y.shape[-1]))


@matrices("MatrixSolve", "BatchMatrixSolve")
def solve(b: Builder, matrix_: Operand, rhs: Operand, adjoint: bool = False) -> Any:
    """The x of a x = rhs, or of a* x = rhs."""
    a, y = matrix(b, matrix_, "MatrixSolve", square=True), matrix(b, rhs, "MatrixSolve")

    if eliminations.fits(b, a) and a.rank == y.rank:
        return eliminations.solved(b, transposed(b, a) if adjoint else a, y)

    def solved(left: Array, right: Array) -> Array:
        return np.linalg.solve(finite(conjugate_transpose(left) if adjoint else left), right)

    return step(b, "MatrixSolve", [a, y], [_result(a, y)], solved)[0]


def substituted(a: Array, y: Array, lower: bool) -> Array:
    """The x of a x = y, for triangular a: row after row. Raises where there is a 0 on the diagonal."""
    lead = np.broadcast_shapes(a.shape[:-2], y.shape[:-2])
    x = np.broadcast_to(y, (*lead, *y.shape[-2:])).copy()
    if (np.diagonal(a, axis1=-2, axis2=-1) == 0).any():
        raise np.linalg.LinAlgError("Input matrix is not invertible.")
    n = a.shape[-1]
    for i in range(n) if lower else range(n - 1, -1, -1):
        known = slice(0, i) if lower else slice(i + 1, n)
        x[..., i, :] -= (a[..., i : i + 1, known] @ x[..., known, :])[..., 0, :]
        x[..., i, :] /= a[..., i, i, None]
    return x


@matrices("MatrixTriangularSolve", "BatchMatrixTriangularSolve")
def triangular_solve(b: Builder, matrix_: Operand, rhs: Operand, lower: bool = True, adjoint: bool = False) -> Any:
    """The x of a x = rhs, where one triangle of a is read."""
    a, y = matrix(b, matrix_, "MatrixTriangularSolve", square=True), matrix(b, rhs, "MatrixTriangularSolve")

    if isinstance(a, Value) and eliminations.fits(b, a):
        return eliminations.substituted(b, transposed(b, a) if adjoint else a, y, bool(lower) != bool(adjoint))

    def solved(left: Array, right: Array) -> Array:
        return substituted(conjugate_transpose(left) if adjoint else left, right, bool(lower) != bool(adjoint))

    return step(b, "MatrixTriangularSolve", [a, y], [_result(a, y)], solved)[0]


@matrices("BandedTriangularSolve")
def banded_solve(b: Builder, matrix_: Operand, rhs: Operand, lower: bool = True, adjoint: bool = False) -> Any:
    """The same for a of a few diagonals (..., diagonals, size), by rows of a: the main one first (lower) or last (upper)."""
    bands, y = matrix(b, matrix_, "BandedTriangularSolve"), matrix(b, rhs, "BandedTriangularSolve")

    def solved(left: Array, right: Array) -> Array:
        count, size = left.shape[-2:]
        a = np.zeros((*left.shape[:-2], size, size), left.dtype)
        for d in range(count):
            below = d if lower else count - 1 - d
            places = np.arange(below, size)
            if lower:
                a[..., places, places - below] = left[..., d, below:]
            else:
                a[..., places - below, places] = left[..., d, : size - below]
        return substituted(conjugate_transpose(a) if adjoint else a, right, bool(lower) != bool(adjoint))

    return step(b, "BandedTriangularSolve", [bands, y], [_result(bands, y)], solved)[0]


@matrices("MatrixSolveLs", "BatchMatrixSolveLs")
def least_squares(b: Builder, matrix_: Operand, rhs: Operand, l2_regularizer: Operand, fast: bool = True) -> Any:
    """The x with the least |a x - rhs|^2 + l2 |x|^2; where that is not one, fast fails and the other way gives the shortest."""
    a, y = matrix(b, matrix_, "MatrixSolveLs"), matrix(b, rhs, "MatrixSolveLs")

    def solved(left: Array, right: Array, l2: Array) -> Array:
        rows, columns = left.shape[-2:]
        weight, turned = float(l2.reshape(-1)[0]), conjugate_transpose(left)
        if fast and rows >= columns:
            return np.linalg.solve(turned @ left + weight * np.eye(columns, dtype=left.dtype), turned @ right)
        if fast:
            return np.asarray(turned @ np.linalg.solve(left @ turned + weight * np.eye(rows, dtype=left.dtype), right))
        return np.linalg.pinv(left, rcond=np.finfo(left.dtype).eps * max(rows, columns)) @ right

    return step(b, "MatrixSolveLs", [a, y, tensor(b, l2_regularizer, "float64")], [_result(a, y)], solved)[0]


# -- three diagonals --------------------------------------------------------------------------------------------------


@matrices("TridiagonalSolve")
def tridiagonal_solve(b: Builder, diagonals: Operand, rhs: Operand, partial_pivoting: bool = True, perturb_singular: bool = False) -> Any:
    """The x of a x = rhs for a of three diagonals (..., 3, size): above, on and below the main one."""
    d, y = matrix(b, diagonals, "TridiagonalSolve"), matrix(b, rhs, "TridiagonalSolve")
    if d.shape[-2] not in (3, None):
        raise ModelError(f"TridiagonalSolve of diagonals of shape {d.shape}")
    if perturb_singular:
        raise UnsupportedAttribute("TridiagonalSolve with perturb_singular=True")

    def solved(bands: Array, right: Array) -> Array:
        size = bands.shape[-1]
        a, places = np.zeros((*bands.shape[:-2], size, size), bands.dtype), np.arange(size)
        a[..., places, places] = bands[..., 1, :]
        a[..., places[:-1], places[1:]] = bands[..., 0, :-1]
        a[..., places[1:], places[:-1]] = bands[..., 2, 1:]
        return np.linalg.solve(a, right)

    return step(b, "TridiagonalSolve", [d, y], [_result(d, y)], solved)[0]


@matrices("TridiagonalMatMul")
def tridiagonal_product(b: Builder, superdiag: Operand, maindiag: Operand, subdiag: Operand, rhs: Operand) -> Any:
    """a x for a of three diagonals (..., 1, size) and x (..., size, columns)."""
    above, main, below, x = (operand(b, v) for v in (superdiag, maindiag, subdiag, rhs))

    def product(above: Array, main: Array, below: Array, x: Array) -> Array:
        y = np.swapaxes(main, -1, -2) * x
        y[..., :-1, :] += np.swapaxes(above, -1, -2)[..., :-1, :] * x[..., 1:, :]
        y[..., 1:, :] += np.swapaxes(below, -1, -2)[..., 1:, :] * x[..., :-1, :]
        return y

    return step(b, "TridiagonalMatMul", [above, main, below, x], [Result(x.shape)], product)[0]
