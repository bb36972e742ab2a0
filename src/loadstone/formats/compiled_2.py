"""What `compile` was given, for a file of Keras 2: the training config in its words, the optimizer's variables in its order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from loadstone.formats.compiled import wanted
from loadstone.formats.writing import WRITER_2, Compiled
from loadstone.frontends.keras import optimizer_state, optimizers, training, training_2
from loadstone.frontends.keras.optimizer_slots import Unreadable, layout, shape_of
from loadstone.frontends.keras.optimizer_state import OptimizerState
from loadstone.frontends.keras.variables import variables
from loadstone.frontends.keras.weights_h5 import trainable_order
from loadstone.ir import Finding, Layer, Model, Tensor
from loadstone.ir.records import replace

Weights = list[tuple[str, Tensor]]  # the path and the tensor of each weight that is trained


def compiled_2(model: Model, root: Layer, kind: str, findings: list[Finding], given: Collection[str] = ()) -> Compiled | None:
    """None for a model that was not compiled, or with what Keras 2 has no word for. root: the layers that are written.

    kind: "keras" or "h5". findings learns what is left out, and what is otherwise. given: names of the caller's objects.
    """
    if not model.training_config:
        return None
    stored = optimizers.stored_in(model.training_config)
    found, optimizer = training_2.keras_2(
        training.upgrade(model.training_config, model.producer, given), stored, model.producer, kind, given
    )
    config = wanted(found, model, root, findings, "Keras 2")
    if config is None:
        return None
    if optimizer is None:
        return Compiled(config)
    if optimizer.scaled and kind == "h5" and not optimizer.legacy:
        findings.append(Finding("info", "Keras 2 does not restore the state of a LossScaleOptimizer from .h5 files", "optimizer"))
    state, kept = None, {}
    try:
        state = optimizer_state.read(model)
        kept = {} if state is None else dict(_variables(state, optimizer, _weights(model, root, state)))
    except Unreadable as reason:
        findings.append(Finding("warning", f"the optimizer of the new file begins anew: {reason}", "optimizer"))
    if not kept and optimizer.scaled and not optimizer.legacy:  # tf_keras fails at a file that has nothing for this one
        try:
            weights = _weights(model, root, None)
            kept = dict(_variables(_new(optimizer, weights), optimizer, weights))
        except Unreadable as reason:
            findings.append(Finding("warning", f"the training config is left out: {reason}", "training_config"))
            return None
    if state is not None and state.learning_rate is not None and not isinstance(optimizer.options.get("learning_rate"), Mapping):
        _set_rate(config["optimizer"], float(state.learning_rate.numpy()))
    return Compiled(config, kept)


def _weights(model: Model, root: Layer, state: OptimizerState | None) -> Weights:
    """The weights that are trained, in the order of Keras 2."""
    custom = next((layer for layer in root.walk() if variables(layer) is None and layer.weights), None)
    if custom is None:
        slots = trainable_order(root, WRITER_2)
        return [(f"{slot.layer.path}/{slot.variable.label}", slot.layer.weights[slot.variable.name]) for slot in slots]
    if model.producer.release >= (3,) or state is None or not state.rows:
        raise Unreadable(f"which weights of {custom.class_name} are trained is not known")
    return [(f"weight_{number}", next(iter(row.values()))) for number, row in enumerate(state.rows)]


def _variables(state: OptimizerState, optimizer: training_2.Optimizer, weights: Weights) -> Iterator[tuple[str, Tensor]]:
    """(name, tensor) of each variable of the optimizer in order: tf_keras/src/optimizers, and optimizers/legacy."""
    name, options = optimizer.class_name, optimizer.options
    steps = 0 if state.iterations is None else int(state.iterations.numpy())
    yield (f"{name}/iter:0" if optimizer.legacy else "iteration:0"), Tensor.of(np.int64(steps))
    if optimizer.legacy and name == "Nadam":
        cache = state.scalars.get("momentum_cache")
        yield f"{name}/momentum_cache:0", Tensor.of(np.float32(1)) if cache is None else cache
    if state.rows and all(weight is None for weight in state.weights):  # layers of the caller's: by order
        state = replace(state, weights=tuple(tensor for _, tensor in weights))
    if name == "SGD" and not optimizer.legacy and not options.get("momentum"):
        state = _with_momenta(state, weights)
    for path, slot, tensor in optimizer_state.slots(state, name, options, "v2" if optimizer.legacy else "new", weights):
        yield f"{name}/{slot}/{path}:0", tensor


def _new(optimizer: training_2.Optimizer, weights: Weights) -> OptimizerState:
    """What an optimizer knows that has not taken a step."""
    rows: list[dict[str, Tensor]] = [{} for _ in weights]
    first = optimizer.options.get("initial_accumulator_value", 0.1)
    for slot, number in layout(optimizer.class_name, optimizer.options, "new", [tensor.shape for _, tensor in weights]):
        tensor = weights[number][1]
        full = np.full(shape_of(slot, tensor.shape), first if slot == "accumulator" else 0, np.float32)
        rows[number][slot] = tensor if slot == "average" else Tensor.of(full)
    return OptimizerState(None, None, tuple(rows), tuple(tensor for _, tensor in weights))


def _with_momenta(state: OptimizerState, weights: Weights) -> OptimizerState:
    """Momenta of zeros where there are none: the later SGD keeps them although it does not need them."""
    rows = [{"momentum": Tensor.of(np.zeros(tensor.shape, np.float32)), **(state.of(tensor) or {})} for _, tensor in weights]
    return replace(state, rows=tuple(rows), weights=tuple(tensor for _, tensor in weights))


def _set_rate(stored: dict[str, Any], rate: float) -> None:
    """The learning rate that training had come to, which Keras 2 keeps in the config."""
    config = stored["config"]
    inner = config.get("inner_optimizer")
    (inner["config"] if isinstance(inner, Mapping) else config)["learning_rate"] = rate
