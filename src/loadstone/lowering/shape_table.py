"""The table of shapes: for each ONNX op what infers those of its outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.lowering.block import Shape, Value

Spec = tuple[Shape, str]
Infer = Callable[[list[Any], dict[str, Any]], list[Spec]]

TABLE: dict[str, Infer] = {}


def op(*names: str) -> Callable[[Infer], Infer]:
    """Decorator: the rows of some ops."""

    def register(function: Infer) -> Infer:
        for name in names:
            TABLE[name] = function
        return function

    return register


def const_ints(value: Value | None) -> list[int] | None:
    """A constant of integers; None for any other value."""
    return None if value is None or value.const is None else [int(v) for v in value.array().reshape(-1)]
