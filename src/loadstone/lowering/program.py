"""Cuts a block into the steps of a program: segments for an engine, and host calls between them.

A value is available once every step that its op waits for has run; ops go into the earliest segment where all their inputs
are. A block without host ops is one segment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadstone.errors import UnsupportedOps
from loadstone.ir import Spec, Structure
from loadstone.ir.program import Body, Branch, HostCall, Program, Repeat, Segment, Sharding, State, Step
from loadstone.lowering import onnx
from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes import cost
from loadstone.lowering.passes.batch_axis import samples_apart
from loadstone.lowering.passes.batch_rules import RULES
from loadstone.lowering.passes.division import divisible, needs_packing


def assemble(b: Builder, inputs: Sequence[tuple[Spec, Value]], outputs: Sequence[tuple[Spec, Value]], structure: Structure) -> Program:
    """The program that computes `outputs` from `inputs`, with the state that the builder kept."""
    kept = list(b.state.values())
    results = [value for _, value in outputs]
    wanted = results + [after for _, after, _ in kept]
    ops = _needed(b.block, wanted)
    loose = wanted + list(_outside_segments(ops))
    sharding = None if b.together else _sharding(Block(ops, [value for _, value in inputs], results), bool(kept))
    return Program(
        steps=_steps(ops, wanted, sharding is None and not kept and not b.together, sharding is not None and sharding.rows == 1),
        inputs=tuple(spec for spec, _ in inputs),
        feeds=tuple(value.name for _, value in inputs),
        outputs=tuple(spec for spec, _ in outputs),
        fetches=tuple(value.name for _, value in outputs),
        output_structure=structure,
        constants={v.name: v.const for v in loose if v.const is not None},
        states=tuple(State(before.name, after.name, initial) for before, after, initial in kept),
        sharding=sharding,
    )


def keep_needed(b: Builder, outputs: Sequence[Value]) -> None:
    """Drop the ops that neither the outputs nor the states depend on, so that no pass refuses what nobody asked for."""
    b.block.ops = _needed(b.block, [*outputs, *(after for _, after, _ in b.state.values())])
    _keep_needed_inside(b.block)


def _keep_needed_inside(block: Block) -> None:
    for op in block.ops:
        for body in op.bodies():
            body.ops = _needed(body, body.outputs)
            _keep_needed_inside(body)


def _sharding(block: Block, states: bool) -> Sharding | None:
    """Micro-batches for a block that is proven to keep samples apart."""
    return cost.sharding(block) if samples_apart(block, states, RULES) is None else None


def _needed(block: Block, outputs: list[Value]) -> list[Op]:
    """The ops that the outputs depend on, in order."""
    wanted = {v.name for v in outputs}
    kept = []
    for op in reversed(block.ops):
        if any(v.name in wanted for v in op.outputs):
            wanted |= _used(op)
            kept.append(op)
    return kept[::-1]


def _outside_segments(ops: list[Op]) -> Iterator[Value]:
    """Values that steps take by name without an engine: those of Python calls, and of control flow around them."""
    for op in ops:
        if _is_step(op):
            yield from (v for v in op.inputs if v is not None)
            for body in op.bodies():
                yield from body.outputs
                yield from _outside_segments(body.ops)


def _is_step(op: Op) -> bool:
    """True for a Python call, and for control flow that holds one."""
    return op.domain == "host" or any(_is_step(inner) for body in op.bodies() for inner in body.ops)


def _steps(ops: list[Op], outputs: list[Value], apart: bool = False, single: bool = False) -> list[Step]:
    """Stages: the engine ops that wait for n other steps, then the steps that wait for those.

    apart: segments between Python calls are looked at one by one, whether they keep samples apart. single: each call has one sample.
    """
    level: dict[str, int] = {}
    stages: dict[tuple[int, bool], list[Op]] = {}
    for op in ops:
        stage, is_step = max((level.get(name, 0) for name in _used(op)), default=0), _is_step(op)
        stages.setdefault((stage, is_step), []).append(op)
        level.update((v.name, stage + is_step) for v in op.outputs)
    steps: list[Step] = []
    for key in sorted(stages):
        if key[1]:
            steps += [_step(op) for op in stages[key]]
        else:
            others = [op for k, members in stages.items() if k != key for op in members]
            steps.append(_segment(stages[key], others, outputs, apart and len(stages) > 1, single))
    return steps


def _step(op: Op) -> HostCall | Branch | Repeat:
    name, outputs = op.origin or op.kind, tuple(v.name for v in op.outputs)
    if op.domain == "host":
        assert op.function is not None
        return HostCall(name, tuple(v.name for v in op.inputs if v is not None), outputs, op.function)
    if op.kind == "If":
        then, otherwise = (_body(op.attributes[branch]) for branch in ("then_branch", "else_branch"))
        return Branch(name, _named(op.inputs[0]) or "", then, otherwise, outputs)
    if op.kind != "Loop":
        raise UnsupportedOps(f"{op.kind} around a Python call at {op.origin}", ops={op.kind: (1, op.origin)})
    limit, condition, *states = op.inputs
    body: Block = op.attributes["body"]
    scans = tuple(_spec(v) for v in body.outputs[1 + len(states) :])
    return Repeat(name, _named(limit), _named(condition), tuple(v.name for v in states if v is not None), _body(body), scans, outputs)


def _named(value: Value | None) -> str | None:
    return None if value is None else value.name


def _body(block: Block) -> Body:
    ops = _needed(block, block.outputs)
    return Body(_steps(ops, block.outputs), tuple(v.name for v in block.inputs), tuple(v.name for v in block.outputs))


def _segment(ops: list[Op], others: list[Op], outputs: list[Value], apart: bool, single: bool) -> Segment:
    made = {v.name: v for op in ops for v in op.outputs}
    known = {v.name: v for op in ops for v in _values(op)}
    taken = [known[name] for name in dict.fromkeys(name for op in ops for name in sorted(_used(op))) if name not in made]
    wanted = {v.name for v in outputs} | {name for op in others for name in _used(op)}
    given = [v for name, v in made.items() if name in wanted]
    block = Block(ops, taken, given)
    inside = list(_all_ops(ops))
    return Segment(
        inputs=tuple(map(_spec, taken)),
        outputs=tuple(map(_spec, given)),
        weights=onnx.weights_of(block),
        encode=lambda place: onnx.encode_model(block, place, segment=True),
        kinds=frozenset(op.kind for op in inside),
        unusual=_unusual(inside),
        dtypes=frozenset(v.dtype for op in inside for v in _values(op)),
        origins={op.outputs[0].name: op.origin for op in inside if op.outputs and op.origin},
        sharding=_sharding(block, False) if apart else None,
        divisible=divisible(block),
        packed=needs_packing(block, single),
    )


def _unusual(ops: list[Op]) -> dict[str, str]:
    """Forms that not every engine computes rightly, with the layer of the first."""
    found: dict[str, str] = {}
    recurrent = [op for op in ops if op.kind in ("LSTM", "GRU", "RNN")]
    for op in recurrent:
        if len(op.inputs) > 4 and op.inputs[4] is not None:
            found.setdefault(f"{op.kind} with lengths", op.origin)
        if any(other is not op and other.inputs[0] is op.inputs[0] for other in recurrent):
            found.setdefault(f"{op.kind} beside another over one sequence", op.origin)
    for op in ops:
        if op.kind == "Pad" and len(op.inputs) > 2 and op.inputs[2] is not None and op.inputs[2].const is None:
            found.setdefault("Pad with a computed value", op.origin)
        if op.kind in ("Sub", "Div") and op.outputs[0].dtype.startswith("uint"):
            found.setdefault(f"{op.kind} of unsigned integers", op.origin)
    return found


def _all_ops(ops: list[Op]) -> Iterator[Op]:
    for op in ops:
        yield op
        for body in op.bodies():
            yield from _all_ops(body.ops)


def _used(op: Op) -> set[str]:
    """Names that an op takes from its own block: its inputs, and what its bodies use from outside."""
    names = {v.name for v in op.inputs if v is not None and v.const is None}
    for body in op.bodies():
        inside = {v.name for v in body.inputs} | {v.name for inner in body.ops for v in inner.outputs}
        used = {name for inner in body.ops for name in _used(inner)} | {v.name for v in body.outputs if v.const is None}
        names |= used - inside
    return names


def _values(op: Op) -> list[Value]:
    """All values that an op or its bodies take or make."""
    found = [v for v in op.inputs if v is not None] + op.outputs
    for body in op.bodies():
        found += [v for inner in body.ops for v in _values(inner)] + body.outputs
    return found


def _spec(value: Value) -> Spec:
    return Spec(value.name, value.shape, value.dtype)
