"""Singular value decompositions with the signs that TensorFlow gives them, of stacks of small matrices.

Singular vectors are as good with the other sign, both of a pair at once. This takes the steps of Eigen's `JacobiSVD`, which TensorFlow
runs on a CPU for matrices of less than 16 columns: Householder reflections with exchanged columns where the matrix is not square, then
rotations of two rows and two columns at a time, in the type of the matrix, until all but the diagonal is nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

COLUMNS = 16  # from here on Eigen divides and conquers
_SWEEPS = 200
Array = np.ndarray[Any, Any]


def jacobi_svd(a: Array, full: bool) -> tuple[Array, Array, Array]:
    """U (batch, rows, n), singular values (batch, n), descending, and V (batch, columns, n) of finite a (batch, rows, columns)."""
    rows, columns = a.shape[-2:]
    scale = np.abs(a).max(axis=(-1, -2), initial=0)
    scale = np.where(scale == 0, 1, scale).astype(a.real.dtype)
    work = a / scale[:, None, None]
    if columns > rows:
        work, v, u = _reduced(_adjoint(work), full)
        work = _adjoint(work)
    elif rows > columns:
        work, u, v = _reduced(work, full)
    else:
        u, v = (np.broadcast_to(np.eye(rows, dtype=a.dtype), a.shape).copy() for _ in range(2))
    _rotated(work, u, v)
    diagonal = np.diagonal(work, axis1=-2, axis2=-1).copy()
    count = diagonal.shape[-1]
    values = np.abs(diagonal)
    if np.iscomplexobj(a):
        turn = np.where(
            np.abs(diagonal.imag) > np.finfo(values.dtype).tiny, diagonal / np.where(values == 0, 1, values), np.sign(diagonal.real)
        )
    else:
        turn = np.sign(diagonal)
    u[..., :count] *= np.where(turn == 0, 1, turn)[:, None, :]
    for i in range(count):
        place = i + np.argmax(values[:, i:], axis=1)
        for x in (values[:, None, :], u, v):
            _exchange(x, i, place)
    return u, values * scale[:, None], v


def _adjoint(x: Array) -> Array:
    return np.conj(np.swapaxes(x, -1, -2))


def _exchange(x: Array, i: int, places: Array) -> None:
    """Exchange column i of each matrix with another, in place."""
    every = np.arange(len(x))
    one, other = x[:, :, i].copy(), x[every, :, places].copy()
    x[every, :, places] = one
    x[:, :, i] = other


def _reduced(a: Array, full: bool) -> tuple[Array, Array, Array]:
    """R (batch, n, n), Q (batch, rows, rows or n) and the permutation of columns of a (batch, rows, n), rows > n: `ColPivHouseholderQR`."""
    batch, rows, count = a.shape
    r = a.copy()
    permutation = np.broadcast_to(np.eye(count, dtype=a.dtype), (batch, count, count)).copy()
    reflections = []
    for k in range(count):
        place = k + np.argmax((np.abs(r[:, k:, k:]) ** 2).sum(1), axis=1)
        _exchange(r, k, place)
        _exchange(permutation, k, place)
        head, tail = r[:, k, k].copy(), r[:, k + 1 :, k].copy()
        rest = (np.abs(tail) ** 2).sum(1)
        nothing = (rest <= np.finfo(rest.dtype).tiny) & (np.imag(head) == 0)
        beta = np.sqrt(np.abs(head) ** 2 + rest)
        beta = np.where(nothing, head.real, np.where(head.real >= 0, -beta, beta)).astype(rest.dtype)
        below = np.where(nothing, 1, head - beta)
        v = np.concatenate([np.ones((batch, 1), a.dtype), np.where(nothing[:, None], 0, tail / below[:, None])], 1)
        tau = np.where(nothing, 0, np.conj((beta - head) / np.where(beta == 0, 1, beta)))
        _reflect(r[:, k:, k:], v, tau)
        reflections.append((k, v, tau))
    q = np.broadcast_to(np.eye(rows, rows if full else count, dtype=a.dtype), (batch, rows, rows if full else count)).copy()
    for k, v, tau in reversed(reflections):
        _reflect(q[:, k:], v, np.conj(tau))
    return np.triu(r[:, :count]), q, permutation


def _reflect(x: Array, v: Array, tau: Array) -> None:
    """(1 - tau v v*) x, in place."""
    x -= tau[:, None, None] * v[:, :, None] * (np.conj(v)[:, None, :] @ x)


def _rotated(work: Array, u: Array, v: Array) -> None:
    """Make `work` diagonal by rotations, in place; u and v keep u work v* what it is."""
    info = np.finfo(work.real.dtype)
    count = work.shape[-1]
    largest = np.abs(np.diagonal(work, axis1=-2, axis2=-1)).max(axis=-1, initial=0)
    for _ in range(_SWEEPS):
        moved = False
        for p in range(1, count):
            for q in range(p):
                edge = np.maximum(info.tiny, 2 * info.eps * largest)
                turn = (np.abs(work[:, p, q]) > edge) | (np.abs(work[:, q, p]) > edge)
                if not turn.any():
                    continue
                moved = True
                if np.iscomplexobj(work):
                    _made_real(work, u, v, p, q, turn)
                    largest = np.where(turn, np.maximum(largest, np.maximum(np.abs(work[:, p, p]), np.abs(work[:, q, q]))), largest)
                    edge = np.maximum(info.tiny, 2 * info.eps * largest)
                    turn &= (np.abs(work[:, p, q]) > edge) | (np.abs(work[:, q, p]) > edge)
                left, right = _rotations(work.real, p, q, turn)
                _from_left(work, p, q, *left)
                _from_right(u, p, q, left[0], -left[1])
                _from_right(work, p, q, *right)
                _from_right(v, p, q, *right)
                largest = np.where(turn, np.maximum(largest, np.maximum(np.abs(work[:, p, p]), np.abs(work[:, q, q]))), largest)
        if not moved:
            return
    raise np.linalg.LinAlgError("the singular values did not converge")


def _from_left(x: Array, p: int, q: int, c: Array, s: Array) -> None:
    """Rotate two rows."""
    one, other = x[:, p].copy(), x[:, q].copy()
    x[:, p] = c[:, None] * one + np.conj(s)[:, None] * other
    x[:, q] = -s[:, None] * one + np.conj(c)[:, None] * other


def _from_right(x: Array, p: int, q: int, c: Array, s: Array) -> None:
    """Rotate two columns."""
    one, other = x[:, :, p].copy(), x[:, :, q].copy()
    x[:, :, p] = c[:, None] * one - s[:, None] * other
    x[:, :, q] = np.conj(s)[:, None] * one + np.conj(c)[:, None] * other


def _rotations(m: Array, p: int, q: int, turn: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Cosine and sine of the rotations from the left and from the right that make two rows and columns diagonal: `real_2x2_jacobi_svd`."""
    tiny = np.finfo(m.dtype).tiny
    a, b, c, d = m[:, p, p], m[:, p, q], m[:, q, p], m[:, q, q]
    total, difference = a + d, c - b
    even = np.abs(difference) < tiny
    u = total / np.where(even, 1, difference)
    length = np.sqrt(1 + u * u)
    c1, s1 = np.where(even, 1, u / length), np.where(even, 0, 1 / length)
    x, y, z = c1 * a + s1 * c, c1 * b + s1 * d, -s1 * b + c1 * d
    double = 2 * np.abs(y)
    flat = double < tiny
    tau = (x - z) / np.where(flat, 1, double)
    w = np.sqrt(tau * tau + 1)
    t = 1 / np.where(tau > 0, tau + w, tau - w)
    n = 1 / np.sqrt(t * t + 1)
    c2, s2 = np.where(flat, 1, n), np.where(flat, 0, -np.where(t > 0, 1, -1) * np.sign(y) * np.abs(t) * n)
    left = (c1 * c2 + s1 * s2, s1 * c2 - c1 * s2)  # the first rotation and the transposed second
    kept = [(np.where(turn, c, 1).astype(m.dtype), np.where(turn, s, 0).astype(m.dtype)) for c, s in (left, (c2, s2))]
    return kept[0], kept[1]


