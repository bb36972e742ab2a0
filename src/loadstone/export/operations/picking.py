"""Operations that take elements out of tensors, and put others into them."""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.export.operations.lengths import Length, numbers
from loadstone.export.operations.shaping import expanded, key
from loadstone.export.operations.table import NoOperation, onnx
from loadstone.export.operations.translation import Translation, has, integers
from loadstone.ir import Output, Tensor
from loadstone.lowering.block import Op, Value

_FAR = 2**31 - 2  # what rules write for "to the end"


@onnx("Slice")
def _slice(t: Translation, op: Op) -> Output:
    """With numbers for the places, or to the very length of an axis."""
    value = op.inputs[0]
    assert value is not None
    starts, ends = t.fact(op.inputs[1]).ints, t.fact(op.inputs[2]).ints
    axes = numbers(t.fact(op.inputs[3]).ints) if has(op, 3) else list(range(len(starts or ())))
    steps = numbers(t.fact(op.inputs[4]).ints) if has(op, 4) else [1] * len(axes or ())
    if starts is None or ends is None or axes is None or steps is None:
        raise NoOperation("the places are computed")
    parts: list[Any] = [slice(None)] * value.rank
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        length = t.fact(value).lengths[axis]
        parts[axis] = slice(_place(start, length, False), _place(end, length, True), None if step == 1 else step)
    if all(part == slice(None) for part in parts):
        return t.tensor(value)
    return t("GetItem", t.tensor(value), tuple(parts))


def _place(place: Length, length: Length, end: bool) -> int | None:
    """Where a slice begins or ends; None for as far as there is."""
    if end and place == length:
        return None
    if place.symbols:
        raise NoOperation("the places are computed")
    return None if abs(place.factor) >= _FAR or (not end and place.factor == 0) else place.factor


@onnx("Gather")
def _gather(t: Translation, op: Op) -> Output:
    value, places, axis = op.inputs[0], op.inputs[1], op.attributes.get("axis", 0)
    assert value is not None and places is not None
    axis %= value.rank
    fixed = integers(places)
    if fixed is not None and places.rank == 0:
        return t("GetItem", t.tensor(value), key(value.rank, axis, fixed[0]))
    looked_up = t.looked_up(value, places) if axis == 0 else None
    if looked_up is not None:
        return looked_up
    if fixed is not None:
        length = value.shape[axis]
        array = np.asarray([n + length if n < 0 and length is not None else n for n in fixed], np.int32).reshape(
            [n or 0 for n in places.shape]
        )
        return t("Take", t.tensor(value), Tensor.of(array, "int32"), axis=axis)
    return t("Take", t.operand(value), t.tensor(places), axis=axis)


@onnx("GatherElements")
def _gather_elements(t: Translation, op: Op) -> Output:
    x, places = op.inputs[0], op.inputs[1]
    return t("TakeAlongAxis", t.tensor(x), t.operand(places), axis=op.attributes.get("axis", 0))


@onnx("GatherND")
def _gather_nd(t: Translation, op: Op) -> Output:
    """Elements or slices by lists of places: the axes that they count along become one."""
    value, places, batch = op.inputs[0], op.inputs[1], op.attributes.get("batch_dims", 0)
    assert value is not None and places is not None
    count = places.shape[-1]
    known = None if count is None else [n for n in value.shape[batch : batch + count] if n is not None]
    if count is None or known is None or batch or len(known) < count - 1 or None in value.shape[1:count]:
        raise NoOperation("places along several axes of unknown lengths")
    index = t.tensor(places)
    columns = [t("GetItem", index, (Ellipsis, k)) for k in range(count)]
    if count == 1:
        return t("Take", t.operand(value), columns[0], axis=0)
    flat = columns[0]
    for k in range(1, count):
        length = value.shape[k] or 0
        flat = t("Add", t("Multiply", flat, length), t("Mod", columns[k], length))
    table = t("Reshape", t.tensor(value), newshape=[-1, *_rest(value, count)])
    return t("Take", table, flat, axis=0)


def _rest(value: Value, count: int) -> list[int]:
    if None in value.shape[count:]:
        raise NoOperation("slices of unknown lengths")
    return [n for n in value.shape[count:] if n is not None]


@onnx("ReverseSequence")
def _reverse_sequence(t: Translation, op: Op) -> Output:
    """The first elements of each sequence in the other order, as many as are said."""
    value, counts, axis = op.inputs[0], op.inputs[1], op.attributes.get("time_axis", 0)
    assert value is not None
    x, batch = t.tensor(value), op.attributes.get("batch_axis", 1)
    places = t("Subtract", t("Cumsum", t("OnesLike", x, dtype="int32"), axis=axis), 1)
    many = expanded(t, t("Cast", t.tensor(counts), dtype="int32"), [k for k in range(value.rank) if k != batch])
    turned = t("Subtract", t("Subtract", many, 1), places)
    return t("TakeAlongAxis", x, t("Where", t("Less", places, many), turned, places), axis=axis)


_REDUCTIONS = {"none": None, "add": "add", "mul": "mul", "max": "max", "min": "min"}


@onnx("ScatterND")
def _scatter_nd(t: Translation, op: Op) -> Output:
    x, places, updates = op.inputs
    kind = _REDUCTIONS[op.attributes.get("reduction", "none")]
    return t("ScatterUpdate", t.tensor(x), t.operand(places), t.operand(updates), reduction=kind)


@onnx("OneHot")
def _one_hot(t: Translation, op: Op) -> Output:
    """Where the number of a place is the wanted one; numbers below 0 count from the end."""
    value, depth = op.inputs[0], integers(op.inputs[1])
    given = op.inputs[2]
    assert value is not None and given is not None
    if depth is None or given.const is None:
        raise NoOperation("the depth is computed")
    off, on = given.array().tolist()
    rank = value.rank + 1
    axis = op.attributes.get("axis", -1) % rank
    numbers_ = np.arange(depth[0]).reshape([depth[0] if k == axis else 1 for k in range(rank)])
    hits = t("Equal", t("ExpandDims", t("Mod", t.tensor(value), depth[0]), axis=axis), Tensor.of(numbers_, "int32"))
    inside = t(
        "ExpandDims", t("LogicalAnd", t("Less", t.tensor(value), depth[0]), t("GreaterEqual", t.tensor(value), -depth[0])), axis=axis
    )
    return t("Where", t("LogicalAnd", hits, inside), Tensor.of(on, given.dtype), Tensor.of(off, given.dtype))
