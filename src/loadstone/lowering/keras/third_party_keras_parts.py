"""Single layers of keras_hub (keras_nlp before) and keras_cv: rotary and linear biases of positions, FNet, heads, squeeze and excite.

keras_hub/src/layers/modeling of 0.32 and keras_cv/src/layers/regularization of 0.9.
"""

from __future__ import annotations

from math import floor, log2
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.attention import counted
from loadstone.lowering.keras.embedding import TABLE
from loadstone.lowering.keras.multi_head_attention import multi_head_attention
from loadstone.lowering.keras.reversible_embedding import reversible_embedding
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.registry import keras_layer

# -- keras_hub: positions ---------------------------------------------------------------------------------------------


@keras_layer("keras_hub>AlibiBias", options="alibi_bias_max")
def alibi_bias(b: Builder, layer: Layer, attention_scores: Value) -> Value:
    """Scores (batch, heads, Tq, Tk) less what grows with the distance from the last key, at a slope of its own for each head."""
    heads = attention_scores.shape[1] if attention_scores.rank == 4 else None
    if heads is None:
        raise ModelError(f"an AlibiBias of scores of shape {attention_scores.shape}")
    dtype, length = layer.policy.compute, b.dim(attention_scores, 3)
    slopes = b.const(np.asarray(_slopes(heads, layer.config["alibi_bias_max"]), np.float32).reshape(-1, 1, 1))
    behind = b.cast(b.Sub(counted(b, length), b.Sub(length, 1) if isinstance(length, Value) else length - 1), dtype)
    return b.Add(attention_scores, b.unsqueeze(b.Mul(b.cast(slopes, dtype), behind), 0))


def _slopes(heads: int, most: float) -> list[float]:
    """Powers of one ratio; where the heads are no power of two, some of the next one between."""
    if log2(heads).is_integer():
        ratio = 2 ** -(2 ** -(log2(heads) - log2(most)))
        return [ratio * ratio**i for i in range(heads)]
    closest: int = 2 ** floor(log2(heads))
    return _slopes(closest, most) + _slopes(2 * closest, most)[0::2][: heads - closest]


_ROTARY = (
    "max_wavelength scaling_factor rope_type beta_fast beta_slow original_max_position_embeddings truncate sequence_axis feature_axis "
    "denominator_dim scales"
)


@keras_layer("keras_hub>RotaryEmbedding", options=_ROTARY)
def rotary_embedding(b: Builder, layer: Layer, inputs: Value, start_index: Any = 0, positions: Value | None = None) -> Value:
    """Vectors turned by angles that grow with their places: the halves of each are the coordinates. positions (T) or (batch, T)."""
    config, rank, dtype = layer.config, inputs.rank, layer.policy.compute
    steps, features = config.get("sequence_axis", 1) % rank, config.get("feature_axis", -1) % rank
    size = inputs.shape[features]
    if size is None or size % 2 or steps == features or config.get("rope_type", "linear") not in ("linear", "dynamic"):
        raise UnsupportedAttribute(f"a RotaryEmbedding with rope_type={config.get('rope_type')!r} of {size} features")
    if config.get("scales") == "unknown" and config.get("scaling_factor", 1) != 1:
        raise UnsupportedAttribute(
            "a RotaryEmbedding of keras_nlp with a scaling_factor, which meant something else up to its release 0.11"
        )
    rest = [axis for axis in range(rank) if axis not in (0, steps, features)]
    perm = [0, steps, *rest, features]
    if steps == 0 or features == 0:
        raise UnsupportedAttribute("a RotaryEmbedding along the batch")
    x = b.transpose(inputs, perm)
    if positions is None:
        places = b.unsqueeze(
            b.cast(
                b.Add(counted(b, b.dim(x, 1)), b.cast(start_index, "int64") if isinstance(start_index, Value) else int(start_index)),
                "float32",
            ),
            0,
        )
    else:
        places = b.cast(positions, "float32")
        places = b.unsqueeze(places, 0) if places.rank == 1 else places
    angles = b.Mul(b.unsqueeze(places, 2), b.const(_frequencies(config, size)))
    angles = b.unsqueeze(angles, *range(2, rank - 1))
    cos, sin = (b.cast(b.Concat(half, half, axis=-1), dtype) for half in (b.Cos(angles), b.Sin(angles)))
    first, second = b.split(x, 2, rank - 1)
    y = b.Add(b.Mul(x, cos), b.Mul(b.Concat(b.Neg(second), first, axis=-1), sin))
    return b.transpose(y, [perm.index(axis) for axis in range(rank)])


