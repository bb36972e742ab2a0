"""A model as one ONNX graph by itself, for a file: what `onnx.encode_model` writes without the conventions of a program's segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from loadstone.custom.hosting import Host
from loadstone.errors import LoweringError, UnsupportedOps
from loadstone.ir import Model
from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.finish import optimize
from loadstone.lowering.lower import emit
from loadstone.lowering.program import keep_needed


def onnx_block(model: Model, host: Host | None = None) -> Block:
    """The graph, whose inputs and outputs have the names of the model's.

    Raises what lowering raises; UnsupportedOps for what has no form in ONNX and is a Python call here, LoweringError for state.
    """
    b, inputs, outputs, _ = emit(model, host)
    values = [value for _, value in outputs]
    optimize(b, values)
    keep_needed(b, values)
    calls = Counter(op.kind for op in _all_ops(b.block) if op.domain == "host")
    if calls:
        first = {op.kind: op.origin for op in _all_ops(b.block) if op.domain == "host"}
        lines = [f"{kind} ({count} times, one at {first[kind]})" for kind, count in calls.items()]
        raise UnsupportedOps(
            "these have no form in ONNX, they are Python calls:\n" + "\n".join(f"  - {line}" for line in lines),
            ops={kind: (count, first[kind]) for kind, count in calls.items()},
        )
    if b.state:
        raise LoweringError("the model has state that lives from call to call, which an ONNX file cannot hold")
    taken = {value.name for _, value in inputs}
    ops, ends = list(b.block.ops), []
    for spec, value in outputs:
        name = spec.name if spec.name not in taken else b.unique(f"{spec.name}/output")
        taken.add(name)
        end = Value(name, value.shape, value.dtype)
        ops.append(Op("Identity", [value], [end], {}))
        ends.append(end)
    _rename(ops[: len(ops) - len(ends)], {end.name for end in ends}, b.unique)
    return Block(ops, [value for _, value in inputs], ends)


def _rename(ops: list[Op], names: set[str], unique: object) -> None:
    """Values inside give up the names that outputs have."""
    assert callable(unique)
    for op in ops:
        for value in op.outputs:
            if value.name in names:
                value.name = unique(f"{value.name}/inside")


def _all_ops(block: Block) -> Iterator[Op]:
    for op in block.ops:
        yield op
        for body in op.bodies():
            yield from _all_ops(body)
