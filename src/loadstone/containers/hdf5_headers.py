"""The tree of an HDF5 file as h5py writes it by default, read from its headers without libhdf5.

Format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, superblock 0, object headers 1, symbol tables. Importing h5py
and asking it about each object is most of what loading a small model would cost. Whatever is not spelt as expected here, damage and links
to other files included, is Unusual: h5py then reads the file, and says what is wrong with it. But where texts of variable length are
damaged libhdf5 may crash or never end: that is CorruptFile at once, and such texts are read here alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import Any

import numpy as np

from loadstone.containers.hdf5_tree import MAX_DEPTH, Group
from loadstone.containers.hdf5_values import Unusual, Values, damage_is_unusual, dataset_texts
from loadstone.containers.source import Source
from loadstone.ir import Tensor, dtypes

_SUPERBLOCK = bytes([0, 0, 0, 0, 0, 8, 8, 0])  # versions, and 8 bytes for offsets and lengths
_DATASPACE, _DATATYPE, _LAYOUT, _ATTRIBUTE, _CONTINUATION, _SYMBOLS = 0x01, 0x03, 0x08, 0x0C, 0x10, 0x11
_SKIPPED = {0x00, 0x04, 0x05, 0x0D, 0x0E, 0x12}  # nothing, fill values, a comment, times
_OF_GROUPS = {_SYMBOLS, _ATTRIBUTE, _CONTINUATION, *_SKIPPED}

Load = Callable[[str, str], Callable[[], np.ndarray]]
Message = tuple[int, memoryview]


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


class Headers(Values):
    """One pass over the headers of a file."""

    def root(self) -> int:
        """The address of the root group."""
        head = self.at(0, 96)
        base, _, end = struct.unpack_from("<QQQ", head, 24)
        if head[8:16] != _SUPERBLOCK or base or end > self.source.size:
            raise Unusual
        return self.number(head, 64)

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
                return Tensor.lazy(shape, dtype, partial(dataset_texts, self.source, address, shape, load(path, dtype)), key=path)
            if dtype != "string":
                return self.source.tensor(address, shape, kind_of.dtype, dtype, path)
        return Tensor.lazy(shape, dtype, load(path, dtype), key=path)

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
