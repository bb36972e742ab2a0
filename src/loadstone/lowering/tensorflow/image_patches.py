"""Pieces of images: patches, glimpses, and images seen through projective transforms.

Semantics: tensorflow/core/kernels/image/extract_image_patches_op.cc, extract_volume_patches_op.cc, attention_ops.cc (with
eigen_attention.h) and image_ops.cc. Images are (batch, space..., channels).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from loadstone.errors import InferenceError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras import projective
from loadstone.lowering.tensorflow.image_sizes import pair
from loadstone.lowering.tensorflow.symbols import Operand, known, tensor, tf


@tf("raw_ops.ExtractImagePatches")
def extract_image_patches(
    b: Builder, images: Operand, ksizes: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str
) -> Value:
    """(batch, height, width, channels) -> (batch, rows, columns, window height * window width * channels)."""
    return _patches(b, tensor(b, images), ksizes, strides, rates, padding)


@tf("raw_ops.ExtractVolumePatches")
def extract_volume_patches(b: Builder, input_: Operand, ksizes: Sequence[int], strides: Sequence[int], padding: str) -> Value:
    """(batch, planes, rows, columns, channels) -> the same of so many windows, with all of a window's elements as channels."""
    return _patches(b, tensor(b, input_), ksizes, strides, [1] * len(ksizes), padding)


