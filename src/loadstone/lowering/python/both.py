"""One call by two rules: what a name meant in TensorFlow 1 and what it means since, where nobody says which was meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.errors import LoadstoneError
from loadstone.ir import flatten, leaves, map_structure
from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Symbol


def alike(one: Symbol, other: Symbol, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """True where both rules emit the same ops for a call."""
    try:
        first, second = (_emitted(row, args, kwargs) for row in (one, other))
    except LoadstoneError:
        return False
    return len(first[0]) == len(second[0]) and all(map(_same_op, first[0], second[0])) and _same_values(first[1], second[1])


def _emitted(row: Symbol, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Op], list[Any]]:
    b = Builder()
    taken = [b.input(f"x{i}", value.shape, value.dtype) if value.const is None else value for i, value in enumerate(_values(args, kwargs))]
    given = iter(taken)
    inside = map_structure(lambda leaf: next(given) if isinstance(leaf, Value) else leaf, (list(args), dict(kwargs)))
    result = row.call(b, *inside)
    return b.block.ops, flatten(result)


def _values(args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Value]:
    return list(leaves((list(args), dict(kwargs)), Value))


def _same_op(one: Op, other: Op) -> bool:
    if (one.kind, one.domain, len(one.inputs)) != (other.kind, other.domain, len(other.inputs)) or one.bodies() or one.function:
        return False
    return one.attributes == other.attributes and _same_values(one.inputs, other.inputs) and _same_values(one.outputs, other.outputs)


def _same_values(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(map(_same, one, other))


def _same(one: Any, other: Any) -> bool:
    if not isinstance(one, Value) or not isinstance(other, Value):
        return type(one) is type(other) and bool(one == other)
    if one.const is not None and other.const is not None:
        return one.dtype == other.dtype and np.array_equal(one.array(), other.array())
    return one.const is other.const and one.name == other.name
