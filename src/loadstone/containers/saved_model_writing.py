"""SavedModel and what is in it as messages, written: MetaGraphDef, signatures, graphs of objects.

tensorflow/core/protobuf/{saved_model,meta_graph,saver,saved_object_graph,trackable_object_graph,struct}.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadstone.containers.graph_writing import shape, type_number
from loadstone.containers.saved_model_proto import SignatureDef, TensorInfo, TensorSpec
from loadstone.containers.wire import delimited, encoded, mapped, number, string
from loadstone.ir.records import dataclass

PREDICT = "tensorflow/serving/predict"
INIT, MAIN_OP = "__saved_model_init_op", "saved_model_main_op"
_VERSION = number(1, 1) + number(2, 1)  # of an object: producer and least consumer
_FULL_ARGUMENTS = "args varargs varkw defaults kwonlyargs kwonlydefaults annotations".split()
Chunks = list[bytes | memoryview]  # of a message that is too large to be copied


def nested(field: int, chunks: Sequence[bytes | memoryview]) -> Chunks:
    """A field that is a message, in pieces."""
    return [encoded(field << 3 | 2) + encoded(sum(len(chunk) for chunk in chunks)), *chunks]


def saved_model(meta_graphs: Iterable[Chunks]) -> Chunks:
    """A SavedModel."""
    return [number(1, 1), *(chunk for one in meta_graphs for chunk in nested(2, one))]


def info(tags: Sequence[str], release: str) -> bytes:
    """The field of a MetaGraphDef that says what it is for, and which release of TensorFlow it is as if written by."""
    return delimited(1, b"".join(string(4, tag) for tag in tags) + string(5, release) + string(6, "unknown") + number(7, 1))


def saver(filename: str, save: str, restore: str) -> bytes:
    """The field with the SaverDef: tensors that take the checkpoint's name and give it, the node that restores; version V2."""
    return delimited(3, string(1, filename) + string(2, save) + string(3, restore) + number(7, 2))


def named_nodes(collection: str, names: Sequence[str]) -> bytes:
    """The field with a collection of nodes."""
    return mapped(4, {collection: delimited(1, b"".join(string(1, name) for name in names))})


def signatures(found: Mapping[str, SignatureDef]) -> bytes:
    """The field with the signatures."""
    return mapped(5, {name: _signature(one) for name, one in found.items()})


def _signature(found: SignatureDef) -> bytes:
    inputs, outputs = ({key: tensor_info(one) for key, one in infos.items()} for infos in (found.inputs, found.outputs))
    return mapped(1, inputs) + mapped(2, outputs) + (string(3, found.method) if found.method else b"")


def tensor_info(found: TensorInfo) -> bytes:
    """A TensorInfo of a plain tensor, or of a node that gives none."""
    dtype = number(2, type_number(found.dtype)) if found.dtype else b""
    return string(1, found.name) + dtype + delimited(3, shape(found.shape))


def asset(tensor: str, file: str) -> bytes:
    """The field with an AssetFileDef: the tensor that holds the path, and the name of the file."""
    return delimited(6, delimited(1, string(1, tensor)) + string(2, file))


# -- objects ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Object:
    """An object: its children, by name their numbers, and the field that says what it is (of a SavedObject)."""

    children: dict[str, int]
    content: bytes


def user_object(kind: str) -> bytes:
    """An object of Python: "_generic_user_object", "trackable_list_wrapper", "signature_map"."""
    return delimited(4, string(1, kind) + delimited(2, _VERSION))


def asset_object(index: int) -> bytes:
    """The path of an asset."""
    return delimited(5, number(1, index))


def function_object(concrete: str) -> bytes:
    """A function without arguments, such as what makes a table."""
    spec = delimited(1, structured(_arguments(None))) + delimited(5, structured(()))
    return delimited(6, string(1, concrete) + delimited(2, spec))


def variable_object(name: str, dtype: str, sizes: Sequence[int | None] | None, trainable: bool) -> bytes:
    """A variable."""
    kept = number(1, type_number(dtype)) + delimited(2, shape(sizes)) + (number(3, 1) if trainable else b"")
    return delimited(7, kept + string(6, name))


def signature_object(concrete: str, keywords: Sequence[str]) -> bytes:
    """The function of a signature, which takes its inputs by name alone."""
    spec = delimited(1, structured(_arguments("kwargs"))) + delimited(5, structured(None))
    return delimited(8, string(1, concrete) + b"".join(string(2, name) for name in keywords) + delimited(4, spec))


def resource_object() -> bytes:
    """A table."""
    return delimited(10, b"")


def _arguments(keywords: str | None) -> _Named:
    """The FullArgSpec of a Python function that takes nothing, or anything by name."""
    values: dict[str, Any] = {"args": [], "varkw": keywords, "kwonlyargs": [], "annotations": {}}
    return _Named("FullArgSpec", {name: values.get(name) for name in _FULL_ARGUMENTS})


@dataclass(frozen=True)
class _Named:
    """A named tuple."""

    name: str
    values: dict[str, Any]


def structured(value: Any) -> bytes:
    """A StructuredValue: nested tuples, lists and dicts of TensorSpecs, text and None."""
    if value is None:
        return delimited(1, b"")
    if isinstance(value, str):
        return string(13, value)
    if isinstance(value, TensorSpec):
        name = string(1, value.name) if value.name else b""
        return delimited(33, name + delimited(2, shape(value.shape)) + number(3, type_number(value.dtype)))
    if isinstance(value, dict):
        return delimited(53, mapped(1, {key: structured(one) for key, one in value.items()}))
    if isinstance(value, _Named):
        pairs = (delimited(2, string(1, key) + delimited(2, structured(one))) for key, one in value.values.items())
        return delimited(54, string(1, value.name) + b"".join(pairs))
    return delimited(52 if isinstance(value, tuple) else 51, b"".join(delimited(1, structured(one)) for one in value))


def concrete_function(bound: Sequence[int], inputs: Mapping[str, TensorSpec], outputs: Any) -> bytes:
    """A SavedConcreteFunction that takes its inputs by name: the objects that it has bound, by their numbers, and what it gives."""
    given = structured(((), dict(inputs)))
    return b"".join(number(2, one) for one in bound) + delimited(3, given) + delimited(4, structured(outputs))


def object_graph(objects: Sequence[Object], concrete: Mapping[str, bytes]) -> bytes:
    """The field with the SavedObjectGraph."""
    nodes = (delimited(1, _children(1, one) + one.content) for one in objects)
    return delimited(7, b"".join(nodes) + mapped(2, concrete))


def _children(field: int, found: Object) -> bytes:
    return b"".join(delimited(field, number(1, child) + string(2, name)) for name, child in found.children.items())


def trackable_graph(objects: Sequence[Object], values: Mapping[int, tuple[str, str]]) -> bytes:
    """The TrackableObjectGraph of a checkpoint. values are the full name and the key of each object that is a variable."""
    nodes = []
    for place, one in enumerate(objects):
        stored = values.get(place)
        kept = b"" if stored is None else delimited(2, string(1, "VARIABLE_VALUE") + string(2, stored[0]) + string(3, stored[1]))
        nodes.append(delimited(1, _children(1, one) + kept))
    return b"".join(nodes)
