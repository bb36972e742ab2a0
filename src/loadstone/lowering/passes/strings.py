"""Strings where onnxruntime has no kernel that moves them, or a wrong one: places are moved in their stead, and the strings gathered.

Its Gather copies the first string of each slice alone (1.32), and its Loop empties strings from outside that a body hands on.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder


def has_kernel(op: Op) -> bool:
    """True for an op that moves strings rightly: of Gather, one whose slices are single strings."""
    if op.kind == "Gather":
        x = op.inputs[0]
        assert x is not None
        rest = x.shape[op.attributes.get("axis", 0) % max(x.rank, 1) + 1 :]
        return None not in rest and prod(d or 0 for d in rest) == 1
    return op.kind not in BY_PLACES


def moved_by_loops(op: Op) -> bool:
    """True for what a body of a loop hands on as it is."""
    return op.kind == "Identity" and op.inputs[0] is not None and op.inputs[0].dtype == "string"


def copied(b: Builder, op: Op) -> Value:
    """The same strings in memory of their own."""
    x = op.inputs[0]
    assert x is not None
    copy: Value = b.Where(b.const(True), x, x)
    return copy


def _places(b: Builder, x: Value) -> Value:
    """The number of each element, in the shape of x."""
    return b.reshape(b.Range(b.const(0), b.Size(x), b.const(1)), b.dims(x), x.shape)


def _padded(b: Builder, op: Op) -> Value:
    """A string that is not given is empty."""
    x, edges, given = (*op.inputs, None)[:3]
    assert x is not None and edges is not None
    constant = op.attributes.get("mode", "constant") == "constant"
    moved = b.Pad(_places(b, x), edges, b.Size(x) if constant else None, **op.attributes)
    beyond = b.const([b""], "string") if given is None else b.reshape(given, [1])
    picked: Value = b.Gather(b.Concat(b.reshape(x, [-1]), beyond, axis=0), moved, axis=0)
    return picked


def _gathered(b: Builder, op: Op) -> Value:
    x, indices = op.inputs
    assert x is not None and indices is not None
    picked: Value = b.Gather(b.reshape(x, [-1]), b.Gather(_places(b, x), indices, **op.attributes), axis=0)
    return picked


BY_PLACES: dict[str, Callable[[Builder, Op], Value]] = {"Pad": _padded, "Gather": _gathered}
