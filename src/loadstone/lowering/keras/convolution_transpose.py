"""Transposed convolutions: Conv1DTranspose to Conv3DTranspose.

keras/src/layers/convolutional/base_conv_transpose.py. TensorFlow computes them as the gradient of a convolution whose
output length is given; keras/src/backend/common/backend_utils.py says which.
"""

from __future__ import annotations

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.windows import as_given, biased, channels_first, numbers, space
from loadstone.lowering.registry import keras_layer


@keras_layer(
    "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose",
    weights=("kernel", "bias?"),
    options="filters kernel_size strides padding output_padding data_format dilation_rate activation use_bias broadcasts output_size",
)  # fmt: skip
def transposed_convolution(b: Builder, layer: Layer, x: Value, kernel: Value, bias: Value | None = None) -> Value:
    """kernel (window..., filters, channels); each input element adds its multiple of the kernel to the output."""
    n = kernel.rank - 2
    config, window = layer.config, [d or 0 for d in kernel.shape[:n]]
    if x.rank != n + 2 or numbers(config["kernel_size"], n) != window:
        raise ModelError(
            f"{layer.class_name} with kernel_size {config['kernel_size']} has windows of {window} and is given a tensor of shape {x.shape}"
        )
    strides, dilations = numbers(config["strides"], n), numbers(config.get("dilation_rate", 1), n)
    extra: list[int | None] = [None] * n
    if config.get("output_padding") is not None:
        extra = [*numbers(config["output_padding"], n)]
    elif config.get("output_size") is not None:
        extra = _extra(x, layer, window, strides)
    cuts = [_cut(config["padding"], k, s, d, e) for k, s, d, e in zip(window, strides, dilations, extra, strict=True)]
    first, turned = channels_first(b, layer, x), b.transpose(kernel, [n + 1, n, *range(n)])
    options = {
        "strides": strides,
        "dilations": dilations,
        "pads": [before for before, _ in cuts] + [max(after, 0) for _, after in cuts],
        "output_padding": [max(-after, 0) for _, after in cuts],
    }
    y = biased(b, layer, lambda added: b.ConvTranspose(first, turned, added, **options), bias)
    return activate(b, as_given(b, layer, y), config["activation"])


def _extra(x: Value, layer: Layer, window: list[int], strides: list[int]) -> list[int | None]:
    """The output_padding that makes the space of the result as large as Keras 1 was told (`Deconvolution2D(output_shape=)`)."""
    found: list[int | None] = []
    for axis, size, k, stride in zip(space(layer, x.rank), layer.config["output_size"], window, strides, strict=True):
        length = x.shape[axis]
        if length is None:
            raise UnsupportedAttribute(f"output_shape of a {layer.class_name} whose input has the shape {x.shape}")
        full = (length - 1) * stride + k
        found.append(size - full if layer.config["padding"] == "valid" else size - full + k - k % 2)
    return found


def _cut(padding: str, kernel: int, stride: int, dilation: int, extra: int | None) -> tuple[int, int]:
    """Elements taken off the full result, (input - 1) * stride + reach long, before and after; negative: zeros added.

    With "same" the convolution that this is the gradient of pads `total` elements, the odd one after.
    """
    reach = (kernel - 1) * dilation + 1
    if padding == "valid":
        return 0, -(max(stride - reach, 0) if extra is None else extra)
    if padding not in ("same", "half"):
        raise UnsupportedAttribute(f"padding {padding!r} of a transposed convolution")
    cut = reach - stride if extra is None else reach - reach % 2 - extra  # full length minus output length
    before = max(cut, 0) // 2 if padding == "same" else reach // 2
    return before, cut - before
