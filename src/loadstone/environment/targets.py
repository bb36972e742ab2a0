"""Where a model may be loaded, and how that may end."""

from __future__ import annotations

TARGETS = ("loadstone", "keras3", "tf_keras", "tensorflow", "tf-serving")
TITLES = {
    "loadstone": "loadstone",
    "keras3": "Keras 3",
    "tf_keras": "tf_keras (Keras 2)",
    "tensorflow": "the TensorFlow that saved it",
    "tf-serving": "TensorFlow Serving",
}
LOADS, WRONG, FAILS = "loads", "wrong numbers", "fails"
