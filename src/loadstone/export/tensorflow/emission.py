"""`tensorflow_module`: a model of layers in, a graph of TensorFlow and its module out.

What lowering emits is written op by op (`registry`). Convolutions and pools are first turned to channels last (`layout`), the only form
that TensorFlow computes on a CPU. Weights become variables (`weights`), bodies of loops and conditions functions (`control`), state
variables that the graph assigns. Host calls for which there is no rule, and ops without one, are refused, all at once.
"""

from __future__ import annotations

from typing import NamedTuple

from loadstone.custom.hosting import Host
from loadstone.errors import MALFORMED, LoadstoneError, LoweringError, UnsupportedAttribute, UnsupportedOps
from loadstone.export.tensorflow.batch_norms import find_batch_norms
from loadstone.export.tensorflow.layout import channels_last
from loadstone.export.tensorflow.registry import Rule, does, rule_for
from loadstone.export.tensorflow.weights import Weights
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.ir import Graph, Model, Module, Output, Tensor
from loadstone.ir.graph import Node
from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.lower import emit
from loadstone.lowering.program import keep_needed


class Exported(NamedTuple):
    """A graph whose nodes are ops of TensorFlow, and the module with its functions and variables."""

    graph: Graph
    module: Module


def tensorflow_module(model: Model, host: Host | None = None) -> Exported:
    """The graph that predicts: its inputs have the names of the model's, its outputs are a dict by theirs, in their order.

    Lengths that are free in the model are free in the graph. Raises what lowering raises, UnsupportedOps for what has no form in
    TensorFlow, such as layers that are Python of the caller's.
    """
    b, inputs, outputs, _ = emit(model, host)
    values = [value for _, value in outputs]
    keep_needed(b, values)
    channels_last(b, values)
    find_batch_norms(b.block, [*values, *(after for _, after, _ in b.state.values())], model)
    library = Library(Weights(model))
    w = Emission(library)
    for spec, value in inputs:
        w.terms[value.name] = w.placeholder(spec.name, value.shape, value.dtype)
    states = {before.name: (before, after, initial) for before, after, initial in b.state.values()}
    handles = {name: w.state(before, initial) for name, (before, _, initial) in states.items()}
    w.block(b.block)
    for name, (_, after, _) in states.items():
        w.assign(handles[name], after)
    named: dict[str, Output] = {}
    for spec, value in outputs:
        name, count = spec.name, 0
        while name in named:
            count += 1
            name = f"{spec.name}_{count}"
        with w.writing("", [value]):
            named[name] = w.ended(value, name)
    library.raise_problems()
    graph = w.graph({spec.name: Output(node, 0) for (spec, _), node in zip(inputs, w.inputs, strict=True)}, named)
    return Exported(graph, library.module(graph, bool(states)))


