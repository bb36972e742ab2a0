"""What is refused of Fourier transforms and spectrograms, and what fails where TensorFlow fails."""

from typing import Any

import numpy as np
import pytest

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_layer, keras_op

FRAMES = {"sequence_length": 4, "sequence_stride": 2, "fft_length": 8}


def lowered(name: str, *inputs: tuple[tuple[int | None, ...], str], **config: Any) -> Builder:
    """The builder after one operation; two inputs are a real and an imaginary part."""
    b = Builder()
    values = [b.input(f"x{i}", shape, dtype) for i, (shape, dtype) in enumerate(inputs)]
    rules, domain = (keras_op, "keras.ops") if name in keras_op.rules else (keras_layer, "keras")
    rules.rules[name].function(b, Layer(name, "op", config, domain=domain), values if len(values) > 1 else values[0])
    return b


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int32", "complex64"])
@pytest.mark.parametrize("name", ["RFFT", "FFT", "STFT", "ISTFT"])
def test_dtypes_that_tensorflow_does_not_transform_are_refused(name: str, dtype: str) -> None:
    given = ((None, 9, 5), dtype)
    config = FRAMES if "STFT" in name else {}
    with pytest.raises(ModelError, match=f"{name} of {dtype}"):
        lowered(name, *[given] * (1 if name in ("RFFT", "STFT") else 2), **{**config, "center": False})


def test_parts_of_two_shapes_are_refused() -> None:
    with pytest.raises(ModelError, match=r"\(None, 5\) and \(None, 6\)"):
        lowered("FFT", ((None, 5), "float32"), ((None, 6), "float32"))


def test_a_tensor_in_place_of_two_parts_is_refused() -> None:
    with pytest.raises(ModelError, match="real and an imaginary"):
        lowered("IRFFT", ((None, 5), "float32"))


def test_windows_that_tensorflow_does_not_have_are_refused() -> None:
    with pytest.raises(UnsupportedAttribute, match="'blackman'"):
        lowered("STFT", ((None, 50), "float32"), **FRAMES, window="blackman")


def test_windows_of_another_length_are_refused() -> None:
    with pytest.raises(ModelError, match="frames of 4 samples"):
        lowered("STFT", ((None, 50), "float32"), **FRAMES, window=[1.0, 2.0])


def test_frames_longer_than_their_transform_are_refused() -> None:
    with pytest.raises(ModelError, match="which is less"):
        lowered("STFT", ((None, 50), "float32"), sequence_length=9, sequence_stride=2, fft_length=8)


def test_signals_too_short_to_be_reflected_are_refused() -> None:
    with pytest.raises(ModelError, match="4 samples"):
        lowered("STFT", ((None, 4), "float32"), **FRAMES)


def test_signals_that_turn_out_too_short_fail() -> None:
    (op,) = (op for op in lowered("STFT", ((None, None), "float32"), **FRAMES).block.ops if op.domain == "host")
    assert op.function is not None
    with pytest.raises(InferenceError, match="too few samples"):
        op.function(np.zeros((2, 4), "float32"))


@pytest.mark.parametrize("dtype", ["bfloat16", "int32"])
def test_spectrograms_of_what_keras_refuses_are_refused(dtype: str) -> None:
    with pytest.raises(ModelError, match=f"STFTSpectrogram of {dtype}"):
        lowered("STFTSpectrogram", ((None, 20, 1), dtype))
