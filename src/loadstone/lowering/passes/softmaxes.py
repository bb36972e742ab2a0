"""Softmax from its parts: exp(x - max(x)) over its sum, both along one axis. Without the maximum it would overflow elsewhere, and stays."""

from __future__ import annotations

from loadstone.lowering.block import Op, Value
from loadstone.lowering.passes.rewriting import Rewriter, is_number, pairs


def softmax(found: Rewriter, op: Op) -> Value | None:
    """exp(x - max(x)) / sum(exp(x - max(x))), as a quotient or as a product with the reciprocal."""
    if op.outputs[0].dtype not in ("float32", "float64"):
        return None
    for power, total in _quotients(found, op):
        exponential, along = found.maker(power, "Exp"), _over(found, total, "ReduceSum", power)
        difference = found.maker(exponential.inputs[0], "Sub") if exponential is not None else None
        if along is None or difference is None:
            continue
        x, most = difference.inputs
        if x is not None and _over(found, _maximum(found, most, x, along), "ReduceMax", x) == along:
            result: Value = found.b.Softmax(x, axis=along)
            return result
    return None


def _quotients(found: Rewriter, op: Op) -> list[tuple[Value, Value | None]]:
    if op.kind == "Div":
        return [] if op.inputs[0] is None else [(op.inputs[0], op.inputs[1])]
    return [(x, divisor) for x, y in pairs(op) if (divisor := reciprocal_of(found, y)) is not None]


def reciprocal_of(found: Rewriter, value: Value) -> Value | None:
    """What a value is one over."""
    op = found.maker(value, "Reciprocal", "Div")
    if op is None:
        return None
    return op.inputs[0] if op.kind == "Reciprocal" else op.inputs[1] if is_number(op.inputs[0], 1.0) else None


def _maximum(found: Rewriter, value: Value | None, x: Value, along: int) -> Value | None:
    """A maximum without what makes it NaN where x has one: so does softmax."""
    op = found.maker(value, "Where")
    is_nan = found.maker(op.inputs[0], "IsNaN") if op is not None else None
    total = is_nan.inputs[0] if is_nan is not None else None
    summed = found.maker(total, "ReduceSum")
    if op is None or summed is None or op.inputs[1] is not total:
        return value
    sizes = found.maker(summed.inputs[0], "Abs")
    if summed.inputs[0] is not x and (sizes is None or sizes.inputs[0] is not x):
        return value
    return op.inputs[2] if _over(found, total, "ReduceSum", summed.inputs[0] or x) == along else value


def _over(found: Rewriter, value: Value | None, kind: str, x: Value) -> int | None:
    """The one axis along which a value is a reduction of x that keeps it."""
    axes = reduced_axes(found, value, kind, x)
    return axes[0] if axes is not None and len(axes) == 1 else None


def reduced_axes(found: Rewriter, value: Value | None, kind: str, x: Value) -> list[int] | None:
    """The axes over which a value is a reduction of x, with lengths of 1 in their place."""
    op = found.maker(value, kind)
    if op is None or op.inputs[0] is not x or not op.attributes.get("keepdims", 1):
        return None
    axes = op.inputs[1] if len(op.inputs) > 1 else None
    if axes is None or axes.const is None or not axes.const.known or axes.const.size == 0:
        return None
    return sorted({int(a) % x.rank for a in axes.array().reshape(-1)})
