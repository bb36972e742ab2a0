"""Resizing images as `tf.image.resize` does, for sizes known now or only at run time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras import interpolation


def resize(
    b: Builder,
    x: Value,
    axes: Sequence[int],
    sizes: Sequence[int | Value],
    method: str,
    antialias: bool = False,
    coordinates: str = "half_pixel",
) -> Value:
    """x (batch, height, width, channels) or (batch, channels, height, width) with the two `axes` of new `sizes`.

    coordinates, for "bilinear" alone: as ONNX calls them, "half_pixel", or "asymmetric" from the corners of pixels.
    "nearest" keeps the dtype; anything else gives float32, whatever x is.
    """
    if method == "nearest":
        for axis, size in zip(axes, sizes, strict=True):
            x = b.Gather(x, _nearest(b, b.dim(x, axis), size), axis=axis)
        return x
    if method not in interpolation.METHODS:
        raise UnsupportedAttribute(f"interpolation {method!r}")
    if list(axes) == [1, 2]:
        return b.transpose(resize(b, b.transpose(x, [0, 3, 1, 2]), [2, 3], sizes, method, antialias, coordinates), [0, 2, 3, 1])
    double = x.dtype == "float64"
    x = b.cast(x, "float32")
    if (
        method == "bilinear"
        and not antialias
        and double
        and coordinates == "half_pixel"
        and None not in x.shape[2:]
        and all(isinstance(size, int) for size in sizes)
    ):
        return _blended(b, _blended(b, x, 3, int(sizes[1])), 2, int(sizes[0]))  # type: ignore[arg-type]
    if method == "bilinear" and not antialias:
        out = tuple(size if isinstance(size, int) else None for size in sizes)
        whole = b.vector([b.dim(x, 0), b.dim(x, 1), *sizes])
        y: Value = b.Resize(x, None, None, whole, mode="linear", coordinate_transformation_mode=coordinates, out_shape=(*x.shape[:2], *out))
        return y
    tall, wide = (_weights(b, b.dim(x, axis), size, method, antialias) for axis, size in zip(axes, sizes, strict=True))
    return b.MatMul(b.MatMul(tall, x), b.transpose(wide, [1, 0]))


def _blended(b: Builder, x: Value, axis: int, size: int) -> Value:
    """x with an axis of a new size, each element between two, by the arithmetic of resize_bilinear_op.cc to the last bit.

    Only float64 shows these bits, since TensorFlow computes it in float32 too.
    """
    length = x.shape[axis]
    assert length is not None
    lower, upper, share = interpolation.between(length, size)
    low, high = (b.Gather(x, b.const(places), axis=axis) for places in (lower, upper))
    return b.Add(low, b.Mul(b.Sub(high, low), b.const(share.reshape([-1] + [1] * (x.rank - 1 - axis)), "float32")))


def settle(b: Builder, y: Value, dtype: str, how: str) -> Value:
    """A resized image in the dtype that a release gave for images of `dtype`.

    "round" (Keras 3.5 and later): that dtype; integers rounded half to even and clipped. History asks for the others:
    "truncate" (Keras 3.0 to 3.4), "compute" (tf.keras 2, which cast the images before) and "raw" (float32, as it comes).
    """
    if how == "raw" or y.dtype == dtype:
        return y
    if dtypes.is_float(dtype):
        return b.cast(y, dtype)
    limits = np.iinfo(dtypes.to_numpy(dtype))
    y = b.Clip(y if how == "truncate" else b.Round(y), float(limits.min), float(limits.max))
    return b.cast(y, dtype)


@dataclass(frozen=True)
class Nearest:
    """The pixel that each of m takes of n, both vectors of one number: int64 (m,)."""

    def __call__(self, n: np.ndarray, m: np.ndarray) -> tuple[np.ndarray]:
        return (interpolation.nearest(int(n[0]), int(m[0])),)


def _nearest(b: Builder, length: int | Value, size: int | Value) -> Value:
    if isinstance(length, int) and isinstance(size, int):
        return b.const(interpolation.nearest(length, size))

    known = size if isinstance(size, int) else None
    (picked,) = b.host("nearest", Nearest(), [_vector(b, length), _vector(b, size)], [((known,), "int64")])
    return picked


def _weights(b: Builder, length: int | Value, size: int | Value, method: str, antialias: bool) -> Value:
    """(size, length); of lengths that only a run knows they are computed there."""

    def compute(n: np.ndarray, m: np.ndarray) -> tuple[np.ndarray]:
        return (interpolation.weights(method, int(n[0]), int(m[0]), antialias),)

    if isinstance(length, int) and isinstance(size, int):
        return b.const(interpolation.weights(method, length, size, antialias))
    shape = tuple(d if isinstance(d, int) else None for d in (size, length))
    (made,) = b.host("interpolation", compute, [_vector(b, length), _vector(b, size)], [(shape, "float32")])
    return made


def _vector(b: Builder, length: int | Value) -> Value:
    return length if isinstance(length, Value) else b.ints([length])
