"""The training config of every release as what today's Keras would have saved: the reverse is `training_2`.

`upgrade` takes what `ir.Model.training_config` has: `training_config` of HDF5 files and SavedModels (Keras 1 to 3) or `compile_config` of
`.keras` files. Its answer is what `compile_from_config` of Keras 3 takes: losses and metrics are names or {"module", "class_name",
"config", "registered_name"}, the optimizer stands under "optimizer". Names that are not Keras' own are left for the caller's objects.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from loadstone.frontends.keras import optimizers
from loadstone.ir import Layer, Output, Producer, flatten
from loadstone.ir.records import dataclass

_LOSS_CLASSES = """
    BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy CategoricalHinge Circle
    CosineSimilarity Dice Hinge Huber KLDivergence LogCosh MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError
    MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy SquaredHinge Tversky
""".split()
_METRIC_CLASSES = """
    AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy CategoricalHinge
    ConcordanceCorrelation CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives Hinge IoU KLDivergence LogCoshError Mean
    MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanSquaredError MeanSquaredLogarithmicError OneHotIoU OneHotMeanIoU
    PearsonCorrelation Poisson Precision PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity
    SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum
    TopKCategoricalAccuracy TrueNegatives TruePositives
""".split()
# Functions of some release by the names that today's Keras has for them.
_FUNCTIONS = {
    "kullback_leibler_divergence": "kl_divergence", "KLD": "kl_divergence", "kld": "kl_divergence", "cosine": "cosine_similarity",
    "cosine_proximity": "cosine_similarity", "logcosh": "log_cosh", "huber_loss": "huber", "MSE": "mean_squared_error",
    "mse": "mean_squared_error", "MAE": "mean_absolute_error", "mae": "mean_absolute_error", "MAPE": "mean_absolute_percentage_error",
    "mape": "mean_absolute_percentage_error", "MSLE": "mean_squared_logarithmic_error", "msle": "mean_squared_logarithmic_error",
    "BCE": "binary_crossentropy", "bce": "binary_crossentropy",
}  # fmt: skip
_KEPT = frozenset("mse mae mape msle MSE MAE MAPE MSLE bce BCE kld KLD".split())  # short names that today's Keras has too
_BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")
_GONE = frozenset("matthews_correlation precision recall fbeta_score fmeasure".split())  # metrics of Keras 1, of one batch
_WRAPPERS = {
    "loss": frozenset(("LossFunctionWrapper",)),
    "metric": frozenset(("MeanMetricWrapper", "SumOverBatchSizeMetricWrapper", "MetricWrapper")),
}
_BY_OUTPUT = ("loss", "loss_weights", "metrics", "weighted_metrics")
_MODULES = {"loss": "keras.losses", "metric": "keras.metrics"}
_CLASSES = {"loss": frozenset(_LOSS_CLASSES), "metric": frozenset(_METRIC_CLASSES)}


@dataclass(frozen=True)
class Training:
    """A training config in today's words. config: "optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly",
    "steps_per_execution". lacking names what today's Keras has no word for, changed what it does a little otherwise.
    """

    config: dict[str, Any]
    lacking: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def upgrade(stored: Mapping[str, Any], producer: Producer, given: Collection[str] = ()) -> Training:
    """The training config of a file of any release in today's spelling. given: names of the caller's objects, which stay as they are."""
    said = _Said(producer, given)
    config: dict[str, Any] = {}
    optimizer = optimizers.stored_in(stored)
    if optimizer is not None:
        config["optimizer"] = optimizers.upgrade(optimizer, producer, said, given)
    config["loss"] = _mapped(stored.get("loss"), lambda leaf: said.object("loss", leaf))
    config["loss_weights"] = stored.get("loss_weights")
    for key in ("metrics", "weighted_metrics"):
        config[key] = _unnested(_mapped(stored.get(key), lambda leaf: said.object("metric", leaf)))
    for key in ("run_eagerly", "steps_per_execution"):
        if stored.get(key):
            config[key] = stored[key]
    return Training(config, tuple(dict.fromkeys(said.lacking)), tuple(dict.fromkeys(said.changed)))


def full_names(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same training config without short names: from HDF5 files Keras 3 reads "mean_squared_error", and fails at "mse"."""
    kinds = {"loss", "metrics", "weighted_metrics"} & set(config)
    long = {key: _mapped(config[key], lambda leaf: _FUNCTIONS[leaf] if isinstance(leaf, str) and leaf in _KEPT else leaf) for key in kinds}
    return {**config, **long}


def of_outputs(config: Mapping[str, Any], producer: Producer, before: Sequence[str], after: Sequence[str]) -> dict[str, Any]:
    """The same training config for a model whose outputs were `before` and are `after`: losses, metrics and weights may be kept by their names.

    Before Keras 3 metrics in one list were those of each output, and an output that a dict of losses left out had none.
    """
    names = {old: new for old, new in zip(before, after, strict=False) if old not in after and new not in before}
    keyed = [key for key in _BY_OUTPUT if _is_keyed(config.get(key))]
    found = {**config, **{key: {names.get(name, name): part for name, part in config[key].items()} for key in keyed}}
    if producer.release >= (3,) or len(after) < 2:
        return found
    for key in ("metrics", "weighted_metrics"):
        listed = found.get(key)
        if isinstance(listed, list) and not any(part is None or isinstance(part, list) or _is_keyed(part) for part in listed):
            found[key] = [list(listed) for _ in after]
    if "loss" in keyed and set(found["loss"]) <= set(after):
        found["loss"] = {**dict.fromkeys(after), **found["loss"]}
    return found


