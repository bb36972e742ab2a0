"""Cuts a model at named layers: other outputs, other inputs. What is not needed in between is left out.

A name stands for what the layer's last call returns: as an output it is given, as an input it is taken from the caller in its
place. A model that cannot be lowered as a whole may well be without the layers that are cut away.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Graph, Layer, Node, Output, Structure, flatten, map_structure
from loadstone.ir import Model as Description
from loadstone.model.names import Names
from loadstone.model.outline import Outline


def cut(description: Description, inputs: str | Sequence[str] | None, outputs: Names | None) -> Description:
    """The model from these inputs to these outputs; its own where None.

    outputs may be one name, a list or a dict of names, and the new model gives them in that structure. Raises ValueError for a
    name that the model does not have, ModelError where the outputs need more than the inputs.
    """
    outline = Outline(description)
    wanted = outline.graph.outputs if outputs is None else _outputs(outline, outputs)
    starts, entry = _inputs(outline, inputs)
    nodes = _needed(outline.graph, flatten(wanted), set(starts))
    missing = [node.name for node in nodes if node.op == "InputLayer" and node not in starts]
    if missing:
        raise ModelError(f"the outputs need {', '.join(map(repr, missing))} too, which inputs= does not name")
    new = {start: Node("keras", "InputLayer", layer.name, layer=layer) for start, layer in starts.items()}
    copies = dict(new)
    for node in nodes:
        if node not in copies:
            args, kwargs = _moved(copies, (node.args, node.kwargs))
            copies[node] = dataclasses.replace(node, args=args, kwargs=kwargs)
    layers = [layer for layer in outline.graph.layers() if any(node.layer is layer for node in copies.values())]
    listed = [layer for layer in starts.values() if layer not in layers] + layers
    graph = Graph(list(copies.values()), list(new.values()), _moved(copies, entry), _moved(copies, wanted), listed)
    root = dataclasses.replace(outline.root, class_name="Functional", graph=graph)
    return dataclasses.replace(description, root=root)


def _inputs(outline: Outline, names: str | Sequence[str] | None) -> tuple[dict[Node, Layer], Structure]:
    """Where the new model begins: the nodes with the InputLayers that stand for them, and the structure of its inputs."""
    graph = outline.graph
    if names is None:
        return {node: node.layer for node in graph.inputs if node.layer is not None}, graph.input_structure
    starts: dict[Node, Layer] = {}
    for name in [names] if isinstance(names, str) else names:
        node = _node(outline, name)
        starts[node] = node.layer if node in graph.inputs and node.layer is not None else _placeholder(outline, node)
    leaves = [Output(node) for node in starts]
    return starts, leaves[0] if len(leaves) == 1 else leaves


def _placeholder(outline: Outline, node: Node) -> Layer:
    """An InputLayer in the place of what a node returns."""
    reached = outline.walk.reached.get(node)
    value = reached[0].value if reached is not None and len(reached) == 1 else None
    if value is None or outline.masked(Output(node)):
        reason = "its output carries a mask" if value is not None else "it gives several tensors or its shape is not known"
        raise ModelError(f"layer '{node.name}' cannot be an input: {reason}")
    return Layer("InputLayer", node.name, {"batch_shape": list(value.shape), "dtype": value.dtype}, path=node.name)


def _outputs(outline: Outline, names: Names) -> Structure:
    if isinstance(names, Mapping):
        return {key: _outputs(outline, name) for key, name in names.items()}
    if not isinstance(names, str):
        return [_outputs(outline, name) for name in names]
    node = _node(outline, names)
    reached = outline.walk.reached.get(node)
    leaves = [Output(node, i) for i in range(len(reached) if reached else 1)]
    return leaves[0] if len(leaves) == 1 else leaves


def _node(outline: Outline, name: str) -> Node:
    """The last call of the layer of that name."""
    calls = [node for node in outline.graph.nodes if node.name == name]
    if not calls:
        names = list(dict.fromkeys(node.name for node in outline.graph.nodes))
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(map(repr, near))}?" if near else ""
        raise ValueError(f"the model has no layer {name!r}{hint} It has {names}")
    return max(calls, key=lambda node: node.index)


def _needed(graph: Graph, outputs: list[Output], starts: set[Node]) -> list[Node]:
    """The nodes that the outputs depend on, in running order."""
    wanted = {output.node for output in outputs}
    kept = []
    for node in reversed(graph.nodes):
        if node in wanted:
            kept.append(node)
            if node not in starts:
                wanted |= {output.node for output in node.outputs_used()}
    return kept[::-1]


def _moved(copies: dict[Node, Node], structure: Any) -> Any:
    """The structure with its outputs those of the copies."""
    return map_structure(lambda leaf: Output(copies[leaf.node], leaf.index) if isinstance(leaf, Output) else leaf, structure)
