"""Pools: sliding maxima and means, and those over all of the space.

keras/src/layers/pooling/. TensorFlow's "same" padding takes no part in a maximum or a mean. Theano's, which history spells
"half", pads both sides by one element less than the window is long, or by two where its length is odd
(keras/backend/theano_backend.py of 2.2.4, `pool2d`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_reduce import REDUCTIONS, mean_of
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.keras.windows import as_given, channels_first, numbers, of_steps, padded, space
from loadstone.lowering.registry import keras_layer

_OPTIONS = "pool_size strides padding data_format"


@keras_layer("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", options=_OPTIONS)
def max_pooling(b: Builder, layer: Layer, x: Value) -> Value:
    """The maximum of each window, channel by channel."""
    return _pool(b, layer, x, "MaxPool")


@keras_layer("AveragePooling1D", "AveragePooling2D", "AveragePooling3D", options=f"{_OPTIONS} counts_padding")
def average_pooling(b: Builder, layer: Layer, x: Value) -> Value:
    """The mean of each window, channel by channel, of the elements that are inside."""
    return _pool(b, layer, x, "AveragePool")


def _pool(b: Builder, layer: Layer, x: Value, kind: str) -> Value:
    n = x.rank - 2
    window = numbers(layer.config["pool_size"], n)
    strides = window if layer.config.get("strides") is None else numbers(layer.config["strides"], n)
    x = channels_first(b, layer, x)
    if layer.config["padding"] == "half":
        both = [max(k - 2 if k % 2 else k - 1, 0) for k in window] * 2
        options: dict[str, Any] = {"kernel_shape": window, "strides": strides, "pads": both}
        if layer.config.get("counts_padding"):
            options["count_include_pad"] = 1
        return as_given(b, layer, of_steps(b, x, b.op(kind, x, **options), strides))
    x, pads = padded(b, x, layer.config["padding"], window, strides, [1] * n)
    y = b.op(kind, x, kernel_shape=window, strides=strides, **pads)
    if layer.config["padding"] == "valid":
        y = _of_whole_windows(b, x, y, window, strides)
    return as_given(b, layer, y)


def _of_whole_windows(b: Builder, x: Value, y: Value, window: Sequence[int], strides: Sequence[int]) -> Value:
    """y without the window that onnxruntime sees on an axis shorter than it (its division rounds to zero); TensorFlow sees none."""
    for axis, (k, stride) in enumerate(zip(window, strides, strict=True), 2):
        length = b.dim(x, axis)
        if isinstance(length, Value) and min(k, stride) > 1:
            count = b.Max(b.Div(b.Add(length, stride - k), stride), b.ints([0]))
            y = b.op("Slice", y, b.ints([0]), count, b.ints([axis]), out_shape=y.shape)
    return y


@keras_layer("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", options="data_format keepdims")
def global_max_pooling(b: Builder, layer: Layer, x: Value) -> Value:
    """The maximum of each channel: (batch, channels), with axes of 1 where keepdims."""
    return REDUCTIONS["Amax"](b, x, space(layer, x.rank), bool(_keepdims(layer)))


@keras_layer("GlobalAveragePooling2D", "GlobalAveragePooling3D", options="data_format keepdims whole")
def global_average_pooling(b: Builder, layer: Layer, x: Value) -> Value:
    """The mean of each channel: (batch, channels), with axes of 1 where keepdims; an integer where `whole`, which history writes."""
    if dtypes.is_integer(x.dtype) and layer.config.get("whole"):
        axes = b.ints(space(layer, x.rank))
        total, count = (b.ReduceSum(v, axes, keepdims=_keepdims(layer)) for v in (b.cast(x, "int64"), b.full(b.dims(x), 1, "int64")))
        return b.cast(b.Div(total, count), x.dtype)
    return mean_of(b, as_float(b, x), space(layer, x.rank), bool(_keepdims(layer)))


@keras_layer("GlobalAveragePooling1D", options="data_format keepdims whole")
def global_average_pooling_1d(b: Builder, layer: Layer, x: Value, mask: Value | None = None) -> Value:
    """The mean over steps: of those that the mask (batch, steps) keeps; not a number where it keeps none."""
    if mask is None:
        return global_average_pooling(b, layer, x)
    x, axes = as_float(b, x), space(layer, 3)
    kept = b.unsqueeze(b.cast(mask, "bool"), 3 - axes[0])
    total = b.ReduceSum(b.Where(kept, x, b.const(0, x.dtype)), b.ints(axes), keepdims=_keepdims(layer))
    return b.Div(total, b.ReduceSum(b.cast(kept, x.dtype), b.ints(axes), keepdims=_keepdims(layer)))


def _keepdims(layer: Layer) -> int:
    return int(bool(layer.config.get("keepdims", False)))
