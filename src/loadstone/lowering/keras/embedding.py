"""Embedding, with the quantized weights of Keras 3.

Semantics: keras/src/layers/core/embedding.py. int8 and int4 tables hold integers with a scale for each row (float = integer
/ scale); int4 in blocks (Keras 3.14) has a scale and a zero point for each group of columns (float = (integer - zero) * scale).
The adapters of LoRA are part of `embeddings` by the time they come here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Layer, Structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.walk import Call
from loadstone.lowering.registry import keras_layer


def zero_mask(b: Builder, layer: Layer, call: Call) -> Structure:
    """With mask_zero, the positions that are not 0, as the input has them before any cast."""
    ids: Any = call.first
    if not layer.config.get("mask_zero"):
        return None
    comparable = (
        ids if ids.dtype in ("int32", "int64", "float32", "float64") else b.cast(ids, "float32" if "float" in ids.dtype else "int32")
    )
    return b.Not(b.Equal(comparable, b.const(0, comparable.dtype)))


@keras_layer(
    "Embedding",
    weights=("embeddings", "embeddings_scale?", "embeddings_zero?", "g_idx?"),
    options="input_dim output_dim mask_zero lora_rank lora_alpha",
    masking=zero_mask,
    autocast=False,
)
def embedding(b: Builder, layer: Layer, inputs: Value, embeddings: Value, **extra: Value) -> Value:
    """ids (batch, ...) -> rows of embeddings (input_dim, output_dim): (batch, ..., output_dim). Numbers are cut to integers."""
    rows, width, compute = int(layer.config["input_dim"]), int(layer.config["output_dim"]), layer.policy.compute
    ids = inputs if inputs.dtype in ("int32", "int64") else b.cast(inputs, "int32")
    mode = layer.policy.quantization if layer.policy.quantization in ("int8", "int4") else None
    if (mode is not None) != ("embeddings_scale" in extra):
        raise ModelError(f"an Embedding of dtype {layer.policy.name} has {'a' if 'embeddings_scale' in extra else 'no'} scale")
    if mode == "int4":
        embeddings = _unpacked(b, embeddings, rows, width)
    if embeddings.shape != (rows, width):
        raise ModelError(f"embeddings of shape {embeddings.shape} do not fit input_dim={rows} and output_dim={width}")
    y = b.Gather(embeddings, ids, axis=0)
    if mode is not None:
        y = _dequantized(b, b.cast(y, compute), ids, extra)
    elif extra:
        raise ModelError("an Embedding that is not quantized has a zero point")
    return b.cast(y, compute)


def _unpacked(b: Builder, packed: Value, rows: int, width: int) -> Value:
    """Two integers of four bits a byte along the last axis, the low one first (keras/src/quantizers, `unpack_int4`)."""
    if packed.const is None or packed.shape != (rows, (width + 1) // 2):
        raise ModelError(f"int4 embeddings of shape {packed.shape} do not fit input_dim={rows} and output_dim={width}")

    def unpack(array: np.ndarray) -> np.ndarray:
        low, high = array << 4, array  # the sign is that of the byte once the four bits stand in front
        pairs = np.stack([low >> 4, high >> 4], axis=-1).astype(np.int8)
        return pairs.reshape(rows, -1)[:, :width]

    return b.weight(packed.const.map(unpack, (rows, width), "int8"))


def _dequantized(b: Builder, y: Value, ids: Value, extra: dict[str, Value]) -> Value:
    """Integers (batch, ..., width) in the compute dtype -> the floats that they stand for."""
    scale = b.cast(b.Gather(extra["embeddings_scale"], ids, axis=0), y.dtype)
    if "embeddings_zero" not in extra:
        return b.Div(y, b.unsqueeze(scale, -1))
    groups = b.cast(extra["g_idx"], "int32")
    zero = b.cast(b.Gather(extra["embeddings_zero"], ids, axis=0), y.dtype)
    return b.Mul(b.Sub(y, b.Gather(zero, groups, axis=-1)), b.Gather(scale, groups, axis=-1))
