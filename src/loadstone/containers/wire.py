"""Protocol Buffers on the wire: the fields of a message, without a schema (https://protobuf.dev/programming-guides/encoding/).

A message is read as its field numbers with their values: an integer for varints and fixed widths, the bytes for everything that
has a length. What a field means is for the caller to know. It is written as the bytes of its fields one after the other.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping

from loadstone.errors import CorruptFile

Value = int | memoryview
_MASK = (1 << 64) - 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def fields(data: bytes | memoryview) -> Iterator[tuple[int, Value]]:
    """Every field of a message in file order. Raises CorruptFile where the bytes are no message."""
    view, at = memoryview(data), 0
    end = len(view)
    while at < end:
        tag, at = (view[at], at + 1) if view[at] < 0x80 else varint(view, at)  # most are of one byte
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = varint(view, at)
            yield number, value
        elif kind in (_FIXED64, _FIXED32):
            form = "<Q" if kind == _FIXED64 else "<I"
            width = struct.calcsize(form)
            if at + width > len(view):
                raise _cut()
            yield number, struct.unpack_from(form, view, at)[0]
            at += width
        elif kind == _BYTES:
            length, at = (view[at], at + 1) if at < end and view[at] < 0x80 else varint(view, at)
            if at + length > end:
                raise _cut()
            yield number, view[at : at + length]
            at += length
        else:
            raise CorruptFile(f"a protobuf field of wire type {kind}")


def pair(entry: memoryview) -> tuple[Value, Value]:
    """Key and value of an entry of a map; empty bytes for one that is left out."""
    end = len(entry)
    if 3 < end < 0x80 and entry[0] == 0x0A:  # a short string, and then a short message, as most are
        at = entry[1] + 2
        if at + 1 < end and entry[at] == 0x12 and at + 2 + entry[at + 1] == end:
            return entry[2:at], entry[at + 2 :]
    found = dict(fields(entry))
    return found.get(1, memoryview(b"")), found.get(2, memoryview(b""))


def varint(view: memoryview, at: int) -> tuple[int, int]:
    """The integer at an offset, and the offset behind it."""
    value = shift = 0
    while True:
        if at >= len(view) or shift > 63:
            raise _cut()
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & _MASK, at  # the tenth byte has one bit to give
        shift += 7


def signed(value: int) -> int:
    """An int32 or int64 field: negative numbers are written as 64-bit two's complement."""
    return value - (1 << 64) if value >= 1 << 63 else value


def integer(value: Value) -> int:
    """A field that should be a number."""
    if not isinstance(value, int):
        raise CorruptFile("a protobuf field holds bytes where a number belongs")
    return value


def content(value: Value) -> memoryview:
    """A field that should have a length: a message, a string, bytes."""
    if isinstance(value, int):
        raise CorruptFile("a protobuf field holds a number where bytes belong")
    return value


def text(value: Value) -> str:
    """A string field."""
    try:
        return str(content(value), "utf8")
    except UnicodeDecodeError as error:
        raise CorruptFile(f"a protobuf string is not UTF-8: {error}") from error


# -- writing ----------------------------------------------------------------------------------------------------------


def encoded(value: int) -> bytes:
    """A varint; a negative number is 64-bit two's complement."""
    value &= _MASK
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    """A field that is an integer, a bool or an enum."""
    return encoded(field << 3) + encoded(value)


def delimited(field: int, data: bytes | bytearray | memoryview) -> bytes:
    """A field that has a length: bytes, or a message."""
    return b"".join((encoded(field << 3 | _BYTES), encoded(len(data)), data))


def string(field: int, value: str) -> bytes:
    """A field of text; lone surrogates stand for bytes that are no UTF-8."""
    return delimited(field, value.encode("utf8", "surrogateescape"))


def single(field: int, value: float) -> bytes:
    """A field that is a float; what is too large for one is infinite."""
    try:
        return encoded(field << 3 | _FIXED32) + struct.pack("<f", value)
    except OverflowError:
        return encoded(field << 3 | _FIXED32) + struct.pack("<f", math.copysign(math.inf, value))


def double(field: int, value: float) -> bytes:
    """A field that is a double."""
    return encoded(field << 3 | _FIXED64) + struct.pack("<d", value)


def fixed32(field: int, value: int) -> bytes:
    """A field that is a fixed32."""
    return encoded(field << 3 | _FIXED32) + struct.pack("<I", value)


def mapped(field: int, entries: Mapping[str, bytes]) -> bytes:
    """A map from text to messages."""
    return b"".join(delimited(field, string(1, key) + delimited(2, value)) for key, value in entries.items())


def _cut() -> CorruptFile:
    return CorruptFile("a protobuf message is cut off")
