"""What rests on singular values, as functions of `keras.ops`: they and pseudo-inverses are the same with every sign of vectors.

Semantics: keras/src/backend/tensorflow/linalg.py of Keras 3 and tf.linalg. A matrix that is not finite has NaN for all results.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import Array
from loadstone.lowering.keras.ops_linalg import given, host, pair, square
from loadstone.lowering.registry import keras_op


def _tame(a: Array) -> tuple[Array, Array]:
    """Matrices with zeros in place of those that are not finite, and which these are."""
    wild = ~np.isfinite(a).all(axis=(-1, -2), keepdims=True)
    return np.where(wild, a.dtype.type(0), a), wild


def singular_values(a: Array) -> Array:
    """Singular values of stacked matrices, descending."""
    tame, wild = _tame(a)
    return np.where(wild[..., 0], np.nan, np.linalg.svd(tame, compute_uv=False)).astype(a.dtype)


@keras_op("SVD", options="full_matrices compute_uv")
def svd(b: Builder, layer: Layer, x: Any) -> Value:
    """Singular values, descending."""
    if layer.config.get("compute_uv", True) is not False:
        raise UnsupportedAttribute("SVD with compute_uv=True: the signs of singular vectors are those of TensorFlow's own algorithm")
    (x,) = given(b, layer, [x])
    rows, columns = x.shape[-2:]
    count = None if rows is None or columns is None else min(rows, columns)
    return host(b, layer, [x], [(*x.shape[:-2], count)], singular_values)[0]


def _inverse(a: Array, rcond: float, inclusive: bool) -> Array:
    tame, wild = _tame(a)
    u, s, vt = np.linalg.svd(tame, full_matrices=False)
    edge = s.dtype.type(rcond) * s.max(axis=-1, keepdims=True, initial=0)
    large = s >= edge if inclusive else s > edge
    inverse = np.where(large, 1 / np.where(large, s, 1), 0).astype(s.dtype)
    y = np.swapaxes(vt, -1, -2) @ (inverse[..., None] * np.swapaxes(u, -1, -2))
    return np.where(wild, np.nan, y)


@keras_op("Pinv", options="rcond")
def pinv(b: Builder, layer: Layer, x: Any) -> Value:
    """The pseudo-inverse; singular values of rcond times the largest and less count as none."""
    (x,) = given(b, layer, [x])
    rcond = layer.config.get("rcond")

    def inverse(a: Array) -> Array:
        return _inverse(a, 10 * max(a.shape[-2:]) * np.finfo(a.dtype).eps if rcond is None else float(rcond), False)

    return host(b, layer, [x], [(*x.shape[:-2], x.shape[-1], x.shape[-2])], inverse)[0]


@keras_op("Lstsq", options="rcond", raw=True)
def lstsq(walk: Any, layer: Layer, call: Any) -> Any:
    """The x with the least |a x - b|, and of several the shortest."""
    from loadstone.lowering.keras.walk import Traced

    a, y = given(walk.b, layer, pair(call))
    if a.rank != 2 or y.rank not in (1, 2):
        raise ModelError(f"Lstsq of tensors of shapes {a.shape} and {y.shape}")
    rcond = layer.config.get("rcond")

    def solved(left: Array, right: Array) -> Array:
        eps = float(np.finfo(left.dtype).eps)
        limit = eps * max(left.shape) if rcond is None else eps if rcond < 0 else float(rcond)
        return _inverse(left, limit, True) @ right

    return Traced(host(walk.b, layer, [a, y], [(a.shape[1], *y.shape[1:])], solved)[0])


@keras_op("MatrixRank", options="tol")
def matrix_rank(b: Builder, layer: Layer, x: Any) -> Value:
    """How many singular values are above tol, as int32."""
    (x,) = given(b, layer, [x])
    tol = layer.config.get("tol")

    def rank(a: Array) -> Array:
        s = singular_values(a)
        edge = np.finfo(a.dtype).eps * max(a.shape[-2:]) * s.max(axis=-1, keepdims=True, initial=0) if tol is None else tol
        return np.sum(s > edge, axis=-1)

    return b.cast(host(b, layer, [x], [x.shape[:-2]], rank)[0], "int32")


@keras_op("Det")
def det(b: Builder, layer: Layer, x: Any) -> Value:
    """Determinants of the matrices in the last two axes."""
    (x,) = given(b, layer, [x])
    square(layer, x)
    return b.Det(x) if x.dtype == "float32" else host(b, layer, [x], [x.shape[:-2]], np.linalg.det)[0]


@keras_op("Slogdet")
def slogdet(b: Builder, layer: Layer, x: Any) -> list[Value]:
    """The signs of determinants and the logarithms of their sizes."""
    (x,) = given(b, layer, [x])
    return list(host(b, layer, [square(layer, x)], [x.shape[:-2], x.shape[:-2]], lambda a: tuple(np.linalg.slogdet(a))))


@keras_op("Logdet")
def logdet(b: Builder, layer: Layer, x: Any) -> Value:
    """The logarithm of the determinant of symmetric positive matrices, of which the lower triangle is read; NaN for others."""
    (x,) = given(b, layer, [x])

    def logarithms(a: Array) -> Array:
        y = np.empty(a.shape[:-2], a.dtype)
        for place in np.ndindex(y.shape):
            try:
                y[place] = 2 * np.log(np.linalg.cholesky(a[place]).diagonal()).sum()
            except np.linalg.LinAlgError:
                y[place] = np.nan
        return y

    return host(b, layer, [square(layer, x)], [x.shape[:-2]], logarithms)[0]


def singular_norm(b: Builder, layer: Layer, x: Value, order: Any, axes: list[int], keep: bool) -> Value:
    """The sum ("nuc"), the largest (2) or the smallest (-2) singular value of the matrices in two axes.

    Kept axes go where Keras puts them: one after the other, by the numbers that the config has.
    """
    given(b, layer, [x])
    rest = [i for i in range(x.rank) if i not in [a % x.rank for a in axes]]
    matrices = b.transpose(x, [*rest, *(a % x.rank for a in axes)])

    def norm(a: Array) -> Array:
        s = singular_values(a)
        return s.sum(axis=-1) if order == "nuc" else s.max(axis=-1) if order == 2 else s.min(axis=-1)

    y = host(b, layer, [matrices], [matrices.shape[:-2]], norm)[0]
    if keep and layer.config.get("keeps_places"):
        axes = sorted(a % x.rank for a in axes)
    for axis in axes if keep else ():
        if not -y.rank - 1 <= axis <= y.rank:
            raise ModelError(f"Norm with ord={order!r}, axis={tuple(axes)} and keepdims=True, which TensorFlow cannot compute")
        y = b.unsqueeze(y, axis % (y.rank + 1))
    return y
