"""The graph of a SavedModel around the functions of its signatures: variables, tables, what fills them, the saver, the objects.

What `tf.saved_model.save` makes (tensorflow/python/saved_model/save.py), but that the saver's nodes stand in the graph itself, as those of
TensorFlow 1 do. `tf.saved_model.load` goes by the objects, everyone else by the saver and the main op.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loadstone.containers import graph_writing, saved_model_writing
from loadstone.containers.graph_writing import attribute
from loadstone.containers.saved_model_proto import SignatureDef, TensorInfo, TensorSpec
from loadstone.containers.saved_model_writing import INIT, MAIN_OP, PREDICT, Chunks, nested
from loadstone.export.saved_model_functions import dtype_of
from loadstone.export.saved_model_parts import Parts, Resource
from loadstone.export.saved_model_tables import TABLES, Tables, tables_of
from loadstone.export.saved_model_variables import add_saver, add_variables
from loadstone.ir import FunctionName, Graph, Node, Output, flatten

RELEASE, PRODUCER = "2.4.0", 561  # as of which release the graph is written: later ones open it, and TensorFlow 1.15


def meta_graph(parts: Parts, signatures: Mapping[str, Graph]) -> Chunks:
    """The MetaGraphDef of a module with these signatures, of whose parts there is nothing yet. Raises ModelError, MissingWeights."""
    add_variables(parts)
    tables = Tables(parts, tables_of(parts.module, signatures))
    tables.add()
    signature_map = parts.child(0, "signatures", saved_model_writing.user_object("signature_map"))
    checkpointed = len(parts.objects)
    tables.fill()
    definitions = {name: _add_signature(parts, name, graph, signature_map) for name, graph in signatures.items()}
    saver = add_saver(parts, checkpointed)
    init = parts.node("NoOp", "NoOp", [f"^{name}" for name in parts.starting])
    definitions[INIT] = SignatureDef({}, {INIT: TensorInfo(init, "", None)}, "")
    graph = graph_writing.graph(parts.nodes, parts.functions.messages.values(), PRODUCER)
    return [
        saved_model_writing.info(("serve",), RELEASE),
        *nested(2, [graph]),
        *([] if saver is None else [saver]),
        saved_model_writing.named_nodes(MAIN_OP, [init]),
        saved_model_writing.signatures(definitions),
        *parts.fields,
        saved_model_writing.object_graph(parts.objects, parts.concrete),
    ]


def _add_signature(parts: Parts, name: str, graph: Graph, signature_map: int) -> SignatureDef:
    """The two functions of a signature, its nodes in the graph, and its object."""
    keys = [str(key) for key in graph.input_structure]
    labels = dict(zip(graph.inputs, keys, strict=True))
    captured = [node for node in graph.nodes if node.op in TABLES or node.op == "VarHandleOp"]
    bound = [parts.resource(node) for node in captured]
    outputs = _outputs(graph)
    ordered = sorted(outputs)
    inner = Graph(graph.nodes, graph.inputs, graph.input_structure, [outputs[key] for key in ordered])
    number = len(parts.concrete)
    called = parts.functions.define(f"__inference_{_word(name)}_{number}", inner, captured, labels)
    types = [dtype_of(outputs[key]) for key in ordered]
    by_name = sorted(graph.inputs, key=lambda node: labels[node])
    call = _call_node(called, [*graph.inputs, *captured], types)
    whole = Graph([*by_name, *captured, call], by_name, {}, [Output(call, place) for place in range(len(types))])
    wrapper = parts.functions.define(f"__inference_signature_wrapper_{number}", whole, captured, labels)
    inputs = {labels[node]: TensorSpec(labels[node], node.attributes.get("shape"), node.attributes["dtype"]) for node in by_name}
    given = {key: TensorSpec(key, outputs[key].shape, dtype) for key, dtype in zip(ordered, types, strict=True)}
    parts.concrete[wrapper] = saved_model_writing.concrete_function([one.number for one in bound], inputs, given)
    parts.child(signature_map, name, saved_model_writing.signature_object(wrapper, list(inputs)))
    return _signature(parts, name, wrapper, inputs, given, bound)


def _signature(
    parts: Parts, name: str, function: str, inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec], bound: Sequence[Resource]
) -> SignatureDef:
    """Placeholders, and the call that gives the outputs."""
    infos = {}
    for key, spec in inputs.items():
        told = {"dtype": attribute(spec.dtype, "type"), "shape": attribute(spec.shape, "shape")}
        infos[key] = TensorInfo(f"{parts.node(f'{name}_{key}', 'Placeholder', (), **told)}:0", spec.dtype, spec.shape)
    given = [*(info.name.removesuffix(":0") for info in infos.values()), *(one.node for one in bound)]
    types = [*(spec.dtype for spec in inputs.values()), *["resource"] * len(bound)]
    call = parts.call(function, given, types, [spec.dtype for spec in outputs.values()])
    found = {key: TensorInfo(f"{call}:{place}", spec.dtype, spec.shape) for place, (key, spec) in enumerate(outputs.items())}
    return SignatureDef(infos, found, PREDICT)


def _call_node(function: str, inputs: Sequence[Node], results: Sequence[str]) -> Node:
    types = [dtype_of(Output(node)) for node in inputs]
    told: dict[str, Any] = {"Tin": types, "Tout": list(results), "f": FunctionName(function)}
    return Node("tf", "StatefulPartitionedCall", "StatefulPartitionedCall", tuple(Output(node) for node in inputs), attributes=told)


def _word(name: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name)


def _outputs(graph: Graph) -> dict[str, Output]:
    """The outputs by name."""
    if isinstance(graph.outputs, dict):
        return dict(graph.outputs)
    return {f"output_{place}": leaf for place, leaf in enumerate(flatten(graph.outputs))}
