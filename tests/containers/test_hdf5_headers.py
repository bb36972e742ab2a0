"""HDF5 read from its headers: the same tree that h5py gives, or nothing."""

import io
import random
from pathlib import Path

import h5py
import numpy as np
import pytest

from loadstone.containers import hdf5, hdf5_headers, hdf5_values
from loadstone.containers.hdf5_values import Unusual
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile

FILES = sorted(Path(__file__).parent.parent.glob("golden/**/*.h5"))


def of_headers(source):
    return hdf5_headers.tree(source, lambda path, dtype: lambda: hdf5._load(source, path, dtype))


def written(fill, **options):
    """A file in memory, filled by a function."""
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as made:
        fill(made)
    return Source.of_bytes(file.getvalue(), "made.h5")


def check_same(found, expected):
    assert (found.path, found.names, list(found.attributes)) == (expected.path, expected.names, list(expected.attributes))
    for name, value in expected.attributes.items():
        assert type(found.attributes[name]) is type(value)
        np.testing.assert_array_equal(found.attributes[name], value)
        assert getattr(found.attributes[name], "dtype", None) == getattr(value, "dtype", None)
    for name, tensor in expected.tensors.items():
        other = found.tensors[name]
        assert (other.shape, other.dtype, other.region, other.key) == (tensor.shape, tensor.dtype, tensor.region, tensor.key)
        np.testing.assert_array_equal(other.numpy(), tensor.numpy())
    for name, group in expected.groups.items():
        check_same(found.groups[name], group)


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_files_of_keras(path):
    source = Source.open(path)
    check_same(of_headers(source), hdf5._read(source))
    check_same(hdf5_headers.outline(source), hdf5._outline(source))


