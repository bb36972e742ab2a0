"""Whether what was emitted is a formula of one operand: the formula is emitted once more, and both are compared op by op."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes.rewriting import Rewriter

Formula = Callable[[Builder, Value], Value]


def is_formula(found: Rewriter, value: Value, formula: Formula, x: Value) -> bool:
    """True for a value that is `formula` of x, written as the function writes it."""
    operand, wanted, made = _emitted(formula, x.dtype)
    return _Comparison(found, made, operand, x).same(value, wanted)


@cache
def _emitted(formula: Formula, dtype: str) -> tuple[Value, Value, dict[str, Op]]:
    """A formula of an operand of any shape: the operand, the result, and what makes each value."""
    b = Builder()
    operand = Value("x", (None,), dtype)
    wanted = formula(b, operand)
    return operand, wanted, {output.name: op for op in b.block.ops for output in op.outputs}


class _Comparison:
    def __init__(self, found: Rewriter, made: dict[str, Op], operand: Value, x: Value) -> None:
        self._found, self._made, self._operand, self._x = found, made, operand, x
        self._same: set[tuple[str, str]] = set()

    def same(self, value: Value | None, wanted: Value | None) -> bool:
        if value is None or wanted is None:
            return value is wanted
        if wanted is self._operand:
            return value is self._x
        if wanted.const is not None:
            return value.const is not None and value.const.known and np.array_equal(value.array(), wanted.array())
        pair = (value.name, wanted.name)
        if pair not in self._same:
            op, model = self._found.maker(value), self._made[wanted.name]
            if op is None or (op.kind, op.attributes, len(op.inputs)) != (model.kind, model.attributes, len(model.inputs)):
                return False
            if not all(map(self.same, op.inputs, model.inputs)):
                return False
            self._same.add(pair)
        return True
