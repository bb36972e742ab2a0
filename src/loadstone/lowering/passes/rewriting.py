"""Rules that put one op where several stood: how a block is walked, and what a rule may ask.

A rule `(found, op) -> Value | None` looks at an op as the last of a formula, backwards through the ops that made its inputs, and emits
what gives the same. Its result takes the op's place and name. What made the inputs stays for whoever else wants it; what nobody wants
any more is dropped afterwards. Ops come in running order, so the inputs of an op have been rewritten before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isclose
from typing import Any, TypeVar

from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes.channels import uses

Rule = Callable[["Rewriter", Op], Value | None]
Rules = Mapping[str, Sequence[Rule]]
Found = TypeVar("Found")


def rewrite(b: Builder, outputs: Sequence[Value], rules: Rules) -> None:
    """Apply rules, by the kind of the last op, to the builder's block and the blocks inside; `outputs` keep their names."""
    wanted = [*outputs, *(after for _, after, _ in b.state.values())]
    Rewriter(b, b.block, rules, uses(b.block, wanted)).run(wanted)


class Rewriter:
    """One block on its way. A body sees what was made outside of it."""

    def __init__(self, b: Builder, block: Block, rules: Rules, used: Mapping[str, int], outer: Rewriter | None = None) -> None:
        self.b = Builder(block, b)
        self._rules, self._used = rules, used
        self._made: dict[str, Op] = {} if outer is None else dict(outer._made)
        self._same: dict[str, Value] = {} if outer is None else dict(outer._same)
        self._remembered: dict[tuple[str, str], Any] = {} if outer is None else outer._remembered

    def run(self, outputs: Sequence[Value]) -> None:
        """Move all ops of the block over, rewritten."""
        ops, self.b.block.ops = self.b.block.ops, []
        kept = {value.name for value in outputs}
        for op in ops:
            op.inputs = [None if v is None else self._same.get(v.name, v) for v in op.inputs]
            for body in op.bodies():
                Rewriter(self.b, body, self._rules, self._used, self).run(body.outputs)
            with self.b.scope(op.origin):
                self._move(op, kept)

    def _move(self, op: Op, kept: set[str]) -> None:
        start = len(self.b.block.ops)
        self._note(op)
        for rule in self._rules.get(op.kind, ()) if not op.domain else ():
            result = rule(self, op)
            if result is not None and (result.dtype, result.rank) == (op.outputs[0].dtype, op.outputs[0].rank):
                self._replace(op.outputs[0], result, start, kept)
                return
            del self.b.block.ops[start:]  # a number may have had more axes than the tensor
        self.b.block.ops.append(op)

    def _replace(self, old: Value, new: Value, start: int, kept: set[str]) -> None:
        """The new value under the old one's name, or in its stead where it was there before."""
        fresh = self.b.block.ops[start:]
        if fresh and fresh[-1].outputs == [new]:
            fresh[-1].outputs = [old]
        else:
            self._same[old.name] = new
            if old.name in kept:
                self.b.block.ops.append(Op("Identity", [new], [old], {}, "", self.b.origin))
        for op in self.b.block.ops[start:]:
            self._note(op)

    def _note(self, op: Op) -> None:
        self._made.update((value.name, op) for value in op.outputs)

    # -- what rules ask -------------------------------------------------------------------------------------------

    def maker(self, value: Value | None, *kinds: str) -> Op | None:
        """The op that makes a value, where it is of one of these kinds (any, if none is given)."""
        op = None if value is None else self._made.get(value.name)
        return op if op is not None and not op.domain and (not kinds or op.kind in kinds) else None

    def remembered(self, what: str, value: Value, find: Callable[[Op], Found], otherwise: Found) -> Found:
        """What `find` says of the op that makes a value, asked once; `otherwise` for a value that no op makes."""
        key = (what, value.name)
        if key not in self._remembered:
            op = self.maker(value)
            self._remembered[key] = otherwise if op is None else find(op)
        found: Found = self._remembered[key]
        return found

    def alone(self, value: Value) -> bool:
        """True for a value that was used once, before anything was rewritten."""
        return self._used.get(value.name, 0) <= 1

    def factors(self, value: Value, stop: Sequence[Value] = (), depth: int = 6) -> tuple[float, list[Value]]:
        """A value as a number times other values: products, quotients by numbers and negations taken apart, down to those of `stop`."""
        op = None if value in stop or depth == 0 else self.maker(value, "Mul", "Div", "Neg")
        if op is None:
            alone = number(value)
            return (1.0, [value]) if alone is None else (alone, [])
        parts = [self.factors(v, stop, depth - 1) for v in op.inputs if v is not None]
        if op.kind == "Neg":
            return -parts[0][0], parts[0][1]
        if op.kind == "Mul":
            return parts[0][0] * parts[1][0], parts[0][1] + parts[1][1]
        if parts[1][1] or parts[1][0] == 0:
            return 1.0, [value]
        return parts[0][0] / parts[1][0], parts[0][1]


def number(value: Value | None) -> float | None:
    """The number that a constant of one element is; None for anything else."""
    if value is None or value.const is None or not value.const.known or value.const.size != 1 or value.dtype == "string":
        return None
    return float(value.array().reshape(-1)[0])


def is_number(value: Value | None, wanted: float) -> bool:
    """True for a constant that is this number, as float32 has it."""
    found = number(value)
    return found is not None and same_number(found, wanted)


def same_number(found: float, wanted: float) -> bool:
    """True for numbers that differ by the rounding to float32, and what it leaves in a product of two."""
    return isclose(found, wanted, rel_tol=2e-7, abs_tol=0.0)


def pairs(op: Op) -> list[tuple[Value, Value]]:
    """The two operands of an op, in both orders."""
    x, y = op.inputs
    return [] if x is None or y is None else [(x, y), (y, x)]
