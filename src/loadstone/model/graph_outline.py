"""The outline of a graph of TensorFlow: what `Outline` is for layers. It has inputs, outputs, ops and variables, and no layers."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

from loadstone.ir import Graph, Layer, Module, Spec, Tensor, flatten
from loadstone.ir import Model as Description
from loadstone.model.outline import Weight


class GraphOutline:
    """A graph with its inputs, outputs and variables."""

    def __init__(self, description: Description) -> None:
        assert description.graph is not None and description.module is not None
        self.description = description
        self.graph: Graph = description.graph
        self.module: Module = description.module
        self.root: Any = SimpleNamespace(name=PurePath(description.source).name, class_name="Graph", trainable=True)
        self.layers: list[Layer] = []

    @cached_property
    def traced(self) -> Any:
        """The walk through the graph with the problems that it met, its inputs and its outputs."""
        from loadstone.lowering.tensorflow.lower import trace_graph

        return trace_graph(self.graph, self.module)

    def specs(self) -> tuple[list[Spec], list[Spec]]:
        """Inputs and outputs by name; the shape None and the dtype "?" stand for what is not known."""
        inputs = [spec for spec, _ in self.traced[1]]
        names = output_names(self.graph)
        found = self.traced[2] or [None] * len(names)
        outputs = [
            Spec(name, None, "?") if thing is None else Spec(name, tuple(thing.shape), thing.dtype)
            for name, thing in zip(names, found, strict=True)
        ]
        return inputs, outputs

    @property
    def free(self) -> bool:
        """True where the graph takes any number of samples."""
        return all(spec.shape is None or not spec.shape or spec.shape[0] is None for spec in self.specs()[0])

    @property
    def ops(self) -> Counter[str]:
        """How often each op stands in the graph, functions that it calls not counted."""
        return Counter(node.op for node in self.graph.nodes)

    def weights(self, layer: Layer | None = None) -> list[Weight]:
        """The variables of the file."""
        return [Weight(name, tensor, True) for name, tensor in self.module.variables.items()]

    def optimizer(self) -> list[Tensor]:
        """None: what an optimizer keeps is not told apart in a checkpoint."""
        return []


def output_names(graph: Graph) -> list[str]:
    """Names of the outputs in flattened order: the keys of a dict, else those of the tensors."""
    structure = graph.outputs
    if isinstance(structure, dict):
        return sorted(structure)
    return [f"{leaf.node.name}:{leaf.index}" for leaf in flatten(structure)]
