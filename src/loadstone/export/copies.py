"""A layer that several models or wrappers hold, made once more for each: what a config says.

Only layers of one graph are one by their name. Keras 3 and tf_keras do not read what they write of others (`shared_object_id`) back into
`.keras` files: the second layer finds no weights, or its calls are counted otherwise (keras/src/models/functional.py).
"""

from __future__ import annotations

from dataclasses import replace

from loadstone.ir import Finding, Graph, Layer, Node, Output, Structure, map_structure


def each_its_own(root: Layer) -> list[Finding]:
    """Give every model and wrapper below root layers of its own, changing those that it holds; the same weights go to all.

    Tells of each that stood at several places and has weights: from now on they train apart.
    """
    copies = _Copies()
    copies.own(root)
    return copies.findings


class _Copies:
    def __init__(self) -> None:
        self.met: set[int] = set()
        self.findings: list[Finding] = []

    def own(self, layer: Layer) -> Layer:
        """The layer where it is met first, else a copy, and all inside likewise."""
        if id(layer) in self.met:
            layer = replace(layer, config=dict(layer.config), weights=dict(layer.weights), graph=_again(layer.graph))
        self.met.add(id(layer))
        inside: dict[int, Layer] = {}

        def held(child: Layer) -> Layer:
            if id(child) not in inside:
                inside[id(child)] = self.held(child, layer)
            return inside[id(child)]

        layer.children = {key: held(child) for key, child in layer.children.items()}
        if layer.graph is not None:
            layer.graph.listed = [held(child) for child in layer.graph.layers()]
            for node in layer.graph.nodes:
                node.layer = None if node.layer is None else held(node.layer)
        return layer

    def held(self, child: Layer, holder: Layer) -> Layer:
        made = self.own(child)
        if made is not child:
            made.path = f"{holder.path}/{made.name}" if holder.path else made.name
            if made.weights:
                message = f"the layer '{made.name}' is shared with another model: each has one of its own now, and they train apart"
                self.findings.append(Finding("warning", message, made.path))
        return made


def _again(graph: Graph | None) -> Graph | None:
    """The same calls of the same layers."""
    if graph is None:
        return None
    nodes: dict[Node, Node] = {}

    def moved(leaf: Structure) -> Structure:
        return replace(leaf, node=nodes[leaf.node]) if isinstance(leaf, Output) else leaf

    for node in graph.nodes:
        args, kwargs = map_structure(moved, (node.args, node.kwargs))
        nodes[node] = replace(node, args=args, kwargs=kwargs)
    ends = [map_structure(moved, ends) for ends in (graph.input_structure, graph.outputs)]
    return Graph(list(nodes.values()), [nodes[node] for node in graph.inputs], ends[0], ends[1], list(graph.listed))
