"""Layers of keras_hub (keras_nlp before): embeddings with positions, and the blocks of transformers.

keras_hub/src/layers/modeling of 0.32. A decoder's CachedMultiHeadAttention is Keras' MultiHeadAttention that knows no masks of tensors;
its caches are not for models that are saved.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.attention import both, causal_mask, counted
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.registry import keras_layer


class _Unknown(Exception):
    """A layer inside could not be lowered; the walk has noted why."""


def _apply(walk: Walk, layer: Layer, part: str, *args: Traced, **kwargs: Any) -> Traced:
    """Call a layer inside."""
    found = flatten(walk.call(layer.children[part], args, kwargs))
    if not found or not isinstance(found[0], Traced) or found[0].value is None:
        raise _Unknown
    return found[0]


def _sum(b: Builder, *terms: Traced) -> Traced:
    """x + y of tensors of a call, which has no mask."""
    first, second = (term.value for term in terms)
    assert first is not None and second is not None
    return Traced(b.Add(first, second))


# -- embeddings ---------------------------------------------------------------------------------------------------------


@keras_layer("keras_hub>PositionEmbedding", weights=("embeddings",), options="sequence_length initializer")
def position_embedding(b: Builder, layer: Layer, inputs: Value, embeddings: Value, start_index: int = 0) -> Value:
    """The learned vectors of the places of a sequence (..., time, n), from `start_index` on."""
    start = b.ints([start_index])
    steps = b.vector([b.dim(inputs, -2)])
    rows = b.Slice(embeddings, start, b.Add(start, steps), b.ints([0]))
    return b.Expand(rows, b.vector(b.dims(inputs)), out_shape=inputs.shape)


@keras_layer("keras_hub>SinePositionEncoding", options="max_wavelength")
def sine_position_encoding(b: Builder, layer: Layer, inputs: Value, start_index: int = 0) -> Value:
    """Sines at even places of the vectors and cosines at odd ones, for the places of a sequence (..., time, n)."""
    size, dtype = inputs.shape[-1], layer.policy.compute
    if size is None:
        raise ModelError("a SinePositionEncoding of vectors of unknown length")
    places = b.cast(b.Add(counted(b, b.dim(inputs, -2)), start_index), dtype)
    exponents = (2 * (np.arange(size) // 2)).astype(np.float32) / np.float32(size)
    scales = np.power(np.float32(1 / layer.config["max_wavelength"]), exponents)
    angles = b.Mul(b.unsqueeze(places, 1), b.const(scales, dtype))
    odd = b.const(np.arange(size) % 2 == 1)
    return b.Expand(b.Where(odd, b.Cos(angles), b.Sin(angles)), b.vector(b.dims(inputs)), out_shape=inputs.shape)


@keras_layer("keras_hub>TokenAndPositionEmbedding", options="vocabulary_size sequence_length embedding_dim tie_weights mask_zero", raw=True)
def token_and_position_embedding(walk: Walk, layer: Layer, call: Call) -> Structure:
    """The vectors of ids (batch, time) and of their places, with the mask of the ids."""
    if set(call.arguments) != {"inputs"} or not isinstance(call.first, Value):
        raise UnsupportedAttribute("TokenAndPositionEmbedding called with more than its ids")
    try:
        tokens = _apply(walk, layer, "token_embedding", Traced(call.first, call.masks["inputs"]))
        total = _sum(walk.b, tokens, _apply(walk, layer, "position_embedding", Traced(tokens.value)))
    except _Unknown:
        return None
    return Traced(total.value, tokens.mask)


# -- transformers -------------------------------------------------------------------------------------------------------

_BLOCK = "intermediate_dim num_heads dropout activation layer_norm_epsilon normalize_first"


@keras_layer("keras_hub>TransformerEncoder", options=_BLOCK, raw=True)
def transformer_encoder(walk: Walk, layer: Layer, call: Call) -> Structure:
    """Attention of a sequence (batch, time, n) to itself and a feed-forward part, each with a residual and a norm."""
    x = _argument(call, "inputs", 0)
    padding, attention = _value(call, "padding_mask"), _value(call, "attention_mask")
    _refuse(call, {"inputs", "padding_mask", "attention_mask", "argument_1", "argument_2"})
    mask = _merged(walk.b, x, padding or _value(call, "argument_1"), attention or _value(call, "argument_2"))
    try:
        x = _attended(walk, layer, "_self_attention", x, x, mask)
        return _with_mask(_fed_forward(walk, layer, x), call)
    except _Unknown:
        return None


@keras_layer("keras_hub>TransformerDecoder", options=f"{_BLOCK} decoder_sequence_shape encoder_sequence_shape", raw=True)
def transformer_decoder(walk: Walk, layer: Layer, call: Call) -> Structure:
    """Attention of a sequence to what is before, to a second sequence where it is given, and a feed-forward part."""
    x = _argument(call, "decoder_sequence", 0)
    encoded = _argument(call, "encoder_sequence", 1, required="_cross_attention_layer" in layer.children)
    own = {f"{side}_{part}" for side in ("decoder", "encoder") for part in ("sequence", "padding_mask", "attention_mask")}
    _refuse(call, {"inputs", "argument_1", "use_causal_mask", *own})
    mask = _merged(walk.b, x, _value(call, "decoder_padding_mask"), _value(call, "decoder_attention_mask"))
    if call.arguments.get("use_causal_mask", True):
        assert x.value is not None
        mask = both(walk.b, mask, causal_mask(walk.b, x.value, x.value))
    try:
        x = Traced(x.value)  # its attention knows no masks but those of the call
        x = _attended(walk, layer, "_self_attention", x, x, mask)
        if encoded.value is not None:
            seen = _merged(walk.b, encoded, _value(call, "encoder_padding_mask"), _value(call, "encoder_attention_mask"))
            x = _attended(walk, layer, "_cross_attention", x, Traced(encoded.value), seen)
        return _with_mask(_fed_forward(walk, layer, x), call)
    except _Unknown:
        return None


def _attended(walk: Walk, layer: Layer, part: str, x: Traced, value: Traced, mask: Value | None) -> Traced:
    """x + attention(x, value), normalized before or after."""
    first = bool(layer.config.get("normalize_first"))
    query = _apply(walk, layer, f"{part}_layer_norm", x) if first else x
    options = {} if mask is None else {"attention_mask": Traced(mask)}
    y = _apply(walk, layer, f"{part}_layer", query=query, value=query if value is x else value, **options)
    total = _sum(walk.b, y, x)
    return total if first else _apply(walk, layer, f"{part}_layer_norm", total)


def _fed_forward(walk: Walk, layer: Layer, x: Traced) -> Traced:
    """x + two dense layers of x, normalized before or after."""
    first = bool(layer.config.get("normalize_first"))
    y = _apply(walk, layer, "_feedforward_layer_norm", x) if first else x
    for part in ("_feedforward_intermediate_dense", "_feedforward_output_dense"):
        y = _apply(walk, layer, part, y)
    total = _sum(walk.b, y, x)
    return total if first else _apply(walk, layer, "_feedforward_layer_norm", total)


def _argument(call: Call, name: str, position: int, required: bool = True) -> Traced:
    """A tensor of the call with its mask, by name or place; without a value where it is not given."""
    key = name if name in call.arguments else "inputs" if position == 0 else f"argument_{position}"
    value, mask = call.arguments.get(key), call.masks.get(key)
    if isinstance(value, Value):
        return Traced(value, mask if isinstance(mask, Value) else None)
    if required or value is not None:
        raise ModelError(f"a {call.layer.class_name.rpartition('>')[2]} is called without a tensor {name}")
    return Traced(None)


def _value(call: Call, name: str) -> Value | None:
    found = call.arguments.get(name)
    return found if isinstance(found, Value) else None


def _refuse(call: Call, known: set[str]) -> None:
    surplus = sorted(name for name, value in call.arguments.items() if name not in known and value is not None and value is not False)
    if surplus:
        raise UnsupportedAttribute(f"{call.layer.class_name.rpartition('>')[2]} is called with {', '.join(surplus)}")


def _merged(b: Builder, x: Traced, padding: Value | None, attention: Value | None) -> Value | None:
    """The padding mask (batch, 1, time), that of the call before the tensor's own, and the mask of pairs, together."""
    padding = x.mask if padding is None else padding
    seen = None if padding is None else b.cast(b.unsqueeze(padding, 1), "bool")
    return seen if attention is None else both(b, seen, b.cast(attention, "bool"))


def _with_mask(x: Traced, call: Call) -> Traced:
    """The layer's output, with the mask of its first argument."""
    mask = call.previous_mask
    return Traced(x.value, mask if isinstance(mask, Value) else None)
