"""MultiHeadAttention and GroupQueryAttention.

Semantics: keras/src/layers/attention/multi_head_attention.py, grouped_query_attention.py and `dot_product_attention` of
keras/src/backend/tensorflow/nn.py. A row of scores that is masked throughout gives equal weights on the path of
`dot_product_attention` (inputs of rank 3, no dropout, no scores asked for; Keras 3.7 and later), and on the other path 0,
or before 3.10 equal weights there too (`masked_rows`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import sqrt
from string import ascii_letters
from typing import Any

from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activation_layers import masked_softmax
from loadstone.lowering.keras.attention import both, causal_mask, window_mask
from loadstone.lowering.keras.core import project
from loadstone.lowering.keras.quantized import QUANTIZED_WEIGHTS
from loadstone.lowering.keras.quantized_codes import Kernel
from loadstone.lowering.keras.special import single
from loadstone.lowering.registry import keras_layer

_PARTS = tuple(
    f"{name}_{part}" for name in ("query", "key", "value", "attention_output") for part in ("kernel", "bias?", *QUANTIZED_WEIGHTS)
)
_GATE = ("gate_kernel?", "gate_bias?", *(f"gate_{part}" for part in QUANTIZED_WEIGHTS))
_OPTIONS = "broadcasts exact_scale dropout use_bias use_gate sliding_window flash_attention masked_rows policies"


@keras_layer(
    "MultiHeadAttention",
    weights=_PARTS + _GATE,
    options=f"num_heads key_dim value_dim output_shape attention_axes {_OPTIONS}",
    masking="pass",
    autocast="inputs",
)
def multi_head_attention(
    b: Builder, layer: Layer, query: Value, value: Value, key: Value | None = None,
    query_mask: Value | None = None, value_mask: Value | None = None, key_mask: Value | None = None, attention_mask: Value | None = None,
    return_attention_scores: bool = False, training: bool | None = None, use_causal_mask: bool = False, **weights: Value,
) -> Any:  # fmt: skip
    """Projections of query, key and value to heads, attention along attention_axes, and a projection back.

    query (batch, ..., n), value and key (batch, ..., m) -> (batch, ..., n or output_shape), and the weights if asked.
    """
    config = layer.config
    heads, size = config["num_heads"], config["key_dim"]
    mask = None if layer.masks.drops else _auto_mask(b, layer, query, value, query_mask, value_mask, key_mask, use_causal_mask)
    mask = causal_mask(b, query, value) if layer.masks.drops and use_causal_mask else mask
    mask = _with_given(b, mask, attention_mask)
    gate = _projected(b, layer, query, weights, "gate", [heads, config.get("value_dim") or size]) if config.get("use_gate") else None
    q = _projected(b, layer, query, weights, "query", [heads, size])
    k = _projected(b, layer, value if key is None else key, weights, "key", [heads, size])
    v = _projected(b, layer, value, weights, "value", [heads, config.get("value_dim") or size])
    axes = config.get("attention_axes")
    axes = [axes] if isinstance(axes, int) else axes
    axes = list(range(1, q.rank - 2)) if axes is None else [a if a >= 0 else q.rank - 1 + a for a in axes]
    y, scores = _attention(b, q, k, v, mask, axes, _scale(layer, size), _zero_rows(layer, q.rank, return_attention_scores))
    y = y if gate is None else b.Mul(y, b.Sigmoid(gate))
    y = _projected_back(b, layer, y, weights)
    return [y, scores] if return_attention_scores else y


@keras_layer(
    "GroupQueryAttention",
    weights=_PARTS + _GATE,
    options=f"head_dim num_query_heads num_key_value_heads {_OPTIONS}",
    masking="pass",
    autocast="inputs",
)
def group_query_attention(
    b: Builder, layer: Layer, query: Value, value: Value, key: Value | None = None,
    query_mask: Value | None = None, value_mask: Value | None = None, key_mask: Value | None = None, attention_mask: Value | None = None,
    return_attention_scores: bool = False, training: bool | None = None, use_causal_mask: bool = False, **weights: Value,
) -> Any:  # fmt: skip
    """MultiHeadAttention in which several heads of the query share one of key and value.

    query (batch, Tq, n), value and key (batch, Tv, n) -> (batch, Tq, n), and the weights (batch, heads, Tq, Tv) if asked.
    """
    config = layer.config
    heads, shared, size = config["num_query_heads"], config["num_key_value_heads"], config["head_dim"]
    mask = _auto_mask(b, layer, query, value, query_mask, value_mask, key_mask, use_causal_mask)
    mask = _with_given(b, mask, attention_mask)
    gate = _projected(b, layer, query, weights, "gate", [heads, size]) if config.get("use_gate") else None
    q = _projected(b, layer, query, weights, "query", [heads, size])
    k = _projected(b, layer, value if key is None else key, weights, "key", [shared, size])
    v = _projected(b, layer, value, weights, "value", [shared, size])
    which = b.ints([head * shared // heads for head in range(heads)])
    k, v = b.Gather(k, which, axis=2), b.Gather(v, which, axis=2)
    y, scores = _attention(b, q, k, v, mask, [1], _scale(layer, size), _zero_rows(layer, q.rank, return_attention_scores))
    y = y if gate is None else b.Mul(y, b.Sigmoid(gate))
    y = _projected_back(b, layer, y, weights)
    return [y, scores] if return_attention_scores else y


# -- masks ------------------------------------------------------------------------------------------------------------


def _auto_mask(
    b: Builder, layer: Layer, query: Value, value: Value, query_mask: Value | None, value_mask: Value | None, key_mask: Value | None, causal: bool
) -> Value | None:  # fmt: skip
    """What the masks of query, value and key, causality and the window leave together: (batch, Tq, Tv)."""
    mask = None if query_mask is None else b.unsqueeze(b.cast(query_mask, "bool"), -1)
    for other in (value_mask, key_mask):
        if other is not None:
            mask = both(b, mask, b.unsqueeze(b.cast(other, "bool"), -2))
    if causal:
        mask = both(b, mask, causal_mask(b, query, value))
    if layer.config.get("sliding_window") is not None:
        mask = both(b, mask, window_mask(b, query, value, layer.config["sliding_window"]))
    return mask


def _with_given(b: Builder, mask: Value | None, given: Value | None) -> Value | None:
    return mask if given is None else both(b, mask, b.cast(given, "bool"))


def _scale(layer: Layer, size: int) -> float:
    """1 / sqrt(size), in float32 as Keras 3 has it; `exact_scale` is history's word for tf.keras."""
    return 1 / sqrt(size) if layer.config.get("exact_scale") else single(1 / sqrt(size))


