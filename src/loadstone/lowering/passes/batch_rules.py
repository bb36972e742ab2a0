"""What each ONNX op makes of samples: the table of `batch_axis`.

A rule takes the facts of an op's inputs and gives those of its outputs, or raises NotProven. It must hold for every
attribute that it does not look at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from loadstone.ir import dtypes
from loadstone.lowering.block import Block, Op
from loadstone.lowering.passes.batch_axis import Fact, NotProven, Prover, Rule, without_ints
from loadstone.lowering.passes.lengths import ONE, Length, common, product

RULES: dict[str, Rule] = {}


def _rule(names: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(names.split(), rule))
        return rule

    return register


def _mixed(op: Op) -> NotProven:
    return NotProven(f"{op.kind} at {op.origin} lets samples see each other, or may")


def _free(fact: Fact | None) -> bool:
    """True for an operand that is left out or does not depend on the samples, nor on how many there are."""
    return fact is None or (fact.axis is None and not fact.counts_samples)


def _require(op: Op, *conditions: bool) -> None:
    if not all(conditions):
        raise _mixed(op)


def _parameters_free(function: Callable[[Prover, Op, Fact], list[Fact]], first: int = 1) -> Rule:
    """A rule for ops of one tensor whose other inputs must not depend on samples."""

    def rule(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
        x = facts[0]
        _require(op, all(_free(fact) for fact in facts[first:]))
        assert x is not None
        if x.axis is None:
            _require(op, not x.counts_samples)
            return [prover.made(value) for value in op.outputs]
        return function(prover, op, x)

    return rule


def _register(names: str, first: int = 1) -> Callable[[Callable[[Prover, Op, Fact], list[Fact]]], None]:
    def register(function: Callable[[Prover, Op, Fact], list[Fact]]) -> None:
        _rule(names)(_parameters_free(function, first))

    return register


# -- elementwise -------------------------------------------------------------------------------------------------------

_UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish IsInf IsNaN "
    "LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu"
)


@_register(_UNARY)
def _unary(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    return [without_ints(x)]


@_rule("Identity")
def _identity(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    assert facts[0] is not None
    return [facts[0]]


@_rule("Cast")
def _cast(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x = facts[0]
    assert x is not None
    if x.ints is not None and dtypes.is_integer(dtypes.of_onnx(op.attributes["to"])):
        return [x]
    _require(op, not x.counts_samples)
    return [without_ints(x)]


@_rule("Add Sub Mul Div Pow Mod Max Min Sum Mean PRelu And Or Xor BitwiseAnd BitwiseOr BitwiseXor BitShift Where Equal Greater GreaterOrEqual Less LessOrEqual")
def _elementwise(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    operands = [fact for fact in facts if fact is not None]
    if all(fact.ints is not None for fact in operands):
        return [_integers(prover, op, operands)]
    _require(op, not any(fact.counts_samples for fact in operands))
    made = prover.made(op.outputs[0])
    rank = made.rank
    places = {(rank - fact.rank + fact.axis, fact.batch) for fact in operands if fact.axis is not None}
    _require(op, len(places) <= 1)
    place, batch = places.pop() if places else (None, ONE)
    lengths = []
    for k in range(rank):
        met = [fact.lengths[k - rank + fact.rank] for fact in operands if k - rank + fact.rank >= 0]
        if k == place:
            _require(op, all(length in (batch, ONE) for length in met))
            _require(op, all(fact.axis is not None or k - rank + fact.rank < 0 or fact.lengths[k - rank + fact.rank] == ONE for fact in operands))
            lengths.append(batch)
        else:
            lengths.append(common(met, made.lengths[k]))
    return [Fact(tuple(lengths), place)]


def _integers(prover: Prover, op: Op, operands: Sequence[Fact]) -> Fact:
    """Arithmetic on lengths. What is not a product stays known only where it does not depend on the samples."""
    made = prover.made(op.outputs[0])
    size = max(len(fact.ints or ()) for fact in operands)
    columns = [list(fact.ints or ()) * (size if len(fact.ints or ()) == 1 else 1) for fact in operands]
    if made.rank > 1 or any(len(column) != size for column in columns):
        _require(op, not any(fact.counts_samples for fact in operands))
        return made
    results = []
    for k, terms in enumerate(zip(*columns, strict=True)):
        exact = product(terms) if op.kind == "Mul" else terms[0].over(terms[1]) if op.kind == "Div" else _number(op.kind, terms)
        if exact is None:
            _require(op, not any(term.counts_samples for term in terms))
            exact = Length(1, (f"{op.outputs[0].name}.{k}",))
        results.append(exact)
    return replace(made, ints=tuple(results) if dtypes.is_integer(op.outputs[0].dtype) else None)


_NUMBERS: dict[str, Callable[[int, int], int]] = {
    "Add": lambda x, y: x + y,
    "Sub": lambda x, y: x - y,
    "Max": max,
    "Min": min,
}


def _number(kind: str, terms: Sequence[Length]) -> Length | None:
    if kind not in _NUMBERS or len(terms) != 2 or any(term.symbols for term in terms):
        return None
    return Length(_NUMBERS[kind](terms[0].factor, terms[1].factor))


# -- along an axis -----------------------------------------------------------------------------------------------------


def _along(op: Op, x: Fact, default: int) -> int:
    return int(op.attributes.get("axis", default)) % x.rank


@_register("Softmax LogSoftmax Hardmax LpNormalization")
def _axis_attribute(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    _require(op, _along(op, x, -1) != x.axis)
    return [x]


@_register("LayerNormalization RMSNormalization")
def _last_axes(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    assert x.axis is not None
    _require(op, x.axis < _along(op, x, -1), len(op.outputs) == 1)
    return [x]


@_rule("CumSum")
def _cumsum(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, axis = facts[0], facts[1]
    assert x is not None and axis is not None
    _require(op, not x.counts_samples)
    if x.axis is not None:
        _require(op, axis.ints is not None, x.axis not in _axes(axis, x.rank))
    return [without_ints(x)]


def _axes(fact: Fact, rank: int) -> list[int]:
    """Axes that are given as an input: plain numbers."""
    if fact.ints is None or any(length.symbols for length in fact.ints):
        return list(range(rank))
    return [length.factor % rank for length in fact.ints]


@_rule("ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare")
def _reduce(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, given = facts[0], facts[1] if len(facts) > 1 else None
    assert x is not None
    made = prover.made(op.outputs[0])
    if x.ints is not None and op.kind == "ReduceProd" and x.rank == 1:
        return [replace(made, ints=(product(x.ints),))]
    _require(op, not x.counts_samples)
    if given is None or (given.ints == () and not op.attributes.get("noop_with_empty_axes")):
        gone = list(range(x.rank)) if not (given is None and op.attributes.get("noop_with_empty_axes")) else []
    else:
        gone = _axes(given, x.rank)
    return [_reduced(op, x, gone, made, bool(op.attributes.get("keepdims", 1)))]


def _reduced(op: Op, x: Fact, gone: list[int], made: Fact, keep: bool) -> Fact:
    _require(op, x.axis not in gone or x.axis is None)
    lengths = tuple(ONE if k in gone else length for k, length in enumerate(x.lengths) if keep or k not in gone)
    axis = None if x.axis is None else x.axis - (0 if keep else sum(k < x.axis for k in gone))
    return Fact(lengths if len(lengths) == made.rank else made.lengths, axis)


@_register("ArgMax ArgMin")
def _arg(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    return [_reduced(op, x, [_along(op, x, 0)], prover.made(op.outputs[0]), bool(op.attributes.get("keepdims", 1)))]


@_register("TopK")
def _topk(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    _require(op, _along(op, x, -1) != x.axis)
    return [prover.made(value, x.axis, x.batch) for value in op.outputs]


@_rule("Concat")
def _concat(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    parts = [fact for fact in facts if fact is not None]
    if all(fact.ints is not None and fact.rank == 1 for fact in parts):
        return [replace(prover.made(op.outputs[0]), ints=tuple(length for fact in parts for length in fact.ints or ()))]
    _require(op, not any(fact.counts_samples for fact in parts))
    if all(fact.axis is None for fact in parts):
        return [prover.made(op.outputs[0])]
    places = {(fact.axis, fact.batch if fact.axis is not None else ONE) for fact in parts}
    _require(op, len(places) == 1)
    axis, batch = places.pop()
    assert axis is not None
    along = _along(op, parts[0], 0)
    _require(op, along != axis)
    made = prover.made(op.outputs[0], axis, batch)
    lengths = [made.lengths[k] if k == along else common((fact.lengths[k] for fact in parts), made.lengths[k]) for k in range(made.rank)]
    return [Fact(tuple(lengths), axis)]


@_register("Split")
def _split(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    along = _along(op, x, 0)
    _require(op, along != x.axis)
    return [_others(prover.made(value, x.axis, x.batch), x, along) for value in op.outputs]


def _others(made: Fact, x: Fact, *changed: int) -> Fact:
    """The made fact with the lengths of x where they did not change."""
    return replace(made, lengths=tuple(made.lengths[k] if k in changed else length for k, length in enumerate(x.lengths)))


@_rule("Slice")
def _slice(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, starts, ends, axes, steps = (*facts, None, None)[:5]
    assert x is not None and starts is not None and ends is not None
    places = list(range(starts.lengths[0].factor)) if axes is None else _axes(axes, x.rank)
    if x.ints is not None and x.rank == 1:
        bounds = [None if fact is None or fact.ints is None or fact.ints[0].symbols else fact.ints[0].factor for fact in (starts, ends, steps)]
        if bounds[0] is not None and bounds[1] is not None and (steps is None or bounds[2] is not None):
            step = 1 if bounds[2] is None else bounds[2]
            return [replace(prover.made(op.outputs[0]), ints=x.ints[slice(bounds[0], None if step < 0 and bounds[1] < -SLICE_END else bounds[1], step)])]
    _require(op, not x.counts_samples, _free(starts), _free(ends), _free(steps))
    if x.axis is None:
        return [prover.made(op.outputs[0])]
    _require(op, x.axis not in places)
    return [_others(prover.made(op.outputs[0], x.axis, x.batch), x, *places)]


SLICE_END = 2**31  # bounds beyond it mean "to the end"


# -- order and shape of axes -------------------------------------------------------------------------------------------


@_rule("Shape")
def _shape(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x = facts[0]
    assert x is not None
    ints = x.lengths[op.attributes.get("start", 0) : op.attributes.get("end", x.rank)]
    return [Fact((Length(len(ints)),), None, ints)]


@_rule("Size")
def _size(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    assert facts[0] is not None
    return [Fact((), None, (product(facts[0].lengths),))]


@_register("Transpose")
def _transpose(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    perm = list(op.attributes.get("perm", range(x.rank)[::-1]))
    return [Fact(tuple(x.lengths[p] for p in perm), perm.index(x.axis))]


@_rule("Unsqueeze Squeeze")
def _squeeze(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, made = facts[0], prover.made(op.outputs[0])
    assert x is not None
    if x.axis is None:
        return [replace(made, ints=x.ints)]
    _require(op, len(facts) > 1 and facts[1] is not None)
    given = facts[1]
    assert given is not None
    _require(op, given.ints is not None)
    if op.kind == "Squeeze":
        gone = _axes(given, x.rank)
        return [_reduced(op, x, gone, made, False)]
    new = set(_axes(given, made.rank))
    rest = iter(range(x.rank))
    source = [None if k in new else next(rest) for k in range(made.rank)]
    return [Fact(tuple(ONE if s is None else x.lengths[s] for s in source), source.index(x.axis))]


@_rule("Reshape")
def _reshape(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    """Samples stay apart where the axes before them are the same, and what follows divides into whole samples."""
    x, target = facts[0], facts[1]
    assert x is not None and target is not None
    made = prover.made(op.outputs[0])
    if x.axis is None and not target.counts_samples:
        return [replace(made, ints=x.ints if made.rank <= 1 else None)]
    _require(op, x.axis is not None, target.ints is not None, not x.counts_samples)
    lengths = _reshaped(op, x, target.ints or ())
    places = [k for k, length in enumerate(lengths) if length.counts_samples]
    _require(op, len(places) == 1)
    place = places[0]
    _require(op, product(lengths[:place]) == product(x.lengths[: x.axis]))
    return [Fact(tuple(lengths), place)]


def _reshaped(op: Op, x: Fact, target: Sequence[Length]) -> list[Length]:
    lengths = [x.lengths[k] if length == Length(0) and not op.attributes.get("allowzero") else length for k, length in enumerate(target)]
    unknown = [k for k, length in enumerate(lengths) if length == Length(-1)]
    whole = product(x.lengths)
    if unknown:
        rest = whole.over(product(length for length in lengths if length != Length(-1)))
        if rest is None:
            raise _mixed(op)
        lengths[unknown[0]] = rest
    _require(op, product(lengths) == whole)
    return lengths


@_rule("Expand")
def _expand(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, target = facts[0], facts[1]
    assert x is not None and target is not None
    made = prover.made(op.outputs[0])
    if x.axis is None and not target.counts_samples:
        _require(op, not x.counts_samples)
        return [made]
    _require(op, target.ints is not None, not x.counts_samples)
    asked = Fact(tuple(target.ints or ()))
    places = {made.rank - asked.rank + k for k, length in enumerate(asked.lengths) if length.counts_samples}
    places |= set() if x.axis is None else {made.rank - x.rank + x.axis}
    _require(op, len(places) == 1)
    place = places.pop()
    lengths, batches = [], set()
    for k in range(made.rank):
        met = [fact.lengths[k - made.rank + fact.rank] for fact in (x, asked) if k - made.rank + fact.rank >= 0]
        if k == place:
            batches = {length for length in met if length != ONE}
            _require(op, len(batches) == 1)
            _require(op, x.axis is not None or all(length == ONE or length.counts_samples for length in met))
            lengths.append(next(iter(batches)))
        else:
            lengths.append(common(met, made.lengths[k]))
    return [Fact(tuple(lengths), place)]


@_rule("ConstantOfShape")
def _constant_of_shape(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    target, made = facts[0], prover.made(op.outputs[0])
    assert target is not None
    _require(op, target.axis is None)
    if target.ints is None:
        return [made]
    places = [k for k, length in enumerate(target.ints) if length.counts_samples]
    _require(op, len(places) <= 1)
    return [Fact(target.ints, places[0] if places else None)]


@_rule("Tile")
def _tile(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, repeats = facts[0], facts[1]
    assert x is not None and repeats is not None
    _require(op, _free(repeats), not x.counts_samples)
    made = prover.made(op.outputs[0], x.axis, ONE if x.axis is None else x.batch)
    if x.axis is None:
        return [made]
    _require(op, repeats.ints is not None and repeats.ints[x.axis] == ONE)
    assert repeats.ints is not None
    return [replace(made, lengths=tuple(length * times for length, times in zip(x.lengths, repeats.ints, strict=True)))]


@_rule("Pad")
def _pad(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, pads = facts[0], facts[1]
    axes = facts[3] if len(facts) > 3 else None
    assert x is not None and pads is not None
    _require(op, not x.counts_samples, all(_free(fact) for fact in facts[1:]))
    if x.axis is None:
        return [prover.made(op.outputs[0])]
    places = list(range(x.rank)) if axes is None else _axes(axes, x.rank)
    changed = [a for i, a in enumerate(places) if pads.ints is None or {pads.ints[i], pads.ints[i + len(places)]} != {Length(0)}]
    _require(op, x.axis not in changed)
    return [_others(prover.made(op.outputs[0], x.axis, x.batch), x, *changed)]


@_register("Trilu Det")
def _matrices(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    assert x.axis is not None
    _require(op, x.axis < x.rank - 2)
    return [prover.made(op.outputs[0], x.axis, x.batch)]


@_register("DepthToSpace SpaceToDepth LRN GlobalAveragePool GlobalMaxPool GlobalLpPool MaxPool AveragePool LpPool InstanceNormalization GroupNormalization Conv ConvTranspose")
def _batch_first(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    _require(op, x.axis == 0, len(op.outputs) == 1)
    return [prover.made(op.outputs[0], 0, x.batch)]


@_register("BatchNormalization")
def _batch_normalization(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    _require(op, x.axis != 1, not op.attributes.get("training_mode"), len(op.outputs) == 1)
    return [x]


@_rule("Resize")
def _resize(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, roi, scales, sizes = (*facts, None, None, None)[:4]
    assert x is not None
    if x.axis is None:
        _require(op, all(_free(fact) for fact in facts))
        return [prover.made(op.outputs[0])]
    axes = [a % x.rank for a in op.attributes.get("axes", range(x.rank))]
    if x.axis in axes:
        scale = op.inputs[2]
        by_scale = scale is not None and scale.const is not None and scale.const.size and scale.array()[axes.index(x.axis)] == 1
        by_size = sizes is not None and sizes.ints is not None and sizes.ints[axes.index(x.axis)] == x.batch
        _require(op, bool(by_scale) or by_size)
    _require(op, _free(roi), _free(scales) and (sizes is None or sizes.axis is None))
    return [prover.made(op.outputs[0], x.axis, x.batch)]


# -- picking -----------------------------------------------------------------------------------------------------------


@_rule("Gather")
def _gather(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, indices = facts[0], facts[1]
    assert x is not None and indices is not None
    along, made = _along(op, x, 0), prover.made(op.outputs[0])
    if x.ints is not None and x.rank == 1 and indices.ints is not None and not any(i.symbols for i in indices.ints):
        return [replace(made, ints=tuple(x.ints[i.factor] for i in indices.ints))]
    _require(op, not x.counts_samples, not indices.counts_samples, x.axis is None or indices.axis is None)
    lengths = (*x.lengths[:along], *indices.lengths, *x.lengths[along + 1 :])
    if indices.axis is not None:
        return [Fact(lengths, along + indices.axis)]
    if x.axis is None:
        return [Fact(lengths)]
    _require(op, along != x.axis)
    return [Fact(lengths, x.axis if x.axis < along else x.axis + indices.rank - 1)]


@_rule("GatherElements ScatterElements")
def _elements(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    tensors = [fact for fact in facts if fact is not None]
    _require(op, not any(fact.counts_samples for fact in tensors))
    if all(fact.axis is None for fact in tensors):
        return [prover.made(op.outputs[0])]
    places = {(fact.axis, fact.batch if fact.axis is not None else ONE) for fact in tensors}
    _require(op, len(places) == 1, _along(op, tensors[0], 0) != tensors[0].axis)
    return [without_ints(tensors[1] if op.kind == "GatherElements" else tensors[0])]


@_rule("GatherND")
def _gather_nd(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, indices = facts[0], facts[1]
    assert x is not None and indices is not None
    _require(op, not x.counts_samples, not indices.counts_samples)
    dims = op.attributes.get("batch_dims", 0)
    if x.axis is None and indices.axis is None:
        return [prover.made(op.outputs[0])]
    if x.axis is None:
        _require(op, indices.axis is not None and dims <= indices.axis < indices.rank - 1)
    else:
        _require(op, indices.axis == x.axis < dims, indices.axis is not None and indices.batch == x.batch)
    assert indices.axis is not None
    return [prover.made(op.outputs[0], indices.axis, indices.batch)]


@_register("OneHot")
def _onehot(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    along = int(op.attributes.get("axis", -1)) % (x.rank + 1)
    assert x.axis is not None
    return [prover.made(op.outputs[0], x.axis + (along <= x.axis), x.batch)]


@_rule("ReverseSequence")
def _reverse_sequence(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, lengths = facts[0], facts[1]
    assert x is not None and lengths is not None
    time, batch = op.attributes.get("time_axis", 0), op.attributes.get("batch_axis", 1)
    if _free(x) and _free(lengths):
        return [prover.made(op.outputs[0])]
    _require(op, x.axis is not None and x.axis != time, not lengths.counts_samples)
    _require(op, lengths.axis == 0 and lengths.batch == x.batch if x.axis == batch else lengths.axis is None)
    return [x]


@_rule("Range NonZero ScatterND EyeLike")
def _without_samples(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    _require(op, all(_free(fact) for fact in facts))
    return [prover.made(value) for value in op.outputs]


# -- products ----------------------------------------------------------------------------------------------------------


@_rule("MatMul")
def _matmul(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, y = facts[0], facts[1]
    assert x is not None and y is not None
    _require(op, not x.counts_samples, not y.counts_samples)
    if x.axis is None and y.axis is None:
        return [prover.made(op.outputs[0])]
    _require(op, x.rank > 1, y.rank > 1)
    rank = max(x.rank, y.rank)
    left, right = (None if fact.axis is None else fact.axis + rank - fact.rank for fact in (x, y))
    _require(op, left != rank - 1, right != rank - 2)  # the axis that is summed over
    if left is not None and right is not None:
        _require(op, left == right < rank - 2, x.batch == y.batch)
    place = left if left is not None else right
    assert place is not None
    one, other = (x, y) if left is not None else (y, x)
    if place < rank - 2 and other.axis is None:
        _require(op, place < rank - other.rank or other.lengths[place - rank + other.rank] == ONE)
    made = prover.made(op.outputs[0], place, one.batch)
    lengths = list(made.lengths)
    for k in range(rank - 2):
        if k != place:
            lengths[k] = common((fact.lengths[k - rank + fact.rank] for fact in (x, y) if k >= rank - fact.rank), lengths[k])
    lengths[-2:] = [x.lengths[-2], y.lengths[-1]]
    return [Fact(tuple(lengths), place)]


@_rule("Gemm")
def _gemm(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, y, bias = (*facts, None)[:3]
    assert x is not None and y is not None
    _require(op, _free(y), not x.counts_samples)
    made = prover.made(op.outputs[0])
    if x.axis is None:
        _require(op, _free(bias))
        return [made]
    _require(op, x.axis == (1 if op.attributes.get("transA") else 0))
    if bias is not None and bias.axis is not None:
        _require(op, bias.rank == 2, bias.axis == 0, bias.batch == x.batch)
    elif bias is not None:
        _require(op, _free(bias), bias.rank < 2 or bias.lengths[0] == ONE)
    return [replace(made, axis=0, lengths=(x.batch, made.lengths[1]))]


@_rule("Einsum")
def _einsum(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    terms, result = op.attributes["equation"].replace(" ", "").split("->")
    _require(op, "." not in terms, not any(fact is None or fact.counts_samples for fact in facts))
    operands = [(term, fact) for term, fact in zip(terms.split(","), facts, strict=True) if fact is not None]
    letters = {(term[fact.axis], fact.batch) for term, fact in operands if fact.axis is not None}
    if not letters:
        return [prover.made(op.outputs[0])]
    _require(op, len(letters) == 1)
    letter, batch = letters.pop()
    _require(op, letter in result, all((letter in term) == (fact.axis is not None) and term.count(letter) < 2 for term, fact in operands))
    known = {name: length for term, fact in operands for name, length in zip(term, fact.lengths, strict=True)}
    return [Fact(tuple(known[name] for name in result), result.index(letter))]


# -- recurrence and control flow ---------------------------------------------------------------------------------------


@_rule("LSTM GRU RNN")
def _rnn(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    """X (time, batch, n), W, R, B, sequence_lens (batch,), initial_h and initial_c (directions, batch, units), P."""
    x, w, r, bias, lengths, h, c, p = (*facts, *[None] * 8)[:8]
    assert x is not None
    if all(_free(fact) for fact in facts):
        return [prover.made(value) for value in op.outputs]
    _require(op, x.axis == 1, not op.attributes.get("layout"), all(_free(fact) for fact in (w, r, bias, p)))
    _require(op, lengths is None or (lengths.axis == 0 and lengths.batch == x.batch))
    _require(op, all(state is None or (state.axis == 1 and state.batch == x.batch) for state in (h, c)))
    made = [prover.made(value, 2 if value.rank == 4 else 1, x.batch) for value in op.outputs]
    return [replace(fact, lengths=(x.lengths[0], *fact.lengths[1:])) if fact.rank == 4 else fact for fact in made]


@_rule("If")
def _if(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    _require(op, _free(facts[0]))
    branches = [prover.run(body, []) for body in op.bodies()]
    results = []
    for value, *sides in zip(op.outputs, *branches, strict=True):
        _require(op, all(one.axis == other.axis for one, other in pairwise(sides)), not any(side.counts_samples for side in sides))
        axis = sides[0].axis
        _require(op, axis is None or all(side.batch == sides[0].batch for side in sides))
        results.append(prover.made(value, axis, ONE if axis is None else sides[0].batch))
    return results


@_rule("Scan")
def _scan(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    body: Block = op.attributes["body"]
    unknown = set(op.attributes) - {"body", "num_scan_inputs", "scan_input_directions", "scan_output_directions"}
    _require(op, not unknown)
    given = [fact for fact in facts if fact is not None]
    states = len(given) - op.attributes["num_scan_inputs"]
    _require(op, all(fact.axis != 0 and not fact.lengths[0].counts_samples for fact in given[states:]))
    slices = [Fact(fact.lengths[1:], None if fact.axis is None else fact.axis - 1) for fact in given[states:]]
    outputs = _body(prover, op, body, given[:states], slices, 0)
    return given[:states] + [_stacked(prover, op, k, fact) for k, fact in enumerate(outputs[states:], states)]


@_rule("Loop")
def _loop(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    body: Block = op.attributes["body"]
    _require(op, _free(facts[0]), _free(facts[1]))
    states = [fact for fact in facts[2:] if fact is not None]
    outputs = _body(prover, op, body, states, [Fact(()), Fact(())], 1)
    _require(op, _free(outputs[0]))
    return [without_ints(fact) for fact in states] + [_stacked(prover, op, k, fact) for k, fact in enumerate(outputs[1 + len(states) :], len(states))]


def _body(prover: Prover, op: Op, body: Block, states: list[Fact], others: list[Fact], skip: int) -> list[Fact]:
    """Facts of a body's outputs; what it carries on must stay as it was given."""
    _require(op, not any(fact.counts_samples for fact in states))
    start = [without_ints(fact) for fact in states]
    outputs = prover.run(body, start + others if skip == 0 else others + start)
    for before, after in zip(start, outputs[skip : skip + len(start)], strict=True):
        _require(op, before.axis == after.axis, before.axis is None or before.batch == after.batch, not after.counts_samples)
        _require(op, before.lengths == after.lengths)
    return outputs


def _stacked(prover: Prover, op: Op, index: int, fact: Fact) -> Fact:
    _require(op, not fact.counts_samples)
    return prover.made(op.outputs[index]) if fact.axis is None else prover.made(op.outputs[index], fact.axis + 1, fact.batch)
