"""How large an image may be that comes with the data, and what bytes it is in."""

from __future__ import annotations

from loadstone.errors import InputMismatch

MAX_PIXELS = 1 << 26  # of all frames together


def checked(width: int, height: int, frames: int = 1) -> tuple[int, int]:
    """Height and width of an image. Raises InputMismatch for one that is empty or too large."""
    if width < 1 or height < 1 or width * height * frames > MAX_PIXELS:
        raise InputMismatch(f"an image of {width} x {height} pixels")
    return height, width


def kind_of(data: bytes) -> str:
    """The format of a file by its first bytes: "JPEG", "PNG", "GIF" or "BMP". Raises InputMismatch for any other."""
    for head, name in ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF8", "GIF"), (b"BM", "BMP")):
        if data.startswith(head):
            return name
    raise InputMismatch(f"bytes that are no JPEG, PNG, GIF or BMP: {data[:8]!r}")
