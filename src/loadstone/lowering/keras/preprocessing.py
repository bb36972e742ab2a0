"""Numeric preprocessing: Rescaling, Normalization, and what a FeatureSpace is put together of.

keras/src/layers/preprocessing/rescaling.py, normalization.py, feature_space.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_layer

_FUZZ = 1e-7  # keras.backend.epsilon()


@keras_layer("Rescaling", options="scale offset", masking="pass")
def rescaling(b: Builder, layer: Layer, x: Value) -> Value:
    """x * scale + offset in the compute dtype; either may be a list for the last axis."""
    dtype = layer.policy.compute
    scale, offset = (b.const(_array(layer.config.get(key, 0.0)), dtype) for key in ("scale", "offset"))
    return b.Add(b.Mul(b.cast(x, dtype), scale), offset)


@keras_layer("TFDIdentity")
def feature(b: Builder, layer: Layer, x: Value) -> Value:
    """x in the compute dtype: a feature of a FeatureSpace that stays as it is."""
    return x if x.dtype == "string" else b.cast(x, layer.policy.compute)


@keras_layer("TFDConcat", options="axis")
def features(b: Builder, layer: Layer, xs: Any) -> Value:
    """The features of a FeatureSpace side by side, in the compute dtype."""
    tensors = [b.cast(x, layer.policy.compute) for x in xs]
    return tensors[0] if len(tensors) == 1 else b.Concat(*tensors, axis=int(layer.config["axis"]) % tensors[0].rank)


@keras_layer("Normalization", weights=("mean?", "variance?", "count?"), options="axis mean variance invert", masking="pass")
def normalization(
    b: Builder, layer: Layer, x: Value, mean: Value | None = None, variance: Value | None = None, count: Value | None = None
) -> Value:
    """(x - mean) / sqrt(variance), or its inverse; both from the config or from `adapt`, with the lengths of the kept axes."""
    axis, dtype = layer.config.get("axis", -1), layer.policy.compute
    kept = sorted(a % x.rank for a in ([] if axis is None else axis if isinstance(axis, (list, tuple)) else [axis]))
    if mean is None or variance is None:
        given = [_array(layer.config.get(key)) for key in ("mean", "variance")]
        if any(value.dtype == object for value in given):
            raise ModelError("a Normalization with neither weights nor a mean and variance in its config")
        mean, variance = (b.const(_spread(value, kept, x), dtype) for value in given)
    else:
        shape = [x.shape[a] if a in kept else 1 for a in range(x.rank)]
        mean, variance = (b.cast(b.reshape(w, [d if d is not None else -1 for d in shape]), dtype) for w in (mean, variance))
    x = b.cast(x, dtype)
    if not dtypes.is_float(dtype):  # which only a quotient or a root turns into floats
        x, mean, variance = (b.cast(value, "float32") for value in (x, mean, variance))
    deviation = b.Max(b.Sqrt(variance), b.const(_FUZZ, variance.dtype))
    return b.Add(mean, b.Mul(x, deviation)) if layer.config.get("invert") else b.Div(b.Sub(x, mean), deviation)


def _spread(values: np.ndarray, kept: list[int], x: Value) -> np.ndarray:
    """Values for the last of the kept axes, in a shape that goes with x."""
    shape = [1] * x.rank
    if values.ndim > len(kept):
        if values.size == 1:
            return values.reshape(shape)
        raise ModelError(f"mean and variance of shape {values.shape} for {len(kept)} axes")
    for axis, length in zip(kept[len(kept) - values.ndim :], values.shape, strict=True):
        shape[axis] = length
    return values.reshape(shape)


def _array(value: Any) -> np.ndarray:
    """A number, nested lists of numbers, or an array as Keras serializes one; an array of object where there is none."""
    if isinstance(value, dict) and value.get("class_name") in ("__numpy__", "__tensor__"):
        value = value["config"]["value"]
    return np.asarray(value)
