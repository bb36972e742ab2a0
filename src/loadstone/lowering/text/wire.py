"""Protocol Buffers as data bring them to a model: fields of a message (https://protobuf.dev/programming-guides/encoding/)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loadstone.errors import InputMismatch

Field = int | memoryview
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def fields(view: memoryview) -> Iterator[tuple[int, Field]]:
    """The number of each field and its value: the bytes of what has a length or a fixed width, an integer for a varint."""
    at = 0
    while at < len(view):
        tag, at = varint(view, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = varint(view, at)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            length, at = varint(view, at)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise InputMismatch(f"a message with a field of wire type {kind}")
        if at + length > len(view):
            raise _cut()
        yield tag >> 3, view[at : at + length]
        at += length


def varint(view: memoryview, at: int) -> tuple[int, int]:
    """The integer at an offset, and the offset behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(view):
            break
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise _cut()


def content(value: Field) -> memoryview:
    """A field that should have a length."""
    if isinstance(value, int):
        raise InputMismatch("a message with a number where bytes belong")
    return value


def signed(value: int) -> int:
    """Two's complement of 64 bits."""
    return value - (1 << 64) if value >= 1 << 63 else value


def integers(value: Field) -> list[int]:
    """One integer of a repeated field, or a run of them."""
    if isinstance(value, int):
        return [signed(value)]
    if len(value) and bool((np.frombuffer(value, np.uint8) < 128).all()):  # small ones, a byte each
        return list(value)
    found, at = [], 0
    while at < len(value):
        one, at = varint(value, at)
        found.append(signed(one))
    return found


def floats(value: Field, dtype: str = "<f4") -> list[float]:
    """One float of a repeated field, or a run of them."""
    view = content(value)
    if len(view) % np.dtype(dtype).itemsize:
        raise _cut()
    numbers: list[float] = np.frombuffer(view, dtype).tolist()
    return numbers


def _cut() -> InputMismatch:
    return InputMismatch("a message that is cut off")
