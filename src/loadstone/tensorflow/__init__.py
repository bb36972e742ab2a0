"""TensorFlow's names for what loadstone does, so that code written for TensorFlow runs with one line changed.

    import loadstone.tensorflow as tf

    model = tf.keras.models.load_model("model.h5", custom_objects={"act": lambda x: tf.nn.relu(x) - 1.0})

Models are loadstone's. Functions of the symbol table (`tf.nn.relu`, `tf.math.reduce_sum`, `tf.keras.backend.clip`, `tf.keras.ops.mean`) take
and give numpy arrays, with the numbers, dtypes and shapes of TensorFlow 2; inside a function that is given as a custom object they become
part of the compiled model. There are no variables, gradients, layers or datasets. A real tensorflow is neither needed nor touched.
"""

from __future__ import annotations

from typing import Any

from loadstone.tensorflow.namespace import Namespace, names_in

_ROOT = Namespace("tensorflow")


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(_ROOT, name)


def __dir__() -> list[str]:
    return names_in("tensorflow")
