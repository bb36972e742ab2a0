"""A function that the caller supplied, as ops: where its code is understood, and gives what calling it gives.

Code may be misread, and numpy may compute otherwise than a graph does; so the ops are tried on random numbers beside the function itself
before they take its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.errors import LoadstoneError
from loadstone.ir import Spec, dtypes, flatten, leaves, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import finish
from loadstone.lowering.python.lift import lift_live

_BATCHES = ((3, 8), (2, 64))  # samples, and the length of other free axes
Reference = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]


def proven(b: Builder, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], reference: Reference) -> Any:
    """What the function gives for arguments with Values among them, as a structure of Values; None where it has to be called.

    reference calls the function itself: arrays for the Values in their order, to its results in flattened order.
    """
    taken = list(leaves((args, kwargs), Value))
    if b.evaluate is None or any(value.dtype not in dtypes.FLOATS and not dtypes.is_integer(value.dtype) for value in taken):
        return None
    trial = Builder()
    inputs = [trial.input(f"x{i}", value.shape, value.dtype) for i, value in enumerate(taken)]
    given = iter(inputs)
    trial_args, trial_kwargs = map_structure(lambda leaf: next(given) if isinstance(leaf, Value) else leaf, (list(args), dict(kwargs)))
    try:
        results: list[Value] = flatten(lift_live(trial, function, trial_args, trial_kwargs))
        if not results or not _agrees(b, trial, inputs, results, reference):
            return None
    except LoadstoneError:
        return None
    return lift_live(b, function, args, kwargs)


def _agrees(b: Builder, trial: Builder, inputs: list[Value], results: list[Value], reference: Reference) -> bool:
    """True where the ops give what the function gives, in numbers, shapes and dtypes."""
    assert b.evaluate is not None
    taken = [(Spec(value.name, value.shape, value.dtype), value) for value in inputs]
    made = [(Spec(f"y{i}", value.shape, value.dtype), value) for i, value in enumerate(results)]
    program = finish(trial, taken, made, list(range(len(results))))
    generator, tried = np.random.default_rng(0), False
    for batch, length in _BATCHES:
        arrays = [_numbers(value, batch, length, generator) for value in inputs]
        try:
            wanted = reference(arrays)
        except LoadstoneError:
            continue  # it does not take such lengths
        found = b.evaluate(program, arrays)
        if len(found) != len(wanted):
            return False
        for one, other in zip(found, wanted, strict=True):
            if one.shape != other.shape or one.dtype != other.dtype or not np.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True):
                return False
        tried = True
    return tried


def _numbers(value: Value, batch: int, length: int, generator: np.random.Generator) -> np.ndarray:
    shape = [(length if axis else batch) if d is None else d for axis, d in enumerate(value.shape)]
    if dtypes.is_integer(value.dtype):
        return generator.integers(0, 5, shape).astype(dtypes.to_numpy(value.dtype))
    return generator.normal(0, 2, shape).astype(dtypes.to_numpy(value.dtype))
