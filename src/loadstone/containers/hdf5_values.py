"""The values of an HDF5 file in its own spelling: shapes, types, elements, and texts of variable length in global heaps.

Format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, IV.A.2 (messages) and III.E (global heaps).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, NamedTuple

import numpy as np

from loadstone.containers.source import Source
from loadstone.errors import CorruptFile

MAX_STEPS = 4_000_000
_FLOATS = {  # bits 0-23 of the class, and the properties: where sign, exponent and mantissa lie
    2: (0x0F20, struct.pack("<HHBBBBI", 0, 16, 10, 5, 0, 10, 15)),
    4: (0x1F20, struct.pack("<HHBBBBI", 0, 32, 23, 8, 0, 23, 127)),
    8: (0x3F20, struct.pack("<HHBBBBI", 0, 64, 52, 11, 0, 52, 1023)),
}
_INT8 = bytes([0x10, 8, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0])
_BOOLS = tuple(
    _INT8 + false + true + b"\0\1" for false, true in ((b"FALSE\0\0\0", b"TRUE\0\0\0\0"), (b"FALSE\0", b"TRUE\0"))
)  # padded or not


class Unusual(Exception):
    """Something that h5py has to read, or to refuse."""


class Damaged(Exception):
    """What libhdf5 is not to see."""


@contextmanager
def damage_is_unusual(source: Source) -> Iterator[None]:
    """What reading damaged headers raises, as Unusual; damaged texts as CorruptFile."""
    try:
        yield
    except Damaged as damage:
        raise CorruptFile(f"the HDF5 structure is damaged: {damage}", source=source.name) from None
    except (struct.error, IndexError, ValueError, CorruptFile) as error:
        raise Unusual from error


class Type(NamedTuple):
    """A type of elements: the numpy dtype of its bytes, "O" for texts that lie elsewhere; ends: a text ends at its first NUL."""

    dtype: np.dtype
    size: int
    ends: bool = False


class Values:
    """The bytes of a file, and what values they are."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.data = source.view()
        self.seen: set[int] = set()
        self.types: dict[bytes, Type] = {}
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

    @staticmethod
    def number(data: memoryview, place: int) -> int:
        """Eight bytes as a number."""
        return int.from_bytes(data[place : place + 8], "little")

    def shape(self, data: memoryview) -> tuple[int, ...]:
        """A dataspace."""
        version, rank, flags = data[0], data[1], data[2]
        begin = {1: 8, 2: 4}.get(version)
        if begin is None or flags > 1 or (version == 2 and data[3] > 1) or len(data) < begin + 8 * rank:
            raise Unusual
        return struct.unpack_from(f"<{rank}Q", data, begin)

    def type(self, data: memoryview) -> Type:
        """A datatype; those of one file are few."""
        key = bytes(data)
        if key not in self.types:
            self.types[key] = _type(key)
        return self.types[key]

    def value(self, kind: Type, shape: tuple[int, ...], data: memoryview) -> Any:
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
                raise Damaged(f"a text of {length} bytes is not in the heap at {address}")
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
            raise Damaged(f"no heap lies at {address}")
        place = address + 16
        while place + 16 <= end:
            number, length = struct.unpack("<H6xQ", self.at(place, 16))
            if not number:  # the space that is left
                break
            self.step()
            place += 16
            if place + length > end:
                raise Damaged(f"an object leaves the heap at {address}")
            yield number, self.at(place, length)
            place += -(-length // 8) * 8


def _type(data: bytes) -> Type:
    if len(data) < 8:
        raise Unusual
    kind, bits, size = data[0] & 15, int.from_bytes(data[1:4], "little"), int.from_bytes(data[4:8], "little")
    order = ">" if bits & 1 else "<"
    if kind == 0 and size in (1, 2, 4, 8) and not bits & ~9 and data[8:12] == struct.pack("<HH", 0, 8 * size):
        return Type(np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}"), size)
    if kind == 1 and size in _FLOATS and (bits & ~1, data[8:20]) == _FLOATS[size]:
        return Type(np.dtype(f"{order}f{size}"), size)
    if kind == 3 and 0 < size < 1 << 31 and bits & 15 < 2:
        return Type(np.dtype(f"S{size}"), size, ends=not bits & 15)
    if kind == 8 and size == 1 and data[8:].startswith(_BOOLS):
        return Type(np.dtype("bool"), size)
    if kind == 9 and bits & 15 == 1 and size == 16:
        return Type(np.dtype("O"), size)
    if kind == 9:
        raise Damaged("a type of variable length that is no text")
    raise Unusual


def dataset_texts(source: Source, address: int, shape: tuple[int, ...], otherwise: Callable[[], np.ndarray]) -> np.ndarray:
    """The texts of a dataset of variable length."""
    try:
        with damage_is_unusual(source):
            values = Values(source)
            return _objects(values.texts(values.at(address, 16 * prod(shape))), shape)
    except Unusual:
        return otherwise()


def _objects(found: Sequence[object], shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(found), object)
    array[:] = found
    return array.reshape(shape)
