"""Rules that are Python calls over arrays; where all inputs are small constants the call is made at once.

What a function raises is an `InferenceError` that names the node when the model runs, and a `ModelError` when it is made at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder

Array = np.ndarray[Any, np.dtype[Any]]
SMALL = 1 << 16  # bytes of constants that are computed with at once


def called(
    b: Builder, name: str, function: Callable[..., Sequence[Array]], inputs: Sequence[Value], results: Sequence[tuple[Shape, str]]
) -> list[Value]:
    """The arrays that function(*arrays) gives, as values of these shapes and dtypes."""
    if any(v.const is None or not v.const.known or v.const.nbytes > SMALL for v in inputs):
        return list(b.host(name, function, inputs, results))
    try:
        arrays = function(*(v.array() for v in inputs))
    except Exception as error:  # whatever numbers that do not fit together lead to
        raise ModelError(f"{name} of constants: {error}") from error
    return [b.const(array, dtype) for array, (_, dtype) in zip(arrays, results, strict=True)]


def plain(x: Array) -> Array:
    """Floats that numpy lacks as float32, all else as it is."""
    return x.astype(np.float32) if x.dtype.kind == "V" or x.dtype.name == "bfloat16" else x


def items(values: Sequence[Any]) -> Array:
    """Strings as an array of objects."""
    made = np.empty(len(values), object)
    made[:] = values
    return made
