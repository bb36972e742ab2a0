"""`ir.Module` out of a graph: its functions, each read when it is first called."""

from __future__ import annotations

from functools import partial
from typing import Any

from loadstone.containers.graph_proto import GraphDef
from loadstone.errors import ModelError
from loadstone.frontends.tensorflow.cutting import between
from loadstone.frontends.tensorflow.graph import read_function
from loadstone.ir import Graph, Module


def module(graph: GraphDef, **found: Any) -> Module:
    """A module with the functions of a graph, each read when it is first called. found are its other fields."""
    functions = graph.functions
    read: dict[str, Graph] = {}

    def function(name: str) -> Graph:
        if name not in read:
            if name not in functions:
                raise ModelError(f"the graph calls a function {name!r} that it does not have")
            read[name] = read_function(functions[name], functions)
        return read[name]

    return Module(
        function,
        lambda name: functions[name].attributes if name in functions else {},
        frozenset(functions),
        partial(between, graph),
        **found,
    )
