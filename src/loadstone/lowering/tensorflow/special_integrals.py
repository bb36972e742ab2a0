"""Integrals that are functions of their own, in numpy, in double precision: error function, Dawson, Fresnel, exponential, Spence.

Formulas: DLMF chapters 6, 7 and 25; Dawson's integral by G. Rybicki's method (Computers in Physics 3, 1989); the start of `ndtri` by
P. Acklam. What is outside of domains is as in Eigen's SpecialFunctionsImpl.h and TensorFlow's cwise_ops.h.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from loadstone.lowering.keras.special import NEAR_TAIL, TAIL
from loadstone.lowering.tensorflow.special_bessel import EULER
from loadstone.lowering.tensorflow.special_gammas import BERNOULLI

Array = np.ndarray[Any, Any]
_MIDDLE = (
    (-3.969683028665376e01, 2.209460984245205e02, -2.759285104469687e02, 1.383577518672690e02, -3.066479806614716e01, 2.506628277459239),
    (-5.447609879822406e01, 1.615858368580409e02, -1.556989798598866e02, 6.680131188771972e01, -1.328068155288572e01, 1.0),
)
_END = (
    (-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783),
    (7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996, 3.754408661907416, 1.0),
)


def erfc(x: Array) -> Array:
    """1 - erf(x), to full relative precision for large x as well."""
    small = np.clip(x, -1.25, 1.25)
    term = total = small
    for k in range(1, 30):
        term = term * (2 * small * small) / (2 * k + 1)
        total = total + term
    near = 1 - 2 / sqrt(pi) * np.exp(-small * small) * total
    size = np.clip(np.abs(x), 1.25, 30)
    s = 1 / (size * size)
    rest = np.where(size < 1 / 0.35, _ratio(s, NEAR_TAIL), _ratio(s, TAIL))
    high = size.astype(np.float32).astype(np.float64)  # whose square is exact
    tail = np.exp(-high * high - 0.5625) * np.exp((high - size) * (high + size) + rest) / size
    return np.where(np.abs(x) < 1.25, near, np.where(x > 0, tail, 2 - tail))


def _ratio(x: Array, coefficients: Any) -> Array:
    above, below = coefficients
    return np.asarray(np.polyval(above[::-1], x) / np.polyval(below[::-1], x))


def ndtri(p: Array) -> Array:
    """The x below which a share p of the normal distribution lies; NaN outside 0 to 1."""
    inside = (p > 0) & (p < 1)
    q = np.where(inside, p, 0.5)
    tail = np.minimum(q, 1 - q)
    root = np.sqrt(-2 * np.log(np.where(tail < 0.02425, tail, 0.02)))
    x = np.polyval(_END[0], root) / np.polyval(_END[1], root)
    half = q - 0.5
    middle = half * np.polyval(_MIDDLE[0], half * half) / np.polyval(_MIDDLE[1], half * half)
    x = np.where(tail < 0.02425, np.where(q < 0.5, x, -x), middle)
    for _ in range(2):
        below = x < 0
        error = np.where(below, 0.5 * erfc(-x / sqrt(2)) - q, (1 - q) - 0.5 * erfc(x / sqrt(2)))
        step = error * sqrt(2 * pi) * np.exp(x * x / 2)
        x = x - step / (1 + x * step / 2)
    return np.where(inside, x, np.where(p == 0, -np.inf, np.where(p == 1, np.inf, np.nan)))


def dawson(x: Array) -> Array:
    """exp(-x^2) times the integral of exp(t^2) from 0 to x."""
    size = np.abs(x)
    small = np.minimum(size, 0.5)
    term = total = small
    for k in range(1, 20):
        term = -term * (2 * small * small) / (2 * k + 1)
        total = total + term
    h = 0.2
    large = np.where(np.isfinite(size), np.maximum(size, 0.5), 1)
    start = 2 * np.round(large / (2 * h))
    rest = large - start * h
    far = np.zeros_like(large)
    for n in range(-35, 36, 2):
        far += np.exp(-((rest - n * h) ** 2)) / (start + n)
    found = np.where(size < 0.5, total, np.where(np.isinf(size), 0, far / sqrt(pi)))
    found = np.where(np.isnan(x), np.nan, found)
    return np.where(x < 0, -found, found)


def fresnel(x: Array) -> tuple[Array, Array]:
    """The integrals of cos(pi t^2 / 2) and sin(pi t^2 / 2) from 0 to x."""
    size = np.abs(x)
    near = np.minimum(np.where(np.isnan(size), 0, size), 6)
    nodes, weights = np.polynomial.legendre.leggauss(64)
    cosine, sine = np.zeros_like(near), np.zeros_like(near)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        angle = pi / 2 * (near * node) ** 2
        cosine += weight * np.cos(angle)
        sine += weight * np.sin(angle)
    far = np.where(np.isfinite(size), np.maximum(size, 6), 6)
    square = pi * far * far
    f, g, term = np.zeros_like(far), np.zeros_like(far), np.ones_like(far)
    for m in range(20):
        sign = -1.0 if m % 4 > 1 else 1.0
        f, g = (f + sign * term, g) if m % 2 == 0 else (f, g + sign * term)
        term = term * (2 * m + 1) / square
    angle = pi / 2 * np.fmod(far * far, 4)
    f, g = f / (pi * far), g / (pi * far)
    pair = []
    for inner, outer in ((cosine, f * np.sin(angle) - g * np.cos(angle)), (sine, -f * np.cos(angle) - g * np.sin(angle))):
        found = np.where(size <= 6, near * inner, np.where(np.isinf(size), 0.5, 0.5 + outer))
        pair.append(np.where(np.isnan(x), np.nan, np.where(x < 0, -found, found)))
    return pair[0], pair[1]


def exponential_integral(x: Array) -> Array:
    """Ei(x), the integral of exp(t) / t up to x; minus infinity at 0, NaN below."""
    near = np.where((x > 0) & (x < 40), x, 1.0)
    term, total = np.ones_like(near), np.zeros_like(near)
    for k in range(1, 140):
        term = term * near / k
        total = total + term / k
    small = EULER + np.log(near) + total
    far = np.maximum(x, 40)
    term = series = np.ones_like(far)
    for k in range(1, 40):
        term = term * k / far
        series = series + term
    found = np.where(x < 40, small, np.where(np.isinf(x), np.nan, np.exp(far) / far * series))
    return np.where(x > 0, found, np.where(x == 0, -np.inf, np.nan))


def spence(x: Array) -> Array:
    """The integral of log(t) / (1 - t) from 1 to x, which is the dilogarithm of 1 - x; NaN below 0."""
    inside = np.where((x > 0) & np.isfinite(x), x, 1.0)
    large = inside > 2
    y = np.where(large, 1 / inside, inside)
    low = y < 0.5
    z = np.where(low, 1 - y, y)
    found = _dilogarithm(-np.log(z))
    found = np.where(low, pi * pi / 6 - np.log(y) * np.log1p(-np.where(low, y, 0)) - found, found)
    found = np.where(large, -0.5 * np.log(inside) ** 2 - found, found)
    return np.where(x > 0, np.where(np.isinf(x), np.nan, found), np.where(x == 0, pi * pi / 6, np.nan))


def _dilogarithm(u: Array) -> Array:
    """The sum of B_k u^(k+1) / (k+1)!, |u| < 1."""
    total = u - u * u / 4
    term = u * u * u / 6
    for k, bernoulli in enumerate(BERNOULLI, 1):
        total = total + bernoulli * term
        term = term * u * u / ((2 * k + 2) * (2 * k + 3))
    return total
