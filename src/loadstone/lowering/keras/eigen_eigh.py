"""Eigenvectors of symmetric matrices with the signs that TensorFlow gives them.

An eigenvector is as good with the other sign, and those of an eigenvalue that occurs twice are any of a plane, so another algorithm
gives other numbers. This one takes the steps of Eigen's `SelfAdjointEigenSolver`, which TensorFlow runs on a CPU: Householder
reflections to three diagonals, then implicit QR steps with Wilkinson's shift, in the dtype of the matrix; only the lower triangle is
read. The signs hang on the last bits, so sums have the order that Eigen's code gives them where vectors have 32 bytes; no BLAS is used.
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
        first, rest = column[0], _sum_in_two(column[1:] * column[1:])
        if rest <= tiny:
            beside[i] = first
            continue
        norm = np.sqrt(first * first + rest)
        beta = -norm if first >= 0 else norm
        v = column / (first - beta)
        v[0] = one
        tau = (beta - first) / beta
        block = a[i + 1 :, i + 1 :]
        w = _symmetric_product(block, v, tau, i)
        w += tau * a.dtype.type(-0.5) * _sum_in_four(w * v) * v
        block += np.multiply.outer(-v, w) + np.multiply.outer(-w, v)
        turned = (q[:, i + 1 :] * v).sum(axis=1)
        q[:, i + 1 :] -= np.multiply.outer(turned, tau * v)
        beside[i] = beta
    return a.diagonal().copy(), beside, q


# -- sums in the order of Eigen's code, where a vector register has 32 bytes ----------------------------------------------


def _packs(x: Array) -> tuple[Array, Array]:
    """What fills vector registers, one a row, and the rest."""
    width = 32 // x.itemsize
    end = len(x) // width * width
    return x[:end].reshape(-1, width), x[end:]


def _sum(first: Any, x: Array) -> Any:
    """A number and the elements after it, one by one."""
    return np.add.accumulate(np.concatenate([[first], x]).astype(x.dtype))[-1]


def _across(lanes: Array) -> Any:
    while len(lanes) > 1:
        lanes = lanes[: len(lanes) // 2] + lanes[len(lanes) // 2 :]
    return lanes[0]


def _sum_in_two(x: Array) -> Any:
    """Every second register apart, as `redux_impl` sums."""
    packs, rest = _packs(x)
    if not len(packs):
        return _sum(x[0], x[1:]) if len(x) else x.dtype.type(0)
    paired = packs[: max(1, len(packs) // 2 * 2)]
    lanes = np.add.accumulate(paired[::2], axis=0)[-1]
    if len(packs) > 1:
        lanes = lanes + np.add.accumulate(paired[1::2], axis=0)[-1]
        lanes = lanes + packs[-1] if len(packs) % 2 else lanes
    return _sum(_across(lanes), rest)


def _sum_in_four(x: Array) -> Any:
    """Every fourth register apart, as `inner_product_impl` sums."""
    packs, rest = _packs(x)
    if not len(packs):
        return _sum(x[0], x[1:])
    lanes = [np.add.accumulate(packs[k::4], axis=0)[-1] for k in range(min(4, len(packs)))]
    while len(lanes) > 1:
        last = lanes.pop()
        lanes[-1] = lanes[-1] + last
    return _sum(_across(lanes[0]), rest)


def _symmetric_product(a: Array, v: Array, factor: Any, place: int) -> Array:
    """factor * a v, of a's lower triangle, as `selfadjoint_matrix_vector_product` does it.

    All columns but the last go in pairs, several rows at once from the first one on whose result, `place` numbers behind an aligned
    address, is aligned.
    """
    n, width = len(a), 32 // a.itemsize
    y = np.zeros(n, a.dtype)
    paired = max(0, n - 8) & ~1
    for j in range(0, paired, 2):
        t, u = factor * v[j], factor * v[j + 1]
        y[j] += a[j, j] * t
        y[j + 1] += a[j + 1, j + 1] * u
        y[j + 1] += a[j + 1, j] * t
        left, right, below = a[j + 2 :, j], a[j + 2 :, j + 1], y[j + 2 :]
        start = min(-(place + j + 2) % width, len(below))
        end = start + (len(below) - start) // width * width
        packed = left * t + (right * u + below)
        below += left * t + right * u
        below[start:end] = packed[start:end]
        y[j] += factor * _dot(left, v[j + 2 :], start, end, a[j + 1, j] * v[j + 1])
        y[j + 1] += factor * _dot(right, v[j + 2 :], start, end, a.dtype.type(0))
    for j in range(paired, n):
        t = factor * v[j]
        y[j] += a[j, j] * t
        y[j + 1 :] += a[j + 1 :, j] * t
        y[j] += factor * _sum(a.dtype.type(0), a[j + 1 :, j] * v[j + 1 :])
    return y


def _dot(x: Array, y: Array, start: int, end: int, before: Any) -> Any:
    """`before` and a sum of products, in registers between two places."""
    products = x * y
    alone = _sum(before, np.concatenate([products[:start], products[end:]]))
    packs, _ = _packs(products[start:end])
    return alone + _across(np.add.accumulate(packs, axis=0)[-1]) if len(packs) else alone


# -- QR steps -----------------------------------------------------------------------------------------------------------


def _diagonalize(diagonal: Array, beside: Array, vectors: Array) -> None:
    """QR steps until what lies beside the diagonal is nothing against it, in place."""
    info, start, end = np.finfo(diagonal.dtype), 0, len(diagonal) - 1
    inverse = diagonal.dtype.type(1) / info.eps
    for _ in range(_STEPS_PER_ROW * len(diagonal)):
        for i in range(start, end):
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
    half, side, shift = (diagonal[end - 1] - diagonal[end]) * diagonal.dtype.type(0.5), beside[end - 1], diagonal[end]
    if half == 0:
        shift -= abs(side)
    else:
        length = _hypot(abs(half), abs(side))
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


def _hypot(x: Any, y: Any) -> Any:
    """The root of x * x + y * y, as Eigen rounds it."""
    long, short = (x, y) if x > y else (y, x)
    return long * np.sqrt(type(long)(1) + (short / long) * (short / long))


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