def _made_real(work: Array, u: Array, v: Array, p: int, q: int, turn: Array) -> None:
    """Turn two rows and columns so that where they meet are real numbers: `svd_precondition_2x2_block_to_be_real`."""
    tiny = np.finfo(work.real.dtype).tiny
    n = np.sqrt(np.abs(work[:, p, p]) ** 2 + np.abs(work[:, q, p]) ** 2)
    empty = n == 0
    safe = np.where(empty, 1, n)
    usual = turn & ~empty
    c = np.where(usual, np.conj(work[:, p, p]) / safe, 1).astype(work.dtype)
    s = np.where(usual, work[:, q, p] / safe, 0).astype(work.dtype)
    _from_left(work, p, q, c, s)
    _from_right(u, p, q, np.conj(c), -s)
    z = _phase(work[:, p, q], turn, tiny)
    column, row = np.where(usual, z, 1), np.where(turn & empty, z, 1)
    work[:, :, q] *= column[:, None]
    v[:, :, q] *= column[:, None]
    work[:, p] *= row[:, None]
    u[:, :, p] *= np.conj(row)[:, None]
    z = _phase(work[:, q, q], turn, tiny)
    work[:, q] *= z[:, None]
    u[:, :, q] *= np.conj(z)[:, None]


def _phase(x: Array, turn: Array, tiny: Any) -> Array:
    """What makes a number real and positive; 1 for real ones."""
    other = turn & (np.abs(x.imag) > tiny)
    return np.where(other, np.abs(x) / np.where(other, x, 1), 1).astype(x.dtype)
