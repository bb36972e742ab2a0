"""Compiles a living model as the file's was, and gives its optimizer the state that the file kept."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedOps
from loadstone.frontends.keras import optimizer_state, training
from loadstone.frontends.keras.optimizer_slots import Unreadable
from loadstone.frontends.keras.optimizer_state import OptimizerState
from loadstone.ir import Model, Tensor
from loadstone.ir.records import replace
from loadstone.live import compiling_2
from loadstone.live.library import Library

Pairs = Sequence[tuple[Any, Tensor]]


def compile_as_saved(library: Library, live: Any, model: Model, pairs: Pairs, objects: Mapping[str, Any]) -> None:
    """`live.compile` with what the file was compiled with, in the scope of the caller's objects; then the optimizer's state.

    Raises UnsupportedOps with all that this Keras has no word for. What cannot be as it was but does not stop training warns.
    """
    assert model.training_config is not None
    found = training.upgrade(model.training_config, model.producer, objects)
    if found.lacking:
        raise UnsupportedOps(
            f"the model was compiled with what {library.title} does not have: {'; '.join(found.lacking)}",
            ops=dict.fromkeys(found.lacking, (1, "training_config")),
            hint="to_keras(compile=False) gives the model without",
        )
    for what in found.changed:
        warnings.warn(f"{model.source}: {what}", stacklevel=4)
    if "optimizer" not in found.config:
        warnings.warn(f"{model.source} does not say which optimizer the model was compiled with: this one has Keras' default", stacklevel=4)
    assert model.root is not None
    config = training.of_outputs(found.config, model.producer, training.ends(model.root), getattr(live, "output_names", None) or ())
    try:
        with library.scope(objects):
            if library.is_keras_3:
                library.compile(live, config)
            else:
                compiling_2.compile_as_saved(library, live, model, config, objects)
    except Exception as error:
        text = " ".join(str(error).split())
        raise ModelError(
            f"{library.title} cannot compile the model as the file says: {type(error).__name__}: {text[:600]}",
            hint="to_keras(compile=False) gives it uncompiled",
        ) from error
    if "optimizer" in found.config:
        try:
            _restore(library, live, found.config["optimizer"], model, pairs)
        except Unreadable as error:
            warnings.warn(f"{model.source}: the optimizer begins anew, since {error}", stacklevel=4)


def _restore(library: Library, live: Any, spelt: Any, model: Model, pairs: Pairs) -> None:
    """Give the optimizer its variables. spelt: the optimizer in today's spelling. Raises Unreadable, and changes nothing then."""
    try:
        state = optimizer_state.read(model)
        if state is not None:
            _restore_slots(library, live, spelt, model, state, pairs)
    except Unreadable:
        if not isinstance(spelt, Mapping) or not _restore_in_order(library, live, spelt, model, pairs):
            raise


def _restore_slots(library: Library, live: Any, spelt: Any, model: Model, state: OptimizerState, pairs: Pairs) -> None:
    """By the weights that the variables are for."""
    if not isinstance(spelt, Mapping):
        raise Unreadable("it is known by its name alone")
    if _is_same(library, model) and state.rows and all(weight is None for weight in state.weights):
        state, weights = _by_order(live, state)
    else:
        weights = _trainable(live, pairs) if any(state.rows) else []
    if not library.is_keras_3:
        compiling_2.restore(library, live, spelt, model, state, weights)
        return
    values = [tensor for _, tensor in optimizer_state.todays(state, spelt, weights)]
    _assign(library, library.optimizer_variables(library.optimizer(live, spelt["class_name"]), live), values)


def _restore_in_order(library: Library, live: Any, spelt: Mapping[str, Any], model: Model, pairs: Pairs) -> bool:
    """As they lie, where the same optimizer trains the same weights in the same order: for classes whose variables are known to them alone."""
    if not _is_same(library, model):
        return False
    given = {id(variable): tensor for variable, tensor in pairs}
    weights = [given.get(id(variable)) for variable in live.trainable_variables]
    optimizer = library.optimizer(live, spelt["class_name"])
    own = library.optimizer_variables(optimizer, live) if library.is_keras_3 else compiling_2.variables(optimizer, live)
    values = optimizer_state.as_they_lie(model, weights)
    if values is None or [tuple(variable.shape) for variable in own] != [tensor.shape for tensor in values]:
        return False
    _assign(library, own, values)
    return True


def _is_same(library: Library, model: Model) -> bool:
    """True where the file's Keras and this one are both of before 3, or not."""
    return (model.producer.release >= (3,)) == library.is_keras_3


def _assign(library: Library, own: Sequence[Any], values: Sequence[Tensor]) -> None:
    if [tuple(variable.shape) for variable in own] != [tensor.shape for tensor in values]:
        raise Unreadable(f"{library.title} keeps other variables for it")
    for variable, tensor in zip(own, values, strict=True):
        variable.assign(np.asarray(tensor.numpy()).astype(library.dtype_of(variable)))


def _trainable(live: Any, pairs: Pairs) -> list[tuple[str, Tensor]]:
    """(name, tensor of the description) of each trainable variable, in the order of the living model."""
    given = {id(variable): tensor for variable, tensor in pairs}
    found = []
    for variable in live.trainable_variables:
        tensor = given.get(id(variable))
        if tensor is None:
            raise Unreadable(f"it is not known which weight of the file {variable.name} is")
        found.append((getattr(variable, "path", variable.name), tensor))
    return found


def _by_order(live: Any, state: OptimizerState) -> tuple[OptimizerState, list[tuple[str, Tensor]]]:
    """The state by the order of the trainable variables: with layers of the caller's a file tells no more, and Keras knows no more."""
    variables = live.trainable_variables
    if len(variables) != len(state.rows):
        raise Unreadable(f"the file has variables for {len(state.rows)} weights, and {len(variables)} are trained")
    weights = [Tensor.lazy(tuple(v.shape), "float32", lambda: np.empty(0)) for v in variables]
    return replace(state, weights=tuple(weights)), [(getattr(v, "path", v.name), t) for v, t in zip(variables, weights, strict=True)]


def reset(live: Any) -> None:
    """States of stateful layers as they were before anything was predicted."""
    for layer in getattr(live, "layers", ()):
        if getattr(layer, "stateful", False) and hasattr(layer, "reset_states" if not hasattr(layer, "reset_state") else "reset_state"):
            (layer.reset_state if hasattr(layer, "reset_state") else layer.reset_states)()
        reset(layer)
