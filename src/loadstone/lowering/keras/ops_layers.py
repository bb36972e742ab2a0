"""Functions of `keras.ops` that are the work of a layer: convolutions, pools, images.

Semantics: keras/src/backend/tensorflow/nn.py and image.py of Keras 3. The layer's rule does it, with a config made for the call.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.convolution import convolution, depthwise_convolution, separable_convolution
from loadstone.lowering.keras.image_preprocessing import resized
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.keras.pooling import average_pooling, max_pooling
from loadstone.lowering.keras.promotion import promoted
from loadstone.lowering.registry import keras_op

_WINDOW = "strides padding data_format dilation_rate"


def as_layer(layer: Layer, class_name: str, rank: int, **config: Any) -> Layer:
    """A layer of this class that does what an operation says."""
    given = {"padding": "valid", **layer.config, "activation": None, "use_bias": False, **config}
    given["data_format"] = given.get("data_format") or "channels_last"
    return Layer(f"{class_name}{rank - 2}D", layer.name, given, path=layer.path, policy=layer.policy)


def _channels(layer: Layer, x: Value) -> int:
    length = x.shape[1 if layer.config.get("data_format") == "channels_first" else -1]
    if length is None:
        raise UnsupportedAttribute(f"{layer.class_name} of channels whose number is not known")
    return length


def convolution_options(layer: Layer, kernel: Value) -> dict[str, Any]:
    n = kernel.rank - 2
    ones = {"strides": 1, "dilation_rate": 1}
    spread = {key: [value] * n if isinstance(value := layer.config.get(key) or one, int) else value for key, one in ones.items()}
    return {"kernel_size": list(kernel.shape[:n]), **spread}


@keras_op("Conv", options=_WINDOW)
def conv(b: Builder, layer: Layer, inputs: Value, kernel: Value) -> Value:
    """A convolution: kernel (window..., channels / groups, filters)."""
    x, kernel = promoted(b, [inputs, kernel])
    groups = _channels(layer, x) // (kernel.shape[-2] or 1)
    made = as_layer(layer, "Conv", x.rank, filters=kernel.shape[-1], groups=groups, **convolution_options(layer, kernel))
    return convolution(b, made, x, kernel)


@keras_op("DepthwiseConv", options=_WINDOW)
def depthwise_conv(b: Builder, layer: Layer, inputs: Value, kernel: Value) -> Value:
    """Each channel with filters of its own: kernel (window..., channels, multiplier)."""
    x, kernel = promoted(b, [inputs, kernel])
    made = as_layer(layer, "DepthwiseConv", x.rank, depth_multiplier=kernel.shape[-1], **convolution_options(layer, kernel))
    return depthwise_convolution(b, made, x, kernel)


@keras_op("SeparableConv", options=_WINDOW)
def separable_conv(b: Builder, layer: Layer, inputs: Value, depthwise_kernel: Value, pointwise_kernel: Value) -> Value:
    """A depthwise convolution, then one of windows of 1."""
    x, depthwise, pointwise = promoted(b, [inputs, depthwise_kernel, pointwise_kernel])
    options = convolution_options(layer, depthwise)
    made = as_layer(layer, "SeparableConv", x.rank, filters=pointwise.shape[-1], depth_multiplier=depthwise.shape[-1], **options)
    return separable_convolution(b, made, x, depthwise, pointwise)


@keras_op("MaxPool", options="pool_size strides padding data_format")
def max_pool(b: Builder, layer: Layer, inputs: Value) -> Value:
    """The maximum of each window."""
    return max_pooling(b, as_layer(layer, "MaxPooling", inputs.rank), inputs)


@keras_op("AveragePool", options="pool_size strides padding data_format")
def average_pool(b: Builder, layer: Layer, inputs: Value) -> Value:
    """The mean of each window."""
    return average_pooling(b, as_layer(layer, "AveragePooling", inputs.rank), inputs)


# -- images -----------------------------------------------------------------------------------------------------------


@keras_op(
    "Resize",
    options="size interpolation antialias crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value data_format result",
)
def resize(b: Builder, layer: Layer, images: Any = None, image: Any = None) -> Value:
    """Images of another size. (The argument was `image` in Keras 3.0.)"""
    x = images if images is not None else image
    size = layer.config["size"]
    config = {
        **layer.config,
        "height": int(size[0]),
        "width": int(size[1]),
        "data_format": layer.config.get("data_format") or "channels_last",
    }
    return resized(b, Layer("Resizing", layer.name, config, path=layer.path, policy=layer.policy), x)


@keras_op("RGBToGrayscale", options="data_format weighs_in")
def rgb_to_grayscale(b: Builder, layer: Layer, images: Value) -> Value:
    """0.2989 red + 0.587 green + 0.114 blue; a single channel stays."""
    axis = images.rank - (3 if layer.config.get("data_format") == "channels_first" else 1)
    if images.shape[axis] == 1:
        return images
    shares, x = layer.config.get("weighs_in") == "shares", as_float(b, images)
    most = float(np.iinfo(images.dtype).max) if shares and dtypes.is_integer(images.dtype) else None
    if shares:
        x = b.cast(images, "float32") if most is None else b.Mul(b.cast(images, "float32"), 1 / most)
    weights = b.unsqueeze(b.const([0.2989, 0.587, 0.114], x.dtype), *range(1, images.rank - axis))
    y = b.ReduceSum(b.Mul(x, weights), b.ints([axis]), keepdims=1)
    return b.cast(y if most is None else b.Mul(y, most + 0.5), images.dtype)


@keras_op("DepthToSpace", options="block_size data_format")
def depth_to_space(b: Builder, layer: Layer, x: Value) -> Value:
    """Blocks of channels as blocks of pixels."""
    return _blocks(b, layer, x, "DepthToSpace")


@keras_op("SpaceToDepth", options="block_size data_format")
def space_to_depth(b: Builder, layer: Layer, x: Value) -> Value:
    """Blocks of pixels as blocks of channels."""
    return _blocks(b, layer, x, "SpaceToDepth")


def _blocks(b: Builder, layer: Layer, x: Value, kind: str) -> Value:
    first = layer.config.get("data_format") == "channels_first"
    y = b.op(kind, x if first else b.transpose(x, [0, 3, 1, 2]), blocksize=int(layer.config["block_size"]))
    return y if first else b.transpose(y, [0, 2, 3, 1])
