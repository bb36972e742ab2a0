"""Tables of sorted keys, in which TensorFlow's checkpoints keep their index (LevelDB's format, tsl/lib/io/table_format.txt).

A footer of 48 bytes points at an index block, whose entries point at the blocks with the data. A block holds entries whose keys
share their beginning with the key before, and ends in a list of restart points; behind it stand its compression and a checksum.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from loadstone.containers.crc32c import crc32c, unmasked
from loadstone.containers.snappy import decompress
from loadstone.containers.source import Source
from loadstone.containers.wire import varint
from loadstone.errors import CorruptFile, UnsafeContent, UnsupportedVersion

MAGIC = bytes.fromhex("57fb808b247547db")
MAX_KEYS = 1 << 26  # bytes of all keys of a block, which share their beginnings
_FOOTER = 48
_PLAIN, _SNAPPY = 0, 1


def ends(source: Source) -> bool:
    """True where a file ends as a table does."""
    return not source.folder and source.size >= _FOOTER and bytes(source.read(source.size - len(MAGIC))) == MAGIC


def read(source: Source) -> Iterator[tuple[bytes, memoryview]]:
    """Every key with its value, in order. Raises CorruptFile."""
    if not ends(source):
        raise CorruptFile("the table does not end as one: it is cut off or of another kind", source=source.name)
    footer = source.read(source.size - _FOOTER, _FOOTER)
    _, at = _handle(footer, 0)  # of the metaindex, which is empty
    (offset, size), _ = _handle(footer, at)
    left = source.size
    for _, value in _entries(_block(source, offset, size)):
        (offset, size), _ = _handle(value, 0)
        left -= size
        if left < 0:
            raise CorruptFile("the blocks of the table lie over each other", source=source.name)
        yield from _entries(_block(source, offset, size))


def _handle(view: memoryview, at: int) -> tuple[tuple[int, int], int]:
    """Offset and size of a block, and the offset behind them."""
    offset, at = varint(view, at)
    size, at = varint(view, at)
    return (offset, size), at


def _block(source: Source, offset: int, size: int) -> memoryview:
    stored = source.read(offset, size + 5)
    kind, expected = stored[size], struct.unpack_from("<I", stored, size + 1)[0]
    if crc32c(stored[: size + 1]) != unmasked(expected):
        raise CorruptFile("a block of the table does not have its checksum", source=source.name, where=f"offset {offset}")
    if kind == _PLAIN:
        return stored[:size]
    if kind == _SNAPPY:
        return memoryview(decompress(stored[:size]))
    raise UnsupportedVersion(f"a block of the table is compressed in a way of its own ({kind})", source=source.name)


def _entries(block: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    if len(block) < 4:
        raise CorruptFile("a block of the table is cut off")
    restarts = struct.unpack_from("<I", block, len(block) - 4)[0]
    end = len(block) - 4 * (restarts + 1)
    key, at, left = b"", 0, MAX_KEYS
    while at < end:
        shared, at = varint(block, at)
        own, at = varint(block, at)
        length, at = varint(block, at)
        if shared > len(key) or at + own + length > end:
            raise CorruptFile("an entry of the table is cut off")
        left -= shared + own
        if left < 0:
            raise UnsafeContent(f"keys of a table that unpack to more than {MAX_KEYS} bytes")
        key = key[:shared] + bytes(block[at : at + own])
        at += own
        yield key, block[at : at + length]
        at += length
