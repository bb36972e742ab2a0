"""`tf.image`: what the numbers of pixels become: dtypes, colors, contrast, standardization.

Semantics: tensorflow/python/ops/image_ops_impl.py of TensorFlow 2.15.
"""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.functions.rows import rows
from loadstone.lowering.keras.ops_products import tensordot
from loadstone.lowering.tensorflow.symbols import Operand, number, rule, tensor, tf

rows("image.", {"rgb_to_hsv": "raw_ops.RGBToHSV images", "hsv_to_rgb": "raw_ops.HSVToRGB images"})


@tf("image.convert_image_dtype")
def convert_image_dtype(b: Builder, image: Operand, dtype: str, saturate: bool = False) -> Value:
    """Images in another dtype: floats from 0 to 1, integers from 0 to their largest."""
    x = tensor(b, image)
    if x.dtype == dtype:
        return x
    real, wanted = dtypes.is_float(x.dtype), dtypes.is_float(dtype)
    if real and wanted:
        return b.cast(x, dtype)
    if wanted:
        return b.Mul(b.cast(x, dtype), 1.0 / float(np.iinfo(x.dtype).max))
    if real:
        scaled = b.Mul(x, float(np.iinfo(dtype).max) + 0.5)
        made: Value = rule("dtypes.saturate_cast").function(b, scaled, dtype) if saturate else b.cast(scaled, dtype)
        return made
    raise UnsupportedAttribute(f"tf.image.convert_image_dtype from {x.dtype} to {dtype}")


def _in_floats(b: Builder, x: Value, function: Any) -> Value:
    """A function of float images; of 16 bits in 32."""
    wide = convert_image_dtype(b, x, "float32" if not dtypes.is_float(x.dtype) or x.dtype == "float16" else x.dtype)
    return convert_image_dtype(b, function(wide), x.dtype, True)


@tf("image.rgb_to_grayscale")
def rgb_to_grayscale(b: Builder, images: Operand) -> Value:
    """One channel of three."""
    x = tensor(b, images)
    real = x if dtypes.is_float(x.dtype) else convert_image_dtype(b, x, "float32")
    gray = b.unsqueeze(tensordot(b, real, b.const([0.2989, 0.587, 0.114], real.dtype), [real.rank - 1], [0]), real.rank - 1)
    return convert_image_dtype(b, gray, x.dtype)


@tf("image.grayscale_to_rgb")
def grayscale_to_rgb(b: Builder, images: Operand) -> Value:
    """Three channels of one."""
    x = tensor(b, images)
    return b.Concat(x, x, x, axis=x.rank - 1)


@tf("image.per_image_standardization")
def per_image_standardization(b: Builder, image: Operand, *, era: Era | None = None) -> Value:
    """Each image less its mean over its deviation, which counts as 1 / sqrt(elements) at least; float32 in TensorFlow 2."""
    x = tensor(b, image)
    what = f"tf.image.per_image_standardization of {x.dtype}"
    if x.dtype != "float32" and agreed(what, era, lambda e: e.tensorflow_1):
        raise UnsupportedAttribute(f"{what} with TensorFlow 1, which gives back that dtype")
    x = b.cast(x, "float32")
    sizes = [d for d in x.shape[-3:] if d is not None]
    if len(sizes) < 3:
        raise UnsupportedAttribute(f"tf.image.per_image_standardization of {x.dtype} images of shape {x.shape}")
    axes = b.ints([x.rank - 3, x.rank - 2, x.rank - 1])
    centred = b.Sub(x, b.ReduceMean(x, axes, keepdims=1))
    deviation = b.Sqrt(b.ReduceMean(b.Mul(centred, centred), axes, keepdims=1))
    return b.Div(centred, b.Max(deviation, 1 / sqrt(prod(sizes))))


@tf("image.adjust_brightness")
def adjust_brightness(b: Builder, image: Operand, delta: Operand) -> Value:
    """Images plus a number."""
    return _in_floats(b, tensor(b, image), lambda x: b.Add(x, tensor(b, delta, x.dtype)))


@tf("image.adjust_contrast")
def adjust_contrast(b: Builder, images: Operand, contrast_factor: Operand) -> Value:
    """Each channel as far from its mean as the factor says."""
    return _in_floats(b, tensor(b, images), lambda x: rule("raw_ops.AdjustContrastv2").function(b, x, contrast_factor))


@tf("image.adjust_hue")
def adjust_hue(b: Builder, image: Operand, delta: Operand) -> Value:
    """Hues turned by a share of a circle."""
    return _in_floats(b, tensor(b, image), lambda x: rule("raw_ops.AdjustHue").function(b, x, delta))


@tf("image.adjust_saturation")
def adjust_saturation(b: Builder, image: Operand, saturation_factor: Operand) -> Value:
    """Saturations times a factor."""
    return _in_floats(b, tensor(b, image), lambda x: rule("raw_ops.AdjustSaturation").function(b, x, saturation_factor))


@tf("image.adjust_gamma")
def adjust_gamma(b: Builder, image: Operand, gamma: Operand = 1, gain: Operand = 1) -> Value:
    """gain * x ^ gamma."""
    power, factor = float(number(gamma, "gamma")), float(number(gain, "gain"))
    return _in_floats(b, tensor(b, image), lambda x: b.Mul(b.Pow(x, b.const(power, x.dtype)), factor))


_SPACES: dict[str, list[list[float]]] = {
    "rgb_to_yiq": [[0.299, 0.59590059, 0.2115], [0.587, -0.27455667, -0.52273617], [0.114, -0.32134392, 0.31119955]],
    "yiq_to_rgb": [[1, 1, 1], [0.95598634, -0.27201283, -1.10674021], [0.6208248, -0.64720424, 1.70423049]],
    "rgb_to_yuv": [[0.299, -0.14714119, 0.61497538], [0.587, -0.28886916, -0.51496512], [0.114, 0.43601035, -0.10001026]],
    "yuv_to_rgb": [[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]],
}


def _space(kernel: list[list[float]]) -> Any:
    def function(b: Builder, images: Operand) -> Value:
        x = tensor(b, images)
        return tensordot(b, x, b.const(kernel, x.dtype), [x.rank - 1], [0])

    return function


for _name, _kernel in _SPACES.items():
    tf(f"image.{_name}")(_space(_kernel))


@tf("image.total_variation")
def total_variation(b: Builder, images: Operand) -> Value:
    """The sum of differences of neighbours, for each image."""
    x = tensor(b, images)
    total: Value | None = None
    for axis in (x.rank - 3, x.rank - 2):
        steps = b.Abs(b.Sub(b.slice(x, axis, 1), b.slice(x, axis, 0, -1)))
        part = b.ReduceSum(steps, b.ints([x.rank - 3, x.rank - 2, x.rank - 1]), keepdims=0)
        total = part if total is None else b.Add(total, part)
    assert total is not None
    return total
