"""A graph of TensorFlow written back: what did not change is copied as it is, as bytes.

A SavedModel that was cut, a frozen graph, a checkpoint with its `.meta` and a graph of TensorFlow.js become what
`tf.compat.v1.saved_model.simple_save` writes: the same graph, with a signature on it and without a graph of objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from loadstone.containers import graph_writing, saved_model_writing
from loadstone.containers.graph_proto import GraphDef, NodeDef
from loadstone.containers.graph_writing import attribute
from loadstone.containers.origin import Origin
from loadstone.containers.saved_model_proto import MetaGraph, SignatureDef, TensorInfo
from loadstone.containers.saved_model_writing import INIT, MAIN_OP, PREDICT, Chunks, nested
from loadstone.containers.wire import content, delimited, fields, mapped, number, pair, string, text
from loadstone.ir import Graph, Module, Output, Tensor, leaves, tf_ops

DEFAULT, SERVE = "serving_default", "serve"
RELEASE = "1.15.0"  # as of which release a graph is written that does not say it itself
_INFO, _GRAPH, _SAVER, _COLLECTIONS, _SIGNATURES, _ASSETS, _OBJECTS = range(1, 8)
_FILLING = ("InitializeTable", "LookupTableImport")
_LEARNING_PHASE = "keras_learning_phase"
_VARIABLES = frozenset("VariableV2 Variable AutoReloadVariable VarHandleOp".split())


def chosen(meta: MetaGraph, signature: str) -> Chunks:
    """A MetaGraphDef whose default signature is one of its others."""
    raw = {
        str(content(key), "utf8"): content(found) for n, v in fields(meta.message) if n == _SIGNATURES for key, found in [pair(content(v))]
    }
    chunks: Chunks = []
    for field, value in fields(meta.message):
        if field == _OBJECTS:
            chunks.append(delimited(_OBJECTS, _chosen_object(meta, content(value), signature)))
        elif field != _SIGNATURES:
            chunks += nested(field, _nodes(content(value), meta.graph) if field == _GRAPH else [content(value)])
    return [*chunks, mapped(_SIGNATURES, {**{key: bytes(one) for key, one in raw.items()}, DEFAULT: bytes(raw[signature])})]


def _chosen_object(meta: MetaGraph, message: memoryview, signature: str) -> bytes:
    """The graph of objects, whose map of signatures has one of them as the default."""
    place = meta.objects[0].children.get("signatures") if meta.objects else None
    children = {} if place is None else meta.objects[place].children
    parts, at = [], 0
    for field, value in fields(message):
        found = content(value)
        if field == 1:
            if at == place and signature in children:
                kept = b"".join(delimited(n, content(v)) for n, v in fields(found) if n != 1)
                named = {**children, DEFAULT: children[signature]}
                found = memoryview(b"".join(delimited(1, number(1, child) + string(2, name)) for name, child in named.items()) + kept)
            at += 1
        parts.append(delimited(field, found))
    return b"".join(parts)


def version_1(origin: Origin, module: Module, graph: Graph) -> Chunks:
    """A MetaGraphDef of the kind that TensorFlow 1 writes, with the one signature that a graph of ours stands for."""
    meta = origin.meta
    extra: list[bytes] = []
    chunks: Chunks = []
    saver = False
    for field, value in fields(meta.message) if meta is not None else ():
        if field == _INFO:
            tags = b"" if meta is not None and meta.tags else string(4, SERVE)
            chunks.append(delimited(_INFO, bytes(content(value)) + tags))
        elif field in (_SAVER, _COLLECTIONS, _ASSETS):
            saver |= field == _SAVER and bool(meta and meta.saver[1])
            chunks += nested(field, [content(value)])
    if meta is None:
        chunks.append(saved_model_writing.info((SERVE,), RELEASE))
    if origin.variables and not saver:
        extra += _restoring(origin, chunks)
    init = [] if meta is not None and (INIT in meta.signatures or meta.collections.get(MAIN_OP)) else _filling(origin, module)
    signatures = {DEFAULT: signature_of(origin.graph, graph)}
    if init:
        extra.append(graph_writing.node("init_all_tables", "NoOp", [f"^{name}" for name in init]))
        chunks.append(saved_model_writing.named_nodes(MAIN_OP, ["init_all_tables"]))
        signatures[INIT] = SignatureDef({}, {INIT: TensorInfo("init_all_tables", "", None)}, "")
    elif meta is not None and INIT in meta.signatures:
        signatures[INIT] = meta.signatures[INIT]
    chunks += nested(_GRAPH, [*_nodes(origin.message(), origin.graph), *(delimited(1, one) for one in extra)])
    return [*chunks, saved_model_writing.signatures(signatures)]


def phases(graph: GraphDef) -> dict[str, NodeDef]:
    """The placeholders of Keras' learning phase, which no signature gives."""
    return {node.name: node for node in graph.nodes if node.op == "Placeholder" and _is_phase(node.name)}


def predicting(meta: MetaGraph) -> Chunks:
    """A MetaGraphDef whose learning phase is that of predicting where nobody gives it."""
    chunks: Chunks = []
    for field, value in fields(meta.message):
        found = _nodes(content(value), meta.graph) if field == _GRAPH else [content(value)]
        chunks += nested(field, found)
    return chunks


