"""Jumps, loops and ends of functions in the common vocabulary (see `instructions`)."""

from __future__ import annotations

from loadstone.custom.bytecode.flow import LOOP_ENDS, Flow, Handler
from loadstone.custom.bytecode.stack import pop_top
from loadstone.custom.bytecode.units import Unit
from loadstone.errors import CorruptFile


def jump(flow: Flow, unit: Unit) -> None:
    flow.emit("JUMP", unit.target)
    flow.jump(unit.target)
    flow.stop()


def jump_if(condition: str) -> Handler:
    def handler(flow: Flow, unit: Unit) -> None:
        flow.pop(1)
        flow.emit("JUMP_IF", (condition, unit.target))
        flow.jump(unit.target)

    return handler


def jump_if_or_pop(condition: str) -> Handler:
    def handler(flow: Flow, unit: Unit) -> None:
        flow.depth(1)
        flow.emit("JUMP_IF_OR_POP", (condition, unit.target))
        flow.jump(unit.target)
        flow.pop(1)

    return handler


def for_iter(flow: Flow, unit: Unit) -> None:
    """From 3.12 on the instructions at the end of the loop are its own; they are skipped when the items run out."""
    assert unit.target is not None
    flow.depth(1)
    target = unit.target
    for name in LOOP_ENDS.get(flow.release, ()):
        if target >= len(flow.units) or flow.units[target].name != name:
            raise CorruptFile("a loop has no end")
        target += 1
    if target >= len(flow.units):
        raise CorruptFile("a loop ends the code")
    flow.emit("FOR_ITER", target)
    flow.jump(target, flow.state.stack[:-1])
    flow.push()


def setup_loop(flow: Flow, unit: Unit) -> None:
    assert unit.target is not None
    flow.state.loops.append((unit.target, len(flow.state.stack)))


def pop_block(flow: Flow, unit: Unit) -> None:
    if not flow.state.loops or flow.state.loops.pop()[1] != len(flow.state.stack):
        raise CorruptFile("a block ends that has not begun")


def break_loop(flow: Flow, unit: Unit) -> None:
    if not flow.state.loops:
        raise CorruptFile("a break outside of loops")
    target, height = flow.state.loops.pop()
    if height > len(flow.state.stack):
        raise CorruptFile("a break finds too few values")
    while len(flow.state.stack) > height:
        pop_top(flow, unit)
    flow.emit("JUMP", target)
    flow.jump(target)
    flow.stop()


def nothing_left(flow: Flow) -> None:
    """Only loops to Python 3.7 leave their iterators on the stack when they return."""
    if flow.state.stack and not flow.state.loops:
        raise CorruptFile("values are left behind by a return")


def do_return(flow: Flow, unit: Unit) -> None:
    flow.pop(1)
    nothing_left(flow)
    flow.emit("RETURN")
    flow.stop()


def return_constant(flow: Flow, unit: Unit) -> None:
    nothing_left(flow)
    flow.emit("LOAD_CONST", flow.raw.consts[unit.arg])
    flow.emit("RETURN")
    flow.stop()


def do_raise(flow: Flow, unit: Unit) -> None:
    flow.pop(unit.arg)
    flow.emit("RAISE", unit.arg)
    flow.stop()
