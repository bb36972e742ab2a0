"""Element by element: arithmetic, comparison, logic and special functions of `tf.math` and `tf.bitwise`.

Semantics: tensorflow/python/ops/math_ops.py and gen_math_ops. A row is the TensorFlow name and its formula.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras import ops_binary as binary
from loadstone.lowering.keras import ops_unary as unary
from loadstone.lowering.keras.special import erfc, erfinv, expm1, log1p, single
from loadstone.lowering.shapes import broadcast
from loadstone.lowering.tensorflow.host_calls import called
from loadstone.lowering.tensorflow.symbols import Operand, alike, enter, tensor, tf

One = Callable[[Builder, Value], Value]
Two = Callable[[Builder, Value, Value], Value]


def _rounded(b: Builder, x: Value) -> Value:
    return b.Round(x) if dtypes.is_float(x.dtype) else x


def _sign(b: Builder, x: Value) -> Value:
    """NaN stays; ONNX's Sign gives 0 for it."""
    return b.Where(b.IsNaN(x), x, b.Sign(x)) if dtypes.is_float(x.dtype) else b.Sign(x)


def _no_nan_reciprocal(b: Builder, x: Value) -> Value:
    zero = b.Equal(x, 0)
    return b.Where(zero, 0, b.Div(1, b.Where(zero, 1, x)))


def _reciprocal(b: Builder, x: Value) -> Value:
    return b.Div(1, x)


def _rsqrt(b: Builder, x: Value) -> Value:
    return b.Div(1, b.Sqrt(x))


def _square(b: Builder, x: Value) -> Value:
    return b.Mul(x, x)


def _log1p(b: Builder, x: Value) -> Value:
    """In float32 for half precision, where the formula would be infinite before the result is."""
    return b.cast(log1p(b, b.cast(x, "float32")), x.dtype) if x.dtype in ("float16", "bfloat16") else log1p(b, x)


ONE: dict[str, One] = {
    "math.abs": lambda b, x: x if x.dtype == "bool" or x.dtype.startswith("uint") else b.Abs(x),
    "math.acos": unary.FLOATING["Arccos"],
    "math.acosh": unary.FLOATING["Arccosh"],
    "math.asin": unary.FLOATING["Arcsin"],
    "math.asinh": unary.FLOATING["Arcsinh"],
    "math.atan": unary.FLOATING["Arctan"],
    "math.atanh": unary.FLOATING["Arctanh"],
    "math.ceil": unary.onnx("Ceil"),
    "math.conj": lambda b, x: x,
    "math.cos": unary.onnx("Cos"),
    "math.cosh": unary.onnx("Cosh"),
    "math.erf": unary.onnx("Erf"),
    "math.erfc": erfc,
    "math.erfinv": erfinv,
    "math.exp": unary.onnx("Exp"),
    "math.expm1": expm1,
    "math.floor": unary.onnx("Floor"),
    "math.is_finite": unary.PREDICATES["Isfinite"],
    "math.is_inf": unary.PREDICATES["Isinf"],
    "math.is_nan": unary.PREDICATES["Isnan"],
    "math.log": unary.onnx("Log"),
    "math.log1p": _log1p,
    "math.logical_not": unary.onnx("Not"),
    "math.negative": unary.onnx("Neg"),
    "math.real": lambda b, x: x,
    "math.reciprocal": _reciprocal,
    "math.reciprocal_no_nan": _no_nan_reciprocal,
    "math.rint": _rounded,
    "math.round": _rounded,
    "math.rsqrt": _rsqrt,
    "math.sign": _sign,
    "math.sin": unary.onnx("Sin"),
    "math.sinh": unary.onnx("Sinh"),
    "math.sqrt": unary.onnx("Sqrt"),
    "math.square": _square,
    "math.tan": unary.onnx("Tan"),
    "math.tanh": unary.onnx("Tanh"),
    "bitwise.invert": unary.onnx("BitwiseNot"),
}
_FURTHER = {
    "math.abs": "raw_ops.Abs",
    "math.acos": "raw_ops.Acos",
    "math.acosh": "raw_ops.Acosh",
    "math.asin": "raw_ops.Asin",
    "math.asinh": "raw_ops.Asinh",
    "math.atan": "raw_ops.Atan",
    "math.atanh": "raw_ops.Atanh",
    "math.ceil": "raw_ops.Ceil",
    "math.cos": "raw_ops.Cos",
    "math.cosh": "raw_ops.Cosh",
    "math.erf": "raw_ops.Erf",
    "math.erfc": "raw_ops.Erfc",
    "math.erfinv": "raw_ops.Erfinv",
    "math.exp": "raw_ops.Exp",
    "math.expm1": "raw_ops.Expm1",
    "math.floor": "raw_ops.Floor",
    "math.is_finite": "raw_ops.IsFinite",
    "math.is_inf": "raw_ops.IsInf",
    "math.is_nan": "raw_ops.IsNan",
    "math.log": "raw_ops.Log",
    "math.log1p": "raw_ops.Log1p",
    "math.logical_not": "raw_ops.LogicalNot",
    "math.negative": "raw_ops.Neg",
    "math.reciprocal": "raw_ops.Reciprocal raw_ops.Inv",
    "math.rint": "raw_ops.Rint",
    "math.round": "raw_ops.Round",
    "math.rsqrt": "raw_ops.Rsqrt",
    "math.sign": "raw_ops.Sign",
    "math.sin": "raw_ops.Sin",
    "math.sinh": "raw_ops.Sinh",
    "math.sqrt": "raw_ops.Sqrt",
    "math.square": "raw_ops.Square",
    "math.tan": "raw_ops.Tan",
    "math.tanh": "nn.tanh raw_ops.Tanh",
    "bitwise.invert": "raw_ops.Invert",
}


