"""Layer normalization from its parts: (x - mean) / sqrt(variance + epsilon) * gamma + beta, in whatever order a graph computes it.

What a value is of x, its mean and the reciprocal root is followed through sums and products down to these three and to constants
(`_Terms`), so that x * (r * gamma) + (beta - mean * (r * gamma)) is found as well. Also here: gamma and beta that come after a
LayerNormalization, and rows that were brought into another shape to be normalized (tf.keras 2, where FusedBatchNorm does it).
ONNX normalizes the last axes; others stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from loadstone.ir.records import dataclass
from loadstone.lowering.block import Op, Value
from loadstone.lowering.passes.rewriting import Rewriter, is_number, number, pairs, same_number
from loadstone.lowering.passes.shape_pairs import restores
from loadstone.lowering.passes.softmaxes import reduced_axes

_TYPES = ("float32", "float64")
_DEPTH = 8  # ops from the last one to the root


@dataclass(frozen=True, eq=False)
class _Statistics:
    """What a root is taken of: the variance of x over its axes from `first` on, plus epsilon. inverse: the root is one over it."""

    x: Value
    axes: list[int]
    epsilon: float
    root: Value
    inverse: bool


@dataclass(frozen=True)
class _Term:
    """number * weights * atoms: "x", "m" for its mean, "r" for one over the root."""

    atoms: str
    number: float = 1.0
    weights: tuple[Value, ...] = ()

    def times(self, other: _Term) -> _Term:
        return _Term("".join(sorted(self.atoms + other.atoms)), self.number * other.number, self.weights + other.weights)

    def over(self, divisor: float) -> _Term:
        return _Term(self.atoms, self.number / divisor, self.weights)

    @property
    def factor(self) -> list[str]:
        return sorted(value.name for value in self.weights)


# -- the whole formula ------------------------------------------------------------------------------------------------


def layer_norm(found: Rewriter, op: Op) -> Value | None:
    """The last sum, product or quotient of a normalization."""
    y, roots = op.outputs[0], _roots(found, op)
    if y.dtype not in _TYPES or y.rank < 2:
        return None
    for statistics in roots:
        terms = _Terms(found, statistics).of(y, _DEPTH)
        result = None if terms is None else _emit(found, statistics, terms)
        if result is not None:
            return result
    return None


def watch(found: Rewriter, op: Op) -> None:
    """Ops in between: what they are computed from is remembered in running order, however long the chain is."""
    _roots(found, op)


def _emit(found: Rewriter, statistics: _Statistics, terms: Sequence[_Term]) -> Value | None:
    x, axis = statistics.x, statistics.axes[0]
    scaled, moved = [t for t in terms if t.atoms == "rx"], [t for t in terms if t.atoms == "mr"]
    offsets = [t for t in terms if not t.atoms]
    if len(scaled) != 1 or len(moved) != 1 or len(offsets) + 2 != len(terms):
        return None
    if scaled[0].factor != moved[0].factor or not same_number(scaled[0].number, -moved[0].number):
        return None
    lengths = [d for d in x.shape[axis:] if d is not None]
    parts = [_constant(found, term, x, lengths) for term in (scaled[0], *offsets)]
    if any(part is None for part in parts):
        return None
    scale, *beta = (part for part in parts if part is not None)
    offset = None
    for more in beta:
        offset = more if offset is None else found.b.Add(offset, more)
    result: Value = found.b.LayerNormalization(x, scale, offset, axis=axis, epsilon=statistics.epsilon)
    return result


def _constant(found: Rewriter, term: _Term, x: Value, lengths: list[int]) -> Value | None:
    """A term of constants with the lengths of the axes that are normalized; None where it is another along the other axes."""
    value = found.b.full(lengths, term.number, x.dtype)
    for weight in term.weights:
        spread = spread_over(found, weight, x.rank, lengths)
        if spread is None:
            return None
        value = found.b.Mul(value, spread)
    return value


def spread_over(found: Rewriter, weight: Value, rank: int, lengths: list[int]) -> Value | None:
    """A constant that meets a tensor of some rank, as it is for each row of its last axes, of these lengths."""
    shape = [1] * (rank - weight.rank) + [d or 0 for d in weight.shape]
    lead = rank - len(lengths)
    if weight.const is None or weight.rank > rank or any(d != 1 for d in shape[:lead]):
        return None
    if any(d not in (1, n) for d, n in zip(shape[lead:], lengths, strict=True)):
        return None
    flat = found.b.reshape(weight, shape[lead:])
    return flat if shape[lead:] == lengths else found.b.Expand(flat, found.b.ints(lengths))


# -- statistics -------------------------------------------------------------------------------------------------------


def _roots(found: Rewriter, op: Op) -> dict[_Statistics, int]:
    """The roots of variances that the result of an op is computed from by a few sums and products, and how many."""
    roots: dict[_Statistics, int] = {}
    for value in op.inputs:
        if value is not None and value.const is None:
            nothing: dict[_Statistics, int] = {}
            behind = found.remembered("roots", value, lambda inner: _roots_of(found, inner), nothing)
            roots |= {root: count + 1 for root, count in behind.items() if count < _DEPTH}
    return roots


def _roots_of(found: Rewriter, op: Op) -> dict[_Statistics, int]:
    if op.kind in ("Sqrt", "Pow"):
        statistics = _statistics(found, op)
        return {} if statistics is None else {statistics: 0}
    return _roots(found, op) if op.kind in ("Add", "Sub", "Mul", "Div", "Neg", "Reciprocal") else {}


def _statistics(found: Rewriter, op: Op) -> _Statistics | None:
    inverse = op.kind == "Pow" and is_number(op.inputs[1], -0.5)
    total = found.maker(op.inputs[0], "Add")
    if total is None or (op.kind == "Pow" and not inverse and not is_number(op.inputs[1], 0.5)):
        return None
    for variance, constant in pairs(total):
        epsilon, source = number(constant), _variance(found, variance)
        if epsilon is None or source is None:
            continue
        x, axes = source
        last = axes == list(range(x.rank - len(axes), x.rank)) and None not in x.shape[axes[0] :]
        if last and epsilon >= 0:
            return _Statistics(x, axes, epsilon, op.outputs[0], inverse)
    return None


def _variance(found: Rewriter, value: Value) -> tuple[Value, list[int]] | None:
    """The x and the axes that a value is the variance of: the mean of (x - mean)^2, or that of x^2 less mean^2."""
    op = found.maker(value, "ReduceMean", "Sub")
    if op is None or op.inputs[0] is None:
        return None
    if op.kind == "ReduceMean":
        difference = found.maker(_squared(found, op.inputs[0]), "Sub")
        for x, mean in pairs(difference) if difference is not None else ():
            axes = reduced_axes(found, mean, "ReduceMean", x)
            if axes is not None and axes == reduced_axes(found, value, "ReduceMean", op.inputs[0]):
                return x, axes
        return None
    middle = _squared(found, op.inputs[1])
    inner, outer = found.maker(op.inputs[0], "ReduceMean"), found.maker(middle, "ReduceMean")
    squares, source = (None if reduction is None else reduction.inputs[0] for reduction in (inner, outer))
    if squares is None or source is None or _squared(found, squares) is not source:
        return None
    axes = reduced_axes(found, middle, "ReduceMean", source)
    return (source, axes) if axes is not None and axes == reduced_axes(found, op.inputs[0], "ReduceMean", squares) else None


def _squared(found: Rewriter, value: Value | None) -> Value | None:
    """What a value is the square of."""
    op = found.maker(value, "Mul", "Pow")
    if op is None or (op.kind == "Mul" and op.inputs[0] is not op.inputs[1]) or (op.kind == "Pow" and not is_number(op.inputs[1], 2.0)):
        return None
    return op.inputs[0]


class _Terms:
    """Values as sums of terms; None for what is none, or has more terms than a normalization."""

    def __init__(self, found: Rewriter, statistics: _Statistics) -> None:
        self._found, self._statistics = found, statistics

    def of(self, value: Value, depth: int) -> list[_Term] | None:
        x, axes = self._statistics.x, self._statistics.axes
        if value is x:
            return [_Term("x")]
        if value is self._statistics.root:
            return [_Term("r")] if self._statistics.inverse else None
        if value.const is not None:
            alone = number(value)
            return [_Term("", 1.0, (value,)) if alone is None else _Term("", alone)]
        if reduced_axes(self._found, value, "ReduceMean", x) == axes:
            return [_Term("m")]
        op = self._found.maker(value, "Add", "Sub", "Mul", "Div", "Neg", "Reciprocal") if depth else None
        found = None if op is None else self._combined(op, depth - 1)
        return None if found is None or len(found) > 4 else found

    def _combined(self, op: Op, depth: int) -> list[_Term] | None:
        if op.kind == "Reciprocal":
            return self._over([_Term("")], op.inputs[0])
        parts = [self.of(v, depth) for v in op.inputs[: 1 if op.kind == "Div" else 2] if v is not None]
        first, second = (*parts, None)[:2]
        if first is None:
            return None
        if op.kind == "Div":
            return self._over(first, op.inputs[1])
        if op.kind == "Neg":
            return [term.over(-1.0) for term in first]
        if second is None:
            return None
        if op.kind == "Mul":
            return [one.times(other) for one in first for other in second]
        return first + (second if op.kind == "Add" else [term.over(-1.0) for term in second])

    def _over(self, terms: list[_Term], divisor: Value | None) -> list[_Term] | None:
        if divisor is self._statistics.root and not self._statistics.inverse:
            return [term.times(_Term("r")) for term in terms]
        alone = number(divisor)
        return [term.over(alone) for term in terms] if alone else None


# -- around it --------------------------------------------------------------------------------------------------------


def with_constants(found: Rewriter, op: Op) -> Value | None:
    """gamma, or beta, of a normalization that has none yet."""
    for value, constant in pairs(op):
        inner = found.maker(value, "LayerNormalization")
        if inner is None or constant.const is None or constant.dtype != value.dtype:
            continue
        x, scale = inner.inputs[:2]
        offset = inner.inputs[2] if len(inner.inputs) > 2 else None
        axis = inner.attributes["axis"] % value.rank
        lengths = [d for d in value.shape[axis:] if d is not None]
        if x is None or scale is None or not found.alone(value) or len(lengths) < value.rank - axis:
            continue
        if op.kind == "Mul" and offset is not None:
            continue
        spread = spread_over(found, constant, value.rank, lengths)
        if spread is None:
            continue
        if op.kind == "Mul":
            scale = found.b.Mul(scale, spread)
        else:
            offset = spread if offset is None else found.b.Add(offset, spread)
        result: Value = found.b.LayerNormalization(x, scale, offset, axis=axis, epsilon=inner.attributes["epsilon"])
        return result
    return None


def of_rows(found: Rewriter, op: Op) -> Value | None:
    """Reshape, LayerNormalization, Reshape back: the rows lie as the last axes of x do."""
    norm = found.maker(op.inputs[0], "LayerNormalization")
    before = found.maker(norm.inputs[0], "Reshape") if norm is not None else None
    if norm is None or before is None or before.inputs[0] is None or norm.inputs[1] is None or not found.alone(norm.outputs[0]):
        return None
    x, rows = before.inputs[0], before.outputs[0].shape[norm.attributes["axis"] :]
    if None in rows or not restores(found, op, x):
        return None
    size = prod(d or 0 for d in rows)
    for axis in range(x.rank - 1, 0, -1):
        lengths = [d for d in x.shape[axis:] if d is not None]
        if len(lengths) == x.rank - axis and prod(lengths) == size and size:
            scale, offset = (None if v is None else found.b.reshape(v, lengths) for v in (*norm.inputs[1:], None)[:2])
            result: Value = found.b.LayerNormalization(x, scale, offset, axis=axis, epsilon=norm.attributes["epsilon"])
            return result
    return None
