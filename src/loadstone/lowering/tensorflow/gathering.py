"""Elements picked by their places: `tf.gather`, `tf.gather_nd`, the places of a condition, one-hot vectors.

Semantics: tensorflow/core/kernels/gather_op.cc, gather_nd_op.cc, where_op.cc, one_hot_op.cc. A place that does not exist is an error
when the model runs; ONNX would count negative ones from the end.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.counts import bounded
from loadstone.lowering.tensorflow.symbols import Operand, alike, axis_of, known, lengths, number, tensor, tf

_NOWHERE = {"int32": 2**31 - 1, "int64": 2**63 - 1}  # places that no tensor has


def blank(b: Builder, dims: list[int | Value], dtype: str) -> Value:
    """Zeros, or empty strings."""
    if dtype != "string":
        return b.zeros(dims, dtype)
    return b.Expand(b.const(b"", "string"), b.vector(dims), out_shape=known(dims)) if dims else b.const(b"", "string")


def existing(b: Builder, places: Value) -> Value:
    """Places as int32 or int64, negative ones as one that does not exist, so that the engine refuses them."""
    places = places if places.dtype in _NOWHERE else b.cast(places, "int64")
    if places.const is not None:
        if (places.array() < 0).any():
            raise ModelError("a negative place in a tensor")
        return places
    return b.Where(b.Less(places, 0), _NOWHERE[places.dtype], places)


@tf("gather", "raw_ops.GatherV2", "raw_ops.Gather")
def gather(b: Builder, params: Operand, indices: Operand, axis: Operand = None, batch_dims: Operand = 0) -> Value:
    """Slices of x along an axis at these places, for each of the first `batch_dims` axes apart.

    x (batch..., before..., n, after...), indices (batch..., places...) -> (batch..., before..., places..., after...).
    """
    x, places, count = tensor(b, params), existing(b, tensor(b, indices)), int(number(batch_dims, "batch_dims"))
    count = count if count >= 0 else count + places.rank
    at = count if axis is None else axis_of(axis, x.rank)
    if not 0 <= count <= min(places.rank, at):
        raise ModelError(f"a gather along axis {at} with batch_dims={count}")
    if count == 0 and (x.dtype != "string" or at == x.rank - 1):  # onnxruntime (1.32) copies one string of each slice
        return b.Gather(x, places, axis=at)
    rows = b.transpose(x, [*range(count), at, *range(count, at), *range(at + 1, x.rank)])
    y = b.GatherND(rows, b.unsqueeze(b.cast(places, "int64"), places.rank), batch_dims=count)
    new, before = range(count, places.rank), range(places.rank, places.rank + at - count)
    return b.transpose(y, [*range(count), *before, *new, *range(before.stop, y.rank)])


@tf("gather_nd", "raw_ops.GatherNd")
def gather_nd(b: Builder, params: Operand, indices: Operand, batch_dims: Operand = 0, bad_indices_policy: str = "") -> Value:
    """Slices of x at places that are rows of indices.

    x (batch..., d1, ..., dn, slice...), indices (batch..., places..., n) -> (batch..., places..., slice...). The policy "IGNORE" gives
    zeros for places that do not exist.
    """
    x, places, count = tensor(b, params), b.cast(tensor(b, indices), "int64"), int(number(batch_dims, "batch_dims"))
    depth = places.shape[-1] if places.rank else None
    if depth is None or count + depth > x.rank:
        raise UnsupportedAttribute(f"tf.gather_nd of a tensor of shape {x.shape} by indices of shape {places.shape}")
    if depth == 0:
        dims = [*b.dims(places)[:-1], *b.dims(x)[count:]]
        wide = b.unsqueeze(x, *range(count, places.rank - 1))
        return b.Expand(wide, b.vector(dims), out_shape=tuple(d if isinstance(d, int) else None for d in dims))
    if bad_indices_policy != "IGNORE":
        return b.GatherND(x, existing(b, places), batch_dims=count)
    found = inside(b, x, places, count)
    y = _of_one_more(b, x, b.Where(b.unsqueeze(found, places.rank - 1), places, 0), count)
    flags = b.unsqueeze(found, *range(found.rank, y.rank))
    return b.Where(flags, y, blank(b, [], y.dtype))


def inside(b: Builder, x: Value, places: Value, count: int = 0) -> Value:
    """Whether the rows of places are places of x, behind its first `count` axes: (..., n) -> (...)."""
    ends = b.vector([b.dim(x, count + k) for k in range(places.shape[-1] or 0)])
    fits = b.cast(b.And(b.GreaterOrEqual(places, 0), b.Less(places, ends)), "int32")
    return b.cast(b.ReduceMin(fits, b.ints([places.rank - 1]), keepdims=0), "bool")


def _of_one_more(b: Builder, x: Value, places: Value, count: int) -> Value:
    """GatherND of a tensor that may be empty: it has one element more along each axis that is picked from."""
    for axis in range(count, count + (places.shape[-1] or 0)):
        if x.shape[axis] in (0, None):
            dims = b.dims(x)
            x = b.Concat(x, blank(b, [1 if k == axis else d for k, d in enumerate(dims)], x.dtype), axis=axis)
    return b.GatherND(x, places, batch_dims=count)


@tf("raw_ops.Where")
def places_of(b: Builder, input_: Operand) -> Value:
    """The places of elements that are not zero, in the order of the elements: (count, rank of x), int64."""
    x = tensor(b, input_)
    flags = x if x.dtype == "bool" else b.Not(b.Equal(x, 0)) if x.dtype != "string" else b.Not(b.Equal(x, b.const(b"", "string")))
    if x.rank == 0:
        raise ModelError("the places of a scalar, which TensorFlow does not know either")
    return b.transpose(b.NonZero(flags), [1, 0])


@tf("one_hot", "raw_ops.OneHot")
def one_hot(
    b: Builder, indices: Operand, depth: Operand = None, on_value: Operand = None, off_value: Operand = None, axis: Operand = None,
    dtype: str | None = None, num_classes: Operand = None,
) -> Value:  # fmt: skip
    """A new axis with on_value at the place that each index names, off_value elsewhere."""
    x = tensor(b, indices)
    at = x.rank if axis in (None, -1) else axis_of(axis, x.rank + 1)
    count = lengths(b, [depth if depth is not None else num_classes])[0]
    if isinstance(count, int):
        bounded("one_hot", count)
        steps = b.const(np.arange(count))
    else:
        steps = b.Range(b.const(0), b.reshape(count, []), b.const(1))
    hits = b.Equal(b.unsqueeze(b.cast(x, "int64"), at), b.unsqueeze(steps, *(k for k in range(x.rank + 1) if k != at)))
    if on_value is None and off_value is None:
        return b.cast(hits, dtype or "float32")
    on, off = alike(b, 1 if on_value is None else on_value, 0 if off_value is None else off_value)
    return b.Where(hits, b.cast(on, dtype or on.dtype), b.cast(off, dtype or off.dtype))
