"""Normalizations: what rules emit as one op is a few operations here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from loadstone.export.operations.expanding import padded
from loadstone.export.operations.shaping import key
from loadstone.export.operations.table import onnx
from loadstone.export.operations.translation import Translation, has
from loadstone.ir import Output, dtypes
from loadstone.lowering.block import Op, Value


@onnx("LayerNormalization")
def _layer_normalization(t: Translation, op: Op) -> Output:
    """Over the axes from `axis` on; float16 and bfloat16 are computed as float32, as ONNX does (stash_type)."""
    value = op.inputs[0]
    assert value is not None
    axes = list(range(op.attributes.get("axis", -1) % value.rank, value.rank))
    x = _wide(t, t.tensor(value), value.dtype)
    y = _narrow(t, _standard(t, x, axes, op.attributes.get("epsilon", 1e-5)), value.dtype)
    y = t("Multiply", y, t.operand(op.inputs[1])) if has(op, 1) else y
    return _shifted(t, y, t.tensor(op.inputs[2])) if has(op, 2) else y


def _shifted(t: Translation, x: Output, bias: Output) -> Output:
    """A sum that Keras does not take for one with a bias along another axis."""
    return t("Subtract", x, t("Negative", bias))


def _standard(t: Translation, x: Output, axes: Sequence[int], epsilon: float) -> Output:
    """x less its mean, by its deviation."""
    centred = t("Subtract", x, t("Mean", x, axis=list(axes), keepdims=True))
    variance = t("Mean", t("Square", centred), axis=list(axes), keepdims=True)
    return t("TrueDivide", centred, t("Sqrt", t("Add", variance, epsilon)))


def _wide(t: Translation, x: Output, dtype: str) -> Output:
    return t("Cast", x, dtype="float32") if dtype in ("float16", "bfloat16") else x


def _narrow(t: Translation, x: Output, dtype: str) -> Output:
    return t("Cast", x, dtype=dtype) if dtype in ("float16", "bfloat16") and dtypes.is_float(dtype) else x


@onnx("InstanceNormalization")
def _instance_normalization(t: Translation, op: Op) -> Output:
    """Each channel (axis 1) of each sample by itself."""
    value = op.inputs[0]
    assert value is not None
    y = _standard(t, t.tensor(value), range(2, value.rank), op.attributes.get("epsilon", 1e-5))
    y = t("Multiply", y, _of_channels(t, op.inputs[1], value.rank))
    return _shifted(t, y, _of_channels(t, op.inputs[2], value.rank))


@onnx("BatchNormalization")
def _batch_normalization(t: Translation, op: Op) -> Output:
    """By the statistics that are given, for each channel (axis 1)."""
    value = op.inputs[0]
    assert value is not None
    scale, bias, mean, variance = (_of_channels(t, each, value.rank) for each in op.inputs[1:5])
    deviation = t("Sqrt", t("Add", variance, op.attributes.get("epsilon", 1e-5)))
    return _shifted(t, t("Multiply", t("TrueDivide", t("Subtract", t.tensor(value), mean), deviation), scale), bias)


def _of_channels(t: Translation, value: Value | None, rank: int) -> Output:
    """One number for each channel, beside (batch, channels, ...)."""
    return t("Reshape", t.tensor(value), newshape=[1, -1, *[1] * (rank - 2)])


@onnx("LRN")
def _lrn(t: Translation, op: Op) -> Output:
    """By the squares of the channels (axis 1) beside each one."""
    value, size = op.inputs[0], op.attributes["size"]
    assert value is not None
    x = t.tensor(value)
    edges = [((size - 1) // 2, size // 2) if k == 1 else (0, 0) for k in range(value.rank)]
    squares = padded(t, t("Square", x), edges)
    parts = [t("GetItem", squares, key(value.rank, 1, slice(k, k + 1 - size or None))) for k in range(size)]
    total = reduce(lambda one, other: t("Subtract", one, t("Negative", other)), parts)
    scale = t("Add", t("Multiply", total, op.attributes.get("alpha", 1e-4) / size), op.attributes.get("bias", 1.0))
    return t("TrueDivide", x, t("Power", scale, op.attributes.get("beta", 0.75)))
