"""The table of ONNX ops: how a rule is entered, and all of them together.

A rule takes the translation and an op, and gives the op's outputs: `(t, op) -> Output`, or a list of them. It must hold for every
attribute that it does not look at, and raises `NoOperation` for what Keras has no operation for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from loadstone.ir import Output
from loadstone.lowering.block import Op

if TYPE_CHECKING:
    from loadstone.export.operations.translation import Translation

Rule = Callable[["Translation", Op], "Output | Sequence[Output]"]
_RULES: dict[str, Rule] = {}
_FAMILIES = (
    "elementwise",
    "curves",
    "shaping",
    "expanding",
    "picking",
    "reducing",
    "products",
    "windows",
    "resizing",
    "normalizing",
    "loops",
)


class NoOperation(Exception):
    """Keras has no operation that computes this; says what it is."""


def onnx(*names: str) -> Callable[[Rule], Rule]:
    """Decorator: the function is the rule for these ops."""

    def enter(function: Rule) -> Rule:
        for name in names:
            assert name not in _RULES, f"two rules for {name}"
            _RULES[name] = function
        return function

    return enter


def rules() -> dict[str, Rule]:
    """All rules by the names of ops."""
    for family in _FAMILIES:
        import_module(f"loadstone.export.operations.{family}")
    return _RULES
