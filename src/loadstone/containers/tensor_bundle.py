"""TensorFlow checkpoints of the V2 format, "tensor bundles": `NAME.index` and `NAME.data-00000-of-00001` beside it.

The index is a table of names; each value is a BundleEntryProto, which says where in which data file the tensor lies
(tensorflow/core/protobuf/tensor_bundle.proto). A tensor may be stored in slices, each an entry of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from math import prod
from threading import Lock

import numpy as np

from loadstone.containers import sstable
from loadstone.containers.crc32c import combined, crc32c, unmasked
from loadstone.containers.source import Source
from loadstone.containers.wire import content, fields, integer, signed, varint
from loadstone.errors import CorruptFile, LoadstoneError, UnsupportedVersion
from loadstone.ir import Tensor, dtypes
from loadstone.ir.records import dataclass, field

MAX_AXES = 64  # numpy's
MAX_SIZE = 1 << 48
INDEX, DATA = ".index", ".data-"
# tensorflow/core/framework/types.proto
DTYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 8: "complex64", 9: "int64", 10: "bool",
    14: "bfloat16", 17: "uint16", 18: "complex128", 19: "float16", 22: "uint32", 23: "uint64", 24: "float8_e5m2", 25: "float8_e4m3fn",
}  # fmt: skip
OpenShard = Callable[[str], Source]


@dataclass(eq=False)
class Bundle:
    """The tensors of a checkpoint by name, and the files that hold them."""

    tensors: dict[str, Tensor]
    sources: list[Source]


@dataclass
class _Entry:
    """A BundleEntryProto."""

    dtype: int = 0
    shape: tuple[int, ...] = ()
    shard: int = 0
    offset: int = 0
    size: int = 0
    crc: int | None = None
    slices: list[list[tuple[int, int]]] = field(default_factory=list)  # (start, length) an axis, length -1 for all of it


class _Shard:
    """A data file. Before its first tensor is read, all are checked at once: one pass over many bytes takes a third of many over few."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._parts: list[tuple[int, int, int]] = []
        self._sound: bool | None = None
        self._lock = Lock()

    def guard(self, entry: _Entry) -> None:
        """Note a tensor's bytes and their checksum."""
        self._parts.append((entry.offset, entry.size, unmasked(entry.crc or 0)))

    def check(self, entry: _Entry, name: str) -> None:
        """CorruptFile for a tensor that does not have its checksum."""
        with self._lock:
            if self._sound is None:
                apart = sum(size for _, size, _ in self._parts) <= self.source.size  # else the same bytes would be read again and again
                self._sound = apart and all(self._is_sound(run) for run in _runs(sorted(self._parts)))
        if not self._sound and crc32c(self.source.part(entry.offset, entry.size, name).read()) != unmasked(entry.crc or 0):
            raise CorruptFile("the values do not have the checksum that the index gives", source=self.source.name, where=name)

    def _is_sound(self, run: list[tuple[int, int, int]]) -> bool:
        return crc32c(self.source.read(run[0][0], sum(size for _, size, _ in run))) == combined([(crc, size) for _, size, crc in run])


def _runs(parts: list[tuple[int, int, int]]) -> Iterator[list[tuple[int, int, int]]]:
    """Parts (offset, size, checksum) that lie one behind the other."""
    run: list[tuple[int, int, int]] = []
    for part in parts:
        if run and part[0] != run[-1][0] + run[-1][1]:
            yield run
            run = []
        run.append(part)
    if run:
        yield run


def prefix_of(name: str) -> str | None:
    """The checkpoint's name that a member file's name begins with; None for another file."""
    stem, _, shard = name.rpartition(DATA)
    return name.removesuffix(INDEX) if name.endswith(INDEX) else stem if stem and "-of-" in shard else None