class Library:
    """What the graphs of one model share: functions, variables, tables, and the problems found so far."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.functions: dict[str, Graph] = {}
        self.variables: dict[str, Tensor] = {}
        self.start = Writer()
        self.unsupported: dict[str, list[str]] = {}
        self.problems: list[LoadstoneError] = []
        self._named: dict[str, int] = {}

    def function(self, stem: str, graph: Graph) -> str:
        """Enter the graph of a body; its name."""
        stem = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in stem).strip("_") or "body"
        count = self._named[stem] = self._named.get(stem, -1) + 1
        name = f"{stem}_{count}" if count else stem
        self.functions[name] = graph
        return name

    def variable(self, name: str, tensor: Tensor) -> str:
        """Enter a variable with its value; its name, which no other has."""
        fresh, count = name, 0
        while self.variables.get(fresh, tensor) is not tensor:
            count += 1
            fresh = f"{name}_{count}"
        self.variables[fresh] = tensor
        return fresh

    def module(self, graph: Graph, changes: bool) -> Module:
        """The module, for the one graph that is its signature."""
        trained = self.weights.trainable(self.variables)
        return Module(
            function=self.functions.__getitem__,
            attributes_of=lambda name: {},
            functions=frozenset(self.functions),
            between=lambda inputs, outputs: graph,
            start=[self.start.graph({}, {})] if self.start.nodes else [],
            variables=self.variables,
            stored=lambda name: name if name in self.variables else None,
            changed=None if changes else frozenset(),
            signatures={"serving_default": graph},
            trainable=trained,
        )

    def raise_problems(self) -> None:
        """Raise one error that names everything in the way."""
        others = [f"{p.message} (at {p.where})" for p in self.problems]
        if self.unsupported:
            lines = [f"{kind} ({len(places)} times, one at {places[0]})" for kind, places in self.unsupported.items()]
            raise UnsupportedOps(
                "these have no form in TensorFlow that can be written:\n" + "\n".join(f"  - {line}" for line in lines + others),
                ops={kind: (len(places), places[0]) for kind, places in self.unsupported.items()},
            )
        if len(self.problems) == 1:
            raise self.problems[0]
        if self.problems:
            raise UnsupportedAttribute("cannot be written as TensorFlow:\n" + "\n".join(f"  - {line}" for line in others))


class Emission(Writer):
    """The writer of one graph: the model's, or that of a body, whose `outer` is the writer around it.

    terms are what values have become. taken are the values of the writers around that a body uses, with the inputs that bring them in.
    """

    def __init__(self, library: Library, outer: Emission | None = None) -> None:
        super().__init__()
        self.library = library
        self.outer = outer
        self.terms: dict[str, Term] = {}
        self.taken: dict[str, tuple[Term, Term]] = {}

    # -- ops ------------------------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        """Write the ops of a block, in order."""
        for op in block.ops:
            with self.writing(op.origin, op.outputs):
                self._write(op)

    def _write(self, op: Op) -> None:
        rule = rule_for(op)
        if rule is None:
            self.library.unsupported.setdefault(op.kind, []).append(op.origin)
            return
        try:
            inputs = [None if value is None else self.term(value) for value in op.inputs]
            if isinstance(rule, Rule):
                rule.check(op)
                made = rule.function(self, *inputs, **op.attributes)
            else:
                made = rule(self, does(op), *inputs)
        except Unknown:
            return
        except LoweringError as error:
            self.library.problems.append(error.at(where=op.origin))
            return
        except MALFORMED as error:
            told = UnsupportedAttribute(f"a {op.kind} that its rule cannot write: {type(error).__name__}: {error}", where=op.origin)
            told.__cause__ = error
            self.library.problems.append(told)
            return
        for value, term in zip(op.outputs, made if isinstance(made, (list, tuple)) else [made], strict=True):
            if term.dtype != value.dtype:
                self.library.problems.append(
                    UnsupportedAttribute(f"a {op.kind} of {term.dtype} in place of {value.dtype}", where=op.origin)
                )
            self.terms[value.name] = Term(term.output, value.shape, value.dtype, term.tensor, term.label)

    def term(self, value: Value) -> Term:
        """What a value has become. Raises Unknown where it could not be written."""
        if value.const is not None:
            return Term(None, value.shape, value.dtype, value.const)
        if value.name in self.terms:
            return self.terms[value.name]
        if self.outer is None:
            raise Unknown(value.name)
        return self.take(value.name, self.outer.term(value))

    def take(self, key: str, around: Term) -> Term:
        """A term of the writer around as an input of this body."""
        if key not in self.taken:
            self.taken[key] = (self.placeholder(f"taken_{len(self.taken)}", around.shape, around.dtype), around)
        return self.taken[key][0]

    # -- variables ------------------------------------------------------------------------------------------------

    def place(self, term: Term) -> Output:
        """A node for a constant: a variable for a weight, which bodies take from outside."""
        assert term.tensor is not None
        name = self.library.weights.variable_for(term.tensor, self.origin, term.label)
        if name is None:
            return super().place(term)
        if self.outer is not None:
            with self.outer.writing(self.origin, []):
                around = Term(self.outer.placed(term), term.shape, term.dtype)
            return self.placed(self.take(f"constant/{id(term.tensor)}", around))
        return self.placed(self.read(self.handle(self.library.variable(name, term.tensor), term.shape or (), term.dtype), term.dtype))

    def handle(self, name: str, shape: tuple[int | None, ...], dtype: str) -> Term:
        """The resource of a variable."""
        if name not in self.terms:
            self.terms[name] = self.op("VarHandleOp", name=name, shared_name=name, dtype=dtype, shape=shape)
        return self.terms[name]

    def read(self, handle: Term, dtype: str) -> Term:
        """What a variable holds now."""
        assert handle.output is not None
        return self.op("ReadVariableOp", handle, dtype=dtype, name=f"{handle.output.node.name}/Read")

    def state(self, before: Value, initial: Tensor) -> Term:
        """The variable of a state, whose value at the start the value `before` stands for."""
        name = self.library.variable(before.name, initial)
        handle = self.handle(name, initial.shape, initial.dtype)
        read = self.read(handle, initial.dtype)
        self.terms[before.name] = Term(read.output, before.shape, before.dtype)
        return handle

    def assign(self, handle: Term, after: Value) -> None:
        """Let a variable hold a value from now on."""
        try:
            with self.writing("state", [after]):
                self.op("AssignVariableOp", handle, self.term(after), dtype=after.dtype)
        except Unknown:
            return

    def ended(self, value: Value, name: str) -> Output:
        """An output of the graph, as a node of its own."""
        try:
            term = self.term(value)
        except Unknown:
            return Output(Node("tf", "NoOp", name), 0)  # the problems are raised
        made = self.placed(self.op("Identity", term, name=name))
        return Output(made.node, made.index, value.shape)

    # -- bodies ---------------------------------------------------------------------------------------------------

    def inner(self) -> Emission:
        """The writer of a body."""
        body = Emission(self.library, self)
        body.origin = self.origin
        return body


class Unknown(Exception):
    """A value that could not be written: what is made of it cannot be, either."""
