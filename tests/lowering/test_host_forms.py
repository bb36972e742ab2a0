"""Python calls that files have in ONNX: the same numbers."""

import numpy as np
import onnxruntime
import pytest

from loadstone.lowering.block import Block
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.fourier import Frames, stft
from loadstone.lowering.onnx import encode_model
from loadstone.lowering.passes.host_forms import LONGEST, write_out


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
