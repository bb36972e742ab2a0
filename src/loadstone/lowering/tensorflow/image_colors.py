"""Colours of pictures: hue, saturation, contrast, and the way to HSV and back.

Semantics: tensorflow/core/kernels/image/colorspace_op.h, adjust_hue_op.cc, adjust_saturation_op.cc and adjust_contrast_op.cc. The last
axis holds red, green and blue.
"""

from __future__ import annotations

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras import ops_colors
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf

_HSV = Layer("RGBToHSV", "", {}, domain="keras.ops")
_RGB = Layer("HSVToRGB", "", {}, domain="keras.ops")


@tf("raw_ops.RGBToHSV")
def rgb_to_hsv(b: Builder, images: Operand) -> Value:
    """Hue, saturation and value from 0 to 1 of colours (..., 3)."""
    x = tensor(b, images)
    return b.reshape(ops_colors.rgb_to_hsv(b, _HSV, b.reshape(x, [1, -1, 3])), b.dims(x), x.shape)


@tf("raw_ops.HSVToRGB")
def hsv_to_rgb(b: Builder, images: Operand) -> Value:
    """Colours (..., 3) of hue, saturation and value."""
    x = tensor(b, images)
    return b.reshape(ops_colors.hsv_to_rgb(b, _RGB, b.reshape(x, [1, -1, 3])), b.dims(x), x.shape)


@tf("raw_ops.AdjustHue")
def adjust_hue(b: Builder, images: Operand, delta: Operand) -> Value:
    """Colours turned around the circle by a share of it; the largest and the least of the three stay.

    A colour is a sixth of the circle and a share of it, by which the one between the largest and the least is told.
    """
    x = tensor(b, images)
    red, green, blue = _channels(b, x)
    most, least = b.Max(b.Max(red, green), blue), b.Min(b.Min(red, green), blue)
    middle = b.Max(b.Min(red, green), b.Min(b.Max(red, green), blue))
    spread = b.Sub(most, least)
    grey = b.Equal(most, least)
    ratio = b.Div(b.Sub(middle, least), b.Where(grey, 1, spread))
    rest = b.Sub(1, ratio)

    def by(condition: Value, yes: Value, no: Value) -> Value:
        return b.Where(condition, yes, no)

    up = by(b.Less(blue, red), b.Add(rest, 1), by(b.Greater(blue, green), b.Add(rest, 3), b.Add(ratio, 2)))
    down = by(b.Less(blue, green), ratio, by(b.Greater(blue, red), b.Add(ratio, 4), b.Add(rest, 5)))
    hue = b.Where(grey, 0, by(b.Less(red, green), up, down))
    turned = b.Add(hue, b.Mul(b.cast(tensor(b, delta), x.dtype), 6))
    turned = b.Sub(turned, b.Mul(b.Floor(b.Div(turned, 6)), 6))
    turned = b.Where(b.Less(turned, 6), turned, 0)
    sixth = b.Floor(turned)
    share = b.Sub(turned, sixth)
    odd = b.Equal(b.Sub(sixth, b.Mul(b.Floor(b.Div(sixth, 2)), 2)), 1)
    between = b.Add(least, b.Mul(b.Where(odd, b.Sub(1, share), share), spread))
    order = {"r": "+o--o+", "g": "o++o--", "b": "--o++o"}  # of each sixth: the largest, the one between or the least
    parts = {"+": most, "o": between, "-": least}
    return b.Concat(*(_chosen(b, sixth, [parts[kind] for kind in kinds]) for kinds in order.values()), axis=x.rank - 1)


@tf("raw_ops.AdjustSaturation")
def adjust_saturation(b: Builder, images: Operand, scale: Operand) -> Value:
    """Colours whose saturation is multiplied, and cut to at most 1."""
    x = tensor(b, images)
    hsv = ops_colors.rgb_to_hsv(b, _HSV, b.reshape(x, [1, -1, 3]))
    hue, saturation, value = _channels(b, hsv)
    saturation = b.Min(b.Max(b.Mul(saturation, b.cast(tensor(b, scale), x.dtype)), 0), 1)
    chroma = b.Mul(saturation, value)
    angle = b.Mul(hue, 6)
    folded = b.Sub(angle, b.Mul(b.Floor(b.Div(angle, 2)), 2))
    second = b.Mul(chroma, b.Sub(1, b.Abs(b.Sub(folded, 1))))
    none, sixth, base = b.Mul(chroma, 0), b.Floor(angle), b.Sub(value, chroma)
    order = {"r": "+o--o+", "g": "o++o--", "b": "--o++o"}
    parts = {"+": chroma, "o": second, "-": none}
    found = [b.Add(_chosen(b, sixth, [parts[kind] for kind in kinds]), base) for kinds in order.values()]
    return b.reshape(b.Concat(*found, axis=hsv.rank - 1), b.dims(x), x.shape)


@tf("raw_ops.AdjustContrastv2")
def adjust_contrast(b: Builder, images: Operand, contrast_factor: Operand) -> Value:
    """Each channel of each picture moved away from its mean."""
    x = tensor(b, images)
    wide = b.cast(x, "float32")
    mean = b.ReduceMean(wide, b.ints([x.rank - 3, x.rank - 2]), keepdims=1)
    return b.cast(b.Add(b.Mul(b.Sub(wide, mean), tensor(b, contrast_factor)), mean), x.dtype)


@tf("raw_ops.AdjustContrast")
def adjust_contrast_clipped(b: Builder, images: Operand, contrast_factor: Operand, min_value: Operand, max_value: Operand) -> Value:
    """The same in float32 between two bounds."""
    y = adjust_contrast(b, b.cast(tensor(b, images), "float32"), contrast_factor)
    return b.Max(b.Min(y, tensor(b, max_value)), tensor(b, min_value))


def _channels(b: Builder, x: Value) -> list[Value]:
    if x.rank < 1 or x.shape[-1] not in (3, None):
        raise UnsupportedAttribute(f"colours of shape {x.shape}; (..., 3) is needed")
    return [b.slice(x, x.rank - 1, i, i + 1) for i in range(3)]


def _chosen(b: Builder, place: Value, options: list[Value]) -> Value:
    """The option that a whole number names; the last for what is beyond."""
    found = options[-1]
    for k in range(len(options) - 2, -1, -1):
        found = b.Where(b.Equal(place, k), options[k], found)
    return found
