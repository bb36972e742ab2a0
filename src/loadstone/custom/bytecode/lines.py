"""The line of each instruction, and whether a table of lines belongs to code of this length.

Formats: Objects/lnotab_notes.txt (to 3.9, and 3.10's own), Objects/locations.md (3.11 and later) of CPython.
"""

from __future__ import annotations

from collections.abc import Iterator

from loadstone.custom.bytecode.marshal import RawCode
from loadstone.custom.bytecode.opcodes import Release
from loadstone.errors import CorruptFile


def line_starts(raw: RawCode, release: Release) -> list[tuple[int, int | None]]:
    """(offset, line) wherever the line changes, by offset. Raises CorruptFile where the table does not fit the code."""
    read = _locations if release >= (3, 11) else _ranges if release == (3, 10) else _increments
    found: list[tuple[int, int | None]] = []
    for offset, line in read(raw, release):
        if not found or found[-1][1] != line:
            found.append((offset, line))
    return found


def _increments(raw: RawCode, release: Release) -> Iterator[tuple[int, int | None]]:
    """Pairs (bytes, lines) that add up; lines are signed since 3.6. The last pair begins before the code ends."""
    offset, line = 0, raw.firstlineno
    yield offset, line
    table = raw.linetable
    if len(table) % 2:
        raise CorruptFile("a table of lines has an odd length")
    for step, lines in zip(table[::2], table[1::2], strict=True):
        offset += step
        line += lines - 256 if lines > 127 and release >= (3, 6) else lines
        if offset >= len(raw.code):
            raise CorruptFile("a table of lines goes past its code")
        yield offset, line


def _ranges(raw: RawCode, release: Release) -> Iterator[tuple[int, int | None]]:
    """Pairs (bytes, lines) of ranges that cover the code exactly; -128 lines: the range has none."""
    offset, line = 0, raw.firstlineno
    table = raw.linetable
    if len(table) % 2:
        raise CorruptFile("a table of lines has an odd length")
    for step, lines in zip(table[::2], table[1::2], strict=True):
        if lines != 128:
            line += lines - 256 if lines > 127 else lines
        yield offset, None if lines == 128 else line
        offset += step
    if offset != len(raw.code):
        raise CorruptFile("a table of lines does not cover its code")


def _locations(raw: RawCode, release: Release) -> Iterator[tuple[int, int | None]]:
    """Entries of a kind, a length in units of two bytes and, for most kinds, a change of line."""
    table, at, offset, line = raw.linetable, 0, 0, raw.firstlineno
    while at < len(table):
        head, at = table[at], at + 1
        if not head & 0x80:
            raise CorruptFile("a table of locations is out of step")
        kind, size = head >> 3 & 15, (head & 7) + 1
        if kind in (13, 14):  # a change of line; 14 has an end line and columns too
            change, at = _signed(table, at)
            line += change
            for _ in range(3 if kind == 14 else 0):
                _, at = _unsigned(table, at)
        elif kind < 10:
            at += 1
        elif kind < 13:
            line += kind - 10
            at += 2
        yield offset, None if kind == 15 else line
        offset += 2 * size
    if at != len(table) or offset != len(raw.code):
        raise CorruptFile("a table of locations does not cover its code")


def _unsigned(table: bytes, at: int) -> tuple[int, int]:
    """A number of six bits a byte, lowest first, and where it ends."""
    number = shift = 0
    while at < len(table) and shift < 60:
        byte, at = table[at], at + 1
        number |= (byte & 63) << shift
        shift += 6
        if not byte & 64:
            return number, at
    raise CorruptFile("a table of locations ends too early")


def _signed(table: bytes, at: int) -> tuple[int, int]:
    number, at = _unsigned(table, at)
    return -(number >> 1) if number & 1 else number >> 1, at


def handlers(raw: RawCode) -> list[tuple[int, int]]:
    """(offset where a protected range begins, offset of its handler) of 3.11 and later."""
    table, at, found = raw.exceptiontable, 0, []
    while at < len(table):
        numbers = []
        for _ in range(4):  # start, length, handler, depth: six bits a byte, highest first
            number, more = 0, True
            while more:
                if at >= len(table) or number >> 40:
                    raise CorruptFile("a table of exception handlers ends too early")
                number, more, at = number << 6 | table[at] & 63, bool(table[at] & 64), at + 1
            numbers.append(number)
        if 2 * (numbers[0] + numbers[1]) > len(raw.code) or 2 * numbers[2] >= len(raw.code):
            raise CorruptFile("a table of exception handlers goes past its code")
        found.append((2 * numbers[0], 2 * numbers[2]))
    return found
