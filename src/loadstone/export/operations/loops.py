"""Control flow: loops of a known number of rounds are written out, of both branches of a condition one is chosen afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loadstone.export.operations.shaping import key
from loadstone.export.operations.table import NoOperation, onnx
from loadstone.export.operations.translation import Translation, integers
from loadstone.ir import Output
from loadstone.lowering.block import Block, Op, Value

MOST_NODES = 20_000  # that a loop may become


@onnx("Scan")
def _scan(t: Translation, op: Op) -> list[Output]:
    """States go from round to round; one slice of each other input goes in, and of each other output comes out, along axis 0."""
    body: Block = op.attributes["body"]
    scanned = op.attributes["num_scan_inputs"]
    states, sequences = op.inputs[: len(op.inputs) - scanned], op.inputs[len(op.inputs) - scanned :]
    for name in ("scan_input_axes", "scan_output_axes"):
        if any(op.attributes.get(name, ())):
            raise NoOperation(f"with {name}")
    rounds = next((v.shape[0] for v in sequences if v is not None and v.shape[0] is not None), None)
    if rounds is None:
        raise NoOperation("a loop over an axis of unknown length: give the model's input a fixed one")
    _few(rounds, body)
    backward = op.attributes.get("scan_input_directions", [0] * scanned)
    now, taken = [t.tensor(value) for value in states], [(t.tensor(value), value) for value in sequences]
    given: list[list[Output]] = [[] for _ in body.outputs[len(states) :]]
    for count in range(rounds):
        slices = []
        for (x, value), turned in zip(taken, backward, strict=True):
            assert value is not None
            slices.append(t("GetItem", x, key(value.rank, 0, rounds - 1 - count if turned else count)))
        outputs = _round(t, body, [*now, *slices])
        now = outputs[: len(states)]
        for found, output in zip(given, outputs[len(states) :], strict=True):
            found.append(output)
    turns = op.attributes.get("scan_output_directions", [0] * len(given))
    return [*now, *[t("Stack", found[::-1] if turn else found, axis=0) for found, turn in zip(given, turns, strict=True)]]


@onnx("Loop")
def _loop(t: Translation, op: Op) -> list[Output]:
    """So many rounds, as long as nothing ends them."""
    body: Block = op.attributes["body"]
    rounds, goes_on = integers(op.inputs[0]), body.outputs[0]
    first = op.inputs[1]
    ends = goes_on.const is None and goes_on is not body.inputs[1] or (first is not None and first.const is None)
    if rounds is None or ends:
        raise NoOperation("a loop whose rounds are known only at run time")
    _few(rounds[0], body)
    states = op.inputs[2:]
    now = [t.tensor(value) for value in states]
    given: list[list[Output]] = [[] for _ in body.outputs[1 + len(states) :]]
    for count in range(rounds[0]):
        counter = t.constant_tensor(np.full([1] * body.inputs[0].rank, count, np.int64), "int64")
        outputs = _round(t, body, [counter, t.constant_tensor(np.full([1] * body.inputs[1].rank, True), "bool"), *now], 1)
        now = outputs[: len(states)]
        for found, output in zip(given, outputs[len(states) :], strict=True):
            found.append(output)
    return [*now, *[t("Stack", found, axis=0) for found in given]]


def _few(rounds: int, body: Block) -> None:
    if rounds < 1 or rounds * len(body.ops) > MOST_NODES:
        raise NoOperation(f"a loop of {rounds} rounds")


def _round(t: Translation, body: Block, inputs: Sequence[Output], skipped: int = 0) -> list[Output]:
    """A body once, with these inputs; the first `skipped` of its outputs are left out."""
    for value, output in zip(body.inputs, inputs, strict=True):
        t.is_now(value, output)
        t.lengths.enter(value)
    wanted = body.outputs[skipped:]
    t.inside(body, wanted)
    return [t.tensor(value) for value in wanted]


@onnx("If")
def _if(t: Translation, op: Op) -> list[Output]:
    """Both branches are computed, and one is taken."""
    condition, branches = op.inputs[0], (op.attributes["then_branch"], op.attributes["else_branch"])
    assert condition is not None
    if any(_shapes(branch.outputs) != _shapes(op.outputs) or None in sum(_shapes(branch.outputs), ()) for branch in branches):
        raise NoOperation("a condition whose branches give tensors of different shapes")
    found = []
    for branch in branches:
        t.inside(branch, branch.outputs)
        found.append([t.tensor(value) for value in branch.outputs])
    chosen = t.tensor(condition)
    chosen = t("Reshape", chosen, newshape=[]) if condition.rank else chosen
    return [t("Where", chosen, one, other) for one, other in zip(*found, strict=True)]


def _shapes(values: Sequence[Value]) -> list[tuple[int | None, ...]]:
    return [value.shape for value in values]
