"""Gives the layers of a model their weights from a plain mapping whose names say the layer: "dense_1/kernel", "lstm_1/lstm_cell/bias".

The names are those of Keras' variables, as TensorFlow.js lists them (tfjs-layers/src/models.ts, `loadWeights`).
"""

from __future__ import annotations

from collections.abc import Mapping

from loadstone.frontends.keras.accounting import Account
from loadstone.frontends.keras.weights_h5 import GroupedWeights, finish, top_layers
from loadstone.ir import Layer, Producer, Tensor


def assign(root: Layer, tensors: Mapping[str, Tensor], producer: Producer) -> dict[str, dict[str, Tensor]]:
    """Fill `weights` of every layer below root. Raises MissingWeights or ModelError with all problems."""
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
