"""Fourier transforms in ONNX, as products with cosines and sines in double precision, and what is heard in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.fourier import Frames
from loadstone.lowering.tensorflow.audio import FLOOR, Coefficients, Spectrogram, mel
from loadstone.lowering.tensorflow.complex_numbers import Complex
from loadstone.lowering.tensorflow.fourier import Transform

LONGEST = 4096  # samples of a transform: a matrix of as many rows and half as many columns, twice


def spectra(b: Builder, op: Op, how: Frames) -> Sequence[Value] | None:
    """Real and imaginary part of the spectra of the frames of x (..., samples): `keras.fourier.stft`."""
    x = op.inputs[0]
    assert x is not None
    if how.fft > LONGEST:
        return None
    signal, last = b.cast(x, "float64"), x.rank - 1
    if how.centre:
        pads = [how.fft // 2 if axis == last else 0 for axis in range(x.rank)]
        length = None if x.shape[-1] is None else x.shape[-1] + how.fft // 2 * 2
        signal = b.op("Pad", signal, b.ints(pads * 2), mode="reflect", out_shape=(*x.shape[:-1], length))
    window = how.weights()
    parts = _spectra(b, signal, how.step, np.ones(how.fft) if window is None else window, how.fft)
    return [b.cast(part, output.dtype) for part, output in zip(parts, op.outputs, strict=True)]


def _spectra(b: Builder, signal: Value, step: int, window: np.ndarray, length: int) -> list[Value]:
    """Real and imaginary parts (..., frames, length // 2 + 1) of all stretches (..., samples) that fill the window, filled with zeros."""
    size = len(window)
    starts = b.Add(b.Sub(b.vector([b.dim(signal, signal.rank - 1)]), size), step)
    count = b.reshape(b.Max(b.Div(b.Max(starts, 0), step), 0), [])
    first = b.Mul(b.Range(b.const(0, "int64"), count, b.const(1, "int64")), step)
    places = b.Add(b.unsqueeze(first, 1), b.ints(list(range(size))))
    frames = b.Gather(signal, places, axis=signal.rank - 1)
    turns = np.outer(np.arange(size), np.arange(length // 2 + 1)) % length * (2 * np.pi / length)
    return [b.MatMul(frames, b.const(part * window[:, None], "float64")) for part in (np.cos(turns), -np.sin(turns))]


def spectrogram(b: Builder, op: Op, how: Spectrogram) -> Sequence[Value] | None:
    """Magnitudes of x (samples, channels): (channels, frames, bins)."""
    x = op.inputs[0]
    assert x is not None
    if how.length > LONGEST:
        return None
    real, imaginary = _spectra(b, b.cast(b.transpose(x, [1, 0]), "float64"), how.step, how.window(), how.length)
    power = b.cast(b.Add(b.Mul(real, real), b.Mul(imaginary, imaginary)), "float32")
    return [power if how.squared else b.Sqrt(power)]


def coefficients(b: Builder, op: Op, how: Coefficients) -> Sequence[Value] | None:
    """Coefficients of squared magnitudes (channels, frames, bins) at a rate that is computed."""
    power, rate = op.inputs
    assert power is not None and rate is not None
    bins, centers = power.shape[-1], how.centers()
    if bins is None or bins < 2:
        return None
    each = b.Div(b.Mul(b.reshape(b.cast(rate, "float64"), [1]), 0.5), bins - 1)
    places = b.const(np.arange(bins, dtype=np.float64))
    pitch = b.Mul(b.Log(b.Add(b.Div(b.Mul(places, each), 700.0), 1.0)), 1127.0)
    below = b.Less(b.const(centers[: how.channels]), b.unsqueeze(pitch, 1))
    above = b.ReduceSum(b.cast(below, "int64"), b.ints([1]), keepdims=0)  # the first channel whose center is not below
    edges = b.const(np.concatenate([[float(mel(how.low))], centers]))
    lower, upper = b.Gather(edges, above, axis=0), b.Gather(edges, b.Add(above, 1), axis=0)
    heard = b.And(
        b.GreaterOrEqual(places, b.Floor(b.Add(b.Div(b.const(how.low, "float64"), each), 1.5))),
        b.LessOrEqual(places, b.Floor(b.Div(b.const(how.high, "float64"), each))),
    )
    weight = b.unsqueeze(b.Div(b.Sub(upper, pitch), b.Sub(upper, lower)), 1)
    first, zero = b.unsqueeze(above, 1), b.const(0, "float64")
    here = b.Where(b.Equal(first, b.ints(range(1, how.channels + 1))), weight, zero)
    after = b.Where(b.Equal(first, b.ints(range(how.channels))), b.Sub(1.0, weight), zero)
    filters = b.Where(b.unsqueeze(heard, 1), b.Add(here, after), zero)
    logs = b.Log(b.Max(b.MatMul(b.Sqrt(b.cast(power, "float64")), filters), FLOOR))
    return [b.cast(b.MatMul(logs, b.const(how.waves())), "float32")]


def transform(b: Builder, op: Op, how: Transform) -> Sequence[Value] | None:
    """The transform along the last axis; None where its length is unknown or too large."""
    parts = [b.cast(part, "float64") for part in op.inputs if part is not None]
    found = how.product(b, parts[0] if len(parts) == 1 else Complex(*parts), LONGEST)
    if found is None:
        return None
    results = [found.real, found.imag] if isinstance(found, Complex) else [found]
    return [b.cast(result, output.dtype) for result, output in zip(results, op.outputs, strict=True)]
