"""Puts a file's tensors into a living Keras layer, and sees that all are used and nothing is left as it was made.

`.keras` files keep a tree: a layer's own variables by number, those of the layers inside under their attribute
(keras/src/saving/saving_lib.py); HDF5 files a list: trainable ones first (keras/src/legacy/saving/legacy_h5_format.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from loadstone.custom.hosting import guarded
from loadstone.custom.weights import counted
from loadstone.errors import InferenceError, MissingWeights, ModelError
from loadstone.ir import Tensor

_TOP = "top_level_model_weights"  # the group of what a model holds itself


def assign(live: Any, stored: Mapping[str, Tensor], name: str, where: str) -> None:
    """Set all variables of a built layer. Raises MissingWeights or ModelError where file and layer do not agree."""
    try:
        guarded(name, where, _way(live, stored), live, stored, name, where)
    except InferenceError as error:
        raise ModelError(error.message, where=where) from error.__cause__


def _way(live: Any, stored: Mapping[str, Tensor]) -> Callable[[Any, Mapping[str, Tensor], str, str], None]:
    """How a file of this kind keeps the weights."""
    if counted(list(stored)) or _of_keras_3(stored):
        return _assign_tree
    if stored and all(".ATTRIBUTES" in tensor.key.split("/") for tensor in stored.values()):
        return _assign_attributes
    whole = isinstance(getattr(live, "layers", None), list) and all("/" in key for key in stored)
    return _assign_layers if whole and stored else _assign_list


def _of_keras_3(stored: Mapping[str, Tensor]) -> bool:
    """True for tensors of a `.keras` file, whatever names a class's `save_own_variables` gave them."""
    return bool(stored) and all("vars" in tensor.key.split("/") for tensor in stored.values())


def _assign_list(live: Any, stored: Mapping[str, Tensor], name: str, where: str) -> None:
    _assign_in_order(list(live.trainable_weights) + list(live.non_trainable_weights), stored, name, where)


def _assign_in_order(variables: list[Any], stored: Mapping[str, Tensor], name: str, where: str) -> None:
    """By order, or by name where the last parts of all names are the same."""
    tensors = list(stored.values())
    if len(variables) != len(tensors):
        raise _differ(name, where, [(v.name, tuple(v.shape)) for v in variables], stored)
    ours, theirs = [_leaf(v.name) for v in variables], [_leaf(key) for key in stored]
    if len(set(ours)) == len(ours) and set(ours) == set(theirs):
        tensors = [tensors[theirs.index(leaf)] for leaf in ours]
    for variable, tensor in zip(variables, tensors, strict=True):
        if tuple(variable.shape) != tensor.shape:
            raise _differ(name, where, [(v.name, tuple(v.shape)) for v in variables], stored)
        variable.assign(tensor.numpy())


def _assign_layers(live: Any, stored: Mapping[str, Tensor], name: str, where: str) -> None:
    """A whole model in HDF5: a group for each of its layers with weights, and one for its own weights at the end.

    They are matched by order, as Keras does; by name where all names are the same.
    """
    groups: dict[str, dict[str, Tensor]] = {}
    for key, tensor in stored.items():
        groups.setdefault(key.partition("/")[0], {})[key] = tensor
    own = groups.pop(_TOP, {})
    layers = [layer for layer in live.layers if layer.weights]
    if len(layers) != len(groups):
        raise _differ(name, where, [(v.name, tuple(v.shape)) for v in live.weights], stored)
    if {layer.name for layer in layers} == set(groups):
        layers.sort(key=lambda layer: list(groups).index(layer.name))
    for layer, tensors in zip(layers, groups.values(), strict=True):
        _assign_list(layer, tensors, f"{layer.name!r} in {name}", where)
    inside = {id(v) for layer in layers for v in layer.weights}
    left = [v for v in (*live.trainable_weights, *live.non_trainable_weights) if id(v) not in inside]
    _assign_in_order(left, own, name, where)


