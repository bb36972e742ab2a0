"""The walk over graphs of TensorFlow: every node's rule in running order, functions called where they stand.

What flows is Values, and things that are no tensors: variables, tables, lists of tensors (`Thing`). Rules of the symbol table take
Values alone; rules that need the walk are registered with `graph_op`. What cannot be lowered does not stop the walk: its outputs are
unknown (None), and that is an error once something wanted depends on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from loadstone.errors import MALFORMED, LoadstoneError, LoweringError, ModelError, UnsafeContent, UnsupportedAttribute, UnsupportedOps
from loadstone.ir import FunctionName, Graph, Module, Node, Output, Tensor, flatten, tf_ops
from loadstone.lowering import index
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.owners import foreign
from loadstone.lowering.tensorflow.raw import call_raw, raw_symbol
from loadstone.lowering.tensorflow.symbols import is_random

Thing = Any  # a Value or a Resource; None where it is not known
GraphOp = Callable[["GraphWalk", Node, list[Thing]], Sequence[Thing] | None]
MAX_DEPTH = 100  # functions inside functions
MAX_TOLD = 100  # problems of one kind in a message
MAX_CONSTANTS = 4 << 30  # bytes
MAX_WALKED = 100_000  # nodes that are walked because functions are called again and again,
WALKED_A_NODE = 64  # and as many for each node that there is


class Unknown(Exception):
    """A rule is given what another could not make: what it makes is not known either."""


class Resource:
    """What flows through a graph and is no tensor. rules are those of the ops that take it, where they have none for tensors."""

    rules: ClassVar[Mapping[str, GraphOp]] = MappingProxyType({})

    def tensor(self, walk: GraphWalk) -> Value:
        """The tensor that an op takes where it is given this. Raises UnsupportedAttribute."""
        raise UnsupportedAttribute(f"a {type(self).__name__} where a tensor belongs")

    def output(self, walk: GraphWalk) -> Value:
        """The tensor that a graph gives where this is its output. Raises UnsupportedAttribute."""
        return self.tensor(walk)


KIND = "graph"  # of these rules in the index
_GRAPH_OPS: dict[str, GraphOp] = {}


def graph_op(*names: str) -> Callable[[GraphOp], GraphOp]:
    """Decorator: the function `(walk, node, inputs) -> outputs` is the rule for these ops."""

    def register(function: GraphOp) -> GraphOp:
        for name in names:
            assert name not in _GRAPH_OPS, f"two rules for {name}"
            index.enter(KIND, name)
            _GRAPH_OPS[name] = function
        return function

    return register


def graph_ops() -> Mapping[str, GraphOp]:
    """The rules that take the walk, by op."""
    index.load_all()
    return MappingProxyType(_GRAPH_OPS)


def graph_rule(op: str) -> GraphOp | None:
    """The rule of an op that takes the walk; None where there is none."""
    if op not in _GRAPH_OPS:
        index.load(KIND, op)
    return _GRAPH_OPS.get(op)


def supported(op: str) -> bool:
    """True for an op that has a rule."""
    if raw_symbol(op) is not None or graph_rule(op) is not None:
        return True
    index.load_all()
    return any(op in kind.rules for kind in Resource.__subclasses__())


class GraphWalk:
    """State of one walk: the builder, the module, what was made of its resources, and the problems found so far.

    resources are variables, tables and the like by the key under which nodes share them. changed are keys of variables that a graph
    assigns when it runs: they are state of the Model. starting is true while what runs once is walked.
    """

    def __init__(self, b: Builder, module: Module, changed: frozenset[str] = frozenset()) -> None:
        self.b = b
        self.module = module
        self.resources: dict[str, Any] = {}
        self.changed = changed
        self.assigned: set[str] = set()
        self.starting = False
        self.restored = False
        self.unsupported: dict[str, list[str]] = {}
        self.reasons: dict[str, str] = {}
        self.problems: list[LoadstoneError] = []
        self.required = False  # a node that changes something could not be lowered
        self._depth = 0
        self._graphs: set[Graph] = set()
        self._left = MAX_WALKED
        self._constants = 0

    def start(self) -> None:
        """Walk what runs once before any signature. Its inputs are names of files, which are known by the name of the input."""
        for graph in self.module.start:
            self._begin(graph)

    def restore(self) -> None:
        """Walk what restores variables that the module does not tell of, if it has not been walked."""
        if self.module.restore is not None and not self.restored:
            self.restored = True
            self._begin(self.module.restore())

    def _begin(self, graph: Graph) -> None:
        before, self.starting = self.starting, True
        self.graph(graph, [self.b.weight(Tensor.of(b"", "string", key=name)) for name in graph.input_structure])
        self.starting = before

    def graph(self, graph: Graph, inputs: Sequence[Thing]) -> list[Thing]:
        """The outputs of a graph, in flattened order, for these inputs."""
        if len(inputs) != len(graph.inputs):
            raise ModelError(f"a graph of {len(graph.inputs)} inputs is given {len(inputs)}")
        self._count(graph)
        env: dict[Node, Sequence[Thing] | None] = {node: [thing] for node, thing in zip(graph.inputs, inputs, strict=True)}
        for node in graph.nodes:
            if node not in env:
                env[node] = self.call(node, [_found(leaf, env) for leaf in node.args])
        return [_found(leaf, env) for leaf in flatten(graph.outputs)]

    def _count(self, graph: Graph) -> None:
        """Raise UnsafeContent where functions call functions so often that the walk would not end."""
        if graph not in self._graphs:
            self._graphs.add(graph)
            self._left += WALKED_A_NODE * len(graph.nodes)
        self._left -= 1 + len(graph.nodes)
        if self._left < 0:
            raise UnsafeContent("functions that call each other far more often than a model does")

    def count_constant(self, tensor: Tensor) -> None:
        """Raise UnsafeContent where constants of the graph, of which one number can be all of a tensor, are more than fits into a file."""
        self._constants += tensor.nbytes
        if self._constants > MAX_CONSTANTS:
            raise UnsafeContent(f"the constants of the graph have more than {MAX_CONSTANTS} bytes")

    def function(self, name: FunctionName | Graph, inputs: Sequence[Thing]) -> list[Thing]:
        """The results of a function, or of the graph that stands for one."""
        if self._depth > MAX_DEPTH:
            raise UnsafeContent(f"functions inside functions, more than {MAX_DEPTH} of them")
        self._depth += 1
        try:
            return self.graph(name if isinstance(name, Graph) else self.module.function(name.name), inputs)
        finally:
            self._depth -= 1

    def inner(self) -> Builder:
        """The builder that rules use from now on is one for a body; gives the one from before, to be put back."""
        before, self.b = self.b, self.b.inner()
        return before

    def call(self, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
        """The outputs of a node; None where they cannot be known."""
        with self.b.scope(node.name):
            try:
                outputs = self._call(node, inputs)
                return None if outputs is None else [self.flowing(thing) for thing in outputs]
            except UnsafeContent:
                raise
            except Unknown:
                return None
            except (LoweringError, ModelError) as error:
                self.problems.append(error.at(where=node.name))
            except MALFORMED as error:
                if any(thing is None for thing in inputs):
                    return None
                told = _explained(node, inputs, error)
                told.__cause__ = error
                self.problems.append(told.at(where=node.name))
            return None

    def flowing(self, thing: Thing) -> Thing:
        """A thing as it flows: complex tensors, and lists of them, in two parts."""
        if not str(getattr(thing, "dtype", "")).startswith("complex"):
            return thing
        from loadstone.lowering.tensorflow.complex_control import list_apart
        from loadstone.lowering.tensorflow.complex_numbers import apart

        return apart(self.b, thing) if isinstance(thing, Value) else list_apart(thing)

    def _call(self, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
        own = (thing.rules[node.op] for thing in inputs if isinstance(thing, Resource) and node.op in thing.rules)
        rule = next(own, None) or graph_rule(node.op)
        if rule is not None:
            return rule(self, node, inputs)
        if any(thing is None for thing in inputs):
            return None
        if is_random(f"raw_ops.{node.op}"):
            return self.refuse(node, "it draws numbers whenever the model runs")
        if raw_symbol(node.op) is not None:
            tensors = [thing.tensor(self) if isinstance(thing, Resource) else thing for thing in inputs]
            return call_raw(self.b, node.op, tensors, node.attributes)
        if tf_ops.definition(node.op) is None and node.op in self.module.functions:
            return self.function(FunctionName(node.op), inputs)
        return self.refuse(node, foreign(node.op))

    def noted(self) -> tuple[int, dict[str, int]]:
        """How much was found in the way so far."""
        return len(self.problems), {op: len(places) for op, places in self.unsupported.items()}

    def forget(self, noted: tuple[int, dict[str, int]]) -> None:
        """Only what was in the way then is in the way."""
        del self.problems[noted[0] :]
        self.unsupported = {op: places[: noted[1][op]] for op, places in self.unsupported.items() if op in noted[1]}

    def refuse(self, node: Node, reason: str = "") -> Sequence[Thing] | None:
        """Note an op that is not supported; its outputs are not known."""
        self.unsupported.setdefault(node.op, []).append(node.name)
        self.reasons[node.op] = reason
        definition = tf_ops.definition(node.op)
        self.required |= not self.starting and definition is not None and definition.stateful and not definition.outputs
        return None

    def raise_problems(self, wanted: Sequence[Thing]) -> None:
        """Raise one error that names everything in the way, if something wanted is unknown."""
        if not self.required and all(thing is not None for thing in wanted):
            return
        lines = [
            f"{name} ({len(places)} times, first at {places[0]})" + (f": {self.reasons[name]}" if self.reasons[name] else "")
            for name, places in self.unsupported.items()
        ]
        mistakes = [p for p in self.problems if isinstance(p, ModelError)]
        others = [f"{p.message} (at {p.where})" for p in self.problems[:MAX_TOLD]]
        others += [f"and {len(self.problems) - MAX_TOLD} more"] if len(self.problems) > MAX_TOLD else []
        if len(self.problems) == 1 and not lines:
            raise self.problems[0]
        if self.unsupported:
            raise UnsupportedOps(
                "not supported yet:\n" + "\n".join(f"  - {line}" for line in lines + others),
                ops={name: (len(places), places[0]) for name, places in self.unsupported.items()},
                hint="loadstone.inspect(path) shows all ops",
            )
        if mistakes:
            raise ModelError("the graph contradicts itself:\n" + "\n".join(f"  - {line}" for line in others))
        if others:
            raise UnsupportedAttribute("not supported yet:\n" + "\n".join(f"  - {line}" for line in others))
        raise ModelError("the graph gives something that is no tensor")


def _explained(node: Node, inputs: Sequence[Thing], error: Exception) -> LoadstoneError:
    """What to say where a rule stumbles: what it has to know is not known, or the node is none that TensorFlow writes."""
    free = any(None in thing.shape for thing in inputs if isinstance(thing, Value))
    if isinstance(error, AssertionError) and free:
        return UnsupportedAttribute(f"a {node.op} of tensors whose lengths are not known")
    return ModelError(f"a {node.op} that TensorFlow does not write: {type(error).__name__}: {error}")


def _found(leaf: Output, env: Mapping[Node, Sequence[Thing] | None]) -> Thing:
    results = env[leaf.node]
    if results is None:
        return None
    if leaf.index >= len(results):
        raise ModelError(f"output {leaf.index} of a node that has {len(results)}", where=leaf.node.name)
    return results[leaf.index]
