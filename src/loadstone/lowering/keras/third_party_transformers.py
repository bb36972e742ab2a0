"""Layers of keras-bert and the small packages around it: attention, positions, feed-forward, ties to the token embeddings.

keras_bert 0.89, keras_embed_sim 0.10, keras_layer_normalization 0.16, keras_multi_head 0.29, keras_pos_embd 0.13,
keras_position_wise_feed_forward 0.8 and `ScaledDotProductAttention` of keras_self_attention 0.51.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Layer, Structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.attention import causal_mask, counted
from loadstone.lowering.keras.embedding import embedding, zero_mask
from loadstone.lowering.keras.walk import Call
from loadstone.lowering.registry import keras_layer

_HIDDEN = 10000.0  # what a score loses where it is not to be seen


def _listed(inputs: Any, count: int, layer: Layer) -> list[Any]:
    """The tensors of a layer that takes a list of so many."""
    if not isinstance(inputs, (list, tuple)) or len(inputs) != count:
        raise ModelError(f"a {layer.class_name.rpartition('>')[2]} takes a list of {count} tensors")
    return list(inputs)


def _first_mask(b: Builder, layer: Layer, call: Call) -> Structure:
    masks = call.previous_mask
    return masks[0] if isinstance(masks, (list, tuple)) and masks else masks


# -- attention ----------------------------------------------------------------------------------------------------------


def _attention_masks(b: Builder, layer: Layer, call: Call) -> Structure:
    first = _first_mask(b, layer, call)
    return [first, None] if layer.config.get("return_attention") else first


@keras_layer("keras_self_attention>ScaledDotProductAttention", options="return_attention history_only", masking=_attention_masks)
def scaled_dot_product_attention(b: Builder, layer: Layer, inputs: Any, mask: Any = None) -> Structure:
    """softmax(query key^T / sqrt(n)) value of a list of the three, or of one tensor that is all of them."""
    query, key, value = _listed(inputs, 3, layer) if isinstance(inputs, (list, tuple)) else [inputs] * 3
    visible = _visible(b, layer, query, key, mask[1] if isinstance(mask, (list, tuple)) else mask)
    shares, mixed = _attend(b, query, key, value, visible)
    return [mixed, shares] if layer.config.get("return_attention") else mixed


def _visible(b: Builder, layer: Layer, query: Value, key: Value, mask: Value | None) -> list[Value]:
    """What each step may see: those before it (1, Tq, Tk), and those of the keys' mask (batch, 1, Tk)."""
    before = [causal_mask(b, query, key)] if layer.config.get("history_only") else []
    return before if mask is None else [*before, b.unsqueeze(mask, 1)]


def _attend(b: Builder, query: Value, key: Value, value: Value, visible: list[Value]) -> tuple[Value, Value]:
    """Shares (..., Tq, Tk) and the means of the values by them; scores that are not to be seen lose 10000."""
    size = b.dim(query, -1)
    root = float(np.sqrt(np.float32(size))) if isinstance(size, int) else b.Sqrt(b.cast(size, query.dtype))
    scores = b.Div(b.MatMul(query, b.transpose(key, [*range(key.rank - 2), key.rank - 1, key.rank - 2])), root)
    for seen in visible:
        scores = b.Sub(scores, b.Mul(b.Sub(1.0, b.cast(seen, scores.dtype)), _HIDDEN))
    shares = b.Softmax(scores, axis=-1)
    return shares, b.MatMul(shares, value)


