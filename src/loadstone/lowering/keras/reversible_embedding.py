"""ReversibleEmbedding: an embedding that also goes from vectors back to a score for each id.

Semantics: keras/src/layers/core/reversible_embedding.py of Keras 3.12 to 3.15; keras/src/quantizers/modes of 3.16. In reverse
the layer multiplies by its own table turned around, or by a table of its own where the weights are not tied.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Layer, Structure, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.embedding import TABLE, embedding, lora_factor, lora_matrices, table, zero_mask
from loadstone.lowering.keras.promotion import result_type
from loadstone.lowering.keras.quantized import quantizer_of_inputs
from loadstone.lowering.keras.quantized_codes import unpack_int4
from loadstone.lowering.keras.walk import Call
from loadstone.lowering.registry import keras_layer

_REVERSE = ("reverse_embeddings", "reverse_embeddings_scale", "reverse_embeddings_zero")


def _mask(b: Builder, layer: Layer, call: Call) -> Structure:
    """Forward that of an Embedding, in reverse none; otherwise in earlier releases (history: `masks`)."""
    masks = layer.config.get("masks")
    reverse, quantized = bool(call.arguments.get("reverse")), layer.policy.quantization is not None
    if masks != "both" and (reverse or (masks == "floats" and quantized)):
        return None
    return zero_mask(b, layer, call)


@keras_layer(
    "ReversibleEmbedding",
    weights=(*TABLE, *(f"{name}?" for name in _REVERSE)),
    options="input_dim output_dim mask_zero lora_rank lora_alpha tie_weights reverse_dtype logit_soft_cap masks reverse_casts unscaled",
    masking=_mask,
    autocast=False,
)
def reversible_embedding(b: Builder, layer: Layer, inputs: Value, embeddings: Value, reverse: bool = False, **extra: Value) -> Value:
    """ids (batch, ...) -> (batch, ..., output_dim); in reverse (batch, ..., output_dim) -> (batch, ..., input_dim)."""
    other = {name: extra.pop(name) for name in _REVERSE if name in extra}
    if bool(other) == bool(layer.config.get("tie_weights", True)):
        raise ModelError(f"tie_weights is {not other} and the table of its own for the way back is {'missing' if not other else 'there'}")
    if not reverse:
        return embedding(b, layer, inputs, embeddings, **extra)
    kernel = _kernel(b, layer, embeddings, extra, other)
    if layer.policy.quantization is None:
        logits = _plain(b, layer, inputs, kernel)
    else:
        logits = _quantized(b, layer, inputs, kernel, extra, other)
    cap = layer.config.get("logit_soft_cap")
    return logits if cap is None else b.Mul(b.Tanh(b.Div(logits, cap)), cap)


def _kernel(b: Builder, layer: Layer, embeddings: Value, extra: dict[str, Value], other: dict[str, Value]) -> Value:
    """The table of the way back, (output_dim, input_dim): floats, or integers."""
    if not other:
        found = table(b, layer, embeddings, extra)
        return b.transpose(b.cast(found, layer.policy.compute) if layer.config.get("lora_rank") and not extra else found, [1, 0])
    rows, width, kernel = int(layer.config["input_dim"]), int(layer.config["output_dim"]), other["reverse_embeddings"]
    if layer.policy.quantization == "int4" and kernel.const is not None:
        kernel = b.weight(kernel.const.map(lambda a: unpack_int4(a, width, axis=0).astype("int8"), (width, rows), "int8"))
    if kernel.shape != (width, rows):
        raise ModelError(f"reverse_embeddings of shape {kernel.shape} do not fit input_dim={rows} and output_dim={width}")
    return kernel


def _plain(b: Builder, layer: Layer, x: Value, kernel: Value) -> Value:
    """x @ kernel in `reverse_dtype`, or in what both promote to; a mixed policy has its variables in the compute dtype."""
    if layer.policy.compute != layer.policy.variable:
        kernel = b.cast(kernel, layer.policy.compute)
    dtype = layer.config.get("reverse_dtype") or result_type(x.dtype, kernel.dtype)
    return b.MatMul(b.cast(x, dtype), b.cast(kernel, dtype))


def _quantized(b: Builder, layer: Layer, x: Value, kernel: Value, extra: dict[str, Value], other: dict[str, Value]) -> Value:
    """x @ kernel with the scales taken out; x quantized as well where the config says so.

    Since 3.16 all in `reverse_dtype`, adapters added; before in the compute dtype, without them (history: `reverse_casts`).
    """
    compute, today = layer.policy.compute, layer.config.get("reverse_casts", True)
    dtype = (layer.config.get("reverse_dtype") or compute) if today else compute
    given = b.cast(x, dtype) if today else x
    scale = b.cast(other.get("reverse_embeddings_scale", extra["embeddings_scale"]), compute)
    zero = other.get("reverse_embeddings_zero") if other else extra.get("embeddings_zero")
    quantizer = quantizer_of_inputs(layer, {} if layer.policy.quantization == "int8" else None)
    q, factor = (given, None) if quantizer is None else _whole(b, given, quantizer)
    if zero is None:
        logits = b.cast(_product(b, q, kernel), dtype)
        logits = b.Div(*_same(b, logits, scale if factor is None else b.Mul(*_same(b, factor, scale))))
    else:
        scale, zero = (v if other else b.transpose(v, [1, 0]) for v in (scale, zero))
        groups = b.cast(extra["g_idx"], "int32")
        common = result_type(dtype, compute)
        moved = b.Sub(b.cast(kernel, common), b.Gather(b.cast(zero, common), groups, axis=0))
        logits = _product(b, q, b.Mul(moved, b.Gather(b.cast(scale, common), groups, axis=0)))
        logits = logits if factor is None else b.Div(*_same(b, logits, factor))
    if not today:
        return logits
    logits = b.cast(logits, dtype)
    if "lora_embeddings_a" in extra and not other:
        first, second = (b.transpose(v, [1, 0]) for v in lora_matrices(b, layer, extra))
        learned = b.Mul(_product(b, _product(b, given, second), first), lora_factor(layer))
        logits = b.Add(logits, b.cast(learned, dtype))
    return logits


def _whole(b: Builder, x: Value, quantizer: dict[str, Any]) -> tuple[Value, Value]:
    """x in whole numbers (int8), and the factor by which they are larger (`abs_max_quantize` over the last axis)."""
    low, high = quantizer.get("value_range", (-127, 127))
    wide = x if dtypes.is_float(x.dtype) else b.cast(x, "float32")
    largest = b.ReduceMax(b.Abs(wide), b.ints([-1]), keepdims=1)
    factor = b.cast(b.Div(float(high), b.Add(largest, quantizer.get("epsilon", 1e-7))), x.dtype)
    q = b.Mul(x, factor)
    q = b.Round(q) if dtypes.is_float(q.dtype) else q
    return b.cast(b.Clip(q, b.const(low, q.dtype), b.const(high, q.dtype)), "int8"), factor


def _product(b: Builder, x: Value, y: Value) -> Value:
    """x @ y as `keras.ops.matmul`: int8 by int8 is int32, all else what both promote to."""
    dtype = "int32" if x.dtype == y.dtype == "int8" else result_type(x.dtype, y.dtype)
    exact = dtype if dtypes.is_float(dtype) else "float32"
    return b.cast(b.MatMul(b.cast(x, exact), b.cast(y, exact)), dtype)


def _same(b: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    dtype = result_type(x.dtype, y.dtype, "float")
    return b.cast(x, dtype), b.cast(y, dtype)
