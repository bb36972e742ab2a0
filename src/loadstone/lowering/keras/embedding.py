"""Embedding, with the quantized weights of Keras 3.

Semantics: keras/src/layers/core/embedding.py. int8 and int4 tables hold integers with a scale for each row (float = integer
/ scale); int4 in blocks (Keras 3.14) has a scale and a zero point for each group of columns (float = (integer - zero) * scale).
The adapters of LoRA are part of `embeddings` by the time they come here, but for those beside integers.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Layer, Structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.promotion import result_type
from loadstone.lowering.keras.quantized_codes import unpack_int4
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


TABLE = "embeddings embeddings_scale? embeddings_zero? g_idx? lora_embeddings_a? lora_embeddings_b?".split()


@keras_layer(
    "Embedding",
    weights=tuple(TABLE),
    options="input_dim output_dim mask_zero lora_rank lora_alpha unscaled",
    masking=zero_mask,
    autocast=False,
)
def embedding(b: Builder, layer: Layer, inputs: Value, embeddings: Value, **extra: Value) -> Value:
    """ids (batch, ...) -> rows of embeddings (input_dim, output_dim): (batch, ..., output_dim). Numbers are cut to integers."""
    ids, compute = inputs if inputs.dtype in ("int32", "int64") else b.cast(inputs, "int32"), layer.policy.compute
    y = b.Gather(table(b, layer, embeddings, extra), ids, axis=0)
    if "embeddings_scale" in extra and not layer.config.get("unscaled"):  # TimeDistributed calls `call`, which knows no scales
        y = _dequantized(b, b.cast(y, compute), ids, extra)
    if "lora_embeddings_a" in extra:
        first, second = lora_matrices(b, layer, extra)
        learned = b.Mul(b.MatMul(b.Gather(first, ids, axis=0), second), lora_factor(layer))
        wide = result_type(compute, learned.dtype)
        y = b.Add(b.cast(b.cast(y, compute), wide), b.cast(learned, wide))
    return b.cast(y, compute)


def table(b: Builder, layer: Layer, embeddings: Value, extra: dict[str, Value]) -> Value:
    """The rows (input_dim, output_dim) as the layer holds them: floats, or integers unpacked."""
    rows, width = int(layer.config["input_dim"]), int(layer.config["output_dim"])
    mode = layer.policy.quantization if layer.policy.quantization in ("int8", "int4") else None
    if (mode is not None) != ("embeddings_scale" in extra):
        raise ModelError(f"an {layer.class_name} of dtype {layer.policy.name} has {'a' if 'embeddings_scale' in extra else 'no'} scale")
    if mode is None and extra:
        raise ModelError(f"an {layer.class_name} that is not quantized has a zero point")
    if mode == "int4":
        embeddings = _unpacked(b, embeddings, rows, width)
    if embeddings.shape != (rows, width):
        raise ModelError(f"embeddings of shape {embeddings.shape} do not fit input_dim={rows} and output_dim={width}")
    return embeddings


def lora_matrices(b: Builder, layer: Layer, extra: dict[str, Value]) -> list[Value]:
    """The two matrices (input_dim, rank) and (rank, output_dim) of an adapter: in float32, or where the policy is mixed as it computes."""
    compute, mixed = layer.policy.compute, layer.policy.compute != layer.policy.variable
    return [b.cast(extra[name], compute) if mixed else extra[name] for name in ("lora_embeddings_a", "lora_embeddings_b")]


def lora_factor(layer: Layer) -> float:
    """What an adapter's product is multiplied by."""
    rank = layer.config["lora_rank"]
    return float(layer.config.get("lora_alpha") or rank) / float(rank)


def _unpacked(b: Builder, packed: Value, rows: int, width: int) -> Value:
    """Two integers of four bits a byte along the last axis."""
    if packed.const is None or packed.shape != (rows, (width + 1) // 2):
        raise ModelError(f"int4 embeddings of shape {packed.shape} do not fit input_dim={rows} and output_dim={width}")
    return b.weight(packed.const.map(lambda array: unpack_int4(array, width, axis=1).astype("int8"), (rows, width), "int8"))


def _dequantized(b: Builder, y: Value, ids: Value, extra: dict[str, Value]) -> Value:
    """Integers (batch, ..., width) in the compute dtype -> the floats that they stand for."""
    scale = b.cast(b.Gather(extra["embeddings_scale"], ids, axis=0), y.dtype)
    if "embeddings_zero" not in extra:
        return b.Div(y, b.unsqueeze(scale, -1))
    groups = b.cast(extra["g_idx"], "int32")
    zero = b.cast(b.Gather(extra["embeddings_zero"], ids, axis=0), y.dtype)
    return b.Mul(b.Sub(y, b.Gather(zero, groups, axis=-1)), b.Gather(scale, groups, axis=-1))
