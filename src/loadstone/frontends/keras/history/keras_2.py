"""From Keras 2.0 and tf.keras 2.x to Keras 3.0 (November 2023)."""

from __future__ import annotations

from typing import Any

from loadstone.frontends.keras.history import Config, upgrade

# Arguments that Keras 3 no longer has, with the value that changes nothing. Another value stays, and is refused by the rule.
_DROPPED: dict[str, tuple[Any, ...] | None] = {
    "time_major": (False,),
    "implementation": (0, 1, 2, None),
    "input_length": None,  # any value: a hint for building
    "input_dim": None,
    "fused": (True, False, None),
    "virtual_batch_size": (None,),
    "adjustment": (None,),
}


@upgrade(before="2.3")
def numbers_were_written_as_arrays(config: Config) -> Config:
    """ReLU(6.) of TensorFlow 1.12 has a max_value of {"type": "ndarray", "value": 6.0} in HDF5 files (keras/utils, `get_json_type`)."""
    return {key: value["value"] if _is_array(value) else value for key, value in config.items()}


def _is_array(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"type", "value"} and value["type"] == "ndarray"


@upgrade(before="3.0")
def batch_input_shape_is_batch_shape(config: Config) -> Config:
    """InputLayer(batch_input_shape=) is batch_shape."""
    if "batch_input_shape" in config:
        config["batch_shape"] = config.pop("batch_input_shape")
    return config


@upgrade(
    before="3.0",
    classes="LSTM GRU SimpleRNN RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D LSTMCell GRUCell SimpleRNNCell BatchNormalization Embedding",
)
def dropped_arguments(config: Config) -> Config:
    """Arguments without a successor, at the values that change nothing."""
    for key, harmless in _DROPPED.items():
        if key == "input_dim" and "embeddings_initializer" in config:
            continue
        if key in config and (harmless is None or config[key] in harmless):
            del config[key]
    return config


@upgrade(before="3.0")
def hard_sigmoid_has_another_slope(config: Config) -> Config:
    """hard_sigmoid was clip(0.2 x + 0.5) up to Keras 2 and is relu6(x + 3) / 6 since 3.0; the old one is spelt apart."""
    for key in ("activation", "recurrent_activation"):
        if config.get(key) == "hard_sigmoid":
            config[key] = "hard_sigmoid_2"
    return config


@upgrade(before="2.3", classes="Embedding")
def embeddings_named_the_dtype_of_their_input(config: Config) -> Config:
    """Embedding(dtype="int32"), as every one said up to 2.0.5, was about its input; the vectors were floats."""
    if str(config.get("dtype")).startswith(("int", "uint")):
        del config["dtype"]
    return config


@upgrade(before="3.0", classes="BatchNormalization SyncBatchNormalization")
def axis_is_one_number(config: Config) -> Config:
    """tf.keras wrote the axis as a list of one."""
    if isinstance(config.get("axis"), list) and len(config["axis"]) == 1:
        config["axis"] = config["axis"][0]
    return config


@upgrade(before="3.0", classes="LeakyReLU")
def alpha_is_negative_slope(config: Config) -> Config:
    """LeakyReLU(alpha=) is negative_slope; the default was and is 0.3."""
    if "alpha" in config:
        config["negative_slope"] = float(config.pop("alpha"))
    return config


@upgrade(before="4.0")
def functions_of_tf_nn(config: Config) -> Config:
    """`activation=tf.nn.log_softmax` is written under TensorFlow's own function name, in Keras 3 as well."""
    for key in ("activation", "recurrent_activation"):
        stored = config.get(key)
        name = stored.get("config") if isinstance(stored, dict) and stored.get("class_name") == "function" else stored
        if name in ("softmax_v2", "log_softmax_v2", "crelu_v2"):
            config[key] = name.removesuffix("_v2")
    return config
