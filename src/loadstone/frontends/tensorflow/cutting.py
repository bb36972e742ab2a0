"""Parts of a graph by the names of tensors: what `inputs=` and `outputs=` mean, and what serves where they are not given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from loadstone.containers.graph_proto import GraphDef, NodeDef
from loadstone.errors import ModelError
from loadstone.frontends.tensorflow.graph import placeholder, read_graph
from loadstone.frontends.tensorflow.references import Ref, parse
from loadstone.ir import Graph, Node

_PLACEHOLDERS = ("Placeholder", "PlaceholderV2")
LEARNING_PHASE = "keras_learning_phase"
# Ends of a graph that give nothing.
_CHANGING = ("Assign", "Apply", "ResourceApply", "Scatter", "VarIsInit", "IsVariableInit")
_TRAINING_SCOPE = re.compile(r"(gradients|save|report_uninitialized_variables|Initializer)(_\d+)?")
_SHAPES_TOLD = 24  # the version of graphs from which on a placeholder without axes is a scalar (tensorflow/core/ops/array_ops.cc)
_FILLING = ("InitializeTable", "LookupTableImport")
_NO_OUTPUTS = frozenset("NoOp Assert SaveV2 Save SaveSlices MergeV2Checkpoints Const Print PrintV2".split())


def between(
    graph: GraphDef, inputs: Sequence[str] | None, outputs: Sequence[str] | None, *, keys: Mapping[str, str] | None = None
) -> Graph:
    """The part of a graph from some tensors to others, by their names ("input:0", the ":0" optional).

    Without inputs its placeholders serve (not that of Keras' learning phase), without outputs the ends that nothing takes. keys are names
    for the inputs in place of those. Raises ValueError for a name that the graph does not have, ModelError.
    """
    nodes = {node.name: node for node in graph.nodes}
    wanted = list(outputs) if outputs is not None else _ends(graph)
    for name in [*(inputs or ()), *(outputs or ())]:
        _check(name, nodes)
    targets = {name: parse(name) if outputs is not None else Ref(name) for name in wanted}
    given = list(inputs) if inputs is not None else _needed_placeholders(nodes, list(targets.values()))
    entries = {(keys or {}).get(name, name): (parse(name), _entry(parse(name), nodes, graph.producer)) for name in given}
    return read_graph(graph, entries, targets)


def start_of(graph: GraphDef) -> Iterator[Graph]:
    """What fills the tables of a graph that has no word on what runs first: nodes that do so with constants, and for which nothing waits."""
    filling = [node.name for node in graph.nodes if node.op.startswith(_FILLING)]
    if filling:
        nodes = {node.name: node for node in graph.nodes}
        awaited = {text[1:] for node in graph.nodes if node.op != "NoOp" for text in node.inputs if text.startswith("^")}
        alone = [name for name in filling if name not in awaited and not _needed_placeholders(nodes, [Ref(name)])]
        yield read_graph(graph, {}, {}, alone)


def _ends(graph: GraphDef) -> list[str]:
    taken = {parse(text).name for node in graph.nodes for text in node.inputs}
    found = [node.name for node in graph.nodes if node.name not in taken and not _is_training(node)]
    if not found:
        raise ModelError("the graph has no end; name some tensors: outputs=[...]")
    return found


def _is_training(node: NodeDef) -> bool:
    """True for a node that gives no prediction: it saves, assigns, summarizes or is part of a gradient."""
    if node.op in _NO_OUTPUTS or node.op in _PLACEHOLDERS or node.op.startswith(_CHANGING):
        return True
    return node.op.endswith("Summary") or any(_TRAINING_SCOPE.fullmatch(part) for part in node.name.split("/")[:-1])


def _needed_placeholders(nodes: Mapping[str, NodeDef], targets: Sequence[Ref]) -> list[str]:
    """The placeholders behind some tensors, in the order of the graph."""
    seen: set[str] = set()
    queue = [ref.name for ref in targets]
    while queue:
        name = queue.pop()
        if name not in seen and name in nodes:
            seen.add(name)
            queue += [parse(text).name for text in nodes[name].inputs]
    learning = [name for name in nodes if name.rpartition("/")[2].startswith(LEARNING_PHASE)]
    return [node.name for node in nodes.values() if node.op in _PLACEHOLDERS and node.name in seen and node.name not in learning]


def _entry(ref: Ref, nodes: Mapping[str, NodeDef], producer: int) -> Node:
    """The input that takes the place of a tensor. A placeholder without axes may be one of unknown ones: so old releases wrote it."""
    node = nodes[ref.name]
    stored = node.attributes
    dtype = stored.get("dtype") or stored.get("T") or "float32"
    shapes = node.stored.get("_output_shapes")
    shape = stored.get("shape") if node.op in _PLACEHOLDERS or node.op == "PlaceholderWithDefault" else None
    if shape in (None, ()) and shapes is not None:
        inferred = node.attribute("_output_shapes")
        shape = inferred[ref.index] if isinstance(inferred, list) and ref.index < len(inferred) else shape
    if shape == () and (producer < _SHAPES_TOLD or "shape" not in node.stored):
        shape = None
    return placeholder(node.name, dtype, shape)


def _check(name: str, nodes: Mapping[str, NodeDef]) -> None:
    ref = parse(name)
    if ref.name not in nodes:
        from difflib import get_close_matches

        near = get_close_matches(ref.name, list(nodes), n=3, cutoff=0.5)
        raise ValueError(f"the graph has no tensor {name!r}" + (f"; did you mean {', '.join(map(repr, near))}?" if near else ""))
