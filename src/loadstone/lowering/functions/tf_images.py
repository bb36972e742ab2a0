"""`tf.image`: sizes, turns and crops of images, one (height, width, channels) or a batch of them.

Semantics: tensorflow/python/ops/image_ops_impl.py of TensorFlow 2.15; `resize_images` and the functions of single methods are those of 1.15,
which count from the corners of pixels.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.rows import rows
from loadstone.lowering.keras.ops_shape import flipped
from loadstone.lowering.tensorflow.symbols import Operand, lengths, number, rule, tensor, tf

METHODS = {0: "Bilinear", 1: "NearestNeighbor", 2: "Bicubic", 3: "Area", "bilinear": "Bilinear", "nearest": "NearestNeighbor", "bicubic": "Bicubic", "area": "Area"}  # fmt: skip  # noqa: E501
rows(
    "image.",
    {
        **{f"resize_{name}": f"raw_ops.Resize{op} images size align_corners=False half_pixel_centers=False" for name, op in
           (("bilinear", "Bilinear"), ("nearest_neighbor", "NearestNeighbor"), ("bicubic", "Bicubic"))},
        "resize_area": "raw_ops.ResizeArea images size align_corners=False",
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


def _batch(b: Builder, x: Value) -> Value:
    if x.rank not in (3, 4):
        raise ModelError(f"images of shape {x.shape}")
    return x if x.rank == 4 else b.unsqueeze(x, 0)


def _as_given(b: Builder, x: Value, y: Value) -> Value:
    return y if x.rank == 4 else b.squeeze(y, 0)
