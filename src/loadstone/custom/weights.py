"""The tensors of a class that only the user knows, as its file has them.

HDF5 files name them below the layer ("scale", "dense/kernel"), trainable ones first; `.keras` files count them ("0", "1",
below "dense/" those of a layer inside), in the same order.
"""

from __future__ import annotations

from loadstone.ir import Layer, Tensor


def weights_of(layer: Layer) -> dict[str, Tensor]:
    """The layer's tensors in file order, without the layer's own name in front of theirs."""
    prefix = f"{layer.name}/"
    if all(name.startswith(prefix) for name in layer.weights):
        return {name.removeprefix(prefix): tensor for name, tensor in layer.weights.items()}
    return dict(layer.weights)


def counted(names: list[str]) -> bool:
    """True where the names are those of a `.keras` file."""
    return bool(names) and all(name.rpartition("/")[2].isdecimal() for name in names)