def _frequencies(config: dict[str, Any], size: int) -> np.ndarray[Any, Any]:
    """How fast each pair turns."""
    shares = np.arange(0, size, 2, dtype=np.float32) / np.float32(config.get("denominator_dim") or size)
    found = np.power(np.float32(config.get("max_wavelength", 10000)), -shares)
    factor = np.float32(config.get("scaling_factor", 1.0))
    if config.get("rope_type", "linear") == "dynamic":
        factor = np.power(factor, np.float32(size) / np.float32(max(1, size - 2)))
    return np.asarray(found / factor, np.float32)


# -- keras_hub: blocks and heads ----------------------------------------------------------------------------------------


def _apply(walk: Walk, layer: Layer, part: str, *args: Any, **kwargs: Any) -> Value | None:
    """What a layer inside gives; None where it could not be lowered, which the walk has noted."""
    traced = [Traced(arg) if isinstance(arg, Value) else arg for arg in args]
    found = flatten(walk.call(layer.children[part], tuple(traced), kwargs))
    return found[0].value if found and isinstance(found[0], Traced) else None


@keras_layer("keras_hub>FNetEncoder", options="intermediate_dim dropout activation layer_norm_epsilon", raw=True)
def fnet_encoder(walk: Walk, layer: Layer, call: Call) -> Structure:
    """The real part of a Fourier transform over steps and features (batch, time, n) and a feed-forward part, each with a residual and a norm."""
    b, x = walk.b, call.first
    if set(call.arguments) != {"inputs"} or not isinstance(x, Value) or x.rank != 3:
        raise UnsupportedAttribute("a FNetEncoder called with more than a sequence (batch, time, n)")
    x = b.cast(x, layer.policy.compute)
    mixed = b.cast(_real_part(b, b.cast(x, "float32")), x.dtype)
    seen = _apply(walk, layer, "_mixing_layer_norm", b.Add(x, mixed))
    if seen is None:
        return None
    y = _apply(walk, layer, "_intermediate_dense", seen)
    y = None if y is None else _apply(walk, layer, "_output_dense", y)
    y = None if y is None else _apply(walk, layer, "_output_layer_norm", b.Add(seen, y))
    return None if y is None else Traced(y)


def _real_part(b: Builder, x: Value) -> Value:
    """Of the two-dimensional transform: cosines on both sides less sines on both sides."""
    (cos_t, sin_t), (cos_n, sin_n) = (_waves(b, b.dim(x, axis)) for axis in (1, 2))
    return b.Sub(b.MatMul(b.MatMul(cos_t, x), cos_n), b.MatMul(b.MatMul(sin_t, x), sin_n))


def _waves(b: Builder, length: int | Value) -> tuple[Value, Value]:
    """Cosines and sines of 2 pi i k / length, both (length, length)."""
    places = counted(b, length)
    turns = b.Mod(b.Mul(b.unsqueeze(places, 1), b.unsqueeze(places, 0)), length)
    angles = b.Mul(b.Div(b.cast(turns, "float64"), b.cast(length, "float64") if isinstance(length, Value) else float(length)), 2 * np.pi)
    return b.cast(b.Cos(angles), "float32"), b.cast(b.Sin(angles), "float32")


