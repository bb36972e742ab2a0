"""Fourier transforms of signals in numpy, as `tf.signal` has them; what they compute is double precision.

tensorflow/python/ops/signal: fft_ops.py, spectral_ops.py, window_ops.py and reconstruction_ops.py of TensorFlow 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir.records import dataclass

Array = np.ndarray[Any, Any]
_COSINES = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46)}


@dataclass(frozen=True)
class Frames:
    """How a signal is cut: a window of `length` samples in the middle of frames of `fft` samples, `step` apart.

    window is a name, the numbers of one, or None. centre: the first frame has the first sample in its middle.
    """

    length: int
    step: int
    fft: int
    window: str | Sequence[float] | None = "hann"
    centre: bool = True

    def weights(self) -> Array | None:
        """The window in a frame."""
        if self.window is None:
            return None
        found = cosine_window(self.window, self.length) if isinstance(self.window, str) else np.asarray(self.window, np.float64)
        if found.shape != (self.length,):
            raise ModelError(f"a window of shape {found.shape} for frames of {self.length} samples")
        before = (self.fft - self.length) // 2
        return np.pad(found, (before, self.fft - self.length - before))


def cosine_window(name: str, length: int) -> Array:
    """A periodic window; of an odd length TensorFlow gives the symmetric one."""
    if name not in _COSINES:
        raise UnsupportedAttribute(f"a window {name!r}, where TensorFlow has hann and hamming")
    if length == 1:
        return np.ones(1)
    a, b = _COSINES[name]
    return np.asarray(a - b * np.cos(2 * np.pi * np.arange(length) / (length - length % 2)))


def framed(x: Array, length: int, step: int) -> Array:
    """The stretches of the last axis (samples) that have their full length: (..., frames, length)."""
    count = max(0, 1 + (x.shape[-1] - length) // step)
    places = np.arange(count)[:, None] * step + np.arange(length)
    return np.asarray(x[..., places])


def stft(x: Array, how: Frames) -> tuple[Array, Array]:
    """Real and imaginary part (..., frames, fft // 2 + 1) of the spectra of x (..., samples)."""
    if how.centre:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(how.fft // 2, how.fft // 2)], mode="reflect")
    frames, window = framed(x.astype(np.float64), how.fft, how.step), how.weights()
    spectra = np.fft.rfft(frames if window is None else frames * window, how.fft)
    return spectra.real, spectra.imag


def istft(real: Array, imaginary: Array, how: Frames, length: int | None) -> Array:
    """The signal (..., samples) that has these spectra (..., frames, bins)."""
    frames, window = np.fft.irfft(complex_of(real, imaginary), how.fft), how.weights()
    if window is not None:
        frames = frames * _inverse(window, how.step)
    count = frames.shape[-2]
    whole = np.zeros((*frames.shape[:-2], max(0, (count - 1) * how.step + how.fft)))
    for i in range(count):
        whole[..., i * how.step : i * how.step + how.fft] += frames[..., i, :]
    start = how.fft // 2 if how.centre else 0
    end = start + length if length is not None else -(how.fft // 2) if how.centre else whole.shape[-1]
    return whole[..., start:end]


def _inverse(window: Array, step: int) -> Array:
    """The window under which overlapping frames add up to the signal; 0 where no frame has any weight."""
    overlaps = -(-len(window) // step)
    squares = np.pad(window**2, (0, overlaps * step - len(window))).reshape(overlaps, step)
    total = np.tile(squares.sum(0), overlaps)[: len(window)]
    return np.where(total == 0, 0, window / np.where(total == 0, 1, total))


def complex_of(real: Array, imaginary: Array) -> Array:
    """real + i imaginary, also where one of them is infinite."""
    made = np.empty(np.broadcast_shapes(real.shape, imaginary.shape), np.complex128)
    made.real, made.imag = real, imaginary
    return made
