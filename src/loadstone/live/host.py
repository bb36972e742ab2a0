"""The factory that lowering asks for layers that the caller supplied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from loadstone.custom import Given
from loadstone.custom.hosting import Call, Hosted
from loadstone.errors import ModelError
from loadstone.ir import Layer
from loadstone.ir.program import Program

Evaluate = Callable[[Program, Sequence[np.ndarray]], list[np.ndarray]]


class _Prepares(Protocol):
    def prepare(self, call: Call) -> Hosted: ...


class Hosts:
    """Makes calls of given layers ready, one Python object for each layer of the model.

    objects: all custom objects by name. evaluate runs a program, so that what a function computes can be compared with it.
    """

    def __init__(self, objects: Mapping[str, Any] | None = None, evaluate: Evaluate | None = None) -> None:
        self._objects = dict(objects or {})
        self.evaluate = evaluate
        self._made: dict[int, tuple[Layer, _Prepares]] = {}

    @property
    def objects(self) -> Mapping[str, Any]:
        """All custom objects by name."""
        return self._objects

    def __call__(self, layer: Layer, call: Call) -> Hosted:
        """The call of a layer, ready to run. Raises ModelError where what was given does not fit the layer."""
        if id(layer) not in self._made:
            made = self._make(layer, call)
            if isinstance(made, Hosted):
                return made
            self._made[id(layer)] = (layer, made)
        return self._made[id(layer)][1].prepare(call)

    def _make(self, layer: Layer, call: Call) -> Hosted | _Prepares:
        from loadstone.custom.classes import of_private_keras
        from loadstone.custom.functions import function_layer
        from loadstone.custom.plain import PlainLayer
        from loadstone.live.keras_layer import KerasLayer
        from loadstone.live.library import library_of

        given: Given = layer.given
        library = library_of(given.object)
        if library is not None:
            return KerasLayer(library, layer, self._objects)
        if of_private_keras(given.object):
            raise ModelError(
                f"{given.name!r} inherits from tensorflow.python.keras, which is private to TensorFlow and hosts nothing",
                where=call.where,
                hint="import Layer from tensorflow.keras.layers",
            )
        supplied = getattr(given.object, "func", given.object)  # of a partial
        if isinstance(supplied, type) or hasattr(supplied, "call"):
            return PlainLayer(layer)
        if callable(supplied):
            return function_layer(layer, call)
        raise ModelError(f"{given.name!r} was given as a {type(supplied).__name__}, which is no layer", where=call.where)
