"""Borders added to images and cut off, and images as blocks, as functions of `keras.ops.image`.

Semantics: keras/src/ops/image.py of Keras 3. Lengths that only a run knows are Python steps, since a border of less than nothing
is an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Dim, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_warping import python_step
from loadstone.lowering.keras.projective import Array
from loadstone.lowering.registry import keras_op

_SIDES = (("top", "bottom", "target_height"), ("left", "right", "target_width"))


def _options(kind: str) -> str:
    return f"data_format target_height target_width {' '.join(f'{side}_{kind}' for side in ('top', 'left', 'bottom', 'right'))}"


def _borders(layer: Layer, kind: str, axis: int, length: int) -> tuple[int, int]:
    """What comes before and after, of an axis of this length: two of three numbers are given."""
    keys = (f"{_SIDES[axis][0]}_{kind}", f"{_SIDES[axis][1]}_{kind}", _SIDES[axis][2])
    given: list[Any] = [layer.config.get(key) for key in keys]
    first, last, target = given
    if given.count(None) != 1:
        raise ModelError(f"{layer.class_name} takes two of {', '.join(keys)}")
    if target is not None:
        both = target - length if kind == "padding" else length - target
        first, last = (both - last, last) if first is None else (first, both - first)
    if min(first, last) < 0 or (kind == "cropping" and first + last > length):
        raise ModelError(f"{layer.class_name} of images of length {length} with {_SIDES[axis][0]} {first} and {_SIDES[axis][1]} {last}")
    return first, last


def _space(layer: Layer, images: Value) -> list[int]:
    if images.rank not in (3, 4):
        raise ModelError(f"{layer.class_name} of images of shape {images.shape}")
    back = 2 if layer.config.get("data_format") == "channels_first" else 3
    return [images.rank - back, images.rank - back + 1]


def _bordered(b: Builder, layer: Layer, images: Value, kind: str) -> Value:
    axes = _space(layer, images)
    lengths = [images.shape[axis] for axis in axes]
    known = [n for n in lengths if n is not None]
    if len(known) == 2:
        borders = [_borders(layer, kind, i, n) for i, n in enumerate(known)]
        signed = [(first, last) if kind == "padding" else (-first, -last) for first, last in borders]
        return b.pad(images, axes, [first for first, _ in signed], [last for _, last in signed])
    shape: list[Dim] = list(images.shape)
    for axis, key in zip(axes, ("target_height", "target_width"), strict=True):
        shape[axis] = layer.config.get(key)

    def step(x: Array) -> Array:
        around = [(0, 0)] * x.ndim
        for i, axis in enumerate(axes):
            try:
                around[axis] = _borders(layer, kind, i, x.shape[axis])
            except ModelError as error:
                raise ValueError(error.message) from error
        if kind == "padding":
            return np.pad(x, around)
        return x[tuple(slice(first, n - last) for (first, last), n in zip(around, x.shape, strict=True))]

    return python_step(b, layer, [images], tuple(shape), images.dtype, step)


@keras_op("PadImages", options=_options("padding"))
def pad_images(b: Builder, layer: Layer, images: Value) -> Value:
    """Images with zeros around them."""
    return _bordered(b, layer, images, "padding")


@keras_op("CropImages", options=_options("cropping"))
def crop_images(b: Builder, layer: Layer, images: Value) -> Value:
    """Images without their borders."""
    return _bordered(b, layer, images, "cropping")


# -- blocks ------------------------------------------------------------------------------------------------------------


def _spread(value: Any, n: int) -> list[int]:
    return [int(value)] * n if isinstance(value, int) else [int(v) for v in value]


@keras_op("ExtractPatches", "ExtractPatches3D", options="size strides dilation_rate padding data_format")
def extract_patches(b: Builder, layer: Layer, images: Value) -> Value:
    """Blocks of images or volumes, each flat in place of the channels: (batch, down, across, block * channels)."""
    config = layer.config
    size = _spread(config["size"], 3 if layer.class_name == "ExtractPatches3D" else 2)
    n, first = len(size), config.get("data_format") == "channels_first"
    strides, dilations = _spread(config.get("strides") or size, n), _spread(config.get("dilation_rate", 1), n)
    if images.rank not in (n + 1, n + 2) or config.get("padding", "valid") not in ("valid", "same"):
        raise ModelError(f"ExtractPatches of images of shape {images.shape} with padding={config.get('padding')!r}")
    x = images if images.rank == n + 2 else b.unsqueeze(images, 0)
    x = b.transpose(x, [0, *range(2, n + 2), 1]) if first else x
    for i in range(n):  # each axis becomes two: the blocks, and the places in one
        x = _blocked(b, x, 1 + 2 * i, size[i], strides[i], dilations[i], config.get("padding", "valid") == "same")
    x = b.transpose(x, [0, *range(1, 2 * n, 2), *range(2, 2 * n + 1, 2), 2 * n + 1])
    channels = x.shape[-1]
    flat = -1 if channels is None else int(np.prod(size)) * channels
    y = b.reshape(x, [*b.dims(x)[: n + 1], flat], (*x.shape[: n + 1], None if flat == -1 else flat))
    y = b.transpose(y, [0, n + 1, *range(1, n + 1)]) if first else y
    return y if images.rank == n + 2 else b.squeeze(y, 0)


def _blocked(b: Builder, x: Value, axis: int, size: int, stride: int, dilation: int, same: bool) -> Value:
    """x with an axis cut into blocks: (..., n, ...) -> (..., blocks, size, ...)."""
    length, reach = x.shape[axis], (size - 1) * dilation + 1
    if length is None and same:
        raise UnsupportedAttribute(f"blocks with padding='same' of images of shape {x.shape}, whose size is not known")
    if length is None:
        starts = b.Range(b.const(0), b.squeeze(b.Sub(b.dim(x, axis), reach - 1), 0), b.const(stride))
        return b.Gather(x, b.Add(b.unsqueeze(starts, 1), b.const(np.arange(size, dtype=np.int64) * dilation)), axis=axis)
    if same:
        total = max((-(-length // stride) - 1) * stride + reach - length, 0)
        x, length = b.pad(x, [axis], [total // 2], [total - total // 2]) if total else x, length + total
    count = (length - reach) // stride + 1
    if count < 1:
        raise ModelError(f"blocks of {reach} of an axis of length {length}")
    places = np.arange(count)[:, None] * stride + np.arange(size) * dilation
    return b.Gather(x, b.const(places.astype(np.int64)), axis=axis)


@keras_op("ReconstructPatches", options="size output_size strides padding data_format")
def reconstruct_patches(b: Builder, layer: Layer, patches: Value) -> Value:
    """Images or volumes from blocks that lie side by side; with padding "same" the borders are cut off again."""
    config = layer.config
    size = _spread(config["size"], 2)
    n, first = len(size), config.get("data_format") == "channels_first"
    strides = _spread(config.get("strides") or size, n)
    if patches.rank not in (n + 1, n + 2) or strides != size:
        raise ModelError(f"ReconstructPatches of blocks of {size} that are {strides} apart, in a tensor of shape {patches.shape}")
    x = patches if patches.rank == n + 2 else b.unsqueeze(patches, 0)
    x = b.transpose(x, [0, *range(2, n + 2), 1]) if first else x
    grid, flat, block = x.shape[1:-1], x.shape[-1], int(np.prod(size))
    if flat is None or None in grid or flat % block:
        raise UnsupportedAttribute(f"ReconstructPatches of blocks of {size} in a tensor of shape {patches.shape}")
    down = [int(g or 0) for g in grid]
    x = b.reshape(x, [b.dim(x, 0), *down, *size, flat // block], (x.shape[0], *down, *size, flat // block))
    x = b.transpose(x, [0, *(k for i in range(n) for k in (1 + i, 1 + n + i)), 2 * n + 1])
    whole = [g * s for g, s in zip(down, size, strict=True)]
    x = b.reshape(x, [b.dim(x, 0), *whole, flat // block], (x.shape[0], *whole, flat // block))
    wanted = _spread(config.get("output_size") or whole, n)
    same = config.get("padding", "valid") == "same"
    if wanted != whole if not same else any(not w - s < o <= w for o, w, s in zip(wanted, whole, size, strict=True)):
        raise ModelError(f"ReconstructPatches to {wanted} of blocks that make {whole}")
    for i, (o, w) in enumerate(zip(wanted, whole, strict=True)):
        x = b.slice(x, 1 + i, (w - o) // 2, (w - o) // 2 + o) if o != w else x
    x = b.transpose(x, [0, n + 1, *range(1, n + 1)]) if first else x
    return x if patches.rank == n + 2 else b.squeeze(x, 0)
