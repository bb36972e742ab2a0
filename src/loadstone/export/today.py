"""A model of layers that today's Keras has, from one of any release: the same numbers, in other layers where Keras lost one.

`modern` gives a new description; the old one stays, and so does the graph around a layer that becomes another one (`changes`). What cannot
be made of layers is made of operations (`operations`); where a mask is read there, the graph computes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from loadstone.custom.lambdas import StoredLambda
from loadstone.export.changes import Shape, changed, has_change, misplaced_bias
from loadstone.export.directions import apart
from loadstone.export.operations.lowered import Given
from loadstone.export.operations.masks import Masks
from loadstone.export.operations.replacing import Operations, Replacement
from loadstone.export.operations.table import NoOperation
from loadstone.export.tensorflow_nodes import as_operation
from loadstone.formats.writing import lack
from loadstone.ir import Graph, Layer, Node, Output, Structure, map_structure

__all__ = ["Shape", "modern"]


def modern(root: Layer, operations: Operations) -> Layer:
    """The model in layers of today. operations makes models of what is not among them. Raises UnsupportedOps where it cannot."""
    made = Modern(root, operations).layer(root)
    operations.raise_problems()
    return made


class Modern:
    """One rewriting: each layer once, whoever calls it."""

    as_operation = staticmethod(as_operation)
    changed = staticmethod(changed)

    def __init__(self, root: Layer, operations: Operations) -> None:
        self.operations = operations
        self.given: dict[int, Shape | None] = {}  # the first input of each layer
        self.done: dict[int, Layer] = {}
        self.calls: dict[int, list[Node]] = {}
        self.around: dict[int, bool] = {}  # whether a mask may come with the wrapper of each layer
        self.names = {layer.name for layer in root.walk()}
        for layer in root.walk():
            for node in layer.graph.nodes if layer.graph is not None else ():
                self.calls.setdefault(id(node.layer), []).append(node)

    def shape(self, leaf: Output) -> Shape | None:
        """The shape of a tensor of the graph, None where it is not known."""
        traced = self.operations.traced(leaf)
        return None if traced is None or traced.value is None else traced.value.shape

    def layer(self, layer: Layer) -> Layer:
        """A layer or model and all inside."""
        if id(layer) not in self.done:
            flag = self.operations.trains(layer)
            made = replace(layer, name=self.named(layer), config=dict(layer.config), weights=dict(layer.weights), trainable=flag)
            self.done[id(layer)] = made
            if layer.graph is not None:
                made.graph = self.graph(layer.graph, made)
            elif layer.given is None or layer.class_name == "Lambda":
                self.inside(layer, made)
                self.without_old_masks(layer, made)
                self.done[id(layer)] = apart(self.changed(made, self.given.get(id(layer))), self.given.get(id(layer)))
        return self.done[id(layer)]

    def named(self, layer: Layer) -> str:
        """The layer's name; Keras 3 refuses those with a slash."""
        return self.free(layer.name, layer.name.replace("/", "_"))

    def free(self, name: str, wanted: str) -> str:
        """A name in place of another one, with a number where it is taken."""
        if wanted == name:
            return name
        plain = wanted
        for number in count(1):
            if wanted not in self.names:
                break
            wanted = f"{plain}_{number}"
        self.names.add(wanted)
        return wanted

    def inside(self, layer: Layer, made: Layer) -> None:
        """The children of a wrapper."""
        inner = self.given.get(id(layer))
        if layer.class_name == "TimeDistributed" and inner is not None:
            inner = (inner[0], *inner[2:])
        for child in layer.children.values():
            self.given.setdefault(id(child), inner)
            self.around[id(child)] = self.masked(layer)
        made.children = {key: self.layer(child) for key, child in layer.children.items()}
        if layer.class_name == "TimeDistributed" and lost(made.children["layer"]):
            node = next(iter(self.calls.get(id(layer), ())), None)
            first = None if node is None else self.operations.traced(next(node.outputs_used()))
            if first is not None and first.value is not None and inner is not None:
                found = self.operations.of_layer(layer.children["layer"], (Given(inner, first.value.dtype),), {})
                made.children = made.children if found is None else {"layer": found.layer}

    def masked(self, layer: Layer) -> bool:
        """True where a mask may come with what the layer is called with."""
        return any(self.masks_of(node) for node in self.calls[id(layer)]) if id(layer) in self.calls else self.around.get(id(layer), True)

    def masks_of(self, node: Node) -> set[int]:
        """The different masks that come with what a node calls its layer with, by their ids; one of its own where that is not known."""
        found = [self.operations.traced(leaf) for leaf in node.outputs_used()]
        return {id(None if traced is None else traced.mask) for traced in found if traced is None or traced.mask is not None}

    def without_old_masks(self, layer: Layer, made: Layer) -> None:
        """Leave out what old releases did with masks and states where there are none (frontends/keras/history/sequences.py)."""
        if not self.masked(layer):
            made.config = {key: value for key, value in made.config.items() if key not in ("zeros_masked", "step_masks")}
        if layer.class_name in _MERGING and layer.config.get("masks") == "all":
            count = max((len(self.masks_of(node)) for node in self.calls.get(id(layer), ())), default=0)
            if count > (layer.class_name not in ("Multiply", "Maximum", "Minimum")):  # which heed a single one today
                made.config["merged_masks"] = "all"
        cell = made.children.get("cell")
        if cell is not None and cell.class_name == "StackedRNNCells":
            handed = layer.config.get("return_state") or any(len(list(node.outputs_used())) > 1 for node in self.calls.get(id(layer), ()))
            needless = [key for key, used in (("states", handed), ("masked", self.masked(layer))) if not used]
            cell.config = {key: value for key, value in cell.config.items() if key not in needless}

    # -- graphs ---------------------------------------------------------------------------------------------------------

    def graph(self, graph: Graph, model: Layer) -> Graph:
        """The same calls of new layers, for a model that is made."""
        nodes: dict[Node, Node] = {}
        around: list[Node] = []  # the new nodes in order, those that masks need among them
        others: dict[int, Layer] = {}
        masks: Masks | None = None

        def moved(leaf: Any) -> Any:
            return replace(leaf, node=nodes[leaf.node], shape=None) if isinstance(leaf, Output) else leaf

        for node in graph.nodes:
            first = next(node.outputs_used(), None)
            self.given.setdefault(id(node.layer), None if first is None else self.shape(first))
        read = masks_read(graph)
        for node in graph.nodes:
            assert node.layer is not None
            used = list(node.outputs_used())
            args, kwargs = map_structure(moved, (node.args, node.kwargs))
            operation = self.as_operation(node.layer, args, kwargs)
            replacement = None if operation is not None else self.replacement(node.layer, id(node.layer) in read)
            if operation is not None:
                made, args, kwargs = operation
            elif replacement is not None:
                if any(of_mask for _, of_mask in replacement.takes):
                    masks = masks or self.masks(model, nodes)
                    model.class_name = "Functional"  # which a chain is not any more
                made, args, kwargs = replacement.layer, *self.arguments(replacement, used, moved, masks, node.layer)
                around += [] if masks is None else masks.added()
            else:
                made = self.layer(node.layer)
            others[id(node.layer)] = made
            nodes[node] = Node(made.domain, made.class_name, made.name, args, kwargs, made, index=node.index)
            around.append(nodes[node])
            if masks is not None:
                masks.reached(node, nodes[node])
        listed = [others.get(id(layer)) or self.layer(layer) for layer in graph.layers()]
        listed += [node.layer for node in around if node.layer is not None and not any(node.layer is layer for layer in listed)]
        ends = [map_structure(moved, ends) for ends in (graph.input_structure, graph.outputs)]
        return Graph(around, [nodes[node] for node in graph.inputs], ends[0], ends[1], listed)

    def replacement(self, layer: Layer, masked: bool) -> Replacement | None:
        """The model of operations for a layer that has no other form; None for a Lambda that Keras 3 wrote, where there is no such model."""
        if layer.graph is not None or layer.class_name == "InputLayer":
            return None
        calls = self.calls[id(layer)]
        if not lost(self.layer(layer)):
            traced = self.operations.traced(Output(calls[0]))
            if traced is None or traced.value is None or not misplaced_bias(layer, traced.value.shape):
                return None
        kept = layer.class_name == "Lambda" and isinstance(layer.config.get("function"), dict)
        return self.operations.of_calls(layer, calls, masked, optional=kept)

    def masks(self, model: Layer, nodes: dict[Node, Node]) -> Masks:
        """Masks of the graph, as far as it is made."""
        masks = Masks(self.operations.walk, model.name)
        for node, made in nodes.items():
            masks.reached(node, made)
        return masks

    def arguments(
        self, replacement: Replacement, used: list[Output], moved: Callable[[Any], Any], masks: Masks | None, layer: Layer
    ) -> tuple[tuple[Structure, ...], dict[str, Structure]]:
        """What the model is called with."""
        found = []
        for number, of_mask in replacement.takes:
            traced = self.operations.traced(used[number])
            if not of_mask:
                found.append(moved(used[number]))
            elif masks is not None and traced is not None and traced.mask is not None:
                try:
                    found.append(masks.tensor(traced.mask))
                except NoOperation as reason:
                    self.operations.problems.append((layer, layer.class_name, f"its mask: {reason}"))
        return (found[0] if len(found) == 1 else found,), {}


