"""Strings and messages that TensorFlow does not take, and options that contradict each other."""

import struct
import zlib

import numpy as np
import pytest

from loadstone.errors import InferenceError, InputMismatch, ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.protobuf import delimited
from loadstone.lowering.tensorflow import decoding
from loadstone.lowering.text import tensor_messages
from tests.lowering.raw_ops import run_op, strings


def one(value):
    return np.array(value, object)


PARSE = {"num_sparse": 0, "sparse_keys": [], "dense_keys": ["d"], "sparse_types": [], "Tdense": ["float32"], "dense_shapes": [(2,)]}


def example(*values, key=b"d"):
    floats = delimited(2, delimited(1, struct.pack(f"<{len(values)}f", *values)))
    return delimited(1, delimited(1, delimited(1, key) + delimited(2, floats)))


@pytest.mark.parametrize("text", [b"", b" ", b"1_0", b"1,0", b"--1", b"+ 1", b"1\x00", b"0x", b"1e", b"nan(", b"\xc2\xa01"])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_strings_that_are_no_numbers(text, dtype):
    with pytest.raises(InputMismatch, match="no number"):
        run_op("StringToNumber", [strings(text)], out_type=dtype)


@pytest.mark.parametrize(("text", "dtype"), [(b"2147483648", "int32"), (b"-1", "uint32"), (b"1.0", "int32"), (b"9" * 5000, "int64")])
def test_numbers_that_a_type_does_not_hold(text, dtype):
    with pytest.raises(InputMismatch, match="no number"):
        run_op("StringToNumber", [strings(text)], out_type=dtype)


@pytest.mark.parametrize("text", [b"Y", b"YQ=", b"YQ===", b"====", b"//79", b"YW\n", b"YQ==YQ=="])
def test_strings_that_are_no_base64(text):
    with pytest.raises(InputMismatch, match="base64"):
        run_op("DecodeBase64", [strings(text)])


@pytest.mark.parametrize(("position", "unit"), [(6, "BYTE"), (-6, "BYTE"), (6, "UTF8_CHAR"), (-6, "UTF8_CHAR")])
def test_positions_outside_of_a_string(position, unit):
    with pytest.raises(InputMismatch, match="position"):
        run_op("Substr", [strings(b"hello"), np.int32(position).reshape(()), np.int32(1).reshape(())], unit=unit)


@pytest.mark.parametrize("ids", [[0, -1], [0, 2]])
def test_segments_outside_of_their_number(ids):
    with pytest.raises(InputMismatch, match="segment ids"):
        run_op("UnsortedSegmentJoin", [strings(b"a", b"b"), np.array(ids)], [np.int32(2)])


def test_more_segments_than_fit():
    with pytest.raises(InputMismatch, match="more than"):
        run_op("UnsortedSegmentJoin", [strings(b"a"), np.array([0]), np.array(2**40).reshape(())])


@pytest.mark.parametrize("starts", [[0, 1], [1, 2], [0, 2, 1, 2], [0, 5]])
def test_splits_that_are_none(starts):
    options = {"separator": " ", "ngram_widths": [1], "left_pad": "", "right_pad": "", "pad_width": 0, "preserve_short_sequences": False}
    with pytest.raises(InputMismatch, match="no splits"):
        run_op("StringNGrams", [strings(b"a", b"b"), np.array(starts)], **options)
    with pytest.raises(InputMismatch, match="no splits"):
        run_op("UnicodeEncode", [np.array([97, 98], np.int32), np.array(starts)], output_encoding="UTF-8")


@pytest.mark.parametrize("text", [b"a\xff", b"\xc3", b"\xed\xa0\x80"])
def test_strict_texts_are_well_formed(text):
    with pytest.raises(InputMismatch, match="no utf-8"):
        run_op("UnicodeTranscode", [strings(text)], input_encoding="UTF-8", output_encoding="UTF-16-BE", errors="strict")


