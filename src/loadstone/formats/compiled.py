"""What `compile` was given, for a file of today's Keras: the training config in its spelling, the optimizer's variables in its order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from loadstone.formats.writing import WRITER, Compiled
from loadstone.frontends.keras import optimizer_state, training
from loadstone.frontends.keras.optimizer_slots import Unreadable
from loadstone.frontends.keras.variables import variables
from loadstone.frontends.keras.weights_h5 import trainable_order
from loadstone.ir import Finding, Layer, Model, Tensor


def compiled(model: Model, root: Layer, findings: list[Finding], given: Collection[str] = ()) -> Compiled | None:
    """None for a model that was not compiled, or with what today's Keras has no word for. root: the layers that are written.

    findings learns what is left out, and what is otherwise than in the file read. given: names of the caller's objects.
    """
    if not model.training_config:
        return None
    found = training.upgrade(model.training_config, model.producer, given)
    config = wanted(found, model, root, findings, "today's Keras")
    if config is None:
        return None
    optimizer = config.get("optimizer")
    if isinstance(optimizer, str):
        optimizer = {"module": "keras.optimizers", "class_name": optimizer, "config": {}, "registered_name": None}
    if not isinstance(optimizer, Mapping):
        return Compiled(config)
    return Compiled({**config, "optimizer": optimizer}, _state(model, root, optimizer, findings))


def wanted(found: training.Training, model: Model, root: Layer, findings: list[Finding], who: str) -> dict[str, Any] | None:
    """The training config for the outputs of root, the layers that are written; None where `who` lacks something. findings learns why."""
    findings += [Finding("info", what, "training_config") for what in found.changed]
    if found.lacking:
        message = f"the training config is left out, since {who} has not {' nor '.join(found.lacking)}"
        findings.append(Finding("warning", message, "training_config"))
        return None
    before = [] if model.root is None else training.ends(model.root)
    return training.of_outputs(found.config, model.producer, before, training.ends(root))


def _state(model: Model, root: Layer, optimizer: Mapping[str, Any], findings: list[Finding]) -> dict[str, Tensor]:
    """The variables of the optimizer by name; none where it begins anew."""
    custom = next((layer for layer in root.walk() if variables(layer) is None and layer.weights), None)
    slots = [] if custom else trainable_order(root, WRITER)
    weights = [(f"{slot.layer.path}/{slot.variable.label}", slot.layer.weights[slot.variable.name]) for slot in slots]
    try:
        if custom is not None and model.extra.get("optimizer"):
            raise Unreadable(f"which weights of {custom.class_name} are trained is not known")
        state = optimizer_state.read(model)
        return {} if state is None else dict(optimizer_state.todays(state, optimizer, weights))
    except Unreadable as reason:
        kept = optimizer_state.as_they_lie(model, None if custom else [tensor for _, tensor in weights])
        if kept and model.producer.release >= (3,):
            return {f"{optimizer['class_name']}/{number}": tensor for number, tensor in enumerate(kept)}
        findings.append(Finding("warning", f"the optimizer of the new file begins anew: {reason}", "optimizer"))
        return {}
