"""How much a walked function handles: what a file says must fill neither the memory nor the time.

What Python or numpy does in one step may take as long as a million steps, so that steps are charged by what they are given and make.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.lowering.python.objects import MAX_ITEMS, CannotLift, Method, Partial

MAX_STEPS = 200_000  # instructions in all
COSTLY_STEP = 10  # of these, for one that may add nodes to the graph
MAX_NUMBERS = 100 * MAX_ITEMS  # in one value
_NUMBERS_A_STEP = 200
_NESTED = (list, tuple, dict, set, frozenset)
_HOLDING = (*_NESTED, str, bytes, np.ndarray)


class Steps:
    """The steps of one walk. Raises CannotLift where they are too many."""

    def __init__(self) -> None:
        self._taken = 0

    def take(self, count: int) -> None:
        """Count instructions."""
        self._taken += count
        if self._taken > MAX_STEPS:
            raise CannotLift(f"more than {MAX_STEPS} steps")

    def handle(self, *values: Any) -> None:
        """Count the numbers in what an instruction is given, or makes."""
        for x in values:
            if isinstance(x, (*_HOLDING, Method, Partial)):
                self.take(numbers(x) // _NUMBERS_A_STEP)


def numbers(x: Any) -> int:
    """How many numbers, characters and the like are in x; a list that is in it twice counts twice. Raises CannotLift for ten million."""
    return _numbers(x, {})


def _numbers(x: Any, counted: dict[int, int]) -> int:
    """counted: what lists are known to hold, by their id; none of them changes meanwhile."""
    if isinstance(x, np.ndarray):
        total = x.size
    elif isinstance(x, Method):
        return _numbers(x.owner, counted)
    elif isinstance(x, Partial):
        return _numbers([*x.args, *x.kwargs.values()], counted)
    elif isinstance(x, (str, bytes)):
        total = len(x)
    elif not isinstance(x, _NESTED):
        return 1
    elif id(x) in counted:
        return counted[id(x)]
    else:
        parts = (*x, *x.values()) if isinstance(x, dict) else x
        total = len(parts)
        if any(issubclass(kind, _HOLDING) for kind in set(map(type, parts))):
            for part in parts:
                if isinstance(part, _HOLDING):
                    total += _numbers(part, counted)
                    check(total)
        counted[id(x)] = total
    check(total)
    return total


def check(count: float, what: str = "a value") -> None:
    """Refuse what would hold too many numbers."""
    if not count <= MAX_NUMBERS:
        raise CannotLift(f"{what} of more than ten million numbers")