def _is_keyed(part: Any) -> bool:
    """Whether this is a dict by the names of outputs, and not a loss or metric."""
    return isinstance(part, Mapping) and "class_name" not in part


def ends(root: Layer) -> list[str]:
    """The names of a model's outputs."""
    return [] if root.graph is None else [leaf.node.name for leaf in flatten(root.graph.outputs) if isinstance(leaf, Output)]


class _Said(optimizers.Said):
    """One upgrade, and what it has to say."""

    def __init__(self, producer: Producer, given: Collection[str]) -> None:
        super().__init__()
        self.producer = producer
        self.given = frozenset(given)

    def object(self, kind: str, stored: Any) -> Any:
        """A loss or metric: a name, a class, or a function in a wrapper."""
        if isinstance(stored, str):
            return self.function(kind, stored)
        if not isinstance(stored, Mapping):
            return stored
        config = stored.get("config")
        if isinstance(config, str):  # a function: {"module", "class_name": "function", "config": its name}
            name = self.function(kind, config)
            return name if name in _FUNCTIONS.values() or name in _BY_SHAPE or "registered_name" not in stored else dict(stored)
        class_name, options = str(stored.get("class_name")), dict(config or {})
        if class_name in _WRAPPERS[kind]:
            return self.wrapped(kind, class_name, options)
        own = class_name.rpartition(">")[2]
        if own not in _CLASSES[kind] or class_name in self.given or stored.get("registered_name") in self.given:
            return {**stored, "config": options}
        options.pop("fn", None)  # tf.keras 2 names the function of a class besides
        return self.spelt(kind, own, options)

    def function(self, kind: str, name: str) -> str:
        """The name of a function that today's Keras knows, or that the caller does."""
        if name in self.given or name in _KEPT:
            return name
        if kind == "metric" and name in _GONE and self.producer.release < (2,):
            self.lacking.append(f"the metric '{name}' of Keras 1, which was that of a batch")
        if name == "cosine_proximity" and self.producer.release < (2, 1):  # the mean of the products, and not their sum
            self.lacking.append(f"the {kind} 'cosine_proximity' of Keras {self.producer.version}")
        return _FUNCTIONS.get(name, name)

    def wrapped(self, kind: str, class_name: str, options: dict[str, Any]) -> Any:
        """A function that a wrapper makes a class of: today's class where there is one, else a wrapper of the caller's function."""
        inner = options.pop("fn", None)
        found = self.object(kind, inner)
        name = found if isinstance(found, str) else None
        if name in _BY_SHAPE:
            return name
        own = _class_of(kind, _FUNCTIONS.get(name or "", name or ""))
        if own and name not in self.given:
            return self.spelt(kind, own, options)
        if name is not None:
            found = {"module": None, "class_name": "function", "config": name, "registered_name": name}
        options = self.reduced(kind, options)
        module = "keras.src.losses.losses" if kind == "loss" else "keras.metrics"
        wrapper = "LossFunctionWrapper" if kind == "loss" else "MeanMetricWrapper"
        return {"module": module, "class_name": wrapper, "config": {**options, "fn": found}, "registered_name": None}

    def spelt(self, kind: str, class_name: str, options: dict[str, Any]) -> dict[str, Any]:
        config = self.reduced(kind, options)
        return {"module": _MODULES[kind], "class_name": class_name, "config": config, "registered_name": None}

    def reduced(self, kind: str, options: dict[str, Any]) -> dict[str, Any]:
        """Options without what says nothing; `reduction="auto"` of tf.keras 2 was the mean of all samples."""
        found = {key: value for key, value in options.items() if value is not None}
        if kind == "loss" and found.get("reduction") == "auto":
            found["reduction"] = "sum_over_batch_size"
        if isinstance(found.get("axis"), list) and len(found["axis"]) == 1:
            found["axis"] = found["axis"][0]
        return found


def _class_of(kind: str, function: str) -> str | None:
    """The class that computes a function: "mean_squared_error" is MeanSquaredError."""
    folded = {name.casefold(): name for name in _CLASSES[kind]}
    wanted = function.replace("_", "").casefold()
    return folded.get({"logcosh": "logcosherror"}.get(wanted, wanted) if kind == "metric" else wanted)


def _mapped(stored: Any, change: Callable[[Any], Any], depth: int = 0) -> Any:
    """The same lists and dicts by output with each loss or metric changed."""
    if depth < 10 and isinstance(stored, (list, tuple)):
        return [_mapped(part, change, depth + 1) for part in stored]
    if depth < 10 and isinstance(stored, Mapping) and "class_name" not in stored:
        return {key: _mapped(part, change, depth + 1) for key, part in stored.items()}
    return change(stored)


def _unnested(stored: Any) -> Any:
    """tf.keras 2 lists the metrics of each output, [None] for none; of a single one they are a list."""
    if _is_keyed(stored):
        return {name: _some(part) for name, part in stored.items()}
    if not isinstance(stored, list):
        return stored
    parts = [_some(part) for part in stored]
    return parts[0] if len(parts) == 1 and isinstance(stored[0], list) else parts


def _some(listed: Any) -> Any:
    """The metrics of one output; None where there are none."""
    return [metric for metric in listed if metric is not None] or None if isinstance(listed, list) else listed
