"""Puts a file's tensors into a living Keras layer, and sees that all are used and nothing is left as it was made.

`.keras` files keep a tree: a layer's own variables by number, those of the layers inside under their attribute
(keras/src/saving/saving_lib.py); HDF5 files a list: trainable ones first (keras/src/legacy/saving/legacy_h5_format.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from loadstone.custom.hosting import guarded
from loadstone.custom.weights import counted
from loadstone.errors import InferenceError, MissingWeights, ModelError
from loadstone.ir import Tensor


def assign(live: Any, stored: Mapping[str, Tensor], name: str, where: str) -> None:
    """Set all variables of a built layer. Raises MissingWeights or ModelError where file and layer do not agree."""
    try:
        if counted(list(stored)):
            guarded(name, where, _assign_tree, live, stored, name, where)
        else:
            guarded(name, where, _assign_list, live, stored, name, where)
    except InferenceError as error:
        raise ModelError(error.message, where=where) from error.__cause__


def _assign_list(live: Any, stored: Mapping[str, Tensor], name: str, where: str) -> None:
    variables = list(live.trainable_weights) + list(live.non_trainable_weights)
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
    held = {**vars(owner), **{key: getattr(owner, key, None) for key in ("layers", "cell") if hasattr(type(owner), key)}}
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
