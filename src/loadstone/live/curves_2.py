"""Activations of Keras 3 that Keras 2 does not have, as functions of TensorFlow.

keras/src/backend/tensorflow/nn.py. Keras 2 asks for the function under its name where a model that has one is loaded: the names are
such that it takes none of its own for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Curve = Callable[[Any], Any]

# Each is a function of TensorFlow and of x.
_CURVES: dict[str, Callable[[Any, Any], Any]] = {
    "celu": lambda tf, x: tf.nn.elu(x),
    "hard_sigmoid": lambda tf, x: tf.nn.relu6(x + 3.0) / 6.0,
    "hard_silu": lambda tf, x: x * (tf.nn.relu6(x + 3.0) / 6.0),
    "hard_tanh": lambda tf, x: tf.clip_by_value(x, -1.0, 1.0),
    "log_sigmoid": lambda tf, x: tf.math.log_sigmoid(x),
    "squareplus": lambda tf, x: (x + tf.sqrt(x * x + 4.0)) / 2.0,
    "tanh_shrink": lambda tf, x: x - tf.tanh(x),
}


def curve(tf: Any, name: str) -> Curve:
    """The activation as an object, "keras_3_hard_sigmoid" by name."""

    def function(x: Any) -> Any:
        return _CURVES[name](tf, x)

    function.__name__ = function.__qualname__ = f"keras_3_{name}"
    return function


def by_name(tf: Any) -> dict[str, Curve]:
    """All of them under the names that a config of Keras 2 has for them."""
    return {found.__name__: found for found in (curve(tf, name) for name in _CURVES)}
