"""`tf.image`: sizes, turns, crops and colors of images, one (height, width, channels) or a batch of them.

Semantics: tensorflow/python/ops/image_ops_impl.py of TensorFlow 2.15; `resize_images` and the functions of single methods are those of 1.15,
which count from the corners of pixels.
"""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.functions.rows import rows
from loadstone.lowering.keras.ops_products import tensordot
from loadstone.lowering.keras.ops_shape import flipped
from loadstone.lowering.tensorflow.symbols import Operand, lengths, number, rule, tensor, tf

METHODS = {0: "Bilinear", 1: "NearestNeighbor", 2: "Bicubic", 3: "Area", "bilinear": "Bilinear", "nearest": "NearestNeighbor", "bicubic": "Bicubic", "area": "Area"}  # fmt: skip  # noqa: E501
rows(
    "image.",
    {
        **{f"resize_{name}": f"raw_ops.Resize{op} images size align_corners=False half_pixel_centers=False" for name, op in
           (("bilinear", "Bilinear"), ("nearest_neighbor", "NearestNeighbor"), ("bicubic", "Bicubic"))},
        "resize_area": "raw_ops.ResizeArea images size align_corners=False",
        "rgb_to_hsv": "raw_ops.RGBToHSV images",
        "hsv_to_rgb": "raw_ops.HSVToRGB images",
        "extract_patches": "raw_ops.ExtractImagePatches images sizes strides rates padding",
        "extract_image_patches": "raw_ops.ExtractImagePatches images ksizes|sizes strides rates padding",
        "crop_and_resize": "raw_ops.CropAndResize image boxes box_indices|box_ind crop_size method='bilinear' extrapolation_value=0.0",
    },
)  # fmt: skip
rows("", {"extract_image_patches": "raw_ops.ExtractImagePatches images ksizes strides rates padding"})

# -- sizes ------------------------------------------------------------------------------------------------------------


@tf("image.resize_images", "compat.v1.image.resize")
def resize_images(
    b: Builder, images: Operand, size: Operand, method: Any = 0, align_corners: bool = False, preserve_aspect_ratio: bool = False
) -> Value:
    """Images in another size, as float32; as they are where the size is theirs already. Nearest ones keep the dtype."""
    x, target = tensor(b, images), lengths(b, size)
    if method not in METHODS or preserve_aspect_ratio:
        raise UnsupportedAttribute(f"tf.image.resize_images with method={method!r} and preserve_aspect_ratio={preserve_aspect_ratio}")
    if tuple(target) == x.shape[-3:-1]:
        return x
    kind = METHODS[method]
    given = [_batch(b, x), b.vector(target), bool(align_corners)]
    return _as_given(b, x, rule(f"raw_ops.Resize{kind}").function(b, *given))


@tf("image.crop_to_bounding_box")
def crop_to_bounding_box(
    b: Builder, image: Operand, offset_height: Operand, offset_width: Operand, target_height: Operand, target_width: Operand
) -> Value:
    """A part of images."""
    x = tensor(b, image)
    top, left, tall, wide = (int(number(v, "a place")) for v in (offset_height, offset_width, target_height, target_width))
    for axis, start, count in ((x.rank - 3, top, tall), (x.rank - 2, left, wide)):
        length = x.shape[axis]
        if start < 0 or count < 1 or length is not None and start + count > length:
            raise ModelError(f"a crop of {count} pixels from {start} on, of {length}")
        x = b.slice(x, axis, start, start + count)
    return x


@tf("image.pad_to_bounding_box")
def pad_to_bounding_box(
    b: Builder, image: Operand, offset_height: Operand, offset_width: Operand, target_height: Operand, target_width: Operand
) -> Value:
    """Images with zeros around them."""
    x = tensor(b, image)
    top, left, tall, wide = (int(number(v, "a place")) for v in (offset_height, offset_width, target_height, target_width))
    height, width = x.shape[-3:-1]
    if height is None or width is None:
        raise UnsupportedAttribute(f"tf.image.pad_to_bounding_box of images of shape {x.shape}")
    after = [tall - top - height, wide - left - width]
    if min(top, left, *after) < 0:
        raise ModelError(f"images of {height} by {width} in {tall} by {wide} from {top}, {left} on")
    return b.pad(x, [x.rank - 3, x.rank - 2], [top, left], after)


