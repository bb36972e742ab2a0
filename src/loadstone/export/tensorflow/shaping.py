"""Ops that rearrange elements: reshapes, transposes, slices, pads, and those that tell shapes."""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.registry import onnx_op
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.lowering.block import Shape

_END = 2**63 - 1


@onnx_op("Reshape")
def reshape(w: Writer, x: Term, target: Term, *, allowzero: int = 0) -> Term:
    """x in another shape; a 0 stands for the length that x has there, unless allowzero."""
    dims = target.ints()
    if dims is None:
        return w.Reshape(x, target)
    known = w.wanted[0].shape
    if None not in known or known.count(None) == 1 and 0 not in known:
        return w.reshape(x, [-1 if d is None else d for d in known])
    return w.reshape(x, w.vector([w.shape(x, k, k + 1) if d == 0 and known[k] is None else d for k, d in enumerate(dims)]))


@onnx_op("Transpose")
def transpose(w: Writer, x: Term, *, perm: Sequence[int]) -> Term:
    """x with its axes in another order."""
    return w.transpose(x, perm)


@onnx_op("Unsqueeze")
def unsqueeze(w: Writer, x: Term, axes: Term) -> Term:
    """x with new axes of length 1 at these places of the result."""
    rank = len(w.wanted[0].shape)
    places = sorted(axis % rank for axis in _known(axes))
    shape = w.wanted[0].shape
    if len(places) > 1 and sum(d is None for d in shape) <= 1 and 0 not in shape:
        return w.reshape(x, [-1 if d is None else d for d in shape])
    for axis in places:
        x = w.expand(x, axis)
    return x


@onnx_op("Squeeze")
def squeeze(w: Writer, x: Term, axes: Term) -> Term:
    """x without these axes, whose length is 1."""
    return w.squeeze(x, *sorted(axis % x.rank for axis in _known(axes))) if _known(axes) else x


@onnx_op("Concat")
def concat(w: Writer, *parts: Term, axis: int) -> Term:
    """Tensors one behind the other along an axis."""
    return w.concat(parts, axis)


