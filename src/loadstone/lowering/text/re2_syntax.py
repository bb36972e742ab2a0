"""Patterns of RE2, parsed: https://github.com/google/re2/wiki/Syntax, as its options are by default.

`parse` gives a tree of Chars, Sequence, Choice, Repeat, Group and Assert. Unicode classes (`\\pL`), `\\B`, `\\C` and non-ASCII letters that
ignore case are left to RE2 itself (MissingDependency).
"""

from __future__ import annotations

import re

from loadstone.errors import InputMismatch, MissingDependency
from loadstone.ir.records import dataclass, replace

LAST = 0x10FFFF
MAX_REPEAT, MAX_DEPTH = 1000, 200
Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Chars:
    """One character out of sorted ranges of code points."""

    ranges: Ranges


@dataclass(frozen=True)
class Sequence:
    """Parts one behind the other."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Choice:
    """The first of some that fits."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Repeat:
    """A part at least `low` times, at most `high` times (None: any number)."""

    part: Tree
    low: int
    high: int | None
    lazy: bool


@dataclass(frozen=True)
class Group:
    """A part whose place is kept, counted from 1."""

    part: Tree
    index: int


@dataclass(frozen=True)
class Assert:
    """A place: the "begin" or "end" of the text or of a line ("line_begin", "line_end"), or the edge of a "word"."""

    kind: str


Tree = Chars | Sequence | Choice | Repeat | Group | Assert

_PERL: dict[str, Ranges] = {
    "d": ((48, 57),),
    "s": ((9, 10), (12, 13), (32, 32)),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
}
_POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": ((48, 57),),
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _PERL["w"],
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
_LETTERS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_COUNT = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_NAME = re.compile(r"P?<([\w]+)>", re.ASCII)
_FLAGS = re.compile(r"([imsU]*)(?:-([imsU]+))?([:)])")
_POSIX_NAME = re.compile(r"\[:(\^?)([a-z]+):\]")


@dataclass(frozen=True)
class Flags:
    """Letters of `(?imsU)`."""

    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False


def needs_re2(what: str) -> MissingDependency:
    """The error for what is left to RE2 itself."""
    return MissingDependency(f"a regular expression with {what} needs the google-re2 package", hint='pip install "loadstone[re2]"')


def parse(pattern: bytes) -> tuple[Tree, int]:
    """The tree of a pattern, and how many groups it has. Raises InputMismatch for one that RE2 does not take, MissingDependency."""
    try:
        text = pattern.decode("utf8")
    except UnicodeDecodeError as error:
        raise InputMismatch(f"the pattern {pattern!r} is not UTF-8") from error
    parser = _Parser(text)
    tree = parser.choice(Flags(), 0)
    if parser.at < len(text):
        raise parser.wrong("a ) that nothing opened")
    return tree, parser.groups


