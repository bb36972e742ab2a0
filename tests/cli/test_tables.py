"""Data files of every kind become a model's inputs."""

import io

import numpy as np
import pytest

from loadstone.cli.tables import read_inputs
from loadstone.errors import InputMismatch
from loadstone.ir import Spec

VECTOR = [Spec("input_1", (None, 3), "float32")]
IMAGE = [Spec("image", (None, 2, 2), "float32")]
TWO = [Spec("amount", (None, 1), "float32"), Spec("merchant", (None, 1), "int32")]
TEXT = [Spec("text", (None, 1), "string")]


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


CASES = {
    "npy": (npy(np.eye(3)), VECTOR, np.eye(3)),
    "npz with any name for the one input": (npz(x=np.eye(3)), VECTOR, np.eye(3)),
    "npz by name": (npz(amount=np.ones(2), merchant=np.zeros(2)), TWO, {"amount": np.ones(2), "merchant": np.zeros(2)}),
    "npz in order": (npz(arr_0=np.ones(2), arr_1=np.zeros(2)), TWO, [np.ones(2), np.zeros(2)]),
    "CSV without a header": (b"1,2,3\n4,5,6\n", VECTOR, [[1, 2, 3], [4, 5, 6]]),
    "CSV with a header of other names": (b"a,b,c\n1,2,3\n4,5,6.5\n", VECTOR, [[1, 2, 3], [4, 5, 6.5]]),
    "CSV with a byte order mark and empty lines": (b"\xef\xbb\xbfa,b,c\r\n1,2,3\r\n\r\n", VECTOR, [[1, 2, 3]]),
    "CSV columns by input name, in any order": (b"merchant,amount\n2,0.5\n7,1\n", TWO, {"amount": [[0.5], [1]], "merchant": [[2], [7]]}),
    "CSV columns by index": (b'"image[1,0]","image[0,0]","image[0,1]","image[1,1]"\n3,1,2,4\n', IMAGE, {"image": [[[1, 2], [3, 4]]]}),
    "CSV in the input's own shape": (b"1,2,3,4\n", IMAGE, [[[1, 2], [3, 4]]]),
    "CSV of strings": (b"text\n12\nhello\n", TEXT, {"text": [["12"], ["hello"]]}),
    "CSV of not-a-number": (b"1,nan,inf\n", VECTOR, [[1, np.nan, np.inf]]),
    "JSON array": (b"[[1, 2, 3]]", VECTOR, [[1, 2, 3]]),
    "JSON object": (b'{"amount": [1, 2], "merchant": [3, 4]}', TWO, {"amount": [1, 2], "merchant": [3, 4]}),
    "JSON rows": (b'[{"amount": 1, "merchant": 3}, {"merchant": 4, "amount": 2}]', TWO, {"amount": [1, 2], "merchant": [3, 4]}),
    "JSON arrays in order": (b"[[1, 2], [3, 4]]", TWO, [[1, 2], [3, 4]]),
}


@pytest.mark.parametrize("name", CASES)
def test_reads(name):
    content, specs, expected = CASES[name]
    given = read_inputs(content, specs)
    if isinstance(expected, dict):
        assert sorted(given) == sorted(expected)
        for key in expected:
            np.testing.assert_array_equal(given[key], np.array(expected[key], given[key].dtype))
    else:
        np.testing.assert_array_equal(np.asarray(given), np.asarray(expected))


def test_whole_numbers_stay_whole():
    given = read_inputs(b"merchant,amount\n2,0.5\n", TWO)
    assert given["merchant"].dtype == np.int64
    assert given["amount"].dtype == np.float64


@pytest.mark.parametrize("content", [b"id,a,b,c\nT-1,1,2,3\n", b'[{"id": "T-1", "x": [1, 2, 3]}]'])
def test_drop_leaves_a_column_out(content):
    np.testing.assert_array_equal(read_inputs(content, VECTOR, drop=["id"]), [[1, 2, 3]])


REFUSED = {
    "a column that is no number": (b"id,a,b\nT-1,1,2\n", VECTOR, "column 'id' has 'T-1', which is no number"),
    "columns besides the inputs": (b"amount,merchant,id\n1,2,3\n", TWO, r"have \['id'\] besides"),
    "a missing column": (b"amount,x\n1,2\n", TWO, r"lack \['merchant'\]"),
    "columns with gaps": (b'"image[0,0]","image[1,1]"\n1,2\n', IMAGE, "without gaps"),
    "several inputs without names": (b"1,2\n", TWO, "must name them"),
    "uneven rows": (b"1,2,3\n4,5\n", VECTOR, "row 1 of the CSV has 2 cells, expected 3"),
    "one name twice": (b"a,a,b\n1,2,3\n", VECTOR, "a column name twice"),
    "nothing": (b"", VECTOR, "empty"),
    "bytes": (b"\xff\xfe\x00", VECTOR, "neither .npy, .npz nor UTF-8 text"),
    "a damaged .npy": (b"\x93NUMPY\x01", VECTOR, "a .npy file that cannot be read"),
    "a .npy that needs pickle": (npy(np.array([{}])), VECTOR, "a .npy file that cannot be read"),
    "a damaged .npz": (b"PK\x03\x04", VECTOR, "a .npz file that cannot be read"),
    "damaged JSON": (b"[1, 2", VECTOR, "JSON that cannot be read"),
    "ragged JSON": (b"[[1, 2], [3]]", VECTOR, "not all of one length"),
    "JSON rows of several kinds": (b'[{"amount": 1}, {"merchant": 4}]', TWO, "row 1 has the keys"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name):
    content, specs, message = REFUSED[name]
    with pytest.raises(InputMismatch, match=message):
        read_inputs(content, specs)


def test_dropping_what_is_not_there_is_refused():
    with pytest.raises(InputMismatch, match="nothing named 'idd' to drop"):
        read_inputs(b"id,a\n1,2\n", VECTOR, drop=["idd"])
