"""The variables of layers of packages around Keras, in the order in which they make them."""

from __future__ import annotations

from dataclasses import replace

from loadstone.frontends.keras.third_party import LIKE
from loadstone.frontends.keras.variable import Variable, given
from loadstone.frontends.keras.variables import group_normalization, input_size, schema, variables
from loadstone.ir import Layer


@schema("Addons>GroupNormalization", "Addons>InstanceNormalization")
def _addons_group_normalization(layer: Layer) -> list[Variable] | None:
    return group_normalization(layer)


@schema("Addons>FilterResponseNormalization")
def _filter_response_normalization(layer: Layer) -> list[Variable]:
    learned = bool(layer.config.get("learned_epsilon"))
    return given((learned, Variable("learned_epsilon", (1,))), (True, Variable("gamma")), (True, Variable("beta")))


@schema("Addons>WeightNormalization")
def _weight_normalization(layer: Layer) -> list[Variable]:
    return [Variable("g", (None,)), Variable("kernel", copy=True, required=False), Variable("initialized", (), False, "any")]


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


@schema("Addons>ESNCell")
def _echo_state_cell(layer: Layer) -> list[Variable]:
    units = layer.config["units"]
    return given(
        (True, Variable("recurrent_kernel", (units, units), False)),
        (True, Variable("kernel", (None, units), False)),
        (layer.config.get("use_bias", True), Variable("bias", (units,), False)),
    )


@schema("Addons>NASCell")
def _search_cell(layer: Layer) -> list[Variable]:
    units, projected = layer.config["units"], layer.config.get("projection")
    return given(
        (True, Variable("recurrent_kernel", (units if projected is None else projected, 8 * units))),
        (True, Variable("kernel", (None, 8 * units))),
        (layer.config.get("use_bias", False), Variable("bias", (8 * units,))),
        (projected is not None, Variable("projection_weights", (units, projected))),
    )


@schema("Addons>LayerNormLSTMCell", "Addons>LayerNormSimpleRNNCell", "Addons>PeepholeLSTMCell")
def _addons_cell(layer: Layer) -> list[Variable]:
    units = layer.config["units"]
    width = units * (1 if "Simple" in layer.class_name else 4)
    gates = ("input", "forget", "output") if "Peephole" in layer.class_name else ()
    return given(
        (True, Variable("kernel", (None, width))),
        (True, Variable("recurrent_kernel", (units, width))),
        (layer.config.get("use_bias", True), Variable("bias", (width,))),
        *((True, Variable(f"{gate}_gate_peephole_weights", (units,))) for gate in gates),
    )


@schema("Addons>MultiHeadAttention")
def _addons_attention(layer: Layer) -> list[Variable]:
    config = layer.config
    heads, size, made = config["num_heads"], config["head_size"], config.get("output_size")
    return given(
        *((True, Variable(f"{part}_kernel", (heads, None, size))) for part in ("query", "key", "value")),
        (True, Variable("projection_kernel", (heads, size, made))),
        (config.get("use_projection_bias", True), Variable("projection_bias", (made,))),
    )


@schema("Addons>PolynomialCrossing")
def _polynomial_crossing(layer: Layer) -> list[Variable]:
    narrow = layer.config.get("projection_dim")
    return given(
        (narrow is None, Variable("kernel", (None, None))),
        (narrow is not None, Variable("kernel_u", (None, narrow))),
        (narrow is not None, Variable("kernel_v", (narrow, None))),
        (layer.config.get("use_bias", True), Variable("bias", (None,))),
    )


@schema("Addons>NetVLAD")
def _net_vlad(layer: Layer) -> list[Variable]:
    return [Variable("cluster_centers", (1, None, layer.config["num_clusters"]))]


@schema("keras_contrib>InstanceNormalization")
def _instance_normalization(layer: Layer) -> list[Variable]:
    shape = (1,) if layer.config.get("axis") is None else (None,)
    return given((layer.config.get("scale", True), Variable("gamma", shape)), (layer.config.get("center", True), Variable("beta", shape)))


@schema("keras_contrib>PELU")
def _parametric_elu(layer: Layer) -> list[Variable]:
    return [Variable("alpha"), Variable("beta")]


@schema("keras_contrib>Swish")
def _swish(layer: Layer) -> list[Variable]:
    return [Variable("scaling_factor", (), required=False)]


