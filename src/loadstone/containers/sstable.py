"""Tables of sorted keys, in which TensorFlow's checkpoints keep their index (LevelDB's format, tsl/lib/io/table_format.txt).

A footer of 48 bytes points at an index block, whose entries point at the blocks with the data. A block holds entries whose keys
share their beginning with the key before, and ends in a list of restart points; behind it stand its compression and a checksum.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from loadstone.containers.crc32c import crc32c, masked, unmasked
from loadstone.containers.snappy import decompress
from loadstone.containers.source import Source
from loadstone.containers.wire import encoded, varint
from loadstone.errors import CorruptFile, UnsafeContent, UnsupportedVersion

MAGIC = bytes.fromhex("57fb808b247547db")
MAX_KEYS = 1 << 26  # bytes of all keys of a block, which share their beginnings
_FOOTER = 48
_PLAIN, _SNAPPY = 0, 1
_BLOCK_SIZE, _RESTARTS = 1 << 18, 16  # bytes of a block that is written, entries from one restart point to the next


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


# -- writing ----------------------------------------------------------------------------------------------------------


def written(entries: Mapping[bytes, bytes]) -> bytes:
    """The bytes of a table, as TensorFlow writes them: sorted, not compressed (tsl/lib/io/table_builder.cc)."""
    out, index = bytearray(), list[tuple[bytes, bytes]]()
    block, last = _Block(_RESTARTS), b""
    handle: bytes | None = None  # of the block that ended before the next key
    for key in sorted(entries):
        if handle is not None:
            index.append((_between(last, key), handle))
            handle = None
        block.add(key, entries[key])
        last = key
        if block.size >= _BLOCK_SIZE:
            handle, block = _append(out, block), _Block(_RESTARTS)
    if block.size > 4:
        handle = _append(out, block)
    meta = _append(out, _Block(_RESTARTS))
    if handle is not None:
        index.append((_behind(last), handle))
    of_index = _Block(1)
    for key, value in index:
        of_index.add(key, value)
    handles = meta + _append(out, of_index)
    out += handles + b"\0" * (_FOOTER - len(MAGIC) - len(handles)) + MAGIC
    return bytes(out)


class _Block:
    """Entries whose keys leave out what they share with the key before, but at restart points."""

    def __init__(self, interval: int) -> None:
        self._interval, self._count, self._last = interval, 0, b""
        self._restarts = [0]
        self._data = bytearray()

    @property
    def size(self) -> int:
        """Bytes without what all blocks have behind them."""
        return len(self._data) + 4 * len(self._restarts) + 4 if self._data else 4

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._count == self._interval:
            self._restarts.append(len(self._data))
            self._count = 0
        else:
            shared = _shared(self._last, key)
        self._data += encoded(shared) + encoded(len(key) - shared) + encoded(len(value)) + key[shared:] + value
        self._last = key
        self._count += 1

    def bytes(self) -> bytes:
        return bytes(self._data) + struct.pack(f"<{len(self._restarts) + 1}I", *self._restarts, len(self._restarts))


def _append(out: bytearray, block: _Block) -> bytes:
    """Put a block at the end; its offset and size."""
    data = block.bytes() + bytes([_PLAIN])
    handle = encoded(len(out)) + encoded(len(data) - 1)
    out += data + struct.pack("<I", masked(crc32c(data)))
    return handle


def _shared(one: bytes, other: bytes) -> int:
    shortest = min(len(one), len(other))
    return next((i for i in range(shortest) if one[i] != other[i]), shortest)


def _between(one: bytes, other: bytes) -> bytes:
    """A short key that is not less than one key and less than the next."""
    at = _shared(one, other)
    if at < min(len(one), len(other)) and one[at] < 0xFF and one[at] + 1 < other[at]:
        return one[:at] + bytes([one[at] + 1])
    return one


def _behind(key: bytes) -> bytes:
    """A short key that is not less than the last one."""
    at = next((i for i, byte in enumerate(key) if byte != 0xFF), None)
    return key if at is None else key[:at] + bytes([key[at] + 1])
