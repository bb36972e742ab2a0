"""The instructions of one code object under one release: names, arguments, targets and lines.

What differs between releases only in spelling ends here: prefixes of long arguments, inline caches, the units and directions of jumps,
instructions that are two in one. Anything that this release's compiler cannot have written raises CorruptFile.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from loadstone.custom.bytecode.lines import line_starts
from loadstone.custom.bytecode.marshal import RawCode
from loadstone.custom.bytecode.opcodes import CACHES, OPCODES, Release
from loadstone.errors import CorruptFile

MAX_CODE = 1 << 15  # bytes
MAX_STACK = 1000


@dataclass(slots=True)
class Unit:
    """One instruction. target: the index of the one that it jumps to, where it jumps."""

    name: str
    arg: int
    offset: int
    line: int | None
    target: int | None = None


def units(raw: RawCode, release: Release) -> list[Unit]:
    """All instructions of *raw* as *release* reads them; raises CorruptFile where it cannot."""
    if len(raw.code) > MAX_CODE or raw.stacksize > MAX_STACK:
        raise CorruptFile(f"a function of {len(raw.code)} bytes with a stack of {raw.stacksize}")
    lines = line_starts(raw, release)
    starts = [offset for offset, _ in lines]
    found: list[Unit] = []
    index: dict[int, int] = {}  # offset -> index
    jumps: list[tuple[Unit, int]] = []
    words = _words if release >= (3, 6) else _bytes
    for start, name, arg, end in words(raw.code, release):
        _check(raw, release, name, arg)
        line = lines[bisect_right(starts, start) - 1][1] if lines else None
        index[start] = len(found)
        parts = [(part, arg) for part in (name,)]
        if name in _PAIRS:
            parts = list(zip(_PAIRS[name], (arg >> 4, arg & 15), strict=True))
        found += [Unit(_SAME.get(part, part), number, start, line) for part, number in parts]
        target = _target(release, name, arg, end)
        if target is not None:
            jumps.append((found[-1], target))
    for unit, target in jumps:
        if target not in index:
            raise CorruptFile(f"{unit.name} jumps to byte {target}, where no instruction begins")
        unit.target = index[target]
    if not found:
        raise CorruptFile("a function without instructions")
    _whole(raw, release, found)
    return found


def _bytes(code: bytes, release: Release) -> Iterator[tuple[int, str, int, int]]:
    """(offset, name, argument, offset after it) to Python 3.5: one byte, or three with an argument."""
    table, at, high, start = OPCODES[release], 0, 0, 0
    while at < len(code):
        name, arg = _name(table, code[at]), 0
        size = 3 if code[at] >= 90 else 1
        if at + size > len(code):
            raise CorruptFile("the last instruction is cut off")
        if size == 3:
            arg = code[at + 1] | code[at + 2] << 8 | high << 16
        at += size
        if name == "EXTENDED_ARG":
            high = arg
            continue
        yield start, name, arg, at
        high, start = 0, at


def _words(code: bytes, release: Release) -> Iterator[tuple[int, str, int, int]]:
    """(offset, name, argument, offset after it and its caches) since Python 3.6: two bytes each."""
    if len(code) % 2:
        raise CorruptFile("code of an odd length")
    table, caches, at, arg, start = OPCODES[release], CACHES.get(release, {}), 0, 0, 0
    while at < len(code):
        name = _name(table, code[at])
        arg = arg << 8 | code[at + 1]
        if arg >> 31:
            raise CorruptFile("an argument is too large")
        at += 2
        if name == "EXTENDED_ARG":
            continue
        end = at + 2 * caches.get(name, 0)
        if end > len(code) or any(code[at:end]):
            raise CorruptFile(f"{name} is not followed by its caches")
        yield start, name, arg, end
        at = start = end
        arg = 0


def _name(table: dict[int, str], number: int) -> str:
    if number not in table:
        raise CorruptFile(f"no instruction has the number {number}")
    return table[number]


def _check(raw: RawCode, release: Release, name: str, arg: int) -> None:
    """Names, constants and variables that the argument counts must exist."""
    size: int | None = None
    if name in ("LOAD_CONST", "RETURN_CONST", "KW_NAMES"):
        size = len(raw.consts)
    elif name in _NAMED:
        size = len(raw.names)
        halved = (name == "LOAD_GLOBAL" and release >= (3, 11)) or (name == "LOAD_ATTR" and release >= (3, 12))
        arg >>= 1 if halved else 2 if name == "LOAD_SUPER_ATTR" else 0
    elif name in _LOCAL or name in _PAIRS or name in _CELL:
        size = len(raw.varnames) if name in _LOCAL else len(raw.cellvars) + len(raw.freevars)
        size = len(raw.localsplus) if release >= (3, 11) else size
        arg = max(arg >> 4, arg & 15) if name in _PAIRS else arg
    if size is not None and arg >= size:
        raise CorruptFile(f"{name} counts to {arg} where there are {size}")


def _whole(raw: RawCode, release: Release, found: list[Unit]) -> None:
    """What the compiler puts together: without it a number means another instruction of another release."""
    names = {unit.name for unit in found}
    protected = bool(raw.exceptiontable) if release >= (3, 11) else any(name.startswith("SETUP_") for name in names - {"SETUP_LOOP"})
    alone = set() if protected else names & _IN_HANDLERS
    alone |= names & _IN_CLASSES if raw.flags & _OPTIMIZED else set()
    if alone:
        raise CorruptFile(f"{min(alone)} in a function that cannot have it")
    if release >= (3, 11):
        start = next((index for index, unit in enumerate(found) if unit.name not in _BEFORE_RESUME), len(found))
        copied = sum(unit.arg for unit in found[:start] if unit.name == "COPY_FREE_VARS")
        if start == len(found) or found[start].name != "RESUME" or copied != len(raw.freevars):
            raise CorruptFile("a function does not begin with RESUME")


def _target(release: Release, name: str, arg: int, end: int) -> int | None:
    scale = 2 if release >= (3, 10) else 1
    if name in _FORWARD or (release >= (3, 11) and name in _JUMPS):
        return end + scale * arg
    if name in _JUMPS:
        return scale * arg
    if "JUMP_BACKWARD" in name:
        return end - scale * arg
    return None


_OPTIMIZED = 0x01  # flag of functions, which classes and modules lack
_IN_HANDLERS = frozenset(
    "POP_FINALLY CALL_FINALLY BEGIN_FINALLY END_FINALLY POP_EXCEPT RERAISE WITH_CLEANUP WITH_CLEANUP_START WITH_CLEANUP_FINISH CLEANUP_THROW "
    "WITH_EXCEPT_START JUMP_IF_NOT_EXC_MATCH PUSH_EXC_INFO CHECK_EXC_MATCH CHECK_EG_MATCH PREP_RERAISE_STAR END_ASYNC_FOR".split()
)
_IN_CLASSES = frozenset("LOAD_NAME STORE_NAME DELETE_NAME SETUP_ANNOTATIONS STORE_ANNOTATION LOAD_LOCALS".split())
_BEFORE_RESUME = frozenset("COPY_FREE_VARS MAKE_CELL RETURN_GENERATOR POP_TOP".split())
_NAMED = frozenset(
    "LOAD_NAME STORE_NAME DELETE_NAME LOAD_GLOBAL STORE_GLOBAL DELETE_GLOBAL LOAD_ATTR STORE_ATTR DELETE_ATTR LOAD_METHOD IMPORT_NAME "
    "IMPORT_FROM STORE_ANNOTATION LOAD_SUPER_ATTR LOAD_FROM_DICT_OR_GLOBALS".split()
)
_LOCAL = frozenset("LOAD_FAST STORE_FAST DELETE_FAST LOAD_FAST_CHECK LOAD_FAST_AND_CLEAR LOAD_FAST_BORROW".split())
_CELL = frozenset("LOAD_DEREF STORE_DEREF DELETE_DEREF LOAD_CLOSURE LOAD_CLASSDEREF MAKE_CELL LOAD_FROM_DICT_OR_DEREF".split())
_FORWARD = frozenset("JUMP_FORWARD FOR_ITER SETUP_LOOP SETUP_EXCEPT SETUP_FINALLY SETUP_WITH SETUP_ASYNC_WITH CALL_FINALLY SEND".split())
_JUMPS = frozenset(
    "JUMP_IF_FALSE_OR_POP JUMP_IF_TRUE_OR_POP JUMP_ABSOLUTE POP_JUMP_IF_FALSE POP_JUMP_IF_TRUE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE "
    "POP_JUMP_FORWARD_IF_FALSE POP_JUMP_FORWARD_IF_TRUE POP_JUMP_FORWARD_IF_NONE POP_JUMP_FORWARD_IF_NOT_NONE CONTINUE_LOOP "
    "JUMP_IF_NOT_EXC_MATCH".split()
)
_PAIRS = {  # the argument holds two, four bits each
    "LOAD_FAST_LOAD_FAST": ("LOAD_FAST", "LOAD_FAST"),
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": ("LOAD_FAST", "LOAD_FAST"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
}
_SAME = {"LOAD_FAST_BORROW": "LOAD_FAST", "LOAD_FAST_CHECK": "LOAD_FAST"}
