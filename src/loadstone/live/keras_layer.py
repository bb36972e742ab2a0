"""A user's Keras layer as a host call, whichever Keras its class belongs to and whichever wrote the file.

As `load_model` of that Keras does it (keras/src/saving/serialization_lib.py and saving_lib.py): `from_config` in the scope of
the custom objects, `build_from_config` with what the file says, a symbolic call that builds the rest, then the weights. Calls
follow `Layer.__call__`: masks go to the arguments that take them, and what leaves has the mask of `compute_mask`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any

import numpy as np

from loadstone.custom import Given
from loadstone.custom.classes import KERAS
from loadstone.custom.frameworks import FRAMEWORKS, frameworks
from loadstone.custom.hosting import Call, Hosted, Returned, Tensor, guarded, hosted
from loadstone.custom.probing import probe, zeros
from loadstone.custom.weights import weights_of
from loadstone.errors import InferenceError, ModelError
from loadstone.ir import Layer, Structure, flatten, map_structure
from loadstone.live import keras_weights
from loadstone.live.library import Library

_UNSAID = ("batch_input_shape", "batch_shape", "input_shape")  # keys of some release that others refuse


class KerasLayer:
    """One layer of the file with the Keras layer that runs it; built and filled when it is first called."""

    def __init__(self, library: Library, layer: Layer, objects: Mapping[str, Any]) -> None:
        self.layer = layer
        given: Given = layer.given
        self.name = f"layer {layer.name!r} ({given.name}, {library.title})"
        self._library = library
        self._where = layer.path or layer.name
        self._objects = objects
        self._live = self._at_load(self._made, given.object)
        self._filled = False
        self._lock = RLock()

    def prepare(self, call: Call) -> Hosted:
        """The call made ready. Raises ModelError where the class does not fit the layer."""
        expected = self._traced(call)
        if not self._filled:
            keras_weights.assign(self._live, weights_of(self.layer), self.name, self._where)
            self._filled = True
        run = self._runner(call)
        return hosted(self.name, call, probe(self.name, call, run) if expected is None else expected, run)

    def _at_load(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return guarded(self.name, self._where, function, *arguments)
        except InferenceError as error:
            raise ModelError(error.message, where=error.where) from error.__cause__

    # -- making and building ---------------------------------------------------------------------------------------

    def _made(self, given: Any) -> Any:
        config = {key: _neutral(key, value) for key, value in self.layer.config.items() if key not in _UNSAID}
        if "dtype" in config:
            config["dtype"] = self.layer.policy.name
        with self._library.scope(self._objects):
            live = given.from_config(config) if hasattr(given, "from_config") else given(**config)
            if not getattr(live, "built", True):
                self._build(live)
        return live

    def _build(self, live: Any) -> None:
        config = _tuples(self.layer.build_config)
        if self._library.builds_itself(live) and any(value is not None for value in config.values()):
            live.build_from_config(config)
            live.built = True

    def _traced(self, call: Call) -> Structure | None:
        """What the call returns, by calling the layer on symbolic tensors, which builds it; None where it refuses those."""
        try:
            outputs = self._symbolic(call)
        except Exception as error:  # noqa: BLE001  # user code that computes at once is not wrong: it is tried on zeros instead
            self._refuse_others(error)
            self._at_load(lambda: self._runner(call)(*zeros(call, 2, 8)))  # builds
            return None
        return _specs(outputs)

    def _refuse_others(self, error: Exception) -> None:
        """Raise ModelError where code that cannot be traced computes with another framework than its Keras does."""
        others = sorted(frameworks(type(self._live), (*KERAS, *FRAMEWORKS)) - {self._library.backend})
        if not self._library.backend or not others:
            return
        other = " and ".join(others)
        raise ModelError(
            f"{self.name} computes with {other}, and its Keras runs on {self._library.backend}: its call raised {type(error).__name__}",
            where=self._where,
            hint=f"set KERAS_BACKEND={others[0]} in the environment before keras is imported, or write the class with keras.ops",
        ) from error

    def _symbolic(self, call: Call) -> Structure:
        symbols: list[Any] = [None] * call.arrays
        for tensor in call.tensors():
            symbols[tensor.array] = self._library.symbol(tensor.shape, tensor.dtype, f"loadstone_{tensor.array}")
            if tensor.mask is not None:
                symbols[tensor.mask] = self._library.symbol(tensor.mask_shape, "bool", f"loadstone_{tensor.mask}")
                symbols[tensor.array]._keras_mask = symbols[tensor.mask]
        args, kwargs = call.fill(symbols)
        return self._live(*args, **{**kwargs, **self._options(call)})

    # -- calling ---------------------------------------------------------------------------------------------------

    def _options(self, call: Call) -> dict[str, Any]:
        return {"training": call.training} if self._takes("training") else {}

    def _runner(self, call: Call) -> Callable[..., Returned]:
        def run(*arrays: np.ndarray) -> Returned:
            with self._lock, self._library.inference():
                tensors = [self._library.to_tensor(array) for array in arrays]
                args, kwargs = call.fill(tensors)
                outputs = self._live(*args, **{**kwargs, **self._mask_arguments(call, tensors), **self._options(call)})
                masks = self._masks(call, tensors, outputs)
                numpy = self._library.to_numpy
                return Returned(map_structure(numpy, outputs), [None if mask is None else numpy(mask) for mask in masks])

        return run

    def _mask_arguments(self, call: Call, tensors: list[Any]) -> dict[str, Any]:
        """The masks that the call has parameters for: `mask` of the first argument, `value_mask` of `value`."""
        found: dict[str, Any] = {}
        mask = call.mask_argument(tensors)
        if mask is not None and self._takes("mask"):
            found["mask"] = mask
        names = [name for name in inspect.signature(self._live.call).parameters if name != "self"]
        for name, argument in {**dict(zip(names, call.args, strict=False)), **call.kwargs}.items():
            if f"{name}_mask" in names and isinstance(argument, Tensor) and argument.mask is not None:
                found[f"{name}_mask"] = tensors[argument.mask]
        return {name: value for name, value in found.items() if call.kwargs.get(name) is None}

    def _masks(self, call: Call, tensors: list[Any], outputs: Structure) -> list[Any]:
        """Masks of the outputs: those that the call put on them, else what `compute_mask` says."""
        values = flatten(outputs)
        if not self._library.passes_masks(self._live):
            return [None] * len(values)
        own = [getattr(value, "_keras_mask", None) for value in values]
        if any(mask is not None for mask in own):
            return own
        args, kwargs = call.fill(tensors)
        masks = self._live.compute_mask(args[0] if args else next(iter(kwargs.values())), call.previous_mask(tensors))
        found = flatten(masks) if isinstance(masks, (list, tuple, dict)) else [masks]
        return (found + [None] * len(values))[: len(values)]

    def _takes(self, name: str) -> bool:
        return name in inspect.signature(self._live.call).parameters


def _specs(outputs: Structure) -> Structure | None:
    """The structure of `Tensor`s of symbolic outputs; None where one has no shape."""
    values = flatten(outputs)
    masks = [getattr(value, "_keras_mask", None) for value in values]
    numbers = iter(range(len(values), 2 * len(values)))
    specs = []
    for i, (value, mask) in enumerate(zip(values, masks, strict=True)):
        if getattr(value, "shape", None) is None or getattr(value.shape, "rank", 0) is None:
            return None
        dtype = getattr(value.dtype, "name", None) or str(value.dtype)
        spec = Tensor(_shape(value), dtype, i)
        specs.append(spec if mask is None else Tensor(spec.shape, dtype, i, next(numbers), _shape(mask)))
    each = iter(specs)
    return map_structure(lambda _: next(each), outputs)


def _shape(value: Any) -> tuple[int | None, ...]:
    return tuple(None if d is None else int(d) for d in value.shape)


def _tuples(stored: Any) -> Any:
    """Shapes of a JSON text as the tuples that they were."""
    if isinstance(stored, dict):
        return {key: _tuples(value) for key, value in stored.items()}
    if isinstance(stored, list):
        inner = [_tuples(value) for value in stored]
        return tuple(inner) if all(isinstance(d, (int, type(None))) for d in inner) else inner
    return stored


def _neutral(key: str, value: Any) -> Any:
    """Initializers, regularizers and constraints, of whichever release or the user's own, as ones that every release has.

    Only training needs them: every weight comes from the file.
    """
    if isinstance(value, dict) and "class_name" in value:
        if key.endswith("initializer"):
            return "zeros"
        if key.endswith(("regularizer", "constraint")):
            return None
    return value
