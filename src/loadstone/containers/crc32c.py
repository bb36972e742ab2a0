"""CRC-32C (Castagnoli), with which TensorFlow guards its tables and tensors, at numpy's speed.

A long message is cut into lanes that advance side by side, four bytes a step; their sums are joined in pairs, since the CRC of two parts
is that of the first moved on by as many zero bytes as the second has, xor that of the second. What zero bytes make of a sum is linear:
a table for each byte or half of the sum says it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

import numpy as np

_POLYNOMIAL = 0x82F63B78
_LANE_BITS = 6
_LANE = 1 << _LANE_BITS  # bytes a lane
_CUT = 2048  # bytes from which on a message is cut
_AT_ONCE = 1 << 14  # lanes whose words stay in the cache
_BITS = np.uint32(1) << np.arange(32, dtype=np.uint32)


def _table() -> np.ndarray:
    rows = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        rows = np.where(rows & 1, (rows >> 1) ^ np.uint32(_POLYNOMIAL), rows >> 1)
    return rows


_TABLE = _table()
_STEPS = _TABLE.tolist()


def crc32c(data: bytes | memoryview) -> int:
    """The checksum of some bytes."""
    values = np.frombuffer(data, np.uint8)
    crc = 0xFFFFFFFF
    if len(values) >= _CUT:
        count = len(values) // _LANE
        crc = _joined(_lanes(values[: count * _LANE].view("<u4").reshape(count, -1)))
        values = values[count * _LANE :]
    for byte in values.tolist():
        crc = _STEPS[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def unmasked(stored: int) -> int:
    """The checksum that a file holds rotated and shifted, so that the CRC of a CRC is none (tsl/lib/hash/crc32c.h)."""
    turned = (stored - 0xA282EAD8) & 0xFFFFFFFF
    return ((turned >> 17) | (turned << 15)) & 0xFFFFFFFF


def masked(crc: int) -> int:
    """A checksum as a file holds it."""
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def combined(parts: Sequence[tuple[int, int]]) -> int:
    """The checksum of bytes that stand one after the other, from the checksum and the length of each."""
    sums = np.array([crc for crc, _ in parts], np.uint32)
    lengths = np.array([length for _, length in parts], np.int64)
    behind = lengths[::-1].cumsum()[::-1] - lengths
    for level in range(int(behind[0]).bit_length() if parts else 0):
        chosen = (behind >> level) & 1 == 1
        sums[chosen] = _moved(level, sums[chosen])
    return functools.reduce(operator.xor, sums.tolist(), 0)


def _lanes(words: np.ndarray) -> np.ndarray:
    """The sum of each row; the first begins with that of nothing."""
    low, high = _halves()
    sums = np.zeros(len(words), np.uint32)
    sums[0] = 0xFFFFFFFF
    places, found = np.empty(min(_AT_ONCE, len(words)), np.intp), np.empty(min(_AT_ONCE, len(words)), np.uint32)
    for block in range(0, len(words), _AT_ONCE):
        part = sums[block : block + _AT_ONCE]
        halves, at, moved = part.view("<u2").reshape(-1, 2), places[: len(part)], found[: len(part)]
        for word in np.ascontiguousarray(words[block : block + _AT_ONCE].T):
            part ^= word
            at[:] = halves[:, 0]
            np.take(low, at, out=moved, mode="clip")
            at[:] = halves[:, 1]
            np.take(high, at, out=part, mode="clip")
            part ^= moved
    return sums


@functools.cache
def _halves() -> tuple[np.ndarray, np.ndarray]:
    """What four zero bytes make of the lower and of the upper half of a sum."""
    bits = _zero_bytes(4)
    return _linear(bits[:16]), _linear(bits[16:])


def _joined(sums: np.ndarray) -> int:
    """One sum out of those of lanes of equal length."""
    level = _LANE_BITS
    while len(sums) > 1:
        if len(sums) % 2:  # a lane of zeros in front changes nothing
            sums = np.concatenate([np.zeros(1, np.uint32), sums])
        sums = _moved(level, sums[0::2]) ^ sums[1::2]
        level += 1
    return int(sums[0])


def _moved(level: int, sums: np.ndarray) -> np.ndarray:
    """Sums behind 2^level zero bytes."""
    tables = _moves(level)
    moved: np.ndarray = tables[0][sums & 0xFF]
    for byte in (1, 2, 3):
        moved ^= tables[byte][(sums >> np.uint32(8 * byte)) & 0xFF]
    return moved


@functools.cache
def _moves(level: int) -> list[np.ndarray]:
    """What 2^level zero bytes make of each byte of a sum."""
    bits = _zero_bytes(1) if level == 0 else _moved(level - 1, _moved(level - 1, _BITS))
    return [_linear(bits[byte : byte + 8]) for byte in range(0, 32, 8)]


def _zero_bytes(count: int) -> np.ndarray:
    """What `count` zero bytes make of each single bit of a sum: a matrix over GF(2), one column a bit."""
    bits = _BITS
    for _ in range(count):
        bits = _TABLE[bits & 0xFF] ^ (bits >> 8)
    return bits


def _linear(columns: np.ndarray) -> np.ndarray:
    """The table of a linear function by what it makes of each bit."""
    rows = np.zeros(1, np.uint32)
    for column in columns:
        rows = np.concatenate([rows, rows ^ column])
    return rows
