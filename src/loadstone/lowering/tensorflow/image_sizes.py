"""Images in other sizes, by the kernels of TensorFlow: ResizeBilinear, ResizeNearestNeighbor, ResizeBicubic, ResizeArea and
ScaleAndTranslate.

Semantics: tensorflow/core/kernels/image/resize_*_op.cc and scale_and_translate_op.cc, with image_resizer_state.h for the three ways
in which pixels of the result lie on those of the image: corner to corner of the grid (as TensorFlow 1 had it), corner pixel on corner
pixel (align_corners), or centre on centre (half_pixel_centers). Places are computed in float32, in TensorFlow's order, for lengths known
now or only at run time. Images are (batch, height, width, channels).
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras import interpolation
from loadstone.lowering.tensorflow.symbols import Operand, known, lengths, tensor, tf

_KERNELS = {
    "lanczos1": "lanczos1",
    "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
    "gaussian": "gaussian",
    "box": "box",
    "triangle": "bilinear",
    "keyscubic": "bicubic",
    "mitchellcubic": "mitchellcubic",
}
_COLOURS = (1, 2, 3, 4)  # so many channels are those of a picture


@tf("raw_ops.ResizeBilinear")
def resize_bilinear(b: Builder, images: Operand, size: Operand, align_corners: bool = False, half_pixel_centers: bool = False) -> Value:
    """Between the four nearest pixels, in float32.

    Pictures come out to the last bit, since what follows may cut them to whole numbers; features go through ONNX's Resize.
    """
    x, sizes = tensor(b, images), pair(b, size)
    how = _coordinates(align_corners, half_pixel_centers)
    if x.rank != 4 or x.dtype != "float32" or x.shape[3] in _COLOURS or x.shape[0] == 0:
        return _blended(b, x, sizes, how)
    whole = b.vector([b.dim(x, 0), b.dim(x, 3), *sizes])
    y = b.Resize(
        b.transpose(x, [0, 3, 1, 2]),
        None,
        None,
        whole,
        mode="linear",
        coordinate_transformation_mode=how,
        out_shape=(x.shape[0], x.shape[3], *known(sizes)),
    )
    return b.transpose(y, [0, 2, 3, 1])


def _blended(b: Builder, x: Value, sizes: list[int | Value], how: str) -> Value:
    """Pixels blended along rows, then along columns, by the arithmetic of TensorFlow.

    Where less than half of the rows are looked at they are picked first, which gives the same bits.
    """
    if x.rank != 4:
        raise UnsupportedAttribute(f"images of shape {x.shape} to be resized; (batch, height, width, channels) is needed")
    above, below, down = _between(b, b.dim(x, 1), sizes[0], how)
    left, right, along = _between(b, b.dim(x, 2), sizes[1], how)

    def across(rows: Value) -> Value:
        before, after = (b.cast(b.Gather(rows, at, axis=2), "float32") for at in (left, right))
        return b.Add(before, b.Mul(b.Sub(after, before), b.unsqueeze(along, 1)))

    height, count = x.shape[1], sizes[0]
    if height is not None and isinstance(count, int) and 2 * count < height:
        top, bottom = (across(b.Gather(x, at, axis=1)) for at in (above, below))
    else:
        y = across(x)
        top, bottom = (b.Gather(y, at, axis=1) for at in (above, below))
    return b.Add(top, b.Mul(b.Sub(bottom, top), b.unsqueeze(down, 1, 2)))


def _between(b: Builder, length: int | Value, count: int | Value, how: str) -> tuple[Value, Value, Value]:
    """The pixels before and after each place, int64, and how far it is from the former, float32: all (count,)."""
    places = _places(b, length, count, how)
    floors = b.Floor(places)
    low, high = b.Max(floors, 0.0), b.Min(b.Ceil(places), b.Sub(_float(b, length), 1.0))
    return b.cast(low, "int64"), b.cast(high, "int64"), b.Sub(places, floors)


@tf("raw_ops.ResizeNearestNeighbor")
def resize_nearest(b: Builder, images: Operand, size: Operand, align_corners: bool = False, half_pixel_centers: bool = False) -> Value:
    """The nearest pixels, in the dtype of the images."""
    x, how = tensor(b, images), _coordinates(align_corners, half_pixel_centers)
    for axis, count in zip((1, 2), pair(b, size), strict=True):
        length = b.dim(x, axis)
        if length == count and isinstance(count, int):
            continue
        places = _places(b, length, count, how, nearest=True)
        whole = b.Floor(places)
        if align_corners:  # halves away from zero, as C rounds
            whole = b.Add(whole, b.cast(b.GreaterOrEqual(b.Sub(places, whole), 0.5), "float32"))
        x = b.Gather(x, b.cast(b.Min(whole, b.Sub(_float(b, length), 1.0)), "int64"), axis=axis)
    return x


@tf("raw_ops.ResizeBicubic")
def resize_bicubic(b: Builder, images: Operand, size: Operand, align_corners: bool = False, half_pixel_centers: bool = False) -> Value:
    """A cubic through sixteen pixels, in float32.

    With half_pixel_centers it is that of Keys, and pixels outside have no weight; else its a is -0.75, and edges are repeated.
    """
    x, how = _images(b, images), _coordinates(align_corners, half_pixel_centers)
    for axis, count in zip((1, 2), pair(b, size), strict=True):
        length = b.dim(x, axis)
        places = _places(b, length, count, how)
        floors = b.Floor(places)
        steps = b.Div(b.Round(b.Mul(b.Sub(places, floors), 1024.0)), 1024.0)
        last = b.Sub(_float(b, length), 1.0)
        pixels = b.Add(b.unsqueeze(floors, 1), b.const(np.asarray([[-1, 0, 1, 2]], np.float32)))
        inside = b.Min(b.Max(pixels, 0.0), last)
        distances = b.Abs(b.Sub(b.unsqueeze(steps, 1), b.const(np.asarray([[-1, 0, 1, 2]], np.float32))))
        weights = _cubic(b, distances, -0.5 if half_pixel_centers else -0.75)
        if half_pixel_centers:
            weights = b.Where(b.Equal(pixels, inside), weights, 0.0)
            weights = b.Div(weights, b.ReduceSum(weights, b.ints([1]), keepdims=1))
        x = _weighted(b, x, axis, inside, weights)
    return x


@tf("raw_ops.ResizeArea")
def resize_area(b: Builder, images: Operand, size: Operand, align_corners: bool = False) -> Value:
    """Means of the stretches of the image that pixels of the result cover, in float32; what lies outside is the edge."""
    x = _images(b, images)
    for axis, count in zip((1, 2), pair(b, size), strict=True):
        length = b.dim(x, axis)
        scale = _scale(b, length, count, "align_corners" if align_corners else "asymmetric")
        steps = _steps(b, count)
        starts, ends = b.Mul(steps, scale), b.Mul(b.Add(steps, 1.0), scale)
        reach = b.cast(b.Add(b.Ceil(scale), 1.0), "int64")
        pixels = b.Add(b.unsqueeze(b.Floor(starts), 1), b.unsqueeze(_steps(b, b.reshape(reach, [1])), 0))
        covered = b.Sub(b.Min(b.Add(pixels, 1.0), b.unsqueeze(ends, 1)), b.Max(pixels, b.unsqueeze(starts, 1)))
        weights = b.Div(b.Max(covered, 0.0), scale)
        x = _weighted(b, x, axis, b.Min(pixels, b.Sub(_float(b, length), 1.0)), weights, sparse=True)
    return x


@tf("raw_ops.ScaleAndTranslate")
def scale_and_translate(
    b: Builder, images: Operand, size: Operand, scale: Operand, translation: Operand, kernel_type: str = "lanczos3", antialias: bool = True
) -> Value:
    """Images scaled and moved, as seen through a kernel, in float32; what has its centre outside is 0."""
    if kernel_type not in _KERNELS:
        raise UnsupportedAttribute(f"ScaleAndTranslate with kernel_type={kernel_type!r}")
    x, scales, moves = _images(b, images), tensor(b, scale), tensor(b, translation)
    for place, count in enumerate(pair(b, size)):
        length = b.dim(x, 1 + place)

        def spans(n: np.ndarray, m: np.ndarray, s: np.ndarray, t: np.ndarray, place: int = place) -> tuple[np.ndarray, np.ndarray]:
            return interpolation.spans(_KERNELS[kernel_type], int(n[0]), int(m[0]), antialias, float(s[place]), float(t[place]))

        given = [d if isinstance(d, Value) else b.ints([d]) for d in (length, count)] + [scales, moves]
        known = count if isinstance(count, int) else None
        if all(v.const is not None for v in given):
            n, m, s, t = (v.array() for v in given)
            pixels, weights = map(b.const, spans(n, m, s, t))
        else:
            pixels, weights = b.host("spans", spans, given, [((known, None), "int64"), ((known, None), "float32")])
        x = _weighted(b, x, 1 + place, pixels, weights)
        seen = b.Greater(b.ReduceMax(b.Abs(weights), b.ints([1]), keepdims=0), 0.0)
        x = b.Where(b.unsqueeze(seen, *range(1, 4 - 1 - place)), x, 0.0)
    return x


# -- places -----------------------------------------------------------------------------------------------------------


def pair(b: Builder, size: Operand) -> list[int | Value]:
    """A height and a width, as the builder wants them."""
    given = tensor(b, size)
    return lengths(b, given if given.shape == (2,) else b.reshape(given, [2]))


def _images(b: Builder, images: Operand) -> Value:
    x = tensor(b, images)
    if x.rank != 4:
        raise UnsupportedAttribute(f"images of shape {x.shape} to be resized; (batch, height, width, channels) is needed")
    return b.cast(x, "float32")


def _coordinates(align_corners: bool, half_pixel_centers: bool) -> str:
    """ONNX's name for how pixels lie on pixels."""
    if align_corners and half_pixel_centers:
        raise UnsupportedAttribute("an image resized with both align_corners and half_pixel_centers, which TensorFlow refuses")
    return "align_corners" if align_corners else "half_pixel" if half_pixel_centers else "asymmetric"


