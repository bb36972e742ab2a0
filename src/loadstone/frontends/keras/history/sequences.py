"""What wrappers and stacks of recurrent layers did with masks and states, from Keras 2.0 to 2.3 and in TensorFlow 1.

Options of our own say it. `zeros_masked` of a Bidirectional: whether outputs at masked steps are zeros, "never" or "always"; today where
sequences are returned. `step_masks` of a TimeDistributed: "none" where the layer inside saw none, and the mask of the steps went on.
`states` and `masked` of StackedRNNCells: "last first" where the states of the last cell came first, "first state" where a masked step gave
the state of the first cell. "unknown": TensorFlow 1.9 to 1.12 all write Keras "2.1.6-tf".

keras/layers/{recurrent,wrappers}.py and `rnn` of keras/backend/tensorflow_backend.py of each release.
"""

from __future__ import annotations

from loadstone.frontends.keras.history import Config
from loadstone.ir import Producer

_ALL_OF_2_1_6 = (2, 1, 6)


def of_sequences(class_name: str, config: Config, producer: Producer) -> Config:
    """The options that a layer of a release gets beside those of its config."""
    described = {"Bidirectional": _bidirectional, "TimeDistributed": _time_distributed, "StackedRNNCells": _stacked}.get(class_name)
    return {} if described is None or not producer.release or producer.release >= (2, 4) else described(config, producer)


def _bidirectional(config: Config, producer: Producer) -> Config:
    """tf.keras shows zeros at masked steps since TensorFlow 1.13, at first for the last output too, where a config holds the option.

    In 2.0 and 2.1 the layers that cuDNN could run did not.
    """
    stored = config.get("layer")
    inner: Config = stored if isinstance(stored, dict) else {}
    options: Config = inner.get("config") or {}
    if producer.library != "tf.keras" or producer.release < (2, 2, 4):
        return {"zeros_masked": "never"} if options.get("return_sequences") else {}
    if producer.release[:3] != (2, 2, 4):
        return {}
    if not options.get("return_sequences"):
        return {"zeros_masked": "always"} if options.get("zero_output_for_mask") else {}
    return {"zeros_masked": "never"} if _fused_in_2_0(inner, options) else {}


def _fused_in_2_0(inner: Config, options: Config) -> bool:
    """True for a layer that TensorFlow 2.0 and 2.1 ran as one function, which knew no zeros; their own layers alone begin as implementation 2."""
    plain = options.get("activation") == "tanh" and options.get("recurrent_activation") == "sigmoid" and options.get("use_bias", True)
    plain = plain and not options.get("recurrent_dropout") and not options.get("unroll") and options.get("implementation") == 2
    return bool(plain and (inner.get("class_name") == "LSTM" or inner.get("class_name") == "GRU" and options.get("reset_after")))


def _time_distributed(config: Config, producer: Producer) -> Config:
    """Masks reach the layer inside since Keras 2.2.0 and TensorFlow 1.10."""
    if producer.library == "tf.keras" and producer.release[:3] == _ALL_OF_2_1_6:
        return {"step_masks": "unknown"}
    return {"step_masks": "none"} if producer.release < (2, 2) else {}


def _stacked(config: Config, producer: Producer) -> Config:
    """The order turned in Keras 2.2.3 and TensorFlow 1.11, where `rnn` of the backend did not follow until Keras 2.4 and TensorFlow 1.13."""
    if producer.library == "tf.keras":
        if producer.release[:3] == _ALL_OF_2_1_6:
            return {"states": "unknown", "masked": "unknown"}
        return {"states": "last first"} if producer.release < _ALL_OF_2_1_6 else {}
    return {"states": "last first"} if producer.release < (2, 2, 3) else {"masked": "first state"}
