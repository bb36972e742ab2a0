"""Special functions that ONNX lacks, or whose constants TensorFlow has in another precision.

The tail of the error function follows FreeBSD's s_erf.c (Sun Microsystems, 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt

import numpy as np

from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder

NEAR_TAIL = (
    (
        -9.86494403484714822705e-03,
        -6.93858572707181764372e-01,
        -1.05586262253232909814e01,
        -6.23753324503260060396e01,
        -1.62396669462573470355e02,
        -1.84605092906711035994e02,
        -8.12874355063065934246e01,
        -9.81432934416914548592e00,
    ),
    (
        1.0,
        1.96512716674392571292e01,
        1.37657754143519042600e02,
        4.34565877475229228821e02,
        6.45387271733267880336e02,
        4.29008140027567833386e02,
        1.08635005541779435134e02,
        6.57024977031928170135e00,
        -6.04244152148580987438e-02,
    ),
)
TAIL = (
    (
        -9.86494292470009928597e-03,
        -7.99283237680523006574e-01,
        -1.77579549177547519889e01,
        -1.60636384855821916062e02,
        -6.37566443368389627722e02,
        -1.02509513161107724954e03,
        -4.83519191608651397019e02,
    ),
    (
        1.0,
        3.03380607434824582924e01,
        3.25792512996573918826e02,
        1.53672958608443695994e03,
        3.19985821950859553908e03,
        2.55305040643316442583e03,
        4.74528541206955367215e02,
        -2.24409524465858183362e01,
    ),
)


def single(number: float) -> float:
    """A number as float32 has it."""
    return float(np.float32(number))


def expm1(b: Builder, x: Value) -> Value:
    """exp(x) - 1 without cancellation near 0: 2 tanh(x/2) / (1 - tanh(x/2)) there."""
    half = b.Tanh(b.Mul(x, 0.5))
    near = b.Div(b.Mul(half, 2), b.Sub(1, half))
    return b.Where(b.Less(b.Abs(x), 1), near, b.Sub(b.Exp(x), 1))


def log1p(b: Builder, x: Value) -> Value:
    """log(1 + x) without cancellation near 0: log(u) x / (u - 1) with u = 1 + x, which is log(u) where u - 1 is x."""
    u = b.Add(x, 1)
    rest = b.Sub(u, 1)
    nothing = b.Equal(rest, 0)
    ratio = b.Div(b.Mul(b.Log(u), x), b.Where(nothing, 1, rest))
    return b.Where(nothing, x, b.Where(b.Equal(rest, x), b.Log(u), ratio))


def leaky_relu(b: Builder, x: Value, negative_slope: float = 0.2) -> Value:
    """x, or negative_slope * x below 0; the slope is a float32, as the attribute of TensorFlow's op is. Integers become float32."""
    x = x if dtypes.is_float(x.dtype) else b.cast(x, "float32")
    return b.LeakyRelu(x, alpha=single(negative_slope))


def gelu(b: Builder, x: Value, approximate: bool = False) -> Value:
    """x times the normal distribution function of x, exactly or by tanh (Hendrycks and Gimpel, 2016).

    tf.nn.gelu has its constants in float32, also where x is float64.
    """
    if x.dtype != "float64":
        return b.Gelu(x, approximate="tanh" if approximate else "none")
    if approximate:
        cube = b.Mul(b.Mul(b.Mul(x, x), x), single(0.044715))
        inner = b.Tanh(b.Mul(b.Add(x, cube), sqrt(2 / pi)))
    else:
        inner = b.Erf(b.Mul(x, single(sqrt(0.5))))
    return b.Mul(b.Mul(x, 0.5), b.Add(inner, 1))


def erfc(b: Builder, x: Value) -> Value:
    """1 - erf(x), to full relative precision for large x as well."""
    tail = erfc_tail(b, b.Max(x, 1.25))
    return b.Where(b.Less(x, 1.25), b.Sub(1, b.Erf(x)), tail)


def erfc_tail(b: Builder, size: Value) -> Value:
    """1 - erf(size) for size >= 1.25."""
    size = b.Min(b.Max(size, 1.25), 30)
    s = b.Div(1, b.Mul(size, size))
    rest = b.Where(b.Less(size, 1 / 0.35), _ratio(b, s, NEAR_TAIL), _ratio(b, s, TAIL))
    return b.Div(b.Exp(b.Sub(b.Sub(rest, 0.5625), b.Mul(size, size))), size)


def _ratio(b: Builder, x: Value, coefficients: tuple[Sequence[float], Sequence[float]]) -> Value:
    """A quotient of two polynomials, coefficients from the lowest power up."""
    return b.Div(polynomial(b, x, coefficients[0]), polynomial(b, x, coefficients[1]))


def polynomial(b: Builder, x: Value, coefficients: Sequence[float]) -> Value:
    """sum(c x^k) by Horner's rule."""
    y: Value = b.Add(b.Mul(x, coefficients[-1]), coefficients[-2])
    for c in coefficients[-3::-1]:
        y = b.Add(b.Mul(y, x), c)
    return y


def erfinv(b: Builder, x: Value) -> Value:
    """The inverse of erf on (-1, 1): a start that is good to 2e-3 (Winitzki, 2008), then Newton's method with Halley's correction."""
    log = b.Log(b.Mul(b.Sub(1, x), b.Add(x, 1)))
    half = b.Add(b.Mul(log, 0.5), 2 / (pi * 0.147))
    y: Value = b.Mul(b.Sign(x), b.Sqrt(b.Sub(b.Sqrt(b.Sub(b.Mul(half, half), b.Div(log, 0.147))), half)))
    edge = b.Equal(b.Abs(x), 1)
    y = b.Where(edge, 0, y)
    for _ in range(3):
        error = b.Where(b.Less(x, 0), b.Sub(erfc(b, b.Neg(y)), b.Add(x, 1)), b.Sub(b.Sub(1, x), erfc(b, y)))
        step = b.Div(error, b.Mul(b.Exp(b.Neg(b.Mul(y, y))), 2 / sqrt(pi)))
        y = b.Sub(y, b.Div(step, b.Add(b.Mul(y, step), 1)))
    return b.Where(edge, b.Div(x, 0), y)