def types(file):
    for number, dtype in enumerate(("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "bool", ">f4", ">i8")):
        file[f"x{number}"] = np.arange(6).reshape(2, 3).astype(dtype)
        file.attrs[f"a{number}"] = np.arange(3).astype(dtype)
        file.attrs[f"scalar{number}"] = np.array(1).astype(dtype)


def texts(file):
    file["fixed"] = np.array([b"a", b"bcd", b""])
    file.create_dataset("free", data=["a", "héllo", ""], dtype=h5py.string_dtype())
    file.attrs["free"] = "text of a model, ü"
    file.attrs["empty"] = ""
    file.attrs["fixed"] = np.bytes_(b"abc")
    file.attrs["list"] = np.array([b"kernel:0", b"bias:0"])
    file.attrs["free list"] = np.array(["one", "two", ""], dtype=h5py.string_dtype())
    ends = h5py.h5t.C_S1.copy()
    ends.set_size(6)
    made = h5py.h5a.create(file.id, b"ends", ends, h5py.h5s.create(h5py.h5s.SCALAR))
    made.write(np.array(b"ab\0de", "S6"))


def many(file):
    for number in range(700):  # several levels of a group's tree
        file.create_group(f"group_{number}").attrs["weight_names"] = np.array([b"a" * (number % 40 + 1)] * 20)
    for number in range(40):  # attributes that go on in other blocks
        file.attrs[f"long_{number}"] = "x" * 900
    file["a/b/c/d"] = np.zeros((0, 3), "f4")
    file["single"] = 3.0


@pytest.mark.parametrize("fill", [types, texts, many])
def test_what_keras_does_not_write_yet(fill):
    source = written(fill)
    check_same(of_headers(source), hdf5._read(source))


def test_a_part_of_a_file(tmp_path):
    made = written(types)
    path = tmp_path / "archive"
    path.write_bytes(b"before" + bytes(made.data) + b"behind")
    part = Source.open(path, mmap=True).part(6, made.size, "model.weights.h5")
    check_same(of_headers(part), hdf5._read(part))
    assert of_headers(part).tensors["x1"].region is not None


def soft(file):
    file["x"] = h5py.SoftLink("/y")


def external(file):
    file["x"] = h5py.ExternalLink("other.h5", "/y")


def elsewhere(file):
    file.create_dataset("x", (4,), "f4", external=[("other", 0, 16)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset("x", layout)


def packed(file):
    file.create_dataset("x", data=np.zeros(100, "f4"), compression="gzip")


def growing(file):
    file.create_dataset("x", data=np.zeros(100, "f4"), maxshape=(None,))


def nothing(file):
    file["x"] = h5py.Empty("f4")


def no_attribute(file):
    file.attrs["x"] = h5py.Empty("f4")


def ordered(file):
    file.create_group("x", track_order=True)


def compound(file):
    file["x"] = np.zeros(3, [("a", "f4"), ("b", "i4")])


def choices(file):
    file.create_dataset("x", data=np.zeros(3, "i1"), dtype=h5py.enum_dtype({"RED": 0, "BLUE": 1}, "i1"))


def opaque(file):
    file["x"] = np.zeros(3, "V2")


def unwritten(file):
    file.create_dataset("x", (4,), "f4")


def cycle(file):
    file.create_group("a")["back"] = file["/"]


@pytest.mark.parametrize(
    "fill",
    [soft, external, elsewhere, virtual, packed, growing, nothing, no_attribute, ordered, compound, choices, opaque, unwritten, cycle],
)
def test_what_is_left_to_h5py(fill):
    with pytest.raises(Unusual):
        of_headers(written(fill))


def test_later_formats_are_left_to_h5py():
    with pytest.raises(Unusual):
        of_headers(written(types, libver="latest"))


def test_a_file_that_ends_early_is_left_to_h5py():
    source = written(types)
    with pytest.raises(Unusual):
        of_headers(source.part(0, source.size - 1, "cut"))


def test_damaged_files_end_in_a_tree_or_are_left_to_h5py():
    chance, whole, unusual = random.Random(7), bytes(written(many).data), 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(data) if chance.random() < 0.5 else 4096)
            data[place] = chance.choice([0, 1, 255, chance.randrange(256)])
        try:
            of_headers(Source.of_bytes(bytes(data), "damaged"))
        except (Unusual, CorruptFile):
            unusual += 1
    assert unusual


def lists(file):
    file.attrs["free"] = "text"
    file.create_dataset("words", data=["one", "two"], dtype=h5py.string_dtype())


HEAP, TEXT = b"GCOL\1\0\0\0", bytes([0x19, 1, 1, 0, 16, 0, 0, 0])


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        (HEAP, b"GCOL\2\0\0\0"),
        (HEAP + (4096).to_bytes(8, "little"), HEAP + (1 << 40).to_bytes(8, "little")),
        (b"\4\0\0\0\0\0\0\0text", b"\4\0\0\0\1\0\0\0text"),
        (TEXT, bytes([0x19, 0, 1, 0, 16, 0, 0, 0])),
        (TEXT, bytes([0x19, 8, 1, 0, 16, 0, 0, 0])),
        (TEXT, bytes([0x19, 1, 1, 0, 17, 0, 0, 0])),
    ],
)
def test_damaged_texts_are_kept_from_libhdf5(found, instead):
    data = bytes(written(lists).data)
    assert found in data
    with pytest.raises(CorruptFile, match="damaged"):
        hdf5.read(Source.of_bytes(data.replace(found, instead), "damaged"))


def test_a_text_that_its_heap_does_not_have_is_kept_from_libhdf5():
    data = bytes(written(lists).data)
    place = data.index(HEAP).to_bytes(8, "little")
    for changed in (data.replace(place + b"\1\0\0\0", place + b"\x7f\0\0\0"), data.replace(place, (8).to_bytes(8, "little"))):
        assert changed != data
        with pytest.raises(CorruptFile, match="heap"):
            [tensor.numpy() for tensor in hdf5.read(Source.of_bytes(changed, "damaged")).tensors.values()]


def test_names_that_go_round_end(monkeypatch):
    monkeypatch.setattr(hdf5_values, "MAX_STEPS", 5000)
    with pytest.raises(Unusual):
        of_headers(written(many))


def test_a_small_model_is_loaded_without_h5py():
    import subprocess
    import sys

    path = next(path for path in FILES if path.name == "mlp.h5")
    code = f"import sys, loadstone; loadstone.load_model({str(path)!r}); assert 'h5py' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
