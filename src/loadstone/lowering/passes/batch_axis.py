"""Proves that a block keeps samples apart, so that a batch may be cut anywhere.

The block is run on facts instead of tensors: of each value, which axis the samples lie on (or none: the value is the same
whatever the samples are) and how long its axes are. `batch_rules` says for each op what it makes of the facts; an op that is not
there, or that lets samples see each other, ends the proof. So do host calls, states, and inputs whose batch size is fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loadstone.ir import dtypes
from loadstone.ir.records import dataclass, replace
from loadstone.lowering.block import ML, Block, Op, Value
from loadstone.lowering.passes.lengths import BATCH, Length

SMALL = 256  # elements up to which an integer constant is looked into


@dataclass(frozen=True)
class Fact:
    """What is known of a value.

    lengths of its axes. axis is where the samples lie, None where the value does not depend on them; along that axis they
    come one after the other, each with the same number of elements. ints are the contents of a small integer tensor in C order.
    """

    lengths: tuple[Length, ...]
    axis: int | None = None
    ints: tuple[Length, ...] | None = None

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.lengths)

    @property
    def counts_samples(self) -> bool:
        """True where the contents tell the number of samples."""
        return self.ints is not None and any(length.counts_samples for length in self.ints)

    @property
    def batch(self) -> Length:
        """The length of the axis of the samples."""
        assert self.axis is not None
        return self.lengths[self.axis]


class NotProven(Exception):
    """Samples may see each other; says where."""


Facts = dict[str, Fact]
Rule = Callable[["Prover", Op, list[Fact | None]], list[Fact]]


class Prover:
    """Facts of all values of a block and the blocks inside."""

    def __init__(self, rules: dict[str, Rule]) -> None:
        self._rules = rules
        self._facts: Facts = {}

    def run(self, block: Block, inputs: Sequence[Fact]) -> list[Fact]:
        """Facts of the outputs of a block whose inputs have these facts."""
        self._facts.update(zip((value.name for value in block.inputs), inputs, strict=True))
        for op in block.ops:
            self._facts.update(zip((value.name for value in op.outputs), self._op(op), strict=True))
        return [self.fact(value) for value in block.outputs]

    def _op(self, op: Op) -> list[Fact]:
        rule = self._rules.get(op.kind) if op.domain in ("", ML) else None
        if rule is None:
            raise NotProven(f"{op.kind} at {op.origin}: no rule says that it keeps samples apart")
        return rule(self, op, [None if value is None else self.fact(value) for value in op.inputs])

    def fact(self, value: Value) -> Fact:
        """What is known of a value that is a constant or was computed before."""
        if value.name in self._facts:
            return self._facts[value.name]
        if value.const is None:
            raise NotProven(f"{value.name} comes from outside")
        ints = None
        if dtypes.is_integer(value.dtype) and value.const.known and value.const.size <= SMALL:
            ints = tuple(Length(int(v)) for v in value.array().reshape(-1))
        return Fact(tuple(Length(d) for d in value.const.shape), None, ints)

    def made(self, value: Value, axis: int | None = None, batch: Length = BATCH) -> Fact:
        """The fact of an op's output: lengths from its shape, those unknown by a name of their own."""
        lengths = [Length(1, (f"{value.name}[{k}]",)) if d is None else Length(d) for k, d in enumerate(value.shape)]
        if axis is not None:
            lengths[axis] = batch
        return Fact(tuple(lengths), axis)


def samples_apart(block: Block, states: bool, rules: dict[str, Rule]) -> str | None:
    """None where the block keeps samples apart from every input to every output, else the reason why that is not sure."""
    if states:
        return "the model has a state that lives from call to call"
    if not block.inputs:
        return "the model has no inputs"
    for value in block.inputs:
        if not value.shape or value.shape[0] is not None:
            return f"input {value.name} has shape {value.shape}, whose first length is not free"
    prover = Prover(rules)
    try:
        outputs = prover.run(block, [prover.made(value, 0) for value in block.inputs])
    except NotProven as reason:
        return str(reason)
    for value, fact in zip(block.outputs, outputs, strict=True):
        if fact.axis != 0 or fact.batch != BATCH:
            return f"output {value.name} does not have one sample after the other on its first axis"
    return None


def without_ints(fact: Fact) -> Fact:
    """The fact with nothing said of its contents."""
    return replace(fact, ints=None)
