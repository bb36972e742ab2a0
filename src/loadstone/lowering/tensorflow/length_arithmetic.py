"""Arithmetic of lengths, which are ints where known and int64 vectors of one element where not (`Builder.dim`).

What is known stays known; only the rest is emitted.
"""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder

Length = int | Value


def plus(b: Builder, x: Length, y: Length) -> Length:
    """x + y."""
    return x + y if isinstance(x, int) and isinstance(y, int) else y if x == 0 else x if y == 0 else b.Add(x, y)


def minus(b: Builder, x: Length, y: Length) -> Length:
    """x - y."""
    return x - y if isinstance(x, int) and isinstance(y, int) else x if y == 0 else b.Sub(x, y)


def times(b: Builder, x: Length, y: Length) -> Length:
    """x * y."""
    return x * y if isinstance(x, int) and isinstance(y, int) else y if x == 1 else x if y == 1 else b.Mul(x, y)


def over(b: Builder, x: Length, y: Length) -> Length:
    """x / y rounded down, of lengths that are not negative."""
    return x // y if isinstance(x, int) and isinstance(y, int) else x if y == 1 else b.Div(x, y)


def at_least(b: Builder, x: Length, least: int) -> Length:
    """max(x, least)."""
    return max(x, least) if isinstance(x, int) else b.Max(x, b.ints([least]))


def shape_of(dims: Sequence[Length]) -> Shape:
    """Lengths as a shape: None where they are not known."""
    return tuple(d if isinstance(d, int) else None for d in dims)


def exactly(b: Builder, x: Value, dims: Sequence[Length]) -> Value:
    """x in a shape all lengths of which are given; what does not fit is an error when it runs."""
    shape = shape_of(dims)
    if shape == x.shape and None not in shape:
        return x
    return b.op("Reshape", x, b.vector(dims), out_shape=shape, allowzero=1)
