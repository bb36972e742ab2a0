"""Texts as code points and back: what ICU's converters make of bytes, as TensorFlow's unicode ops call them.

tensorflow/core/kernels/unicode_ops.cc. What is not well-formed is one replacement for each maximal part that could have begun a
character (https://www.unicode.org/versions/latest/core-spec/chapter-3/, U+FFFD substitution).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir.records import dataclass
from loadstone.lowering.text.arrays import flat, objects, runs, splits

BAD = -1  # where bytes are no character
Decoded = Iterator[tuple[int, int]]  # a code point or BAD, and where it begins
_UTF8 = re.compile(
    rb"[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
    rb"|(\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f]|\xf0[\x90-\xbf][\x80-\xbf]?|[\xf1-\xf3][\x80-\xbf]{1,2}"
    rb"|\xf4[\x80-\x8f][\x80-\xbf]?|[\x80-\xff])"
)
# Names that ICU knows, without what it does not look at ("-", "_", space, case).
_NAMES = {
    **dict.fromkeys("utf8 cp1208 ibm1208".split(), "utf-8"),
    **dict.fromkeys("utf16be xutf16be".split(), "utf-16-be"),
    **dict.fromkeys("utf16le xutf16le".split(), "utf-16-le"),
    **dict.fromkeys("utf32be ucs4".split(), "utf-32-be"),
    "utf32le": "utf-32-le",
    **dict.fromkeys("usascii ascii iso646us ansix341968 us cp367 646".split(), "ascii"),
    **dict.fromkeys("iso88591 latin1 l1 cp819 ibm819 88591".split(), "latin-1"),
}


_BYTES = re.compile("iso-?8859-?([1-9]|10|13|14|15)|koi8-?[ru]|windows-?125[01246]", re.IGNORECASE)  # one byte a character


def codec(name: str) -> str | None:
    """The encoding of a name as ICU understands it; None for one that is not here."""
    found = _NAMES.get(re.sub("[-_ ]", "", name).lower())
    return name.lower() if found is None and _BYTES.fullmatch(name) else found


def _utf8(text: bytes) -> Decoded:
    for found in _UTF8.finditer(text):
        yield (BAD if found[1] is not None else ord(found[0].decode())), found.start()


def _utf16(order: str) -> Callable[[bytes], Decoded]:
    def decode(text: bytes) -> Decoded:
        units = np.frombuffer(text[: len(text) // 2 * 2], f"{order}u2").tolist()
        at = 0
        while at < len(units):
            unit, begin = units[at], 2 * at
            at += 1
            if 0xD800 <= unit < 0xDC00:
                if at < len(units) and 0xDC00 <= units[at] < 0xE000:
                    unit = 0x10000 + ((unit - 0xD800) << 10) + units[at] - 0xDC00
                    at += 1
                elif at == len(units) and len(text) % 2:
                    yield BAD, begin
                    return
                else:
                    unit = BAD
            elif 0xDC00 <= unit < 0xE000:
                unit = BAD
            yield unit, begin
        if len(text) % 2:
            yield BAD, len(text) - 1

    return decode


def _utf32(order: str) -> Callable[[bytes], Decoded]:
    def decode(text: bytes) -> Decoded:
        for k, unit in enumerate(np.frombuffer(text[: len(text) // 4 * 4], f"{order}u4").tolist()):
            yield (unit if unit < 0xD800 or 0xE000 <= unit <= 0x10FFFF else BAD), 4 * k
        if len(text) % 4:
            yield BAD, len(text) // 4 * 4

    return decode


_DECODERS: dict[str, Callable[[bytes], Decoded]] = {
    "utf-8": _utf8,
    "utf-16-be": _utf16(">"),
    "utf-16-le": _utf16("<"),
    "utf-32-be": _utf32(">"),
    "utf-32-le": _utf32("<"),
    "ascii": lambda text: ((byte if byte < 128 else BAD, at) for at, byte in enumerate(text)),
    "latin-1": lambda text: ((byte, at) for at, byte in enumerate(text)),
}


def _bytewise(name: str) -> Callable[[bytes], Decoded]:
    """Bytes that an encoding leaves out stand for themselves in those of Windows, and for nothing in others."""
    letters = [bytes([byte]).decode(name, "replace") for byte in range(256)]
    windows = name.startswith("windows")
    codes = [byte if letter == "\ufffd" and windows else BAD if letter == "\ufffd" else ord(letter) for byte, letter in enumerate(letters)]
    return lambda text: ((codes[byte], at) for at, byte in enumerate(text))


@dataclass(frozen=True)
class Reader:
    """How bytes are read. errors is "replace", "ignore" or "strict"; controls: characters below U+0020 count as errors."""

    encoding: str
    errors: str = "replace"
    replacement: int = 0xFFFD
    controls: bool = False

    def read(self, text: bytes) -> list[tuple[int, int]]:
        """Code points, and where they begin. Raises InputMismatch for what is strict and wrong."""
        found = []
        decode = _DECODERS.get(self.encoding) or _bytewise(self.encoding)
        for code, at in decode(text):
            if code == BAD or self.controls and code < 0x20:
                if self.errors == "strict":
                    raise InputMismatch(f"bytes that are no {self.encoding}: {text[at : at + 8]!r} at {at}")
                if self.errors == "ignore":
                    continue
                code = self.replacement
            found.append((code, at))
        return found

    def decode(self, strings: np.ndarray) -> list[np.ndarray]:
        """All code points in a row, where each begins, and the splits of the strings."""
        rows = [self.read(text) for text in flat(strings)]
        pairs = np.array([pair for row in rows for pair in row], np.int64).reshape(-1, 2)
        return [splits(rows), pairs[:, 0].astype(np.int32), pairs[:, 1]]

    def transcode(self, text: bytes, to: str) -> bytes:
        """The same text in another encoding."""
        return Writer(to, "replace", self.replacement).write([code for code, _ in self.read(text)])


@dataclass(frozen=True)
class Writer:
    """How code points are written."""

    encoding: str
    errors: str = "replace"
    replacement: int = 0xFFFD

    def write(self, codes: Sequence[int]) -> bytes:
        """Code points as bytes. Raises InputMismatch for what is strict and wrong."""
        kept = []
        for code in codes:
            if not 0 <= code <= 0x10FFFF or 0xD800 <= code < 0xE000:
                if self.errors == "strict":
                    raise InputMismatch(f"{code} is no code point of Unicode")
                if self.errors == "ignore":
                    continue
                code = self.replacement
            kept.append(chr(code))
        return "".join(kept).encode(self.encoding, "surrogatepass")

    def encode(self, values: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """A string of each row."""
        codes = flat(values)
        return objects(self.write(codes[a:b]) for a, b in runs(starts, len(codes)))


def lower(text: bytes) -> bytes:
    """Small letters in UTF-8, up to a NUL, as TensorFlow hands texts to ICU."""
    return text.partition(b"\0")[0].decode("utf8", "replace").lower().encode()


def upper(text: bytes) -> bytes:
    """Capital letters in UTF-8, up to a NUL."""
    return text.partition(b"\0")[0].decode("utf8", "replace").upper().encode()


def script(codes: np.ndarray) -> np.ndarray:
    """The number of the script of each code point (`UScriptCode` of ICU), int32; -1 beyond Unicode."""
    starts, numbers = _scripts()
    wide = codes.astype(np.int64)
    found = numbers[np.clip(np.searchsorted(starts, wide, "right") - 1, 0, None)]
    return np.where((wide >= 0) & (wide <= 0x10FFFF), found, -1).astype(np.int32).reshape(codes.shape)


@cache
def _scripts() -> tuple[np.ndarray, np.ndarray]:
    """Where scripts begin, in order, and their numbers: what tests/golden/make_unicode_scripts.py wrote."""
    with open(os.path.join(os.path.dirname(__file__), "scripts.tsv"), encoding="ascii") as table:
        pairs = [line.split("\t") for line in table]
    return np.array([int(start, 16) for start, _ in pairs]), np.array([int(number) for _, number in pairs])
