"""How Keras 2 spells a layer of a description: the reverse of the dated changes of `history` that Keras 3 made.

A layer's arguments, for `tf.keras` from 2.12 and tf_keras. Which layers it calls on what is said by calls (`live.calling`).
"""

from __future__ import annotations

from typing import Any

from loadstone.custom import Given
from loadstone.frontends.keras.keras_2_names import ARGUMENTS
from loadstone.frontends.keras.spelling import NO_WORD, training_part
from loadstone.ir import Layer

_RENAMED = {("LeakyReLU", "negative_slope"): "alpha"}  # since 3.0
_ACTIVATIONS = frozenset(
    """
    elu exponential gelu hard_sigmoid_2 leaky_relu linear log_softmax mish relu relu6 selu sigmoid silu softmax softplus softsign swish tanh
    """.split()
)  # leaky_relu, log_softmax and relu6 are functions of tf.nn
_TF_NN = {"leaky_relu", "log_softmax", "relu6", "silu"}
_OF_TOKENS = frozenset("StringLookup IntegerLookup Hashing".split())
# Options that Keras 3 has added, where they are set.
_NEW = {"MultiHeadAttention": "use_gate", "Resizing": "pad_to_aspect_ratio antialias"}
_IMAGES = frozenset("Resizing CenterCrop RandomCrop RandomFlip RandomRotation RandomTranslation RandomZoom".split())
_HARD = {"hard_sigmoid_2": "hard_sigmoid"}
# Of Keras 3: functions that a living model can have (`live.curves_2`), in layers that cannot be made of operations.
_OF_KERAS_3 = frozenset("celu hard_sigmoid hard_silu hard_tanh log_sigmoid squareplus tanh_shrink".split())
_LOOPS = frozenset("SimpleRNN SimpleRNNCell LSTM LSTMCell GRU GRUCell ConvLSTM1D ConvLSTM2D ConvLSTM3D".split())


def lack(layer: Layer, living: bool = False) -> str | None:
    """Why Keras 2 cannot make a layer, None where it can: "Keras 2 has no Mish". living: in a model, not in a file."""
    if layer.class_name == "InputLayer" or layer.given is not None or layer.graph is not None:
        return None
    if layer.class_name in ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"):
        return None
    if layer.class_name not in ARGUMENTS:
        return f"Keras 2 has no {layer.class_name}"
    option = next((key for key in _NEW.get(layer.class_name, "").split() if layer.config.get(key)), None)
    if option is not None or (layer.class_name in _IMAGES and layer.config.get("data_format") == "channels_first"):
        return f"Keras 2 has no {layer.class_name} with {option or 'channels first'}"
    if layer.class_name == "RandomCrop" and layer.config.get("resizes") is not True:
        return "Keras 2 has no RandomCrop that leaves images as they are"
    if layer.policy.quantization is not None:
        return f"Keras 2 has no quantized {layer.class_name}"
    for key, value in layer.config.items():
        if key in NO_WORD or (key == "padding" and value in ("half", "full")):
            return f"Keras 2 has no {layer.class_name} with {key}={value!r}"
        if key.endswith("activation") and isinstance(value, str) and value not in _ACTIVATIONS:
            if living and layer.class_name in _LOOPS and value in _OF_KERAS_3:
                continue
            return f"Keras 2 has no {layer.class_name} with {key}={value!r}"
    return None


def arguments(layer: Layer, given: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The arguments of the class, without the layers inside. given: names of the caller's objects, which training may need.

    Activations that are functions of tf.nn are ("tf.nn", name), those of Keras 3 ("keras 3", name); those of the caller are `custom.Given`.
    """
    known = set(ARGUMENTS[layer.class_name].split())
    config: dict[str, Any] = {"name": layer.name, "trainable": layer.trainable, "dtype": layer.policy.name}
    if layer.class_name == "TextVectorization" or (layer.class_name in _OF_TOKENS and layer.config.get("output_mode", "int") == "int"):
        del config["dtype"]  # that of the tokens
    for key, value in layer.config.items():
        key = _RENAMED.get((layer.class_name, key), key)
        if isinstance(value, Layer) or key not in known or key in config or key == "dtype":
            continue
        if key.endswith(("_regularizer", "_constraint")) or key == "activity_regularizer":
            part = training_part(value, key, given)
            value = {k: part[k] for k in ("class_name", "config")} if isinstance(part, dict) and "config" in part else part
        elif key.endswith("activation") and isinstance(value, str):
            library = "tf.nn" if value in _TF_NN else "keras 3" if value in _OF_KERAS_3 else None
            value = (library, value) if library else _HARD.get(value, value)
        config[key] = value if isinstance(value, Given) else _plain(value)
    if isinstance(layer.config.get("activity_regularizer"), dict):
        config["activity_regularizer"] = training_part(layer.config["activity_regularizer"], "activity_regularizer", given)
    return config


def _plain(value: Any) -> Any:
    """Lists as the tuples that constructors take."""
    if hasattr(value, "numpy"):
        return value.numpy()
    if isinstance(value, list) and all(isinstance(part, (int, type(None))) for part in value):
        return tuple(value)
    return value
