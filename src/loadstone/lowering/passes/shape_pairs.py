"""Reshapes that change nothing, or undo each other: alone, after another, and around a product with a matrix.

Which length an axis is given is known by number, or as the length of the same axis of the tensor that comes out again
(`lowering.elements`). One length that is not known follows from the others, as the number of elements stays.
"""

from __future__ import annotations

from loadstone.lowering.block import Op, Value
from loadstone.lowering.elements import Element, elements
from loadstone.lowering.passes.rewriting import Rewriter


def reshape(found: Rewriter, op: Op) -> Value | None:
    """One Reshape for two, none for what has its shape already."""
    x, target = op.inputs
    if x is None or target is None or x.const is not None:
        return None
    if restores(found, op, x):
        return x
    before = found.maker(x, "Reshape")
    if before is None or before.inputs[0] is None:
        return None
    if restores(found, op, before.inputs[0]):
        return before.inputs[0]
    if target.const is None or 0 in target.array():  # a 0 may stand for the length before
        return None
    result: Value = found.b.op("Reshape", before.inputs[0], target, out_shape=op.outputs[0].shape)
    return result


def kept(found: Rewriter, op: Op) -> Value | None:
    """A mean whose axes come back as lengths of 1: it keeps them by itself."""
    mean = found.maker(op.inputs[0], "ReduceMean")
    if mean is None or mean.attributes.get("keepdims", 1) or len(mean.inputs) < 2 or not found.alone(mean.outputs[0]):
        return None
    x, axes = mean.inputs[:2]
    if x is None or axes is None or axes.const is None or axes.const.size == 0:
        return None
    over = {int(axis) % x.rank for axis in axes.array()}
    shape = tuple(1 if axis in over else length for axis, length in enumerate(x.shape))
    if op.outputs[0].shape != shape or shape.count(None) > 1:
        return None
    result: Value = found.b.ReduceMean(x, axes, keepdims=1)
    return result


def product(found: Rewriter, op: Op) -> Value | None:
    """x as rows, times a matrix, in the shape of x again: MatMul does that by itself."""
    multiply = found.maker(op.inputs[0], "MatMul")
    before = found.maker(multiply.inputs[0], "Reshape") if multiply is not None else None
    if multiply is None or before is None or before.inputs[0] is None:
        return None
    x, rows, matrix = before.inputs[0], before.outputs[0], multiply.inputs[1]
    if matrix is None or matrix.rank != 2 or rows.rank < 2 or x.rank < 2 or not found.alone(multiply.outputs[0]):
        return None
    if x.shape[-1] is None or x.shape[-1] != rows.shape[-1] or matrix.shape[1] is None:
        return None
    if op.outputs[0].shape[-1:] != matrix.shape[1:] or not restores(found, op, x, x.rank - 1):
        return None
    result: Value = found.b.MatMul(x, matrix)
    return result


def restores(found: Rewriter, op: Op, x: Value, count: int | None = None) -> bool:
    """True for a Reshape that gives the axes of x their lengths: all, or the first `count`, where the others keep as many elements."""
    given = None if op.inputs[1] is None else elements(op.inputs[1])
    if given is None or len(given) != x.rank or op.outputs[0].rank != x.rank:
        return False
    free = 0
    for axis, length in enumerate(given[:count]):
        known, before = op.outputs[0].shape[axis], x.shape[axis]
        if known is not None and before is not None and known != before:
            return False
        free += (known is None or known != before) and not (isinstance(length, Element) and _is_length(found, length, x, axis))
    return free == 0 or (free == 1 and 0 not in x.shape)


def _is_length(found: Rewriter, length: Element, x: Value, axis: int) -> bool:
    """True for what Shape says of an axis of x."""
    op = found.maker(length.vector, "Shape")
    return op is not None and op.inputs[0] is x and op.attributes.get("start", 0) + length.index == axis
