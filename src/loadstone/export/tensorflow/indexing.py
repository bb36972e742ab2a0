"""Ops that pick elements by numbers, or put them in their places: gathers, scatters, orders.

ONNX counts numbers below 0 from the end, TensorFlow's kernels refuse them, so they are made positive here.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.registry import onnx_op
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.ir import dtypes

_SCATTERS = {"none": "TensorScatterUpdate", "add": "TensorScatterAdd", "max": "TensorScatterMax", "min": "TensorScatterMin"}


def _positive(w: Writer, places: Term, length: Term) -> Term:
    """Places counted from the start; those of constants are if they are not below 0."""
    known = None if places.tensor is None or not places.tensor.known else places.tensor.numpy()
    if places.dtype.startswith("u") or known is not None and known.size and known.min() >= 0:
        return places
    length = w.cast(length, places.dtype)
    if known is not None and length.tensor is not None and known.size:
        return w.const(np.where(known < 0, known + length.tensor.numpy(), known), places.dtype)
    found = w.where(w.Less(places, 0), w.AddV2(places, length), places)
    return Term(found.output, places.shape, places.dtype)


@onnx_op("Gather")
def gather(w: Writer, x: Term, places: Term, *, axis: int = 0) -> Term:
    """Slices of x along an axis, one for each place."""
    axis %= x.rank
    return w.GatherV2(x, _positive(w, places, w.length(x, axis)), w.const(axis, "int32"))


@onnx_op("GatherElements")
def gather_elements(w: Writer, x: Term, places: Term, *, axis: int = 0) -> Term:
    """For each element the one of x that lies in its own place, but for this axis, where `places` says."""
    axis %= x.rank
    places = _positive(w, places, w.length(x, axis))
    assert x.shape is not None and places.shape is not None
    others = [k for k in range(x.rank) if k != axis]
    if any(x.shape[k] != places.shape[k] and None not in (x.shape[k], places.shape[k]) for k in others):
        return w.GatherNd(x, _grid(w, places, axis))
    perm = [*others, axis]
    back = [perm.index(k) for k in range(x.rank)]
    last = x.rank - 1
    found = w.GatherV2(w.transpose(x, perm), w.transpose(places, perm), w.const(last, "int32"), batch_dims=last)
    return w.transpose(found, back)


def _grid(w: Writer, places: Term, axis: int) -> Term:
    """(..., rank): where each element lies, with `places` instead of its place along the axis."""
    assert places.shape is not None
    rank, places = len(places.shape), w.cast(places, "int64")
    columns = []
    for k in range(rank):
        if k == axis:
            columns.append(places)
            continue
        columns.append(w.BroadcastTo(_steps(w, places, k), w.shape(places)))
    return w.Pack(columns, axis=rank)


def _steps(w: Writer, x: Term, axis: int) -> Term:
    """0, 1, ... along an axis of x, the others 1 long."""
    return w.reshape(w.range(w.length(x, axis)), [-1 if k == axis else 1 for k in range(x.rank)])


@onnx_op("GatherND")
def gather_nd(w: Writer, x: Term, places: Term, *, batch_dims: int = 0) -> Term:
    """Slices of x at places (..., axes); the first batch_dims axes are common to both."""
    assert places.shape is not None and x.shape is not None
    depth = places.shape[-1]
    if depth is None:
        raise UnsupportedAttribute("a GatherND by places of a depth that is not known")
    if depth == 1:
        flat = w.squeeze(places, len(places.shape) - 1)
        flat = _positive(w, flat, w.length(x, batch_dims))
        return w.GatherV2(x, flat, w.const(batch_dims, "int32"), batch_dims=batch_dims)
    places = w.cast(places, "int64")
    places = _positive(w, places, w.shape(x, batch_dims, batch_dims + depth))
    rank = len(places.shape or ())
    columns = []
    for k in range(batch_dims):
        columns.append(w.BroadcastTo(_steps(w, places, k), w.vector([w.shape(places, 0, rank - 1), 1])))
    return w.GatherNd(x, w.concat([*columns, places], rank - 1))


@onnx_op("ScatterElements")
def scatter_elements(w: Writer, x: Term, places: Term, updates: Term, *, axis: int = 0, reduction: str = "none") -> Term:
    """x with each element of `updates` in its own place, but for this axis, where `places` says."""
    axis %= x.rank
    return _scattered(w, x, _grid(w, _positive(w, places, w.length(x, axis)), axis), updates, reduction)


@onnx_op("ScatterND")
def scatter_nd(w: Writer, x: Term, places: Term, updates: Term, *, reduction: str = "none") -> Term:
    """x with slices `updates` at places (..., axes)."""
    depth = (places.shape or (None,))[-1]
    if depth is None:
        raise UnsupportedAttribute("a ScatterND at places of a depth that is not known")
    return _scattered(w, x, _positive(w, places, w.shape(x, 0, depth)), updates, reduction)


def _scattered(w: Writer, x: Term, places: Term, updates: Term, reduction: str) -> Term:
    if reduction not in _SCATTERS:
        raise UnsupportedAttribute(f"a scatter with reduction={reduction!r}")
    return w.op(_SCATTERS[reduction], x, places, updates)


@onnx_op("NonZero")
def non_zero(w: Writer, x: Term) -> Term:
    """(axes, n): the places of elements that are not 0."""
    return w.transpose(w.Where(x), [1, 0])


@onnx_op("OneHot")
def one_hot(w: Writer, places: Term, depth: Term, values: Term, *, axis: int = -1) -> Term:
    """Vectors that hold values[1] at a place, values[0] elsewhere."""
    places = w.cast(places, "int64")
    size = w.reshape(w.cast(depth, "int64"), [])
    places = w.where(w.Less(places, 0), w.AddV2(places, size), places)
    off, on = (w.reshape(w.part(values, 0, k, k + 1), []) for k in (0, 1))
    return w.OneHot(places, w.cast(size, "int32"), on, off, axis=axis)


@onnx_op("Trilu")
def trilu(w: Writer, x: Term, k: Term | None = None, *, upper: int = 1) -> Term:
    """The part of matrices above or below a diagonal, which belongs to it; 0 elsewhere."""
    known = [0] if k is None else k.ints()
    if known is None:
        raise UnsupportedAttribute("a Trilu from a diagonal that is computed")
    (shift,) = known
    length = (x.shape or ())[x.rank - 2 if upper else x.rank - 1]
    inside = shift == 0 or length is not None and abs(shift) <= length  # a kernel refuses diagonals beyond
    if inside and (shift <= 0 if upper else shift >= 0):
        return w.MatrixBandPart(x, w.const(-shift if upper else -1), w.const(-1 if upper else shift))
    rows = w.expand(w.range(w.length(x, x.rank - 2)), 1)
    columns = w.expand(w.range(w.length(x, x.rank - 1)), 0)
    beyond = w.Sub(columns, rows)
    kept = w.GreaterEqual(beyond, shift) if upper else w.LessEqual(beyond, shift)
    return w.where(kept, x, w.ZerosLike(x))


# -- orders -----------------------------------------------------------------------------------------------------------


@onnx_op("TopK")
def top_k(w: Writer, x: Term, count: Term, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> list[Term]:
    """The largest or smallest elements along an axis, and their places; of equals the first ones."""
    axis %= x.rank
    perm = [k for k in range(x.rank) if k != axis] + [axis]
    back = [perm.index(k) for k in range(x.rank)]
    x = w.transpose(x, perm)
    turned = x if largest else _opposite(w, x)
    values, places = w.ops("TopKV2", turned, w.cast(w.reshape(count, []), "int32"), sorted=True)
    values = values if largest else _opposite(w, values)
    return [w.transpose(values, back), w.transpose(w.cast(places, "int64"), back)]


def _opposite(w: Writer, x: Term) -> Term:
    """Numbers in the opposite order."""
    return w.Invert(x) if dtypes.is_integer(x.dtype) else w.Neg(x)


@onnx_op("ArgMin")
def arg_min(w: Writer, x: Term, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Term:
    """The place of the smallest element along an axis; of equals the first."""
    return _arg(w, x, axis, keepdims, select_last_index, w.ArgMin)


@onnx_op("ArgMax")
def arg_max(w: Writer, x: Term, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Term:
    """The place of the largest element along an axis; of equals the first."""
    return _arg(w, x, axis, keepdims, select_last_index, w.ArgMax)


def _arg(w: Writer, x: Term, axis: int, keepdims: int, last: int, find: object) -> Term:
    assert callable(find)
    axis %= x.rank
    if last:
        x = w.reverse(x, axis)
    found: Term = find(x, w.const(axis, "int32"), output_type="int64")
    if last:
        found = w.Sub(w.Sub(w.length(x, axis), 1), found)
    return w.expand(Term(found.output, None, "int64"), axis) if keepdims else found
