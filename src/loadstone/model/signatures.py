"""The signatures of a SavedModel as functions by name: `model.signatures["serving_default"](x=array)` gives a dict of arrays.

Each is compiled when it is first asked for. What a signature assigns to a variable, the others see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir import Model as Description
from loadstone.ir import Spec
from loadstone.model.choice import choose
from loadstone.model.inputs import GraphInputs
from loadstone.model.knowing import open_graph
from loadstone.runtime.process import Store


class Signature:
    """One signature: call it with an array for each of its inputs, by their names."""

    def __init__(self, name: str, description: Description, engine: str, threads: int | None, store: Store) -> None:
        assert description.graph is not None
        self.name = name
        self._executor = open_graph(description, engine, threads, store)
        program = self._executor.program
        self.inputs: list[Spec] = list(program.inputs)
        self.outputs: list[Spec] = list(program.outputs)
        self._inputs = GraphInputs.of(description.graph, program.inputs)

    def __call__(self, *args: Any, **inputs: Any) -> dict[str, np.ndarray]:
        """Outputs by name. The one input of a signature needs no name, as in TensorFlow. Raises InputMismatch."""
        needed = [spec.name for spec in self.inputs if not spec.optional]
        if len(args) > 1 or args and (len(needed) != 1 or needed[0] in inputs):
            raise InputMismatch(f"signature {self.name!r} takes its inputs by name: {[s.name for s in self.inputs]}")
        inputs |= dict(zip(needed, args, strict=False))
        unknown = sorted(set(inputs) - {spec.name for spec in self.inputs})
        if unknown:
            raise InputMismatch(
                f"signature {self.name!r} has no input {', '.join(unknown)}; its inputs are {[s.name for s in self.inputs]}"
            )
        results = self._executor.run(self._inputs.one_batch(inputs))
        return dict(zip((spec.name for spec in self.outputs), results, strict=True))

    def __repr__(self) -> str:
        taken, given = (", ".join(f"{s.name} {s.shape}" for s in specs) for specs in (self.inputs, self.outputs))
        return f"<Signature {self.name!r}: {taken} -> {given}>"


class Signatures(Mapping[str, Signature]):
    """The signatures of a file by name."""

    def __init__(self, description: Description, engine: str, threads: int | None, store: Store) -> None:
        self._description, self._how, self._store = description, (engine, threads), store
        self._made: dict[str, Signature] = {}

    def __getitem__(self, name: str) -> Signature:
        if name not in self._names():
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = Signature(name, choose(self._description, signature=name), *self._how, self._store)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> Mapping[str, object]:
        module = self._description.module
        return module.signatures if module is not None else {}
