"""Operations that change where elements lie: axes in another order, other lengths, joined and divided tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.export.operations.lengths import Length, number
from loadstone.export.operations.table import NoOperation, onnx
from loadstone.export.operations.translation import Translation, has, integers
from loadstone.ir import Output
from loadstone.lowering.block import Op, Value
from loadstone.lowering.passes.lengths import ONE, product

MOST_PARTS = 128  # slices that one axis is divided into


@onnx("Transpose")
def _transpose(t: Translation, op: Op) -> Output:
    return transposed(t, t.tensor(op.inputs[0]), op.attributes["perm"])


def transposed(t: Translation, x: Output, axes: Sequence[int]) -> Output:
    """x with its axes in this order; of two transpositions one after the other one is made, or none."""
    layer = x.node.layer
    if x.node.op == "Transpose" and layer is not None:
        axes, x = [layer.config["axes"][k] for k in axes], x.node.args[0]
    return x if list(axes) == list(range(len(axes))) else t("Transpose", x, axes=list(axes))


@onnx("Unsqueeze")
def _unsqueeze(t: Translation, op: Op) -> Output:
    axes = integers(op.inputs[1])
    if axes is None:
        raise NoOperation("the axes are computed")
    return expanded(t, t.tensor(op.inputs[0]), [axis % op.outputs[0].rank for axis in axes])


def expanded(t: Translation, x: Output, axes: Sequence[int]) -> Output:
    """x with axes of length 1 at these places of the result."""
    for axis in sorted(axes):
        x = t("ExpandDims", x, axis=axis)
    return x


@onnx("Squeeze")
def _squeeze(t: Translation, op: Op) -> Output:
    value = op.inputs[0]
    assert value is not None
    axes = integers(op.inputs[1])
    if axes is None:
        raise NoOperation("the axes are computed")
    return t("Squeeze", t.tensor(value), axis=[axis % value.rank for axis in axes]) if axes else t.tensor(value)


@onnx("Concat")
def _concat(t: Translation, op: Op) -> Output:
    parts = [t.operand(value) for value in op.inputs]
    if not any(isinstance(part, Output) for part in parts):
        parts[0] = t.tensor(op.inputs[0])
    return t("Concatenate", parts, axis=op.attributes["axis"])


@onnx("Split")
def _split(t: Translation, op: Op) -> list[Output]:
    value, axis = op.inputs[0], op.attributes.get("axis", 0)
    assert value is not None
    sizes = integers(op.inputs[1]) if has(op, 1) else [output.shape[axis] or 0 for output in op.outputs]
    if sizes is None:
        raise NoOperation("the sizes are computed")
    ends = [sum(sizes[: k + 1]) for k in range(len(sizes) - 1)]
    return t.several(len(sizes), "Split", t.tensor(value), indices_or_sections=ends, axis=axis)


# -- reshape ----------------------------------------------------------------------------------------------------------


@onnx("Reshape")
def _reshape(t: Translation, op: Op) -> Output:
    value = op.inputs[0]
    assert value is not None
    return reshaped(t, t.tensor(value), value.dtype, t.fact(value).lengths, _target(t, op, value))


def _target(t: Translation, op: Op, value: Value) -> list[Length | None]:
    """The wanted lengths; None for one that follows from the others."""
    target, mine = t.fact(op.inputs[1]).ints, t.fact(value).lengths
    if target is None:
        shape = op.outputs[0].shape
        if shape.count(None) > 1:
            raise NoOperation("several lengths are computed")
        return [None if n is None else Length(n) for n in shape]
    keeps = not op.attributes.get("allowzero")
    lengths = [mine[k] if n == Length(0) and keeps else None if n == Length(-1) else n for k, n in enumerate(target)]
    known = [Length(n) if length is None and n is not None else length for length, n in zip(lengths, op.outputs[0].shape, strict=True)]
    if known.count(None) == 1:
        rest = product(mine).over(product(length for length in known if length is not None))
        return [rest if length is None else length for length in known]
    return known


def reshaped(t: Translation, x: Output, dtype: str, mine: Sequence[Length], target: Sequence[Length | None]) -> Output:
    """x, whose axes have these lengths, in another shape."""
    if list(mine) == list(target):
        return x
    shape = [-1 if length is None or length.symbols else length.factor for length in target]
    if shape.count(-1) <= 1:
        return t("Reshape", x, newshape=shape)
    wide = [length for length in target if length != ONE]
    if wide == [length for length in mine if length != ONE]:
        return _with_ones(t, x, mine, target)
    divided = _divided(t, x, mine, target)
    return _around(t, x, dtype, mine, target) if divided is None else divided


def _with_ones(t: Translation, x: Output, mine: Sequence[Length], target: Sequence[Length | None]) -> Output:
    """Axes of length 1 come and go."""
    gone = [k for k, length in enumerate(mine) if length == ONE]
    x = t("Squeeze", x, axis=gone) if gone else x
    return expanded(t, x, [k for k, length in enumerate(target) if length == ONE])


def _around(t: Translation, x: Output, dtype: str, mine: Sequence[Length], target: Sequence[Length | None]) -> Output:
    """A Reshape layer keeps the first axis, whatever its length: one that both have comes there for a while."""
    shape = [-1 if length is None or length.symbols else length.factor for length in target]
    for i, length in enumerate(mine):
        for j, wanted in enumerate(target):
            before = target[:j]
            rest = [n for k, n in enumerate(shape) if k != j]
            if not length.symbols or length != wanted or None in before or rest.count(-1) > 1:
                continue
            if product(mine[:i]) == product(n for n in before if n is not None):
                axes = [i, *[k for k in range(len(mine)) if k != i]]
                y = t.layer("Reshape", "reshape", dtype, transposed(t, x, axes), target_shape=rest)
                return transposed(t, y, [*range(1, j + 1), 0, *range(j + 1, len(shape))])
    raise NoOperation("several lengths that are known only at run time")


def _divided(t: Translation, x: Output, mine: Sequence[Length], target: Sequence[Length | None]) -> Output | None:
    """One axis of a known length becomes two, or two become one, beside any others: by slices. None where it is something else."""
    for place in range(min(len(mine), len(target))):
        if mine[place] == target[place]:
            continue
        if len(target) == len(mine) + 1 and list(mine[place + 1 :]) == list(target[place + 2 :]):
            whole, (count, size) = number(mine[place]), (_number(n) for n in target[place : place + 2])
            if whole and count and size and count <= MOST_PARTS:
                parts = [t("GetItem", x, key(len(mine), place, slice(k * size, (k + 1) * size))) for k in range(count)]
                return t("Stack", parts, axis=place)
        if len(target) == len(mine) - 1 and list(mine[place + 2 :]) == list(target[place + 1 :]):
            many, last = number(mine[place]), number(mine[place + 1])
            if many and last and many <= MOST_PARTS:
                return t("Concatenate", [t("GetItem", x, key(len(mine), place, k)) for k in range(many)], axis=place)
        return None
    return None


def _number(length: Length | None) -> int | None:
    return None if length is None else number(length)


def key(rank: int, axis: int, part: Any) -> tuple[Any, ...]:
    """The key of x[:, ..., part, ..., :]."""
    return tuple(part if k == axis else slice(None) for k in range(rank))


# -- blocks of channels -------------------------------------------------------------------------------------------------


@onnx("DepthToSpace", "SpaceToDepth")
def _depth(t: Translation, op: Op) -> Output:
    """Channels come first in ONNX and last here; "CRD" has the parts of a channel beside each other."""
    if op.kind == "DepthToSpace" and op.attributes.get("mode", "DCR") != "DCR":
        value, size = op.inputs[0], op.attributes["blocksize"]
        assert value is not None
        channels = value.shape[1]
        if channels is None:
            raise NoOperation("the number of channels is not known")
        order = [c * size * size + k for k in range(size * size) for c in range(channels // size**2)]
        x = t("Take", t.tensor(value), t.list_of(order), axis=1)
    else:
        x = t.tensor(op.inputs[0])
    y = t(op.kind, transposed(t, x, [0, 2, 3, 1]), block_size=op.attributes["blocksize"], data_format="channels_last")
    return transposed(t, y, [0, 3, 1, 2])


__all__ = ["expanded", "key", "reshaped", "transposed"]
