"""Tensors made of nothing but a shape or a few numbers.

Semantics: tensorflow/python/ops/array_ops.py, constant_op.py and math_ops.py (`range`).
"""

from __future__ import annotations

from math import prod

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, alike, axis_of, known, lengths, number, tensor, tf


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
