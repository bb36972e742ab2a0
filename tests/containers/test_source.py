"""Sources: where bytes come from, when they are mapped, and what happens when a mapped file is rewritten."""

import io
import os

import numpy as np
import pytest

from loadstone.containers.source import Source, on_local_disk
from loadstone.errors import CorruptFile


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "weights.bin"
    file.write_bytes(np.arange(6, dtype="<f4").tobytes())
    return file


@pytest.mark.parametrize("make", [str, lambda p: p, lambda p: p.read_bytes(), lambda p: io.BytesIO(p.read_bytes()), lambda p: p.open("rb")])
def test_paths_bytes_and_file_objects_are_sources(path, make):
    given = make(path)
    source = Source.open(given)
    assert (source.size, source.head(4)) == (24, b"\0\0\0\0")
    if hasattr(given, "close"):
        given.close()


def test_a_missing_path_is_a_plain_error_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.h5"):
        Source.open(tmp_path / "nothing.h5")


@pytest.mark.parametrize("wrong", [3, None, ["a.h5"], io.StringIO("text")])
def test_anything_else_is_a_type_error(wrong):
    with pytest.raises(TypeError, match=r"path, bytes or a binary file object|gives text"):
        Source.open(wrong)


def test_a_small_file_is_read_at_once_so_rewriting_cannot_hurt(path):
    source = Source.open(path)
    path.write_bytes(b"x" * 24)
    tensor = source.tensor(0, (6,), np.dtype("<f4"), "float32", "w")
    assert not source.mapped
    assert tensor.region is None
    assert tensor.numpy().tolist() == [0, 1, 2, 3, 4, 5]
    source.check_unchanged()


def test_a_mapped_file_gives_regions(path):
    source = Source.open(path, mmap=True)
    tensor = source.part(8, 16, "member").tensor(4, (3,), np.dtype("<f4"), "float32", "w")
    assert tensor.region is not None
    assert (tensor.region.path, tensor.region.offset, tensor.region.length) == (os.path.realpath(path), 12, 12)
    assert tensor.numpy().tolist() == [3, 4, 5]


def test_a_big_endian_tensor_has_no_region_and_the_right_values(tmp_path):
    file = tmp_path / "big"
    file.write_bytes(np.arange(3, dtype=">f4").tobytes())
    tensor = Source.open(file, mmap=True).tensor(0, (3,), np.dtype(">f4"), "float32", "w")
    assert tensor.region is None
    assert tensor.numpy().tolist() == [0, 1, 2]


@pytest.mark.parametrize("change", ["rewrite", "truncate", "remove", "replace"])
def test_a_mapped_file_that_changed_is_noticed(path, change):
    source = Source.open(path, mmap=True)
    tensor = source.tensor(0, (6,), np.dtype("<f4"), "float32", "w")
    if change == "rewrite":
        path.write_bytes(b"x" * 24)
        os.utime(path, ns=(1, 1))
    elif change == "truncate":
        os.truncate(path, 4)
    elif change == "remove":
        path.unlink()
    else:
        other = path.with_name("new")
        other.write_bytes(b"y" * 24)
        os.replace(other, path)
    with pytest.raises(CorruptFile, match="rewritten after loading"):
        source.check_unchanged()
    if change != "remove":
        with pytest.raises(CorruptFile, match="rewritten after loading"):
            tensor.numpy()


def test_bytes_outside_the_file_are_refused(path):
    source = Source.open(path)
    with pytest.raises(CorruptFile, match="ends too early"):
        source.read(20, 8)
    with pytest.raises(CorruptFile, match="outside the file"):
        source.part(20, 8, "w")
    with pytest.raises(CorruptFile, match="outside the file"):
        source.tensor(0, (1 << 40, 1 << 40), np.dtype("<f4"), "float32", "w")


@pytest.mark.parametrize("name", ["../weights.bin", "/etc/passwd", "a/../../b", "C:\\x", "", "a//b"])
def test_a_member_of_a_folder_stays_inside(tmp_path, name):
    with pytest.raises(CorruptFile, match="not a name inside a folder"):
        Source.open(tmp_path).member(name)


def test_a_folder_lists_what_is_in_it(path):
    (path.parent / "assets" / "deep").mkdir(parents=True)
    (path.parent / "assets" / "deep" / "words.txt").write_text("a")
    source = Source.open(path.parent)
    assert source.folder
    assert source.entries == ("assets", "weights.bin")
    assert source.files_below("assets") == ["assets/deep/words.txt"]
    assert source.member("assets/deep/words.txt").head(9) == b"a"


def test_the_file_object_of_a_part_reads_and_seeks(path):
    part = Source.open(path, mmap=True).part(4, 12, "part")
    with part.file() as file:
        assert len(file.read()) == 12
        file.seek(-4, os.SEEK_END)
        assert np.frombuffer(file.read(), "<f4").tolist() == [3.0]


def test_network_mounts_are_not_local(tmp_path):
    table = tmp_path / "mounts"
    table.write_text(
        "disk / ext4 rw 0 0\nserver:/x /data nfs4 rw 0 0\nuser@x /data/home\\040dir fuse.sshfs rw 0 0\ntmp /data/fast tmpfs rw 0 0\n"
    )
    assert on_local_disk("/home/model.h5", str(table))
    assert not on_local_disk("/data/model.h5", str(table))
    assert not on_local_disk("/data/home dir/model.h5", str(table))
    assert on_local_disk("/data/fast/model.h5", str(table))
    assert not on_local_disk("\\\\server\\share\\model.h5", str(table))
