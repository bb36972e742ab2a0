"""Objects that TensorFlow 2 saves without signatures: their functions as signatures, with the variables that these have bound.

tensorflow/core/protobuf/saved_object_graph.proto; tensorflow/python/saved_model/load.py. A checkpoint names a variable by the way to it
from the root: "layer/kernel/.ATTRIBUTES/VARIABLE_VALUE".
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from loadstone.containers.graph_proto import NodeDef, shape, type_name
from loadstone.containers.saved_model_proto import ConcreteFunction, MetaGraph, SavedObject, TensorSpec
from loadstone.containers.trackable_proto import OBJECTS, objects
from loadstone.containers.wire import content, fields, integer
from loadstone.errors import CorruptFile, ModelError, UnsafeContent
from loadstone.frontends.tensorflow.graph import DOMAIN, complete, placeholder
from loadstone.frontends.tensorflow.module import Lazily
from loadstone.ir import FunctionName, Graph, Module, Node, Output, Tensor

MAX_WAYS = 1 << 26  # characters of the ways to all objects
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_PLAIN = (VALUE, "/.ATTRIBUTES/OBJECT_CONFIG_JSON")
_HANDLE = "VarHandleOp"
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def functions_as_signatures(meta: MetaGraph, module: Module) -> Module:
    """The module with the functions of its root (and of what is in it) as signatures."""
    if not meta.objects:
        return module
    paths = ways(meta.objects)
    keys = checkpoint_keys(paths, module.variables)
    found: dict[str, Callable[[], Graph]] = {}
    for number, path in sorted(paths.items(), key=lambda item: (item[1].count("/"), item[1])):
        saved = meta.objects[number]
        names = saved.texts(1) if saved.kind in ("function", "bare_concrete_function") else []
        for place, name in enumerate(names):
            if name in meta.concrete_functions and not _is_private(path):
                found[f"{path}/{place}" if place else path] = concrete_graph(meta, module, paths, name)
    top = {name: read for name, read in found.items() if "/" not in name}
    by_path = {paths[number]: key for number, key in keys.items()}
    return dataclasses.replace(module, signatures=Lazily(top or found), stored=by_path.get)


def _is_private(path: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__call") for part in path.split("/"))


def ways(saved: list[SavedObject]) -> dict[int, str]:
    """The shortest way to each object from the root, as names with "/" between them."""
    found = {0: ""}
    queue = deque([0])
    left = MAX_WAYS
    while queue:
        here = queue.popleft()
        for name, child in saved[here].children.items():
            if child not in found and child < len(saved):
                left -= len(found[here]) + len(name)
                if left < 0:
                    raise UnsafeContent(f"objects inside objects, whose names together have more than {MAX_WAYS} characters")
                found[child] = f"{found[here]}/{name}" if found[here] else name
                queue.append(child)
    return found


def positions(meta: MetaGraph, inputs: Mapping[str, str]) -> list[str]:
    """The inputs of a signature (by name, the tensor) in the order of the function that it stands for; empty where that is not known.

    A signature calls a wrapper, whose arguments are in the order of their names, and that the function.
    """
    keys = {tensor.partition(":")[0]: key for key, tensor in inputs.items()}
    for node in meta.graph.nodes if len(keys) > 1 else ():
        called = node.attribute("f") if node.op in _CALLS and "f" in node.stored else None
        wrapper = meta.graph.functions.get(called.name) if isinstance(called, FunctionName) else None
        sources = [text.partition(":")[0] for text in node.inputs if not text.startswith("^")]
        if wrapper is None or not keys.keys() <= set(sources):
            continue
        arguments = {name: keys[source] for (name, _), source in zip(wrapper.inputs, sources, strict=False) if source in keys}
        inner = next((found for found in wrapper.nodes if "f" in found.stored), None)
        taken = [text.partition(":")[0] for text in inner.inputs] if inner is not None else []
        found = [arguments[name] for name in dict.fromkeys(taken) if name in arguments]
        if len(found) == len(keys):
            return found
    return []


def stored_names(meta: MetaGraph, variables: Mapping[str, Tensor]) -> Callable[[str], str | None]:
    """Names of tensors of the checkpoint by those of the nodes of variables, for variables that the graph's own saver leaves out.

    A node is that of the object which the function has bound whose call it is given to.
    """

    @cache
    def names() -> dict[str, str]:
        if not meta.objects:
            return {}
        paths = ways(meta.objects)
        keys = checkpoint_keys(paths, variables)
        found: dict[str, str] = {}
        for node in meta.graph.nodes:
            called = node.attribute("f") if node.op in _CALLS and "f" in node.stored else None
            concrete = meta.concrete_functions.get(called.name) if isinstance(called, FunctionName) else None
            if concrete is not None and concrete.bound:
                taken = [text for text in node.inputs if not text.startswith("^")]
                for text, number in zip(taken[-len(concrete.bound) :], concrete.bound, strict=False):
                    if number in keys:
                        found.setdefault(text.partition(":")[0], keys[number])
        shared = {_variable(node): found[node.name] for node in meta.graph.nodes if node.op == _HANDLE and node.name in found}
        return found | shared

    return lambda name: names().get(name)


def told_by_objects(meta: MetaGraph, variables: Mapping[str, Tensor]) -> bool:
    """Whether objects and plain values of variables are all that is saved: TensorFlow 2 goes by these, not by the saver's function."""
    return bool(meta.objects) and OBJECTS in variables and all(name == OBJECTS or name.endswith(_PLAIN) for name in variables)


def _variable(node: NodeDef) -> str:
    """The name of the variable of a node, as `lowering.tensorflow.variables` has it."""
    return str(node.attribute("shared_name") or node.name) if "shared_name" in node.stored else node.name


