"""Layers of packages around Keras that many models use: tensorflow_addons, keras_contrib, keras_self_attention.

tensorflow_addons/layers of 0.23 (its last release), keras_contrib/layers/normalization/instancenormalization.py, keras_self_attention of
0.51. The names of the classes begin with that of their package ("Addons>Maxout"): `frontends.keras.third_party` finds them.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate, sparsemax
from loadstone.lowering.keras.adaptive_pooling import adaptive_average_pooling, adaptive_max_pooling
from loadstone.lowering.keras.normalization import group_normalization
from loadstone.lowering.keras.special import gelu
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.registry import keras_layer

_FUZZ = 1e-7  # keras.backend.epsilon()

# -- tensorflow_addons --------------------------------------------------------------------------------------------------

keras_layer(
    "Addons>GroupNormalization", "Addons>InstanceNormalization",
    weights=("gamma?", "beta?"), options="groups axis epsilon center scale", masking="pass",
)(group_normalization)  # fmt: skip
keras_layer(*(f"Addons>AdaptiveMaxPooling{n}D" for n in (1, 2, 3)), options="output_size data_format")(adaptive_max_pooling)
keras_layer(*(f"Addons>AdaptiveAveragePooling{n}D" for n in (1, 2, 3)), options="output_size data_format")(adaptive_average_pooling)


@keras_layer(
    "Addons>FilterResponseNormalization",
    weights=("gamma", "beta", "learned_epsilon?"), options="axis epsilon learned_epsilon", masking="pass",
)  # fmt: skip
def filter_response_normalization(
    b: Builder, layer: Layer, x: Value, gamma: Value, beta: Value, learned_epsilon: Value | None = None
) -> Value:
    """x over the root of its mean square along `axis`, scaled and shifted by channel: weights (1, 1, 1, channels)."""
    axes = layer.config["axis"]
    square = b.ReduceMean(b.Mul(x, x), b.ints([a % x.rank for a in (axes if isinstance(axes, (list, tuple)) else [axes])]), keepdims=1)
    square = b.Add(square, abs(layer.config["epsilon"]))
    square = square if learned_epsilon is None else b.Add(square, b.Abs(learned_epsilon))
    return b.Add(b.Mul(gamma, b.Div(x, b.Sqrt(square))), beta)


@keras_layer("Addons>Maxout", options="num_units axis")
def maxout(b: Builder, layer: Layer, x: Value) -> Value:
    """The largest of every `num_units`-th element along an axis."""
    axis, units = layer.config["axis"] % x.rank, layer.config["num_units"]
    length = x.shape[axis]
    if length is None or length % units:
        raise ModelError(f"Maxout of {length} features for {units} units")
    dims = b.dims(x)
    return b.ReduceMax(b.reshape(x, [*dims[:axis], length // units, units, *dims[axis + 1 :]]), b.ints([axis]), keepdims=0)


@keras_layer("Addons>WeightNormalization", options="data_init", raw=True)
@keras_layer("Addons>SpectralNormalization", weights=("u",), options="power_iterations", raw=True)
def wrapped(walk: Walk, layer: Layer, call: Call) -> Structure:
    """The layer inside: the kernel of the one is what training left, that of the other was put together when the file was read."""
    if call.training:
        raise UnsupportedAttribute(f"{layer.class_name} called with training=True")
    inputs = map_structure(lambda leaf: Traced(leaf) if isinstance(leaf, Value) else leaf, call.first)
    return map_structure(lambda leaf: Traced(leaf.value), walk.call(layer.children["layer"], (inputs,), {}, call.training))


@keras_layer(
    "Addons>NoisyDense",
    weights=("sigma_kernel", "mu_kernel", "eps_kernel", "sigma_bias?", "mu_bias?", "eps_bias?"),
    options="units sigma use_factorised activation use_bias",
)  # fmt: skip
def noisy_dense(b: Builder, layer: Layer, x: Value, sigma_kernel: Value, mu_kernel: Value, eps_kernel: Value, **bias: Value) -> Value:
    """A Dense layer whose weights are mu + sigma * eps, with the noise that was drawn last."""
    y = b.MatMul(x, b.Add(mu_kernel, b.Mul(sigma_kernel, eps_kernel)))
    if bias:
        y = b.Add(y, b.Add(bias["mu_bias"], b.Mul(bias["sigma_bias"], bias["eps_bias"])))
    return activate(b, y, layer.config.get("activation"))


@keras_layer("Addons>StochasticDepth", options="survival_probability")
def stochastic_depth(b: Builder, layer: Layer, inputs: Any) -> Value:
    """The first of two tensors and the expected part of the second."""
    if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
        raise ModelError("StochasticDepth takes a shortcut and a residual")
    return b.Add(inputs[0], b.Mul(inputs[1], float(layer.config["survival_probability"])))


@keras_layer("Addons>GELU", options="approximate", masking="pass")
def gelu_layer(b: Builder, layer: Layer, x: Value) -> Value:
    """x times the normal distribution's share below x."""
    return gelu(b, x, approximate=bool(layer.config.get("approximate", True)))


