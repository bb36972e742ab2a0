"""Graphs as functions of a GraphDef's library: names made unique, outputs referred to as functions do, order made by control inputs.

A graph of ours runs its nodes in their order. In a FunctionDef only a control input says that one node runs before another
(tensorflow/python/framework/auto_control_deps.py), so a node that changes something waits for all that read before it, and who reads
later waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from loadstone.containers import graph_writing
from loadstone.containers.graph_writing import Argument
from loadstone.errors import ModelError
from loadstone.ir import FunctionName, Graph, Module, Node, Output, flatten, tf_ops
from loadstone.ir.records import dataclass, field

# Stateful ops that only make something known or read it.
READING = frozenset(
    "VarHandleOp ReadVariableOp VarIsInitializedOp VariableShape ResourceGather ResourceGatherNd HashTableV2 MutableHashTableV2 "
    "MutableHashTableOfTensorsV2 MutableDenseHashTableV2 LookupTableFindV2 LookupTableSizeV2 LookupTableExportV2 Placeholder".split()
)
_NAME = re.compile(r"[^A-Za-z0-9_.\-/]")
_ARGUMENT = re.compile(r"[^a-z0-9_]")


class Names:
    """Names that are used once each; TensorFlow's graphs know no two that differ by case alone."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def fresh(self, wanted: str) -> str:
        """A name like the one that is wanted, which nobody has yet."""
        name, count = wanted, 0
        while name.lower() in self._used:
            count += 1
            name = f"{wanted}_{count}"
        self._used.add(name.lower())
        return name

    def node(self, wanted: str) -> str:
        """A name for a node."""
        found = _NAME.sub("_", wanted)
        return self.fresh(found if re.match(r"[A-Za-z0-9.]", found) else f"node{found}")

    def argument(self, wanted: str) -> str:
        """A name for an argument of a function."""
        found = _ARGUMENT.sub("_", wanted.lower())
        return self.fresh(found if re.match(r"[a-z]", found) else f"arg_{found}")


@dataclass(eq=False)
class Functions:
    """The library of a graph while it is put together: the messages by name.

    module says what functions there are for nodes that call them by name.
    """

    module: Module
    messages: dict[str, bytes] = field(default_factory=dict)
    _known: dict[str, Graph] = field(default_factory=dict)
    _names: Names = field(default_factory=Names)
    _bodies: dict[Graph, str] = field(default_factory=dict)
    _changing: dict[str, bool] = field(default_factory=dict)

    def define(self, wanted: str, graph: Graph, captured: Sequence[Node] = (), labels: Mapping[Node, str] | None = None) -> str:
        """Write a graph as a function; the answer is its name.

        captured are nodes of the graph that become arguments behind its inputs. labels are what users call the inputs.
        """
        name = self._names.fresh(wanted)
        self._known[name] = graph
        self._write(name, graph, captured, labels or {})
        return name

    def called(self, found: FunctionName | Graph) -> FunctionName:
        """A function as a node calls it, written once it is first called."""
        if isinstance(found, Graph):
            if found not in self._bodies:
                self._bodies[found] = self._names.fresh("body")
                self._write(self._bodies[found], found, (), {})
            return FunctionName(self._bodies[found])
        if found.name not in self._known:
            self._known[found.name] = self.module.function(found.name)
            self._names.fresh(found.name)
            self._write(found.name, self._known[found.name], (), {})
        return found

    def changes(self, node: Node) -> bool:
        """Whether a node, or what it calls, changes something when it runs."""
        called = [one for value in node.attributes.values() for one in (value if isinstance(value, list) else [value])]
        bodies = [one for one in called if isinstance(one, (FunctionName, Graph))]
        if bodies:
            return any(self._changes(one) for one in bodies)
        definition = tf_ops.definition(node.op)
        return definition is not None and definition.stateful and node.op not in READING

    def _changes(self, body: FunctionName | Graph) -> bool:
        key = body.name if isinstance(body, FunctionName) else str(id(body))
        if key not in self._changing:
            self._changing[key] = False  # a function that calls itself
            graph = body if isinstance(body, Graph) else self._known.get(body.name) or self.module.function(body.name)
            self._changing[key] = any(self.changes(node) for node in graph.nodes)
        return self._changing[key]

    def _write(self, name: str, graph: Graph, captured: Sequence[Node], labels: Mapping[Node, str]) -> None:
        body = _Body(self, Names())
        inputs = [body.argument(node, labels.get(node, "")) for node in graph.inputs]
        inputs += [body.argument(node, "") for node in captured]
        for node in graph.nodes:
            body.add(node)
        leaves = flatten(graph.outputs)
        outputs = [Argument(body.names.argument("identity"), body.dtype(leaf)) for leaf in leaves]
        results = {one.name: body.reference(leaf) for one, leaf in zip(outputs, leaves, strict=True)}
        self.messages[name] = graph_writing.function(name, inputs, outputs, body.nodes, results, body.changing, body.stateful)


