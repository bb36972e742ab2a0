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
    for what in found.changed:
        findings.append(Finding("info", what, "training_config"))
    if found.lacking:
        message = f"the training config is left out, since today's Keras has not {' nor '.join(found.lacking)}"
        findings.append(Finding("warning", message, "training_config"))
        return None
    optimizer = found.config.get("optimizer")
    if isinstance(optimizer, str):
        optimizer = {"module": "keras.optimizers", "class_name": optimizer, "config": {}, "registered_name": None}
    if not isinstance(optimizer, Mapping):
        return Compiled(found.config)
    return Compiled({**found.config, "optimizer": optimizer}, _state(model, root, optimizer, findings))


def _state(model: Model, root: Layer, optimizer: Mapping[str, Any], findings: list[Finding]) -> dict[str, Tensor]:
    """The variables of the optimizer by name; none where it begins anew."""
    custom = [layer for layer in root.walk() if variables(layer) is None and layer.weights]
    try:
        if custom:
            return _as_it_was(model, custom[0])
        state = optimizer_state.read(model)
        if state is None:
            return {}
        slots = trainable_order(root, WRITER)
        weights = [(f"{slot.layer.path}/{slot.variable.label}", slot.layer.weights[slot.variable.name]) for slot in slots]
        return dict(optimizer_state.todays(state, optimizer, weights))
    except Unreadable as reason:
        findings.append(Finding("warning", f"the optimizer of the new file begins anew: {reason}", "optimizer"))
        return {}


def _as_it_was(model: Model, custom: Layer) -> dict[str, Tensor]:
    """The variables in the order of the file, which is today's for files of Keras 3: which weights of a user's class are trained is not known."""
    stored = model.extra.get("optimizer") or {}
    own = {name: tensor for name, tensor in stored.items() if "inner_optimizer" not in name}
    if stored and model.producer.release < (3,):
        raise Unreadable(f"which weights of {custom.class_name} are trained is not known")
    counted = [name for name in own if name.startswith("optimizer/vars/")]
    return {name: own[name] for name in sorted(counted, key=lambda name: int(name.rpartition("/")[2]))} if counted else own
