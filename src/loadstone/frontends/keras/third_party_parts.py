"""The layers that LinearModel and classes of packages around Keras make for themselves: their configs do not hold them.

Sources as in `lowering.keras.third_party_crf` and `third_party_keras_hub`. The configs have only what every release of Keras writes.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Layer

Config = dict[str, Any]


def parts(layer: Layer) -> dict[str, Config]:
    """Stored forms of the layers inside a layer of such a class, by the attribute that holds each."""
    made = {
        "LinearModel": _linear,
        "Addons>CRF": _crf,
        "Addons>ESN": _echo_states,
        "Addons>LayerNormLSTMCell": _norms_of_lstm,
        "Addons>LayerNormSimpleRNNCell": _norm_of_simple_rnn,
        "Addons>NetVLAD": _clusters,
        "keras_cv>SqueezeAndExcite2D": _squeeze_and_excite,
        "keras_hub>FNetEncoder": _fnet,
        "keras_hub>MaskedLMHead": _masked_language_head,
        "keras_hub>TokenAndPositionEmbedding": _token_and_position,
        "keras_hub>TransformerEncoder": _encoder,
        "keras_hub>TransformerDecoder": _decoder,
    }.get(layer.class_name)
    return made(layer) if made else {}


def _stored(layer: Layer, class_name: str, name: str, **config: Any) -> Config:
    module = "keras.layers" if ">" not in class_name else None
    return {
        "class_name": class_name,
        "module": module,
        "config": {"name": name, "trainable": layer.trainable, "dtype": layer.config.get("dtype", "float32"), **config},
    }


def _linear(layer: Layer) -> dict[str, Config]:
    """A Dense for each input, in the order of their keys. HDF5 files, which cannot hold more than one, do not tell the inputs."""
    shapes = layer.build_config.get("input_shape")
    several = isinstance(shapes, list) and all(isinstance(shape, list) for shape in shapes)
    inputs = sorted(shapes) if isinstance(shapes, dict) else [f"dense_{place}" for place in range(len(shapes) if several and shapes else 1)]
    return {
        f"layers/{place}": _stored(layer, "Dense", name, units=layer.config["units"], activation="linear", use_bias=False)
        for place, name in enumerate(inputs)
    }


def _crf(layer: Layer) -> dict[str, Config]:
    if not layer.config.get("use_kernel", True):
        return {}
    return {"_dense_layer": _stored(layer, "Dense", "dense", units=layer.config["units"], activation="linear", use_bias=True)}


def _echo_states(layer: Layer) -> dict[str, Config]:
    """The cell of an ESN, which its weights are called after."""
    own = ("units", "connectivity", "leaky", "spectral_radius", "use_norm2", "use_bias", "activation")
    config = {key: layer.config[key] for key in own if key in layer.config}
    return {"cell": {**_stored(layer, "ESNCell", "esn_cell", **config), "module": "tensorflow_addons.rnn.esn_cell"}}


def _norms_of_lstm(layer: Layer) -> dict[str, Config]:
    return {name: _norm(layer, name, "norm_epsilon") for name in ("kernel_norm", "recurrent_norm", "state_norm")}


def _norm_of_simple_rnn(layer: Layer) -> dict[str, Config]:
    found = _norm(layer, "layer_normalization", "layernorm_epsilon")
    return {"layernorm": {**found, "config": {**found["config"], "center": False}}}


def _clusters(layer: Layer) -> dict[str, Config]:
    return {"fc": _stored(layer, "Dense", "dense", units=layer.config["num_clusters"], activation="softmax", use_bias=True)}


def _token_and_position(layer: Layer) -> dict[str, Config]:
    config = layer.config
    tokens = _stored(
        layer, "ReversibleEmbedding", "token_embedding",
        input_dim=config["vocabulary_size"], output_dim=config["embedding_dim"],
        tie_weights=config.get("tie_weights", True), mask_zero=config.get("mask_zero", False),
    )  # fmt: skip
    places = _stored(layer, "keras_hub>PositionEmbedding", "position_embedding", sequence_length=config["sequence_length"])
    return {"token_embedding": tokens, "position_embedding": places}


def _fnet(layer: Layer) -> dict[str, Config]:
    norms = {f"_{name}": _norm(layer, name) for name in ("mixing_layer_norm", "output_layer_norm")}
    return {**norms, **_two_dense(layer, "", _width(layer))}


def _masked_language_head(layer: Layer) -> dict[str, Config]:
    dense = {"units": _width(layer), "activation": layer.config.get("intermediate_activation"), "use_bias": True}
    return {
        "_intermediate_dense": _stored(layer, "Dense", "intermediate_dense", **dense),
        "_intermediate_layer_norm": _norm(layer, "intermediate_layer_norm"),
    }


def _squeeze_and_excite(layer: Layer) -> dict[str, Config]:
    """Two convolutions of single pixels; their names are Keras' own count."""
    config, made = layer.config, {}
    narrow = config["bottleneck_filters"] if "ratio" not in config else int(config["filters"] * config["ratio"])  # up to release 0.4
    for number, part in enumerate(("squeeze", "excite")):
        window = {"kernel_size": [1, 1], "strides": [1, 1], "padding": "valid", "data_format": "channels_last", "dilation_rate": [1, 1]}
        filters = config["filters"] if number else narrow
        more = {"filters": filters, "groups": 1, "use_bias": True, "activation": config[f"{part}_activation"]}
        made[f"{part}_conv"] = _stored(layer, "Conv2D", f"{part}_conv", **window, **more)
    return made


