"""Snappy blocks (https://github.com/google/snappy/blob/main/format_description.txt), as old TensorFlow tables hold them."""

from __future__ import annotations

from loadstone.containers.wire import varint
from loadstone.errors import CorruptFile

MAX_BLOCK = 1 << 30


def decompress(data: bytes | memoryview) -> bytes:
    """The bytes of one block. Raises CorruptFile where they are not what the block announces."""
    view = memoryview(data)
    size, at = varint(view, 0)
    if size > min(MAX_BLOCK, 64 * len(view) + 64):  # an element of three bytes gives 64 at most
        raise CorruptFile(f"a snappy block of {len(view)} bytes announces {size}")
    out = bytearray()
    try:
        while at < len(view):
            tag = view[at]
            at += 1
            if tag & 3 == 0:  # a literal
                length = (tag >> 2) + 1
                if length > 60:
                    width = length - 60
                    length = int.from_bytes(view[at : at + width], "little") + 1
                    at += width
                out += view[at : at + length]
                at += length
                continue
            length, offset, at = _copy(view, tag, at)
            start = len(out) - offset
            if start < 0 or not offset:
                raise CorruptFile("a snappy block refers to bytes before its start")
            while length:
                piece = out[start : start + length]
                out += piece
                start += len(piece)
                length -= len(piece)
            if len(out) > size:
                break
    except IndexError as error:
        raise CorruptFile("a snappy block is cut off") from error
    if len(out) != size:
        raise CorruptFile(f"a snappy block announces {size} bytes and holds {len(out)}")
    return bytes(out)


def _copy(view: memoryview, tag: int, at: int) -> tuple[int, int, int]:
    """Length and distance of a repetition, and the offset behind it."""
    if tag & 3 == 1:
        return ((tag >> 2) & 7) + 4, (tag >> 5) << 8 | view[at], at + 1
    width = 2 if tag & 3 == 2 else 4
    if at + width > len(view):
        raise IndexError(at)
    return (tag >> 2) + 1, int.from_bytes(view[at : at + width], "little"), at + width
