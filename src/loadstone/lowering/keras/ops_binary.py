"""Functions of two tensors, element by element, of `keras.ops`.

Semantics and dtypes: keras/src/backend/tensorflow/numpy.py of Keras 3. Rows of `WEAK` take Python numbers in the dtype of the
tensor beside them, rows of `STRONG` as int32 and float32, as `tf.convert_to_tensor` has them; `FLOATING` ones compute in floats.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log, pi
from typing import Any

import numpy as np

from loadstone.errors import InferenceError
from loadstone.ir import Layer, dtypes
from loadstone.lowering import shapes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_unary import negative_sign, onnx
from loadstone.lowering.keras.promotion import added, as_values, strong_values
from loadstone.lowering.keras.special import log1p, single
from loadstone.lowering.registry import keras_op

Binary = Callable[[Builder, Value, Value], Value]


def floor_divide(b: Builder, x: Value, y: Value) -> Value:
    """x / y towards minus infinity."""
    if dtypes.is_float(x.dtype):
        return b.Floor(b.Div(x, y))
    if x.dtype == "bool" or x.dtype.startswith("uint"):
        return b.Div(x, y)
    rest = b.Sub(x, b.Mul(b.Div(x, y), y))
    low = b.And(b.Not(b.Equal(rest, 0)), b.Xor(b.Less(rest, 0), b.Less(y, 0)))
    return b.Sub(b.Div(x, y), b.cast(low, x.dtype))


def modulo(b: Builder, x: Value, y: Value) -> Value:
    """The rest of x / y, with the sign of y."""
    if not dtypes.is_float(x.dtype):
        return b.Mod(x, y)
    rest = b.Mod(x, y, fmod=1)
    other = b.And(b.Not(b.Equal(rest, 0)), b.Xor(b.Less(rest, 0), b.Less(y, 0)))
    return b.Where(other, b.Add(rest, y), rest)


def _power(b: Builder, x: Value, y: Value) -> Value:
    """x ** y; integers wrap around, and uint* are taken for int32, as Keras does."""
    if dtypes.is_float(x.dtype):
        return b.Pow(x, y)
    dtype = "int32" if x.dtype.startswith("uint") else x.dtype
    x, y, result = b.cast(x, dtype), b.cast(y, dtype), x.dtype
    if y.const is not None and y.const.known and not y.rank and 0 <= y.array() <= 64:
        return b.cast(_repeated(b, x, int(y.array())), result)
    if x.const is not None and y.const is not None:
        return b.cast(b.Pow(x, y), result)
    return b.cast(b.host("Power", _integer_power, [x, y], [(shapes.broadcast(x.shape, y.shape), dtype)])[0], result)


def _repeated(b: Builder, x: Value, times: int) -> Value:
    if times < 2:
        return x if times else b.full(b.dims(x), 1, x.dtype)
    half = _repeated(b, b.Mul(x, x), times // 2)
    return b.Mul(half, x) if times % 2 else half


def _integer_power(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray]:
    if (y < 0).any():
        raise InferenceError("integers to the power of a negative integer")
    with np.errstate(all="ignore"):
        return (np.asarray(np.power(x, y)),)


def _arctan2(b: Builder, y: Value, x: Value) -> Value:
    """The angle of (x, y): atan(y / x), turned where x is negative."""
    flat = b.Atan(b.Div(y, b.Where(b.Equal(x, 0), 1, x)))
    half_turn = b.Where(negative_sign(b, y), b.const(-pi, y.dtype), b.const(pi, y.dtype))
    turned = b.Where(b.Less(x, 0), b.Add(flat, half_turn), flat)
    upright = b.Where(b.Equal(y, 0), b.Where(negative_sign(b, x), half_turn, y), b.Mul(b.Sign(y), pi / 2))
    return b.Where(b.Equal(x, 0), upright, turned)


def _log_of_sum(b: Builder, x: Value, y: Value, scale: float = 1.0) -> Value:
    delta = b.Sub(x, y)
    rest = log1p(b, b.Exp(b.Mul(b.Neg(b.Abs(delta)), scale)))
    return b.Where(b.IsNaN(delta), b.Add(x, y), b.Add(b.Max(x, y), b.Div(rest, scale)))


def _hypotenuse(b: Builder, x: Value, y: Value) -> Value:
    x, y = b.Abs(x), b.Abs(y)
    long = b.Max(x, y)
    ratio = b.Div(b.Min(x, y), b.Where(b.Equal(long, 0), 1, long))
    return b.Mul(long, b.Sqrt(b.Add(b.Mul(ratio, ratio), 1)))


def _without_nan(kind: str) -> Binary:
    def formula(b: Builder, x: Value, y: Value) -> Value:
        if not dtypes.is_float(x.dtype):
            return b.op(kind, x, y)
        return b.Where(b.IsNaN(x), y, b.Where(b.IsNaN(y), x, b.op(kind, x, y)))

    return formula


def _fmod(b: Builder, x: Value, y: Value) -> Value:
    return b.Mul(b.Sign(x), modulo(b, b.Abs(x), b.Abs(y)))


def _with_sign(b: Builder, x: Value, y: Value) -> Value:
    return b.Where(b.Xor(negative_sign(b, x), negative_sign(b, y)), b.Neg(x), x)


def _heaviside(b: Builder, x: Value, y: Value) -> Value:
    return b.Where(b.Less(x, 0), 0, b.Where(b.Greater(x, 0), 1, y))


def _ldexp(b: Builder, x: Value, y: Value) -> Value:
    return b.Mul(x, b.Pow(b.const(2, x.dtype), y))


def _shift(direction: str) -> Binary:
    """BitShift knows unsigned numbers alone: signed ones are multiplied and divided, which floors.

    TensorFlow takes a shift below 0 for 0, and one beyond the width for the width less one.
    """

    def formula(b: Builder, x: Value, y: Value) -> Value:
        bits = 8 * dtypes.to_numpy(x.dtype).itemsize
        shift = b.cast(b.Min(y, bits - 1) if y.dtype == "uint64" else y, "int64")
        shift = b.Min(b.Max(shift, 0), bits - 1)
        if x.dtype.startswith("uint"):
            inner = "uint32" if x.dtype == "uint16" else x.dtype  # engines have no shift of uint16
            return b.cast(b.BitShift(b.cast(x, inner), b.cast(shift, inner), direction=direction), x.dtype)
        half = b.Div(shift, 2)  # twice half the way, since 2 ** 63 is no int64
        wide, two = b.cast(x, "int64"), b.const(2, "int64")
        for factor in (b.Pow(two, half), b.Pow(two, b.Sub(shift, half))):
            wide = b.Mul(wide, factor) if direction == "LEFT" else floor_divide(b, wide, factor)
        return b.cast(wide, x.dtype)

    return formula


def _divide_no_nan(b: Builder, x: Value, y: Value) -> Value:
    zero = b.Equal(y, 0)
    return b.Where(zero, 0, b.Div(x, b.Where(zero, 1, y)))


WEAK: dict[str, Binary] = {
    "FloorDivide": floor_divide,
    "Fmax": _without_nan("Max"),
    "Fmin": _without_nan("Min"),
    "Maximum": onnx("Max"),
    "Minimum": onnx("Min"),
    "Multiply": onnx("Mul"),
    "Power": _power,
    "Subtract": onnx("Sub"),
}
WEAK_FLOATING: dict[str, Binary] = {"Divide": onnx("Div"), "DivideNoNan": _divide_no_nan, "TrueDivide": onnx("Div")}
STRONG: dict[str, Binary] = {
    "BitwiseAnd": onnx("BitwiseAnd"),
    "BitwiseLeftShift": _shift("LEFT"),
    "BitwiseOr": onnx("BitwiseOr"),
    "BitwiseRightShift": _shift("RIGHT"),
    "BitwiseXor": onnx("BitwiseXor"),
    "Equal": onnx("Equal"),
    "Fmod": _fmod,
    "Greater": onnx("Greater"),
    "GreaterEqual": onnx("GreaterOrEqual"),
    "LeftShift": _shift("LEFT"),
    "Less": onnx("Less"),
    "LessEqual": onnx("LessOrEqual"),
    "Mod": modulo,
    "NotEqual": lambda b, x, y: b.Not(b.Equal(x, y)),
    "RightShift": _shift("RIGHT"),
}
STRONG_FLOATING: dict[str, Binary] = {
    "Arctan2": _arctan2,
    "Copysign": _with_sign,
    "FloatPower": onnx("Pow"),
    "Heaviside": _heaviside,
    "Hypot": _hypotenuse,
    "Ldexp": _ldexp,
    "Logaddexp": _log_of_sum,
    "Logaddexp2": partial(_log_of_sum, scale=single(log(2))),
}
LOGICAL: dict[str, Binary] = {"LogicalAnd": onnx("And"), "LogicalOr": onnx("Or"), "LogicalXor": onnx("Xor")}


def _two(name: str, formula: Binary, operands: Callable[[Builder, list[Any]], list[Value]]) -> None:
    if name.startswith("Bitwise") or name.endswith("Shift"):

        @keras_op(name)
        def rule_of_xy(b: Builder, layer: Layer, x: Any, y: Any) -> Value:
            return formula(b, *operands(b, [x, y]))

    else:

        @keras_op(name)
        def rule(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
            return formula(b, *operands(b, [x1, x2]))


def _numbers(b: Builder, operands: list[Any]) -> list[Value]:
    """Operands of arithmetic, where bools count as int32."""
    values = strong_values(b, operands)
    return [b.cast(x, "int32") for x in values] if values[0].dtype == "bool" else values


def _wide_floats(b: Builder, operands: list[Any]) -> list[Value]:
    """Operands as floats: float64 for int64."""
    values = strong_values(b, operands)
    return [b.cast(x, "float64") for x in values] if values[0].dtype == "int64" else strong_values(b, operands, "float")


def _flags(b: Builder, operands: list[Any]) -> list[Value]:
    return [b.cast(x, "bool") if isinstance(x, Value) else b.const(bool(x)) for x in operands]


for _name, _binary in WEAK.items():
    _two(_name, _binary, as_values)
for _name, _binary in WEAK_FLOATING.items():
    _two(_name, _binary, lambda b, operands: as_values(b, operands, "float"))
for _name, _binary in STRONG.items():
    _two(_name, _binary, _numbers if _name in ("Mod", "Fmod") else as_values if _name.endswith("Shift") else strong_values)
for _name, _binary in STRONG_FLOATING.items():
    floats = _wide_floats if _name in ("Heaviside", "Hypot") else lambda b, operands: strong_values(b, operands, "float")
    _two(_name, _binary, floats)
for _name, _binary in LOGICAL.items():
    _two(_name, _binary, _flags)


@keras_op("Add", options="broadcasts")
def add(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """x1 + x2."""
    return added(b, layer, *as_values(b, [x1, x2]))
