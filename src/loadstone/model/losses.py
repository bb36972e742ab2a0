"""Keras' losses, each one numpy function: (y_true, y_pred) -> a value for each sample or step.

Definitions: keras/src/losses/losses.py and the crossentropies of keras/src/backend/tensorflow/nn.py. Arrays are float32, the last
axis is the one of classes or features. Crossentropies take `logits`: what the model's softmax or sigmoid was made of, which
Keras on TensorFlow uses instead of the probabilities (its own are clipped at 1e-7); None where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir.records import dataclass

Array = Any  # a numpy array; numpy's stubs make Any of arithmetic on them
Function = Callable[..., Array]
EPSILON = np.float32(1e-7)


@dataclass(frozen=True)
class Loss:
    """A loss: its function, and the options of its config that the function takes. logits: it takes them."""

    function: Function
    options: frozenset[str] = frozenset()
    logits: bool = False


LOSSES: dict[str, Loss] = {}  # filled by the decorator below, read-only after


def _loss(*names: str, options: str = "", logits: bool = False) -> Callable[[Function], Function]:
    """Decorator: the function is the loss of these names: the function's in Keras, its short names, its class's."""

    def register(function: Function) -> Function:
        LOSSES.update(dict.fromkeys((function.__name__, *names), Loss(function, frozenset(options.split()), logits)))
        return function

    return register


def same_rank(a: Array, b: Array) -> tuple[Array, Array]:
    """Both with equal rank: an axis of 1 at the end is added to a vector, else removed (keras/src/losses/loss.py)."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[:, None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[:, None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def _difference(y: Array, p: Array) -> Array:
    y, p = same_rank(y, p)
    return p - y


@_loss("mse", "MSE", "MeanSquaredError")
def mean_squared_error(y: Array, p: Array) -> Array:
    return np.mean(np.square(_difference(y, p)), axis=-1)


@_loss("mae", "MAE", "MeanAbsoluteError")
def mean_absolute_error(y: Array, p: Array) -> Array:
    return np.mean(np.abs(_difference(y, p)), axis=-1)


@_loss("mape", "MAPE", "MeanAbsolutePercentageError")
def mean_absolute_percentage_error(y: Array, p: Array) -> Array:
    y, p = same_rank(y, p)
    return 100 * np.mean(np.abs((y - p) / np.maximum(np.abs(y), EPSILON)), axis=-1)


@_loss("msle", "MSLE", "MeanSquaredLogarithmicError")
def mean_squared_logarithmic_error(y: Array, p: Array) -> Array:
    y, p = same_rank(y, p)
    return np.mean(np.square(np.log(np.maximum(p, EPSILON) + 1) - np.log(np.maximum(y, EPSILON) + 1)), axis=-1)


@_loss("CosineSimilarity", "cosine_proximity", options="axis")
def cosine_similarity(y: Array, p: Array, axis: int = -1) -> Array:
    y, p = same_rank(y, p)
    return -np.sum(_unit(y, axis) * _unit(p, axis), axis=axis)


def _unit(x: Array, axis: int) -> Array:
    return x / np.sqrt(np.maximum(np.sum(np.square(x), axis=axis, keepdims=True), np.float32(1e-12)))


@_loss("Huber", "huber_loss", options="delta")
def huber(y: Array, p: Array, delta: float = 1.0) -> Array:
    error = np.abs(_difference(y, p))
    return np.mean(np.where(error <= delta, np.square(error) / 2, delta * error - delta**2 / 2), axis=-1)


@_loss("LogCosh", "logcosh", "LogCoshError")
def log_cosh(y: Array, p: Array) -> Array:
    error = _difference(y, p)
    return np.mean(error + np.logaddexp(np.float32(0), -2 * error) - np.log(np.float32(2)), axis=-1)


@_loss("Hinge")
def hinge(y: Array, p: Array) -> Array:
    return np.mean(np.maximum(1 - _signs(y) * p, 0), axis=-1)


@_loss("SquaredHinge")
def squared_hinge(y: Array, p: Array) -> Array:
    return np.mean(np.square(np.maximum(1 - _signs(y) * p, 0)), axis=-1)


def _signs(y: Array) -> Array:
    """Labels 0 and 1 as -1 and 1; others stay."""
    return 2 * y - 1 if np.all((y == 0) | (y == 1)) else y


@_loss("CategoricalHinge")
def categorical_hinge(y: Array, p: Array) -> Array:
    return np.maximum(np.max((1 - y) * p, axis=-1) - np.sum(y * p, axis=-1) + 1, 0)


@_loss("kullback_leibler_divergence", "kld", "KLD", "KLDivergence")
def kl_divergence(y: Array, p: Array) -> Array:
    y, p = np.clip(y, EPSILON, 1), np.clip(p, EPSILON, 1)
    return np.sum(y * np.log(y / p), axis=-1)


@_loss("Poisson")
def poisson(y: Array, p: Array) -> Array:
    return np.mean(p - y * np.log(p + EPSILON), axis=-1)


