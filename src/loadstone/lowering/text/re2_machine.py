"""Regular expressions run as RE2 runs them: all ways at once, so that time grows with the length of the text alone.

The machine is Thompson's with the threads of Pike in the order of their preference (https://swtch.com/~rsc/regexp/regexp2.html). Texts
are bytes; what is no UTF-8 in them fits no character, as in RE2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from loadstone.errors import InputMismatch
from loadstone.ir.records import dataclass, field
from loadstone.lowering.text.re2_syntax import LAST, Assert, Chars, Choice, Group, Repeat, Sequence, Tree, needs_re2, parse

Spans = tuple[tuple[int, int], ...]  # of the match and of each group; (-1, -1) where a group took no part
Find = Callable[[int], Spans | None]

MAX_PROGRAM, MAX_WORK = 20_000, 1 << 25
_RUNE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}"
    rb"|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x00-\xff]",
    re.DOTALL,
)
_NOTHING = -1  # a byte that belongs to no character
_CHAR, _SPLIT, _SAVE, _ASSERT, _MATCH = range(5)


@dataclass(frozen=True)
class Machine:
    """A compiled pattern. code: for each step its kind and what that needs; anchored ends only at the end of the text."""

    code: list[tuple[int, Any, Any]]
    groups: int
    first: frozenset[int] | None = field(default=None)

    def finder(self, text: bytes, anchored: bool = False) -> Find:
        """A function from a place in the text to the first match from there on."""
        runes, places = _runes(text)
        index = {place: k for k, place in enumerate(places)}
        work = 0

        def find(start: int) -> Spans | None:
            nonlocal work
            saved, end = self._run(runes, index[start], anchored, (MAX_WORK - work) // len(self.code))
            work += (end - index[start]) * len(self.code)
            if saved is None:
                return None
            ends = [places[k] if k >= 0 else -1 for k in saved]
            return tuple(zip(ends[::2], ends[1::2], strict=True))

        return find

    def _run(self, runes: list[int], start: int, anchored: bool, most: int) -> tuple[tuple[int, ...] | None, int]:
        """The places of a match, and how far it was looked for; at most this many characters."""
        code, end, best = self.code, len(runes), None
        threads: list[tuple[int, tuple[int, ...]]] = []
        none = (-1,) * (2 * self.groups + 2)
        seen = [-1] * len(code)
        at = start
        while True:
            if best is None and (at == start or not anchored):
                if not threads and self.first is not None and not anchored:
                    while at < end and runes[at] not in self.first:
                        at += 1
                    if at == end:
                        return None, at
                self._follow(threads, seen, 0, (at, *none[1:]), runes, at)
            following: list[tuple[int, tuple[int, ...]]] = []
            stamp = [-1] * len(code)
            for step, saved in threads:
                kind, what, _ = code[step]
                if kind == _MATCH:
                    best = (saved[0], at, *saved[2:])
                    break
                if at < end and what(runes[at]):
                    self._follow(following, stamp, step + 1, saved, runes, at + 1)
            if at >= end or not following and (best is not None or anchored):
                return best, at
            threads, seen, at = following, stamp, at + 1
            if at - start > most:
                raise needs_re2(f"{len(code)} steps over {len(runes)} characters")

    def _follow(
        self, threads: list[Any], seen: list[int], step: int, saved: tuple[int, ...], runes: list[int], at: int
    ) -> None:  # fmt: skip
        """Add the threads that a step leads to without a character, in the order of preference."""
        stack = [(step, saved)]
        while stack:
            step, saved = stack.pop()
            while seen[step] < 0:
                seen[step] = at
                kind, one, other = self.code[step]
                if kind == _SPLIT:
                    if other is not None:
                        stack.append((other, saved))
                    step = one
                elif kind == _SAVE:
                    saved = (*saved[:one], at, *saved[one + 1 :])
                    step += 1
                elif kind == _ASSERT:
                    if not _HOLDS[one](runes, at):
                        break
                    step += 1
                else:
                    threads.append((step, saved))
                    break


def compile_pattern(pattern: bytes, whole: bool = False) -> Machine:
    """The machine of a pattern; whole: it fits texts as a whole."""
    tree, groups = parse(pattern)
    code: list[tuple[int, Any, Any]] = []
    _emit(tree, code)
    if whole:
        code.append((_ASSERT, "end", None))
    code.append((_MATCH, None, None))
    return Machine(code, groups, _first(code))


def _emit(tree: Tree, code: list[tuple[int, Any, Any]]) -> None:
    if len(code) > MAX_PROGRAM:
        raise InputMismatch("a regular expression that is too large")
    if isinstance(tree, Chars):
        code.append((_CHAR, _among(tree), tree))
    elif isinstance(tree, Assert):
        code.append((_ASSERT, tree.kind, None))
    elif isinstance(tree, Sequence):
        for part in tree.parts:
            _emit(part, code)
    elif isinstance(tree, Group):
        code.append((_SAVE, 2 * tree.index, None))
        _emit(tree.part, code)
        code.append((_SAVE, 2 * tree.index + 1, None))
    elif isinstance(tree, Choice):
        _emit_choice(tree, code)
    else:
        _emit_repeat(tree, code)


def _emit_choice(tree: Choice, code: list[tuple[int, Any, Any]]) -> None:
    exits = []
    for k, part in enumerate(tree.parts):
        fork = len(code)
        if k < len(tree.parts) - 1:
            code.append((_SPLIT, fork + 1, None))
        _emit(part, code)
        if k < len(tree.parts) - 1:
            exits.append(len(code))
            code.append((_SPLIT, None, None))
            code[fork] = (_SPLIT, fork + 1, len(code))
    for place in exits:
        code[place] = (_SPLIT, len(code), None)


def _emit_repeat(tree: Repeat, code: list[tuple[int, Any, Any]]) -> None:
    """x{2,} is xx+, x{2,4} is xx(x(x)?)?, x* is (x+)? so that what fits nothing keeps its order."""

    def fork(place: int, inside: int, outside: int) -> None:
        code[place] = (_SPLIT, outside, inside) if tree.lazy else (_SPLIT, inside, outside)

    for _ in range(tree.low - (tree.high is None and tree.low > 0)):
        _emit(tree.part, code)
    opened = []
    if tree.high is None:
        if tree.low == 0:
            opened.append(len(code))
            code.append((_SPLIT, None, None))
        begin = len(code)
        _emit(tree.part, code)
        code.append((_SPLIT, None, None))
        fork(len(code) - 1, begin, len(code))
    else:
        for _ in range(tree.high - tree.low):
            opened.append(len(code))
            code.append((_SPLIT, None, None))
            _emit(tree.part, code)
    for place in opened:
        fork(place, place + 1, len(code))


def _among(chars: Chars) -> Callable[[int], bool]:
    ranges = chars.ranges
    if ranges and ranges[-1][1] < 128:
        return frozenset(code for low, high in ranges for code in range(low, high + 1)).__contains__
    ascii_ = frozenset(code for low, high in ranges for code in range(low, min(high, 127) + 1))
    beyond = [(max(low, 128), high) for low, high in ranges if high >= 128]
    return lambda code: code in ascii_ if code < 128 else any(low <= code <= high for low, high in beyond)


def _first(code: list[tuple[int, Any, Any]]) -> frozenset[int] | None:
    """The ASCII characters that a match begins with, where it has to begin with one."""
    found: set[int] = set()
    stack, seen = [0], set()
    while stack:
        step = stack.pop()
        if step in seen:
            continue
        seen.add(step)
        kind, one, other = code[step]
        if kind == _MATCH:
            return None
        if kind == _CHAR:
            if other.ranges and other.ranges[-1][1] > 127:
                return None
            found |= {c for low, high in other.ranges for c in range(low, high + 1)}
        else:
            stack += [k for k in (one, other) if k is not None] if kind == _SPLIT else [step + 1]
    return frozenset(found)


def _runes(text: bytes) -> tuple[list[int], range | list[int]]:
    """Code points, and where they begin."""
    if text.isascii():
        return list(text), range(len(text) + 1)
    runes, places = [], []
    for found in _RUNE.finditer(text):
        places.append(found.start())
        part = found[0]
        runes.append(part[0] if part[0] < 128 else _NOTHING if len(part) == 1 else ord(part.decode("utf8", "surrogatepass")))
    return runes, [*places, len(text)]


def _word(code: int) -> bool:
    return 48 <= code <= 57 or 65 <= code <= 90 or code == 95 or 97 <= code <= 122


_HOLDS: dict[str, Callable[[list[int], int], bool]] = {
    "begin": lambda runes, at: at == 0,
    "end": lambda runes, at: at == len(runes),
    "line_begin": lambda runes, at: at == 0 or runes[at - 1] == 10,
    "line_end": lambda runes, at: at == len(runes) or runes[at] == 10,
    "word": lambda runes, at: (at > 0 and _word(runes[at - 1])) != (at < len(runes) and _word(runes[at])),
}
assert LAST == 0x10FFFF
