"""Ops that work element by element: rows where TensorFlow has the same op, formulas for the rest.

https://onnx.ai/onnx/operators/; operands broadcast alike in both.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.registry import onnx_op
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.ir import dtypes

_SAME = {
    "Abs": "Abs", "Acos": "Acos", "Acosh": "Acosh", "Asin": "Asin", "Asinh": "Asinh", "Atan": "Atan", "Atanh": "Atanh", "Ceil": "Ceil",
    "Cos": "Cos", "Cosh": "Cosh", "Erf": "Erf", "Exp": "Exp", "Floor": "Floor", "Log": "Log", "Neg": "Neg",
    "Reciprocal": "Reciprocal", "Relu": "Relu", "Round": "Round", "Selu": "Selu", "Sigmoid": "Sigmoid", "Sign": "Sign", "Sin": "Sin",
    "Sinh": "Sinh", "Softplus": "Softplus", "Softsign": "Softsign", "Sqrt": "Sqrt", "Tan": "Tan", "Tanh": "Tanh", "IsNaN": "IsNan",
    "BitwiseNot": "Invert", "Identity": "Identity",
    "Sub": "Sub", "Mul": "Mul", "And": "LogicalAnd", "Or": "LogicalOr", "Equal": "Equal", "Greater": "Greater",
    "GreaterOrEqual": "GreaterEqual", "Less": "Less", "LessOrEqual": "LessEqual", "Xor": "NotEqual", "BitwiseAnd": "BitwiseAnd",
    "BitwiseOr": "BitwiseOr", "BitwiseXor": "BitwiseXor", "Add": "AddV2", "Where": "SelectV2",
}  # fmt: skip
_ORDERED = frozenset(("Greater", "GreaterEqual", "Less", "LessEqual"))
_FOLDED = {"Max": "Maximum", "Min": "Minimum", "Sum": "AddV2"}  # of any number of operands


def _same(op: str) -> Any:
    return lambda w, *inputs: w.op(op, *inputs)


def _folded(op: str) -> Any:
    def rule(w: Writer, first: Term, *others: Term) -> Term:
        for other in others:
            first = w.op(op, first, other)
        return first

    return rule


for _kind, _op in _SAME.items():
    onnx_op(_kind)(_same(_op))
for _kind, _op in _FOLDED.items():
    onnx_op(_kind)(_folded(_op))


@onnx_op("Not")
def not_(w: Writer, x: Term) -> Term:
    """Of a comparison of floats as one with True: TensorFlow's graph optimizer makes >= of "not <", which is wrong for NaN."""
    compared = x.output is not None and x.output.node.op in _ORDERED
    return w.NotEqual(x, True) if compared else w.LogicalNot(x)


@onnx_op("Mean")
def mean(w: Writer, *inputs: Term) -> Term:
    """The mean of the operands, place by place."""
    return w.RealDiv(_folded("AddV2")(w, *inputs), float(len(inputs)))


@onnx_op("Div")
def div(w: Writer, x: Term, y: Term) -> Term:
    """x / y; of integers towards zero."""
    return w.TruncateDiv(x, y) if dtypes.is_integer(x.dtype) else w.RealDiv(x, y)


@onnx_op("Pow")
def power(w: Writer, x: Term, y: Term) -> Term:
    """x ** y in the type of x."""
    return w.Pow(x, w.cast(y, x.dtype))


@onnx_op("Mod")
def mod(w: Writer, x: Term, y: Term, *, fmod: int = 0) -> Term:
    """What is left of a division: with the sign of y, or with fmod that of x."""
    if fmod and x.dtype in ("float16", "bfloat16"):  # which no processor has a kernel for; nothing is rounded in float32
        return w.cast(w.TruncateMod(w.cast(x, "float32"), w.cast(y, "float32")), x.dtype)
    return w.TruncateMod(x, y) if fmod else w.FloorMod(x, y)


@onnx_op("IsInf")
def is_inf(w: Writer, x: Term, *, detect_negative: int = 1, detect_positive: int = 1) -> Term:
    """Whether an element is infinite; on one side alone where the other is not looked for."""
    found = w.IsInf(x)
    if detect_negative and detect_positive:
        return found
    return w.LogicalAnd(found, w.Greater(x, 0) if detect_positive else w.Less(x, 0))


@onnx_op("BitShift")
def bit_shift(w: Writer, x: Term, y: Term, *, direction: str) -> Term:
    """Bits of x moved by y places."""
    return w.LeftShift(x, y) if direction == "LEFT" else w.RightShift(x, y)


