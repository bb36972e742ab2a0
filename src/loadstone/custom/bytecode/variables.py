"""Constants, variables, attributes and imports in the common vocabulary (see `instructions`)."""

from __future__ import annotations

from loadstone.custom.bytecode.flow import NULL, VALUE, Flow, Handler
from loadstone.custom.bytecode.marshal import RawCode
from loadstone.custom.bytecode.units import Unit
from loadstone.errors import CorruptFile

_CELL, _FREE = 0x40, 0x80
_COMMON = ("AssertionError", "NotImplementedError", "tuple", "all", "any")  # LOAD_COMMON_CONSTANT of 3.14


def constant(flow: Flow, unit: Unit) -> None:
    kind = "name" if flow.at in flow.names else "const"
    flow.push(1, (kind, flow.at))
    if kind == "const":
        flow.emit("LOAD_CONST", unit.arg if unit.name == "LOAD_SMALL_INT" else flow.raw.consts[unit.arg])


def load_fast(flow: Flow, unit: Unit) -> None:
    closure = _holds_cell(flow, unit.arg)
    if closure and flow.release < (3, 13):
        raise CorruptFile("a cell is read as a value")
    flow.push()
    flow.emit("LOAD_CLOSURE" if closure else "LOAD_LOCAL", flow.local(unit.arg))


def _holds_cell(flow: Flow, index: int) -> bool:
    """Whether a variable is a cell here: one that an inlined comprehension has saved is not, until it makes one itself."""
    if not kind(flow.raw, index) & (_CELL | _FREE):
        return False
    region = flow.local(index).region
    return region is None or any(unit.name == "MAKE_CELL" and unit.arg == index for unit in flow.units[region : flow.at])


def store_fast(flow: Flow, unit: Unit) -> None:
    if flow.state.stack and flow.state.stack[-1][0] == "saved":  # a comprehension gives its variable back
        if flow.take(1)[0][1] != unit.arg:
            raise CorruptFile("a saved variable returns under another name")
        return
    if _holds_cell(flow, unit.arg):
        raise CorruptFile("a value is stored in the place of a cell")
    flow.pop(1)
    flow.emit("STORE_LOCAL", flow.local(unit.arg))


def delete_fast(flow: Flow, unit: Unit) -> None:
    flow.emit("DELETE_LOCAL", flow.local(unit.arg))


def load_fast_and_clear(flow: Flow, unit: Unit) -> None:
    flow.push(1, ("saved", unit.arg, flow.at))
    flow.local(unit.arg)


def make_cell(flow: Flow, unit: Unit) -> None:
    """A cell at the start is the variable itself; one made again and again in a loop is not."""
    if flow.in_loops[flow.at]:
        flow.unsupported(unit.name)


def free(op: str) -> Handler:
    def handler(flow: Flow, unit: Unit) -> None:
        flow.pop(op == "STORE_FREE")
        flow.push(op != "STORE_FREE")
        index = unit.arg if flow.release >= (3, 11) else unit.arg + len(flow.raw.varnames)
        if flow.release >= (3, 11) and not kind(flow.raw, unit.arg) & (_CELL | _FREE):
            raise CorruptFile(f"{unit.name} finds no cell")
        flow.emit(op, flow.local(index))

    return handler


def kind(raw: RawCode, index: int) -> int:
    return raw.kinds[index] if raw.kinds else 0


def load_global(flow: Flow, unit: Unit) -> None:
    index, null = (unit.arg >> 1, unit.arg & 1) if flow.release >= (3, 11) else (unit.arg, 0)
    places = [VALUE, NULL] if flow.release >= (3, 13) else [NULL, VALUE]
    for place in places if null else [VALUE]:
        flow.push(1, place)
    name = flow.raw.names[index]
    if flow.release < (3, 0) and name in ("True", "False"):
        flow.emit("LOAD_CONST", name == "True")  # names like others there
    else:
        flow.emit("LOAD_GLOBAL", name)


def load_attr(flow: Flow, unit: Unit) -> None:
    index, method = (unit.arg >> 1, unit.arg & 1) if flow.release >= (3, 12) else (unit.arg, unit.name == "LOAD_METHOD")
    flow.pop(1)
    flow.push()
    flow.push(int(method), NULL)
    flow.emit("LOAD_ATTR", flow.raw.names[index])


def load_common(flow: Flow, unit: Unit) -> None:
    if unit.arg >= len(_COMMON):
        raise CorruptFile(f"no common constant has the number {unit.arg}")
    flow.push()
    flow.emit("LOAD_GLOBAL", _COMMON[unit.arg])


def assertion_error(flow: Flow, unit: Unit) -> None:
    flow.push()
    flow.emit("LOAD_GLOBAL", "AssertionError")


def do_import(flow: Flow, unit: Unit) -> None:
    level, names = flow.take(2)
    flow.push()
    flow.emit("IMPORT", (flow.raw.names[unit.arg], flow.constant(names), flow.constant(level)))


def import_from(flow: Flow, unit: Unit) -> None:
    flow.depth(1)
    flow.push()
    flow.emit("IMPORT_FROM", flow.raw.names[unit.arg])
