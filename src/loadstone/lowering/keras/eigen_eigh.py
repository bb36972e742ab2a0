"""Eigenvectors of symmetric matrices with the signs that TensorFlow gives them.

An eigenvector is as good with the other sign, so another algorithm gives other numbers. This one takes the steps of Eigen's
`SelfAdjointEigenSolver`, which TensorFlow runs on a CPU: Householder reflections to three diagonals, then implicit QR steps with
Wilkinson's shift, in the dtype of the matrix; only the lower triangle is read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_STEPS_PER_ROW = 30
Array = np.ndarray[Any, Any]


def eigh(matrix: Array) -> tuple[Array, Array]:
    """Eigenvalues in ascending order and the unit vectors that belong to them, as columns."""
    n = len(matrix)
    if n == 0:
        return np.zeros(0, matrix.dtype), matrix
    if n == 1:
        return matrix[0].copy(), np.ones_like(matrix)
    lower = np.tril(matrix)
    scale = np.abs(lower).max() or matrix.dtype.type(1)
    lower = lower / scale
    diagonal, beside, vectors = _three_diagonals(lower + np.tril(lower, -1).T)
    _diagonalize(diagonal, beside, vectors)
    for i in range(n - 1):
        k = i + int(np.argmin(diagonal[i:]))
        diagonal[[i, k]], vectors[:, [i, k]] = diagonal[[k, i]], vectors[:, [k, i]]
    return diagonal * scale, vectors


def _three_diagonals(a: Array) -> tuple[Array, Array, Array]:
    """A symmetric matrix as Q T Q', where T has a diagonal and one on each side of it: these two, and Q."""
    n, one, tiny = len(a), a.dtype.type(1), np.finfo(a.dtype).tiny
    q = np.eye(n, dtype=a.dtype)
    beside = np.zeros(n - 1, a.dtype)
    for i in range(n - 1):
        column = a[i + 1 :, i]
        first, rest = column[0], column[1:] @ column[1:]
        if rest <= tiny:
            beside[i] = first
            continue
        norm = np.sqrt(first * first + rest)
        beta = -norm if first >= 0 else norm
        v = column / (first - beta)
        v[0] = one
        tau = (beta - first) / beta
        block = a[i + 1 :, i + 1 :]
        w = block @ (tau * v)
        w -= tau * a.dtype.type(0.5) * (w @ v) * v
        block -= np.outer(v, w) + np.outer(w, v)
        q[:, i + 1 :] -= np.outer(q[:, i + 1 :] @ v, tau * v)
        beside[i] = beta
    return a.diagonal().copy(), beside, q


def _diagonalize(diagonal: Array, beside: Array, vectors: Array) -> None:
    """QR steps until what lies beside the diagonal is nothing against it, in place."""
    info, end = np.finfo(diagonal.dtype), len(diagonal) - 1
    inverse = diagonal.dtype.type(1) / info.eps
    for _ in range(_STEPS_PER_ROW * len(diagonal)):
        for i in range(end):
            scaled = inverse * beside[i]
            if abs(beside[i]) < info.tiny or scaled * scaled <= abs(diagonal[i]) + abs(diagonal[i + 1]):
                beside[i] = 0
        while end > 0 and beside[end - 1] == 0:
            end -= 1
        if end <= 0:
            return
        start = end - 1
        while start > 0 and beside[start - 1] != 0:
            start -= 1
        _step(diagonal, beside, start, end, vectors)
    raise ArithmeticError("the eigenvalues did not converge")


def _step(diagonal: Array, beside: Array, start: int, end: int, vectors: Array) -> None:
    """One implicit QR step over the rows from start to end."""
    half, side, shift = (diagonal[end - 1] - diagonal[end]) / 2, beside[end - 1], diagonal[end]
    if half == 0:
        shift -= abs(side)
    else:
        length = np.hypot(half, side)
        lever = half + (length if half > 0 else -length)
        square = side * side
        shift -= square / lever if square else side / (lever / side)
    x, z = diagonal[start] - shift, beside[start]
    for k in range(start, end):
        if z == 0:
            return
        c, s = _rotation(x, z)
        upper = s * diagonal[k] + c * beside[k]
        lower = s * beside[k] + c * diagonal[k + 1]
        diagonal[k] = c * (c * diagonal[k] - s * beside[k]) - s * (c * beside[k] - s * diagonal[k + 1])
        diagonal[k + 1] = s * upper + c * lower
        beside[k] = c * upper - s * lower
        if k > start:
            beside[k - 1] = c * beside[k - 1] - s * z
        x = beside[k]
        if k < end - 1:
            z = -s * beside[k + 1]
            beside[k + 1] = c * beside[k + 1]
        left, right = vectors[:, k].copy(), vectors[:, k + 1].copy()
        vectors[:, k], vectors[:, k + 1] = c * left - s * right, s * left + c * right


def _rotation(p: Any, q: Any) -> tuple[Any, Any]:
    """Cosine and sine that turn (p, q) onto the first axis; q is not 0."""
    one = type(p)(1)
    if p == 0:
        return type(p)(0), one if q < 0 else -one
    if abs(p) > abs(q):
        t = q / p
        u = np.sqrt(one + t * t)
        c = one / (-u if p < 0 else u)
        return c, -t * c
    t = p / q
    u = np.sqrt(one + t * t)
    s = -one / (-u if q < 0 else u)
    return -t * s, s