def _nodes(message: memoryview, graph: GraphDef) -> Chunks:
    """A GraphDef; Keras' learning phase is False there by default."""
    replaced = phases(graph)
    if not replaced:
        return [message]
    chunks: Chunks = []
    for field, value in fields(message):
        name = next((text(v) for n, v in fields(content(value)) if n == 1), "") if field == 1 else ""
        if name in replaced:
            dtype = {"dtype": attribute(replaced[name].attribute("dtype"), "type")}
            off = attribute(Tensor.of(0, replaced[name].attribute("dtype")), "tensor")
            chunks.append(delimited(1, graph_writing.node(f"{name}/off", "Const", (), dtype | {"value": off})))
            told = dtype | {"shape": attribute((), "shape")}
            chunks.append(delimited(1, graph_writing.node(name, "PlaceholderWithDefault", [f"{name}/off"], told)))
        else:
            chunks += nested(field, [content(value)])
    return chunks


def _is_phase(name: str) -> bool:
    return name.rpartition("/")[2].startswith(_LEARNING_PHASE)


def _filling(origin: Origin, module: Module) -> list[str]:
    """The nodes that fill tables before anything runs."""
    known = {node.name for node in origin.graph.nodes}
    found = (node.name for graph in module.start for node in graph.nodes if node.op.startswith(_FILLING))
    return [name for name in dict.fromkeys(found) if name in known]


def _restoring(origin: Origin, chunks: Chunks) -> Iterator[bytes]:
    """Nodes that restore variables by their names, for a graph without a saver of its own; the saver goes to the chunks."""
    found = [(node, node.name) for node in origin.graph.nodes if node.op in _VARIABLES and node.name in origin.variables]
    if not found:
        return
    told = {"dtype": attribute("string", "type")}
    default = attribute(Tensor.of(b"model", "string"), "tensor")
    yield graph_writing.node("save_again/filename", "Const", (), told | {"value": default})
    yield graph_writing.node(
        "save_again/Const", "PlaceholderWithDefault", ["save_again/filename"], told | {"shape": attribute((), "shape")}
    )
    for label, texts in (("names", [key.encode() for _, key in found]), ("slices", [b""] * len(found))):
        yield graph_writing.node(f"save_again/{label}", "Const", (), told | {"value": attribute(Tensor.of(texts, "string"), "tensor")})
    types = [origin.variables[key].dtype for _, key in found]
    inputs = ["save_again/Const", "save_again/names", "save_again/slices"]
    yield graph_writing.node("save_again/RestoreV2", "RestoreV2", inputs, {"dtypes": attribute(types, "list(type)")})
    names = []
    for place, ((node, _), dtype) in enumerate(zip(found, types, strict=True)):
        op, kind = ("AssignVariableOp", "dtype") if node.op == "VarHandleOp" else ("Assign", "T")
        names.append(f"save_again/Assign_{place}")
        yield graph_writing.node(names[-1], op, [node.name, f"save_again/RestoreV2:{place}"], {kind: attribute(dtype, "type")})
    yield graph_writing.node("save_again/restore_all", "NoOp", [f"^{name}" for name in names])
    chunks.append(saved_model_writing.saver("save_again/Const:0", "save_again/Const:0", "save_again/restore_all"))


# -- signatures -------------------------------------------------------------------------------------------------------


def signature_of(file: GraphDef, graph: Graph) -> SignatureDef:
    """The signature that a graph stands for, whose tensors the graph of the file has under the names that it tells."""
    nodes = {node.name: node for node in file.nodes}
    inputs = _keyed(graph, {str(key): Output(node) for key, node in zip(graph.input_structure, graph.inputs, strict=True)})
    found = graph.outputs if isinstance(graph.outputs, dict) else {graph.tensors[leaf]: leaf for leaf in leaves(graph.outputs)}
    outputs = _keyed(graph, {str(key): leaf for key, leaf in found.items() if isinstance(leaf, Output)})
    return SignatureDef(
        {
            key: TensorInfo(graph.tensors[leaf], leaf.node.attributes["dtype"], leaf.node.attributes["shape"])
            for key, leaf in inputs.items()
        },
        {key: TensorInfo(graph.tensors[leaf], _dtype(file, nodes, graph.tensors[leaf]), leaf.shape) for key, leaf in outputs.items()},
        PREDICT,
    )


def _keyed(graph: Graph, found: Mapping[str, Output]) -> dict[str, Output]:
    """Tensors by names that are arguments in Python too: where a tensor has no other name, that of its node."""
    keyed: dict[str, Output] = {}
    for key, leaf in found.items():
        name = graph.tensors[leaf].removesuffix(":0")
        wanted = re.sub(r"\W", "_", name, flags=re.ASCII) if key.removesuffix(":0") == name else key
        fresh, count = wanted, 0
        while fresh in keyed:
            count += 1
            fresh = f"{wanted}_{count}"
        keyed[fresh] = leaf
    return keyed


def _dtype(file: GraphDef, nodes: Mapping[str, NodeDef], tensor: str) -> str:
    """The dtype of a tensor of a graph; "" where its node does not tell."""
    name, _, place = tensor.partition(":")
    node, left = nodes[name], int(place)
    if node.op in file.functions:
        return file.functions[node.op].outputs[left][1]
    definition = tf_ops.definition(node.op)
    if definition is None:
        return ""
    told = {one.name: one.default for one in definition.attributes if one.optional} | dict(node.attributes)
    types = [dtype for argument in definition.outputs for dtype in argument.dtypes(told)]
    return types[left] if left < len(types) else ""
