"""The training config of a file, read into losses and metrics for each output.

Keras 3 writes `compile_config` (`.keras`) or `training_config` (`.h5`) with names and {"class_name", "config"} dicts; tf.keras
2 wraps metrics once more (`MeanMetricWrapper`, a list for each output). Which output takes which follows
keras/src/trainers/compile_utils.py. What is not built in is collected, and one error names all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loadstone.errors import ModelError
from loadstone.ir.records import dataclass, field
from loadstone.model.losses import LOSSES, Array, Loss
from loadstone.model.metrics import Metric, make_metric

_REDUCTIONS = {"auto": "sum_over_batch_size", "mean": "sum_over_batch_size"}


@dataclass(frozen=True)
class OutputLoss:
    """The loss of one output. `choose` finds the function once labels and predictions are known ("crossentropy")."""

    choose: Callable[[Array, Array], Loss]
    options: Mapping[str, Any]
    reduction: str = "sum_over_batch_size"
    weight: float = 1.0


@dataclass(frozen=True)
class OutputMetric:
    """A metric of one output; `make` gives a fresh one for labels and predictions like these."""

    name: str
    make: Callable[[Array, Array], Metric]
    weighted: bool


@dataclass
class Training:
    """Losses (None where an output has none) and metrics of each output, in flattened order."""

    losses: list[OutputLoss | None]
    metrics: list[list[OutputMetric]]
    lacking: list[str] = field(default_factory=list)


def read_training(config: Mapping[str, Any], names: Sequence[str]) -> Training:
    """What a training config says, for outputs of these names. Raises ModelError with all that is not built in."""
    lacking: list[str] = []
    weights = _per_output(config.get("loss_weights"), names)
    losses = [_loss(stored, weight, lacking) for stored, weight in zip(_per_output(config.get("loss"), names), weights, strict=True)]
    plain, weighted = _metrics(config.get("metrics"), names), _metrics(config.get("weighted_metrics"), names)
    metrics = []
    for own, heavy in zip(plain, weighted, strict=True):
        found = [_metric(stored, False, lacking) for stored in own] + [_metric(stored, True, lacking) for stored in heavy]
        metrics.append([metric for metric in found if metric is not None])
    if lacking:
        listed = "\n".join(f"  - {line}" for line in dict.fromkeys(lacking))
        raise ModelError(
            f"the model was compiled with what evaluate does not have:\n{listed}", hint="predict works; compute these from its outputs"
        )
    return Training(losses, metrics)


def _per_output(stored: Any, names: Sequence[str]) -> list[Any]:
    """One entry for each output from a list, a dict by name, or one for all."""
    if isinstance(stored, Mapping) and "class_name" not in stored:
        unknown = sorted(set(stored) - set(names))
        if unknown:
            raise ModelError(f"the training config has losses for {unknown}; the outputs are {list(names)}")
        return [stored.get(name) for name in names]
    if isinstance(stored, (list, tuple)):
        if len(stored) != len(names):
            raise ModelError(f"the training config has {len(stored)} losses or weights; the outputs are {list(names)}")
        return list(stored)
    return [stored] * len(names)


def _metrics(stored: Any, names: Sequence[str]) -> list[list[Any]]:
    """The metrics of each output: a list for each, a dict by name, or one flat list for all."""
    if len(names) == 1:
        return [_flat(stored)]
    if isinstance(stored, Mapping) and "class_name" not in stored:
        return [_flat(stored.get(name)) for name in names]
    if isinstance(stored, (list, tuple)) and len(stored) == len(names):
        return [_flat(part) for part in stored]
    return [_flat(stored) for _ in names]


def _flat(stored: Any) -> list[Any]:
    if stored is None:
        return []
    if isinstance(stored, Mapping) and "class_name" not in stored:
        return [item for part in stored.values() for item in _flat(part)]
    if isinstance(stored, (list, tuple)):
        return [item for part in stored for item in _flat(part)]
    return [stored]


def _named(stored: Any) -> tuple[str, dict[str, Any]]:
    """The name in Keras of a loss or metric, and its config: from a string, a class, or a function in a wrapper."""
    if not isinstance(stored, Mapping):
        return str(stored), {}
    config = stored.get("config")
    if isinstance(config, str):  # a function
        return config, {}
    options = dict(config or {})
    class_name = str(stored.get("class_name")).rpartition(">")[2]
    if class_name in ("MeanMetricWrapper", "LossFunctionWrapper", "SumOverBatchSizeMetricWrapper"):
        name, inner = _named(options.pop("fn", None))
        return name, {**inner, **options}
    options.pop("fn", None)  # tf.keras 2 names the function of a class besides
    return class_name, options


def _loss(stored: Any, weight: Any, lacking: list[str]) -> OutputLoss | None:
    if stored is None:
        return None
    name, options = _named(stored)
    reduction = options.pop("reduction", None) or "sum_over_batch_size"
    for key in ("name", "dtype"):
        options.pop(key, None)
    if options.get("axis") in (-1, [-1]):
        del options["axis"]
    reduction = _REDUCTIONS.get(reduction, reduction)
    known = LOSSES.get(name)
    choose = _crossentropy if name in ("crossentropy", "ce") else None if known is None else lambda y, p: known
    if choose is None:
        lacking.append(f"the loss '{name}'")
    elif reduction not in ("sum_over_batch_size", "sum", "mean_with_sample_weight"):
        lacking.append(f"the loss '{name}' with reduction={reduction!r}")
    elif known is not None and set(_meant(options)) - known.options:
        lacking.append(
            f"the loss '{name}' with " + ", ".join(f"{key}={options[key]!r}" for key in sorted(set(_meant(options)) - known.options))
        )
    else:
        return OutputLoss(choose, _meant(options), reduction, 1.0 if weight is None else float(weight))
    return None


def _metric(stored: Any, weighted: bool, lacking: list[str]) -> OutputMetric | None:
    name, options = _named(stored)
    shown = str(options.pop("name", None) or name)
    options.pop("dtype", None)
    if options.get("axis") in (-1, [-1]):
        del options["axis"]
    options = _meant(options)
    if name.lower() in ("accuracy", "acc") and not isinstance(stored, Mapping):
        return OutputMetric(shown, lambda y, p: _made(_accuracy(y, p), {}), weighted)
    if name.lower() in ("crossentropy", "ce"):
        lacking.append(f"the metric '{name}'")
        return None
    if make_metric(name, options) is None:
        with_ = " with " + ", ".join(f"{key}={value!r}" for key, value in options.items()) if options else ""
        lacking.append(f"the metric '{name}'{with_}")
        return None
    return OutputMetric(shown, lambda y, p: _made(name, options), weighted)


def _meant(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options without those that say nothing."""
    return {key: value for key, value in options.items() if value is not None}


def _made(name: str, options: Mapping[str, Any]) -> Metric:
    metric = make_metric(name, options)
    assert metric is not None
    return metric


def _accuracy(y: Array, p: Array) -> str:
    """Which accuracy "accuracy" means, by the shapes."""
    if p.shape[-1] == 1:
        return "binary_accuracy"
    return "sparse_categorical_accuracy" if y.ndim < p.ndim or y.shape[-1] == 1 else "categorical_accuracy"


def _crossentropy(y: Array, p: Array) -> Loss:
    """Which crossentropy "crossentropy" means, by the shapes."""
    kind = {"binary_accuracy": "binary", "sparse_categorical_accuracy": "sparse_categorical"}.get(_accuracy(y, p), "categorical")
    return LOSSES[f"{kind}_crossentropy"]
