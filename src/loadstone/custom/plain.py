"""Plain Python classes as layers: no framework, numpy arrays in and out.

    class GatedDense:
        weights = ("w", "g", "b")                    # attributes that the layer's arrays become, in the order of the file

        def __init__(self, units, scale=1.0, **config):   # the layer's config in the file
            self.scale = scale

        def call(self, inputs):
            return self.scale * (inputs @ self.w + self.b) / (1 + np.exp(-(inputs @ self.g)))

What such a class may have (all but `call` or `__call__` optional):

* `from_config(config)`, else `__init__` with the keys of the config that it takes; `**config` takes the rest. Keys that Keras
  itself gives to every layer (name, trainable, dtype) may be left out; any other that is not taken is an error.
* `build(input_shape)`: called before the weights are set, with the shape of the first argument (None where free), a list of
  shapes where that is a list.
* `weights`: names, or a dict name -> shape (None for any length), which is checked. They are matched with the names in the file
  where these are the same, else by position. Or `set_weights(list of arrays)`, which gets all, in file order; where it has a
  parameter `names`, that is the list of their names in the file.
* `call(...)` with the arguments that the model calls the layer with, as arrays in the layer's compute dtype; `mask` and
  `training` are passed where it has such parameters. It returns an array, or a list, tuple or dict of arrays.
* `compute_mask(inputs, mask)`, or `supports_masking`: True where the mask goes on behind the layer, False where it ends.

A class gives one instance for each layer of the file; an instance may be given instead, and is copied for each.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.custom.functions import accepts
from loadstone.custom.hosting import Call, Hosted, Returned, Tensor, guarded, hosted, to_array
from loadstone.custom.objects import Given
from loadstone.custom.probing import probe
from loadstone.custom.weights import weights_of
from loadstone.errors import InferenceError, ModelError
from loadstone.ir import Layer, Structure, dtypes, flatten, map_structure
from loadstone.ir import Tensor as Stored

OF_EVERY_LAYER = frozenset(
    "name trainable dtype batch_input_shape batch_shape input_shape activity_regularizer autocast dynamic sparse ragged".split()
)


class PlainLayer:
    """One layer of the file with the instance that runs it; made, built and filled when it is first called."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        given: Given = layer.given
        self.name = f"layer {layer.name!r} ({given.name})"
        self._where = layer.path or layer.name
        self._instance = self._made(given.object)
        self._filled = False

    def prepare(self, call: Call) -> Hosted:
        """The call made ready. Raises ModelError where the class does not fit the layer."""
        if not self._filled:
            self._build(call)
            self._fill()
            self._filled = True
        function: Callable[..., Any] = getattr(self._instance, "call", self._instance)
        options: dict[str, Any] = {"training": call.training} if accepts(function, "training") else {}
        masked = accepts(function, "mask")
        self._check_masking(call, masked)

        def run(*arrays: np.ndarray) -> Returned:
            args, kwargs = call.fill([self._cast(array) for array in arrays])
            mask = {"mask": call.mask_argument(arrays)} if masked else {}
            outputs = map_structure(to_array, function(*args, **{**options, **mask, **kwargs}))
            first = args[0] if args else next(iter(kwargs.values()), None)
            return Returned(outputs, self._masks(first, call.previous_mask(arrays), outputs))

        return hosted(self.name, call, probe(self.name, call, run), run)

    def _at_load(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """User code that runs while the model is loaded: what it raises says that the class does not fit."""
        try:
            return guarded(self.name, self._where, function, *arguments)
        except InferenceError as error:
            raise ModelError(error.message, where=error.where) from error.__cause__

    def _made(self, given: Any) -> Any:
        config = {key: value for key, value in self.layer.config.items() if key not in ("batch_input_shape", "batch_shape")}
        if not isinstance(given, type) and not hasattr(given, "func"):  # a partial is a class with arguments
            return self._at_load(copy.copy, given)
        if hasattr(given, "from_config"):
            return self._at_load(given.from_config, config)
        return self._at_load(lambda: given(**self._taken(given, config)))

    def _taken(self, made: Callable[..., Any], config: dict[str, Any]) -> dict[str, Any]:
        """The config without what every layer has and this class does not ask for."""
        parameters = inspect.signature(made).parameters.values()
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return config
        asked = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        refused = [key for key in config if key not in asked and key not in OF_EVERY_LAYER]
        if refused:
            raise ModelError(
                f"{self.name}: the class does not take {', '.join(refused)} of the layer's config",
                where=self._where,
                hint="give its __init__ these parameters, or **config for what it does not need",
            )
        return {key: value for key, value in config.items() if key in asked}

    def _build(self, call: Call) -> None:
        build = getattr(self._instance, "build", None)
        if callable(build):
            shapes = map_structure(lambda leaf: leaf.shape if isinstance(leaf, Tensor) else None, call.first)
            self._at_load(build, shapes)

    def _fill(self) -> None:
        stored = weights_of(self.layer)
        declared = getattr(self._instance, "weights", ())
        if callable(getattr(self._instance, "set_weights", None)):
            names = {"names": list(stored)} if accepts(self._instance.set_weights, "names") else {}
            self._at_load(lambda: self._instance.set_weights([tensor.numpy() for tensor in stored.values()], **names))
        elif isinstance(declared, (Sequence, Mapping)) and all(isinstance(name, str) for name in declared):
            shapes = dict(declared) if isinstance(declared, Mapping) else dict.fromkeys(declared)
            for name, tensor in self._matched(shapes, stored).items():
                setattr(self._instance, name, tensor.numpy())
        else:
            raise ModelError(f"{self.name}: `weights` of the class must be names, or a dict name -> shape", where=self._where)

    def _matched(self, shapes: dict[str, Any], stored: dict[str, Stored]) -> dict[str, Stored]:
        """The layer's tensors under the names that the class declares."""
        if len(shapes) != len(stored):
            have = ", ".join(f"{name} {tensor.shape}" for name, tensor in stored.items()) or "none"
            raise ModelError(
                f"{self.name}: the class declares {len(shapes)} weights ({', '.join(shapes) or 'none'}), the file has {len(stored)}: {have}",
                where=self._where,
                hint=f"declare them in the class: weights = {tuple(stored)!r}, or give it set_weights(self, weights)",
            )
        by_name = set(shapes) == set(stored)
        matched = {name: stored[name] if by_name else tensor for name, tensor in zip(shapes, stored.values(), strict=True)}
        for name, tensor in matched.items():
            if shapes[name] is not None and not _fits(tensor.shape, shapes[name]):
                raise ModelError(
                    f"{self.name}: weight {name} has shape {tensor.shape}, the class says {tuple(shapes[name])}", where=self._where
                )
        return matched

    def _check_masking(self, call: Call, masked: bool) -> None:
        """A mask that comes in must not be lost by oversight."""
        said = masked or hasattr(self._instance, "supports_masking") or hasattr(self._instance, "compute_mask")
        if not said and any(tensor.mask is not None for tensor in call.tensors()):
            raise ModelError(
                f"{self.name} is called with a mask, and the class does not say what becomes of it",
                where=call.where,
                hint="set supports_masking = True where the mask goes on behind the layer, False where it ends",
            )

    def _masks(self, first: Structure, mask: Structure, outputs: Structure) -> list[Any]:
        count = len(flatten(outputs))
        if callable(getattr(self._instance, "compute_mask", None)):
            mask = self._instance.compute_mask(first, mask)
        elif not getattr(self._instance, "supports_masking", False):
            mask = None
        return flatten(mask)[:count] if isinstance(mask, (list, tuple, dict)) else [mask] * (1 if count else 0)

    def _cast(self, array: np.ndarray) -> np.ndarray:
        dtype = dtypes.of_numpy(array.dtype)
        wanted = self.layer.policy.compute
        return array.astype(dtypes.to_numpy(wanted)) if dtypes.is_float(dtype) and dtypes.is_float(wanted) else array


def _fits(shape: tuple[int, ...], declared: Sequence[int | None]) -> bool:
    return len(shape) == len(declared) and all(want in (None, have) for want, have in zip(declared, shape, strict=True))
