"""Convolutions: Conv2D, Conv3D, Conv and DepthwiseConv2dNative, those with a padding in front, and the functions of `tf.nn`.

Semantics: tensorflow/core/kernels/conv_ops*.cc, depthwise_conv_op.cc and conv_ops_using_gemm.cc. Kernels lie as (window..., input channels
/ groups, filters), ONNX wants (filters, input channels / groups, window...); they may be computed. How many groups there are follows
from the channels.
"""

from __future__ import annotations

from math import prod
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes import float64_windows
from loadstone.lowering.tensorflow.length_arithmetic import Length
from loadstone.lowering.tensorflow.sliding import Sliding, as_given, channels_come_first, channels_first, framed, sliding
from loadstone.lowering.tensorflow.symbols import Operand, alike, rule, tensor, tf

MOST_PARTS = 4096  # places of a window that are computed one by one, where the engine has no kernel


@tf(
    "nn.conv1d", "nn.conv2d", "nn.conv3d", "nn.convolution", "raw_ops.Conv2D", "raw_ops.Conv3D",
)  # fmt: skip
def conv(
    b: Builder, input_: Operand, filters: Operand = None, strides: Operand = 1, padding: Any = "VALID", data_format: Any = None,
    dilations: Operand = None, dilation_rate: Operand = None, explicit_paddings: Any = None, filter: Operand = None,
    bias: Value | None = None,
) -> Value:  # fmt: skip
    """x (batch, space..., channels) or (batch, channels, space...) with kernels (window..., channels / groups, filters).

    Axes before the batch are kept. bias: a number for each filter.
    """
    x, kernel = alike(b, input_, filter if filters is None else filters)
    outer = b.dims(x)[: x.rank - kernel.rank + 1] if x.rank > kernel.rank else []
    x = one_batch_axis(b, x, len(outer))
    how = sliding(kernel.rank, data_format, padding, 1 if strides is None else strides, dilations or dilation_rate, explicit_paddings)
    y = as_given(b, how, convolved(b, how, channels_first(b, how, x), filters_first(b, kernel), None, bias))
    return b.reshape(y, [*outer, *b.dims(y)[1:]]) if outer else y


@tf("raw_ops.Conv")
def conv_of_any_rank(
    b: Builder, input_: Operand, filter: Operand, strides: Any = None, padding: str = "", explicit_paddings: Any = None,
    data_format: str = "CHANNELS_LAST", dilations: Any = None, batch_dims: int = 1, groups: int = 1,
) -> Value:  # fmt: skip
    """The same for images or volumes, with `batch_dims` axes before them."""
    x, kernel = alike(b, input_, filter)
    if x.rank - batch_dims + 1 != kernel.rank:
        raise ModelError(f"a Conv of tensors of shapes {x.shape} and {kernel.shape} with batch_dims={batch_dims}")
    channels = x.shape[batch_dims if channels_come_first(data_format) else -1]
    if groups != 1 and None not in (channels, kernel.shape[-2]) and channels != (kernel.shape[-2] or 0) * groups:
        raise ModelError(f"a Conv of {channels} channels in {groups} groups with a kernel of shape {kernel.shape}")
    return conv(b, x, kernel, strides, padding, data_format, dilations or None, None, explicit_paddings)


@tf("nn.depthwise_conv2d", "raw_ops.DepthwiseConv2dNative")
def depthwise(
    b: Builder, input_: Operand, filter: Operand, strides: Operand = 1, padding: Any = "VALID", data_format: Any = None,
    dilations: Operand = None, explicit_paddings: Any = None, bias: Value | None = None,
) -> Value:  # fmt: skip
    """Each channel with kernels of its own: (height, width, channels, multiplier)."""
    x, kernel = alike(b, input_, filter)
    how = sliding(x.rank, data_format, padding, strides, dilations, explicit_paddings)
    x = channels_first(b, how, x)
    channels = depthwise_channels(kernel, x.shape[1])
    return as_given(b, how, convolved(b, how, x, depthwise_kernel(b, kernel), channels, bias))


@tf("nn.separable_conv2d")
def separable(
    b: Builder, input_: Operand, depthwise_filter: Operand, pointwise_filter: Operand, strides: Operand, padding: Any,
    data_format: Any = None, dilations: Operand = None,
) -> Value:  # fmt: skip
    """A depthwise convolution, then one of windows of 1."""
    deep = depthwise(b, input_, depthwise_filter, strides, padding, data_format, dilations)
    return conv(b, deep, pointwise_filter, 1, "VALID", data_format)


