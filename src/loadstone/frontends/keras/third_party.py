"""Classes of packages around Keras: which class of which package a config means, and weights that are put together when they are read.

A class that is registered says so ("Addons>Maxout"); one that is not is known by its module, or, in HDF5 files, by all its options. What
the caller supplies under the class's name comes first.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.frontends.keras.names import THIRD_PARTY
from loadstone.ir import Layer, Producer, Tensor

_MODULES = {
    "efficientnet": "efficientnet",
    "keras_bert": "keras_bert",
    "keras_contrib": "keras_contrib",
    "keras_cv": "keras_cv",
    "keras_embed_sim": "keras_embed_sim",
    "keras_hub": "keras_hub",
    "keras_layer_normalization": "keras_layer_normalization",
    "keras_multi_head": "keras_multi_head",
    "keras_nlp": "keras_hub",
    "keras_pos_embd": "keras_pos_embd",
    "keras_position_wise_feed_forward": "keras_position_wise_feed_forward",
    "keras_resnet": "keras_resnet",
    "keras_self_attention": "keras_self_attention",
    "qkeras": "qkeras",
    "tensorflow_addons": "Addons",
}
_BERT = ("keras_bert>", "keras_embed_sim>", "keras_layer_normalization>", "keras_multi_head>", "keras_pos_embd>", "keras_position_wise")


def _options(names: str, *weights: str) -> frozenset[str]:
    """All that a config of a class holds beside what every layer has: options, and those of each weight."""
    return frozenset([*names.split(), *(f"{weight}_{kind}" for weight in weights for kind in ("initializer", "regularizer", "constraint"))])


_OPTIONS = {
    "densenet_keras>Scale": _options("axis momentum"),
    "efficientnet>FixedDropout": _options("rate noise_shape seed"),
    "keras_bert>EmbeddingSimilarity": _options("initializer regularizer constraint"),
    "keras_bert>TaskEmbedding": _options("input_dim output_dim mask_zero", "embeddings"),
    "keras_contrib>CRF": _options(
        "units learn_mode test_mode use_boundary use_bias sparse_target activation input_dim unroll", "kernel", "chain", "boundary", "bias"
    ),
    "keras_contrib>CosineConvolution2D": _options(
        "filters kernel_size padding strides data_format activation use_bias activity_regularizer bias_regularizer bias_constraint", "kernel"
    ),
    "keras_contrib>CosineDense": _options("units activation use_bias activity_regularizer bias_regularizer bias_constraint", "kernel"),
    "keras_contrib>GroupNormalization": _options("groups axis epsilon center scale", "beta", "gamma"),
    "keras_contrib>InstanceNormalization": _options("axis epsilon center scale", "beta", "gamma"),
    "keras_contrib>PELU": _options("shared_axes", "alpha", "beta"),
    "keras_contrib>SReLU": _options("shared_axes t_left_initializer a_left_initializer t_right_initializer a_right_initializer"),
    "keras_contrib>SineReLU": _options("epsilon"),
    "keras_contrib>SubPixelUpscaling": _options("scale_factor data_format"),
    "keras_coordconv>CoordinateChannel1D": _options("data_format"),
    "keras_coordconv>CoordinateChannel2D": _options("data_format use_radius"),
    "keras_coordconv>CoordinateChannel3D": _options("data_format"),
    "keras_embed_sim>EmbeddingSim": _options("use_bias initializer regularizer constraint stop_gradient"),
    "keras_layer_normalization>LayerNormalization": _options("center scale epsilon", "beta", "gamma"),
    "keras_multi_head>MultiHeadAttention": _options("head_num activation use_bias history_only", "kernel", "bias"),
    "keras_pos_embd>PositionEmbedding": _options("input_dim output_dim mode activity_regularizer mask_zero", "embeddings"),
    "keras_pos_embd>TrigPosEmbedding": _options("mode output_dim"),
    "keras_position_wise_feed_forward>FeedForward": _options("units activation use_bias dropout_rate", "kernel", "bias"),
    "keras_self_attention>ScaledDotProductAttention": _options("return_attention history_only"),
    "keras_self_attention>SeqSelfAttention": _options(
        "units attention_width attention_type return_attention history_only use_additive_bias use_attention_bias attention_activation"
        " attention_regularizer_weight",
        "kernel", "bias",
    ),
    "keras_self_attention>SeqWeightedAttention": _options("use_bias return_attention"),
    "ssd_keras>L2Normalization": _options("gamma_init"),
}  # fmt: skip
_SAME_AS_KERAS = frozenset({"GroupNormalization"})  # since tf.keras 2.11 a class of Keras has that name and those options
_OF_KERAS_1 = frozenset({"SReLU"})
_BESIDE = {  # classes of keras-bert whose name and options are anybody's: known beside another class of its packages alone
    "Extract": "keras_bert>Extract",
    "EmbeddingRet": "keras_embed_sim>EmbeddingRet",
    "Masked": "keras_bert>Masked",
    "MaskedGlobalMaxPool1D": "keras_bert>MaskedGlobalMaxPool1D",
    "TokenEmbedding": "keras_bert>TokenEmbedding",
}
_BESIDE_CONTRIB = {"Swish": _options("beta")}  # so too of keras_contrib, by all its options
QUANTIZED = {  # layers of QKeras that are a layer of Keras with quantized weights
    name: name.removeprefix("qkeras>Q") for name in THIRD_PARTY if name.startswith("qkeras>Q") and name != "qkeras>QActivation"
}
LIKE = {  # layers that are a layer of Keras with a word more: its history is theirs, and its weights
    **QUANTIZED,
    "efficientnet>FixedDropout": "Dropout",
    "keras_hub>CachedMultiHeadAttention": "MultiHeadAttention",
    "keras_hub>ReversibleEmbedding": "ReversibleEmbedding",
    "keras_resnet>BatchNormalization": "BatchNormalization",
}
_QUANTIZERS = {  # quantizers of QKeras, with the order of their arguments; and its functions
    "binary": "use_01 alpha use_stochastic_rounding",
    "quantized_bits": "bits integer symmetric keep_negative alpha use_stochastic_rounding",
    "quantized_po2": "bits max_value use_stochastic_rounding quadratic_approximation log2_rounding qnoise_factor",
    "quantized_relu": "bits integer use_sigmoid negative_slope use_stochastic_rounding relu_upper_bound is_quantized_clip qnoise_factor",
    "quantized_relu_po2": "bits max_value negative_slope use_stochastic_rounding quadratic_approximation log2_rounding qnoise_factor",
    "quantized_sigmoid": "bits symmetric use_real_sigmoid use_stochastic_rounding",
    "quantized_tanh": "bits use_stochastic_rounding symmetric use_real_tanh",
    "ternary": "alpha threshold use_stochastic_rounding number_of_unrolls",
    **dict.fromkeys(("binary_sigmoid", "binary_tanh", "hard_sigmoid", "hard_tanh", "smooth_sigmoid", "smooth_tanh"), ""),
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    name: {"bits": 8, "integer": 0} if name in ("quantized_bits", "quantized_relu") else {"bits": 8}
    for name in _QUANTIZERS
    if name.startswith("quantized_")
}
_COMMON = {"name", "trainable", "dtype", "batch_input_shape"}
_RECURRENT = ("SimpleRNN", "LSTM", "GRU", "RNN")


class ThirdParty:
    """The classes of such packages in one model."""

    def __init__(self, config: dict[str, Any], producer: Producer) -> None:
        self._config = config
        self._keras = _SAME_AS_KERAS if producer.release >= (2, 11) else _OF_KERAS_1 if producer.release < (2,) else frozenset()

    @cached_property
    def _bert(self) -> bool:
        """True where a class of keras-bert or of the packages around it is in the model."""
        return any((_by_module(stored) or _by_options(stored, self._keras) or "").startswith(_BERT) for stored in _layers(self._config))

    @cached_property
    def _contrib(self) -> bool:
        """True where a class of keras_contrib is in the model."""
        return any(
            (_by_module(stored) or _by_options(stored, self._keras) or "").startswith("keras_contrib>") for stored in _layers(self._config)
        )

    def class_of(self, stored: dict[str, Any]) -> str | None:
        """The name here of a class of such a package; None for any other."""
        if stored["class_name"] == "KerasLayer" and isinstance(stored["config"].get("handle"), str):
            return "KerasLayer" if str(stored.get("module") or "tensorflow_hub").startswith("tensorflow_hub") else None
        found = _by_module(stored) or _by_options(stored, self._keras)
        if found is None and stored["class_name"] in _BESIDE and not stored.get("module") and self._bert:
            return _BESIDE[stored["class_name"]]
        if (
            found is None
            and not stored.get("module")
            and _own_options(stored) == _BESIDE_CONTRIB.get(stored["class_name"])
            and self._contrib
        ):
            return f"keras_contrib>{stored['class_name']}"
        return found

    def completed(self, class_name: str, stored: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
        """The config with an option of our own where releases of a package differ: `scales` of a RotaryEmbedding.

        Up to keras_nlp 0.11 its scaling_factor divided exponents, since then it divides positions; files do not hold the release.
        """
        written = (stored.get("registered_name"), stored.get("module"), stored["class_name"])
        if class_name == "keras_hub>RotaryEmbedding" and any(str(name).startswith("keras_nlp") for name in written):
            return {**config, "scales": "unknown"}
        return config

    def activation(self, name: str, stored: Any) -> str:
        """keras-bert's own function `gelu`, by tanh, has the name of today's `keras.activations.gelu`.

        HDF5 files do not tell the two apart: beside layers of its packages the name is taken for theirs.
        """
        return "gelu_tanh" if name == "gelu" and isinstance(stored, str) and self._bert else name


def quantizer(stored: Any, where: str) -> Any:
    """A quantizer of a layer of QKeras as the stored form of a layer: from a dict, or text such as "quantized_relu(4,2)"."""
    if isinstance(stored, str):
        match = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", stored, re.DOTALL)
        if match is None:
            raise ModelError(f"{stored!r} is not a quantizer", where=where)
        name, arguments = match.group(1), _arguments(match.group(2) or "", where)
        name = "hard_sigmoid" if name == "hard_sigmoid_2" else name  # as the history of Keras' own calls it
        if name not in _QUANTIZERS:
            return stored
        places = _QUANTIZERS[name].split()
        config = {key if isinstance(key, str) else places[key] if key < len(places) else str(key): value for key, value in arguments}
    elif isinstance(stored, dict) and isinstance(stored.get("config"), dict) and stored.get("class_name") in _QUANTIZERS:
        name, config = stored["class_name"], stored["config"]
    elif isinstance(stored, dict) and stored.get("class_name") == "function" and stored.get("config") in _QUANTIZERS:
        name, config = stored["config"], {}
    else:
        return stored
    return {"class_name": f"qkeras>{name}", "config": {**_DEFAULTS.get(name, {}), **config}}


def _arguments(text: str, where: str) -> list[tuple[int | str, Any]]:
    """The arguments of a call in text, by place or name: numbers, booleans and quoted text (qkeras/safe_eval.py)."""
    found: list[tuple[int | str, Any]] = []
    for place, part in enumerate(part.strip() for part in text.split(",") if part.strip()):
        name, _, value = part.rpartition("=")
        try:
            found.append((name.strip() or place, literal_eval(value.strip())))
        except (SyntaxError, ValueError) as error:
            raise ModelError(f"{text!r} are no arguments of a quantizer", where=where) from error
    return found


def by_options(layer: Layer) -> bool:
    """True for a class that nothing but its options told."""
    return layer.class_name in _OPTIONS and not layer.module and ">" not in (layer.registered or "") and layer.given is None


def _by_module(stored: dict[str, Any]) -> str | None:
    written, module = stored["class_name"], str(stored.get("module") or "")
    package = _MODULES.get(module.partition(".")[0])
    named = [stored.get("registered_name"), written, f"{package}>{written}" if package else None]
    named = [name.replace("keras_nlp>", "keras_hub>") for name in named if isinstance(name, str)]
    return next((name for name in named if name in THIRD_PARTY), None)


def _by_options(stored: dict[str, Any], known: frozenset[str]) -> str | None:
    if stored.get("module") or not isinstance(stored["config"], dict) or stored["class_name"] in known:
        return None
    options, quantized = _own_options(stored), f"qkeras>{stored['class_name']}"
    if quantized in QUANTIZED and any(option.endswith("_quantizer") for option in options):
        return quantized
    if stored["class_name"] == "BatchNormalization":
        return "keras_resnet>BatchNormalization" if "freeze" in options else None
    if quantized == "qkeras>QActivation" and options == {"activation"}:
        return quantized
    return next((name for name, own in _OPTIONS.items() if name.endswith(f">{stored['class_name']}") and options == own), None)


def _own_options(stored: dict[str, Any]) -> frozenset[str]:
    """The keys of a config beside those that every layer has."""
    return frozenset(stored["config"]) - _COMMON


def _layers(config: Any) -> Iterator[dict[str, Any]]:
    """Every stored layer of a model, models inside it included."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str) and isinstance(config.get("config"), dict):
            yield config
        for inner in config.values():
            yield from _layers(inner)
    elif isinstance(config, list):
        for inner in config:
            yield from _layers(inner)


