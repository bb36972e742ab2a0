"""Elements once each and counts of elements, in ONNX."""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.counting import Bins
from loadstone.lowering.tensorflow.uniques import Distinct


def distinct(b: Builder, op: Op, how: Distinct) -> Sequence[Value] | None:
    """Floats (n,) once each: Unique of those that are numbers, and each NaN by itself, in the order of their first places."""
    x = op.inputs[0]
    assert x is not None
    if x.rank != 1 or x.dtype not in ("float16", "float32", "float64"):
        return None
    wide, index = b.cast(x, "float64"), op.outputs[1].dtype
    odd = b.IsNaN(wide)
    numbers, others = (b.reshape(b.NonZero(where), [-1]) for where in (b.Not(odd), odd))
    _, first, which, counts = b.ops("Unique", b.Gather(wide, numbers, axis=0), sorted=0, outputs=4)
    firsts = b.Concat(
        b.Gather(numbers, first, axis=0), others, axis=0
    )  # of each group where it comes first; the groups of numbers, then NaN
    ones = b.op("Expand", b.ints([1]), b.Shape(others), out_shape=(None,))
    group = b.op("Expand", b.ints([0]), b.Shape(x), out_shape=x.shape)
    group = b.ScatterElements(group, numbers, which, axis=0)
    group = b.ScatterElements(group, others, b.Add(b.Sub(b.CumSum(ones, b.const(0)), 1), b.Size(first)), axis=0)
    # A group's number in the order of first places is how many first places come before its own.
    starts = b.op("Expand", b.ints([0]), b.Shape(x), out_shape=x.shape)
    starts = b.ScatterElements(starts, firsts, b.op("Expand", b.ints([1]), b.Shape(firsts), out_shape=(None,)), axis=0)
    number = b.Sub(b.CumSum(starts, b.const(0)), 1)  # of the group that begins here
    rank = b.Gather(number, firsts, axis=0)
    sizes = b.ScatterElements(b.Mul(firsts, 0), rank, b.Concat(counts, ones, axis=0), axis=0)
    places = b.reshape(b.NonZero(starts), [-1])
    return [b.Gather(x, places, axis=0), b.cast(b.Gather(rank, group, axis=0), index), b.cast(sizes, index)]


def bins(b: Builder, op: Op, how: Bins) -> Sequence[Value] | None:
    """Counts or sums (..., size) of ids (n,) or (rows, n); a number below 0 picks a place that there is not, which is an error."""
    ids, size, loads = op.inputs
    assert ids is not None and size is not None and loads is not None
    plain = loads.shape == (0,)
    if loads.dtype not in ("int32", "int64", "float32", "float64") or not plain and loads.shape != ids.shape:
        return None
    count, wide = b.reshape(b.cast(size, "int64"), [1]), b.cast(ids, "int64")
    last = ids.rank - 1
    rows = [b.vector([b.dim(ids, axis)]) for axis in range(last)]
    whole = b.Concat(*rows, b.Add(count, 1), axis=0)  # one more, where those go that count nowhere
    zeros = b.op("Expand", b.const(0, loads.dtype), whole, out_shape=(*ids.shape[:-1], None))
    places = b.Where(b.Less(wide, 0), b.Add(count, 1), b.Min(wide, count))
    ones = b.op("Expand", b.const(1, loads.dtype), b.Shape(ids), out_shape=ids.shape)
    if how.binary:
        made = b.ScatterElements(zeros, places, ones, axis=last)
    else:
        made = b.ScatterElements(zeros, places, ones if plain else loads, axis=last, reduction="add")
    return [b.op("Slice", made, b.ints([0]), count, b.ints([last]), out_shape=op.outputs[0].shape)]
