"""Fourier transforms: FFT, RFFT and their inverses over the last axes, or over axes that are given.

tensorflow/core/ops/spectral_ops.cc, tensorflow/core/kernels/fft_ops.cc, tensorflow/python/ops/signal/fft_ops.py. A transform of a
short, known length along one axis is a product with a matrix of cosines and sines; all others are Python steps, in double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Dim, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.complex_numbers import WHOLE, Complex, of_complex
from loadstone.lowering.tensorflow.matrix_steps import Result, step
from loadstone.lowering.tensorflow.symbols import Operand, axis_of, enter, number, tensor

LONGEST = 512  # samples up to which a transform is a product
LARGEST = 1 << 28  # samples of one whose lengths are computed
Array = np.ndarray[Any, Any]


def _waves(inside: int, outside: int, period: int, sign: float) -> tuple[Array, Array]:
    """Cosines and sines (inside, outside) of all products of two counts, which fill `period`."""
    turns = np.outer(np.arange(inside), np.arange(outside)) % period
    return np.cos(2 * np.pi * turns / period), sign * np.sin(2 * np.pi * turns / period)


def _times(b: Builder, x: Value, matrix: Array) -> Value:
    return b.MatMul(x, b.const(matrix, x.dtype))


def _first(b: Builder, x: Value, count: int) -> Value:
    """The last axis cut to a length."""
    length = x.shape[-1]
    return x if length is None or length <= count else b.slice(x, x.rank - 1, 0, count)


def product(b: Builder, x: Complex, inverse: bool, longest: int = LONGEST) -> Complex | None:
    """The transform along the last axis, whose length is known, as products."""
    length = x.shape[-1]
    if length is None or not 0 < length <= longest:
        return None
    cosines, sines = _waves(length, length, length, 1 if inverse else -1)
    if inverse:
        cosines, sines = cosines / length, sines / length
    re = b.Sub(_times(b, x.real, cosines), _times(b, x.imag, sines))
    return Complex(re, b.Add(_times(b, x.real, sines), _times(b, x.imag, cosines)))


def half_spectrum(b: Builder, x: Value, samples: int, longest: int = LONGEST) -> Complex | None:
    """The first half of the spectrum of real signals, cut or filled with zeros to this many samples, as products."""
    length = x.shape[-1]
    if length is None or not 0 < samples <= longest or not length:
        return None
    y = _first(b, x, samples)
    cosines, sines = _waves(y.shape[-1] or 0, samples // 2 + 1, samples, -1)
    return Complex(_times(b, y, cosines), _times(b, y, sines))


def signal(b: Builder, x: Complex, samples: int, longest: int = LONGEST) -> Value | None:
    """The real signals with this half of a spectrum, as products; each bin but the first and the middle one counts twice."""
    bins = x.shape[-1]
    if bins is None or not 0 < samples <= longest or not bins:
        return None
    kept = min(bins, samples // 2 + 1)
    cosines, sines = _waves(kept, samples, samples, -1)
    twice = np.full((kept, 1), 2.0)
    twice[0] = 1
    if samples % 2 == 0 and kept == samples // 2 + 1:
        twice[-1] = 1
        sines[-1] = 0
    re = _times(b, _first(b, x.real, kept), cosines * twice / samples)
    return b.Add(re, _times(b, _first(b, x.imag, kept), sines * twice / samples))


@dataclass(frozen=True)
class Transform:
    """A transform along the last axis as a Python call. kind: "whole", "inverse", "half" of a spectrum, or "real" signals of that."""

    kind: str
    samples: int = 0

    def product(self, b: Builder, x: Any, longest: int) -> Complex | Value | None:
        """The same as products; None where the length is unknown or more than `longest`."""
        if self.kind in ("half", "real"):
            return (half_spectrum if self.kind == "half" else signal)(b, x, self.samples, longest)
        return product(b, x, self.kind == "inverse", longest)


def host(
    b: Builder, name: str, x: Complex | Value, function: Callable[[Array], Array], shape: Sequence[Dim], to_real: bool, does: object = None
) -> Any:
    """A transform in Python."""
    wide = np.complex128 if isinstance(x, Complex) else np.float64
    result = Result(tuple(shape), "real" if to_real else WHOLE.get(x.dtype, x.dtype))
    return step(b, name, [x], [result], lambda z: function(z.astype(wide)), does)[0]


def _checked(x: Complex | Value, rank: int, name: str) -> None:
    if x.rank < rank:
        raise ModelError(f"{name} of a tensor of shape {x.shape}")


def _complex(name: str, rank: int, inverse: bool) -> Callable[[Builder, Complex], Complex]:
    function = np.fft.ifftn if inverse else np.fft.fftn

    def rule(b: Builder, input_: Complex) -> Complex:
        _checked(input_, rank, name)
        found = product(b, input_, inverse) if rank == 1 else None
        axes = tuple(range(-rank, 0))
        does = Transform("inverse" if inverse else "whole") if rank == 1 else None
        return found or host(b, name, input_, lambda z: _whole(function, z, None, axes), input_.shape, False, does)

    return rule


def _whole(function: Callable[..., Array], z: Array, lengths: Any, axes: Sequence[int]) -> Array:
    """A transform of an array that may have no elements."""
    if z.size or lengths is not None:
        return function(z, lengths, axes)
    return z


for _count, _end in ((1, ""), (2, "2D"), (3, "3D")):
    for _prefix in ("", "Batch"):
        of_complex(f"{_prefix}FFT{_end}")(_complex(f"FFT{_end}", _count, False))
        of_complex(f"{_prefix}IFFT{_end}")(_complex(f"IFFT{_end}", _count, True))


def _known(lengths: Operand, count: int, name: str) -> list[int] | None:
    """The lengths of a transform where they are known now."""
    if isinstance(lengths, Value) and lengths.const is None:
        return None
    found = [int(n) for n in np.asarray(number(lengths, "fft_length")).reshape(-1)]
    if len(found) != count or any(n < 0 for n in found):
        raise ModelError(f"{name} with fft_length={found}")
    return found


def _computed(b: Builder, name: str, x: Complex | Value, lengths: Value, rank: int, function: Callable[..., Array], real: bool) -> Any:
    """A transform whose lengths are known only at run time."""
    result = Result((*x.shape[: x.rank - rank], *[None] * rank), "real" if real else WHOLE.get(x.dtype, x.dtype))

    def compute(z: Array, lengths: Array) -> Array:
        if lengths.size != rank or (lengths < 1).any() or int(np.prod(lengths, dtype=object)) > LARGEST:
            raise ValueError(f"fft_length={lengths.tolist()}")
        wide = np.complex128 if np.iscomplexobj(z) else np.float64
        return function(z.astype(wide), lengths.tolist(), tuple(range(-rank, 0)))

    return step(b, name, [x, lengths], [result], compute)[0]


def _of_real(name: str, rank: int) -> Callable[..., Complex]:
    def rule(b: Builder, input_: Operand, fft_length: Operand, Tcomplex: str = "complex64") -> Complex:
        x = tensor(b, input_)
        _checked(x, rank, name)
        lengths = _known(fft_length, rank, name)
        if lengths is None:
            found: Complex = _computed(b, name, x, fft_length, rank, np.fft.rfftn, False)
            return found
        made = half_spectrum(b, x, lengths[0]) if rank == 1 else None
        bins = [*lengths[:-1], lengths[-1] // 2 + 1 if lengths[-1] else 0]
        shape = (*x.shape[: x.rank - rank], *bins)
        does = Transform("half", lengths[0]) if rank == 1 else None
        return made or host(b, name, x, partial(_filled, np.fft.rfftn, lengths, bins), shape, False, does)

    return rule


def _filled(function: Callable[..., Array], lengths: list[int], shape: Sequence[int], z: Array) -> Array:
    """A transform over the last axes, of zeros where the array has no elements in them."""
    rank = len(lengths)
    lead = z.shape[: z.ndim - rank]
    if not z.size or 0 in lengths:
        return np.zeros((*lead, *shape))
    return function(z, lengths, tuple(range(-rank, 0)))


def _to_real(name: str, rank: int) -> Callable[..., Value]:
    def rule(b: Builder, input_: Complex, fft_length: Operand, Treal: str = "float32") -> Value:
        _checked(input_, rank, name)
        lengths = _known(fft_length, rank, name)
        if lengths is None:
            found: Value = _computed(b, name, input_, fft_length, rank, np.fft.irfftn, True)
            return found
        made = signal(b, input_, lengths[0]) if rank == 1 else None
        shape = (*input_.shape[: input_.rank - rank], *lengths)
        does = Transform("real", lengths[0]) if rank == 1 else None
        return made or host(b, name, input_, partial(_filled, np.fft.irfftn, lengths, lengths), shape, True, does)

    return rule


for _count, _end in ((1, ""), (2, "2D"), (3, "3D")):
    enter(_of_real(f"RFFT{_end}", _count), f"raw_ops.RFFT{_end}")
    of_complex(f"IRFFT{_end}")(_to_real(f"IRFFT{_end}", _count))


# -- over axes that are given -----------------------------------------------------------------------------------------


def _axes(x: Complex | Value, fft_length: Operand, axes: Operand, name: str) -> tuple[list[int], list[int]]:
    places = [axis_of(a, x.rank) for a in number(axes, "the axes of a transform")]
    return [int(n) for n in number(fft_length, "fft_length")], places


def _over_axes(name: str, function: Callable[..., Array], to_real: bool, halved: bool) -> Callable[..., Any]:
    def rule(b: Builder, input_: Any, fft_length: Operand, axes: Operand, Tcomplex: str = "", Treal: str = "") -> Any:
        x = input_ if isinstance(input_, Complex) else tensor(b, input_)
        lengths, places = _axes(x, fft_length, axes, name)
        if len(lengths) != len(places) or len(set(places)) < len(places) or any(n < 1 for n in lengths):
            raise ModelError(f"{name} with fft_length={lengths} and axes={places}")
        shape = list(x.shape)
        for place, length in zip(places, lengths, strict=True):
            shape[place] = length
        if halved:
            shape[places[-1]] = lengths[-1] // 2 + 1
        return host(b, name, x, lambda z: function(z, lengths, places), shape, to_real)

    return rule


of_complex("FFTND")(_over_axes("FFTND", np.fft.fftn, False, False))
of_complex("IFFTND")(_over_axes("IFFTND", np.fft.ifftn, False, False))
of_complex("IRFFTND")(_over_axes("IRFFTND", np.fft.irfftn, True, False))
enter(_over_axes("RFFTND", np.fft.rfftn, False, True), "raw_ops.RFFTND")
