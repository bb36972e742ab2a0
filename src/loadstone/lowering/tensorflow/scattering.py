"""Slices of a tensor replaced, or combined with others, at places that are rows of indices.

Semantics: tensorflow/core/kernels/scatter_nd_op.cc, inplace_ops.cc. Updates come in order: where places are equal the last one stays.
A place that does not exist is an error when the model runs; the policy "IGNORE" drops its update.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.gathering import blank, existing, gather, inside
from loadstone.lowering.tensorflow.symbols import Operand, alike, enter, lengths, tensor, tf

_WIDER = {"float16": "float32", "bfloat16": "float32", "bool": "uint8"}  # where engines do not combine


def scattered(b: Builder, x: Value, indices: Value, updates: Value, kind: str = "none", policy: str = "") -> Value:
    """x with updates at places, in place of what is there or combined with it ("add", "mul", "min", "max").

    x (d1, ..., dn, slice...), indices (places..., n), updates (places..., slice...) -> x's shape. A vector of indices is one of rows.
    """
    places = b.cast(indices if indices.rank != 1 else b.unsqueeze(indices, 1), "int64")
    depth = places.shape[-1] if places.rank else None
    if depth is None:
        raise UnsupportedAttribute(f"a scatter at indices of shape {indices.shape}")
    if not 0 < depth <= x.rank or updates.rank != places.rank - 1 + x.rank - depth:
        raise ModelError(
            f"a scatter of updates of shape {updates.shape} at indices of shape {indices.shape} into a tensor of shape {x.shape}"
        )
    if policy == "IGNORE":
        return _ignoring(b, x, places, updates, kind)
    return _combined(b, x, existing(b, places), updates, kind)


def _combined(b: Builder, x: Value, places: Value, updates: Value, kind: str) -> Value:
    if kind == "none":
        return b.ScatterND(x, places, updates)
    if kind in ("min", "max") and dtypes.is_float(x.dtype):  # a NaN that is there stays, others do not count
        tame = b.Where(b.IsNaN(updates), np.inf if kind == "min" else -np.inf, updates)
        return b.Where(b.IsNaN(x), x, _reduced(b, x, places, tame, kind))
    return _reduced(b, x, places, updates, kind)


def _reduced(b: Builder, x: Value, places: Value, updates: Value, kind: str) -> Value:
    wide = _WIDER.get(x.dtype, x.dtype)
    kind = {"add": "max", "mul": "min"}.get(kind, kind) if x.dtype == "bool" else kind
    return b.cast(b.ScatterND(b.cast(x, wide), places, b.cast(updates, wide), reduction=kind), x.dtype)


def _ignoring(b: Builder, x: Value, places: Value, updates: Value, kind: str) -> Value:
    """The updates whose places exist: those places are picked first."""
    found = b.reshape(inside(b, x, places), [-1])
    rows = b.reshape(b.NonZero(found), [-1])
    depth = places.shape[-1] or 0
    flat = b.Gather(b.reshape(places, [-1, depth]), rows, axis=0)
    rest = b.dims(x)[depth:]
    shape = (None, *(d if isinstance(d, int) else None for d in rest))
    slices = b.op("Reshape", updates, b.vector([b.reshape(b.Size(found), [1]), *rest]), out_shape=shape, allowzero=1)
    return _combined(b, x, flat, gather(b, slices, rows, 0), kind)


# -- tensors ----------------------------------------------------------------------------------------------------------


def _tensor_rule(kind: str) -> Callable[..., Value]:
    def rule(b: Builder, tensor_: Operand, indices: Operand, updates: Operand, bad_indices_policy: str = "") -> Value:
        x, new = alike(b, tensor_, updates)
        if kind == "sub":
            return scattered(b, x, tensor(b, indices), negated(b, new), "add", bad_indices_policy)
        return scattered(b, x, tensor(b, indices), new, kind, bad_indices_policy)

    return rule


def negated(b: Builder, x: Value) -> Value:
    """-x, wrapping around where there are no negative numbers."""
    return b.Sub(b.const(0, x.dtype), x)


for _name, _kind in (("update", "none"), ("add", "add"), ("sub", "sub"), ("min", "min"), ("max", "max")):
    enter(_tensor_rule(_kind), f"tensor_scatter_nd_{_name}", f"raw_ops.TensorScatter{_name.title()}")


@tf("raw_ops.ScatterNdNonAliasingAdd")
def scatter_add(b: Builder, input_: Operand, indices: Operand, updates: Operand, bad_indices_policy: str = "") -> Value:
    """x with updates added at places; of bools, or."""
    x, new = alike(b, input_, updates)
    return scattered(b, x, tensor(b, indices), new, "add", bad_indices_policy)


@tf("scatter_nd", "raw_ops.ScatterNd")
def scatter_nd(b: Builder, indices: Operand, updates: Operand, shape: Operand, bad_indices_policy: str = "") -> Value:
    """Zeros of this shape with updates added at places; strings are joined."""
    new = tensor(b, updates)
    return scattered(b, blank(b, lengths(b, shape), new.dtype), tensor(b, indices), new, "add", bad_indices_policy)


# -- rows -------------------------------------------------------------------------------------------------------------


def _row_rule(kind: str) -> Callable[..., Value]:
    def rule(b: Builder, x: Operand, i: Operand, v: Operand) -> Value:
        """x with rows replaced or changed; the number of a row is taken modulo the number of rows."""
        base, new = alike(b, x, v)
        places = tensor(b, i)
        new = new if places.rank else b.unsqueeze(new, 0)
        rows = b.Mod(b.reshape(b.cast(places, "int64"), [-1, 1]), b.vector([b.dim(base, 0)]))
        return scattered(b, base, rows, negated(b, new) if kind == "sub" else new, "add" if kind == "sub" else kind)

    return rule


for _name, _kind in (("Update", "none"), ("Add", "add"), ("Sub", "sub")):
    enter(_row_rule(_kind), f"raw_ops.Inplace{_name}")
