"""Values out of CPython's marshal format as data: code objects become `RawCode` records, and nothing can run.

Format: https://github.com/python/cpython/blob/main/Python/marshal.c, versions 0 to 5 (Python 2.7 and 3.0 to 3.14). A code object has one
of four layouts, and the data do not say which: `read` tries them all, and a wrong one fails at the first field of another type.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from loadstone.errors import CorruptFile
from loadstone.ir.records import dataclass

MAX_DEPTH = 60  # values within values, code objects included
MAX_ITEMS = 200_000  # values in all, those behind references counted each time
MAX_BYTES = 16 << 20
MAX_LONG_DIGITS = 900  # of 15 bits, so that `repr` stays within Python's limit
_REF = 0x80


@dataclass(frozen=True, eq=False)
class RawCode:
    """A code object as it is stored: the fields have CPython's names without `co_`.

    layout: "2", "3.0", "3.8" or "3.11", the first release that stored these fields. kinds: what each of the locals is (3.11 and later).
    """

    layout: str
    argcount: int
    posonlyargcount: int
    kwonlyargcount: int
    stacksize: int
    flags: int
    code: bytes
    consts: tuple[Any, ...]
    names: tuple[str, ...]
    varnames: tuple[str, ...]
    freevars: tuple[str, ...]
    cellvars: tuple[str, ...]
    localsplus: tuple[str, ...]
    kinds: bytes
    name: str
    qualname: str | None
    firstlineno: int
    linetable: bytes
    exceptiontable: bytes

    def nested(self) -> list[RawCode]:
        """The code objects among the constants."""
        return [value for value in self.consts if isinstance(value, RawCode)]


def read(data: bytes) -> list[RawCode]:
    """The code object in *data* in every layout that fits to the last byte; nearly always one.

    Raises CorruptFile where none does.
    """
    if not data or data[0] & ~_REF != ord("c"):
        raise CorruptFile("no code object is stored here", hint="the file keeps functions as marshalled Python code")
    if len(data) > MAX_BYTES:
        raise CorruptFile(f"a code object of {len(data)} bytes, more than {MAX_BYTES}")
    found = []
    problems: list[tuple[int, CorruptFile]] = []
    for layout in _FIELDS:
        reader = _Reader(data, layout)
        try:
            found.append(reader.whole())
        except CorruptFile as error:
            problems.append((reader.at, error))
    if not found:
        _, problem = max(problems, key=lambda pair: pair[0])  # of the layout that came furthest
        raise CorruptFile(f"a stored code object is damaged: {problem.message}") from problem
    return found


class _Reader:
    """One pass over the bytes for one layout of code objects."""

    def __init__(self, data: bytes, layout: str) -> None:
        self.data, self.layout = data, layout
        self.at = self.depth = self.items = 0
        self.refs: list[tuple[Any, int] | None] = []  # value and its count of items; None while it is being read
        self.interned: list[bytes] = []  # Python 2's own references

    def whole(self) -> RawCode:
        try:
            value = self.value()
        except (ValueError, TypeError, OverflowError) as error:
            raise error if isinstance(error, CorruptFile) else self.fail(str(error)) from error
        if self.at != len(self.data):
            raise self.fail(f"{len(self.data) - self.at} bytes are left over")
        if not isinstance(value, RawCode):
            raise self.fail("no code object")
        return value

    def fail(self, message: str) -> CorruptFile:
        return CorruptFile(f"{message} at byte {self.at}")

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise self.fail(f"{count} bytes are expected, {len(self.data) - self.at} are there")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form: str = "<i") -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def count(self, form: str = "<i") -> int:
        """A length: each item takes at least one byte."""
        number: int = self.number(form)
        if not 0 <= number <= len(self.data) - self.at:
            raise self.fail(f"a length of {number}")
        return number

    def value(self) -> Any:
        code = self.take(1)[0]
        kind, slot, before = chr(code & ~_REF), None, self.items
        self.spend(1)
        if code & _REF and kind not in _NO_REF:
            slot = len(self.refs)
            self.refs.append(None)
        read = _KINDS.get(kind)
        if read is None:
            raise self.fail(f"a value of unknown type {kind!r}")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"values nest deeper than {MAX_DEPTH}")
        value = read(self)
        self.depth -= 1
        if slot is not None:
            self.refs[slot] = (value, self.items - before)
        return value

    def spend(self, items: int) -> None:
        self.items += items
        if self.items > MAX_ITEMS:
            raise self.fail(f"more than {MAX_ITEMS} values")

    def values(self, count: int) -> list[Any]:
        return [self.value() for _ in range(count)]

    def reference(self) -> Any:
        index = self.number("<I")
        entry = self.refs[index] if index < len(self.refs) else None
        if entry is None:
            raise self.fail(f"reference {index} of {len(self.refs)}")
        self.spend(entry[1])
        return entry[0]

    def string_reference(self) -> bytes:
        index: int = self.number("<I")
        if self.layout != "2" or index >= len(self.interned):
            raise self.fail(f"reference {index} of {len(self.interned)} strings")
        return self.interned[index]

    def interned_string(self) -> Any:
        text = self.take(self.count())
        if self.layout != "2":
            return text.decode("utf8", "surrogatepass")
        self.interned.append(text)
        return text

    def long(self) -> int:
        count: int = self.number()
        if abs(count) > MAX_LONG_DIGITS:
            raise self.fail(f"an integer of {abs(count)} digits")
        digits = struct.unpack(f"<{abs(count)}H", self.take(2 * abs(count)))
        if any(digit >= 1 << 15 for digit in digits):
            raise self.fail("a digit of an integer is too large")
        size: int = sum(digit << 15 * place for place, digit in enumerate(digits))
        return -size if count < 0 else size

    def text_float(self) -> float:
        return float(self.take(self.count("B")).decode("ascii"))

    def dict(self) -> dict[Any, Any]:
        found = {}
        while self.data[self.at : self.at + 1] != b"0":
            key = self.value()
            found[key] = self.value()
        self.at += 1
        return found

    def code(self) -> RawCode:
        numbers, fields = _FIELDS[self.layout]
        stored: dict[str, Any] = {name: self.number() for name in numbers.split()}
        if min(stored.values()) < 0:
            raise self.fail("a negative number in a code object")
        for name in fields.split():
            stored[name] = self.number() if name == "firstlineno" else self.field(name)
        return code_of_fields(self.layout, stored)

    def field(self, name: str) -> Any:
        value = self.value()
        expected: Any = _TYPES[name]
        if expected is str and self.layout == "2" and isinstance(value, bytes):
            value = value.decode("utf8", "replace")
        if expected is tuple and name != "consts" and isinstance(value, tuple):
            value = tuple(item.decode("utf8", "replace") if self.layout == "2" and isinstance(item, bytes) else item for item in value)
        if not isinstance(value, expected):
            raise self.fail(f"co_{name} is a {type(value).__name__}")
        if expected is tuple and name != "consts" and not all(isinstance(item, str) for item in value):
            raise self.fail(f"co_{name} holds more than names")
        return value


def code_of_fields(layout: str, stored: dict[str, Any]) -> RawCode:
    """A RawCode of the fields that its layout has."""
    stored = {"posonlyargcount": 0, "kwonlyargcount": 0, "qualname": None, "exceptiontable": b"", "kinds": b"", "localsplus": (), **stored}
    if layout == "3.11":
        names, kinds = stored["localsplus"], stored["kinds"]
        if len(names) != len(kinds):
            raise CorruptFile(f"a code object has {len(names)} locals and the kinds of {len(kinds)}")
        for field, bit in (("varnames", 0x20), ("cellvars", 0x40), ("freevars", 0x80)):
            stored[field] = tuple(name for name, kind in zip(names, kinds, strict=True) if kind & bit)
    kept = {name: stored[name] for name in RawCode.__dataclass_fields__ if name != "layout"}
    return RawCode(layout=layout, **kept)


# layout -> its numbers, then its other fields, in the order in which they are stored
_FIELDS = {
    "2": (
        "argcount nlocals stacksize flags",
        "code consts names varnames freevars cellvars filename name firstlineno linetable",
    ),
    "3.0": (
        "argcount kwonlyargcount nlocals stacksize flags",
        "code consts names varnames freevars cellvars filename name firstlineno linetable",
    ),
    "3.8": (
        "argcount posonlyargcount kwonlyargcount nlocals stacksize flags",
        "code consts names varnames freevars cellvars filename name firstlineno linetable",
    ),
    "3.11": (
        "argcount posonlyargcount kwonlyargcount stacksize flags",
        "code consts names localsplus kinds filename name qualname firstlineno linetable exceptiontable",
    ),
}
_TYPES: dict[str, type] = {
    **dict.fromkeys("code kinds linetable exceptiontable".split(), bytes),
    **dict.fromkeys("consts names varnames freevars cellvars localsplus".split(), tuple),
    **dict.fromkeys("filename name qualname".split(), str),
}
_NO_REF = "r0NTFS."  # what is never the target of a reference


def _sized(form: str, make: Callable[[list[Any]], Any]) -> Callable[[_Reader], Any]:
    return lambda reader: make(reader.values(reader.count(form)))


def _text(form: str, encoding: str) -> Callable[[_Reader], Any]:
    return lambda reader: reader.take(reader.count(form)).decode(encoding, "surrogatepass" if encoding == "utf8" else "strict")


def _slice(reader: _Reader) -> slice:
    return slice(reader.value(), reader.value(), reader.value())


_KINDS: dict[str, Callable[[_Reader], Any]] = {
    "N": lambda reader: None,
    "T": lambda reader: True,
    "F": lambda reader: False,
    ".": lambda reader: ...,
    "i": lambda reader: reader.number(),
    "I": lambda reader: reader.number("<q"),
    "l": _Reader.long,
    "f": _Reader.text_float,
    "g": lambda reader: reader.number("<d"),
    "x": lambda reader: complex(reader.text_float(), reader.text_float()),
    "y": lambda reader: complex(reader.number("<d"), reader.number("<d")),
    "s": lambda reader: reader.take(reader.count()),
    "t": _Reader.interned_string,
    "R": _Reader.string_reference,
    "r": _Reader.reference,
    "u": _text("<i", "utf8"),
    "a": _text("<i", "ascii"),
    "A": _text("<i", "ascii"),
    "z": _text("B", "ascii"),
    "Z": _text("B", "ascii"),
    "(": _sized("<i", tuple),
    ")": _sized("B", tuple),
    "[": _sized("<i", list),
    "<": _sized("<i", set),
    ">": _sized("<i", frozenset),
    "{": _Reader.dict,
    ":": _slice,
    "c": _Reader.code,
}
