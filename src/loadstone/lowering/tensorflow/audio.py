"""Sound: DecodeWav, AudioSpectrogram and Mfcc, computed in float64 as TensorFlow does.

tensorflow/core/kernels/spectrogram.cc, mfcc.cc, mfcc_mel_filterbank.cc, mfcc_dct.cc, decode_wav_op.cc, lib/wav/wav_io.cc.
"""

from __future__ import annotations

import struct

import numpy as np

from loadstone.errors import InferenceError
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf

FLOOR = 1e-12  # of what a filter gives
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
    work, known = Spectrogram(size, step, magnitude_squared), x.shape[0]
    frames = None if known is None else max(0, 1 + (known - size) // step) if known >= size else 0
    return b.host("audio_spectrogram", work, [x], [((x.shape[1], frames, work.length // 2 + 1), "float32")])[0]


@dataclass(frozen=True)
class Spectrogram:
    """The same as a Python call."""

    size: int
    step: int
    squared: bool

    @property
    def length(self) -> int:
        """Samples of a frame, zeros included."""
        return 1 << max(self.size - 1, 1).bit_length()

    def window(self) -> np.ndarray:
        """The weights of the samples."""
        return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.size) / self.size))

    def __call__(self, samples: np.ndarray) -> tuple[np.ndarray]:
        size, step, length = self.size, self.step, self.length
        count = max(0, 1 + (len(samples) - size) // step) if len(samples) >= size else 0
        if not count:
            return (np.zeros((samples.shape[1], 0, length // 2 + 1), np.float32),)
        frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), size, axis=0)[::step]  # frames, channels, size
        spectrum = np.fft.rfft(frames[:count] * self.window(), length, axis=-1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        return (np.ascontiguousarray((power if self.squared else np.sqrt(power)).transpose(1, 0, 2)),)


@tf("raw_ops.Mfcc")
def mfcc(
    b: Builder, spectrogram: Operand, sample_rate: Operand, upper_frequency_limit: float = 4000.0, lower_frequency_limit: float = 20.0,
    filterbank_channel_count: int = 40, dct_coefficient_count: int = 13,
) -> Value:  # fmt: skip
    """Squared magnitudes (channels, frames, frequencies) -> (channels, frames, coefficients)."""
    x, rate = tensor(b, spectrogram), tensor(b, sample_rate)
    limits = float(lower_frequency_limit), float(upper_frequency_limit)
    work = Coefficients(int(filterbank_channel_count), int(dct_coefficient_count), *limits)
    return b.host("mfcc", work, [x, rate], [((*x.shape[:-1], work.count), "float32")])[0]


@dataclass(frozen=True)
class Coefficients:
    """The same as a Python call. low and high are the limits of what is heard, in hertz."""

    channels: int
    count: int
    low: float
    high: float

    def waves(self) -> np.ndarray:
        """(channels, count): the cosines that make coefficients of logarithms."""
        angles = np.arange(self.count)[:, None] * np.pi / self.channels * (np.arange(self.channels) + 0.5)
        return np.asarray((np.sqrt(2.0 / self.channels) * np.cos(angles)).T)

    def centers(self) -> np.ndarray:
        """The middles of all channels and of one more, in mels."""
        low, high = mel(self.low), mel(self.high)
        return np.asarray(low + (high - low) / (self.channels + 1) * np.arange(1, self.channels + 2))

    def __call__(self, power: np.ndarray, hertz: np.ndarray) -> tuple[np.ndarray]:
        weights = self._filters(power.shape[-1], float(hertz))
        logs = np.log(np.maximum(np.sqrt(power.astype(np.float64)) @ weights, FLOOR))
        return ((logs @ self.waves()).astype(np.float32),)

    def _filters(self, bins: int, rate: float) -> np.ndarray:
        """How much of each frequency goes into each channel: (bins, channels), triangles that overlap by half."""
        each = 0.5 * rate / (bins - 1)
        start, end = int(1.5 + self.low / each), int(self.high / each)
        centers, weights = self.centers(), np.zeros((bins, self.channels))
        for place in range(start, min(end, bins - 1) + 1):
            pitch = mel(place * each)
            channel = int(np.searchsorted(centers[: self.channels], pitch, side="left")) - 1  # the last one whose center is below
            lower = centers[channel] if channel >= 0 else mel(self.low)
            weight = float((centers[channel + 1] - pitch) / (centers[channel + 1] - lower))
            if channel >= 0:
                weights[place, channel] += weight
            if channel + 1 < self.channels:
                weights[place, channel + 1] += 1.0 - weight
        return weights


def mel(hertz: np.ndarray | float) -> np.ndarray:
    """The pitch of frequencies."""
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0))
