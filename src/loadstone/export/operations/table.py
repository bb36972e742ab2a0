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
    "signals",
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


def call_of(*kinds: type) -> Callable[[Rule], Rule]:
    """Decorator: the function is the rule for Python calls that such an object says the meaning of (`Builder.host(does=...)`)."""
    return onnx(*[f"call of {kind.__name__}" for kind in kinds])


def name_of(op: Op) -> str:
    """Under which name the rule for an op is entered."""
    return f"call of {type(op.attributes.get('does')).__name__}" if op.domain else op.kind


def rules() -> dict[str, Rule]:
    """All rules by the names of ops."""
    for family in _FAMILIES:
        import_module(f"loadstone.export.operations.{family}")
    return _RULES
