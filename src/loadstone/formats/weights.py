"""Weights that were read from a file, apart from the model that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loadstone.containers.source import Source
from loadstone.ir import Layer, Producer, Tensor
from loadstone.ir.records import dataclass, field

Extra = dict[str, dict[str, Tensor]]
Assign = Callable[[Layer, Producer], Extra]


@dataclass(frozen=True)
class Weights:
    """Weights by name and the way to give them to a model. version, backend: of the Keras that wrote them, where the file says."""

    tensors: Mapping[str, Tensor]
    assign: Assign
    sources: list[Source] = field(default_factory=list)
    version: str | None = None
    backend: str | None = None
