"""Bessel functions of orders 0 and 1 in numpy, in double precision.

Power series near 0 and asymptotic ones far from it (DLMF 10.8, 10.17, 10.25, 10.31, 10.40); between these the trapezoidal rule over
integrals of periodic or fast falling functions, which converges faster than any power (DLMF 10.9.1, 10.32.9), and Neumann's series
(DLMF 10.23) for those of the second kind.
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
EULER = 0.57721566490153286061
FAR = 30.0  # from where on the asymptotic series hold
_NODES = 128
_ROWS = 1 << 14


def _asymptotic(x: Array, order: int, sign: float) -> Array:
    """The sum of sign^k a_k(order) / x^k up to its least term; x >= FAR."""
    term = total = np.ones_like(x)
    for k in range(1, 30):
        term = term * (sign * (4 * order * order - (2 * k - 1) ** 2) / (8 * k)) / x
        total = total + term
    return total


def _even_odd(x: Array, order: int) -> tuple[Array, Array]:
    """The P and Q of Hankel's expansions."""
    term = np.ones_like(x)
    parts = [np.ones_like(x), np.zeros_like(x)]
    for k in range(1, 30):
        term = term * ((4 * order * order - (2 * k - 1) ** 2) / (8 * k)) / x
        parts[k % 2] = parts[k % 2] + (-term if k % 4 > 1 else term)
    return parts[0], parts[1]


def bessel_i(order: int, scaled: bool, x: Array) -> Array:
    """I_0 or I_1, times exp(-|x|) where scaled."""
    size = np.abs(x)
    near = np.minimum(size, FAR)
    term = (near / 2) ** order
    total = term
    for k in range(1, 90):
        term = term * (near * near / 4) / (k * (k + order))
        total = total + term
    far = np.maximum(size, FAR)
    falling = _asymptotic(far, order, -1) / np.sqrt(2 * pi * far)
    found = np.where(size <= FAR, total * np.exp(-near), falling)
    if not scaled:
        found = np.where(size <= FAR, total, np.exp(far / 2) * falling * np.exp(far / 2))
    found = np.where(np.isinf(size), 0.0 if scaled else np.inf, found)
    return np.where(x < 0, -found, found) if order else found


def bessel_k(order: int, scaled: bool, x: Array) -> Array:
    """K_0 or K_1, times exp(x) where scaled; infinite at 0 and below."""
    near = np.where((x > 0) & (x < 2), x, 1.0)
    small = _k_series(order, near) * (np.exp(near) if scaled else 1)
    middle = np.clip(x, 2, FAR)
    nodes = np.arange(80) * 0.05
    weights = np.where(nodes == 0, 0.5, 1.0) * 0.05 * np.cosh(order * nodes)
    integral = sum(w * np.exp(-middle * (np.cosh(t) - 1)) for t, w in zip(nodes, weights, strict=True))
    far = np.maximum(x, FAR)
    large = np.where(x < FAR, integral, _asymptotic(far, order, 1) * np.sqrt(pi / (2 * far)))
    large = large if scaled else large * np.exp(-np.maximum(x, 2))
    found = np.where(x < 2, small, np.where(np.isinf(x), 0, large))
    return np.where(x <= 0, np.inf, np.where(np.isnan(x), np.nan, found))


def _k_series(order: int, x: Array) -> Array:
    quarter, log = x * x / 4, np.log(x / 2)
    if order == 0:
        term, total, harmonic = np.ones_like(x), np.zeros_like(x), 0.0
        for k in range(1, 20):
            term, harmonic = term * quarter / (k * k), harmonic + 1 / k
            total = total + term * harmonic
        return -(log + EULER) * bessel_i(0, False, x) + total
    term = np.ones_like(x)
    first, second = -EULER, 1 - EULER
    total = term * (first + second)
    for k in range(1, 20):
        term, first, second = term * quarter / (k * (k + 1)), first + 1 / k, second + 1 / (k + 1)
        total = total + term * (first + second)
    return np.asarray(1 / x + log * bessel_i(1, False, x) - x / 4 * total)


