"""The three recurrent cells of Keras: their mathematics a step at a time, and as ONNX LSTM, GRU and RNN nodes.

Semantics: keras/src/layers/rnn/{lstm,gru,simple_rnn}.py of Keras 3, which are those of every release since 1.0 once the
weights are spelt as today. ONNX orders the gates of an LSTM i, o, f, c (Keras: i, f, c, o) and wants kernels transposed:
https://onnx.ai/onnx/operators/onnx__LSTM.html. Dropout is nothing at inference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Layer, dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
KINDS = {"LSTM": "LSTM", "LSTMCell": "LSTM", "GRU": "GRU", "GRUCell": "GRU", "SimpleRNN": "RNN", "SimpleRNNCell": "RNN"}

# Activations that ONNX recurrent nodes know: name there, alpha, beta.
_FUSED: dict[Any, tuple[str, float | None, float | None]] = {
    None: ("Affine", 1.0, 0.0),
    "linear": ("Affine", 1.0, 0.0),
    "tanh": ("Tanh", None, None),
    "sigmoid": ("Sigmoid", None, None),
    "relu": ("Relu", None, None),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "hard_sigmoid_2": ("HardSigmoid", 0.2, 0.5),
    "softsign": ("Softsign", None, None),
    "softplus": ("Softplus", None, None),
    "elu": ("Elu", 1.0, None),
    "leaky_relu": ("LeakyRelu", 0.2, None),
}


@dataclass(frozen=True)
class Cell:
    """A cell with its weights, in the dtype that it computes in.

    kind is an ONNX op. kernel (n, gates * units), recurrent_kernel (units, gates * units), bias (gates * units), or
    (2, gates * units) for a GRU with reset_after: that of the inputs and that of the state.
    """

    kind: str
    units: int
    activation: Any
    recurrent_activation: Any
    reset_after: bool
    kernel: Value
    recurrent_kernel: Value
    bias: Value | None

    @property
    def sizes(self) -> tuple[int, ...]:
        """The lengths of the tensors (batch, length) that the cell hands from step to step."""
        return (self.units,) * (2 if self.kind == "LSTM" else 1)

    @property
    def states(self) -> int:
        """How many they are; the first is the cell's output."""
        return len(self.sizes)

    @property
    def dtype(self) -> str:
        """What the cell computes in."""
        return self.kernel.dtype

    @property
    def activations(self) -> list[Any]:
        """The activations in the order of the ONNX attribute."""
        return {
            "LSTM": [self.recurrent_activation, self.activation, self.activation],
            "GRU": [self.recurrent_activation, self.activation],
        }.get(self.kind, [self.activation])


@dataclass(frozen=True)
class SteppedCell:
    """A cell of a package around Keras, which ONNX has no node for: functions of a step, in the dtype of the cell.

    project makes what does not depend on the states of the inputs (..., n); step gives the next states of that and those before. The
    state number `output` is the output as well.
    """

    dtype: str
    sizes: tuple[int, ...]
    project: Callable[[Builder, Value], Value]
    step: Callable[[Builder, Value, list[Value]], list[Value]]
    activations: tuple[Any, ...] = ()
    output: int = 0

    @property
    def states(self) -> int:
        """How many tensors the cell hands from step to step."""
        return len(self.sizes)


