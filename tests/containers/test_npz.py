"""Arrays of numpy, and pickled ones as data: no pickle is ever loaded."""

import io
import pickle  # noqa: TID251 - made here, never loaded

import ml_dtypes
import numpy as np
import pytest

from loadstone.containers import npz, pickled
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, UnsupportedVersion


def archive(**arrays) -> Source:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return Source.of_bytes(buffer.getvalue(), "weights.npz")


def test_arrays_are_tensors():
    values = {"w": np.arange(6, dtype="f4").reshape(2, 3), "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "s": np.int64(3)}
    found = npz.read(archive(**values))
    assert list(found) == ["w", "f", "s"]
    for name, array in values.items():
        np.testing.assert_array_equal(found[name].numpy(), array)


def test_a_stored_array_has_a_region(tmp_path):
    path = tmp_path / "w.npz"
    np.savez(path, w=np.arange(5, dtype="<f4"))
    tensor = npz.read(Source.open(path, mmap=True))["w"]
    assert path.read_bytes()[tensor.region.offset :][: tensor.region.length] == np.arange(5, dtype="<f4").tobytes()


def test_a_dict_of_arrays_is_read_as_data():
    weights = {
        "0": np.arange(6, dtype="f4").reshape(2, 3),
        "1": np.array([1, 2], ml_dtypes.bfloat16),
        "2": np.float64(3),
        "3": np.asfortranarray(np.eye(2)),
    }
    found = npz.read(archive(**{"layers/dense": weights, "__root__": {}}))
    assert found["__root__"] == {}
    for key, array in weights.items():
        np.testing.assert_array_equal(np.asarray(found["layers/dense"][key], "f8"), np.asarray(array, "f8"))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_gives_the_same_data(protocol):
    value = {"a": [1, (2.5, None, True)], "b": {"c": b"bytes", "d": "text"}, "long": 1 << 70, "t": (1, 2, 3, 4)}
    found = pickled.read(pickle.dumps(value, protocol))
    assert found["long"] == 1 << 70
    if protocol > 2:  # bytes are calls of codecs.encode before
        assert found == value


class Evil:
    def __reduce__(self):
        return (eval, ("open('never', 'w')",))


def test_code_becomes_a_record_and_does_not_run():
    found = pickled.read(pickle.dumps({"w": Evil()}))
    assert found["w"].name == "builtins.eval"
    assert found["w"].args == ("open('never', 'w')",)


def test_an_array_inside_an_object_is_found():
    found = pickled.read(pickle.dumps(type("X", (), {}) and {"a": Wrapper(np.arange(3))}))
    assert [array.tolist() for array in found["a"].arrays()] == [[0, 1, 2]]


class Wrapper:
    def __init__(self, value):
        self._value = value


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x04", b"\x80\x04K\x01", b"not a pickle", b"\x80\x04R.", b"\x80\x04h\x05.", b"\x80\x04K\x01b."]
)
def test_damaged_streams_are_corrupt(data):
    with pytest.raises(CorruptFile):
        pickled.read(data)


def test_values_that_multiply_are_not_expanded():
    value: list = []
    for _ in range(60):
        value = [value, value]
    assert isinstance(pickled.read(pickle.dumps(value)), list)
    loop: list = []
    loop.append(loop)
    with pytest.raises(CorruptFile, match="contain themselves"):
        pickled.read(pickle.dumps(loop))


def npy(header: str, values: bytes = b"") -> Source:
    text = header.encode("latin1") + b"\n"
    return Source.of_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + values, "w.npy")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 3}",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4'}",
        "__import__('os').system('true')",
        "(" * 300,
    ],
)
def test_bad_headers_are_corrupt(header):
    with pytest.raises(CorruptFile):
        npz.read_array(npy(header), "w")


@pytest.mark.parametrize("descr", ["<U5", "|V7", "<M8[s]"])
def test_other_elements_are_named(descr):
    with pytest.raises(UnsupportedVersion, match="are not read"):
        npz.read_array(npy(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ()}}"), "w")
