"""Runs a program: its steps in order over named arrays, alone, in micro-batches or with state.

The interface that `Model` calls:

* `Executor(program, engine="onnxruntime", threads=None)` compiles at once, so that everything an engine refuses is known
  when a model is loaded. threads None: what the process may use (`runtime.threads`).
* `executor.run(arrays)` is one batch: arrays in the order of `program.inputs`, each already of its spec's dtype (strings as
  object arrays of bytes, bfloat16 as ml_dtypes), any strides; gives arrays in the order of `program.outputs`, likewise.
* `executor.predict(arrays, batch_size, progress)` is many rows: axis 0 of every input is the samples. A program that is
  proven to keep samples apart (`executor.splits`) is cut where that is fastest; any other gets exactly the batches of
  `batch_size` rows, the last one shorter, in order. progress(rows done, rows) is called in the calling thread.
* `executor.reset_states()`, `executor.close()` (later calls are an `InferenceError`).

All of it may be called by any number of threads at once, and in a child process forked at any time. Same input, same bits: what
is computed together depends on the program and on `batch_size` alone, and what runs on several threads at once was proven not to mind.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from loadstone.errors import InferenceError, InputMismatch
from loadstone.ir.program import Program
from loadstone.runtime.engine import open_engine
from loadstone.runtime.process import Process, Store, segments
from loadstone.runtime.sharding import Progress
from loadstone.runtime.threads import default_threads

_ABORTING = frozenset({"LSTM", "GRU"})  # ops whose kernels end the process when they are given no rows


class Executor:
    """A compiled program."""

    def __init__(self, program: Program, engine: str = "onnxruntime", threads: int | None = None, store: Store | None = None) -> None:
        """store holds the state where several programs share it."""
        if threads is not None and threads < 1:
            raise ValueError(f"threads is {threads}; it must be 1 or more")
        self.program = program
        self.threads = default_threads() if threads is None else threads
        self._engine = open_engine(engine)
        self._processes: dict[int, Process] | None = {os.getpid(): Process(program, self._engine, self.threads, store or Store())}

    @property
    def splits(self) -> bool:
        """True where the rows of a batch may be computed apart, whatever `batch_size` says."""
        return self.program.sharding is not None

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Outputs of one batch."""
        process, sharding = self._process(), self.program.sharding
        rows = _rows(inputs)
        if rows == 0:
            return self._empty(process, inputs)
        if sharding is None or rows is None or rows <= sharding.rows:
            return process.run(inputs)
        return process.run_cut(inputs, sharding.rows)

    def predict(self, inputs: Sequence[np.ndarray], batch_size: int = 32, progress: Progress | None = None) -> list[np.ndarray]:
        """Outputs of all rows: each has them on axis 0. An input that is a single number goes with every batch."""
        rows = _rows(inputs)
        if rows is None:
            raise InputMismatch(
                f"the inputs have {', '.join(str(a.shape[0] if a.ndim else 'no') for a in inputs)} rows; all need the same number"
            )
        process, sharding = self._process(), self.program.sharding
        if rows == 0:
            return self._empty(process, inputs)
        if sharding is not None:
            return process.run_cut(inputs, sharding.rows, progress)
        parts = []
        with process.serial:
            for start in range(0, rows, batch_size):
                parts.append(process.run(rows_of(inputs, start, start + batch_size)))
                if progress is not None:
                    progress(min(start + batch_size, rows), rows)
        return parts[0] if len(parts) == 1 else [self._joined(k, list(column)) for k, column in enumerate(zip(*parts, strict=True))]

    def reset_states(self) -> None:
        """Give every state its initial value again."""
        self._process().reset_states()

    def close(self) -> None:
        """Free the engine's memory; calls that are running end as they would."""
        processes, self._processes = self._processes, None
        own = (processes or {}).get(os.getpid())
        if own is not None:
            own.streams.close()

    def _process(self) -> Process:
        """What belongs to this process; made anew in a forked child."""
        processes, pid = self._processes, os.getpid()
        if processes is None:
            raise InferenceError("the model is closed", hint="load it again")
        own = processes.get(pid)
        if own is None:  # two threads may both make one: the first to enter it here wins
            own = processes.setdefault(pid, next(reversed(processes.values())).child())
        return own

    def _empty(self, process: Process, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Outputs of no rows at all.

        Where samples are kept apart their shapes are those of one row of zeros. Elsewhere the engine decides, if it can.
        """
        if self.program.sharding is not None:
            one = [np.zeros((1, *a.shape[1:]), a.dtype) if a.dtype != object else np.full((1, *a.shape[1:]), b"", object) for a in inputs]
            return [array[:0] for array in process.run(one)]
        if any(segment.kinds & _ABORTING for segment in segments(self.program.steps)):
            raise InferenceError("an empty batch, and this model's LSTM or GRU layers need at least one row")
        return process.run(inputs)

    def _joined(self, index: int, parts: list[np.ndarray]) -> np.ndarray:
        """The batches of one output in one array, along axis 0."""
        shapes = {part.shape[1:] for part in parts}
        if len(shapes) > 1 or parts[0].ndim == 0:
            spec = self.program.outputs[index]
            shown = ", ".join(str(shape) for shape in dict.fromkeys(part.shape for part in parts))
            raise InferenceError(
                f"the batches of output {spec.name!r} have shapes {shown}, which do not join along axis 0",
                hint="predict_on_batch gives each batch by itself",
            )
        return np.concatenate(parts)


def run_once(program: Program, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Outputs of a program that is needed no more."""
    executor = Executor(program, threads=1)
    try:
        return executor.run(inputs)
    finally:
        executor.close()


def rows_of(inputs: Sequence[np.ndarray], start: int, stop: int) -> list[np.ndarray]:
    """Some rows of all inputs; a single number ("keep_prob") is for all rows."""
    return [array[start:stop] if array.ndim else array for array in inputs]


def _rows(inputs: Sequence[np.ndarray]) -> int | None:
    """The number of samples that all inputs agree on; None where they do not, or where none has any."""
    lengths = {array.shape[0] for array in inputs if array.ndim}
    return lengths.pop() if len(lengths) == 1 else None
