"""Loops that are an LSTM, a GRU or a simple RNN over a sequence, as the one ONNX node that computes all steps.

What is looked at is what a round of the loop computes, not how the graph calls it: a variable that counts the rounds, an element of
a sequence that is picked by it, states whose next values are the formulas of a cell, lists that get a state each round. Products are
followed through sums, slices and concatenations down to the weights of each gate. Anything else in the loop, and it stays a loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loadstone.ir.records import dataclass, field
from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.recurrent_cells import Cell, has_node, node
from loadstone.lowering.tensorflow.linear import SEQUENCE, Linear, Products
from loadstone.lowering.tensorflow.rounds import Rounds, same_lengths

_ACTIVATIONS = {"Sigmoid": "sigmoid", "Tanh": "tanh", "Relu": "relu", "Softsign": "softsign", "Softplus": "softplus"}


@dataclass
class Recurrence:
    """What a loop computes: the cell over a sequence (time, batch, n), from these states on.

    states are the places of the loop's variables that hold them (h, c), counters those of the variables that count rounds.
    """

    cell: Cell
    sequence: Value
    states: list[int]
    counters: list[int] = field(default_factory=list)

    def run(self, b: Builder, before: Mapping[int, Value]) -> tuple[Value, list[Value]]:
        """The outputs of all steps (time, batch, units), and the last states."""
        states = [before[place] for place in self.states]
        return node(b, self.cell, self.sequence, None if all(_is_zero(b, state) for state in states) else states, None, False)


def _is_zero(b: Builder, value: Value) -> bool:
    """True for zeros, whatever their shape."""
    if value.const is None:
        return b.filling(value) == 0
    return value.const.known and not value.array().any()


def recognized(rounds: Rounds) -> Recurrence | None:
    """The recurrence that a loop is; None for any other loop."""
    sequence = rounds.sequence()
    if sequence is None or sequence.data.rank != 3 or sequence.data.dtype != "float32":
        return None
    states = [place for place in rounds.changing() if place not in rounds.counters]
    values = [rounds.inside[place] for place in states]
    if not 1 <= len(states) <= 2 or any(v.rank != 2 or v.dtype != "float32" for v in values):
        return None
    if not same_lengths(rounds.outer, rounds.limits, sequence.data, 0):
        return None
    products = Products(rounds.b, rounds.outer, rounds.made, {id(sequence.element): SEQUENCE, **{id(v): v.name for v in values}})
    match = _Match(rounds, products, states)
    cell = match.lstm() if len(states) == 2 else match.gru() or match.simple()
    return None if cell is None or not has_node(cell) else Recurrence(cell, sequence.data, match.states, rounds.counters)


class _Match:
    """The formulas of the cells, found in what a round computes."""

    def __init__(self, rounds: Rounds, products: Products, states: list[int]) -> None:
        self.rounds, self.products, self.states = rounds, products, states

    def lstm(self) -> Cell | None:
        """c' = f * c + i * act(g), h' = o * act(c')."""
        for h, c in (self.states, self.states[::-1]):
            cell = self._lstm(h, c)
            if cell is not None:
                self.states = [h, c]
                return cell
        return None

    def _lstm(self, h: int, c: int) -> Cell | None:
        before, after, output = self.rounds.inside[c], self.rounds.after[c], self.rounds.after[h]
        for gate, activated in self._factors(output):
            last = self._activation(activated)
            o = self._activation(gate)
            if last is None or o is None or last[1] is not after:
                continue
            for kept, new in self._terms(after):
                f = next((a for a, other in self._factors(kept) if other is before), None)
                f_gate = self._activation(f) if f is not None else None
                for one, other in self._factors(new):
                    i, g = self._activation(one), self._activation(other)
                    if f_gate is None or i is None or g is None or not (o[0] == f_gate[0] == i[0] and g[0] == last[0]):
                        continue
                    gates = [self.products.of(v) for v in (i[1], f_gate[1], g[1], o[1])]
                    cell = self._cell("LSTM", gates, self.rounds.inside[h], g[0], o[0])
                    if cell is not None:
                        return cell
        return None

    def gru(self) -> Cell | None:
        """h' = z * h + (1 - z) * act(...): the reset gate before the product with the state, or after it."""
        (place,) = self.states
        h, after = self.rounds.inside[place], self.rounds.after[place]
        for kept, new in self._terms(after):
            for z_value, other in self._factors(kept):
                z = self._activation(z_value)
                if other is not h or z is None:
                    continue
                candidate = next((v for one, v in self._factors(new) if self._is_rest(one, z_value)), None)
                act = self._activation(candidate) if candidate is not None else None
                cell = self._gru(h, z, act) if act is not None else None
                if cell is not None:
                    return cell
        return None

    def _gru(self, h: Value, z: tuple[str, Value], act: tuple[str, Value]) -> Cell | None:
        terms = self.products.terms(act[1])
        for number, term in enumerate(terms):
            rest = [self.products.of(other) for k, other in enumerate(terms) if k != number]
            for r_value, inner in self._factors(term):  # r * (h @ R + b)
                r, recurrent = self._activation(r_value), self.products.of(inner)
                if r is not None and r[0] == z[0] and recurrent is not None and set(recurrent.products) == {h.name} and None not in rest:
                    gates = [self.products.of(v) for v in (z[1], r[1])]
                    total = Linear.sum([part for part in rest if part is not None])
                    return self._cell("GRU", [*gates, total], h, act[0], z[0], recurrent)
        reset = self._reset(act[1], h)  # (r * h) @ R
        if reset is None:
            return None
        r, candidate = reset
        if r[0] != z[0]:
            return None
        gates = [self.products.of(v) for v in (z[1], r[1])]
        return self._cell("GRU", [*gates, candidate], h, act[0], z[0])

    def _reset(self, value: Value, h: Value) -> tuple[tuple[str, Value], Linear] | None:
        """The reset gate r and the products, where r * h stands for the state in them."""
        for product in self.products.factors_behind(value):
            for r_value, other in self._factors(product):
                r = self._activation(r_value)
                if other is h and r is not None:
                    found = self.products.with_source(product, h.name).of(value)
                    return None if found is None else (r, found)
        return None

    def simple(self) -> Cell | None:
        """h' = act(x @ K + h @ R + b)."""
        (place,) = self.states
        act = self._activation(self.rounds.after[place])
        return None if act is None else self._cell("RNN", [self.products.of(act[1])], self.rounds.inside[place], act[0], None)

    def _cell(
        self, kind: str, gates: list[Linear | None], h: Value, activation: str, gate: str | None, recurrent: Linear | None = None
    ) -> Cell | None:
        """The cell of gates in Keras' order. recurrent is what the reset gate is multiplied with, where that is after the product."""
        units = h.shape[1]
        found = [g for g in gates if g is not None]
        sources = {SEQUENCE, h.name}
        wanted = [sources] * len(gates)
        if recurrent is not None:
            wanted[-1] = {SEQUENCE}
        if units is None or len(found) != len(gates) or any(set(g.products) != w for g, w in zip(found, wanted, strict=True)):
            return None
        b = self.rounds.outer
        state = [g.products.get(h.name) for g in found]
        if recurrent is not None:
            state[-1] = recurrent.products[h.name]
        kernels = [g.products[SEQUENCE].value(b) for g in found]
        recurrents = [p.value(b) for p in state if p is not None]
        if any(v.shape[1] != units for v in (*kernels, *recurrents)) or any(v.shape[0] != units for v in recurrents):
            return None
        bias = _joined(b, [g.bias_of(b, units) for g in found], axis=0)
        if recurrent is not None:
            zeros = b.zeros([units], "float32")
            inner = _joined(b, [zeros, zeros, recurrent.bias_of(b, units)], axis=0)
            bias = b.Concat(b.unsqueeze(bias, 0), b.unsqueeze(inner, 0), axis=0)
        kernel, recurrent_kernel = _joined(b, kernels, axis=1), _joined(b, recurrents, axis=1)
        return Cell(kind, units, activation, gate, recurrent is not None, kernel, recurrent_kernel, bias)

    # -- pieces of formulas ---------------------------------------------------------------------------------------

    def _activation(self, value: Value) -> tuple[str, Value] | None:
        """The activation that a value comes from, by Keras' name, and what goes into it."""
        op = self.rounds.made.get(id(value))
        if op is None or not op.inputs or op.inputs[0] is None:
            return None
        name = _ACTIVATIONS.get(op.kind)
        return (name, op.inputs[0]) if name is not None else self._hard_sigmoid(op)

    def _hard_sigmoid(self, op: Op) -> tuple[str, Value] | None:
        """clip(0.2 x + 0.5, 0, 1), as Keras up to 2 has it."""
        inside, bounds = self._clipped(op)
        scaled = self._with_number(inside, "Add", 0.5) if inside is not None and bounds == (0.0, 1.0) else None
        plain = self._with_number(scaled, "Mul", 0.2) if scaled is not None else None
        return ("hard_sigmoid_2", plain) if plain is not None else None

    def _clipped(self, op: Op) -> tuple[Value | None, tuple[float, float] | None]:
        if op.kind != "Max":
            return None, None
        for one, low in _pairs(op.inputs):
            inner = self.rounds.made.get(id(one))
            if _scalar(low) is not None and inner is not None and inner.kind == "Min":
                for x, high in _pairs(inner.inputs):
                    if _scalar(high) is not None:
                        return x, (_scalar(low) or 0.0, _scalar(high) or 0.0)
        return None, None

    def _with_number(self, value: Value, kind: str, number: float) -> Value | None:
        op = self.rounds.made.get(id(value))
        if op is None or op.kind != kind:
            return None
        return next((x for x, n in _pairs(op.inputs) if (found := _scalar(n)) is not None and abs(found - number) < 1e-7), None)

    def _factors(self, value: Value) -> list[tuple[Value, Value]]:
        """The two factors of a product, in both orders."""
        op = self.rounds.made.get(id(value))
        return _pairs(op.inputs) if op is not None and op.kind == "Mul" else []

    def _terms(self, value: Value) -> list[tuple[Value, Value]]:
        """The two terms of a sum, in both orders."""
        op = self.rounds.made.get(id(value))
        return _pairs(op.inputs) if op is not None and op.kind == "Add" else []

    def _is_rest(self, value: Value, z: Value) -> bool:
        """True for 1 - z."""
        op = self.rounds.made.get(id(value))
        return op is not None and op.kind == "Sub" and op.inputs[1] is z and op.inputs[0] is not None and _scalar(op.inputs[0]) == 1.0


def _pairs(values: Sequence[Value | None]) -> list[tuple[Value, Value]]:
    if len(values) != 2 or values[0] is None or values[1] is None:
        return []
    return [(values[0], values[1]), (values[1], values[0])]


def _scalar(value: Value) -> float | None:
    """The number that a constant of one element is."""
    if value.const is None or value.const.size != 1:
        return None
    return float(value.array().reshape(-1)[0])


def _joined(b: Builder, values: Sequence[Value], axis: int) -> Value:
    return values[0] if len(values) == 1 else b.Concat(*values, axis=axis)
