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


def _token_and_position(layer: Layer) -> dict[str, Config]:
    config = layer.config
    tokens = _stored(
        layer, "ReversibleEmbedding", "token_embedding",
        input_dim=config["vocabulary_size"], output_dim=config["embedding_dim"],
        tie_weights=config.get("tie_weights", True), mask_zero=config.get("mask_zero", False),
    )  # fmt: skip
    places = _stored(layer, "keras_hub>PositionEmbedding", "position_embedding", sequence_length=config["sequence_length"])
    return {"token_embedding": tokens, "position_embedding": places}


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
    config = layer.config
    inner = {"units": config["intermediate_dim"], "activation": config.get("activation"), "use_bias": True}
    return {
        "_feedforward_layer_norm": _norm(layer, "feedforward_layer_norm"),
        "_feedforward_intermediate_dense": _stored(layer, "Dense", "feedforward_intermediate_dense", **inner),
        "_feedforward_output_dense": _stored(layer, "Dense", "feedforward_output_dense", units=width, activation="linear", use_bias=True),
    }


def _norm(layer: Layer, name: str) -> Config:
    return _stored(layer, "LayerNormalization", name, axis=-1, epsilon=layer.config["layer_norm_epsilon"], center=True, scale=True)


def _width(layer: Layer) -> int:
    """The length of the vectors that the layer was built for."""
    build = layer.build_config
    shapes = [*(build.get("shapes_dict") or {}).values(), *(shape for key, shape in build.items() if key.endswith("shape"))]
    found = next((shape[-1] for shape in shapes if isinstance(shape, (list, tuple)) and shape), None)
    if not isinstance(found, int):
        raise ModelError("the file does not tell the width of its vectors (HDF5 files do not; .keras files do)", where=layer.path)
    return found
