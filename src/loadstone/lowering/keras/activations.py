"""Activation functions by the names of `keras.activations`, used by every layer that has an `activation`.

Semantics: keras/src/activations/activations.py of Keras 3; functions of earlier releases that share a name with another
formula today have a name of their own here (`frontends.keras.history` writes it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder

Activation = Callable[[Builder, Value], Value]

ACTIVATIONS: dict[str, Activation] = {
    "linear": lambda b, x: x,
    "relu": lambda b, x: b.Relu(x),
    "sigmoid": lambda b, x: b.Sigmoid(x),
    "tanh": lambda b, x: b.Tanh(x),
    "softmax": lambda b, x: b.Softmax(x, axis=-1),
}


def activate(b: Builder, x: Value, activation: Any) -> Value:
    """`activation` of x, as a config names it: a name of `ACTIVATIONS`, None for none."""
    if activation is None:
        return x
    if isinstance(activation, str) and activation in ACTIVATIONS:
        return ACTIVATIONS[activation](b, x)
    raise UnsupportedAttribute(f"the activation {activation!r}")
