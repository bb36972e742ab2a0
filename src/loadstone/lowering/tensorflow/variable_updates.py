"""Variables changed in some of their places: rows, or slices at places that are rows of indices.

Semantics: tensorflow/core/kernels/resource_variable_ops.cc, scatter_op.cc, scatter_nd_op.cc. An update that is one number goes to all
elements of its rows.
"""

from __future__ import annotations

from loadstone.ir import Node
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.scattering import negated, scattered
from loadstone.lowering.tensorflow.symbols import known
from loadstone.lowering.tensorflow.variables import assign, value_of
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_op

_KINDS = {"Update": "none", "Add": "add", "Sub": "add", "Mul": "mul", "Div": "mul", "Min": "min", "Max": "max"}
_ROWS = tuple(f"{prefix}Scatter{how}" for prefix in ("Resource", "") for how in _KINDS)
_SLICES = tuple(f"{prefix}ScatterNd{how}" for prefix in ("Resource", "") for how in ("Update", "Add", "Sub", "Min", "Max"))


@graph_op(*_ROWS, *_SLICES)
def scatter(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Changes a variable; a reference is passed on."""
    b, (x, indices, updates) = walk.b, (value_of(walk, thing) for thing in inputs)
    how = node.op[-6:] if node.op.endswith("Update") else node.op[-3:]
    policy = str(node.attributes.get("bad_indices_policy") or "")
    if "ScatterNd" not in node.op:
        indices, updates = b.unsqueeze(indices, indices.rank), _wide(b, x, indices, updates)
    assign(walk, inputs[0], changed(b, how, x, indices, updates, policy))
    return [] if node.op.startswith("Resource") else [inputs[0]]


def changed(b: Builder, how: str, x: Value, indices: Value, updates: Value, policy: str) -> Value:
    """x after the updates. A division by one number and then by another is one by their product."""
    if how == "Div":
        by = scattered(b, b.full(b.dims(x), 1, x.dtype), indices, updates, "mul", policy)
        return b.Div(x, by)
    return scattered(b, x, indices, negated(b, updates) if how == "Sub" else updates, _KINDS[how], policy)


def _wide(b: Builder, x: Value, indices: Value, updates: Value) -> Value:
    if updates.rank:
        return updates
    dims = [*b.dims(indices), *b.dims(x)[1:]]
    return b.Expand(updates, b.vector(dims), out_shape=known(dims)) if dims else updates
