"""XlaGather and XlaScatter: windows of a tensor at places that are computed, read or written.

Semantics: https://openxla.org/xla/operation_semantics (Gather, Scatter). What is read beyond the edge is moved inside; a window that
would be written beyond it is left out. Both go by the places of single elements along the axes that are indexed, and by slices of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Node
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.scattering import scattered
from loadstone.lowering.tensorflow.symbols import Operand, lengths, tensor, tf
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_op
from loadstone.lowering.tensorflow.xla_numbers import GATHER, SCATTER, combining, numbers_of, one


@tf("raw_ops.XlaGather")
def gather(
    b: Builder, operand: Operand, start_indices: Operand, slice_sizes: Operand, dimension_numbers: Any, indices_are_sorted: bool = False
) -> Value:
    """Windows (offset axes) of the operand, one for each vector of start_indices (the other axes)."""
    found = numbers_of(dimension_numbers, GATHER)
    x, sizes = tensor(b, operand), lengths(b, slice_sizes)
    vectors = _vectors(b, tensor(b, start_indices), one(found, "index_vector"))
    for axis, size in enumerate(sizes):  # what is not indexed is cut at once
        if axis not in found["start_map"] + found["operand_batching"] and not _same(x, axis, size):
            shape = tuple((size if isinstance(size, int) else None) if k == axis else d for k, d in enumerate(x.shape))
            x = b.op("Slice", x, b.ints([0]), b.vector([size]), b.ints([axis]), out_shape=shape)
    starts = []
    for k, axis in enumerate(found["start_map"]):
        last = b.Sub(b.vector([b.dim(x, axis)]), b.vector([sizes[axis]]))
        start = b.slice(vectors, vectors.rank - 1, k, k + 1)
        starts.append(b.Min(b.Max(start, b.ints([0])), last))
    gone = found["collapsed"] + found["operand_batching"]
    indexed, places = _elements(b, x, starts, found, sizes)
    rest = [k for k in range(x.rank) if k not in indexed]
    y = b.GatherND(b.transpose(x, indexed + rest), places)
    wide = [k for k in indexed if k not in gone]  # each has an axis of its own behind those of the vectors
    many = vectors.rank - 1
    at = {axis: many + i for i, axis in enumerate([*wide, *rest])}
    windows, vector_axes = [at[k] for k in range(x.rank) if k not in gone], list(range(many))
    order = [windows.pop(0) if k in found["offset"] else vector_axes.pop(0) for k in range(y.rank)]
    return b.transpose(y, order)


@graph_op("XlaScatter")
def scatter(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    """The operand with windows of updates combined into it, one for each vector of scatter_indices."""
    if any(thing is None for thing in inputs):
        return None
    b, (x, indices, updates) = walk.b, (tensor(walk.b, v) for v in inputs)
    found = numbers_of(node.attributes["dimension_numbers"], SCATTER)
    kind = combining(walk, node.attributes["update_computation"], x.dtype, "XlaScatter")
    if kind in ("and", "or") and x.dtype != "bool":
        raise UnsupportedAttribute(f"XlaScatter of {x.dtype} with the function {kind!r}")
    kind = {"second": "none", "and": "min", "or": "max"}.get(kind, kind)
    vectors = _vectors(b, indices, one(found, "index_vector"))
    gone = found["inserted"] + found["operand_batching"]
    windows = [k for k in range(x.rank) if k not in gone]  # the operand's axis of each window axis of the updates
    if len(windows) != len(found["window"]):
        raise ModelError(f"XlaScatter of updates of shape {updates.shape} into a tensor of shape {x.shape}")
    sizes: list[int | Value] = [1] * x.rank
    for axis, place in zip(windows, found["window"], strict=True):
        sizes[axis] = b.dim(updates, place)
    starts = [b.slice(vectors, vectors.rank - 1, k, k + 1) for k in range(len(found["start_map"]))]
    fits: Value | None = None
    for start, axis in zip(starts, found["start_map"], strict=True):
        last = b.Sub(b.vector([b.dim(x, axis)]), b.vector([sizes[axis]]))
        inside = b.And(b.GreaterOrEqual(start, b.ints([0])), b.LessOrEqual(start, last))
        fits = inside if fits is None else b.And(fits, inside)
    partial = [axis for axis in windows if axis not in found["start_map"] and not _same(x, axis, sizes[axis])]
    indexed, places = _elements(b, x, starts, {**found, "collapsed": found["inserted"]}, sizes, partial)
    if fits is not None:
        places = b.Where(b.unsqueeze(fits, *range(vectors.rank - 1, places.rank - 1)), places, b.ints([-1]))
    rest = [k for k in range(x.rank) if k not in indexed]
    at = dict(zip(windows, found["window"], strict=True))
    wide = [k for k in indexed if k in windows]
    new = b.transpose(updates, [k for k in range(updates.rank) if k not in found["window"]] + [at[k] for k in [*wide, *rest]])
    if not indexed:
        raise UnsupportedAttribute("XlaScatter over no axis")
    order = indexed + rest
    y = scattered(b, b.transpose(x, order), places, new, kind, "IGNORE")
    return [b.transpose(y, [order.index(k) for k in range(x.rank)])]


# -- places -----------------------------------------------------------------------------------------------------------


def _vectors(b: Builder, indices: Value, axis: int) -> Value:
    """Indices as int64 with their vectors along the last axis."""
    wide = b.cast(indices, "int64")
    if axis == wide.rank:
        return b.unsqueeze(wide, axis)
    return b.transpose(wide, [k for k in range(wide.rank) if k != axis] + [axis])


def _same(x: Value, axis: int, size: int | Value) -> bool:
    return isinstance(size, int) and x.shape[axis] == size


def _elements(
    b: Builder, x: Value, starts: Sequence[Value], found: dict[str, list[int]], sizes: Sequence[int | Value], partial: Sequence[int] = ()
) -> tuple[list[int], Value]:
    """The axes that are indexed, and the places of all elements of the windows along them: (vectors..., windows..., axes).

    starts are (vectors..., 1) for the axes of start_map. Each indexed axis that is not collapsed has an axis in the result, in order.
    """
    axes = [*found["start_map"], *found["operand_batching"], *partial]
    gone = [*found["collapsed"], *found["operand_batching"]]
    wide = [axis for axis in axes if axis not in gone]
    if not axes:
        raise UnsupportedAttribute("XlaGather over no axis")
    many = starts[0].rank - 1 if starts else len(found["indices_batching"])
    parts = []
    for k, axis in enumerate(axes):
        if k < len(starts):
            part = b.squeeze(starts[k], many)
        elif axis in found["operand_batching"]:
            place = found["indices_batching"][k - len(starts)]
            place -= place > one(found, "index_vector")
            part = b.unsqueeze(_count(b, b.dim(x, axis)), *(i for i in range(many) if i != place))
        else:
            part = b.reshape(b.ints([0]), [1] * many)
        part = b.unsqueeze(part, *range(many, many + len(wide)))
        if axis in wide and sizes[axis] != 1:
            steps = _count(b, sizes[axis])
            part = b.Add(part, b.unsqueeze(steps, *range(1, len(wide) - wide.index(axis))))
        parts.append(part)
    shape = parts[0]
    for part in parts[1:]:
        shape = b.Add(shape, b.Mul(part, 0))
    whole = b.Shape(shape)
    rows = [b.unsqueeze(b.op("Expand", part, whole, out_shape=shape.shape), shape.rank) for part in parts]
    return axes, rows[0] if len(rows) == 1 else b.Concat(*rows, axis=shape.rank)


def _count(b: Builder, length: int | Value) -> Value:
    return b.const(np.arange(length)) if isinstance(length, int) else b.Range(b.const(0), b.squeeze(length, 0), b.const(1))
