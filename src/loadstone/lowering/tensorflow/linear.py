"""Sums of products with weights: what a value is of its sources, x @ W + h @ R + b, whatever order it is computed in.

Slices of the result are slices of the weights, and a concatenation of sources is one of the rows of a weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from loadstone.ir.records import dataclass, field
from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder

Range = tuple[int, int]
SEQUENCE = "x"  # the source that is an element of the sequence


@dataclass(frozen=True)
class Part:
    """Some rows and columns of a weight; None for all of them."""

    weight: Value
    rows: Range | None = None
    columns: Range | None = None

    def value(self, b: Builder) -> Value:
        """The part itself; constants of a weight are."""
        w = self.weight
        if self.rows is not None and w.rank > 1:
            w = b.slice(w, 0, *self.rows)
        return w if self.columns is None or w.rank == 0 or w.shape[-1] == 1 else b.slice(w, w.rank - 1, *self.columns)

    def cut(self, columns: Range) -> Part:
        """Some of its columns."""
        start = self.columns[0] if self.columns is not None else 0
        return Part(self.weight, self.rows, (start + columns[0], start + columns[1]))


@dataclass
class Product:
    """A source times the sum of some parts."""

    parts: list[Part]

    def value(self, b: Builder) -> Value:
        """The weight."""
        total, *rest = (part.value(b) for part in self.parts)
        for more in rest:
            total = b.Add(total, more)
        return total


@dataclass
class Linear:
    """The weight of each source, and what is added."""

    products: dict[str, Product] = field(default_factory=dict)
    bias: list[Part] = field(default_factory=list)

    @classmethod
    def sum(cls, terms: Sequence[Linear]) -> Linear:
        """All together."""
        total = cls()
        for term in terms:
            total.bias += term.bias
            for source, product in term.products.items():
                total.products.setdefault(source, Product([])).parts.extend(product.parts)
        return total

    def cut(self, columns: Range) -> Linear:
        """Some columns of the result."""
        products = {source: Product([part.cut(columns) for part in product.parts]) for source, product in self.products.items()}
        return Linear(products, [part.cut(columns) for part in self.bias])

    def bias_of(self, b: Builder, units: int) -> Value:
        """What is added, a vector."""
        total = b.zeros([units], "float32")
        for part in self.bias:
            value = part.value(b)
            total = b.Add(total, value if value.rank < 2 else b.reshape(value, [-1]))
        return total


class Products:
    """Values of a block as sums of products. sources are names by the id of a value; what the block does not make is a weight."""

    def __init__(self, b: Builder, outer: Builder, made: Mapping[int, Op], sources: Mapping[int, str]) -> None:
        self._b, self._outer, self._made, self._sources = b, outer, made, sources

    def with_source(self, value: Value, name: str) -> Products:
        """The same with another value that stands for a source, in place of that source's own."""
        others = {key: source for key, source in self._sources.items() if source != name}
        return Products(self._b, self._outer, self._made, {**others, id(value): name})

    def of(self, value: Value) -> Linear | None:
        """What a value is of the sources; None where it is something else."""
        value = self.plain(value)
        if self._sources.get(id(value)) == SEQUENCE and value.rank == 2 and value.shape[1] is not None:
            return Linear({SEQUENCE: Product([Part(self._outer.const(np.eye(value.shape[1]), value.dtype))])})  # multiplied before the loop
        op = self._made.get(id(value))
        if op is None:
            return None if id(value) in self._sources or not _is_bias(value) else Linear({}, [Part(value)])
        if op.kind == "Add":
            return self._sum(op)
        if op.kind == "MatMul":
            return self._product(op)
        if op.kind in ("Slice", "Split"):
            return self._slice(op, value)
        return None

    def plain(self, value: Value) -> Value:
        """A value without factors of 1, which dropout leaves when nothing is dropped."""
        op = self._made.get(id(value))
        if op is not None and op.kind == "Mul":
            for x, ones in (op.inputs, op.inputs[::-1]):
                made = self._made.get(id(ones))
                number = made.inputs[0] if made is not None and made.kind == "Expand" else ones
                one = (
                    number is not None and number.const is not None and number.const.size == 1 and float(number.array().reshape(-1)[0]) == 1
                )
                if one and x is not None and x.shape == value.shape:
                    return self.plain(x)
        return value

    def terms(self, value: Value) -> list[Value]:
        """The terms of a sum, sums among them taken apart."""
        op = self._made.get(id(value))
        if op is None or op.kind != "Add":
            return [value]
        return [term for part in op.inputs if part is not None for term in self.terms(part)]

    def factors_behind(self, value: Value) -> list[Value]:
        """The products of two values that are multiplied with a weight in a sum: candidates for a gated state."""
        found = []
        for term in self.terms(value):
            op = self._made.get(id(term))
            if op is not None and op.kind in ("Slice", "Split") and op.inputs[0] is not None:
                found += self.factors_behind(op.inputs[0])
            if op is None or op.kind != "MatMul" or op.inputs[0] is None:
                continue
            inner = self._made.get(id(op.inputs[0]))
            sources = [v for v in inner.inputs if v is not None] if inner is not None and inner.kind == "Concat" else [op.inputs[0]]
            found += [v for v in sources if (made := self._made.get(id(v))) is not None and made.kind == "Mul"]
        return found

    def _sum(self, op: Op) -> Linear | None:
        parts = [self.of(value) for value in op.inputs if value is not None]
        return None if any(part is None for part in parts) else Linear.sum([part for part in parts if part is not None])

    def _product(self, op: Op) -> Linear | None:
        left, weight = op.inputs
        if left is None or weight is None or id(weight) in self._made or id(weight) in self._sources or weight.rank != 2:
            return None
        joined = self._made.get(id(left))
        sources = [v for v in joined.inputs if v is not None] if joined is not None and joined.kind == "Concat" else [left]
        if joined is not None and joined.kind == "Concat" and joined.attributes["axis"] not in (1, -1):
            return None
        found, row = Linear(), 0
        for source in map(self.plain, sources):
            name, width = self._sources.get(id(source)), source.shape[-1]
            if name is None or width is None or source.rank != 2:
                return None
            rows = (row, row + width) if len(sources) > 1 else None
            found.products.setdefault(name, Product([])).parts.append(Part(weight, rows))
            row += width
        return found

    def _slice(self, op: Op, value: Value) -> Linear | None:
        inner = self.of(op.inputs[0]) if op.inputs[0] is not None else None
        columns = _columns(op, value)
        return None if inner is None or columns is None else inner.cut(columns)


def _is_bias(value: Value) -> bool:
    """True for what can be added to each row alike."""
    return value.rank < 2 or value.rank == 2 and value.shape[0] == 1


def _columns(op: Op, value: Value) -> Range | None:
    """The columns of a matrix that a slice along its last axis takes."""
    x = op.inputs[0]
    if x is None or x.rank != 2 or x.shape[1] is None:
        return None
    if op.kind == "Split":
        widths = [v.shape[1] for v in op.outputs]
        if op.attributes.get("axis", 0) not in (1, -1) or None in widths:
            return None
        place = op.outputs.index(value)
        start = sum(w or 0 for w in widths[:place])
        return start, start + (widths[place] or 0)
    if any(v is None or v.const is None for v in op.inputs[1:]):
        return None
    starts, ends, axes, steps = (v.array().tolist() for v in op.inputs[1:5] if v is not None)
    if axes not in ([1], [-1]) or steps != [1]:
        return None
    places = range(x.shape[1])[starts[0] : ends[0]]
    return places.start, places.stop
