"""Zip archives in memory: where each member lies, what it holds; and the writing of one. Nothing is ever extracted to disk.

Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. Members are stored or deflated. A stored one is a
range of the file, so its tensors can be mapped; a deflated one is inflated in memory within a budget.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, LoadstoneError, UnsafeContent, UnsupportedVersion
from loadstone.ir.records import dataclass, field

if TYPE_CHECKING:
    import zipfile  # else only where an archive is read: it takes milliseconds

_STORED, _DEFLATED = 0, 8  # methods of compression
SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")  # a first member, an archive without any
EXPANSION = 1032  # deflate cannot do more; a member that claims more is a bomb
SMALL = 1 << 20  # bytes that a member may inflate to whatever its stored size
MAX_MEMBERS = 100_000
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")


@dataclass(frozen=True)
class Member:
    """One file of an archive; offset is where its bytes begin, packed or not."""

    name: str
    size: int
    packed: int
    offset: int
    stored: bool
    crc: int


@dataclass(eq=False)
class Archive:
    """The members of a zip file by name ("model.weights.h5"), folders left out; and the comment at its end."""

    source: Source
    members: dict[str, Member] = field(default_factory=dict)
    comment: bytes = b""

    def open(self, name: str) -> Source:
        """A member as a source: a range of the file where it is stored, else its inflated bytes."""
        member = self._member(name)
        packed = self.source.part(member.offset, member.packed, name)
        if member.stored:
            if not packed.mapped and zlib.crc32(packed.read()) != member.crc:
                raise CorruptFile("the checksum of a member does not match its bytes", source=self.source.name, where=name)
            return packed
        return Source.of_bytes(self._inflate(member, packed), name)

    def read(self, name: str) -> bytes:
        """The bytes of a member."""
        return bytes(self.open(name).read())

    def aside(self, name: str) -> Source | None:
        """What `add_aside` put beside the members, where the comment says; None where it says nothing."""
        found = re.search(rb"^%b (\d{1,18}) (\d{1,18})$" % re.escape(name.encode()), self.comment, re.MULTILINE)
        return None if found is None else self.source.part(int(found[1]), int(found[2]), name)

    def _member(self, name: str) -> Member:
        if name not in self.members:
            raise CorruptFile(
                f"the archive has no member {name!r}; it has {', '.join(sorted(self.members)[:20]) or 'none'}", source=self.source.name
            )
        return self.members[name]

    def _inflate(self, member: Member, packed: Source) -> bytes:
        if member.size > max(SMALL, EXPANSION * member.packed):
            raise UnsafeContent(
                f"a member claims to grow from {member.packed} to {member.size} bytes: a decompression bomb",
                source=self.source.name,
                where=member.name,
            )
        machine = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            data = machine.decompress(packed.read(), member.size + 1)
        except zlib.error as error:
            raise CorruptFile(f"a compressed member is damaged: {error}", source=self.source.name, where=member.name) from error
        if len(data) != member.size or zlib.crc32(data) != member.crc:
            raise CorruptFile(
                f"a member should have {member.size} bytes and checksum {member.crc:08x}, found {len(data)} and {zlib.crc32(data):08x}",
                source=self.source.name,
                where=member.name,
            )
        return data


def read(source: Source) -> Archive:
    """The archive in a source; raises CorruptFile, UnsafeContent (names that leave the archive, duplicates), UnsupportedVersion."""
    import zipfile

    archive = Archive(source)
    with _typed(source), source.file() as stream, zipfile.ZipFile(stream) as file:
        archive.comment = file.comment
        entries = file.infolist()
        if len(entries) > MAX_MEMBERS:
            raise CorruptFile(f"more than {MAX_MEMBERS} members", source=source.name)
        for entry in entries:
            name = _checked_name(entry.orig_filename, source)
            if name.endswith("/"):
                continue
            if name in archive.members:
                raise UnsafeContent("two members have the same name", source=source.name, where=name)
            archive.members[name] = _member(entry, name, source)
    return archive


def _checked_name(name: str, source: Source) -> str:
    """The name with forward slashes; UnsafeContent where it is absolute or climbs out."""
    plain = name.replace("\\", "/")
    if plain.startswith("/") or ".." in plain.split("/") or ":" in plain.split("/")[0] or "\0" in plain:
        raise UnsafeContent("a member's name leads out of the archive", source=source.name, where=name)
    return plain


def _member(entry: zipfile.ZipInfo, name: str, source: Source) -> Member:
    """Where a member's bytes are: behind its local header, whose name and extra field may differ in length from the directory's."""
    if entry.flag_bits & 1:
        raise UnsupportedVersion("a member is encrypted", source=source.name, where=name)
    if entry.compress_type not in (_STORED, _DEFLATED):
        raise UnsupportedVersion(
            f"a member is packed with zip method {entry.compress_type}; read are stored and deflated", source=source.name, where=name
        )
    header = _LOCAL_HEADER.unpack(source.read(entry.header_offset, _LOCAL_HEADER.size))
    if header[0] != SIGNATURES[0]:
        raise CorruptFile("no member begins where the directory says", source=source.name, where=name)
    offset = entry.header_offset + _LOCAL_HEADER.size + header[9] + header[10]
    stored = entry.compress_type == _STORED
    if stored and entry.file_size != entry.compress_size:
        raise CorruptFile(
            f"a stored member declares {entry.file_size} bytes and holds {entry.compress_size}", source=source.name, where=name
        )
    source.part(offset, entry.compress_size, name)
    return Member(name, entry.file_size, entry.compress_size, offset, stored, entry.CRC)


@contextmanager
def _typed(source: Source) -> Iterator[None]:
    """What zipfile raises on a damaged archive, as CorruptFile."""
    import zipfile

    try:
        yield
    except LoadstoneError:
        raise
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, struct.error, UnicodeDecodeError) as error:
        raise CorruptFile(f"the zip archive is damaged or cut off: {error}", source=source.name) from error


def write(path: str, folder: str) -> None:
    """A new archive with the files of a folder, stored as they are so that a reader can map them. They are copied in pieces."""
    import zipfile

    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for inner, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(files):
                whole = os.path.join(inner, name)
                archive.write(whole, os.path.relpath(whole, folder).replace(os.sep, "/"))


def add(path: str, name: str, data: bytes) -> None:
    """Another member of an archive that was just written, stored as it is; it bears no time, so that the same data are the same bytes."""
    import zipfile

    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = 0o600 << 16  # for who unpacks it
        archive.writestr(member, data)


def add_aside(path: str, name: str, data: bytes) -> None:
    """Bytes between the last member of an archive that was just written and its directory, where no other reader looks; `aside` finds them."""
    import zipfile

    with zipfile.ZipFile(path, "a") as archive:
        assert archive.fp is not None
        archive.fp.seek(archive.start_dir)
        archive.fp.write(data)
        archive.comment += f"{name} {archive.start_dir} {len(data)}\n".encode()
        archive.start_dir += len(data)
