"""Image preprocessing that is the same at inference: Resizing and CenterCrop.

keras/src/layers/preprocessing/image_preprocessing/resizing.py, center_crop.py and `smart_resize` of
keras/src/utils/image_utils.py. Images may come alone (rank 3) or in a batch (rank 4).
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.resampling import resize
from loadstone.lowering.keras.windows import data_format
from loadstone.lowering.registry import keras_layer

Length = int | Value


@keras_layer(
    "Resizing",
    options="height width interpolation crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value antialias data_format"
    " bounding_box_format factor integer_images",
)  # fmt: skip
def resizing(b: Builder, layer: Layer, x: Value) -> Value:
    """x as images of height by width.

    Integer images are rounded back to their dtype; `integer_images`, which only history writes, says what earlier releases
    did: "truncate" (Keras 3.0 to 3.4) or "float" (the result is in the compute dtype, tf.keras 2).
    """
    config = layer.config
    if config.get("fill_mode", "constant") != "constant":
        raise UnsupportedAttribute(f"Resizing with fill_mode {config['fill_mode']!r}")
    integers = "keep" if dtypes.is_float(x.dtype) else config.get("integer_images", "round")
    dtype = layer.policy.compute if integers == "float" else x.dtype
    batched = x if x.rank == 4 else b.unsqueeze(b.cast(x, dtype), 0)
    batched, axes = b.cast(batched, dtype), _image_axes(layer, x)
    if config.get("crop_to_aspect_ratio"):
        batched = _crop_to_aspect_ratio(b, batched, axes, config["height"], config["width"])
    elif config.get("pad_to_aspect_ratio"):
        batched = _pad_to_aspect_ratio(b, batched, axes, config["height"], config["width"], config.get("fill_value", 0.0))
    method, antialias = config.get("interpolation", "bilinear").lower(), bool(config.get("antialias", False))
    y = resize(b, batched, axes, [config["height"], config["width"]], method, antialias)
    if y.dtype != dtype:
        y = _as_integers(b, y, dtype) if integers == "round" else b.cast(y, dtype)
    return y if x.rank == 4 else b.squeeze(y, 0)


@keras_layer("CenterCrop", options="height width data_format bounding_box_format factor")
def center_crop(b: Builder, layer: Layer, x: Value) -> Value:
    """The middle of x; of images that are too small, the largest middle part of that shape, resized.

    With sizes known only at run time both are one: a part of the wanted size is resized to itself, which changes nothing.
    """
    height, width = layer.config["height"], layer.config["width"]
    x = b.cast(x, layer.policy.compute)
    batched, axes = (x if x.rank == 4 else b.unsqueeze(x, 0)), _image_axes(layer, x)
    tall, wide = (b.dim(batched, axis) for axis in axes)
    if isinstance(tall, int) and isinstance(wide, int) and tall >= height and wide >= width:
        y = _part(b, batched, axes, [(tall - height) // 2, (wide - width) // 2], [height, width])
    elif isinstance(tall, int) and isinstance(wide, int):
        y = resize(b, _crop_to_aspect_ratio(b, batched, axes, height, width), axes, [height, width], "bilinear")
    else:
        lengths = [_vector(b, tall), _vector(b, wide)]
        large = b.And(b.GreaterOrEqual(lengths[0], height), b.GreaterOrEqual(lengths[1], width))
        fitting = _fitting(b, lengths, height, width)
        lengths_taken = [b.Where(large, b.ints([want]), fit) for want, fit in zip((height, width), fitting, strict=True)]
        starts = [b.Div(b.Sub(n, taken), 2) for n, taken in zip(lengths, lengths_taken, strict=True)]
        y = resize(b, _part(b, batched, axes, starts, lengths_taken), axes, [height, width], "bilinear")
    y = b.cast(y, x.dtype)
    return y if x.rank == 4 else b.squeeze(y, 0)


def _image_axes(layer: Layer, x: Value) -> list[int]:
    if x.rank not in (3, 4):
        raise ModelError(f"{layer.class_name} is given a tensor of shape {x.shape}")
    return [2, 3] if data_format(layer) == "channels_first" else [1, 2]


def _crop_to_aspect_ratio(b: Builder, x: Value, axes: list[int], height: int, width: int) -> Value:
    lengths = [_vector(b, b.dim(x, axis)) for axis in axes]
    taken = _fitting(b, lengths, height, width)
    return _part(b, x, axes, [b.Div(b.Sub(n, t), 2) for n, t in zip(lengths, taken, strict=True)], taken)


def _fitting(b: Builder, lengths: list[Value], height: int, width: int) -> list[Length]:
    """Height and width of the largest part of an image that has the aspect ratio of height by width."""
    tall, wide = lengths
    return [
        b.Max(b.Min(tall, b.Div(b.Mul(wide, height), width)), b.ints([1])),
        b.Max(b.Min(wide, b.Div(b.Mul(tall, width), height)), b.ints([1])),
    ]


def _pad_to_aspect_ratio(b: Builder, x: Value, axes: list[int], height: int, width: int, fill: float) -> Value:
    """x between two strips of `fill` that give it the aspect ratio; both are as thick, even where one pixel is then missing."""
    tall, wide = (_vector(b, b.dim(x, axis)) for axis in axes)
    above = b.Div(b.Sub(b.Max(tall, b.Div(b.Mul(wide, height), width)), tall), 2)
    beside = b.Div(b.Sub(b.Max(wide, b.Div(b.Mul(tall, width), height)), wide), 2)
    return b.pad(x, axes, [above, beside], [above, beside], fill)


def _part(b: Builder, x: Value, axes: list[int], starts: list[Length], lengths: list[Length]) -> Value:
    ends = [b.Add(_vector(b, start), _vector(b, length)) for start, length in zip(starts, lengths, strict=True)]
    return b.Slice(x, b.vector([_vector(b, s) for s in starts]), b.vector(ends), b.ints(axes))  # type: ignore[no-any-return]


def _as_integers(b: Builder, x: Value, dtype: str) -> Value:
    """Rounded half to even and clipped to what the dtype holds."""
    limits = np.iinfo(dtypes.to_numpy(dtype))
    return b.cast(b.Clip(b.Round(x), b.const(float(limits.min), x.dtype), b.const(float(limits.max), x.dtype)), dtype)


def _vector(b: Builder, length: Length) -> Value:
    return length if isinstance(length, Value) else b.ints([length])