@schema("keras_contrib>CosineDense", "keras_contrib>CosineConvolution2D")
def _cosine(layer: Layer) -> list[Variable]:
    config, dense = layer.config, layer.class_name.endswith("Dense")
    made = config["units" if dense else "filters"]
    return given(
        (True, Variable("kernel", (None, made) if dense else (None,) * 4, spellings=("W",))),
        (not dense, Variable("kernel_norm", (None,) * 4, required=False)),
        (config.get("use_bias", True), Variable("bias", (made,), spellings=("b",))),
    )


@schema("ssd_keras>L2Normalization")
def _scaled_unit_vectors(layer: Layer) -> list[Variable]:
    return [Variable("gamma", (None,))]


@schema("densenet_keras>Scale")
def _scale(layer: Layer) -> list[Variable]:
    return [Variable("gamma", (None,)), Variable("beta", (None,))]


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


@schema("keras_contrib>GroupNormalization", "keras_layer_normalization>LayerNormalization")
def _scale_and_offset(layer: Layer) -> list[Variable]:
    return given(
        (layer.config.get("scale", True), Variable("gamma", (None,))), (layer.config.get("center", True), Variable("beta", (None,)))
    )


@schema("keras_contrib>CRF")
def _contrib_crf(layer: Layer) -> list[Variable]:
    units, edges = layer.config["units"], layer.config.get("use_boundary", True)
    return given(
        (True, Variable("kernel", (None, units))),
        (True, Variable("chain_kernel", (units, units))),
        (layer.config.get("use_bias", True), Variable("bias", (units,))),
        (edges, Variable("left_boundary", (units,))),
        (edges, Variable("right_boundary", (units,))),
    )


@schema("Addons>CRF")
def _addons_crf(layer: Layer) -> list[Variable]:
    units, edges = layer.config["units"], layer.config.get("use_boundary", True)
    return given(
        (True, Variable("chain_kernel", (units, units))),
        (edges, Variable("left_boundary", (units,))),
        (edges, Variable("right_boundary", (units,))),
    )


@schema("keras_multi_head>MultiHeadAttention")
def _multi_head_attention(layer: Layer) -> list[Variable]:
    biased = layer.config.get("use_bias", True)
    return [
        variable
        for part in "qkvo"
        for variable in given((True, Variable(f"W{part}", (None, None))), (biased, Variable(f"b{part}", (None,))))
    ]


@schema("keras_position_wise_feed_forward>FeedForward")
def _feed_forward(layer: Layer) -> list[Variable]:
    units, biased = layer.config["units"], layer.config.get("use_bias", True)
    return given(
        (True, Variable("W1", (None, units))),
        (biased, Variable("b1", (units,))),
        (True, Variable("W2", (units, None))),
        (biased, Variable("b2", (None,))),
    )


@schema("keras_pos_embd>PositionEmbedding")
def _position_embedding(layer: Layer) -> list[Variable]:
    config = layer.config
    rows = config["input_dim"] * 2 + 1 if config.get("mode", "expand") == "expand" else config["input_dim"]
    return [Variable("embeddings", (rows, config["output_dim"]))]


@schema("keras_bert>TokenEmbedding", "keras_bert>TaskEmbedding", "keras_embed_sim>EmbeddingRet", "Addons>EmbeddingBag")
def _embedding(layer: Layer) -> list[Variable]:
    return [Variable("embeddings", (layer.config["input_dim"], layer.config["output_dim"]))]


@schema("keras_bert>EmbeddingSimilarity", "keras_embed_sim>EmbeddingSim")
def _embedding_similarity(layer: Layer) -> list[Variable]:
    return given((layer.config.get("use_bias", True), Variable("bias", (None,))))


@schema("keras_hub>MaskedLMHead")
def _masked_language_head(layer: Layer) -> list[Variable]:
    tokens, own = layer.config["vocabulary_size"], layer.config.get("token_embedding") is None
    return given((own, Variable("output_kernel", (None, tokens))), (True, Variable("output_bias", (tokens,))))


@schema("keras_hub>PositionEmbedding")
def _hub_position_embedding(layer: Layer) -> list[Variable]:
    return [Variable("embeddings", (layer.config["sequence_length"], None), spellings=("position_embeddings",))]


@schema(*(name for name, base in LIKE.items() if "Pooling" not in base and base != "Dropout"))
def _like(layer: Layer) -> list[Variable] | None:
    return variables(replace(layer, class_name=LIKE[layer.class_name]))
