"""Instructions that only move values on the stack (see `instructions`)."""

from __future__ import annotations

from loadstone.custom.bytecode.flow import NULL, Flow, is_value
from loadstone.custom.bytecode.units import Unit
from loadstone.errors import CorruptFile


def pop_top(flow: Flow, unit: Unit) -> None:
    if is_value(flow.take(1)[0]):
        flow.emit("POP")


def push_null(flow: Flow, unit: Unit) -> None:
    flow.push(1, NULL)


def copy_value(flow: Flow, unit: Unit) -> None:
    depth = flow.depth(depth_of(unit))
    flow.push()
    flow.emit("COPY", depth)


def dup_topx(flow: Flow, unit: Unit) -> None:
    count = unit.arg if unit.name == "DUP_TOPX" else 2
    for _ in range(count):
        depth = flow.depth(count)
        flow.push()
        flow.emit("COPY", depth)


def swap(flow: Flow, unit: Unit) -> None:
    depth = depth_of(unit)
    if not 1 < depth <= len(flow.state.stack):
        raise CorruptFile("a swap reaches below the stack")
    top = flow.take(depth)
    flow.reorder(top)
    flow.state.stack += [top[-1], *top[1:-1], top[0]]


def rotate(flow: Flow, unit: Unit) -> None:
    depth = {"ROT_TWO": 2, "ROT_THREE": 3, "ROT_FOUR": 4}.get(unit.name, unit.arg)
    top = flow.take(depth)
    if depth < 1 or not all(map(is_value, top)):
        raise CorruptFile("a rotation finds no values")
    flow.rotate(depth)
    flow.state.stack += [top[-1], *top[:-1]]


def depth_of(unit: Unit) -> int:
    return 1 if unit.name == "DUP_TOP" else unit.arg
