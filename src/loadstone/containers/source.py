"""Where bytes come from: a file, a folder, bytes in memory, or a range of one of them.

A small file is read when it is opened, so that nobody can change it under the model. A large one on a local disk stays
where it is (`mapped`): tensors point into it, and `check_unchanged` compares size, mtime and inode with those at opening.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from math import prod
from typing import BinaryIO

import numpy as np

from loadstone.errors import CorruptFile
from loadstone.ir import Region, Tensor, dtypes
from loadstone.ir.records import dataclass, replace

MAPPED_FROM = 64 << 20  # bytes from which a file is mapped, not read
_REMOTE = {"nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "9p", "davfs", "webdav", "sshfs"}

Filepath = str | bytes | bytearray | memoryview | os.PathLike[str] | BinaryIO


@dataclass(frozen=True)
class Stamp:
    """What changes when a file is written again."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True, eq=False)
class Source:
    """Bytes by offset. name is for messages; path is the real local file, None for bytes in memory.

    start is where this source begins in the file (a stored member of an archive). data holds the bytes unless they are
    mapped. A folder has members and no bytes; mmap is what was asked for them. files are the members of a folder in an archive, by their
    paths in it.
    """

    name: str
    size: int = 0
    path: str | None = None
    folder: bool = False
    start: int = 0
    data: memoryview | None = None
    stamp: Stamp | None = None
    mmap: bool | None = None
    files: Mapping[str, Source] | None = None

    @classmethod
    def open(cls, filepath: Filepath, *, mmap: bool | None = None) -> Source:
        """A source for a path, bytes, or a binary file object (read from where it stands).

        mmap True maps any file, False none; None maps files of 64 MB and more on a local disk.
        Raises FileNotFoundError for a path that is not there, TypeError for anything else.
        """
        if isinstance(filepath, (bytes, bytearray, memoryview)):
            return cls.of_bytes(bytes(filepath), "<bytes>")
        if not isinstance(filepath, (str, os.PathLike)):
            return _of_file_object(filepath)
        name = os.fsdecode(filepath)
        if not os.path.exists(name):
            raise FileNotFoundError(f"no such file or folder: {name!r}")
        if os.path.isdir(name):
            return cls(name, path=os.path.realpath(name), folder=True, mmap=mmap)
        return _of_file(name, mmap)

    @classmethod
    def of_bytes(cls, data: bytes, name: str) -> Source:
        """A source over bytes in memory."""
        return cls(name, len(data), data=memoryview(data))

    @property
    def mapped(self) -> bool:
        """True where the bytes stay in the file."""
        return self.data is None and not self.folder

    def read(self, offset: int = 0, length: int | None = None) -> memoryview:
        """The bytes from offset on, all of them or `length`; CorruptFile where they are not there."""
        length = self.size - offset if length is None else length
        if offset < 0 or length < 0 or offset + length > self.size:
            raise CorruptFile(
                f"the file ends too early: {length} bytes expected at offset {offset}, size is {self.size}",
                source=self.name,
                where=f"offset {offset}",
            )
        if self.data is not None:
            return self.data[offset : offset + length]
        with self.handle() as file:
            return memoryview(_read_exactly(file, self.start + offset, length))

    def handle(self) -> io.FileIO:
        """The mapped file, opened; CorruptFile where it was written since."""
        assert self.path is not None, "a folder has no bytes"
        file = io.FileIO(self.path)
        try:
            self._compare(os.fstat(file.fileno()))
        except CorruptFile:
            file.close()
            raise
        return file

    def view(self) -> memoryview:
        """All bytes, those of a mapped file without reading them."""
        if self.data is not None:
            return self.data
        import mmap

        with self.handle() as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))[self.start : self.start + self.size]

    def head(self, length: int) -> bytes:
        """The first bytes, fewer where the source is shorter."""
        return b"" if self.folder else bytes(self.read(0, min(length, self.size)))

    def part(self, offset: int, length: int, name: str) -> Source:
        """A range of this source as a source."""
        self._inside(offset, length, name)
        data = None if self.data is None else self.data[offset : offset + length]
        return replace(self, name=name, size=length, start=self.start + offset, data=data)

    def _inside(self, offset: int, length: int, name: str) -> None:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise CorruptFile(
                f"{name} lies outside the file: {length} bytes at offset {offset}, size is {self.size}", source=self.name, where=name
            )

    def member(self, name: str) -> Source:
        """A file of this folder; CorruptFile for a name that leads out of it."""
        if self.files is not None:
            if name not in self.files:
                raise FileNotFoundError(f"no {name!r} in {self.name!r}")
            return self.files[name]
        parts = name.replace("\\", "/").split("/")
        if not self.path or not all(parts) or ".." in parts or "." in parts or os.path.isabs(name) or ":" in parts[0]:
            raise CorruptFile(f"{name!r} is not a name inside a folder", source=self.name)
        return Source.open(os.path.join(self.path, *parts), mmap=self.mmap)

    def beside(self) -> Source:
        """The folder of this file."""
        return replace(self, name=os.path.dirname(self.name) or ".", path=os.path.dirname(self.path or ""), folder=True, size=0, data=None)

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """Names directly inside a folder, sorted."""
        if self.files is not None:
            return tuple(sorted({name.partition("/")[0] for name in self.files}))
        return tuple(sorted(os.listdir(self.path))) if self.folder and self.path else ()

    def files_below(self, name: str) -> list[str]:
        """All files in a folder of this folder, as paths from here with forward slashes."""
        if self.files is not None:
            return sorted(file for file in self.files if file.startswith(f"{name}/"))
        top = os.path.join(self.path or "", name)
        found = [os.path.join(folder, file) for folder, _, files in os.walk(top) for file in files]
        return sorted(os.path.relpath(file, self.path).replace(os.sep, "/") for file in found)

    def tensor(self, offset: int, shape: tuple[int, ...], numpy_dtype: np.dtype, dtype: str, key: str) -> Tensor:
        """A C-ordered tensor at an offset, with its Region where the file is mapped and its bytes can be used as they are.

        numpy_dtype says how the bytes lie in the file (byte order included; void for the types of ml_dtypes), dtype what they mean.
        """
        length = prod(shape) * numpy_dtype.itemsize
        self._inside(offset, length, key)
        little = numpy_dtype.newbyteorder("<") == numpy_dtype and (sys.byteorder == "little" or numpy_dtype.itemsize == 1)
        as_it_is = self.mapped and little and numpy_dtype.itemsize == dtypes.itemsize(dtype) and length > 0
        region = Region(self.path, self.start + offset, length) if as_it_is and self.path else None

        def load() -> np.ndarray:
            data = self.view()[offset : offset + length] if self.mapped else self.read(offset, length)
            array = np.frombuffer(data, numpy_dtype).reshape(shape)
            if numpy_dtype.kind == "V":
                return array.view(dtypes.to_numpy(dtype))
            return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))

        return Tensor.lazy(shape, dtype, load, region=region, key=key)

    def file(self) -> BinaryIO:
        """The bytes as a seekable file object."""
        return io.BufferedReader(_Reader(self), 1 << 16)

    def check_unchanged(self) -> None:
        """CorruptFile where a mapped file was written after it was opened, or is gone."""
        if self.mapped and self.path:
            try:
                status = os.stat(self.path)
            except OSError as error:
                raise self._rewritten() from error
            self._compare(status)

    def _compare(self, status: os.stat_result) -> None:
        if self.stamp != Stamp.of(status):
            raise self._rewritten()

    def _rewritten(self) -> CorruptFile:
        return CorruptFile(
            "the file was rewritten after loading: its weights are read from it when they are needed",
            source=self.path,
            hint="load the model again; replace a model file by renaming a new one over it; mmap=False reads everything at once",
        )


