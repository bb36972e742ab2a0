"""Operators, containers and texts in the common vocabulary (see `instructions`)."""

from __future__ import annotations

from loadstone.custom.bytecode.flow import Flow, Handler
from loadstone.custom.bytecode.opcodes import BINARY, COMPARE, SUBSCRIPT
from loadstone.custom.bytecode.units import Unit
from loadstone.errors import CorruptFile

_CONVERSIONS = ("", "s", "r", "a")


def build(kind: str) -> Handler:
    def handler(flow: Flow, unit: Unit) -> None:
        flow.pop(unit.arg)
        flow.push()
        flow.emit("BUILD", (kind, unit.arg))

    return handler


def build_map(flow: Flow, unit: Unit) -> None:
    pairs = unit.arg if flow.release >= (3, 5) else 0  # before, the argument was a guess of the size
    flow.pop(2 * pairs)
    flow.push()
    flow.emit("BUILD", ("dict", pairs))


def build_slice(flow: Flow, unit: Unit) -> None:
    if unit.arg not in (2, 3):
        raise CorruptFile(f"a slice of {unit.arg}")
    build("slice")(flow, unit)


def const_key_map(flow: Flow, unit: Unit) -> None:
    flow.pop(unit.arg + 1)
    flow.push()
    flow.emit("CONST_KEY_DICT", unit.arg)


def unpack_into(kind: str, extend: str) -> Handler:
    """BUILD_LIST_UNPACK and its like of 3.5 to 3.8: an empty container takes the values in order."""

    def handler(flow: Flow, unit: Unit) -> None:
        count = unit.arg & 0xFF if flow.release == (3, 5) and unit.name.endswith("CALL") else unit.arg
        flow.pop(count)
        flow.push()
        flow.reverse(count)
        flow.emit("BUILD", ("list" if kind == "tuple" else kind, 0))
        flow.rotate(count + 1)
        for depth in range(count, 0, -1):
            flow.emit(extend, depth)
        if kind == "tuple":
            flow.emit("LIST_TO_TUPLE")

    return handler


def add(op: str, values: int = 1) -> Handler:
    def handler(flow: Flow, unit: Unit) -> None:
        flow.pop(values)
        depth = flow.depth(unit.arg)
        if op == "MAP_ADD" and flow.release < (3, 8):  # the key was on top
            flow.emit("SWAP", 2)
        flow.emit(op, depth)

    return handler


def store_map(flow: Flow, unit: Unit) -> None:
    flow.pop(2)
    flow.emit("SWAP", 2)
    flow.emit("MAP_ADD", flow.depth(1))


def binary_op(flow: Flow, unit: Unit) -> None:
    flow.pop(2)
    flow.push()
    if unit.arg == SUBSCRIPT and flow.release >= (3, 14):
        flow.emit("BINARY", "[]")
    elif unit.arg < 2 * len(BINARY):
        flow.emit("BINARY", BINARY[unit.arg % len(BINARY)], inplace=unit.arg >= len(BINARY))
    else:
        raise CorruptFile(f"no operator has the number {unit.arg}")


def compare(flow: Flow, unit: Unit) -> None:
    shift = 5 if flow.release >= (3, 13) else 4 if flow.release >= (3, 12) else 0
    known = COMPARE[:6] if flow.release >= (3, 9) else COMPARE
    if unit.arg >> shift >= len(known):
        if flow.release < (3, 9) and unit.arg == len(COMPARE):
            flow.unsupported("COMPARE_OP exception match")
            return
        raise CorruptFile(f"no comparison has the number {unit.arg}")
    flow.pop(2)
    flow.push()
    flow.emit("COMPARE", known[unit.arg >> shift])


def is_or_contains(flow: Flow, unit: Unit) -> None:
    if unit.arg > 1:
        raise CorruptFile(f"{unit.name} has the argument {unit.arg}")
    flow.pop(2)
    flow.push()
    flow.emit("COMPARE", (("is", "is not") if unit.name == "IS_OP" else ("in", "not in"))[unit.arg])


def to_bool(flow: Flow, unit: Unit) -> None:
    """What follows asks for the truth anyway; elsewhere it is `not not`."""
    flow.pop(1)
    flow.push()
    following = flow.units[flow.at + 1].name if flow.at + 1 < len(flow.units) else ""
    if following not in ("POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE", "UNARY_NOT"):
        flow.emit("UNARY", "not")
        flow.emit("UNARY", "not")


def slices(flow: Flow, unit: Unit) -> None:
    """SLICE+0 to 3 of Python 2, in their three forms, and BINARY_SLICE and STORE_SLICE of 3.12."""
    store, delete = unit.name.startswith("STORE"), unit.name.startswith("DELETE")
    ends = int(unit.name[-1]) if "+" in unit.name else 3
    flow.pop({0: 1, 1: 2, 2: 2, 3: 3}[ends] + store)
    if ends in (0, 2):
        flow.emit("LOAD_CONST", None)
    if ends == 2:
        flow.emit("SWAP", 2)
    if ends in (0, 1):
        flow.emit("LOAD_CONST", None)
    flow.emit("BUILD", ("slice", 2))
    if store or delete:
        flow.emit("STORE_SUBSCR" if store else "DELETE_SUBSCR")
    else:
        flow.push()
        flow.emit("BINARY", "[]")


def format_value(flow: Flow, unit: Unit) -> None:
    if unit.arg > 7:
        raise CorruptFile(f"no format has the number {unit.arg}")
    flow.pop(2 if unit.arg & 4 else 1)
    flow.push()
    flow.emit("FORMAT", (_CONVERSIONS[unit.arg & 3], bool(unit.arg & 4)))


def convert_value(flow: Flow, unit: Unit) -> None:
    """The text of a conversion, to be formatted by what follows."""
    if not 1 <= unit.arg <= 3:
        raise CorruptFile(f"no conversion has the number {unit.arg}")
    flow.pop(1)
    flow.push()
    flow.emit("FORMAT", (_CONVERSIONS[unit.arg], False))


def format_simple(flow: Flow, unit: Unit) -> None:
    flow.pop(1)
    flow.push()
    if flow.units[flow.at - 1].name != "CONVERT_VALUE":
        flow.emit("FORMAT", ("", False))


def unpack(flow: Flow, unit: Unit) -> None:
    flow.pop(1)
    flow.push(unit.arg)
    flow.emit("UNPACK", unit.arg)


def unpack_ex(flow: Flow, unit: Unit) -> None:
    before, behind = unit.arg & 0xFF, unit.arg >> 8
    flow.pop(1)
    flow.push(before + 1 + behind)
    flow.emit("UNPACK_EX", (before, behind))


def intrinsic(flow: Flow, unit: Unit) -> None:
    """CALL_INTRINSIC_1: of its functions, unary plus and the tuple of a list are ordinary code."""
    op = {5: ("UNARY", "+"), 6: ("LIST_TO_TUPLE", None)}.get(unit.arg)
    if op is None:
        flow.unsupported(f"CALL_INTRINSIC_1 {unit.arg}")
        return
    flow.pop(1)
    flow.push()
    flow.emit(*op)