def _patches(b: Builder, x: Value, window: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str) -> Value:
    if x.rank != len(window) or padding not in ("SAME", "VALID") or any(v[0] != 1 or v[-1] != 1 for v in (window, strides, rates)):
        raise UnsupportedAttribute(f"patches of {list(window)} of a tensor of shape {x.shape} with padding={padding!r}")
    counts: list[int | Value] = []
    for axis in range(x.rank - 2, 0, -1):  # from the last, so that the places of the others stay
        reach, stride = (window[axis] - 1) * rates[axis] + 1, strides[axis]
        if padding == "SAME":
            x = _padded(b, x, axis, reach, stride)
        length = b.dim(x, axis)
        if isinstance(length, int):
            count: int | Value = max((length - reach + stride) // stride, 0)
            starts = b.const(np.arange(max((length - reach + stride) // stride, 0)) * stride)
        else:
            count = b.Div(b.Max(b.Sub(length, reach - stride), 0), stride)
            starts = b.Mul(b.Range(b.const(0), b.squeeze(count, 0), b.const(1)), stride)
        counts.insert(0, count)
        places = b.Add(b.unsqueeze(starts, 1), b.const(np.arange(window[axis])[None, :] * rates[axis]))
        x = b.Gather(x, places, axis=axis)
    n = len(counts)
    batch, channels = b.dim(x, 0), b.dim(x, x.rank - 1)
    x = b.transpose(x, [0, *range(1, 2 * n, 2), *range(2, 2 * n + 1, 2), 2 * n + 1])
    many = prod(window)
    dims = [batch, *counts, channels * many if isinstance(channels, int) else b.Mul(channels, many)]
    return b.reshape(x, dims, known(dims))


def _padded(b: Builder, x: Value, axis: int, reach: int, stride: int) -> Value:
    """Zeros around an axis, so that there is a window for each stride; the odd one comes last."""
    length = b.dim(x, axis)
    if isinstance(length, int):
        total = max((-(-length // stride) - 1) * stride + reach - length, 0)
        return b.pad(x, [axis], [total // 2], [total - total // 2]) if total else x
    covered = b.Mul(b.Sub(b.Div(b.Add(length, stride - 1), stride), 1), stride)
    both = b.Max(b.Sub(b.Add(covered, reach), length), b.ints([0]))
    before = b.Div(both, 2)
    return b.pad(x, [axis], [before], [b.Sub(both, before)])


# -- glimpses ---------------------------------------------------------------------------------------------------------


@tf("raw_ops.ExtractGlimpse")
def extract_glimpse(
    b: Builder, input_: Operand, size: Operand, offsets: Operand, centered: bool = True, normalized: bool = True,
    uniform_noise: bool = True, noise: str = "uniform",
) -> Value:  # fmt: skip
    """Windows of images at offsets (batch, 2), zeros outside. Where that would be noise it is random, and refused."""
    return _glimpse(b, input_, size, offsets, centered, normalized, noise, 1)


@tf("raw_ops.ExtractGlimpseV2")
def extract_glimpse_v2(
    b: Builder, input_: Operand, size: Operand, offsets: Operand, centered: bool = True, normalized: bool = True,
    uniform_noise: bool = True, noise: str = "uniform",
) -> Value:  # fmt: skip
    """The same, where offsets are those of the window's first pixel unless they are both centred and normalized."""
    return _glimpse(b, input_, size, offsets, centered, normalized, noise, 2)


def _glimpse(
    b: Builder, input_: Operand, size: Operand, offsets: Operand, centered: bool, normalized: bool, noise: str, version: int
) -> Value:
    if noise != "zero":
        raise UnsupportedAttribute(f"a glimpse with noise={noise!r}, which is random whenever the model runs")
    x, moves = tensor(b, input_), tensor(b, offsets)
    shape = x.shape
    counts = pair(b, size)
    for axis, count in ((1, counts[0]), (2, counts[1])):
        length = b.dim(x, axis)
        tall, wide = (b.const(float(d)) if isinstance(d, int) else b.cast(b.squeeze(d, 0), "float32") for d in (length, count))
        start = b.slice(moves, 1, axis - 1, axis)
        if normalized:
            start = b.Mul(start, tall)
        if centered and (normalized or version == 1):
            start = b.Div(start, 2.0)
        if centered:
            start = b.Add(start, b.Div(tall, 2.0))
        if version == 1 or (centered and normalized):
            start = b.Sub(start, b.Div(wide, 2.0))
        steps = b.const(np.arange(count)) if isinstance(count, int) else b.Range(b.const(0), b.squeeze(count, 0), b.const(1))
        places = b.Add(b.cast(start, "int64"), b.unsqueeze(steps, 0))
        last = b.ints([length - 1]) if isinstance(length, int) else b.Sub(length, 1)
        inside = b.Min(b.Max(places, 0), last)
        found = b.GatherND(b.transpose(x, [0, axis, 3 - axis, 3]), b.unsqueeze(inside, 2), batch_dims=1)
        found = b.Where(b.unsqueeze(b.Equal(places, inside), 2, 3), found, 0.0)
        x = b.transpose(found, [0, axis, 3 - axis, 3])
    dims = [b.dim(x, 0) if shape[0] is None else shape[0], *counts, b.dim(x, 3)]
    return b.reshape(x, dims, known(dims)) if None in x.shape and known(dims) != x.shape else x


# -- transforms -------------------------------------------------------------------------------------------------------


@tf("raw_ops.ImageProjectiveTransformV2")
def projective_transform_v2(
    b: Builder, images: Operand, transforms: Operand, output_shape: Operand, interpolation: str, fill_mode: str = "CONSTANT"
) -> Value:
    """Images of a size (height, width) seen through transforms (1 or batch, 8)."""
    return projective_transform(b, images, transforms, output_shape, 0.0, interpolation, fill_mode)


@tf("raw_ops.ImageProjectiveTransformV3")
def projective_transform(
    b: Builder, images: Operand, transforms: Operand, output_shape: Operand, fill_value: Operand, interpolation: str,
    fill_mode: str = "CONSTANT",
) -> Value:  # fmt: skip
    """The same with a value for what is seen of the outside."""
    how, mode = interpolation.lower(), fill_mode.lower()
    if how not in projective.INTERPOLATIONS or mode not in projective.FILL_MODES:
        raise UnsupportedAttribute(f"ImageProjectiveTransform with interpolation={interpolation!r}, fill_mode={fill_mode!r}")
    x, sizes = tensor(b, images), pair(b, output_shape)

    def seen(pixels: np.ndarray, t: np.ndarray, size: np.ndarray, fill: np.ndarray) -> tuple[np.ndarray]:
        if len(t) not in (1, len(pixels)):
            raise InferenceError(f"{len(t)} transforms for {len(pixels)} images")
        return (projective.transform(pixels, t, how, mode, float(fill), (int(size[0]), int(size[1]))),)

    given = [x, tensor(b, transforms), b.vector(sizes), tensor(b, fill_value, "float32")]
    return b.host("ImageProjectiveTransform", seen, given, [((x.shape[0], *known(sizes), x.shape[3]), x.dtype)])[0]
