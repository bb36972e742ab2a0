"""The same elements in another shape or order, joined, split, repeated and padded; tensors made of nothing.

Semantics: tensorflow/python/ops/array_ops.py, array_ops_stack.py and math_ops.py (`range`, `cast`). Shapes are int32 tensors at run time.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_join import joined
from loadstone.lowering.keras.ops_making import cast as keras_cast
from loadstone.lowering.keras.ops_shape import flipped
from loadstone.lowering.tensorflow.counts import bounded
from loadstone.lowering.tensorflow.symbols import (
    Operand,
    alike,
    axes_of,
    axis_of,
    known,
    lengths,
    number,
    tensor,
    tf,
)

# -- shapes -----------------------------------------------------------------------------------------------------------


@tf("reshape", "raw_ops.Reshape")
def reshape(b: Builder, tensor_: Operand, shape: Operand) -> Value:
    """x in another shape; -1 is what remains."""
    x = tensor(b, tensor_)
    return reshaped(b, x, lengths(b, shape))


def reshaped(b: Builder, x: Value, target: list[int | Value]) -> Value:
    """x in a shape one length of which may be -1."""
    fixed = [d for d in target if isinstance(d, int) and d != -1]
    if -1 in target and None not in x.shape and len(fixed) == len(target) - 1 and np.prod(fixed):
        rest = int(np.prod([d or 0 for d in x.shape])) // int(np.prod(fixed))
        target = [rest if isinstance(d, int) and d == -1 else d for d in target]
    free = sum(not isinstance(d, int) or d == -1 for d in target)
    if free > 1 and -1 in [d for d in target if isinstance(d, int)]:
        return b.op("Reshape", x, b.vector(target), out_shape=known(target))
    return b.reshape(x, target, known(target))


@tf("shape", "raw_ops.Shape")
def shape(b: Builder, input_: Operand, out_type: str | None = None, optimize: bool = True) -> Value:
    """The lengths of the axes, as int32."""
    x = tensor(b, input_)
    dims = b.dims(x)
    return b.cast(b.vector(dims) if dims else b.ints([]), out_type or "int32")


@tf("rank", "raw_ops.Rank")
def rank(b: Builder, input_: Operand) -> Value:
    """The number of axes, as int32."""
    return b.const(tensor(b, input_).rank, "int32")


@tf("size", "raw_ops.Size")
def size(b: Builder, input_: Operand, out_type: str | None = None) -> Value:
    """The number of elements, as int32."""
    x = tensor(b, input_)
    count = b.const(int(np.prod([d or 0 for d in x.shape]))) if None not in x.shape else b.Size(x)
    return b.cast(count, out_type or "int32")


@tf("expand_dims", "raw_ops.ExpandDims")
def expand_dims(b: Builder, input_: Operand, axis: Operand = None, dim: Operand = None) -> Value:
    """x with a new axis of length 1."""
    x = tensor(b, input_)
    return b.unsqueeze(x, axis_of(axis if axis is not None else -1 if dim is None else dim, x.rank + 1))


@tf("squeeze", "raw_ops.Squeeze")
def squeeze(b: Builder, input_: Operand, axis: Operand = None, squeeze_dims: Operand = None) -> Value:
    """x without some axes of length 1, or without all of them."""
    x = tensor(b, input_)
    gone = axis if axis is not None else squeeze_dims
    if gone is None or gone == []:
        if None in x.shape:
            raise UnsupportedAttribute(f"tf.squeeze of all axes of length 1 of a tensor of shape {x.shape}")
        return b.squeeze(x, *(i for i, d in enumerate(x.shape) if d == 1))
    return b.squeeze(x, *axes_of(gone, x.rank))


@tf("transpose", "raw_ops.Transpose")
def transpose(b: Builder, a: Operand, perm: Operand = None, conjugate: bool = False) -> Value:
    """x with its axes in this order, reversed where there is none."""
    x = tensor(b, a)
    return b.transpose(x, list(range(x.rank))[::-1] if perm is None else axes_of(perm, x.rank))


@tf("linalg.matrix_transpose", "linalg.adjoint")
def matrix_transpose(b: Builder, a: Operand, conjugate: bool = False) -> Value:
    """x with its last two axes exchanged."""
    x = tensor(b, a)
    return b.transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])


@tf("reverse", "raw_ops.ReverseV2")
def reverse(b: Builder, tensor_: Operand, axis: Operand) -> Value:
    """x backwards along axes."""
    x = tensor(b, tensor_)
    return flipped(b, x, axes_of(axis, x.rank))


@tf("roll", "raw_ops.Roll")
def roll(b: Builder, input_: Operand, shift: Operand, axis: Operand) -> Value:
    """Elements moved along axes; what leaves at the end comes in at the start."""
    x = tensor(b, input_)
    if isinstance(shift, Value) and shift.const is None:
        return _rolled(b, x, lengths(b, shift), axes_of(axis, x.rank))
    by = number(shift, "a shift")
    for one, step in zip(axes_of(axis, x.rank), by if isinstance(by, list) else [by], strict=True):
        length = x.shape[one]
        if length is None:
            x = _rolled(b, x, [step], [one])
        elif step % max(length, 1):
            step %= length
            x = b.Concat(b.slice(x, one, -step), b.slice(x, one, 0, -step), axis=one)
    return x


def _rolled(b: Builder, x: Value, steps: list[int | Value], axes: list[int]) -> Value:
    """Elements moved by distances that are known only at run time."""
    for axis, step in zip(axes, steps, strict=True):
        length = b.vector([b.dim(x, axis)])
        places = b.Sub(_counted(b, b.dim(x, axis)), b.vector([step]))
        x = b.Gather(x, b.Mod(places, b.Max(length, b.ints([1]))), axis=axis)
    return x


def _counted(b: Builder, length: int | Value) -> Value:
    """0, 1, 2 ... as many as an axis has elements."""
    if isinstance(length, int):
        return b.const(np.arange(length))
    return b.Range(b.const(0), b.reshape(length, []), b.const(1))


# -- joining ----------------------------------------------------------------------------------------------------------


def _listed(values: Any, b: Builder) -> list[Any]:
    """Tensors of a list; a tensor where a list is wanted is that of its slices."""
    if isinstance(values, (list, tuple)):
        return list(values)
    return unstack(b, values) if isinstance(values, Value) and values.const is not None else [values]


@tf("concat")
def concat(b: Builder, values: Any, axis: Operand = -1) -> Value:
    """Tensors one behind the other along an axis; TensorFlow up to 0.12 has the axis first."""
    if isinstance(values, int):
        values, axis = axis, values
    tensors = alike(b, *_listed(values, b))
    return joined(b, tensors, axis_of(axis, tensors[0].rank))


@tf("stack", "parallel_stack", "raw_ops.Pack")
def stack(b: Builder, values: Any, axis: Operand = 0) -> Value:
    """Tensors side by side along a new axis."""
    if isinstance(values, Value):
        return values if axis == 0 else b.transpose(values, _moved(values.rank, axis_of(axis, values.rank)))
    tensors = alike(b, *values)
    at = axis_of(axis, tensors[0].rank + 1)
    return joined(b, [b.unsqueeze(x, at) for x in tensors], at)


def _moved(rank: int, to: int) -> list[int]:
    order = list(range(1, rank))
    order.insert(to, 0)
    return order


@tf("unstack", "raw_ops.Unpack")
def unstack(b: Builder, value: Operand, num: Operand = None, axis: Operand = 0) -> list[Value]:
    """The slices of x along an axis, without it."""
    x = tensor(b, value)
    at = axis_of(axis, x.rank)
    count = num if num is not None else x.shape[at]
    if count is None:
        raise UnsupportedAttribute("tf.unstack of an axis whose length is not known")
    return [b.squeeze(b.slice(x, at, i, i + 1), at) for i in range(int(count))]


@tf("split")
def split(b: Builder, value: Operand, num_or_size_splits: Operand, axis: Operand = 0, num: Operand = None) -> list[Value]:
    """Equal parts of x along an axis, or parts of these lengths, one of which may be -1; TensorFlow up to 0.12 has the axis first."""
    if isinstance(value, int):
        value, axis = axis, value
    x, sizes = tensor(b, value), number(num_or_size_splits, "a split")
    at = axis_of(axis, x.rank)
    length = x.shape[at]
    if length is None:
        return _split_of_free_length(b, x, at, sizes)
    if not isinstance(sizes, list):
        if length % int(sizes):
            raise ModelError(f"tf.split of an axis of length {length} in {sizes} parts")
        return b.split(x, int(sizes), at)
    if -1 in sizes:
        sizes = [length - sum(s for s in sizes if s != -1) if s == -1 else s for s in sizes]
    if sum(sizes) != length:
        raise ModelError(f"parts of lengths {sizes} of an axis of length {length}")
    starts = np.cumsum([0, *sizes]).tolist()
    return [b.slice(x, at, start, start + n) for start, n in zip(starts, sizes, strict=False)]


def _split_of_free_length(b: Builder, x: Value, at: int, sizes: Any) -> list[Value]:
    """Parts of an axis whose length is known only at run time; that they are all of it is seen then."""
    length = b.vector([b.dim(x, at)])
    if not isinstance(sizes, list):
        parts = b.Expand(b.Div(length, b.ints([int(sizes)])), b.ints([int(sizes)]))
        return list(b.ops("Split", x, parts, outputs=int(sizes), axis=at))
    rest = b.Sub(length, b.ints([sum(s for s in sizes if s != -1)]))
    parts = b.vector([rest if s == -1 else int(s) for s in sizes])
    return list(b.ops("Split", x, parts, outputs=len(sizes), axis=at))


@tf("raw_ops.Split")
def raw_split(b: Builder, axis: Operand, value: Operand, num_split: int = 1) -> list[Value]:
    """Equal parts; the axis comes first."""
    return split(b, value, num_split, axis)


@tf("raw_ops.SplitV")
def raw_split_v(b: Builder, value: Operand, size_splits: Operand, axis: Operand, num_split: int = 1) -> list[Value]:
    """Parts of these lengths, one of which may be -1."""
    x = tensor(b, value)
    if not isinstance(size_splits, Value) or size_splits.const is not None:
        return split(b, x, size_splits, axis)
    at, sizes = axis_of(axis, x.rank), b.cast(size_splits, "int64")
    free = b.Less(sizes, 0)
    rest = b.Sub(b.vector([b.dim(x, at)]), b.ReduceSum(b.Where(free, 0, sizes), b.ints([0]), keepdims=1))
    return list(b.ops("Split", x, b.Where(free, rest, sizes), outputs=int(num_split), axis=at))


@tf("raw_ops.Concat")
def concat_of_axis(b: Builder, concat_dim: Operand, values: Any) -> Value:
    """Tensors one behind the other; the axis comes first."""
    return concat(b, values, concat_dim)


@tf("raw_ops.ConcatV2")
def raw_concat(b: Builder, values: Any, axis: Operand) -> Value:
    """Tensors one behind the other; the axis comes last."""
    return concat(b, values, axis)


# -- repeating and padding --------------------------------------------------------------------------------------------


@tf("tile", "raw_ops.Tile")
def tile(b: Builder, input_: Operand, multiples: Operand) -> Value:
    """x repeated as a whole along each axis."""
    x, times = tensor(b, input_), lengths(b, multiples)
    shape = tuple(None if d is None or not isinstance(t, int) else d * t for d, t in zip(x.shape, times, strict=True))
    return b.op("Tile", x, b.vector(times), out_shape=shape)


@tf("repeat")
def repeat(b: Builder, input_: Operand, repeats: Operand, axis: Operand = None) -> Value:
    """Each element (or slice along an axis) repeated, all as often or each as its own number says."""
    x, times = tensor(b, input_), number(repeats, "repeats")
    x, at = (b.reshape(x, [-1]), 0) if axis is None else (x, axis_of(axis, x.rank))
    counts = times if isinstance(times, list) else [times]
    length = x.shape[at]
    if len(counts) > 1 or length is not None:
        counts = counts if len(counts) > 1 else counts * (length or 0)
        bounded("repeat", sum(map(int, counts)))
        return b.Gather(x, b.ints([i for i, n in enumerate(counts) for _ in range(int(n))]), axis=at)
    wide = b.Tile(b.unsqueeze(x, at + 1), b.ints([int(counts[0]) if i == at + 1 else 1 for i in range(x.rank + 1)]))
    return b.reshape(
        wide, [-1 if i == at else b.dim(x, i) for i in range(x.rank)], tuple(None if i == at else d for i, d in enumerate(x.shape))
    )


@tf("broadcast_to", "raw_ops.BroadcastTo")
def broadcast_to(b: Builder, input_: Operand, shape: Operand) -> Value:
    """x repeated along axes of length 1 to this shape."""
    x, target = tensor(b, input_), lengths(b, shape)
    if any(d == -1 for d in target if isinstance(d, int)):
        raise UnsupportedAttribute("tf.broadcast_to with a length of -1")
    return b.Expand(x, b.vector(target), out_shape=known(target))


@tf("pad", "raw_ops.Pad", "raw_ops.PadV2")
def pad(b: Builder, tensor_: Operand, paddings: Operand, constant_values: Operand = 0, mode: str = "CONSTANT") -> Value:
    """x with elements before and after along each axis: a constant, or x reflected about its edges or beyond them."""
    x, kind = tensor(b, tensor_), str(mode).upper()
    if kind not in ("CONSTANT", "REFLECT", "SYMMETRIC"):
        raise UnsupportedAttribute(f"tf.pad with mode={mode!r}")
    if isinstance(paddings, Value) and paddings.const is None:
        edges = b.reshape(b.transpose(b.cast(paddings, "int64"), [1, 0]), [2 * x.rank])
        if kind == "SYMMETRIC":
            return _symmetric_computed(b, x, edges)
    else:
        pairs = number(paddings, "a padding")
        if kind == "SYMMETRIC":
            return _symmetric(b, x, pairs)
        edges = b.ints([int(p[0]) for p in pairs] + [int(p[1]) for p in pairs])
    if kind == "REFLECT":
        return b.Pad(x, edges, None, mode="reflect")
    nothing = x.dtype == "string" and isinstance(constant_values, int)
    return b.Pad(x, edges, tensor(b, b"" if nothing else constant_values, x.dtype))


@tf("raw_ops.MirrorPad")
def mirror_pad(b: Builder, input_: Operand, paddings: Operand, mode: str) -> Value:
    """x reflected about its edges or beyond them."""
    return pad(b, input_, paddings, mode=mode)


def _symmetric(b: Builder, x: Value, pairs: Any) -> Value:
    for axis, (before, after) in enumerate(pairs):
        parts = [flipped(b, b.slice(x, axis, 0, int(before)), [axis])] if before else []
        parts += [x] + ([flipped(b, b.slice(x, axis, -int(after)), [axis])] if after else [])
        x = joined(b, parts, axis)
    return x


def _symmetric_computed(b: Builder, x: Value, edges: Value) -> Value:
    """x mirrored beyond its edges by numbers of elements that are known only at run time (edges: all before, then all after)."""
    for axis in range(x.rank):
        before, after = (b.slice(edges, 0, place, place + 1) for place in (axis, x.rank + axis))
        length = b.vector([b.dim(x, axis)])
        last = b.Add(length, after)
        places = b.Range(b.reshape(b.Neg(before), []), b.reshape(last, []), b.const(1))
        around = b.Mod(places, b.Mul(length, 2))
        x = b.Gather(x, b.Where(b.Less(around, length), around, b.Sub(b.Sub(b.Mul(length, 2), 1), around)), axis=axis)
    return x


# -- casts and copies -------------------------------------------------------------------------------------------------


@tf("cast", "raw_ops.Cast")
def cast(b: Builder, x: Operand, dtype: str, Truncate: bool = False) -> Value:
    """x in another dtype; towards zero to integers."""
    y = tensor(b, x)
    if not dtypes.known(str(dtype)) or str(dtype).startswith("complex"):
        raise UnsupportedAttribute(f"tf.cast to {dtype}")
    return b.cast(y, str(dtype))


def _cast_to(dtype: str) -> Callable[..., Value]:
    def rule(b: Builder, x: Operand) -> Value:
        return b.cast(tensor(b, x), dtype)

    return rule


for _old, _dtype in (("float", "float32"), ("double", "float64"), ("int32", "int32"), ("int64", "int64"), ("bfloat16", "bfloat16")):
    tf(f"to_{_old}")(_cast_to(_dtype))


@tf("dtypes.saturate_cast")
def saturate_cast(b: Builder, value: Operand, dtype: str) -> Value:
    """x clipped to what another dtype holds, and in it."""
    from loadstone.ir import Layer

    return keras_cast(b, Layer("SaturateCast", "", {"dtype": dtype}, domain="keras.ops"), tensor(b, value))


@tf("constant")
def constant(b: Builder, value: Operand, dtype: str | None = None, shape: Operand = None) -> Value:
    """A constant; in a shape that holds as many numbers, or filled with its one number."""
    x = tensor(b, value, dtype)
    if shape is None:
        return x
    target = [int(d) for d in number(shape, "a shape")]
    if None in x.shape or prod(d or 0 for d in x.shape) not in (1, prod(target)):
        raise UnsupportedAttribute(f"tf.constant of a value of shape {x.shape} in the shape {target}")
    if prod(d or 0 for d in x.shape) == prod(target):
        return b.reshape(x, target)
    return b.Expand(b.reshape(x, []), b.ints(target), out_shape=tuple(target))


@tf("convert_to_tensor")
def convert_to_tensor(b: Builder, value: Operand, dtype: str | None = None, dtype_hint: str | None = None) -> Value:
    """x as a tensor."""
    return tensor(b, value, dtype or (dtype_hint if not isinstance(value, Value) else None))


@tf(
    "identity",
    "stop_gradient",
    *(f"raw_ops.{op}" for op in "Identity StopGradient Snapshot PreventGradient".split()),
)
def identity(b: Builder, input_: Operand, message: Any = None) -> Value:
    """x."""
    return tensor(b, input_)


@tf("identity_n", "tuple", "raw_ops.IdentityN")
def identity_n(b: Builder, input_: Any) -> list[Value]:
    """The same tensors."""
    return [tensor(b, x) for x in (input_ if isinstance(input_, (list, tuple)) else [input_])]


@tf("ensure_shape", "debugging.check_numerics", "raw_ops.EnsureShape")
def ensure_shape(b: Builder, x: Operand, shape: Any = None, message: Any = None) -> Value:
    """x, whose shape is known better now."""
    y = tensor(b, x)
    if shape is None:
        return y
    given = shape.get("items", ()) if isinstance(shape, dict) else shape
    wanted = tuple(None if d in (None, -1) else int(d) for d in given)
    if len(wanted) != y.rank or any(None not in (d, w) and d != w for d, w in zip(y.shape, wanted, strict=True)):
        raise ModelError(f"a tensor of shape {y.shape} where {wanted} is ensured")
    if all(w is None or d == w for d, w in zip(y.shape, wanted, strict=True)):
        return y
    return b.reshape(y, [w if w is not None else b.dim(y, i) for i, w in enumerate(wanted)], wanted)


# -- made of nothing --------------------------------------------------------------------------------------------------


@tf("zeros_like", "raw_ops.ZerosLike")
def zeros_like(b: Builder, input_: Operand, dtype: str | None = None, optimize: bool = True) -> Value:
    """Zeros in the shape of x."""
    x = tensor(b, input_)
    return b.full(b.dims(x), 0, dtype or x.dtype)


@tf("ones_like", "raw_ops.OnesLike")
def ones_like(b: Builder, input_: Operand, dtype: str | None = None, optimize: bool = True) -> Value:
    """Ones in the shape of x."""
    x = tensor(b, input_)
    return b.full(b.dims(x), 1, dtype or x.dtype)


@tf("zeros")
def zeros(b: Builder, shape: Operand, dtype: str = "float32") -> Value:
    """Zeros."""
    return b.full(lengths(b, shape), 0, dtype)


@tf("ones")
def ones(b: Builder, shape: Operand, dtype: str = "float32") -> Value:
    """Ones."""
    return b.full(lengths(b, shape), 1, dtype)


@tf("fill", "raw_ops.Fill")
def fill(b: Builder, dims: Operand, value: Operand) -> Value:
    """One value everywhere."""
    target, scalar = lengths(b, dims), tensor(b, value)
    return b.Expand(scalar, b.vector(target), out_shape=known(target)) if target else scalar


@tf("range")
def range_of(b: Builder, start: Operand, limit: Operand = None, delta: Operand = 1, dtype: str | None = None) -> Value:
    """Numbers from start to below limit."""
    first, end = (0, start) if limit is None else (start, limit)
    low, high, step = alike(b, first, end, delta)
    if dtype is not None:
        low, high, step = (b.cast(v, dtype) for v in (low, high, step))
    elif not any(isinstance(v, Value) for v in (first, end, delta)) and any(isinstance(v, float) for v in (first, end, delta)):
        low, high, step = (b.const(v, "float32") for v in (first, end, delta))
    small = low.dtype not in ("float32", "float64", "int32", "int64")
    y = b.Range(*((b.cast(v, "int64") if small else v) for v in (b.reshape(low, []), b.reshape(high, []), b.reshape(step, []))))
    return b.cast(y, low.dtype)


@tf("eye")
def eye(b: Builder, num_rows: Operand, num_columns: Operand = None, batch_shape: Operand = None, dtype: str = "float32") -> Value:
    """Ones on the diagonal."""
    rows, columns = lengths(b, [num_rows, num_rows if num_columns is None else num_columns])
    one, other = (b.Range(b.const(0), b.reshape(b.vector([n]), []), b.const(1)) for n in (rows, columns))
    y = b.cast(b.Equal(b.unsqueeze(one, 1), b.unsqueeze(other, 0)), dtype)
    target = [*(lengths(b, batch_shape) if batch_shape is not None else []), rows, columns]
    return b.Expand(y, b.vector(target), out_shape=known(target))


@tf("sequence_mask")
def sequence_mask(b: Builder, lengths_: Operand, maxlen: Operand = None, dtype: str = "bool") -> Value:
    """True for the first n places, for each n."""
    counts = tensor(b, lengths_)
    longest = b.ReduceMax(counts, keepdims=0) if maxlen is None else tensor(b, maxlen)
    places = b.Range(b.const(0), b.reshape(b.cast(longest, "int64"), []), b.const(1))
    if longest.const is not None:
        places = b.const(np.arange(int(longest.array())))
    return b.cast(b.Less(places, b.unsqueeze(b.cast(counts, "int64"), counts.rank)), dtype)


@tf("linspace")
def linspace(b: Builder, start: Operand, stop: Operand, num: Operand, axis: Operand = 0) -> Value:
    """Numbers at equal distances from start to stop, both included."""
    low, high = alike(b, start, stop)
    count = int(number(num, "a count"))
    at = axis_of(axis, low.rank + 1)
    steps = b.unsqueeze(b.const(np.arange(max(count, 1)) / max(count - 1, 1), low.dtype), *(i for i in range(low.rank + 1) if i != at))
    wide, delta = b.unsqueeze(low, at), b.unsqueeze(b.Sub(high, low), at)
    inner = b.Add(wide, b.Mul(steps, delta))
    return inner if count < 2 else b.Concat(b.slice(inner, at, 0, count - 1), b.unsqueeze(high, at), axis=at)
