"""The outline of a graph of TensorFlow: what `Outline` is for layers. It has inputs, outputs, ops and variables, and no layers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from loadstone.errors import LoadstoneError
from loadstone.ir import Graph, Layer, Module, Spec, Tensor
from loadstone.ir import Model as Description
from loadstone.ir.records import dataclass
from loadstone.lowering.tensorflow.lower import Traced, inputs_of, named_outputs, trace_graph
from loadstone.model.outline import Outline, Weight

OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"


@dataclass(frozen=True)
class SignatureRow:
    """A signature, or the graph as a whole: what it takes and gives, how often each op is in it, and what stands in the way.

    unsupported has the nodes of each op without a rule, problems other reasons why it cannot be run.
    """

    name: str
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    ops: Counter[str]
    unsupported: dict[str, tuple[str, ...]]
    problems: tuple[str, ...]


class GraphOutline(Outline):
    """A graph with its inputs, outputs and variables."""

    def __init__(self, description: Description) -> None:
        assert description.graph is not None and description.module is not None
        self.description = description
        self.host = None
        self.graph: Graph = description.graph
        self.module: Module = description.module
        self.root = Layer("Graph", os.path.basename(os.path.normpath(description.source)), {}, domain="tf", graph=self.graph)

    @cached_property
    def layers(self) -> list[Layer]:
        """None."""
        return []

    @cached_property
    def traced(self) -> Traced:
        """The walk through the graph, with what it found."""
        return trace_graph(self.graph, self.module)

    def specs(self) -> tuple[list[Spec], list[Spec]]:
        """Inputs and outputs by name; the shape None and the dtype "?" stand for what is not known."""
        inputs = inputs_of(self.graph)
        names = named_outputs(self.graph)
        found = self.traced.outputs if all(spec.shape is not None for spec in inputs) else []
        outputs = [
            Spec(name, None, "?") if thing is None else Spec(name, tuple(thing.shape), thing.dtype)
            for name, thing in zip(names, found or [None] * len(names), strict=True)
        ]
        return inputs, outputs

    @property
    def free(self) -> bool:
        """True where the graph takes any number of samples."""
        return all(spec.shape is None or not spec.shape or spec.shape[0] is None for spec in self.specs()[0])

    def weights(self, layer: Layer | None = None) -> list[Weight]:
        """The tensors of the checkpoint, and of a graph without one its larger constants."""
        stored = {name: tensor for name, tensor in self.module.variables.items() if name != OBJECTS}
        return [Weight(name, tensor, True) for name, tensor in (stored or dict(self._constants())).items()]

    def optimizer(self) -> list[Tensor]:
        """None: what an optimizer keeps is not told apart in a checkpoint."""
        return []

    def rows(self) -> list[SignatureRow]:
        """The signatures of the file; the graph alone where it has none."""
        names = list(self.module.signatures)
        if not names:
            return [self.row("", self.graph)]
        found = []
        for name in names:
            try:
                found.append(self.row(name, self.module.signatures[name]))
            except LoadstoneError as error:
                found.append(SignatureRow(name, (), (), Counter(), {}, (error.message,)))
        return found

    def row(self, name: str, graph: Graph) -> SignatureRow:
        """What one graph takes, gives and needs."""
        own = GraphOutline(
            Description(self.description.format, self.description.source, self.description.producer, None, graph, self.module)
        )
        inputs, outputs = own.specs()
        walk = own.traced.walk
        problems = [f"{error.message} (at {error.where})" if error.where else error.message for error in walk.problems]
        unknown = walk.required or any(thing is None for thing in own.traced.outputs)
        return SignatureRow(
            name,
            tuple(inputs),
            tuple(outputs),
            Counter(node.op for node in self.module.reached(graph)),
            {op: tuple(places) for op, places in walk.unsupported.items()} if unknown else {},
            tuple(problems) if unknown else (),
        )

    def _constants(self) -> Iterator[tuple[str, Tensor]]:
        for node in self.module.reached(self.graph):
            value = node.attributes.get("value") if node.op == "Const" else None
            if isinstance(value, Tensor) and value.size > 1 and value.dtype != "string":
                yield node.name, value
