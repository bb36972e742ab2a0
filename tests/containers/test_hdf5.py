"""HDF5 trees: attributes, order, tensors and what is refused."""

import io
import os
import threading

import h5py
import ml_dtypes
import numpy as np
import pytest

from loadstone.containers import hdf5
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, UnsafeContent, UnsupportedVersion
from loadstone.ir import Tensor


def written(fill, **options) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def tree(fill, **options) -> hdf5.Group:
    return hdf5.read(Source.of_bytes(written(fill, **options), "test.h5"))


def saved(tmp_path, fill, **options):
    path = tmp_path / "model.h5"
    path.write_bytes(written(fill, **options))
    return path


def test_attributes_are_text_and_lists_of_text():
    def fill(file):
        file.attrs["text"] = "häuser"
        file.attrs["bytes"] = np.bytes_(b"config")
        file.attrs["names"] = [b"dense_1", b"dense_2"]
        file.attrs["strings"] = ["a", "b"]
        file.attrs["none"] = []
        file.attrs["empty"] = h5py.Empty("S1")
        file.attrs["number"] = 3

    root = tree(fill)
    assert (root.text("text"), root.text("bytes"), root.text("absent"), root.text("empty")) == ("häuser", "config", None, None)
    assert root.strings("names") == ["dense_1", "dense_2"]
    assert root.strings("strings") == ["a", "b"]
    assert root.strings("none") == []
    with pytest.raises(CorruptFile, match="should be text"):
        root.text("number")


def test_lists_over_64_kb_are_put_together():
    names = [f"layer_{i:05d}/kernel:0".encode() for i in range(5000)]

    def fill(file):
        for number, part in enumerate(np.array_split(np.asarray(names), 3)):
            file.attrs[f"weight_names{number}"] = part

    assert tree(fill).strings("weight_names") == [name.decode() for name in names]


def test_a_large_attribute_is_read():
    assert tree(lambda file: file.attrs.__setitem__("config", "x" * 60000)).text("config") == "x" * 60000


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.arange(6, dtype="<f4").reshape(2, 3), "float32"),
        (np.arange(6, dtype=">f8").reshape(2, 3), "float64"),
        (np.array([1, 2], "float16"), "float16"),
        (np.array([True, False]), "bool"),
        (np.array([1 + 2j], "complex64"), "complex64"),
        (np.float32(3), "float32"),
        (np.zeros((0, 3), "float32"), "float32"),
        (np.array([1, 2], "uint8"), "uint8"),
    ],
    ids=str,
)
def test_tensors_have_the_values_of_the_file(values, dtype):
    tensor = tree(lambda file: file.create_dataset("a/b", data=values)).tensor("a/b")
    assert (tensor.dtype, tensor.shape, tensor.key) == (dtype, values.shape, "a/b")
    np.testing.assert_array_equal(tensor.numpy(), values)


def test_strings_are_bytes_objects():
    def fill(file):
        file["v"] = np.array(["ä", "bb"], object)
        file["f"] = np.array([b"a", b"bb"])

    root = tree(fill)
    assert root.tensors["v"].numpy().tolist() == ["ä".encode(), b"bb"]
    assert root.tensors["f"].numpy().tolist() == [b"a", b"bb"]
    assert root.tensors["v"].dtype == "string"


@pytest.mark.parametrize("noted", [True, False])
def test_bfloat16_is_two_opaque_bytes(noted, tmp_path):
    values = np.array([1, 2.5, -3], ml_dtypes.bfloat16)

    def fill(file):
        data = file.create_dataset("w", data=values)
        if noted:
            data.attrs["dtype"] = "bfloat16"

    tensor = hdf5.read(Source.open(saved(tmp_path, fill), mmap=True)).tensors["w"]
    assert tensor.dtype == "bfloat16"
    assert tensor.region is not None
    np.testing.assert_array_equal(tensor.numpy().astype("f4"), [1, 2.5, -3])


def test_float8_without_a_note_is_not_guessed():
    with pytest.raises(UnsupportedVersion, match="opaque elements of 1 bytes"):
        tree(lambda file: file.create_dataset("w", data=np.array([1], ml_dtypes.float8_e4m3fn)))


@pytest.mark.parametrize(
    "options", [{"compression": "gzip", "shuffle": True}, {"chunks": (5,)}, {"compression": "lzf", "fletcher32": True}]
)
def test_packed_datasets_are_read(options, tmp_path):
    path = saved(tmp_path, lambda file: file.create_dataset("w", data=np.arange(20.0), **options))
    tensor = hdf5.read(Source.open(path, mmap=True)).tensors["w"]
    assert tensor.region is None
    np.testing.assert_array_equal(tensor.numpy(), np.arange(20.0))


@pytest.mark.parametrize("userblock", [0, 512, 4096])
def test_a_region_is_where_the_values_are(tmp_path, userblock):
    values = np.arange(7, dtype="<f4")
    path = saved(tmp_path, lambda file: file.create_dataset("w", data=values), userblock_size=userblock)
    source = Source.open(path, mmap=True)
    assert hdf5.begins(source)
    region = hdf5.read(source).tensors["w"].region
    assert path.read_bytes()[region.offset : region.offset + region.length] == values.tobytes()


def test_a_range_of_a_file_can_hold_the_file(tmp_path):
    inner = written(lambda file: file.create_dataset("w", data=np.arange(3, dtype="<f4")))
    path = tmp_path / "outer"
    path.write_bytes(b"#" * 1000 + inner + b"#" * 10)
    tensor = hdf5.read(Source.open(path, mmap=True).part(1000, len(inner), "inner.h5")).tensors["w"]
    assert tensor.numpy().tolist() == [0, 1, 2]
    assert path.read_bytes()[tensor.region.offset :][:12] == np.arange(3, dtype="<f4").tobytes()


