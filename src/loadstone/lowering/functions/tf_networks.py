"""Functions of `tf.nn` that are formulas over others.

Semantics: tensorflow/python/ops/nn_impl.py, nn_ops.py and nn.py of TensorFlow 2.15, and of 1.15 for the names that it alone has.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.rows import rows
from loadstone.lowering.keras.special import log1p
from loadstone.lowering.tensorflow.symbols import Operand, alike, rule, tensor, tf

rows(
    "nn.",
    {
        "depthwise_conv2d_native": "nn.depthwise_conv2d input filter strides padding data_format='NHWC' dilations=None",
        "dilation2d": "raw_ops.Dilation2D input filters|filter strides rates padding",
    },
)


@tf("nn.sigmoid_cross_entropy_with_logits")
def sigmoid_cross_entropy_with_logits(b: Builder, labels: Operand, logits: Operand) -> Value:
    """max(x, 0) - x z + log(1 + exp(-|x|))."""
    z, x = alike(b, labels, logits)
    return b.Add(b.Sub(b.Max(x, 0), b.Mul(x, z)), log1p(b, b.Exp(b.Neg(b.Abs(x)))))


@tf("nn.weighted_cross_entropy_with_logits")
def weighted_cross_entropy_with_logits(b: Builder, labels: Operand, logits: Operand, pos_weight: Operand) -> Value:
    """(1 - z) x + (1 + (q - 1) z) (log(1 + exp(-|x|)) + max(-x, 0))."""
    z, x, weight = alike(b, labels, logits, pos_weight)
    factor = b.Add(b.Mul(b.Sub(weight, 1), z), 1)
    rest = b.Add(log1p(b, b.Exp(b.Neg(b.Abs(x)))), b.Max(b.Neg(x), 0))
    return b.Add(b.Mul(b.Sub(1, z), x), b.Mul(factor, rest))


@tf("nn.xw_plus_b")
def xw_plus_b(b: Builder, x: Operand, weights: Operand, biases: Operand) -> Value:
    """x @ weights + biases."""
    one, other, offset = alike(b, x, weights, biases)
    return b.Add(b.MatMul(one, other), offset)


@tf("nn.relu_layer")
def relu_layer(b: Builder, x: Operand, weights: Operand, biases: Operand) -> Value:
    """max(x @ weights + biases, 0)."""
    return b.Relu(xw_plus_b(b, x, weights, biases))


@tf("nn.pool")
def pool(
    b: Builder, input_: Operand, window_shape: Operand, pooling_type: str, strides: Operand = None, padding: str = "VALID",
    data_format: str | None = None, dilations: Operand = None, dilation_rate: Operand = None,
) -> Any:  # fmt: skip
    """The largest or the mean ("AVG") of each window; windows lie one by one unless strides are given."""
    if pooling_type not in ("MAX", "AVG") or dilations not in (None, 1, [1]) or dilation_rate not in (None, 1, [1]):
        raise UnsupportedAttribute(f"tf.nn.pool with pooling_type={pooling_type!r} and dilations={dilations!r}")
    x = tensor(b, input_)
    steps = 1 if strides is None else strides
    return rule(f"nn.{pooling_type.lower()}_pool").function(b, x, window_shape, steps, padding, data_format)


@tf("nn.fused_batch_norm")
def fused_batch_norm(
    b: Builder, x: Operand, scale: Operand, offset: Operand, mean: Operand = None, variance: Operand = None, epsilon: float = 0.001,
    data_format: str = "NHWC", is_training: bool = True,
) -> list[Value]:  # fmt: skip
    """x (batch, height, width, channels) normalized channel by channel, and the mean and variance; by its own where it trains."""
    y = tensor(b, x)
    if is_training or mean is None or variance is None:
        raise UnsupportedAttribute("tf.nn.fused_batch_norm with is_training=True")
    values = [tensor(b, v) for v in (scale, offset, mean, variance)]
    made = rule("raw_ops.FusedBatchNormV3").function(b, y, *values, max(float(epsilon), 1.001e-5), 1.0, data_format, False)
    return list(made[:3])
