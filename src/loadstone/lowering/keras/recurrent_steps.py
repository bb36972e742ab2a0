"""A cell over a sequence, with Keras' semantics of masks: at a masked step the states stay as they are and the output is the
one of the step before (zeros before the first).

Semantics: `rnn` in keras/src/backend/tensorflow/rnn.py of Keras 3 (keras/backend.py, `rnn`, of tf.keras 2 is the same).
Where ONNX has a node for the cell it runs fused for any mask: the unmasked steps of each row are gathered to its front, the
node runs on so many steps a row, and its outputs are gathered back. Other cells run as a Scan, step by step.
"""

from __future__ import annotations

from collections.abc import Callable

from loadstone.custom import Given
from loadstone.errors import ModelError
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.recurrent_cells import Cell, SteppedCell, has_node, node, project, step

Advance = Callable[[Builder, Value, list[Value]], list[Value]]


@dataclass(frozen=True)
class Run:
    """What a cell made of a sequence.

    outputs (batch, time, units): in the order of the inputs, also where they were read backwards; at masked steps the one
    before in reading order. last (batch, units) is the output after the last step; states are those after it.
    """

    outputs: Value
    last: Value
    states: list[Value]


def run(b: Builder, cell: Cell | SteppedCell, x: Value, states: list[Value] | None, mask: Value | None, backward: bool) -> Run:
    """Run a cell over x (batch, time, n), mask (batch, time) and states (batch, length), zeros where there are none."""
    if mask is not None and mask.rank != 2:
        raise ModelError(f"a mask of a sequence is (batch, time); this one has shape {mask.shape}")
    x = b.cast(x, cell.dtype)
    states = None if states is None else [b.cast(s, cell.dtype) for s in states]
    mask = None if mask is None else b.cast(mask, "bool")
    if isinstance(cell, SteppedCell) or not has_node(cell):
        return _stepwise(b, cell, x, states if states is not None else zero_states(b, cell, x), mask, backward)
    if mask is None:
        y, last = node(b, cell, b.transpose(x, [1, 0, 2]), states, None, backward)
        return Run(b.transpose(y, [1, 0, 2]), last[0], last)
    return _packed(b, cell, x, states, mask, backward)


def zero_states(b: Builder, cell: Cell | SteppedCell, x: Value) -> list[Value]:
    """The states that a sequence x (batch, time, n) begins with."""
    made = {size: b.zeros([b.dim(x, 0), size], cell.dtype) for size in cell.sizes}
    return [made[size] for size in cell.sizes]


# -- masks around a fused node --------------------------------------------------------------------------------------------


def _packed(b: Builder, cell: Cell, x: Value, states: list[Value] | None, mask: Value, backward: bool) -> Run:
    count = b.cast(mask, "int64")
    seen = b.CumSum(count, b.const(1))  # unmasked steps up to here, this one included
    lengths = b.slice(seen, 1, -1)  # (batch, 1)
    packed = _take(b, x, _front_order(b, mask, seen, lengths))
    y, last = node(b, cell, b.transpose(packed, [1, 0, 2]), states, b.cast(b.squeeze(lengths, 1), "int32"), backward)
    any_step = b.Greater(lengths, 0)
    before = states if states is not None else zero_states(b, cell, x)
    after = [b.Where(any_step, new, old) for new, old in zip(last, before, strict=True)]
    place = b.Sub(seen, count if backward else 1)  # the packed step whose output stands here
    valid = b.Less(place, lengths) if backward else b.GreaterOrEqual(place, 0)
    found = _take(b, b.transpose(y, [1, 0, 2]), b.Where(valid, place, 0))
    outputs = b.Where(b.unsqueeze(valid, 2), found, 0.0)
    return Run(outputs, b.Where(any_step, last[0], 0.0), after)


def _front_order(b: Builder, mask: Value, seen: Value, lengths: Value) -> Value:
    """(batch, time): the unmasked steps of each row in their order, then the masked ones."""
    steps = b.Expand(b.Range(b.const(0), _scalar(b, b.dim(mask, 1)), b.const(1)), b.vector(b.dims(mask)), out_shape=mask.shape)
    masked = b.Sub(steps, seen)  # masked steps before here; here itself where it is masked
    target = b.Where(mask, b.Sub(seen, 1), b.Add(lengths, masked))
    return b.ScatterElements(steps, target, steps, axis=1)


