"""Normalizations that look at one sample: layer, group, root mean square and unit; spectral at inference.

keras/src/layers/normalization/. Statistics are taken in float32 or wider, whatever the layer computes in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, dtypes, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.registry import keras_layer


@keras_layer(
    "LayerNormalization",
    weights=("gamma?", "beta?"),
    options="axis epsilon center scale rms_scaling truncates",
    masking="pass",
    autocast=False,
)
def layer_normalization(b: Builder, layer: Layer, x: Value, gamma: Value | None = None, beta: Value | None = None) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, over `axis`; weights have as many elements as those axes.

    rms_scaling (deprecated) leaves mean and beta out, though not the mean inside the variance. The result has the dtype of the input
    before that of the layer, since 3.11 (history: `truncates`).
    """
    axes = _axes(layer.config["axis"], x.rank)
    wide, epsilon = _wide(b, x), layer.config["epsilon"]
    if layer.config.get("rms_scaling"):
        difference = b.Sub(wide, b.ReduceMean(wide, b.ints(axes), keepdims=1))
        variance = b.ReduceMean(b.Mul(difference, difference), b.ints(axes), keepdims=1)
        y = b.Div(wide, b.Sqrt(b.Add(variance, epsilon)))
        y = y if gamma is None else b.Mul(y, _spread(b, gamma, axes, wide))
    elif axes == list(range(axes[0], x.rank)) and all(isinstance(x.shape[a], int) for a in axes):
        lengths = [d for a in axes if (d := x.shape[a]) is not None]
        scale = b.full(lengths, 1, wide.dtype) if gamma is None else b.reshape(b.cast(gamma, wide.dtype), lengths)
        offset = None if beta is None else b.reshape(b.cast(beta, wide.dtype), lengths)
        y = b.LayerNormalization(wide, scale, offset, axis=axes[0], epsilon=float(epsilon))
    else:
        y = _normalize(b, wide, axes, epsilon)
        y = y if gamma is None else b.Mul(y, _spread(b, gamma, axes, wide))
        y = y if beta is None else b.Add(y, _spread(b, beta, axes, wide))
    y = b.cast(y, x.dtype) if layer.config.get("truncates", True) else y
    return b.cast(y, layer.policy.compute)


@keras_layer(
    "GroupNormalization",
    weights=("gamma?", "beta?"),
    options="groups axis epsilon center scale masked_statistics truncates autocasts",
    masking="pass",
    autocast=False,
)
def group_normalization(
    b: Builder, layer: Layer, x: Value, gamma: Value | None = None, beta: Value | None = None, mask: Value | None = None
) -> Value:
    """Channels in groups; each group of each sample is normalized as a whole. weights (channels,).

    History writes `masked_statistics`, true for releases whose statistics leave out what the mask does, and `autocasts`.
    """
    if mask is not None and layer.config.get("masked_statistics"):
        raise UnsupportedAttribute("GroupNormalization with a mask, as tf.keras 2.14 and 2.15 had it")
    autocasts = layer.config.get("autocasts", False)
    if autocasts:
        x = b.cast(x, layer.policy.compute) if dtypes.is_float(x.dtype) else x
        gamma, beta = (weight if weight is None else b.cast(weight, layer.policy.compute) for weight in (gamma, beta))
    axis = layer.config["axis"] % x.rank
    channels, groups = x.shape[axis], layer.config["groups"]
    if channels is None or channels % (groups := channels if groups == -1 else groups):
        raise ModelError(f"GroupNormalization of {channels} channels in {groups} groups")
    dims = b.dims(x)
    split = b.reshape(_wide(b, x), [*dims[:axis], groups, channels // groups, *dims[axis + 1 :]])
    y = b.reshape(_normalize(b, split, [a for a in range(1, x.rank + 1) if a != axis], layer.config["epsilon"]), dims, x.shape)
    y = y if gamma is None else b.Mul(y, _spread(b, gamma, [axis], y))
    y = y if beta is None else b.Add(y, _spread(b, beta, [axis], y))
    truncates = layer.config.get("truncates", True)
    y = b.cast(y, x.dtype) if truncates else y
    return y if truncates and autocasts else b.cast(y, layer.policy.compute)


@keras_layer("RMSNormalization", weights=("scale",), options="axis epsilon")
def rms_normalization(b: Builder, layer: Layer, x: Value, scale: Value) -> Value:
    """x / sqrt(mean(x * x) + epsilon) * scale over `axis`; scale meets the last axes, whatever `axis` is."""
    wide = _wide(b, x)
    square = b.ReduceMean(b.Mul(wide, wide), b.ints(_axes(layer.config["axis"], x.rank)), keepdims=1)
    y = b.Mul(wide, b.Reciprocal(b.Sqrt(b.Add(square, layer.config["epsilon"]))))
    return b.cast(b.Mul(y, b.cast(scale, y.dtype)), x.dtype)


@keras_layer("UnitNormalization", options="axis shortest", masking="pass")
def unit_normalization(b: Builder, layer: Layer, x: Value) -> Value:
    """x divided by its length over `axis`, which counts as `shortest` at least (history: 1e-6 up to tf.keras 2.15).

    Its reciprocal is infinite in float16, where a row of zeros is not a number.
    """
    square = b.ReduceSum(b.Mul(x, x), b.ints(_axes(layer.config["axis"], x.rank)), keepdims=1)
    with np.errstate(over="ignore"):
        most = b.const(np.asarray(1 / layer.config.get("shortest", 1e-12), dtypes.to_numpy(x.dtype)))
    return b.Mul(x, b.Min(b.Reciprocal(b.Sqrt(square)), most))


@keras_layer("SpectralNormalization", weights=("vector_u",), options="power_iterations", raw=True)
def spectral_normalization(walk: Walk, layer: Layer, call: Call) -> Structure:
    """At inference the layer inside as it is: its kernel was divided during training. The output has the dtype of the input (Keras 3)."""
    if call.training:
        raise UnsupportedAttribute("SpectralNormalization called with training=True")
    inputs = map_structure(lambda leaf: Traced(leaf) if isinstance(leaf, Value) else leaf, call.first)
    outputs = walk.call(layer.children["layer"], (inputs,), {}, call.training)
    if layer.masks.inner or not isinstance(call.first, Value):
        return map_structure(lambda leaf: Traced(leaf.value), outputs)
    dtype = call.first.dtype
    return map_structure(lambda leaf: Traced(None if leaf.value is None else walk.b.cast(leaf.value, dtype)), outputs)


def _wide(b: Builder, x: Value) -> Value:
    return b.cast(x, "float64" if x.dtype == "float64" else "float32")


def _axes(axis: Any, rank: int) -> list[int]:
    return sorted(a % rank for a in (axis if isinstance(axis, (list, tuple)) else [axis]))


def _normalize(b: Builder, x: Value, axes: list[int], epsilon: float) -> Value:
    difference = b.Sub(x, b.ReduceMean(x, b.ints(axes), keepdims=1))
    variance = b.ReduceMean(b.Mul(difference, difference), b.ints(axes), keepdims=1)
    return b.Div(difference, b.Sqrt(b.Add(variance, epsilon)))


def _spread(b: Builder, weight: Value, axes: list[int], x: Value) -> Value:
    """A weight in a shape that goes with x; reshaped, not transposed, where Keras was given the axes in another order."""
    dims = [-1 if (d := x.shape[a]) is None else d for a in axes]
    return b.reshape(b.cast(weight, x.dtype), [dims[axes.index(a)] if a in axes else 1 for a in range(axes[0], x.rank)])