def read(index: Source, open_shard: OpenShard) -> Bundle:
    """The tensors of a checkpoint. open_shard gives a data file by its ending (".data-00000-of-00001").

    Raises CorruptFile, UnsupportedVersion for a type that has no name here.
    """
    shards, entries, slices = 1, {}, {}
    for key, value in sstable.read(index):
        if key == b"":
            shards = _shards(value, index)
        elif key[:1] == b"\0":
            slices[key] = _entry(value)
        else:
            entries[key.decode("utf8", "surrogateescape")] = _entry(value)
    opened: dict[int, _Shard] = {}

    def shard(number: int) -> _Shard:
        if number not in opened:
            opened[number] = _Shard(open_shard(f"{DATA}{number:05d}-of-{shards:05d}"))
        return opened[number]

    tensors = {}
    for name, entry in entries.items():
        try:
            tensors[name] = _sliced(name, entry, slices, shard) if entry.slices else _tensor(name, entry, shard(entry.shard))
        except LoadstoneError as error:
            error.at(source=index.name, where=name)
            raise
    return Bundle(tensors, [shard.source for shard in opened.values()])


def shard_beside(path: str, mmap: bool | None) -> OpenShard:
    """Data files in the folder of a checkpoint's index."""

    def open_shard(ending: str) -> Source:
        name = path.removesuffix(INDEX) + ending
        if not os.path.isfile(name):
            raise CorruptFile("a data file of the checkpoint is missing", where=os.path.basename(name))
        return Source.open(name, mmap=mmap)

    return open_shard


def _shards(header: memoryview, index: Source) -> int:
    """How many data files the header (BundleHeaderProto) counts."""
    found = dict(fields(header))
    if found.get(2):
        raise UnsupportedVersion("a checkpoint of a big-endian machine", source=index.name)
    return integer(found.get(1, 1))


def _entry(value: memoryview) -> _Entry:
    entry = _Entry()
    for number, found in fields(value):
        if number == 1:
            entry.dtype = integer(found)
        elif number == 2:
            entry.shape = shape(content(found))
        elif number == 3:
            entry.shard = integer(found)
        elif number == 4:
            entry.offset = integer(found)
        elif number == 5:
            entry.size = integer(found)
        elif number == 6:
            entry.crc = integer(found)
        elif number == 7:
            entry.slices.append(extents(content(found)))
    return entry


def shape(message: memoryview) -> tuple[int, ...]:
    """A TensorShapeProto."""
    sizes = []
    for number, dim in fields(message):
        if number == 2:
            sizes.append(signed(integer(dict(fields(content(dim))).get(1, 0))))
    return tuple(sizes)


def check_sizes(sizes: tuple[int, ...], name: str) -> None:
    """CorruptFile for a shape that no tensor has."""
    if len(sizes) > MAX_AXES or min(sizes, default=0) < 0 or max(sizes, default=0) > MAX_SIZE:
        raise CorruptFile(f"a tensor of {len(sizes)} axes and shape {sizes!s:.100}", where=name or None)


def extents(message: memoryview) -> list[tuple[int, int]]:
    """A TensorSliceProto: start and length on each axis, (0, -1) for all of it."""
    found = []
    for number, extent in fields(message):
        if number == 1:
            parts = dict(fields(content(extent)))
            found.append((integer(parts.get(1, 0)), integer(parts[2]) if 2 in parts else -1))
    return found


def _tensor(name: str, entry: _Entry, shard: _Shard) -> Tensor:
    source, dtype = shard.source, DTYPES.get(entry.dtype)
    check_sizes(entry.shape, name)
    if dtype == "string":
        part = source.part(entry.offset, entry.size, name)
        if prod(entry.shape) > entry.size:  # each has its length, in a byte at least
            raise CorruptFile(f"strings of shape {entry.shape} in {entry.size} bytes")
        return Tensor.lazy(entry.shape, dtype, lambda: _strings(part, prod(entry.shape)).reshape(entry.shape), key=name)
    if dtype is None or not dtypes.known(dtype):
        raise UnsupportedVersion(f"a tensor of TensorFlow's type number {entry.dtype}")
    numpy_dtype = dtypes.to_numpy(dtype)
    if prod(entry.shape) * numpy_dtype.itemsize != entry.size:
        raise CorruptFile(f"a {dtype} of shape {entry.shape} in {entry.size} bytes")
    stored = np.dtype(f"V{numpy_dtype.itemsize}") if numpy_dtype.kind == "V" else numpy_dtype
    tensor = source.tensor(entry.offset, entry.shape, stored, dtype, name)
    if entry.crc is None or tensor.region is not None:  # a mapped file is not read to be checked
        return tensor
    shard.guard(entry)

    def checked() -> np.ndarray:
        shard.check(entry, name)
        return tensor.values()

    return Tensor.lazy(entry.shape, dtype, checked, key=name)


