"""Conditions and loops over complex tensors: the two parts of each go in and come out apart.

The functions of the node become graphs that join the parts, call the function, and take its results apart again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.ir import Graph, Node, Output
from loadstone.lowering.tensorflow.complex_numbers import RULES, Complex
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_ops


def _flat(things: Sequence[Thing]) -> list[Thing]:
    return [part for thing in things for part in ([thing.real, thing.imag] if isinstance(thing, Complex) else [thing])]


def _joined(things: Sequence[Thing], twofold: Sequence[bool]) -> list[Thing]:
    rest = iter(things)
    return [Complex(next(rest), next(rest)) if two else next(rest) for two in twofold]


def _graph(function: Any, given: Sequence[bool], wanted: Sequence[bool]) -> Graph:
    """A graph that calls a function; True in `given` and `wanted` is a complex tensor, of which it takes and gives both parts."""
    inputs: list[Node] = []
    nodes: list[Node] = []
    args: list[Output] = []
    for two in given:
        parts = [Node("tf", "Placeholder", "part") for _ in range(2 if two else 1)]
        inputs += parts
        if two:
            nodes.append(Node("tf", "Complex", "joined", tuple(Output(part) for part in parts)))
        args.append(Output(nodes[-1] if two else parts[0]))
    call = Node("tf", "PartitionedCall", "call", tuple(args), attributes={"f": function})
    nodes.append(call)
    outputs: list[Output] = []
    for i, two in enumerate(wanted):
        sides = [Node("tf", op, "apart", (Output(call, i),)) for op in ("Real", "Imag")] if two else []
        nodes += sides
        outputs += [Output(side) for side in sides] if two else [Output(call, i)]
    return Graph([*inputs, *nodes], inputs, [], outputs)


def _loop(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    twofold = [isinstance(thing, Complex) for thing in inputs]
    functions = {
        "cond": _graph(node.attributes["cond"], twofold, [False]),
        "body": _graph(node.attributes["body"], twofold, twofold),
    }
    return _called(walk, node, _flat(inputs), functions, twofold)


def _branches(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    given = [isinstance(thing, Complex) for thing in inputs[1:]]
    wanted = [str(dtype).startswith("complex") for dtype in node.attributes["Tout"]]
    functions: dict[str, Any] = {
        key: _graph(node.attributes[key], given, wanted) for key in ("then_branch", "else_branch") if key in node.attributes
    }
    if "branches" in node.attributes:
        functions["branches"] = [_graph(function, given, wanted) for function in node.attributes["branches"]]
    return _called(walk, node, [inputs[0], *_flat(inputs[1:])], functions, wanted)


def _called(walk: GraphWalk, node: Node, inputs: list[Thing], functions: dict[str, Any], wanted: Sequence[bool]) -> Sequence[Thing] | None:
    plain = Node(node.domain, node.op, node.name, node.args, attributes={**node.attributes, **functions})
    found = graph_ops()[node.op](walk, plain, inputs)
    return None if found is None else _joined(found, wanted)


RULES.update(dict.fromkeys(("While", "StatelessWhile"), _loop))
RULES.update(dict.fromkeys(("If", "StatelessIf", "Case", "StatelessCase"), _branches))
