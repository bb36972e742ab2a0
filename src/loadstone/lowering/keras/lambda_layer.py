"""Lambda around an activation of Keras' own, the one kind of function that a file of Keras 3 names without doubt.

A Lambda stores the name of its function alone; Keras looks it up in `keras.activations` and a few modules whose functions take more than
one tensor (keras/src/saving/serialization_lib.py, `_retrieve_class_or_fn`). Any other function comes from the caller.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.registry import keras_layer


@keras_layer("Lambda", options="function output_shape mask arguments")
def lambda_layer(b: Builder, layer: Layer, inputs: Value, mask: Any = None) -> Value:
    """The function of inputs; no mask goes on."""
    for key in ("arguments", "mask"):
        if layer.config.get(key):
            raise UnsupportedAttribute(f"a Lambda of {layer.config['function']!r} with {key}={layer.config[key]!r}")
    return activate(b, inputs, layer.config["function"])
