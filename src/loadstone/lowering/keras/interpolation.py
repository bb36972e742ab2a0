"""The weights by which TensorFlow resizes one axis of an image: output = weights @ input.

`tf.image.resize` of TensorFlow 2 (tensorflow/python/ops/image_ops_impl.py, `resize_images_v2`), with pixel centres at halves.
Without antialias "bicubic" and "area" have kernels of their own (tensorflow/core/kernels/image/resize_bicubic_op.cc,
resize_area_op.cc); all the rest is scale_and_translate_op.cc. numpy only: float32 where TensorFlow has float32, so that the
same pixels are met.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Kernel = Callable[[np.ndarray], np.ndarray]
_F = np.float32


def weights(method: str, length: int, size: int, antialias: bool) -> np.ndarray:
    """float32 (size, length) for an axis of `length` pixels that becomes `size` long."""
    if method == "bilinear_asymmetric":
        return _bilinear_asymmetric(length, size)
    if method == "area":
        return _area(length, size)
    if method == "bicubic" and not antialias:
        return _bicubic(length, size)
    radius, kernel = _KERNELS[method]
    return _scale_and_translate(length, size, radius, kernel, antialias)


def spans(method: str, length: int, size: int, antialias: bool, scale: float, translation: float) -> tuple[np.ndarray, np.ndarray]:
    """The pixels that each of `size` sees, int64 (size, many), and their weights, float32, for an axis scaled and moved.

    Rows of fewer pixels end with their last one again, at no weight.
    """
    radius, kernel = _KERNELS[method]
    step = _F(1) / _F(scale) if scale else _F(np.inf)
    with np.errstate(all="ignore"):
        first, last, found = _spanned(length, size, radius, kernel, antialias, step, -step * _F(translation))
    many = int((last - first).max(initial=0)) + 1
    pixels = np.minimum(first[:, None] + np.arange(many), last[:, None])
    weights = np.take_along_axis(found, pixels, axis=1)
    return pixels, np.where(first[:, None] + np.arange(many) <= last[:, None], weights, _F(0))


def nearest(length: int, size: int) -> np.ndarray:
    """The pixel that each of `size` takes: int64 (size,)."""
    scale = np.float32(length) / np.float32(size)
    steps = np.floor((np.arange(size, dtype=np.float32) + np.float32(0.5)) * scale)
    return np.asarray(np.minimum(steps.astype(np.int64), length - 1))


def between(length: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixels before and after the place of each of `size`, and how far it is from the former: int64, int64, float32."""
    scale = np.float32(length) / np.float32(size)
    places = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    floors = np.floor(places)
    lower, upper = np.maximum(floors, 0), np.minimum(np.ceil(places), length - 1)
    return lower.astype(np.int64), upper.astype(np.int64), places - floors


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(1 - x, 0))


def _keys(x: np.ndarray) -> np.ndarray:
    """Keys' cubic with a = -0.5."""
    near, far = ((1.5 * x - 2.5) * x) * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def _mitchell(x: np.ndarray) -> np.ndarray:
    near, far = ((7 * x - 12) * x * x + 16 / 3) / 6, (((-7 / 3 * x + 12) * x - 20) * x + 32 / 3) / 6
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def _gaussian(x: np.ndarray) -> np.ndarray:
    return np.where(x >= 1.5, 0, np.exp(-(x**2) / (2 * 0.5**2)))


def _box(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0.5, 1.0, np.where(x == 0.5, 0.5, 0.0))


def _lanczos(radius: float) -> Kernel:
    def kernel(x: np.ndarray) -> np.ndarray:
        safe = np.where(x <= 1e-3, 1, x)
        value = radius * np.sin(np.pi * safe) * np.sin(np.pi * safe / radius) / (np.pi * safe) ** 2
        return np.where(x > radius, 0, np.where(x <= 1e-3, 1, value))

    return kernel