@dataclass(eq=False)
class _Body:
    """The nodes of one function while they are written."""

    functions: Functions
    names: Names
    nodes: list[bytes] = field(default_factory=list)
    changing: list[str] = field(default_factory=list)  # names of nodes that change something
    stateful: bool = False
    _arguments: dict[Node, Argument] = field(default_factory=dict)
    _named: dict[Node, str] = field(default_factory=dict)
    _readers: list[str] = field(default_factory=list)  # since the last change

    def argument(self, node: Node, label: str) -> Argument:
        """A node as an argument of the function."""
        known = node.attributes.get("shape") if node.op == "Placeholder" else None
        self._arguments[node] = Argument(self.names.argument(label or node.name), dtype_of(Output(node)), known, label)
        return self._arguments[node]

    def add(self, node: Node) -> None:
        """A node behind those that it takes."""
        if node in self._arguments:
            return
        definition = tf_ops.definition(node.op)
        if definition is None:
            raise ModelError(f"TensorFlow has no op {node.op!r}", where=node.name)
        if node.op == "Placeholder" or node.op == "VarHandleOp":
            raise ModelError(f"a {node.op} inside a function, which has to be an argument", where=node.name)
        name = self._named[node] = self.names.node(node.name)
        inputs = [self.reference(leaf) for leaf in node.outputs_used()]
        inputs += self._waits(name, definition.stateful, self.functions.changes(node))
        self.nodes.append(graph_writing.node(name, node.op, inputs, attributes(node, definition, self.functions)))

    def _waits(self, name: str, stateful: bool, changes: bool) -> list[str]:
        """The control inputs of a node."""
        self.stateful |= stateful
        if not stateful:
            return []
        last = [f"^{one}" for one in self.changing[-1:]]
        if not changes:
            self._readers.append(name)
            return last
        before, self._readers = [f"^{one}" for one in self._readers], []
        self.changing.append(name)
        return last + before

    def reference(self, leaf: Output) -> str:
        """An output as the inputs of nodes in functions are written."""
        if leaf.node in self._arguments:
            return self._arguments[leaf.node].name
        if leaf.node not in self._named:
            raise ModelError("a node takes an output of one that does not stand before it", where=leaf.node.name)
        argument, index, _ = _place(leaf)
        return f"{self._named[leaf.node]}:{argument}:{index}"

    def dtype(self, leaf: Output) -> str:
        """The dtype of an output."""
        return self._arguments[leaf.node].dtype if leaf.node in self._arguments else dtype_of(leaf)


def _place(leaf: Output) -> tuple[str, int, str]:
    """The argument that an output belongs to, its number among those of the argument, and its dtype."""
    definition = tf_ops.definition(leaf.node.op)
    left = leaf.index
    for argument in definition.outputs if definition is not None else ():
        found = argument.dtypes(leaf.node.attributes)
        if left < len(found):
            return argument.name, left, found[left]
        left -= len(found)
    raise ModelError(f"a {leaf.node.op} has no output {leaf.index}", where=leaf.node.name)


def dtype_of(leaf: Output) -> str:
    """The dtype of an output, as the attributes of its node tell it. Raises ModelError."""
    if leaf.node.op == "Placeholder":
        return str(leaf.node.attributes["dtype"])
    found = _place(leaf)[2]
    if not found:
        raise ModelError(f"a {leaf.node.op} that does not say what type its output has", where=leaf.node.name)
    return found


def attributes(node: Node, definition: tf_ops.Definition, functions: Functions) -> dict[str, bytes]:
    """The attributes of a node as messages; those at their defaults are left out, so that releases that do not know them open the file.

    Raises ModelError for one that is missing.
    """
    found: dict[str, bytes] = {}
    for one in definition.attributes:
        value: Any = node.attributes.get(one.name)
        if value is None and one.kind not in ("shape", "list(shape)") or one.name not in node.attributes:
            if not one.optional:
                raise ModelError(f"a {node.op} without its attribute {one.name!r}", where=node.name)
            continue
        if one.optional and not isinstance(value, (FunctionName, Graph)) and _same(value, one.default):
            continue
        if isinstance(value, (FunctionName, Graph)):
            value = functions.called(value)
        elif one.kind == "list(func)":
            value = [functions.called(each) for each in value]
        found[one.name] = _constant(value, node) if one.kind == "tensor" else graph_writing.attribute(value, one.kind)
    return found


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _constant(value: Any, node: Node) -> bytes:
    from loadstone.containers.wire import delimited

    return delimited(8, graph_writing.tensor(value, node.attributes.get("dtype")))
