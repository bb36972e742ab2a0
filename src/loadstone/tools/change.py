"""What `diff` finds: changes, each of one part of a model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from loadstone.ir.records import dataclass

Part = Literal["environment", "architecture", "config", "weights", "signatures", "training", "predictions"]
PARTS: tuple[Part, ...] = ("environment", "architecture", "config", "weights", "signatures", "training", "predictions")


@dataclass(frozen=True)
class Change:
    """One thing that is not the same. kind: "added" (B alone has it), "removed" (A alone), "changed". a and b are what each has, as plain data.

    difference: the largest one between two tensors of one shape, where there are two.
    """

    part: Part
    kind: Literal["added", "removed", "changed"]
    where: str
    a: Any = None
    b: Any = None
    difference: float | None = None


@dataclass(frozen=True)
class Tolerance:
    """How far numbers may be apart: |a - b| <= atol + rtol |a|. None: as it is usual for what is compared."""

    rtol: float | None = None
    atol: float | None = None


def between(part: Part, a: Any, b: Any, where: str) -> Iterator[Change]:
    """The changes from one piece of plain data to another, by the path of each. A key that is not there is None, as Keras has it."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in dict.fromkeys([*a, *b]):
            yield from between(part, a.get(key), b.get(key), f"{where}.{key}" if where else str(key))
    elif isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b):
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            yield from between(part, one, other, f"{where}[{place}]")
    elif not _same(a, b):
        kind: Literal["added", "removed", "changed"] = "added" if a is None else "removed" if b is None else "changed"
        yield Change(part, kind, where, a, b)


def _same(a: Any, b: Any) -> bool:
    """True for values alike; numbers as float32 has them."""
    if isinstance(a, bool) or isinstance(b, bool) or not (isinstance(a, (int, float)) and isinstance(b, (int, float))):
        return bool(a == b)
    return a == b or math.isclose(a, b, rel_tol=1e-6) or (math.isnan(a) and math.isnan(b))
