"""The parts of a SavedModel while it is put together: nodes of its graph, objects, functions, and what variables and tables are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loadstone.containers import graph_writing, saved_model_writing
from loadstone.containers.graph_writing import attribute
from loadstone.containers.saved_model_proto import TensorSpec
from loadstone.containers.saved_model_writing import Object
from loadstone.errors import MissingWeights
from loadstone.export.saved_model_functions import Functions, Names
from loadstone.ir import FunctionName, Graph, Module, Node, Tensor
from loadstone.ir.records import dataclass, field


@dataclass(frozen=True)
class Resource:
    """A variable or table: its node in the graph, and its number among the objects. key is the name in the checkpoint."""

    node: str
    number: int
    key: str = ""


@dataclass(eq=False)
class Parts:
    """What there is so far. variables has the tensors of the checkpoint, files the assets by their names.

    fields are those of the MetaGraphDef behind the graph, starting the nodes that fill tables; a resource is known by whether it is a
    variable, and its name in the module.
    """

    module: Module
    variables: dict[str, Tensor] = field(default_factory=dict)
    files: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    nodes: list[bytes] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    resources: dict[tuple[bool, str], Resource] = field(default_factory=dict)
    objects: list[Object] = field(default_factory=list)
    concrete: dict[str, bytes] = field(default_factory=dict)
    fields: list[bytes] = field(default_factory=list)
    starting: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.functions = Functions(self.module)
        self.objects.append(Object({}, saved_model_writing.user_object("_generic_user_object")))

    def node(self, wanted: str, op: str, inputs: Sequence[str] = (), **found: bytes) -> str:
        """A new node, and its name."""
        name = self.names.node(wanted)
        self.nodes.append(graph_writing.node(name, op, inputs, found))
        return name

    def const(self, wanted: str, values: Tensor) -> str:
        """A new constant."""
        value = graph_writing.attribute(values, "tensor")
        return self.node(wanted, "Const", dtype=attribute(values.dtype, "type"), value=value)

    def call(self, function: str, inputs: Sequence[str], types: Sequence[str], results: Sequence[str]) -> str:
        """A new node that calls a function."""
        told = {
            "Tin": attribute(list(types), "list(type)"),
            "Tout": attribute(list(results), "list(type)"),
            "f": attribute(FunctionName(function), "func"),
        }
        return self.node("StatefulPartitionedCall", "StatefulPartitionedCall", inputs, **told)

    def child(self, parent: int, name: str, content: bytes) -> int:
        """A new object."""
        self.objects.append(Object({}, content))
        number = len(self.objects) - 1
        self.objects[parent].children[name] = number
        return number

    def function_object(
        self, parent: int, label: str, word: str, graph: Graph, captured: Sequence[Node], bound: Sequence[Resource], output: TensorSpec
    ) -> str:
        """A new function that belongs to an object, and its name."""
        name = self.functions.define(f"__inference__{word}_{len(self.concrete)}", graph, captured)
        self.concrete[name] = saved_model_writing.concrete_function([one.number for one in bound], {}, output)
        self.child(parent, label, saved_model_writing.function_object(name))
        return name

    def resource(self, node: Node) -> Resource:
        """The variable or table of a node. Raises MissingWeights."""
        found = self.resources.get((node.op == "VarHandleOp", shared_name(node)))
        if found is None:
            raise MissingWeights(f"the variable {shared_name(node)!r} has no value")
        return found


def shared_name(node: Node) -> str:
    """The name under which nodes share a resource."""
    return str(node.attributes.get("shared_name") or node.name)
