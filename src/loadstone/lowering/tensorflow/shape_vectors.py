"""Ops that compute with shapes, and ops that make or pass on tensors without looking at them.

Semantics: tensorflow/core/ops/array_ops.cc; tensorflow/core/util/bcast.h for broadcasting.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.gathering import blank
from loadstone.lowering.tensorflow.host_calls import Array, called
from loadstone.lowering.tensorflow.joining import concat
from loadstone.lowering.tensorflow.shaping import shape
from loadstone.lowering.tensorflow.symbols import Operand, alike, lengths, number, tensor, tf


@tf("shape_n", "raw_ops.ShapeN")
def shape_n(b: Builder, input_: Any, out_type: str = "int32") -> list[Value]:
    """The shapes of several tensors."""
    if not isinstance(input_, (list, tuple)):
        raise ModelError("tf.shape_n of what is no list")
    return [shape(b, x, out_type) for x in input_]


@tf("broadcast_dynamic_shape", "raw_ops.BroadcastArgs")
def broadcast_args(b: Builder, s0: Operand, s1: Operand) -> Value:
    """The shape of an elementwise result."""
    one, other = alike(b, s0, s1)
    x, y = lengths(b, one), lengths(b, other)
    rank = max(len(x), len(y))
    pairs = zip([1] * (rank - len(x)) + x, [1] * (rank - len(y)) + y, strict=True)
    dims = [_broadcast(b, p, q) for p, q in pairs]
    return b.cast(b.vector(dims) if dims else b.ints([]), one.dtype)


def _broadcast(b: Builder, p: int | Value, q: int | Value) -> int | Value:
    if isinstance(p, int) and isinstance(q, int):
        if 1 not in (p, q) and p != q:
            raise ModelError(f"lengths {p} and {q} do not go together")
        return q if p == 1 else p
    if isinstance(p, int):
        return q if p == 1 else p
    if isinstance(q, int):
        return p if q == 1 else q
    return b.Where(b.Equal(p, 1), q, p)


@tf("raw_ops.BroadcastGradientArgs")
def broadcast_gradient_args(b: Builder, s0: Operand, s1: Operand) -> list[Value]:
    """The axes along which each of two shapes is broadcast, or of length 1 in the result."""
    one, other = alike(b, s0, s1)

    def axes(x: Array, y: Array) -> tuple[Array, Array]:
        rank = max(len(x), len(y))
        p, q = ([1] * (rank - len(v)) + v.tolist() for v in (x, y))
        if any(a != c and 1 not in (a, c) for a, c in zip(p, q, strict=True)):
            raise ValueError(f"shapes {x.tolist()} and {y.tolist()} do not go together")
        if x.tolist() == y.tolist():
            return x[:0], x[:0]
        both = [i for i in range(rank) if p[i] == q[i] == 1]
        found = (sorted({i for i in range(rank) if v[i] == 1 and w[i] != 1} | set(both)) for v, w in ((p, q), (q, p)))
        first, second = (np.asarray(v, x.dtype) for v in found)
        return first, second

    return called(b, "BroadcastGradientArgs", axes, [one, other], [((None,), one.dtype)] * 2)


@tf("raw_ops.ConcatOffset")
def concat_offset(b: Builder, concat_dim: Operand, shape: Any) -> list[Value]:
    """Where each of the tensors of these shapes begins when they are put one behind the other."""
    values = alike(b, *shape)
    shapes = [lengths(b, v) for v in values]
    rank, axis = len(shapes[0]), int(number(concat_dim, "an axis"))
    if any(len(s) != rank for s in shapes) or not -rank <= axis < rank:
        raise ModelError(f"offsets of tensors of ranks {[len(s) for s in shapes]} along axis {axis}")
    offset: int | Value = 0
    found = []
    for dims in shapes:
        starts: list[int | Value] = [0] * rank
        starts[axis] = offset
        found.append(b.cast(b.vector(starts), values[0].dtype))
        step = dims[axis]
        if isinstance(offset, int) and isinstance(step, int):
            offset += step
        else:
            offset = b.Add(b.vector([offset]), b.vector([step]))
    return found


@tf("raw_ops.ParallelConcat")
def parallel_concat(b: Builder, values: Any, shape: Any = None) -> Value:
    """Tensors one behind the other along axis 0."""
    return concat(b, values, 0)


@tf("raw_ops.Empty")
def empty(b: Builder, shape: Operand, dtype: str = "float32", init: bool = False) -> Value:
    """A tensor of this shape: zeros, also where nothing is promised."""
    return blank(b, lengths(b, shape), dtype)


@tf("raw_ops.FakeParam")
def fake_param(b: Builder, dtype: str = "float32", shape: Any = None) -> Value:
    """What stands for a tensor that only the other branch of a condition makes."""
    return blank(b, [d or 0 for d in shape or ()], dtype)


@tf("raw_ops.GuaranteeConst", "raw_ops.DeepCopy", "raw_ops.Copy", "raw_ops.CopyHost")
def passed_on(b: Builder, input_: Operand) -> Value:
    """x."""
    return tensor(b, input_)
