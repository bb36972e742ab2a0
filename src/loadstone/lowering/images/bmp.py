"""Windows bitmaps as TensorFlow reads them: tensorflow/core/kernels/image/decode_image_op.cc, `DecodeBmpV2`."""

from __future__ import annotations

import struct

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.lowering.images.sizes import checked


def decode(data: bytes, channels: int) -> np.ndarray:
    """(height, width, channels), uint8, of 8, 24 or 32 bits a pixel; 0 channels are those of the file. A palette is not looked at."""
    if len(data) < 32:
        raise InputMismatch("a BMP that is cut off")
    (start,), (width, height), (bits,) = (
        struct.unpack_from("<i", data, 10),
        struct.unpack_from("<ii", data, 18),
        struct.unpack_from("<H", data, 28),
    )
    count = bits // 8
    if count not in (1, 3, 4) or bits % 8 or start < 0:
        raise InputMismatch(f"a BMP of {bits} bits a pixel")
    rows, columns = checked(width, abs(height))
    stride = (columns * count + 3) // 4 * 4
    body = data[start : start + stride * rows]
    if len(body) < stride * (rows - 1) + columns * count:
        raise InputMismatch("a BMP that is cut off")
    lines = np.frombuffer(body.ljust(stride * rows, b"\x00"), np.uint8).reshape(rows, stride)
    image = lines[:: 1 if height < 0 else -1, : columns * count].reshape(rows, columns, count)
    if count > 1:
        image = image[..., [2, 1, 0, 3][:count]]
    return of_channels(image, channels)


def of_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """An image of 1, 3 or 4 channels with 3 or 4 of them, opaque where nothing tells."""
    if channels in (0, image.shape[-1]):
        return np.ascontiguousarray(image)
    colors = np.repeat(image, 3, -1) if image.shape[-1] == 1 else image[..., :3]
    return colors if channels == 3 else np.concatenate([colors, np.full_like(colors[..., :1], 255)], -1)
