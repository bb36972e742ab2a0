"""Elements once each, in the order of their first appearance, and the elements of one vector that are not in another.

Semantics: tensorflow/core/kernels/unique_op.cc, list_diff_op.cc. A NaN is not equal to anything.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.host_calls import Array, called, plain
from loadstone.lowering.tensorflow.symbols import Operand, alike, axis_of, enter, number, tensor, tf


def unique(b: Builder, x: Value, axis: int | None, out: str) -> list[Value]:
    """The slices of x along an axis once each, for each slice which one it is, and how often each occurs."""
    small = x.const is not None and x.const.known
    if x.rank == 1 and not small and (x.dtype in ("string", "bool") or dtypes.is_integer(x.dtype)):
        wide = b.cast(x, "int64") if x.dtype != "string" else x
        found, _, places, counts = b.ops("Unique", wide, sorted=0, outputs=4)
        return [b.cast(found, x.dtype), b.cast(places, out), b.cast(counts, out)]
    at = 0 if axis is None else axis
    if axis is None and x.rank != 1:
        raise ModelError(f"unique elements of a tensor of shape {x.shape}")
    shape = tuple(None if k == at else d for k, d in enumerate(x.shape))
    return called(b, "Unique", Distinct(at, out), [x], [(shape, x.dtype), ((x.shape[at],), out), ((None,), out)])


@dataclass(frozen=True)
class Distinct:
    """The same as a Python call."""

    axis: int
    out: str

    def __call__(self, array: Array) -> tuple[Array, ...]:
        first, places, counts = distinct(array, self.axis)
        return np.take(array, first, self.axis), places.astype(self.out), counts.astype(self.out)


def distinct(array: Array, axis: int) -> tuple[Array, Array, Array]:
    """Where each distinct slice comes first, for each slice which one it is, and how often each occurs."""
    if array.ndim == 1 and array.dtype != object:
        _, first, places, counts = np.unique(plain(array), True, True, True, equal_nan=False)
        order = np.argsort(first, kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        return first[order], rank[places.reshape(-1)], counts[order]
    seen: dict[tuple[object, ...], int] = {}
    rows = np.moveaxis(array, axis, 0)
    keys = [tuple(row.reshape(-1).tolist()) for row in rows]
    places = np.asarray([seen.setdefault(key, len(seen)) for key in keys], np.int64)
    return _firsts(places, len(seen)), places, np.bincount(places, minlength=len(seen))


def _firsts(places: Array, count: int) -> Array:
    first = np.zeros(count, np.int64)
    first[places[::-1]] = np.arange(len(places))[::-1]
    return first


def _rule(outputs: int) -> Callable[..., list[Value]]:
    def rule(b: Builder, x: Operand, out_idx: str = "int32") -> list[Value]:
        return unique(b, tensor(b, x), None, out_idx)[:outputs]

    return rule


def _rule_along(outputs: int) -> Callable[..., list[Value]]:
    def rule(b: Builder, x: Operand, axis: Operand, out_idx: str = "int32") -> list[Value]:
        y, found = tensor(b, x), number(axis, "an axis")
        axes = found if isinstance(found, list) else [found]
        if len(axes) > 1:
            raise ModelError(f"unique elements of a tensor of shape {y.shape} along axes {axes}")
        return unique(b, y, axis_of(axes[0], y.rank) if axes else None, out_idx)[:outputs]

    return rule


enter(_rule(2), "unique", "raw_ops.Unique")
enter(_rule(3), "unique_with_counts", "raw_ops.UniqueWithCounts")
enter(_rule_along(2), "raw_ops.UniqueV2")
enter(_rule_along(3), "raw_ops.UniqueWithCountsV2")


@tf("raw_ops.ListDiff")
def list_difference(b: Builder, x: Operand, y: Operand, out_idx: str = "int32") -> list[Value]:
    """The elements of x that are not in y, in their order, and their places."""
    one, other = alike(b, x, y)

    def compute(have: Array, gone: Array) -> tuple[Array, ...]:
        if have.dtype == object:
            known = set(gone.tolist())
            keep = np.asarray([v not in known for v in have.tolist()], bool)
        else:
            keep = ~np.isin(plain(have), plain(gone))
        return have[keep], np.flatnonzero(keep).astype(out_idx)

    return called(b, "ListDiff", compute, [one, other], [((None,), one.dtype), ((None,), out_idx)])
