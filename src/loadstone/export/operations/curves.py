"""Activation functions."""

from __future__ import annotations

from loadstone.export.operations.table import onnx
from loadstone.export.operations.translation import Translation
from loadstone.ir import Output
from loadstone.lowering.block import Op

_PLAIN = {"Relu": "Relu", "Sigmoid": "Sigmoid", "Softplus": "Softplus", "Softsign": "Softsign"}


@onnx(*_PLAIN)
def _plain(t: Translation, op: Op) -> Output:
    return t(_PLAIN[op.kind], t.tensor(op.inputs[0]))


@onnx("Softmax", "LogSoftmax")
def _softmax(t: Translation, op: Op) -> Output:
    return t(op.kind, t.tensor(op.inputs[0]), axis=op.attributes.get("axis", -1))


@onnx("LeakyRelu")
def _leaky_relu(t: Translation, op: Op) -> Output:
    return t("LeakyRelu", t.tensor(op.inputs[0]), negative_slope=op.attributes.get("alpha", 0.01))


@onnx("Elu")
def _elu(t: Translation, op: Op) -> Output:
    return t("Elu", t.tensor(op.inputs[0]), alpha=op.attributes.get("alpha", 1.0))


@onnx("Celu")
def _celu(t: Translation, op: Op) -> Output:
    return t("Celu", t.tensor(op.inputs[0]), alpha=op.attributes.get("alpha", 1.0))


@onnx("Selu")
def _selu(t: Translation, op: Op) -> Output:
    """gamma times an ELU."""
    curve = t("Elu", t.tensor(op.inputs[0]), alpha=op.attributes.get("alpha", 1.6732632423543772))
    return t("Multiply", curve, op.attributes.get("gamma", 1.0507009873554805))


@onnx("Gelu")
def _gelu(t: Translation, op: Op) -> Output:
    return t("Gelu", t.tensor(op.inputs[0]), approximate=op.attributes.get("approximate", "none") == "tanh")


@onnx("HardSigmoid")
def _hard_sigmoid(t: Translation, op: Op) -> Output:
    line = t("Add", t("Multiply", t.tensor(op.inputs[0]), op.attributes.get("alpha", 0.2)), op.attributes.get("beta", 0.5))
    return t("Clip", line, x_min=0.0, x_max=1.0)


@onnx("HardSwish")
def _hard_swish(t: Translation, op: Op) -> Output:
    return t("HardSilu", t.tensor(op.inputs[0]))


@onnx("Mish")
def _mish(t: Translation, op: Op) -> Output:
    x = t.tensor(op.inputs[0])
    return t("Multiply", x, t("Tanh", t("Softplus", x)))


@onnx("PRelu")
def _prelu(t: Translation, op: Op) -> Output:
    x, slope = t.operands(*op.inputs)
    return t("Add", t("Relu", x), t("Multiply", t("Minimum", x, 0.0), slope))


@onnx("ThresholdedRelu")
def _thresholded_relu(t: Translation, op: Op) -> Output:
    return t("Threshold", t.tensor(op.inputs[0]), threshold=op.attributes.get("alpha", 1.0), default_value=0.0)


@onnx("Hardmax")
def _hardmax(t: Translation, op: Op) -> Output:
    value = op.outputs[0]
    axis = op.attributes.get("axis", -1) % value.rank
    best = t("Argmax", t.tensor(op.inputs[0]), axis=axis, keepdims=False)
    hits = t("OneHot", best, num_classes=value.shape[axis], axis=-1, dtype=value.dtype)
    return hits if axis == value.rank - 1 else t("Moveaxis", hits, source=-1, destination=axis)