def read_cell(b: Builder, layer: Layer, weights: dict[str, Value]) -> Cell:
    """The cell of a recurrent layer or of a cell layer; float16 and bfloat16 compute in float32."""
    config, kind = layer.config, KINDS[layer.class_name]
    units, width = int(config["units"]), int(config["units"]) * GATES[kind]
    if ("bias" in weights) != bool(config.get("use_bias", True)):
        raise ModelError(f"use_bias is {config.get('use_bias', True)} and the bias is {'there' if 'bias' in weights else 'missing'}")
    reset_after = kind == "GRU" and bool(config.get("reset_after", True))
    wide = {name: b.cast(value, "float32") if value.dtype in ("float16", "bfloat16") else value for name, value in weights.items()}
    fitting = {
        "kernel": (weights["kernel"].shape[0], width),
        "recurrent_kernel": (units, width),
        "bias": (2, width) if reset_after else (width,),
    }
    for name, value in wide.items():
        if value.shape != fitting[name]:
            raise ModelError(f"the {name} of a {layer.class_name} with {units} units has shape {value.shape}, expected {fitting[name]}")
    assert all(dtypes.is_float(value.dtype) for value in wide.values())
    recurrent = config.get("recurrent_activation", "sigmoid") if kind != "RNN" else None
    return Cell(
        kind, units, config.get("activation", "tanh"), recurrent, reset_after, wide["kernel"], wide["recurrent_kernel"], wide.get("bias")
    )


# -- one step -----------------------------------------------------------------------------------------------------------


def project(b: Builder, cell: Cell | SteppedCell, x: Value) -> Value:
    """What the inputs give to the gates: (..., n) -> (..., gates * units), with their bias."""
    if isinstance(cell, SteppedCell):
        return cell.project(b, x)
    y: Value = b.MatMul(x, cell.kernel)
    if cell.bias is None:
        return y
    bias = b.squeeze(b.slice(cell.bias, 0, 0, 1), 0) if cell.bias.rank == 2 else cell.bias
    return b.Add(y, bias)


def step(b: Builder, cell: Cell | SteppedCell, x: Value, states: list[Value]) -> list[Value]:
    """The next states from the projected inputs (batch, gates * units) and the states (batch, units)."""
    if isinstance(cell, SteppedCell):
        return cell.step(b, x, states)
    if cell.kind == "LSTM":
        return _lstm_step(b, cell, x, *states)
    if cell.kind == "GRU":
        return [_gru_step(b, cell, x, states[0])]
    return [activate(b, b.Add(x, b.MatMul(states[0], cell.recurrent_kernel)), cell.activation)]


def _lstm_step(b: Builder, cell: Cell, x: Value, h: Value, c: Value) -> list[Value]:
    gates = b.split(b.Add(x, b.MatMul(h, cell.recurrent_kernel)), 4, 1)
    i, f, o = (activate(b, gates[k], cell.recurrent_activation) for k in (0, 1, 3))
    carry: Value = b.Add(b.Mul(f, c), b.Mul(i, activate(b, gates[2], cell.activation)))
    return [b.Mul(o, activate(b, carry, cell.activation)), carry]


def _gru_step(b: Builder, cell: Cell, x: Value, h: Value) -> Value:
    x_z, x_r, x_h = b.split(x, 3, 1)
    u_z, u_r, u_h = b.split(cell.recurrent_kernel, 3, 1)
    biases: list[Value | None] = [None] * 3
    if cell.bias is not None and cell.bias.rank == 2:
        biases = list(b.split(b.squeeze(b.slice(cell.bias, 0, 1, 2), 0), 3, 0))

    def inner(state: Value, kernel: Value, bias: Value | None) -> Value:
        y: Value = b.MatMul(state, kernel)
        return y if bias is None else b.Add(y, bias)

    z = activate(b, b.Add(x_z, inner(h, u_z, biases[0])), cell.recurrent_activation)
    r = activate(b, b.Add(x_r, inner(h, u_r, biases[1])), cell.recurrent_activation)
    recurrent = b.Mul(r, inner(h, u_h, biases[2])) if cell.reset_after else inner(b.Mul(r, h), u_h, None)
    candidate = activate(b, b.Add(x_h, recurrent), cell.activation)
    return b.Add(b.Mul(z, h), b.Mul(b.Sub(1, z), candidate))


# -- all steps in one node ----------------------------------------------------------------------------------------------


def has_node(cell: Cell) -> bool:
    """True where an ONNX node computes the cell: engines have it in float32 and with some activations alone."""
    return cell.dtype == "float32" and all(isinstance(a, (str, type(None))) and a in _FUSED for a in cell.activations)


