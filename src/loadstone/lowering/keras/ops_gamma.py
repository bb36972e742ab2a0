"""The gamma function's logarithm and its incomplete integral as functions of `keras.ops`, since Keras 3.16: Python steps.

Semantics and dtypes: keras/src/backend/tensorflow/ops/math.py, tf.math.lgamma and tf.math.igamma. The integral is a power series
or a continued fraction, whichever converges faster (DLMF 8.11.4 and 8.9.2).
"""

from __future__ import annotations

from math import inf, lgamma
from typing import Any

import numpy as np

from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import Array
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.keras.promotion import strong_values
from loadstone.lowering.registry import keras_op
from loadstone.lowering.shapes import broadcast

_TERMS = 10_000


def _log_gamma_of_one(x: float) -> float:
    try:
        return lgamma(x)
    except (ValueError, OverflowError):  # a pole, or too large
        return inf


def log_gamma(x: Array) -> Array:
    """log |gamma(x)| as float64."""
    return np.array([_log_gamma_of_one(float(v)) for v in x.reshape(-1)], np.float64).reshape(x.shape)


def incomplete_gamma(a: Array, x: Array) -> Array:
    """The integral of t^(a-1) exp(-t) from 0 to x over gamma(a), as float64; NaN where x < 0, or a <= 0 and x is not 0."""
    a, x = np.broadcast_arrays(a.astype(np.float64), x.astype(np.float64))
    usual = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    result = np.where((a > 0) & (x > 0), np.where(np.isinf(a), 0.0, 1.0), np.where(x == 0, 0.0, np.nan))
    result = np.where(np.isnan(a) | np.isnan(x) | (np.isinf(a) & np.isinf(x)), np.nan, result)
    below = usual & (x < a + 1)
    above = usual & ~below
    result[below] = _series(a[below], x[below])
    result[above] = 1 - _fraction(a[above], x[above])
    return result


def upper_incomplete_gamma(a: Array, x: Array) -> Array:
    """What the other leaves of 1, to full relative precision where it is small."""
    a, x = np.broadcast_arrays(a.astype(np.float64), x.astype(np.float64))
    result = np.asarray(1 - incomplete_gamma(a, x))
    above = (a > 0) & np.isfinite(a) & np.isfinite(x) & (x >= a + 1)
    result[above] = _fraction(a[above], x[above])
    return result


def _front(a: Array, x: Array) -> Array:
    return np.exp(a * np.log(x) - x - log_gamma(a))


def _series(a: Array, x: Array) -> Array:
    term = total = 1 / a
    for k in range(1, _TERMS):
        term = term * x / (a + k)
        total = total + term
        if not (term > total * 1e-17).any():
            break
    return _front(a, x) * total


def _fraction(a: Array, x: Array) -> Array:
    """By Lentz's method."""
    tiny = 1e-300
    odd = x + 1 - a
    up, down = np.full_like(x, 1 / tiny), 1 / odd
    total = down
    for k in range(1, _TERMS):
        factor, odd = -k * (k - a), odd + 2
        down = factor * down + odd
        up = odd + factor / up
        down, up = 1 / np.where(down == 0, tiny, down), np.where(up == 0, tiny, up)
        total = total * down * up
        if not (abs(down * up - 1) > 1e-16).any():
            break
    return _front(a, x) * total


@keras_op("Lgamma")
def lgamma_op(b: Builder, layer: Layer, x: Any) -> Value:
    """log |gamma(x)|; integers become float32."""
    x = as_float(b, x if isinstance(x, Value) else b.const(x))
    return b.host("Lgamma", lambda v: (log_gamma(v).astype(v.dtype),), [x], [(x.shape, x.dtype)], does=layer)[0]


@keras_op("Gammainc")
def gammainc(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """The regularized lower incomplete gamma function."""
    a, x = strong_values(b, [x1, x2], "float")

    def integral(first: Array, second: Array) -> tuple[Array, ...]:
        with np.errstate(all="ignore"):
            return (incomplete_gamma(first, second).astype(first.dtype),)

    return b.host("Gammainc", integral, [a, x], [(broadcast(a.shape, x.shape), a.dtype)], does=layer)[0]
