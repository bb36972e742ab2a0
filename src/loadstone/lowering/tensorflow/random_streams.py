"""The numbers that TensorFlow draws from a seed: Philox4x32-10 and the distributions made of its words.

Semantics: tensorflow/core/lib/random/philox_random.h, random_distributions.h and tensorflow/core/kernels/random_op_cpu.h; the generator
is that of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011). A block of four words of 32 bits gives one group of
results; distributions that throw words away have 256 words for each of theirs.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from loadstone.ir.records import dataclass

Array = np.ndarray[Any, np.dtype[Any]]

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_FACTORS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_STEPS = (0x9E3779B9, 0xBB67AE85)
_RESERVED = 256  # words for each result of a distribution that throws some away
_EDGE = 2.0  # of truncated normal numbers


@dataclass(frozen=True)
class Stream:
    """A key of two words, and a counter of two of 64 bits."""

    key: tuple[int, int]
    counter: tuple[int, int]

    def blocks(self, places: Array) -> Array:
        """The blocks in these places: (n,) -> (n, 4), uint32."""
        at = places.astype(np.uint64)
        low = np.uint64(self.counter[0]) + at
        high = np.uint64(self.counter[1]) + (low < at).astype(np.uint64)
        words = [low & _LOW, low >> _SHIFT, high & _LOW, high >> _SHIFT]
        keys = list(self.key)
        for _ in range(10):
            one, other = words[0] * _FACTORS[0], words[2] * _FACTORS[1]
            words = [
                (other >> _SHIFT) ^ words[1] ^ np.uint64(keys[0]), other & _LOW,
                (one >> _SHIFT) ^ words[3] ^ np.uint64(keys[1]), one & _LOW,
            ]  # fmt: skip
            keys = [(k + step) & 0xFFFFFFFF for k, step in zip(keys, _STEPS, strict=True)]
        return np.stack(words, -1).astype(np.uint32)

    def words(self, count: int) -> Array:
        """The first words, whole blocks of them."""
        return self.blocks(np.arange(-(-count // 4))).reshape(-1)


def of_seed(seed: Array) -> Stream:
    """The stream of a seed of two numbers (stateless_random_ops.cc, `GenerateKey`)."""
    if seed.shape != (2,):
        raise ValueError(f"a seed of shape {seed.shape}; two numbers are needed")
    first, second = (int(v) & 0xFFFFFFFFFFFFFFFF for v in seed.tolist())
    mixed = Stream((0x3EC8F720, 0x02461E29), (first, second)).blocks(np.zeros(1, np.int64))[0].tolist()
    return Stream((mixed[0], mixed[1]), (0, mixed[2] | mixed[3] << 32))


def of_key(key: Array, counter: Array, algorithm: Array) -> Stream:
    """The stream of a key and a counter; the algorithm must be Philox, or left to the kernel."""
    if int(algorithm) not in (1, 3):
        raise ValueError(f"random numbers by algorithm {int(algorithm)}, which TensorFlow does not have on CPUs")
    if key.shape != (1,) or counter.ndim != 1 or len(counter) < 2:
        raise ValueError(f"a key of shape {key.shape} and a counter of shape {counter.shape}")
    word = int(key[0])
    return Stream((word & 0xFFFFFFFF, word >> 32), (int(counter[0]), int(counter[1])))


def shuffled(stream: Stream, count: int) -> Array:
    """The numbers below count in a random order (shuffle_common.h)."""
    words = stream.words(max(count - 1, 0)).tolist()
    order = list(range(count))
    for i in range(count - 1):
        k = i + words[i] % (count - i)
        order[i], order[k] = order[k], order[i]
    return np.asarray(order, np.int64)


# -- distributions ----------------------------------------------------------------------------------------------------


def _pairs(words: Array) -> Array:
    """Two words as one of 64 bits, the first one the lower."""
    wide = words.reshape(-1, 2).astype(np.uint64)
    return wide[:, 0] | wide[:, 1] << _SHIFT


def _unit(words: Array) -> Array:
    """float32 from 0 to below 1, of 23 bits of each word."""
    return ((words & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000)).view(np.float32) - np.float32(1)


def _unit64(words: Array) -> Array:
    """float64 from 0 to below 1, of 52 bits of two words, the first one the higher."""
    wide = words.reshape(-1, 2).astype(np.uint64)
    bits = (wide[:, 0] & np.uint64(0xFFFFF)) << _SHIFT | wide[:, 1] | np.uint64(0x3FF0000000000000)
    return bits.view(np.float64) - 1.0


def uniform(stream: Stream, count: int, dtype: str) -> Array:
    """Numbers from 0 to below 1."""
    if dtype == "float64":
        return _unit64(stream.words(2 * count))[:count]
    words = stream.words(count)[:count]
    if dtype == "float32":
        return _unit(words)
    if dtype == "float16":
        return ((words & np.uint32(0x3FF)) | np.uint32(0x3C00)).astype(np.uint16).view(np.float16) - np.float16(1)
    half = ((words & np.uint32(0x7F)) | np.uint32(0x3F80)).astype(np.uint16).view(ml_dtypes.bfloat16)
    made: Array = half - ml_dtypes.bfloat16(1)
    return made


def _bell(words: Array, wide: bool) -> Array:
    """Normal numbers, two of each pair of uniform ones (Box and Muller)."""
    units = (_unit64(words) if wide else _unit(words)).reshape(-1, 2)
    kind = units.dtype.type
    least = kind(1e-7)
    radius = np.sqrt(kind(-2.0) * np.log(np.maximum(units[:, 0], least)))
    angle = kind(2 * np.pi) * units[:, 1]
    return np.stack([np.sin(angle) * radius, np.cos(angle) * radius], -1).reshape(-1)


def normal(stream: Stream, count: int, dtype: str) -> Array:
    """Normal numbers."""
    if dtype == "float64":
        return _bell(stream.words(2 * count), True)[:count]
    return _bell(stream.words(count), False)[:count]


def truncated_normal(stream: Stream, count: int, dtype: str) -> Array:
    """Normal numbers without those that are 2 or more from 0: each group of results takes what it needs of its words."""
    wide = dtype == "float64"
    group = 2 if wide else 4
    made = np.zeros((-(-count // group), group), np.float64 if wide else np.float32)
    rest, blocks = np.arange(len(made)), 8
    while len(rest):
        places = rest[:, None] * (group * _RESERVED // 4) + np.arange(blocks)
        drawn = _bell(stream.blocks(places.reshape(-1)).reshape(-1), wide).reshape(len(rest), -1)
        order = np.argsort(~(np.abs(drawn) < _EDGE), axis=1, kind="stable")[:, :group]
        found = np.take_along_axis(drawn, order, 1)
        done = (np.abs(found) < _EDGE).all(1)
        made[rest[done]] = found[done]
        rest, blocks = rest[~done], 2 * blocks
    return made.reshape(-1)[:count]


def whole(stream: Stream, count: int, dtype: str) -> Array:
    """Integers, all of a dtype alike."""
    words = stream.words(count)[:count] if dtype.endswith("32") else _pairs(stream.words(2 * count))[:count]
    return words.view(dtype)


def between(stream: Stream, count: int, low: Array, high: Array) -> Array:
    """Integers from low to below high."""
    if not low < high:
        raise ValueError(f"integers from {low} to below {high}")
    unsigned = np.uint32 if low.dtype.itemsize == 4 else np.uint64
    words = whole(stream, count, np.dtype(unsigned).name)
    span = unsigned((int(high) - int(low)) % (1 << 8 * low.dtype.itemsize))
    shifted: Array = words % span + low.astype(unsigned)
    return shifted.view(low.dtype)


def categorical(stream: Stream, logits: Array, count: int) -> Array:
    """Classes by their logits, `count` for each row (multinomial_op.cc); the rows take their words one after another."""
    units = _unit64(stream.words(2 * count * len(logits))).reshape(-1)[: count * len(logits)].reshape(len(logits), count)
    made = np.empty(units.shape, np.int64)
    for row, x in enumerate(logits.astype(np.float64)):
        finite = np.isfinite(x)
        with np.errstate(all="ignore"):
            sums = np.cumsum(np.where(finite, np.exp(x - x[finite].max(initial=-np.inf)), 0))
        made[row] = np.searchsorted(sums, units[row] * sums[-1], side="right")
    return made
