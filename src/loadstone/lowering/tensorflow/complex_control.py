"""Conditions, loops and lists of complex tensors: the two parts of each go in and come out apart.

The functions of a condition or a loop become graphs that join the parts, call the function, and take its results apart again. A list of
complex tensors is a list of their real parts and one of their imaginary parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.ir import Graph, Node, Output
from loadstone.ir.records import dataclass, replace
from loadstone.lowering.block import Value
from loadstone.lowering.tensorflow.complex_numbers import PART, Complex, Twofold, enter
from loadstone.lowering.tensorflow.lists import TensorList
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_rule


@dataclass(eq=False, frozen=True)
class ComplexList(Twofold):
    """A list of complex tensors, or a TensorArray."""

    real: TensorList
    imag: TensorList


def list_apart(thing: Thing) -> Thing:
    """A list of a complex type in two parts, before anything is in it; any other thing as it is."""
    if not isinstance(thing, TensorList) or thing.dtype not in PART:
        return thing
    return ComplexList(*(replace(thing, dtype=PART[thing.dtype]) for _ in range(2)))


def joined(real: Thing, imag: Thing) -> Thing:
    """Two parts in one."""
    return Complex(real, imag) if isinstance(real, Value) else ComplexList(real, imag)


def _flat(things: Sequence[Thing]) -> list[Thing]:
    return [part for thing in things for part in ([thing.real, thing.imag] if isinstance(thing, Twofold) else [thing])]


def _joined(things: Sequence[Thing], twofold: Sequence[bool]) -> list[Thing]:
    rest = iter(things)
    return [joined(next(rest), next(rest)) if two else next(rest) for two in twofold]


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
    twofold = [isinstance(thing, Twofold) for thing in inputs]
    functions = {
        "cond": _graph(node.attributes["cond"], twofold, [False]),
        "body": _graph(node.attributes["body"], twofold, twofold),
    }
    return _called(walk, node, _flat(inputs), functions, twofold)


def _branches(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    given = [isinstance(thing, Twofold) for thing in inputs[1:]]
    wanted = [str(dtype).startswith("complex") for dtype in node.attributes["Tout"]]
    functions: dict[str, Any] = {
        key: _graph(node.attributes[key], given, wanted) for key in ("then_branch", "else_branch") if key in node.attributes
    }
    if "branches" in node.attributes:
        functions["branches"] = [_graph(function, given, wanted) for function in node.attributes["branches"]]
    return _called(walk, node, [inputs[0], *_flat(inputs[1:])], functions, wanted)


def _called(walk: GraphWalk, node: Node, inputs: list[Thing], functions: dict[str, Any], wanted: Sequence[bool]) -> Sequence[Thing] | None:
    plain = Node(node.domain, node.op, node.name, node.args, attributes={**node.attributes, **functions})
    rule = graph_rule(node.op)
    assert rule is not None
    found = rule(walk, plain, inputs)
    return None if found is None else _joined(found, wanted)


enter(_loop, "While", "StatelessWhile")
enter(_branches, "If", "StatelessIf", "Case", "StatelessCase")


# -- lists ------------------------------------------------------------------------------------------------------------

_ELEMENTS = """
    TensorListFromTensor TensorListSetItem TensorListPushBack TensorListPopBack TensorListGetItem TensorListStack TensorListGather
    TensorListScatter TensorListScatterV2 TensorListScatterIntoExistingList TensorListSplit TensorListResize TensorArrayWriteV3
    TensorArrayWriteV2 TensorArrayReadV3 TensorArrayReadV2 TensorArrayGatherV3 TensorArrayGatherV2 TensorArrayScatterV3
    TensorArrayScatterV2
"""
_LENGTHS = "TensorListLength TensorListElementShape TensorArraySizeV3 TensorArraySizeV2"
_JOINED = "TensorListConcat TensorListConcatV2 TensorArrayConcatV3 TensorArrayConcatV2"  # elements, and how long each is


def _side(walk: GraphWalk, node: Node, inputs: list[Thing], name: str) -> list[Thing]:
    given = [getattr(thing, name) if isinstance(thing, Twofold) else thing for thing in inputs]
    rule = graph_rule(node.op)
    assert rule is not None
    return list(rule(walk, node, given) or ())


def _elements(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    if None in inputs:
        return None
    return [joined(re, im) for re, im in zip(*(_side(walk, node, inputs, name) for name in ("real", "imag")), strict=True)]


def _lengths(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    return None if None in inputs else _side(walk, node, inputs, "real")


def _in_a_row(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    if None in inputs:
        return None
    real, imag = (_side(walk, node, inputs, name) for name in ("real", "imag"))
    return [joined(real[0], imag[0]), real[1]]


enter(_elements, *_ELEMENTS.split())
enter(_lengths, *_LENGTHS.split())
enter(_in_a_row, *_JOINED.split())
