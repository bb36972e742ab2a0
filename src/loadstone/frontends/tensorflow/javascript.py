"""Graphs as TensorFlow.js keeps them: GraphDef as JSON, constants without values, which lie in files by their names.

tfjs-converter/src/executors/graph_model.ts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from loadstone.containers import graph_proto, proto_schema
from loadstone.containers.graph_proto import GraphDef, NodeDef
from loadstone.containers.graph_writing import attribute
from loadstone.containers.saved_model_proto import SignatureDef, signature
from loadstone.containers.wire import delimited, mapped
from loadstone.ir import Tensor


def graph_of(topology: Any, tensors: Mapping[str, Tensor]) -> GraphDef:
    """The graph; its constants without values take theirs from the weights of their names."""
    read_ = graph_proto.graph(memoryview(proto_schema.of_json(topology, "GraphDef")))
    return dataclasses.replace(read_, nodes=[_filled(node, tensors) for node in read_.nodes])


def message_of(topology: Any, tensors: Mapping[str, Tensor]) -> memoryview:
    """The same graph as a message, its constants with their values."""
    filled = [
        delimited(1, proto_schema.of_json(node, "NodeDef") + _values(str(node.get("name")), tensors) if isinstance(node, dict) else b"")
        for node in topology["node"]
    ]
    rest = proto_schema.of_json({key: value for key, value in topology.items() if key != "node"}, "GraphDef")
    return memoryview(b"".join(filled) + rest)


def _values(name: str, tensors: Mapping[str, Tensor]) -> bytes:
    """The attributes of a constant whose values lie elsewhere; they come behind what the node says itself, and so instead of it."""
    if name not in tensors:
        return b""
    tensor = tensors[name]
    return mapped(5, {"value": attribute(tensor, "tensor"), "dtype": attribute(tensor.dtype, "type")})


def _filled(node: NodeDef, tensors: Mapping[str, Tensor]) -> NodeDef:
    if node.op != "Const" or node.name not in tensors:
        return node
    tensor = tensors[node.name]
    return dataclasses.replace(node, given={"value": tensor, "dtype": tensor.dtype})


def signature_of(stored: Any) -> SignatureDef | None:
    """The signature of the model; older files keep it among what is the user's."""
    users = stored.get("userDefinedMetadata")
    found = stored.get("signature") or (users.get("signature") if isinstance(users, dict) else None)
    if not isinstance(found, dict) or not found.get("outputs"):
        return None
    return signature(memoryview(proto_schema.of_json(found, "SignatureDef")))
