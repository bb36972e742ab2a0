"""Hashing, HashedCrossing, Discretization and CategoryEncoding: numbers of buckets, as they are or as vectors.

Semantics: keras/src/layers/preprocessing/*.py and keras/src/utils/numerical_utils.py. Hashes are host calls, the others ONNX.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.errors import MissingWeights, ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_layer
from loadstone.lowering.text.encoding import MODES
from loadstone.lowering.text.hashers import Crosser, Hasher


@keras_layer("Hashing", options="num_bins mask_value salt output_mode sparse numbers", autocast=False)
def hashing(b: Builder, layer: Layer, inputs: Value) -> Value:
    """The bucket of each element by the hash of its text, int64, or vectors of buckets."""
    config, bins = layer.config, int(layer.config["num_bins"])
    mask, key = config.get("mask_value"), salt_of(config.get("salt"))
    keeps = mask is not None and bins > 1
    if mask is not None and isinstance(mask, str) != (inputs.dtype == "string"):
        raise ModelError(f"a Hashing with mask_value={mask!r} is given {inputs.dtype} values")
    masked = mask.encode() if isinstance(mask, str) else mask

    indices = b.host("Hashing", Hasher(bins, key, masked if keeps else None), [inputs], [(inputs.shape, "int64")])[0]
    dtype = layer.policy.variable if config.get("numbers") is None else str(config["numbers"])
    return encode(b, layer, indices, bins, dtype)


@keras_layer("HashedCrossing", options="num_bins output_mode sparse", autocast=False)
def hashed_crossing(b: Builder, layer: Layer, inputs: Sequence[Value]) -> Value:
    """The bucket of what stands at one place in all inputs, each (batch,) or (batch, 1) of integers or strings."""
    bins, first = int(layer.config["num_bins"]), inputs[0].shape if isinstance(inputs, (list, tuple)) and inputs else ()
    if len(inputs) < 2 or any(x.shape != first for x in inputs) or len(first) > 2 or first[1:] not in ((), (1,)):
        raise ModelError(f"a HashedCrossing is given tensors of shapes {', '.join(str(x.shape) for x in inputs)}")
    if not all(x.dtype == "string" or dtypes.is_integer(x.dtype) for x in inputs):
        raise ModelError(f"a HashedCrossing is given {', '.join(x.dtype for x in inputs)} values")

    indices = b.host("HashedCrossing", Crosser(bins), list(inputs), [(first, "int64")])[0]
    return encode(b, layer, indices, bins, layer.policy.compute)


@keras_layer(
    "Discretization",
    weights=("summary?",),
    options="bin_boundaries num_bins epsilon output_mode sparse numbers squeezes casts gathers",
    autocast=False,
)
def discretization(b: Builder, layer: Layer, inputs: Value, summary: Value | None = None) -> Value:
    """How many boundaries are not above each element; all of them for nan. int32, or vectors of it."""
    config = layer.config
    bounds = config.get("bin_boundaries")
    if bounds is None:
        raise MissingWeights("a Discretization without bin_boundaries", hint="the layer was saved before `adapt`")
    edges = np.asarray([float(edge) for edge in bounds], np.float32)
    x = _as_computed(b, layer, inputs)
    if x.dtype != "float64" or config.get("numbers") is None or layer.policy.compute in dtypes.FLOATS:
        x = b.cast(x, "float32")
    if not edges.size:
        indices = b.cast(b.full(b.dims(x), 0, "int32"), "int64")
    else:
        below = b.Not(b.Less(b.unsqueeze(x, x.rank), b.const(edges.astype(dtypes.to_numpy(x.dtype)))))
        indices = b.ReduceSum(b.cast(below, "int64"), b.ints([x.rank]), keepdims=0)
    mode = config.get("output_mode", "int")
    dtype = layer.policy.compute if mode != "int" or config.get("numbers") == "policy" else str(config.get("numbers") or "int32")
    return encode(b, layer, indices, len(edges) + 1, dtype)


@keras_layer("CategoryEncoding", options="num_tokens output_mode sparse squeezes casts", autocast=False)
def category_encoding(b: Builder, layer: Layer, inputs: Value, count_weights: Value | None = None) -> Value:
    """Integers (batch, ...) -> vectors of `num_tokens`; weights count each as more or less than once."""
    if inputs.dtype == "string":
        raise ModelError("a CategoryEncoding is given string values")
    x, count = _as_computed(b, layer, inputs), layer.config["num_tokens"]
    whole = x if dtypes.is_integer(x.dtype) else b.cast(x, "int32")
    if count is None:
        raise UnsupportedAttribute("CategoryEncoding without max_tokens, which tf.keras counted as it adapted")
    return encode(b, layer, b.cast(whole, "int64"), int(count), layer.policy.variable, count_weights)


def _as_computed(b: Builder, layer: Layer, x: Value) -> Value:
    """x in the compute dtype, integers too, as Keras 3 hands it to a layer of a data pipeline when a model predicts."""
    return b.cast(x, layer.policy.compute) if layer.config.get("casts", True) else x


def encode(b: Builder, layer: Layer, indices: Value, depth: int, dtype: str, weights: Value | None = None) -> Value:
    """Indices int64 (batch, ...) as a layer's output_mode wants them, in ONNX.

    A vector for each index, without a last axis of 1; or the sum or the maximum of vectors over the second axis (of a vector,
    the only one; the last of all where `gathers` says so).
    """
    mode = MODES.get(layer.config.get("output_mode", "multi_hot"), layer.config.get("output_mode", "multi_hot"))
    if layer.class_name != "CategoryEncoding":
        mode = layer.config.get("output_mode", "int")
    if mode == "int":
        return b.cast(indices, dtype)
    if mode not in ("one_hot", "multi_hot", "count"):
        raise UnsupportedAttribute(f"{layer.class_name} with output_mode={mode!r}")
    if weights is not None and (mode != "count" or weights.shape != indices.shape):
        raise UnsupportedAttribute(f"{layer.class_name} with count_weights of shape {weights.shape} and output_mode={mode!r}")
    if indices.rank == 0:
        indices = b.unsqueeze(indices, 0)
    if mode == "one_hot" and indices.rank > 1 and indices.shape[-1] == 1 and layer.config.get("squeezes", True):
        indices = b.squeeze(indices, -1)
    hits = b.Equal(b.unsqueeze(indices, indices.rank), b.ints(range(depth)))
    if mode == "one_hot":
        return b.cast(hits, dtype)
    axis = b.ints([indices.rank - 1 if layer.config.get("gathers") == "last" else min(1, indices.rank - 1)])
    if mode == "multi_hot":
        return b.cast(b.ReduceMax(b.cast(hits, "int32"), axis, keepdims=0), dtype)
    if weights is None:
        return b.cast(b.ReduceSum(b.cast(hits, "int32"), axis, keepdims=0), dtype)
    return b.ReduceSum(b.Mul(b.cast(hits, dtype), b.unsqueeze(b.cast(weights, dtype), weights.rank)), axis, keepdims=0)


def salt_of(given: Any) -> list[int] | None:
    """The two words of a key: a number stands for both."""
    if given is None:
        return None
    return [int(given), int(given)] if isinstance(given, int) else [int(word) for word in given]