@keras_layer(
    "keras_hub>MaskedLMHead",
    weights=("output_kernel", "output_bias"),
    options="vocabulary_size token_embedding intermediate_activation activation layer_norm_epsilon",
    autocast=False, raw=True,
)  # fmt: skip
def masked_language_head(walk: Walk, layer: Layer, call: Call) -> Structure:
    """Scores of all tokens for some steps of a sequence (batch, time, n), whose places are (batch, count)."""
    b, x = walk.b, call.first
    places = call.arguments.get("mask_positions", call.arguments.get("argument_1"))
    if not isinstance(x, Value) or not isinstance(places, Value) or len(call.arguments) != 2:
        raise ModelError("a MaskedLMHead takes a sequence and the places of its masked tokens")
    if layer.config.get("token_embedding") is not None:
        raise UnsupportedAttribute("a MaskedLMHead with a token_embedding, a layer that it shares with its model")
    rows = b.Expand(
        b.unsqueeze(b.cast(places, "int64"), 2), b.vector([*b.dims(places), b.dim(x, 2)]), out_shape=(*places.shape, x.shape[2])
    )
    y: Value | None = b.GatherElements(x, rows, axis=1)
    for part in ("_intermediate_dense", "_intermediate_layer_norm"):
        y = None if y is None else _apply(walk, layer, part, y)
    if y is None:
        return None
    compute = layer.policy.compute
    kernel, bias = (b.cast(b.weight(layer.weights[name]), compute) for name in ("output_kernel", "output_bias"))
    scores = b.Add(b.cast(b.MatMul(b.cast(y, compute), kernel), compute), bias)
    return Traced(activate(b, scores, layer.config.get("activation")))


@keras_layer(
    "keras_hub>CachedMultiHeadAttention",
    weights=tuple(f"{part}_{kind}" for part in ("query", "key", "value", "attention_output") for kind in ("kernel", "bias?")),
    options="num_heads key_dim value_dim output_shape attention_axes broadcasts exact_scale dropout use_bias use_gate sliding_window"
    " flash_attention masked_rows",
    masking="pass", autocast="inputs",
)  # fmt: skip
def cached_multi_head_attention(
    b: Builder, layer: Layer, query: Value, value: Value, key: Value | None = None, attention_mask: Value | None = None,
    return_attention_scores: bool = False, training: bool | None = None, **weights: Value,
) -> Any:  # fmt: skip
    """MultiHeadAttention that knows no masks of tensors; its caches are not for models that are saved."""
    if layer.config.get("use_gate") or layer.config.get("sliding_window") is not None:
        raise UnsupportedAttribute("a CachedMultiHeadAttention with use_gate or sliding_window, which its package leaves out")
    return multi_head_attention(
        b, layer, query, value, key, None, None, None, attention_mask, return_attention_scores, training, False, **weights,
    )  # fmt: skip


keras_layer(
    "keras_hub>ReversibleEmbedding",
    weights=(*TABLE, "reverse_embeddings?"),
    options="input_dim output_dim mask_zero tie_weights reverse_dtype logit_soft_cap masks reverse_casts",
    masking=keras_layer["ReversibleEmbedding"].masking, autocast=False,
)(reversible_embedding)  # fmt: skip


# -- keras_cv -----------------------------------------------------------------------------------------------------------


@keras_layer("keras_cv>DropPath", options="rate")
@keras_layer("keras_cv>DropBlock2D", options="rate block_size")
def dropped(b: Builder, layer: Layer, x: Value, training: bool | None = None) -> Value:
    """x at inference."""
    if training and layer.config["rate"]:
        raise UnsupportedAttribute(f"{layer.class_name} called with training=True, which is random")
    return x


@keras_layer("keras_cv>StochasticDepth", options="rate")
def stochastic_depth(b: Builder, layer: Layer, x: Any, training: bool | None = None) -> Value:
    """The first of two tensors and the expected part of the second."""
    if not isinstance(x, (list, tuple)) or len(x) != 2:
        raise ModelError("StochasticDepth takes a shortcut and a residual")
    if training:
        raise UnsupportedAttribute("StochasticDepth called with training=True, which is random")
    return b.Add(x[0], b.Mul(x[1], 1.0 - float(layer.config["rate"])))


@keras_layer("keras_cv>SqueezeAndExcite2D", options="filters bottleneck_filters ratio squeeze_activation excite_activation", raw=True)
def squeeze_and_excite(walk: Walk, layer: Layer, call: Call) -> Structure:
    """x (batch, rows, columns, channels) times what two dense layers make of the mean of each channel."""
    b, x = walk.b, call.first
    if not isinstance(x, Value) or x.rank != 4:
        raise ModelError("a SqueezeAndExcite2D takes one tensor (batch, rows, columns, channels)")
    x = b.cast(x, layer.policy.compute)
    y: Value | None = b.ReduceMean(x, b.ints([1, 2]), keepdims=1)
    for part in ("squeeze_conv", "excite_conv"):
        y = None if y is None else _apply(walk, layer, part, y)
    return None if y is None else Traced(b.Mul(y, x))
