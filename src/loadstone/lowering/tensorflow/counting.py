"""Elements counted by their numbers or by where they fall between borders; places in orders.

tensorflow/core/kernels/bincount_op.cc, bucketize_op.cc, histogram_op.cc, searchsorted_op.cc, and InvertPermutation of array_ops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError
from loadstone.ir import dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.reductions import searchsorted
from loadstone.lowering.tensorflow.symbols import Operand, alike, tensor, tf

MOST = 1 << 28  # places of a count
_FEW = 1 << 12
Array = np.ndarray[Any, Any]


def _size(x: Value) -> int | None:
    return int(x.array().reshape(-1)[0]) if x.const is not None and x.const.known else None


@tf("raw_ops.Bincount")
def bincount(b: Builder, arr: Operand, size: Operand, weights: Operand) -> Value:
    """How often each number below `size` is among the elements, or the sum of their weights."""
    return dense_bincount(b, b.reshape(tensor(b, arr), [-1]), size, weights)


@tf("raw_ops.DenseBincount")
def dense_bincount(b: Builder, input_: Operand, size: Operand, weights: Operand, binary_output: bool = False) -> Value:
    """The same for a vector or for each row of a matrix; binary: whether a number is there at all.

    No weights are a tensor without elements. Numbers below 0 are an error, those from size on count nowhere.
    """
    x, count, loads = tensor(b, input_), tensor(b, size), tensor(b, weights)
    if x.rank > 2:
        raise ModelError(f"DenseBincount of a tensor of shape {x.shape}")
    x = b.reshape(x, [1]) if not x.rank else x
    result = ((*x.shape[:-1], _size(count)), loads.dtype)
    return b.host("DenseBincount", Bins(binary_output), [x, count, loads], [result], pure=True)[0]


@dataclass(frozen=True)
class Bins:
    """The same as a Python call."""

    binary: bool

    def __call__(self, ids: Array, size: Array, loads: Array) -> tuple[Array]:
        bins = int(size.reshape(-1)[0])
        rows = np.atleast_2d(ids)
        if bins < 0 or bins * max(len(rows), 1) > MOST:
            raise InferenceError(f"DenseBincount with size={bins}")
        if (rows < 0).any():
            raise InferenceError("DenseBincount of numbers below 0")
        if loads.size and loads.shape != ids.shape and loads.size != ids.size:
            raise InferenceError(f"DenseBincount of shape {ids.shape} with weights of shape {loads.shape}")
        counts = np.zeros((len(rows), bins), np.float32 if loads.dtype.itemsize == 2 else loads.dtype)
        inside = rows < bins
        places = (np.nonzero(inside)[0], rows[inside])
        if self.binary:
            counts[places] = 1
        else:
            np.add.at(counts, places, loads.reshape(rows.shape)[inside] if loads.size else 1)
        return (np.ascontiguousarray(counts if ids.ndim == 2 else counts[0], loads.dtype),)


@tf("raw_ops.Bucketize")
def bucketize(b: Builder, input_: Operand, boundaries: Any) -> Value:
    """How many of the ascending borders are at or below each element, as int32; none are for NaN."""
    x = tensor(b, input_)
    borders = np.asarray(boundaries, np.float32)
    if (np.diff(borders) < 0).any():
        raise ModelError("Bucketize with boundaries that do not ascend")
    if not len(borders):
        return b.full(b.dims(x), 0, "int32")
    wide = b.cast(x, "float64" if x.dtype in ("int32", "int64", "float64") else "float32")
    reached = b.GreaterOrEqual(b.unsqueeze(wide, x.rank), b.const(borders, wide.dtype))
    counts = b.ReduceSum(b.cast(reached, "int32"), b.ints([x.rank]), keepdims=0)
    return b.Where(b.IsNaN(wide), b.const(len(borders), "int32"), counts) if dtypes.is_float(x.dtype) else counts


@tf("histogram_fixed_width", "raw_ops.HistogramFixedWidth")
def histogram_fixed_width(b: Builder, values: Operand, value_range: Operand, nbins: Operand = 100, dtype: str = "int32") -> Value:
    """How many elements lie in each of the bins of one width; what is outside of the range counts at its ends."""
    x, limits = alike(b, values, value_range)
    count = tensor(b, nbins)

    def compute(x: Array, limits: Array, nbins: Array) -> tuple[Array]:
        bins, (low, high) = int(nbins.reshape(-1)[0]), limits.tolist()
        if not low < high or not 0 < bins <= MOST:
            raise InferenceError(f"HistogramFixedWidth with value_range={[low, high]} and nbins={bins}")
        # A bin's width is a double, and the distance from the low end of the type of the values.
        step = (float(high) - float(low)) / bins
        places = np.clip(np.nan_to_num((x.reshape(-1) - limits[0]).astype(np.float64) / step, nan=0.0), 0, bins - 1).astype(np.int64)
        return (np.bincount(places, minlength=bins).astype(dtypes.to_numpy(dtype)),)

    return b.host("HistogramFixedWidth", compute, [x, limits, count], [((_size(count),), dtype)], pure=True)[0]


@tf("math.invert_permutation", "raw_ops.InvertPermutation")
def invert_permutation(b: Builder, x: Operand) -> Value:
    """Where each number from 0 on is among the elements."""
    y = tensor(b, x)
    if y.rank != 1:
        raise ModelError(f"InvertPermutation of a tensor of shape {y.shape}")

    def inverted(given: Array) -> tuple[Array]:
        if not np.array_equal(np.sort(given), np.arange(len(given))):
            raise InferenceError("InvertPermutation of what is no permutation of the numbers from 0 on")
        return (np.argsort(given).astype(given.dtype),)

    if y.const is None and y.shape[0] is not None and y.shape[0] <= _FEW:
        places = b.Range(b.const(0), b.const(y.shape[0]), b.const(1))
        found = b.ScatterElements(b.full([y.shape[0]], -1, "int64"), b.cast(y, "int64"), b.reshape(places, [y.shape[0]]), axis=0)
        return b.cast(_permutation(b, found), y.dtype)
    return b.host("InvertPermutation", inverted, [y], [(y.shape, y.dtype)], pure=True)[0]


def _permutation(b: Builder, found: Value) -> Value:
    """The same places; an error when it runs, where a number was missing: it then picks what there is not."""
    missing = b.ReduceMax(b.cast(b.Less(found, 0), "int32"), b.ints([0]), keepdims=1)
    return b.Add(found, b.Gather(b.ints([0]), missing, axis=0))


def _bound(side: str) -> Callable[..., Value]:
    def rule(b: Builder, sorted_inputs: Operand, values: Operand, out_type: str = "int32") -> Value:
        rows, x = alike(b, sorted_inputs, values)
        lengths = [v.shape[-1] for v in (rows, x)]
        if None not in lengths and (lengths[0] or 0) * (lengths[1] or 0) <= _FEW:
            return searchsorted(b, rows, x, side, out_type)

        def compute(rows: Array, x: Array) -> tuple[Array]:
            if rows.ndim != 2 or x.ndim != 2 or len(rows) != len(x):
                raise InferenceError(f"a search for an array of shape {x.shape} in one of shape {rows.shape}")
            found = [np.searchsorted(row, part, side) for row, part in zip(rows, x, strict=True)]  # type: ignore[call-overload]
            return (np.asarray(found, out_type).reshape(x.shape),)

        return b.host("Bound", compute, [rows, x], [(x.shape, out_type)], pure=True)[0]

    return rule


tf("raw_ops.LowerBound")(_bound("left"))
tf("raw_ops.UpperBound")(_bound("right"))
