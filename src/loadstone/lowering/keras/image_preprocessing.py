"""Image preprocessing that is the same at inference: Resizing and CenterCrop.

keras/src/layers/preprocessing/image_preprocessing/resizing.py, center_crop.py and `smart_resize` of
keras/src/utils/image_utils.py. Images may come alone (rank 3) or in a batch (rank 4).
"""

from __future__ import annotations

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.resampling import resize, settle
from loadstone.lowering.keras.windows import data_format
from loadstone.lowering.registry import keras_layer

Length = int | Value


@keras_layer(
    "Resizing",
    options="height width interpolation crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value antialias data_format"
    " bounding_box_format factor result",
)  # fmt: skip
def resizing(b: Builder, layer: Layer, x: Structure) -> Value:
    """x as images of height by width, in the compute dtype, as Keras casts them when a model predicts."""
    images = _alone(layer, x)
    return resized(b, layer, images if layer.config.get("result") == "raw" else b.cast(images, layer.policy.compute))


def resized(b: Builder, layer: Layer, x: Value) -> Value:
    """x as images of height by width; `result` is as `resampling.settle` has it."""
    config, how = layer.config, layer.config.get("result", "round")
    if config.get("fill_mode", "constant") != "constant":
        raise UnsupportedAttribute(f"Resizing with fill_mode {config['fill_mode']!r}")
    dtype = layer.policy.compute if how == "compute" else x.dtype
    batched = b.cast(x if x.rank == 4 else b.unsqueeze(x, 0), dtype)
    axes, sizes = _image_axes(layer, x), [config["height"], config["width"]]
    if config.get("crop_to_aspect_ratio"):
        batched = _crop_to_aspect_ratio(b, batched, axes, config["height"], config["width"])
    elif config.get("pad_to_aspect_ratio"):
        batched = _pad_to_aspect_ratio(b, batched, axes, config["height"], config["width"], config.get("fill_value", 0.0))
    method, antialias = config.get("interpolation", "bilinear").lower(), bool(config.get("antialias", False))
    y = settle(b, resize(b, batched, axes, sizes, method, antialias), dtype, how)
    return y if x.rank == 4 else b.squeeze(y, 0)


@keras_layer("CenterCrop", options="height width data_format bounding_box_format factor result")
def center_crop(b: Builder, layer: Layer, x: Structure) -> Value:
    """The middle of x; of images that are too small, the largest middle part of that shape, resized.

    With sizes known only at run time both are one: a part of the wanted size is resized to itself, which changes nothing.
    A part has the compute dtype; a resized image is float32, unless history says otherwise.
    """
    height, width = layer.config["height"], layer.config["width"]
    x = _alone(layer, x)
    x = x if layer.config.get("result") == "raw" else b.cast(x, layer.policy.compute)
    batched, axes = (x if x.rank == 4 else b.unsqueeze(x, 0)), _image_axes(layer, x)
    tall, wide = (b.dim(batched, axis) for axis in axes)
    if isinstance(tall, int) and isinstance(wide, int) and tall >= height and wide >= width:
        y = _part(b, batched, axes, [(tall - height) // 2, (wide - width) // 2], [height, width])
    elif isinstance(tall, int) and isinstance(wide, int):
        y = resize(b, _crop_to_aspect_ratio(b, batched, axes, height, width), axes, [height, width], "bilinear")
        y = y if "result" not in layer.config else b.cast(y, x.dtype)
    else:
        lengths = [_vector(b, tall), _vector(b, wide)]
        large = b.And(b.GreaterOrEqual(lengths[0], height), b.GreaterOrEqual(lengths[1], width))
        fitting = _fitting(b, lengths, height, width)
        lengths_taken: list[Length] = [b.Where(large, b.ints([want]), fit) for want, fit in zip((height, width), fitting, strict=True)]
        starts: list[Length] = [b.Div(b.Sub(n, taken), 2) for n, taken in zip(lengths, lengths_taken, strict=True)]
        y = b.cast(resize(b, _part(b, batched, axes, starts, lengths_taken), axes, [height, width], "bilinear"), x.dtype)
    return y if x.rank == 4 else b.squeeze(y, 0)


def cropped_from_middle(b: Builder, layer: Layer, x: Value) -> Value:
    """height by width of x from where the largest middle part of that shape begins; resized where x ends before."""
    height, width = layer.config["height"], layer.config["width"]
    batched, axes = (x if x.rank == 4 else b.unsqueeze(x, 0)), _image_axes(layer, x)
    tall, wide = (batched.shape[axis] for axis in axes)
    if tall is None or wide is None:
        raise UnsupportedAttribute(f"{layer.class_name} of Keras 3.6 or 3.7 of images of shape {x.shape}, whose size is not known")
    fit = [max(min(tall, wide * height // width), 1), max(min(wide, tall * width // height), 1)]
    starts = [(tall - fit[0]) // 2, (wide - fit[1]) // 2]
    taken = [min(height, tall - starts[0]), min(width, wide - starts[1])]
    y = _part(b, batched, axes, list(starts), list(taken))
    if taken != [height, width]:
        y = b.cast(resize(b, y, axes, [height, width], "bilinear"), x.dtype)
    return y if x.rank == 4 else b.squeeze(y, 0)


def _alone(layer: Layer, x: Structure) -> Value:
    if not isinstance(x, Value):
        raise UnsupportedAttribute(f"{layer.class_name} of something other than images: Keras refuses dicts in a model")
    return x


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
    return b.Slice(x, b.vector([_vector(b, s) for s in starts]), b.vector(ends), b.ints(axes))


def _vector(b: Builder, length: Length) -> Value:
    return length if isinstance(length, Value) else b.ints([length])
