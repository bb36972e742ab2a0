"""The variables of a SavedModel: their handles and objects, and the saver that writes and restores them."""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.containers import graph_writing, saved_model_writing
from loadstone.containers.graph_writing import attribute
from loadstone.containers.saved_model_writing import Object
from loadstone.containers.trackable_proto import OBJECTS
from loadstone.export.saved_model_parts import Parts, Resource
from loadstone.ir import Tensor

_VALUE = ".ATTRIBUTES/VARIABLE_VALUE"


def add_variables(parts: Parts) -> None:
    """Handles, and the objects by which `tf.saved_model.load` finds them: lists of all, and of those that are trained or not."""
    kinds = ("variables", "trainable_variables", "non_trainable_variables")
    lists = {name: parts.child(0, name, saved_model_writing.user_object("trackable_list_wrapper")) for name in kinds}
    for name, tensor in parts.module.variables.items():
        trained = name in parts.module.trainable
        place = len(parts.objects[lists["variables"]].children)
        node = parts.names.node(name)
        dtype = attribute(tensor.dtype, "type")
        handle = {"dtype": dtype, "shape": attribute(tensor.shape, "shape"), "shared_name": attribute(node, "string")}
        parts.nodes.append(graph_writing.node(node, "VarHandleOp", (), handle))
        content = saved_model_writing.variable_object(name, tensor.dtype, tensor.shape, trained)
        number = parts.child(lists["variables"], str(place), content)
        other = parts.objects[lists["trainable_variables" if trained else "non_trainable_variables"]].children
        other[str(len(other))] = number
        key = f"variables/{place}/{_VALUE}"
        parts.resources[True, name] = Resource(node, number, key)
        parts.variables[key] = tensor


def add_saver(parts: Parts, checkpointed: int) -> bytes | None:
    """The first objects as the checkpoint has them, and the nodes that write and restore variables; the SaverDef, where there are any."""
    kept = [Object({k: n for k, n in one.children.items() if n < checkpointed}, b"") for one in parts.objects[:checkpointed]]
    stored = [one for one in parts.resources.values() if one.key]
    objects = saved_model_writing.trackable_graph(kept, {one.number: (one.node, one.key) for one in stored})
    values = dict(parts.variables)
    parts.variables[OBJECTS] = Tensor.of(objects, "string")
    if not stored:
        return None
    default = parts.const("save/filename/input", Tensor.of(b"model", "string"))
    filename = parts.node(
        "save/Const", "PlaceholderWithDefault", [default], dtype=attribute("string", "type"), shape=attribute((), "shape")
    )
    types = [values[one.key].dtype for one in stored]
    reads = [
        parts.node(f"{one.node}/Read/ReadVariableOp", "ReadVariableOp", [one.node], dtype=attribute(dtype, "type"))
        for one, dtype in zip(stored, types, strict=True)
    ]
    graph = parts.const("save/objects", Tensor.of(objects, "string"))
    names = [one.key for one in stored]
    given = [filename, *_named(parts, "save/SaveV2", [*names, OBJECTS])]
    written = parts.node("save/SaveV2", "SaveV2", [*given, *reads, graph], dtypes=attribute([*types, "string"], "list(type)"))
    done = parts.node("save/control_dependency", "Identity", [filename, f"^{written}"], T=attribute("string", "type"))
    given = [filename, *_named(parts, "save/RestoreV2", names)]
    read = parts.node("save/RestoreV2", "RestoreV2", given, dtypes=attribute(types, "list(type)"))
    assigned = []
    for place, (one, dtype) in enumerate(zip(stored, types, strict=True)):
        source = f"{read}:{place}" if place else read
        assigned.append(parts.node("save/AssignVariableOp", "AssignVariableOp", [one.node, source], dtype=attribute(dtype, "type")))
    restored = parts.node("save/restore_all", "NoOp", [f"^{name}" for name in assigned])
    return saved_model_writing.saver(f"{filename}:0", f"{done}:0", restored)


def _named(parts: Parts, node: str, names: Sequence[str]) -> list[str]:
    """The names of tensors, and no word on parts of them, as SaveV2 and RestoreV2 want them."""
    texts = (("tensor_names", [name.encode() for name in names]), ("shape_and_slices", [b""] * len(names)))
    return [parts.const(f"{node}/{label}", Tensor.of(text, "string")) for label, text in texts]
