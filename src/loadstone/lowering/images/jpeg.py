"""JPEG through Pillow, whose libjpeg-turbo TensorFlow has as well: tensorflow/core/lib/jpeg/jpeg_mem.cc.

What TensorFlow gives with dct_method "INTEGER_ACCURATE" is the same. By itself it takes the fast inverse cosine transform: samples differ
by 1 level in the mean, and by up to about 10 of 255 where the file is of the highest quality. A part of an image can differ by a few
levels at its edges, where TensorFlow does not look at the colors beyond.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch, MissingDependency
from loadstone.lowering.images.sizes import checked

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # markers that begin a frame
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})


def shape(data: bytes) -> tuple[int, int, int]:
    """Height, width and channels, from the head of the file."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise InputMismatch("a JPEG that is damaged")
        marker = data[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES and at + 10 <= len(data):
            height, width, channels = struct.unpack_from(">HHB", data, at + 5)
            return (*checked(width, height), channels)
        at += 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
    raise InputMismatch("a JPEG without an image")


def decode(data: bytes, channels: int, ratio: int = 1) -> np.ndarray:
    """(height, width, channels), uint8, made smaller by a ratio of 1, 2, 4 or 8; 0 channels are those of the file."""
    height, width, count = shape(data)
    if count not in (1, 3):
        raise InputMismatch(f"a JPEG of {count} channels")
    image = _package().open(BytesIO(data), formats=("JPEG",))
    wanted = channels or count
    size = -(-width // ratio), -(-height // ratio)
    smaller = (max(width // ratio, 1), max(height // ratio, 1)) if ratio > 1 else None  # of which Pillow finds the ratio again
    image.draft("L" if wanted == 1 else "RGB" if count == 3 else "L", smaller)
    try:
        image.load()
    except OSError as error:
        raise InputMismatch(f"a JPEG that is damaged: {error}") from error
    made = np.asarray(image)
    if made.shape[:2] != size[::-1]:
        raise InputMismatch(f"a JPEG that Pillow does not make smaller by {ratio}")
    made = made if made.ndim == 3 else made[..., None]
    if made.shape[-1] == wanted:
        return made
    return np.repeat(made, 3, -1)


def needed() -> None:
    """Raise MissingDependency where Pillow is not installed."""
    _package()


def _package() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependency("JPEG images need the pillow package", hint='pip install "loadstone[image]"') from error
    return Image
