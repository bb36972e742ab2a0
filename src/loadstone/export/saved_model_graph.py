"""The graph of a SavedModel around the functions of its signatures: variables, tables, what fills them, the saver, the objects.

What `tf.saved_model.save` makes (tensorflow/python/saved_model/save.py), but that the saver's nodes stand in the graph itself, as those of
TensorFlow 1 do. `tf.saved_model.load` goes by the objects, everyone else by the saver and the main op.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from loadstone.containers import graph_writing, saved_model_writing
from loadstone.containers.graph_writing import attribute
from loadstone.containers.saved_model_proto import SignatureDef, TensorInfo, TensorSpec
from loadstone.containers.saved_model_writing import INIT, MAIN_OP, PREDICT, Chunks, Object, nested
from loadstone.containers.trackable_proto import OBJECTS
from loadstone.errors import MissingWeights, ModelError
from loadstone.export.saved_model_functions import Functions, Names, attributes, dtype_of
from loadstone.ir import FunctionName, Graph, Module, Node, Output, Tensor, flatten, tf_ops
from loadstone.ir.records import dataclass, field

RELEASE, PRODUCER = "2.4.0", 561  # as of which release the graph is written: later ones open it, and TensorFlow 1.15
TABLES = frozenset("HashTableV2 MutableHashTableV2 MutableHashTableOfTensorsV2".split())
_FILLING = frozenset("InitializeTableV2 LookupTableImportV2 InitializeTableFromTextFileV2".split())
_ONLY_BEFORE = frozenset("NoOp Const HostConst Identity".split()) | _FILLING | TABLES
_VALUE = ".ATTRIBUTES/VARIABLE_VALUE"


@dataclass(frozen=True)
class Resource:
    """A variable or table: its node in the graph, and its number among the objects. key is the name in the checkpoint."""

    node: str
    number: int
    key: str = ""


@dataclass(eq=False)
class Writer:
    """A graph that is put together. variables has the tensors of the checkpoint, files the assets by their names, once it is whole."""

    module: Module
    variables: dict[str, Tensor] = field(default_factory=dict)
    files: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    _nodes: list[bytes] = field(default_factory=list)
    _names: Names = field(default_factory=Names)
    _resources: dict[tuple[bool, str], Resource] = field(default_factory=dict)
    _objects: list[Object] = field(default_factory=list)
    _concrete: dict[str, bytes] = field(default_factory=dict)
    _fields: list[bytes] = field(default_factory=list)  # of the MetaGraphDef, behind the graph
    _starting: list[str] = field(default_factory=list)  # nodes that fill tables
    _assets: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # node and object of each, by its name in the module

    def __post_init__(self) -> None:
        self._functions = Functions(self.module)

    def meta_graph(self, signatures: Mapping[str, Graph]) -> Chunks:
        """The MetaGraphDef with these signatures. Raises ModelError, MissingWeights."""
        self._objects.append(Object({}, saved_model_writing.user_object("_generic_user_object")))
        self._add_variables()
        fills = _fills(self.module.start)
        tables = {_name(node): node for graph in (*signatures.values(), *self.module.start) for node in graph.nodes if node.op in TABLES}
        for name, node in tables.items():
            self._add_table(name, node)
        filled = [self._file_of(fill) for fill in fills]
        signature_map = self._child(0, "signatures", saved_model_writing.user_object("signature_map"))
        checkpointed = len(self._objects)
        self._fill_tables(tables, fills, filled)
        definitions = {name: self._add_signature(name, graph, signature_map) for name, graph in signatures.items()}
        self._save(checkpointed)
        init = self._node("NoOp", "NoOp", [f"^{name}" for name in self._starting])
        definitions[INIT] = SignatureDef({}, {INIT: TensorInfo(init, "", None)}, "")
        graph = graph_writing.graph(self._nodes, self._functions.messages.values(), PRODUCER)
        return [
            saved_model_writing.info(("serve",), RELEASE),
            *nested(2, [graph]),
            *self._fields[:1],
            saved_model_writing.named_nodes(MAIN_OP, [init]),
            saved_model_writing.signatures(definitions),
            *self._fields[1:],
            saved_model_writing.object_graph(self._objects, self._concrete),
        ]

    def _node(self, wanted: str, op: str, inputs: Sequence[str] = (), **found: bytes) -> str:
        name = self._names.node(wanted)
        self._nodes.append(graph_writing.node(name, op, inputs, found))
        return name

    def _const(self, wanted: str, values: Tensor) -> str:
        value = graph_writing.attribute(values, "tensor")
        return self._node(wanted, "Const", dtype=attribute(values.dtype, "type"), value=value)

    def _child(self, parent: int, name: str, content: bytes) -> int:
        """A new object."""
        self._objects.append(Object({}, content))
        number = len(self._objects) - 1
        self._objects[parent].children[name] = number
        return number

    # -- variables ----------------------------------------------------------------------------------------------------

    def _add_variables(self) -> None:
        """Handles, and the objects by which `tf.saved_model.load` finds them: lists of all, and of those that are trained or not."""
        kinds = ("variables", "trainable_variables", "non_trainable_variables")
        lists = {name: self._child(0, name, saved_model_writing.user_object("trackable_list_wrapper")) for name in kinds}
        for name, tensor in self.module.variables.items():
            trained = name in self.module.trainable
            place = len(self._objects[lists["variables"]].children)
            node = self._names.node(name)
            dtype = attribute(tensor.dtype, "type")
            handle = {"dtype": dtype, "shape": attribute(tensor.shape, "shape"), "shared_name": attribute(node, "string")}
            self._nodes.append(graph_writing.node(node, "VarHandleOp", (), handle))
            content = saved_model_writing.variable_object(name, tensor.dtype, tensor.shape, trained)
            number = self._child(lists["variables"], str(place), content)
            other = self._objects[lists["trainable_variables" if trained else "non_trainable_variables"]].children
            other[str(len(other))] = number
            key = f"variables/{place}/{_VALUE}"
            self._resources[True, name] = Resource(node, number, key)
            self.variables[key] = tensor

    def _save(self, checkpointed: int) -> None:
        """The objects as the checkpoint has them, and the nodes that write and restore variables."""
        kept = [Object({k: n for k, n in one.children.items() if n < checkpointed}, b"") for one in self._objects[:checkpointed]]
        stored = [one for one in self._resources.values() if one.key]
        objects = saved_model_writing.trackable_graph(kept, {one.number: (one.node, one.key) for one in stored})
        values = dict(self.variables)
        self.variables[OBJECTS] = Tensor.of(objects, "string")
        if not stored:
            return
        default = self._const("save/filename/input", Tensor.of(b"model", "string"))
        filename = self._node(
            "save/Const", "PlaceholderWithDefault", [default], dtype=attribute("string", "type"), shape=attribute((), "shape")
        )
        types = [values[one.key].dtype for one in stored]
        reads = [
            self._node(f"{one.node}/Read/ReadVariableOp", "ReadVariableOp", [one.node], dtype=attribute(dtype, "type"))
            for one, dtype in zip(stored, types, strict=True)
        ]
        graph = self._const("save/objects", Tensor.of(objects, "string"))
        names = [one.key for one in stored]
        given = [filename, *self._named("save/SaveV2", [*names, OBJECTS])]
        written = self._node("save/SaveV2", "SaveV2", [*given, *reads, graph], dtypes=attribute([*types, "string"], "list(type)"))
        done = self._node("save/control_dependency", "Identity", [filename, f"^{written}"], T=attribute("string", "type"))
        given = [filename, *self._named("save/RestoreV2", names)]
        read = self._node("save/RestoreV2", "RestoreV2", given, dtypes=attribute(types, "list(type)"))
        assigned = []
        for place, (one, dtype) in enumerate(zip(stored, types, strict=True)):
            source = f"{read}:{place}" if place else read
            assigned.append(self._node("save/AssignVariableOp", "AssignVariableOp", [one.node, source], dtype=attribute(dtype, "type")))
        restored = self._node("save/restore_all", "NoOp", [f"^{name}" for name in assigned])
        self._fields.insert(0, saved_model_writing.saver(f"{filename}:0", f"{done}:0", restored))

    def _named(self, node: str, names: Sequence[str]) -> list[str]:
        """The names of tensors, and no word on parts of them, as SaveV2 and RestoreV2 want them."""
        texts = (("tensor_names", [name.encode() for name in names]), ("shape_and_slices", [b""] * len(names)))
        return [self._const(f"{node}/{label}", Tensor.of(text, "string")) for label, text in texts]

    # -- tables -------------------------------------------------------------------------------------------------------

    def _add_table(self, name: str, node: Node) -> None:
        made = self._names.node(name)
        definition = tf_ops.definition(node.op)
        assert definition is not None
        shared = {**node.attributes, "shared_name": made, "use_node_name_sharing": False}
        told = attributes(Node("tf", node.op, made, attributes=shared), definition, self._functions)
        self._nodes.append(graph_writing.node(made, node.op, (), told))
        number = self._child(0, f"table_{len(self._resources)}", saved_model_writing.resource_object())
        self._resources[False, name] = Resource(made, number)

    def _file_of(self, fill: Node) -> Resource | None:
        """The asset that fills a table, as a node and an object; None where none does."""
        if fill.op != "InitializeTableFromTextFileV2":
            return None
        path = list(fill.outputs_used())[1].node
        if path.name not in self.module.assets:
            raise ModelError("a table is filled from a file that is not part of the model", where=fill.name)
        if path.name not in self._assets:
            node = self._const(path.name, Tensor.of(b"", "string"))
            file = f"{node.replace('/', '_')}.txt"
            file = file if file not in self.files else f"{len(self.files)}_{file}"
            self._assets[path.name] = node, saved_model_writing.asset_object(len(self.files))
            self.files[file] = self.module.assets[path.name]
            self._fields.append(saved_model_writing.asset(f"{node}:0", file))
        node, content = self._assets[path.name]
        table = self._resources[False, _name(next(fill.outputs_used()).node)]
        return Resource(node, self._child(table.number, "_file", content))

    def _fill_tables(self, tables: Mapping[str, Node], fills: Sequence[Node], files: Sequence[Resource | None]) -> None:
        for name, node in tables.items():
            resource = self._resources[False, name]
            shared = Node("tf", node.op, name, attributes={**node.attributes, "shared_name": resource.node})
            made = Graph([shared], [], {}, [Output(shared)])
            self._function_object(resource.number, "_create_resource", "creator", made, (), (), TensorSpec("", (), "resource"))
            own = [(fill, file) for fill, file in zip(fills, files, strict=True) if _name(next(fill.outputs_used()).node) == name]
            if len(own) > 1:
                raise ModelError(f"the table {name!r} is filled {len(own)} times", where=own[1][0].name)
            for fill, file in own:
                self._fill(resource, fill, file)
            nothing = TensorSpec("", (), "int32")
            self._function_object(resource.number, "_destroy_resource", "destroyer", Graph([_ONE], [], {}, [Output(_ONE)]), (), (), nothing)

    def _fill(self, resource: Resource, fill: Node, file: Resource | None) -> None:
        """The function that fills a table, and its call before anything else runs."""
        table = next(fill.outputs_used()).node
        path = list(fill.outputs_used())[1].node if file is not None else None
        captured = [table] if path is None else [table, path]
        nodes = [*_behind(fill, set(captured)), fill, _ONE]
        graph = Graph(nodes, [], {}, [Output(_ONE)])
        bound = [resource] if file is None else [resource, file]
        name = self._function_object(resource.number, "_initialize", "initializer", graph, captured, bound, TensorSpec("", (), "int32"))
        types = ["resource", "string"][: len(bound)]
        self._starting.append(self._call(name, [one.node for one in bound], types, ["int32"]))

    def _function_object(
        self, parent: int, label: str, word: str, graph: Graph, captured: Sequence[Node], bound: Sequence[Resource], output: TensorSpec
    ) -> str:
        name = self._functions.define(f"__inference__{word}_{len(self._concrete)}", graph, captured)
        self._concrete[name] = saved_model_writing.concrete_function([one.number for one in bound], {}, output)
        self._child(parent, label, saved_model_writing.function_object(name))
        return name

    # -- signatures ---------------------------------------------------------------------------------------------------

    def _add_signature(self, name: str, graph: Graph, signature_map: int) -> SignatureDef:
        """The two functions of a signature, its nodes in the graph, and its object."""
        keys = [str(key) for key in graph.input_structure]
        labels = dict(zip(graph.inputs, keys, strict=True))
        captured = [node for node in graph.nodes if node.op in TABLES or node.op == "VarHandleOp"]
        bound = [self._resource(node) for node in captured]
        outputs = _outputs(graph)
        ordered = sorted(outputs)
        inner = Graph(graph.nodes, graph.inputs, graph.input_structure, [outputs[key] for key in ordered])
        number = len(self._concrete)
        called = self._functions.define(f"__inference_{_word(name)}_{number}", inner, captured, labels)
        types = [dtype_of(outputs[key]) for key in ordered]
        by_name = sorted(graph.inputs, key=lambda node: labels[node])
        call = _call_node(called, [*graph.inputs, *captured], types)
        whole = Graph([*by_name, *captured, call], by_name, {}, [Output(call, place) for place in range(len(types))])
        wrapper = self._functions.define(f"__inference_signature_wrapper_{number}", whole, captured, labels)
        inputs = {labels[node]: TensorSpec(labels[node], node.attributes.get("shape"), node.attributes["dtype"]) for node in by_name}
        given = {key: TensorSpec(key, outputs[key].shape, dtype) for key, dtype in zip(ordered, types, strict=True)}
        self._concrete[wrapper] = saved_model_writing.concrete_function([one.number for one in bound], inputs, given)
        self._child(signature_map, name, saved_model_writing.signature_object(wrapper, list(inputs)))
        return self._signature(name, wrapper, inputs, given, bound)

    def _signature(
        self, name: str, function: str, inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec], bound: Sequence[Resource]
    ) -> SignatureDef:
        """Placeholders, and the call that gives the outputs."""
        infos = {}
        for key, spec in inputs.items():
            told = {"dtype": attribute(spec.dtype, "type"), "shape": attribute(spec.shape, "shape")}
            infos[key] = TensorInfo(f"{self._node(f'{name}_{key}', 'Placeholder', (), **told)}:0", spec.dtype, spec.shape)
        given = [*(info.name.removesuffix(":0") for info in infos.values()), *(one.node for one in bound)]
        types = [*(spec.dtype for spec in inputs.values()), *["resource"] * len(bound)]
        call = self._call(function, given, types, [spec.dtype for spec in outputs.values()])
        found = {key: TensorInfo(f"{call}:{place}", spec.dtype, spec.shape) for place, (key, spec) in enumerate(outputs.items())}
        return SignatureDef(infos, found, PREDICT)

    def _call(self, function: str, inputs: Sequence[str], types: Sequence[str], results: Sequence[str]) -> str:
        told = {
            "Tin": attribute(list(types), "list(type)"),
            "Tout": attribute(list(results), "list(type)"),
            "f": attribute(FunctionName(function), "func"),
        }
        return self._node("StatefulPartitionedCall", "StatefulPartitionedCall", inputs, **told)

    def _resource(self, node: Node) -> Resource:
        found = self._resources.get((node.op == "VarHandleOp", _name(node)))
        if found is None:
            raise MissingWeights(f"the variable {_name(node)!r} has no value")
        return found


_ONE = Node("tf", "Const", "Const", attributes={"dtype": "int32", "value": Tensor.of(1, "int32")})


def _call_node(function: str, inputs: Sequence[Node], results: Sequence[str]) -> Node:
    types = [dtype_of(Output(node)) for node in inputs]
    told: dict[str, Any] = {"Tin": types, "Tout": list(results), "f": FunctionName(function)}
    return Node("tf", "StatefulPartitionedCall", "StatefulPartitionedCall", tuple(Output(node) for node in inputs), attributes=told)


def _name(node: Node) -> str:
    """The name under which nodes share a resource."""
    return str(node.attributes.get("shared_name") or node.name)


def _word(name: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name)


def _outputs(graph: Graph) -> dict[str, Output]:
    """The outputs by name."""
    if isinstance(graph.outputs, dict):
        return dict(graph.outputs)
    return {f"output_{place}": leaf for place, leaf in enumerate(flatten(graph.outputs))}


def _fills(start: Sequence[Graph]) -> list[Node]:
    """The nodes that fill tables. Raises ModelError where something else is to run first."""
    others = [node for graph in start for node in graph.nodes if node.op not in _ONLY_BEFORE]
    if others:
        raise ModelError(f"a {others[0].op} that runs before any signature, where only tables may be filled", where=others[0].name)
    return [node for graph in start for node in graph.nodes if node.op in _FILLING]


def _behind(node: Node, given: set[Node]) -> Iterator[Node]:
    """The nodes that a node needs, those first that others need."""
    seen = set(given)

    def visit(one: Node) -> Iterator[Node]:
        for leaf in one.outputs_used():
            if leaf.node not in seen:
                seen.add(leaf.node)
                yield from visit(leaf.node)
                yield leaf.node

    yield from visit(node)
