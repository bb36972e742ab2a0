"""Micro-batches: the rows of a proven program, cut into chunks that run side by side.

Each chunk runs on one thread, and where it begins depends on the program alone (`Sharding.rows`), so the bits of a result do not
depend on how many threads there are. The calling thread works as well; helpers come from a pool that belongs to this process.
Chunks that are too few for the threads run one after the other, each divided among all, where that changes no bit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Condition, Lock, get_ident
from typing import TYPE_CHECKING

import numpy as np

from loadstone.errors import InferenceError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

FEW = 2  # threads for each chunk from which on dividing is worth more than running side by side

Run = Callable[[list[np.ndarray]], list[np.ndarray]]
Progress = Callable[[int, int], None]


class Streams:
    """Helper threads, started when the first program is cut. `spread` may be called by any number of threads at once."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._lock = Lock()
        self._helpers: ThreadPoolExecutor | None = None

    def spread(self, work: Callable[[], None], copies: int) -> None:
        """Run `work` in this thread and, in up to `copies` - 1 helpers, at the same time. The first error is raised when all ended."""
        shared = _Shared(work)
        with suppress(RuntimeError):  # no thread can be started, or the interpreter is shutting down: fewer threads do all of it
            for _ in range(min(copies, self.threads) - 1):
                self._pool().submit(shared.help)
        shared.finish()

    def _pool(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor  # most first predictions need no helper, and its import takes a while

        with self._lock:
            self._helpers = self._helpers or ThreadPoolExecutor(self.threads - 1, "loadstone")
            return self._helpers

    def close(self) -> None:
        """Let the helpers end."""
        if self._helpers is not None:
            self._helpers.shutdown(wait=False)


class _Shared:
    """Work that several threads do at once. A helper that comes when it is done does nothing: a pool may start one that it refused."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._changed = Condition()
        self._helping, self._done = 0, False
        self._errors: list[BaseException] = []

    def help(self) -> None:
        """Do a part of it, in a helper."""
        with self._changed:
            if self._done:
                return
            self._helping += 1
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001  (raised in the caller's thread)
            self._errors.append(error)
        finally:
            with self._changed:
                self._helping -= 1
                self._changed.notify_all()

    def finish(self) -> None:
        """Do what is left, and wait for those who help. Raises the first error."""
        try:
            self._work()
        finally:
            with self._changed:
                self._done = True
                self._changed.wait_for(lambda: not self._helping)
        if self._errors:
            raise self._errors[0]


def run_sharded(
    run: Run, inputs: Sequence[np.ndarray], rows: int, streams: Streams, progress: Progress | None = None, divided: Run | None = None
) -> list[np.ndarray]:
    """`run` of all rows, `rows` at a time; axis 0 of every input and output is the samples.

    divided: the same on all threads of the streams, where that is possible.
    """
    total = len(inputs[0])
    chunks = -(-total // rows)
    if divided is not None and chunks * FEW <= streams.threads:
        run, chunks = divided, 1
    job = _Job(run, inputs, rows, total, progress)
    streams.spread(job.work, chunks)
    if progress is not None:
        progress(total, total)
    return job.outputs


class _Job:
    """One cut call: workers take chunks until there are none; results go straight into the outputs."""

    def __init__(self, run: Run, inputs: Sequence[np.ndarray], rows: int, total: int, progress: Progress | None) -> None:
        self._run, self._inputs, self._rows, self._total = run, inputs, rows, total
        self._chunks = itertools.count(0, rows)  # next() of a count is atomic
        self._lock = Lock()
        self._failed = False
        self._progress, self._done = progress, 0
        self._caller = get_ident()
        self.outputs: list[np.ndarray] = []

    def work(self) -> None:
        """Take chunk after chunk."""
        while not self._failed and (start := next(self._chunks)) < self._total:
            stop = min(start + self._rows, self._total)
            try:
                results = self._run([array[start:stop] for array in self._inputs])
                self._keep(results, start, stop)
                self._tell(stop - start)
            except BaseException:  # an interrupt too: the others stop as well, and the caller gets it
                self._failed = True
                raise

    def _keep(self, results: list[np.ndarray], start: int, stop: int) -> None:
        with self._lock:
            if not self.outputs:
                self.outputs = [np.empty((self._total, *part.shape[1:]), part.dtype) for part in results]
        for whole, part in zip(self.outputs, results, strict=True):
            if part.shape != (stop - start, *whole.shape[1:]):
                raise InferenceError(
                    f"{stop - start} rows in, an output of shape {part.shape} out; other rows gave {(None, *whole.shape[1:])}"
                )
            whole[start:stop] = part

    def _tell(self, rows: int) -> None:
        with self._lock:
            self._done += rows
        if self._progress is not None and self._done < self._total and get_ident() == self._caller:
            self._progress(self._done, self._total)
