"""CRC-32C (Castagnoli), with which TensorFlow guards its tables and tensors, at numpy's speed.

A long message is cut into lanes that advance side by side; their sums are joined in pairs, since the CRC of two parts is that of the
first moved on by as many zero bytes as the second has, xor that of the second.
"""

from __future__ import annotations

import numpy as np

_POLYNOMIAL = 0x82F63B78
_LANE = 256  # bytes a lane; shorter messages are not cut


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
    count = len(values) // _LANE
    crc = 0xFFFFFFFF
    if count > 1:
        lanes = values[: count * _LANE].reshape(count, _LANE)
        sums = np.zeros(count, np.uint32)
        sums[0] = crc
        for step in range(_LANE):
            sums = _TABLE[(sums ^ lanes[:, step]) & 0xFF] ^ (sums >> 8)
        crc = _joined(sums)
        values = values[count * _LANE :]
    for byte in values.tolist():
        crc = _STEPS[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def unmasked(stored: int) -> int:
    """The checksum that a file holds rotated and shifted, so that the CRC of a CRC is none (tsl/lib/hash/crc32c.h)."""
    turned = (stored - 0xA282EAD8) & 0xFFFFFFFF
    return ((turned >> 17) | (turned << 15)) & 0xFFFFFFFF


def _joined(sums: np.ndarray) -> int:
    """One sum out of those of lanes of equal length."""
    move = _zero_bytes(_LANE)
    while len(sums) > 1:
        if len(sums) % 2:  # a lane of zeros in front changes nothing
            sums = np.concatenate([np.zeros(1, np.uint32), sums])
        sums = _apply(move, sums[0::2]) ^ sums[1::2]
        move = _apply(move, move)
    return int(sums[0])


def _zero_bytes(count: int) -> np.ndarray:
    """What `count` zero bytes make of each single bit of a sum: a matrix over GF(2), one column a bit."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    for _ in range(count):
        bits = _TABLE[bits & 0xFF] ^ (bits >> 8)
    return bits


def _apply(matrix: np.ndarray, sums: np.ndarray) -> np.ndarray:
    out = np.zeros_like(sums)
    for bit in range(32):
        out ^= np.where((sums >> np.uint32(bit)) & 1, matrix[bit], np.uint32(0))
    return out
