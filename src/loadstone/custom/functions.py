"""Functions that the caller supplied: an activation, what a Lambda layer holds, or the replacement of a layer.

A function gets numpy arrays, or tensors of the framework that its own code uses (TensorFlow, Keras or torch, found by the
names that it mentions); it may return either. Nothing is imported for it: what its code uses is there already.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from loadstone.custom.frameworks import packages
from loadstone.custom.hosting import Arrays, Call, Hosted, Returned, Tensor, hosted, to_array
from loadstone.custom.objects import Given
from loadstone.custom.probing import probe
from loadstone.errors import ModelError
from loadstone.ir import Layer, map_structure

# (package that the code mentions, module, its function that makes a tensor of an array), in the order in which they are tried
_CONVERT = (
    ("tensorflow", "tensorflow", "convert_to_tensor"),
    ("tf_keras", "tensorflow", "convert_to_tensor"),
    ("keras", "keras.ops", "convert_to_tensor"),
    ("keras", "tensorflow", "convert_to_tensor"),  # Keras 2 has no ops
    ("torch", "torch", "tensor"),
)


def activation_call(given: Given, where: str, shape: tuple[int | None, ...], dtype: str) -> Callable[[np.ndarray], Arrays]:
    """An activation as a host call: one array in, one of the same shape and dtype out."""
    name = f"activation function {given.name!r}"
    function = array_function(given)
    x = Tensor(shape, dtype, 0)
    call = Call((x,), {}, False, 1, where)
    return hosted(name, call, x, lambda array: Returned(function(array))).function


def function_layer(layer: Layer, call: Call) -> Hosted:
    """A function in the place of a layer, or the function of a Lambda layer with its stored `arguments`."""
    given: Given = layer.given
    name = f"function {given.name!r} for layer {layer.name!r}"
    if layer.weights:
        raise ModelError(f"{name} cannot take the layer's weights: {', '.join(layer.weights)}", where=call.where, hint="give a class")
    is_lambda = layer.class_name == "Lambda"
    masked = accepts(given.object, "mask")
    if not is_lambda and call.masks([None] * call.arrays) is not None and not masked:
        raise ModelError(
            f"{name} is called with a mask and has no argument for it", where=call.where, hint="give a class that says supports_masking"
        )
    if is_lambda and layer.config.get("mask") is not None:
        raise ModelError(f"{name} stands for a Lambda that stores a function for its mask as well", where=call.where, hint="give a class")
    extra = dict(layer.config.get("arguments") or {}) if is_lambda else {}
    extra |= {"training": call.training} if accepts(given.object, "training") else {}
    function = array_function(given)

    def run(*arrays: np.ndarray) -> Returned:
        args, kwargs = call.fill(arrays)
        kwargs = {**extra, **({"mask": call.mask_argument(arrays)} if masked else {}), **kwargs}
        return Returned(function(*args, **kwargs))

    ready = hosted(name, call, probe(name, call, run), run)
    return ready if masked else replace(ready, plain=(given.object, extra))


def array_function(given: Given) -> Callable[..., Any]:
    """A function over arrays, each converted to a tensor of the framework that the function's code uses."""
    function = given.object
    if not callable(function):
        raise ModelError(f"{given.name!r} was given as a {type(function).__name__}, which cannot be called")
    convert = _converter(function)

    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = map_structure(lambda leaf: convert(leaf) if isinstance(leaf, np.ndarray) else leaf, (args, kwargs))
        return map_structure(to_array, function(*args, **kwargs))

    return call


def accepts(function: Callable[..., Any], name: str) -> bool:
    """True where a function has a parameter of this name."""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # builtins and extension functions do not say
        return False


def _converter(function: Callable[..., Any]) -> Callable[[np.ndarray], Any]:
    """What makes a tensor of an array for this function; arrays stay arrays where it uses no framework."""
    used = packages(inspect.unwrap(function))
    for package, module, name in _CONVERT:
        convert = getattr(sys.modules.get(module), name, None) if package in used else None
        if callable(convert):
            return convert  # type: ignore[no-any-return]
    return lambda array: array
