"""Compiles a living model of Keras 2, from a training config in today's spelling.

Optimizers of files before 2.11 are the legacy ones that Keras 2 still has, with the formulas and the options of then.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.frontends.keras import optimizer_state, optimizers
from loadstone.frontends.keras.optimizer_slots import Unreadable
from loadstone.frontends.keras.optimizer_state import OptimizerState
from loadstone.ir import Model, Tensor
from loadstone.live.library import Library

_NOT_HERE = ("jit_compile",)


def compile_as_saved(library: Library, live: Any, model: Model, config: Mapping[str, Any], objects: Mapping[str, Any]) -> None:
    """`live.compile`, in the scope of the caller's objects."""
    keras = library.package
    options = {key: value for key, value in config.items() if key not in _NOT_HERE and value is not None}
    optimizer = options.pop("optimizer", None)
    if optimizer is not None:
        stored = optimizers.stored_in(model.training_config or {})
        options["optimizer"] = _optimizer(keras, stored, optimizer, model)
    for key, module in (("loss", keras.losses), ("metrics", keras.metrics), ("weighted_metrics", keras.metrics)):
        if key in options:
            options[key] = _made(options[key], module, objects)
    live.compile(**options)


def _optimizer(keras: Any, stored: Any, todays: Any, model: Model) -> Any:
    if not isinstance(todays, Mapping):
        return todays
    if todays["class_name"] == "LossScaleOptimizer":
        config = todays["config"]
        made = _optimizer(keras, _inside(stored), config["inner_optimizer"], model)
        return keras.mixed_precision.LossScaleOptimizer(
            made, initial_scale=config["initial_scale"], dynamic_growth_steps=config["dynamic_growth_steps"]
        )
    scale = todays["config"].get("loss_scale_factor")
    if scale:
        made = _optimizer(keras, _inside(stored), _unscaled(todays), model)
        return keras.mixed_precision.LossScaleOptimizer(made, dynamic=False, initial_scale=scale)
    if todays.get("module") != "keras.optimizers":
        return keras.optimizers.deserialize(dict(todays))
    name, config, legacy = optimizers.of_keras_2(stored, todays, model.producer)
    rate: Any = config.get("learning_rate")
    if isinstance(rate, Mapping):
        parts = {"class_name": str(rate["class_name"]).rpartition(">")[2], "config": dict(rate["config"])}
        config["learning_rate"] = keras.optimizers.schedules.deserialize(parts)
    return getattr(keras.optimizers.legacy if legacy else keras.optimizers, name)(**config)


def _inside(stored: Mapping[str, Any]) -> Any:
    """What a LossScaleOptimizer of the file has inside; any other optimizer as it is."""
    config = stored.get("config") or {}
    return config.get("inner_optimizer") or config.get("optimizer") or stored


def _unscaled(todays: Mapping[str, Any]) -> dict[str, Any]:
    """An optimizer without the factor for which Keras 2 puts a LossScaleOptimizer around it."""
    return {**todays, "config": {key: value for key, value in todays["config"].items() if key != "loss_scale_factor"}}


def _made(stored: Any, module: Any, objects: Mapping[str, Any]) -> Any:
    """Losses or metrics in their lists and dicts."""
    if isinstance(stored, list):
        return [_made(part, module, objects) for part in stored]
    if isinstance(stored, str):
        return objects.get(stored, stored)
    if not isinstance(stored, Mapping):
        return stored
    if "class_name" not in stored:
        return {key: _made(part, module, objects) for key, part in stored.items()}
    config: Any = stored.get("config")
    name = str(stored["class_name"])
    if isinstance(config, str):
        return objects.get(config, config)
    if name in ("LossFunctionWrapper", "MeanMetricWrapper"):
        wrapper = type(module.MeanSquaredError()).__mro__[1]  # public in neither
        return wrapper(**{**config, "fn": _made(config["fn"], module, objects)})
    given: Any = objects.get(stored.get("registered_name") or name, objects.get(name))
    cls = given or getattr(module, name)
    return cls.from_config(dict(config)) if hasattr(cls, "from_config") else cls(**config)


def variables(optimizer: Any, live: Any) -> list[Any]:
    """All that an optimizer keeps but its learning rate, in order, made now."""
    if hasattr(optimizer, "_create_all_weights"):
        optimizer._create_all_weights(live.trainable_variables)
        return list(optimizer.weights)
    optimizer.build(live.trainable_variables)
    rate = getattr(optimizer, "_learning_rate", None)
    return [v for v in optimizer.variables if v is not rate]


def restore(
    library: Library, live: Any, todays: Mapping[str, Any], model: Model, state: OptimizerState, weights: Sequence[tuple[str, Tensor]]
) -> None:
    """Give the optimizer its variables. Raises Unreadable, and changes nothing then."""
    optimizer = live.optimizer
    stored = optimizers.stored_in(model.training_config or {})
    if todays["class_name"] == "LossScaleOptimizer":
        optimizer, stored, todays = optimizer.inner_optimizer, _inside(stored), todays["config"]["inner_optimizer"]
    elif todays["config"].get("loss_scale_factor"):
        optimizer, stored, todays = optimizer.inner_optimizer, _inside(stored), _unscaled(todays)
    name, config, legacy = optimizers.of_keras_2(stored, todays, model.producer)
    slots = list(optimizer_state.slots(state, name, config, "v2" if legacy else "new", weights))
    own = variables(optimizer, live)[1:]
    if legacy and name == "Nadam":
        own = [v for v in own if v is not optimizer._m_cache]
    if [tuple(v.shape) for v in own] != [tensor.shape for _, _, tensor in slots]:
        raise Unreadable(f"{library.title} keeps other variables for it")
    for variable, (_, _, tensor) in zip(own, slots, strict=True):
        variable.assign(np.asarray(tensor.numpy()).astype(library.dtype_of(variable)))
    optimizer.iterations.assign(0 if state.iterations is None else int(state.iterations.numpy()))
    if state.learning_rate is not None and not isinstance(config.get("learning_rate"), Mapping):
        optimizer.learning_rate = float(state.learning_rate.numpy())
    if name == "Nadam" and legacy and "momentum_cache" in state.scalars:
        optimizer._m_cache.assign(float(state.scalars["momentum_cache"].numpy()))
    elif name == "Nadam" and not legacy:
        product = state.scalars.get("u_product")
        product = optimizer_state.nadam_product(state, config) if product is None else product
        optimizer._u_product_counter = int(optimizer.iterations.numpy()) + 1  # for which step the product is
        optimizer._u_product.assign(sys.modules["tensorflow"].cast(float(product.numpy()), optimizer._u_product.dtype))
