"""Hashes of byte strings as TensorFlow computes them, for whole arrays at once.

`farm` is FarmHash64 (farmhashna::Hash64, which tensorflow/core/platform/fingerprint.h calls Fingerprint64 and
StringToHashBucketFast uses), `sip` is SipHash-2-4 with 128 bits of key (StringToHashBucketStrong), `combine` is
FingerprintCat64 (SparseCrossHashed). Strings of one length are hashed together, each distinct string once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Words = Any  # np.ndarray of uint64, or one np.uint64: their arithmetic wraps
Hash = Callable[[Sequence[bytes]], Words]

_K0, _K1, _K2 = (np.uint64(k) for k in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))
_CAT = np.uint64(0xC6A4A7935BD1E995)
_SIP = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_ALL = 0xFFFFFFFFFFFFFFFF


def buckets(strings: np.ndarray, count: int, key: Sequence[int] | None = None) -> np.ndarray:
    """The bucket of each string of an object array, int64: by FarmHash, or by SipHash where there is a key."""
    one = _by_length(_farm) if key is None else _by_length(lambda text: _sip(text, key))
    distinct = {text: k for k, text in enumerate(dict.fromkeys(strings.reshape(-1).tolist()))}
    found = (one(list(distinct)) % np.uint64(count)).astype(np.int64)
    places = np.fromiter((distinct[text] for text in strings.reshape(-1)), np.int64, strings.size)
    return found[places].reshape(strings.shape) if strings.size else np.zeros(strings.shape, np.int64)


def farm(strings: np.ndarray) -> Words:
    """FarmHash64 of each string of an object array."""
    return _by_length(_farm)(strings.reshape(-1).tolist()).reshape(strings.shape)


def sip(strings: np.ndarray, key: Sequence[int]) -> Words:
    """SipHash-2-4 of each string of an object array."""
    return _by_length(lambda text: _sip(text, key))(strings.reshape(-1).tolist()).reshape(strings.shape)


def murmur(text: bytes) -> int:
    """The hash of StringToHashBucket (tensorflow/core/lib/hash/hash.cc, `Hash64`), which follows MurmurHash64A."""
    value = 0xDECAFCAFFE ^ (len(text) * int(_CAT) & _ALL)
    whole = len(text) // 8 * 8
    for word in np.frombuffer(text[:whole], "<u8").tolist():
        word = word * int(_CAT) & _ALL
        value = (value ^ ((word ^ (word >> 47)) * int(_CAT) & _ALL)) * int(_CAT) & _ALL
    if len(text) > whole:
        value = (value ^ int.from_bytes(text[whole:], "little")) * int(_CAT) & _ALL
    value = (value ^ (value >> 47)) * int(_CAT) & _ALL
    return value ^ (value >> 47)


def combine(one: Words, other: Words) -> Words:
    """FingerprintCat64 of two fingerprints."""
    result = one ^ _CAT
    result = (result ^ (_shift_mix(other * _CAT) * _CAT)) * _CAT
    return _shift_mix(_shift_mix(result) * _CAT)


def _by_length(function: Callable[[np.ndarray], Words]) -> Hash:
    """The hash of strings of any lengths from one of a matrix of bytes, a string a row."""

    def hashed(strings: Sequence[bytes]) -> Words:
        lengths = np.fromiter(map(len, strings), np.int64, len(strings))
        result = np.zeros(len(strings), np.uint64)
        for length in np.unique(lengths).tolist():
            where = np.flatnonzero(lengths == length)
            joined = b"".join([strings[k] for k in where.tolist()])
            result[where] = function(np.frombuffer(joined, np.uint8).reshape(len(where), length))
        return result

    return hashed


# -- FarmHash ----------------------------------------------------------------------------------------------------------


def _farm(text: np.ndarray) -> Words:
    length = text.shape[1]
    if length <= 16:
        return _up_to_16(text)
    if length <= 32:
        return _up_to_32(text)
    return _up_to_64(text) if length <= 64 else _longer(text)


def _up_to_16(text: np.ndarray) -> Words:
    length = text.shape[1]
    if length >= 8:
        mul = _K2 + np.uint64(length * 2)
        a, b = _word(text, 0) + _K2, _word(text, length - 8)
        return _mix(_rotate(b, 37) * mul + a, (_rotate(a, 25) + b) * mul, mul)
    if length >= 4:
        mul = _K2 + np.uint64(length * 2)
        return _mix(np.uint64(length) + (_half(text, 0) << np.uint64(3)), _half(text, length - 4), mul)
    if length > 0:
        a, b, c = (text[:, k].astype(np.uint64) for k in (0, length >> 1, length - 1))
        y, z = a + (b << np.uint64(8)), np.uint64(length) + (c << np.uint64(2))
        return _shift_mix(y * _K2 ^ z * _K0) * _K2
    return np.full(len(text), _K2)


def _up_to_32(text: np.ndarray) -> Words:
    length = text.shape[1]
    mul = _K2 + np.uint64(length * 2)
    a, b = _word(text, 0) * _K1, _word(text, 8)
    c, d = _word(text, length - 8) * mul, _word(text, length - 16) * _K2
    return _mix(_rotate(a + b, 43) + _rotate(c, 30) + d, a + _rotate(b + _K2, 18) + c, mul)


def _up_to_64(text: np.ndarray) -> Words:
    length = text.shape[1]
    mul = _K2 + np.uint64(length * 2)
    a, b = _word(text, 0) * _K2, _word(text, 8)
    c, d = _word(text, length - 8) * mul, _word(text, length - 16) * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _mix(y, a + _rotate(b + _K2, 18) + c, mul)
    e, f = _word(text, 16) * mul, _word(text, 24)
    g, h = (y + _word(text, length - 32)) * mul, (z + _word(text, length - 24)) * mul
    return _mix(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, mul)


def _longer(text: np.ndarray) -> Words:
    length = text.shape[1]
    seed = 81
    x = np.full(len(text), np.uint64(seed))
    y = np.full(len(text), np.uint64((seed * int(_K1) + 113) & _ALL))
    z = _shift_mix(y * _K2 + np.uint64(113)) * _K2
    v, w = (np.zeros(len(text), np.uint64),) * 2, (np.zeros(len(text), np.uint64),) * 2
    x = x * _K2 + _word(text, 0)
    end = (length - 1) // 64 * 64
    last = end + ((length - 1) & 63) - 63
    for at in range(0, end, 64):
        x, y, z, v, w = _chunk(text, at, x, y, z, v, w, _K1, np.uint64(1), np.uint64(1))
    mul = _K1 + ((z & np.uint64(0xFF)) << np.uint64(1))
    w = (w[0] + np.uint64((length - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _chunk(text, last, x, y, z, v, w, mul, np.uint64(9), np.uint64(9))
    return _mix(_mix(v[0], w[0], mul) + _shift_mix(y) * _K0 + z, _mix(v[1], w[1], mul) + x, mul)


Pair = tuple[Words, Words]


def _chunk(
    text: np.ndarray, at: int, x: Words, y: Words, z: Words, v: Pair, w: Pair, mul: Words, times: np.uint64, more: np.uint64
) -> tuple[Words, Words, Words, Pair, Pair]:
    """64 bytes; the last ones count some words `times` and `more` over."""
    x = _rotate(x + y + v[0] + _word(text, at + 8), 37) * mul
    y = _rotate(y + v[1] + _word(text, at + 48), 42) * mul
    x = x ^ w[1] * times
    y = y + v[0] * more + _word(text, at + 40)
    z = _rotate(z + w[0], 33) * mul
    v = _weak(text, at, v[1] * mul, x + w[0])
    w = _weak(text, at + 32, z + w[1], y + _word(text, at + 16))
    return z, y, x, v, w


def _weak(text: np.ndarray, at: int, a: Words, b: Words) -> Pair:
    w, x, y, z = (_word(text, at + 8 * k) for k in range(4))
    a = a + w
    b = _rotate(b + a + z, 21)
    c = a
    a = a + x + y
    return a + z, b + _rotate(a, 44) + c


def _mix(u: Words, v: Words, mul: Words) -> Words:
    a = (u ^ v) * mul
    a ^= a >> np.uint64(47)
    b = (v ^ a) * mul
    b ^= b >> np.uint64(47)
    return b * mul


def _shift_mix(x: Words) -> Words:
    return x ^ (x >> np.uint64(47))


def _rotate(x: Words, shift: int) -> Words:
    """To the right."""
    return (x >> np.uint64(shift)) | (x << np.uint64(64 - shift))


def _word(text: np.ndarray, at: int) -> Words:
    """Eight bytes of each row from a place on, the lowest first."""
    return np.ascontiguousarray(text[:, at : at + 8]).view("<u8")[:, 0].astype(np.uint64)


def _half(text: np.ndarray, at: int) -> Words:
    return np.ascontiguousarray(text[:, at : at + 4]).view("<u4")[:, 0].astype(np.uint64)


# -- SipHash -----------------------------------------------------------------------------------------------------------


def _sip(text: np.ndarray, key: Sequence[int]) -> Words:
    rows, length = text.shape
    k0, k1 = (int(part) & _ALL for part in key)
    state = [np.full(rows, np.uint64(word ^ part)) for word, part in zip(_SIP, (k0, k1, k0, k1), strict=True)]
    padded = np.zeros((rows, length // 8 * 8 + 8), np.uint8)
    padded[:, :length] = text
    padded[:, -1] = length & 0xFF
    for at in range(0, padded.shape[1], 8):
        word = _word(padded, at)
        state[3] = state[3] ^ word
        state = _round(_round(state))
        state[0] = state[0] ^ word
    state[2] = state[2] ^ np.uint64(0xFF)
    for _ in range(4):
        state = _round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _round(state: list[Words]) -> list[Words]:
    a, b, c, d = state
    a, c = a + b, c + d
    b, d = _rotate(b, 51) ^ a, _rotate(d, 48) ^ c
    a = _rotate(a, 32)
    c, a = c + b, a + d
    b, d = _rotate(b, 47) ^ c, _rotate(d, 43) ^ a
    return [a, b, _rotate(c, 32), d]
