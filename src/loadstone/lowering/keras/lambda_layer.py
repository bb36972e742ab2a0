"""Lambda: a function of Keras' own by its name, or one of the author's by its code, which becomes ops.

A Lambda of Keras 3 stores the name of its function and its module; Keras looks it up in `keras.activations`, `keras.ops` and a few modules
whose functions take more than one tensor (keras/src/saving/serialization_lib.py, `_retrieve_class_or_fn`). A `lambda` is stored as
compiled code. Any other function comes from the caller. Semantics of the call: keras/layers/core/lambda_layer.py of 2.15 and
keras/layers/core.py of 1.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.custom import Missing
from loadstone.custom.bytecode import StoredFunction
from loadstone.custom.lambdas import StoredLambda, shown
from loadstone.errors import LoadstoneError, MissingCustomObjects, UnsupportedAttribute
from loadstone.ir import Layer, Structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.walk import Call
from loadstone.lowering.python.lift import lift_stored
from loadstone.lowering.registry import keras_layer, keras_op

_OPS = "keras.ops."
_STORED = "function function_type module output_shape output_shape_type output_shape_module mask mask_type mask_module arguments"


def _mask(b: Builder, layer: Layer, call: Call) -> Structure:
    """The mask that a function of the layer's own makes; else none goes on."""
    held = layer.function
    if not isinstance(held, StoredLambda) or held.mask is None:
        return None
    return _lifted(b, layer, held, held.mask, [call.first, call.previous_mask], {})


@keras_layer("Lambda", options=_STORED, masking=_mask)
def lambda_layer(b: Builder, layer: Layer, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
    """The function of inputs."""
    function, arguments = layer.function, _arguments(layer)
    if isinstance(function, StoredLambda):
        named = function.function.code.arguments
        extra = {name: value for name, value in (("mask", mask), ("training", bool(training))) if name in named and name not in arguments}
        return _lifted(b, layer, function, function.function, [inputs], {**arguments, **extra})
    rule = keras_op.get("".join(part.capitalize() for part in function.removeprefix(_OPS).split("_")))
    if layer.config.get("mask"):
        raise UnsupportedAttribute(f"a Lambda of {function!r} with mask={layer.config.get('mask')!r}")
    if not function.startswith(_OPS) and not arguments and isinstance(inputs, Value):
        return activate(b, inputs, function)
    if rule is None or not set(arguments) <= rule.options or not function.startswith(_OPS):
        raise UnsupportedAttribute(f"a Lambda of {function!r} with arguments={arguments!r}")
    return rule.function(b, Layer(rule.name, layer.name, dict(arguments), domain="keras.ops", path=layer.path, policy=layer.policy), inputs)


def _lifted(b: Builder, layer: Layer, held: StoredLambda, function: StoredFunction, args: list[Any], kwargs: dict[str, Any]) -> Any:
    saved = held.producer
    known = saved is not None and len(saved.release) > 1
    era = Era(saved.release[:3], saved.library == "tf.keras", held.upgrade, saved.backend) if saved is not None and known else None
    try:
        return lift_stored(b, function, held.given, args, kwargs, era)
    except LoadstoneError as error:
        note = f"its code cannot become part of a graph: {error.message}. It is\n{shown(function)}"
        missing = Missing("function", layer.name, (layer.path or layer.name,), note=note)
        raise MissingCustomObjects(note, missing=(missing,)) from error


def _arguments(layer: Layer) -> dict[str, Any]:
    """Further arguments of the function; an array is stored as {"type": "ndarray", "value": lists}."""
    stored = layer.config.get("arguments") or {}
    return {
        name: np.asarray(value["value"]) if isinstance(value, dict) and value.get("type") == "ndarray" else value
        for name, value in stored.items()
    }