_KERNELS: dict[str, tuple[float, Kernel]] = {
    "bilinear": (1, _triangle),
    "bicubic": (2, _keys),
    "lanczos1": (1, _lanczos(1)),
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
    "gaussian": (1.5, _gaussian),
    "mitchellcubic": (2, _mitchell),
    "box": (1, _box),
}
METHODS = ("bilinear", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic", "area", "bilinear_asymmetric")


def _scale_and_translate(length: int, size: int, radius: float, kernel: Kernel, antialias: bool) -> np.ndarray:
    return _spanned(length, size, radius, kernel, antialias, _F(1) / (_F(size) / _F(length)), _F(0))[2]


def _spanned(
    length: int, size: int, radius: float, kernel: Kernel, antialias: bool, step: np.float32, start: np.float32
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first and the last pixel that each of `size` sees, int64, and the weights of all, float32 (size, length)."""
    stretch = np.maximum(step, np.float32(1)) if antialias else np.float32(1)
    centres = ((np.arange(size, dtype=np.float32) + np.float32(0.5)) * step + start)[:, None]
    reach = np.float32(radius) * stretch
    first = np.clip(np.ceil(centres - reach - np.float32(0.5)), 0, length - 1)
    last = np.clip(np.floor(centres + reach - np.float32(0.5)), 0, length - 1)
    pixels = np.arange(length, dtype=np.float32)[None, :]
    distances = np.abs(pixels + np.float32(0.5) - centres) / stretch
    inside = (pixels >= first) & (pixels <= last) & (centres >= 0) & (centres <= length)
    weights = _normalized(np.where(inside, kernel(distances.astype(np.float64)), 0))
    seen = inside.any(axis=1)
    return np.where(seen, first[:, 0], 0).astype(np.int64), np.where(seen, last[:, 0], 0).astype(np.int64), weights


def _normalized(values: np.ndarray) -> np.ndarray:
    total = values.sum(1, keepdims=True)
    safe = np.abs(total) >= 1000 * np.finfo(np.float32).tiny
    return (values / np.where(safe, total, 1)).astype(np.float32)


def _bicubic(length: int, size: int) -> np.ndarray:
    """Keys' cubic from a table of 1024 steps; pixels outside have no weight and the rest makes it up."""
    scale = np.float32(length) / np.float32(size)
    places = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    floors = np.floor(places)
    steps = np.rint((places - floors) * np.float32(1024)) / 1024
    result = np.zeros((size, length))
    rows = np.arange(size)
    for offset in (-1, 0, 1, 2):
        pixel = floors.astype(np.int64) + offset
        inside = (pixel >= 0) & (pixel < length)
        result[rows[inside], pixel[inside]] += _keys(np.abs(steps - offset))[inside]
    return _normalized(result)


def _area(length: int, size: int) -> np.ndarray:
    """Each output is the mean of the stretch of input that it covers."""
    scale = np.float32(length) / np.float32(size)
    starts = np.arange(size, dtype=np.float32)[:, None] * scale
    ends = np.arange(1, size + 1, dtype=np.float32)[:, None] * scale
    result = np.zeros((size, length))
    for row in range(size):
        for pixel in range(int(np.floor(starts[row, 0])), int(np.ceil(ends[row, 0]))):
            covered = min(pixel + 1, ends[row, 0]) - max(pixel, starts[row, 0])
            result[row, min(max(pixel, 0), length - 1)] += covered / scale
    return result.astype(np.float32)


def _bilinear_asymmetric(length: int, size: int) -> np.ndarray:
    """Pixel centres at whole numbers, as TensorFlow 1 resized."""
    places = np.arange(size, dtype=np.float32) * (np.float32(length) / np.float32(size))
    low = np.floor(places).astype(np.int64)
    result = np.zeros((size, length))
    np.add.at(result, (np.arange(size), np.minimum(low, length - 1)), 1 - (places - low))
    np.add.at(result, (np.arange(size), np.minimum(low + 1, length - 1)), places - low)
    return result.astype(np.float32)
