"""Images out of the bytes of their files: tensorflow/core/ops/image_ops.cc, kernels/image/decode_image_op.cc.

PNG, BMP and GIF are exact. JPEG needs Pillow and is exact but for the last few levels (`images.jpeg`). Each op decodes what it finds,
whatever its name says, but BMP, which only two of them take.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import InputMismatch, ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.images import bmp, gif, jpeg, png
from loadstone.lowering.images.sizes import kind_of
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf
from loadstone.lowering.tensorflow.text_calls import call
from loadstone.lowering.text.arrays import flat

_LEVELS = {"uint8": 1, "uint16": 256, "float32": np.float32(1 / 255)}


def _image(data: bytes, channels: int, dtype: str = "uint8", ratio: int = 1, animated: bool = False) -> np.ndarray:
    """(height, width, channels) of any format; of the first frame where there may be more (animated)."""
    kind = kind_of(data)
    if kind == "PNG":
        wide = png.decode(data, channels, dtype != "uint8")
        return wide * np.float32(1 / 65535) if dtype == "float32" else wide
    if kind != "JPEG" and channels not in (0, 3, *((4,) if kind == "BMP" else ())):
        raise InputMismatch(f"a {kind} read as {channels} channels")
    if kind == "JPEG":
        plain = jpeg.decode(data, channels, ratio) if channels != 4 else _refuse_alpha()
    else:
        plain = bmp.decode(data, channels) if kind == "BMP" else _frame(gif.decode(data, first=animated))
    level = _LEVELS[dtype]
    return plain if dtype == "uint8" else plain.astype(dtype) * np.asarray(level, dtype)


def _frame(frames: np.ndarray) -> np.ndarray:
    if len(frames) > 1:
        raise InputMismatch(f"a GIF of {len(frames)} images where one is wanted")
    one: np.ndarray = frames[0]
    return one


def _refuse_alpha() -> np.ndarray:
    raise InputMismatch("a JPEG read as 4 channels")


def _rule(b: Builder, name: str, contents: Operand, channels: int, dtype: str = "uint8", ratio: int = 1, bitmaps: bool = False) -> Value:
    if channels not in (0, 1, 3, 4) or dtype not in _LEVELS:
        raise ModelError(f"an image of {channels} channels of {dtype}")

    def decode(data: np.ndarray) -> tuple[np.ndarray]:
        (text,) = flat(data)
        if not bitmaps and kind_of(text) == "BMP":
            raise InputMismatch(f"a BMP, which {name} does not decode")
        return (np.ascontiguousarray(_image(text, channels, dtype, ratio, animated=bitmaps)),)

    return call(b, name, decode, [tensor(b, contents)], [((None, None, channels or None), dtype)])[0]


def _check_jpeg(ratio: int, fancy_upscaling: bool, try_recover_truncated: bool, acceptable_fraction: float, dct_method: str) -> None:
    if ratio not in (1, 2, 4, 8):
        raise ModelError(f"a JPEG made smaller by {ratio}")
    if (
        not fancy_upscaling
        or try_recover_truncated
        or acceptable_fraction != 1
        or dct_method not in ("", "INTEGER_FAST", "INTEGER_ACCURATE")
    ):
        raise UnsupportedAttribute(
            f"a JPEG decoded with {fancy_upscaling=}, {try_recover_truncated=}, {acceptable_fraction=}, {dct_method=}"
        )
    jpeg.needed()


@tf("raw_ops.DecodeJpeg")
def decode_jpeg(
    b: Builder, contents: Operand, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True, try_recover_truncated: bool = False,
    acceptable_fraction: float = 1.0, dct_method: str = "",
) -> Value:  # fmt: skip
    """An image (height, width, channels), uint8."""
    _check_jpeg(ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction, dct_method)
    return _rule(b, "DecodeJpeg", contents, channels, ratio=ratio)


@tf("raw_ops.DecodeAndCropJpeg")
def decode_and_crop_jpeg(
    b: Builder, contents: Operand, crop_window: Operand, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True,
    try_recover_truncated: bool = False, acceptable_fraction: float = 1.0, dct_method: str = "",
) -> Value:  # fmt: skip
    """A part of an image: row, column, height and width are the window."""
    _check_jpeg(ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction, dct_method)

    def decode(data: np.ndarray, window: np.ndarray) -> tuple[np.ndarray]:
        image = jpeg.decode(flat(data)[0], channels, ratio)
        row, column, height, width = flat(window)
        if min(row, column) < 0 or min(height, width) < 1 or row + height > image.shape[0] or column + width > image.shape[1]:
            raise InputMismatch(f"the part {flat(window)} of an image of shape {image.shape}")
        return (np.ascontiguousarray(image[row : row + height, column : column + width]),)

    return call(b, "DecodeAndCropJpeg", decode, [tensor(b, contents), tensor(b, crop_window)], [((None, None, channels or None), "uint8")])[
        0
    ]


@tf("raw_ops.ExtractJpegShape")
def extract_jpeg_shape(b: Builder, contents: Operand, output_type: str = "int32") -> Value:
    """Height, width and channels of a JPEG."""

    def read(data: np.ndarray) -> tuple[np.ndarray]:
        return (np.array(jpeg.shape(flat(data)[0]), output_type),)

    return call(b, "ExtractJpegShape", read, [tensor(b, contents)], [((3,), output_type)])[0]


@tf("raw_ops.DecodePng")
def decode_png(b: Builder, contents: Operand, channels: int = 0, dtype: str = "uint8") -> Value:
    """An image (height, width, channels), uint8 or uint16."""
    return _rule(b, "DecodePng", contents, channels, dtype)


@tf("raw_ops.DecodeBmp")
def decode_bmp(b: Builder, contents: Operand, channels: int = 0) -> Value:
    """An image (height, width, channels), uint8, of a BMP."""

    def decode(data: np.ndarray) -> tuple[np.ndarray]:
        (text,) = flat(data)
        if kind_of(text) != "BMP":
            raise InputMismatch(f"a {kind_of(text)}, which DecodeBmp does not decode")
        return (bmp.decode(text, channels),)

    if channels not in (0, 3, 4):
        raise ModelError(f"a BMP of {channels} channels")
    return call(b, "DecodeBmp", decode, [tensor(b, contents)], [((None, None, channels or None), "uint8")])[0]


@tf("raw_ops.DecodeGif")
def decode_gif(b: Builder, contents: Operand) -> Value:
    """Images (frames, height, width, 3), uint8; one of them where the file is no GIF."""

    def decode(data: np.ndarray) -> tuple[np.ndarray]:
        (text,) = flat(data)
        if kind_of(text) == "BMP":
            raise InputMismatch("a BMP, which DecodeGif does not decode")
        return (gif.decode(text) if kind_of(text) == "GIF" else np.ascontiguousarray(_image(text, 3))[None],)

    return call(b, "DecodeGif", decode, [tensor(b, contents)], [((None, None, None, 3), "uint8")])[0]


@tf("raw_ops.DecodeImage")
def decode_image(b: Builder, contents: Operand, channels: int = 0, dtype: str = "uint8", expand_animations: bool = True) -> Value:
    """An image (height, width, channels), uint8, uint16 or float32 between 0 and 1.

    With expand_animations a GIF would have an axis more, which is not known before: it is refused when it comes.
    """

    def refused(data: np.ndarray) -> tuple[np.ndarray]:
        if expand_animations and kind_of(flat(data)[0]) == "GIF":
            raise InputMismatch("a GIF, for an image that is decoded with expand_animations=True", hint="pass a PNG, JPEG or BMP")
        return (data,)

    x = tensor(b, contents)
    checked: Any = call(b, "DecodeImage", refused, [x], [(x.shape, "string")])[0]
    return _rule(b, "DecodeImage", checked, channels, dtype, bitmaps=True)
