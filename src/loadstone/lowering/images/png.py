"""PNG (https://www.w3.org/TR/png-3/) as libpng gives it to TensorFlow: tensorflow/core/lib/png/png_io.cc, `CommonInitDecode`."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir.records import dataclass, field
from loadstone.lowering.images.sizes import checked

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_GRAY, _PALETTE = (0, 4), 3
_PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))  # row, column, steps
_LUMA = (9797, 19234, 3737)  # of 32768, as libpng has 0.299, 0.587 and 0.114


@dataclass
class Png:
    """What the chunks of a file say."""

    width: int
    height: int
    depth: int
    color: int
    interlaced: bool
    palette: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.uint8))
    transparent: bytes | None = None
    gamma: bool = False
    data: bytes = b""


def decode(data: bytes, channels: int, wide: bool) -> np.ndarray:
    """(height, width, channels) as uint8, or uint16 where that is wanted (wide); 0 channels are those of the file."""
    png = _read(data)
    samples = _samples(png)
    if png.color == _PALETTE:
        if samples.size and int(samples.max()) >= len(png.palette):
            raise InputMismatch("a PNG with colors that its palette does not have")
        alpha = np.frombuffer((png.transparent or b"")[: len(png.palette)].ljust(len(png.palette), b"\xff"), np.uint8)
        places = samples[..., 0]
        samples, given = png.palette[places], alpha[places][..., None] if png.transparent is not None else None
    else:
        given, samples = _apart(png, samples)
    count = channels or samples.shape[-1] + (given is not None and (png.color in (4, 6) or png.color == _PALETTE))
    if png.color == 0 and png.depth < 8:
        samples = samples * (255 // ((1 << png.depth) - 1))
    narrow = png.depth == 16 and not wide
    parts = [_colors(png, samples, count) >> (8 if narrow else 0)]
    if count % 2 == 0:
        full = (1 << png.depth) - 1
        opaque = np.full((*samples.shape[:2], 1), full, samples.dtype)
        parts.append((given if given is not None else opaque) >> (8 if narrow else 0))
    made = np.concatenate([part.astype(np.uint32) for part in parts], -1)
    return (made * 257 if wide and png.depth <= 8 else made).astype(np.uint16 if wide else np.uint8)


def _apart(png: Png, samples: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """Alpha, where there is any, and colors."""
    if png.color in (4, 6):
        return samples[..., -1:], samples[..., :-1]
    if png.transparent is None:
        return None, samples
    key = np.frombuffer(png.transparent[: 2 * samples.shape[-1]], ">u2")
    if len(key) != samples.shape[-1]:
        raise InputMismatch("a PNG with a transparent color that is none")
    clear = (samples == key).all(-1, keepdims=True)
    full = 65535 if png.depth == 16 else 255
    return np.where(clear, 0, full).astype(samples.dtype), samples


def _colors(png: Png, samples: np.ndarray, channels: int) -> np.ndarray:
    """Gray or colors, as many as the channels want."""
    if channels > 2:
        return np.repeat(samples, 3, -1) if samples.shape[-1] == 1 else samples
    if samples.shape[-1] == 1:
        return samples
    if png.gamma:
        raise InputMismatch("a PNG with a gamma of its own, read as gray")
    total = (samples.astype(np.uint64) * np.array(_LUMA, np.uint64)).sum(-1, keepdims=True)
    gray = (total + (16384 if png.depth == 16 else 0)) >> 15
    return np.where((samples == samples[..., :1]).all(-1, keepdims=True), samples[..., :1], gray)


# -- the file ---------------------------------------------------------------------------------------------------------


def _read(data: bytes) -> Png:
    png: Png | None = None
    parts: list[bytes] = []
    for name, body in _chunks(data):
        if name == b"IHDR":
            if len(body) != 13:
                raise InputMismatch("a PNG with a wrong head")
            width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            if depth not in _DEPTHS.get(color, ()) or interlaced > 1:
                raise InputMismatch(f"a PNG of color type {color} and depth {depth}")
            checked(width, height)
            png = Png(width, height, depth, color, bool(interlaced))
        elif png is None:
            raise InputMismatch("a PNG that does not begin with its head")
        elif name == b"PLTE":
            png.palette = np.frombuffer(body[: len(body) // 3 * 3], np.uint8).reshape(-1, 3)
        elif name == b"tRNS":
            png.transparent = body
        elif name in (b"gAMA", b"sRGB", b"iCCP", b"cHRM"):
            png.gamma = True
        elif name == b"IDAT":
            parts.append(body)
    if png is None:
        raise InputMismatch("a PNG without a head")
    png.data = b"".join(parts)
    return png


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if at + 12 + length > len(data):
            break
        if struct.unpack_from(">I", data, at + 8 + length)[0] != zlib.crc32(name + body):
            raise InputMismatch(f"a PNG whose chunk {name!r} is damaged")
        if name == b"IEND":
            return
        yield name, body
        at += 12 + length
    raise InputMismatch("a PNG that is cut off")


def _samples(png: Png) -> np.ndarray:
    """(height, width, samples of a pixel) as they are stored."""
    passes = _PASSES if png.interlaced else ((0, 0, 1, 1),)
    shapes = [(-(-(png.height - row) // down), -(-(png.width - column) // right)) for row, column, down, right in passes]
    bits = png.depth * _CHANNELS[png.color]
    sizes = [rows * (1 + (columns * bits + 7) // 8) if rows > 0 and columns > 0 else 0 for rows, columns in shapes]
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(png.data, sum(sizes) or 1)
    except zlib.error as error:
        raise InputMismatch(f"a PNG whose data are damaged: {error}") from error
    if len(raw) < sum(sizes):
        raise InputMismatch("a PNG with too few data")
    made = np.zeros((png.height, png.width, _CHANNELS[png.color]), np.uint16 if png.depth == 16 else np.uint8)
    at = 0
    for (row, column, down, right), (rows, columns), size in zip(passes, shapes, sizes, strict=True):
        if size:
            lines = np.frombuffer(raw[at : at + size], np.uint8).reshape(rows, -1)
            made[row::down, column::right] = _unpacked(_unfiltered(lines, max(bits // 8, 1)), columns, png)
        at += size
    return made


def _unpacked(lines: np.ndarray, columns: int, png: Png) -> np.ndarray:
    count = _CHANNELS[png.color]
    if png.depth == 16:
        return np.ascontiguousarray(lines).view(">u2").reshape(len(lines), columns, count)
    if png.depth == 8:
        return lines.reshape(len(lines), columns, count)
    bits = np.unpackbits(lines, axis=1)
    bits = bits[:, : bits.shape[1] // png.depth * png.depth].reshape(len(lines), -1, png.depth)
    values = bits @ (1 << np.arange(png.depth)[::-1])
    return values[:, :columns, None].astype(np.uint8)


def _unfiltered(lines: np.ndarray, step: int) -> np.ndarray:
    """The bytes of rows (rows, n) of filtered ones (rows, 1 + n); step is the number of bytes between neighbors."""
    made = np.zeros((len(lines), lines.shape[1] - 1), np.uint8)
    above = made[0].copy()
    for k, line in enumerate(lines):
        kind, row = int(line[0]), line[1:]
        if kind == 0:
            made[k] = row
        elif kind == 1:
            for c in range(step):
                made[k, c::step] = np.add.accumulate(row[c::step], dtype=np.uint8)
        elif kind == 2:
            made[k] = row + above
        elif kind in (3, 4):
            made[k] = np.frombuffer((_averaged if kind == 3 else _paeth)(row.tobytes(), above.tobytes(), step), np.uint8)
        else:
            raise InputMismatch(f"a PNG with a filter {kind}")
        above = made[k]
    return made


def _averaged(row: bytes, above: bytes, step: int) -> bytes:
    made = bytearray(step)
    for x, up in zip(row, above, strict=True):
        made.append((x + ((made[-step] + up) >> 1)) & 0xFF)
    return bytes(made[step:])


def _paeth(row: bytes, above: bytes, step: int) -> bytes:
    made = bytearray(step)
    for x, up, corner in zip(row, above, bytes(step) + above, strict=False):
        left = made[-step]
        a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        made.append((x + (left if a <= b and a <= c else up if b <= c else corner)) & 0xFF)
    return bytes(made[step:])
