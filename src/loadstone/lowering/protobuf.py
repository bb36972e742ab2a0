"""Messages of Protocol Buffers, written as the bytes of their fields one after the other (https://protobuf.dev/programming-guides/encoding/)."""

from __future__ import annotations

import struct

_VARINT, _BYTES, _FIXED32 = 0, 2, 5
_SMALL = [bytes([number]) for number in range(128)]


def varint(number: int) -> bytes:
    """An integer; a negative one is 64-bit two's complement."""
    if 0 <= number < 128:
        return _SMALL[number]
    number &= 2**64 - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def integer(field: int, value: int) -> bytes:
    """A field that is an integer, a bool or an enum."""
    return varint(field << 3 | _VARINT) + varint(value)


def single(field: int, value: float) -> bytes:
    """A field that is a float."""
    return varint(field << 3 | _FIXED32) + struct.pack("<f", value)


def delimited(field: int, value: bytes) -> bytes:
    """A field that has a length: bytes, or a message."""
    return varint(field << 3 | _BYTES) + varint(len(value)) + value


def string(field: int, value: str) -> bytes:
    """A field of text; lone surrogates, which names from a file may hold, are spelt out."""
    return delimited(field, value.encode(errors="backslashreplace"))
