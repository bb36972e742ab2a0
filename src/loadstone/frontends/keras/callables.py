"""Functions in configs: activations by name, and the functions of Lambda layers.

A function is stored by its name, as {"class_name": "function", "config": name} since tf.keras 2.13, or as Python bytecode,
which is never executed.
"""

from __future__ import annotations

from typing import Any

from loadstone.custom import CustomObjects, Given
from loadstone.errors import ModelError
from loadstone.frontends.keras import names
from loadstone.ir import Layer

_OF_TENSORFLOW = frozenset({"crelu", "hard_sigmoid_2", "sparsemax_3"})  # names that no function of `keras.activations` has


def read_activation(stored: Any, where: str, custom: CustomObjects, hides: bool) -> str | Given | None:
    """A name of `names.ACTIVATIONS`, what the caller supplied, or None.

    hides: a custom object under a built-in name wins over it. A config since Keras 3 writes built-in names as plain text and
    all others as a dict, so that a custom object can hide none of the former; in HDF5 files and before, it can.
    """
    if stored is None:
        return None
    written = isinstance(stored, dict) and stored.get("class_name") == "function" and isinstance(stored.get("config"), str)
    if not isinstance(stored, str) and not written:
        raise ModelError(f"{stored!r} is not an activation", where=where)
    name, module = (str(stored["config"]), stored.get("module")) if written else (stored, None)
    given = custom.get("activation function", name) if hides or written else None
    if given is None and custom.find("activation function", name) is None:
        if name.startswith("Addons>"):
            name = names.ADDONS_ACTIVATIONS.get(name.removeprefix("Addons>"), name)
        elif name == "gelu" and str(module).startswith("keras_transformer."):
            name = "gelu_tanh"
    if given is None and name in names.ACTIVATIONS:
        return str(name)
    registered = stored.get("registered_name") if written else None
    given = given or custom.find("activation function", None if registered == "function" else registered, name)
    if given is None:
        custom.miss("activation function", name, where, module=_shown(module))
        return None
    alias = given.object
    return alias if isinstance(alias, str) and alias in names.ACTIVATIONS else given


def stored_function(layer: Layer, custom: CustomObjects) -> Given | None:
    """What the caller supplied for a Lambda layer: under the layer's own name, or the name of its function.

    None without a word for a function of Keras 3, whose name is all that the rule needs: "relu" of `keras.activations`,
    "keras.ops.square".
    """
    where, stored = layer.path or layer.name, layer.config.get("function")
    given = custom.get("function", layer.name)
    if given is not None:
        return given
    name, module = stored, layer.config.get("module")
    if isinstance(stored, dict) and stored.get("class_name") == "function":
        name, module = stored.get("config"), stored.get("module")
        own = module in ("builtins", "keras.activations") and name in names.ACTIVATIONS - _OF_TENSORFLOW
        if isinstance(name, str) and (own or module == "keras.ops") and custom.find("function", name) is None:
            layer.config["function"] = name if own else f"keras.ops.{name}"
            return None
    if isinstance(name, str) and layer.config.get("function_type") != "lambda":
        given = custom.find("function", name)
        if given is None:
            custom.miss("function", name, where, module=_shown(module))
        return given
    custom.miss(
        "function", layer.name, where, note="a Lambda of Python bytecode, which is never executed: give a function under the layer's name"
    )
    return None


def _shown(module: Any) -> str | None:
    """A module that tells where a function was defined; none where it is Keras' or Python's."""
    return module if isinstance(module, str) and module != "builtins" else None
