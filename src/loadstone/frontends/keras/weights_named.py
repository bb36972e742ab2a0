"""Gives the layers of a model their weights from a plain mapping whose names say the layer: "dense_1/kernel", "lstm_1/lstm_cell/bias".

The names are those of Keras' variables, as TensorFlow.js lists them (tfjs-layers/src/models.ts, `loadWeights`); or the path of a layer
and then the label of its weight as today's Keras has it, which `stored` gives and safetensors files have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loadstone.errors import ModelError
from loadstone.frontends.keras.accounting import Account
from loadstone.frontends.keras.keras_3_names import RELEASE
from loadstone.frontends.keras.variables import variables
from loadstone.frontends.keras.weights_h5 import GroupedWeights, finish, top_layers
from loadstone.ir import Layer, Producer, Tensor


def assign(root: Layer, tensors: Mapping[str, Tensor], producer: Producer) -> dict[str, dict[str, Tensor]]:
    """Fill `weights` of every layer below root. Raises MissingWeights or ModelError with all problems."""
    if tensors and all(name in tensors for name in _names(root, required=True)):
        return _assign_paths(root, tensors)
    owners: dict[str, Layer] = {}
    for layer in top_layers(root):
        for inner in layer.walk():
            owners.setdefault(inner.name, layer)
    grouped: dict[str, list[str]] = {}
    keyed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        owner = next((owners[part] for part in name.split("/")[:-1] if part in owners), None)
        path = name if owner is None else f"{owner.name}/{name}"
        keyed[path] = tensor
        if owner is not None:
            grouped.setdefault(owner.name, []).append(path)
    account = Account(keyed, producer)
    for layer in top_layers(root):
        GroupedWeights(account, layer, layer.name, grouped.get(layer.name, [])).fill()
    for path in account.left():
        account.unused(path)
    finish(root, account)
    return {}


def stored(root: Layer) -> Iterator[tuple[str, Tensor]]:
    """Every weight of a model in today's form by its path, each once. Raises ModelError where two have one path."""
    met: set[str] = set()
    for layer in root.walk():
        own = variables(layer)
        found = (
            dict(layer.weights) if own is None else {v.label: layer.weights[v.name] for v in own if v.name in layer.weights and not v.copy}
        )
        for label, tensor in found.items():
            name = f"{layer.path or layer.name}/{label}"
            if name in met:
                raise ModelError("two weights have one name", where=name, hint="write them as .weights.h5")
            met.add(name)
            yield name, tensor


def _names(root: Layer, required: bool) -> Iterator[str]:
    for layer in root.walk():
        for variable in variables(layer) or ():
            if not variable.copy and variable.dtype != "string" and variable.required >= required:
                yield f"{layer.path or layer.name}/{variable.label}"


def _assign_paths(root: Layer, tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """From the names that `stored` gives. The weights are in today's form, whoever wrote the architecture."""
    account = Account(tensors, Producer("keras", RELEASE))
    for layer in root.walk():
        place, own = f"{layer.path or layer.name}/", variables(layer)
        if own is None:
            for name in tensors:
                if name.startswith(place):
                    account.keep(layer, name.removeprefix(place), name)
        for variable in own or ():
            if f"{place}{variable.label}" in tensors:
                account.fill(layer, variable, f"{place}{variable.label}")
    for path in account.left():
        account.unused(path)
    finish(root, account)
    return {}