@tf("image.resize_with_crop_or_pad", "image.resize_image_with_crop_or_pad")
def resize_with_crop_or_pad(b: Builder, image: Operand, target_height: Operand, target_width: Operand) -> Value:
    """The middle of images, or images in the middle of zeros."""
    x = tensor(b, image)
    for axis, target in ((x.rank - 3, target_height), (x.rank - 2, target_width)):
        length, count = x.shape[axis], int(number(target, "a length"))
        if length is None:
            raise UnsupportedAttribute(f"tf.image.resize_with_crop_or_pad of images of shape {x.shape}")
        rest = count - length
        if rest < 0:
            x = b.slice(x, axis, -rest // 2, -rest // 2 + count)
        elif rest:
            x = b.pad(x, [axis], [rest // 2], [rest - rest // 2])
    return x


@tf("image.central_crop")
def central_crop(b: Builder, image: Operand, central_fraction: Operand) -> Value:
    """The middle part of images, a fraction of each length."""
    x, fraction = tensor(b, image), float(number(central_fraction, "a fraction"))
    for axis in (x.rank - 3, x.rank - 2):
        length = x.shape[axis]
        if length is None:
            raise UnsupportedAttribute(f"tf.image.central_crop of images of shape {x.shape}")
        start = int((length - length * fraction) / 2)
        x = b.slice(x, axis, start, length - start)
    return x


# -- turns ------------------------------------------------------------------------------------------------------------


@tf("image.flip_left_right")
def flip_left_right(b: Builder, image: Operand) -> Value:
    """Columns backwards."""
    x = tensor(b, image)
    return flipped(b, x, [x.rank - 2])


@tf("image.flip_up_down")
def flip_up_down(b: Builder, image: Operand) -> Value:
    """Rows backwards."""
    x = tensor(b, image)
    return flipped(b, x, [x.rank - 3])


@tf("image.transpose", "image.transpose_image")
def transpose(b: Builder, image: Operand) -> Value:
    """Rows for columns."""
    x = tensor(b, image)
    return b.transpose(x, [*range(x.rank - 3), x.rank - 2, x.rank - 3, x.rank - 1])


@tf("image.rot90")
def rot90(b: Builder, image: Operand, k: Operand = 1) -> Value:
    """Quarter turns against the clock."""
    x, turns = tensor(b, image), int(number(k, "k")) % 4
    if turns == 2:
        return flipped(b, x, [x.rank - 3, x.rank - 2])
    if turns:
        x = transpose(b, x if turns == 3 else flipped(b, x, [x.rank - 2]))
        x = flipped(b, x, [x.rank - 2]) if turns == 3 else x
    return x


# -- values -----------------------------------------------------------------------------------------------------------


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
    """Each image less its mean over its deviation, which counts as 1 / sqrt(elements) at least; of integers float32 in TensorFlow 2."""
    x = tensor(b, image)
    if not dtypes.is_float(x.dtype) and era is not None and (not era.tf or era.version < (2, 3)) and era.version < (3,):
        raise UnsupportedAttribute(f"tf.image.per_image_standardization of {x.dtype}, which TensorFlow 1 and 2 compute differently")
    x = x if dtypes.is_float(x.dtype) else b.cast(x, "float32")
    sizes = [d for d in x.shape[-3:] if d is not None]
    if len(sizes) < 3 or x.dtype == "float16":
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


def _batch(b: Builder, x: Value) -> Value:
    if x.rank not in (3, 4):
        raise ModelError(f"images of shape {x.shape}")
    return x if x.rank == 4 else b.unsqueeze(x, 0)


def _as_given(b: Builder, x: Value, y: Value) -> Value:
    return y if x.rank == 4 else b.squeeze(y, 0)
