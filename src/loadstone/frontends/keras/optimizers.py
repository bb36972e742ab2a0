"""The optimizers of every release in today's spelling: what they were called, and what their options meant.

Dated facts, each with the release that made it. Formulas: keras/optimizers.py of Keras 1 and 2 ("keras" here), optimizer_v2 of tf.keras
to 2.10 ("v2"), keras/src/optimizers of tf.keras from 2.11 and of Keras 3.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from loadstone.ir import Producer

_COMMON = """name learning_rate weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency
    loss_scale_factor gradient_accumulation_steps"""
_OWN = {
    "SGD": "momentum nesterov",
    "RMSprop": "rho momentum epsilon centered",
    "Adagrad": "initial_accumulator_value epsilon",
    "Adadelta": "rho epsilon",
    "Adam": "beta_1 beta_2 epsilon amsgrad",
    "AdamW": "beta_1 beta_2 epsilon amsgrad",
    "Adamax": "beta_1 beta_2 epsilon",
    "Nadam": "beta_1 beta_2 epsilon",
    "Ftrl": """learning_rate_power initial_accumulator_value l1_regularization_strength l2_regularization_strength
        l2_shrinkage_regularization_strength beta""",
    "Lion": "beta_1 beta_2",
    "Lamb": "beta_1 beta_2 epsilon",
    "Adafactor": "beta_2_decay epsilon_1 epsilon_2 clip_threshold relative_step",
    "ScheduleFreeAdamW": "beta_1 beta_2 epsilon warmup_steps",
    "Muon": """adam_beta_1 adam_beta_2 epsilon exclude_layers muon_a muon_b muon_c adam_lr_ratio momentum ns_steps nesterov
        exclude_embeddings adam_weight_decay rms_rate""",
}
_KNOWN = {name: frozenset(f"{own} {_COMMON}".split()) for name, own in _OWN.items()}
_BY_FOLDED = {name.casefold(): name for name in (*_OWN, "LossScaleOptimizer", "MultiOptimizer")}
_RATES = {"SGD": 0.01, "ScheduleFreeAdamW": 0.0025}  # by default; of the others 0.001
_SCHEDULES = frozenset("CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay".split())
_LOST_SCHEDULES = frozenset("LinearCosineDecay NoisyLinearCosineDecay".split())
_LEGACY = frozenset("Adadelta Adagrad Adam Adamax Ftrl Nadam RMSprop SGD".split())
_SMALL = 1e-6
_FLOATS = "learning_rate momentum rho beta_1 beta_2 epsilon initial_accumulator_value weight_decay"
_SAYS_NOTHING = frozenset("jit_compile is_legacy_optimizer transformers".split())


class Said:
    """What an upgrade has to say: lacking has no word in today's Keras, changed is done a little otherwise."""

    def __init__(self) -> None:
        self.lacking: list[str] = []
        self.changed: list[str] = []


def stored_in(training: Mapping[str, Any]) -> Any:
    """The optimizer of a training config as the file has it, None where it says none.

    A name alone, which `.keras` files of tf.keras keep of `compile("adam")`, is that class of 2.11 or later with its defaults.
    """
    stored = training.get("optimizer_config") or training.get("optimizer")
    if isinstance(stored, str) and stored.casefold() in _BY_FOLDED:
        name = _BY_FOLDED[stored.casefold()]
        return {"class_name": name, "config": {"learning_rate": _RATES.get(name, 0.001), "is_legacy_optimizer": False}}
    return stored


def class_name(stored: Any) -> str:
    """Today's class of a stored optimizer: "Custom>Adam" of tf.keras 2.11 to 2.15 and "adam" are Adam; others keep their name."""
    name = str(stored.get("class_name") if isinstance(stored, Mapping) else stored)
    own = name.removeprefix("Custom>").removeprefix("Addons>")
    own = "LossScaleOptimizer" if own == "LossScaleOptimizerV3" else own
    return _BY_FOLDED.get(own.casefold(), name)


def era(producer: Producer, config: Mapping[str, Any]) -> str:
    """Which family of optimizers wrote a config: "keras" (Keras 1 and 2, tf.keras before 1.13), "v2" (tf.keras to 2.10, and the legacy
    ones after), "new" (tf.keras from 2.11), or "keras_3".
    """
    if producer.release >= (3,):
        return "keras_3"
    if "is_legacy_optimizer" in config and not config["is_legacy_optimizer"]:
        return "new"
    return "v2" if "learning_rate" in config and "name" in config else "keras"


