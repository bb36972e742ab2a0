"""Functions whose arguments stand in another order in TensorFlow 1, so that one call means two things, and `tf.layers` without weights.

Semantics: tensorflow/python/ops/nn_ops.py, array_ops.py and layers/pooling.py of TensorFlow 1.15. Cross entropies took (logits, labels) up to
0.12 and arguments by their names alone in 1.x, so they are refused without names. Layers with weights of their own are not known here.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, enter, number, rule, tensor, tf


@tf("compat.v1.math.in_top_k", "compat.v1.nn.in_top_k")
def in_top_k(b: Builder, predictions: Operand, targets: Operand, k: Operand) -> Value:
    """Whether fewer than k predictions of a row are larger than that of its target."""
    found: Value = rule("math.in_top_k").function(b, targets, predictions, k)
    return found


@tf("compat.v1.space_to_batch", "compat.v1.nn.space_to_batch")
def space_to_batch(
    b: Builder, input_: Operand, paddings: Operand, block_size: Operand = None, name: str | None = None, block_shape: Operand = None
) -> Value:
    """(batch, height, width, channels) padded with zeros -> blocks of the space as samples."""
    found: Value = rule("space_to_batch").function(b, input_, _block(block_size, block_shape), paddings)
    return found


@tf("compat.v1.batch_to_space")
def batch_to_space(
    b: Builder, input_: Operand, crops: Operand, block_size: Operand = None, name: str | None = None, block_shape: Operand = None
) -> Value:
    """Samples as blocks of the space -> (batch, height, width, channels) without the crops at both ends."""
    found: Value = rule("batch_to_space").function(b, input_, _block(block_size, block_shape), crops)
    return found


def _block(size: Operand, shape: Operand) -> list[int]:
    """Square blocks of the size that either name gives."""
    found = number(shape if size is None else size, "block_size")
    if not isinstance(found, int) or size is not None and shape is not None:
        raise UnsupportedAttribute(f"blocks of space with block_size={size!r} and block_shape={shape!r}")
    return [found, found]


# -- cross entropies --------------------------------------------------------------------------------------------------


@tf("compat.v1.nn.softmax_cross_entropy_with_logits")
def softmax_cross_entropy_with_logits(b: Builder, *, labels: Operand, logits: Operand, dim: Operand = -1, axis: Operand = None) -> Value:
    """The loss along an axis."""
    function = rule("nn.softmax_cross_entropy_with_logits").function
    found: Value = function(b, labels, logits, dim if axis is None else axis)
    return found


@tf("compat.v1.nn.sparse_softmax_cross_entropy_with_logits")
def sparse_softmax_cross_entropy_with_logits(b: Builder, *, labels: Operand, logits: Operand) -> Value:
    """The loss along the last axis, of the numbers of classes."""
    found: Value = rule("nn.sparse_softmax_cross_entropy_with_logits").function(b, labels, logits)
    return found


@tf("compat.v1.nn.sigmoid_cross_entropy_with_logits")
def sigmoid_cross_entropy_with_logits(b: Builder, *, logits: Operand, labels: Operand = None, targets: Operand = None) -> Value:
    """The loss of each element; labels were named targets up to 0.12."""
    found: Value = rule("nn.sigmoid_cross_entropy_with_logits").function(b, _one(labels, targets), logits)
    return found


@tf("compat.v1.nn.weighted_cross_entropy_with_logits")
def weighted_cross_entropy_with_logits(
    b: Builder, *, logits: Operand, pos_weight: Operand, labels: Operand = None, targets: Operand = None
) -> Value:
    """The loss of each element, where labels of 1 count pos_weight times; labels were named targets up to 1.13."""
    found: Value = rule("nn.weighted_cross_entropy_with_logits").function(b, _one(labels, targets), logits, pos_weight)
    return found


def _one(labels: Operand, targets: Operand) -> Operand:
    if (labels is None) == (targets is None):
        raise UnsupportedAttribute("a cross entropy with both of labels and targets, or with none")
    return targets if labels is None else labels


# -- tf.layers --------------------------------------------------------------------------------------------------------


def _pooling(kind: str, axes: int) -> Any:
    def function(
        b: Builder, inputs: Operand, pool_size: Operand, strides: Operand, padding: str = "valid", data_format: str = "channels_last"
    ) -> Value:
        x = tensor(b, inputs)
        if x.rank != axes + 2:
            raise UnsupportedAttribute(f"tf.layers.{kind}_pooling{axes}d of a tensor of shape {x.shape}")
        found: Value = rule(f"nn.{kind}_pool").function(b, x, pool_size, strides, padding.upper(), data_format)
        return found

    return function


for _axes in (1, 2, 3):
    enter(_pooling("max", _axes), f"compat.v1.layers.max_pooling{_axes}d")
    enter(_pooling("avg", _axes), f"compat.v1.layers.average_pooling{_axes}d")


@tf("compat.v1.layers.flatten")
def flatten(b: Builder, inputs: Operand, name: str | None = None, data_format: str = "channels_last") -> Value:
    """Each sample as one row."""
    x = tensor(b, inputs)
    if data_format == "channels_first" and x.rank > 2:
        x = b.transpose(x, [0, *range(2, x.rank), 1])
    found: Value = rule("keras.backend.batch_flatten").function(b, x)
    return found


@tf("compat.v1.layers.dropout")
def dropout(
    b: Builder, inputs: Operand, rate: Operand = 0.5, noise_shape: Operand = None, seed: Operand = None, training: Operand = False
) -> Value:
    """x: elements are dropped in training alone."""
    flag = tensor(b, training).const is not None and bool(tensor(b, training).array())
    if flag or isinstance(training, Value) and training.const is None:
        raise UnsupportedAttribute(f"tf.layers.dropout with training={training!r}, which draws numbers whenever the model runs")
    return tensor(b, inputs)