def _orders(x: Array) -> Array:
    """J_0 to J_63 of x (n,), 0 <= x <= FAR, as rows (n, 64): a Fourier transform of exp(i x sin t)."""
    angles = np.sin(2 * pi * np.arange(_NODES) / _NODES)
    return np.asarray(np.fft.fft(np.exp(1j * x[:, None] * angles), axis=1).real[:, :64] / _NODES)


def _in_rows(function: Any, x: Array) -> Array:
    flat = x.reshape(-1)
    parts = [function(flat[i : i + _ROWS]) for i in range(0, len(flat), _ROWS)]
    return np.concatenate(parts).reshape(x.shape) if parts else np.zeros(x.shape)


def _j_series(order: int, x: Array) -> Array:
    term = (x / 2) ** order
    total = term
    for k in range(1, 20):
        term = -term * (x * x / 4) / (k * (k + order))
        total = total + term
    return total


def bessel_j(order: int, x: Array) -> Array:
    """J_0 or J_1; NaN of infinity, as Cephes has it."""
    size = np.abs(x)
    near = _j_series(order, np.minimum(size, 2))
    middle = _in_rows(lambda v: _orders(v)[:, order], np.clip(size, 0, FAR))
    far = _hankel(order, np.maximum(size, FAR))[0]
    found = np.where(size < 2, near, np.where(size < FAR, middle, np.where(np.isinf(size), np.nan, far)))
    return np.where(x < 0, -found, found) if order else found


def _hankel(order: int, x: Array) -> tuple[Array, Array]:
    """J and Y of x >= FAR."""
    p, q = _even_odd(x, order)
    finite = np.where(np.isinf(x), FAR, x)
    phase = pi * (order / 2 + 0.25)
    cosine = np.cos(finite) * np.cos(phase) + np.sin(finite) * np.sin(phase)
    sine = np.sin(finite) * np.cos(phase) - np.cos(finite) * np.sin(phase)
    root = np.sqrt(2 / (pi * x))
    return root * (p * cosine - q * sine), root * (p * sine + q * cosine)


def bessel_y(order: int, x: Array) -> Array:
    """Y_0 or Y_1; minus infinity at 0 and below."""
    near = _y_series(order, np.where((x > 0) & (x < 2), x, 1.0))
    middle = _in_rows(lambda v: _neumann(order, v), np.clip(np.where(np.isnan(x), 2, x), 2, FAR))
    far = _hankel(order, np.maximum(x, FAR))[1]
    found = np.where(x < 2, near, np.where(x < FAR, middle, np.where(np.isinf(x), np.nan, far)))
    return np.where(x <= 0, -np.inf, np.where(np.isnan(x), np.nan, found))


def _y_series(order: int, x: Array) -> Array:
    quarter, log = x * x / 4, np.log(x / 2)
    if order == 0:
        term, total, harmonic = np.ones_like(x), np.zeros_like(x), 0.0
        for k in range(1, 20):
            term, harmonic = -term * quarter / (k * k), harmonic + 1 / k
            total = total - term * harmonic
        return 2 / pi * ((log + EULER) * _j_series(0, x) + total)
    first, second = -EULER, 1 - EULER
    term = x / 2
    total = term * (first + second)
    for k in range(1, 20):
        term, first, second = -term * quarter / (k * (k + 1)), first + 1 / k, second + 1 / (k + 1)
        total = total + term * (first + second)
    return -2 / (pi * x) + 2 / pi * log * _j_series(1, x) - total / pi


def _neumann(order: int, x: Array) -> Array:
    j = _orders(x)
    k = np.arange(1, 31)
    signs = np.where(k % 2, -1.0, 1.0)
    log = np.log(x / 2)
    if order == 0:
        return 2 / pi * (log + EULER) * j[:, 0] - 4 / pi * (j[:, 2 * k] * signs / k).sum(1)
    rest = (j[:, 2 * k + 1] * signs * (2 * k + 1) / (k * (k + 1))).sum(1)
    return -2 / (pi * x) * j[:, 0] + 2 / pi * (log - 1 + EULER) * j[:, 1] - 2 / pi * rest
