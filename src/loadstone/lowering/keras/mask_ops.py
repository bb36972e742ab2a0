"""The `keras.ops` operations that Keras 3 itself writes into a Functional model where layers make masks.

When a layer is called on a symbolic tensor its mask is symbolic too: `compute_mask` of Embedding, Masking and the merging
layers leaves NotEqual, Any, LogicalOr and their kin as operations of the model, and the mask as an argument of the next call.
Semantics: keras/src/ops/numpy.py with the TensorFlow backend.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Layer, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.promotion import as_values
from loadstone.lowering.registry import keras_op


def _flag(b: Builder, x: Any) -> Value:
    return b.cast(x, "bool") if isinstance(x, Value) else b.const(bool(x))


@keras_op("Equal")
def equal(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """True where both are the same, compared in their common dtype."""
    return b.Equal(*as_values(b, [x1, x2]))  # type: ignore[no-any-return]


@keras_op("NotEqual")
def not_equal(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """True where they differ."""
    return b.Not(equal(b, layer, x1, x2))  # type: ignore[no-any-return]


@keras_op("LogicalAnd")
def logical_and(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """True where both are not zero."""
    return b.And(_flag(b, x1), _flag(b, x2))  # type: ignore[no-any-return]


@keras_op("LogicalOr")
def logical_or(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """True where one is not zero."""
    return b.Or(_flag(b, x1), _flag(b, x2))  # type: ignore[no-any-return]


@keras_op("LogicalNot")
def logical_not(b: Builder, layer: Layer, x: Any) -> Value:
    """True where x is zero."""
    return b.Not(_flag(b, x))  # type: ignore[no-any-return]


@keras_op("Any")
def any_true(b: Builder, layer: Layer, x: Value) -> Value:
    """Whether anything along the axes (all, where there is none) is not zero."""
    return _reduced(b, layer, "ReduceMax", x)


@keras_op("All")
def all_true(b: Builder, layer: Layer, x: Value) -> Value:
    """Whether everything along the axes (all, where there is none) is not zero."""
    return _reduced(b, layer, "ReduceMin", x)


def _reduced(b: Builder, layer: Layer, kind: str, x: Value) -> Value:
    axis = layer.config.get("axis")
    axes = list(range(x.rank)) if axis is None else [int(a) for a in flatten(axis)]
    counts = b.cast(_flag(b, x), "int32")
    return b.cast(b.op(kind, counts, b.ints(axes), keepdims=int(bool(layer.config.get("keepdims")))), "bool")


@keras_op("ExpandDims")
def expand_dims(b: Builder, layer: Layer, x: Value) -> Value:
    """x with new axes of length 1 at these places of the result."""
    return b.unsqueeze(x, *(int(a) for a in flatten(layer.config["axis"])))


@keras_op("ZerosLike")
def zeros_like(b: Builder, layer: Layer, x: Value, dtype: Any = None) -> Value:
    """Zeros of the shape of x."""
    return b.full(b.dims(x), 0, str(dtype or layer.config.get("dtype") or x.dtype))


@keras_op("OnesLike")
def ones_like(b: Builder, layer: Layer, x: Value, dtype: Any = None) -> Value:
    """Ones of the shape of x."""
    return b.full(b.dims(x), 1, str(dtype or layer.config.get("dtype") or x.dtype))


@keras_op("Concatenate")
def concatenate(b: Builder, layer: Layer, xs: Any) -> Value:
    """Tensors in their common dtype, one behind the other along an axis."""
    return b.Concat(*as_values(b, flatten(xs)), axis=int(layer.config.get("axis", 0)))  # type: ignore[no-any-return]


@keras_op("BroadcastTo")
def broadcast_to(b: Builder, layer: Layer, x: Value) -> Value:
    """x in a shape; a length of None, as Keras 3.4 to 3.11 wrote it where masks are concatenated, is that of x."""
    shape = layer.config["shape"]
    if len(shape) < x.rank:
        raise ModelError(f"a tensor of shape {x.shape} cannot become one of shape {tuple(shape)}")
    lead = len(shape) - x.rank
    dims = [b.dim(x, k - lead) if d is None and k >= lead else int(d) for k, d in enumerate(shape)]
    return b.Expand(x, b.vector(dims), out_shape=tuple(d if isinstance(d, int) else None for d in dims))  # type: ignore[no-any-return]
