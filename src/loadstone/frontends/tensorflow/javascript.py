"""Graphs as TensorFlow.js keeps them: GraphDef as JSON, constants without values, which lie in files by their names.

tfjs-converter/src/executors/graph_model.ts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from loadstone.containers import graph_proto, proto_schema
from loadstone.containers.graph_proto import GraphDef, NodeDef
from loadstone.containers.saved_model_proto import SignatureDef, signature
from loadstone.ir import Tensor


def graph_of(topology: Any, tensors: Mapping[str, Tensor]) -> GraphDef:
    """The graph; its constants without values take theirs from the weights of their names."""
    read_ = graph_proto.graph(memoryview(proto_schema.of_json(topology, "GraphDef")))
    return dataclasses.replace(read_, nodes=[_filled(node, tensors) for node in read_.nodes])


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
