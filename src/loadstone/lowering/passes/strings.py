"""Ops that only move elements, of strings: places are moved in their stead, and the strings are gathered."""

from __future__ import annotations

from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder


def padded(b: Builder, op: Op) -> Value:
    """Pad of strings, for which onnxruntime has no kernel; a string that is not given is empty."""
    x, edges, given = (*op.inputs, None)[:3]
    assert x is not None and edges is not None
    count = b.Size(x)
    places = b.reshape(b.Range(b.const(0), count, b.const(1)), b.dims(x), x.shape)
    constant = op.attributes.get("mode", "constant") == "constant"
    moved = b.Pad(places, edges, count if constant else None, **op.attributes)
    beyond = b.const([b""], "string") if given is None else b.reshape(given, [1])
    picked: Value = b.Gather(b.Concat(b.reshape(x, [-1]), beyond, axis=0), moved, axis=0)
    return picked