def _one(formula: One) -> Callable[..., Value]:
    def rule(b: Builder, x: Operand) -> Value:
        return formula(b, tensor(b, x))

    return rule


for _name, _formula in ONE.items():
    enter(_one(_formula), _name, *_FURTHER.get(_name, "").split())

# -- two operands -----------------------------------------------------------------------------------------------------


def _quotient(b: Builder, x: Value, y: Value) -> Value:
    """x / y of integers, towards zero; what divides by -1 is turned, since engines divide the least number by it and end the process."""
    if x.dtype not in ("int32", "int64") or (y.const is not None and y.const.known and not (y.array() == -1).any()):
        return b.Div(x, y)
    turned = b.Equal(y, -1)
    return b.Where(turned, b.Neg(x), b.Div(x, b.Where(turned, 1, y)))


def _truncated_division(b: Builder, x: Value, y: Value) -> Value:
    if dtypes.is_integer(x.dtype):
        return _quotient(b, x, y)
    quotient = b.Div(x, y)
    return b.Where(b.Less(quotient, 0), b.Ceil(quotient), b.Floor(quotient))


def _floor_division(b: Builder, x: Value, y: Value) -> Value:
    """x / y towards minus infinity."""
    if x.dtype not in ("int32", "int64"):
        return binary.floor_divide(b, x, y)
    quotient = _quotient(b, x, y)
    rest = b.Sub(x, b.Mul(quotient, y))
    low = b.And(b.Not(b.Equal(rest, 0)), b.Xor(b.Less(rest, 0), b.Less(y, 0)))
    return b.Sub(quotient, b.cast(low, x.dtype))


def _plain_division(b: Builder, x: Value, y: Value) -> Value:
    return _quotient(b, x, y) if dtypes.is_integer(x.dtype) else b.Div(x, y)


def _arctan2(b: Builder, y: Value, x: Value) -> Value:
    """The angle of (x, y), also where both are infinite."""
    both = b.And(b.Equal(b.Abs(x), float("inf")), b.Equal(b.Abs(y), float("inf")))
    return binary.STRONG_FLOATING["Arctan2"](b, b.Where(both, b.Sign(y), y), b.Where(both, b.Sign(x), x))


