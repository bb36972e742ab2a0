"""What the rounds of a loop have in common: which variables count them, how many there are, which sequence they go through."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from loadstone.ir.records import dataclass
from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.elements import Element, elements


@dataclass(frozen=True)
class Walked:
    """A tensor of which each round takes the next slice along axis 0."""

    data: Value
    element: Value


class Rounds:
    """The variables of a loop that are tensors, by place: before it, in a round, after the round; and the ops of a round.

    again is what says whether there is another round.
    """

    def __init__(self, outer: Builder, b: Builder, variables: dict[int, tuple[Value, Value, Value]], again: Value) -> None:
        self.outer, self.b, self.again = outer, b, again
        self.before = {place: before for place, (before, _, _) in variables.items()}
        self.inside = {place: inside for place, (_, inside, _) in variables.items()}
        self.after = {place: after for place, (_, _, after) in variables.items()}
        self.made: dict[int, Op] = {id(value): op for op in b.block.ops for value in op.outputs}

    def changing(self) -> list[int]:
        """The places of variables that a round changes."""
        return [place for place in self.inside if self.after[place] is not self.inside[place]]

    @cached_property
    def counters(self) -> list[int]:
        """The places of variables that begin with 0 and grow by 1."""
        return [place for place in self.inside if _is(self.before[place], 0) and self._grows(place)]

    def _grows(self, place: int) -> bool:
        op = self.made.get(id(self.after[place]))
        if op is None or op.kind != "Add":
            return False
        return any(x is self.inside[place] and step is not None and _is(step, 1) for x, step in (op.inputs, op.inputs[::-1]))

    @cached_property
    def limits(self) -> list[Value] | None:
        """What the counters must stay below for another round; None where the condition is another one."""
        found: list[Value] = []
        queue = [self.again]
        while queue:
            op = self.made.get(id(queue.pop()))
            if op is None:
                return None
            if op.kind in ("And", "Cast", "Identity"):
                queue += [v for v in op.inputs if v is not None]
                continue
            counted, limit = op.inputs[:2] if op.kind == "Less" else (None, None)
            if limit is None or id(limit) in self.made or not any(counted is self.after[place] for place in self.counters):
                return None
            found.append(limit)
        return found

    def sequence(self) -> Walked | None:
        """The one sequence that the rounds go through."""
        counting = {id(self.inside[place]) for place in self.counters}
        for op in self.b.block.ops:
            if op.kind == "Cast" and op.inputs[0] is not None and id(op.inputs[0]) in counting:
                counting.add(id(op.outputs[0]))
        found = [
            Walked(op.inputs[0], op.outputs[0])
            for op in self.b.block.ops
            if op.kind == "Gather" and op.inputs[0] is not None and id(op.inputs[1]) in counting and op.attributes.get("axis", 0) == 0
        ]
        alike = {id(one.data) for one in found}
        return found[0] if len(alike) == 1 and len(found) == 1 and id(found[0].data) not in self.made else None


def _is(value: Value, number: int) -> bool:
    return value.const is not None and value.rank == 0 and value.dtype in ("int32", "int64") and int(value.array()) == number


def same_lengths(b: Builder, limits: Sequence[Value] | None, data: Value, axis: int) -> bool:
    """True where the rounds below all limits are as many as an axis has elements."""
    if not limits:
        return False
    length = _length(b, data, axis)
    found = []
    for limit in limits:
        known = elements(limit)
        if known is None or len(known) != 1:
            return False
        found.append(known[0] if isinstance(known[0], int) else _resolved(b, known[0]))
    if isinstance(length, int):
        return length in found and all(isinstance(n, int) and n >= length for n in found)
    return all(n == length for n in found)


Length = int | tuple[int, int]


def _resolved(b: Builder, element: Element) -> Length:
    """The axis of a value whose length an element is, followed back to where it is made; the element itself where it is no length."""
    op = b.maker(element.vector)
    if op is not None and op.kind == "Shape" and op.inputs[0] is not None:
        return _length(b, op.inputs[0], element.index + int(op.attributes.get("start", 0)))
    return (id(element.vector), -1 - element.index)


def _length(b: Builder, value: Value, axis: int) -> Length:
    """The length of an axis, or the value and axis that first have it."""
    while True:
        known = value.shape[axis]
        if known is not None:
            return known
        op = b.maker(value)
        x = op.inputs[0] if op is not None and op.inputs else None
        if op is None or x is None:
            return id(value), axis
        if op.kind == "Transpose":
            value, axis = x, op.attributes["perm"][axis]
        elif op.kind in ("Identity", "Cast", "Tanh", "Relu", "Sigmoid") or op.kind == "Slice" and _reverses(op):
            value = x
        elif op.kind == "Where" and op.inputs[2] is not None and op.inputs[2].rank == value.rank and op.inputs[2].shape == value.shape:
            value = op.inputs[2]
        elif op.kind == "Squeeze" and op.inputs[1] is not None and op.inputs[1].const is not None:
            gone = sorted(int(a) % x.rank for a in op.inputs[1].array().reshape(-1))
            value, axis = x, [k for k in range(x.rank) if k not in gone][axis]
        elif op.kind in ("LSTM", "GRU", "RNN") and value is op.outputs[0] and axis in (0, 2):
            value, axis = x, 0 if axis == 0 else 1
        else:
            return id(value), axis


def _reverses(op: Op) -> bool:
    """True for a slice that takes all elements backwards."""
    if any(v is None or v.const is None for v in op.inputs[1:]):
        return False
    starts, ends, _, steps = (v.array().tolist() for v in op.inputs[1:5] if v is not None)
    return all(step == -1 and start == -1 and end < -(2**31) for start, end, step in zip(starts, ends, steps, strict=True)) or all(
        step == -1 and start >= 2**31 - 1 and end < -(2**31) for start, end, step in zip(starts, ends, steps, strict=True)
    )