# Layers that do something else where there is a mask.
_READERS = frozenset(
    "RNN SimpleRNN LSTM GRU Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D Attention AdditiveAttention MultiHeadAttention "
    "GroupQueryAttention GroupedQueryAttention GlobalAveragePooling1D Softmax BatchNormalization TimeDistributed".split()
)


_MERGING = frozenset("Add Subtract Multiply Average Maximum Minimum Concatenate Dot".split())


def masks_read(graph: Graph) -> set[int]:
    """The ids of the layers the masks of whose outputs another layer may read, or a later one that gets them through others.

    Models of operations take masks as tensors, and it is seen for themselves who reads theirs.
    """
    nodes: set[Node] = set()
    for node in reversed(graph.nodes):
        layer = node.layer
        assert layer is not None
        reads = node.op in _READERS or layer.graph is not None or layer.given is not None
        ends = layer.domain == "keras.ops" or node.op.endswith("OpLambda") or (lost(layer) and not has_change(layer))
        if reads or (node in nodes and not ends):
            nodes.update(leaf.node for leaf in node.outputs_used())
    return {id(node.layer) for node in nodes}


def lost(layer: Layer) -> bool:
    """True for a layer, or one with layers inside, that today's Keras does not have, and for a Lambda whose code is known."""
    if layer.graph is not None or layer.given is not None:
        return False
    lifted = layer.class_name == "Lambda" and isinstance(layer.function, StoredLambda)
    return lifted or lack(layer) is not None or any(lost(child) for child in layer.children.values())
