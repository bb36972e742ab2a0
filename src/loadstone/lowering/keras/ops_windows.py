"""Blocks of images as columns and back, and windows whose number is given, as functions of `keras.ops`.

Semantics: keras/src/backend/tensorflow/nn.py of Keras 3. Images of Unfold and Fold have their channels first.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.adaptive_pooling import adaptive_average_pooling, adaptive_max_pooling
from loadstone.lowering.keras.convolution_transpose import transposed_convolution
from loadstone.lowering.keras.ops_layers import as_layer, convolution_options
from loadstone.lowering.keras.promotion import promoted
from loadstone.lowering.registry import keras_op


def _two(value: Any) -> tuple[int, int]:
    first, second = (value, value) if isinstance(value, int) else value
    return int(first), int(second)


def _options(layer: Layer) -> tuple[tuple[int, int], ...]:
    given = {"dilation": 1, "padding": 0, "stride": 1, **layer.config}
    return tuple(_two(given[key]) for key in ("kernel_size", "dilation", "padding", "stride"))


def _counts(size: tuple[int, int], layer: Layer) -> tuple[int, int]:
    """How many blocks there are, down and across."""
    made = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in zip(size, *_options(layer), strict=True)]
    if min(made) < 1:
        raise ModelError(f"{layer.class_name} of images of {size[0]} by {size[1]}, which hold no block")
    return made[0], made[1]


@keras_op("Unfold", options="kernel_size dilation padding stride")
def unfold(b: Builder, layer: Layer, x: Value) -> Value:
    """The blocks of an image as columns: (batch, channels * block, blocks)."""
    if x.rank != 4 or None in x.shape[1:]:
        raise UnsupportedAttribute(f"Unfold of a tensor of shape {x.shape}")
    channels, height, width = (int(d or 0) for d in x.shape[1:])
    kernel, dilation, padding, stride = _options(layer)
    down, across = _counts((height, width), layer)
    x = b.Pad(x, b.ints([0, 0, *padding, 0, 0, *padding]), b.const(0, x.dtype)) if any(padding) else x
    parts = []
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            rows = b.slice(x, 2, top, top + (down - 1) * stride[0] + 1, stride[0])
            parts.append(b.unsqueeze(b.slice(rows, 3, left, left + (across - 1) * stride[1] + 1, stride[1]), 2))
    y = parts[0] if len(parts) == 1 else b.Concat(*parts, axis=2)
    return b.reshape(y, [b.dim(x, 0), channels * len(parts), down * across], (x.shape[0], channels * len(parts), down * across))


@keras_op("Fold", options="output_size kernel_size dilation padding stride")
def fold(b: Builder, layer: Layer, x: Value) -> Value:
    """Columns as the blocks of an image, which add up where they meet."""
    kernel, dilation, padding, stride = _options(layer)
    size = _two(layer.config["output_size"])
    down, across = _counts(size, layer)
    block = kernel[0] * kernel[1]
    if x.rank != 3 or x.shape[1] is None or x.shape[1] % block or x.shape[2] not in (None, down * across):
        raise ModelError(f"Fold of a tensor of shape {x.shape} in blocks of {kernel} to images of {size}")
    channels = x.shape[1] // block
    batch = b.dim(x, 0)
    blocks = b.reshape(x, [batch, channels, block, down, across], (x.shape[0], channels, block, down, across))
    height, width = (n + 2 * p for n, p in zip(size, padding, strict=True))
    total = None
    for place in range(block):
        part = b.squeeze(b.slice(blocks, 2, place, place + 1), 2)
        top, left = place // kernel[1] * dilation[0], place % kernel[1] * dilation[1]
        part = _spread(b, _spread(b, part, 2, stride[0], top, height), 3, stride[1], left, width)
        total = part if total is None else b.Add(total, part)
    assert total is not None
    total = b.slice(total, 2, padding[0], padding[0] + size[0])
    return b.slice(total, 3, padding[1], padding[1] + size[1])


def _spread(b: Builder, x: Value, axis: int, stride: int, start: int, length: int) -> Value:
    """The elements along an axis put `stride` apart in zeros of this length, from `start` on."""
    count = x.shape[axis] or 0
    if stride > 1:
        shape = [b.dim(x, i) for i in range(x.rank)]
        known = list(x.shape)
        pads = [0] * (2 * (x.rank + 1))
        pads[x.rank + 1 + axis + 1] = stride - 1
        wide = b.Pad(b.unsqueeze(x, axis + 1), b.ints(pads), b.const(0, x.dtype))
        shape[axis] = known[axis] = count * stride
        x = b.slice(b.reshape(wide, shape, tuple(known)), axis, 0, (count - 1) * stride + 1)
    pads = [0] * (2 * x.rank)
    pads[axis], pads[x.rank + axis] = start, length - start - ((count - 1) * stride + 1)
    return b.Pad(x, b.ints(pads), b.const(0, x.dtype)) if any(pads) else x


@keras_op("ConvTranspose", options="strides padding output_padding data_format dilation_rate")
def conv_transpose(b: Builder, layer: Layer, inputs: Value, kernel: Value) -> Value:
    """A transposed convolution: kernel (window..., filters, channels)."""
    x, kernel = promoted(b, [inputs, kernel])
    made = as_layer(layer, "Conv", x.rank, filters=kernel.shape[-2], output_padding=None, **convolution_options(layer, kernel))
    given = {**made.config, "output_padding": layer.config.get("output_padding")}
    name = f"Conv{x.rank - 2}DTranspose"
    return transposed_convolution(b, Layer(name, layer.name, given, path=layer.path, policy=layer.policy), x, kernel)


@keras_op("AdaptiveMaxPool", options="output_size data_format")
def adaptive_max_pool(b: Builder, layer: Layer, inputs: Value) -> Value:
    """The maximum of each of so many windows."""
    return adaptive_max_pooling(b, as_layer(layer, "AdaptiveMaxPooling", inputs.rank), inputs)


@keras_op("AdaptiveAveragePool", options="output_size data_format")
def adaptive_average_pool(b: Builder, layer: Layer, inputs: Value) -> Value:
    """The mean of each of so many windows."""
    return adaptive_average_pooling(b, as_layer(layer, "AdaptiveAveragePooling", inputs.rank), inputs)
