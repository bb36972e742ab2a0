"""Softmax cross entropies: the loss of each sample, and its gradient by the logits.

Semantics: tensorflow/core/kernels/xent_op.h and sparse_xent_op.h; for `tf.nn`, tensorflow/python/ops/nn_ops.py.
"""

from __future__ import annotations

from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.shapes import broadcast
from loadstone.lowering.tensorflow.symbols import Operand, alike, axis_of, tensor, tf


@tf("raw_ops.SoftmaxCrossEntropyWithLogits")
def softmax_cross_entropy(b: Builder, features: Operand, labels: Operand) -> list[Value]:
    """features (batch, classes) and labels that broadcast with them -> loss (batch,), backprop (batch, classes)."""
    x, shares = alike(b, features, labels)
    if x.shape != shares.shape or None in x.shape[1:]:
        shape = broadcast(x.shape, shares.shape)
        x, shares = b.Expand(x, b.Shape(shares), out_shape=shape), b.Expand(shares, b.Shape(x), out_shape=shape)
    lowered, total = _exponentials(b, x)
    loss = b.ReduceSum(b.Mul(shares, b.Sub(b.Log(total), lowered)), b.ints([x.rank - 1]), keepdims=0)
    return [loss, b.Sub(b.Div(b.Exp(lowered), total), shares)]


@tf("raw_ops.SparseSoftmaxCrossEntropyWithLogits")
def sparse_softmax_cross_entropy(b: Builder, features: Operand, labels: Operand) -> list[Value]:
    """features (batch, classes) and the number of a class for each -> loss (batch,), backprop (batch, classes).

    A number that is that of no class is an error when it runs.
    """
    x, classes = tensor(b, features), b.unsqueeze(b.cast(tensor(b, labels), "int64"), tensor(b, labels).rank)
    axis = x.rank - 1
    lowered, total = _exponentials(b, x)
    count = b.dim(x, axis)
    strict = b.Where(b.Less(classes, 0), b.ints([count]) if isinstance(count, int) else count, classes)  # negative ones would count back
    loss = b.squeeze(b.Sub(b.Log(total), b.GatherElements(lowered, strict, axis=axis)), axis)
    numbers = b.ints(list(range(count))) if isinstance(count, int) else b.Range(b.const(0), b.squeeze(count, 0), b.const(1))
    return [loss, b.Sub(b.Div(b.Exp(lowered), total), b.cast(b.Equal(classes, numbers), x.dtype))]


def _exponentials(b: Builder, x: Value) -> tuple[Value, Value]:
    """x without its maximum along the last axis, and the sum of exponentials of that."""
    last = b.ints([x.rank - 1])
    lowered = b.Sub(x, b.ReduceMax(x, last, keepdims=1))
    return lowered, b.ReduceSum(b.Exp(lowered), last, keepdims=1)


@tf("nn.softmax_cross_entropy_with_logits", "nn.softmax_cross_entropy_with_logits_v2")
def softmax_cross_entropy_with_logits(b: Builder, labels: Operand, logits: Operand, axis: Operand = -1, dim: Operand = None) -> Value:
    """The loss along an axis."""
    x, shares = alike(b, logits, labels)
    at = axis_of(axis if dim is None else dim, x.rank)
    turned = [*(k for k in range(x.rank) if k != at), at]
    return softmax_cross_entropy(b, b.transpose(x, turned), b.transpose(shares, turned))[0]


@tf("nn.sparse_softmax_cross_entropy_with_logits")
def sparse_softmax_cross_entropy_with_logits(b: Builder, labels: Operand, logits: Operand) -> Value:
    """The loss along the last axis."""
    return sparse_softmax_cross_entropy(b, logits, labels)[0]
