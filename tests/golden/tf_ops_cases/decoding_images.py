"""PNG, BMP and GIF files of all kinds."""

import struct
import zlib

_PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def predicted(kind, left, up, corner):
    if kind == 4:
        a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        return left if a <= b and a <= c else up if b <= c else corner
    return (0, left, up, (left + up) // 2)[kind]


def filtered(lines, step):
    """Rows of bytes with filters 0 to 4 in turn."""
    found, above = b"", None
    for k, line in enumerate(lines):
        kind, above = k % 5, above if above is not None else bytes(len(line))
        shifted, corner = bytes(step) + line, bytes(step) + above
        found += bytes([kind, *((x - predicted(kind, shifted[i], above[i], corner[i])) & 255 for i, x in enumerate(line))])
        above = line
    return found


def rows(np, samples, depth):
    if depth == 16:
        return [row.astype(">u2").tobytes() for row in samples]
    if depth == 8:
        return [row.astype(np.uint8).tobytes() for row in samples]
    bits = (samples.reshape(len(samples), -1, 1) >> np.arange(depth)[::-1]) & 1
    return [np.packbits(row.reshape(-1).astype(np.uint8)).tobytes() for row in bits]


def png(np, samples, depth, color, interlaced=False, **more):
    """A file with these samples (height, width, n)."""
    height, width, count = samples.shape
    step = max(depth * count // 8, 1)
    parts = [samples[r::down, c::right] for r, c, down, right in (_PASSES if interlaced else ((0, 0, 1, 1),))]
    data = b"".join(filtered(rows(np, part.reshape(part.shape[0], -1), depth), step) for part in parts if part.size)
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    extra = b"".join(chunk(name.encode(), body) for name, body in more.items())
    packed = zlib.compress(data)
    middle = len(packed) // 2
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + extra
        + chunk(b"IDAT", packed[:middle])
        + chunk(b"IDAT", packed[middle:])
        + chunk(b"IEND", b"")
    )


def bmp(np, image, down=False):
    """A file with an image (height, width, n)."""
    height, width, count = image.shape
    stored = image[..., [2, 1, 0, 3][:count]] if count > 1 else image
    lines = [row.tobytes().ljust((width * count + 3) // 4 * 4, b"\0") for row in (stored if down else stored[::-1])]
    return (
        b"BM"
        + struct.pack("<IIIIiiHHIIiiII", 0, 0, 54, 40, width, -height if down else height, 1, count * 8, 0, 0, 0, 0, 0, 0)
        + b"".join(lines)
    )


def lzw(codes, size):
    """Codes of the smallest width, with the table cleared before it grows."""
    bits, held, found, width = 0, 0, bytearray(), size + 1
    stream = []
    for k, code in enumerate(codes):
        if k % ((1 << size) - 2) == 0:
            stream.append(1 << size)
        stream.append(code)
    for code in [*stream, (1 << size) + 1]:
        bits |= code << held
        held += width
        while held >= 8:
            found.append(bits & 255)
            bits, held = bits >> 8, held - 8
    found.append(bits & 255)
    blocks = [bytes(found[i : i + 255]) for i in range(0, len(found), 255)]
    return bytes([size]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def gif(np, frames, colors, interlaced=False):
    """A file of frames (pixels, left, top, transparent)."""
    table = np.asarray(colors, np.uint8).tobytes()
    size = len(colors).bit_length() - 1
    found = b"GIF89a" + struct.pack("<HHBBB", 9, 7, 0x80 | size - 1, 0, 0) + table
    for pixels, left, top, clear in frames:
        height, width = pixels.shape
        found += b"\x21\xf9\x04" + struct.pack("<BHB", 1 if clear is not None else 0, 5, clear or 0) + b"\0"
        found += b"\x2c" + struct.pack("<HHHHB", left, top, width, height, 0x40 if interlaced else 0)
        order = [r for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for r in range(start, height, step)]
        found += lzw((pixels[order] if interlaced else pixels).reshape(-1).tolist(), max(size, 2))
    return found + b"\x3b"


def cases(tf, np):
    raw = tf.raw_ops
    rng = np.random.RandomState(5)

    def held(data):
        return np.array(data, object)

    files = {}
    for depth, color, count in [
        (8, 2, 3),
        (8, 6, 4),
        (8, 0, 1),
        (8, 4, 2),
        (16, 2, 3),
        (16, 6, 4),
        (16, 0, 1),
        (16, 4, 2),
        (1, 0, 1),
        (2, 0, 1),
        (4, 0, 1),
    ]:
        samples = rng.randint(0, 1 << depth, (6, 9, count))
        files[f"{depth}_{color}"] = png(np, samples, depth, color, interlaced=depth in (2, 16) or color == 6)
    palette = rng.randint(0, 256, (16, 3)).astype(np.uint8).tobytes()
    for depth in (1, 2, 4, 8):
        samples = rng.randint(0, min(1 << depth, 16), (6, 9, 1))
        files[f"{depth}_3"] = png(np, samples, depth, 3, PLTE=palette[: 3 << depth])
    samples = rng.randint(0, 16, (6, 9, 1))
    files["clear_3"] = png(np, samples, 4, 3, PLTE=palette, tRNS=bytes(range(0, 160, 16)))
    samples = rng.randint(0, 3, (6, 9, 3))
    files["clear_2"] = png(np, samples, 8, 2, tRNS=struct.pack(">HHH", *samples[0, 0].tolist()))
    files["clear_16"] = png(np, samples * 20000, 16, 2, tRNS=struct.pack(">HHH", *(samples[0, 0] * 20000).tolist()))
    files["clear_0"] = png(np, samples[..., :1], 8, 0, tRNS=struct.pack(">H", int(samples[0, 0, 0])))
    for name, data in files.items():
        for dtype in ("uint8", "uint16"):
            yield (
                f"png_{name}_{dtype}",
                lambda x, dtype=dtype: [raw.DecodePng(contents=x, channels=c, dtype=dtype) for c in (0, 1, 3, 4)],
                [held(data)],
            )
    for name in ("8_2", "16_0", "8_3"):
        for dtype in ("uint8", "uint16", "float32"):
            yield f"image_{name}_{dtype}", lambda x, dtype=dtype: raw.DecodeImage(contents=x, channels=3, dtype=dtype), [held(files[name])]
    yield (
        "png_batch",
        lambda x: tf.cast(raw.DecodePng(contents=x[0], channels=3), tf.float32) / 255.0,
        [np.array([files["8_2"]], object)],
        [(None,)],
    )
    yield "png_as_gif", lambda x: raw.DecodeGif(contents=x), [held(files["8_2"])]

    bitmaps = {count: bmp(np, rng.randint(0, 256, (5, 7, count)).astype(np.uint8), down=count == 3) for count in (1, 3, 4)}
    for count, data in bitmaps.items():
        yield f"bmp_{count}", lambda x: [raw.DecodeBmp(contents=x, channels=c) for c in (0, 3, 4)], [held(data)]
    for dtype in ("uint8", "uint16", "float32"):
        yield f"image_bmp_{dtype}", lambda x, dtype=dtype: raw.DecodeImage(contents=x, dtype=dtype), [held(bitmaps[4])]

    colors = rng.randint(0, 256, (8, 3))
    moving = [(rng.randint(0, 8, (7, 9)), 0, 0, None), (rng.randint(0, 8, (4, 5)), 2, 1, 3), (rng.randint(0, 8, (7, 9)), 0, 0, 0)]
    for interlaced in (False, True):
        data = gif(np, moving, colors, interlaced)
        yield f"gif_{interlaced}", lambda x: raw.DecodeGif(contents=x), [held(data)]
        yield f"image_gif_{interlaced}", lambda x: raw.DecodeImage(contents=x, expand_animations=False, dtype="float32"), [held(data)]
        one = gif(np, moving[:1], colors, interlaced)
        yield f"gif_as_png_{interlaced}", lambda x: raw.DecodePng(contents=x, channels=3), [held(one)]
    clear = gif(np, [(rng.randint(0, 8, (7, 9)), 0, 0, 2), (rng.randint(0, 8, (3, 3)), 4, 4, None)], colors)
    yield "gif_clear", lambda x: raw.DecodeGif(contents=x), [held(clear)]
