"""A function of the symbol table on numpy arrays: one small graph, run at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.ir import Spec, dtypes, flatten, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import finish
from loadstone.lowering.functions.era import Era
from loadstone.lowering.python.symbol_names import symbol_name
from loadstone.lowering.tensorflow.symbols import rule
from loadstone.runtime.executor import run_once

_KERAS = Era((2, 15), True)


def evaluate(path: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What the function called `path` gives, in its own structure, as arrays. Raises LoweringError or ModelError."""
    b, found = Builder(), rule(symbol_name(path))
    taken: list[tuple[Spec, Value]] = []
    arrays: list[np.ndarray] = []

    def entered(leaf: Any) -> Any:
        if isinstance(leaf, np.dtype):
            return dtypes.of_numpy(leaf)
        if not isinstance(leaf, (np.ndarray, np.generic)) and not hasattr(leaf, "__array__"):
            return leaf
        array = np.asarray(leaf)
        value = b.input(f"x{len(taken)}", array.shape, dtypes.of_numpy(array.dtype))
        taken.append((Spec(value.name, value.shape, value.dtype), value))
        arrays.append(array)
        return value

    given_args, given_kwargs = map_structure(entered, (list(args), dict(kwargs)))
    result = found.call(b, given_args, given_kwargs, _KERAS)
    values = [leaf for leaf in flatten(result) if isinstance(leaf, Value)]
    made = [(Spec(f"y{i}", value.shape, value.dtype), value) for i, value in enumerate(values)]
    outputs = iter(run_once(finish(b, taken, made, list(range(len(made)))), arrays))
    return map_structure(lambda leaf: next(outputs) if isinstance(leaf, Value) else leaf, result)