@pytest.mark.parametrize(("tracked", "order"), [(True, ["b", "c", "a"]), (False, ["a", "b", "c"])])
def test_the_order_is_the_recorded_one_else_by_name(tracked, order):
    root = tree(lambda file: [file.create_dataset(name, data=1.0) for name in "bca"], track_order=tracked)
    assert list(root.all_tensors()) == order


def test_paths_of_tensors_begin_where_one_asks():
    root = tree(lambda file: [file.create_dataset(name, data=1.0) for name in ("a/b/c", "a/d", "e")])
    assert list(root.all_tensors()) == ["a/b/c", "a/d", "e"]
    assert list(root.group("a").all_tensors()) == ["b/c", "d"]
    assert [group.path for group in root.walk()] == ["", "a", "a/b"]
    assert root.group("a/x") is None
    assert root.tensor("a/x") is None


def test_loading_from_many_threads_gives_the_same_values():
    root = tree(lambda file: [file.create_dataset(str(i), data=np.full(1000, i), chunks=(100,), compression="gzip") for i in range(8)])
    wrong = []

    def load():
        wrong.extend(i for i in range(8) if not (root.tensors[str(i)].numpy() == i).all())

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_reads_on(tmp_path):
    path = saved(tmp_path, lambda file: file.create_dataset("w", data=np.arange(5.0), chunks=(5,), compression="gzip"))
    tensor = hdf5.read(Source.open(path, mmap=True)).tensors["w"]
    child = os.fork()
    if child == 0:
        os._exit(0 if tensor.numpy().sum() == 10 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_no_handle_stays_open(tmp_path):
    path = saved(tmp_path, lambda file: file.create_dataset("w", data=np.arange(5.0)))
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    root = hdf5.read(Source.open(path, mmap=True))
    root.tensors["w"].numpy()
    assert not before or len(os.listdir("/proc/self/fd")) == before


def test_links_out_of_the_tree_are_refused():
    def soft(file):
        file["w"] = 1.0
        file["again"] = h5py.SoftLink("/w")

    with pytest.raises(UnsafeContent, match="a soft link"):
        tree(soft)
    with pytest.raises(UnsafeContent, match="an external link"):
        tree(lambda file: file.__setitem__("w", h5py.ExternalLink("/etc/passwd", "/w")))


def test_a_group_inside_itself_is_refused():
    def fill(file):
        group = file.create_group("a")
        group["b"] = group

    with pytest.raises(CorruptFile, match="linked from two places"):
        tree(fill)


def test_a_dataset_may_have_two_names():
    def fill(file):
        file["a"] = 1.0
        file["b"] = file["a"]

    assert list(tree(fill).tensors) == ["a", "b"]


def test_values_in_other_files_are_refused(tmp_path):
    with pytest.raises(UnsafeContent, match="in another file"):
        tree(lambda file: file.create_dataset("w", (4,), "f4", external=[(str(tmp_path / "raw"), 0, 16)]))

    def virtual(file):
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource("other.h5", "w", (4,))
        file.create_virtual_dataset("w", layout)

    with pytest.raises(UnsafeContent, match="a view of other files"):
        tree(virtual)


@pytest.mark.parametrize("options", [{}, {"chunks": (1 << 20,), "compression": "gzip"}])
def test_a_shape_that_the_file_cannot_hold_is_refused(options):
    with pytest.raises(CorruptFile, match=r"declares 4398046511104 bytes and stores 0"):
        tree(lambda file: file.create_dataset("w", (1 << 40,), "f4", **options))


def test_many_unstored_datasets_are_refused_together():
    with pytest.raises(CorruptFile, match="more than the file can hold"):
        tree(lambda file: [file.create_dataset(str(i), (1 << 23,), "f4", chunks=(1 << 20,)) for i in range(40)])


@pytest.mark.parametrize("cut", [8, 100, 0.5, 0.9])
def test_a_truncated_file_is_corrupt(cut):
    data = written(lambda file: [file.create_dataset(str(i), data=np.arange(100.0)) for i in range(50)])
    length = cut if isinstance(cut, int) else int(len(data) * cut)
    with pytest.raises(CorruptFile, match="damaged or cut off"):
        hdf5.read(Source.of_bytes(data[:length], "test.h5"))


def test_damaged_bytes_give_a_typed_error_or_values():
    data = bytearray(written(lambda file: [file.create_dataset(f"g{i}/w", data=np.arange(10.0)) for i in range(5)]))
    random = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(data)
        for position in random.integers(8, len(data), 3):
            damaged[position] = random.integers(256)
        try:
            for tensor in hdf5.read(Source.of_bytes(bytes(damaged), "test.h5")).all_tensors().values():
                tensor.numpy()
        except (CorruptFile, UnsafeContent, UnsupportedVersion):
            pass


def test_one_tensor_at_a_time_is_in_memory_when_a_file_is_written(tmp_path):
    import tracemalloc

    tensors = {f"w{i}": Tensor.lazy((1 << 18,), "float32", lambda i=i: np.full(1 << 18, i, np.float32)) for i in range(20)}
    tracemalloc.start()
    hdf5.write(str(tmp_path / "x.h5"), tensors, {"": {"names": list(tensors)}})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20  # of 20 MiB
    found = hdf5.read(Source.open(tmp_path / "x.h5"))
    assert found.strings("names") == list(tensors)
    np.testing.assert_array_equal(found.tensors["w7"].numpy(), np.full(1 << 18, 7, np.float32))