def _true_division(b: Builder, x: Value, y: Value) -> Value:
    """Integers of up to 16 bits become float32, larger ones float64."""
    wide = {"uint8": "float32", "int8": "float32", "uint16": "float32", "int16": "float32"}
    dtype = x.dtype if dtypes.is_float(x.dtype) else wide.get(x.dtype, "float64")
    return b.Div(b.cast(x, dtype), b.cast(y, dtype))


def _where_zero(b: Builder, x: Value, formula: Callable[[Value], Value]) -> Value:
    zero = b.Equal(x, 0)
    return b.Where(zero, 0, formula(b.Where(zero, 1, x)))


def _squared_difference(b: Builder, x: Value, y: Value) -> Value:
    rest = b.Sub(x, y)
    return b.Mul(rest, rest)


def _not_equal(b: Builder, x: Value, y: Value) -> Value:
    return b.Not(b.Equal(x, y))


TWO: dict[str, tuple[Two, str]] = {
    "math.add": (unary.onnx("Add"), "__operators__.add raw_ops.Add raw_ops.AddV2"),
    "math.atan2": (_arctan2, "raw_ops.Atan2"),
    "math.divide": (_true_division, "math.truediv realdiv"),
    "raw_ops.RealDiv": (_plain_division, "raw_ops.Div"),
    "math.divide_no_nan": (binary.WEAK_FLOATING["DivideNoNan"], "raw_ops.DivNoNan"),
    "math.equal": (unary.onnx("Equal"), ""),
    "math.floordiv": (_floor_division, "compat.v1.floor_div raw_ops.FloorDiv"),
    "math.floormod": (binary.modulo, "math.mod raw_ops.FloorMod"),
    "math.greater": (unary.onnx("Greater"), "raw_ops.Greater"),
    "math.greater_equal": (unary.onnx("GreaterOrEqual"), "raw_ops.GreaterEqual"),
    "math.less": (unary.onnx("Less"), "raw_ops.Less"),
    "math.less_equal": (unary.onnx("LessOrEqual"), "raw_ops.LessEqual"),
    "math.logical_and": (unary.onnx("And"), "raw_ops.LogicalAnd"),
    "math.logical_or": (unary.onnx("Or"), "raw_ops.LogicalOr"),
    "math.logical_xor": (unary.onnx("Xor"), ""),
    "math.maximum": (unary.onnx("Max"), "raw_ops.Maximum"),
    "math.minimum": (unary.onnx("Min"), "raw_ops.Minimum"),
    "math.multiply": (unary.onnx("Mul"), "raw_ops.Mul"),
    "math.multiply_no_nan": (lambda b, x, y: b.Where(b.Equal(y, 0), 0, b.Mul(x, y)), "raw_ops.MulNoNan"),
    "math.not_equal": (_not_equal, ""),
    "math.pow": (binary.WEAK["Power"], "raw_ops.Pow"),
    "math.squared_difference": (_squared_difference, "raw_ops.SquaredDifference"),
    "math.subtract": (unary.onnx("Sub"), "raw_ops.Sub"),
    "math.xdivy": (lambda b, x, y: _where_zero(b, x, lambda v: b.Div(v, y)), "raw_ops.Xdivy"),
    "math.xlog1py": (lambda b, x, y: _where_zero(b, x, lambda v: b.Mul(v, _log1p(b, y))), "raw_ops.Xlog1py"),
    "math.xlogy": (lambda b, x, y: _where_zero(b, x, lambda v: b.Mul(v, b.Log(y))), "raw_ops.Xlogy"),
    "truncatediv": (_truncated_division, "raw_ops.TruncateDiv"),
    "truncatemod": (lambda b, x, y: b.Mod(x, y, fmod=1), "raw_ops.TruncateMod raw_ops.Mod"),
    "bitwise.bitwise_and": (unary.onnx("BitwiseAnd"), "raw_ops.BitwiseAnd"),
    "bitwise.bitwise_or": (unary.onnx("BitwiseOr"), "raw_ops.BitwiseOr"),
    "bitwise.bitwise_xor": (unary.onnx("BitwiseXor"), "raw_ops.BitwiseXor"),
    "bitwise.left_shift": (binary.STRONG["LeftShift"], "raw_ops.LeftShift"),
    "bitwise.right_shift": (binary.STRONG["RightShift"], "raw_ops.RightShift"),
}
_TEXT = frozenset({"math.equal", "math.not_equal"})


