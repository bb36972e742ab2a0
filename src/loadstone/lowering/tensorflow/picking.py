"""Elements picked by their place or by a condition: slices, `tf.gather`, `tf.where`, one-hot vectors, diagonals and bands.

Semantics: tensorflow/python/ops/array_ops.py; a strided slice is that of tensorflow/core/util/strided_slice_op.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_index import get_item
from loadstone.lowering.tensorflow.symbols import Operand, alike, axis_of, lengths, number, tensor, tf

_OPERATION = Layer("GetItem", "", {}, domain="keras.ops")


@tf("__operators__.getitem")
def getitem(b: Builder, tensor_: Operand, slice_spec: Any) -> Value:
    """x[...], as Python writes it."""
    return get_item(b, _OPERATION, tensor(b, tensor_), slice_spec)


@tf("strided_slice", "raw_ops.StridedSlice")
def strided_slice(
    b: Builder, input_: Operand, begin: Operand, end: Operand, strides: Operand = None, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> Value:  # fmt: skip
    """x[begin:end:strides]; the bits of the masks say for which axes that is left out, new, or one element."""
    x, starts, ends = tensor(b, input_), number(begin, "the begin of a slice"), number(end, "the end of a slice")
    steps = [1] * len(starts) if strides is None else number(strides, "the stride of a slice")
    keys: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(starts, ends, steps, strict=True)):
        bit = 1 << i
        if int(ellipsis_mask) & bit:
            keys.append(Ellipsis)
        elif int(new_axis_mask) & bit:
            keys.append(None)
        elif int(shrink_axis_mask) & bit:
            keys.append(int(start))
        else:
            keys.append(slice(None if int(begin_mask) & bit else start, None if int(end_mask) & bit else stop, step))
    return get_item(b, _OPERATION, x, keys)


@tf("slice", "keras.backend.slice", "raw_ops.Slice")
def slice_of(b: Builder, input_: Operand, begin: Operand, size: Operand) -> Value:
    """`size` elements of each axis from `begin` on; -1 is all that follow."""
    x = tensor(b, input_)
    for axis, (start, count) in enumerate(zip(number(begin, "the begin of a slice"), number(size, "the size of a slice"), strict=True)):
        x = b.slice(x, axis, start, None if count == -1 else start + count)
    return x


@tf("gather", "keras.backend.gather", "raw_ops.GatherV2")
def gather(b: Builder, params: Operand, indices: Operand, axis: Operand = None, batch_dims: Operand = 0) -> Value:
    """Slices of x along an axis at these places, for each of the first `batch_dims` axes apart."""
    x, places, count = tensor(b, params), tensor(b, indices), int(number(batch_dims, "batch_dims"))
    count = count if count >= 0 else count + places.rank
    at = count if axis is None else axis_of(axis, x.rank)
    if count == 0:
        return b.Gather(x, places, axis=at)
    if at != count or count != 1:
        raise UnsupportedAttribute(f"tf.gather with batch_dims={count} and axis={at}")
    pairs = b.unsqueeze(b.cast(places, "int64"), places.rank)
    return b.GatherND(x, pairs, batch_dims=1)


@tf("gather_nd", "raw_ops.GatherNd")
def gather_nd(b: Builder, params: Operand, indices: Operand, batch_dims: int = 0) -> Value:
    """Slices of x at places that are rows of indices."""
    return b.GatherND(tensor(b, params), b.cast(tensor(b, indices), "int64"), batch_dims=int(batch_dims))


@tf("where", "raw_ops.SelectV2", "keras.backend.switch")
def where(b: Builder, condition: Operand, x: Operand = None, y: Operand = None) -> Value:
    """x where the condition holds, else y."""
    if x is None or y is None:
        raise UnsupportedAttribute("tf.where of a condition alone, whose result has as many rows as places where it holds")
    one, other = alike(b, x, y)
    return b.Where(tensor(b, condition), one, other)


@tf("raw_ops.Select")
def select(b: Builder, condition: Operand, x: Operand, y: Operand) -> Value:
    """x where the condition holds, else y; a vector of conditions is one for each row."""
    flags, (one, other) = tensor(b, condition), alike(b, x, y)
    return b.Where(b.unsqueeze(flags, *range(1, one.rank)) if flags.rank == 1 < one.rank else flags, one, other)


@tf("one_hot", "keras.backend.one_hot", "raw_ops.OneHot")
def one_hot(
    b: Builder, indices: Operand, depth: Operand = None, on_value: Operand = None, off_value: Operand = None, axis: Operand = None,
    dtype: str | None = None, num_classes: Operand = None,
) -> Value:  # fmt: skip
    """A new axis with on_value at the place that each index names, off_value elsewhere."""
    x, count = tensor(b, indices), int(number(depth if depth is not None else num_classes, "a depth"))
    at = x.rank if axis in (None, -1) else axis_of(axis, x.rank + 1)
    shape = [1] * (x.rank + 1)
    shape[at] = count
    hits = b.Equal(b.unsqueeze(b.cast(x, "int64"), at), b.const(np.arange(count).reshape(shape)))
    if on_value is None and off_value is None:
        return b.cast(hits, dtype or "float32")
    on, off = alike(b, 1 if on_value is None else on_value, 0 if off_value is None else off_value)
    return b.Where(hits, b.cast(on, dtype or on.dtype), b.cast(off, dtype or off.dtype))


@tf("linalg.band_part", "raw_ops.MatrixBandPart")
def band_part(b: Builder, input_: Operand, num_lower: Operand, num_upper: Operand) -> Value:
    """The diagonal with this many others below and above it, zeros elsewhere; -1 is all."""
    x, lower, upper = tensor(b, input_), int(number(num_lower, "num_lower")), int(number(num_upper, "num_upper"))
    y = x if upper < 0 else b.Trilu(x, b.const(upper), upper=0)
    return y if lower < 0 else b.Trilu(y, b.const(-lower), upper=1)


@tf("linalg.diag_part", "raw_ops.MatrixDiagPart")
def diag_part(b: Builder, input_: Operand) -> Value:
    """The main diagonals of matrices."""
    x = tensor(b, input_)
    rows, columns = x.shape[-2:]
    if rows is None or columns is None:
        raise UnsupportedAttribute("tf.linalg.diag_part of matrices whose size is not known")
    eye = b.const(np.eye(rows, columns), x.dtype)
    return b.ReduceSum(
        b.slice(b.Mul(x, eye), x.rank - 1 if rows < columns else x.rank - 2, 0, min(rows, columns)),
        b.ints([x.rank - 2 if rows < columns else x.rank - 1]),
        keepdims=0,
    )


@tf("linalg.diag", "raw_ops.MatrixDiag")
def diag(b: Builder, diagonal: Operand) -> Value:
    """Matrices with these diagonals."""
    x = tensor(b, diagonal)
    size = x.shape[-1]
    if size is None:
        raise UnsupportedAttribute("tf.linalg.diag of diagonals whose length is not known")
    return b.Mul(b.unsqueeze(x, x.rank), b.const(np.eye(size), x.dtype))


@tf("linalg.trace")
def trace(b: Builder, x: Operand) -> Value:
    """The sums of main diagonals."""
    y = diag_part(b, x)
    return b.ReduceSum(y, b.ints([y.rank - 1]), keepdims=0)


@tf("meshgrid")
def meshgrid(b: Builder, *args: Operand, indexing: str = "xy") -> list[Value]:
    """Coordinates of a grid."""
    vectors = [b.reshape(v, [-1]) for v in alike(b, *(args[0] if len(args) == 1 and isinstance(args[0], (list, tuple)) else args))]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(places) > 1:
        places[:2] = [1, 0]
    dims = [b.dim(vectors[i], 0) for i in np.argsort(places)]
    rows = [b.unsqueeze(v, *(k for k in range(len(vectors)) if k != place)) for v, place in zip(vectors, places, strict=True)]
    shape = tuple(d if isinstance(d, int) else None for d in dims)
    return [b.Expand(row, b.vector(dims), out_shape=shape) for row in rows]


@tf("tensor_scatter_nd_update")
def tensor_scatter_nd_update(b: Builder, tensor_: Operand, indices: Operand, updates: Operand) -> Value:
    """x with slices replaced at places that are rows of indices."""
    x, new = alike(b, tensor_, updates)
    return b.ScatterND(x, b.cast(tensor(b, indices), "int64"), new)


@tf("shape_n")
def shape_n(b: Builder, input_: Any) -> list[Value]:
    """The shapes of several tensors."""
    if not isinstance(input_, (list, tuple)):
        raise ModelError("tf.shape_n of what is no list")
    return [b.cast(b.vector(lengths(b, b.Shape(tensor(b, x)))), "int32") for x in input_]
