"""Regular expressions of TensorFlow: RE2 where the package is installed, else the machine of `re2_machine`.

tensorflow/core/kernels/regex_replace_op.cc, regex_full_match_op.cc; replacing is RE2::Replace and RE2::GlobalReplace (re2/re2.cc).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from loadstone.errors import InputMismatch
from loadstone.lowering.text.re2_machine import Find, compile_pattern

_CHARACTER = re.compile(
    rb"[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}"
    rb"|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
_REWRITE = re.compile(rb"\\(.)|\\$|[^\\]+", re.DOTALL)


def full_match(pattern: bytes) -> Callable[[bytes], bool]:
    """Whether a text fits a pattern as a whole."""
    engine = _re2(pattern)
    if engine is not None:
        return lambda text: engine.fullmatch(text) is not None
    machine = compile_pattern(pattern, whole=True)
    return lambda text: machine.finder(text, anchored=True)(0) is not None


def replacing(pattern: bytes, rewrite: bytes, everywhere: bool) -> Callable[[bytes], bytes]:
    """A text with what fits replaced; `\\0` in the rewrite is the match, `\\1` to `\\9` are its groups."""
    engine = _re2(pattern)
    if engine is not None:
        groups, finder = engine.groups, _finder_of(engine)
    else:
        machine = compile_pattern(pattern)
        groups, finder = machine.groups, machine.finder
    parts, whole = _rewrite(rewrite)
    if not whole and not everywhere or any(isinstance(part, int) and part > groups for part in _rewrite(rewrite, whole=True)[0]):
        return lambda text: text  # RE2 says that the rewrite is wrong, and TensorFlow does not ask

    def made(text: bytes, spans: Any) -> bytes:
        return b"".join(part if isinstance(part, bytes) else text[slice(*spans[part])] if spans[part][0] >= 0 else b"" for part in parts)

    return lambda text: _replaced(text, finder(text), made, everywhere)


def _replaced(text: bytes, find: Find, made: Callable[[bytes, Any], bytes], everywhere: bool) -> bytes:
    """RE2::GlobalReplace: a match of nothing right behind another match does not count."""
    if not everywhere:
        spans = find(0)
        return text if spans is None else text[: spans[0][0]] + made(text, spans) + text[spans[0][1] :]
    pieces: list[bytes] = []
    at, last = 0, -1
    while at <= len(text):
        spans = find(at)
        if spans is None:
            break
        start, end = spans[0]
        pieces.append(text[at:start])
        if start == last == end:
            step = _CHARACTER.match(text, start)
            at = step.end() if step else start + 1
            pieces.append(text[start:at])
            continue
        pieces.append(made(text, spans))
        at = last = end
    return b"".join([*pieces, text[at:]])


def _rewrite(rewrite: bytes, whole: bool = False) -> tuple[list[bytes | int], bool]:
    """Literal bytes and numbers of groups, up to a backslash that neither a digit nor a backslash follows (whole: beyond it too).

    Tells also whether there is no such backslash.
    """
    parts: list[bytes | int] = []
    right = True
    for found in _REWRITE.finditer(rewrite):
        if not found[0].startswith(b"\\"):
            parts.append(found[0])
        elif found[1] is not None and found[1].isdigit():
            parts.append(int(found[1]))
        elif found[1] == b"\\":
            parts.append(b"\\")
        else:
            right = False
            if not whole:
                break
    return parts, right


@lru_cache(maxsize=64)
def _re2(pattern: bytes) -> Any:
    """The pattern compiled by RE2; None where that is not installed."""
    try:
        import re2
    except ImportError:
        return None
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise InputMismatch(f"the regular expression {pattern!r}: {error}") from error


def _finder_of(engine: Any) -> Callable[[bytes], Find]:
    def finder(text: bytes) -> Find:
        def find(start: int) -> Any:
            found = engine.search(text, start)
            return None if found is None else tuple(found.span(k) for k in range(engine.groups + 1))

        return find

    return finder