def _two(name: str, formula: Two) -> Callable[..., Value]:
    def rule(b: Builder, x: Operand, y: Operand) -> Value:
        one, other = alike(b, x, y)
        if one.dtype == "string" and name == "math.add":
            shape = broadcast(one.shape, other.shape)
            return called(b, "Add", lambda v, w: (np.asarray(v + w, object),), [one, other], [(shape, "string")])[0]
        if one.dtype == "string" and name not in _TEXT:
            raise UnsupportedAttribute(f"tf.{name} of strings")
        return formula(b, one, other)

    def of_y_and_x(b: Builder, y: Operand, x: Operand) -> Value:
        return rule(b, y, x)

    return of_y_and_x if name == "math.atan2" else rule


for _name, (_both, _others) in TWO.items():
    enter(_two(_name, _both), _name, *_others.split())


def _comparison(same: bool) -> Callable[..., Value]:
    """The raw ops: operands whose shapes do not go together differ as a whole, where that is no error."""

    def rule(b: Builder, x: Operand, y: Operand, incompatible_shape_error: bool = True) -> Value:
        one, other = alike(b, x, y)
        pairs = zip(one.shape[::-1], other.shape[::-1], strict=False)
        if not incompatible_shape_error and any(None not in (m, n) and m != n and 1 not in (m, n) for m, n in pairs):
            return b.const(not same)
        return b.Equal(one, other) if same else _not_equal(b, one, other)

    return rule


enter(_comparison(True), "raw_ops.Equal")
enter(_comparison(False), "raw_ops.NotEqual")


@tf("raw_ops.ApproximateEqual")
def approximate_equal(b: Builder, x: Operand, y: Operand, tolerance: float = 1e-5) -> Value:
    """Whether x and y are less apart than the tolerance."""
    one, other = alike(b, x, y)
    return b.Less(b.Abs(b.Sub(one, other)), single(float(tolerance)))


@tf("__operators__.eq")
def equal(b: Builder, self: Operand, other: Operand = None) -> Value:
    """x == y."""
    if other is None:
        raise UnsupportedAttribute("x == y: tf.keras does not write y into its files; tf.equal(x, y) is kept")
    return b.Equal(*alike(b, self, other))


@tf("__operators__.ne")
def not_equal(b: Builder, self: Operand, other: Operand = None) -> Value:
    """x != y."""
    return b.Not(equal(b, self, other))


@tf("math.add_n", "math.accumulate_n", "raw_ops.AddN", "raw_ops.AccumulateNV2")
def add_n(b: Builder, inputs: Any, shape: Any = None) -> Value:
    """The sum of several tensors."""
    total, *rest = alike(b, *(inputs if isinstance(inputs, (list, tuple)) else [inputs]))
    for x in rest:
        total = b.Add(total, x)
    return total


@tf("math.scalar_mul")
def scalar_mul(b: Builder, scalar: Operand, x: Operand) -> Value:
    """A scalar times a tensor."""
    return b.Mul(*alike(b, scalar, x))


@tf("math.polyval")
def polyval(b: Builder, coeffs: Any, x: Operand) -> Value:
    """A polynomial of x; the coefficient of the highest power comes first."""
    y = tensor(b, x)
    coefficients = coeffs if isinstance(coeffs, (list, tuple)) else [coeffs]
    total = b.full(b.dims(y), 0, y.dtype) if not coefficients else tensor(b, coefficients[0], y.dtype)
    for coefficient in coefficients[1:]:
        total = b.Add(b.Mul(total, y), tensor(b, coefficient, y.dtype))
    return total


@tf("clip_by_value", "raw_ops.ClipByValue")
def clip_by_value(b: Builder, t: Operand, clip_value_min: Operand, clip_value_max: Operand) -> Value:
    """x between two bounds, which may be tensors."""
    x, low, high = alike(b, t, clip_value_min, clip_value_max)
    return b.Max(b.Min(x, high), low)
