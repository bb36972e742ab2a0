"""Zip archives: where members lie, and archives that must not be read."""

import io
import struct
import zipfile

import numpy as np
import pytest

from loadstone.containers import zip as archives
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, UnsafeContent, UnsupportedVersion


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def read(data: bytes) -> archives.Archive:
    return archives.read(Source.of_bytes(data, "model.keras"))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read(method):
    archive = read(packed({"config.json": b"{}", "assets/a/words.txt": b"a" * 1000}, method))
    assert list(archive.members) == ["config.json", "assets/a/words.txt"]
    assert archive.read("assets/a/words.txt") == b"a" * 1000


def test_a_stored_member_is_a_range_of_the_file(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(packed({"a": b"xyz", "w": np.arange(4, dtype="<f4").tobytes()}))
    tensor = archives.read(Source.open(path, mmap=True)).open("w").tensor(4, (2,), np.dtype("<f4"), "float32", "w")
    assert tensor.numpy().tolist() == [1, 2]
    assert path.read_bytes()[tensor.region.offset :][:8] == np.array([1, 2], "<f4").tobytes()


def test_zip64_and_a_comment_are_read():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        with file.open("w", "w", force_zip64=True) as member:
            member.write(b"abc")
        file.comment = b"a comment"
    assert read(buffer.getvalue()).read("w") == b"abc"


def test_bytes_beside_the_members_are_found_by_name(tmp_path):
    path, large = str(tmp_path / "model.keras"), bytes(range(256)) * 400
    (tmp_path / "model.keras").write_bytes(packed({"a": b"xyz"}))
    archives.add_aside(path, "large.npz", large)
    archives.add_aside(path, "text.json", b"{}")
    archive = archives.read(Source.open(path))
    assert list(archive.members) == ["a"]
    assert archive.read("a") == b"xyz"
    assert [bytes(archive.aside(name).read()) for name in ("large.npz", "text.json")] == [large, b"{}"]
    assert archive.aside("other") is None
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None


def test_bytes_beside_the_members_lie_inside_the_file(tmp_path):
    (tmp_path / "model.keras").write_bytes(packed({"a": b"xyz"}))
    with zipfile.ZipFile(tmp_path / "model.keras", "a") as file:
        file.comment = b"a 5 999999\nno line\nb x 3\n"
    archive = archives.read(Source.open(tmp_path / "model.keras"))
    assert archive.aside("b") is None
    with pytest.raises(CorruptFile, match="outside the file"):
        archive.aside("a")


def test_folders_are_no_members():
    assert list(read(packed({"assets/": b"", "config.json": b"{}"})).members) == ["config.json"]


def test_windows_separators_are_slashes():
    data = packed({"assets#layers#words.txt": b"a"}).replace(b"assets#layers#words.txt", b"assets\\layers\\words.txt")
    assert list(read(data).members) == ["assets/layers/words.txt"]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/passwd", "C:/evil", "..\\evil"])
def test_a_name_that_leads_out_is_refused(name):
    harmless = "x" * len(name)
    data = packed({harmless: b"a"}).replace(harmless.encode(), name.encode())
    with pytest.raises(UnsafeContent, match="leads out of the archive"):
        read(data)


def test_two_members_of_one_name_are_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("config.json", b"{}")
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("config.json", b"[]")
    with pytest.raises(UnsafeContent, match="two members have the same name"):
        read(buffer.getvalue())


def test_a_decompression_bomb_is_not_inflated():
    data = bytearray(packed({"bomb": b"\0" * 10_000_000}, zipfile.ZIP_DEFLATED))
    entry = data.rindex(b"PK\1\2")
    struct.pack_into("<I", data, entry + 24, 4_000_000_000)
    with pytest.raises(UnsafeContent, match="a decompression bomb"):
        read(bytes(data)).read("bomb")


def test_a_member_that_inflates_to_more_than_it_says_is_corrupt():
    data = bytearray(packed({"w": b"\0" * 10_000}, zipfile.ZIP_DEFLATED))
    struct.pack_into("<I", data, data.rindex(b"PK\1\2") + 24, 100)
    with pytest.raises(CorruptFile, match="should have 100 bytes"):
        read(bytes(data)).read("w")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_flipped_bit_is_noticed(method):
    content = bytes(range(256)) * 20
    data = bytearray(packed({"w": content}, method))
    data[60] ^= 1
    with pytest.raises(CorruptFile, match=r"checksum|damaged"):
        read(bytes(data)).read("w")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_are_named(method):
    with pytest.raises(UnsupportedVersion, match=f"zip method {method}"):
        read(packed({"w": b"abc" * 100}, method))


def test_an_encrypted_member_is_named():
    data = bytearray(packed({"w": b"abc"}))
    for start in (data.index(b"PK\3\4") + 6, data.rindex(b"PK\1\2") + 8):
        data[start] |= 1
    with pytest.raises(UnsupportedVersion, match="encrypted"):
        read(bytes(data))


@pytest.mark.parametrize("part", [0.3, 0.7, 0.99])
def test_a_truncated_archive_is_corrupt(part):
    data = packed({"config.json": b"{}" * 500, "w": b"x" * 500})
    with pytest.raises(CorruptFile, match="damaged or cut off"):
        read(data[: int(len(data) * part)])


def test_a_directory_that_lies_about_places_is_corrupt():
    data = bytearray(packed({"w": b"abc", "v": b"abc"}))
    struct.pack_into("<I", data, data.rindex(b"PK\1\2") + 42, 5)
    with pytest.raises(CorruptFile, match="no member begins"):
        read(bytes(data))
    struct.pack_into("<I", data, data.rindex(b"PK\1\2") + 42, 1 << 30)
    with pytest.raises(CorruptFile):
        read(bytes(data))


def test_a_missing_member_is_named_with_those_there():
    with pytest.raises(CorruptFile, match=r"no member 'model.weights.h5'; it has config.json"):
        read(packed({"config.json": b"{}"})).open("model.weights.h5")
