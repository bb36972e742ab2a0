"""Numbers of elements that a call asks for, held to what memory bears: code in a file may ask for anything."""

from __future__ import annotations

from math import prod

from loadstone.errors import ModelError, UnsafeContent
from loadstone.lowering.tensorflow.symbols import Operand, number

MOST = 1 << 26  # elements of a constant that a function makes in Python


def count(x: Operand, what: str) -> int:
    """A number of elements that must be known now. Raises UnsafeContent for one that is far too large."""
    found = int(number(x, what))
    if found < 0:
        raise ModelError(f"{what} of {found}")
    bounded(what, found)
    return found


def bounded(what: str, *counts: int) -> None:
    """Raise UnsafeContent where there would be far too many elements."""
    if prod(counts) > MOST:
        raise UnsafeContent(f"{what} of {' by '.join(map(str, counts))} elements")
