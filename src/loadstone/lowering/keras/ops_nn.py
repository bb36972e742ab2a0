"""Norms, normalizations, softmax and attention as functions of `keras.ops`.

Semantics and dtypes: keras/src/ops/nn.py and keras/src/backend/tensorflow/linalg.py and nn.py of Keras 3.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, dtypes, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activation_layers import masked_softmax
from loadstone.lowering.keras.activations import glu, log_softmax, softmax, sparsemax
from loadstone.lowering.keras.attention import causal_mask
from loadstone.lowering.keras.ops_reduce import axes_of, reduce
from loadstone.lowering.keras.ops_shape import static_axis
from loadstone.lowering.keras.ops_singular import singular_norm
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.keras.promotion import promoted, result_type
from loadstone.lowering.keras.special import single
from loadstone.lowering.registry import keras_op

# -- norms and normalizations -----------------------------------------------------------------------------------------


def _vector_norm(b: Builder, x: Value, order: Any, axes: list[int], keep: bool) -> Value:
    size = b.Abs(x)
    if order in (None, 2, "euclidean"):
        return b.Sqrt(reduce(b, "ReduceSum", b.Mul(x, x), axes, keep))
    if order in ("inf", "Infinity", np.inf):
        return reduce(b, "ReduceMax", size, axes, keep)
    if order in ("-inf", "-Infinity", -np.inf):
        return reduce(b, "ReduceMin", size, axes, keep)
    if order == 0:
        return reduce(b, "ReduceSum", b.cast(b.Not(b.Equal(x, 0)), x.dtype), axes, keep)
    if order == 1:
        return reduce(b, "ReduceSum", size, axes, keep)
    if not isinstance(order, (int, float)):
        raise UnsupportedAttribute(f"a norm with ord={order!r}")
    return b.Pow(reduce(b, "ReduceSum", b.Pow(size, order), axes, keep), 1 / order)


@keras_op("Norm", options="ord axis keepdims keeps_places")
def norm(b: Builder, layer: Layer, x: Value) -> Value:
    """The norm of vectors along an axis, or Frobenius' of matrices in two."""
    return _norm(b, layer, x, layer.config.get("ord"), bool(layer.config.get("keepdims")))


def _norm(b: Builder, layer: Layer, x: Value, order: Any, keep: bool) -> Value:
    axis, x, axes = layer.config.get("axis"), as_float(b, x), axes_of(layer, x)
    if len(axes) == 1 or order is None:
        return _vector_norm(b, x, order, axes, keep)
    rows, columns = axes if len(axes) == 2 else (-1, -1)
    if order == "fro" and len(axes) == 2:
        return _vector_norm(b, x, None, axes, keep)
    if len(axes) == 2 and order in ("nuc", 2, -2):
        return singular_norm(b, layer, x, order, [0, 1] if axis is None else flatten(axis), keep)
    if len(axes) != 2 or order not in (1, -1, "inf", "-inf", np.inf, -np.inf):
        raise UnsupportedAttribute(f"a norm of matrices with ord={order!r}" if axis is not None else f"Norm with ord={order!r}")
    inside, outside = (rows, columns) if order in (1, -1) else (columns, rows)
    kind = "ReduceMax" if order in (1, "inf", np.inf) else "ReduceMin"
    y = reduce(b, kind, reduce(b, "ReduceSum", b.Abs(x), [inside], True), [outside], True)
    return y if keep else b.squeeze(y, *axes)


@keras_op("Normalize", options="axis order epsilon divides")
def normalize(b: Builder, layer: Layer, x: Value) -> Value:
    """x over its norm along an axis, at most 1 / epsilon times x."""
    order, epsilon = int(layer.config.get("order", 2)), layer.config.get("epsilon")
    epsilon = 1e-7 if epsilon is None else float(epsilon)
    x = as_float(b, x if x.rank else b.unsqueeze(x, 0))
    axis = layer.config.get("axis", -1)
    if order != 2 or layer.config.get("divides") == "norm":
        asked = Layer(layer.class_name, layer.name, {"axis": axis}, domain=layer.domain, path=layer.path)
        return b.Div(x, b.Max(_norm(b, asked, x, order, True), epsilon))
    with np.errstate(over="ignore"):  # in float16 a row of zeros is not a number
        most = b.const(np.asarray(1 / epsilon, dtypes.to_numpy(x.dtype)))
    square = reduce(b, "ReduceSum", b.Mul(x, x), list(range(x.rank)) if axis is None else [a % x.rank for a in flatten(axis)], True)
    return b.Mul(x, b.Min(b.Div(1, b.Sqrt(square)), most))


