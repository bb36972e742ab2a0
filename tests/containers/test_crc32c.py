"""CRC-32C: values that others publish, and sums of parts."""

import random

import pytest

from loadstone.containers.crc32c import combined, crc32c


@pytest.mark.parametrize(
    ("data", "crc"),
    [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E)],
)  # RFC 3720, B.4
def test_known_sums(data, crc):
    assert crc32c(data) == crc


@pytest.mark.parametrize("lengths", [[], [0], [5], [3, 0, 4], [1, 2, 4, 8, 16, 32, 64, 128], [100_000, 7, 65_536, 0, 3000]])
def test_a_sum_of_parts_is_that_of_the_whole(lengths):
    parts = [random.Random(length).randbytes(length) for length in lengths]
    assert combined([(crc32c(part), len(part)) for part in parts]) == crc32c(b"".join(parts))


def test_long_and_short_messages_are_computed_alike():
    data = random.Random(1).randbytes(70_000)
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    assert crc32c(data) == crc ^ 0xFFFFFFFF
