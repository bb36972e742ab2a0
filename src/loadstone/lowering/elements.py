"""What is known of the single elements of a small vector of lengths, where some of them are known only at run time.

Graphs compute shapes: `Shape`, then a slice of it, then a product, then `Concat` with numbers. Whoever needs the lengths one by one finds
them here: a number, or the place where the element was made (`Element`). A vector of which all elements are known is a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from loadstone.ir import dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value

MOST = 64  # elements of a vector that is followed


@dataclass(frozen=True, eq=False)
class Element:
    """One element of a vector (or the scalar itself)."""

    vector: Value
    index: int


Elements = tuple[int | Element, ...]


def elements(x: Value) -> Elements | None:
    """The elements of a vector or scalar of integers; None for anything else."""
    found: Elements | None = x.elements
    if found is not None:
        return found
    if x.rank > 1 or not dtypes.is_integer(x.dtype):
        return None
    count = 1 if x.rank == 0 else x.shape[0]
    if count is None or count > MOST:
        return None
    if x.const is not None:
        return tuple(int(v) for v in x.array().reshape(-1)) if x.const.known else None
    return tuple(Element(x, i) for i in range(count))


def infer(kind: str, operands: Sequence[Value | None], attributes: dict[str, Any]) -> tuple[int | Element | None, ...] | None:
    """The elements of what an op gives: None for one that it makes anew; None for all where nothing is known."""
    rule = _RULES.get(kind)
    values = [v for v in operands if v is not None]
    if rule is None or len(values) != len(operands) or not values:
        return None
    return rule(values, attributes)


def _shape(v: list[Value], a: dict[str, Any]) -> tuple[int | None, ...]:
    return v[0].shape[a.get("start", 0) : a.get("end", v[0].rank)]


def _same(v: list[Value], a: dict[str, Any]) -> Elements | None:
    return elements(v[0])


def _cast(v: list[Value], a: dict[str, Any]) -> Elements | None:
    return elements(v[0]) if dtypes.of_onnx(a["to"]) in ("int32", "int64") else None


def _reshape(v: list[Value], a: dict[str, Any]) -> Elements | None:
    target = v[1].const is not None and v[1].shape == (1,) or v[1].shape == (0,)
    return elements(v[0]) if target else None


def _unsqueeze(v: list[Value], a: dict[str, Any]) -> Elements | None:
    return elements(v[0]) if v[0].rank == 0 and v[1].shape == (1,) else None


def _slice(v: list[Value], a: dict[str, Any]) -> Elements | None:
    found = elements(v[0])
    if found is None or v[0].rank != 1 or any(x.const is None for x in v[1:]):
        return None
    start, end = (int(x.array().reshape(-1)[0]) for x in v[1:3])
    step = int(v[4].array().reshape(-1)[0]) if len(v) > 4 else 1
    return found[slice(start, None if step < 0 and end <= -(2**31) else end, step)]


def _gather(v: list[Value], a: dict[str, Any]) -> Elements | None:
    found = elements(v[0])
    if found is None or v[0].rank != 1 or v[1].const is None or v[1].rank > 1:
        return None
    places = v[1].array().reshape(-1).tolist()
    return tuple(found[place] for place in places) if all(-len(found) <= place < len(found) for place in places) else None


def _concat(v: list[Value], a: dict[str, Any]) -> Elements | None:
    parts = [elements(x) for x in v]
    if any(part is None or x.rank != 1 for part, x in zip(parts, v, strict=True)):
        return None
    joined = tuple(element for part in parts if part is not None for element in part)
    return joined if len(joined) <= MOST else None


def _computed(formula: Callable[[int, int], int]) -> Callable[[list[Value], dict[str, Any]], tuple[int | None, ...] | None]:
    def rule(v: list[Value], a: dict[str, Any]) -> tuple[int | None, ...] | None:
        one, other = elements(v[0]), elements(v[1])
        if one is None or other is None:
            return None
        length = max(len(one), len(other))
        if {len(one), len(other)} - {1, length}:
            return None
        pairs = zip(one * (length // len(one) if one else 0), other * (length // len(other) if other else 0), strict=True)
        return tuple(formula(x, y) if isinstance(x, int) and isinstance(y, int) else None for x, y in pairs)

    return rule


def _product(v: list[Value], a: dict[str, Any]) -> tuple[int | None, ...] | None:
    found = elements(v[0])
    if found is None or v[0].rank != 1:
        return None
    return (prod(e for e in found if isinstance(e, int)),) if all(isinstance(e, int) for e in found) else (None,)


_RULES: dict[str, Callable[[list[Value], dict[str, Any]], tuple[int | Element | None, ...] | None]] = {
    "Shape": _shape,
    "Identity": _same,
    "Cast": _cast,
    "Reshape": _reshape,
    "Unsqueeze": _unsqueeze,
    "Squeeze": lambda v, a: elements(v[0]) if v[0].shape == (1,) else None,
    "Slice": _slice,
    "Gather": _gather,
    "Concat": _concat,
    "Add": _computed(lambda x, y: x + y),
    "Sub": _computed(lambda x, y: x - y),
    "Mul": _computed(lambda x, y: x * y),
    "Max": lambda v, a: _computed(max)(v, a) if len(v) == 2 else None,
    "Min": lambda v, a: _computed(min)(v, a) if len(v) == 2 else None,
    "ReduceProd": _product,
    "ReduceMax": lambda v, a: elements(v[0]) if v[0].shape == (1,) else None,
    "ReduceMin": lambda v, a: elements(v[0]) if v[0].shape == (1,) else None,
}
