"""Convolutions: Conv1D to Conv3D, and the depthwise and separable ones.

keras/src/layers/convolutional/base_conv.py, base_depthwise_conv.py, base_separable_conv.py. Kernels lie in Keras as
(window..., input channels / groups, filters); ONNX wants (filters, input channels / groups, window...).
"""

from __future__ import annotations

from math import prod

from loadstone.errors import ModelError
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.windows import as_given, biased, channels_first, numbers, of_steps, padded
from loadstone.lowering.registry import keras_layer

_WINDOW = "kernel_size strides padding data_format dilation_rate activation use_bias broadcasts"


@keras_layer(
    "Conv1D", "Conv2D", "Conv3D",
    weights=("kernel", "bias?", "lora_kernel_a?", "lora_kernel_b?"),
    options=f"filters groups lora_rank lora_alpha {_WINDOW}",
)  # fmt: skip
def convolution(
    b: Builder,
    layer: Layer,
    x: Value,
    kernel: Value,
    bias: Value | None = None,
    lora_kernel_a: Value | None = None,
    lora_kernel_b: Value | None = None,
) -> Value:
    """x (batch, space..., channels) or (batch, channels, space...); kernel (window..., channels / groups, filters); bias (filters,).

    Axes before the batch, which tf.keras 2 allows, are kept. A LoRA pair is added to the kernel.
    """
    if lora_kernel_a is not None and lora_kernel_b is not None:
        rank = layer.config["lora_rank"]
        alpha = layer.config.get("lora_alpha")
        kernel = b.Add(kernel, b.Mul(b.MatMul(lora_kernel_a, lora_kernel_b), (rank if alpha is None else alpha) / rank))
    outer, x = _one_batch_axis(b, x, kernel.rank)
    first = channels_first(b, layer, x)
    y = _convolve(b, layer, first, _filters_first(b, kernel), bias, int(layer.config.get("groups") or 1))
    y = _batch_axes_again(b, as_given(b, layer, y), outer)
    return activate(b, y, layer.config["activation"])


@keras_layer("DepthwiseConv1D", "DepthwiseConv2D", weights=("kernel", "bias?"), options=f"depth_multiplier {_WINDOW}")
def depthwise_convolution(b: Builder, layer: Layer, x: Value, kernel: Value, bias: Value | None = None) -> Value:
    """Each channel with filters of its own: kernel (window..., channels, multiplier); bias (channels * multiplier,)."""
    y = _depthwise(b, layer, channels_first(b, layer, x), kernel, bias)
    return activate(b, as_given(b, layer, y), layer.config["activation"])


@keras_layer(
    "SeparableConv1D", "SeparableConv2D",
    weights=("depthwise_kernel", "pointwise_kernel", "bias?"),
    options=f"filters depth_multiplier {_WINDOW}",
)  # fmt: skip
def separable_convolution(
    b: Builder, layer: Layer, x: Value, depthwise_kernel: Value, pointwise_kernel: Value, bias: Value | None = None
) -> Value:
    """A depthwise convolution, then one of windows of 1: pointwise_kernel (1..., channels * multiplier, filters)."""
    deep = _depthwise(b, layer, channels_first(b, layer, x), depthwise_kernel, None)
    y = biased(b, layer, lambda added: b.Conv(deep, _filters_first(b, pointwise_kernel), added), bias)
    return activate(b, as_given(b, layer, y), layer.config["activation"])


def _filters_first(b: Builder, kernel: Value) -> Value:
    n = kernel.rank - 2
    return b.transpose(kernel, [n + 1, n, *range(n)])


def _depthwise(b: Builder, layer: Layer, x: Value, kernel: Value, bias: Value | None) -> Value:
    *window, channels, multiplier = kernel.shape
    n = len(window)
    kernel = b.reshape(b.transpose(kernel, [n, n + 1, *range(n)]), [_known(channels) * _known(multiplier), 1, *map(_known, window)])
    return _convolve(b, layer, x, kernel, bias, _known(channels))


def _convolve(b: Builder, layer: Layer, x: Value, kernel: Value, bias: Value | None, groups: int) -> Value:
    """x (batch, channels, space...), kernel (filters, channels / groups, window...)."""
    window = [_known(d) for d in kernel.shape[2:]]
    n = len(window)
    if x.rank != n + 2:
        raise ModelError(f"{layer.class_name} is given a tensor of shape {x.shape}")
    if numbers(layer.config["kernel_size"], n) != window:
        raise ModelError(f"the kernel of a {layer.class_name} with kernel_size {layer.config['kernel_size']} has windows of {window}")
    strides, dilations = numbers(layer.config["strides"], n), numbers(layer.config["dilation_rate"], n)
    framed, pads = padded(b, x, layer.config["padding"], window, strides, dilations)
    options = {"strides": strides, "dilations": dilations, "group": groups, **pads}
    y = biased(b, layer, lambda added: b.Conv(framed, kernel, added, **options), bias)
    return of_steps(b, x, y, strides) if layer.config["padding"] == "half" else y


def _one_batch_axis(b: Builder, x: Value, rank: int) -> tuple[list[int | Value], Value]:
    """x with its first axes as one, so that it has this rank; the lengths of those axes, none where there is one only."""
    extra = x.rank - rank
    if extra <= 0:
        return [], x
    dims = b.dims(x)
    flat = prod(d for d in dims[: extra + 1] if isinstance(d, int)) if all(isinstance(d, int) for d in dims[: extra + 1]) else -1
    return dims[: extra + 1], b.reshape(x, [flat, *dims[extra + 1 :]])


def _batch_axes_again(b: Builder, y: Value, outer: list[int | Value]) -> Value:
    return b.reshape(y, [*outer, *b.dims(y)[1:]]) if outer else y


def _known(length: int | None) -> int:
    assert length is not None, "weights have known shapes"
    return length