@onnx_op("Split")
def split(w: Writer, x: Term, sizes: Term | None = None, *, axis: int = 0, num_outputs: int | None = None) -> list[Term]:
    """x in parts along an axis: of these sizes, or as equal as can be."""
    count = len(w.wanted)
    if sizes is None:
        length = x.shape[axis] if x.shape is not None else None
        if length is None:
            raise UnsupportedAttribute("a Split into equal parts of a length that is not known")
        if length % count == 0:
            return w.ops("Split", w.const(axis, "int32"), x, num_split=count)
        part = -(-length // count)
        sizes = w.ints([part] * (count - 1) + [length - part * (count - 1)])
    return w.ops("SplitV", x, sizes, w.const(axis, "int32"), num_split=count)


@onnx_op("Slice")
def slice_(w: Writer, x: Term, starts: Term, ends: Term, axes: Term | None = None, steps: Term | None = None) -> Term:
    """x[start:end:step] along some axes; numbers beyond the ends mean the ends."""
    count = (starts.shape or (None,))[0]
    if count is None:
        raise UnsupportedAttribute("a Slice along so many axes as only a run tells")
    places = [axis % x.rank for axis in (range(count) if axes is None else _known(axes))]
    strides = [1] * count if steps is None else _known(steps)
    first, last = starts.ints(), ends.ints()
    if first is not None and last is not None:
        return _known_slice(w, x, dict(zip(places, zip(first, last, strides, strict=True), strict=True)))
    for k, axis in enumerate(places):
        begin = first[k] if first is not None else _element(w, starts, k, count)
        end = last[k] if last is not None else _element(w, ends, k, count)
        whole = isinstance(end, int) and (end >= _END if strides[k] > 0 else end <= -_END)
        x = w.part(x, axis, begin, None if whole else end, strides[k])
    return x


def _element(w: Writer, x: Term, k: int, count: int) -> Term:
    return w.cast(x if count == 1 else w.part(x, 0, k, k + 1), "int64")


def _known_slice(w: Writer, x: Term, cuts: dict[int, tuple[int, int, int]]) -> Term:
    rank = max(cuts, default=-1) + 1
    begin, end, step = [0] * rank, [0] * rank, [1] * rank
    begin_mask = end_mask = 0
    for axis in range(rank):
        if axis not in cuts:
            begin_mask, end_mask = begin_mask | 1 << axis, end_mask | 1 << axis
            continue
        begin[axis], end[axis], step[axis] = cuts[axis]
        if end[axis] >= _END if step[axis] > 0 else end[axis] <= -(2**31):
            end[axis], end_mask = 0, end_mask | 1 << axis
        if begin[axis] >= 2**31 and step[axis] < 0:
            begin[axis], begin_mask = 0, begin_mask | 1 << axis
    kind = "int64" if any(abs(v) >= 2**31 for v in [*begin, *end, *step]) else "int32"
    operands = [w.ints(v, kind) for v in (begin, end, step)]
    return w.StridedSlice(x, *operands, begin_mask=begin_mask, end_mask=end_mask) if rank else x


def _known(x: Term) -> list[int]:
    found = x.ints()
    if found is None:
        raise UnsupportedAttribute("axes or steps that are computed")
    return found


@onnx_op("Expand")
def expand(w: Writer, x: Term, target: Term) -> Term:
    """x repeated along axes of length 1, to the shape that it and `target` have together."""
    shape = w.wanted[0].shape
    if x.shape == shape and None not in shape:
        return x
    return w.BroadcastTo(x, _together(w, x, target, shape))


def _together(w: Writer, x: Term, target: Term, shape: Shape) -> Term:
    dims = target.ints()
    if None not in shape:
        return w.ints([d or 0 for d in shape])
    if dims is not None and len(dims) == len(shape) and 1 not in dims:
        return target
    assert x.shape is not None
    if len(x.shape) <= len(shape) and all(d == 1 for d in x.shape) and (target.shape or (0,))[0] == len(shape):
        return target
    return w.BroadcastArgs(w.shape(x), w.cast(target, "int64"))


@onnx_op("Tile")
def tile(w: Writer, x: Term, repeats: Term) -> Term:
    """x again and again along its axes."""
    return w.Tile(x, repeats)


@onnx_op("Shape")
def shape(w: Writer, x: Term, *, start: int = 0, end: int | None = None) -> Term:
    """Lengths of axes."""
    first, last, _ = slice(start, end).indices(x.rank)
    return w.shape(x, first, max(first, last))


@onnx_op("Size")
def size(w: Writer, x: Term) -> Term:
    """How many elements there are."""
    return w.Size(x, out_type="int64")


@onnx_op("Range")
def range_(w: Writer, start: Term, end: Term, step: Term) -> Term:
    """start, start + step, ... up to before end."""
    return w.Range(start, end, step)


@onnx_op("ConstantOfShape")
def constant_of_shape(w: Writer, dims: Term, *, value: object = None) -> Term:
    """One number everywhere."""
    number = w.const(0.0, "float32") if value is None else w.const(value.numpy().reshape(()), value.dtype)  # type: ignore[attr-defined]
    return w.Fill(dims, number)


# -- pads -------------------------------------------------------------------------------------------------------------


@onnx_op("Pad")
def pad(w: Writer, x: Term, pads: Term, value: Term | None = None, axes: Term | None = None, *, mode: str = "constant") -> Term:
    """x with elements before and after along axes: a number, or elements of x; pads below 0 crop."""
    rank, given = x.rank, pads.ints()
    if axes is not None and given is not None:
        places, spread = [axis % rank for axis in _known(axes)], [0] * (2 * rank)
        for k, axis in enumerate(places):
            spread[axis], spread[rank + axis] = given[k], given[len(places) + k]
        given, axes = spread, None
    if axes is not None:
        raise UnsupportedAttribute("a Pad along axes, of numbers that are computed")
    if given is None:
        table = w.transpose(w.reshape(w.cast(pads, "int64"), [2, rank]), [1, 0])
        if mode != "constant":
            return _of_itself(w, x, table, mode)
        return _cropped(w, _constant(w, x, w.Maximum(table, 0), value), w.Minimum(table, 0))
    if any(d < 0 for d in given):
        cuts = {
            axis: (max(-given[axis], 0), given[rank + axis] if given[rank + axis] < 0 else _END, 1)
            for axis in range(rank)
            if min(given[axis], given[rank + axis]) < 0
        }
        shape = None if x.shape is None else tuple(
            None if d is None else d + min(given[a], 0) + min(given[rank + a], 0) for a, d in enumerate(x.shape)
        )  # fmt: skip
        x = _known_slice(w, x, cuts)
        x = Term(x.output, shape, x.dtype, x.tensor)
    rows = [[max(given[axis], 0), max(given[rank + axis], 0)] for axis in range(rank)]
    if not any(max(row) for row in rows):
        return x if x.output is not None else w.Identity(x)
    if mode == "constant":
        return _constant(w, x, w.const(rows, "int32"), value)
    return _of_itself(w, x, w.const(rows, "int64"), mode)


def _constant(w: Writer, x: Term, table: Term, value: Term | None) -> Term:
    if value is None and x.dtype != "string":
        return w.Pad(x, table)
    if value is not None and value.shape != ():
        value = w.reshape(value, [])
    return w.PadV2(x, table, w.const(b"", "string") if value is None else value)


def _cropped(w: Writer, x: Term, table: Term) -> Term:
    """x without elements before and after; table (axes, 2) has numbers that are not above 0."""
    before, after = (w.squeeze(w.part(table, 1, side, side + 1), 1) for side in (0, 1))
    start = w.Neg(before)
    return w.Slice(x, start, w.AddV2(w.Sub(w.Shape(x, out_type="int64"), start), after))


def _of_itself(w: Writer, x: Term, table: Term, mode: str) -> Term:
    """Pads of elements of x: mirrored without the edge, the edge again, or from the other end."""
    if mode == "reflect":
        return w.MirrorPad(x, table, mode="REFLECT")
    if mode not in ("edge", "wrap"):
        raise UnsupportedAttribute(f"a Pad with mode={mode!r}")
    known = table.ints()
    for axis in range(x.rank):
        if known is not None and not any(known[2 * axis : 2 * axis + 2]):
            continue
        length = w.length(x, axis)
        before, after = (w.squeeze(w.part(w.part(table, 0, axis, axis + 1), 1, side, side + 1), 0, 1) for side in (0, 1))
        places = w.Range(w.Neg(before), w.AddV2(length, after), w.const(1))
        picked = w.FloorMod(places, length) if mode == "wrap" else w.Minimum(w.Maximum(places, 0), w.Sub(length, 1))
        x = Term(w.GatherV2(x, picked, w.const(axis, "int32")).output, x.shape, x.dtype)
    return x


@onnx_op("DepthToSpace", domain="nhwc")
def depth_to_space_last(w: Writer, x: Term, *, blocksize: int, mode: str = "DCR") -> Term:
    """Channels become blocks of space; with CRD the channels of a block lie beside each other."""
    if mode == "CRD":
        assert x.shape is not None and x.shape[3] is not None
        depth, squares = x.shape[3] // blocksize**2, blocksize**2
        order = [c * squares + k for k in range(squares) for c in range(depth)]
        x = w.GatherV2(x, w.ints(order, "int32"), w.const(3, "int32"))
    return w.DepthToSpace(x, block_size=blocksize)


@onnx_op("SpaceToDepth", domain="nhwc")
def space_to_depth_last(w: Writer, x: Term, *, blocksize: int) -> Term:
    """Blocks of space become channels."""
    return w.SpaceToDepth(x, block_size=blocksize)


@onnx_op("ReverseSequence")
def reverse_sequence(w: Writer, x: Term, lengths: Term, *, batch_axis: int = 1, time_axis: int = 0) -> Term:
    """The first elements of each row in the opposite order, as many as `lengths` says."""
    return w.ReverseSequence(x, lengths, seq_dim=time_axis, batch_dim=batch_axis)
