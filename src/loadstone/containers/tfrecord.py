"""TFRecord files: records one after the other, each with its length and two checksums (tensorflow/core/lib/io/record_writer.h).

length (uint64), masked crc32c of it, the bytes, masked crc32c of them; little endian. A whole file may be packed with gzip or zlib.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from loadstone.containers.crc32c import crc32c, unmasked
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile

_HEAD, _TAIL = struct.Struct("<QI"), struct.Struct("<I")


def begins(head: bytes) -> bool:
    """True for the first bytes of a TFRecord file: a length with its checksum."""
    return len(head) >= _HEAD.size and crc32c(head[:8]) == unmasked(_HEAD.unpack_from(head)[1])


def records(source: Source) -> Iterator[bytes]:
    """Every record in order. Raises CorruptFile, with the offset, for a checksum that does not fit or an end inside a record."""
    at = 0
    while at < source.size:
        head = bytes(source.read(at, _HEAD.size))
        length, check = _HEAD.unpack(head)
        if crc32c(head[:8]) != unmasked(check):
            raise CorruptFile("the length of a record does not have its checksum", source=source.name, where=f"offset {at}")
        data = bytes(source.read(at + _HEAD.size, length))
        (check,) = _TAIL.unpack(source.read(at + _HEAD.size + length, _TAIL.size))
        if crc32c(data) != unmasked(check):
            raise CorruptFile("a record does not have its checksum", source=source.name, where=f"offset {at}")
        yield data
        at += _HEAD.size + length + _TAIL.size