@_loss("CategoricalCrossentropy", options="from_logits label_smoothing", logits=True)
def categorical_crossentropy(
    y: Array, p: Array, from_logits: bool = False, label_smoothing: float = 0.0, logits: Array | None = None
) -> Array:
    if label_smoothing:
        y = y * (1 - label_smoothing) + label_smoothing / y.shape[-1]
    return -np.sum(y * _log_probabilities(p, from_logits, logits), axis=-1)


@_loss("SparseCategoricalCrossentropy", options="from_logits ignore_class", logits=True)
def sparse_categorical_crossentropy(
    y: Array, p: Array, from_logits: bool = False, ignore_class: int | None = None, logits: Array | None = None
) -> Array:
    labels = class_numbers(y, p)
    if ignore_class is not None and np.any(labels == ignore_class):
        raise InputMismatch(f"labels of class {ignore_class} are to be ignored (ignore_class), which evaluate cannot do")
    if labels.size and not (labels.min() >= 0 and labels.max() < p.shape[-1]):
        raise InputMismatch(f"labels are {labels.min()} to {labels.max()} and the model has {p.shape[-1]} classes")
    if not from_logits and logits is None:
        p, from_logits = np.log(np.clip(p, EPSILON, 1 - EPSILON)), True
    return -np.take_along_axis(_log_probabilities(p, from_logits, logits), labels[..., None], axis=-1)[..., 0]


def class_numbers(y: Array, p: Array) -> Array:
    """Labels as class numbers, without the axis of 1 that they may have."""
    return (y[..., 0] if y.ndim == p.ndim and y.shape[-1] == 1 else y).astype(np.int64)


def _log_probabilities(p: Array, from_logits: bool, logits: Array | None) -> Array:
    if not from_logits and logits is None:
        return np.log(np.clip(p / np.sum(p, axis=-1, keepdims=True), EPSILON, 1 - EPSILON))
    x = p if logits is None else logits
    x = x - np.max(x, axis=-1, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))


@_loss("bce", "BCE", "BinaryCrossentropy", options="from_logits label_smoothing", logits=True)
def binary_crossentropy(y: Array, p: Array, from_logits: bool = False, label_smoothing: float = 0.0, logits: Array | None = None) -> Array:
    if label_smoothing:
        y = y * (1 - label_smoothing) + label_smoothing / 2
    return np.mean(_binary(y, p, from_logits, logits), axis=-1)


def _binary(y: Array, p: Array, from_logits: bool, logits: Array | None = None) -> Array:
    if from_logits or logits is not None:
        x = p if logits is None else logits
        return np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))
    p = np.clip(p, EPSILON, 1 - EPSILON)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


@_loss("BinaryFocalCrossentropy", options="apply_class_balancing alpha gamma from_logits label_smoothing", logits=True)
def binary_focal_crossentropy(
    y: Array,
    p: Array,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    logits: Array | None = None,
) -> Array:
    if label_smoothing:
        y = y * (1 - label_smoothing) + label_smoothing / 2
    x = p if from_logits else logits
    p = 1 / (1 + np.exp(-p)) if from_logits else p
    focal = (1 - (y * p + (1 - y) * (1 - p))) ** gamma * (_binary(y, p, False) if x is None else _binary(y, x, True))
    return np.mean(focal * (y * alpha + (1 - y) * (1 - alpha)) if apply_class_balancing else focal, axis=-1)


@_loss("CategoricalFocalCrossentropy", options="alpha gamma from_logits label_smoothing")
def categorical_focal_crossentropy(
    y: Array, p: Array, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    if label_smoothing:
        y = y * (1 - label_smoothing) + label_smoothing / y.shape[-1]
    if from_logits:
        p = np.exp(p - np.max(p, axis=-1, keepdims=True))
    p = np.clip(p / np.sum(p, axis=-1, keepdims=True), EPSILON, 1 - EPSILON)
    return np.sum(-y * np.log(p) * alpha * (1 - p) ** gamma, axis=-1)


@_loss("Dice")
def dice(y: Array, p: Array) -> Array:
    return 1 - 2 * np.sum(y * p) / (np.sum(y) + np.sum(p) + EPSILON)


@_loss("Tversky", options="alpha beta")
def tversky(y: Array, p: Array, alpha: float = 0.5, beta: float = 0.5) -> Array:
    both = np.sum(y * p)
    return 1 - both / (both + alpha * np.sum((1 - p) * y) + beta * np.sum(p * (1 - y)) + EPSILON)


def reduced(values: Array, weights: Array | None, reduction: str) -> float:
    """The loss of one batch (keras/src/losses/loss.py, `reduce_weighted_values`)."""
    if weights is not None:
        values, weights = same_rank(values, weights)
        values = values * weights
    total = float(np.sum(values, dtype=np.float64))
    if reduction == "sum":
        return total
    divisor = float(np.sum(weights)) if reduction == "mean_with_sample_weight" and weights is not None else values.size
    return total / divisor if divisor else 0.0
