"""Images seen through a projective transform, in numpy, as the TensorFlow op ImageProjectiveTransformV3 computes them.

tensorflow/core/kernels/image/image_ops.h: float32 throughout, in its order of operations, so that the same pixels are met; integer
images are cut, not rounded. Images are (batch, height, width, channels).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
FILL_MODES = ("constant", "nearest", "wrap", "reflect")
INTERPOLATIONS = ("nearest", "bilinear")
_F = np.float32


def transform(
    images: Array, transforms: Array, interpolation: str, fill_mode: str, fill_value: float, size: tuple[int, int] | None = None
) -> Array:
    """The images where output (x, y) is read at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1.

    size is (height, width) of the output, that of the images where there is none.
    transforms (1 or batch, 8): a0 a1 a2 b0 b1 b2 c0 c1.
    """
    batch, height, width, _ = images.shape
    t = np.broadcast_to(transforms.astype(_F), (batch, 8))[:, :, None, None]
    rows_out, columns_out = (height, width) if size is None else size
    y, x = np.arange(rows_out, dtype=_F)[:, None], np.arange(columns_out, dtype=_F)[None, :]
    with np.errstate(all="ignore"):
        k = t[:, 6] * x + t[:, 7] * y + _F(1)
        columns = _within((t[:, 0] * x + t[:, 1] * y + t[:, 2]) / k, width, fill_mode)
        rows = _within((t[:, 3] * x + t[:, 4] * y + t[:, 5]) / k, height, fill_mode)
        found = (_nearest if interpolation == "nearest" else _bilinear)(images, rows, columns, _F(fill_value))
    return np.where((k == 0)[..., None], np.asarray(fill_value).astype(images.dtype), found)


def _within(places: Array, length: int, fill_mode: str) -> Array:
    """Coordinates brought into the image, as a fill mode has it."""
    n = _F(length)
    if fill_mode == "constant":
        return places
    if fill_mode == "nearest" or length <= 1:
        moved = places if length > 1 else np.where((places < 0) | (places > n - 1), _F(0), places)
    elif fill_mode == "reflect":
        both = _F(2 * length)
        below = np.where(places < both, both * np.trunc(-places / both) + places, places)
        below = np.where(below < -n, below + both, -below - _F(1))
        above = places - both * np.trunc(places / both)
        above = np.where(above >= n, both - above - _F(1), above)
        moved = np.where(places < 0, below, np.where(places > n - 1, above, places))
    else:
        steps = n - _F(1)
        below = places + n * (np.trunc(-places / steps) + _F(1))
        above = places - n * np.trunc(places / steps)
        moved = np.where(places < 0, below, np.where(places > n - 1, above, places))
    return np.asarray(np.clip(moved, _F(0), n - _F(1)))


def _nearest(images: Array, rows: Array, columns: Array, fill: np.float32) -> Array:
    return _read(images, _rounded(rows), _rounded(columns), fill)


def _rounded(places: Array) -> Array:
    """Halves away from zero, as C rounds; halves of float32 are found without rounding again."""
    whole = np.trunc(places)
    return np.asarray(whole + np.where(np.abs(places - whole) >= _F(0.5), np.sign(places), _F(0)))


def _bilinear(images: Array, rows: Array, columns: Array, fill: np.float32) -> Array:
    top, left = np.floor(rows), np.floor(columns)
    bottom, right = top + _F(1), left + _F(1)
    before, after = (right - columns)[..., None], (columns - left)[..., None]
    upper, lower = (
        before * _read(images, row, left, fill).astype(_F) + after * _read(images, row, right, fill).astype(_F) for row in (top, bottom)
    )
    y = (bottom - rows)[..., None] * upper + (rows - top)[..., None] * lower
    return np.asarray(y.astype(images.dtype))


def _read(images: Array, rows: Array, columns: Array, fill: np.float32) -> Array:
    """The pixels at whole coordinates (batch, height, width); `fill` outside."""
    batch, height, width, _ = images.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    at = (np.arange(batch)[:, None, None], np.where(inside, rows, 0).astype(np.int64), np.where(inside, columns, 0).astype(np.int64))
    found = images[at] if height and width else np.zeros((*rows.shape, images.shape[-1]), images.dtype)
    return np.where(inside[..., None], found, fill.astype(images.dtype))


def homography(start: Array, end: Array) -> Array:
    """The transforms (n, 8) that show what lies at points `start` (n, 4, 2) at points `end`: eight equations, solved in float32."""
    x, y, u, v = end[..., 0], end[..., 1], start[..., 0], start[..., 1]
    zero, one = np.zeros_like(x), np.ones_like(x)
    across = np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], -1)
    down = np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], -1)
    equations = np.stack([across, down], 2).reshape(-1, 8, 8).astype(_F)
    wanted = start.reshape(-1, 8).astype(_F)
    return np.stack([_solved(a, b) for a, b in zip(equations, wanted, strict=True)]) if len(wanted) else wanted


def _solved(a: Array, b: Array) -> Array:
    """The x of a x = b by elimination with partial pivots, as Eigen does it, in the precision of the operands."""
    a, b = a.copy(), b.copy()
    for i in range(len(a)):
        pivot = i + int(np.argmax(np.abs(a[i:, i])))
        if not abs(a[pivot, i]) > 0:
            raise ValueError("the points do not determine a transform: the matrix is not invertible")
        a[[i, pivot]], b[[i, pivot]] = a[[pivot, i]], b[[pivot, i]]
        factors = a[i + 1 :, i] / a[i, i]
        a[i + 1 :, i + 1 :] -= np.outer(factors, a[i, i + 1 :])
        b[i + 1 :] -= factors * b[i]
    for i in range(len(a) - 1, -1, -1):
        b[i] /= a[i, i]
        b[:i] -= a[:i, i] * b[i]
    return b
