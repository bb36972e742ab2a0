"""Masks of one graph as tensors of it: the operations that compute them from what its layers give."""

from __future__ import annotations

from loadstone.export.operations.translation import Translation
from loadstone.ir import Node, Output
from loadstone.lowering.block import Value
from loadstone.lowering.keras.walk import Walk


class Masks:
    """Makes masks where they are asked for. walk has been through the whole model, name is that of the model of the graph."""

    def __init__(self, walk: Walk, name: str) -> None:
        self.walk = walk
        self.t = Translation(name, name, stem=f"{name}_mask")
        for value in walk.b.block.inputs:
            self.t.lengths.enter(value)
        self.t.visit(walk.b.block)

    def added(self) -> list[Node]:
        """The nodes that were added since it was last asked."""
        found, self.t.nodes = self.t.nodes, []
        return found

    def reached(self, node: Node, made: Node) -> None:
        """A node of the graph has been called: made is the new one."""
        for index, traced in enumerate(self.walk.reached.get(node) or ()):
            if traced.value is not None and traced.value.const is None:
                self.t.exists(traced.value, Output(made, index))

    def tensor(self, mask: Value) -> Output:
        """A mask. Raises NoOperation where it comes from elsewhere."""
        return self.t.tensor(mask)
