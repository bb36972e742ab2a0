"""Graphs of TensorFlow beside what they need: functions that they call, variables and files that they read.

A graph here is an `ir.Graph` whose nodes have the domain "tf": op and attributes as TensorFlow registers them (`ir.tf_ops`), all
attributes that have defaults filled in, `args` the outputs that they take. A node that only has to run before others stands before
them in the order of the nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from loadstone.errors import LoadstoneError
from loadstone.ir.graph import Graph, Node
from loadstone.ir.records import dataclass, field
from loadstone.ir.tensor import Tensor


@dataclass(frozen=True)
class FunctionName:
    """A function as an attribute of a node."""

    name: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Module:
    """What the graphs of one file share.

    function gives the graph of a function by name (its inputs are the arguments in order, its outputs a list), attributes_of its
    attributes; functions are the names that there are. start are graphs that run once before any signature, in this order: they restore
    variables and fill tables; restore gives one more, which runs when `stored` does not tell what a variable begins with.
    variables are the tensors of the checkpoint by name, stored tells which of them a variable begins with that nothing restores (by the
    name of its node), assets the bytes of files by the name of the tensor that holds their path, files their names.
    changed are the keys of variables that signatures assign to, once they are found. mentions is a quick look whether functions of these
    names, or those that they call, may hold ops whose names begin with some words; it says yes too often rather than too seldom.
    signatures are the graphs that may be run, by name; between gives the graph between tensors by their names, where it is told (None:
    what serves as inputs and outputs of the whole). trainable are the names of variables that training changes, origin what the module was
    read from, for who writes it back (`export.saved_model`); None where it was made.
    """

    function: Callable[[str], Graph]
    attributes_of: Callable[[str], Mapping[str, Any]]
    functions: frozenset[str]
    between: Callable[[Sequence[str] | None, Sequence[str] | None], Graph]
    start: list[Graph] = field(default_factory=list)
    variables: Mapping[str, Tensor] = field(default_factory=dict)
    stored: Callable[[str], str | None] = lambda name: None
    assets: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    changed: frozenset[str] | None = None
    mentions: Callable[[Sequence[str], Sequence[str]], bool] = lambda names, words: True
    signatures: Mapping[str, Graph] = field(default_factory=dict)
    restore: Callable[[], Graph] | None = None
    trainable: frozenset[str] = frozenset()
    origin: Any = None  # of a type of `containers`

    def reached(self, graph: Graph) -> Iterator[Node]:
        """The nodes of a graph and of the functions and bodies that it calls, each of these once."""
        seen: set[object] = set()
        queue = [graph]
        while queue:
            body = queue.pop()
            inputs = set(body.inputs)
            for node in body.nodes:
                if node in inputs:
                    continue
                yield node
                for value in node.attributes.values():
                    for called in value if isinstance(value, list) else [value]:
                        name = called.name if isinstance(called, FunctionName) else called if isinstance(called, Graph) else None
                        if name is not None and name not in seen:
                            seen.add(name)
                            if isinstance(called, Graph):
                                queue.append(called)
                            elif name in self.functions:
                                with suppress(LoadstoneError):  # a damaged function is an error where it is walked
                                    queue.append(self.function(called.name))
