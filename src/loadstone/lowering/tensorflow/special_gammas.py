"""The gamma function and its relatives in numpy, in double precision: logarithm, derivatives, incomplete integrals.

Formulas: DLMF chapters 5, 8 and 25, Lanczos' approximation with the coefficients of P. Godfrey (g = 607/128). What is at poles and
outside of domains is as in Eigen/unsupported/Eigen/src/SpecialFunctions/SpecialFunctionsImpl.h.
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from loadstone.errors import InferenceError

Array = np.ndarray[Any, Any]
MOST = 100_000  # terms of a series whose length depends on the numbers
_G = 607 / 128
_LANCZOS = (
    0.99999999999999709182, 57.156235665862923517, -59.597960355475491248, 14.136097974741747174, -0.49191381609762019978,
    0.33994649984811888699e-4, 0.46523628927048575665e-4, -0.98374475304879564677e-4, 0.15808870322491248884e-3,
    -0.21026444172410488319e-3, 0.21743961811521264320e-3, -0.16431810653676389022e-3, 0.84418223983852743293e-4,
    -0.26190838401581408670e-4, 0.36899182659531622704e-5,
)  # fmt: skip
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)


def log_gamma(x: Array) -> Array:
    """log |gamma(x)|; infinite at 0, -1, -2 ..."""
    left = x < 0.5
    z = np.where(left, 1 - x, x) - 1
    total = np.full_like(z, _LANCZOS[0])
    for k, c in enumerate(_LANCZOS[1:], 1):
        total += c / (z + k)
    t = z + _G + 0.5
    found = np.log(np.sqrt(2 * pi) * total) + ((z + 0.5) * np.log(t) - t)
    found = np.where(z == np.inf, np.inf, found)
    sine = np.abs(np.sin(pi * (x - np.round(x))))
    found = np.where(left, np.log(pi) - np.log(sine) - found, found)
    return np.where(np.isinf(x) | (left & (x == np.floor(x))), np.inf, found)


def digamma(x: Array) -> Array:
    """The derivative of log_gamma; NaN at the poles -1, -2 ..., infinite at 0."""
    left = x <= 0
    z = np.where(left, 1 - x, x)
    shift = np.zeros_like(z)
    for _ in range(10):
        small = z < 10
        shift = np.where(small, shift - 1 / z, shift)
        z = np.where(small, z + 1, z)
    square = 1 / (z * z)
    rest = np.zeros_like(z)
    for k in range(len(BERNOULLI), 0, -1):
        rest = square * (BERNOULLI[k - 1] / (2 * k) + rest)
    found = shift + np.log(z) - 0.5 / z - rest
    fraction = x - np.round(x)
    found = np.where(left, found - pi / np.tan(pi * fraction), found)
    return np.where(left & (x == np.floor(x)), np.nan, found)


def zeta(x: Array, q: Array) -> Array:
    """The sum of (q + k)^-x for k from 0 on, by Euler and Maclaurin's formula. Raises InferenceError for a q far below 0."""
    x, q = np.broadcast_arrays(x, q)
    pole = (q <= 0) & (q == np.floor(q))
    outside = (x < 1) | np.isnan(x) | np.isnan(q) | ((q <= 0) & ~pole & (x != np.floor(x))) | (pole & ~_even(x))
    plain = ~outside & ~pole & (x > 1)
    s, a = np.where(plain, x, 2.0), np.where(plain, q, 1.0)
    if not a.size:
        return np.zeros_like(s)
    if a.min() < -MOST:
        raise InferenceError(f"the zeta function of q={a.min()}, whose sum is too long")
    total = np.zeros_like(a)
    for _ in range(10 + max(0, int(np.ceil(-a.min())))):
        low = a < 10
        total = np.where(low, total + _power(a, -s), total)
        a = np.where(low, a + 1, a)
    last = _power(a, -s)
    total = total + last * a / (s - 1) + 0.5 * last
    factor, term = s / 2, last / a
    for k, bernoulli in enumerate(BERNOULLI, 1):
        total = total + bernoulli * factor * term
        factor = factor * (s + 2 * k - 1) * (s + 2 * k) / ((2 * k + 1) * (2 * k + 2))
        term = term / (a * a)
    return np.where(outside, np.nan, np.where(pole | (x == 1), np.inf, np.where(np.isinf(q), 0, total)))


def _power(base: Array, exponent: Array) -> Array:
    """Powers of what may be negative, where the exponent is an integer."""
    odd = (base < 0) & ~_even(exponent)
    size = np.power(np.abs(base), exponent)
    return np.where(odd, -size, size)


def _even(x: Array) -> Array:
    return np.asarray(x == 2 * np.floor(x / 2))


def polygamma(n: Array, x: Array) -> Array:
    """The nth derivative of digamma; NaN where n is no whole number from 0 on."""
    n, x = np.broadcast_arrays(n, x)
    whole = (n == np.floor(n)) & (n >= 0)
    order = np.where(whole & (n > 0), n, 1.0) + 1
    found = np.exp(log_gamma(order)) * zeta(order, np.where(n > 0, x, 1.0))
    found = np.where(_even(order), found, -found)
    return np.where(whole, np.where(n == 0, digamma(x), found), np.nan)


def incomplete_beta(a: Array, b: Array, x: Array) -> Array:
    """The integral of t^(a-1) (1-t)^(b-1) from 0 to x over that to 1; NaN outside 0 < a, 0 < b, 0 <= x <= 1."""
    a, b, x = np.broadcast_arrays(a, b, x)
    inside = (a > 0) & (b > 0) & (x > 0) & (x < 1) & np.isfinite(a) & np.isfinite(b)
    edge = np.where((a > 0) & (b > 0) & ((x == 0) | (x == 1)), x, np.nan)
    p, q, z = (np.where(inside, v, 0.5) for v in (a, b, x))
    swap = z > (p + 1) / (p + q + 2)
    p, q, z = np.where(swap, q, p), np.where(swap, p, q), np.where(swap, 1 - z, z)
    front = np.exp(log_gamma(p + q) - log_gamma(p) - log_gamma(q) + p * np.log(z) + q * np.log1p(-z))
    part = front * _beta_fraction(p, q, z) / p
    return np.where(inside, np.where(swap, 1 - part, part), edge)


def _beta_fraction(a: Array, b: Array, x: Array) -> Array:
    """DLMF 8.17.22 by Lentz's method."""
    tiny = 1e-300

    def away(v: Array) -> Array:
        return np.where(np.abs(v) < tiny, tiny, v)

    up, down = np.ones_like(x), 1 / away(1 - (a + b) * x / (a + 1))
    total = down
    for m in range(1, MOST):
        for step in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            down = 1 / away(1 + step * down)
            up = away(1 + step / up)
            total = total * up * down
        if not (np.abs(up * down - 1) > 1e-15).any():
            break
    return total
