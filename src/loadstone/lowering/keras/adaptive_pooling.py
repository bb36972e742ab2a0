"""Adaptive pools: the output's size is given, the windows follow from it.

keras/src/backend/tensorflow/nn.py, `_compute_static_gather_indices`: window i of an axis goes from floor(i * length / size)
to ceil((i + 1) * length / size), in float32. The axes are pooled one after the other.
"""

from __future__ import annotations

import numpy as np

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
        members, _ = _windows(b, x, axis, size)
        x = b.ReduceMax(b.Gather(x, members, axis=axis), b.ints([axis + 1]), keepdims=0)
    return x


@keras_layer(*(f"AdaptiveAveragePooling{n}D" for n in (1, 2, 3)), options="output_size data_format")
def adaptive_average_pooling(b: Builder, layer: Layer, x: Value) -> Value:
    """The mean of each window."""
    axes = space(layer, x.rank)
    for axis, size in zip(axes, numbers(layer.config["output_size"], len(axes)), strict=True):
        members, shares = _windows(b, x, axis, size)
        weights = b.unsqueeze(shares, *range(2, x.rank + 1 - axis))
        x = b.ReduceSum(b.Mul(b.Gather(x, members, axis=axis), weights), b.ints([axis + 1]), keepdims=0)
    return x


def _windows(b: Builder, x: Value, axis: int, size: int) -> tuple[Value, Value]:
    """Indices of each window's elements, int64, and their shares of the mean, in x's dtype; both (size, longest window).

    Shorter windows repeat their last element with a share of 0.
    """
    length = b.vector([b.dim(x, axis)])
    steps = b.Div(b.Mul(b.const(np.arange(size + 1, dtype=np.float32)), b.cast(length, "float32")), float(size))
    starts = b.Min(b.cast(b.Floor(b.slice(steps, 0, 0, -1)), "int64"), b.Sub(length, 1))
    ends = b.Min(b.cast(b.Ceil(b.slice(steps, 0, 1)), "int64"), length)
    counts = b.unsqueeze(b.Sub(ends, starts), 1)
    offsets = b.Range(b.const(0), b.ReduceMax(counts, b.ints([0, 1]), keepdims=0), b.const(1))
    members = b.Add(b.unsqueeze(starts, 1), b.Min(offsets, b.Sub(counts, 1)))
    return members, b.Where(b.Less(offsets, counts), b.Div(1.0, b.cast(counts, x.dtype)), 0.0)
