"""Recurrent kernels: LSTMBlockCell, BlockLSTM, BlockLSTMV2 and GRUBlockCell.

Semantics: tensorflow/core/kernels/rnn/lstm_ops.cc, lstm_ops.h and gru_ops.cc. A kernel (n + units, gates * units) meets a step and the
state before it, side by side. The gates of BlockLSTM are i, c, f, o; those of BlockLSTMV2 i, f, c, o.
"""

from __future__ import annotations

import numpy as np

from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.recurrent_cells import Cell
from loadstone.lowering.keras.recurrent_cells import node as fused
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf, vector

_ORDER = {"ICFO": (0, 2, 1, 3), "IFCO": (0, 1, 2, 3)}  # where i, f, c and o lie


@tf("raw_ops.LSTMBlockCell")
def lstm_block_cell(
    b: Builder, x: Operand, cs_prev: Operand, h_prev: Operand, w: Operand, wci: Operand, wcf: Operand, wco: Operand, b_: Operand,
    forget_bias: float = 1.0, cell_clip: float = 3.0, use_peephole: bool = False,
) -> list[Value]:  # fmt: skip
    """One step (batch, n) from states (batch, units): i, cs, f, o, ci, co and h."""
    kernel, bias = _sorted(b, tensor(b, w), tensor(b, b_), "ICFO", forget_bias)
    gates = b.Add(b.MatMul(b.Concat(tensor(b, x), tensor(b, h_prev), axis=1), kernel), bias)
    return _step(b, gates, tensor(b, cs_prev), _peepholes(b, wci, wcf, wco, use_peephole), cell_clip)


@tf("raw_ops.BlockLSTM")
def block_lstm(
    b: Builder, seq_len_max: Operand, x: Operand, cs_prev: Operand, h_prev: Operand, w: Operand, wci: Operand, wcf: Operand,
    wco: Operand, b_: Operand, forget_bias: float = 1.0, cell_clip: float = 3.0, use_peephole: bool = False,
) -> list[Value]:  # fmt: skip
    """The steps of x (time, batch, n) before seq_len_max: i, cs, f, o, ci, co and h (time, batch, units), zeros for the others."""
    kernel, bias = _sorted(b, tensor(b, w), tensor(b, b_), "ICFO", forget_bias)
    peepholes = _peepholes(b, wci, wcf, wco, use_peephole)
    return _steps(b, seq_len_max, tensor(b, x), tensor(b, cs_prev), tensor(b, h_prev), kernel, bias, peepholes, cell_clip)


@tf("raw_ops.BlockLSTMV2")
def block_lstm_v2(
    b: Builder, seq_len_max: Operand, x: Operand, cs_prev: Operand, h_prev: Operand, w: Operand, wci: Operand, wcf: Operand,
    wco: Operand, b_: Operand, cell_clip: float = 0.0, use_peephole: bool = False,
) -> list[Value]:  # fmt: skip
    """The same without a bias of the forget gate of its own."""
    kernel, bias = _sorted(b, tensor(b, w), tensor(b, b_), "IFCO", 0.0)
    peepholes = _peepholes(b, wci, wcf, wco, use_peephole)
    return _steps(b, seq_len_max, tensor(b, x), tensor(b, cs_prev), tensor(b, h_prev), kernel, bias, peepholes, cell_clip)


@tf("raw_ops.GRUBlockCell")
def gru_block_cell(b: Builder, x: Operand, h_prev: Operand, w_ru: Operand, w_c: Operand, b_ru: Operand, b_c: Operand) -> list[Value]:
    """One step (batch, n) from a state (batch, units): r, u, c and h."""
    step, state = tensor(b, x), tensor(b, h_prev)
    gates = b.Sigmoid(b.Add(b.MatMul(b.Concat(step, state, axis=1), tensor(b, w_ru)), tensor(b, b_ru)))
    r, u = _split(b, gates, 2)
    c = b.Tanh(b.Add(b.MatMul(b.Concat(step, b.Mul(state, r), axis=1), tensor(b, w_c)), tensor(b, b_c)))
    return [r, u, c, b.Add(b.Mul(b.Sub(1, u), c), b.Mul(u, state))]


# -- LSTM -------------------------------------------------------------------------------------------------------------


def _sorted(b: Builder, kernel: Value, bias: Value, order: str, forget_bias: float) -> tuple[Value, Value]:
    """Kernel and bias with their gates in the order i, f, c, o, and the bias of the forget gate added."""
    columns, offsets = _split(b, kernel, 4), _split(b, bias, 4)
    places = _ORDER[order]
    if forget_bias:
        offsets[places[1]] = b.Add(offsets[places[1]], float(forget_bias))
    return b.Concat(*(columns[k] for k in places), axis=1), b.Concat(*(offsets[k] for k in places), axis=0)