@keras_layer("Addons>Sparsemax", options="axis", masking="pass")
def sparsemax_layer(b: Builder, layer: Layer, x: Value) -> Value:
    """The nearest distribution along an axis."""
    return sparsemax(b, x, axis=int(layer.config.get("axis", -1)))


@keras_layer("Addons>Snake", weights=("frequency",))
def snake(b: Builder, layer: Layer, x: Value, frequency: Value) -> Value:
    """x + (1 - cos(2 f x)) / (2 f)."""
    double = b.Mul(frequency, 2.0)
    return b.Add(x, b.Div(b.Sub(1.0, b.Cos(b.Mul(double, x))), double))


@keras_layer("Addons>TLU", weights=("tau", "alpha?"), options="affine")
def thresholded_linear_unit(b: Builder, layer: Layer, x: Value, tau: Value, alpha: Value | None = None) -> Value:
    """max(x, tau), or max(x, alpha * x + tau)."""
    return b.Max(x, tau if alpha is None else b.Add(b.Mul(alpha, x), tau))


@keras_layer("Addons>PoincareNormalize", options="axis epsilon")
def poincare_normalize(b: Builder, layer: Layer, x: Value) -> Value:
    """x, no longer than 1 - epsilon along an axis."""
    square = b.ReduceSum(b.Mul(x, x), b.ints([layer.config.get("axis", 1) % x.rank]), keepdims=1)
    return b.Mul(x, b.Min(b.Mul(1.0 - layer.config["epsilon"], b.Reciprocal(b.Sqrt(square))), 1.0))


# -- keras_contrib ------------------------------------------------------------------------------------------------------


@keras_layer("keras_contrib>InstanceNormalization", weights=("gamma?", "beta?"), options="axis epsilon center scale", masking="pass")
def instance_normalization(b: Builder, layer: Layer, x: Value, gamma: Value | None = None, beta: Value | None = None) -> Value:
    """Each sample, or each of its channels where there is an axis, less its mean, over its deviation + epsilon."""
    axis = layer.config.get("axis")
    axes = [a for a in range(1, x.rank) if axis is None or a != axis % x.rank]
    difference = b.Sub(x, b.ReduceMean(x, b.ints(axes), keepdims=1))
    variance = b.ReduceMean(b.Mul(difference, difference), b.ints(axes), keepdims=1)
    y = b.Div(difference, b.Add(b.Sqrt(variance), layer.config["epsilon"]))
    for weight, combine in ((gamma, b.Mul), (beta, b.Add)):
        if weight is not None:
            shape = [1] * x.rank
            if axis is not None:
                shape[axis % x.rank] = -1
            y = combine(y, b.reshape(weight, shape))
    return y


@keras_layer("keras_contrib>GroupNormalization", weights=("gamma?", "beta?"), options="groups axis epsilon center scale", masking="pass")
def contrib_group_normalization(b: Builder, layer: Layer, x: Value, gamma: Value | None = None, beta: Value | None = None) -> Value:
    """Each group of a sample less its mean, over its deviation.

    Groups are cut from the numbers of a sample as they lie in memory: with the channels last they are no groups of channels.
    """
    groups, axis = int(layer.config["groups"]), layer.config["axis"] % x.rank
    channels = x.shape[axis]
    if channels is None or channels % groups:
        raise ModelError(f"GroupNormalization of {channels} channels in {groups} groups")
    dims = b.dims(x)
    dims[axis] = channels // groups
    split = b.reshape(x, [dims[0], groups, *dims[1:]])
    axes = b.ints(list(range(2, split.rank)))
    difference = b.Sub(split, b.ReduceMean(split, axes, keepdims=1))
    y = b.Div(difference, b.Sqrt(b.Add(b.ReduceMean(b.Mul(difference, difference), axes, keepdims=1), layer.config["epsilon"])))
    shape = [1] * x.rank
    shape[axis] = channels // groups
    for weight, combine in ((gamma, b.Mul), (beta, b.Add)):
        y = y if weight is None else combine(y, b.reshape(weight, [1, groups, *shape[1:]]))
    return b.reshape(y, b.dims(x), out_shape=x.shape)


