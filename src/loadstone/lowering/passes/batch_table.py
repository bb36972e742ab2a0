"""The table of `batch_axis`: how a rule is entered, and what rules share.

A rule takes the facts of an op's inputs and gives those of its outputs, or raises NotProven. It must hold for every
attribute that it does not look at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from loadstone.lowering.block import Op
from loadstone.lowering.passes.batch_axis import Fact, NotProven, Prover, Rule
from loadstone.lowering.passes.lengths import ONE

OfOne = Callable[[Prover, Op, Fact], list[Fact]]
RULES: dict[str, Rule] = {}


def rule(names: str) -> Callable[[Rule], Rule]:
    """Decorator: the function is the rule for these ops."""

    def enter(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names.split(), function))
        return function

    return enter


def rule_of_one(names: str) -> Callable[[OfOne], OfOne]:
    """The same for ops of one tensor whose other inputs must not depend on samples; called where the tensor does."""

    def enter(function: OfOne) -> OfOne:
        def of_all(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
            x = facts[0]
            require(op, all(free(fact) for fact in facts[1:]))
            assert x is not None
            if x.axis is None:
                require(op, not x.counts_samples)
                return [prover.made(value) for value in op.outputs]
            return function(prover, op, x)

        rule(names)(of_all)
        return function

    return enter


def mixed(op: Op) -> NotProven:
    """The end of the proof."""
    return NotProven(f"{op.kind} at {op.origin} lets samples see each other, or may")


def require(op: Op, *conditions: bool) -> None:
    """End the proof unless all of this holds."""
    if not all(conditions):
        raise mixed(op)


def free(fact: Fact | None) -> bool:
    """True for an operand that is left out or does not depend on the samples, nor on how many there are."""
    return fact is None or (fact.axis is None and not fact.counts_samples)


def axis_of(op: Op, x: Fact, default: int) -> int:
    """The attribute `axis`, from the front."""
    return int(op.attributes.get("axis", default)) % x.rank


def axes_of(fact: Fact, rank: int) -> list[int]:
    """Axes that are given as an input: plain numbers."""
    if fact.ints is None or any(length.symbols for length in fact.ints):
        return list(range(rank))
    return [length.factor % rank for length in fact.ints]


def reduced(op: Op, x: Fact, gone: list[int], made: Fact, keep: bool) -> Fact:
    """x without these axes, or with a length of 1 there; the samples' may not be among them."""
    require(op, x.axis not in gone or x.axis is None)
    lengths = tuple(ONE if k in gone else length for k, length in enumerate(x.lengths) if keep or k not in gone)
    axis = None if x.axis is None else x.axis - (0 if keep else sum(k < x.axis for k in gone))
    return Fact(lengths if len(lengths) == made.rank else made.lengths, axis)


def unchanged(made: Fact, x: Fact, *changed: int) -> Fact:
    """The made fact with the lengths of x where they did not change."""
    return replace(made, lengths=tuple(made.lengths[k] if k in changed else length for k, length in enumerate(x.lengths)))