@pytest.mark.parametrize(
    ("op", "attributes", "error"),
    [
        ("AsString", {"fill": "x"}, UnsupportedAttribute),
        ("AsString", {"width": 1 << 30}, UnsupportedAttribute),
        ("StringLower", {"encoding": "latin1"}, UnsupportedAttribute),
        ("StringLength", {"unit": "WORD"}, UnsupportedAttribute),
        ("UnicodeDecode", {"input_encoding": "UTF-7"}, UnsupportedAttribute),
        ("UnicodeDecode", {"input_encoding": "UTF-8", "errors": "guess"}, ModelError),
        ("StringToHashBucketFast", {"num_buckets": 0}, ModelError),
        ("StringToHashBucketStrong", {"num_buckets": 5, "key": [1]}, ModelError),
        ("DecodeCompressed", {"compression_type": "LZMA"}, ModelError),
        ("DecodeRaw", {"out_type": "string"}, UnsupportedAttribute),
    ],
)
def test_options_that_nobody_has(op, attributes, error):
    with pytest.raises((error, InferenceError)):
        run_op(op, [strings(b"a")], **attributes)


@pytest.mark.parametrize("line", [b"1", b"1,2,3", b'1,"a', b'1,"a"b"', b'1,a"b', b"1,a\nb", b"x,y", b",y"])
def test_lines_that_are_no_csv(line):
    with pytest.raises(InputMismatch):
        run_op("DecodeCSV", [strings(line)], [np.array([], np.int64), strings(b"none")], OUT_TYPE=["int64", "string"])


@pytest.mark.parametrize("data", [b"x", zlib.compress(b"abc")[:-2], zlib.compress(b"abc") + b"more"])
def test_damaged_compressed_strings(data):
    with pytest.raises(InputMismatch, match="compressed"):
        run_op("DecodeCompressed", [strings(data)], compression_type="ZLIB")


def test_a_compressed_string_has_a_limit(monkeypatch):
    monkeypatch.setattr(decoding, "LIMIT", 1000)
    with pytest.raises(InputMismatch, match="too long"):
        run_op("DecodeCompressed", [strings(zlib.compress(b"\0" * 100_000))], compression_type="ZLIB")


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"\x0a", "cut off"),
        (b"\x0b", "wire type"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "cut off"),
        (example(1.0, key=b"other"), "required"),
        (example(1.0), "1 values where 2"),
        (delimited(1, delimited(1, delimited(1, b"d") + delimited(2, delimited(3, b"\x0a\x02\x01\x02")))), "holds int64"),
        (delimited(1, delimited(1, delimited(1, b"d") + delimited(2, delimited(2, b"\x0a\x03abc")))), "cut off"),
    ],
)
def test_messages_that_are_no_examples(message, why):
    with pytest.raises(InputMismatch, match=why):
        run_op("ParseSingleExample", [one(message)], [np.zeros(0, np.float32)], **PARSE)


def test_an_example_is_parsed():
    (found,) = run_op("ParseSingleExample", [one(example(1.5, 2.5))], [np.zeros(0, np.float32)], **PARSE)
    assert found.tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"\x08\x01\x12\x0e\x12\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "cut off"),
        (b"\x08\x01\x12\x08\x12\x06\x08\xff\xff\xff\xff\x0f", "more than"),
        (b"\x08\x03", "type 3"),
        (b"\x08\x01\x12\x04\x12\x02\x08\x02\x22\x03abc", "in 3 bytes"),
        (b"\x08\x01\x12\x04\x12\x02\x08\x01\x2a\x08abcdefgh", "2 values"),
    ],
)
def test_messages_that_are_no_tensors(message, why):
    with pytest.raises(InputMismatch, match=why):
        tensor_messages.parse(message, "float32")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "int8", "uint64", "bool", "complex64", "string"])
def test_a_tensor_survives_its_message(dtype):
    array = strings(b"a", b"", b"\xff\0") if dtype == "string" else np.array([0, 1, 1]).astype(dtypes.to_numpy(dtype))
    assert np.array_equal(tensor_messages.parse(tensor_messages.serialize(array, dtype), dtype), array)