def _of_file(name: str, mmap: bool | None) -> Source:
    real = os.path.realpath(name)
    if not os.path.isfile(real):
        raise OSError(f"not a regular file: {name!r}")
    with open(real, "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        wanted = status.st_size >= MAPPED_FROM and on_local_disk(real) if mmap is None else mmap
        source = Source(name, status.st_size, real, stamp=Stamp.of(status))
        return source if wanted else replace(source, data=memoryview(_read_exactly(file, 0, status.st_size)))


def _of_file_object(file: BinaryIO) -> Source:
    if not hasattr(file, "read"):
        raise TypeError(f"expected a path, bytes or a binary file object, got {type(file).__name__}")
    data: object = file.read()
    if not isinstance(data, (bytes, bytearray)):
        raise TypeError("expected a binary file object; this one gives text (open it with mode 'rb')")
    name = getattr(file, "name", None)
    return Source.of_bytes(bytes(data), name if isinstance(name, str) else "<file object>")


def _read_exactly(file: io.RawIOBase | io.FileIO, offset: int, length: int) -> bytes:
    """Exactly `length` bytes from an unbuffered file, in steps that every system can do at once."""
    file.seek(offset)
    parts: list[bytes] = []
    left = length
    while left and (part := file.read(min(left, 1 << 30))):
        parts.append(part)
        left -= len(part)
    if left:
        raise CorruptFile(
            f"the file ends too early: {length} bytes expected at offset {offset}, {length - left} found",
            source=getattr(file, "name", None),
        )
    return parts[0] if len(parts) == 1 else b"".join(parts)


def on_local_disk(path: str, mounts: str = "/proc/mounts") -> bool:
    """False for network file systems, as far as the system tells: a map of a remote file can fail at any access."""
    if path.startswith(("\\\\", "//")):
        return False
    kinds = {place: kind for place, kind in _mounts(mounts) if f"{path}/".startswith(place.rstrip("/") + "/")}
    kind = kinds[max(kinds, key=len)] if kinds else ""
    return kind not in _REMOTE and not kind.startswith("fuse.")


def _mounts(table: str) -> Iterator[tuple[str, str]]:
    """Mount points and file system types; a later mount hides an earlier one at the same place."""
    try:
        with open(table, encoding="utf8", errors="surrogateescape") as file:
            lines = file.readlines()
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 2:
            yield fields[1].replace("\\040", " "), fields[2]


class _Reader(io.RawIOBase):
    """A source as an unbuffered file; a mapped one is opened once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = 0
        self._file = source.handle() if source.mapped else None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._source.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = max(0, min(len(buffer), self._source.size - self._at))
        if count:
            buffer[:count] = self._read(count)
            self._at += count
        return count

    def _read(self, count: int) -> bytes | memoryview:
        if self._file is None:
            return self._source.read(self._at, count)
        return _read_exactly(self._file, self._source.start + self._at, count)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()
