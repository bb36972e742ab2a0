"""How each release of Keras passed masks from layer to layer (`ir.MaskRules`).

tf.keras 2: keras/engine/base_layer.py, `_get_input_masks` and `_set_mask_metadata`. Keras 3: keras/src/layers/layer.py, steps
"Populate mask argument(s)" and "Set previous_mask on outputs" of `Layer.__call__`, which changed in 3.4, 3.11 and 3.14.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from loadstone.ir import MaskRules, Producer

_KERAS_2 = MaskRules(argument="first", previous="given", inner=True)
_ERAS: tuple[tuple[tuple[int, ...], MaskRules], ...] = (
    ((3,), _KERAS_2),
    ((3, 4), MaskRules(previous="single", casts=True)),
    ((3, 11), MaskRules(previous="first", casts=True)),
    ((3, 14), MaskRules(casts=True)),
)

# Classes that pass masks today, and the release of Keras (or TensorFlow) before which they dropped them.
DROPPED_BEFORE: dict[str, tuple[int, ...]] = {
    "Identity": (3,),
    "MultiHeadAttention": (2, 10),
    "Normalization": (3,),
    "ReLU": (2, 5),
    "Rescaling": (3,),
}

# Classes that passed masks, and the release of Keras since which they drop them (keras/src/layers/rnn, `supports_masking = False`).
DROPPED_SINCE = dict.fromkeys("Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D GRU LSTM RNN SimpleRNN TimeDistributed".split(), (3, 16))

# The release since which MultiHeadAttention takes the masks off its inputs (`set_keras_mask(query, None)` in its call), and looks at
# the mask of the query alone, whatever `query_mask` says.
TAKEN_SINCE = (3, 8)


def mask_rules(class_name: str, producer: Producer) -> MaskRules:
    """The rules that held for a class in the release that wrote the file."""
    era = next((rules for before, rules in _ERAS if producer.release < before), MaskRules())
    takes = class_name == "MultiHeadAttention" and not (() < producer.release < TAKEN_SINCE)
    drops = producer.release < DROPPED_BEFORE.get(class_name, ()) or producer.release >= DROPPED_SINCE.get(class_name, (99,))
    return replace(era, drops=drops, takes=takes, returned=_returned(producer) if class_name == "Lambda" else "ends")


def _returned(producer: Producer) -> Literal["keeps", "ends", "unknown"]:
    """A mask is Python's attribute of a tensor since TensorFlow 2.0; before, a layer copied what it returned of its inputs.

    tf.keras of TensorFlow 1.13 to 2.1 states one release.
    """
    if producer.library == "tf.keras" and producer.release[:3] == (2, 2, 4):
        return "unknown"
    return "keeps" if producer.release >= (2, 4) or producer.library == "tf.keras" and producer.release >= (2, 3) else "ends"
