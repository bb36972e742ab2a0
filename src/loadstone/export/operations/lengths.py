"""How long the axes of all values are, in numbers and in lengths that are known only at run time: the facts of `passes.batch_axis`.

Where its proof ends, a free length gets a name of its own and the walk goes on: here nothing is proven of samples.
"""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.ir.records import replace
from loadstone.lowering.block import Op, Value
from loadstone.lowering.passes.batch_axis import Fact, NotProven, Prover
from loadstone.lowering.passes.batch_rules import RULES
from loadstone.lowering.passes.lengths import Length

__all__ = ["Fact", "Length", "Lengths", "number", "numbers"]


class Lengths(Prover):
    """Facts of values, op after op."""

    def __init__(self) -> None:
        super().__init__(RULES)

    def enter(self, value: Value, like: Fact | None = None) -> None:
        """An input: its first axis is that of the samples where it is free. like: a tensor whose axes these are."""
        fact = self.made(value, 0) if value.shape and value.shape[0] is None else self.made(value)
        if like is not None:
            known = like.lengths[: fact.rank]
            mine = [mine if not mine.symbols else theirs for mine, theirs in zip(fact.lengths, known, strict=False)]
            fact = replace(fact, lengths=(*mine, *fact.lengths[len(mine) :]))
        self._facts[value.name] = fact

    def weight(self, value: Value) -> None:
        """An input that is the same whatever the samples are."""
        self._facts[value.name] = self.made(value)

    def visit(self, op: Op) -> None:
        """The facts of an op's outputs."""
        try:
            facts = self._op(op)
        except NotProven:
            facts = [self.made(value) for value in op.outputs]
        for value, fact in zip(op.outputs, facts, strict=True):
            known = [Length(n) if n is not None else length for n, length in zip(value.shape, fact.lengths, strict=True)]
            self._facts[value.name] = replace(fact, lengths=tuple(known))

    def same(self, value: Value, other: Value) -> None:
        """value is the other from now on."""
        self._facts[value.name] = self.fact(other)


def number(length: Length) -> int | None:
    """The length where it is a number."""
    return None if length.symbols else length.factor


def numbers(lengths: Sequence[Length] | None) -> list[int] | None:
    """The lengths where all are numbers."""
    found = [number(length) for length in lengths or ()]
    return None if lengths is None or None in found else [n for n in found if n is not None]
