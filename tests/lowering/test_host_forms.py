"""Python calls that files have in ONNX: the same numbers."""

import numpy as np
import onnxruntime
import pytest

from loadstone.lowering.block import Block
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.fourier import Frames, stft
from loadstone.lowering.onnx import encode_model
from loadstone.lowering.passes import dtypes
from loadstone.lowering.passes.host_forms import write_out
from loadstone.lowering.passes.host_spectra import LONGEST
from loadstone.lowering.tensorflow.audio import Coefficients, Spectrogram
from loadstone.lowering.tensorflow.counting import Bins
from loadstone.lowering.tensorflow.fourier import Transform
from loadstone.lowering.tensorflow.uniques import Distinct
from loadstone.lowering.text.encoding import Encoding
from loadstone.lowering.text.lookup import NOWHERE, Forward, Hashed, Inverse, Lookup, Present, Remainders
from loadstone.lowering.text.tables import Entries, Find


def built(how, shape):
    b = Builder()
    x = b.input("x", shape, "float32")
    results = b.host("STFT", lambda a: stft(a, how), [x], [((*shape[:-1], None, how.fft // 2 + 1), "float32")] * 2, does=how)
    write_out(b)
    return b, x, results


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize(
    "how", [Frames(16, 5, 16), Frames(10, 4, 16, "hamming"), Frames(7, 3, 9, None, False), Frames(8, 20, 8, [1.0] * 8)], ids=str
)
def test_spectra(how, free):
    for samples in (40, 41, 17):
        b, x, results = built(how, (2, None) if free else (2, samples))
        assert all(op.domain == "" for op in b.block.ops)
        data = np.random.default_rng(0).normal(size=(2, samples)).astype("float32")
        model = encode_model(Block(b.block.ops, [x], list(results)), lambda name, tensor: None)
        found = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": data})
        for got, want in zip(found, stft(data, how), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)


def test_signals_shorter_than_a_frame_have_none():
    b, x, results = built(Frames(9, 3, 9, None, False), (2, None))
    model = encode_model(Block(b.block.ops, [x], list(results)), lambda name, tensor: None)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    assert session.run(None, {"x": np.zeros((2, 8), "float32")})[0].shape == (2, 0, 5)


def test_frames_that_are_too_long_stay_calls():
    b, _, _ = built(Frames(LONGEST + 2, 10, LONGEST + 2), (2, None))
    assert [op.domain for op in b.block.ops] == ["host"]


def in_onnx(work, arrays, shapes, results):
    """What the form of a call gives in onnxruntime alone; None where there is none."""
    b = Builder()
    kinds = ["string" if array.dtype == object else array.dtype.name for array in arrays]
    inputs = [b.input(f"x{at}", shape, kind) for at, (shape, kind) in enumerate(zip(shapes, kinds, strict=True))]
    outputs = b.host("call", work, inputs, results)
    write_out(b)
    dtypes.supported(b)
    if any(op.domain == "host" for op in b.block.ops):
        return None
    model = encode_model(Block(b.block.ops, inputs, list(outputs)), lambda name, tensor: None)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    texts = [np.vectorize(bytes.decode, otypes=[object])(array) if array.dtype == object else array for array in arrays]
    found = session.run(None, {f"x{at}": array for at, array in enumerate(texts)})
    return [np.vectorize(str.encode, otypes=[object])(array) if array.dtype == object else array for array in found]


def same(work, arrays, shapes, results):
    found = in_onnx(work, arrays, shapes, results)
    assert found is not None
    for got, want, (shape, dtype) in zip(found, work(*arrays), results, strict=True):
        assert got.dtype == (object if dtype == "string" else dtype) and len(shape) == want.ndim
        np.testing.assert_array_equal(got, want)


def texts(*items):
    return np.array([item.encode() for item in items], object)


WORDS = texts("a", "é", "", "not there", "b", "a").reshape(3, 2)
TOKENS = {b"a": 2, "é".encode(): 3, b"": 0, b"b": 4}


@pytest.mark.parametrize("encoding", [None, *(Encoding(mode, 5, "float32") for mode in ("one_hot", "multi_hot", "count"))], ids=str)
def test_lookups_of_strings(encoding):
    shape = (None, 2) if encoding is None else encoding.shape((None, 2))
    same(Lookup(Forward(TOKENS, 1), encoding), [WORDS], [(None, 2)], [(shape, "int64" if encoding is None else "float32")])


def test_vectors_of_terms_with_weights_and_without_the_mask():
    encoding = Encoding("tf_idf", 5, "float32", weights=np.arange(5, dtype="float32"))
    same(Lookup(Forward({**TOKENS, b"": NOWHERE}, 1), encoding), [WORDS], [(None, 2)], [((None, 5), "float32")])
    one = Encoding("one_hot", 5, "float32", squeezes=True)
    same(Lookup(Forward(TOKENS, 1), one), [WORDS.reshape(6, 1)], [(None, 1)], [((None, 5), "float32")])


@pytest.mark.parametrize("dtype", ["int64", "int32"])
def test_lookups_of_integers_outside_of_the_vocabulary_go_by_their_remainder(dtype):
    numbers = np.array([[7, -7], [0, 100], [-1, 12]], dtype)
    for unknown in (1, Remainders(3, 1)):
        same(Lookup(Forward({7: 4, -1: 5, 0: 0}, unknown)), [numbers], [(None, 2)], [((None, 2), "int64")])


def test_remainders_of_numbers_that_are_too_large_stay_calls():
    numbers = np.array([7, 2**63 + 5, 0], "uint64")
    assert in_onnx(Lookup(Forward({7: 4}, Remainders(3, 1))), [numbers], [(None,)], [((None,), "int64")]) is None
    same(Lookup(Forward({7: 4, 2**63 + 5: 5}, 1)), [numbers], [(None,)], [((None,), "int64")])


def test_tokens_of_indices():
    places = np.array([0, 1, 2, 9, -1])
    same(Lookup(Inverse({0: b"", 2: "é".encode()}, b"[UNK]", np.dtype(object))), [places], [(None,)], [((None,), "string")])
    same(Lookup(Inverse({0: 5, 2: 1 << 40}, -1, np.dtype(np.int64))), [places], [(None,)], [((None,), "int64")])


def test_a_token_that_must_be_known_is_an_error_where_it_is_not():
    work = Lookup(Forward(TOKENS, None))
    same(work, [texts("a", "b")], [(None,)], [((None,), "int64")])
    with pytest.raises(Exception, match="out of data bounds"):
        in_onnx(work, [texts("a", "no")], [(None,)], [((None,), "int64")])


def test_hashes_and_keys_that_are_no_text_stay_calls():
    for table in (Forward(TOKENS, Hashed(3, 1)), Forward({b"\xff": 1}, 0), Inverse({0: b"\xff"}, b"", np.dtype(object))):
        arrays = [np.array([0])] if isinstance(table, Inverse) else [texts("a")]
        assert in_onnx(Lookup(table), arrays, [(None,)], [((None,), "int64")]) is None


def test_what_is_absent_from_a_feature_column():
    same(Present(Forward({b"a": 2}, 1)), [WORDS], [(None, 2)], [((None, 2), "int64")])
    same(Present(Forward({4: 2}, -1)), [np.array([4, -1, 5])], [(None,)], [((None,), "int64")])


@pytest.mark.parametrize(
    "values", [np.array([1.5, -2]), np.array([3, 4]), texts("x", "y"), np.array([True, False])], ids=lambda v: v.dtype.name
)
def test_tables_of_graphs(values):
    entries = Entries.of(texts("a", "b"), values, 0)
    dtype = "string" if values.dtype == object else values.dtype.name
    other = values[1] if dtype == "string" else values[1:2].reshape(())
    same(Find(entries), [WORDS, np.array(other, values.dtype)], [(None, 2), ()], [((None, 2), dtype)])
    assert in_onnx(Find(entries), [WORDS, np.resize(values, WORDS.shape)], [(None, 2), (None, 2)], [((None, 2), dtype)]) is None


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(
    "x", [[3, 1, 3, 2, 1], [np.nan, 1, np.nan, 0, -0.0, 1, np.inf], [np.nan], [], [2, np.nan, 2]], ids=lambda x: f"{len(x)}"
)
def test_floats_once_each_in_their_order(x, dtype):
    results = [((None,), dtype), ((None,), "int32"), ((None,), "int64")]
    work = Distinct(0, "int32")
    found = in_onnx(work, [np.array(x, dtype)], [(None,)], [*results[:2], ((None,), "int32")])
    for got, want in zip(found, work(np.array(x, dtype)), strict=True):
        np.testing.assert_array_equal(got, want)
        assert got.dtype == want.dtype


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_counts(binary, dtype):
    ids = np.array([[0, 2, 2, 9], [1, 1, 1, 0]], "int32")
    for given in (ids, ids[0]):
        for loads in (np.zeros(0, dtype), np.arange(given.size).reshape(given.shape).astype(dtype)):
            shapes = [(None,) * given.ndim, (), loads.shape if not loads.size else (None,) * given.ndim]
            same(Bins(binary), [given, np.array(4, "int32"), loads], shapes, [((*(None,) * (given.ndim - 1), None), dtype)])
    with pytest.raises(Exception, match="out of"):
        in_onnx(Bins(binary), [-ids, np.array(4, "int32"), np.zeros(0, dtype)], [(None, 4), (), (0,)], [((None, None), dtype)])


@pytest.mark.parametrize("kind", ["whole", "inverse", "half", "real"])
def test_transforms(kind):
    random = np.random.default_rng(0)
    length, samples = {"half": (600, 640), "real": (321, 640)}.get(kind, (600, 0))
    parts = [random.normal(size=(2, length)).astype("float32") for _ in range(1 if kind == "half" else 2)]
    z = parts[0] if kind == "half" else parts[0] + 1j * parts[1]
    want = {
        "whole": np.fft.fft, "inverse": np.fft.ifft, "half": lambda z: np.fft.rfft(z, samples), "real": lambda z: np.fft.irfft(z, samples)
    }[kind](z)  # fmt: skip
    wanted = [want] if kind == "real" else [want.real, want.imag]
    b = Builder()
    inputs = [b.input(f"x{at}", (2, length), "float32") for at in range(len(parts))]
    outputs = b.host("call", lambda *arrays: (), inputs, [(want.shape, "float32")] * len(wanted), does=Transform(kind, samples))
    write_out(b)
    model = encode_model(Block(b.block.ops, inputs, list(outputs)), lambda name, tensor: None)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    for got, part in zip(session.run(None, {f"x{at}": array for at, array in enumerate(parts)}), wanted, strict=True):
        np.testing.assert_allclose(got, part, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("squared", [True, False])
def test_spectrograms_and_coefficients_at_a_rate_that_is_given(squared):
    samples = np.random.default_rng(0).normal(size=(700, 2)).astype("float32")
    work = Spectrogram(200, 90, squared)
    (power,) = work(samples)
    (found,) = in_onnx(work, [samples], [(None, 2)], [((2, None, 129), "float32")])
    np.testing.assert_allclose(found, power, rtol=1e-5, atol=1e-5)
    for rate, channels, low, high in ((16000, 40, 20, 4000), (8000, 20, 0, 5000), (44100, 7, 3000, 9000)):
        heard = Coefficients(channels, 13, low, high)
        arrays = [power, np.array(rate, "int32")]
        (found,) = in_onnx(heard, arrays, [(2, None, 129), ()], [((2, None, 13), "float32")])
        np.testing.assert_allclose(found, heard(*arrays)[0], rtol=1e-5, atol=1e-5)
    assert in_onnx(heard, arrays, [(2, None, None), ()], [((2, None, 13), "float32")]) is None
    (none,) = in_onnx(work, [samples[:199]], [(None, 2)], [((2, None, 129), "float32")])
    assert none.shape == (2, 0, 129)