def _strings(source: Source, count: int) -> np.ndarray:
    """Lengths as varints, a checksum of them, and the bytes one after the other (tensor_bundle.cc, WriteStringTensor)."""
    view, at, lengths = source.read(), 0, []
    for _ in range(count):
        length, at = varint(view, at)
        lengths.append(length)
    at += 4 if count else 0
    found = np.empty(count, object)
    for i, length in enumerate(lengths):
        if at + length > len(view):
            raise CorruptFile("a tensor of strings is cut off", source=source.name)
        found[i] = bytes(view[at : at + length])
        at += length
    return found


def _sliced(name: str, entry: _Entry, slices: dict[bytes, _Entry], shard: Callable[[int], _Shard]) -> Tensor:
    """A tensor in slices, put together. The key of each is its name and extents (tensorflow/core/util/saved_tensor_slice_util.cc)."""
    check_sizes(entry.shape, name)
    if len({tuple(extent) for extent in entry.slices}) < len(entry.slices):
        raise CorruptFile("two slices of a tensor are one")
    parts = []
    for extent in entry.slices:
        found = slices.get(_slice_key(name, extent))
        if found is None:
            raise CorruptFile(f"a slice of the tensor is missing: {extent}")
        parts.append((extent, _tensor(name, found, shard(found.shard))))
    dtype = parts[0][1].dtype
    _check_covered(entry.shape, sum(part.size for _, part in parts))

    def load() -> np.ndarray:
        return joined(entry.shape, dtype, [(extent, part.numpy()) for extent, part in parts])

    return Tensor.lazy(entry.shape, dtype, load, key=name)


def joined(sizes: tuple[int, ...], dtype: str, parts: list[tuple[list[tuple[int, int]], np.ndarray]]) -> np.ndarray:
    """The whole of some slices; CorruptFile where they leave a gap."""
    _check_covered(sizes, sum(values.size for _, values in parts))
    whole = np.empty(sizes, dtypes.to_numpy(dtype))
    for extent, values in parts:
        place = tuple(slice(start, None if length < 0 else start + length) for start, length in extent)
        target = whole[place]
        if target.size != values.size:
            raise CorruptFile(f"a slice of shape {values.shape} for a place of shape {target.shape}")
        whole[place] = values.reshape(target.shape)
    return whole


def _check_covered(sizes: tuple[int, ...], covered: int) -> None:
    if covered != prod(sizes):
        raise CorruptFile(f"slices hold {covered} values of {prod(sizes)}")


def _slice_key(name: str, extent: list[tuple[int, int]]) -> bytes:
    """OrderedCode: 0, the name, the rank, and start and length of each axis."""
    text = name.encode("utf8", "surrogateescape").replace(b"\0", b"\0\xff").replace(b"\xff", b"\xff\0") + b"\0\1"
    return b"\0" + text + _ordered(len(extent)) + b"".join(_ordered_signed(n) for pair in extent for n in pair)


def _ordered(number: int) -> bytes:
    """OrderedCode's unsigned number: its length in bytes, then those bytes, high first."""
    digits = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([len(digits)]) + digits


def _ordered_signed(number: int) -> bytes:
    """OrderedCode's signed number: a unary length in the high bits, the value in the others; negative ones inverted."""
    magnitude = ~number if number < 0 else number
    length = next(n for n in range(1, 11) if magnitude < 1 << (7 * n - 1))
    if length > 8:
        raise UnsupportedVersion(f"a slice that begins at {number}")
    header = (0xFF << (8 - length)) & 0xFF
    digits = bytearray(magnitude.to_bytes(length, "big"))
    digits[0] |= header
    return bytes(~d & 0xFF for d in digits) if number < 0 else bytes(digits)
