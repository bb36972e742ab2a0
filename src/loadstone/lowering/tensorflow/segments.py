"""Sums, means, products and extremes of rows by segments, sorted and unsorted, also of rows that are gathered first.

Semantics: tensorflow/core/kernels/segment_reduction_ops_impl.h. A row goes to the segment that its id names. Sorted ids that are not,
and ids beyond the segments, are errors when the model runs; negative ids of unsorted segments drop their rows.
"""

from __future__ import annotations

from collections.abc import Callable

import ml_dtypes
import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.gathering import existing
from loadstone.lowering.tensorflow.symbols import Operand, enter, lengths, tensor

Combine = tuple[str, float]  # how rows are combined, and what a segment without a row has where segments are sorted
SUM, PROD, MIN, MAX = ("add", 0), ("mul", 1), ("min", 0), ("max", 0)
_BEYOND = 2**63 - 1  # a segment that there never is: the engine refuses it


def _start(kind: str, dtype: str, finite: bool) -> float | int:
    """What a row is first combined with: for extremes the other end of the dtype, infinite or not."""
    if kind in ("add", "mul"):
        return int(kind == "mul")
    if dtypes.is_float(dtype):
        limit = float(ml_dtypes.finfo(dtypes.to_numpy(dtype)).max) if finite else np.inf
        return limit if kind == "min" else -limit
    info = np.iinfo(dtypes.to_numpy(dtype))
    return int(info.max if kind == "min" else info.min)


def rows_of(b: Builder, data: Value, ids: Value) -> tuple[Value, Value]:
    """Data and ids with the axes of ids as one; ids as int64."""
    if ids.rank > data.rank:
        raise ModelError(f"segments of shape {ids.shape} of data of shape {data.shape}")
    if ids.rank == 1:
        return data, b.cast(ids, "int64")
    count: int | Value = int(np.prod([d or 0 for d in ids.shape])) if None not in ids.shape else b.reshape(b.Size(ids), [1])
    rest = b.dims(data)[ids.rank :]
    shape = tuple(d if isinstance(d, int) else None for d in [count, *rest])
    return b.op("Reshape", data, b.vector([count, *rest]), out_shape=shape, allowzero=1), b.reshape(b.cast(ids, "int64"), [-1])


def _combined(b: Builder, kind: str, data: Value, places: Value, count: int | Value, finite: bool = False) -> Value:
    """The rows of data combined in `count` segments: (rows, ...) -> (count, ...)."""
    wide = "float32" if data.dtype in ("float16", "bfloat16") else data.dtype
    base = b.full([count, *b.dims(data)[1:]], _start(kind, data.dtype, finite), wide)
    return b.cast(b.ScatterND(base, b.unsqueeze(places, 1), b.cast(data, wide), reduction=kind), data.dtype)


def _counts(b: Builder, places: Value, count: int | Value, dtype: str, rank: int) -> Value:
    """How many rows each segment has: (count, 1, ...)."""
    ones = b.full([b.dim(places, 0)], 1, dtype)
    hits = b.ScatterND(b.full([count], 0, dtype), b.unsqueeze(places, 1), ones, reduction="add")
    return b.unsqueeze(hits, *range(1, rank))


# -- unsorted ---------------------------------------------------------------------------------------------------------


def _unsorted(kind: str) -> Callable[..., Value]:
    def rule(b: Builder, data: Operand, segment_ids: Operand, num_segments: Operand) -> Value:
        x, ids = rows_of(b, tensor(b, data), tensor(b, segment_ids))
        count = lengths(b, [num_segments])[0]
        more = count + 1 if isinstance(count, int) else b.Add(count, 1)
        size = b.vector([count])
        places = b.Where(b.Less(ids, 0), size, b.Where(b.GreaterOrEqual(ids, size), _BEYOND, ids))
        y = _combined(b, kind, x, places, more, finite=True)
        return b.slice(y, 0, 0, count) if isinstance(count, int) else b.Slice(y, b.ints([0]), size, b.ints([0]))

    return rule


