"""Layers that turn signals into spectrograms: MelSpectrogram and STFTSpectrogram.

keras/src/layers/preprocessing/mel_spectrogram.py and stft_spectrogram.py. The first has a Fourier transform (a Python step);
the second is a convolution with kernels of its own.
"""

from __future__ import annotations

from math import log, log10
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.fourier import Array, Frames
from loadstone.lowering.keras.ops_binary import STRONG_FLOATING
from loadstone.lowering.keras.ops_fourier import spectra
from loadstone.lowering.keras.windows import data_format, padded
from loadstone.lowering.registry import keras_layer

_FUZZ = 1e-7  # keras.backend.epsilon()


@keras_layer(
    "MelSpectrogram",
    options="fft_length sequence_stride sequence_length window sampling_rate num_mel_bins min_freq max_freq power_to_db top_db mag_exp"
    " min_power ref_power",
)
def mel_spectrogram(b: Builder, layer: Layer, inputs: Value) -> Value:
    """Signals (..., samples) -> (..., num_mel_bins, frames): power in bands of the mel scale, in decibels if power_to_db.

    Decibels end top_db below the loudest of the whole batch.
    """
    config, compute = layer.config, layer.policy.compute
    fft = config["fft_length"]
    x = b.cast(inputs, "float64" if compute == "float64" else "float32")
    how = Frames(config.get("sequence_length") or fft, config["sequence_stride"], fft, config["window"])
    real, imaginary = spectra(b, layer, x, how)
    power = b.Pow(b.Sqrt(b.Add(b.Mul(real, real), b.Mul(imaginary, imaginary))), float(config["mag_exp"]))
    y = b.MatMul(power, b.const(_bands(layer, fft // 2 + 1), x.dtype))
    if config["power_to_db"]:
        least = float(config["min_power"])
        y = b.Mul(b.Div(b.Log(b.Max(y, least)), log(10)), 10.0)
        y = b.Sub(y, 10 * log10(max(abs(config["ref_power"]), least)))
        y = b.Max(y, b.Sub(b.ReduceMax(y, keepdims=0), float(config["top_db"])))
    return b.cast(b.transpose(y, [*range(y.rank - 2), y.rank - 1, y.rank - 2]), compute)


def _mel(hertz: Any) -> Any:
    return np.float32(1127) * np.log(np.float32(1) + hertz / np.float32(700))


def _evenly(start: Any, stop: Any, count: int) -> Array:
    """`tf.linspace` in float32."""
    step = (stop - start) / np.float32(max(count - 1, 1))
    between = start + step * np.arange(1, max(count - 1, 1), dtype=np.float32)
    return np.concatenate([[start], between, [stop]])[:count].astype(np.float32)


def _bands(layer: Layer, bins: int) -> Array:
    """float32 (bins, num_mel_bins): triangles of height 1 that meet at the middles of their neighbours; the bin of 0 Hz has no part."""
    config = layer.config
    lowest, highest, rate = (np.float32(config[key]) for key in ("min_freq", "max_freq", "sampling_rate"))
    count = config["num_mel_bins"]
    mels = _mel(_evenly(np.float32(0), rate / np.float32(2), bins)[1:])[:, None]
    edges = _evenly(_mel(lowest), _mel(highest), count + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    with np.errstate(all="ignore"):
        rising, falling = (mels - lower) / (centre - lower), (upper - mels) / (upper - centre)
    return np.pad(np.maximum(np.float32(0), np.minimum(rising, falling)), [(1, 0), (0, 0)])


@keras_layer(
    "STFTSpectrogram",
    weights=("real_kernel?", "imag_kernel?"),
    options="mode frame_length frame_step fft_length window periodic scaling padding expand_dims data_format",
)
def stft_spectrogram(b: Builder, layer: Layer, inputs: Value, real_kernel: Value | None = None, imag_kernel: Value | None = None) -> Value:
    """(batch, time, channels) or (batch, channels, time) -> spectra of each channel; kernels (frame_length, 1, bins).

    The channels of the result are channels * bins, or two axes with expand_dims: (batch, time, bins, channels) or
    (batch, channels, time, bins).
    """
    if inputs.dtype not in ("float16", "float32", "float64") or inputs.rank != 3:
        raise ModelError(f"STFTSpectrogram of {inputs.dtype} of shape {inputs.shape}, which Keras refuses")
    last = data_format(layer) == "channels_last"
    x = b.transpose(inputs, [0, 2, 1]) if last else inputs
    parts = [None if kernel is None else _convolved(b, layer, x, kernel) for kernel in (real_kernel, imag_kernel)]
    y = _measured(b, layer.config["mode"], *parts)
    if layer.config.get("expand_dims"):
        return b.transpose(y, [0, 3, 2, 1] if last else [0, 1, 3, 2])
    batch, channels, bins, time = b.dims(y)
    merged = channels * bins if isinstance(channels, int) and isinstance(bins, int) else -1
    y = b.reshape(y, [batch, merged, time], (y.shape[0], merged if merged != -1 else None, y.shape[3]))
    return b.transpose(y, [0, 2, 1]) if last else y


def _convolved(b: Builder, layer: Layer, x: Value, kernel: Value) -> Value:
    """x (batch, channels, time), kernel (frame, 1, bins) -> (batch, channels, bins, time)."""
    frame, step = layer.config["frame_length"], layer.config.get("frame_step") or layer.config["frame_length"] // 2
    if kernel.shape[:2] != (frame, 1):
        raise ModelError(f"a kernel of shape {kernel.shape} for frames of {frame} samples")
    filters = b.unsqueeze(b.transpose(kernel, [2, 1, 0]), 2)  # (bins, 1, 1, frame)
    x, pads = padded(b, b.unsqueeze(x, 1), layer.config["padding"], [1, frame], [1, step], [1, 1])
    return b.transpose(b.Conv(x, filters, strides=[1, step], **pads), [0, 2, 1, 3])


def _measured(b: Builder, mode: str, real: Value | None, imaginary: Value | None) -> Value:
    """(batch, channels, bins, time) of what `mode` asks for."""
    if mode in ("real", "imag"):
        one = real if mode == "real" else imaginary
        assert one is not None
        return one
    if real is None or imaginary is None:
        raise ModelError(f"an STFTSpectrogram with mode={mode!r} has two kernels")
    if mode == "angle":
        return STRONG_FLOATING["Arctan2"](b, imaginary, real)
    if mode == "stft":
        return b.Concat(real, imaginary, axis=2)
    power = b.Add(b.Mul(real, real), b.Mul(imaginary, imaginary))
    if mode == "psd":
        return b.Add(power, b.pad(b.slice(power, 2, 1, -1), [2], [1], [1]))
    magnitude = b.Sqrt(b.Max(power, _FUZZ))
    if mode == "magnitude":
        return magnitude
    if mode != "log":
        raise UnsupportedAttribute(f"STFTSpectrogram with mode={mode!r}")
    return b.Log(b.Max(magnitude, _FUZZ))