def _scalar(b: Builder, length: int | Value) -> Value:
    return b.squeeze(length, 0) if isinstance(length, Value) else b.const(length)


def _take(b: Builder, x: Value, order: Value) -> Value:
    """x (batch, time, n) at the steps order (batch, time) of each row."""
    return b.GatherND(x, b.unsqueeze(order, 2), batch_dims=1)


# -- step by step -----------------------------------------------------------------------------------------------------------


def _stepwise(b: Builder, cell: Cell | SteppedCell, x: Value, states: list[Value], mask: Value | None, backward: bool) -> Run:
    gates = b.transpose(project(b, cell, x), [1, 0, 2])
    hosted = any(isinstance(a, Given) for a in cell.activations)  # a Python call cannot stand in a loop
    first = cell.output if isinstance(cell, SteppedCell) else 0

    def advance(inner: Builder, xt: Value, held: list[Value]) -> list[Value]:
        return _moved(step(inner, cell, xt, _moved(held, -first)), first)

    outputs, last, after = over_steps(b, advance, gates, _moved(states, first), mask, backward, hosted)
    return Run(b.transpose(outputs, [1, 0, 2]), last, _moved(after, -first))


def _moved(states: list[Value], places: int) -> list[Value]:
    """The states in a circle, so many places to the left."""
    return states[places:] + states[:places]


def over_steps(
    b: Builder, advance: Advance, x: Value, states: list[Value], mask: Value | None, backward: bool, hosted: bool = False
) -> tuple[Value, Value, list[Value]]:
    """Steps one by one: x (time, batch, ...) -> outputs (time, batch, ...) in the order of x, the last output, the last states.

    advance(b, x of a step, states) gives the next states, of which the first is the output; mask is (batch, time). hosted:
    a step holds Python calls, so that the steps are written out where their number is known.
    """
    flags = None if mask is None else b.unsqueeze(b.transpose(mask, [1, 0]), *range(2, x.rank))
    held = [b.zeros(b.dims(states[0]), states[0].dtype), *states]  # the output before, and the states
    if hosted and x.shape[0] is not None:
        outputs, held = _unrolled(b, advance, x, flags, held, x.shape[0], backward)
    else:
        outputs, held = _scanned(b, advance, x, flags, held, backward)
    return outputs, held[0], held[1:]


def _masked_step(b: Builder, advance: Advance, x: Value, flag: Value | None, held: list[Value]) -> list[Value]:
    """The output and the states after a step, flag (batch, 1...) true where it counts."""
    states = advance(b, x, held[1:])
    after = [states[0], *states]
    return after if flag is None else [b.Where(flag, new, old) for new, old in zip(after, held, strict=True)]


def _scanned(b: Builder, advance: Advance, x: Value, flags: Value | None, held: list[Value], backward: bool) -> tuple[Value, list[Value]]:
    scanned = [x] if flags is None else [x, flags]
    body = b.inner()
    before = [body.input(body.unique("before"), v.shape, v.dtype) for v in held]
    slices = [body.input(body.unique("step"), v.shape[1:], v.dtype) for v in scanned]
    after = _masked_step(body, advance, slices[0], slices[1] if flags is not None else None, before)
    body.block.outputs = [*after, after[0]]
    results = b.ops(
        "Scan",
        *held,
        *scanned,
        outputs=len(held) + 1,
        body=body.block,
        num_scan_inputs=len(scanned),
        scan_input_directions=[int(backward)] * len(scanned),
        scan_output_directions=[int(backward)],
    )
    return results[-1], list(results[:-1])


def _unrolled(
    b: Builder, advance: Advance, x: Value, flags: Value | None, held: list[Value], length: int, backward: bool
) -> tuple[Value, list[Value]]:
    outputs: dict[int, Value] = {}
    for t in reversed(range(length)) if backward else range(length):
        flag = None if flags is None else b.squeeze(b.slice(flags, 0, t, t + 1), 0)
        held = _masked_step(b, advance, b.squeeze(b.slice(x, 0, t, t + 1), 0), flag, held)
        outputs[t] = held[0]
    return b.Concat(*(b.unsqueeze(outputs[t], 0) for t in range(length)), axis=0), held
