"""Predictions become files that other programs read back."""

import io
import json

import ml_dtypes
import numpy as np
import pytest

from loadstone.cli.answers import by_name, to_csv, to_json, to_npy, to_npz

ARRAY = np.array([[0.1, 2.0], [np.inf, -3e-8]], np.float32)


def test_json_keeps_the_structure_and_the_digits_of_the_dtype():
    answer = {"a": ARRAY, "b": [np.array([1, 2]), np.array([True, False])]}
    text = to_json(answer, ["a", "b"]).decode()
    assert text == '{"a": [[0.1, 2.0], [Infinity, -3e-08]], "b": [[1, 2], [true, false]]}\n'
    np.testing.assert_array_equal(np.array(json.loads(text)["a"], np.float32), ARRAY)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16])
def test_json_floats_read_back_to_the_same_bits(dtype):
    array = np.random.default_rng(0).normal(size=50).astype(dtype)
    assert (np.array(json.loads(to_json(array, ["x"]))).astype(dtype) == array).all()


def test_json_strings_are_text_or_base64():
    assert json.loads(to_json(np.array([[b"caf\xc3\xa9"], [b"\xff"]], object), ["x"])) == [["café"], [{"b64": "/w=="}]]


def test_csv_has_a_column_for_each_value():
    answer = [np.array([[0.5], [0.25]], np.float32), np.arange(8).reshape(2, 2, 2)]
    assert to_csv(answer, ["fraud", "map"]).decode() == ('fraud,"map[0,0]","map[0,1]","map[1,0]","map[1,1]"\n0.5,0,1,2,3\n0.25,4,5,6,7\n')


def test_npy_and_npz_read_back():
    np.testing.assert_array_equal(np.load(io.BytesIO(to_npy(ARRAY, ["x"]))), ARRAY)
    loaded = np.load(io.BytesIO(to_npz({"a": ARRAY, "b": ARRAY[0]}, ["?"])))
    np.testing.assert_array_equal(loaded["a"], ARRAY)
    np.testing.assert_array_equal(loaded["b"], ARRAY[0])


def test_npy_holds_bfloat16_as_float32():
    array = np.array([1.5, -2], ml_dtypes.bfloat16)
    assert np.load(io.BytesIO(to_npy(array, ["x"]))).tolist() == [1.5, -2]


def test_npy_refuses_several_outputs_and_strings():
    with pytest.raises(ValueError, match=r"2 outputs \(a, b\)"):
        to_npy([ARRAY, ARRAY], ["a", "b"])
    with pytest.raises(ValueError, match="no strings"):
        to_npy(np.array([b"a"], object), ["x"])


def test_outputs_of_one_name_are_kept_apart():
    assert list(by_name([ARRAY, ARRAY], ["rnn", "rnn"])) == ["rnn", "rnn_1"]
