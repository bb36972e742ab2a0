"""`ir.Module` out of a graph: its functions, each read when it is first called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from loadstone.containers.graph_proto import GraphDef
from loadstone.errors import ModelError
from loadstone.frontends.tensorflow.cutting import between
from loadstone.frontends.tensorflow.graph import read_function
from loadstone.ir import Graph, Module


class Lazily(Mapping[str, Graph]):
    """Graphs by name, each read when it is first asked for."""

    def __init__(self, readers: Mapping[str, Callable[[], Graph]]) -> None:
        self._readers = readers
        self._read: dict[str, Graph] = {}

    def __getitem__(self, name: str) -> Graph:
        if name not in self._read:
            self._read[name] = self._readers[name]()
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


def module(graph: GraphDef, **found: Any) -> Module:
    """A module with the functions of a graph. found are its other fields."""
    functions = graph.functions
    read: dict[str, Graph] = {}

    def function(name: str) -> Graph:
        if name not in read:
            if name not in functions:
                raise ModelError(f"the graph calls a function {name!r} that it does not have")
            read[name] = read_function(functions[name], functions)
        return read[name]

    def attributes_of(name: str) -> Mapping[str, Any]:
        return functions[name].attributes if name in functions else {}

    return Module(function, attributes_of, frozenset(functions), partial(between, graph), **found)