def _float(b: Builder, length: int | Value) -> Value:
    """A length as a float32 scalar."""
    return b.const(float(length)) if isinstance(length, int) else b.cast(b.squeeze(length, 0), "float32")


def _steps(b: Builder, count: int | Value) -> Value:
    """0, 1, 2 ... as float32."""
    if isinstance(count, int):
        return b.const(np.arange(count, dtype=np.float32))
    return b.cast(b.Range(b.const(0), b.squeeze(count, 0), b.const(1)), "float32")


def _scale(b: Builder, length: int | Value, count: int | Value, how: str) -> Value:
    """Pixels of the image to one of the result, float32: `CalculateResizeScale`."""
    n, m = _float(b, length), _float(b, count)
    if how != "align_corners" or count == 1:
        return b.Div(n, m)
    corners = b.Div(b.Sub(n, 1.0), b.Max(b.Sub(m, 1.0), 1.0))
    return corners if isinstance(count, int) else b.Where(b.Greater(m, 1.0), corners, b.Div(n, m))


def _places(b: Builder, length: int | Value, count: int | Value, how: str, nearest: bool = False) -> Value:
    """Where the pixels of the result lie in the image: float32 (count,)."""
    steps, scale = _steps(b, count), _scale(b, length, count, how)
    if how != "half_pixel":
        return b.Mul(steps, scale)
    places = b.Mul(b.Add(steps, 0.5), scale)
    return places if nearest else b.Sub(places, 0.5)


# -- weights ----------------------------------------------------------------------------------------------------------


def _cubic(b: Builder, x: Value, a: float) -> Value:
    """The convolution kernel of bicubic interpolation at distances from 0 to 2."""
    near = b.Add(b.Mul(b.Mul(b.Sub(b.Mul(x, a + 2), a + 3), x), x), 1.0)
    far = b.Sub(b.Mul(b.Add(b.Mul(b.Sub(b.Mul(x, a), 5 * a), x), 8 * a), x), 4 * a)
    return b.Where(b.LessOrEqual(x, 1.0), near, b.Where(b.Less(x, 2.0), far, 0.0))


def _weighted(b: Builder, x: Value, axis: int, pixels: Value, weights: Value, sparse: bool = False) -> Value:
    """Sums of pixels (count, many) with weights (count, many) along an axis. sparse: what has no weight is not looked at."""
    seen = b.Gather(x, b.cast(pixels, "int64"), axis=axis)
    factors = b.unsqueeze(weights, *range(2, seen.rank - axis))
    products = b.Mul(seen, factors)
    if sparse:
        products = b.Where(b.Equal(factors, 0.0), 0.0, products)
    return b.ReduceSum(products, b.ints([axis + 1]), keepdims=0)