def checkpoint_keys(paths: Mapping[int, str], variables: Mapping[str, Tensor]) -> dict[int, str]:
    """The name of the tensor in the checkpoint for each object that is a variable, by the same way through the checkpoint's objects."""
    if OBJECTS not in variables:
        return {number: path + VALUE for number, path in paths.items() if path + VALUE in variables}
    tracked = objects(variables[OBJECTS])
    found: dict[int, str] = {}
    for number, path in paths.items():
        here: int | None = 0
        for part in path.split("/") if path else ():
            here = None if here is None else tracked[here].children.get(part)
        if here is not None and tracked[here].keys:
            found[number] = tracked[here].keys[0]
    return found


def concrete_graph(meta: MetaGraph, module: Module, paths: Mapping[int, str], name: str) -> Callable[[], Graph]:
    """Reads the graph that calls a function of objects with what it has bound; its inputs are the other arguments. paths are `ways`."""

    def read() -> Graph:
        concrete = meta.concrete_functions[name]
        function = meta.graph.functions.get(name)
        if function is None:
            raise ModelError(f"the graph does not have the function {name!r} that an object calls")
        count = len(function.inputs) - len(concrete.bound)
        if count < 0:
            raise ModelError(f"the function {name!r} has {len(function.inputs)} inputs and has bound {len(concrete.bound)} objects")
        specs = list(tensors_of(concrete.inputs))
        told = [_input(function.inputs[i], specs[i] if i < len(specs) else None) for i in range(count)]
        nodes = [placeholder(*one) for one in told]
        bound = [_bound(meta, paths, number) for number in concrete.bound]
        given = [Output(node) for node in (*nodes, *bound)]
        call = Node(DOMAIN, "StatefulPartitionedCall", name, args=tuple(given), attributes={"f": FunctionName(name)})
        outputs = _outputs(concrete, call, len(function.outputs))
        return Graph([*nodes, *_with_their_own(bound), call], nodes, {node.name: Output(node) for node in nodes}, outputs)

    return read


def _with_their_own(nodes: Sequence[Node]) -> list[Node]:
    """Nodes with those that they take before them."""
    found: dict[Node, None] = {}
    for node in nodes:
        found |= dict.fromkeys(_with_their_own([leaf.node for leaf in node.args]))
        found[node] = None
    return list(found)


def _input(argument: tuple[str, str], spec: TensorSpec | None) -> tuple[str, str, tuple[int | None, ...] | None]:
    name, dtype = argument
    return (spec.name or name, dtype, spec.shape) if spec is not None else (name, dtype, None)


def tensors_of(structure: Any) -> Iterator[TensorSpec]:
    """The tensors of a structure of arguments, in order."""
    if isinstance(structure, TensorSpec):
        yield structure
    elif isinstance(structure, dict):
        for key in sorted(structure):
            yield from tensors_of(structure[key])
    elif isinstance(structure, (list, tuple)):
        for part in structure:
            yield from tensors_of(part)


def _outputs(concrete: ConcreteFunction, call: Node, count: int) -> Any:
    """The structure of what a function returns; a dict by number where it is not told."""
    numbers = iter(range(count))

    def filled(structure: Any) -> Any:
        if isinstance(structure, TensorSpec):
            return Output(call, next(numbers))
        if isinstance(structure, dict):
            done = {key: filled(structure[key]) for key in sorted(structure)}
            return {key: done[key] for key in structure}
        if isinstance(structure, list):
            return [filled(part) for part in structure]
        return structure

    found = filled(concrete.outputs)
    if next(numbers, None) is None and len(list(tensors_of(concrete.outputs))) == count:
        return found
    return {f"output_{i}": Output(call, i) for i in range(count)}


def _bound(meta: MetaGraph, paths: Mapping[int, str], number: int) -> Node:
    """What a function has bound, as a node."""
    if number >= len(meta.objects):
        raise CorruptFile(f"a function has bound object {number} of {len(meta.objects)}")
    saved = meta.objects[number]
    if saved.kind == "constant":
        name = next(iter(saved.texts(1)), "")
        node = next((node for node in meta.graph.nodes if node.name == name), None)
        if node is None:
            raise ModelError(f"the graph does not have the constant {name!r}")
        return Node(DOMAIN, node.op, node.name, attributes=complete(node))
    if saved.kind == "variable":
        parts = dict(fields(saved.message))
        told = shape(content(parts[2])) if 2 in parts else None
        if number not in paths:
            raise CorruptFile(f"a function has bound object {number}, to which no way leads")
        attributes = {"dtype": type_name(integer(parts.get(1, 0))), "shape": told, "shared_name": paths[number]}
        return Node(DOMAIN, "VarHandleOp", paths[number], attributes=attributes)
    if saved.kind == "asset":
        (index,) = saved.integers(1) or [0]
        if index >= len(meta.assets):
            raise CorruptFile(f"a function has bound asset {index} of {len(meta.assets)}")
        tensor = list(meta.assets)[index]
        return Node(DOMAIN, "Const", tensor.partition(":")[0], attributes={"value": Tensor.of(b"", "string"), "dtype": "string"})
    if saved.kind == "resource" and "_create_resource" in saved.children:
        names = meta.objects[saved.children["_create_resource"]].texts(1)
        concrete = meta.concrete_functions.get(names[0]) if names else None
        if concrete is not None:
            given = [_bound(meta, paths, one) for one in concrete.bound]
            taken = tuple(Output(node) for node in given)
            return Node(DOMAIN, "StatefulPartitionedCall", names[0], args=taken, attributes={"f": FunctionName(names[0])})
    raise ModelError(f"a function has bound an object that is a {saved.kind or 'nothing'}", where=paths.get(number))
