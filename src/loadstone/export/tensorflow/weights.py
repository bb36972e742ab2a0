"""Which constants become variables, and what they are called.

A tensor that is a weight of a layer, as it lies in the file or after rules turned it back, is a variable under the name that Keras gives
it ("dense/kernel"). Other tensors that are computed of weights are variables where they are large; what rules made up is a constant.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from loadstone.ir import Model, Tensor

SMALL = 1 << 10  # bytes up to which what is computed of weights is a constant in the graph,
SMALL_MADE = 1 << 16  # and what rules made up

Key = tuple[tuple[int, ...], str]


class Weights:
    """The weights of a model's layers by name, found again by their values."""

    def __init__(self, model: Model) -> None:
        self._by_shape: dict[Key, list[tuple[str, Tensor]]] = {}
        self._names: dict[int, str] = {}
        self._digests: dict[int, bytes] = {}
        self._trainable: set[str] = set()
        self._chosen: dict[int, str] = {}
        self._kept: list[Tensor] = []
        for layer in [] if model.root is None else model.root.walk():
            for label, tensor in layer.weights.items():
                name = f"{layer.path or layer.name}/{label}"
                self._by_shape.setdefault((tensor.shape, tensor.dtype), []).append((name, tensor))
                self._names.setdefault(id(tensor), name)
                if layer.trainable and label not in layer.non_trainable and not label.startswith("moving_"):
                    self._trainable.add(name)

    def variable_for(self, tensor: Tensor, origin: str, label: str) -> str | None:
        """The name of the variable that a tensor is to be; None where it is a constant of the graph."""
        if id(tensor) not in self._chosen:
            name = self._name(tensor, origin, label)
            if name is None:
                return None
            self._chosen[id(tensor)] = name
            self._kept.append(tensor)
        return self._chosen[id(tensor)]

    def _name(self, tensor: Tensor, origin: str, label: str) -> str | None:
        if tensor.dtype == "string":
            return None
        if id(tensor) in self._names:
            return self._names[id(tensor)]
        if tensor.known:
            return f"{origin}/{label or 'constant'}" if tensor.nbytes > SMALL_MADE else None
        return self._alike(tensor, origin) or (f"{origin}/{label or 'constant'}" if tensor.nbytes > SMALL else None)

    def _alike(self, tensor: Tensor, origin: str) -> str | None:
        """The weight that has the same values; of several the one of this layer."""
        candidates = self._by_shape.get((tensor.shape, tensor.dtype), [])
        if not candidates:
            return None
        digest = sha256(tensor.numpy().tobytes()).digest()
        same = [name for name, other in candidates if self._digest(other) == digest]
        own = [name for name in same if name.startswith(f"{origin}/")]
        return next(iter([*own, *same]), None)

    def _digest(self, tensor: Tensor) -> bytes:
        if id(tensor) not in self._digests:
            self._digests[id(tensor)] = sha256(tensor.numpy().tobytes()).digest()
        return self._digests[id(tensor)]

    def trainable(self, names: Iterable[str]) -> frozenset[Any]:
        """Those of these variables that training changes."""
        return frozenset(self._trainable.intersection(names))
