"""What TensorFlow's string ops compute of bytes: splitting, joining, cutting, counting, n-grams, base64.

tensorflow/core/kernels/string_split_op.cc, reduce_join_op.cc, substr_op.cc, string_util.cc, string_ngrams_op.cc, base64.cc.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir.records import dataclass
from loadstone.lowering.text.arrays import MOST_STRINGS, flat, objects, ragged, runs, splits, within_limit

SPACE = b" \t\n\v\f\r"
_WEB_SAFE = re.compile(rb"[0-9A-Za-z_-]*")

# -- splitting --------------------------------------------------------------------------------------------------------


def split_at(strings: np.ndarray, delimiters: bytes, skip_empty: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """StringSplit: parts between any of the delimiters, every byte where there is none; as a sparse matrix."""

    def cut(text: bytes) -> list[bytes]:
        if not delimiters:
            return [text[i : i + 1] for i in range(len(text))]
        first = delimiters[:1]
        for other in delimiters[1:]:
            text = text.replace(bytes([other]), first)
        return [part for part in text.split(first) if part or not skip_empty]

    return _sparse([cut(text) if text else [] for text in flat(strings)])


def split_by(strings: np.ndarray, separator: bytes, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """StringSplitV2: parts between separators, or between runs of white space where there is none; at most `most` cuts unless negative."""
    cut = (lambda text: text.split(separator, max(most, -1))) if separator else (lambda text: _words(text, most))
    return _sparse([cut(text) for text in flat(strings)])


def _words(text: bytes, most: int) -> list[bytes]:
    """Words; what follows the last cut is kept without the space before it, even where nothing does."""
    if most == 0:
        return [text]
    found = text.split()
    if most < 0 or len(found) < most:
        return found
    return [*found, b""] if len(found) == most else text.split(None, most)


def _sparse(rows: list[list[bytes]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    places, shape = ragged(rows)
    return places, objects([part for row in rows for part in row]), shape


# -- joining ----------------------------------------------------------------------------------------------------------


def join(arrays: Sequence[np.ndarray], separator: bytes) -> np.ndarray:
    """Strings of the same place joined; scalars are for every place."""
    shape = next((a.shape for a in arrays if a.ndim), ())
    if any(a.ndim and a.shape != shape for a in arrays):
        raise InputMismatch(f"strings of shapes {', '.join(str(a.shape) for a in arrays)} joined")
    count = int(np.prod(shape))
    columns = [flat(a) if a.ndim else flat(a) * count for a in arrays]
    return objects((separator.join(row) for row in zip(*columns, strict=True)), shape)


def reduce_join(array: np.ndarray, axes: Sequence[int], separator: bytes) -> np.ndarray:
    """Strings joined over axes, of which the first changes fastest."""
    kept = [k for k in range(array.ndim) if k not in axes]
    turned = array.transpose([*kept, *reversed(axes)])
    count = int(np.prod([array.shape[k] for k in axes]))
    lead = turned.shape[: len(kept)]
    rows = turned.reshape(int(np.prod(lead)), count).tolist()
    return objects((separator.join(row) for row in rows), lead)


def segment_join(array: np.ndarray, ids: np.ndarray, count: int, separator: bytes) -> np.ndarray:
    """Slices joined that have one id, which counts the first axes: (count, ...). Nothing parts a text from empty ones before it."""
    rest = array.shape[ids.ndim :]
    within_limit(count * int(np.prod(rest)), "a number of strings", MOST_STRINGS)
    if array.shape[: ids.ndim] != ids.shape or count < 0 or any(not 0 <= i < count for i in flat(ids)):
        raise InputMismatch(f"segment ids outside of 0 to {count - 1}")
    parts: dict[tuple[int, int], list[bytes]] = {}
    size = int(np.prod(rest))
    for i, row in zip(flat(ids), array.reshape(ids.size, size).tolist(), strict=True):
        for k, item in enumerate(row):
            found = parts.setdefault((i, k), [])
            if found or item:
                found.append(item)
    return objects((separator.join(parts.get((i, k), ())) for i in range(count) for k in range(size)), (count, *rest))


# -- cutting and counting ---------------------------------------------------------------------------------------------


def characters(text: bytes) -> int:
    """Bytes that begin a character of UTF-8."""
    return sum((byte & 0xC0) != 0x80 for byte in text)


def substr(strings: np.ndarray, positions: np.ndarray, lengths: np.ndarray, by_character: bool) -> np.ndarray:
    """Parts of strings from positions on; negative positions count from the end."""
    cut = _cut_characters if by_character else _cut_bytes
    texts, places, counts = np.broadcast_arrays(strings, positions, lengths)
    return objects((cut(*one) for one in zip(flat(texts), flat(places), flat(counts), strict=True)), texts.shape)


def _cut_bytes(text: bytes, position: int, length: int) -> bytes:
    if not -len(text) <= position <= len(text):
        raise InputMismatch(f"position {position} of a string of {len(text)} bytes")
    start = position % len(text) if position < 0 else position
    return text[start:] if length < 0 else text[start : start + length]


def _cut_characters(text: bytes, position: int, length: int) -> bytes:
    """Positions as TensorFlow steps: bytes that continue a character never begin one, save at the very start."""
    starts = [i for i, byte in enumerate(text) if i == 0 or (byte & 0xC0) != 0x80]
    if not -len(starts) <= position <= len(starts) or position < 0 and length < 0:
        raise InputMismatch(f"position {position} and length {length} of a string of {len(starts)} characters")
    first = position + len(starts) if position < 0 else position
    bounds = [*starts, len(text)]
    return text[bounds[first] : bounds[min(first + max(length, 0), len(starts))]]


# -- n-grams ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grams:
    """StringNGrams: how runs of tokens are made; pad_width -1 is the width less one."""

    separator: bytes
    widths: tuple[int, ...]
    left: bytes
    right: bytes
    pad_width: int
    keep_short: bool

    def __call__(self, tokens: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The n-grams of every row of tokens, and their splits."""
        items = flat(tokens)
        within_limit(
            sum(width * (len(items) + 2 * width * starts.size) for width in self.widths), "a number of tokens in n-grams", MOST_STRINGS
        )
        rows = [self._row(items[a:b]) for a, b in (runs(starts, len(items)) if starts.size else [])]
        if not starts.size:
            return objects([b""] * len(items)), starts
        return objects([gram for row in rows for gram in row]), splits(rows, starts.dtype)

    def _row(self, tokens: list[bytes]) -> list[bytes]:
        found = [gram for width in self.widths for gram in self._of_width(tokens, width)]
        if self.keep_short and not found and tokens:
            pad = self.pad_width if self.pad_width >= 0 else 0
            found = [self.separator.join([self.left] * pad + tokens + [self.right] * pad)]
        return found

    def _of_width(self, tokens: list[bytes], width: int) -> list[bytes]:
        pad = width - 1 if self.pad_width < 0 else min(self.pad_width, width - 1)
        padded = [self.left] * pad + tokens + [self.right] * pad
        return [self.separator.join(padded[i : i + width]) for i in range(len(padded) - width + 1)]


# -- base64 -----------------------------------------------------------------------------------------------------------


def encode_base64(pad: bool) -> Callable[[bytes], bytes]:
    """Web-safe base64, with or without "=" at the end."""
    return lambda text: base64.urlsafe_b64encode(text) if pad else base64.urlsafe_b64encode(text).rstrip(b"=")


def decode_base64(text: bytes) -> bytes:
    """The bytes that web-safe base64 stands for; "=" only fill the last four."""
    body = text[:-2] + text[-2:].rstrip(b"=") if text and len(text) % 4 == 0 else text
    if not _WEB_SAFE.fullmatch(body) or len(body) % 4 == 1:
        raise InputMismatch(f"{text[:40]!r} is no web-safe base64")
    return base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
