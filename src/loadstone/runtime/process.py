"""What an executor has in one process: compiled steps, helper threads, and the model's state.

A forked child gets a `Process` of its own (`child`). It uses its parent's copy of what is compiled where the engine allows that,
unless some thread was inside one at the moment of the fork: then a lock of the engine may be held for ever, and the child
compiles again. Whatever the parent had is never freed in the child, where its threads do not exist.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import RLock, get_ident

import numpy as np

from loadstone.errors import InferenceError, LoadstoneError
from loadstone.ir import Spec, dtypes
from loadstone.ir.program import Body, Branch, HostCall, Program, Repeat, Segment, Step
from loadstone.runtime.engine import Compiled, Engine, from_engine, to_engine
from loadstone.runtime.sharding import Progress, Streams, run_sharded

MAX_ROUNDS = 10_000_000  # of a loop that runs step by step


class Store:
    """The state of a Model in one process, by the names that programs have for it; programs of one Model may share it."""

    def __init__(self, values: dict[str, np.ndarray] | None = None) -> None:
        self.values = values or {}
        self.lock = RLock()
        self._children: dict[int, Store] = {}

    def child(self) -> Store:
        """The same in a process that was forked from this one's."""
        return self._children.setdefault(os.getpid(), Store(dict(self.values)))


