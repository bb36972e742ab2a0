"""What ops that go element by element, or along one axis, make of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from loadstone.ir import dtypes
from loadstone.lowering.block import Op
from loadstone.lowering.passes.batch_axis import Fact, Prover, without_ints
from loadstone.lowering.passes.batch_table import axes_of, axis_of, free, reduced, require, rule, rule_of_one, unchanged
from loadstone.lowering.passes.lengths import ONE, Length, common, product

# -- elementwise -------------------------------------------------------------------------------------------------------

_UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish IsInf IsNaN LabelEncoder "
    "LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu"
)


@rule_of_one(_UNARY)
def _unary(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    return [without_ints(x)]


@rule("Identity")
def _identity(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    assert facts[0] is not None
    return [facts[0]]


@rule("Cast")
def _cast(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x = facts[0]
    assert x is not None
    if x.ints is not None and dtypes.is_integer(dtypes.of_onnx(op.attributes["to"])):
        return [x]
    require(op, not x.counts_samples)
    return [without_ints(x)]


@rule(
    "Add Sub Mul Div Pow Mod Max Min Sum Mean PRelu And Or Xor BitwiseAnd BitwiseOr BitwiseXor BitShift Where Equal Greater GreaterOrEqual "
    "Less LessOrEqual"
)
def _elementwise(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    operands = [fact for fact in facts if fact is not None]
    if all(fact.ints is not None for fact in operands):
        return [_integers(prover, op, operands)]
    require(op, not any(fact.counts_samples for fact in operands))
    made = prover.made(op.outputs[0])
    rank = made.rank
    places = {(rank - fact.rank + fact.axis, fact.batch) for fact in operands if fact.axis is not None}
    require(op, len(places) <= 1)
    place, batch = places.pop() if places else (None, ONE)
    lengths = []
    for k in range(rank):
        met = [fact.lengths[k - rank + fact.rank] for fact in operands if k - rank + fact.rank >= 0]
        if k == place:
            require(op, all(length in (batch, ONE) for length in met))
            require(
                op, all(fact.axis is not None or k - rank + fact.rank < 0 or fact.lengths[k - rank + fact.rank] == ONE for fact in operands)
            )
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
        require(op, not any(fact.counts_samples for fact in operands))
        return made
    results = []
    for k, terms in enumerate(zip(*columns, strict=True)):
        exact = product(terms) if op.kind == "Mul" else terms[0].over(terms[1]) if op.kind == "Div" else _number(op.kind, terms)
        if exact is None:
            require(op, not any(term.counts_samples for term in terms))
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


@rule_of_one("Softmax LogSoftmax Hardmax LpNormalization")
def _axis_attribute(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    require(op, axis_of(op, x, -1) != x.axis)
    return [x]


@rule_of_one("LayerNormalization RMSNormalization")
def _last_axes(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    assert x.axis is not None
    require(op, x.axis < axis_of(op, x, -1), len(op.outputs) == 1)
    return [x]


@rule("CumSum")
def _cumsum(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, axis = facts[0], facts[1]
    assert x is not None and axis is not None
    require(op, not x.counts_samples)
    if x.axis is not None:
        require(op, axis.ints is not None, x.axis not in axes_of(axis, x.rank))
    return [without_ints(x)]


@rule("ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare")
def _reduce(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, given = facts[0], facts[1] if len(facts) > 1 else None
    assert x is not None
    made = prover.made(op.outputs[0])
    if x.ints is not None and op.kind == "ReduceProd" and x.rank == 1:
        return [replace(made, ints=(product(x.ints),))]
    require(op, not x.counts_samples)
    if given is None or (given.ints == () and not op.attributes.get("noop_with_empty_axes")):
        gone = list(range(x.rank)) if not (given is None and op.attributes.get("noop_with_empty_axes")) else []
    else:
        gone = axes_of(given, x.rank)
    return [reduced(op, x, gone, made, bool(op.attributes.get("keepdims", 1)))]


@rule_of_one("ArgMax ArgMin")
def _arg(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    return [reduced(op, x, [axis_of(op, x, 0)], prover.made(op.outputs[0]), bool(op.attributes.get("keepdims", 1)))]


@rule_of_one("TopK")
def _topk(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    require(op, axis_of(op, x, -1) != x.axis)
    return [prover.made(value, x.axis, x.batch) for value in op.outputs]


@rule("Concat")
def _concat(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    parts = [fact for fact in facts if fact is not None]
    if all(fact.ints is not None and fact.rank == 1 for fact in parts):
        return [replace(prover.made(op.outputs[0]), ints=tuple(length for fact in parts for length in fact.ints or ()))]
    require(op, not any(fact.counts_samples for fact in parts))
    if all(fact.axis is None for fact in parts):
        return [prover.made(op.outputs[0])]
    places = {(fact.axis, fact.batch if fact.axis is not None else ONE) for fact in parts}
    require(op, len(places) == 1)
    axis, batch = places.pop()
    assert axis is not None
    along = axis_of(op, parts[0], 0)
    require(op, along != axis)
    made = prover.made(op.outputs[0], axis, batch)
    lengths = [made.lengths[k] if k == along else common((fact.lengths[k] for fact in parts), made.lengths[k]) for k in range(made.rank)]
    return [Fact(tuple(lengths), axis)]


@rule_of_one("Split")
def _split(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    along = axis_of(op, x, 0)
    require(op, along != x.axis)
    return [unchanged(prover.made(value, x.axis, x.batch), x, along) for value in op.outputs]


@rule("Slice")
def _slice(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, starts, ends, axes, steps = (*facts, None, None)[:5]
    assert x is not None and starts is not None and ends is not None
    places = list(range(starts.lengths[0].factor)) if axes is None else axes_of(axes, x.rank)
    if x.ints is not None and x.rank == 1:
        bounds = [
            None if fact is None or fact.ints is None or fact.ints[0].symbols else fact.ints[0].factor for fact in (starts, ends, steps)
        ]
        if bounds[0] is not None and bounds[1] is not None and (steps is None or bounds[2] is not None):
            step = 1 if bounds[2] is None else bounds[2]
            return [
                replace(
                    prover.made(op.outputs[0]),
                    ints=x.ints[slice(bounds[0], None if step < 0 and bounds[1] < -SLICE_END else bounds[1], step)],
                )
            ]
    require(op, not x.counts_samples, free(starts), free(ends), free(steps))
    if x.axis is None:
        return [prover.made(op.outputs[0])]
    require(op, x.axis not in places)
    return [unchanged(prover.made(op.outputs[0], x.axis, x.batch), x, *places)]


SLICE_END = 2**31  # bounds beyond it mean "to the end"
