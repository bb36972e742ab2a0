"""Zip and tar archives as folders: their files are sources, and nothing is unpacked onto a disk.

A file that an archive stores as it is stays where it is; packed ones are unpacked in memory, within limits.
"""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Iterator, Mapping

from loadstone.containers import zip as zips
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, UnsafeContent

MAX_FILES = 100_000
MAX_UNPACKED = 4 << 30  # bytes of a packed tar archive
MAX_RATIO = 200  # times that it may be larger unpacked
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
_HEADER = 512


def as_folder(source: Source) -> Source | None:
    """An archive as a folder; None for what is none. Raises CorruptFile for a damaged one."""
    if source.folder:
        return None
    head = source.head(_HEADER)
    if head.startswith(zips.SIGNATURES):
        return Source(source.name, folder=True, mmap=source.mmap, files=_Zipped(zips.read(source)))
    if head[257:262] == b"ustar" or head.startswith(_PACKED):
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
    packed = source.head(6).startswith(_PACKED)
    budget = min(MAX_UNPACKED, MAX_RATIO * max(source.size, 1 << 16))
    files: dict[str, Source] = {}
    try:
        with tarfile.open(fileobj=source.file(), mode="r:*") as archive:
            for member in archive:
                if len(files) >= MAX_FILES:
                    raise UnsafeContent(f"an archive of more than {MAX_FILES} files", source=source.name)
                if not member.isfile():
                    continue
                budget -= member.size if packed else 0
                if budget < 0:
                    raise UnsafeContent("an archive that unpacks to far more than it is", source=source.name)
                name = member.name.removeprefix("./")
                files[name] = _member(archive, member, name) if packed else source.part(member.offset_data, member.size, name)
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise CorruptFile(f"a damaged tar archive: {error}", source=source.name) from error
    return files


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> Source:
    file = archive.extractfile(member)
    data = b"" if file is None else file.read()
    if len(data) != member.size:
        raise CorruptFile(f"{name} in the archive is cut off")
    return Source.of_bytes(data, name)
