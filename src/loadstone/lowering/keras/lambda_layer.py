"""Lambda: a function of Keras' own by its name, or one of the author's by its code, which becomes ops.

A Lambda of Keras 3 stores the name of its function and its module; Keras looks it up in `keras.activations`, `keras.ops` and a few modules
whose functions take more than one tensor (keras/src/saving/serialization_lib.py, `_retrieve_class_or_fn`). A `lambda` is stored as
compiled code. Any other function comes from the caller. Semantics of the call: keras/layers/core/lambda_layer.py of 2.15 and
keras/layers/core.py of 1.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.custom.bytecode import StoredFunction
from loadstone.custom.lambdas import StoredLambda, refusal
from loadstone.errors import LoadstoneError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, dtypes, flatten
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
    return _lifted(b, layer, held, held.mask, [call.first, call.previous_mask], {}, optional=True)


def _filled_in(held: StoredLambda, mask: Any, training: bool | None) -> dict[str, Any]:
    """The mask, and in tf.keras and since Keras 3 the phase, for a function that has such parameters.

    They win over `arguments`: old files hold there the mask of a call that came before.
    """
    code, saved = held.function.code, held.producer
    old = saved is not None and saved.release < (2, 4)  # without the phase, and with parameters that are given by name alone
    alone = old and saved is not None and saved.library != "tf.keras"
    first = old and saved is not None and saved.release < (2, 2, 4)  # tf.keras of TensorFlow 1.12 and before
    filled = {"mask": mask} if alone or first else {"mask": mask, "training": bool(training)}
    named = code.arguments[: code.positional + (code.keyword_only if alone or first else 0)]
    return {name: value for name, value in filled.items() if name in named}


@keras_layer("Lambda", weights=("*",), options=_STORED, masking=_mask)
def lambda_layer(
    b: Builder, layer: Layer, inputs: Any, mask: Any = None, training: bool | None = None, weights: Sequence[Value] = ()
) -> Any:
    """The function of inputs. weights: variables that it makes, which TensorFlow 1.15 kept."""
    function, arguments = layer.function, _arguments(layer)
    if isinstance(function, StoredLambda):
        extra = _filled_in(function, mask, training)
        masked = any(isinstance(leaf, Value) for leaf in flatten(mask))
        return _lifted(b, layer, function, function.function, [inputs], {**arguments, **extra}, masked, variables=weights)
    rule = keras_op.get("".join(part.capitalize() for part in function.removeprefix(_OPS).split("_")))
    if layer.config.get("mask"):
        raise UnsupportedAttribute(f"a Lambda of {function!r} with mask={layer.config.get('mask')!r}")
    if not function.startswith(_OPS) and not arguments and isinstance(inputs, Value):
        return activate(b, inputs, function)
    if rule is None or not set(arguments) <= rule.options or not function.startswith(_OPS):
        raise UnsupportedAttribute(f"a Lambda of {function!r} with arguments={arguments!r}")
    return rule.function(b, Layer(rule.name, layer.name, dict(arguments), domain="keras.ops", path=layer.path, policy=layer.policy), inputs)


def _lifted(
    b: Builder, layer: Layer, held: StoredLambda, function: StoredFunction, args: list[Any], kwargs: dict[str, Any],
    masked: bool = False, optional: bool = False, variables: Sequence[Value] = (),
) -> Any:  # fmt: skip
    saved = held.producer
    known = saved is not None and len(saved.release) > 1
    era = None
    if saved is not None and known:
        era = Era(saved.release[:3], saved.library == "tf.keras", held.upgrade, saved.backend, held.layout)
    try:
        return lift_stored(b, function, held.given, args, kwargs, era, masked, optional, variables)
    except LoadstoneError as error:
        raise refusal(layer, function, error.message) from error


def _arguments(layer: Layer) -> dict[str, Any]:
    """Further arguments of the function."""
    return {name: _array(value) for name, value in (layer.config.get("arguments") or {}).items()}


def _array(value: Any) -> Any:
    """An argument; an array is {"type": "ndarray", "value": lists} up to Keras 2, {"class_name": "__numpy__", "config": ...} in Keras 3."""
    if isinstance(value, dict) and value.get("type") == "ndarray":
        return np.asarray(value["value"])
    if isinstance(value, dict) and value.get("class_name") == "__numpy__":
        return np.asarray(value["config"]["value"], dtypes.to_numpy(value["config"]["dtype"]))
    return value
