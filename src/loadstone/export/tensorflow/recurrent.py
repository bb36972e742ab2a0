"""LSTM, GRU and RNN over whole sequences.

https://onnx.ai/onnx/operators/onnx__LSTM.html and its siblings, in one direction, without peepholes. Weights are kept as Keras has them:
kernel (n, gates * units), recurrent_kernel (units, gates * units), the gates of an LSTM in the order i, f, c, o. An LSTM of the usual
activations is one kernel of TensorFlow (BlockLSTMV2); others are loops, in which the products of the inputs are made for all steps before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.elementwise import elu, hard_sigmoid, leaky_relu, thresholded_relu
from loadstone.export.tensorflow.emission import Emission
from loadstone.export.tensorflow.loops import inside
from loadstone.export.tensorflow.recurrent_runs import Cell, Run, block_lstm, looped
from loadstone.export.tensorflow.registry import onnx_op
from loadstone.export.tensorflow.writer import Term, Writer

_ORDER = {"LSTM": [0, 2, 3, 1], "GRU": [0, 1, 2], "RNN": [0]}  # Keras' gates among ONNX' (i, o, f, c; z, r, h)
_DEFAULT = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}
_WITH_ALPHA = {"Affine": 1.0, "LeakyRelu": 0.01, "ThresholdedRelu": 1.0, "ScaledTanh": 1.0, "HardSigmoid": 0.2, "Elu": 1.0}
_WITH_BETA = {"Affine": 0.0, "ScaledTanh": 1.0, "HardSigmoid": 0.5}
Activation = Callable[[Writer, Term], Term]


def _rule(kind: str) -> Callable[..., list[Term]]:
    """The rule for a kind of recurrent node."""

    def rule(
        w: Emission,
        x: Term,
        kernel: Term,
        recurrent: Term,
        bias: Term | None = None,
        lengths: Term | None = None,
        h: Term | None = None,
        c: Term | None = None,
        *,
        hidden_size: int,
        direction: str = "forward",
        activations: Sequence[str] | None = None,
        activation_alpha: Sequence[float] | None = None,
        activation_beta: Sequence[float] | None = None,
        linear_before_reset: int = 0,
    ) -> list[Term]:
        """x (time, batch, n) -> outputs (time, 1, batch, units), the last output and, of an LSTM, the last state (1, batch, units).

        linear_before_reset, of a GRU: the reset gate multiplies what the recurrent kernel made, bias included, and not the state.
        """
        states = [h, c] if kind == "LSTM" else [h]
        given = _read(w, kind, x, kernel, recurrent, bias, lengths, states, hidden_size, direction, bool(linear_before_reset))
        if kind == "LSTM" and list(activations or _DEFAULT[kind]) == _DEFAULT[kind] and x.dtype in ("float32", "float16"):
            return _as_returned(w, *block_lstm(w, given))
        make = _after_reset if linear_before_reset else _CELLS[kind]
        cell = make(given, *_activations(kind, activations, activation_alpha, activation_beta))
        return _as_returned(w, *looped(w, given, cell))

    return rule


def _lstm(given: Run, gate: Activation, made: Activation, out: Activation) -> Cell:
    def cell(inner: Emission, z: Term, states: list[Term]) -> list[Term]:
        z = inner.AddV2(z, inner.MatMul(states[0], inside(inner, given.recurrent)))
        i, f, new, o = inner.ops("Split", inner.const(1, "int32"), z, num_split=4)
        after = inner.AddV2(inner.Mul(gate(inner, f), states[1]), inner.Mul(gate(inner, i), made(inner, new)))
        return [inner.Mul(gate(inner, o), out(inner, after)), after]

    return cell


def _after_reset(given: Run, gate: Activation, made: Activation) -> Cell:
    def cell(inner: Emission, z: Term, states: list[Term]) -> list[Term]:
        rec = inner.MatMul(states[0], inside(inner, given.recurrent))
        if given.recurrent_bias is not None:
            rec = inner.BiasAdd(rec, inside(inner, given.recurrent_bias))
        xz, xr, xh = inner.ops("Split", inner.const(1, "int32"), z, num_split=3)
        rz, rr, rh = inner.ops("Split", inner.const(1, "int32"), rec, num_split=3)
        update, reset = gate(inner, inner.AddV2(xz, rz)), gate(inner, inner.AddV2(xr, rr))
        return [_mixed(inner, update, states[0], made(inner, inner.AddV2(xh, inner.Mul(reset, rh))))]

    return cell


def _before_reset(given: Run, gate: Activation, made: Activation) -> Cell:
    units = given.units

    def cell(inner: Emission, z: Term, states: list[Term]) -> list[Term]:
        recurrent = inside(inner, given.recurrent)
        xg, xh = inner.ops("SplitV", z, inner.ints([2 * units, units]), inner.const(1, "int32"), num_split=2)
        rg, rh = inner.ops("SplitV", recurrent, inner.ints([2 * units, units]), inner.const(1, "int32"), num_split=2)
        gates = gate(inner, inner.AddV2(xg, inner.MatMul(states[0], rg)))
        update, reset = inner.ops("Split", inner.const(1, "int32"), gates, num_split=2)
        return [_mixed(inner, update, states[0], made(inner, inner.AddV2(xh, inner.MatMul(inner.Mul(reset, states[0]), rh))))]

    return cell


def _mixed(w: Writer, update: Term, before: Term, new: Term) -> Term:
    return w.AddV2(w.Mul(update, before), w.Mul(w.Sub(w.const(1, update.dtype), update), new))


def _rnn(given: Run, made: Activation) -> Cell:
    """h = activation(x kernel + h recurrent + bias)."""
    return lambda inner, z, states: [made(inner, inner.AddV2(z, inner.MatMul(states[0], inside(inner, given.recurrent))))]


_CELLS: dict[str, Callable[..., Cell]] = {"LSTM": _lstm, "GRU": _before_reset, "RNN": _rnn}
for _kind in _CELLS:
    onnx_op(_kind)(_rule(_kind))


def _as_returned(w: Writer, outputs: Term, states: list[Term]) -> list[Term]:
    """With the axis of directions, which is 1 long."""
    return [w.expand(outputs, 1), *(w.expand(state, 0) for state in states)]


# -- operands ---------------------------------------------------------------------------------------------------------


def _read(
    w: Emission,
    kind: str,
    x: Term,
    kernel: Term,
    recurrent: Term,
    bias: Term | None,
    lengths: Term | None,
    states: Sequence[Term | None],
    units: int,
    direction: str,
    apart: bool,
) -> Run:
    """apart: the bias of the recurrent product is not added to that of the inputs."""
    if direction not in ("forward", "reverse"):
        raise UnsupportedAttribute(f"a recurrent node with direction={direction!r}")
    order, count = _ORDER[kind], len(_ORDER[kind])
    inputs = (kernel.shape or (None,))[-1]

    def turned(values: np.ndarray) -> np.ndarray:
        gates = values.reshape(count, units, -1)[order].reshape(count * units, -1)
        return np.ascontiguousarray(gates.T)

    def added(values: np.ndarray) -> np.ndarray:
        first, second = values.reshape(2, count, units)[:, order]
        total: np.ndarray = first if not second.any() else first + second
        return total.reshape(-1)

    def matrix(term: Term, rows: int | None, label: str) -> Term:
        if term.tensor is not None:
            return w.kept((id(term.tensor), label), term.tensor, lambda t: w.constant(t.map(turned, (rows or 0, count * units)), label))
        gates = w.reshape(w.squeeze(term, 0), [count, units, rows or -1])
        gates = w.GatherV2(gates, w.ints(order, "int32"), w.const(0, "int32"))
        return w.transpose(w.reshape(gates, [count * units, rows or -1]), [1, 0])

    zero = w.const(np.zeros(count * units), x.dtype)
    both: tuple[Term, Term | None] = (zero, None)
    if bias is not None and bias.tensor is not None and not apart:
        both = w.kept((id(bias.tensor), "bias"), bias.tensor, lambda t: w.constant(t.map(added, (count * units,)), "bias")), None
    elif bias is not None:
        if bias.tensor is not None:  # of a GRU, in the order of Keras: its bias as it is
            halves = w.kept((id(bias.tensor), "both"), bias.tensor, lambda t: w.constant(t.map(_rows, (2, count * units)), "bias"))
        else:
            halves = w.reshape(bias, [2, count, units])
            halves = w.reshape(w.GatherV2(halves, w.ints(order, "int32"), w.const(1, "int32")), [2, count * units])
        first, second = w.ops("Unpack", halves, num=2, axis=0)
        both = (first, second) if apart else (w.AddV2(first, second), None)
    batch = w.length(x, 1)
    shape = ((x.shape or (None, None))[1], units)
    begins = [
        Term(w.Fill(w.vector([batch, units]), w.const(0, x.dtype)).output, shape, x.dtype) if state is None else w.squeeze(state, 0)
        for state in states
    ]
    operands = matrix(kernel, inputs, "kernel"), matrix(recurrent, units, "recurrent_kernel")
    return Run(x, *operands, *both, begins, lengths, units, direction == "reverse")


def _rows(values: np.ndarray) -> np.ndarray:
    rows: np.ndarray = values.reshape(2, -1)
    return rows


def _activations(kind: str, names: Sequence[str] | None, alphas: Sequence[float] | None, betas: Sequence[float] | None) -> list[Activation]:
    first, second = iter(alphas or ()), iter(betas or ())
    found: list[Activation] = []
    for name in names or _DEFAULT[kind]:
        alpha = next(first, _WITH_ALPHA[name]) if name in _WITH_ALPHA else 0.0
        beta = next(second, _WITH_BETA[name]) if name in _WITH_BETA else 0.0
        found.append(_activation(name, alpha, beta))
    return found


def _activation(name: str, alpha: float, beta: float) -> Activation:
    plain = {"Sigmoid": "Sigmoid", "Tanh": "Tanh", "Relu": "Relu", "Softsign": "Softsign", "Softplus": "Softplus"}
    if name in plain:
        return lambda w, x: w.op(plain[name], x)
    if name == "Affine":
        return lambda w, x: x if (alpha, beta) == (1, 0) else w.AddV2(w.Mul(x, alpha), beta)
    if name == "ScaledTanh":
        return lambda w, x: w.Mul(w.Tanh(w.Mul(x, beta)), alpha)
    if name == "HardSigmoid":
        return lambda w, x: hard_sigmoid(w, x, alpha=alpha, beta=beta)
    one = {"LeakyRelu": leaky_relu, "ThresholdedRelu": thresholded_relu, "Elu": elu}.get(name)
    if one is None:
        raise UnsupportedAttribute(f"a recurrent node with the activation {name}")
    return lambda w, x: one(w, x, alpha=alpha)
