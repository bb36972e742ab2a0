"""What ops that move, merge, take apart or widen axes make of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loadstone.lowering.block import Op
from loadstone.lowering.passes.batch_axis import Fact, Prover
from loadstone.lowering.passes.batch_table import axes_of, free, mixed, reduced, require, rule, rule_of_one, unchanged
from loadstone.lowering.passes.lengths import ONE, Length, common, product

# -- order and shape of axes -------------------------------------------------------------------------------------------


@rule("Shape")
def _shape(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x = facts[0]
    assert x is not None
    ints = x.lengths[op.attributes.get("start", 0) : op.attributes.get("end", x.rank)]
    return [Fact((Length(len(ints)),), None, ints)]


@rule("Size")
def _size(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    assert facts[0] is not None
    return [Fact((), None, (product(facts[0].lengths),))]


@rule_of_one("Transpose")
def _transpose(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    perm = list(op.attributes.get("perm", range(x.rank)[::-1]))
    return [Fact(tuple(x.lengths[p] for p in perm), perm.index(x.axis))]


@rule("Unsqueeze Squeeze")
def _squeeze(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, made = facts[0], prover.made(op.outputs[0])
    assert x is not None
    if x.axis is None:
        return [replace(made, ints=x.ints)]
    require(op, len(facts) > 1 and facts[1] is not None)
    given = facts[1]
    assert given is not None
    require(op, given.ints is not None)
    if op.kind == "Squeeze":
        gone = axes_of(given, x.rank)
        return [reduced(op, x, gone, made, False)]
    new = set(axes_of(given, made.rank))
    rest = iter(range(x.rank))
    source = [None if k in new else next(rest) for k in range(made.rank)]
    return [Fact(tuple(ONE if s is None else x.lengths[s] for s in source), source.index(x.axis))]


@rule("Reshape")
def _reshape(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    """Samples stay apart where the axes before them are the same, and what follows divides into whole samples."""
    x, target = facts[0], facts[1]
    assert x is not None and target is not None
    made = prover.made(op.outputs[0])
    if x.axis is None and not target.counts_samples:
        return [replace(made, ints=x.ints if made.rank <= 1 else None)]
    require(op, x.axis is not None, target.ints is not None, not x.counts_samples)
    lengths = _reshaped(op, x, target.ints or ())
    places = [k for k, length in enumerate(lengths) if length.counts_samples]
    require(op, len(places) == 1)
    place = places[0]
    require(op, product(lengths[:place]) == product(x.lengths[: x.axis]))
    return [Fact(tuple(lengths), place)]


def _reshaped(op: Op, x: Fact, target: Sequence[Length]) -> list[Length]:
    lengths = [x.lengths[k] if length == Length(0) and not op.attributes.get("allowzero") else length for k, length in enumerate(target)]
    unknown = [k for k, length in enumerate(lengths) if length == Length(-1)]
    whole = product(x.lengths)
    if unknown:
        rest = whole.over(product(length for length in lengths if length != Length(-1)))
        if rest is None:
            raise mixed(op)
        lengths[unknown[0]] = rest
    require(op, product(lengths) == whole)
    return lengths


@rule("Expand")
def _expand(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, target = facts[0], facts[1]
    assert x is not None and target is not None
    made = prover.made(op.outputs[0])
    if x.axis is None and not target.counts_samples:
        require(op, not x.counts_samples)
        return [made]
    require(op, target.ints is not None, not x.counts_samples)
    asked = Fact(tuple(target.ints or ()))
    places = {made.rank - asked.rank + k for k, length in enumerate(asked.lengths) if length.counts_samples}
    places |= set() if x.axis is None else {made.rank - x.rank + x.axis}
    require(op, len(places) == 1)
    place = places.pop()
    lengths, batches = [], set()
    for k in range(made.rank):
        met = [fact.lengths[k - made.rank + fact.rank] for fact in (x, asked) if k - made.rank + fact.rank >= 0]
        if k == place:
            batches = {length for length in met if length != ONE}
            require(op, len(batches) == 1)
            require(op, x.axis is not None or all(length == ONE or length.counts_samples for length in met))
            lengths.append(next(iter(batches)))
        else:
            lengths.append(common(met, made.lengths[k]))
    return [Fact(tuple(lengths), place)]


@rule("ConstantOfShape")
def _constant_of_shape(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    target, made = facts[0], prover.made(op.outputs[0])
    assert target is not None
    require(op, target.axis is None)
    if target.ints is None:
        return [made]
    places = [k for k, length in enumerate(target.ints) if length.counts_samples]
    require(op, len(places) <= 1)
    return [Fact(target.ints, places[0] if places else None)]


@rule("Tile")
def _tile(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, repeats = facts[0], facts[1]
    assert x is not None and repeats is not None
    require(op, free(repeats), not x.counts_samples)
    made = prover.made(op.outputs[0], x.axis, ONE if x.axis is None else x.batch)
    if x.axis is None:
        return [made]
    require(op, repeats.ints is not None and repeats.ints[x.axis] == ONE)
    assert repeats.ints is not None
    return [replace(made, lengths=tuple(length * times for length, times in zip(x.lengths, repeats.ints, strict=True)))]


@rule("Pad")
def _pad(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, pads = facts[0], facts[1]
    axes = facts[3] if len(facts) > 3 else None
    assert x is not None and pads is not None
    require(op, not x.counts_samples, all(free(fact) for fact in facts[1:]))
    if x.axis is None:
        return [prover.made(op.outputs[0])]
    places = list(range(x.rank)) if axes is None else axes_of(axes, x.rank)
    changed = [a for i, a in enumerate(places) if pads.ints is None or {pads.ints[i], pads.ints[i + len(places)]} != {Length(0)}]
    require(op, x.axis not in changed)
    return [unchanged(prover.made(op.outputs[0], x.axis, x.batch), x, *changed)]


@rule_of_one("Trilu Det")
def _matrices(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    assert x.axis is not None
    require(op, x.axis < x.rank - 2)
    return [prover.made(op.outputs[0], x.axis, x.batch)]


@rule_of_one(
    "DepthToSpace SpaceToDepth LRN GlobalAveragePool GlobalMaxPool GlobalLpPool MaxPool AveragePool LpPool InstanceNormalization "
    "GroupNormalization Conv ConvTranspose"
)
def _batch_first(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    require(op, x.axis == 0, len(op.outputs) == 1)
    return [prover.made(op.outputs[0], 0, x.batch)]


@rule_of_one("BatchNormalization")
def _batch_normalization(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    require(op, x.axis != 1, not op.attributes.get("training_mode"), len(op.outputs) == 1)
    return [x]


@rule("Resize")
def _resize(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, roi, scales, sizes = (*facts, None, None, None)[:4]
    assert x is not None
    if x.axis is None:
        require(op, all(free(fact) for fact in facts))
        return [prover.made(op.outputs[0])]
    axes = [a % x.rank for a in op.attributes.get("axes", range(x.rank))]
    if x.axis in axes:
        scale = op.inputs[2]
        by_scale = scale is not None and scale.const is not None and scale.const.size and scale.array()[axes.index(x.axis)] == 1
        by_size = sizes is not None and sizes.ints is not None and sizes.ints[axes.index(x.axis)] == x.batch
        require(op, bool(by_scale) or by_size)
    require(op, free(roi), free(scales) and (sizes is None or sizes.axis is None))
    return [prover.made(op.outputs[0], x.axis, x.batch)]