def upgrade(stored: Any, producer: Producer, said: Said, given: Collection[str] = ()) -> Any:
    """{"module", "class_name", "config", "registered_name"} of an optimizer; a class that is not Keras' own stays as it is."""
    if isinstance(stored, str):
        return stored
    if not isinstance(stored, Mapping) or not isinstance(stored.get("config"), Mapping):
        said.lacking.append("an optimizer without a config")
        return None
    name = class_name(stored)
    if name in given or stored.get("registered_name") in given:
        return dict(stored)
    if name == "TFOptimizer":
        said.lacking.append("an optimizer of TensorFlow 1, of which Keras saves nothing")
        return None
    if name == "LossScaleOptimizer" and era(producer, stored["config"]) != "keras_3":
        return _loss_scale(stored["config"], producer, said, given)
    if name in ("LossScaleOptimizer", "MultiOptimizer"):  # of Keras 3
        return {"module": "keras.optimizers", "class_name": name, "config": dict(stored["config"]), "registered_name": None}
    if name not in _OWN:
        return dict(stored)
    config = dict(stored["config"])
    if name == "Ftrl" and config.get("l2_shrinkage_regularization_strength") and (2, 4) <= producer.release < (2, 5):
        said.changed.append("Ftrl of TensorFlow 2.3 and 2.4 multiplied by its learning rate where l2_shrinkage is used")
    if era(producer, config) != "keras_3":
        config = _dated(name, config, era(producer, config), said)
    config.pop("is_legacy_optimizer", None)
    config["learning_rate"] = _rate(config.get("learning_rate"), said, given)
    for key in _FLOATS.split():
        if isinstance(config.get(key), int) and not isinstance(config[key], bool):
            config[key] = float(config[key])
    return {"module": "keras.optimizers", "class_name": name, "config": config, "registered_name": None}


