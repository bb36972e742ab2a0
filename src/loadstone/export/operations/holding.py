"""Weights that stay variables: an Embedding is the layer of Keras whose weight is a table that anything may be read from.

Called on the numbers of its rows it gives the whole weight, for whatever is computed of it, and gradients reach it. A lookup is a call of
the same layer.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from loadstone.ir import Layer, Output, Policy, Tensor
from loadstone.ir.records import dataclass

if TYPE_CHECKING:
    from loadstone.export.operations.translation import Translation


@dataclass(frozen=True)
class Held:
    """A weight and the layer that holds it, as rows and columns."""

    layer: Layer
    shape: tuple[int, ...]
    dtype: str

    @property
    def rows(self) -> int:
        """How many rows the layer has."""
        return int(self.layer.config["input_dim"])

    def whole(self, t: Translation) -> Output:
        """The weight as a tensor of the model."""
        numbers = Tensor.of(np.arange(self.rows, dtype=np.int32), "int32")
        table = t.called(self.layer, t("Add", numbers, t.zero()))
        return table if len(self.shape) == 2 else t("Reshape", table, newshape=list(self.shape))

    def rows_at(self, t: Translation, places: Output) -> Output | None:
        """Rows by their numbers; None where the layer's rows are not the weight's."""
        return t.called(self.layer, places) if len(self.shape) == 2 else None


def held(name: str, path: str, tensor: Tensor, trainable: bool) -> Held:
    """A new layer for a weight."""
    rows = tensor.shape[0] if len(tensor.shape) > 1 else 1
    columns = prod(tensor.shape[1:]) if len(tensor.shape) > 1 else tensor.size
    weight = tensor.map(lambda array: array.reshape(rows, columns), (rows, columns))
    policy = Policy(tensor.dtype, tensor.dtype, tensor.dtype)
    layer = Layer(
        "Embedding", name, {"input_dim": rows, "output_dim": columns}, weights={"embeddings": weight}, policy=policy,
        trainable=trainable, path=f"{path}/{name}",
    )  # fmt: skip
    return Held(layer, tensor.shape, tensor.dtype)
