"""Operations that make tensors larger, whose lengths may be known only at run time: broadcasting, counting, padding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from loadstone.export.operations.lengths import Length, number, numbers
from loadstone.export.operations.shaping import expanded, key
from loadstone.export.operations.table import NoOperation, onnx
from loadstone.export.operations.translation import Translation, has, integers
from loadstone.ir import Output, Tensor, dtypes
from loadstone.lowering.block import Op
from loadstone.lowering.passes.lengths import ONE


@onnx("Expand")
def _expand(t: Translation, op: Op) -> Output:
    """To the lengths that are wanted, where both have more than 1 they are the same."""
    value, target = op.inputs[0], t.fact(op.inputs[1]).ints
    assert value is not None
    mine, shape = t.fact(value).lengths, op.outputs[0].shape
    if None not in shape:
        return t("BroadcastTo", t.tensor(value), shape=list(shape))
    if target is None:
        raise NoOperation("the shape is computed")
    rank = len(shape)
    wanted = [ONE] * (rank - len(target)) + list(target)
    given = [ONE] * (rank - len(mine)) + list(mine)
    x = expanded(t, t.tensor(value), list(range(rank - len(mine))))
    missing = {k: length for k, (length, had) in enumerate(zip(wanted, given, strict=True)) if length not in (ONE, had) and had == ONE}
    return widened(t, x, value.dtype, rank, missing)


def widened(t: Translation, x: Output, dtype: str, rank: int, missing: dict[int, Length]) -> Output:
    """x with other lengths along axes of length 1: zeros of those lengths are added."""
    for axis, length in missing.items():
        others = [k for k in range(rank) if k != axis]
        known = number(length)
        if known is not None:
            shape = [known if k == axis else 1 for k in range(rank)]
            zeros: Output | Tensor = Tensor.of(np.zeros(shape, dtypes.to_numpy(dtype)), dtype)
        else:
            zeros = expanded(t, t.zeros_along(length, dtype), others)
        x = t("LogicalOr" if dtype == "bool" else "Subtract", x, zeros)  # a sum may be taken for one with a bias
    return x


@onnx("ConstantOfShape")
def _constant_of_shape(t: Translation, op: Op) -> Output:
    target, value = t.fact(op.inputs[0]).ints, op.outputs[0]
    filling = op.attributes.get("value")
    number_ = 0.0 if filling is None else filling.numpy().reshape(-1)[0]
    if target is None:
        raise NoOperation("the shape is computed")
    start = t.constant_tensor(np.full([1] * len(target), number_, dtypes.to_numpy(value.dtype)), value.dtype)
    return widened(t, start, value.dtype, len(target), {k: n for k, n in enumerate(target) if n != ONE})


@onnx("Range")
def _range(t: Translation, op: Op) -> Output:
    """From 0 by ones, to a length: the places along an axis of that length."""
    start, end, step = (t.fact(value).ints for value in op.inputs)
    if start != (Length(0),) or step != (Length(1),) or end is None:
        raise NoOperation("a range of computed numbers")
    ones = t("OnesLike", t.zeros_along(end[0]))
    return t("Subtract", t("Cumsum", ones, axis=0), 1)


@onnx("Shape")
def _shape(t: Translation, op: Op) -> Output:
    value = op.inputs[0]
    assert value is not None
    lengths = t.fact(value).lengths[op.attributes.get("start", 0) : op.attributes.get("end", value.rank)]
    return t("Stack", [counted(t, length) for length in lengths], axis=0)


@onnx("Size")
def _size(t: Translation, op: Op) -> Output:
    value = op.inputs[0]
    assert value is not None
    return reduce(lambda one, other: t("Multiply", one, other), [counted(t, length) for length in t.fact(value).lengths])


def counted(t: Translation, length: Length) -> Output:
    """A length as a tensor of the model without axes: ones are counted."""
    parts = [t("Sum", t("OnesLike", t.zeros_along(Length(1, (symbol,)))), axis=None, keepdims=False) for symbol in length.symbols]
    if not parts:
        return t("Add", t.zero(), length.factor)
    whole = reduce(lambda one, other: t("Multiply", one, other), parts)
    return whole if length.factor == 1 else t("Multiply", whole, length.factor)


@onnx("Tile")
def _tile(t: Translation, op: Op) -> Output:
    value, repeats = op.inputs[0], t.fact(op.inputs[1]).ints
    assert value is not None
    if repeats is None:
        raise NoOperation("the number of copies is computed")
    counts = numbers(repeats)
    if counts is not None:
        return t("Tile", t.tensor(value), repeats=counts)
    mine = t.fact(value).lengths
    many = {k: n for k, n in enumerate(repeats) if n.symbols}
    if any(mine[k] != ONE for k in many):
        raise NoOperation("copies along an axis, as many as are known only at run time")
    x = t("Tile", t.tensor(value), repeats=[1 if n.symbols else n.factor for n in repeats])
    return widened(t, x, value.dtype, value.rank, many)


@onnx("Pad")
def _pad(t: Translation, op: Op) -> Output:
    """Numbers below 0 crop."""
    value, pads = op.inputs[0], numbers(t.fact(op.inputs[1]).ints)
    assert value is not None
    axes = integers(op.inputs[3]) if has(op, 3) else list(range(value.rank))
    if pads is None or axes is None:
        raise NoOperation("the padding is computed")
    given = op.inputs[2] if has(op, 2) else None
    if given is not None and given.const is None:
        raise NoOperation("the number that is padded with is computed")
    filling = 0 if given is None else given.array().reshape(-1)[0].item()
    pairs = {axis % value.rank: (pads[k], pads[k + len(axes)]) for k, axis in enumerate(axes)}
    return padded(t, t.tensor(value), [pairs.get(k, (0, 0)) for k in range(value.rank)], op.attributes.get("mode", "constant"), filling)


def padded(t: Translation, x: Output, pairs: Sequence[tuple[int, int]], mode: str = "constant", filling: float = 0) -> Output:
    """x with so many elements more before and after, along each axis."""
    if any(low < 0 or high < 0 for low, high in pairs):
        cut = tuple(slice(-low if low < 0 else None, high if high < 0 else None) for low, high in pairs)
        x, pairs = t("GetItem", x, cut), [(max(low, 0), max(high, 0)) for low, high in pairs]
    if not any(low or high for low, high in pairs):
        return x
    if mode == "edge":
        return _edged(t, x, pairs)
    if mode not in ("constant", "reflect"):
        raise NoOperation(f"padding of the kind {mode!r}")
    width = [list(pair) for pair in pairs]
    if mode == "constant" and filling:
        return t.called(t.operation("Pad", pad_width=width, mode=mode), x, constant_values=filling)
    return t("Pad", x, pad_width=width, mode=mode)


def _edged(t: Translation, x: Output, pairs: Sequence[tuple[int, int]]) -> Output:
    """The outermost elements again and again, which Keras on TensorFlow does not have."""
    for axis, (low, high) in enumerate(pairs):
        ends = ((low, slice(None, 1)), (high, slice(-1, None)))
        before, after = ([t("GetItem", x, key(len(pairs), axis, end))] * count for count, end in ends)
        x = t("Concatenate", [*before, x, *after], axis=axis) if low or high else x
    return x
