"""The variables of a SavedModel of TensorFlow 1, as its collections name them (VariableDef in tensorflow/core/framework/variable.proto).

`tf.saved_model.load` lists global ones before local ones (tensorflow/python/saved_model/load_v1_in_v2.py). A variable is known by its
node, since a checkpoint may hold several as parts of one tensor. A graph without a saver, as modules of tensorflow_hub have it, is restored
by these names.
"""

from __future__ import annotations

from collections.abc import Mapping

from loadstone.containers.saved_model_proto import MetaGraph, varints
from loadstone.containers.wire import Value, content, fields, text
from loadstone.errors import CorruptFile, UnsupportedAttribute
from loadstone.ir import Tensor
from loadstone.ir.saved_function import SavedWeight

_COLLECTIONS = ("variables", "local_variables")


def by_name(meta: MetaGraph, variables: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a checkpoint, and the parts of them that are variables of their own, by the names of the variables."""
    found = dict(variables)
    for message in (message for collection in _COLLECTIONS for message in meta.collections.get(collection, ())):
        stored = dict(fields(message if isinstance(message, bytes) else b""))
        if 1 in stored and 4 in stored:
            name, slice_ = text(stored[1]).partition(":")[0], list(fields(content(stored[4])))
            whole = next((found[text(v)] for n, v in slice_ if n == 1 and text(v) in found), None)
            start, shape = ([number for n, v in slice_ if n == field for number in _numbers(v)] for field in (3, 4))
            if whole is not None and len(start) == len(shape) == len(whole.shape):
                found.setdefault(name, _part(whole, start, shape))
    return found


def _numbers(value: Value) -> list[int]:
    """The numbers of a repeated field, packed or one by one."""
    return [value] if isinstance(value, int) else list(varints(value))


def _part(whole: Tensor, start: list[int], shape: list[int]) -> Tensor:
    places = tuple(slice(at, at + length) for at, length in zip(start, shape, strict=True))
    if any(at + length > most for at, length, most in zip(start, shape, whole.shape, strict=True)):
        raise CorruptFile(f"a part of a variable of shape {whole.shape} from {start} on, of shape {shape}")
    return whole.map(lambda values: values[places], tuple(shape))


def version_1_weights(meta: MetaGraph) -> tuple[SavedWeight, ...]:
    """The variables as weights of a layer; none of them is trainable. Raises UnsupportedAttribute for one that is no node."""
    nodes = {node.name: node for node in meta.graph.nodes}
    found: dict[str, SavedWeight] = {}
    for collection in _COLLECTIONS:
        for message in meta.collections.get(collection, ()):
            stored = dict(fields(message if isinstance(message, bytes) else b""))
            name = text(stored[1]).partition(":")[0] if 1 in stored else ""
            if name not in nodes:
                raise UnsupportedAttribute(f"a SavedModel of TensorFlow 1 whose variable {name!r} is no node")
            attributes = nodes[name].attributes
            label = f"{len(found)}_{name}".replace("/", "_")
            node = str(attributes.get("shared_name") or name)
            ways = (f"_func/variables/{len(found)}", f"{name}:0")
            weight = SavedWeight(label, name, attributes.get("shape"), str(attributes.get("dtype")), False, node=node, attributes=ways)
            found.setdefault(node, weight)
    return tuple(found.values())
