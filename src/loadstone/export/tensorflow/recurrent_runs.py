"""A recurrent cell over a sequence: BlockLSTMV2, one kernel of TensorFlow for an LSTM, and a loop for any cell.

tensorflow/core/kernels/rnn/lstm_ops.cc. A loop makes the products of the inputs for all steps before its first round.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.emission import Emission
from loadstone.export.tensorflow.loops import inside, loop
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.ir.records import dataclass

Cell = Callable[[Emission, Term, list[Term]], list[Term]]


@dataclass(frozen=True)
class Run:
    """A sequence x (time, batch, n) with its weights: kernel (n, gates * units), recurrent (units, gates * units), bias.

    states (batch, units) each; lengths (batch,) are the steps of each row, None for all.
    """

    x: Term
    kernel: Term
    recurrent: Term
    bias: Term
    recurrent_bias: Term | None
    states: list[Term]
    lengths: Term | None
    units: int
    backward: bool


# -- one kernel -------------------------------------------------------------------------------------------------------


def block_lstm(w: Emission, given: Run) -> tuple[Term, list[Term]]:
    """BlockLSTMV2 runs all rows to the end; outputs after a row's own steps are zeros, its states those of its last step."""
    x, lengths = given.x, given.lengths
    h, c = given.states
    if given.backward:
        x = _reversed(w, x, lengths)
    zeros = w.const(np.zeros(given.units), x.dtype)
    total = w.length(x, 0)
    joined = w.concat([given.kernel, given.recurrent], 0)
    made = w.ops("BlockLSTMV2", total, x, c, h, joined, zeros, zeros, zeros, given.bias, cell_clip=0.0, use_peephole=False)
    states, outputs = made[1], made[6]
    shape = (*(x.shape or (None, None))[:2], given.units)
    states, outputs = (Term(y.output, shape, x.dtype) for y in (states, outputs))
    if lengths is None:
        place = w.Sub(total, 1)
        ends = [w.GatherV2(y, place, w.const(0, "int32")) for y in (outputs, states)]
    else:
        inside = w.expand(Term(_within(w, total, lengths).output, (None, None), "bool"), 2)
        last = w.Maximum(w.Sub(w.cast(lengths, "int64"), 1), 0)
        rows = w.Pack([last, w.range(w.length(x, 1))], axis=1)
        some = w.ExpandDims(w.Greater(lengths, 0), w.const(1, "int32"))
        ends = [w.where(some, w.GatherNd(y, rows), before) for y, before in ((outputs, h), (states, c))]
        outputs = Term(w.where(inside, outputs, w.ZerosLike(outputs)).output, shape, x.dtype)
    if given.backward:
        outputs = _reversed(w, outputs, lengths)
    return outputs, [Term(end.output, shape[1:], x.dtype) for end in ends]


def _reversed(w: Writer, x: Term, lengths: Term | None) -> Term:
    """The steps of each row in the opposite order."""
    if lengths is None:
        return w.reverse(x, 0)
    return w.op("ReverseSequence", x, lengths, seq_dim=0, batch_dim=1, out_shape=x.shape)


def _within(w: Writer, total: Term, lengths: Term) -> Term:
    """(time, batch): whether a step is one of the row's own."""
    return w.Less(w.expand(w.range(total), 1), w.expand(w.cast(lengths, "int64"), 0))


# -- step by step -----------------------------------------------------------------------------------------------------


def looped(w: Emission, given: Run, cell: Cell) -> tuple[Term, list[Term]]:
    """A cell for each step. Backward runs begin at the last step, where rows that are shorter wait: the whole sequence is reversed."""
    x = given.x
    time, batch, n = x.shape or (None, None, None)
    width = (given.kernel.shape or (None, None))[1]
    flat = w.MatMul(w.reshape(x, [-1, n or 1]), given.kernel)
    flat = w.BiasAdd(flat, given.bias)
    total = w.length(x, 0)
    z = w.reshape(flat, w.vector([w.shape(x, 0, 2), width or -1]), (time, batch, width))
    z = _reversed(w, z, None) if given.backward else z
    size = w.cast(total, "int32")
    element = w.ints([-1 if batch is None else batch, given.units], "int32")
    rows = w.cast(w.vector([w.length(x, 1), given.units]), "int32")
    shapes = [(batch, given.units)] * len(given.states)

    def step(inner: Emission, held: list[Term]) -> list[Term]:
        number, last, outputs, *states = held
        after = cell(inner, inner.GatherV2(inside(inner, z), number, inner.const(0, "int32")), states)
        shown = after[0]
        if given.lengths is not None:
            place = inner.Sub(last, number) if given.backward else number
            own = inner.ExpandDims(inner.Less(place, inside(inner, given.lengths)), inner.const(1, "int32"))
            shown = inner.where(own, shown, inner.ZerosLike(shown))
            after = [inner.where(own, new, old) for new, old in zip(after, states, strict=True)]
        return [inner.AddV2(number, 1), last, inner.TensorListSetItem(outputs, number, shown), *after]

    lengths = given.lengths
    if lengths is not None and lengths.dtype != "int32":
        raise UnsupportedAttribute(f"lengths of sequences as {lengths.dtype}")
    done = loop(
        w,
        [w.const(0, "int32"), w.Sub(size, 1), w.TensorListReserve(element, size, element_dtype=x.dtype), *given.states],
        [(), (), (), *shapes],
        lambda test, held: test.LessEqual(held[0], held[1]),
        step,
    )
    outputs = w.TensorListStack(done[2], rows, element_dtype=x.dtype)
    outputs = Term(outputs.output, (time, batch, given.units), x.dtype)
    return _reversed(w, outputs, None) if given.backward else outputs, done[3:]
