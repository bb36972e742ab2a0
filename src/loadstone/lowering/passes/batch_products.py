"""What picking, products, recurrence and control flow make of samples."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from loadstone.lowering.block import Block, Op
from loadstone.lowering.passes.batch_axis import Fact, Prover, without_ints
from loadstone.lowering.passes.batch_table import axis_of, free, require, rule, rule_of_one
from loadstone.lowering.passes.lengths import ONE, common

# -- picking -----------------------------------------------------------------------------------------------------------


@rule("Gather")
def _gather(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, indices = facts[0], facts[1]
    assert x is not None and indices is not None
    along, made = axis_of(op, x, 0), prover.made(op.outputs[0])
    if x.ints is not None and x.rank == 1 and indices.ints is not None and not any(i.symbols for i in indices.ints):
        return [replace(made, ints=tuple(x.ints[i.factor] for i in indices.ints))]
    require(op, not x.counts_samples, not indices.counts_samples, x.axis is None or indices.axis is None)
    lengths = (*x.lengths[:along], *indices.lengths, *x.lengths[along + 1 :])
    if indices.axis is not None:
        return [Fact(lengths, along + indices.axis)]
    if x.axis is None:
        return [Fact(lengths)]
    require(op, along != x.axis)
    return [Fact(lengths, x.axis if x.axis < along else x.axis + indices.rank - 1)]


@rule("GatherElements ScatterElements")
def _elements(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    tensors = [fact for fact in facts if fact is not None]
    require(op, not any(fact.counts_samples for fact in tensors))
    if all(fact.axis is None for fact in tensors):
        return [prover.made(op.outputs[0])]
    places = {(fact.axis, fact.batch if fact.axis is not None else ONE) for fact in tensors}
    require(op, len(places) == 1, axis_of(op, tensors[0], 0) != tensors[0].axis)
    return [without_ints(tensors[1] if op.kind == "GatherElements" else tensors[0])]


@rule("GatherND")
def _gather_nd(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, indices = facts[0], facts[1]
    assert x is not None and indices is not None
    require(op, not x.counts_samples, not indices.counts_samples)
    dims = op.attributes.get("batch_dims", 0)
    if x.axis is None and indices.axis is None:
        return [prover.made(op.outputs[0])]
    if x.axis is None:
        require(op, indices.axis is not None and dims <= indices.axis < indices.rank - 1)
    else:
        require(op, indices.axis == x.axis < dims, indices.axis is not None and indices.batch == x.batch)
    assert indices.axis is not None
    return [prover.made(op.outputs[0], indices.axis, indices.batch)]


@rule_of_one("OneHot")
def _onehot(prover: Prover, op: Op, x: Fact) -> list[Fact]:
    along = int(op.attributes.get("axis", -1)) % (x.rank + 1)
    assert x.axis is not None
    return [prover.made(op.outputs[0], x.axis + (along <= x.axis), x.batch)]


@rule("ReverseSequence")
def _reverse_sequence(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, lengths = facts[0], facts[1]
    assert x is not None and lengths is not None
    time, batch = op.attributes.get("time_axis", 0), op.attributes.get("batch_axis", 1)
    if free(x) and free(lengths):
        return [prover.made(op.outputs[0])]
    require(op, x.axis is not None and x.axis != time, not lengths.counts_samples)
    require(op, lengths.axis == 0 and lengths.batch == x.batch if x.axis == batch else lengths.axis is None)
    return [x]


@rule("Range NonZero ScatterND EyeLike")
def _without_samples(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    require(op, all(free(fact) for fact in facts))
    return [prover.made(value) for value in op.outputs]


# -- products ----------------------------------------------------------------------------------------------------------


@rule("MatMul")
def _matmul(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, y = facts[0], facts[1]
    assert x is not None and y is not None
    require(op, not x.counts_samples, not y.counts_samples)
    if x.axis is None and y.axis is None:
        return [prover.made(op.outputs[0])]
    require(op, x.rank > 1, y.rank > 1)
    rank = max(x.rank, y.rank)
    left, right = (None if fact.axis is None else fact.axis + rank - fact.rank for fact in (x, y))
    require(op, left != rank - 1, right != rank - 2)  # the axis that is summed over
    if left is not None and right is not None:
        require(op, left == right < rank - 2, x.batch == y.batch)
    place = left if left is not None else right
    assert place is not None
    one, other = (x, y) if left is not None else (y, x)
    if place < rank - 2 and other.axis is None:
        require(op, place < rank - other.rank or other.lengths[place - rank + other.rank] == ONE)
    made = prover.made(op.outputs[0], place, one.batch)
    lengths = list(made.lengths)
    for k in range(rank - 2):
        if k != place:
            lengths[k] = common((fact.lengths[k - rank + fact.rank] for fact in (x, y) if k >= rank - fact.rank), lengths[k])
    lengths[-2:] = [x.lengths[-2], y.lengths[-1]]
    return [Fact(tuple(lengths), place)]


@rule("Gemm")
def _gemm(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    x, y, bias = (*facts, None)[:3]
    assert x is not None and y is not None
    require(op, free(y), not x.counts_samples)
    made = prover.made(op.outputs[0])
    if x.axis is None:
        require(op, free(bias))
        return [made]
    require(op, x.axis == (1 if op.attributes.get("transA") else 0))
    if bias is not None and bias.axis is not None:
        require(op, bias.rank == 2, bias.axis == 0, bias.batch == x.batch)
    elif bias is not None:
        require(op, free(bias), bias.rank < 2 or bias.lengths[0] == ONE)
    return [replace(made, axis=0, lengths=(x.batch, made.lengths[1]))]


@rule("Einsum")
def _einsum(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    terms, result = op.attributes["equation"].replace(" ", "").split("->")
    require(op, "." not in terms, not any(fact is None or fact.counts_samples for fact in facts))
    operands = [(term, fact) for term, fact in zip(terms.split(","), facts, strict=True) if fact is not None]
    letters = {(term[fact.axis], fact.batch) for term, fact in operands if fact.axis is not None}
    if not letters:
        return [prover.made(op.outputs[0])]
    require(op, len(letters) == 1)
    letter, _ = letters.pop()
    require(op, letter in result, all((letter in term) == (fact.axis is not None) and term.count(letter) < 2 for term, fact in operands))
    known = {name: length for term, fact in operands for name, length in zip(term, fact.lengths, strict=True)}
    return [Fact(tuple(known[name] for name in result), result.index(letter))]


# -- recurrence and control flow ---------------------------------------------------------------------------------------


@rule("LSTM GRU RNN")
def _rnn(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    """X (time, batch, n), W, R, B, sequence_lens (batch,), initial_h and initial_c (directions, batch, units), P."""
    x, w, r, bias, lengths, h, c, p = (*facts, *[None] * 8)[:8]
    assert x is not None
    if all(free(fact) for fact in facts):
        return [prover.made(value) for value in op.outputs]
    require(op, x.axis == 1, not op.attributes.get("layout"), all(free(fact) for fact in (w, r, bias, p)))
    require(op, lengths is None or (lengths.axis == 0 and lengths.batch == x.batch))
    require(op, all(state is None or (state.axis == 1 and state.batch == x.batch) for state in (h, c)))
    made = [prover.made(value, 2 if value.rank == 4 else 1, x.batch) for value in op.outputs]
    return [replace(fact, lengths=(x.lengths[0], *fact.lengths[1:])) if fact.rank == 4 else fact for fact in made]


@rule("If")
def _if(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    require(op, free(facts[0]))
    branches = [prover.run(body, []) for body in op.bodies()]
    results = []
    for value, *sides in zip(op.outputs, *branches, strict=True):
        require(op, all(one.axis == other.axis for one, other in pairwise(sides)), not any(side.counts_samples for side in sides))
        axis = sides[0].axis
        require(op, axis is None or all(side.batch == sides[0].batch for side in sides))
        results.append(prover.made(value, axis, ONE if axis is None else sides[0].batch))
    return results


@rule("Scan")
def _scan(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    body: Block = op.attributes["body"]
    unknown = set(op.attributes) - {"body", "num_scan_inputs", "scan_input_directions", "scan_output_directions"}
    require(op, not unknown)
    given = [fact for fact in facts if fact is not None]
    states = len(given) - op.attributes["num_scan_inputs"]
    require(op, all(fact.axis != 0 and not fact.lengths[0].counts_samples for fact in given[states:]))
    slices = [Fact(fact.lengths[1:], None if fact.axis is None else fact.axis - 1) for fact in given[states:]]
    outputs = _body(prover, op, body, given[:states], slices, 0)
    return given[:states] + [_stacked(prover, op, k, fact) for k, fact in enumerate(outputs[states:], states)]


@rule("Loop")
def _loop(prover: Prover, op: Op, facts: list[Fact | None]) -> list[Fact]:
    body: Block = op.attributes["body"]
    require(op, free(facts[0]), free(facts[1]))
    states = [fact for fact in facts[2:] if fact is not None]
    outputs = _body(prover, op, body, states, [Fact(()), Fact(())], 1)
    require(op, free(outputs[0]))
    return [without_ints(fact) for fact in states] + [
        _stacked(prover, op, k, fact) for k, fact in enumerate(outputs[1 + len(states) :], len(states))
    ]


def _body(prover: Prover, op: Op, body: Block, states: list[Fact], others: list[Fact], skip: int) -> list[Fact]:
    """Facts of a body's outputs; what it carries on must stay as it was given."""
    require(op, not any(fact.counts_samples for fact in states))
    start = [without_ints(fact) for fact in states]
    outputs = prover.run(body, start + others if skip == 0 else others + start)
    for before, after in zip(start, outputs[skip : skip + len(start)], strict=True):
        require(op, before.axis == after.axis, before.axis is None or before.batch == after.batch, not after.counts_samples)
        require(op, before.lengths == after.lengths)
    return outputs


def _stacked(prover: Prover, op: Op, index: int, fact: Fact) -> Fact:
    require(op, not fact.counts_samples)
    return prover.made(op.outputs[index]) if fact.axis is None else prover.made(op.outputs[index], fact.axis + 1, fact.batch)
