"""Sound: DecodeWav, AudioSpectrogram and Mfcc, computed in float64 as TensorFlow does.

tensorflow/core/kernels/spectrogram.cc, mfcc.cc, mfcc_mel_filterbank.cc, mfcc_dct.cc, decode_wav_op.cc, lib/wav/wav_io.cc.
"""

from __future__ import annotations

import struct

import numpy as np

from loadstone.errors import InferenceError
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf

_FLOOR = 1e-12  # of what a filter gives
MAX_SAMPLES = 1 << 28


@tf("audio.decode_wav", "raw_ops.DecodeWav")
def decode_wav(b: Builder, contents: Operand, desired_channels: int = -1, desired_samples: int = -1) -> list[Value]:
    """A WAV file of 16-bit samples -> (samples, channels) from -1 to 1, and how many a second (int32)."""
    wanted, length = (None if n < 0 else int(n) for n in (desired_channels, desired_samples))

    def decode(file: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        samples, rate = _wav(file.item())
        count, channels = samples.shape
        columns = np.minimum(np.arange(channels if wanted is None else wanted), channels - 1)
        audio = samples[: length if length is not None else count][:, columns]
        missing = 0 if length is None else max(length - count, 0)
        return np.pad(audio, [(0, missing), (0, 0)]).astype(np.float32), np.asarray(rate, np.int32)

    return list(b.host("decode_wav", decode, [tensor(b, contents)], [((length, wanted), "float32"), ((), "int32")]))


def _wav(data: bytes) -> tuple[np.ndarray, int]:
    """Samples as (samples, channels) and their rate. Raises InferenceError for anything but PCM of 16 bits."""
    try:
        if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
            raise InferenceError("a WAV file begins with RIFF and WAVE")
        at, form = 12, None
        while at + 8 <= len(data):
            name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
            if name == b"fmt ":
                form = struct.unpack_from("<HHIIHH", data, at + 8)
            elif name == b"data" and form is not None:
                kind, channels, rate, _, _, bits = form
                if kind not in (1, 0xFFFE) or bits != 16 or not 0 < channels < 1024 or size > 2 * MAX_SAMPLES:
                    raise InferenceError(f"a WAV file of {bits} bits and {channels} channels: 16-bit samples are read")
                body = np.frombuffer(data[at + 8 : at + 8 + size], "<i2")
                return body[: len(body) // channels * channels].reshape(-1, channels).astype(np.float64) / 32768.0, rate
            at += 8 + size + size % 2
    except struct.error as error:
        raise InferenceError("a WAV file that is cut off") from error
    raise InferenceError("a WAV file without samples")


@tf("raw_ops.AudioSpectrogram")
def audio_spectrogram(b: Builder, input_: Operand, window_size: int, stride: int, magnitude_squared: bool = False) -> Value:
    """x (samples, channels) -> (channels, frames, 1 + n / 2): magnitudes, n the power of 2 that holds a window of Hann's."""
    x, size, step = tensor(b, input_), int(window_size), int(stride)
    length = 1 << max(size - 1, 1).bit_length()
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)

    def compute(samples: np.ndarray) -> tuple[np.ndarray]:
        count = max(0, 1 + (len(samples) - size) // step) if len(samples) >= size else 0
        if not count:
            return (np.zeros((samples.shape[1], 0, length // 2 + 1), np.float32),)
        frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), size, axis=0)[::step][
            :count
        ]  # frames, channels, size
        spectrum = np.fft.rfft(frames * window, length, axis=-1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        return (np.ascontiguousarray((power if magnitude_squared else np.sqrt(power)).transpose(1, 0, 2)),)

    known = x.shape[0]
    frames = None if known is None else max(0, 1 + (known - size) // step) if known >= size else 0
    return b.host("audio_spectrogram", compute, [x], [((x.shape[1], frames, length // 2 + 1), "float32")])[0]


@tf("raw_ops.Mfcc")
def mfcc(
    b: Builder, spectrogram: Operand, sample_rate: Operand, upper_frequency_limit: float = 4000.0, lower_frequency_limit: float = 20.0,
    filterbank_channel_count: int = 40, dct_coefficient_count: int = 13,
) -> Value:  # fmt: skip
    """Squared magnitudes (channels, frames, frequencies) -> (channels, frames, coefficients)."""
    x, rate = tensor(b, spectrogram), tensor(b, sample_rate)
    channels, count = int(filterbank_channel_count), int(dct_coefficient_count)

    def compute(power: np.ndarray, hertz: np.ndarray) -> tuple[np.ndarray]:
        weights = _filters(power.shape[-1], float(hertz), channels, float(lower_frequency_limit), float(upper_frequency_limit))
        logs = np.log(np.maximum(np.sqrt(power.astype(np.float64)) @ weights, _FLOOR))
        angles = np.arange(count)[:, None] * np.pi / channels * (np.arange(channels) + 0.5)
        return ((logs @ (np.sqrt(2.0 / channels) * np.cos(angles)).T).astype(np.float32),)

    return b.host("mfcc", compute, [x, rate], [((*x.shape[:-1], count), "float32")])[0]


def _mel(hertz: np.ndarray | float) -> np.ndarray:
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0))


def _filters(bins: int, rate: float, channels: int, low: float, high: float) -> np.ndarray:
    """How much of each frequency goes into each channel: (bins, channels), triangles that overlap by half."""
    each = 0.5 * rate / (bins - 1)
    start, end = int(1.5 + low / each), int(high / each)
    centers = _mel(low) + (_mel(high) - _mel(low)) / (channels + 1) * np.arange(1, channels + 2)
    weights = np.zeros((bins, channels))
    for place in range(start, min(end, bins - 1) + 1):
        mel = _mel(place * each)
        above = int(np.searchsorted(centers[:channels], mel, side="left"))  # the first center that is not below
        channel = above - 1
        lower = centers[channel] if channel >= 0 else _mel(low)
        weight = float((centers[channel + 1] - mel) / (centers[channel + 1] - lower))
        if channel >= 0:
            weights[place, channel] += weight
        if channel + 1 < channels:
            weights[place, channel + 1] += 1.0 - weight
    return weights
