"""`tf.signal`: frames and windows. What gives complex numbers is not here.

Semantics: tensorflow/python/ops/signal/shape_ops.py, window_ops.py and mel_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.counts import bounded, count
from loadstone.lowering.tensorflow.symbols import Operand, axis_of, number, tensor, tf


@tf("signal.frame")
def frame(
    b: Builder, signal: Operand, frame_length: Operand, frame_step: Operand, pad_end: bool = False, pad_value: Operand = 0,
    axis: Operand = -1,
) -> Value:  # fmt: skip
    """(..., frames, frame_length, ...) of an axis of known length; pad_end makes a frame of what is left, too."""
    x = tensor(b, signal)
    at = axis_of(axis, x.rank)
    length, size, step = x.shape[at], int(number(frame_length, "frame_length")), int(number(frame_step, "frame_step"))
    if length is None:
        raise UnsupportedAttribute(f"tf.signal.frame of a tensor of shape {x.shape} along axis {at}")
    if step < 1 or size < 1:
        raise ModelError(f"frames of {size} elements, {step} apart")
    frames = -(-length // step) if pad_end else max((length - size) // step + 1, 0)
    bounded("frames", frames, size)
    missing = (frames - 1) * step + size - length
    if pad_end and missing > 0:
        x = b.pad(x, [at], [0], [missing], float(number(pad_value, "pad_value")))
    places = np.arange(frames)[:, None] * step + np.arange(size)[None, :]
    return b.Gather(x, b.const(places), axis=at)


def _window(first: float, second: float) -> Any:
    def function(b: Builder, window_length: Operand, periodic: Any = True, dtype: str = "float32") -> Value:
        length = count(window_length, "a window")
        if length == 1:
            return b.const([1.0], dtype)
        places = np.arange(length) / (length - 1 + (1 if periodic and length % 2 == 0 else 0))
        return b.const(first - second * np.cos(2 * np.pi * places), dtype)

    return function


tf("signal.hann_window")(_window(0.5, 0.5))
tf("signal.hamming_window")(_window(0.54, 0.46))


@tf("signal.linear_to_mel_weight_matrix")
def linear_to_mel_weight_matrix(
    b: Builder, num_mel_bins: Operand = 20, num_spectrogram_bins: Operand = 129, sample_rate: Operand = 8000,
    lower_edge_hertz: Operand = 125.0, upper_edge_hertz: Operand = 3800.0, dtype: str = "float32",
) -> Value:  # fmt: skip
    """(spectrogram bins, mel bins): triangles on the mel scale, without the zero frequency."""
    bins, of_spectrum = count(num_mel_bins, "bins"), count(num_spectrogram_bins, "bins")
    bounded("a matrix of weights", bins, of_spectrum)
    rate, low, high = (float(number(v, "a frequency")) for v in (sample_rate, lower_edge_hertz, upper_edge_hertz))
    lines = _mel(np.linspace(0.0, rate / 2, of_spectrum)[1:, None])
    edges = np.linspace(_mel(low), _mel(high), bins + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    slopes = np.minimum((lines - left) / (centre - left), (right - lines) / (right - centre))
    return b.const(np.pad(np.maximum(slopes, 0), [[1, 0], [0, 0]]), dtype)


def _mel(frequency: Any) -> Any:
    return 1127.0 * np.log1p(np.asarray(frequency) / 700.0)
