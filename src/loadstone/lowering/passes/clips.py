"""Bounds of both sides as one Clip, and x / 6 + 0.5 between 0 and 1 as HardSigmoid: engines fuse these with the convolution before."""

from __future__ import annotations

from loadstone.lowering.block import Op, Value
from loadstone.lowering.passes.rewriting import Rewriter, is_number, number, pairs

_TYPES = ("float32", "float64")


def clip(found: Rewriter, op: Op) -> Value | None:
    """max(min(x, high), low), min(max(x, low), high), or min(relu(x), high), where low <= high."""
    if op.outputs[0].dtype not in _TYPES or len(op.inputs) != 2:
        return None
    for value, bound in pairs(op):
        inner = found.maker(value, "Max", "Min", "Relu")
        if inner is None or inner.kind == op.kind or number(bound) is None or len(inner.inputs) > 2:
            continue
        if inner.kind == "Relu":
            operands = [(inner.inputs[0], found.b.const(0, value.dtype))] if op.kind == "Min" else []
        else:
            operands = list(pairs(inner))
        for x, other in operands:
            limits = (number(bound), number(other)) if op.kind == "Max" else (number(other), number(bound))
            if x is not None and None not in limits and x.shape == op.outputs[0].shape and (limits[0] or 0.0) <= (limits[1] or 0.0):
                result: Value = found.b.Clip(x, found.b.const(limits[0], x.dtype), found.b.const(limits[1], x.dtype))
                return result
    return None


def hard_sigmoid(found: Rewriter, op: Op) -> Value | None:
    """clip(x + 3, 0, 6) / 6."""
    factor, rest = found.factors(op.outputs[0])
    inner = found.maker(rest[0], "Clip") if len(rest) == 1 else None
    if inner is None or op.outputs[0].dtype != "float32" or abs(factor * 6 - 1) > 1e-6:
        return None
    if len(inner.inputs) < 3 or number(inner.inputs[1]) != 0 or number(inner.inputs[2]) != 6:
        return None
    total = found.maker(inner.inputs[0], "Add")
    for x, three in pairs(total) if total is not None else ():
        if is_number(three, 3.0) and x.shape == op.outputs[0].shape:
            result: Value = found.b.HardSigmoid(x, alpha=1 / 6, beta=0.5)
            return result
    return None


def once(found: Rewriter, op: Op) -> Value | None:
    """x times or over 1."""
    for x, one in pairs(op)[: 1 if op.kind == "Div" else 2]:
        if number(one) == 1 and x.const is None and one.rank <= x.rank and len(op.outputs[0].shape) == x.rank:
            return x
    return None
