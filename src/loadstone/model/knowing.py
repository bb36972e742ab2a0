"""Graphs that have to know more of their inputs than the file tells: a program for each kind of input that a caller gives.

TensorFlow 1 left the shape of a placeholder out of the graph where it did not know it, and older releases always; then there is a
program for each number of axes. Where a graph cannot be lowered for lengths that are free, there is one for each shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from math import prod
from threading import RLock

import numpy as np

from loadstone.errors import LoadstoneError, ModelError, UnsupportedAttribute
from loadstone.ir import Model as Description
from loadstone.ir import Spec, dtypes
from loadstone.ir.program import Program
from loadstone.lowering.tensorflow.lower import inputs_of, lower_graph, named_outputs, structure_of
from loadstone.runtime.executor import Executor, rows_of
from loadstone.runtime.process import Store
from loadstone.runtime.sharding import Progress

MOST = 16  # programs that are kept
SMALL = 64  # elements of an input whose values are looked at
_PROBED = 2  # the length in place of a free one, to see whether a graph can be lowered at all


class Known(IntEnum):
    """What a program has to know of its inputs: each of them more than the one before."""

    RANKS = 0  # how many axes
    SHAPES = 1  # how long each is
    VALUES = 2  # what is in small ones of integers, on which shapes depend


class KnowingExecutor:
    """An `Executor` whose program is made when as much is known of the inputs as it needs."""

    def __init__(self, description: Description, engine: str, threads: int | None, store: Store, known: Known) -> None:
        assert description.graph is not None
        self._description, self._engine, self._threads, self._store, self._known = description, engine, threads, store, known
        self._made: dict[tuple[object, ...], Executor] = {}
        self._lock = RLock()
        graph = description.graph
        outputs = tuple(Spec(name, None, "?") for name in named_outputs(graph))
        self.program = Program([], tuple(inputs_of(graph)), (), outputs, (), structure_of(graph))

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Outputs of one batch."""
        return self._of(inputs).run(inputs)

    def predict(self, inputs: Sequence[np.ndarray], batch_size: int = 32, progress: Progress | None = None) -> list[np.ndarray]:
        """Outputs of all rows; those of each batch, where a program is for one shape."""
        first = self._of(rows_of(inputs, 0, batch_size))
        if self._known is Known.RANKS:
            return first.predict(inputs, batch_size, progress)
        rows = next(len(array) for array in inputs if array.ndim)
        parts = []
        for start in range(0, rows, batch_size) or [0]:
            parts.append(self.run(rows_of(inputs, start, start + batch_size)))
            if progress is not None:
                progress(min(start + batch_size, rows), rows)
        return parts[0] if len(parts) == 1 else [np.concatenate(column) for column in zip(*parts, strict=True)]

    def reset_states(self) -> None:
        """Give every state its initial value again."""
        for executor in self._made.values():
            executor.reset_states()

    def close(self) -> None:
        """Free the engine's memory."""
        for executor in self._made.values():
            executor.close()

    def _of(self, inputs: Sequence[np.ndarray]) -> Executor:
        """The program for inputs like these; one that knows more of them, where this much is not enough."""
        while True:
            try:
                return self._for(inputs)
            except UnsupportedAttribute:
                if self._known is Known.VALUES:
                    raise
                self._known = Known(self._known + 1)

    def _for(self, inputs: Sequence[np.ndarray]) -> Executor:
        specs = self.program.inputs
        shapes = [array.shape if self._known else (None,) * array.ndim for array in inputs]
        values = {s.name: array for s, array in zip(specs, inputs, strict=True) if self._known is Known.VALUES and _is_small(s, array.size)}
        key = (*shapes, *(array.tobytes() for array in values.values()))
        with self._lock:
            if key not in self._made:
                told = {s.name: shape for s, shape in zip(specs, shapes, strict=True) if self._known or s.shape is None}
                while len(self._made) >= MOST:
                    self._made.pop(next(iter(self._made)))
                self._made[key] = Executor(lower_graph(self._description, told, values), self._engine, self._threads, self._store)
            return self._made[key]


def _is_small(spec: Spec, size: int) -> bool:
    return dtypes.is_integer(spec.dtype) and size <= SMALL


def open_graph(description: Description, engine: str, threads: int | None, store: Store | None = None) -> Executor | KnowingExecutor:
    """What runs the graph of a description. store holds the state where several graphs share it.

    Raises what `lower_graph` raises for it, if it could not be lowered for inputs of which everything is known either.
    """
    assert description.graph is not None
    specs = inputs_of(description.graph)
    store = store or Store()
    if any(spec.shape is None for spec in specs):
        return KnowingExecutor(description, engine, threads, store, Known.RANKS)
    try:
        program = lower_graph(description)
    except UnsupportedAttribute:
        known = _enough(description, specs)
        if known is None:
            raise
        return KnowingExecutor(description, engine, threads, store, known)
    return Executor(program, engine, threads, store)


def _enough(description: Description, specs: list[Spec]) -> Known | None:
    """What must be known of the inputs for the graph to be lowered, as far as inputs that were made up can tell; None if all is not enough."""
    shapes = {spec.name: tuple(_PROBED if d is None else d for d in spec.shape or ()) for spec in specs}
    values = {
        spec.name: np.ones(shapes[spec.name], dtypes.to_numpy(spec.dtype)) for spec in specs if _is_small(spec, prod(shapes[spec.name]))
    }
    for known, given in ((Known.SHAPES, {}), (Known.VALUES, values)):
        try:
            lower_graph(description, shapes, given)
        except ModelError:  # what was made up may not fit together
            return known
        except LoadstoneError:
            continue
        return known
    return None
