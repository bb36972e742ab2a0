"""Gradients of convolutions: by the input, which are transposed convolutions, and by the kernel.

Semantics: tensorflow/core/kernels/conv_grad_shape_utils.cc, conv_grad_input_ops.h, conv_grad_filter_ops.h and depthwise_conv_grad_op.cc.
The length of the result is given, and may be computed; what was padded follows from it as in the convolution itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes import float64_windows
from loadstone.lowering.tensorflow.convolutions import MOST_PARTS, depthwise_channels, depthwise_kernel, filters_first, groups_of
from loadstone.lowering.tensorflow.length_arithmetic import Length, exactly, minus, plus, times
from loadstone.lowering.tensorflow.sliding import Sliding, as_given, channels_first, pads_of, reaches, sliding
from loadstone.lowering.tensorflow.symbols import Operand, alike, enter, lengths, tensor, tf


@tf("raw_ops.Conv2DBackpropInput", "raw_ops.Conv3DBackpropInputV2")
def of_input(
    b: Builder, input_sizes: Operand, filter: Operand, out_backprop: Operand, strides: Any = 1, padding: Any = "VALID",
    explicit_paddings: Any = None, data_format: Any = None, dilations: Any = None, bias: Value | None = None,
) -> Value:  # fmt: skip
    """out_backprop (batch, steps..., filters) with kernels (window..., channels / groups, filters) -> (batch, space..., channels).

    input_sizes are the lengths of all axes of the result, or of its space alone.
    """
    y, kernel = alike(b, out_backprop, filter)
    how = sliding(y.rank, data_format, padding, strides, dilations, explicit_paddings)
    sizes, channels = _sizes(b, how, input_sizes, y.rank, kernel.shape[-2])
    groups = groups_of(channels, kernel.shape[-2]) if isinstance(channels, int) else 1
    made = transposed(b, how, channels_first(b, how, y), filters_first(b, kernel), sizes, groups)
    if isinstance(channels, Value):  # groups were taken for one
        made = exactly(b, made, [b.dim(made, 0), channels, *sizes])
    return as_given(b, how, made)


def _of_input_of_tensor(
    b: Builder, input_: Operand, filter: Operand, out_backprop: Operand, strides: Any = 1, padding: Any = "VALID",
    explicit_paddings: Any = None, data_format: Any = None, dilations: Any = None,
) -> Value:  # fmt: skip
    sizes = b.dims(tensor(b, input_))
    return of_input(b, sizes, filter, out_backprop, strides, padding, explicit_paddings, data_format, dilations)


enter(_of_input_of_tensor, "raw_ops.Conv2DBackpropInputV2", "raw_ops.Conv3DBackpropInput")


def _transpose_of(data_format: str) -> Any:
    def rule(
        b: Builder, input_: Operand, filters: Operand, output_shape: Operand, strides: Operand = 1, padding: Any = "SAME",
        data_format: Any = data_format, dilations: Operand = None,
    ) -> Value:  # fmt: skip
        return of_input(b, output_shape, filters, input_, strides, padding, None, data_format, dilations)

    return rule


for _name, _format in {"1d": "NWC", "2d": "NHWC", "3d": "NDHWC"}.items():
    enter(_transpose_of(_format), f"nn.conv{_name}_transpose")


@tf("raw_ops.DepthwiseConv2dNativeBackpropInput")
def depthwise_of_input(
    b: Builder, input_sizes: Operand, filter: Operand, out_backprop: Operand, strides: Any = 1, padding: Any = "VALID",
    explicit_paddings: Any = None, data_format: Any = None, dilations: Any = None,
) -> Value:  # fmt: skip
    """The same for kernels (height, width, channels, multiplier)."""
    y, kernel = alike(b, out_backprop, filter)
    how = sliding(y.rank, data_format, padding, strides, dilations, explicit_paddings)
    sizes, channels = _sizes(b, how, input_sizes, y.rank, kernel.shape[2])
    groups = depthwise_channels(kernel, channels if isinstance(channels, int) else None)
    return as_given(b, how, transposed(b, how, channels_first(b, how, y), depthwise_kernel(b, kernel), sizes, groups))


def _sizes(b: Builder, how: Sliding, given: Operand, rank: int, of_each: int | None) -> tuple[list[Length], Length | None]:
    """Lengths of the space, and how many channels there are: as many as the kernel has where only the space is given."""
    found = lengths(b, given)
    if len(found) == rank - 2:
        return found, of_each
    if len(found) != rank:
        raise ModelError(f"{len(found)} lengths of a tensor of rank {rank}")
    return (found[2:], found[1]) if how.first else (found[1:-1], found[-1])


def transposed(b: Builder, how: Sliding, y: Value, kernel: Value, sizes: Sequence[Length], groups: int) -> Value:
    """y (batch, filters, steps...), kernel (filters, channels / groups, window...) -> (batch, channels, space...).

    The whole that the windows cover is (steps - 1) * stride + reach long; the space begins where the padding before it ends. Where all of
    that is known the engine cuts, else the whole is cut when it runs.
    """
    if y.rank != kernel.rank or len(sizes) != y.rank - 2:
        raise ModelError(f"the gradient {y.shape} of a convolution to a space of {len(sizes)} axes with a kernel of shape {kernel.shape}")
    window: list[Length] = [b.dim(kernel, 2 + k) for k in range(len(sizes))]
    cut: list[tuple[int, int, int]] = []
    late: dict[int, tuple[Length, Length]] = {}
    before = [low for low, _ in pads_of(b, how, sizes, window)]
    for k, (size, reach, low, stride) in enumerate(zip(sizes, reaches(b, how, window), before, how.strides, strict=True)):
        if isinstance(size, int) and isinstance(reach, int) and isinstance(low, int):
            after = (_steps(how, k, size, reach, y.shape[2 + k]) - 1) * stride + reach - low - size
            if -after < max(stride, how.dilations[k]):
                cut.append((low, max(after, 0), max(-after, 0)))
                continue
        cut.append((0, 0, stride - 1))
        late[2 + k] = (low, size)
    options = {
        "strides": [*how.strides],
        "dilations": [*how.dilations],
        "group": groups,
        "pads": [low for low, _, _ in cut] + [high for _, high, _ in cut],
        "output_padding": [extra for _, _, extra in cut],
    }
    return _cut(b, _conv_transpose(b, y, kernel, options), late)


def _steps(how: Sliding, k: int, size: int, reach: int, given: int | None) -> int:
    """How many windows there are along axis k of a space of this size."""
    if how.padding == "SAME":
        steps = -(-size // how.strides[k])
    else:
        steps = (size + (sum(how.pads[k]) if how.pads else 0) - reach) // how.strides[k] + 1
    if given not in (None, steps):
        raise ModelError(f"the gradient of {given} windows by a space that has {steps}")
    return steps


def _conv_transpose(b: Builder, y: Value, kernel: Value, options: dict[str, Any]) -> Value:
    plain = y.dtype in ("float32", "float16", "bfloat16")
    if not plain and (None in kernel.shape or prod(d or 0 for d in kernel.shape[2:]) > MOST_PARTS):
        raise UnsupportedAttribute(f"a transposed convolution of {y.dtype} with a kernel of shape {kernel.shape} (filters first)")
    if dtypes.is_integer(y.dtype):
        made = float64_windows.conv_transpose(b, Op("ConvTranspose", [y, kernel, None], [], options))
        assert made is not None
        return made[0]
    return b.ConvTranspose(y, kernel, None, **options)


def _cut(b: Builder, whole: Value, late: dict[int, tuple[Length, Length]]) -> Value:
    """`size` elements from `low` on, along these axes."""
    if not late:
        return whole
    y = whole
    for axis, (low, size) in late.items():
        ends = [b.vector([v]) for v in (low, plus(b, low, size))]
        shape = tuple((size if isinstance(size, int) else None) if k == axis else d for k, d in enumerate(y.shape))
        y = b.op("Slice", y, *ends, b.ints([axis]), out_shape=shape)
    return exactly(b, y, [late[k][1] if k in late else b.dim(whole, k) for k in range(y.rank)])


# -- by the kernel ----------------------------------------------------------------------------------------------------


@tf("raw_ops.Conv2DBackpropFilter", "raw_ops.Conv3DBackpropFilterV2")
def of_kernel(
    b: Builder, input_: Operand, filter_sizes: Operand, out_backprop: Operand, strides: Any = 1, padding: Any = "VALID",
    explicit_paddings: Any = None, data_format: Any = None, dilations: Any = None,
) -> Value:  # fmt: skip
    """(window..., channels, filters): the convolution of x with the gradient, where samples are channels and steps lie `strides` apart."""
    x, y = alike(b, input_, out_backprop)
    how = sliding(x.rank, data_format, padding, strides, dilations, explicit_paddings)
    x, y = channels_first(b, how, x), channels_first(b, how, y)
    shape = lengths(b, filter_sizes)
    window = [d for d in shape[:-2] if isinstance(d, int)]
    if len(window) != x.rank - 2 or x.dtype not in ("float32", "float16", "bfloat16"):
        raise UnsupportedAttribute(f"the gradient of a convolution of {x.dtype} by a kernel of shape {shape}")
    if isinstance(shape[-2], int) and x.shape[1] not in (None, shape[-2]):
        raise UnsupportedAttribute("the gradient of a convolution in groups by its kernel")
    n = len(window)
    before, after = [], []
    for k, (low, _) in enumerate(pads_of(b, how, b.dims(x)[2:], window)):
        last = plus(b, times(b, minus(b, b.dim(y, 2 + k), 1), how.strides[k]), (window[k] - 1) * how.dilations[k] + 1)
        before.append(low)
        after.append(minus(b, minus(b, last, low), b.dim(x, 2 + k)))  # negative where the last elements are in no window
    turned, steps = (b.transpose(v, [1, 0, *range(2, n + 2)]) for v in (b.pad(x, range(2, n + 2), before, after), y))
    made = b.Conv(turned, steps, None, strides=[*how.dilations], dilations=[*how.strides])
    return b.transpose(made, [*range(2, n + 2), 0, 1])
