"""Padding and resizing of `keras.backend`.

Semantics: keras/backend/tensorflow_backend.py of Keras 1.2.2 to 2.3.1, keras/backend.py of 2.15.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.functions.formats import chosen, comes_first
from loadstone.lowering.keras import resampling
from loadstone.lowering.tensorflow.symbols import Operand, enter, lengths, number, rule, tensor, tf

# -- padding ----------------------------------------------------------------------------------------------------------


@tf("keras.backend.temporal_padding")
def temporal_padding(b: Builder, x: Operand, padding: Operand = (1, 1)) -> Value:
    """Zeros before and after the steps of (batch, steps, features): one number for both ends, or two."""
    return _padded(b, tensor(b, x), [padding], "channels_last")


@tf("keras.backend.asymmetric_temporal_padding")
def asymmetric_temporal_padding(b: Builder, x: Operand, left_pad: Operand = 1, right_pad: Operand = 1) -> Value:
    """The same of Keras 1."""
    return _padded(b, tensor(b, x), [(left_pad, right_pad)], "channels_last")


def _spatial(rank: int) -> Any:
    def function(
        b: Builder, x: Operand, padding: Operand = 1, data_format: str | None = None, dim_ordering: str | None = None,
        *, era: Era | None = None,
    ) -> Value:  # fmt: skip
        """Zeros around images: for each axis of space one number for both ends, or two."""
        found = number(padding, "padding")
        return _padded(b, tensor(b, x), found if isinstance(found, list) else [found] * rank, chosen(data_format, dim_ordering, era))

    return function


enter(_spatial(2), "keras.backend.spatial_2d_padding")
enter(_spatial(3), "keras.backend.spatial_3d_padding")


@tf("keras.backend.asymmetric_spatial_2d_padding")
def asymmetric_spatial_2d_padding(
    b: Builder, x: Operand, top_pad: Operand = 1, bottom_pad: Operand = 1, left_pad: Operand = 1, right_pad: Operand = 1,
    dim_ordering: str | None = None, *, era: Era | None = None,
) -> Value:  # fmt: skip
    """The same of Keras 1."""
    return _padded(b, tensor(b, x), [(top_pad, bottom_pad), (left_pad, right_pad)], chosen(None, dim_ordering, era))


def _padded(b: Builder, x: Value, amounts: Sequence[Operand], form: str) -> Value:
    pairs = [lengths(b, amount) for amount in amounts]
    pairs = [pair * 2 if len(pair) == 1 else pair for pair in pairs]
    if x.rank != len(pairs) + 2 or any(len(pair) != 2 for pair in pairs):
        raise ModelError(f"a padding of {len(pairs)} axes around a tensor of shape {x.shape}")
    axes = range(2, x.rank) if comes_first(form) else range(1, x.rank - 1)
    return b.pad(x, axes, [pair[0] for pair in pairs], [pair[1] for pair in pairs])


# -- resizing ---------------------------------------------------------------------------------------------------------


@tf("keras.backend.resize_images")
def resize_images(
    b: Builder, x: Operand = None, height_factor: Operand = None, width_factor: Operand = None, data_format: str | None = None,
    interpolation: str = "nearest", X: Operand = None, dim_ordering: str | None = None, *, era: Era | None = None,
) -> Value:  # fmt: skip
    """Images so many times as high and as wide.

    Bilinear ones count from the corners of pixels in Keras of its own, from their middles in tf.keras of TensorFlow 1.15 and later.
    """
    y = tensor(b, X if x is None else x)
    factors = [int(number(f, "a factor")) for f in (height_factor, width_factor)]
    axes = [2, 3] if comes_first(chosen(data_format, dim_ordering, era)) else [1, 2]
    if interpolation == "nearest":
        return _repeated(b, y, axes, factors)
    sizes = [n * f if isinstance(n, int) else b.Mul(n, f) for n, f in zip((b.dim(y, a) for a in axes), factors, strict=True)]
    if interpolation == "bilinear":
        middles = agreed("keras.backend.resize_images with interpolation='bilinear'", era, _from_middles)
        return resampling.resize(b, y, axes, sizes, "bilinear", coordinates="half_pixel" if middles else "asymmetric")
    return resampling.resize(b, y, axes, sizes, str(interpolation))


def _from_middles(era: Era) -> bool | None:
    """tf.keras of TensorFlow 1.13 to 2.1 has one number, and 1.13 and 1.14 the older function."""
    if era.tf and era.version <= (2, 2, 4):
        return None
    return era.tf


@tf("keras.backend.resize_volumes")
def resize_volumes(
    b: Builder, x: Operand = None, depth_factor: Operand = None, height_factor: Operand = None, width_factor: Operand = None,
    data_format: str | None = None, X: Operand = None, dim_ordering: str | None = None, *, era: Era | None = None,
) -> Value:  # fmt: skip
    """Volumes so many times as deep, as high and as wide, by repetition."""
    y = tensor(b, X if x is None else x)
    factors = [int(number(f, "a factor")) for f in (depth_factor, height_factor, width_factor)]
    return _repeated(b, y, [2, 3, 4] if comes_first(chosen(data_format, dim_ordering, era)) else [1, 2, 3], factors)


def _repeated(b: Builder, x: Value, axes: Sequence[int], factors: Sequence[int]) -> Value:
    if x.rank != len(axes) + 2 or min(factors) < 1:
        raise UnsupportedAttribute(f"a tensor of shape {x.shape} resized by {list(factors)}")
    for axis, factor in zip(axes, factors, strict=True):
        x = rule("repeat").function(b, x, factor, axis)
    return x