def _split(b: Builder, x: Value, parts: int) -> list[Value]:
    """Equal parts along the last axis, also where its length is not known."""
    axis = x.rank - 1
    if x.shape[axis] is not None:
        return b.split(x, parts, axis)
    return list(b.ops("Split", x, outputs=parts, axis=axis, num_outputs=parts))


def _peepholes(b: Builder, wci: Operand, wcf: Operand, wco: Operand, wanted: bool) -> list[Value] | None:
    return [tensor(b, v) for v in (wci, wcf, wco)] if wanted else None


def _step(b: Builder, gates: Value, state: Value, peepholes: list[Value] | None, clip: float) -> list[Value]:
    """i, cs, f, o, ci, co and h of gates (batch, 4 * units) in the order i, f, c, o."""
    i, f, c, o = _split(b, gates, 4)
    if peepholes is not None:
        i, f = b.Add(i, b.Mul(state, peepholes[0])), b.Add(f, b.Mul(state, peepholes[1]))
    i, f, c = b.Sigmoid(i), b.Sigmoid(f), b.Tanh(c)
    cell = b.Add(b.Mul(c, i), b.Mul(f, state))
    if clip > 0:
        cell = b.Min(b.Max(cell, -float(clip)), float(clip))
    if peepholes is not None:
        o = b.Add(o, b.Mul(cell, peepholes[2]))
    o, shown = b.Sigmoid(o), b.Tanh(cell)
    return [i, cell, f, o, c, shown, b.Mul(o, shown)]


def _steps(
    b: Builder, most: Operand, x: Value, state: Value, hidden: Value, kernel: Value, bias: Value, peepholes: list[Value] | None, clip: float
) -> list[Value]:
    """All steps: a Scan for the seven results, and ONNX's LSTM for h, where that computes the same; what is not used is not kept."""
    n, units = x.shape[2], kernel.shape[1] // 4 if kernel.shape[1] is not None else None
    assert n is not None and units is not None, "a kernel whose size is not known"
    inner = b.slice(kernel, 0, 0, n)
    recurrent = b.slice(kernel, 0, n)
    gates = b.Add(b.MatMul(x, inner), bias)
    body = b.inner()
    before = [body.input(body.unique("before"), (v.shape[0], units), v.dtype) for v in (state, hidden)]
    part = body.input(body.unique("step"), gates.shape[1:], gates.dtype)
    after = _step(body, body.Add(part, body.MatMul(before[1], recurrent)), before[0], peepholes, clip)
    body.block.outputs = [after[1], after[6], *(body._emit("Identity", [v], {}, 1)[0] for v in after)]
    results = list(b.ops("Scan", state, hidden, gates, outputs=9, body=body.block, num_scan_inputs=1)[2:])
    if x.dtype == "float32" and peepholes is None and clip <= 0:
        cell = Cell("LSTM", units, "tanh", "sigmoid", False, inner, recurrent, bias)
        some = _some(b, _some(b, x, 0), 1)
        y = fused(b, cell, some, [_some(b, v, 0) for v in (hidden, state)], None, False)[0]
        results[6] = _first(b, _first(b, y, 0, b.dim(x, 0)), 1, b.dim(x, 1))
    return [_cut(b, v, most) for v in results]


def _some(b: Builder, x: Value, axis: int) -> Value:
    """x with one element along an axis where it has none, since onnxruntime's LSTM wants a step and a row at least."""
    length = b.dim(x, axis)
    if isinstance(length, int):
        return x if length else b.pad(x, [axis], [0], [1])
    return b.pad(x, [axis], [0], [b.Max(b.Sub(b.ints([1]), length), b.ints([0]))])


def _first(b: Builder, x: Value, axis: int, length: int | Value) -> Value:
    """So many elements along an axis."""
    if isinstance(length, int):
        return b.slice(x, axis, 0, length)
    shape = tuple(None if k == axis else d for k, d in enumerate(x.shape))
    return b.op("Slice", x, b.ints([0]), length, b.ints([axis]), out_shape=shape)


def _cut(b: Builder, y: Value, most: Operand) -> Value:
    """y (time, ...) with zeros from a step on."""
    limit, time = tensor(b, most), y.shape[0]
    if limit.const is not None and time is not None and int(limit.array()) >= time:
        return y
    length = b.dim(y, 0)
    steps = b.const(np.arange(length)) if isinstance(length, int) else b.Range(b.const(0), b.squeeze(length, 0), b.const(1))
    return b.Where(b.unsqueeze(b.Less(steps, vector(b, limit)), 1, 2), y, 0)
