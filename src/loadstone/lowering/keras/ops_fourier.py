"""Fourier transforms as functions of `keras.ops`: tensors go in and come out as real and imaginary parts.

Semantics: keras/src/backend/tensorflow/math.py of Keras 3. They are Python steps (`fourier`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError
from loadstone.ir import Layer
from loadstone.lowering.block import Dim, Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.fourier import Array, Frames, complex_of, framed, istft, stft
from loadstone.lowering.registry import keras_op

_FRAMES = "sequence_length sequence_stride fft_length window center"


def transformed(
    b: Builder, layer: Layer, inputs: Sequence[Value], shapes: Sequence[Shape], function: Callable[..., Any], does: object = None
) -> list[Value]:
    """A Python step whose results have the dtype of its inputs."""
    kinds, where, name = {x.dtype for x in inputs}, layer.path or layer.name, layer.class_name
    if len(kinds) > 1 or not kinds <= {"float32", "float64"}:
        raise ModelError(f"{name} of {', '.join(x.dtype for x in inputs)}, which TensorFlow cannot compute")
    dtype = inputs[0].dtype

    def compute(*arrays: Array) -> tuple[Array, ...]:
        try:
            results = function(*arrays)
        except ValueError as error:
            raise InferenceError(f"{name} of tensors of shape {', '.join(str(a.shape) for a in arrays)}: {error}", where=where) from error
        return tuple(np.asarray(y, dtype, order="C") for y in (results if isinstance(results, tuple) else (results,)))

    return list(b.host(name, compute, list(inputs), [(shape, dtype) for shape in shapes], does=layer if does is None else does))


def _parts(layer: Layer, x: Any, rank: int) -> list[Value]:
    """The real and the imaginary part, of one shape."""
    if not isinstance(x, (list, tuple)) or len(x) != 2 or not all(isinstance(part, Value) for part in x):
        raise ModelError(f"{layer.class_name} of something other than a real and an imaginary part")
    real, imaginary = x
    if real.rank != imaginary.rank or any(None not in (m, n) and m != n for m, n in zip(real.shape, imaginary.shape, strict=True)):
        raise ModelError(f"{layer.class_name} of parts of shapes {real.shape} and {imaginary.shape}")
    if real.rank < rank:
        raise ModelError(f"{layer.class_name} of a tensor of shape {real.shape}")
    return [real, imaginary]


def _split(values: Array) -> tuple[Array, Array]:
    return values.real, values.imag


def _of_pairs(name: str, rank: int, function: Callable[[Array], Array]) -> None:
    @keras_op(name)
    def rule(b: Builder, layer: Layer, x: Any) -> list[Value]:
        parts = _parts(layer, x, rank)
        return transformed(b, layer, parts, [part.shape for part in parts], lambda re, im: _split(function(complex_of(re, im))))


_of_pairs("FFT", 1, np.fft.fft)
_of_pairs("FFT2", 2, np.fft.fft2)
_of_pairs("IFFT2", 2, np.fft.ifft2)


@keras_op("RFFT", options="fft_length")
def rfft(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """The half spectrum of real signals, cut or filled with zeros to fft_length samples."""
    given = layer.config.get("fft_length")
    samples = given if given is not None else x.shape[-1]
    shape = (*x.shape[:-1], None if samples is None else samples // 2 + 1)
    return transformed(b, layer, [x], [shape, shape], lambda a: _split(np.fft.rfft(a.astype(np.float64), given)))


@keras_op("IRFFT", options="fft_length")
def irfft(b: Builder, layer: Layer, x: Any) -> Value:
    """The real signals that have this half spectrum."""
    parts, given = _parts(layer, x, 1), layer.config.get("fft_length")
    bins = parts[0].shape[-1]
    samples = given if given is not None else None if bins is None else max(0, 2 * (bins - 1))

    def signal(real: Array, imaginary: Array) -> Array:
        return np.fft.irfft(complex_of(real, imaginary), given)

    return transformed(b, layer, parts, [(*parts[0].shape[:-1], samples)], signal)[0]


def _frames(layer: Layer) -> Frames:
    config = layer.config
    made = Frames(
        config["sequence_length"], config["sequence_stride"], config["fft_length"], config.get("window", "hann"), config.get("center", True)
    )
    if made.fft < made.length:
        raise ModelError(f"{layer.class_name} with frames of {made.length} samples and fft_length={made.fft}, which is less")
    made.weights()
    return made


@keras_op("STFT", options=_FRAMES)
def short_time(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """The half spectra of frames: (..., samples) -> twice (..., frames, fft_length // 2 + 1)."""
    return spectra(b, layer, x, _frames(layer))


def spectra(b: Builder, layer: Layer, x: Value, how: Frames) -> list[Value]:
    """Real and imaginary part of the spectra of the frames of x (..., samples)."""
    samples = x.shape[-1]
    if samples is not None and how.centre:
        if how.fft // 2 >= samples:
            raise ModelError(f"{layer.class_name} of {samples} samples, which are too few to be reflected by fft_length={how.fft}")
        samples += how.fft // 2 * 2
    count: Dim = None if samples is None else max(0, 1 + (samples - how.fft) // how.step)
    shape = (*x.shape[:-1], count, how.fft // 2 + 1)

    def function(a: Array) -> tuple[Array, Array]:
        if how.centre and how.fft // 2 >= a.shape[-1]:
            raise ValueError("too few samples to be reflected")
        return stft(a, how)

    return transformed(b, layer, [x], [shape, shape], function, how)


@keras_op("ISTFT", options=f"{_FRAMES} length")
def inverse_short_time(b: Builder, layer: Layer, x: Any) -> Value:
    """The signals that have these spectra of frames; length samples of them."""
    parts, how, length = _parts(layer, x, 2), _frames(layer), layer.config.get("length")
    count = parts[0].shape[-2]
    samples: Dim = None
    if count is not None and count > 0:
        whole = range((count - 1) * how.step + how.fft)
        start = how.fft // 2 if how.centre else 0
        end = start + length if length is not None else -(how.fft // 2) if how.centre else len(whole)
        samples = len(whole[start:end])
    return transformed(b, layer, parts, [(*parts[0].shape[:-2], samples)], lambda re, im: istft(re, im, how, length))[0]


@keras_op("ExtractSequences", options="sequence_length sequence_stride")
def extract_sequences(b: Builder, layer: Layer, x: Value) -> Value:
    """Stretches of the last axis that may overlap: (..., n) -> (..., count, length)."""
    length, step = layer.config["sequence_length"], layer.config["sequence_stride"]
    samples = x.shape[-1]
    if samples is not None:
        return b.Gather(x, b.const(framed(np.arange(samples, dtype=np.int64), length, step)), axis=-1)
    starts = b.Range(b.const(0), b.squeeze(b.Sub(b.dim(x, -1), length - 1), 0), b.const(step))
    places = b.Add(b.unsqueeze(starts, 1), b.const(np.arange(length, dtype=np.int64)))
    return b.Gather(x, places, axis=-1)