class Process:
    """Compiled steps with the state that calls change."""

    def __init__(self, program: Program, engine: Engine, threads: int, store: Store, compiled: dict[int, Compiled] | None = None) -> None:
        self._program, self._engine, self._threads = program, engine, threads
        compiled = compiled or {}
        self._compiled = {id(step): compiled.get(id(step)) or engine.compile(step, threads) for step in segments(program.steps)}
        self._alone = self._only_segment()
        self._constants = {name: tensor.numpy() for name, tensor in program.constants.items()}
        self._store = store
        self._running: set[tuple[int, object]] = set()
        self.streams = Streams(threads)
        with self.serial:
            for state in program.states:
                if state.before not in store.values:
                    store.values[state.before] = state.initial.numpy()

    def child(self) -> Process:
        """The same in a process that was forked from this one's."""
        inherited = {} if self._running else {key: compiled.child() for key, compiled in self._compiled.items()}
        compiled = {key: own for key, own in inherited.items() if own is not None}
        return Process(self._program, self._engine, self._threads, self._store.child(), compiled)

    @property
    def serial(self) -> RLock:
        """Held by whoever reads or sets the state."""
        return self._store.lock

    def run_cut(self, inputs: Sequence[np.ndarray], rows: int, progress: Progress | None = None) -> list[np.ndarray]:
        """Outputs of one batch, `rows` at a time."""
        divides = any(compiled.divides for compiled in self._compiled.values())
        return run_sharded(partial(self.run, divided=False), inputs, rows, self.streams, progress, self.run if divides else None)

    def run(self, inputs: Sequence[np.ndarray], divided: bool = True) -> list[np.ndarray]:
        """Outputs of one batch, run whole; divided: on all threads, where that is possible."""
        call = (get_ident(), object())
        self._running.add(call)  # set.add and set.discard are atomic
        try:
            if self._alone is not None:
                return self._alone(inputs, divided)
            if not self._program.states:
                return self._outputs(self._arrays(inputs, divided))
            with self.serial:
                arrays = self._arrays(inputs, divided)
                self._store.values.update({state.before: arrays[state.after] for state in self._program.states})
                return self._outputs(arrays)
        finally:
            self._running.discard(call)

    def _only_segment(self) -> Callable[[Sequence[np.ndarray], bool], list[np.ndarray]] | None:
        """The call of a program that is a single segment, as most are."""
        program = self._program
        if len(program.steps) != 1 or program.states:
            return None
        (step,) = program.steps
        if not isinstance(step, Segment) or [spec.name for spec in step.inputs] != [*program.feeds]:
            return None
        if [spec.name for spec in step.outputs] != [*program.fetches]:
            return None
        return partial(_compute, step, self._compiled[id(step)])

    def reset_states(self) -> None:
        """Give every state its initial value."""
        with self.serial:
            self._store.values.update({state.before: state.initial.numpy() for state in self._program.states})

    def _arrays(self, inputs: Sequence[np.ndarray], divided: bool) -> dict[str, np.ndarray]:
        """Every array of the program by name, after one run of its steps."""
        arrays = {**self._constants, **self._state(), **dict(zip(self._program.feeds, inputs, strict=True))}
        self._run(self._program.steps, arrays, divided)
        return arrays

    def _run(self, steps: Sequence[Step], arrays: dict[str, np.ndarray], divided: bool = True) -> None:
        """Runs steps in order; what they make joins the arrays."""
        for step in steps:
            if isinstance(step, Segment):
                arrays.update(zip((spec.name for spec in step.outputs), self._segment(step, arrays, divided), strict=True))
            elif isinstance(step, HostCall):
                arrays.update(zip(step.outputs, _call(step, arrays), strict=True))
            elif isinstance(step, Branch):
                chosen = step.then if bool(arrays[step.condition].all()) else step.otherwise
                arrays.update(zip(step.outputs, self._body(chosen, arrays, ()), strict=True))
            else:
                arrays.update(zip(step.outputs, self._repeated(step, arrays), strict=True))

    def _segment(self, step: Segment, arrays: dict[str, np.ndarray], divided: bool) -> list[np.ndarray]:
        """What a segment gives; in micro-batches where it is proven by itself, between Python calls that take the batch whole."""
        compiled, inputs = self._compiled[id(step)], [arrays[spec.name] for spec in step.inputs]
        cut = step.sharding
        if cut is None or len(inputs[0]) <= cut.rows or any(len(array) != len(inputs[0]) for array in inputs):
            return _compute(step, compiled, inputs, divided)
        compute = partial(_compute, step, compiled)
        whole = partial(compute, divided=True) if compiled.divides else None
        return run_sharded(compute, inputs, cut.rows, self.streams, divided=whole)

    def _body(self, body: Body, around: dict[str, np.ndarray], given: Sequence[np.ndarray]) -> list[np.ndarray]:
        """What a body gives; the arrays around it stay as they are."""
        arrays = {**around, **dict(zip(body.feeds, given, strict=True))}
        self._run(body.steps, arrays)
        return [arrays[name] for name in body.fetches]

    def _repeated(self, step: Repeat, arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What a loop gives: its states after the last round, and what the rounds gave to be stacked."""
        limit = MAX_ROUNDS if step.limit is None else int(arrays[step.limit].item())
        going = step.condition is None or bool(arrays[step.condition].item())
        states = [arrays[name] for name in step.states]
        stacks: list[list[np.ndarray]] = [[] for _ in step.scans]
        count = 0
        while going and count < limit:
            again, *results = self._body(step.body, arrays, [np.asarray(count, np.int64), np.asarray(True), *states])
            states, going, count = results[: len(states)], bool(again.item()), count + 1
            for stack, value in zip(stacks, results[len(states) :], strict=True):
                stack.append(value)
        if going and count >= MAX_ROUNDS:
            raise InferenceError(f"a loop that does not end after {MAX_ROUNDS:,} rounds", where=step.name)
        return [*states, *(_stacked(stack, spec) for stack, spec in zip(stacks, step.scans, strict=True))]

    def _state(self) -> dict[str, np.ndarray]:
        return {state.before: self._store.values[state.before] for state in self._program.states}

    def _outputs(self, arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
        return [arrays[name] for name in self._program.fetches]


def segments(steps: Sequence[Step]) -> Iterator[Segment]:
    """All segments of some steps and of the bodies in them."""
    for step in steps:
        if isinstance(step, Segment):
            yield step
        elif isinstance(step, Branch):
            yield from segments([*step.then.steps, *step.otherwise.steps])
        elif isinstance(step, Repeat):
            yield from segments(step.body.steps)


def _stacked(values: list[np.ndarray], spec: Spec) -> np.ndarray:
    """Arrays along a new first axis; where there are none, lengths that are not known are 0."""
    if values:
        return np.stack(values)
    return np.empty((0, *(d or 0 for d in spec.shape or ())), dtypes.to_numpy(spec.dtype))


def _compute(segment: Segment, compiled: Compiled, arrays: Sequence[np.ndarray], divided: bool = False) -> list[np.ndarray]:
    results = compiled.run([to_engine(array, spec) for array, spec in zip(arrays, segment.inputs, strict=True)], divided)
    return [from_engine(array, spec) for array, spec in zip(results, segment.outputs, strict=True)]


def _call(step: HostCall, arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    try:
        results = step.function(*(arrays[name] for name in step.inputs))
    except LoadstoneError as error:
        raise error.at(where=step.name) from error.__cause__
    except Exception as error:  # whatever a user's function raises
        raise InferenceError(f"a Python call failed with {type(error).__name__}: {error}", where=step.name) from error
    if len(results) != len(step.outputs):
        raise InferenceError(f"a Python call gave {len(results)} arrays; {len(step.outputs)} are expected", where=step.name)
    return [np.asarray(array) for array in results]
