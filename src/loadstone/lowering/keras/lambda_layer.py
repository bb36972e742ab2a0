"""Lambda around a function of Keras' own, the one kind that a file of Keras 3 names without doubt.

A Lambda stores the name of its function alone, and since 3.16 its module; Keras looks it up in `keras.activations`, `keras.ops` and a few
modules whose functions take more than one tensor (keras/src/saving/serialization_lib.py, `_retrieve_class_or_fn`). Any other function
comes from the caller.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.registry import keras_layer, keras_op

_OPS = "keras.ops."


@keras_layer("Lambda", options="function output_shape mask arguments")
def lambda_layer(b: Builder, layer: Layer, inputs: Value, mask: Any = None) -> Any:
    """The function of inputs; no mask goes on."""
    function, arguments = str(layer.config["function"]), layer.config.get("arguments") or {}
    rule = keras_op.get("".join(part.capitalize() for part in function.removeprefix(_OPS).split("_")))
    if not function.startswith(_OPS) and not arguments and not layer.config.get("mask"):
        return activate(b, inputs, function)
    if rule is None or not set(arguments) <= rule.options or layer.config.get("mask") or not function.startswith(_OPS):
        raise UnsupportedAttribute(f"a Lambda of {function!r} with arguments={arguments!r} and mask={layer.config.get('mask')!r}")
    return rule.function(b, Layer(rule.name, layer.name, dict(arguments), domain="keras.ops", path=layer.path, policy=layer.policy), inputs)
