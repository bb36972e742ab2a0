"""Spectra of the frames of a signal: the Python call of MelSpectrogram and of functions of TensorFlow, for which Keras has an operation."""

from __future__ import annotations

from loadstone.export.operations.table import NoOperation, call_of
from loadstone.export.operations.translation import Translation
from loadstone.ir import Output
from loadstone.lowering.block import Op
from loadstone.lowering.keras.fourier import Frames


@call_of(Frames)
def _spectra(t: Translation, op: Op) -> list[Output]:
    """Samples (..., samples) -> real and imaginary part, each (..., frames, fft // 2 + 1)."""
    how: Frames = op.attributes["does"]
    if not isinstance(how.window, (str, type(None))):
        raise NoOperation("a window that is given by its numbers")
    frames = {"sequence_length": how.length, "sequence_stride": how.step, "fft_length": how.fft}
    return t.several(2, "STFT", t.tensor(op.inputs[0]), **frames, window=how.window, center=how.centre)
