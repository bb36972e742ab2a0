"""The training config in the words of Keras 2, as tf_keras and tf.keras save it: made of what `training` says in today's.

HDF5 files keep {"class_name", "config"} (tf_keras/src/saving/legacy/saving_utils.py), `.keras` files a module and a registered name besides
(saving/serialization_lib.py). Optimizers of before 2.11 are the legacy ones, which keep their state in HDF5 files alone: in `.keras` files
the later ones with the same formula stand for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from loadstone.frontends.keras import optimizers
from loadstone.frontends.keras.training import Training
from loadstone.ir import Producer
from loadstone.ir.records import dataclass

_NOT_THERE = {  # classes and functions that Keras 3 has added
    "loss": frozenset(
        """
        CTC CategoricalGeneralizedCrossEntropy Circle Dice Tversky
        categorical_generalized_cross_entropy circle ctc dice tversky
        """.split()
    ),
    "metric": frozenset("ConcordanceCorrelation PearsonCorrelation concordance_correlation pearson_correlation".split()),
}
_NEW_OPTIONS = {"SparseCategoricalCrossentropy": ("axis", -1), "SparseTopKCategoricalAccuracy": ("from_sorted_ids", False)}
_OPTIMIZERS = frozenset("SGD RMSprop Adagrad Adadelta Adam AdamW Adamax Nadam Ftrl Lion Adafactor LossScaleOptimizer".split())
_WRAPPERS = {"LossFunctionWrapper": "keras.src.losses", "MeanMetricWrapper": "keras.src.metrics.base_metric"}
_SCALING = "keras.src.mixed_precision.loss_scale_optimizer"
_PRODUCT = "Nadam of Keras 2 keeps the product of its momenta in no file, and begins with a new one"


@dataclass(frozen=True)
class Optimizer:
    """An optimizer of Keras 2. stored: its config as a file has it. class_name, options: of the one that keeps variables, which may stand
    inside another. legacy: whether it is one of before 2.11."""

    stored: dict[str, Any]
    class_name: str
    options: Mapping[str, Any]
    legacy: bool
    scaled: bool = False


def keras_2(found: Training, stored: Any, producer: Producer, kind: str, given: Collection[str] = ()) -> tuple[Training, Optimizer | None]:
    """The training config for a file of that kind ("keras" or "h5"), and its optimizer.

    found: the config in today's words. stored: the optimizer as the file read has it. given: names of the caller's objects.
    """
    said = _Said(kind, given)
    config = {key: value for key, value in found.config.items() if key != "optimizer"}
    config["loss"] = _mapped(config.get("loss"), lambda leaf: said.object("loss", leaf))
    for key in ("metrics", "weighted_metrics"):
        config[key] = _mapped(config.get(key), lambda leaf: said.object("metric", leaf))
    optimizer = said.optimizer(found.config.get("optimizer"), stored, producer)
    kept = optimizer is None or optimizer.legacy or not isinstance(stored, Mapping)
    changed = [] if kept or optimizers.era(producer, stored.get("config") or {}) == "new" else list(found.changed)
    if optimizer is not None and optimizer.class_name == "Nadam" and not optimizer.legacy:
        changed.append(_PRODUCT)
    if optimizer is not None:
        config["optimizer"] = optimizer.stored
    return Training(config, (*found.lacking, *dict.fromkeys(said.lacking)), tuple(changed)), optimizer


class _Said(optimizers.Said):
    """One config, and what it has to say."""

    def __init__(self, kind: str, given: Collection[str]) -> None:
        super().__init__()
        self.kind = kind
        self.given = frozenset(given)

    # -- losses and metrics --------------------------------------------------------------------------------------------

    def object(self, kind: str, stored: Any) -> Any:
        """A loss or metric in today's words."""
        if isinstance(stored, str):
            if stored in _NOT_THERE[kind] and stored not in self.given:
                self.lacking.append(f"the {kind} '{stored}'")
            return stored
        if not isinstance(stored, Mapping):
            return stored
        if isinstance(stored.get("config"), str):  # a function
            return dict(stored) if self.kind == "keras" else stored["config"]
        name, options = str(stored.get("class_name")), dict(stored.get("config") or {})
        if name in self.given or stored.get("registered_name") in self.given or stored.get("module") not in _OWN:
            return self.spelt(str(stored.get("registered_name") or name), options, stored)
        if name in _NOT_THERE[kind]:
            self.lacking.append(f"the {kind} {name}")
            return None
        if name in _WRAPPERS:
            options["fn"] = self.object(kind, options.get("fn"))
        options = self.options(kind, name, options)
        return self.spelt(name, options, {"module": _WRAPPERS.get(name, f"keras.{'losses' if kind == 'loss' else 'metrics'}")})

    def spelt(self, name: str, options: dict[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
        if self.kind == "h5":
            return {"class_name": name, "config": options}
        registered = name if name in _WRAPPERS else stored.get("registered_name")
        return {"module": stored.get("module"), "class_name": name.rpartition(">")[2], "config": options, "registered_name": registered}

    def options(self, kind: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
        """Those of a class of Keras' own: a dtype is a name and of metrics alone, a reduction has a word for none."""
        found = dict(options)
        dtype = found.pop("dtype", None)
        if isinstance(dtype, Mapping):
            dtype = (dtype.get("config") or {}).get("name")
        if kind == "metric" and isinstance(dtype, str):
            found["dtype"] = dtype
        elif dtype not in (None, "float32"):
            self.lacking.append(f"the {kind} {name} with dtype={dtype!r}")
        if kind == "loss" and "reduction" in found:
            found["reduction"] = found["reduction"] or "none"
            if found["reduction"] in ("mean", "mean_with_sample_weight"):
                self.lacking.append(f"the loss {name} with reduction={found['reduction']!r}")
        key, default = _NEW_OPTIONS.get(name, ("", None))
        if key in found and found.pop(key) != default:
            self.lacking.append(f"the {kind} {name} with {key}={options[key]!r}")
        return found

    # -- the optimizer -------------------------------------------------------------------------------------------------

    def optimizer(self, todays: Any, stored: Any, producer: Producer) -> Optimizer | None:
        """todays: as `optimizers.upgrade` spelt it."""
        if isinstance(todays, str):
            todays = {"module": "keras.optimizers", "class_name": optimizers.class_name(todays), "config": {}}
            stored = {"class_name": todays["class_name"], "config": {"is_legacy_optimizer": False}}
        if not isinstance(todays, Mapping) or not isinstance(stored, Mapping):
            return None
        name = str(todays["class_name"])
        if todays.get("module") != "keras.optimizers" or name in self.given:
            registered = str(todays.get("registered_name") or name)
            spelt = self.spelt(registered, dict(todays.get("config") or {}), todays)
            return Optimizer(spelt, registered, spelt["config"], legacy=False)
        if name not in _OPTIMIZERS:
            self.lacking.append(f"the optimizer {name}")
            return None
        if name == "LossScaleOptimizer":
            return self.scaling(todays["config"], stored["config"], producer)
        for key in ("loss_scale_factor", "gradient_accumulation_steps"):
            if todays["config"].get(key) is not None:
                self.lacking.append(f"the optimizer {name} with {key}={todays['config'][key]!r}")
        name, config, legacy = optimizers.of_keras_2(stored, todays, producer)
        if legacy and self.kind == "keras":
            name, config, legacy = optimizers.of_keras_2({"class_name": name, "config": {"is_legacy_optimizer": False}}, todays, producer)
        if not legacy:
            config["is_legacy_optimizer"] = False
        rate = config.get("learning_rate")
        if isinstance(rate, Mapping):
            named = {"class_name": str(rate["class_name"]).rpartition(">")[2], "config": dict(rate["config"])}
            config["learning_rate"] = named if legacy else {"module": "keras.optimizers.schedules", **named, "registered_name": None}
        if self.kind == "h5":
            spelt = {"class_name": name if legacy else f"Custom>{name}", "config": config}
        else:
            spelt = {"module": "keras.optimizers", "class_name": name, "config": config, "registered_name": None}
        return Optimizer(spelt, name, config, legacy)

    def scaling(self, todays: Mapping[str, Any], stored: Mapping[str, Any], producer: Producer) -> Optimizer | None:
        """A LossScaleOptimizer, and the one inside."""
        inner = self.optimizer(todays["inner_optimizer"], stored.get("inner_optimizer") or stored.get("optimizer"), producer)
        if inner is None:
            return None
        module = "keras.optimizers.legacy" if inner.legacy else "keras.optimizers"
        inside = {"module": module, "class_name": inner.class_name, "config": dict(inner.options), "registered_name": None}
        steps = int(todays.get("dynamic_growth_steps") or 2000)
        config = {
            "inner_optimizer": inside,
            "dynamic": True,
            "initial_scale": todays.get("initial_scale", 2.0**15),
            "dynamic_growth_steps": steps,
        }
        name = "LossScaleOptimizer" if inner.legacy else "LossScaleOptimizerV3"
        spelt: dict[str, Any] = {"class_name": name, "config": config}
        spelt = spelt if self.kind == "h5" else {"module": _SCALING, **spelt, "registered_name": name}
        return Optimizer(spelt, inner.class_name, inner.options, inner.legacy, scaled=True)


_OWN = ("keras.losses", "keras.metrics", "keras.src.losses.losses")  # modules that `training.upgrade` writes


def _mapped(stored: Any, change: Callable[[Any], Any]) -> Any:
    """The same lists and dicts by output with each loss or metric changed."""
    if isinstance(stored, (list, tuple)):
        return [_mapped(part, change) for part in stored]
    if isinstance(stored, Mapping) and "class_name" not in stored:
        return {key: _mapped(part, change) for key, part in stored.items()}
    return change(stored)
