"""SimpleRNN, LSTM, GRU, and RNN over their cells.

Semantics: keras/src/layers/rnn/rnn.py of Keras 3 and base_rnn.py of tf.keras 2, which gives the initial states as further
inputs ([x, h, c]) and knows `time_major`. `implementation`, `unroll` and cuDNN are ways of computing the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, Tensor, flatten, map_structure
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.recurrent_cells import KINDS, Cell, SteppedCell, project, read_cell, step
from loadstone.lowering.keras.recurrent_steps import run
from loadstone.lowering.keras.walk import Call, Traced, Walk, with_masks
from loadstone.lowering.registry import keras_layer

_WEIGHTS = ("kernel", "recurrent_kernel", "bias?")
_CELL = "units activation use_bias dropout recurrent_dropout"
_RNN = "return_sequences return_state go_backwards stateful unroll time_major zero_output_for_mask"
_LSTM, _GRU = "recurrent_activation unit_forget_bias", "recurrent_activation reset_after"
RECURRENT = ("SimpleRNN", "LSTM", "GRU", "RNN", "Addons>ESN")
CELLS = ("SimpleRNNCell", "LSTMCell", "GRUCell")
_ADDONS = "Addons>"


@dataclass(frozen=True)
class Result:
    """What a recurrent layer made of a sequence, in its compute dtype.

    outputs (batch, time, units) in the order of the inputs, last (batch, units), states: all those of all cells.
    """

    outputs: Value
    last: Value
    states: list[Value]


def rnn_mask(b: Builder, layer: Layer, call: Call) -> Structure:
    """Keras' RNN.compute_mask: the mask of the sequence goes on where sequences are returned; states have none."""
    return flatten(call.previous_mask)[0] if layer.config.get("return_sequences") else None


def rule(b: Builder, layer: Layer, sequences: Any, initial_state: Any = None, mask: Any = None, **weights: Value) -> Structure:
    """(batch, time, n) -> (batch, units) or (batch, time, units), then the states (batch, units) where they are returned."""
    x, given = split_inputs(sequences, initial_state)
    cell = read_cell(b, layer, weights)
    return as_returned(b, layer, apply(b, layer, [cell], x, given, mask))


@keras_layer("SimpleRNN", weights=_WEIGHTS, options=f"{_CELL} {_RNN}", masking=rnn_mask)
def simple_rnn(b: Builder, layer: Layer, sequences: Any, initial_state: Any = None, mask: Any = None, **weights: Value) -> Structure:
    """h = activation(x W + h U + b)."""
    return rule(b, layer, sequences, initial_state, mask, **weights)


@keras_layer("LSTM", weights=_WEIGHTS, options=f"{_CELL} {_RNN} {_LSTM}", masking=rnn_mask)
def lstm(b: Builder, layer: Layer, sequences: Any, initial_state: Any = None, mask: Any = None, **weights: Value) -> Structure:
    """States h and c."""
    return rule(b, layer, sequences, initial_state, mask, **weights)


@keras_layer("GRU", weights=_WEIGHTS, options=f"{_CELL} {_RNN} {_GRU}", masking=rnn_mask)
def gru(b: Builder, layer: Layer, sequences: Any, initial_state: Any = None, mask: Any = None, **weights: Value) -> Structure:
    """reset_after: the reset gate comes after the product with the recurrent kernel, which then has a bias of its own."""
    return rule(b, layer, sequences, initial_state, mask, **weights)


@keras_layer("RNN", options=_RNN, masking=rnn_mask, raw=True)
def rnn(walk: Walk, layer: Layer, call: Call) -> Structure:
    """Any cell of this module, or a stack of them: the states of all cells, in their order."""
    refuse_arguments(layer, call)
    x, given = split_inputs(call.first, call.arguments.get("initial_state"))
    cells = cells_of(walk, layer)
    counts = [cell.states for cell in cells]
    turned = len(cells) > 1 and _last_first(layer, call, given)
    given = _turned(given, counts[::-1]) if given and turned and len(given) == sum(counts) else given
    result = apply(walk.b, layer, cells, x, given, call.mask)
    if turned:
        result = Result(result.outputs, result.last, _turned(result.states, counts))
    return with_masks(as_returned(walk.b, layer, result), rnn_mask(walk.b, layer, call))


def _last_first(layer: Layer, call: Call, given: list[Value] | None) -> bool:
    """True where a file has the states of the last cell first. Refuses a stack whose release did what the file does not tell."""
    options = layer.children["cell"].config
    if options.get("masked") and call.mask is not None and not layer.config.get("unroll"):
        raise UnsupportedAttribute("StackedRNNCells with a mask, as Keras 2.2.3 to 2.3.1 and TensorFlow 1.9 to 1.12 computed it")
    if options.get("states") == "unknown" and (given or layer.config.get("return_state")):
        raise UnsupportedAttribute("the states of StackedRNNCells of TensorFlow 1.9 to 1.12, whose order the file does not tell")
    return options.get("states") == "last first"


