"""Functions of complex numbers, element by element, as formulas over their two parts.

Semantics: Eigen/src/Core/MathFunctions.h and the C++ library's <complex>, as tensorflow/core/kernels/cwise_ops.h calls them. A row is
an op of TensorFlow and its formula. Branch cuts are those of C: along the negative real axis, the sign of a 0 tells the side.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np

from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_binary import STRONG_FLOATING
from loadstone.lowering.keras.ops_unary import negative_sign
from loadstone.lowering.keras.special import expm1, log1p
from loadstone.lowering.tensorflow.complex_numbers import Complex, of_complex

One = Callable[[Builder, Complex], Complex]
Two = Callable[[Builder, Complex, Complex], Complex]


def number(b: Builder, x: Complex, value: complex) -> Complex:
    """A number beside x."""
    return Complex(b.const(value.real, x.real.dtype), b.const(value.imag, x.real.dtype))


def magnitude(b: Builder, x: Complex) -> Value:
    """|x|, where the squares of its parts may be too large or too small as well."""
    re, im = b.Abs(x.real), b.Abs(x.imag)
    long, short = b.Max(re, im), b.Min(re, im)
    flat = b.Or(b.Equal(long, 0), b.Equal(long, float("inf")))
    ratio = b.Div(short, b.Where(flat, 1, long))
    size = b.Mul(long, b.Sqrt(b.Add(b.Mul(ratio, ratio), 1)))
    return b.Where(flat, long, size)


def angle(b: Builder, x: Complex) -> Value:
    """The angle between the positive real axis and x, from -pi to pi."""
    return STRONG_FLOATING["Arctan2"](b, x.imag, x.real)


def _with_sign(b: Builder, size: Value, like: Value) -> Value:
    return b.Where(negative_sign(b, like), b.Neg(size), size)


def add(b: Builder, x: Complex, y: Complex) -> Complex:
    """x + y."""
    return Complex(b.Add(x.real, y.real), b.Add(x.imag, y.imag))


def subtract(b: Builder, x: Complex, y: Complex) -> Complex:
    """x - y."""
    return Complex(b.Sub(x.real, y.real), b.Sub(x.imag, y.imag))


def multiply(b: Builder, x: Complex, y: Complex) -> Complex:
    """x y."""
    re = b.Sub(b.Mul(x.real, y.real), b.Mul(x.imag, y.imag))
    return Complex(re, b.Add(b.Mul(x.real, y.imag), b.Mul(x.imag, y.real)))


def scaled(b: Builder, x: Complex, by: Any) -> Complex:
    """x times a real number or tensor."""
    return Complex(b.Mul(x.real, by), b.Mul(x.imag, by))


def conjugated(b: Builder, x: Complex) -> Complex:
    """With the other sign of the imaginary part."""
    return Complex(x.real, b.Neg(x.imag))


def divide(b: Builder, x: Complex, y: Complex) -> Complex:
    """x / y, with y brought to a size near 1 first."""
    size = b.Max(b.Abs(y.real), b.Abs(y.imag))
    c, d = b.Div(y.real, size), b.Div(y.imag, size)
    square = b.Add(b.Mul(c, c), b.Mul(d, d))
    top = multiply(b, x, Complex(c, b.Neg(d)))
    return Complex(*(b.Div(b.Div(part, square), size) for part in (top.real, top.imag)))


def reciprocal(b: Builder, x: Complex) -> Complex:
    """1 / x."""
    return divide(b, number(b, x, 1), x)


def square(b: Builder, x: Complex) -> Complex:
    """x x."""
    return multiply(b, x, x)


def square_root(b: Builder, x: Complex) -> Complex:
    """The root that is right of the imaginary axis."""
    size = b.Add(magnitude(b, x), b.Abs(x.real))
    root = b.Sqrt(b.Mul(size, 0.5))
    other = b.Div(b.Mul(b.Abs(x.imag), 0.5), b.Where(b.Equal(root, 0), 1, root))
    right = b.GreaterOrEqual(x.real, 0)
    return Complex(b.Where(right, root, other), _with_sign(b, b.Where(right, other, root), x.imag))


def exponential(b: Builder, x: Complex) -> Complex:
    """e to the power of x."""
    size = b.Exp(x.real)
    real = b.Equal(x.imag, 0)  # also where e^x is infinite
    return Complex(b.Where(real, size, b.Mul(size, b.Cos(x.imag))), b.Where(real, x.imag, b.Mul(size, b.Sin(x.imag))))


def exponential_less_1(b: Builder, x: Complex) -> Complex:
    """exp(x) - 1 without cancellation near 0."""
    half = b.Sin(b.Mul(x.imag, 0.5))
    re = b.Sub(b.Mul(expm1(b, x.real), b.Cos(x.imag)), b.Mul(b.Mul(half, half), 2))
    return Complex(re, b.Mul(b.Exp(x.real), b.Sin(x.imag)))


def logarithm(b: Builder, x: Complex) -> Complex:
    """The natural logarithm."""
    return Complex(b.Log(magnitude(b, x)), angle(b, x))


def logarithm_of_1_more(b: Builder, x: Complex) -> Complex:
    """log(1 + x) without cancellation near 0: |1 + x|^2 is 1 + a (2 + a) + b^2."""
    more = Complex(b.Add(x.real, 1), x.imag)
    near = b.Less(b.Max(b.Abs(x.real), b.Abs(x.imag)), 0.5)
    a = b.Where(near, x.real, 0)
    c = b.Where(near, x.imag, 0)
    exact = b.Mul(log1p(b, b.Add(b.Mul(a, b.Add(a, 2)), b.Mul(c, c))), 0.5)
    return Complex(b.Where(near, exact, b.Log(magnitude(b, more))), angle(b, more))


def power(b: Builder, x: Complex, y: Complex) -> Complex:
    """exp(y log x); 0 to a power right of 0 is 0, to one left of it infinite, to others no number."""
    nothing = b.And(b.Equal(x.real, 0), b.Equal(x.imag, 0))
    safe = Complex(b.Where(nothing, 1, x.real), x.imag)
    found = exponential(b, multiply(b, y, logarithm(b, safe)))
    nan = b.const(np.nan, x.real.dtype)
    edge = Complex(b.Where(b.Less(y.real, 0), float("inf"), nan), nan)
    right = b.Greater(y.real, 0)
    edges = (b.Where(right, 0, part) for part in (edge.real, edge.imag))
    return Complex(*(b.Where(nothing, at_0, part) for at_0, part in zip(edges, (found.real, found.imag), strict=True)))


def _times(b: Builder, factor: Value, size: Value) -> Value:
    """A factor, which may be 0, times a size, which may be infinite."""
    return b.Where(b.Equal(factor, 0), factor, b.Mul(factor, size))


def sine(b: Builder, x: Complex) -> Complex:
    """sin x."""
    return Complex(_times(b, b.Sin(x.real), b.Cosh(x.imag)), b.Mul(b.Cos(x.real), b.Sinh(x.imag)))


def cosine(b: Builder, x: Complex) -> Complex:
    """cos x."""
    return Complex(b.Mul(b.Cos(x.real), b.Cosh(x.imag)), b.Neg(_times(b, b.Sin(x.real), b.Sinh(x.imag))))


def sinh(b: Builder, x: Complex) -> Complex:
    """The hyperbolic sine."""
    return Complex(b.Mul(b.Sinh(x.real), b.Cos(x.imag)), _times(b, b.Sin(x.imag), b.Cosh(x.real)))


def cosh(b: Builder, x: Complex) -> Complex:
    """The hyperbolic cosine."""
    return Complex(b.Mul(b.Cosh(x.real), b.Cos(x.imag)), _times(b, b.Sin(x.imag), b.Sinh(x.real)))


def tanh(b: Builder, x: Complex) -> Complex:
    """The hyperbolic tangent; 1 or -1 far from 0."""
    t = b.Tanh(x.real)
    c, s = b.Cos(x.imag), b.Sin(x.imag)
    sech = b.Div(1, b.Cosh(b.Min(b.Max(x.real, -40), 40)))
    below = b.Add(b.Mul(c, c), b.Mul(b.Mul(t, t), b.Mul(s, s)))
    return Complex(b.Div(t, below), b.Div(b.Mul(b.Mul(s, c), b.Mul(sech, sech)), below))


def _turned(formula: One) -> One:
    """-i f(i x)."""

    def of(b: Builder, x: Complex) -> Complex:
        y = formula(b, Complex(b.Neg(x.imag), x.real))
        return Complex(y.imag, b.Neg(y.real))

    return of


def arsinh(b: Builder, x: Complex) -> Complex:
    """log(x + sqrt(x^2 + 1)), by x right of the imaginary axis."""
    left = negative_sign(b, x.real)
    sign = b.Where(left, b.const(-1, x.real.dtype), b.const(1, x.real.dtype))
    y = scaled(b, x, sign)
    up, down = Complex(b.Neg(y.imag), y.real), Complex(y.imag, b.Neg(y.real))  # sqrt(1 + ix) sqrt(1 - ix)
    root = multiply(b, *(square_root(b, Complex(b.Add(v.real, 1), v.imag)) for v in (up, down)))
    return scaled(b, logarithm(b, add(b, y, root)), sign)


def arcosh(b: Builder, x: Complex) -> Complex:
    """log(x + sqrt(x + 1) sqrt(x - 1))."""
    root = multiply(b, *(square_root(b, Complex(b.Add(x.real, one), x.imag)) for one in (1, -1)))
    return logarithm(b, add(b, x, root))


def artanh(b: Builder, x: Complex) -> Complex:
    """(log(1 + x) - log(1 - x)) / 2."""
    rest = subtract(b, logarithm_of_1_more(b, x), logarithm_of_1_more(b, scaled(b, x, -1)))
    return scaled(b, rest, 0.5)


def arccos(b: Builder, x: Complex) -> Complex:
    """pi / 2 - asin x."""
    y = _turned(arsinh)(b, x)
    return Complex(b.Sub(b.const(pi / 2, y.real.dtype), y.real), b.Neg(y.imag))


def sigmoid(b: Builder, x: Complex) -> Complex:
    """1 / (1 + exp(-x))."""
    y = exponential(b, scaled(b, x, -1))
    return reciprocal(b, Complex(b.Add(y.real, 1), y.imag))


def direction(b: Builder, x: Complex) -> Complex:
    """x / |x|, and 0 for 0."""
    size = magnitude(b, x)
    size = b.Where(b.Equal(size, 0), 1, size)
    return Complex(b.Div(x.real, size), b.Div(x.imag, size))


def _without(b: Builder, x: Complex, y: Complex, formula: Two) -> Complex:
    """formula(x, y), and 0 where x is 0."""
    zero = is_zero(b, x)
    found = formula(b, Complex(b.Where(zero, 1, x.real), x.imag), y)
    return Complex(b.Where(zero, 0, found.real), b.Where(zero, 0, found.imag))


def is_zero(b: Builder, x: Complex) -> Value:
    """Where x is 0."""
    return b.And(b.Equal(x.real, 0), b.Equal(x.imag, 0))


def divide_no_nan(b: Builder, x: Complex, y: Complex) -> Complex:
    """x / y, and 0 where y is 0."""
    return _without(b, y, x, lambda b, below, above: divide(b, above, below))


def _squared_difference(b: Builder, x: Complex, y: Complex) -> Complex:
    rest = subtract(b, x, y)
    return multiply(b, conjugated(b, rest), rest)


ONE: dict[str, One] = {
    "Acos": arccos,
    "Acosh": arcosh,
    "Asin": _turned(arsinh),
    "Asinh": arsinh,
    "Atan": _turned(artanh),
    "Atanh": artanh,
    "Cos": cosine,
    "Cosh": cosh,
    "Exp": exponential,
    "Expm1": exponential_less_1,
    "Inv": reciprocal,
    "Log": logarithm,
    "Log1p": logarithm_of_1_more,
    "Reciprocal": reciprocal,
    "Rint": lambda b, x: Complex(b.Round(x.real), b.Round(x.imag)),
    "Round": lambda b, x: Complex(b.Round(x.real), b.Round(x.imag)),
    "Rsqrt": lambda b, x: reciprocal(b, square_root(b, x)),
    "Sigmoid": sigmoid,
    "Sign": direction,
    "Sin": sine,
    "Sinh": sinh,
    "Sqrt": square_root,
    "Square": square,
    "Tan": _turned(tanh),
    "Tanh": tanh,
}
TWO: dict[str, Two] = {
    "Div": divide,
    "DivNoNan": divide_no_nan,
    "Mul": multiply,
    "MulNoNan": lambda b, x, y: _without(b, y, x, multiply),
    "Pow": power,
    "RealDiv": divide,
    "SquaredDifference": _squared_difference,
    "Xdivy": lambda b, x, y: _without(b, x, y, divide),
    "Xlog1py": lambda b, x, y: _without(b, x, y, lambda b, v, w: multiply(b, v, logarithm_of_1_more(b, w))),
    "Xlogy": lambda b, x, y: _without(b, x, y, lambda b, v, w: multiply(b, v, logarithm(b, w))),
}


def _one(formula: One) -> Callable[[Builder, Complex], Complex]:
    def rule(b: Builder, x: Complex) -> Complex:
        return formula(b, x)

    return rule


def _two(formula: Two) -> Callable[[Builder, Complex, Complex], Complex]:
    def rule(b: Builder, x: Complex, y: Complex) -> Complex:
        return formula(b, x, y)

    return rule


for _name, _formula in ONE.items():
    of_complex(_name)(_one(_formula))
for _name, _both in TWO.items():
    of_complex(_name)(_two(_both))


@of_complex("Abs", "ComplexAbs")
def absolute(b: Builder, x: Complex, Tout: str = "float32") -> Value:
    """|x|."""
    return magnitude(b, x)


@of_complex("Angle")
def angle_of(b: Builder, input_: Complex, Tout: str = "float32") -> Value:
    """The angle of x."""
    return angle(b, input_)


@of_complex("Equal")
def equal(b: Builder, x: Complex, y: Complex, incompatible_shape_error: bool = True) -> Value:
    """Whether both parts are the same."""
    return b.And(b.Equal(x.real, y.real), b.Equal(x.imag, y.imag))


@of_complex("NotEqual")
def not_equal(b: Builder, x: Complex, y: Complex, incompatible_shape_error: bool = True) -> Value:
    """Whether a part is another."""
    return b.Not(equal(b, x, y))