@keras_layer(
    "keras_multi_head>MultiHeadAttention",
    weights=("Wq", "bq?", "Wk", "bk?", "Wv", "bv?", "Wo", "bo?"),
    options="head_num activation use_bias history_only",
    masking=_first_mask,
)
def multi_head_attention(b: Builder, layer: Layer, inputs: Any, mask: Any = None, **weights: Value) -> Value:
    """Attention by heads between four projections, each with the activation; only the keys' mask counts."""
    config, heads = layer.config, layer.config["head_num"]
    three = _listed(inputs, 3, layer) if isinstance(inputs, (list, tuple)) else [inputs] * 3
    visible = _visible(b, layer, three[0], three[1], mask[1] if isinstance(mask, (list, tuple)) else mask)

    def projected(x: Value, part: str) -> Value:
        y = b.MatMul(x, weights[f"W{part}"])
        return activate(b, y if f"b{part}" not in weights else b.Add(y, weights[f"b{part}"]), config.get("activation"))

    def by_heads(x: Value) -> Value:
        length = x.shape[-1]
        if length is None or length % heads:
            raise ModelError(f"{length} features for {heads} heads")
        return b.transpose(b.reshape(x, [*b.dims(x)[:-1], heads, length // heads]), [0, 2, 1, 3])

    query, key, value = (by_heads(projected(x, part)) for x, part in zip(three, "qkv", strict=True))
    _, mixed = _attend(b, query, key, value, [b.unsqueeze(seen, 1) for seen in visible])
    together = b.transpose(mixed, [0, 2, 1, 3])
    return projected(b.reshape(together, [*b.dims(together)[:2], heads * (together.shape[3] or 0)]), "o")


@keras_layer(
    "keras_position_wise_feed_forward>FeedForward",
    weights=("W1", "b1?", "W2", "b2?"),
    options="units activation use_bias dropout_rate",
    masking="pass",
)
def feed_forward(b: Builder, layer: Layer, x: Value, **weights: Value) -> Value:
    """Two dense layers at each position, the first with the activation."""

    def projected(x: Value, part: str) -> Value:
        y = b.MatMul(x, weights[f"W{part}"])
        return b.Add(y, weights[f"b{part}"]) if f"b{part}" in weights else y

    return projected(activate(b, projected(x, "1"), layer.config.get("activation")), "2")


@keras_layer("keras_layer_normalization>LayerNormalization", weights=("gamma?", "beta?"), options="center scale epsilon", masking="pass")
def layer_normalization(b: Builder, layer: Layer, x: Value, gamma: Value | None = None, beta: Value | None = None) -> Value:
    """The last axis less its mean, over its deviation."""
    difference = b.Sub(x, b.ReduceMean(x, b.ints([-1]), keepdims=1))
    variance = b.ReduceMean(b.Mul(difference, difference), b.ints([-1]), keepdims=1)
    y = b.Div(difference, b.Sqrt(b.Add(variance, layer.config["epsilon"])))
    y = y if gamma is None else b.Mul(y, gamma)
    return y if beta is None else b.Add(y, beta)


# -- positions ----------------------------------------------------------------------------------------------------------


def _place_mask(b: Builder, layer: Layer, call: Call) -> Structure:
    """Of what comes in; where places become vectors, those that are not the number called `mask_zero`."""
    if layer.config.get("mode", "expand") != "expand":
        return call.previous_mask
    pad, places = layer.config.get("mask_zero"), call.first
    return b.Not(b.Equal(places, b.const(pad, places.dtype))) if pad and isinstance(places, Value) else None


@keras_layer(
    "keras_pos_embd>PositionEmbedding", weights=("embeddings",), options="input_dim output_dim mode mask_zero", masking=_place_mask
)
def position_embedding(b: Builder, layer: Layer, inputs: Value, embeddings: Value) -> Value:
    """A learned vector for each place: for places that are given, added to a sequence, or beside it."""
    mode, limit = layer.config.get("mode", "expand"), int(layer.config["input_dim"])
    if mode == "expand":
        places = b.cast(inputs, "int32")
        return b.Gather(embeddings, b.Add(b.Min(b.Max(places, -limit), limit), limit), axis=0)
    steps = b.vector([b.dim(inputs, 1)])
    rows = b.Slice(embeddings, b.ints([0]), steps, b.ints([0]))
    return _joined(b, mode, inputs, b.unsqueeze(rows, 0))


@keras_layer("keras_pos_embd>TrigPosEmbedding", options="mode output_dim", masking="pass")
def trigonometric_position_embedding(b: Builder, layer: Layer, inputs: Value) -> Value:
    """Sines at even places of the vector and cosines at odd ones, of ever longer waves."""
    mode = layer.config.get("mode", "add")
    size = inputs.shape[-1] if mode == "add" else layer.config["output_dim"]
    if size is None or size % 2:
        raise ModelError(f"a TrigPosEmbedding of {size} numbers a place")
    if mode == "expand":
        places = b.cast(inputs, layer.policy.compute)
    else:
        places = b.unsqueeze(b.cast(counted(b, b.dim(inputs, 1)), layer.policy.compute), 0)
    powers = np.arange(0, size, 2, dtype=np.float32) / np.float32(size)
    angles = b.Mul(b.unsqueeze(places, -1), b.const(np.float32(1.0) / np.power(np.float32(10000.0), powers), layer.policy.compute))
    pairs = b.Concat(b.unsqueeze(b.Sin(angles), -1), b.unsqueeze(b.Cos(angles), -1), axis=-1)
    waves = b.reshape(pairs, [*b.dims(places), size])
    return waves if mode == "expand" else _joined(b, mode, inputs, waves)


def _joined(b: Builder, mode: str, inputs: Value, places: Value) -> Value:
    """A sequence with the vectors of its places (1, time, n) added, or behind its own."""
    if mode == "add":
        return b.Add(inputs, places)
    rows = b.Expand(places, b.vector([*b.dims(inputs)[:2], b.dim(places, 2)]), out_shape=(*inputs.shape[:2], places.shape[2]))
    return b.Concat(inputs, rows, axis=-1)


# -- embeddings that are used twice -------------------------------------------------------------------------------------


def _token_mask(b: Builder, layer: Layer, call: Call) -> Structure:
    return [zero_mask(b, layer, call), None]


@keras_layer(
    "keras_bert>TokenEmbedding", "keras_embed_sim>EmbeddingRet",
    weights=("embeddings",), options="input_dim output_dim mask_zero input_length sparse", masking=_token_mask, autocast=False,
)  # fmt: skip
def token_embedding(b: Builder, layer: Layer, inputs: Value, embeddings: Value) -> Structure:
    """The rows of the ids, and all rows."""
    return [embedding(b, layer, inputs, embeddings), b.cast(embeddings, layer.policy.compute)]


@keras_layer(
    "keras_bert>EmbeddingSimilarity", "keras_embed_sim>EmbeddingSim",
    weights=("bias?",), options="use_bias initializer regularizer constraint stop_gradient", masking=_first_mask,
)  # fmt: skip
def embedding_similarity(b: Builder, layer: Layer, inputs: Any, bias: Value | None = None) -> Value:
    """softmax(x embeddings^T + bias) of a list of x and embeddings."""
    x, embeddings = _listed(inputs, 2, layer)
    scores = b.MatMul(x, b.transpose(embeddings, [1, 0]))
    return b.Softmax(scores if bias is None else b.Add(scores, bias), axis=-1)


@keras_layer("keras_bert>TaskEmbedding", weights=("embeddings",), options="input_dim output_dim mask_zero", masking=_first_mask)
def task_embedding(b: Builder, layer: Layer, inputs: Any, embeddings: Value) -> Value:
    """A sequence with the vector of its task added."""
    x, tasks = _listed(inputs, 2, layer)
    tasks = b.cast(tasks, "int32")
    vectors = b.Gather(embeddings, tasks, axis=0)
    if layer.config.get("mask_zero"):
        vectors = b.Mul(vectors, b.unsqueeze(b.cast(b.Not(b.Equal(tasks, 0)), vectors.dtype), -1))
    return b.Add(x, vectors)


# -- parts of sequences -------------------------------------------------------------------------------------------------


@keras_layer("keras_bert>Extract", options="index")
def extract(b: Builder, layer: Layer, x: Value) -> Value:
    """One step of a sequence."""
    return b.Gather(x, b.const(int(layer.config["index"])), axis=1)


def _masked_mask(b: Builder, layer: Layer, call: Call) -> Structure:
    inputs: Any = call.first
    found = _both_masked(b, inputs[1], _first_mask(b, layer, call))
    return [found, None] if layer.config.get("return_masked") else found


def _both_masked(b: Builder, tokens: Value, mask: Value | None) -> Value:
    if mask is None:
        raise ModelError("a layer Masked of a sequence without a mask, which its package cannot compute either")
    return b.And(b.Not(b.Equal(tokens, b.const(0, tokens.dtype))), mask)


@keras_layer("keras_bert>Masked", options="return_masked", masking=_masked_mask)
def masked(b: Builder, layer: Layer, inputs: Any, mask: Any = None) -> Structure:
    """The first of two tensors, whose mask is where the second is not 0 as well; that mask as numbers, if asked."""
    x, tokens = _listed(inputs, 2, layer)
    if not layer.config.get("return_masked"):
        return x
    return [x, b.cast(_both_masked(b, tokens, mask[0] if isinstance(mask, (list, tuple)) else mask), layer.policy.compute)]


@keras_layer("keras_bert>MaskedGlobalMaxPool1D")
def masked_max(b: Builder, layer: Layer, x: Value, mask: Value | None = None) -> Value:
    """The largest of each feature over the steps that the mask shows."""
    if mask is not None:
        x = b.Sub(x, b.unsqueeze(b.Mul(b.Sub(1.0, b.cast(mask, x.dtype)), 1e6), -1))
    return b.ReduceMax(x, b.ints([-2]), keepdims=0)