def _zero_rows(layer: Layer, rank: int, return_scores: bool) -> bool:
    plain = rank == 4 and not layer.config.get("dropout") and not return_scores
    return layer.config.get("masked_rows") != "uniform" and not plain


# -- attention --------------------------------------------------------------------------------------------------------


def _attention(
    b: Builder, q: Value, k: Value, v: Value, mask: Value | None, axes: list[int], scale: float, zero: bool
) -> tuple[Value, Value]:
    """Attention along some axes of (batch, ..., heads, size); also the weights (batch, ..., heads, *Tq, *Tv)."""
    kept = [i for i in range(q.rank - 1) if i not in axes]
    perm = [*kept, *axes, q.rank - 1]
    left, right, values = (_steps_last(b, b.transpose(x, perm), len(axes)) for x in (q, k, v))
    turned = b.transpose(right, [*range(right.rank - 2), right.rank - 1, right.rank - 2])
    scores = b.Mul(b.MatMul(left, turned), scale)
    scores = scores if scores.dtype == "float64" else b.cast(scores, "float32")
    steps = [[b.dim(x, a) for a in axes] for x in (q, k)]
    if len(axes) > 1:
        scores = b.reshape(
            scores,
            [b.dim(q, i) for i in kept] + steps[0] + steps[1],
            tuple(q.shape[i] for i in (*kept, *axes)) + tuple(k.shape[i] for i in axes),
        )
    if mask is not None:
        mask = b.unsqueeze(mask, *range(mask.rank - 2 * len(axes), scores.rank - 2 * len(axes)))
    weights = b.cast(masked_softmax(b, scores, mask, list(range(scores.rank - len(axes), scores.rank)), zero), q.dtype)
    flat = weights if len(axes) == 1 else _flat_scores(b, weights, len(kept), left, right)
    y = b.MatMul(flat, values)
    if len(axes) > 1:
        y = b.reshape(y, [b.dim(q, i) for i in (*kept, *axes)] + [b.dim(v, -1)], tuple(q.shape[i] for i in (*kept, *axes)) + (v.shape[-1],))
    return b.transpose(y, [perm.index(i) for i in range(q.rank)]), weights