def _assign_attributes(live: Any, stored: Mapping[str, Tensor], name: str, where: str) -> None:
    """A checkpoint: every weight under the attributes that lead to it ("blocks/0/kernel")."""
    reached: set[int] = set()
    for key, tensor in stored.items():
        owner = live
        for part in key.split("/"):
            owner = (
                owner[int(part)] if isinstance(owner, (list, tuple)) and part.isdecimal() and int(part) < len(owner) else _held(owner, part)
            )
        if not hasattr(owner, "assign"):
            raise ModelError(f"{name} has no weight at {key!r}, where the file has one", where=where)
        if tuple(owner.shape) != tensor.shape:
            raise _differ(name, where, [(key, tuple(owner.shape))], {key: tensor})
        owner.assign(tensor.numpy())
        reached.add(id(owner))
    left = [v.name for v in live.weights if id(v) not in reached]
    if left:
        raise MissingWeights(f"the file has no weights for {', '.join(left)} of {name}", where=where)


def _held(owner: Any, part: str) -> Any:
    return owner.get(part) if isinstance(owner, dict) else getattr(owner, part, None)


def _leaf(name: str) -> str:
    return name.rpartition("/")[2].partition(":")[0]


def _differ(name: str, where: str, variables: list[tuple[str, tuple[int, ...]]], stored: Mapping[str, Tensor]) -> MissingWeights:
    wanted = ", ".join(f"{variable} {shape}" for variable, shape in variables) or "none"
    have = ", ".join(f"{key} {tensor.shape}" for key, tensor in stored.items()) or "none"
    return MissingWeights(f"{name} has the weights {wanted}; the file has {have}", where=where)


def _assign_tree(live: Any, stored: Mapping[str, Tensor], name: str, where: str) -> None:
    groups: dict[tuple[str, ...], dict[str, np.ndarray]] = {}
    for key, tensor in stored.items():
        parts = [part for part in key.split("/") if part != "vars"]
        groups.setdefault(tuple(parts[:-1]), {})[parts[-1]] = tensor.numpy()
    reached: set[int] = set()
    for path, arrays in groups.items():
        owner = live
        for i, part in enumerate(path):
            owner = _part(owner, part)
            if owner is None:
                raise ModelError(f"{name} has nothing at {'/'.join(path[: i + 1])!r}, where the file has weights", where=where)
        owner.load_own_variables(arrays)
        reached |= _own(owner)
    left = [v.name for v in live.weights if id(v) not in reached]
    if left:
        raise MissingWeights(f"the file has no weights for {', '.join(left)} of {name}", where=where)


def _own(owner: Any) -> set[int]:
    """The variables of a layer that no layer inside it has."""
    inner = {id(v) for layer in _inside(owner) for v in layer.weights}
    return {id(v) for v in getattr(owner, "weights", ())} - inner


def _inside(owner: Any) -> list[Any]:
    flatten = getattr(owner, "_flatten_layers", None)
    return list(flatten(include_self=False)) if callable(flatten) else []


def _part(owner: Any, part: str) -> Any:
    """What a group of the file is called after: an attribute, or an item of a container, named by its class and counted."""
    if isinstance(owner, dict):
        owner = list(owner.values())
    if isinstance(owner, (list, tuple)):
        return _named(owner).get(part)
    modules = getattr(owner, "_modules", None) or {}  # where layers on torch keep those inside
    held = {**vars(owner), **modules, **{key: getattr(owner, key, None) for key in ("layers", "cell") if hasattr(type(owner), key)}}
    found = held.get(part)
    return found if hasattr(found, "load_own_variables") or isinstance(found, (list, tuple, dict)) else None


def _named(items: list[Any] | tuple[Any, ...]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    named: dict[str, Any] = {}
    for item in items:
        stem = "container" if isinstance(item, (list, tuple, dict)) else _snake(type(item).__name__)
        counts[stem] = counts.get(stem, -1) + 1
        named[f"{stem}_{counts[stem]}" if counts[stem] else stem] = item
    return named


def _snake(name: str) -> str:
    """keras/src/utils/naming.py, `to_snake_case`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
