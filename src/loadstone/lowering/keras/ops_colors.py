"""Colours of images as functions of `keras.ops.image`.

Semantics: keras/src/backend/tensorflow/image.py of Keras 3, and tensorflow/core/kernels/image/colorspace_op.h.
"""

from __future__ import annotations

from loadstone.errors import ModelError
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_op


def _channels(b: Builder, layer: Layer, images: Value) -> tuple[list[Value], int]:
    """The three channels, each with its axis, and that axis."""
    axis = images.rank - (3 if layer.config.get("data_format") == "channels_first" else 1)
    if images.rank not in (3, 4) or not dtypes.is_float(images.dtype) or images.shape[axis] not in (3, None):
        raise ModelError(f"{layer.class_name} of images of {images.dtype} of shape {images.shape}, which Keras refuses")
    return [b.slice(images, axis, i, i + 1) for i in range(3)], axis


@keras_op("RGBToHSV", options="data_format")
def rgb_to_hsv(b: Builder, layer: Layer, images: Value) -> Value:
    """Hue, saturation and value of red, green and blue, all from 0 to 1."""
    (red, green, blue), axis = _channels(b, layer, images)
    value = b.Max(b.Max(red, green), blue)
    spread = b.Sub(value, b.Min(b.Min(red, green), blue))
    saturation = b.Where(b.Greater(value, 0), b.Div(spread, b.Where(b.Greater(value, 0), value, 1)), 0)
    coloured = b.Greater(spread, 0)
    norm = b.Div(1, b.Mul(b.Where(coloured, spread, 1), 6))
    of_blue = b.Add(b.Mul(norm, b.Sub(red, green)), 4 / 6)
    of_green = b.Add(b.Mul(norm, b.Sub(blue, red)), 2 / 6)
    of_red = b.Mul(norm, b.Sub(green, blue))
    hue = b.Where(b.Equal(red, value), of_red, b.Where(b.Equal(green, value), of_green, of_blue))
    hue = b.Where(coloured, hue, 0)
    return b.Concat(b.Where(b.Less(hue, 0), b.Add(hue, 1), hue), saturation, value, axis=axis)


@keras_op("HSVToRGB", options="data_format")
def hsv_to_rgb(b: Builder, layer: Layer, images: Value) -> Value:
    """Red, green and blue of hue, saturation and value."""
    (hue, saturation, value), axis = _channels(b, layer, images)
    angle, pale = b.Mul(hue, 6), b.Sub(1, saturation)

    def channel(sign: int, centre: int, offset: int) -> Value:
        distance = b.Abs(b.Sub(angle, centre))
        share = b.Clip(b.Sub(distance, offset) if sign > 0 else b.Sub(offset, distance), 0, 1)
        return b.Mul(b.Add(pale, b.Mul(saturation, share)), value)

    return b.Concat(channel(1, 3, 1), channel(-1, 2, 2), channel(-1, 4, 2), axis=axis)
