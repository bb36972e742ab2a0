"""Decompositions and functions of matrices, real and complex: Python steps over stacks of them.

tensorflow/core/ops/linalg_ops.cc and tensorflow/core/kernels/linalg, where Eigen computes them. Eigenvectors of real symmetric
matrices have Eigen's signs (`eigen_eigh`), as have singular vectors of matrices of less than 16 columns (`eigen_svd`); QR has those of
Householder reflections in Eigen and in LAPACK alike. Other eigenvectors and singular vectors have the signs and phases of LAPACK: these
are as good, and not always TensorFlow's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import eigh
from loadstone.lowering.tensorflow import eliminations
from loadstone.lowering.tensorflow.complex_numbers import PART, Complex
from loadstone.lowering.tensorflow.eigen_svd import COLUMNS, jacobi_svd
from loadstone.lowering.tensorflow.matrix_steps import Array, Result, conjugate_transpose, finite, matrices, matrix, step, transposed
from loadstone.lowering.tensorflow.symbols import Operand


def least(x: Any) -> int | None:
    """The smaller of the numbers of rows and columns."""
    rows, columns = x.shape[-2:]
    return None if rows is None or columns is None else min(rows, columns)


@matrices("MatrixInverse", "BatchMatrixInverse")
def inverse(b: Builder, input_: Operand, adjoint: bool = False) -> Any:
    """The inverse, or that of the conjugate transposed."""
    x = matrix(b, input_, "MatrixInverse", square=True)
    if eliminations.fits(b, x):
        found = eliminations.inverse(b, x)
        return transposed(b, found) if adjoint else found
    return step(b, "MatrixInverse", [x], [Result(x.shape)], lambda a: np.linalg.inv(_sound(conjugate_transpose(a) if adjoint else a)))[0]


def _sound(a: Array) -> Array:
    """Matrices that have an inverse."""
    if a.size and not np.isfinite(a).all():
        raise np.linalg.LinAlgError("Input is not invertible.")
    return a


@matrices("MatrixDeterminant", "BatchMatrixDeterminant")
def determinant(b: Builder, input_: Operand) -> Any:
    """Determinants."""
    x = matrix(b, input_, "MatrixDeterminant", square=True)
    if isinstance(x, Value) and x.dtype == "float32" and (x.shape[-1] or 0) > 0:
        return b.Det(x)
    if isinstance(x, Value) and eliminations.fits(b, x):
        sign, log = eliminations.determinant(b, x)
        return b.Mul(sign, b.Exp(log))
    return step(b, "MatrixDeterminant", [x], [Result(x.shape[:-2])], np.linalg.det)[0]


@matrices("LogMatrixDeterminant")
def log_determinant(b: Builder, input_: Operand) -> list[Any]:
    """The signs of determinants and the logarithms of their sizes; these are in the type of the matrices."""
    x = matrix(b, input_, "LogMatrixDeterminant", square=True)
    if isinstance(x, Value) and eliminations.fits(b, x):
        return list(eliminations.determinant(b, x))
    return step(b, "LogMatrixDeterminant", [x], [Result(x.shape[:-2])] * 2, lambda a: tuple(np.linalg.slogdet(a)))


@matrices("Cholesky", "BatchCholesky")
def cholesky(b: Builder, input_: Operand) -> Any:
    """The lower factor of Hermitian matrices, of which the lower triangle is read."""
    x = matrix(b, input_, "Cholesky", square=True)
    if isinstance(x, Value) and eliminations.fits(b, x):
        return eliminations.factor(b, x)
    return step(b, "Cholesky", [x], [Result(x.shape)], _factor)[0]


def _factor(a: Array) -> Array:
    found = np.linalg.cholesky(a) if a.size else a
    if not np.isfinite(found).all():
        raise np.linalg.LinAlgError("Cholesky decomposition was not successful. The input might not be valid.")
    return found


@matrices("Qr")
def qr(b: Builder, input_: Operand, full_matrices: bool = False) -> list[Any]:
    """Q and R; all columns of Q where full."""
    x = matrix(b, input_, "Qr")
    (rows, columns), inner = x.shape[-2:], x.shape[-2] if full_matrices else least(x)
    shapes = [(*x.shape[:-2], rows, inner), (*x.shape[:-2], inner, columns)]
    mode: Any = "complete" if full_matrices else "reduced"
    return step(b, "Qr", [x], [Result(s) for s in shapes], lambda a: tuple(np.linalg.qr(a, mode=mode)))


@matrices("Svd", "BatchSvd")
def svd(b: Builder, input_: Operand, compute_uv: bool = True, full_matrices: bool = False) -> list[Any]:
    """Singular values, descending, and the matrices U and V whose columns belong to them."""
    x = matrix(b, input_, "Svd")
    (rows, columns), lead, count = x.shape[-2:], x.shape[:-2], least(x)
    values = Result((*lead, count))
    if not compute_uv:
        found = step(b, "Svd", [x], [values], lambda a: _finite_or_nan(a, lambda v: (np.linalg.svd(v, compute_uv=False),)))
        return [*found, _nothing(b, x), _nothing(b, x)]

    def decomposed(a: Array) -> tuple[Array, ...]:
        if 0 < a.shape[-1] < COLUMNS and a.size:
            parts = jacobi_svd(a.reshape(-1, *a.shape[-2:]), bool(full_matrices))
            u, s, v = (y.reshape(*a.shape[:-2], *y.shape[1:]) for y in parts)
            return s, u, v
        u, s, vt = np.linalg.svd(a, full_matrices=bool(full_matrices))
        return s, u, conjugate_transpose(vt)

    shapes = [(*lead, rows, rows if full_matrices else count), (*lead, columns, columns if full_matrices else count)]
    return step(b, "Svd", [x], [values, *(Result(shape) for shape in shapes)], lambda a: _finite_or_nan(a, decomposed))


def _finite_or_nan(a: Array, function: Any) -> tuple[Array, ...]:
    """The results of a decomposition, NaN for matrices that are not finite."""
    wild = ~np.isfinite(a).all(axis=(-1, -2))
    found = function(np.where(wild[..., None, None], np.zeros((), a.dtype), a))
    return tuple(np.where(wild[(..., *[None] * (y.ndim - wild.ndim))], np.nan, y) for y in found)


@matrices("SelfAdjointEigV2", "BatchSelfAdjointEigV2")
def self_adjointeig(b: Builder, input_: Operand, compute_v: bool = True) -> list[Any]:
    """Eigenvalues, ascending, and eigenvectors of Hermitian matrices, of which the lower triangle is read."""
    x = matrix(b, input_, "SelfAdjointEigV2", square=True)
    found = step(b, "SelfAdjointEigV2", [x], [Result(x.shape[:-1]), Result(x.shape)], _eigen)
    return found if compute_v else [found[0], _nothing(b, x)]


def _nothing(b: Builder, x: Any) -> Any:
    """No vectors, where they are not wanted."""
    nothing = b.const(np.zeros((0,)), PART.get(x.dtype, x.dtype))
    return Complex(nothing, nothing) if isinstance(x, Complex) else nothing


@matrices("SelfAdjointEig", "BatchSelfAdjointEig")
def self_adjointeig_in_one(b: Builder, input_: Operand) -> Any:
    """Eigenvalues in the first row, and below it the eigenvectors."""
    x = matrix(b, input_, "SelfAdjointEig", square=True)
    size = x.shape[-1]
    shape = (*x.shape[:-2], None if size is None else size + 1, size)

    def decomposed(a: Array) -> Array:
        values, vectors = _eigen(a)
        return np.concatenate([values[..., None, :], vectors], -2)

    return step(b, "SelfAdjointEig", [x], [Result(shape)], decomposed)[0]


def _eigen(a: Array) -> tuple[Array, Array]:
    if not np.isfinite(a).all():
        raise np.linalg.LinAlgError("Self-adjoint eigen decomposition was not successful. The input might not be valid.")
    if np.iscomplexobj(a):
        values, vectors = np.linalg.eigh(a) if a.size else (np.zeros(a.shape[:-1]), a)
        return values.astype(a.dtype), vectors
    values, vectors = np.empty(a.shape[:-1], a.dtype), np.empty_like(a)
    for place in np.ndindex(a.shape[:-2]):
        values[place], vectors[place] = eigh(a[place])
    return values, vectors


@matrices("Eig")
def eig(b: Builder, input_: Operand, compute_v: bool = True, Tout: str = "complex64") -> list[Any]:
    """Eigenvalues of any matrices, and vectors of length 1 that belong to them; both complex."""
    x = matrix(b, input_, "Eig", square=True)
    if Tout not in PART:
        raise UnsupportedAttribute(f"Eig with Tout={Tout!r}")
    results = [Result(x.shape[:-1], Tout), *([Result(x.shape, Tout)] if compute_v else [])]

    def decomposed(a: Array) -> tuple[Array, ...]:
        finite(a)
        found = np.linalg.eig(a) if compute_v else (np.linalg.eigvals(a),)
        return tuple(np.asarray(y, Tout) for y in found)

    found = step(b, "Eig", [x], results, decomposed)
    if compute_v:
        return found
    nothing = b.const(np.zeros((0,)), PART[Tout])
    return [*found, Complex(nothing, nothing)]


@matrices("Lu")
def lu(b: Builder, input_: Operand, output_idx_type: str = "int32") -> list[Any]:
    """L below the diagonal and U on and above it, and which row of the matrix each row of them is."""
    x = matrix(b, input_, "Lu", square=True)
    return step(b, "Lu", [x], [Result(x.shape), Result(x.shape[:-1], output_idx_type)], _lu)


def _lu(a: Array) -> tuple[Array, Array]:
    a, order = a.copy(), np.broadcast_to(np.arange(a.shape[-1]), a.shape[:-1]).copy()
    for place in np.ndindex(a.shape[:-2]):
        one, rows = a[place], order[place]
        for i in range(len(one)):
            pivot = i + int(np.argmax(np.abs(one[i:, i])))
            if not abs(one[pivot, i]) > 0:
                raise np.linalg.LinAlgError("Input is not invertible.")
            one[[i, pivot]], rows[[i, pivot]] = one[[pivot, i]], rows[[pivot, i]]
            one[i + 1 :, i] /= one[i, i]
            one[i + 1 :, i + 1 :] -= np.outer(one[i + 1 :, i], one[i, i + 1 :])
    return a, order


# -- functions of matrices --------------------------------------------------------------------------------------------


@matrices("MatrixExponential")
def exponential(b: Builder, input_: Operand) -> Any:
    """The sum of powers over factorials."""
    x = matrix(b, input_, "MatrixExponential", square=True)
    return step(b, "MatrixExponential", [x], [Result(x.shape)], _each(matrix_exponential))[0]


@matrices("MatrixLogarithm")
def logarithm(b: Builder, input_: Operand) -> Any:
    """The matrix whose exponential is the given one."""
    x = matrix(b, input_, "MatrixLogarithm", square=True)
    return step(b, "MatrixLogarithm", [x], [Result(x.shape)], _each(matrix_logarithm))[0]


@matrices("MatrixSquareRoot")
def square_root(b: Builder, input_: Operand) -> Any:
    """The matrix whose square is the given one."""
    x = matrix(b, input_, "MatrixSquareRoot", square=True)
    return step(b, "MatrixSquareRoot", [x], [Result(x.shape)], _each(matrix_square_root))[0]


def _each(function: Any) -> Any:
    def of(a: Array) -> Array:
        made = np.empty_like(a)
        for place in np.ndindex(a.shape[:-2]):
            wide = a[place].astype(np.complex128 if np.iscomplexobj(a) else np.float64)
            made[place] = _in_type(function(finite(wide)), a.dtype) if wide.size else wide
        return made

    return of


def _in_type(x: Array, dtype: Any) -> Array:
    """Results of complex arithmetic in a type that may be real."""
    return (x if np.dtype(dtype).kind == "c" or not np.iscomplexobj(x) else x.real).astype(dtype)


def matrix_exponential(a: Array) -> Array:
    """By Pade's approximant of degree 13, scaling and squaring (N. Higham, 2005)."""
    norm = np.abs(a).sum(0).max()
    times = max(0, int(np.ceil(np.log2(norm / 5.4)))) if norm > 0 else 0
    if times > 1000:
        raise np.linalg.LinAlgError("the exponential of a matrix that large")
    a = a / 2.0**times
    c = [64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600, 670442572800,
         33522128640, 1323241920, 40840800, 960960, 16380, 182, 1]  # fmt: skip
    one, a2 = np.eye(len(a)), a @ a
    a4 = a2 @ a2
    a6 = a2 @ a4
    u = a @ (a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2) + c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * one)
    v = a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2) + c[6] * a6 + c[4] * a4 + c[2] * a2 + c[0] * one
    found = np.linalg.solve(v - u, v + u)
    for _ in range(times):
        found = found @ found
    return np.asarray(found)