for _name, _kind in (("sum", "add"), ("prod", "mul"), ("min", "min"), ("max", "max")):
    enter(_unsorted(_kind), f"math.unsorted_segment_{_name}", f"raw_ops.UnsortedSegment{_name.title()}")


# -- sorted -----------------------------------------------------------------------------------------------------------


def _places(b: Builder, ids: Value) -> Value:
    """Sorted ids, all of them places beyond the end where they are not sorted or negative."""
    if ids.rank != 1:
        raise ModelError(f"segments of shape {ids.shape}")
    ids = b.cast(ids, "int64")
    steps = b.Less(b.slice(ids, 0, 1), b.slice(ids, 0, 0, -1))
    wrong = b.ReduceSum(b.cast(b.Concat(steps, b.Less(ids, 0), axis=0), "int32"), b.ints([0]), keepdims=1)
    return b.Where(b.Greater(wrong, 0), _BEYOND, ids)


def _number(b: Builder, ids: Value) -> Value:
    """One more than the last id; no segments without ids."""
    return b.Add(b.reshape(b.slice(b.Concat(b.ints([-1]), b.cast(ids, "int64"), axis=0), 0, -1), [1]), 1)


def _reduced(b: Builder, combine: Combine, x: Value, ids: Value, count: int | Value) -> Value:
    """The rows of sorted segments combined; segments without a row have the value of their kind."""
    kind, empty = combine
    places = _places(b, ids)
    y = _combined(b, kind, x, places, count)
    if kind in ("add", "mul"):
        return y
    hit = b.Greater(_counts(b, places, count, "int32", x.rank), 0)
    return b.Where(hit, y, b.const(empty, y.dtype))


def _mean(b: Builder, x: Value, ids: Value, count: int | Value, root: bool = False) -> Value:
    """The sum of each segment over the number of its rows, or over the root of that; 0 without rows."""
    wide = "float32" if x.dtype in ("float16", "bfloat16") else x.dtype
    places = _places(b, ids)
    total = _combined(b, "add", b.cast(x, wide), places, count)
    hits = b.Max(_counts(b, places, count, wide, x.rank), b.const(1, wide))
    return b.cast(b.Div(total, b.Sqrt(hits) if root else hits), x.dtype)


def _sorted(combine: Combine | None) -> Callable[..., Value]:
    def rule(b: Builder, data: Operand, segment_ids: Operand) -> Value:
        x, ids = tensor(b, data), tensor(b, segment_ids)
        return _mean(b, x, ids, _number(b, ids)) if combine is None else _reduced(b, combine, x, ids, _number(b, ids))

    return rule


for _name, _combine in (("Sum", SUM), ("Prod", PROD), ("Min", MIN), ("Max", MAX)):
    enter(_sorted(_combine), f"math.segment_{_name.lower()}", f"raw_ops.Segment{_name}")
enter(_sorted(None), "math.segment_mean", "raw_ops.SegmentMean")


# -- rows gathered first ----------------------------------------------------------------------------------------------


def _sparse(b: Builder, how: str, data: Operand, indices: Operand, segment_ids: Operand, count: int | Value | None) -> Value:
    x, ids = tensor(b, data), tensor(b, segment_ids)
    rows = b.Gather(x, existing(b, tensor(b, indices)), axis=0)
    number = _number(b, ids) if count is None else count
    return _reduced(b, SUM, rows, ids, number) if how == "Sum" else _mean(b, rows, ids, number, how == "SqrtN")


def _sparse_rule(how: str) -> Callable[..., Value]:
    def rule(
        b: Builder, data: Operand, indices: Operand, segment_ids: Operand, num_segments: Operand = None, sparse_gradient: bool = False
    ) -> Value:
        return _sparse(b, how, data, indices, segment_ids, None if num_segments is None else lengths(b, [num_segments])[0])

    return rule


for _name in ("Sum", "Mean", "SqrtN"):
    enter(
        _sparse_rule(_name), f"sparse.segment_{_name.lower().replace('tn', 't_n')}", f"raw_ops.SparseSegment{_name}",
        f"raw_ops.SparseSegment{_name}WithNumSegments",
    )  # fmt: skip
