"""Operations on single elements: arithmetic, comparisons, choices, casts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from loadstone.export.operations.table import NoOperation, onnx
from loadstone.export.operations.translation import Operand, Translation, has, integers
from loadstone.ir import Output, Tensor, dtypes
from loadstone.lowering.block import Op, Shape

_OF_ONE = {
    "Abs": "Absolute", "Neg": "Negative", "Sign": "Sign", "Ceil": "Ceil", "Floor": "Floor", "Round": "Round", "Exp": "Exp", "Log": "Log",
    "Sqrt": "Sqrt", "Reciprocal": "Reciprocal", "Sin": "Sin", "Cos": "Cos", "Tan": "Tan", "Sinh": "Sinh", "Cosh": "Cosh", "Tanh": "Tanh",
    "Asin": "Arcsin", "Acos": "Arccos", "Atan": "Arctan", "Asinh": "Arcsinh", "Acosh": "Arccosh", "Atanh": "Arctanh", "Erf": "Erf",
    "Not": "LogicalNot", "IsNaN": "Isnan", "BitwiseNot": "BitwiseNot",
}  # fmt: skip
_OF_TWO = {
    "Sub": "Subtract", "Mul": "Multiply", "And": "LogicalAnd", "Or": "LogicalOr", "Xor": "LogicalXor", "Equal": "Equal",
    "Greater": "Greater", "GreaterOrEqual": "GreaterEqual", "Less": "Less", "LessOrEqual": "LessEqual", "BitwiseAnd": "BitwiseAnd",
    "BitwiseOr": "BitwiseOr", "BitwiseXor": "BitwiseXor",
}  # fmt: skip
_OF_MANY = {"Max": "Maximum", "Min": "Minimum"}


@onnx(*_OF_ONE)
def _of_one(t: Translation, op: Op) -> Output:
    return t(_OF_ONE[op.kind], t.tensor(op.inputs[0]))


@onnx(*_OF_TWO)
def _of_two(t: Translation, op: Op) -> Output:
    return t(_OF_TWO[op.kind], *t.operands(*op.inputs))


@onnx("Add")
def _add(t: Translation, op: Op) -> Output:
    """In an order that Keras on TensorFlow does not take for a bias along another axis (`add` in its keras/src/backend/tensorflow/numpy.py)."""
    one, other = op.inputs
    assert one is not None and other is not None
    x, y = t.operands(one, other)
    if not _taken_for_bias(one.shape, other.shape) or not isinstance(y, (Output, Tensor)):
        return t("Add", x, y)
    if not _taken_for_bias(other.shape, one.shape) or not isinstance(x, (Output, Tensor)):
        return t("Add", y, x)
    return t("Subtract", x, y.map(np.negative) if isinstance(y, Tensor) else t("Negative", y))


def _taken_for_bias(x: Shape, y: Shape) -> bool:
    """Whether Keras may add y along the last or the second axis of x though that is not where it belongs."""
    if len(x) < 2:
        return False
    for axis, length in enumerate(y):
        others = [n for k, n in enumerate(y) if k != axis and n not in (1, None)]
        if length == 1 or others:
            continue  # it is no vector along this axis
        behind = len(y) - 1 - axis
        last = x[-1] is None or length is None or x[-1] == length
        second = x[1] is None or length is None or x[1] == length
        if behind and last:
            return True
        if second and len(x) - 1 - behind != 1 and (behind or x[-1] in (1, None)):
            return True
    return False


@onnx(*_OF_MANY)
def _of_many(t: Translation, op: Op) -> Output:
    return _chain(t, _OF_MANY[op.kind], t.operands(*op.inputs))


def _chain(t: Translation, class_name: str, operands: Sequence[Operand]) -> Output:
    """All operands one after the other, tensors of the model first."""
    ordered = sorted(operands, key=lambda operand: not isinstance(operand, Output))
    found = reduce(lambda one, other: t(class_name, one, other), ordered)
    assert isinstance(found, Output)
    return found


@onnx("Identity")
def _identity(t: Translation, op: Op) -> Output:
    return t.tensor(op.inputs[0])


@onnx("Div")
def _div(t: Translation, op: Op) -> Output:
    """Quotients of integers are cut off towards zero."""
    one, other = t.operands(*op.inputs)
    if op.outputs[0].dtype in dtypes.FLOATS:
        return t("TrueDivide", one, other)
    size = t("FloorDivide", t("Absolute", one), t("Absolute", other) if isinstance(other, Output) else _size(other))
    signs = t("Multiply", t("Sign", one), t("Sign", other) if isinstance(other, Output) else _sign(other))
    return t("Multiply", size, signs)


def _size(number: Operand) -> Operand:
    return number.map(abs) if not isinstance(number, (int, float, Output)) else number if isinstance(number, Output) else abs(number)


def _sign(number: Operand) -> Operand:
    if isinstance(number, (int, float)):
        return (number > 0) - (number < 0)
    return number if isinstance(number, Output) else number.map(lambda v: (v > 0).astype(v.dtype) - (v < 0).astype(v.dtype))


@onnx("Mod")
def _mod(t: Translation, op: Op) -> Output:
    return t("Fmod" if op.attributes.get("fmod") else "Mod", *t.operands(*op.inputs))


@onnx("Pow")
def _pow(t: Translation, op: Op) -> Output:
    """In the dtype of the base."""
    base, exponent = op.inputs[0], op.inputs[1]
    assert base is not None and exponent is not None
    if base.dtype == exponent.dtype:
        return t("Power", *t.operands(base, exponent))
    return t("Cast", t("Power", *t.operands(base, exponent)), dtype=base.dtype)


@onnx("Where")
def _where(t: Translation, op: Op) -> Output:
    condition, one, other = op.inputs
    assert one is not None and other is not None
    if one.const is None or other.const is None or t.knows(one) or t.knows(other):
        return t("Where", t.tensor(condition), *t.operands(one, other))
    return t("Where", t.tensor(condition), t.operand(one), t.operand(other))


@onnx("Clip")
def _clip(t: Translation, op: Op) -> Output:
    x = t.tensor(op.inputs[0])
    if has(op, 1):
        x = t("Maximum", x, t.operands(op.inputs[0], op.inputs[1])[1])
    return t("Minimum", x, t.operands(op.inputs[0], op.inputs[2])[1]) if has(op, 2) else x


@onnx("Cast")
def _cast(t: Translation, op: Op) -> Output:
    return t("Cast", t.tensor(op.inputs[0]), dtype=dtypes.of_onnx(op.attributes["to"]))


@onnx("IsInf")
def _is_inf(t: Translation, op: Op) -> Output:
    x, below, above = t.tensor(op.inputs[0]), op.attributes.get("detect_negative", 1), op.attributes.get("detect_positive", 1)
    return t("Isinf" if below and above else "Isneginf" if below else "Isposinf", x)


@onnx("BitShift")
def _bit_shift(t: Translation, op: Op) -> Output:
    return t("LeftShift" if op.attributes["direction"] == "LEFT" else "RightShift", *t.operands(*op.inputs))


@onnx("Trilu")
def _trilu(t: Translation, op: Op) -> Output:
    k = (integers(op.inputs[1]) or [0]) if has(op, 1) else [0]
    if has(op, 1) and integers(op.inputs[1]) is None:
        raise NoOperation("the number of the diagonal is computed")
    return t("Triu" if op.attributes.get("upper", 1) else "Tril", t.tensor(op.inputs[0]), k=k[0])
