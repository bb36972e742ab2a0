"""Merging layers: Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot, and the products of Keras 1's Merge.

Semantics: keras/src/layers/merging of Keras 3, masks included. Up to Keras 3.3 (and in tf.keras) a merged mask was what all
inputs leave, inputs without one aside, and masks changed no values; history spells that as the option `masks` "all".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import l2_normalize
from loadstone.lowering.keras.promotion import added, promoted
from loadstone.lowering.registry import keras_layer

_FUZZ = 1e-7  # keras.backend.epsilon()

Masks = list[Value | None]
Combine = Callable[[Value, Value], Value]


# -- masks ------------------------------------------------------------------------------------------------------------


def _flags(call: Any) -> Masks:
    masks = call.previous_mask
    return list(masks) if isinstance(masks, (list, tuple)) else [masks]


def merged_mask(b: Builder, layer: Layer, call: Any) -> Value | None:
    """Where any input is to be seen; None where an input has no mask."""
    masks = _flags(call)
    present = [m for m in masks if m is not None]
    if layer.config.get("masks") == "all":
        return reduce(b.And, present) if present else None
    return reduce(b.Or, present) if len(present) == len(masks) else None


def concatenated_mask(b: Builder, layer: Layer, call: Any) -> Value | None:
    """Masks concatenated as the inputs are, inputs without one all true, reduced over the last axis."""
    masks, inputs = _flags(call), _tensors(layer, call.first)
    if all(m is None for m in masks):
        return None
    parts = []
    for x, mask in zip(inputs, masks, strict=True):
        if mask is None:
            mask = b.full([1] * x.rank, True, "bool")
        elif mask.rank < x.rank:
            mask = b.unsqueeze(mask, -1)
        parts.append(b.Expand(mask, b.vector(b.dims(x)), out_shape=x.shape))
    whole = b.cast(_concatenate(b, layer, parts), "int32")
    over = b.ReduceMin if layer.config.get("masks") == "all" else b.ReduceMax
    return b.cast(over(whole, b.ints([-1]), keepdims=0), "bool")


# -- elementwise ------------------------------------------------------------------------------------------------------


def _tensors(layer: Layer, inputs: Any) -> list[Value]:
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ModelError(f"{layer.class_name} is called on something that is no list of tensors")
    return list(inputs)


def _aligned(b: Builder, layer: Layer, inputs: Any) -> list[Value]:
    """Inputs in one dtype and rank: tensors of lower rank get axes of length 1 behind the batch."""
    tensors = promoted(b, _tensors(layer, inputs))
    rank = max(x.rank for x in tensors)
    return [b.unsqueeze(x, *range(1, 1 + rank - x.rank)) if x.rank else x for x in tensors]


def _masks_of(layer: Layer, tensors: list[Value], masks: Any) -> Masks:
    """The masks that change values: none in old releases, and none where ranks differ, since expanding drops them."""
    if layer.config.get("masks") == "all" or len({x.rank for x in tensors}) > 1 or not isinstance(masks, (list, tuple)):
        return [None] * len(tensors)
    return list(masks)


@keras_layer("Add", options="masks broadcasts", masking=merged_mask)
def add(b: Builder, layer: Layer, inputs: Any) -> Value:
    """The sum of all inputs."""
    return _sum(b, layer, _aligned(b, layer, inputs))


@keras_layer("Subtract", options="masks", masking=merged_mask)
def subtract(b: Builder, layer: Layer, inputs: Any) -> Value:
    """The first of two inputs less the second."""
    tensors = _aligned(b, layer, inputs)
    if len(tensors) != 2:
        raise ModelError(f"Subtract is called on {len(tensors)} tensors")
    return b.Sub(*tensors)


@keras_layer("Average", options="masks broadcasts", masking=merged_mask)
def average(b: Builder, layer: Layer, inputs: Any) -> Value:
    """The mean of all inputs; of integers a float, of 64 bits where they have 32 or more (TensorFlow's true division)."""
    tensors = _aligned(b, layer, inputs)
    total = _sum(b, layer, tensors)
    if not dtypes.is_float(total.dtype):
        total = b.cast(total, "float64" if dtypes.itemsize(total.dtype) >= 4 else "float32")
    return b.Div(total, len(tensors))


def _sum(b: Builder, layer: Layer, tensors: list[Value]) -> Value:
    return reduce(lambda x, y: added(b, layer, x, y), tensors)


@keras_layer("Multiply", options="masks", masking=merged_mask)
def multiply(b: Builder, layer: Layer, inputs: Any, inputs_mask: Any = None) -> Value:
    """The product of all inputs; masked elements count as 1, and as 0 where every input is masked."""
    tensors = _aligned(b, layer, inputs)
    masks = _masks_of(layer, _tensors(layer, inputs), inputs_mask)
    seen = [x if m is None else b.Where(_spread(b, m), x, 1) for x, m in zip(tensors, masks, strict=True)]
    present = [m for m in masks if m is not None]
    product = reduce(b.Mul, seen)
    return product if len(present) < len(masks) else b.Where(_spread(b, reduce(b.Or, present)), product, 0)


@keras_layer("Maximum", options="masks", masking=merged_mask)
def maximum(b: Builder, layer: Layer, inputs: Any, inputs_mask: Any = None) -> Value:
    """The largest of all inputs that are not masked."""
    return _extreme(b, layer, inputs, inputs_mask, b.Max)


@keras_layer("Minimum", options="masks", masking=merged_mask)
def minimum(b: Builder, layer: Layer, inputs: Any, inputs_mask: Any = None) -> Value:
    """The smallest of all inputs that are not masked."""
    return _extreme(b, layer, inputs, inputs_mask, b.Min)


def _extreme(b: Builder, layer: Layer, inputs: Any, masks: Any, combine: Combine) -> Value:
    """Step by step: where one side is masked, the other stands for both (`_apply_merge_op_and_or_mask`)."""
    tensors = _aligned(b, layer, inputs)
    flags = _masks_of(layer, _tensors(layer, inputs), masks)
    y, seen = tensors[0], flags[0]
    for x, mask in zip(tensors[1:], flags[1:], strict=True):
        if mask is not None:
            x = b.Where(_spread(b, mask), x, y)
        if seen is not None:
            y = b.Where(_spread(b, seen), y, x)
        seen = b.Or(seen, mask) if seen is not None and mask is not None else None
        y = combine(y, x)
    return y


def _spread(b: Builder, mask: Value) -> Value:
    """A mask for the elements of the last axis."""
    return b.unsqueeze(mask, -1)


# -- concatenation and dot products -----------------------------------------------------------------------------------


@keras_layer("Concatenate", options="axis masks", masking=concatenated_mask)
def concatenate(b: Builder, layer: Layer, inputs: Any) -> Value:
    """All inputs one after another along an axis."""
    return _concatenate(b, layer, promoted(b, _tensors(layer, inputs)))


def _concatenate(b: Builder, layer: Layer, tensors: list[Value]) -> Value:
    return tensors[0] if len(tensors) == 1 else b.Concat(*tensors, axis=int(layer.config.get("axis", -1)))


@keras_layer("Dot", options="axes normalize masks", masking="stop")
def dot(b: Builder, layer: Layer, inputs: Any) -> Value:
    """Sums of products over one axis of each of two inputs, sample by sample; of unit vectors where `normalize`."""
    tensors = promoted(b, _tensors(layer, inputs))
    if len(tensors) != 2:
        raise ModelError(f"Dot is called on {len(tensors)} tensors")
    axes = layer.config["axes"]
    first, second = (axis % x.rank for axis, x in zip([axes, axes] if isinstance(axes, int) else axes, tensors, strict=True))
    x, y = tensors
    if layer.config.get("normalize"):
        x, y = l2_normalize(b, x, first), l2_normalize(b, y, second)
    return batch_dot(b, x, y, first, second)


def batch_dot(b: Builder, x: Value, y: Value, first: int, second: int) -> Value:
    """x (batch, ...) and y (batch, ...) summed over axis `first` of x and `second` of y; the rest of x, then of y.

    Two matrices give (batch, 1).
    """
    if not first or not second:
        raise ModelError("Dot over the axis of the batch")
    x_rest, y_rest = ([i for i in range(1, v.rank) if i != axis] for v, axis in ((x, first), (y, second)))
    left = b.transpose(x, [0, *x_rest, first])
    right = b.transpose(y, [0, second, *y_rest])
    lengths = [b.dim(x, i) for i in x_rest] + [b.dim(y, i) for i in y_rest]
    shape = (x.shape[0] if x.shape[0] is not None else y.shape[0], *(x.shape[i] for i in x_rest), *(y.shape[i] for i in y_rest))
    product = b.MatMul(_as_matrix(b, left, len(x_rest), True), _as_matrix(b, right, len(y_rest), False))
    if not x_rest and not y_rest:
        return b.squeeze(product, 1)
    if len(x_rest) == 1 and len(y_rest) == 1:
        return product
    return b.reshape(product, [b.dim(x, 0), *lengths], shape)


def _as_matrix(b: Builder, x: Value, rest: int, rows: bool) -> Value:
    """(batch, *rest, n) as (batch, rows, n), or (batch, n, *rest) as (batch, n, columns)."""
    if rest == 1:
        return x
    if rest == 0:
        return b.unsqueeze(x, 1 if rows else 2)
    n = b.dim(x, -1 if rows else 1)
    return b.reshape(
        x,
        [b.dim(x, 0), -1, n] if rows else [b.dim(x, 0), n, -1],
        (x.shape[0], None, x.shape[-1]) if rows else (x.shape[0], x.shape[1], None),
    )


@keras_layer("Merge", options="mode dot_axes", masking="stop")
def merge(b: Builder, layer: Layer, inputs: Any) -> Value:
    """Keras 1: mode "dot", sums of products; and "cos", those over the lengths, with an axis of 1 after the batch.

    keras/engine/topology.py of 1.2.2, `Merge.call`; the lengths' product is epsilon at least.
    """
    tensors = promoted(b, _tensors(layer, inputs))
    if len(tensors) != 2 or max(x.rank for x in tensors) > 3:
        raise ModelError(f"a Merge of {len(tensors)} tensors of shapes {[x.shape for x in tensors]} with mode {layer.config['mode']!r}")
    axes = layer.config["dot_axes"]
    first, second = (axis % x.rank for axis, x in zip([axes, axes] if isinstance(axes, int) else axes, tensors, strict=True))
    x, y = tensors
    product = batch_dot(b, x, y, first, second)
    if layer.config["mode"] == "dot":
        return product
    lengths = b.Sqrt(b.Mul(batch_dot(b, x, x, first, first), batch_dot(b, y, y, second, second)))
    return b.unsqueeze(b.Div(product, b.Max(lengths, _FUZZ)), 1)
