"""GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt) as TensorFlow reads it: tensorflow/core/lib/gif/gif_io.cc.

Frames are laid over each other whatever the file says of disposing them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir.records import dataclass
from loadstone.lowering.images.sizes import checked

_INTERLACED = ((0, 8), (4, 8), (2, 4), (1, 2))


@dataclass(frozen=True)
class Frame:
    """One image: its place on the canvas, colors, the number of the transparent one (-1: none) and its numbers of colors."""

    left: int
    top: int
    colors: np.ndarray
    transparent: int
    pixels: np.ndarray


def decode(data: bytes, first: bool = False) -> np.ndarray:
    """(frames, height, width, 3), uint8; the first frame alone where that is wanted."""
    frames = []
    for frame in _frames(data):
        frames.append(frame)
        checked(frame.pixels.shape[1], frame.pixels.shape[0], len(frames))
        if first:
            break
    if not frames:
        raise InputMismatch("a GIF without an image")
    height, width = (max(frame.pixels.shape[k] for frame in frames) for k in (0, 1))
    checked(width, height, len(frames))
    made = np.zeros((len(frames), height, width, 3), np.uint8)
    for k, frame in enumerate(frames):
        if k:
            made[k] = made[k - 1]
        part = made[k, frame.top :, frame.left :]
        pixels = frame.pixels[: part.shape[0], : part.shape[1]]
        shown = pixels != frame.transparent
        if pixels[shown].size and int(pixels[shown].max()) >= len(frame.colors):
            raise InputMismatch("a GIF with colors that its table does not have")
        part[: pixels.shape[0], : pixels.shape[1]][shown] = frame.colors[pixels[shown]]
    return made


def _frames(data: bytes) -> Iterator[Frame]:
    if len(data) < 13:
        raise _cut()
    shared, at = _colors(data, 13, data[10])
    transparent = -1
    while at < len(data) and data[at] != 0x3B:
        if data[at] == 0x21:
            body, after = _blocks(data, at + 2)
            if data[at + 1 : at + 2] == b"\xf9" and len(body) >= 4:
                transparent = body[3] if body[0] & 1 else -1
            at = after
        elif data[at] == 0x2C and at + 10 < len(data):
            left, top, width, height = (int.from_bytes(data[at + k : at + k + 2], "little") for k in (1, 3, 5, 7))
            packed = data[at + 9]
            checked(width, height)
            own, at = _colors(data, at + 10, packed)
            size = data[at] if at < len(data) else 0
            body, at = _blocks(data, at + 1)
            pixels = np.frombuffer(_lzw(body, size, width * height), np.uint8).reshape(height, width)
            if packed & 0x40:
                order = [row for start, step in _INTERLACED for row in range(start, height, step)]
                pixels = pixels[np.argsort(order)]
            yield Frame(left, top, own if packed & 0x80 else shared, transparent, pixels)
            transparent = -1
        else:
            raise InputMismatch("a GIF with a block of no kind")
    if at >= len(data):
        raise _cut()


def _colors(data: bytes, at: int, packed: int) -> tuple[np.ndarray, int]:
    """A table of colors, where there is one, and the offset behind it."""
    count = 2 << (packed & 7) if packed & 0x80 else 0
    if at + 3 * count > len(data):
        raise _cut()
    return np.frombuffer(data[at : at + 3 * count], np.uint8).reshape(-1, 3), at + 3 * count


def _blocks(data: bytes, at: int) -> tuple[bytes, int]:
    """What blocks hold up to the empty one, and the offset behind that."""
    found = []
    while at < len(data) and data[at]:
        found.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    if at >= len(data):
        raise _cut()
    return b"".join(found), at + 1


def _lzw(body: bytes, size: int, count: int) -> bytes:
    """The numbers of colors that codes stand for; at least `count` have to be there."""
    if not 2 <= size <= 8:
        raise InputMismatch(f"a GIF with codes of {size} bits")
    clear, end = 1 << size, (1 << size) + 1
    table = [bytes([k]) for k in range(clear)] + [b"", b""]
    made: list[bytes] = []
    total, at, width, before = 0, 0, size + 1, b""
    while total < count:
        code = int.from_bytes(body[at >> 3 : (at >> 3) + 3], "little") >> (at & 7) & ((1 << width) - 1)
        at += width
        if at > 8 * len(body) or code == end:
            raise _cut()
        if code == clear:
            del table[end + 1 :]
            width, before = size + 1, b""
            continue
        if code > len(table) or code == len(table) and not before:
            raise InputMismatch("a GIF with a code that stands for nothing")
        entry = table[code] if code < len(table) else before + before[:1]
        made.append(entry)
        total += len(entry)
        if before and len(table) < 4096:
            table.append(before + entry[:1])
            if len(table) == 1 << width and width < 12:
                width += 1
        before = entry
    return b"".join(made)[:count]


def _cut() -> InputMismatch:
    return InputMismatch("a GIF that is cut off")