def matrix_square_root(a: Array) -> Array:
    """By the product form of Denman and Beavers' iteration (S. Cheng, N. Higham and others, 2001)."""
    y: Array = a.astype(np.complex128)
    m: Array = y
    one = np.eye(len(a))
    for _ in range(100):
        inverse = np.linalg.inv(m)
        scale = np.abs(np.linalg.det(m)) ** (-1 / (2 * len(a))) if np.abs(m - one).max() > 1e-2 else 1.0
        if not np.isfinite(scale) or scale == 0:
            scale = 1.0
        y = 0.5 * scale * y @ (one + inverse / scale**2)
        m = 0.5 * (one + (scale**2 * m + inverse / scale**2) / 2)
        if np.abs(m - one).max() < 1e-14 * len(a):
            return y
        if not np.isfinite(m).all():
            break
    if np.abs(m - one).max() < 1e-8:
        return y
    raise np.linalg.LinAlgError("a matrix without a square root that can be found")


def matrix_logarithm(a: Array) -> Array:
    """Square roots until the matrix is near 1, then a quadrature of the integral of (A - 1) (t (A - 1) + 1)^-1."""
    one, times = np.eye(len(a), dtype=np.complex128), 0
    while np.abs(a - one).sum(0).max() > 0.25 and times < 60:
        a, times = matrix_square_root(a), times + 1
    nodes, weights = np.polynomial.legendre.leggauss(16)
    rest = a - one
    total = sum(w / 2 * np.linalg.solve((t + 1) / 2 * rest + one, rest) for t, w in zip(nodes, weights, strict=True))
    return np.asarray(total * 2.0**times)
