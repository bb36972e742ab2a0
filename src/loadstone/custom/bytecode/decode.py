"""Functions of any Python from 2.7 to 3.14 in one vocabulary, read as data.

Which release compiled a code object is not stored with it. `versions` are all under which the whole of it is consistent: its numbers, names,
jumps, tables and the stack on every path. `decode` reads it under those, and refuses where they say different things.

The vocabulary (stack from bottom to top; targets are indices into `Code.instructions`):

    LOAD_CONST value                   LOAD_LOCAL, STORE_LOCAL, DELETE_LOCAL name     LOAD_GLOBAL, STORE_GLOBAL name
    LOAD_FREE, STORE_FREE name         a variable that an inner function shares, or one of an outer function
    LOAD_CLOSURE name                  its cell, for the tuple that MAKE_FUNCTION takes
    LOAD_ATTR name                     STORE_ATTR name: value, object     STORE_SUBSCR: value, container, index     DELETE_SUBSCR
    BINARY operator                    "classic/" is Python 2's /, "[]" a subscript
    UNARY operator                     - + ~ not          COMPARE operator      < <= == != > >= in, not in, is, is not
    BUILD (kind, n)                    tuple, list, set, dict (n pairs), slice (2 or 3), string
    CONST_KEY_DICT n                   n values, a tuple of keys
    FORMAT (conversion, has_spec)      value[, spec]; conversion is "", "s", "r" or "a"
    UNPACK n, UNPACK_EX (before, after)     the first item ends on top
    LIST_APPEND, LIST_EXTEND, SET_ADD, SET_UPDATE, DICT_UPDATE depth, MAP_ADD depth: key, value     depth counts after they are taken
    LIST_TO_TUPLE                      GET_ITER        FOR_ITER target: the next item, or the iterator goes and it jumps
    CALL (n, names)                    callable, n positional, the values of names
    CALL_EX has_kwargs                 callable, iterable of positional[, mapping of keywords]
    MAKE_FUNCTION (defaults, kwdefaults, closure)     [tuple], [dict], [tuple of cells], code
    POP ("annotations": those of a function), COPY n, SWAP n     JUMP target      JUMP_IF (condition, target): "true" "false" "none" "not none"
    JUMP_IF_OR_POP (condition, target) RETURN, YIELD, RAISE n
    IMPORT (name, names, level), IMPORT_FROM name
    UNSUPPORTED name                   anything else; the path ends here
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.custom.bytecode.flow import Emitted, Flow, Local
from loadstone.custom.bytecode.instructions import handle
from loadstone.custom.bytecode.marshal import RawCode, read
from loadstone.custom.bytecode.opcodes import RELEASES, Release
from loadstone.custom.bytecode.units import units
from loadstone.errors import CorruptFile, UnsupportedVersion
from loadstone.ir.records import dataclass, field

_VARARGS, _VARKEYWORDS, _GENERATOR, _COROUTINE = 0x04, 0x08, 0x20, 0x80 | 0x200
JUMPS = ("JUMP", "JUMP_IF", "JUMP_IF_OR_POP", "FOR_ITER")


@dataclass(frozen=True)
class Instruction:
    """One step. arg: what the table above names; Any since it is a name, a number, a pair or a stored constant.

    inplace: the BINARY of an augmented assignment, which changes a list or an array itself.
    """

    op: str
    arg: Any = None
    line: int | None = field(default=None, compare=False)
    inplace: bool = False

    @property
    def target(self) -> int | None:
        """Where it may jump to."""
        if self.op not in JUMPS:
            return None
        target: int = self.arg[1] if isinstance(self.arg, tuple) else self.arg
        return target


@dataclass(frozen=True)
class Code:
    """A function's code. arguments: positional ones, then keyword-only ones, then the names of *args and **kwargs, where it has them.

    free: variables of outer functions, in the order of the closure. cells: its own that inner functions share; an argument may be among them.
    Lines, constants that nothing loads and the release make no difference to equality.
    """

    name: str
    qualname: str | None = field(compare=False)
    positional: int
    positional_only: int
    keyword_only: int
    arguments: tuple[str, ...]
    has_varargs: bool
    has_varkeywords: bool
    is_generator: bool
    free: tuple[str, ...]
    cells: tuple[str, ...]
    consts: tuple[Any, ...] = field(compare=False)
    first_line: int = field(compare=False)
    python: Release = field(compare=False)
    instructions: tuple[Instruction, ...]


def versions(raw: RawCode) -> tuple[Release, ...]:
    """The releases that can have compiled *raw*, nested functions included."""
    return tuple(_readings(raw)[0])


def decode(data: bytes | RawCode, pythons: tuple[Release, Release] | None = None) -> Code:
    """The function in marshalled *data*, or of a RawCode. pythons: the first and last release that the file's own history allows.

    Raises CorruptFile where no release can have written it, UnsupportedVersion where releases read it differently.
    """
    readings: dict[Release, Code] = {}
    problems: dict[Release, str] = {}
    for raw in [data] if isinstance(data, RawCode) else read(data):
        found, failed = _readings(raw)
        readings |= found
        problems |= failed
    if not readings:
        reasons = "; ".join(f"Python {major}.{minor}: {reason}" for (major, minor), reason in problems.items())
        raise CorruptFile(f"a stored function is not what any known Python compiles ({reasons})")
    if pythons is not None:
        readings = {release: code for release, code in readings.items() if pythons[0] <= release <= pythons[1]} or readings
    first, *others = readings.values()
    if any(other != first for other in others):
        names = ", ".join(f"{major}.{minor}" for major, minor in readings)
        raise UnsupportedVersion(f"the stored function {first.name!r} says different things to Python {names}")
    return first


def _readings(raw: RawCode) -> tuple[dict[Release, Code], dict[Release, str]]:
    found: dict[Release, Code] = {}
    problems: dict[Release, str] = {}
    for release in RELEASES[raw.layout]:
        try:
            found[release] = read_as(raw, release)
        except CorruptFile as error:
            problems[release] = error.message
    return found, problems


def read_as(raw: RawCode, release: Release) -> Code:
    """*raw* as this release means it; raises CorruptFile where it cannot have compiled it."""
    return _Reading(release).code(raw)


class _Reading:
    def __init__(self, release: Release) -> None:
        self.release = release
        self.done: dict[int, Code] = {}

    def code(self, raw: RawCode) -> Code:
        known = self.done.get(id(raw))
        if known is None:
            known = self.done[id(raw)] = self._code(raw)
        return known

    def _code(self, raw: RawCode) -> Code:
        arguments = raw.argcount + raw.kwonlyargcount + bool(raw.flags & _VARARGS) + bool(raw.flags & _VARKEYWORDS)
        if arguments > len(raw.varnames) or raw.posonlyargcount > raw.argcount:
            raise CorruptFile(f"a function of {arguments} arguments names {len(raw.varnames)}")
        consts = tuple(self.value(value) for value in raw.consts)
        return Code(
            name=raw.name,
            qualname=raw.qualname,
            positional=raw.argcount,
            positional_only=raw.posonlyargcount,
            keyword_only=raw.kwonlyargcount,
            arguments=raw.varnames[:arguments],
            has_varargs=bool(raw.flags & _VARARGS),
            has_varkeywords=bool(raw.flags & _VARKEYWORDS),
            is_generator=bool(raw.flags & _GENERATOR),
            free=raw.freevars,
            cells=raw.cellvars,
            consts=consts,
            first_line=raw.firstlineno,
            python=self.release,
            instructions=self._instructions(raw, arguments),
        )

    def value(self, value: Any) -> Any:
        """A constant: code becomes Code, and text of Python 2 becomes text where it is ASCII, as it is equal to it there."""
        if isinstance(value, RawCode):
            return self.code(value)
        if isinstance(value, (tuple, frozenset)):
            return type(value)(self.value(item) for item in value)
        if isinstance(value, bytes) and self.release < (3, 0) and value.isascii():
            return value.decode("ascii")
        return value

    def _instructions(self, raw: RawCode, arguments: int) -> tuple[Instruction, ...]:
        steps = units(raw, self.release)
        flow = Flow(raw, self.release, steps)
        emitted = flow.run(handle)
        if raw.flags & _COROUTINE:
            return (Instruction("UNSUPPORTED", "async def", raw.firstlineno),)
        names = _Names(raw, arguments, flow, emitted)
        starts: dict[int, int] = {}
        listed: list[tuple[str, Any, int | None, bool]] = []
        for index in sorted(emitted):
            starts[index] = len(listed)
            for op, arg, inplace in emitted[index]:
                value = names.of(arg) if isinstance(arg, Local) else self.value(arg) if op == "LOAD_CONST" else arg
                listed.append((op, value, steps[index].line, inplace))
        return _shorten([Instruction(op, _aim(op, arg, starts), line, inplace) for op, arg, line, inplace in listed])


class _Names:
    """Names of variables. What an inlined comprehension assigns gets a name of its own, `x@7`, where the function uses that name as well."""

    def __init__(self, raw: RawCode, arguments: int, flow: Flow, emitted: dict[int, list[Emitted]]) -> None:
        cells = raw.cellvars + raw.freevars
        self.names = raw.localsplus if flow.release >= (3, 11) else raw.varnames + cells
        used: dict[int, set[int | None]] = {index: {None} for index in range(arguments)}
        for steps in emitted.values():
            for _, arg, _ in steps:
                if isinstance(arg, Local):
                    used.setdefault(arg.index, set()).add(arg.region)
        self.shared = {index for index, regions in used.items() if None in regions and len(regions) > 1} | flow.nested_regions

    def of(self, local: Local) -> str:
        if local.index >= len(self.names):
            raise CorruptFile("a variable has no name")
        name = self.names[local.index]
        return f"{name}@{local.region}" if local.region is not None and local.index in self.shared else name


def _aim(op: str, arg: Any, starts: dict[int, int]) -> Any:
    if op not in JUMPS:
        return arg
    return (arg[0], starts[arg[1]]) if isinstance(arg, tuple) else starts[arg]


def _shorten(steps: Sequence[Instruction]) -> tuple[Instruction, ...]:
    """Python 3.12 and later spell `and`, `or` as COPY 1, JUMP_IF, POP; the others as JUMP_IF_OR_POP, and so does this."""
    before = -1
    while before != len(steps):
        before = len(steps)
        steps = _shorten_once(steps)
    return tuple(steps)


def _shorten_once(steps: Sequence[Instruction]) -> list[Instruction]:
    targets = {step.target for step in steps}
    kept: list[Instruction] = []
    places: list[int] = []  # old index -> new index
    index = 0
    while index < len(steps):
        step, rest = steps[index], steps[index + 1 : index + 3]
        spelled = step == Instruction("COPY", 1) and [other.op for other in rest] == ["JUMP_IF", "POP"]
        if spelled and rest[0].arg[0] in ("true", "false") and not {index + 1, index + 2} & targets:
            places += [len(kept)] * 3
            condition, target = rest[0].arg
            dropped = steps[target] == Instruction("POP")  # the value goes on either way
            arg = (condition, target + 1) if dropped else rest[0].arg
            kept.append(Instruction("JUMP_IF" if dropped else "JUMP_IF_OR_POP", arg, step.line))
            index += 3
            continue
        places.append(len(kept))
        kept.append(step)
        index += 1
    places.append(len(kept))
    return [_moved(step, places) for step in kept]


def _moved(step: Instruction, places: list[int]) -> Instruction:
    target = step.target
    if target is None:
        return step
    arg = (step.arg[0], places[target]) if isinstance(step.arg, tuple) else places[target]
    return Instruction(step.op, arg, step.line, step.inplace)