def node(b: Builder, cell: Cell, x: Value, states: list[Value] | None, lengths: Value | None, backward: bool) -> tuple[Value, list[Value]]:
    """All steps at once: x (time, batch, n) -> outputs (time, batch, units) in the order of x, and the last states.

    lengths (batch,) int32 are the steps of each row. Backward runs each row from its last step to its first.
    """
    initial = [b.unsqueeze(s, 0) for s in states] if states is not None else [None] * cell.states
    named = [_FUSED[a] for a in cell.activations]
    alphas, betas = ([v for name in named if (v := name[k]) is not None] for k in (1, 2))
    operands = [x, _onnx_kernel(b, cell, cell.kernel), _onnx_kernel(b, cell, cell.recurrent_kernel), _onnx_bias(b, cell), lengths, *initial]
    while operands[-1] is None:
        operands.pop()
    y, *last = b.ops(
        cell.kind,
        *operands,
        outputs=1 + cell.states,
        hidden_size=cell.units,
        direction="reverse" if backward else "forward",
        activations=[name[0] for name in named],
        activation_alpha=alphas or None,
        activation_beta=betas or None,
        linear_before_reset=1 if cell.reset_after else None,
    )
    y, last = b.squeeze(y, 1), [b.squeeze(s, 0) for s in last]
    return (y, last) if cell.kind == "RNN" else _with_missing(b, x, states or [], lengths, backward, y, last)


def _with_missing(
    b: Builder, x: Value, states: list[Value], lengths: Value | None, backward: bool, y: Value, last: list[Value]
) -> tuple[Value, list[Value]]:
    """Outputs and states that are NaN from the first NaN of a row on: onnxruntime's LSTM and GRU make numbers of it."""
    missing = b.ReduceMax(b.cast(b.IsNaN(x), "float32"), b.ints([2]), keepdims=0)
    if lengths is not None:
        steps = b.Range(b.const(0), b.squeeze(b.vector([b.dim(x, 0)]), 0), b.const(1))
        within = b.cast(b.Less(b.unsqueeze(steps, 1), b.cast(lengths, "int64")), "float32")
        missing = b.Mul(missing, within)
    seen = b.CumSum(missing, b.const(0), reverse=int(backward))
    ever = b.ReduceSum(missing, b.ints([0]), keepdims=0)
    for state in states:
        before = b.ReduceMax(b.cast(b.IsNaN(state), "float32"), b.ints([1]), keepdims=0)
        seen, ever = b.Add(seen, before), b.Add(ever, before)
    seen = seen if lengths is None else b.Mul(seen, within)
    y = b.Where(b.unsqueeze(b.Greater(seen, 0), 2), np.nan, y)
    return y, [b.Where(b.unsqueeze(b.Greater(ever, 0), 1), np.nan, state) for state in last]


def _onnx_gates(b: Builder, cell: Cell, w: Value) -> Value:
    """The gates along axis 0 in the order of ONNX."""
    if cell.kind != "LSTM":
        return w
    i, f, c, o = b.split(w, 4, 0)
    return b.Concat(i, o, f, c, axis=0)


def _onnx_kernel(b: Builder, cell: Cell, kernel: Value) -> Value:
    """(n, gates * units) -> (1, gates * units, n)."""
    return b.unsqueeze(_onnx_gates(b, cell, b.transpose(kernel, [1, 0])), 0)


def _onnx_bias(b: Builder, cell: Cell) -> Value | None:
    """(gates * units) or (2, gates * units) -> (1, 2 * gates * units): those of the inputs, then those of the state."""
    if cell.bias is None:
        return None
    width = cell.units * GATES[cell.kind]
    if cell.bias.rank == 2:
        return b.reshape(cell.bias, [1, 2 * width])
    return b.unsqueeze(b.Concat(_onnx_gates(b, cell, cell.bias), b.zeros([width], cell.dtype), axis=0), 0)
