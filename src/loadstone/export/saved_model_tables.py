"""The lookup tables of a SavedModel: their nodes and objects, the files that fill them, and the functions that make, fill and remove them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loadstone.containers import graph_writing, saved_model_writing
from loadstone.containers.saved_model_proto import TensorSpec
from loadstone.errors import ModelError
from loadstone.export.saved_model_functions import attributes
from loadstone.export.saved_model_parts import Parts, Resource, shared_name
from loadstone.ir import Graph, Module, Node, Output, Tensor, tf_ops
from loadstone.ir.records import dataclass, field

TABLES = frozenset("HashTableV2 MutableHashTableV2 MutableHashTableOfTensorsV2".split())
_FILLING = frozenset("InitializeTableV2 LookupTableImportV2 InitializeTableFromTextFileV2".split())
_ONLY_BEFORE = frozenset("NoOp Const HostConst Identity".split()) | _FILLING | TABLES
_ONE = Node("tf", "Const", "Const", attributes={"dtype": "int32", "value": Tensor.of(1, "int32")})
_NUMBER = TensorSpec("", (), "int32")


def tables_of(module: Module, signatures: Mapping[str, Graph]) -> dict[str, Node]:
    """The tables by name."""
    return {shared_name(node): node for graph in (*signatures.values(), *module.start) for node in graph.nodes if node.op in TABLES}


@dataclass(eq=False)
class Tables:
    """The tables of a module, for these signatures. Raises ModelError where something besides tables is to be filled first."""

    parts: Parts
    nodes: Mapping[str, Node]
    _assets: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # node and object of each, by its name in the module

    def __post_init__(self) -> None:
        self._fills = _fills(self.parts.module.start)

    def add(self) -> None:
        """Their nodes and objects, which the checkpoint knows."""
        for name, node in self.nodes.items():
            made = self.parts.names.node(name)
            definition = tf_ops.definition(node.op)
            assert definition is not None
            shared = {**node.attributes, "shared_name": made, "use_node_name_sharing": False}
            told = attributes(Node("tf", node.op, made, attributes=shared), definition, self.parts.functions)
            self.parts.nodes.append(graph_writing.node(made, node.op, (), told))
            number = self.parts.child(0, f"table_{len(self.parts.resources)}", saved_model_writing.resource_object())
            self.parts.resources[False, name] = Resource(made, number)
        self._files = [self._file_of(fill) for fill in self._fills]

    def _file_of(self, fill: Node) -> Resource | None:
        """The asset that fills a table, as a node and an object; None where none does."""
        if fill.op != "InitializeTableFromTextFileV2":
            return None
        parts, path = self.parts, list(fill.outputs_used())[1].node
        if path.name not in parts.module.assets:
            raise ModelError("a table is filled from a file that is not part of the model", where=fill.name)
        if path.name not in self._assets:
            node = parts.const(path.name, Tensor.of(b"", "string"))
            file = f"{node.replace('/', '_')}.txt"
            file = file if file not in parts.files else f"{len(parts.files)}_{file}"
            self._assets[path.name] = node, saved_model_writing.asset_object(len(parts.files))
            parts.files[file] = parts.module.assets[path.name]
            parts.fields.append(saved_model_writing.asset(f"{node}:0", file))
        node, content = self._assets[path.name]
        table = parts.resources[False, _filled(fill)]
        return Resource(node, parts.child(table.number, "_file", content))

    def fill(self) -> None:
        """The functions of each table, and the calls that fill it before anything else runs."""
        for name, node in self.nodes.items():
            resource = self.parts.resources[False, name]
            shared = Node("tf", node.op, name, attributes={**node.attributes, "shared_name": resource.node})
            made = Graph([shared], [], {}, [Output(shared)])
            self.parts.function_object(resource.number, "_create_resource", "creator", made, (), (), TensorSpec("", (), "resource"))
            own = [(fill, file) for fill, file in zip(self._fills, self._files, strict=True) if _filled(fill) == name]
            if len(own) > 1:
                raise ModelError(f"the table {name!r} is filled {len(own)} times", where=own[1][0].name)
            for fill, file in own:
                self._fill(resource, fill, file)
            nothing = Graph([_ONE], [], {}, [Output(_ONE)])
            self.parts.function_object(resource.number, "_destroy_resource", "destroyer", nothing, (), (), _NUMBER)

    def _fill(self, resource: Resource, fill: Node, file: Resource | None) -> None:
        table = next(fill.outputs_used()).node
        path = list(fill.outputs_used())[1].node if file is not None else None
        captured = [table] if path is None else [table, path]
        graph = Graph([*_behind(fill, set(captured)), fill, _ONE], [], {}, [Output(_ONE)])
        bound = [resource] if file is None else [resource, file]
        name = self.parts.function_object(resource.number, "_initialize", "initializer", graph, captured, bound, _NUMBER)
        types = ["resource", "string"][: len(bound)]
        self.parts.starting.append(self.parts.call(name, [one.node for one in bound], types, ["int32"]))


def _filled(fill: Node) -> str:
    """The name of the table that a node fills."""
    return shared_name(next(fill.outputs_used()).node)


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
