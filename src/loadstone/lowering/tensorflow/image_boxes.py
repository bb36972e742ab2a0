"""Boxes in images: parts cut out and brought to one size, and boxes drawn.

Semantics: tensorflow/core/kernels/image/crop_and_resize_op.cc and draw_bounding_box_op.cc. A box is (y1, x1, y2, x2), from 0 at the
first pixel of an image to 1 at its last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import InferenceError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.image_sizes import pair
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf

Array = np.ndarray[Any, Any]
_COLOURS = """
    1 1 0 1   0 0 1 1   1 0 0 1   0 1 0 1   .5 0 .5 1   .5 .5 0 1   .5 0 0 1   0 0 .5 1   0 1 1 1   1 0 1 1
"""


@tf("raw_ops.CropAndResize")
def crop_and_resize(
    b: Builder, image: Operand, boxes: Operand, box_ind: Operand, crop_size: Operand, method: str = "bilinear",
    extrapolation_value: float = 0.0,
) -> Value:  # fmt: skip
    """Images (batch, height, width, channels), boxes (n, 4), box_ind (n,) -> float32 (n, rows, columns, channels).

    The image lies as rows of pixels, from which those of all crops are gathered at once.
    """
    if method not in ("bilinear", "nearest"):
        raise UnsupportedAttribute(f"CropAndResize with method={method!r}")
    x, at, which = b.cast(tensor(b, image), "float32"), tensor(b, boxes), b.cast(tensor(b, box_ind), "int64")
    sizes = pair(b, crop_size)
    ys, xs = (_places(b, at, axis, b.dim(x, 1 + axis), sizes[axis]) for axis in (0, 1))
    height, width, channels = (b.dim(x, axis) for axis in (1, 2, 3))
    pixels = b.reshape(x, [-1, channels])
    tall, wide = (b.squeeze(d, 0) if isinstance(d, Value) else b.const(d) for d in (height, width))
    first = b.unsqueeze(b.Mul(which, b.Mul(tall, wide)), 1)

    def picked(y: Value, at: Value) -> Value:
        rows = b.unsqueeze(b.Add(b.Mul(b.cast(y, "int64"), wide), first), 2)
        found: Value = b.Gather(pixels, b.Add(rows, b.unsqueeze(b.cast(at, "int64"), 1)), axis=0)
        return found

    (inside_y, y), (inside_x, at_x) = (_kept(b, places, length) for places, length in ((ys, tall), (xs, wide)))
    if method == "nearest":
        crops = picked(_rounded(b, y), _rounded(b, at_x))
    else:
        upper, left = b.Floor(y), b.Floor(at_x)
        down, right = b.unsqueeze(b.Sub(y, upper), 2, 3), b.unsqueeze(b.Sub(at_x, left), 1, 3)
        top, bottom = (_between(b, picked(row, left), picked(row, b.Ceil(at_x)), right) for row in (upper, b.Ceil(y)))
        crops = _between(b, top, bottom, down)
    inside = b.And(b.unsqueeze(inside_y, 2, 3), b.unsqueeze(inside_x, 1, 3))
    return b.Where(inside, crops, float(extrapolation_value))


def _places(b: Builder, boxes: Value, axis: int, length: int | Value, count: int | Value) -> Value:
    """Where the pixels of crops lie along an axis of the image: float32 (n, count)."""
    begin, end = b.slice(boxes, 1, axis, axis + 1), b.slice(boxes, 1, axis + 2, axis + 3)
    last = b.const(float(length - 1)) if isinstance(length, int) else b.cast(b.squeeze(b.Sub(length, 1), 0), "float32")
    middle = b.Mul(b.Mul(b.Add(begin, end), 0.5), last)
    if count == 1:
        return middle
    if isinstance(count, int):
        rest, steps = b.const(float(count - 1)), b.const(np.arange(count, dtype=np.float32))
    else:
        one = b.squeeze(count, 0)
        rest = b.Max(b.cast(b.Sub(one, 1), "float32"), 1.0)
        steps = b.cast(b.Range(b.const(0), one, b.const(1)), "float32")
    scale = b.Div(b.Mul(b.Sub(end, begin), last), rest)
    places = b.Add(b.Mul(begin, last), b.Mul(b.unsqueeze(steps, 0), scale))
    return places if isinstance(count, int) else b.Where(b.Equal(count, b.ints([1])), middle, places)


def _kept(b: Builder, places: Value, length: Value) -> tuple[Value, Value]:
    """Which places lie in the image, and the places with 0 for the others."""
    last = b.cast(b.Sub(length, 1), "float32")
    inside = b.And(b.GreaterOrEqual(places, 0.0), b.LessOrEqual(places, last))
    return inside, b.Where(inside, places, 0.0)


def _rounded(b: Builder, places: Value) -> Value:
    """Halves up, as C rounds what is not negative."""
    whole = b.Floor(places)
    return b.Add(whole, b.cast(b.GreaterOrEqual(b.Sub(places, whole), 0.5), "float32"))


def _between(b: Builder, before: Value, after: Value, share: Value) -> Value:
    y: Value = b.Add(before, b.Mul(b.Sub(after, before), share))
    return y


# -- drawing ----------------------------------------------------------------------------------------------------------


@tf("raw_ops.DrawBoundingBoxes", "raw_ops.DrawBoundingBoxesV2")
def draw_bounding_boxes(b: Builder, images: Operand, boxes: Operand, colors: Operand = None) -> Value:
    """Images (batch, height, width, channels) with the edges of boxes (batch, n, 4) in colours (m, channels), or in ten of their own."""
    x = tensor(b, images)
    given = [x, tensor(b, boxes), *([] if colors is None else [tensor(b, colors)])]
    return b.host("DrawBoundingBoxes", _drawn, given, [(x.shape, x.dtype)])[0]


def _drawn(images: Array, boxes: Array, colors: Array | None = None) -> tuple[Array]:
    batch, height, width, depth = images.shape
    if depth not in (1, 3, 4) or boxes.ndim != 3 or boxes.shape[::2] != (batch, 4):
        raise InferenceError(f"boxes of shape {boxes.shape} drawn into images of shape {images.shape}")
    if colors is None or not colors.size:
        colors = np.asarray(_COLOURS.split(), np.float32).reshape(-1, 4)
        colors = np.ones_like(colors) if depth == 1 else colors
    canvas = images.copy()
    with np.errstate(all="ignore"):
        edges = (boxes * np.asarray([height - 1, width - 1] * 2, np.float32)).astype(np.int64)
    for picture, of_picture in zip(canvas, edges.tolist(), strict=True):
        for place, (top, left, bottom, right) in enumerate(of_picture):
            if top > bottom or left > right or top >= height or left >= width or bottom < 0 or right < 0:
                continue
            colour = colors[place % len(colors), :depth].astype(images.dtype)
            rows, columns = slice(max(top, 0), bottom + 1), slice(max(left, 0), right + 1)
            if top >= 0:
                picture[top, columns] = colour
            if bottom < height:
                picture[bottom, columns] = colour
            if left >= 0:
                picture[rows, left] = colour
            if right < width:
                picture[rows, right] = colour
    return (canvas,)