@keras_op("Moments", options="axes keepdims synchronized")
def moments(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """Mean and variance along axes."""
    axes, keep = [int(a) % x.rank for a in flatten(layer.config["axes"])], bool(layer.config.get("keepdims"))
    wide = b.cast(x, "float32") if x.dtype in ("float16", "bfloat16") else x
    mean = reduce(b, "ReduceMean", wide, axes, True)
    centred = b.Sub(wide, mean)
    variance = reduce(b, "ReduceMean", b.Mul(centred, centred), axes, True)
    if wide is not x:
        mean, variance = (b.Min(b.Max(y, -65504.0), 65504.0) for y in (mean, variance))
    return [b.cast(y if keep else b.squeeze(y, *axes), x.dtype) for y in (mean, variance)]


@keras_op("BatchNorm", options="axis epsilon")
def batch_norm(
    b: Builder, layer: Layer, x: Value, mean: Value, variance: Value, offset: Value | None = None, scale: Value | None = None
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, all vectors along an axis."""
    axis = static_axis(layer.config["axis"], x.rank)

    def spread(v: Value) -> Value:
        return b.unsqueeze(v, *range(1, x.rank - axis))

    factor = b.Div(1, b.Sqrt(b.Add(spread(variance), layer.config.get("epsilon", 1e-3))))
    factor = factor if scale is None else b.Mul(factor, spread(scale))
    rest = b.Neg(b.Mul(spread(mean), factor)) if offset is None else b.Sub(spread(offset), b.Mul(spread(mean), factor))
    return b.Add(b.Mul(x, b.cast(factor, x.dtype)), b.cast(rest, x.dtype))


@keras_op("RMSNorm", options="axis epsilon scale computes")
def rms_norm(b: Builder, layer: Layer, x: Value, scale: Value | None = None) -> Value:
    """x over the root of its mean square along axes, times scale."""
    epsilon, dtype = layer.config.get("epsilon"), x.dtype
    axes = [int(a) % x.rank for a in flatten(layer.config.get("axis", -1))]
    number = layer.config.get("scale")
    if number is not None:
        if not isinstance(number, (int, float)):
            raise UnsupportedAttribute(f"RMSNorm with scale={number!r}")
        scale = b.const(number, dtype)
    if layer.config.get("computes") != "as given":
        x = b.cast(x, result_type(dtype, "float32"))
    y = b.Mul(x, b.Div(1, b.Sqrt(b.Add(reduce(b, "ReduceMean", b.Mul(x, x), axes, True), 1e-7 if epsilon is None else epsilon))))
    return b.cast(y if scale is None else b.Mul(y, b.cast(scale, x.dtype)), dtype)


@keras_op("LayerNorm", options="axis epsilon rms_scaling")
def layer_norm(b: Builder, layer: Layer, x: Value, gamma: Value | None = None, beta: Value | None = None) -> Value:
    """x with mean 0 and variance 1 along axes, times gamma, plus beta; with rms_scaling neither mean nor beta counts."""
    epsilon, dtype = layer.config.get("epsilon"), x.dtype
    axes = sorted(int(a) % x.rank for a in flatten(layer.config.get("axis", -1)))
    x = b.cast(x, result_type(dtype, "float32"))
    shape: list[int | Value] = [b.dim(x, i) if i in axes else 1 for i in range(x.rank)]

    def spread(v: Value) -> Value:
        return b.reshape(b.cast(v, x.dtype), shape)

    centred = b.Sub(x, reduce(b, "ReduceMean", x, axes, True))
    variance = reduce(b, "ReduceMean", b.Mul(centred, centred), axes, True)
    factor = b.Div(1, b.Sqrt(b.Add(variance, 1e-7 if epsilon is None else epsilon)))
    factor = factor if gamma is None else b.Mul(factor, spread(gamma))
    if layer.config.get("rms_scaling"):
        return b.cast(b.Mul(x, factor), dtype)
    y = b.Mul(centred, factor)
    return b.cast(y if beta is None else b.Add(y, spread(beta)), dtype)


# -- softmax and attention --------------------------------------------------------------------------------------------


@keras_op("Softmax", options="axis")
def softmax_op(b: Builder, layer: Layer, x: Value) -> Value:
    """softmax along an axis, along several at once, or over everything."""
    axis = layer.config.get("axis", -1)
    return masked_softmax(b, x, None, list(axis)) if isinstance(axis, (list, tuple)) and len(axis) > 1 else softmax(b, x, _only(axis))


@keras_op("LogSoftmax", options="axis")
def log_softmax_op(b: Builder, layer: Layer, x: Value) -> Value:
    """log(softmax) along an axis, along several at once, or over everything."""
    axis = layer.config.get("axis", -1)
    if isinstance(axis, (list, tuple)) and len(axis) > 1:
        return b.Log(masked_softmax(b, x, None, list(axis)))
    return log_softmax(b, x, _only(axis))


def _only(axis: Any) -> int | None:
    only: int | None = axis[0] if isinstance(axis, (list, tuple)) else axis
    return only


@keras_op("Sparsemax", options="axis sums")
def sparsemax_op(b: Builder, layer: Layer, x: Value) -> Value:
    """The projection onto the simplex along an axis."""
    return sparsemax(b, x, int(layer.config.get("axis", -1)), layer.config.get("sums") == "running")


@keras_op("Glu", options="axis")
def glu_op(b: Builder, layer: Layer, x: Value) -> Value:
    """The first half of an axis times the sigmoid of the second."""
    return glu(b, x, int(layer.config.get("axis", -1)))


@keras_op("DotProductAttention", options="is_causal flash_attention attn_logits_soft_cap scores")
def dot_product_attention(
    b: Builder, layer: Layer, query: Value, key: Value, value: Value, bias: Value | None = None, mask: Value | None = None, scale: Any = None
) -> Value:  # fmt: skip
    """softmax(query @ key^T * scale + bias) @ value over (batch, steps, heads, size); masked pairs are left out."""
    if layer.config.get("attn_logits_soft_cap") is not None:
        raise UnsupportedAttribute("DotProductAttention with attn_logits_soft_cap")
    q, k, v = promoted(b, [query, key, value])
    heads, shared, size = q.shape[2], k.shape[2], q.shape[3]
    if heads is not None and shared is not None and heads > shared > 1:
        which = b.ints([head * shared // heads for head in range(heads)])
        k, v = b.Gather(k, which, axis=2), b.Gather(v, which, axis=2)
    if scale is None:
        if size is None:
            raise UnsupportedAttribute("DotProductAttention of heads whose size is not known")
        scale = 1 / sqrt(size)
    wide = result_type(q.dtype, "float32")
    scores = b.cast(b.MatMul(b.transpose(q, [0, 2, 1, 3]), b.transpose(k, [0, 2, 3, 1])), wide)
    factor = scores if layer.config.get("scores") == "squares" else b.cast(scale, wide) if isinstance(scale, Value) else single(scale)
    scores = b.Mul(scores, factor)
    scores = scores if bias is None else b.Add(scores, b.cast(bias, wide))
    seen = None if mask is None else b.cast(mask, "bool")
    if layer.config.get("is_causal"):
        causal = b.unsqueeze(causal_mask(b, q, k), 0)
        seen = causal if seen is None else b.And(seen, causal)
    weights = b.cast(masked_softmax(b, scores, seen, [-1], zero=False), q.dtype)
    return b.transpose(b.MatMul(weights, b.transpose(v, [0, 2, 1, 3])), [0, 2, 1, 3])
