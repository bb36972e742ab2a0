"""Gives the layers of a model their weights from a plain list of arrays, as `model.get_weights()` returns it.

The order is that of the layers, and in each its trainable weights before the others; shapes must fit one by one.
"""

from __future__ import annotations

from collections.abc import Mapping

from loadstone.errors import ModelError
from loadstone.frontends.keras.accounting import Account
from loadstone.frontends.keras.variables import variables
from loadstone.frontends.keras.weights_h5 import finish, legacy_order, top_layers
from loadstone.ir import Layer, Producer, Tensor


def assign(root: Layer, tensors: Mapping[str, Tensor], producer: Producer) -> dict[str, dict[str, Tensor]]:
    """Fill `weights` of every layer below root. Raises ModelError with all problems."""
    unknown = [layer.path for layer in root.walk() if variables(layer) is None]
    if unknown:
        raise ModelError(f"a list of arrays does not tell which of them belong to a class of your own: {', '.join(unknown)}")
    slots = [slot for layer in top_layers(root) for slot in legacy_order(layer, producer) if slot.variable.required]
    if len(slots) != len(tensors):
        raise ModelError(f"the architecture has {len(slots)} weights, the list {len(tensors)}")
    account = Account(tensors, producer)
    for slot, path in zip(slots, tensors, strict=True):
        account.fill(slot.layer, slot.variable, path)
    finish(root, account)
    return {}
