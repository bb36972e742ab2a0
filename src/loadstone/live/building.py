"""A living Keras model from a config in its library's own spelling, with the weights of the description and its `trainable` flags.

The config is ours, and nothing of the file's runs: only classes of the library and those that the caller gave are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from loadstone.custom.weights import weights_of
from loadstone.errors import LoadstoneError, MissingWeights, ModelError
from loadstone.frontends.keras.variables import variables
from loadstone.ir import Layer, Tensor, map_structure
from loadstone.live import keras_weights
from loadstone.live.calling import Calling
from loadstone.live.library import Library

Pairs = list[tuple[Any, Tensor]]  # variables of the living model with the tensors that they were given

_IN_CONFIG = ("vocabulary", "idf_weights")  # what lookup layers are made with


def build(library: Library, config: dict[str, Any] | None, root: Layer, objects: Mapping[str, Any]) -> tuple[Any, Pairs]:
    """The model and which of its variables has which weight. objects: the caller's, by name. config: for Keras 3.

    Raises ModelError where the library refuses the config, MissingWeights where its variables are not the weights.
    """
    try:
        with library.scope(objects):
            live = Calling(library, objects).layer(root) if config is None else library.deserialize(config)
    except LoadstoneError:
        raise
    except Exception as error:
        raise ModelError(f"{library.title} cannot make this model: {_innermost(error)}") from error
    pairs: Pairs = []
    for layer, own in _matched(live, root):
        _fill(library, layer, own, pairs)
    _check_all(live, root)
    _set_trainable(live, root)
    return live, pairs


def predict(library: Library, live: Any, root: Layer, data: list[np.ndarray]) -> Any:
    """The outputs of the model for arrays in the order of the inputs."""
    assert root.graph is not None
    each = iter(data)
    structure = map_structure(lambda _: library.to_tensor(next(each)), root.graph.input_structure)
    try:
        with library.inference():
            return map_structure(library.to_numpy, live(structure, training=False))
    except Exception as error:
        raise ModelError(f"{library.title} made this model and cannot run it: {_innermost(error)}") from error


def _innermost(error: Exception) -> str:
    """What Keras says last: it puts the configs of all layers around in front of the reason."""
    text = " ".join(str(error).split())
    _, told, reason = text.rpartition("Exception encountered: ")
    return f"{type(error).__name__}: {(reason if told else text)[:600]}"


def _matched(live: Any, layer: Layer, met: set[int] | None = None) -> Iterator[tuple[Any, Layer]]:
    """The layers of both, side by side: those of models by name, those inside others by attribute; outer ones first, each once."""
    met = set() if met is None else met
    if id(layer) in met:
        return
    met.add(id(layer))
    yield live, layer
    if layer.given is not None:
        return
    if layer.graph is not None:
        named = {inner.name: inner for inner in live.layers}
        for inner in layer.layers():
            if inner.domain == "keras" and inner.class_name != "InputLayer":
                if inner.name not in named and not any(one.weights for one in inner.walk()):
                    continue  # an operation, which its library names itself
                if inner.name not in named:
                    raise ModelError(f"the model that {type(live).__name__} made has no layer {inner.name!r}", where=inner.path)
                yield from _matched(named[inner.name], inner, met)
        return
    for key, child in layer.children.items():
        container, listed, number = key.partition("/")
        inside = getattr(live, container, None)
        inside = inside[int(number)] if listed and inside is not None else inside
        if inside is not None and hasattr(inside, "weights"):
            yield from _matched(inside, child, met)
        elif any(variables(one) for one in child.walk()):
            raise ModelError(f"the layer {layer.name!r} has nothing at {key!r}, where the file has weights", where=layer.path)


# -- weights -----------------------------------------------------------------------------------------------------------


def _fill(library: Library, live: Any, layer: Layer, pairs: Pairs) -> None:
    """The layer's own weights, each read once."""
    if layer.given is not None:
        keras_weights.assign(live, weights_of(layer), f"layer {layer.name!r}", layer.path or layer.name)
        return
    owners: dict[int, tuple[Any, dict[int, Tensor]]] = {}
    for variable in variables(layer) or ():
        owner_of_values = layer.children.get("layer", layer) if variable.copy else layer
        tensor = owner_of_values.weights.get(variable.name)
        if tensor is None or variable.name in _IN_CONFIG:
            continue
        owner, number = _place(live, variable.paths, layer)
        owners.setdefault(id(owner), (owner, {}))[1][number] = tensor
    for owner, tensors in owners.values():
        own = library.own_variables(owner)
        fits = [number < len(own) and tuple(own[number].shape) == tensor.shape for number, tensor in tensors.items()]
        if not all(fits) and not (len(own) == len(tensors) and library.counts_otherwise(owner)):
            raise _differ(layer, own, tensors)
        try:
            library.load(owner, {number: tensor.numpy() for number, tensor in tensors.items()})
        except ValueError as error:
            raise _differ(layer, own, tensors) from error
        pairs += [(own[number], tensor) for (number, tensor), fit in zip(tensors.items(), fits, strict=True) if fit]


def _place(live: Any, paths: tuple[str, ...], layer: Layer) -> tuple[Any, int]:
    """The object that keeps a variable, and its number there ("cell/vars/0"), by the first path that leads somewhere."""
    for path in paths:
        *above, number = path.split("/")
        owner = live
        for part in above[:-1]:
            owner = getattr(owner, part, None)
        if owner is not None and number.isdecimal():
            return owner, int(number)
    raise ModelError(f"the layer {layer.name!r} keeps nothing at {' or '.join(map(repr, paths))}", where=layer.path)


def _differ(layer: Layer, own: list[Any], tensors: Mapping[int, Tensor]) -> MissingWeights:
    wanted = ", ".join(f"{v.name} {tuple(v.shape)}" for v in own) or "none"
    have = ", ".join(f"{n}: {tensor.shape}" for n, tensor in sorted(tensors.items())) or "none"
    return MissingWeights(
        f"the layer {layer.name!r} ({layer.class_name}) was made with the variables {wanted}; the file has {have}", where=layer.path
    )


def _check_all(live: Any, root: Layer) -> None:
    """As many numbers in both."""
    wanted = {id(t): t.size for layer in root.walk() for name, t in layer.weights.items() if name not in _IN_CONFIG}
    have = {id(v): int(np.prod([n or 0 for n in v.shape])) for v in live.weights}
    if not any(layer.given is not None for layer in root.walk()) and sum(wanted.values()) > sum(have.values()):
        raise MissingWeights(f"the model has {sum(have.values())} parameters, the file {sum(wanted.values())}")


# -- trainable ---------------------------------------------------------------------------------------------------------


def _set_trainable(live: Any, root: Layer) -> None:
    """Every layer's flag, outer ones first since each sets those inside."""
    for one, layer in _matched(live, root):
        if layer.given is None or not layer.trainable:
            one.trainable = not layer.trainable  # on TensorFlow an attribute that is set to what it is sets nothing inside
            one.trainable = layer.trainable