@keras_layer("keras_contrib>SubPixelUpscaling", options="scale_factor data_format")
def sub_pixel_upscaling(b: Builder, layer: Layer, x: Value) -> Value:
    """Blocks of channels become blocks of pixels (tf.nn.depth_to_space)."""
    last = layer.config.get("data_format") != "channels_first"
    y = b.DepthToSpace(b.transpose(x, [0, 3, 1, 2]) if last else x, blocksize=int(layer.config["scale_factor"]), mode="DCR")
    return b.transpose(y, [0, 2, 3, 1]) if last else y


# -- keras_self_attention -----------------------------------------------------------------------------------------------


def _attention_mask(b: Builder, layer: Layer, call: Call) -> Structure:
    """Of the vectors alone, where the weights are returned as well."""
    return [call.previous_mask, None] if layer.config.get("return_attention") else call.previous_mask


@keras_layer(
    "keras_self_attention>SeqSelfAttention",
    weights=("Add_Wt?", "Add_Wx?", "Add_bh?", "Add_Wa?", "Add_ba?", "Mul_Wa?", "Mul_ba?"),
    options="units attention_width attention_type return_attention history_only use_additive_bias use_attention_bias attention_activation"
    " attention_regularizer_weight",
    masking=_attention_mask,
)
def self_attention(b: Builder, layer: Layer, x: Value, mask: Value | None = None, **weights: Value) -> Structure:
    """Every step as a mean of all, by scores of each pair: tanh(x Wt + x Wx + bh) Wa + ba, or x Wa x + ba."""
    config = layer.config
    if config.get("attention_type", "additive") == "additive":
        pairs = b.Add(b.unsqueeze(b.MatMul(x, weights["Add_Wt"]), 2), b.unsqueeze(b.MatMul(x, weights["Add_Wx"]), 1))
        pairs = b.Tanh(b.Add(pairs, weights["Add_bh"]) if "Add_bh" in weights else pairs)
        scores = b.squeeze(b.MatMul(pairs, weights["Add_Wa"]), 3)
        bias = weights.get("Add_ba")
    else:
        scores = b.MatMul(b.MatMul(x, weights["Mul_Wa"]), b.transpose(x, [0, 2, 1]))
        bias = weights.get("Mul_ba")
    scores = activate(b, scores if bias is None else b.Add(scores, bias), config.get("attention_activation"))
    width = config.get("attention_width")
    if width is not None:
        places = b.Range(b.const(0), b.squeeze(b.vector([b.dim(x, 1)]), 0), b.const(1))
        lower = b.unsqueeze(b.Sub(places, width - 1 if config.get("history_only") else width // 2), 1)
        column = b.unsqueeze(places, 0)
        near = b.And(b.LessOrEqual(lower, column), b.Less(column, b.Add(lower, width)))
        scores = b.Sub(scores, b.Mul(b.cast(b.Not(near), scores.dtype), 10000.0))
    if mask is not None:
        hidden = b.unsqueeze(b.Sub(1.0, b.cast(mask, scores.dtype)), 2)
        scores = b.Sub(scores, b.Mul(b.Mul(hidden, b.transpose(hidden, [0, 2, 1])), 10000.0))
    shares = b.Softmax(scores, axis=-1)
    vectors = b.MatMul(shares, x)
    return [vectors, shares] if config.get("return_attention") else vectors


@keras_layer("keras_self_attention>SeqWeightedAttention", weights=("kernel", "bias?"), options="use_bias return_attention")
def weighted_attention(
    b: Builder, layer: Layer, x: Value, kernel: Value, bias: Value | None = None, mask: Value | None = None
) -> Structure:
    """One mean of all steps, by a score of each: (batch, steps, n) -> (batch, n)."""
    scores = b.squeeze(b.MatMul(x, kernel), 2)
    scores = scores if bias is None else b.Add(scores, bias)
    if mask is not None:
        scores = b.Sub(scores, b.Mul(b.Sub(1.0, b.cast(mask, scores.dtype)), 10000.0))
    powers = b.Exp(b.Sub(scores, b.ReduceMax(scores, b.ints([-1]), keepdims=1)))
    shares = b.Div(powers, b.Add(b.ReduceSum(powers, b.ints([1]), keepdims=1), _FUZZ))
    mean = b.ReduceSum(b.Mul(x, b.unsqueeze(shares, 2)), b.ints([1]), keepdims=0)
    return [mean, shares] if layer.config.get("return_attention") else mean