def _dated(name: str, config: dict[str, Any], era: str, said: Said) -> dict[str, Any]:
    """A config of releases before 3."""
    if "lr" in config:  # renamed in Keras 2.3 and tf.keras 1.13
        config.setdefault("learning_rate", config.pop("lr"))
    decay = config.pop("decay", None)
    if decay and name != "Nadam":  # lr / (1 + decay * iterations), gone with tf.keras 2.11
        rate = config["learning_rate"]
        if isinstance(rate, Mapping):
            said.lacking.append(f"the optimizer {name} with a schedule and a decay besides")
        schedule = {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": float(decay), "staircase": False}
        config["learning_rate"] = {"class_name": "InverseTimeDecay", "config": {**schedule, "name": "InverseTimeDecay"}}
    for key in ("clipnorm", "clipvalue", "global_clipnorm"):
        if not config.get(key):  # None, or the 0 that Keras 1 and 2 took for none
            config.pop(key, None)
    if era == "keras" and "clipnorm" in config:  # of all gradients together, which tf.keras calls global
        config["global_clipnorm"] = config.pop("clipnorm")
    if sum(key in config for key in ("clipnorm", "clipvalue", "global_clipnorm")) > 1:
        said.lacking.append(f"the optimizer {name} with gradients clipped in two ways")
    if config.get("epsilon") is None:
        config.pop("epsilon", None)  # Keras' own, 1e-7
    config = {key: value for key, value in config.items() if key not in _SAYS_NOTHING}
    if era != "new":
        moved = _moved_epsilon(name, config)
        if moved is not config and config.get("epsilon", 0) > _SMALL:
            said.changed.append(
                f"{name} of Keras before 2.11 added its epsilon of {config['epsilon']:g} to a root, under which it is today"
            )
        config = moved
    if era == "keras" and name == "Adagrad":
        config.setdefault("initial_accumulator_value", 0.0)
    if name == "Nadam" and era != "new":  # its momentum grew by 0.96 ** (0.004 t), since 2.11 by 0.96 ** t
        config.pop("schedule_decay", None)  # which tf.keras called decay
        said.changed.append("Nadam of Keras before 2.11 lets its momentum grow more slowly than today's")
    elif name == "Nadam":  # a function that ran once for each weight, with a count that files do not keep
        said.changed.append("Nadam of tf.keras 2.11 to 2.15 multiplied its momenta more than once a step where steps were compiled")
    unknown = [key for key, value in config.items() if key not in _KNOWN[name] and value is not None]
    if unknown:
        said.lacking.append(f"the optimizer {name} with " + ", ".join(f"{key}={config[key]!r}" for key in unknown))
    return {key: value for key, value in config.items() if value is not None}


def _moved_epsilon(name: str, config: dict[str, Any]) -> dict[str, Any]:
    """Before 2.11 RMSprop and Adagrad divided by sqrt(v) + epsilon, since then by sqrt(v + epsilon): the same at 0 for its square.

    tf.keras had it under the root for RMSprop with momentum alone.
    """
    if (name == "RMSprop" and not config.get("momentum")) or name == "Adagrad":
        return {**config, "epsilon": float(config.get("epsilon", 1e-7)) ** 2}
    return config


def _rate(stored: Any, said: Said, given: Collection[str]) -> Any:
    """A learning rate: a number, or a schedule."""
    if not isinstance(stored, Mapping):
        return float(stored) if isinstance(stored, (int, float)) else stored
    name = str(stored.get("class_name")).rpartition(">")[2]
    if name in _LOST_SCHEDULES:
        said.lacking.append(f"the learning rate schedule {name}")
    if name not in _SCHEDULES or name in given:
        return dict(stored)
    config = {key: value for key, value in (stored.get("config") or {}).items() if value is not None}  # a name, which tf.keras left open
    return {"module": "keras.optimizers.schedules", "class_name": name, "config": config, "registered_name": None}


def _loss_scale(config: Mapping[str, Any], producer: Producer, said: Said, given: Collection[str]) -> Any:
    """A LossScaleOptimizer of tf.keras: {"inner_optimizer", "dynamic", ...} since 2.4, {"optimizer", "loss_scale"} before."""
    inner = upgrade(config.get("inner_optimizer") or config.get("optimizer"), producer, said, given)
    scale = config.get("loss_scale")
    options = scale.get("config") or {} if isinstance(scale, Mapping) else {}
    dynamic = scale.get("class_name") == "DynamicLossScale" if isinstance(scale, Mapping) else config.get("dynamic", True)
    initial = config.get("initial_scale", options.get("initial_loss_scale", options.get("loss_scale_value", 2.0**15)))
    steps = config.get("dynamic_growth_steps", options.get("increment_period", 2000))
    if not isinstance(inner, Mapping):
        return inner
    if not dynamic:
        return {**inner, "config": {**inner["config"], "loss_scale_factor": float(initial)}}
    return {
        "module": "keras.optimizers",
        "class_name": "LossScaleOptimizer",
        "config": {"inner_optimizer": inner, "initial_scale": float(initial), "dynamic_growth_steps": steps or 2000},
        "registered_name": None,
    }


def of_keras_2(stored: Mapping[str, Any], todays: Mapping[str, Any], producer: Producer) -> tuple[str, dict[str, Any], bool]:
    """(class, config, whether it is a legacy one) of an optimizer in Keras 2, which has those of before 2.11 as `optimizers.legacy`.

    todays: the same as `upgrade` spelt it.
    """
    name = class_name(stored)
    said, config = era(producer, stored.get("config") or {}), dict(todays.get("config") or {})
    if said in ("keras", "v2") and name in _LEGACY:
        config = {key: value for key, value in stored["config"].items() if value is not None}
        config["learning_rate"] = config.pop("lr", config.get("learning_rate"))
        if name == "Nadam":
            config["decay"] = config.pop("schedule_decay", config.get("decay", 0.004))
        if said == "keras" and config.get("clipnorm"):
            config["global_clipnorm"] = config.pop("clipnorm")
        if said == "keras" and name == "Adagrad":
            config.setdefault("initial_accumulator_value", 0.0)
        return name, {key: value for key, value in config.items() if value or not key.startswith("clip")}, True
    for key in ("loss_scale_factor", "gradient_accumulation_steps"):
        if config.get(key) is None:
            config.pop(key, None)
    return str(todays.get("class_name")), {key: value for key, value in config.items() if value is not None}, False
