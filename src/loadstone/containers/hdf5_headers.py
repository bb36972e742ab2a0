"""The tree of an HDF5 file as h5py writes it by default, read from its headers without libhdf5.

Format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, superblock 0, object headers 1, symbol tables. Importing h5py
and asking it about each object is most of what loading a small model would cost. Whatever is not spelt as expected here, damage and links
to other files included, is Unusual: h5py then reads the file, and says what is wrong with it. But where texts of variable length are
damaged libhdf5 may crash or never end: that is CorruptFile at once, and such texts are read here alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from math import prod
from typing import Any, NamedTuple

import numpy as np

from loadstone.containers.hdf5_tree import MAX_DEPTH, Group
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile
from loadstone.ir import Tensor, dtypes

MAX_STEPS = 4_000_000
_SUPERBLOCK = bytes([0, 0, 0, 0, 0, 8, 8, 0])  # versions, and 8 bytes for offsets and lengths
_FLOATS = {  # bits 0-23 of the class, and the properties: where sign, exponent and mantissa lie
    2: (0x0F20, struct.pack("<HHBBBBI", 0, 16, 10, 5, 0, 10, 15)),
    4: (0x1F20, struct.pack("<HHBBBBI", 0, 32, 23, 8, 0, 23, 127)),
    8: (0x3F20, struct.pack("<HHBBBBI", 0, 64, 52, 11, 0, 52, 1023)),
}
_INT8 = bytes([0x10, 8, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0])
_BOOLS = tuple(
    _INT8 + false + true + b"\0\1" for false, true in ((b"FALSE\0\0\0", b"TRUE\0\0\0\0"), (b"FALSE\0", b"TRUE\0"))
)  # padded or not
_DATASPACE, _DATATYPE, _LAYOUT, _ATTRIBUTE, _CONTINUATION, _SYMBOLS = 0x01, 0x03, 0x08, 0x0C, 0x10, 0x11
_SKIPPED = {0x00, 0x04, 0x05, 0x0D, 0x0E, 0x12}  # nothing, fill values, a comment, times
_OF_GROUPS = {_SYMBOLS, _ATTRIBUTE, _CONTINUATION, *_SKIPPED}

Load = Callable[[str, str], Callable[[], np.ndarray]]
Message = tuple[int, memoryview]


class Unusual(Exception):
    """Something that h5py has to read, or to refuse."""


def tree(source: Source, load: Load) -> Group:
    """All of a file. load: of the path and dtype of a tensor that does not lie in one piece. Raises Unusual, CorruptFile."""
    with damage_is_unusual(source):
        headers = Headers(source)
        root = headers.root()
        return headers.group(root, headers.messages(root), "", load)


def outline(source: Source) -> Group:
    """The root alone: its attributes and the names in it. Raises Unusual, CorruptFile."""
    with damage_is_unusual(source):
        headers = Headers(source)
        messages = headers.messages(headers.root())
        return Group("", source.name, headers.attributes(messages), names=[name for name, _ in headers.links(messages)])


class _Damaged(Exception):
    """What libhdf5 is not to see."""


@contextmanager
def damage_is_unusual(source: Source) -> Iterator[None]:
    """What reading damaged headers raises, as Unusual; damaged texts as CorruptFile."""
    try:
        yield
    except _Damaged as damage:
        raise CorruptFile(f"the HDF5 structure is damaged: {damage}", source=source.name) from None
    except (struct.error, IndexError, ValueError, CorruptFile) as error:
        raise Unusual from error


class _Type(NamedTuple):
    """A type of elements: the numpy dtype of its bytes, "O" for texts that lie elsewhere; ends: a text ends at its first NUL."""

    dtype: np.dtype
    size: int
    ends: bool = False


class Headers:
    """One pass over the headers of a file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.data = source.view()
        self.seen: set[int] = set()
        self.types: dict[bytes, _Type] = {}
        self.heaps: dict[int, dict[int, memoryview]] = {}
        self.steps = 0

    def step(self, count: int = 1) -> None:
        """Damaged files can name the same things again and again."""
        self.steps += count
        if self.steps > MAX_STEPS:
            raise Unusual

    def at(self, offset: int, length: int) -> memoryview:
        """Bytes of the file."""
        if offset + length > self.source.size:
            raise Unusual
        return self.data[offset : offset + length]

    def root(self) -> int:
        """The address of the root group."""
        head = self.at(0, 96)
        base, _, end = struct.unpack_from("<QQQ", head, 24)
        if head[8:16] != _SUPERBLOCK or base or end > self.source.size:
            raise Unusual
        return self.number(head, 64)

    @staticmethod
    def number(data: memoryview, place: int) -> int:
        """Eight bytes as a number."""
        return int.from_bytes(data[place : place + 8], "little")

    # -- objects -------------------------------------------------------------------------------------------------------

    def messages(self, address: int) -> list[Message]:
        """The messages of an object header, by their kinds."""
        version, count, _, size = struct.unpack("<BxHII", self.at(address, 12))
        if version != 1:
            raise Unusual
        self.step(count)
        found: list[Message] = []
        blocks = [(address + 16, size)]
        for begin, length in blocks:
            block, place = self.at(begin, length), 0
            while place + 8 <= length and len(found) < count:
                kind, width, flags = struct.unpack_from("<HHB", block, place)
                data = block[place + 8 : place + 8 + width]
                place += 8 + width
                if flags & 2 or len(data) != width or len(blocks) > count:  # shared with other objects, cut off, going round
                    raise Unusual
                found.append((kind, data))
                if kind == _CONTINUATION:
                    blocks.append((self.number(data, 0), self.number(data, 8)))
        if len(found) != count:
            raise Unusual
        return found

    def group(self, address: int, messages: list[Message], path: str, load: Load) -> Group:
        """A group and all below."""
        if path.count("/") >= MAX_DEPTH or address in self.seen:
            raise Unusual
        self.seen.add(address)
        found = Group(path, self.source.name, self.attributes(messages))
        for name, place in self.links(messages):
            inner = f"{path}/{name}" if path else name
            header = self.messages(place)
            if any(kind == _SYMBOLS for kind, _ in header):
                found.groups[name] = self.group(place, header, inner, load)
            else:
                found.tensors[name] = self.tensor(header, inner, load)
            found.names.append(name)
        return found

    def links(self, messages: list[Message]) -> Iterator[tuple[str, int]]:
        """The names in a group with the addresses of their objects, in the order of the names."""
        tables = [data for kind, data in messages if kind == _SYMBOLS]
        if len(tables) != 1 or any(kind not in _OF_GROUPS for kind, _ in messages):
            raise Unusual
        heap = self.at(self.number(tables[0], 8), 32)
        if bytes(heap[:8]) != b"HEAP\0\0\0\0":
            raise Unusual
        names = bytes(self.at(self.number(heap, 24), self.number(heap, 8)))
        self.step(len(names))
        for place, address in self.symbols(self.number(tables[0], 0)):
            end = names.find(b"\0", place)
            name = names[place:end].decode("utf8")
            if end <= place or "/" in name:
                raise Unusual
            yield name, address

    def symbols(self, address: int, expected: int | None = None) -> Iterator[tuple[int, int]]:
        """Where names of a group lie in its heap, and the addresses of their objects: a B-tree of tables."""
        if address in self.seen:
            raise Unusual
        self.seen.add(address)
        head = self.at(address, 24)
        if bytes(head[:5]) != b"TREE\0":
            raise Unusual
        level, count = head[5], int.from_bytes(head[6:8], "little")
        if expected is not None and level != expected:
            raise Unusual
        children = struct.unpack(f"<{2 * count}Q", self.at(address + 32, 16 * count))[::2] if count else ()
        for child in children:
            if level:
                yield from self.symbols(child, level - 1)
                continue
            table = self.at(child, 8)
            if bytes(table[:5]) != b"SNOD\1":
                raise Unusual
            many = int.from_bytes(table[6:8], "little")
            self.step(many)
            for place, header, kind in struct.iter_unpack("<QQI20x", self.at(child + 8, 40 * many)):
                if kind > 1:  # a soft link
                    raise Unusual
                yield place, header

    def tensor(self, messages: list[Message], path: str, load: Load) -> Tensor:
        """A dataset whose elements lie in one piece or in its header."""
        parts: dict[int, memoryview] = {}
        for kind, data in messages:
            if kind in (_DATASPACE, _DATATYPE, _LAYOUT):
                if kind in parts:
                    raise Unusual
                parts[kind] = data
            elif kind not in (_ATTRIBUTE, _CONTINUATION) and kind not in _SKIPPED:
                raise Unusual
        if len(parts) != 3:
            raise Unusual
        shape, kind_of = self.shape(parts[_DATASPACE]), self.type(parts[_DATATYPE])
        dtype = "string" if kind_of.dtype.kind in "OS" else dtypes.of_numpy(kind_of.dtype)
        declared, layout = prod(shape) * kind_of.size, parts[_LAYOUT]
        if kind_of.dtype.kind == "V" or not dtypes.known(dtype) or layout[0] != 3 or layout[1] > 1:
            raise Unusual
        if layout[1] == 0:
            if int.from_bytes(layout[2:4], "little") < declared:
                raise Unusual
        elif declared:
            address, stored = self.number(layout, 2), self.number(layout, 10)
            if stored < declared or address + stored > self.source.size:
                raise Unusual
            if kind_of.dtype.kind == "O":
                return Tensor.lazy(shape, dtype, partial(_texts, self.source, address, shape, load(path, dtype)), key=path)
            if dtype != "string":
                return self.source.tensor(address, shape, kind_of.dtype, dtype, path)
        return Tensor.lazy(shape, dtype, load(path, dtype), key=path)

    # -- values --------------------------------------------------------------------------------------------------------

    def shape(self, data: memoryview) -> tuple[int, ...]:
        """A dataspace."""
        version, rank, flags = data[0], data[1], data[2]
        begin = {1: 8, 2: 4}.get(version)
        if begin is None or flags > 1 or (version == 2 and data[3] > 1) or len(data) < begin + 8 * rank:
            raise Unusual
        return struct.unpack_from(f"<{rank}Q", data, begin)

    def type(self, data: memoryview) -> _Type:
        """A datatype; those of one file are few."""
        key = bytes(data)
        if key not in self.types:
            self.types[key] = _type(key)
        return self.types[key]

    def attributes(self, messages: list[Message]) -> dict[str, Any]:
        """Attributes by name, in the order of the names."""
        found: dict[str, Any] = {}
        for kind, data in messages:
            if kind != _ATTRIBUTE:
                continue
            version, flags, *sizes = struct.unpack_from("<BBHHH", data)
            if version not in (1, 2, 3) or (version > 1 and flags):
                raise Unusual
            place, parts = 9 if version == 3 else 8, []
            for size in sizes:
                parts.append(data[place : place + size])
                place += -(-size // 8) * 8 if version == 1 else size
            name = bytes(parts[0]).rstrip(b"\0").decode("utf8")
            if name in found:
                raise Unusual
            found[name] = self.value(self.type(parts[1]), self.shape(parts[2]), data[place:])
        return dict(sorted(found.items()))

    def value(self, kind: _Type, shape: tuple[int, ...], data: memoryview) -> Any:
        """The value of an attribute, as h5py gives it."""
        count = prod(shape)
        if len(data) < count * kind.size or kind.dtype.kind == "V":
            raise Unusual
        if kind.dtype.kind == "O":
            texts = [text.decode("utf8", "surrogateescape") for text in self.texts(data[: 16 * count])]
            return _objects(texts, shape)[()]
        array = np.frombuffer(data, kind.dtype, count).reshape(shape)
        if kind.ends:
            array = np.array([item.split(b"\0")[0] for item in array.reshape(-1).tolist()], kind.dtype).reshape(shape)
        return array.copy()[()]

    def texts(self, data: memoryview) -> list[bytes]:
        """Texts that lie in global heaps; data: of each its length, the address of the heap, and its number there."""
        found = []
        for length, address, number in struct.iter_unpack("<IQI", data):
            if length and address not in self.heaps:
                self.heaps[address] = dict(self.heap(address))
            text = bytes(self.heaps[address].get(number, b"")[:length]) if length else b""
            if len(text) != length:
                raise _Damaged(f"a text of {length} bytes is not in the heap at {address}")
            if b"\0" in text:
                raise Unusual
            found.append(text)
        return found

    def heap(self, address: int) -> Iterator[tuple[int, memoryview]]:
        """The objects of a global heap by their numbers."""
        size = self.source.size
        head = self.at(address, 16) if address + 16 <= size else memoryview(b"")
        end = address + self.number(head, 8)
        if bytes(head[:8]) != b"GCOL\1\0\0\0" or end > size:
            raise _Damaged(f"no heap lies at {address}")
        place = address + 16
        while place + 16 <= end:
            number, length = struct.unpack("<H6xQ", self.at(place, 16))
            if not number:  # the space that is left
                break
            self.step()
            place += 16
            if place + length > end:
                raise _Damaged(f"an object leaves the heap at {address}")
            yield number, self.at(place, length)
            place += -(-length // 8) * 8


def _type(data: bytes) -> _Type:
    if len(data) < 8:
        raise Unusual
    kind, bits, size = data[0] & 15, int.from_bytes(data[1:4], "little"), int.from_bytes(data[4:8], "little")
    order = ">" if bits & 1 else "<"
    if kind == 0 and size in (1, 2, 4, 8) and not bits & ~9 and data[8:12] == struct.pack("<HH", 0, 8 * size):
        return _Type(np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}"), size)
    if kind == 1 and size in _FLOATS and (bits & ~1, data[8:20]) == _FLOATS[size]:
        return _Type(np.dtype(f"{order}f{size}"), size)
    if kind == 3 and 0 < size < 1 << 31 and bits & 15 < 2:
        return _Type(np.dtype(f"S{size}"), size, ends=not bits & 15)
    if kind == 8 and size == 1 and data[8:].startswith(_BOOLS):
        return _Type(np.dtype("bool"), size)
    if kind == 9 and bits & 15 == 1 and size == 16:
        return _Type(np.dtype("O"), size)
    if kind == 9:
        raise _Damaged("a type of variable length that is no text")
    raise Unusual


def _texts(source: Source, address: int, shape: tuple[int, ...], otherwise: Callable[[], np.ndarray]) -> np.ndarray:
    """The texts of a dataset of variable length."""
    try:
        with damage_is_unusual(source):
            headers = Headers(source)
            return _objects(headers.texts(headers.at(address, 16 * prod(shape))), shape)
    except Unusual:
        return otherwise()


def _objects(found: Sequence[object], shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(found), object)
    array[:] = found
    return array.reshape(shape)