@tf("nn.atrous_conv2d")
def atrous(b: Builder, value: Operand, filters: Operand, rate: Operand, padding: Any) -> Value:
    """A convolution with `rate` - 1 elements left out between those of a window."""
    return conv(b, value, filters, 1, padding, None, rate)


# -- with a padding in front ------------------------------------------------------------------------------------------


@tf("raw_ops.FusedPadConv2D")
def padded_conv(
    b: Builder, input_: Operand, paddings: Operand, filter: Operand, mode: str = "REFLECT", strides: Any = None, padding: str = ""
) -> Value:
    """MirrorPad, then Conv2D."""
    mirrored = rule("raw_ops.MirrorPad").call(b, [tensor(b, input_), paddings], {"mode": mode})
    return conv(b, mirrored, filter, strides, padding)


@tf("raw_ops.FusedResizeAndPadConv2D")
def resized_and_padded_conv(
    b: Builder, input_: Operand, size: Operand, paddings: Operand, filter: Operand, resize_align_corners: bool = False,
    mode: str = "REFLECT", strides: Any = None, padding: str = "",
) -> Value:  # fmt: skip
    """ResizeBilinear, MirrorPad, then Conv2D."""
    x = tensor(b, input_)
    resized = rule("raw_ops.ResizeBilinear").call(b, [x, size], {"align_corners": resize_align_corners})
    return padded_conv(b, b.cast(resized, x.dtype), paddings, filter, mode, strides, padding)


# -- channels first ---------------------------------------------------------------------------------------------------


def convolved(b: Builder, how: Sliding, x: Value, kernel: Value, groups: int | None = None, bias: Value | None = None) -> Value:
    """x (batch, channels, space...) with a kernel (filters, channels / groups, window...); integers wrap."""
    if x.rank != kernel.rank or len(how.strides) != x.rank - 2:
        raise ModelError(f"a convolution of a tensor of shape {x.shape} with a kernel of shape {kernel.shape} (filters first)")
    count = groups_of(x.shape[1], kernel.shape[1]) if groups is None else groups
    plain = x.dtype in ("float32", "float16", "bfloat16")
    window: list[Length] = [b.dim(kernel, 2 + k) for k in range(kernel.rank - 2)]
    if not plain and (None in kernel.shape or prod(d or 0 for d in kernel.shape[2:]) > MOST_PARTS):
        raise UnsupportedAttribute(f"a convolution of {x.dtype} with a kernel of shape {kernel.shape} (filters first)")
    x, pads = framed(b, how, x, window, engine=plain)
    options = {"strides": [*how.strides], "dilations": [*how.dilations], "group": count, **pads}
    if dtypes.is_integer(x.dtype):
        made = float64_windows.conv(b, Op("Conv", [x, kernel, bias], [], options))
        assert made is not None
        return made[0]
    return b.Conv(x, kernel, bias, **options)


def filters_first(b: Builder, kernel: Value) -> Value:
    """(window..., channels, filters) -> (filters, channels, window...)."""
    n = kernel.rank - 2
    return b.transpose(kernel, [n + 1, n, *range(n)])


def depthwise_kernel(b: Builder, kernel: Value) -> Value:
    """(height, width, channels, multiplier) -> (channels * multiplier, 1, height, width)."""
    height, width, channels, multiplier = kernel.shape
    filters = -1 if channels is None or multiplier is None else channels * multiplier
    return b.reshape(
        b.transpose(kernel, [2, 3, 0, 1]), [filters, 1, *b.dims(kernel)[:2]], (filters if filters >= 0 else None, 1, height, width)
    )


def depthwise_channels(kernel: Value, given: int | None) -> int:
    """The number of channels, which must be known: there is a group for each."""
    channels = kernel.shape[2] if given is None else given
    if channels is None:
        raise UnsupportedAttribute("a depthwise convolution whose number of channels is not known")
    if kernel.shape[2] not in (None, channels):
        raise ModelError(f"a depthwise convolution of {channels} channels with a kernel of shape {kernel.shape}")
    return channels


def groups_of(channels: int | None, of_each: int | None) -> int:
    """How many groups of channels there are; 1 where it cannot be told, and the engine holds the tensors to that."""
    if channels is None or not of_each:
        return 1
    if channels % of_each:
        raise ModelError(f"a convolution of {channels} channels with a kernel for {of_each}")
    return channels // of_each


def one_batch_axis(b: Builder, x: Value, count: int) -> Value:
    """x with its first `count` axes as one."""
    if count < 2:
        return x
    known = [d for d in x.shape[:count] if d is not None]
    first = prod(known) if len(known) == count else None
    return b.reshape(x, [-1 if first is None else first, *b.dims(x)[count:]], (first, *x.shape[count:]))
