"""Keras' metrics: what they gather from each batch, and their result.

Definitions: keras/src/metrics of Keras 3.15. Most are the mean of one function over all samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir.records import dataclass, field
from loadstone.model.losses import LOSSES, Array, cosine_similarity, same_rank


class Metric(Protocol):
    """A running metric."""

    def update(self, y: Array, p: Array, weights: Array | None, logits: Array | None) -> None: ...
    def result(self) -> float: ...


@dataclass
class Mean:
    """The mean of a function of (y_true, y_pred) over all samples, then `finish` of it."""

    function: Callable[..., Array]
    options: Mapping[str, Any] = field(default_factory=dict)
    takes_logits: bool = False
    finish: Callable[[float], float] = float
    total: float = 0.0
    count: float = 0.0

    def update(self, y: Array, p: Array, weights: Array | None, logits: Array | None) -> None:
        extra = {"logits": logits} if self.takes_logits else {}
        values, weights = _by_sample(np.asarray(self.function(y, p, **self.options, **extra)), weights)
        self.total += float(np.sum(values, dtype=np.float64))
        self.count += float(np.sum(weights, dtype=np.float64)) if weights is not None else len(values) if values.ndim else 1

    def result(self) -> float:
        return self.finish(self.total / self.count if self.count else 0.0)


def _by_sample(values: Array, weights: Array | None) -> tuple[Array, Array | None]:
    """One value for each sample (keras/src/metrics/reduction_metrics.py, `reduce_to_samplewise_values`)."""
    if weights is not None:
        values, weights = same_rank(values, weights)
        if values.ndim > weights.ndim:
            values = values.mean(axis=tuple(range(weights.ndim, values.ndim)))
        rank = weights.ndim
        weights = np.broadcast_to(weights, values.shape)
        values = values * weights
        if rank > 1:
            weights = weights.mean(axis=tuple(range(1, rank)))
    return values.reshape(len(values), -1).mean(axis=1) if values.ndim > 1 else values, weights


@dataclass
class Confusion:
    """True and false positives and negatives above a threshold, and a ratio of them."""

    ratio: Callable[[float, float, float, float], float]  # tp, fp, tn, fn
    threshold: float = 0.5
    class_id: int | None = None
    counts: Array = field(default_factory=lambda: np.zeros(4))

    def update(self, y: Array, p: Array, weights: Array | None, logits: Array | None) -> None:
        y, p = same_rank(y, p)
        if self.class_id is not None:
            y, p = y[..., self.class_id], p[..., self.class_id]
        w = _spread(weights, y)
        real, guess = y.astype(bool), p > self.threshold
        self.counts += [float(np.sum(w * part)) for part in (real & guess, ~real & guess, ~real & ~guess, real & ~guess)]

    def result(self) -> float:
        return self.ratio(*self.counts.tolist())


@dataclass
class Auc:
    """Area under the ROC or the precision-recall curve, by the trapezoids between evenly spaced thresholds.

    keras/src/metrics/confusion_metrics.py, `AUC` with summation_method "interpolation".
    """

    curve: str = "ROC"
    thresholds: int = 200
    positive: Array = field(default_factory=lambda: np.zeros(0))
    negative: Array = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.positive, self.negative = np.zeros(self.thresholds), np.zeros(self.thresholds)

    def update(self, y: Array, p: Array, weights: Array | None, logits: Array | None) -> None:
        y, p = same_rank(y, p)
        if p.size and not (p.min() >= 0 and p.max() <= 1):
            raise InputMismatch(f"AUC is of probabilities, and the model gives {p.min()} to {p.max()}")
        w, y = _spread(weights, y).reshape(-1), y.reshape(-1)
        bucket = np.maximum(np.ceil(p.reshape(-1) * np.float32(self.thresholds - 1)).astype(np.int64) - 1, 0)
        self.positive += np.bincount(bucket, w * y, self.thresholds)
        self.negative += np.bincount(bucket, w * (1 - y), self.thresholds)

    def result(self) -> float:
        tp, fp = self.positive[::-1].cumsum()[::-1], self.negative[::-1].cumsum()[::-1]
        fn = self.positive.sum() - tp
        if self.curve == "ROC":
            x, height = _ratio(fp, np.full_like(fp, self.negative.sum())), _ratio(tp, tp + fn)
            return float(np.sum((x[:-1] - x[1:]) * (height[:-1] + height[1:]) / 2))
        drop, total = tp[:-1] - tp[1:], tp + fp
        slope = _ratio(drop, np.maximum(total[:-1] - total[1:], 0))
        intercept = tp[1:] - slope * total[1:]
        both = (total[:-1] > 0) & (total[1:] > 0)
        ratio = np.where(both, _ratio(total[:-1], total[1:]), 1)
        return float(np.sum(_ratio(slope * (drop + intercept * np.log(ratio)), np.maximum(tp[1:] + fn[1:], 0))))


def _ratio(a: Array, b: Array) -> Array:
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)


def _spread(weights: Array | None, y: Array) -> Array:
    """A weight for each value of y."""
    if weights is None:
        return np.ones(y.shape)
    return np.broadcast_to(weights.reshape(weights.shape + (1,) * (y.ndim - weights.ndim)), y.shape)


def accuracy(y: Array, p: Array) -> Array:
    y, p = same_rank(y, p)
    return (y == p).astype(np.float32)


def binary_accuracy(y: Array, p: Array, threshold: float = 0.5) -> Array:
    y, p = same_rank(y, p)
    return (y == (p > threshold)).astype(np.float32)


def categorical_accuracy(y: Array, p: Array) -> Array:
    return (np.argmax(y, axis=-1) == np.argmax(p, axis=-1)).astype(np.float32)


def sparse_categorical_accuracy(y: Array, p: Array) -> Array:
    y = y[..., 0] if y.ndim == p.ndim and y.shape[-1] == 1 else y
    return (y == np.argmax(p, axis=-1)).astype(np.float32)


def top_k_categorical_accuracy(y: Array, p: Array, k: int = 5) -> Array:
    return sparse_top_k_categorical_accuracy(np.argmax(y, axis=-1), p, k)


def sparse_top_k_categorical_accuracy(y: Array, p: Array, k: int = 5) -> Array:
    """Fewer than k classes are more likely than the right one."""
    y = (y[..., 0] if y.ndim == p.ndim else y).astype(np.int64)
    inside = (y >= 0) & (y < p.shape[-1])
    own = np.take_along_axis(p, np.where(inside, y, 0)[..., None], axis=-1)
    return (inside & (np.sum(p > own, axis=-1) < k)).astype(np.float32)


def _squared_error(y: Array, p: Array) -> Array:
    y, p = same_rank(y, p)
    return np.square(p - y)


def _part(top: float, bottom: float) -> float:
    return top / bottom if bottom else 0.0


MEANS: dict[str, tuple[Callable[..., Array], str]] = {  # function, options
    "accuracy": (accuracy, ""),
    "binary_accuracy": (binary_accuracy, "threshold"),
    "categorical_accuracy": (categorical_accuracy, ""),
    "sparse_categorical_accuracy": (sparse_categorical_accuracy, ""),
    "top_k_categorical_accuracy": (top_k_categorical_accuracy, "k"),
    "sparse_top_k_categorical_accuracy": (sparse_top_k_categorical_accuracy, "k"),
    "Accuracy": (accuracy, ""),
    "BinaryAccuracy": (binary_accuracy, "threshold"),
    "CategoricalAccuracy": (categorical_accuracy, ""),
    "SparseCategoricalAccuracy": (sparse_categorical_accuracy, ""),
    "TopKCategoricalAccuracy": (top_k_categorical_accuracy, "k"),
    "SparseTopKCategoricalAccuracy": (sparse_top_k_categorical_accuracy, "k"),
    **dict.fromkeys(("cosine_similarity", "CosineSimilarity"), (lambda y, p, axis=-1: -cosine_similarity(y, p, axis), "axis")),
}
RATIOS: dict[str, Callable[[float, float, float, float], float]] = {
    "TruePositives": lambda tp, fp, tn, fn: tp,
    "FalsePositives": lambda tp, fp, tn, fn: fp,
    "TrueNegatives": lambda tp, fp, tn, fn: tn,
    "FalseNegatives": lambda tp, fp, tn, fn: fn,
    "Precision": lambda tp, fp, tn, fn: _part(tp, tp + fp),
    "Recall": lambda tp, fp, tn, fn: _part(tp, tp + fn),
}
_SNAKE = {"true_positives": "TruePositives", "false_positives": "FalsePositives", "true_negatives": "TrueNegatives"}
_SNAKE |= {"false_negatives": "FalseNegatives", "precision": "Precision", "recall": "Recall", "auc": "AUC", "Auc": "AUC"}
_SNAKE |= {"root_mean_squared_error": "RootMeanSquaredError"}
_AUC = {"summation_method": "interpolation", "multi_label": False, "num_labels": None, "label_weights": None, "from_logits": False}


def make_metric(name: str, options: Mapping[str, Any]) -> Metric | None:
    """A metric by its name in Keras and the options of its config; None where it is not built in, or an option is not."""
    name = _SNAKE.get(name, name)
    if name == "RootMeanSquaredError" and not options:
        return Mean(_squared_error, finish=np.sqrt)
    if name in RATIOS:
        return _confusion(RATIOS[name], dict(options))
    if name == "AUC":
        return _auc(dict(options))
    if name in MEANS:
        function, known = MEANS[name]
        return Mean(function, options) if set(options) <= set(known.split()) else None
    loss = LOSSES.get(name)
    return Mean(loss.function, options, loss.logits) if loss is not None and set(options) <= loss.options else None


def _confusion(ratio: Callable[[float, float, float, float], float], options: dict[str, Any]) -> Metric | None:
    thresholds, class_id, top_k = options.pop("thresholds", None), options.pop("class_id", None), options.pop("top_k", None)
    if isinstance(thresholds, (list, tuple)) and len(thresholds) == 1:
        thresholds = thresholds[0]
    if options or top_k is not None or isinstance(thresholds, (list, tuple)):
        return None
    return Confusion(ratio, 0.5 if thresholds is None else float(thresholds), class_id)


def _auc(options: dict[str, Any]) -> Metric | None:
    curve, count = str(options.pop("curve", "ROC")), int(options.pop("num_thresholds", 200))
    given = options.pop("thresholds", None)  # written even where they are the even ones
    even = given is None or (len(given) == count - 2 and np.allclose(given, [(i + 1) / (count - 1) for i in range(count - 2)]))
    if (
        curve not in ("ROC", "PR")
        or not even
        or any(options.get(key, value) != value for key, value in _AUC.items())
        or set(options) - set(_AUC)
    ):
        return None
    return Auc(curve, count)