def _turned(states: list[Value], counts: list[int]) -> list[Value]:
    """The states of each cell in the opposite order of the cells. counts: how many each has, in the order that they come in."""
    rest = iter(states)
    groups = [[next(rest) for _ in range(count)] for count in counts]
    return [state for group in reversed(groups) for state in group]


# -- cells called by themselves -----------------------------------------------------------------------------------------


def cell_rule(b: Builder, layer: Layer, inputs: Value, states: Any, **weights: Value) -> Structure:
    """One step: inputs (batch, n) and states (batch, units) -> the output and the states after it."""
    return one_step(b, layer, read_cell(b, layer, weights), inputs, flatten(states))


def one_step(b: Builder, layer: Layer, cell: Cell | SteppedCell, inputs: Value, states: list[Value]) -> tuple[Value, list[Value]]:
    """The output of a cell and the states after it, in the layer's compute dtype."""
    before = [b.cast(s, cell.dtype) for s in states]
    after = [b.cast(s, layer.policy.compute) for s in step(b, cell, project(b, cell, b.cast(inputs, cell.dtype)), before)]
    return after[cell.output if isinstance(cell, SteppedCell) else 0], after


@keras_layer("SimpleRNNCell", weights=_WEIGHTS, options=_CELL)
def simple_rnn_cell(b: Builder, layer: Layer, inputs: Value, states: Any, **weights: Value) -> Structure:
    """State h."""
    return cell_rule(b, layer, inputs, states, **weights)


@keras_layer("LSTMCell", weights=_WEIGHTS, options=f"{_CELL} {_LSTM}")
def lstm_cell(b: Builder, layer: Layer, inputs: Value, states: Any, **weights: Value) -> Structure:
    """States h and c."""
    return cell_rule(b, layer, inputs, states, **weights)


@keras_layer("GRUCell", weights=_WEIGHTS, options=f"{_CELL} {_GRU}")
def gru_cell(b: Builder, layer: Layer, inputs: Value, states: Any, **weights: Value) -> Structure:
    """State h."""
    return cell_rule(b, layer, inputs, states, **weights)


@keras_layer("StackedRNNCells", options="reverse_state_order states masked", raw=True)
def stacked_cells(walk: Walk, layer: Layer, call: Call) -> Structure:
    """One step of all cells, first to last. reverse_state_order (tf.keras 2) changes declared sizes alone."""
    _, *given = call.arguments.values()
    x, before = call.first, flatten(given)
    after: list[Value] = []
    for inner in stack_of(walk, layer):
        cell = _cell(walk, inner)
        x, made = one_step(walk.b, inner, cell, x, before[: cell.states])
        before, after = before[cell.states :], after + made
    if before:
        raise ModelError(f"StackedRNNCells are given {len(before)} states more than they have")
    return map_structure(Traced, (x, after))


# -- what all recurrent layers share --------------------------------------------------------------------------------------


def split_inputs(sequences: Any, initial_state: Any) -> tuple[Value, list[Value] | None]:
    """The sequence and the initial states, which tf.keras 2 gives as one list."""
    if isinstance(sequences, (list, tuple)):
        sequences, *states = flatten(sequences)
        initial_state = states or initial_state
    given = None if initial_state is None else flatten(initial_state)
    return sequences, given


def refuse_arguments(layer: Layer, call: Call) -> None:
    """Refuse call arguments that no recurrent layer here knows, such as the `constants` of a cell of the user's."""
    surplus = [name for name, value in list(call.arguments.items())[1:] if name not in ("mask", "initial_state") and value is not None]
    if surplus:
        raise UnsupportedAttribute(f"{layer.class_name} is called with {', '.join(surplus)}")


def cells_of(walk: Walk, layer: Layer) -> list[Cell | SteppedCell]:
    """The cells of a recurrent layer, first to last."""
    rule = walk.rule_inside(layer, *RECURRENT)
    if layer.class_name in KINDS:
        return [read_cell(walk.b, layer, walk.weights(layer, rule))]
    cell = layer.children.get("cell")
    if cell is None:
        raise ModelError("an RNN without a cell")
    return [_cell(walk, inner) for inner in stack_of(walk, cell)]


def _cell(walk: Walk, layer: Layer) -> Cell | SteppedCell:
    if layer.class_name.startswith(_ADDONS) and layer.given is None:
        from loadstone.lowering.keras.third_party_cells import addons_cell  # few models need it

        return addons_cell(walk, layer)
    rule = walk.rule_inside(layer, *CELLS)
    return read_cell(walk.b, layer, walk.weights(layer, rule))


def stack_of(walk: Walk, cell: Layer) -> list[Layer]:
    """A cell alone, or the cells of a stack and of the stacks in it, in the order in which they run and have their states."""
    if cell.class_name != "StackedRNNCells" or cell.given is not None:
        return [cell]
    walk.rule_inside(cell, "StackedRNNCells")
    inside = [cell.children[f"cells/{i}"] for i in range(len(cell.children))]
    return [found for inner in inside for found in stack_of(walk, inner)]


