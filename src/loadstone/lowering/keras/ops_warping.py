"""Images read at other places, as functions of `keras.ops.image`: transforms, coordinates, scales.

Semantics: keras/src/backend/tensorflow/image.py of Keras 3. All are Python steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from operator import add, mul
from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Dim, Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras import projective
from loadstone.lowering.keras.projective import Array
from loadstone.lowering.keras.promotion import result_type
from loadstone.lowering.registry import keras_op

_PIXELS = ("uint8", "int32", "int64", "float16", "bfloat16", "float32", "float64")
COORDINATE_FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def python_step(b: Builder, layer: Layer, inputs: Sequence[Value], shape: Shape, dtype: str, function: Callable[..., Array]) -> Value:
    """A step with one result, whose ValueErrors are those of the operation."""
    where, name = layer.path or layer.name, layer.class_name

    def compute(*arrays: Array) -> tuple[Array]:
        try:
            result = function(*arrays)
        except ValueError as error:
            raise InferenceError(f"{name} failed: {error}", where=where) from error
        return (np.asarray(result, dtypes.to_numpy(dtype), order="C"),)

    return b.host(name, compute, list(inputs), [(shape, dtype)])[0]


def tensor(b: Builder, x: Any, dtype: str | None = None) -> Value:
    """An operand of a call, cast: lists of numbers are float32 (or int32)."""
    if not isinstance(x, Value):
        array = np.asarray(x)
        x = b.const(array, {"f": "float32", "i": "int32"}.get(array.dtype.kind))
    return x if dtype is None else b.cast(x, dtype)


def option(layer: Layer, key: str, default: str, known: Sequence[str]) -> str:
    value = layer.config.get(key, default)
    if value not in known:
        raise UnsupportedAttribute(f"{layer.class_name} with {key}={value!r}")
    return str(value)


def _seen_through(b: Builder, layer: Layer, images: Value, others: Sequence[Value], transforms: Callable[..., Array]) -> Value:
    """The images through the transforms that `transforms` makes of the other tensors."""
    if images.rank not in (3, 4) or images.dtype not in _PIXELS:
        raise ModelError(f"{layer.class_name} of images of {images.dtype} of shape {images.shape}, which TensorFlow refuses")
    how = option(layer, "interpolation", "bilinear", projective.INTERPOLATIONS)
    fill_mode = option(layer, "fill_mode", "constant", projective.FILL_MODES)
    fill, first = float(layer.config.get("fill_value", 0)), layer.config.get("data_format") == "channels_first"

    def seen(pixels: Array, *arrays: Array) -> Array:
        x = pixels if pixels.ndim == 4 else pixels[None]
        x, t = (np.moveaxis(x, 1, -1) if first else x), transforms(*arrays)
        if len(t) not in (1, len(x)):
            raise ValueError(f"{len(t)} transforms for {len(x)} images")
        y = projective.transform(x, t, how, fill_mode, fill)
        y = np.moveaxis(y, -1, 1) if first else y
        return y if pixels.ndim == 4 else y[0]

    return python_step(b, layer, [images, *others], images.shape, images.dtype, seen)


@keras_op("AffineTransform", options="interpolation fill_mode fill_value data_format")
def affine_transform(b: Builder, layer: Layer, images: Value, transform: Any) -> Value:
    """Images through transforms (8,) or (batch, 8)."""
    given = tensor(b, transform, "float32")
    if given.rank not in (1, 2) or given.shape[-1] not in (8, None):
        raise ModelError(f"AffineTransform with a transform of shape {given.shape}")
    return _seen_through(b, layer, images, [given], lambda t: t if t.ndim == 2 else t[None])


@keras_op("PerspectiveTransform", options="interpolation fill_value data_format")
def perspective_transform(b: Builder, layer: Layer, images: Value, start_points: Any, end_points: Any) -> Value:
    """Images moved so that four points come to lie at four others: (4, 2) or (batch, 4, 2), x before y."""
    points = [tensor(b, p, "float32") for p in (start_points, end_points)]
    if any(p.rank not in (2, 3) or p.shape[-2:] != (4, 2) for p in points) or points[0].rank != points[1].rank:
        raise ModelError(f"PerspectiveTransform with points of shapes {points[0].shape} and {points[1].shape}")
    return _seen_through(b, layer, images, points, lambda s, e: projective.homography(s.reshape(-1, 4, 2), e.reshape(-1, 4, 2)))


# -- coordinates -------------------------------------------------------------------------------------------------------


@keras_op("MapCoordinates", options="order fill_mode fill_value indices validity")
def map_coordinates(b: Builder, layer: Layer, inputs: Any, coordinates: Any) -> Value:
    """inputs read at coordinates (rank of inputs, ...): order 0 takes the nearest element, 1 interpolates."""
    x, at = tensor(b, inputs), tensor(b, coordinates)
    order, fill_mode = layer.config["order"], option(layer, "fill_mode", "constant", COORDINATE_FILL_MODES)
    if order not in (0, 1):
        raise ModelError(f"MapCoordinates of order {order}, which Keras does not have")
    if at.rank < 2 or at.shape[0] not in (x.rank, None) or (order == 1 and not dtypes.is_float(at.dtype)):
        raise ModelError(f"MapCoordinates of a tensor of shape {x.shape} with coordinates of {at.dtype} of shape {at.shape}")
    fill = layer.config.get("fill_value", 0)
    fill_mode = f"{fill_mode} both sides" if layer.config.get("indices") and fill_mode in ("mirror", "reflect") else fill_mode
    every = layer.config.get("validity") == "all"
    return python_step(b, layer, [x, at], at.shape[1:], x.dtype, lambda a, c: _at_coordinates(a, c, order, fill_mode, fill, every))


def _at_coordinates(x: Array, places: Array, order: int, fill_mode: str, fill: float, every: bool) -> Array:
    """In the dtype of the coordinates, as Keras computes; integers are rounded at the end. every: all places are to lie inside, or none does."""
    with np.errstate(all="ignore"):
        axes = [_neighbours(place, size, order, fill_mode) for place, size in zip(places, x.shape, strict=True)]
        parts = []
        for corner in product(*axes):
            indices, valid, weights = zip(*corner, strict=True)
            if any(((i < 0) | (i >= size)).any() for i, size in zip(indices, x.shape, strict=True)):
                raise ValueError("coordinates outside of the tensor")
            found = x[indices].astype(places.dtype)
            if fill_mode == "constant":
                inside = reduce(np.logical_and, valid)
                found = np.where(inside.all() if every else inside, found, np.asarray(fill).astype(x.dtype).astype(places.dtype))
            parts.append(reduce(mul, weights) * found)
        y = reduce(add, parts)
    return np.asarray(np.rint(y) if x.dtype.kind in "iu" else y)


def _neighbours(place: Array, size: int, order: int, fill_mode: str) -> list[tuple[Array, Array, Array]]:
    """The index, whether it lies inside, and the weight of each element along one axis that takes part."""
    one = np.ones((), place.dtype)
    if order == 0:
        found = [(np.rint(place) if place.dtype.kind == "f" else place, one)]
    else:
        low = np.floor(place)
        found = [(low, one - (place - low)), (low + one, place - low)]
    whole = [(i.astype(np.int32).astype(np.int64), weight) for i, weight in found]
    if order == 1:
        whole[1] = (whole[0][0] + 1, whole[1][1])
    return [(*_brought_inside(i, size, fill_mode), weight) for i, weight in whole]


def _brought_inside(i: Array, size: int, fill_mode: str) -> tuple[Array, Array]:
    inside = (i >= 0) & (i < size)
    if fill_mode in ("constant", "nearest"):
        return np.clip(i, 0, size - 1), inside
    if fill_mode == "wrap":
        return np.mod(i, size), inside
    if fill_mode == "mirror both sides":
        return np.abs(np.mod(i + size - 1, max(2 * size - 2, 1)) - (size - 1)), inside
    if fill_mode == "reflect both sides":
        return (np.abs(np.mod(2 * i + 1 + 2 * size, 4 * size) - 2 * size) - 1) // 2, inside
    rest = np.mod(np.abs(i), 2 * size)
    return np.where(rest < size, rest, 2 * size - rest - (1 if fill_mode == "reflect" else 0)), inside


# -- scales ------------------------------------------------------------------------------------------------------------

_CUBIC, _LINEAR = ("cubic", "bicubic", "tricubic"), ("linear", "bilinear", "trilinear")


@keras_op("ScaleAndTranslate", options="spatial_dims method antialias")
def scale_and_translate(b: Builder, layer: Layer, images: Any, output_shape: Any, scale: Any, translation: Any) -> Value:
    """Some axes stretched by a scale and moved, to lengths of output_shape; what lies outside is 0."""
    x, factors, shifts = tensor(b, images), tensor(b, scale), tensor(b, translation)
    kind = result_type(factors.dtype, shifts.dtype)
    axes, method = [int(d) % x.rank for d in layer.config["spatial_dims"]], layer.config["method"]
    method = option(layer, "method", "", (*_LINEAR, *_CUBIC, "lanczos3", "lanczos5"))
    antialias = bool(layer.config.get("antialias", True))
    if not isinstance(output_shape, (list, tuple)) or len(output_shape) != x.rank or not dtypes.is_float(kind):
        raise UnsupportedAttribute(f"ScaleAndTranslate with output_shape={output_shape!r} and a scale of {kind}")
    shape: list[Dim] = list(x.shape)
    for axis in axes:
        shape[axis] = int(output_shape[axis])

    def stretched(pixels: Array, s: Array, t: Array) -> Array:
        y = pixels.astype(np.float32) if pixels.dtype.kind in "iu" else pixels
        for i, axis in enumerate(axes):
            w = _weights(pixels.shape[axis], int(output_shape[axis]), s[i], t[i], method, antialias)
            y = np.moveaxis(np.tensordot(y, w.astype(y.dtype), (axis, 0)), -1, axis)
        return np.clip(np.rint(y), pixels.min(), pixels.max()) if axes and pixels.dtype.kind in "iu" else y

    return python_step(b, layer, [x, b.cast(factors, kind), b.cast(shifts, kind)], tuple(shape), x.dtype, stretched)


def _weights(length: int, size: int, scale: Any, shift: Any, method: str, antialias: bool) -> Array:
    """(length, size): how much of each element goes into each new one."""
    kind = scale.dtype.type
    with np.errstate(all="ignore"):
        inverse = kind(1) / scale
        stretch = np.maximum(inverse, kind(1)) if antialias else kind(1)
        places = (np.arange(size, dtype=kind) + kind(0.5)) * inverse - shift * inverse - kind(0.5)
        w = _kernel(method, np.abs(places[None, :] - np.arange(length, dtype=kind)[:, None]) / stretch)
        total = w.sum(0, keepdims=True)
        w = np.where(np.abs(total) > 1000 * float(np.finfo(np.float32).eps), w / np.where(total != 0, total, kind(1)), kind(0))
    return np.asarray(np.where((places >= -0.5) & (places <= kind(length) - kind(0.5)), w, kind(0)))


def _kernel(method: str, x: Array) -> Array:
    kind = x.dtype.type
    if method in _LINEAR:
        return np.asarray(np.maximum(kind(0), kind(1) - x))
    if method in _CUBIC:
        near = ((kind(1.5) * x - kind(2.5)) * x) * x + kind(1)
        far = ((kind(-0.5) * x + kind(2.5)) * x - kind(4)) * x + kind(2)
        return np.asarray(np.where(x >= 2, kind(0), np.where(x >= 1, far, near)))
    radius = kind(3 if method == "lanczos3" else 5)
    y = radius * np.sin(kind(np.pi) * x) * np.sin(kind(np.pi) * x / radius)
    y = np.where(x > 1e-3, y / np.where(x != 0, kind(np.pi**2) * x**2, kind(1)), kind(1))
    return np.asarray(np.where(x > radius, kind(0), y))


@keras_op("ElasticTransform", options="alpha sigma interpolation fill_mode fill_value seed data_format")
def elastic_transform(b: Builder, layer: Layer, images: Value) -> Value:
    """Images bent at random."""
    raise UnsupportedAttribute("ElasticTransform, which is random whenever the model runs")
