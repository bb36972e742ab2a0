"""Checkpoints that are written, byte by byte against those of TensorFlow (golden/make_tensor_bundle.py)."""

import lzma
from pathlib import Path

import numpy as np
import pytest

from loadstone.containers import tensor_bundle, tensor_bundle_writing
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile
from loadstone.ir import Tensor

GOLDEN = Path(__file__).parents[1] / "golden" / "tensor_bundle"


def read(prefix):
    path = f"{prefix}.index"
    return tensor_bundle.read(Source.open(path), tensor_bundle.shard_beside(path, None)).tensors


def test_every_type_is_written_as_by_tensorflow(tmp_path):
    tensors = read(GOLDEN / "kinds")
    assert {tensor.dtype for tensor in tensors.values()} >= {"float32", "bfloat16", "float8_e5m2", "complex128", "string", "bool"}
    tensor_bundle_writing.write(str(tmp_path / "kinds"), tensors, aligned=1)
    for name in ("kinds.index", "kinds.data-00000-of-00001"):
        assert (tmp_path / name).read_bytes() == (GOLDEN / name).read_bytes()


def test_an_index_of_several_blocks_is_that_of_tensorflow(tmp_path):
    names = sorted(f"{number % 7}/{'layer' * 30}_{number:05}/kernel" for number in range(6000))
    tensors = {name: Tensor.of(np.int32(int(name.split("_")[1][:5]))) for name in names}
    tensor_bundle_writing.write(str(tmp_path / "many"), tensors, aligned=1)
    assert (tmp_path / "many.index").read_bytes() == lzma.decompress((GOLDEN / "many.index.xz").read_bytes())


@pytest.mark.parametrize("order", [1, -1])
def test_tensors_lie_in_their_order_at_multiples_of_64(order, tmp_path):
    names = ["a", "b", "c"][::order]
    tensors = {name: Tensor.of(np.full(5, place, np.float32)) for place, name in enumerate(names)}
    tensor_bundle_writing.write(str(tmp_path / "x"), tensors)
    data = np.frombuffer((tmp_path / "x.data-00000-of-00001").read_bytes(), np.float32)
    assert data.size == 37 and [data[at] for at in (0, 16, 32)] == [0, 1, 2]
    assert {name: tensor.numpy()[0] for name, tensor in read(tmp_path / "x").items()} == {name: place for place, name in enumerate(names)}


def test_an_empty_checkpoint_is_read(tmp_path):
    tensor_bundle_writing.write(str(tmp_path / "x"), {})
    assert read(tmp_path / "x") == {}


@pytest.mark.parametrize("aligned", [1, 64])
def test_a_damaged_tensor_is_named_and_the_others_are_read(aligned, tmp_path):
    tensors = {name: Tensor.of(np.arange(1000, dtype=np.float32)) for name in "abc"} | {"text": Tensor.of(np.array(b"x", object))}
    tensor_bundle_writing.write(str(tmp_path / "x"), tensors, aligned=aligned)
    path = tmp_path / "x.data-00000-of-00001"
    data = bytearray(path.read_bytes())
    data[4500] ^= 1  # in b
    path.write_bytes(data)
    found = read(tmp_path / "x")
    for name in "ac":
        np.testing.assert_array_equal(found[name].numpy(), tensors[name].numpy())
    with pytest.raises(CorruptFile, match="checksum") as raised:
        found["b"].numpy()
    assert raised.value.where == "b"