def _encoder(layer: Layer) -> dict[str, Config]:
    return {**_attention(layer, "_self_attention", "self_attention", _width(layer)), **_feed_forward(layer, _width(layer))}


def _decoder(layer: Layer) -> dict[str, Config]:
    shapes = [
        layer.config.get(f"{side}_sequence_shape") or layer.build_config.get(f"{side}_sequence_shape") for side in ("decoder", "encoder")
    ]
    width = shapes[0][-1] if shapes[0] else _width(layer)
    cross = _attention(layer, "_cross_attention", "cross_attention", width) if shapes[1] else {}
    return {**_attention(layer, "_self_attention", "self_attention", width), **cross, **_feed_forward(layer, width)}


def _attention(layer: Layer, attribute: str, name: str, width: int) -> dict[str, Config]:
    heads = layer.config["num_heads"]
    return {
        f"{attribute}_layer": _stored(layer, "MultiHeadAttention", f"{name}_layer", num_heads=heads, key_dim=width // heads),
        f"{attribute}_layer_norm": _norm(layer, f"{name}_layer_norm"),
    }


def _feed_forward(layer: Layer, width: int) -> dict[str, Config]:
    return {"_feedforward_layer_norm": _norm(layer, "feedforward_layer_norm"), **_two_dense(layer, "feedforward_", width)}


def _two_dense(layer: Layer, prefix: str, width: int) -> dict[str, Config]:
    config = layer.config
    inner = {"units": config["intermediate_dim"], "activation": config.get("activation"), "use_bias": True}
    outer = {"units": width, "activation": "linear", "use_bias": True}
    return {
        f"_{prefix}intermediate_dense": _stored(layer, "Dense", f"{prefix}intermediate_dense", **inner),
        f"_{prefix}output_dense": _stored(layer, "Dense", f"{prefix}output_dense", **outer),
    }


def _norm(layer: Layer, name: str, epsilon: str = "layer_norm_epsilon") -> Config:
    return _stored(layer, "LayerNormalization", name, axis=-1, epsilon=layer.config[epsilon], center=True, scale=True)


def _width(layer: Layer) -> int:
    """The length of the vectors that the layer was built for."""
    build = layer.build_config
    shapes = [*(build.get("shapes_dict") or {}).values(), *(shape for key, shape in build.items() if key.endswith("shape"))]
    found = next((shape[-1] for shape in shapes if isinstance(shape, (list, tuple)) and shape), None)
    if not isinstance(found, int):
        raise ModelError("the file does not tell the width of its vectors (HDF5 files do not; .keras files do)", where=layer.path)
    return found
