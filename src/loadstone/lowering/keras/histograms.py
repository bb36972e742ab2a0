"""Contrast limited adaptive histogram equalization, in numpy.

keras/src/layers/preprocessing/image_preprocessing/clahe.py of Keras 3: float32, in its order of operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_F = np.float32
_LEVELS = 256


def equalized(images: Array, grid: Sequence[int], clip_limit: float) -> Array:
    """images (batch, height, width, channels) of 0 to 255, float32; each level is moved as the four tiles around it say."""
    _, height, width, _ = images.shape
    tall, wide = -(-height // grid[0]), -(-width // grid[1])
    below, beside = tall * grid[0] - height, wide * grid[1] - width
    if below > height or beside > width:
        raise ValueError(f"images of {height} by {width} cannot be reflected to fill {grid[0]} by {grid[1]} tiles")
    whole = np.pad(images, [(0, 0), (0, below), (0, beside), (0, 0)], mode="symmetric")
    levels = np.clip(np.clip(whole, 0, 255).astype(np.int32), 0, 255)
    curves = _curves(levels, grid, tall, wide, clip_limit)
    curves = np.pad(curves, [(0, 0), (1, 1), (1, 1), (0, 0), (0, 0)], mode="edge")
    return _interpolated(levels, curves, grid, tall, wide)[:, :height, :width]


def _curves(levels: Array, grid: Sequence[int], tall: int, wide: int, clip_limit: float) -> Array:
    """What each level becomes in each tile: (batch, *grid, channels, 256)."""
    batch, _, _, channels = levels.shape
    tiles = levels.reshape(batch, grid[0], tall, grid[1], wide, channels).transpose(0, 1, 3, 5, 2, 4).reshape(-1, tall * wide)
    places = tiles.astype(np.int64) + np.arange(len(tiles))[:, None] * _LEVELS
    counts = np.bincount(places.reshape(-1), minlength=len(tiles) * _LEVELS).reshape(-1, _LEVELS).astype(_F)
    if clip_limit > 0:
        clipped = np.clip(counts, _F(0), _F(clip_limit * (tall * wide) / 256.0))
        counts = clipped + (counts - clipped).sum(-1, keepdims=True, dtype=_F) / _F(256)
    total = np.cumsum(counts, -1, dtype=_F)
    least = total.min(-1, keepdims=True)
    rest = _F(tall * wide) - least
    made = np.clip((total - least) * _F(255) / np.where(rest == 0, _F(1), rest), _F(0), _F(255))
    return made.reshape(batch, grid[0], grid[1], channels, _LEVELS)


def _interpolated(levels: Array, curves: Array, grid: Sequence[int], tall: int, wide: int) -> Array:
    batch, _, _, channels = levels.shape
    (top, bottom, down), (left, right, across) = (_around(n, size) for n, size in ((grid[0], tall), (grid[1], wide)))
    sample, channel = np.arange(batch)[:, None, None, None], np.arange(channels)

    def read(rows: Array, columns: Array) -> Array:
        return np.asarray(curves[sample, rows[:, None, None], columns[None, :, None], channel, levels])

    down, across = down[:, None, None], across[None, :, None]
    upper = read(top, left) * (_F(1) - across) + read(top, right) * across
    lower = read(bottom, left) * (_F(1) - across) + read(bottom, right) * across
    return np.asarray(upper * (_F(1) - down) + lower * down)


def _around(count: int, size: int) -> tuple[Array, Array, Array]:
    """For each pixel along an axis: the tile before and the one after, counted in a grid with a border, and the weight of the latter."""
    places = (np.arange(count * size, dtype=_F) - _F(size / 2.0)) / _F(size) + _F(1)
    before = np.floor(places)
    tiles = (np.clip(before + n, 0, count + 1).astype(np.int64) for n in (0, 1))
    return (*tiles, places - before)