def _steps_last(b: Builder, x: Value, count: int) -> Value:
    """(..., *steps, n) as (..., T, n)."""
    if count == 1:
        return x
    lead = x.rank - 1 - count
    shape = (*x.shape[:lead], None if None in x.shape[lead:-1] else _product(x.shape[lead:-1]), x.shape[-1])
    return b.reshape(x, [*(b.dim(x, i) for i in range(lead)), -1, b.dim(x, -1)], shape)


def _flat_scores(b: Builder, weights: Value, lead: int, left: Value, right: Value) -> Value:
    shape = (*weights.shape[:lead], left.shape[-2], right.shape[-2])
    return b.reshape(weights, [*(b.dim(weights, i) for i in range(lead)), b.dim(left, -2), b.dim(right, -2)], shape)


def _product(lengths: tuple[int | None, ...]) -> int:
    result = 1
    for length in lengths:
        result *= length or 0
    return result


# -- projections ------------------------------------------------------------------------------------------------------


def _extra(weights: Mapping[str, Value], name: str) -> dict[str, Value]:
    names = [part.rstrip("?") for part in QUANTIZED_WEIGHTS]
    return {part: weights[f"{name}_{part}"] for part in names if f"{name}_{part}" in weights}


def _part(layer: Layer, name: str) -> Layer:
    """The layer with the dtype policy of one of its projections."""
    return replace(layer, policy=layer.config.get("policies", {}).get(name, layer.policy))


def _projected(b: Builder, layer: Layer, x: Value, weights: Mapping[str, Value], name: str, made: list[int]) -> Value:
    """(batch, ..., n) -> (batch, ..., heads, size)."""
    free = ascii_letters[: x.rank - 1]
    kernel = Kernel(weights[f"{name}_kernel"], _extra(weights, name), (x.shape[-1] or -1, *made))
    return project(b, _part(layer, name), f"{free}Z,ZXY->{free}XY", x, kernel, weights.get(f"{name}_bias"))


def _projected_back(b: Builder, layer: Layer, y: Value, weights: Mapping[str, Value]) -> Value:
    """(batch, ..., heads, size) -> (batch, ..., *output_shape)."""
    stored, bias = weights["attention_output_kernel"], weights.get("attention_output_bias")
    extra = _extra(weights, "attention_output")
    shape = layer.config.get("output_shape")
    made = [shape] if isinstance(shape, int) else list(shape) if shape else [-1]
    made = [d or -1 for d in stored.shape[2:]] if not extra else made
    free, out = ascii_letters[: y.rank - 2], ascii_letters[26 + 4 : 26 + 4 + len(made)]
    equation = f"{free}YZ,YZ{out}->{free}{out}"
    kernel = Kernel(stored, extra, (y.shape[-2] or -1, y.shape[-1] or -1, *made))
    return project(b, _part(layer, "attention_output"), equation, y, kernel, bias)
