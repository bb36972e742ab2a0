"""Adaptive pools: the output's size is given, the windows follow from it.

keras/src/backend/tensorflow/nn.py, `_compute_static_gather_indices`: window i of an axis goes from floor(i * length / size)
to ceil((i + 1) * length / size), in float32. The axes are pooled one after the other.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.windows import numbers, space
from loadstone.lowering.registry import keras_layer


@keras_layer(*(f"AdaptiveMaxPooling{n}D" for n in (1, 2, 3)), options="output_size data_format")
def adaptive_max_pooling(b: Builder, layer: Layer, x: Value) -> Value:
    """The maximum of each window."""
    axes = space(layer, x.rank)
    for axis, size in zip(axes, numbers(layer.config["output_size"], len(axes)), strict=True):
        members, _ = _windows(x, axis, size)
        x = b.ReduceMax(b.Gather(x, b.const(members), axis=axis), b.ints([axis + 1]), keepdims=0)
    return x


@keras_layer(*(f"AdaptiveAveragePooling{n}D" for n in (1, 2, 3)), options="output_size data_format")
def adaptive_average_pooling(b: Builder, layer: Layer, x: Value) -> Value:
    """The mean of each window."""
    axes = space(layer, x.rank)
    for axis, size in zip(axes, numbers(layer.config["output_size"], len(axes)), strict=True):
        members, shares = _windows(x, axis, size)
        weights = b.const(shares.reshape(*shares.shape, *[1] * (x.rank - 1 - axis)), x.dtype)
        x = b.ReduceSum(b.Mul(b.Gather(x, b.const(members), axis=axis), weights), b.ints([axis + 1]), keepdims=0)
    return x


def _windows(x: Value, axis: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of each window's elements and their shares of the mean, both (size, longest window).

    Shorter windows repeat their last element with a share of 0.
    """
    length = x.shape[axis]
    if length is None:
        raise UnsupportedAttribute("adaptive pooling of an axis whose length is not known")
    n, m = np.float32(length), np.float32(size)
    steps = np.arange(size + 1, dtype=np.float32) * n / m
    starts = np.minimum(np.floor(steps[:-1]).astype(np.int64), length - 1)
    ends = np.minimum(np.ceil(steps[1:]).astype(np.int64), length)
    counts = (ends - starts)[:, None]
    offsets = np.arange(counts.max())[None, :]
    return starts[:, None] + np.minimum(offsets, counts - 1), np.where(offsets < counts, 1.0 / counts, 0.0)
