"""Pools of graphs: MaxPool, AvgPool and their kin of `tf.nn`, MaxPoolWithArgmax and Dilation2D.

Semantics: tensorflow/core/kernels/maxpooling_op.cc, avgpooling_op.cc, pooling_ops_common.cc, pooling_ops_3d.cc and dilation_ops.cc.
Padding takes no part in a maximum or a mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.convolutions import MOST_PARTS
from loadstone.lowering.tensorflow.length_arithmetic import Length, times
from loadstone.lowering.tensorflow.sliding import (
    Sliding,
    as_given,
    channels_come_first,
    channels_first,
    framed,
    pads_of,
    per_axis,
    sliding,
    whole_windows,
)
from loadstone.lowering.tensorflow.symbols import Operand, enter, number, tensor, tf


def _pool(kind: str) -> Callable[..., Value]:
    def rule(
        b: Builder, input_: Operand = None, ksize: Operand = None, strides: Operand = None, padding: Any = "VALID", data_format: Any = None,
        explicit_paddings: Any = None, value: Operand = None,
    ) -> Value:  # fmt: skip
        x = tensor(b, input_ if value is None else value)
        steps = ksize if strides is None else strides
        if kind == "MaxPool" and x.rank == 4 and not channels_come_first(data_format) and _of_channels(ksize):
            return _max_of_channels(b, x, number(ksize, "ksize"), number(steps, "strides"))
        how = sliding(x.rank, data_format, padding, steps, None, explicit_paddings)
        window = _window(ksize, x.rank, how.first)
        x = channels_first(b, how, x)
        return as_given(b, how, max_pooled(b, how, x, window) if kind == "MaxPool" else mean_pooled(b, how, x, window))

    return rule


def _window(ksize: Operand, rank: int, first: bool) -> list[int]:
    window = per_axis(ksize, rank - 2, first, "ksize")
    if min(window, default=1) < 1:
        raise ModelError(f"a pool with ksize={ksize!r}")
    return window


for _kind, _names in {
    "MaxPool": "nn.max_pool nn.max_pool1d nn.max_pool2d nn.max_pool3d raw_ops.MaxPool raw_ops.MaxPoolV2 raw_ops.MaxPool3D",
    "AveragePool": "nn.avg_pool nn.avg_pool1d nn.avg_pool2d nn.avg_pool3d raw_ops.AvgPool raw_ops.AvgPool3D",
}.items():
    enter(_pool(_kind), *_names.split())


def max_pooled(b: Builder, how: Sliding, x: Value, window: Sequence[int]) -> Value:
    """The maximum of each window of x (batch, channels, space...)."""
    framed_x, pads = framed(b, how, x, window, _lowest(x.dtype), engine=x.dtype not in ("int64", "uint64"))
    if x.dtype in ("int64", "uint64"):  # the engine's kernels hold no such number
        if pads:
            n = len(window)
            framed_x = b.pad(x, range(2, x.rank), pads["pads"][:n], pads["pads"][n:], _lowest(x.dtype))
        return reduce(b.Max, _parts(b, framed_x, window, how.strides, how.dilations))
    y = b.MaxPool(framed_x, kernel_shape=[*window], strides=[*how.strides], **pads)
    return whole_windows(b, how, x, y, window) if how.padding == "VALID" else y


def mean_pooled(b: Builder, how: Sliding, x: Value, window: Sequence[int]) -> Value:
    """The mean of each window of x (batch, channels, space...), of the elements that are inside."""
    options: dict[str, Any] = {"kernel_shape": [*window], "strides": [*how.strides]}
    framed_x, pads = framed(b, how, x, window, engine=x.dtype != "float64")
    y = b.AveragePool(framed_x, **options, **pads)
    if framed_x is not x:  # zeros were put in, and are counted out again
        inside, _ = framed(b, how, b.full([1, 1, *b.dims(x)[2:]], 1, x.dtype), window, engine=False)
        return b.Div(y, b.AveragePool(inside, **options))
    return whole_windows(b, how, x, y, window) if how.padding == "VALID" else y


def _lowest(dtype: str) -> float:
    if dtypes.is_float(dtype):
        return -np.inf
    return int(np.iinfo(dtypes.to_numpy(dtype)).min)


def _parts(b: Builder, x: Value, window: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> list[Value]:
    """x (batch, channels, space...), padded, at each place of the window: as many elements as there are windows."""
    if prod(window) > MOST_PARTS:
        raise UnsupportedAttribute(f"windows of {[*window]} elements of {x.dtype}")
    found = []
    for places in product(*map(range, window)):
        part = x
        for k, place in enumerate(places):
            left = (window[k] - 1 - place) * dilations[k]
            part = b.slice(part, 2 + k, place * dilations[k], -left if left else None, strides[k])
        found.append(part)
    return found


# -- over channels ----------------------------------------------------------------------------------------------------


def _of_channels(ksize: Operand) -> bool:
    found = number(ksize, "ksize")
    return isinstance(found, list) and len(found) == 4 and found[-1] != 1


def _max_of_channels(b: Builder, x: Value, ksize: list[int], strides: list[int]) -> Value:
    """The maximum of each few neighbouring channels: x (batch, height, width, channels)."""
    size, channels = ksize[-1], x.shape[-1]
    if ksize[:-1] != [1, 1, 1] or strides != [1, 1, 1, size] or channels is None or channels % size:
        raise UnsupportedAttribute(f"MaxPool of a tensor of shape {x.shape} with ksize={ksize} and strides={strides}")
    parts = b.reshape(x, [*b.dims(x)[:-1], channels // size, size])
    return b.ReduceMax(parts, b.ints([4]), keepdims=0)


# -- the place of the maximum -----------------------------------------------------------------------------------------


@tf("raw_ops.MaxPoolWithArgmax", "nn.max_pool_with_argmax")
def max_pool_with_argmax(
    b: Builder, input_: Operand, ksize: Operand, strides: Operand, padding: str = "VALID", data_format: str = "NHWC",
    output_dtype: str | None = None, include_batch_in_index: bool = False, Targmax: str = "int64",
) -> list[Value]:  # fmt: skip
    """The maxima of windows of x (batch, height, width, channels), and where they lie: (y * width + x) * channels + channel.

    include_batch_in_index adds what lies in the samples before. The first of equal elements is taken.
    """
    x = tensor(b, input_)
    how = sliding(x.rank, data_format, padding, strides)
    if how.first or x.dtype in ("int64", "uint64"):
        raise UnsupportedAttribute(f"MaxPoolWithArgmax of {x.dtype} with data_format={data_format!r}")
    window, dims = _window(ksize, 4, False), b.dims(x)
    first = channels_first(b, how, x)
    padded, pads = framed(b, how, first, window, _lowest(x.dtype))
    y, flat = b.ops("MaxPool", padded, kernel_shape=window, strides=[*how.strides], **pads, outputs=2)
    if how.padding == "VALID":
        y, flat = (whole_windows(b, how, first, v, window) for v in (y, flat))
    batch, height, width, channels = dims
    if padded is first:
        places = b.Mod(flat, times(b, height, width))  # the engine counts in all of (batch, channels, height, width)
    else:
        places = _unpadded(b, how, flat, padded, (height, width), window)
    place = b.Add(b.Mul(places, channels), b.unsqueeze(_counted(b, channels), 1, 2))
    if include_batch_in_index:
        of_sample = times(b, times(b, height, width), channels)
        place = b.Add(place, b.unsqueeze(b.Mul(_counted(b, batch), of_sample), 1, 2, 3))
    return [as_given(b, how, y), b.cast(as_given(b, how, place), output_dtype or Targmax)]


def _unpadded(b: Builder, how: Sliding, flat: Value, padded: Value, space: Sequence[Length], window: Sequence[int]) -> Value:
    """Places in a plane, of places in the padded planes one behind the other."""
    down, across = b.dims(padded)[2:]
    top, left = (low for low, _ in pads_of(b, how, space, window))
    row = b.Sub(b.Mod(b.Div(flat, across), down), top)
    return b.Add(b.Mul(row, space[1]), b.Sub(b.Mod(flat, across), left))


def _counted(b: Builder, count: int | Value) -> Value:
    """0, 1 ... as an int64 vector."""
    if isinstance(count, int):
        return b.ints(list(range(count)))
    return b.Range(b.const(0), b.squeeze(count, 0), b.const(1))


# -- morphology -------------------------------------------------------------------------------------------------------


@tf("raw_ops.Dilation2D")
def dilation(b: Builder, input_: Operand, filter: Operand, strides: Any = None, rates: Any = None, padding: str = "") -> Value:
    """The maximum of x + filter over each window: x (batch, height, width, channels), filter (height, width, channels)."""
    x, kernel = tensor(b, input_), tensor(b, filter)
    how = sliding(x.rank, None, padding, strides, rates)
    window = [d for d in kernel.shape[:2] if d is not None]
    if len(window) != 2 or not dtypes.is_float(x.dtype):
        raise UnsupportedAttribute(f"Dilation2D of {x.dtype} with a kernel of shape {kernel.shape}")
    first = channels_first(b, how, x)
    padded, pads = framed(b, how, first, window, -np.inf, engine=False)
    if pads:
        padded = b.pad(first, (2, 3), pads["pads"][:2], pads["pads"][2:], -np.inf)
    rows = b.reshape(b.transpose(kernel, [2, 0, 1]), [*b.dims(kernel)[2:], -1, 1, 1], (kernel.shape[2], window[0] * window[1], 1, 1))
    offsets = [b.squeeze(b.slice(rows, 1, k, k + 1), 1) for k in range(window[0] * window[1])]
    sums = [b.Add(part, offset) for part, offset in zip(_parts(b, padded, window, how.strides, how.dilations), offsets, strict=True)]
    return as_given(b, how, reduce(b.Max, sums))
