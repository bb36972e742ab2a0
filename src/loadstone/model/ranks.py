"""Graphs of which the file does not tell how many axes an input has: a program for each number that a caller gives.

TensorFlow 1 left the shape of a placeholder out of the graph where it did not know it, and older releases always.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loadstone.ir import Model as Description
from loadstone.ir import Spec
from loadstone.ir.program import Program
from loadstone.lowering.tensorflow.lower import inputs_of, lower_graph, named_outputs, structure_of
from loadstone.runtime.executor import Executor
from loadstone.runtime.process import Store
from loadstone.runtime.sharding import Progress


class RankedExecutor:
    """An `Executor` whose program is made when the numbers of axes are known."""

    def __init__(self, description: Description, engine: str, threads: int | None, store: Store | None = None) -> None:
        assert description.graph is not None
        self._description, self._engine, self._threads, self._store = description, engine, threads, store or Store()
        self._by_ranks: dict[tuple[int, ...], Executor] = {}
        graph = description.graph
        outputs = tuple(Spec(name, None, "?") for name in named_outputs(graph))
        self.program = Program([], tuple(inputs_of(graph)), (), outputs, (), structure_of(graph))

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Outputs of one batch."""
        return self._of(inputs).run(inputs)

    def predict(self, inputs: Sequence[np.ndarray], batch_size: int = 32, progress: Progress | None = None) -> list[np.ndarray]:
        """Outputs of all rows."""
        return self._of(inputs).predict(inputs, batch_size, progress)

    def reset_states(self) -> None:
        """Give every state its initial value again."""
        for executor in self._by_ranks.values():
            executor.reset_states()

    def close(self) -> None:
        """Free the engine's memory."""
        for executor in self._by_ranks.values():
            executor.close()

    def _of(self, inputs: Sequence[np.ndarray]) -> Executor:
        ranks = tuple(array.ndim for array in inputs)
        if ranks not in self._by_ranks:
            shapes = {spec.name: (None,) * rank for spec, rank in zip(self.program.inputs, ranks, strict=True) if spec.shape is None}
            self._by_ranks[ranks] = Executor(lower_graph(self._description, shapes), self._engine, self._threads, self._store)
        return self._by_ranks[ranks]


def open_graph(description: Description, engine: str, threads: int | None, store: Store | None = None) -> Executor | RankedExecutor:
    """What runs the graph of a description. store holds the state where several graphs share it."""
    assert description.graph is not None
    if any(spec.shape is None for spec in inputs_of(description.graph)):
        return RankedExecutor(description, engine, threads, store)
    return Executor(lower_graph(description), engine, threads, store)
