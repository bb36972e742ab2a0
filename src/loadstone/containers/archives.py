"""Zip and tar archives as folders: their files are sources, and nothing is unpacked onto a disk.

A file that an archive stores as it is stays where it is; packed ones are unpacked in memory, within limits.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from loadstone.containers import zip as zips
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, LoadstoneError, UnsafeContent

MAX_FILES = 100_000
MAX_UNPACKED = 4 << 30  # bytes of a packed tar archive
MAX_RATIO = 200  # times that it may be larger unpacked
_PACKED: dict[bytes, Callable[..., gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]] = {
    b"\x1f\x8b": partial(gzip.GzipFile, None, "rb", 9),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_HEADER = 512


def as_folder(source: Source) -> Source | None:
    """An archive as a folder; None for what is none. Raises CorruptFile for a damaged one."""
    if source.folder:
        return None
    head = source.head(_HEADER)
    if head.startswith(zips.SIGNATURES):
        return Source(source.name, folder=True, mmap=source.mmap, files=_Zipped(zips.read(source)))
    if head[257:262] == b"ustar" or head.startswith(tuple(_PACKED)):
        return Source(source.name, folder=True, mmap=source.mmap, files=_tar(source))
    return None


def folder_of(source: Source, file: str) -> Source | None:
    """The folder in an archive that holds a file of this name, the outermost one; None where there is none."""
    folder = as_folder(source)
    if folder is None:
        return None
    assert folder.files is not None
    found = sorted((name for name in folder.files if name == file or name.endswith(f"/{file}")), key=lambda name: (name.count("/"), name))
    if not found:
        return None
    prefix = found[0].removesuffix(file)
    return Source(source.name, folder=True, mmap=source.mmap, files=_Below(folder.files, prefix))


class _Zipped(Mapping[str, Source]):
    """The files of a zip archive, each opened when it is asked for."""

    def __init__(self, archive: zips.Archive) -> None:
        self._archive = archive

    def __getitem__(self, name: str) -> Source:
        return self._archive.open(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._archive.members)

    def __len__(self) -> int:
        return len(self._archive.members)


class _Below(Mapping[str, Source]):
    """The files of a folder in an archive, by their paths from there."""

    def __init__(self, files: Mapping[str, Source], prefix: str) -> None:
        self._files, self._prefix = files, prefix

    def __getitem__(self, name: str) -> Source:
        return self._files[self._prefix + name]

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix(self._prefix) for name in self._files if name.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _tar(source: Source) -> dict[str, Source]:
    files: dict[str, Source] = {}
    try:
        plain = _unpacked(source)
        with tarfile.open(fileobj=plain.file(), mode="r:") as archive:
            for count, member in enumerate(archive):
                if count >= MAX_FILES:
                    raise UnsafeContent(f"an archive of more than {MAX_FILES} files", source=source.name)
                if member.size < 0:
                    raise CorruptFile(f"a file of {member.size} bytes in the archive", source=source.name, where=member.name)
                if member.isfile() and member.sparse is None:
                    name = member.name.removeprefix("./")
                    files[name] = plain.part(member.offset_data, member.size, name)
    except (tarfile.TarError, EOFError, OSError, ValueError, RecursionError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, LoadstoneError):
            raise
        raise CorruptFile(f"a damaged tar archive: {error}", source=source.name) from error
    return files


def _unpacked(source: Source) -> Source:
    """A packed archive as bytes in memory, another one as it is."""
    head = source.head(6)
    for magic, unpack in _PACKED.items():
        if head.startswith(magic):
            most = min(MAX_UNPACKED, MAX_RATIO * max(source.size, 1 << 16))
            with unpack(source.file()) as file:
                data = file.read(most + 1)
            if len(data) > most:
                raise UnsafeContent("an archive that unpacks to far more than it is", source=source.name)
            return Source.of_bytes(data, source.name)
    return source