def with_clone(layer: Layer, clone: Layer) -> None:
    """WeightNormalization that takes its first weights from data keeps a copy of the layer inside, which only that needs."""
    if layer.config.get("data_init", True):
        layer.children["_naked_clone_layer"] = replace(clone, trainable=False)


def kernel_inside(layer: Layer) -> tuple[Layer, str] | None:
    """The layer and the name of the kernel that a WeightNormalization takes over: `.keras` files keep it with the wrapper."""
    if layer.class_name != "Addons>WeightNormalization" or layer.given is not None:
        return None
    inner = layer.children["layer"]
    return inner, "recurrent_kernel" if inner.class_name in _RECURRENT else "kernel"


def as_plain(layer: Layer) -> None:
    """Put the kernel inside a WeightNormalization together: its direction, as long as `g` says."""
    taken_over = kernel_inside(layer)
    if taken_over is None or "g" not in layer.weights:
        return
    if not bool(layer.weights["initialized"].numpy()):
        raise ModelError(
            "a WeightNormalization that was saved before its first call, which sets its weights from the data", where=layer.path
        )
    inner, name = taken_over
    inner.weights[name] = _scaled(inner.weights[name], layer.weights["g"])
    layer.weights = {}
    layer.children = {"layer": inner}


def _scaled(kernel: Tensor, g: Tensor) -> Tensor:
    def load(array: np.ndarray) -> np.ndarray:
        axes = tuple(range(array.ndim - 1))
        square = np.sum(np.square(array), axes, keepdims=True)
        return np.asarray(array / np.sqrt(np.maximum(square, 1e-12)) * g.numpy(), array.dtype)

    return kernel.map(load)
