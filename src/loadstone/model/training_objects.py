"""Custom objects that only training needs: they never stop a load, and are named among the findings.

Losses, metrics, optimizers and schedules stand in the training config, initializers, regularizers and constraints in the configs of
layers. The names here are those of all releases from Keras 1 on, as keras/api has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadstone.errors import printable
from loadstone.ir import Finding, Model

_WRAPPERS = "LossFunctionWrapper MeanMetricWrapper SumOverBatchSizeMetricWrapper MetricWrapper"
_ERRORS = """
    binary_crossentropy binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy
    categorical_generalized_cross_entropy categorical_hinge circle cosine cosine_proximity cosine_similarity crossentropy ce ctc dice hinge
    huber huber_loss kl_divergence kld kullback_leibler_divergence log_cosh logcosh mae mape mean_absolute_error
    mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error mse msle poisson sparse_categorical_crossentropy
    squared_hinge tversky
"""
_KNOWN = {
    "loss": _ERRORS + _WRAPPERS,
    "metric": f"""{_ERRORS} {_WRAPPERS} AUC accuracy acc binary_accuracy BinaryIoU categorical_accuracy ConcordanceCorrelation F1Score FBetaScore
        FalseNegatives FalsePositives IoU log_cosh_error Mean MeanIoU MeanRelativeError MeanTensor OneHotIoU OneHotMeanIoU PearsonCorrelation
        Precision PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity
        sparse_categorical_accuracy sparse_top_k_categorical_accuracy SpecificityAtSensitivity Sum top_k_categorical_accuracy TrueNegatives
        TruePositives matthews_correlation precision recall fbeta_score fmeasure""",
    "optimizer": """Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer LossScaleOptimizerV3 MultiOptimizer OptimizerMap
        Muon Nadam NadamW RMSprop SGD ScheduleFreeAdamW TFOptimizer OptimizerV2 DynamicLossScale FixedLossScale""",
    "learning rate schedule": """CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LinearCosineDecay NoisyLinearCosineDecay
        PiecewiseConstantDecay PolynomialDecay""",
    "initializer": """constant glorot_normal glorot_uniform he_normal he_uniform identity IdentityInitializer lecun_normal lecun_uniform normal one
        ones orthogonal OrthogonalInitializer random_normal random_uniform RandomNormalV2 RandomUniformV2 stft STFTInitializer
        truncated_normal uniform variance_scaling zero zeros""",
    "regularizer": "L1 L1L2 l1_l2 l1l2 L2 OrthogonalRegularizer orthogonal_regularizer activity_l1 activity_l2 activity_l1l2",
    "constraint": "maxnorm MaxNorm MinMaxNorm nonneg NonNeg RadialConstraint unitnorm UnitNorm",
}
_OWN = {kind: frozenset(name.replace("_", "").casefold() for name in names.split()) for kind, names in _KNOWN.items()}
_INSIDE = ("_initializer", "_regularizer", "_constraint")
LISTED = 100  # findings; a file can name any number


def training_objects(model: Model) -> list[Finding]:
    """A finding for each custom object that only training needs, in file order, with the first place of each."""
    found = foreign(model)
    shown = [
        Finding("info", f"the {kind} {printable(repr(name))} is not Keras' own; only training needs it", printable(where))
        for (kind, name), where in list(found.items())[:LISTED]
    ]
    return shown + ([Finding("info", f"and {len(found) - LISTED} more objects that only training needs")] if len(found) > LISTED else [])


def foreign(model: Model) -> dict[tuple[str, str], str]:
    """Kind and name of each custom object that only training needs, in file order, with its first place."""
    found: dict[tuple[str, str], str] = {}
    for kind, name, where in (*_of_layers(model), *_of_training(model.training_config)):
        found.setdefault((kind, name), where)
    return found


def foreign_objects(model: Model) -> list[tuple[str, str, str]]:
    """(kind, name, first place) of each."""
    return [(kind, name, where) for (kind, name), where in foreign(model).items()]


def _of_layers(model: Model) -> Iterator[tuple[str, str, str]]:
    for layer in model.root.walk() if model.root is not None else ():
        for key, value in layer.config.items():
            if key.endswith(_INSIDE):
                kind = key.rpartition("_")[2]
                name = foreign_object(kind, value)
                if name is not None:
                    yield kind, name, f"{layer.path or layer.name}.{key}"


def _of_training(config: Mapping[str, Any] | None) -> Iterator[tuple[str, str, str]]:
    if not isinstance(config, Mapping):
        return
    for key, kind in (("loss", "loss"), ("metrics", "metric"), ("weighted_metrics", "metric")):
        for stored in _leaves(config.get(key)):
            name = foreign_object(kind, stored)
            if name is not None:
                yield kind, name, f"training_config.{key}"
    for key in ("optimizer_config", "optimizer"):
        yield from _of_optimizer(config.get(key), "optimizer", f"training_config.{key}")


def _of_optimizer(stored: Any, kind: str, where: str, depth: int = 0) -> Iterator[tuple[str, str, str]]:
    name = foreign_object(kind, stored)
    if name is not None:
        yield kind, name, where
    config = stored.get("config") if isinstance(stored, Mapping) else None
    if depth > 10 or not isinstance(config, Mapping):
        return
    for key, value in config.items():
        inner = "learning rate schedule" if key in ("learning_rate", "lr") else "optimizer" if "optimizer" in str(key) else ""
        if inner and isinstance(value, Mapping):
            for one in [value] if "class_name" in value else value.values():  # an OptimizerMap has one for each pattern of names
                if isinstance(one, Mapping):
                    yield from _of_optimizer(one, inner, f"{where}.config.{key}", depth + 1)


def _leaves(stored: Any, depth: int = 0) -> Iterator[Any]:
    """The losses or metrics in lists and dicts by output."""
    if isinstance(stored, str) or isinstance(stored, Mapping) and "class_name" in stored:
        yield stored
    elif isinstance(stored, (list, tuple, Mapping)) and depth < 10:
        for part in stored.values() if isinstance(stored, Mapping) else stored:
            yield from _leaves(part, depth + 1)


def foreign_object(kind: str, stored: Any) -> str | None:
    """The name of something that is not Keras' own; None for what is, and for what is no name."""
    registered = None
    while isinstance(stored, Mapping):
        config = stored.get("config")
        registered = stored.get("registered_name")
        if isinstance(config, str):  # a function
            stored = config
        elif str(stored.get("class_name")) in _WRAPPERS.split() and isinstance(config, Mapping) and config.get("fn") is not None:
            stored = config["fn"]
        else:
            stored = stored.get("class_name")
    if not isinstance(stored, str) or not stored:
        return None
    if kind == "optimizer":
        stored = stored.removeprefix("Custom>")  # which tf.keras 2.11 to 2.15 put before Keras' own
    name = registered if isinstance(registered, str) and registered.endswith(f">{stored}") else stored
    return None if stored.replace("_", "").casefold() in _OWN[kind] and name == stored else name
