"""`tf.losses` of TensorFlow 1: one number for all elements, which weights count and a reduction puts together.

Semantics: tensorflow/python/ops/losses/losses_impl.py of TensorFlow 1.15. Losses and weights are float32; weights are one number, or have the
shape of the losses, with 1 where one counts for all. Collections of losses are for training.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.rows import renamed, rows
from loadstone.lowering.tensorflow.symbols import Operand, alike, axis_of, enter, rule, tensor, tf

BY_NONZERO = "weighted_sum_by_nonzero_weights"
rows("", {"losses.mean_squared_error": "keras.losses.mean_squared_error y_true y_pred"})  # the one of TensorFlow 2


@tf("compat.v1.losses.compute_weighted_loss")
def compute_weighted_loss(
    b: Builder, losses: Operand, weights: Operand = 1.0, scope: Any = None, loss_collection: Any = None, reduction: str = BY_NONZERO
) -> Value:
    """Losses times weights: "none", their sum, or that over the sum or the number of weights, or of weights that are not 0."""
    given = tensor(b, losses)
    x, w = b.cast(given, "float32"), b.cast(tensor(b, weights), "float32")
    if w.rank not in (0, x.rank) or any(n not in (1, d) for n, d in zip(w.shape, x.shape[x.rank - w.rank :], strict=True)):
        raise UnsupportedAttribute(f"a loss of shape {x.shape} with weights of shape {w.shape}")
    weighted = b.Mul(x, w)
    if reduction == "none":
        return b.cast(weighted, given.dtype)
    total = b.ReduceSum(weighted, keepdims=0)
    if reduction == "weighted_sum":
        return b.cast(total, given.dtype)
    if reduction == BY_NONZERO:
        count = b.ReduceSum(b.cast(b.Not(b.Equal(_spread(b, w, x), 0)), "float32"), keepdims=0)
    elif reduction == "weighted_mean":
        count = b.ReduceSum(_spread(b, w, x), keepdims=0)
    elif reduction == "weighted_sum_over_batch_size":
        count = b.cast(b.Size(x), "float32")
    else:
        raise ModelError(f"a loss with reduction={reduction!r}")
    mean = rule("math.divide_no_nan").function(b, total, count)
    return b.cast(mean, given.dtype)


def _spread(b: Builder, w: Value, x: Value) -> Value:
    """Weights of the shape of the losses."""
    return b.Expand(w, b.Shape(x), out_shape=x.shape)


# -- the losses -------------------------------------------------------------------------------------------------------

Formula = Callable[[Builder, Value, Value, Any], Value]


def _huber(b: Builder, labels: Value, predictions: Value, delta: Any) -> Value:
    """Squares up to delta, straight from there on."""
    error = b.Abs(b.Sub(predictions, labels))
    near = b.Min(error, b.const(float(delta), "float32"))
    return b.Add(b.Mul(b.Mul(near, near), 0.5), b.Mul(b.Sub(error, near), float(delta)))


def _logarithmic(b: Builder, labels: Value, predictions: Value, epsilon: Any) -> Value:
    hits = b.Mul(labels, b.Log(b.Add(predictions, float(epsilon))))
    misses = b.Mul(b.Sub(1, labels), b.Log(b.Add(b.Sub(1, predictions), float(epsilon))))
    return b.Sub(b.Neg(hits), misses)


def _hinge(b: Builder, labels: Value, logits: Value, _: Any) -> Value:
    return b.Relu(b.Sub(1, b.Mul(b.Sub(b.Mul(labels, 2), 1), logits)))


def _squared(b: Builder, labels: Value, predictions: Value, _: Any) -> Value:
    error = b.Sub(predictions, labels)
    return b.Mul(error, error)


def _sigmoid(b: Builder, labels: Value, logits: Value, smoothing: Any) -> Value:
    shares = b.Add(b.Mul(labels, 1 - float(smoothing)), 0.5 * float(smoothing))
    found: Value = rule("nn.sigmoid_cross_entropy_with_logits").function(b, shares, logits)
    return found


def _softmax(b: Builder, labels: Value, logits: Value, smoothing: Any) -> Value:
    classes = labels.shape[1] if labels.rank > 1 else None
    if smoothing and classes is None:
        raise UnsupportedAttribute(f"label_smoothing of labels of shape {labels.shape}")
    shares = b.Add(b.Mul(labels, 1 - float(smoothing)), float(smoothing) / (classes or 1)) if smoothing else labels
    found: Value = rule("nn.softmax_cross_entropy_with_logits").function(b, shares, logits)
    return found


_LOSSES: dict[str, tuple[Formula, str]] = {
    "absolute_difference": (lambda b, labels, predictions, _: b.Abs(b.Sub(predictions, labels)), "labels predictions weights=1.0"),
    "hinge_loss": (_hinge, "labels logits weights=1.0"),
    "huber_loss": (_huber, "labels predictions weights=1.0 delta=1.0"),
    "log_loss": (_logarithmic, "labels predictions weights=1.0 epsilon=1e-07"),
    "mean_squared_error": (_squared, "labels predictions weights=1.0"),
    "sigmoid_cross_entropy": (_sigmoid, "multi_class_labels logits weights=1.0 label_smoothing=0"),
    "softmax_cross_entropy": (_softmax, "onehot_labels logits weights=1.0 label_smoothing=0"),
}


def _loss(formula: Formula, parameters: list[str]) -> Any:
    def function(b: Builder, labels: Operand, predictions: Operand, weights: Operand, *options: Any) -> Value:
        target, x = (b.cast(v, "float32") for v in (tensor(b, labels), tensor(b, predictions)))
        if target.rank != x.rank:
            raise UnsupportedAttribute(f"a loss of tensors of shapes {target.shape} and {x.shape}")
        option = options[0] if len(options) == 4 else None
        return compute_weighted_loss(b, formula(b, target, x, option), weights, reduction=options[-1])

    return renamed(function, *parameters, "scope=None", "loss_collection=None", f"reduction={BY_NONZERO!r}")


for _name, (_formula, _parameters) in _LOSSES.items():
    enter(_loss(_formula, _parameters.split()), f"compat.v1.losses.{_name}")


@tf("compat.v1.losses.cosine_distance")
def cosine_distance(
    b: Builder, labels: Operand, predictions: Operand, axis: Operand = None, weights: Operand = 1.0, scope: Any = None,
    loss_collection: Any = None, reduction: str = BY_NONZERO, dim: Operand = None,
) -> Value:  # fmt: skip
    """1 - the sum of products along an axis."""
    if (axis is None) == (dim is None):
        raise ModelError("tf.losses.cosine_distance with both of axis and dim, or with none")
    target, x = alike(b, labels, predictions)
    product = b.Mul(b.cast(x, "float32"), b.cast(target, "float32"))
    at = axis_of(dim if axis is None else axis, product.rank)
    return compute_weighted_loss(b, b.Sub(1, b.ReduceSum(product, b.ints([at]), keepdims=1)), weights, reduction=reduction)


@tf("compat.v1.losses.sparse_softmax_cross_entropy")
def sparse_softmax_cross_entropy(
    b: Builder, labels: Operand, logits: Operand, weights: Operand = 1.0, scope: Any = None, loss_collection: Any = None,
    reduction: str = BY_NONZERO,
) -> Value:  # fmt: skip
    """labels (batch,) or (batch, 1): numbers of classes."""
    x, classes = tensor(b, logits), tensor(b, labels)
    classes = b.squeeze(classes, classes.rank - 1) if classes.rank == x.rank and classes.shape[-1] == 1 else classes
    loss = rule("nn.sparse_softmax_cross_entropy_with_logits").function(b, classes, x)
    return compute_weighted_loss(b, loss, weights, reduction=reduction)