def apply(
    b: Builder,
    layer: Layer,
    cells: Sequence[Cell | SteppedCell],
    x: Value,
    given: list[Value] | None,
    mask: Any,
    zeros_masked: bool | None = None,
) -> Result:
    """Run the cells over a sequence, one after the other. zeros_masked overrides the option zero_output_for_mask."""
    config = layer.config
    if x.rank != 3:
        raise ModelError(f"{layer.class_name} takes (batch, time, features); it is given {x.shape}")
    if x.shape[2] == 0:  # onnxruntime ends the process (1.32)
        raise UnsupportedAttribute(f"a {layer.class_name} over sequences without features")
    mask = flatten(mask)[0] if mask is not None else None
    if config.get("time_major"):
        x, mask = b.transpose(x, [1, 0, 2]), None if mask is None else b.transpose(mask, [1, 0])
    backward = bool(config.get("go_backwards"))
    states, keep = _initial_states(b, layer, cells, x, given)
    after: list[list[Value]] = []
    for number, cell in enumerate(cells):
        done = run(b, cell, x, None if states is None else states[number], mask, backward)
        x, last = done.outputs, done.last
        after.append(done.states)
    keep(after)
    if zeros_masked if zeros_masked is not None else config.get("zero_output_for_mask"):
        x, last = _zero_masked(b, x, last, mask, backward, bool(config.get("unroll")))
    if config.get("time_major"):
        x = b.transpose(x, [1, 0, 2])
    compute = layer.policy.compute
    return Result(b.cast(x, compute), b.cast(last, compute), [b.cast(s, compute) for group in after for s in group])


def _zero_masked(b: Builder, outputs: Value, last: Value, mask: Value | None, backward: bool, unroll: bool) -> tuple[Value, Value]:
    """Outputs at masked steps as zeros. Keras' unrolled loop lays the mask over reversed outputs without reversing it."""
    if mask is None:
        return outputs, last
    shown = b.slice(mask, 1, -1, None, -1) if unroll and backward else mask
    final = b.slice(mask, 1, 0, 1) if backward else b.slice(mask, 1, -1)
    return b.Where(b.unsqueeze(b.cast(shown, "bool"), 2), outputs, 0.0), b.Where(b.cast(final, "bool"), last, 0.0)


def as_returned(b: Builder, layer: Layer, result: Result) -> Structure:
    """What the layer's options make of a result: backwards outputs come in reading order."""
    output = outputs_read(b, layer, result, bool(layer.config.get("go_backwards"))) if layer.config.get("return_sequences") else result.last
    return (output, *result.states) if layer.config.get("return_state") else output


def outputs_read(b: Builder, layer: Layer, result: Result, backward: bool) -> Value:
    """The outputs of all steps, in the order of the inputs or in the opposite one."""
    return b.slice(result.outputs, 0 if layer.config.get("time_major") else 1, -1, None, -1) if backward else result.outputs


# -- states -----------------------------------------------------------------------------------------------------------------


def _initial_states(
    b: Builder, layer: Layer, cells: Sequence[Cell | SteppedCell], x: Value, given: list[Value] | None
) -> tuple[list[list[Value]] | None, Any]:
    """The states of each cell, None where all are zeros, and a function that keeps those after the call."""
    total = sum(cell.states for cell in cells)
    if given is not None and len(given) != total:
        raise ModelError(f"{layer.class_name} has {total} states and is given {len(given)}")
    if not layer.config.get("stateful"):
        return (None if given is None else _grouped(cells, given)), lambda after: None
    batch = x.shape[0]
    if batch is None:
        raise ModelError(f"a stateful {layer.class_name} needs a fixed batch size")
    kept = [
        b.keep_state(f"{layer.path or layer.name}/{number}", Tensor.of([[0.0] * size] * batch, layer.policy.variable))
        for number, size in enumerate(size for cell in cells for size in cell.sizes)
    ]

    def keep(after: list[list[Value]]) -> None:
        for (_, set_next), state in zip(kept, (s for group in after for s in group), strict=True):
            set_next(b.cast(state, layer.policy.variable))

    current = _grouped(cells, [now for now, _ in kept])
    return (current if given is None else _stateful_start(b, layer, current, _grouped(cells, given))), keep


def _stateful_start(b: Builder, layer: Layer, kept: list[list[Value]], given: list[list[Value]]) -> list[list[Value]]:
    """States given to a stateful layer: Keras 3 takes them; tf.keras 2 only while all those that it kept are zero."""
    if layer.masks.argument == "only":
        return given
    largest = [b.ReduceMax(b.Abs(b.cast(s, "float32")), keepdims=0) for group in kept for s in group]
    moved = b.Greater(b.Max(*largest) if len(largest) > 1 else largest[0], 0.0)
    return [[b.Where(moved, k, b.cast(g, k.dtype)) for k, g in zip(*pair, strict=True)] for pair in zip(kept, given, strict=True)]


def _grouped(cells: Sequence[Cell | SteppedCell], states: list[Value]) -> list[list[Value]]:
    rest = iter(states)
    return [[next(rest) for _ in range(cell.states)] for cell in cells]
