"""Arrays of byte strings, as host calls take and give them: object arrays, whatever their shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch

LIMIT = 1 << 28  # elements or bytes that a call makes out of data that does not hold them
MOST_STRINGS = 1 << 25


def objects(items: Iterable[bytes], shape: Sequence[int] | None = None) -> np.ndarray:
    """Byte strings in an array, a vector unless a shape is given."""
    listed = list(items)
    array = np.empty(len(listed), object)
    array[:] = listed
    return array if shape is None else array.reshape(tuple(shape))


def flat(array: np.ndarray) -> list[Any]:
    """The elements of an array in order."""
    return np.asarray(array).reshape(-1).tolist()


def each(function: Callable[[bytes], bytes]) -> Callable[[np.ndarray], tuple[np.ndarray]]:
    """A call that makes of each string another one."""
    return lambda array: (objects(map(function, flat(array)), array.shape),)


def counted(function: Callable[[bytes], Any], dtype: Any) -> Callable[[np.ndarray], tuple[np.ndarray]]:
    """A call that makes of each string a number."""
    return lambda array: (np.array([function(item) for item in flat(array)], dtype).reshape(array.shape),)


def ragged(rows: Sequence[Sequence[Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 2) and the shape (2,) of rows as a sparse matrix, int64."""
    places = np.array([(i, j) for i, row in enumerate(rows) for j in range(len(row))], np.int64).reshape(-1, 2)
    return places, np.array([len(rows), max(map(len, rows), default=0)], np.int64)


def splits(rows: Sequence[Sequence[Any]], dtype: Any = np.int64) -> np.ndarray:
    """Where rows begin and end in one long row: (rows + 1,)."""
    return np.cumsum([0, *map(len, rows)]).astype(dtype)


def runs(starts: np.ndarray, length: int) -> Iterator[tuple[int, int]]:
    """The rows that splits say; they begin at 0, never go back and end at the length."""
    bounds = flat(starts)
    if not bounds or bounds[0] != 0 or bounds[-1] != length or any(a > b for a, b in pairwise(bounds)):
        raise InputMismatch(f"splits of {length} elements that are no splits: {bounds[:8]}")
    return pairwise(bounds)


def within_limit(count: int, what: str, most: int = LIMIT) -> None:
    """Raise InputMismatch where data ask for more than they could mean."""
    if count > most:
        raise InputMismatch(f"{what} of {count}, more than {most}")
