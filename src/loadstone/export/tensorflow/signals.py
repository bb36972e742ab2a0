"""Fourier transforms in place of the Python calls of `keras.ops` and of MelSpectrogram.

keras/src/backend/tensorflow/math.py; tensors come and go as real and imaginary parts. `lowering.keras.fourier` is the same in Python.
"""

from __future__ import annotations

from collections.abc import Callable

from loadstone.export.tensorflow.registry import host_call
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.ir import Layer
from loadstone.lowering.keras.fourier import Frames

_COMPLEX = {"float32": "complex64", "float64": "complex128"}


def _joined(w: Writer, real: Term, imaginary: Term) -> Term:
    return w.Complex(real, imaginary, Tout=_COMPLEX[real.dtype])


def _parts(w: Writer, x: Term, dtype: str) -> list[Term]:
    return [w.Real(x, Tout=dtype), w.Imag(x, Tout=dtype)]


def _of_pairs(op: str) -> Callable[..., list[Term]]:
    return lambda w, layer, real, imaginary: _parts(w, w.op(op, _joined(w, real, imaginary)), real.dtype)


for _name, _op in {"FFT": "FFT", "FFT2": "FFT2D", "IFFT2": "IFFT2D"}.items():
    host_call(_name)(_of_pairs(_op))


@host_call("RFFT")
def rfft(w: Writer, layer: Layer, x: Term) -> list[Term]:
    """The half spectrum of real signals, of fft_length samples."""
    return _spectrum(w, x, layer.config.get("fft_length"))


def _spectrum(w: Writer, x: Term, length: int | None) -> list[Term]:
    samples = w.cast(w.shape(x, x.rank - 1), "int32") if length is None else w.ints([length], "int32")
    x = x if length is None else _at_least(w, x, length)
    return _parts(w, w.RFFT(x, samples, Tcomplex=_COMPLEX[x.dtype]), x.dtype)


def _at_least(w: Writer, x: Term, count: int) -> Term:
    """x with zeros after the elements of its last axis where there are fewer than so many, which kernels refuse."""
    last = x.rank - 1
    length = (x.shape or ())[last]
    if length is not None and length >= count:
        return x
    missing = w.Maximum(w.Sub(w.const(count), w.length(x, last)), 0)
    table = w.Pack([*[w.ints([0, 0])] * last, w.Pack([w.const(0), missing], axis=0)], axis=0)
    return Term(w.Pad(x, table).output, (*(x.shape or ())[:last], None), x.dtype)


@host_call("IRFFT")
def irfft(w: Writer, layer: Layer, real: Term, imaginary: Term) -> Term:
    """The real signals that have this half spectrum."""
    length = layer.config.get("fft_length")
    if length is None:
        samples = w.reshape(w.cast(w.Mul(w.Sub(w.length(real, real.rank - 1), 1), 2), "int32"), [1])
    else:
        samples = w.ints([length], "int32")
        real, imaginary = (_at_least(w, x, length // 2 + 1) for x in (real, imaginary))
    return w.IRFFT(_joined(w, real, imaginary), samples, Treal=real.dtype)


@host_call(Frames)
def short_time(w: Writer, how: Frames, x: Term) -> list[Term]:
    """The half spectra of frames: (..., samples) -> twice (..., frames, fft // 2 + 1)."""
    last = x.rank - 1
    if how.centre:
        rows = [[0, 0]] * last + [[how.fft // 2, how.fft // 2]]
        length = (x.shape or ())[last]
        shape = (*(x.shape or ())[:last], None if length is None else length + how.fft // 2 * 2)
        x = Term(w.MirrorPad(x, w.const(rows, "int32"), mode="REFLECT").output, shape, x.dtype)
    starts = w.Range(w.const(0), w.Sub(w.length(x, last), how.fft - 1), w.const(how.step))
    places = w.AddV2(w.expand(Term(starts.output, (None,), "int64"), 1), w.range(w.const(how.fft)))
    frames = w.GatherV2(x, places, w.const(last, "int32"))
    weights = how.weights()
    if weights is not None:
        frames = w.Mul(frames, w.const(weights, x.dtype))
    return _spectrum(w, Term(frames.output, (None,) * (last + 2), x.dtype), how.fft)
