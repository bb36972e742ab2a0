"""The variables of layers that today's Keras does not have: those of Keras 1 that later releases dropped, and those of packages around Keras."""

from __future__ import annotations

from loadstone.frontends.keras.variable import Variable, given
from loadstone.frontends.keras.variables import group_normalization, input_size, schema
from loadstone.ir import Layer

# -- Keras 1 ------------------------------------------------------------------------------------------------------------


@schema("SReLU")
def _s_shaped_relu(layer: Layer) -> list[Variable]:
    return [Variable(name) for name in ("t_left", "a_left", "t_right", "a_right")]


@schema("ParametricSoftplus")
def _parametric_softplus(layer: Layer) -> list[Variable]:
    return [Variable("alpha"), Variable("beta")]


@schema("Highway")
def _highway(layer: Layer) -> list[Variable]:
    n = input_size(layer)
    biased = layer.config.get("use_bias", True)
    return given(
        (True, Variable("kernel", (n, n))),
        (True, Variable("carry_kernel", (n, n))),
        (biased, Variable("bias", (n,))),
        (biased, Variable("carry_bias", (n,))),
    )


@schema("MaxoutDense")
def _maxout_dense(layer: Layer) -> list[Variable]:
    features, units = layer.config["nb_feature"], layer.config["units"]
    return given(
        (True, Variable("kernel", (features, input_size(layer), units))),
        (layer.config.get("use_bias", True), Variable("bias", (features, units))),
    )


# -- packages around Keras ----------------------------------------------------------------------------------------------


@schema("Addons>GroupNormalization", "Addons>InstanceNormalization")
def _addons_group_normalization(layer: Layer) -> list[Variable] | None:
    return group_normalization(layer)


@schema("Addons>FilterResponseNormalization")
def _filter_response_normalization(layer: Layer) -> list[Variable]:
    learned = bool(layer.config.get("learned_epsilon"))
    return given((learned, Variable("learned_epsilon", (1,))), (True, Variable("gamma")), (True, Variable("beta")))


@schema("Addons>WeightNormalization")
def _weight_normalization(layer: Layer) -> list[Variable]:
    return [Variable("g", (None,)), Variable("initialized", (), False, "any")]


@schema("Addons>SpectralNormalization")
def _addons_spectral_normalization(layer: Layer) -> list[Variable]:
    return [Variable("kernel", copy=True, required=False), Variable("u", (1, None), False, spellings=("sn_u",))]


@schema("Addons>NoisyDense")
def _noisy_dense(layer: Layer) -> list[Variable]:
    units, n, biased = layer.config["units"], input_size(layer), layer.config.get("use_bias", True)
    found = []
    for parts in (("sigma", "mu"), ("eps",)):
        found += [Variable(f"{part}_kernel", (n, units), part != "eps") for part in parts]
        found += [Variable(f"{part}_bias", (units,), part != "eps") for part in parts if biased]
    return found


@schema("Addons>Snake")
def _snake(layer: Layer) -> list[Variable]:
    return [Variable("frequency", (), spellings=("Variable",))]


@schema("Addons>TLU")
def _thresholded_linear_unit(layer: Layer) -> list[Variable]:
    return given((True, Variable("tau")), (bool(layer.config.get("affine")), Variable("alpha")))


@schema("keras_contrib>InstanceNormalization")
def _instance_normalization(layer: Layer) -> list[Variable]:
    shape = (1,) if layer.config.get("axis") is None else (None,)
    return given((layer.config.get("scale", True), Variable("gamma", shape)), (layer.config.get("center", True), Variable("beta", shape)))


@schema("keras_self_attention>SeqSelfAttention")
def _self_attention(layer: Layer) -> list[Variable]:
    config = layer.config
    if config.get("attention_type", "additive") != "additive":
        return given((True, Variable("Mul_Wa")), (config.get("use_attention_bias", True), Variable("Mul_ba", (1,))))
    units = config["units"]
    return given(
        (True, Variable("Add_Wt", (None, units))),
        (True, Variable("Add_Wx", (None, units))),
        (config.get("use_additive_bias", True), Variable("Add_bh", (units,))),
        (True, Variable("Add_Wa", (units, 1))),
        (config.get("use_attention_bias", True), Variable("Add_ba", (1,))),
    )


@schema("keras_self_attention>SeqWeightedAttention")
def _weighted_attention(layer: Layer) -> list[Variable]:
    return given(
        (True, Variable("kernel", (None, 1), spellings=("W",))),
        (layer.config.get("use_bias", True), Variable("bias", (1,), spellings=("b",))),
    )
