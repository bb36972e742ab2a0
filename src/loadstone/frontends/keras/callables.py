"""Functions in configs: activations by name, and the functions of Lambda layers.

A function is stored by its name, as {"class_name": "function", "config": name} since tf.keras 2.13, or as Python bytecode,
which is never executed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadstone.custom import CustomObjects, Given
from loadstone.errors import FormatError, ModelError
from loadstone.frontends.keras import names
from loadstone.frontends.keras.history import upgrade_layer
from loadstone.ir import Layer, Producer

if TYPE_CHECKING:
    from loadstone.custom.lambdas import StoredLambda

# where TensorFlow has functions of numbers: its API, and the modules that define them
_TENSORFLOW = frozenset({"tensorflow", "tensorflow.math", "tensorflow.nn", "tf", "tf.math", "tf.nn"})
_TENSORFLOW_OPS = tuple(
    f"tensorflow.python.ops.{name}" for name in "array_ops clip_ops gen_array_ops gen_math_ops gen_nn_ops math_ops nn_impl nn_ops".split()
)
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
    if given is None and custom.find("activation function", name, elsewhere=False) is None:
        if name.startswith("Addons>"):
            name = names.ADDONS_ACTIVATIONS.get(name.removeprefix("Addons>"), name)
        elif name == "gelu" and str(module).startswith("keras_transformer."):
            name = "gelu_tanh"
    if given is None and name in names.ACTIVATIONS:
        return str(name)
    registered = stored.get("registered_name") if written else None
    place = module if isinstance(module, str) else None
    given = given or custom.find("activation function", None if registered == "function" else registered, name, module=place)
    if given is None and place is not None and (known := _of_known_module(place, name)) is not None:
        return known
    if given is None:
        custom.miss("activation function", name, where, module=_shown(module))
        return None
    alias = given.object
    return alias if isinstance(alias, str) and alias in names.ACTIVATIONS else given


def _of_known_module(module: str, name: str) -> str | None:
    """A function of `keras.ops` ("keras.ops.square") or TensorFlow ("tf.sin"), which the file itself says it is; None for any other.

    It is looked up in the tables of lowering; nothing is imported.
    """
    if not name.isidentifier() or not name.isascii():
        return None
    if module == "keras.ops" or module.startswith(("keras.ops.", "keras.src.ops.")):
        operation = "".join(part.capitalize() for part in name.split("_"))
        return f"keras.ops.{name}" if operation in names.OPERATIONS else None
    return f"tf.{name}" if module in _TENSORFLOW or module.startswith(_TENSORFLOW_OPS) else None


def stored_function(layer: Layer, custom: CustomObjects, producer: Producer, layout: str | None = "channels_last") -> Given | None:
    """What the caller supplied for a Lambda layer: under the layer's own name, or the name of its function.

    layout: where `keras.backend` had the channels of images; None where nobody knows.

    None where the file says all: then `layer.function` is the name of a function of Keras 3 ("relu" of `keras.activations`,
    "keras.ops.square"), or a StoredLambda with the function's code.
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
            layer.function = name if own else f"keras.ops.{name}"
            return None
    if isinstance(name, str) and layer.config.get("function_type") != "lambda":
        given = custom.find("function", name)
        if given is None:
            custom.miss("function", name, where, module=_shown(module))
        return given
    layer.function = _stored_lambda(layer, custom, producer, layout)
    return None


def _stored_lambda(layer: Layer, custom: CustomObjects, producer: Producer, layout: str | None) -> StoredLambda | None:
    """The code of a Lambda's functions. What it uses and nobody knows is missing, unless the caller gave it under its name."""
    from loadstone.custom import bytecode
    from loadstone.custom.lambdas import StoredLambda, shown, unknown_names

    where, mask = layer.path or layer.name, layer.config.get("mask")
    if isinstance(mask, dict) and mask.get("class_name") == "function" and isinstance(mask.get("config"), str):
        custom.miss(
            "function", layer.name, where, note=f"of the function that makes its mask the file keeps the name alone, {mask['config']!r}"
        )
        return None
    try:
        function = bytecode.stored_function(layer.config.get("function"))
        of_mask = None if mask is None else bytecode.stored_function(mask)
    except FormatError as error:
        custom.miss("function", layer.name, where, note=f"its code cannot be read: {error.message}. Give a function under the layer's name")
        return None
    codes = [function.code] if of_mask is None else [function.code, of_mask.code]
    found = {name: custom.get("function", name) for code in codes for name in unknown_names(code)}
    lacking = [name for name, given in found.items() if given is None]
    if lacking:
        used = " and ".join(map(repr, lacking))
        note = f"its code uses {used}, defined outside of it: give them, or a function under the layer's name. It is\n{shown(function)}"
        custom.miss("function", layer.name, where, note=note)
    supplied = {name: given.object for name, given in found.items() if given is not None}
    return StoredLambda(function, of_mask, supplied, producer, lambda name, config: upgrade_layer(name, config, producer), layout)


def _shown(module: Any) -> str | None:
    """A module that tells where a function was defined; none where it is Keras' or Python's."""
    return module if isinstance(module, str) and module != "builtins" else None
