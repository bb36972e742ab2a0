"""GraphDef and FunctionDef as `ir.Graph`: names resolved, attributes complete, only what the outputs need, in running order.

An input of a node is written "name:1" in a graph and "name:output:0" in a function, "^name" where it only has to run before
(tensorflow/core/framework/node_def.proto, function.proto).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import NoneType
from typing import Any

from loadstone.containers.graph_proto import FunctionDef, GraphDef, NodeDef
from loadstone.errors import ModelError
from loadstone.frontends.tensorflow import frames
from loadstone.frontends.tensorflow.references import Ref, parse
from loadstone.ir import FunctionName, Graph, Node, Output, Tensor, tf_ops
from loadstone.ir.records import dataclass, field

DOMAIN = "tf"
_KINDS: dict[str, type | tuple[type, ...]] = {
    "bool": bool, "float": (float, int), "func": FunctionName, "int": int, "shape": tuple, "string": str, "tensor": Tensor, "type": str,
}  # fmt: skip


def placeholder(name: str, dtype: str, shape: tuple[int | None, ...] | None, default: Tensor | None = None) -> Node:
    """An input of a graph. default is what it is where nobody gives it. Raises ModelError."""
    told: tuple[object, object] = (dtype, shape)  # as a file says it
    if not isinstance(told[0], str) or not isinstance(told[1], (tuple, NoneType)):
        raise ModelError(f"an input of type {dtype!r:.60} and shape {shape!r:.60}", where=name)
    return Node(DOMAIN, "Placeholder", name, attributes={"dtype": dtype, "shape": shape, "default": default})


@dataclass(eq=False)
class Scope:
    """Nodes by name while a graph is put together from them.

    feeds are outputs that come from outside: arguments, and tensors that the caller gives. numbered tells which output of a node a
    name in a function means. functions are the names that a node may call as if they were ops.
    """

    nodes: Mapping[str, NodeDef]
    feeds: dict[Ref, Output]
    functions: Mapping[str, FunctionDef]
    made: dict[str, Node] = field(default_factory=dict)
    order: list[Node] = field(default_factory=list)
    virtual: dict[Ref, Output] = field(default_factory=dict)  # what Exit and Merge nodes give, once their While or If is made
    depth: int = 0  # how many loops and conditions are around
    loops: dict[str, frames.Region] = field(default_factory=dict)
    searched: set[str] = field(default_factory=set)  # loops that are being looked for

    @property
    def consumers(self) -> frames.Consumers:
        """Who takes what, for the frames of TensorFlow 1."""
        if self._consumers is None:
            self._consumers = frames.Consumers(self.nodes)
        return self._consumers

    _consumers: frames.Consumers | None = None

    def output(self, ref: Ref) -> Output:
        """The output that a reference means, with all that it needs made before it."""
        self.make([ref])
        return self.found(ref)

    def found(self, ref: Ref) -> Output:
        """The output of a reference that is made."""
        given = self.feeds.get(ref) or self.virtual.get(ref)
        if given is not None:
            return given
        node = self.made[ref.name]
        return Output(node, index_of(ref, self.nodes[ref.name], self.functions))

    def make(self, refs: Iterable[Ref]) -> None:
        """Make the nodes behind references in running order, without recursion: graphs are deep."""
        stack: list[tuple[Ref, bool]] = [(ref, False) for ref in refs][::-1]
        open_: set[str] = set()
        while stack:
            ref, ready = stack.pop()
            if self._is_made(ref):
                continue
            node = self.nodes.get(ref.name)
            if node is None:
                raise ModelError(f"the graph has no node {ref.name!r}")
            if ready:
                open_.discard(ref.name)
                self._finish(ref, node)
                continue
            if ref.name in open_:
                raise ModelError("a node of the graph depends on itself", where=ref.name)
            open_.add(ref.name)
            stack.append((ref, True))
            stack += [(need, False) for need in self._needs(node) if not self._is_made(need)][::-1]

    def _is_made(self, ref: Ref) -> bool:
        return ref.name in self.made or ref in self.feeds or ref in self.virtual

    def _needs(self, node: NodeDef) -> list[Ref]:
        structured = frames.needs(node, self)
        return structured if structured is not None else [parse(text) for text in node.inputs]

    def _finish(self, ref: Ref, node: NodeDef) -> None:
        if frames.is_structured(node):
            frames.finish(node, self)
            return
        taken = tuple(self.found(need) for need in map(parse, node.inputs) if not need.control)
        self.add(Node(DOMAIN, node.op, node.name, args=taken, attributes=complete(node)))

    def add(self, made: Node) -> None:
        """A node that is made."""
        self.made[made.name] = made
        self.order.append(made)


def complete(node: NodeDef) -> dict[str, Any]:
    """The attributes of a node with the defaults of those that it leaves out. Raises ModelError for one of another kind than the op has."""
    definition = tf_ops.definition(node.op)
    found = dict(node.attributes)
    for attribute in definition.attributes if definition is not None else ():
        if attribute.optional:
            found.setdefault(attribute.name, attribute.default)
        value = found.get(attribute.name)
        if value is not None and not isinstance(value, list if attribute.kind.startswith("list(") else _KINDS[attribute.kind]):
            raise ModelError(
                f"the attribute {attribute.name!r} of a {node.op} should be of kind {attribute.kind}, found {value!r:.60}", where=node.name
            )
    return found


def index_of(ref: Ref, node: NodeDef, functions: Mapping[str, FunctionDef]) -> int:
    """Which output of a node a reference means, counted over all that its outputs stand for."""
    if not ref.output:
        return ref.index
    if node.op in functions:
        names = [name for name, _ in functions[node.op].outputs]
        if ref.output not in names:
            raise ModelError(f"the function {node.op!r} has no result {ref.output!r}", where=node.name)
        return names.index(ref.output) + ref.index
    definition = tf_ops.definition(node.op)
    if definition is None:
        return ref.index
    place, attributes = 0, None
    for argument in definition.outputs:
        if argument.name == ref.output:
            return place + ref.index
        attributes = complete(node) if attributes is None else attributes
        place += tf_ops.counted(argument, attributes)
    raise ModelError(f"{node.op} has no output {ref.output!r}", where=node.name)


def read_graph(
    graph: GraphDef,
    inputs: Mapping[str, tuple[Ref, Node]],
    outputs: Mapping[str, Ref],
    runs: Sequence[str] = (),
) -> Graph:
    """The part of a graph that leads to the outputs. inputs: by name, the tensor that is given from outside and the node for it.

    runs: names of nodes that run as well. Raises ModelError.
    """
    scope = Scope({node.name: node for node in graph.nodes}, {ref: Output(node) for ref, node in inputs.values()}, graph.functions)
    scope.make([*outputs.values(), *(Ref(name) for name in runs)])
    nodes = [node for _, node in inputs.values()]
    found = {name: scope.found(ref) for name, ref in outputs.items()}
    tensors = {found[name]: f"{ref.name}:{ref.index}" for name, ref in outputs.items()}
    return Graph(
        [*nodes, *scope.order],
        nodes,
        {name: Output(node) for name, (_, node) in inputs.items()},
        found,
        tensors=tensors | {Output(node): f"{ref.name}:{ref.index}" for ref, node in inputs.values()},
    )


def read_function(function: FunctionDef, functions: Mapping[str, FunctionDef]) -> Graph:
    """A function: its arguments in order, its results as a list."""
    arguments = [placeholder(name, dtype, None) for name, dtype in function.inputs]
    feeds = {Ref(node.name): Output(node) for node in arguments}
    scope = Scope({node.name: node for node in function.nodes}, feeds, functions)
    missing = [name for name, _ in function.outputs if name not in function.results]
    if missing:
        raise ModelError(f"a function that does not say what its result {missing[0]!r} is", where=function.name)
    wanted = [parse(function.results[name]) for name, _ in function.outputs]
    runs = set(function.runs)
    stateful = [node.name for node in function.nodes if node.name in runs]
    scope.make([*(Ref(name) for name in stateful), *wanted])
    return Graph([*arguments, *scope.order], arguments, [Output(node) for node in arguments], [scope.found(ref) for ref in wanted])