@onnx_op("Clip")
def clip(w: Writer, x: Term, low: Term | None = None, high: Term | None = None) -> Term:
    """x between two numbers; the upper one wins."""
    if x.dtype in dtypes.FLOATS and _number(low) == 0 and _number(high) == 6:
        return w.Relu6(x)
    x = x if low is None else w.Maximum(x, low)
    return x if high is None else w.Minimum(x, high)


def _number(x: Term | None) -> float | None:
    known = x is not None and x.tensor is not None and x.tensor.size == 1
    return float(x.tensor.numpy().reshape(-1)[0]) if known and x is not None and x.tensor is not None else None


@onnx_op("Cast")
def cast(w: Writer, x: Term, *, to: int, saturate: int = 1) -> Term:
    """x as another type."""
    dtype = dtypes.of_onnx(to)
    if "string" in (dtype, x.dtype):
        raise UnsupportedAttribute(f"a cast from {x.dtype} to {dtype}")
    if dtype.startswith("float8") and saturate:  # beyond the largest number ONNX gives that one, TensorFlow gives NaN
        most = {"float8_e4m3fn": 448.0, "float8_e5m2": 57344.0}[dtype]
        x = w.Minimum(w.Maximum(x, -most), most)
    return w.cast(x, dtype)


# -- activations ------------------------------------------------------------------------------------------------------


@onnx_op("Elu")
def elu(w: Writer, x: Term, *, alpha: float = 1.0) -> Term:
    """x, below 0 alpha * (exp(x) - 1)."""
    y = w.Elu(x)
    return y if alpha == 1 else w.where(w.Greater(x, 0), y, w.Mul(y, alpha))


@onnx_op("Celu")
def celu(w: Writer, x: Term, *, alpha: float = 1.0) -> Term:
    """x, below 0 alpha * (exp(x / alpha) - 1)."""
    return w.where(w.Greater(x, 0), x, w.Mul(w.Elu(w.RealDiv(x, alpha)), alpha))


@onnx_op("LeakyRelu")
def leaky_relu(w: Writer, x: Term, *, alpha: float = 0.01) -> Term:
    """x, below 0 alpha * x."""
    return w.LeakyRelu(x, alpha=alpha)


@onnx_op("PRelu")
def prelu(w: Writer, x: Term, slope: Term) -> Term:
    """x, below 0 slope * x."""
    return w.where(w.Less(x, 0), w.Mul(x, slope), x)


@onnx_op("ThresholdedRelu")
def thresholded_relu(w: Writer, x: Term, *, alpha: float = 1.0) -> Term:
    """x above alpha, else 0."""
    return w.where(w.Greater(x, alpha), x, 0)


@onnx_op("Shrink")
def shrink(w: Writer, x: Term, *, bias: float = 0.0, lambd: float = 0.5) -> Term:
    """x nearer to 0 by `bias` where it is farther from it than `lambd`, else 0."""
    return w.where(w.Less(x, -lambd), w.AddV2(x, bias), w.where(w.Greater(x, lambd), w.Sub(x, bias), 0))


@onnx_op("HardSigmoid")
def hard_sigmoid(w: Writer, x: Term, *, alpha: float = 0.2, beta: float = 0.5) -> Term:
    """alpha * x + beta between 0 and 1."""
    return w.Minimum(w.Maximum(w.AddV2(w.Mul(x, alpha), beta), 0), 1)


@onnx_op("HardSwish")
def hard_swish(w: Writer, x: Term) -> Term:
    """x * (x / 6 + 1 / 2), that factor between 0 and 1."""
    return w.Mul(x, hard_sigmoid(w, x, alpha=1 / 6))


@onnx_op("Mish")
def mish(w: Writer, x: Term) -> Term:
    """x * tanh(softplus(x))."""
    return w.Mul(x, w.Tanh(w.Softplus(x)))


@onnx_op("Gelu")
def gelu(w: Writer, x: Term, *, approximate: str = "none") -> Term:
    """x times the normal distribution up to x, or its approximation by tanh."""
    if approximate == "tanh":
        inner = w.Mul(w.AddV2(x, w.Mul(w.Mul(w.Mul(x, x), x), 0.044715)), 0.7978845608028654)
        return w.Mul(w.Mul(x, 0.5), w.AddV2(w.Tanh(inner), 1.0))
    return w.Mul(w.Mul(x, 0.5), w.AddV2(w.Erf(w.Mul(x, 0.7071067811865476)), 1.0))