def merged(ranges: list[tuple[int, int]]) -> Ranges:
    """Ranges in order that neither meet nor overlap."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def negated(ranges: Ranges) -> Ranges:
    """All other code points."""
    edges = [-1, *(edge for pair in ranges for edge in pair), LAST + 1]
    return tuple((a + 1, b - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if a + 1 <= b - 1)


def folded(ranges: Ranges) -> Ranges:
    """Both cases of the letters; the Kelvin sign goes with k, the long s with s."""
    found = list(ranges)
    for low, high in ranges:
        if high > 127 and (low, high) != (128, LAST):
            raise needs_re2("letters beyond ASCII that ignore case")
        for first in (65, 97):
            a, b = max(low, first), min(high, first + 25)
            if a <= b:
                found.append((a ^ 32, b ^ 32))
                found += [(other, other) for letter, other in (("k", 0x212A), ("s", 0x17F)) if a <= ord(letter) - 97 + first <= b]
    return merged(found)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.groups = text, 0, 0
        self.names: set[str] = set()

    def wrong(self, why: str) -> InputMismatch:
        """The error for a pattern."""
        return InputMismatch(f"the regular expression {self.text!r}: {why} at {self.at}")

    def peek(self, count: int = 1) -> str:
        return self.text[self.at : self.at + count]

    def take(self, expected: str) -> bool:
        if self.text.startswith(expected, self.at):
            self.at += len(expected)
            return True
        return False

    def choice(self, flags: Flags, depth: int) -> Tree:
        """Up to the end of the pattern, or to the `)` that closes this."""
        if depth > MAX_DEPTH:
            raise self.wrong("groups too deep in each other")
        choices: list[list[Tree]] = [[]]
        while self.at < len(self.text) and self.peek() != ")":
            if self.take("|"):
                choices.append([])
                continue
            if self.peek(2) == "(?" and not _NAME.match(self.text, self.at + 2):
                flags, part = self._flagged(flags, depth)
            else:
                part = self._piece(flags, depth)
            if part is not None:
                choices[-1].append(part)
        sequences = tuple(parts[0] if len(parts) == 1 else Sequence(tuple(parts)) for parts in choices)
        return sequences[0] if len(sequences) == 1 else Choice(sequences)

    def _flagged(self, flags: Flags, depth: int) -> tuple[Flags, Tree | None]:
        """`(?i)`, which changes what follows, or `(?i:...)`."""
        self.at += 2
        found = _FLAGS.match(self.text, self.at)
        if not found or found[3] == ")" and not found[1] and not found[2]:
            raise self.wrong("an unknown kind of group")
        self.at = found.end()
        changed = replace(flags, **dict.fromkeys(found[1], True), **dict.fromkeys(found[2] or "", False))
        if found[3] == ")":
            return changed, None
        inner = self.choice(changed, depth + 1)
        if not self.take(")"):
            raise self.wrong("a ( that nothing closes")
        return flags, self._repeated(inner, flags)

    def _piece(self, flags: Flags, depth: int) -> Tree:
        return self._repeated(self._atom(flags, depth), flags)

    def _repeated(self, part: Tree, flags: Flags) -> Tree:
        count = self._count()
        if count is None:
            return part
        part = Repeat(part, *count, self.take("?") != flags.U)
        if self.peek() in ("*", "+", "?") and self.peek() or _COUNT.match(self.text, self.at):
            raise self.wrong("one repetition behind another")
        return part

    def _count(self) -> tuple[int, int | None] | None:
        simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(self.peek())
        if simple is not None:
            self.at += 1
            return simple
        found = _COUNT.match(self.text, self.at)
        if not found:
            return None
        self.at = found.end()
        low = int(found[1][:9])
        high = low if not found[2] else int(found[3][:9]) if found[3] else None
        if max(low, high or 0) > MAX_REPEAT or high is not None and high < low:
            raise self.wrong("a repetition that is too large or runs backwards")
        return low, high

    def _atom(self, flags: Flags, depth: int) -> Tree:
        char = self.peek()
        if char in "*+?" or _COUNT.match(self.text, self.at):
            raise self.wrong("a repetition of nothing")
        self.at += 1
        if char == "(":
            return self._group(flags, depth)
        if char == "[":
            return Chars(self._class(flags))
        if char == ".":
            return Chars(((0, LAST),) if flags.s else ((0, 9), (11, LAST)))
        if char == "^":
            return Assert("line_begin" if flags.m else "begin")
        if char == "$":
            return Assert("line_end" if flags.m else "end")
        if char == "\\":
            return self._escape(flags)
        return self._literal(ord(char), flags)

    def _literal(self, code: int, flags: Flags) -> Chars:
        single = ((code, code),)
        return Chars(folded(single) if flags.i else single)

    def _group(self, flags: Flags, depth: int) -> Tree:
        named = _NAME.match(self.text, self.at + 1) if self.peek() == "?" else None
        if named:
            if named[1] in self.names:
                raise self.wrong("a second group of one name")
            self.names.add(named[1])
            self.at = named.end()
        self.groups += 1
        index = self.groups
        inner = self.choice(flags, depth + 1)
        if not self.take(")"):
            raise self.wrong("a ( that nothing closes")
        return Group(inner, index)

    def _escape(self, flags: Flags) -> Tree:
        char = self.peek()
        if char == "Q":
            end = self.text.find("\\E", self.at)
            literal = self.text[self.at + 1 : end if end >= 0 else len(self.text)]
            self.at = end + 2 if end >= 0 else len(self.text)
            parts = tuple(self._literal(ord(c), flags) for c in literal)
            if not parts:
                return Sequence(())
            return Sequence((*parts[:-1], self._repeated(parts[-1], flags)))
        if char and char in "AzbBC":
            self.at += 1
            if char in "BC":
                raise needs_re2(f"\\{char}")
            return Assert({"A": "begin", "z": "end", "b": "word"}[char])
        group = self._perl(flags)
        return Chars(group) if group is not None else self._literal(self._code(), flags)

    def _perl(self, flags: Flags) -> Ranges | None:
        """`\\d` and the like behind the backslash."""
        char = self.peek()
        if char and char in "pP":
            raise needs_re2("Unicode classes")
        ranges = _PERL.get(char.lower()) if char else None
        if ranges is None:
            return None
        self.at += 1
        ranges = folded(ranges) if flags.i else ranges
        return negated(ranges) if char.isupper() else ranges

    def _code(self) -> int:
        """The character that an escape stands for."""
        char = self.peek()
        self.at += 1
        if char and char in _LETTERS:
            return _LETTERS[char]
        octal = re.compile("0[0-7]{0,2}|[1-7][0-7]{1,2}").match(self.text, self.at - 1)
        if octal:
            self.at = octal.end()
            return int(octal[0], 8)
        hexadecimal = re.compile(r"x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))").match(self.text, self.at - 1)
        if hexadecimal:
            self.at = hexadecimal.end()
            code = int(hexadecimal[1] or hexadecimal[2], 16)
            if code <= LAST:
                return code
        elif char and char < "\x80" and not char.isalnum():
            return ord(char)
        raise self.wrong("an unknown escape")

    def _class(self, flags: Flags) -> Ranges:
        turned = self.take("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self.peek() != "]":
            if self.at >= len(self.text):
                raise self.wrong("a [ that nothing closes")
            first = False
            ranges += self._class_item(flags)
        self.at += 1
        found = merged(ranges)
        return negated(found) if turned else found

    def _class_item(self, flags: Flags) -> Ranges:
        posix = _POSIX_NAME.match(self.text, self.at)
        if self.peek(2) == "[:" and ":]" in self.text[self.at + 2 :]:
            if not posix or posix[2] not in _POSIX:
                raise self.wrong("an unknown class of characters")
            self.at = posix.end()
            ranges = folded(_POSIX[posix[2]]) if flags.i else _POSIX[posix[2]]
            return negated(ranges) if posix[1] else ranges
        if self.peek() == "\\":
            self.at += 1
            group = self._perl(flags)
            if group is not None:
                return group
            self.at -= 1
        low = self._class_code()
        high = low
        if self.peek() == "-" and self.peek(2) not in ("-", "-]"):
            self.at += 1
            high = self._class_code()
            if high < low:
                raise self.wrong("a range that runs backwards")
        return folded(((low, high),)) if flags.i else ((low, high),)

    def _class_code(self) -> int:
        if self.take("\\"):
            return self._code()
        char = self.peek()
        if not char:
            raise self.wrong("a [ that nothing closes")
        self.at += 1
        return ord(char)
