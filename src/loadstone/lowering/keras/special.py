"""Special functions that ONNX lacks, or has no kernel for in double precision.

onnxruntime computes Erf, Gelu, Elu, Selu, Softplus and LeakyRelu in single precision alone; models in float64 get the formulas
here. The error function follows the segments and coefficients of FreeBSD's s_erf.c (Sun Microsystems, 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt

from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805

_ERX = 8.45062911510467529297e-01
# fmt: off
_NEAR = ((1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02, -5.77027029648944159157e-03, -2.37630166566501626084e-05),
         (1.0, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03, 1.32494738004321644526e-04, -3.96022827877536812320e-06))
_MIDDLE = ((-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01, 3.18346619901161753674e-01, -1.10894694282396677476e-01,
            3.54783043256182359371e-02, -2.16637559486879084300e-03),
           (1.0, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02, 1.26171219808761642112e-01, 1.36370839120290507362e-02,
            1.19844998467991074170e-02))
_FAR = ((-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e01, -6.23753324503260060396e01, -1.62396669462573470355e02,
         -1.84605092906711035994e02, -8.12874355063065934246e01, -9.81432934416914548592e00),
        (1.0, 1.96512716674392571292e01, 1.37657754143519042600e02, 4.34565877475229228821e02, 6.45387271733267880336e02, 4.29008140027567833386e02,
         1.08635005541779435134e02, 6.57024977031928170135e00, -6.04244152148580987438e-02))
_FARTHER = ((-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e01, -1.60636384855821916062e02, -6.37566443368389627722e02,
             -1.02509513161107724954e03, -4.83519191608651397019e02),
            (1.0, 3.03380607434824582924e01, 3.25792512996573918826e02, 1.53672958608443695994e03, 3.19985821950859553908e03, 2.55305040643316442583e03,
             4.74528541206955367215e02, -2.24409524465858183362e01))
# fmt: on


def expm1(b: Builder, x: Value) -> Value:
    """exp(x) - 1 without cancellation near 0: 2 tanh(x/2) / (1 - tanh(x/2)) there."""
    half = b.Tanh(b.Mul(x, 0.5))
    near = b.Div(b.Mul(half, 2), b.Sub(1, half))
    return b.Where(b.Less(b.Abs(x), 1), near, b.Sub(b.Exp(x), 1))  # type: ignore[no-any-return]


def log1p(b: Builder, x: Value) -> Value:
    """log(1 + x) without cancellation near 0: log(u) x / (u - 1) with u = 1 + x, which is log(u) where u - 1 is x."""
    u = b.Add(x, 1)
    rest = b.Sub(u, 1)
    nothing = b.Equal(rest, 0)
    ratio = b.Div(b.Mul(b.Log(u), x), b.Where(nothing, 1, rest))
    return b.Where(nothing, x, b.Where(b.Equal(rest, x), b.Log(u), ratio))  # type: ignore[no-any-return]


def softplus(b: Builder, x: Value) -> Value:
    """log(exp(x) + 1)."""
    if x.dtype != "float64":
        return b.Softplus(x)  # type: ignore[no-any-return]
    return b.Add(b.Relu(x), log1p(b, b.Exp(b.Neg(b.Abs(x)))))  # type: ignore[no-any-return]


def elu(b: Builder, x: Value, alpha: float = 1.0) -> Value:
    """x, or alpha (exp(x) - 1) below 0."""
    if x.dtype != "float64":
        return b.Elu(x, alpha=float(alpha))  # type: ignore[no-any-return]
    return b.Where(b.Greater(x, 0), x, b.Mul(expm1(b, b.Min(x, 0)), alpha))  # type: ignore[no-any-return]


def selu(b: Builder, x: Value) -> Value:
    """scale times elu(x, alpha), with the constants of Klambauer et al., 2017."""
    if x.dtype != "float64":
        return b.Selu(x)  # type: ignore[no-any-return]
    return b.Mul(elu(b, x, SELU_ALPHA), SELU_SCALE)  # type: ignore[no-any-return]


def leaky_relu(b: Builder, x: Value, negative_slope: float = 0.2) -> Value:
    """x, or negative_slope * x below 0."""
    if x.dtype not in ("float16", "bfloat16", "float32"):
        return b.Where(b.Less(x, 0), b.Mul(x, negative_slope), x)  # type: ignore[no-any-return]
    return b.LeakyRelu(x, alpha=float(negative_slope))  # type: ignore[no-any-return]


def gelu(b: Builder, x: Value, approximate: bool = False) -> Value:
    """x times the normal distribution function of x, exactly or by tanh (Hendrycks and Gimpel, 2016)."""
    if x.dtype != "float64":
        return b.Gelu(x, approximate="tanh" if approximate else "none")  # type: ignore[no-any-return]
    if approximate:
        cube = b.Mul(b.Mul(b.Mul(x, x), x), 0.044715)
        inner = b.Tanh(b.Mul(b.Add(x, cube), sqrt(2 / pi)))
    else:
        inner = erf(b, b.Mul(x, sqrt(0.5)))
    return b.Mul(b.Mul(x, 0.5), b.Add(inner, 1))  # type: ignore[no-any-return]


def erf(b: Builder, x: Value) -> Value:
    """The error function."""
    if x.dtype != "float64":
        return b.Erf(x)  # type: ignore[no-any-return]
    size = b.Abs(x)
    square = b.Mul(x, x)
    near = b.Add(size, b.Mul(size, _ratio(b, b.Min(square, 1), _NEAR)))
    middle = b.Add(_ratio(b, b.Min(b.Sub(size, 1), 1), _MIDDLE), _ERX)
    tail = erfc_tail(b, size)
    y = b.Where(b.Less(size, 0.84375), near, b.Where(b.Less(size, 1.25), middle, b.Sub(1, tail)))
    return b.Mul(b.Sign(x), y)  # type: ignore[no-any-return]


def erfc(b: Builder, x: Value) -> Value:
    """1 - erf(x), to full relative precision for large x as well."""
    tail = erfc_tail(b, b.Max(x, 1.25))
    return b.Where(b.Less(x, 1.25), b.Sub(1, erf(b, x)), tail)  # type: ignore[no-any-return]


def erfc_tail(b: Builder, size: Value) -> Value:
    """1 - erf(size) for size >= 1.25."""
    size = b.Min(b.Max(size, 1.25), 30)
    s = b.Div(1, b.Mul(size, size))
    rest = b.Where(b.Less(size, 1 / 0.35), _ratio(b, s, _FAR), _ratio(b, s, _FARTHER))
    return b.Div(b.Exp(b.Sub(b.Sub(rest, 0.5625), b.Mul(size, size))), size)  # type: ignore[no-any-return]


def _ratio(b: Builder, x: Value, coefficients: tuple[Sequence[float], Sequence[float]]) -> Value:
    """A quotient of two polynomials, coefficients from the lowest power up."""
    return b.Div(polynomial(b, x, coefficients[0]), polynomial(b, x, coefficients[1]))  # type: ignore[no-any-return]


def polynomial(b: Builder, x: Value, coefficients: Sequence[float]) -> Value:
    """sum(c x^k) by Horner's rule."""
    y: Value = b.Add(b.Mul(x, coefficients[-1]), coefficients[-2])
    for c in coefficients[-3::-1]:
        y = b.Add(b.Mul(y, x), c)
    return y
