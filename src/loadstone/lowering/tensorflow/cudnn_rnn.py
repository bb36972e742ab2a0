"""The recurrent kernels of cuDNN: CudnnRNN and its later versions, and their weights in one vector or apart.

Semantics: tensorflow/core/kernels/cudnn_rnn_ops.cc and NVIDIA's cudnnRNNForward. The vector of weights holds, layer by layer (with two
directions forward, then backward), the kernels of the inputs for each gate, then those of the state, (units, n) each; behind all
kernels come the biases in the same order. Gates are i, f, c, o of an LSTM and r, z, h of a GRU, whose reset gate comes after the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.recurrent_cells import Cell, has_node, node
from loadstone.lowering.tensorflow.symbols import Operand, number, tensor, tf

_KINDS = {"lstm": ("LSTM", 4), "gru": ("GRU", 3), "rnn_tanh": ("RNN", 1), "rnn_relu": ("RNN", 1)}


@dataclass(frozen=True)
class Layout:
    """What a vector of weights holds: kernels (units, n) and biases (units,), in order."""

    mode: str
    layers: int
    units: int
    inputs: int
    directions: int

    @property
    def gates(self) -> int:
        return _KINDS[self.mode][1]

    @property
    def kernels(self) -> list[tuple[int, int]]:
        """The shapes of all kernels: for each layer and direction those of the inputs, then those of the state."""
        shapes = []
        for layer in range(self.layers):
            width = self.units * self.directions if layer else self.inputs
            shapes += ([(self.units, width)] * self.gates + [(self.units, self.units)] * self.gates) * self.directions
        return shapes

    @property
    def biases(self) -> list[tuple[int, ...]]:
        """The shapes of all biases."""
        return [(self.units,)] * len(self.kernels)

    @property
    def size(self) -> int:
        """Elements of the vector."""
        return sum(map(prod, [*self.kernels, *self.biases]))


def _layout(sizes: Sequence[int], rnn_mode: str, input_mode: str, direction: str, num_proj: int = 0) -> Layout:
    """The layout of an op of so many layers, units and inputs. Raises UnsupportedAttribute."""
    layers, units, inputs = sizes
    linear = input_mode == "linear_input" or (input_mode == "auto_select" and units != inputs)
    if rnn_mode not in _KINDS or not linear or direction not in ("unidirectional", "bidirectional") or num_proj:
        raise UnsupportedAttribute(
            f"CudnnRNN with rnn_mode={rnn_mode!r}, input_mode={input_mode!r}, direction={direction!r}, num_proj={num_proj}"
        )
    return Layout(rnn_mode, layers, units, inputs, 2 if direction == "bidirectional" else 1)


def _given(layers: Operand, units: Operand, inputs: Operand) -> list[int]:
    return [int(np.asarray(number(v, "a size of CudnnRNN")).reshape(-1)[0]) for v in (layers, units, inputs)]


# -- weights ----------------------------------------------------------------------------------------------------------


@tf("raw_ops.CudnnRNNParamsSize")
def params_size(
    b: Builder, num_layers: Operand, num_units: Operand, input_size: Operand, S: str = "int32", rnn_mode: str = "lstm",
    input_mode: str = "linear_input", direction: str = "unidirectional", dropout: float = 0.0, seed: int = 0, seed2: int = 0,
    num_proj: int = 0, T: str = "float32",
) -> Value:  # fmt: skip
    """How many elements the vector of weights has, as a vector of one."""
    layout = _layout(_given(num_layers, num_units, input_size), rnn_mode, input_mode, direction, num_proj)
    return b.const([layout.size], S)


@tf("raw_ops.CudnnRNNParamsToCanonical", "raw_ops.CudnnRNNParamsToCanonicalV2")
def params_to_canonical(
    b: Builder, num_layers: Operand, num_units: Operand, input_size: Operand, params: Operand, rnn_mode: str = "lstm",
    input_mode: str = "linear_input", direction: str = "unidirectional", dropout: float = 0.0, seed: int = 0, seed2: int = 0,
    num_params: int = 0, num_params_weights: int = 0, num_params_biases: int = 0, num_proj: int = 0,
) -> list[Value]:  # fmt: skip
    """All kernels (units, n), then all biases (units,)."""
    layout = _layout(_given(num_layers, num_units, input_size), rnn_mode, input_mode, direction, num_proj)
    kernels, biases = _apart(b, tensor(b, params), layout)
    if len(kernels) != (num_params or num_params_weights):
        raise ModelError(f"{num_params or num_params_weights} kernels of a CudnnRNN that has {len(kernels)}")
    return [*kernels, *biases]


@tf("raw_ops.CudnnRNNCanonicalToParams", "raw_ops.CudnnRNNCanonicalToParamsV2")
def canonical_to_params(
    b: Builder, num_layers: Operand, num_units: Operand, input_size: Operand, weights: Sequence[Operand], biases: Sequence[Operand],
    rnn_mode: str = "lstm", input_mode: str = "linear_input", direction: str = "unidirectional", dropout: float = 0.0, seed: int = 0,
    seed2: int = 0, num_proj: int = 0,
) -> Value:  # fmt: skip
    """The vector of kernels and biases."""
    layout = _layout(_given(num_layers, num_units, input_size), rnn_mode, input_mode, direction, num_proj)
    parts = [tensor(b, v) for v in (*weights, *biases)]
    sizes = [prod(shape) for shape in (*layout.kernels, *layout.biases)]
    if len(parts) != len(sizes):
        raise ModelError(f"{len(parts)} kernels and biases of a CudnnRNN that has {len(sizes)}")
    return b.Concat(*(b.reshape(v, [size]) for v, size in zip(parts, sizes, strict=True)), axis=0)


def _apart(b: Builder, params: Value, layout: Layout) -> tuple[list[Value], list[Value]]:
    """The kernels and the biases in a vector of weights."""
    if params.rank != 1 or params.shape[0] not in (None, layout.size):
        raise ModelError(f"weights of shape {params.shape} of a CudnnRNN that has {layout.size}")
    found, place = list[Value](), 0
    for shape in (*layout.kernels, *layout.biases):
        found.append(b.reshape(b.slice(params, 0, place, place + prod(shape)), list(shape), shape))
        place += prod(shape)
    return found[: len(layout.kernels)], found[len(layout.kernels) :]


# -- layers -----------------------------------------------------------------------------------------------------------


@tf("raw_ops.CudnnRNN", "raw_ops.CudnnRNNV2")
def cudnn_rnn(
    b: Builder, input_: Operand, input_h: Operand, input_c: Operand, params: Operand, rnn_mode: str = "lstm",
    input_mode: str = "linear_input", direction: str = "unidirectional", dropout: float = 0.0, seed: int = 0, seed2: int = 0,
    is_training: bool = True,
) -> list[Value]:  # fmt: skip
    """Input (time, batch, n), states (layers * directions, batch, units): the output (time, batch, directions * units), the last states."""
    return _run(b, input_, input_h, input_c, params, None, (rnn_mode, input_mode, direction, 0), dropout, is_training)


@tf("raw_ops.CudnnRNNV3")
def cudnn_rnn_v3(
    b: Builder, input_: Operand, input_h: Operand, input_c: Operand, params: Operand, sequence_lengths: Operand, rnn_mode: str = "lstm",
    input_mode: str = "linear_input", direction: str = "unidirectional", dropout: float = 0.0, seed: int = 0, seed2: int = 0,
    num_proj: int = 0, is_training: bool = True, time_major: bool = True,
) -> list[Value]:  # fmt: skip
    """The same for sequences of so many steps, behind which the output is 0; not time_major, input, output and states have the batch first."""
    x, h, c = (tensor(b, v) for v in (input_, input_h, input_c))
    if not time_major:
        x, h, c = (b.transpose(v, [1, 0, 2]) if v.rank == 3 else v for v in (x, h, c))
    modes = (rnn_mode, input_mode, direction, num_proj)
    results = _run(b, x, h, c, params, tensor(b, sequence_lengths), modes, dropout, is_training)
    return results if time_major else [b.transpose(v, [1, 0, 2]) if v.rank == 3 else v for v in results]


def _run(
    b: Builder, input_: Operand, input_h: Operand, input_c: Operand, params: Operand, lengths: Value | None,
    modes: tuple[str, str, str, int], dropout: float, is_training: bool,
) -> list[Value]:  # fmt: skip
    """The output, the last h, the last c (one 0 where there is none), and what only training reads."""
    x, h, c = (tensor(b, v) for v in (input_, input_h, input_c))
    if is_training and dropout:
        raise UnsupportedAttribute(f"CudnnRNN with is_training=True and dropout={dropout}")
    many, _, units = h.shape
    if many is None or units is None or x.shape[2] is None:
        raise UnsupportedAttribute(f"CudnnRNN of an input of shape {x.shape} and a state of shape {h.shape}")
    directions = 2 if modes[2] == "bidirectional" else 1
    layout = _layout([many // directions, units, x.shape[2]], *modes)
    kernels, biases = _apart(b, tensor(b, params), layout)
    dtype = x.dtype
    x, h, c, *weights = (b.cast(v, "float32") if dtype == "float16" else v for v in (x, h, c, *kernels, *biases))
    kernels, biases = weights[: len(kernels)], weights[len(kernels) :]
    if lengths is not None and lengths.const is not None and x.shape[0] is not None and bool((lengths.array() == x.shape[0]).all()):
        lengths = None
    last_h, last_c = list[Value](), list[Value]()
    for layer in range(layout.layers):
        outputs = []
        for way in range(directions):
            place = layer * directions + way
            at = slice(2 * layout.gates * place, 2 * layout.gates * (place + 1))
            cell = _cell(b, layout, kernels[at], biases[at])
            states = [b.squeeze(b.slice(v, 0, place, place + 1), 0) for v in ([h, c] if layout.mode == "lstm" else [h])]
            y, last = node(b, cell, x, states, None if lengths is None else b.cast(lengths, "int32"), bool(way))
            outputs.append(y)
            last_h.append(last[0])
            last_c += last[1:]
        x = outputs[0] if directions == 1 else b.Concat(*outputs, axis=2)
    stacked = [b.Concat(*(b.unsqueeze(v, 0) for v in part), axis=0) for part in (last_h, last_c) if part]
    results = [b.cast(v, dtype) for v in (x, *stacked)]
    return [*results, *([] if last_c else [b.const(0, dtype)]), b.const(0, dtype), b.const(0, "int8")]


def _cell(b: Builder, layout: Layout, kernels: list[Value], biases: list[Value]) -> Cell:
    """The cell of Keras with these weights: gates beside each other, those of a GRU as z, r, h."""
    gates = layout.gates
    order = [1, 0, 2] if layout.mode == "gru" else list(range(gates))

    def beside(parts: list[Value]) -> Value:
        return b.Concat(*(parts[k] for k in order), axis=0)

    inner, recurrent = (b.transpose(beside(part), [1, 0]) for part in (kernels[:gates], kernels[gates:]))
    of_input, of_state = beside(biases[:gates]), beside(biases[gates:])
    kind = _KINDS[layout.mode][0]
    bias = b.Concat(b.unsqueeze(of_input, 0), b.unsqueeze(of_state, 0), axis=0) if kind == "GRU" else b.Add(of_input, of_state)
    activation = "relu" if layout.mode == "rnn_relu" else "tanh"
    cell = Cell(kind, layout.units, activation, None if kind == "RNN" else "sigmoid", kind == "GRU", inner, recurrent, bias)
    if not has_node(cell):
        raise UnsupportedAttribute(f"CudnnRNN of {cell.dtype}")
    return cell
