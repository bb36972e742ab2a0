"""Normalizations and biases, channel by channel: FusedBatchNorm, BiasAdd, LRN and their kin.

Semantics: tensorflow/core/kernels/fused_batch_norm_op.cc, batch_norm_op.h, bias_op.cc and lrn_op.cc. 16-bit tensors are normalized in
float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.tensorflow.length_arithmetic import Length, times
from loadstone.lowering.tensorflow.sliding import channels_come_first
from loadstone.lowering.tensorflow.symbols import Operand, alike, enter, tensor, tf


def along_channels(b: Builder, vector: Value, rank: int, first: bool) -> Value:
    """A number for each channel, with the rank of what it meets."""
    places = [1] * rank
    places[1 if first else -1] = -1 if vector.shape[0] is None else vector.shape[0]
    return b.reshape(vector, places)


@tf("nn.bias_add", "raw_ops.BiasAdd", "raw_ops.BiasAddV1")
def bias_add(b: Builder, value: Operand, bias: Operand, data_format: str | None = None) -> Value:
    """x plus a number for each channel."""
    x, vector = alike(b, value, bias)
    first = channels_come_first(data_format)
    return b.Add(x, along_channels(b, vector, x.rank, first) if vector.rank == 1 and (first or vector.const is None) else vector)


# -- by the batch -----------------------------------------------------------------------------------------------------


def _fused_batch_norm(spare: int) -> Any:
    def rule(
        b: Builder, x: Operand, scale: Operand, offset: Operand, mean: Operand, variance: Operand, epsilon: float = 1e-4,
        exponential_avg_factor: float = 1.0, data_format: str = "NHWC", is_training: bool = True,
    ) -> list[Value]:  # fmt: skip
        results = batch_norm(b, x, scale, offset, mean, variance, epsilon, exponential_avg_factor, data_format, is_training)
        return [*results, b.const(0.0)][: 3 + spare]

    return rule


enter(_fused_batch_norm(2), "raw_ops.FusedBatchNorm", "raw_ops.FusedBatchNormV2")
enter(_fused_batch_norm(3), "raw_ops.FusedBatchNormV3")


@tf("raw_ops._FusedBatchNormEx")
def fused_batch_norm_and_activation(
    b: Builder, x: Operand, scale: Operand, offset: Operand, mean: Operand, variance: Operand, side_input: Any, epsilon: float = 1e-4,
    exponential_avg_factor: float = 1.0, activation_mode: str = "Identity", data_format: str = "NHWC", is_training: bool = True,
) -> list[Value]:  # fmt: skip
    """FusedBatchNormV3, then the sum with another tensor if there is one, then an activation."""
    if activation_mode not in ("Identity", "Relu"):
        raise UnsupportedAttribute(f"_FusedBatchNormEx with activation_mode={activation_mode!r}")
    y, *rest = batch_norm(b, x, scale, offset, mean, variance, epsilon, exponential_avg_factor, data_format, is_training)
    for other in side_input:
        y = b.Add(y, other)
    return [activate(b, y, "relu" if activation_mode == "Relu" else None), *rest, b.const(0.0)]


def batch_norm(
    b: Builder, x_: Operand, scale_: Operand, offset_: Operand, mean_: Operand, variance_: Operand, epsilon: float, factor: float,
    data_format: str, is_training: bool,
) -> list[Value]:  # fmt: skip
    """(x - mean) / sqrt(variance + epsilon) * scale + offset; mean and variance as a training step leaves them; those that were used.

    When it trains, statistics are those of x, and the running ones move towards them by `factor`, the variance as that of a sample.
    What TensorFlow leaves undefined, the used ones where it does not train, are the given ones.
    """
    x = tensor(b, x_)
    scale, offset, mean, variance = (tensor(b, v) for v in (scale_, offset_, mean_, variance_))
    first, wide = channels_come_first(data_format), b.cast(x, "float32")
    kept = [mean, variance, mean, variance]
    if is_training:
        rows = _rows(b, wide, scale, offset, epsilon) if first else None
        axes = [a for a in range(x.rank) if a != (1 if first else x.rank - 1)]
        mean = b.ReduceMean(wide, b.ints(axes), keepdims=0)
        difference = b.Sub(wide, along_channels(b, mean, x.rank, first))
        variance = b.ReduceMean(b.Mul(difference, difference), b.ints(axes), keepdims=0)
        kept = [*_moved(b, [mean, b.Mul(variance, _of_sample(b, x, axes))], kept[:2], factor), mean, variance]
        if rows is not None:
            return [b.cast(rows, x.dtype), *kept]
    rate = b.Mul(b.Reciprocal(b.Sqrt(b.Add(variance, epsilon))), scale)
    shift = b.Sub(offset, b.Mul(mean, rate))
    rate, shift = (along_channels(b, v, x.rank, first) for v in (rate, shift))
    return [b.cast(b.Add(b.Mul(wide, rate), shift), x.dtype), *kept]


def _rows(b: Builder, x: Value, scale: Value, offset: Value, epsilon: float) -> Value | None:
    """A training step over one sample whose channels come first: each channel is a row that is normalized by itself.

    It is how tf.keras 2 normalizes layers. Only with 1 for each scale and 0 for each offset; None for anything else.
    """
    lengths = [d for d in x.shape[2:] if d]
    if x.shape[0] != 1 or len(lengths) < x.rank - 2 or b.filling(scale) != 1 or b.filling(offset) != 0:
        return None
    return b.LayerNormalization(x, b.full(lengths, 1, x.dtype), None, axis=2, epsilon=float(epsilon))


def _of_sample(b: Builder, x: Value, axes: list[int]) -> Value:
    """n / (n - 1) for n elements a channel, 1 for one."""
    count: Length = 1
    for axis in axes:
        count = times(b, count, b.dim(x, axis))
    if isinstance(count, int):
        return b.const(count / max(count - 1, 1))
    number = b.cast(count, "float32")
    return b.Div(number, b.Max(b.Sub(number, 1.0), 1.0))


def _moved(b: Builder, new: list[Value], old: list[Value], factor: float) -> list[Value]:
    if factor == 1.0:
        return new
    return [b.Add(b.Mul(before, 1.0 - factor), b.Mul(now, factor)) for now, before in zip(new, old, strict=True)]


@tf("raw_ops.BatchNormWithGlobalNormalization")
def batch_norm_of_old(
    b: Builder, t: Operand, m: Operand, v: Operand, beta: Operand, gamma: Operand, variance_epsilon: float = 0.0,
    scale_after_normalization: bool = True,
) -> Value:  # fmt: skip
    """(t - m) / sqrt(v + epsilon), times gamma if so wanted, plus beta: t (batch, height, width, channels), the others (channels,)."""
    x, mean, variance, offset, scale = alike(b, t, m, v, beta, gamma)
    rate = b.Reciprocal(b.Sqrt(b.Add(variance, float(variance_epsilon))))
    rate = b.Mul(rate, scale) if scale_after_normalization else rate
    shift = b.Sub(offset, b.Mul(mean, rate))
    return b.Add(b.Mul(x, along_channels(b, rate, x.rank, False)), along_channels(b, shift, x.rank, False))


# -- by the neighbours ------------------------------------------------------------------------------------------------


@tf("nn.local_response_normalization", "nn.lrn", "raw_ops.LRN")
def local_response_normalization(
    b: Builder, input_: Operand, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5
) -> Value:
    """x / (bias + alpha * the sum of squares of the channels up to depth_radius away) ^ beta: x (batch, height, width, channels)."""
    size = 2 * int(depth_radius) + 1
    x = b.transpose(tensor(b, input_), [0, 3, 1, 2])
    # ONNX divides alpha by the size.
    y = b.LRN(x, size=size, alpha=float(np.float32(alpha)) * size, beta=float(beta), bias=float(bias))
    return b.transpose(y, [0, 2, 3, 1])


@tf("nn.l2_loss", "raw_ops.L2Loss")
def l2_loss(b: Builder, t: Operand) -> Value:
    """Half the sum of squares."""
    x = b.reshape(tensor(b, t), [-1])
    return b.Mul(b.ReduceSum(b.Mul(x, x), b.ints([0]), keepdims=0), 0.5)
