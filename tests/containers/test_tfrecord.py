"""TFRecord files: lengths, bytes and checksums."""

import pytest

import loadstone
from loadstone.containers.source import Source
from loadstone.containers.tfrecord import begins, records
from loadstone.errors import CorruptFile, UnrecognizedFormat

# what tf.io.TFRecordWriter of TensorFlow 2.15 writes for three records
WRITTEN = bytes.fromhex(
    "0300000000000000b099490e6f6e6501405508000000000000000029039807d8ea82a2"
    "14000000000000005e3d291578787878787878787878787878787878787878780d2dd320"
)
RECORDS = [b"one", b"", b"x" * 20]


def test_records_are_read_in_order(tmp_path):
    assert begins(WRITTEN) and list(records(Source.of_bytes(WRITTEN, "x"))) == RECORDS
    (tmp_path / "data").write_bytes(WRITTEN)
    assert loadstone.read_records(tmp_path / "data") == RECORDS


@pytest.mark.parametrize(("place", "at"), [(0, "offset 0"), (13, "offset 0"), (17, "offset 0"), (25, "offset 19"), (-1, "offset 35")])
def test_a_changed_byte_is_noticed(place, at):
    data = bytearray(WRITTEN)
    data[place] ^= 1
    with pytest.raises(CorruptFile) as raised:
        list(records(Source.of_bytes(bytes(data), "x")))
    assert raised.value.where == at


@pytest.mark.parametrize("end", [5, 14, 30, len(WRITTEN) - 1])
def test_a_file_that_is_cut_off_is_corrupt(end):
    with pytest.raises(CorruptFile):
        list(records(Source.of_bytes(WRITTEN[:end], "x")))


def test_a_file_of_another_kind_is_named():
    with pytest.raises(UnrecognizedFormat, match="TFRecord"):
        loadstone.read_records(b"something else of some length")
