"""Attention and AdditiveAttention: a list of query, value and key, one head.

Semantics: keras/src/layers/attention/attention.py, additive_attention.py of Keras 3. `causal` is the option of tf.keras that
became the call's `use_causal_mask`.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_layer


def query_mask(b: Builder, layer: Layer, call: Any) -> Value | None:
    """The outputs have the mask of the query."""
    masks = call.previous_mask
    return masks[0] if isinstance(masks, (list, tuple)) and masks else None


@keras_layer("Attention", weights=("scale?", "concat_score_weight?"), options="use_scale score_mode dropout causal", masking=query_mask)
def attention(
    b: Builder,
    layer: Layer,
    inputs: Any,
    mask: Any = None,
    training: bool | None = None,
    return_attention_scores: bool = False,
    use_causal_mask: bool = False,
    scale: Value | None = None,
    concat_score_weight: Value | None = None,
) -> Any:
    """softmax(scores) @ value, where scores are query @ key^T or sums of tanh(query + key), each with an optional scale.

    query (batch, Tq, n), value (batch, Tv, m), key (batch, Tv, n) -> (batch, Tq, m), and the weights (batch, Tq, Tv) if asked.
    """
    query, value, key = _three(layer, inputs)
    if layer.config.get("score_mode", "dot") == "dot":
        scores: Value = b.MatMul(query, b.transpose(key, [*range(key.rank - 2), key.rank - 1, key.rank - 2]))
        scores = scores if scale is None else b.Mul(scores, scale)
    else:
        total = _pairs(b, query, key)
        total = total if scale is None else b.Mul(total, scale)
        scores = b.Mul(b.ReduceSum(b.Tanh(total), b.ints([-1]), keepdims=0), concat_score_weight)
    return _attend(b, layer, scores, query, value, mask, return_attention_scores, use_causal_mask)


@keras_layer("AdditiveAttention", weights=("scale?",), options="use_scale dropout causal", masking=query_mask)
def additive_attention(
    b: Builder,
    layer: Layer,
    inputs: Any,
    mask: Any = None,
    training: bool | None = None,
    return_attention_scores: bool = False,
    use_causal_mask: bool = False,
    scale: Value | None = None,
) -> Any:
    """softmax(sum(scale * tanh(query + key))) @ value."""
    query, value, key = _three(layer, inputs)
    bent = b.Tanh(_pairs(b, query, key))
    scores = b.ReduceSum(bent if scale is None else b.Mul(bent, scale), b.ints([-1]), keepdims=0)
    return _attend(b, layer, scores, query, value, mask, return_attention_scores, use_causal_mask)


def _three(layer: Layer, inputs: Any) -> tuple[Value, Value, Value]:
    if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
        raise ModelError(f"{layer.class_name} is called on something else than a list of query, value and key")
    return inputs[0], inputs[1], inputs[2] if len(inputs) == 3 else inputs[1]


def _pairs(b: Builder, query: Value, key: Value) -> Value:
    """query + key for each pair of steps: (batch, Tq, Tv, n)."""
    return b.Add(b.unsqueeze(query, -2), b.unsqueeze(key, -3))


def _attend(b: Builder, layer: Layer, scores: Value, query: Value, value: Value, mask: Any, return_scores: bool, causal: bool) -> Any:
    masks = list(mask) if isinstance(mask, (list, tuple)) else [None, None]
    seen = b.unsqueeze(masks[1], -2) if masks[1] is not None else None
    if causal or layer.config.get("causal"):
        seen = both(b, seen, causal_mask(b, query, value))
    if seen is not None:
        scores = b.Where(seen, scores, b.Sub(scores, 65504.0 if scores.dtype == "float16" else 1e9))
    weights = b.Softmax(scores, axis=-1)
    y = b.MatMul(weights, value)
    if masks[0] is not None:
        y = b.Where(b.unsqueeze(masks[0], -1), y, 0)
    return [y, weights] if return_scores else y


# -- masks, for all attention layers ----------------------------------------------------------------------------------


def both(b: Builder, mask: Value | None, other: Value) -> Value:
    """Where both masks are true; the other alone where the first is None."""
    return other if mask is None else b.And(mask, other)


def causal_mask(b: Builder, query: Value, value: Value) -> Value:
    """(1, Tq, Tv): true for steps of the value up to that of the query."""
    return b.GreaterOrEqual(*_steps(b, query, value))


def window_mask(b: Builder, query: Value, value: Value, width: int) -> Value:
    """(1, Tq, Tv): true for steps that are less than `width` apart."""
    rows, columns = _steps(b, query, value)
    return b.Less(b.Abs(b.Sub(rows, columns)), width)


def _steps(b: Builder, query: Value, value: Value) -> tuple[Value, Value]:
    """Numbers of the steps of the query as a column, of the value as a row: (1, Tq, 1), (1, 1, Tv)."""
    return b.unsqueeze(counted(b, b.dim(query, 1)), 0, 2), b.unsqueeze(counted(b, b.dim(value, 1)), 0, 1)


def counted(b: Builder, length: int | Value) -> Value:
    """0, 1, ... below a length that may be known only at run time."""
    if isinstance(length, int):
        return b.ints(range(length))
    return b.Range(b.const(0), b.squeeze(length, 0), b.const(1))
