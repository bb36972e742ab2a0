"""`ir.Module` out of a graph: its functions, each read when it is first called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from loadstone.containers.graph_proto import FunctionDef, GraphDef
from loadstone.errors import ModelError
from loadstone.frontends.tensorflow.cutting import between
from loadstone.frontends.tensorflow.graph import read_function
from loadstone.ir import Graph, Module

_MOST = 256  # functions among which mentions are looked for


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

    return Module(function, attributes_of, frozenset(functions), partial(between, graph), mentions=partial(_mentions, functions), **found)


def _mentions(functions: Mapping[str, FunctionDef], names: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the messages of functions, or of those whose names they mention, mention one of these words. Nothing is read."""
    if len(functions) > _MOST:
        return True
    called = {name: name.encode("utf8", "surrogateescape") for name in functions}
    queue = [name for name in names if name in called]
    for name in set(queue):
        del called[name]
    while queue:
        message = bytes(functions[queue.pop()].message)
        if any(word.encode() in message for word in words):
            return True
        fresh = [name for name, written in called.items() if written in message]
        for name in fresh:
            del called[name]
        queue += fresh
    return False
