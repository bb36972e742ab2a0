"""GELU from its parts, as graphs spell it out: x times 0.5 (1 + erf(x / sqrt(2))), and its approximation by tanh.

Hendrycks and Gimpel, 2016; tf.nn.gelu in tensorflow/python/ops/nn_ops.py, with erfc(-x / sqrt(2)) for 1 + erf in releases after
2.15. Factors come in any order. Results differ by rounding: absolutely, for the tail below 0 cancels in ONNX's Gelu as it does in the layer's.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import pi, sqrt

from loadstone.lowering.block import Op, Value
from loadstone.lowering.keras.special import erfc
from loadstone.lowering.passes.formulas import is_formula
from loadstone.lowering.passes.rewriting import Rewriter, is_number, pairs, same_number


def gelu(found: Rewriter, op: Op) -> Value | None:
    """0.5 * x * (1 + erf(x / sqrt(2))), or with tanh, as the last product of it."""
    y = op.outputs[0]
    if y.dtype != "float32":
        return None
    for gate in found.factors(y)[1]:
        for x, approximate in _gates(found, gate):
            number, rest = found.factors(y, (x, gate))
            if same_number(number, 0.5) and (rest == [x, gate] or rest == [gate, x]):
                result: Value = found.b.Gelu(x, approximate=approximate)
                return result
    return None


def _gates(found: Rewriter, gate: Value) -> Iterator[tuple[Value, str]]:
    """The x of which a value may be 1 + erf(x / sqrt(2)), or its approximation, and the name of which of them."""
    op = found.maker(gate, "Add", "Where")
    if op is None:
        return
    if op.kind == "Where":
        less = found.maker(op.inputs[0], "Less")
        u = None if less is None else less.inputs[0]
        if u is not None and is_formula(found, gate, erfc, u):
            yield from ((x, "none") for x in _scaled(found, u, -sqrt(0.5)))
        return
    for one, inner in pairs(op):
        function = found.maker(inner, "Erf", "Tanh") if is_number(one, 1.0) else None
        if function is not None and function.inputs[0] is not None:
            argument = function.inputs[0]
            if function.kind == "Erf":
                yield from ((x, "none") for x in _scaled(found, argument, sqrt(0.5)))
            else:
                yield from ((x, "tanh") for s in _scaled(found, argument, sqrt(2 / pi)) for x in _with_cube(found, s))


def _scaled(found: Rewriter, value: Value, scale: float) -> Iterator[Value]:
    """The x of which a value is `scale` times x."""
    for x in _inside(found, value):
        number, rest = found.factors(value, (x,))
        if rest == [x] and same_number(number, scale):
            yield x


def _inside(found: Rewriter, value: Value, depth: int = 4) -> Iterator[Value]:
    """What a value may be a multiple of."""
    op = found.maker(value, "Mul", "Div", "Neg") if depth else None
    for part in op.inputs if op is not None else ():
        if part is not None and part.const is None:
            yield part
            yield from _inside(found, part, depth - 1)


def _with_cube(found: Rewriter, total: Value) -> Iterator[Value]:
    """The x of which a value is x + 0.044715 x^3."""
    op = found.maker(total, "Add")
    for x, term in pairs(op) if op is not None else ():
        number, rest = found.factors(term, (x,))
        if same_number(number, 0.044715) and (rest == [x] * 3 or len(rest) == 1 and _is_cube(found, rest[0], x)):
            yield x


def _is_cube(found: Rewriter, value: Value, x: Value) -> bool:
    op = found.maker(value, "Pow")
    return op is not None and op.inputs[0] is x and is_number(op.inputs[1], 3.0)
