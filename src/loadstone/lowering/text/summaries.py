"""A tensor as StringFormat writes it: its first and last elements in brackets.

tensorflow/core/framework/tensor.cc, `Tensor::SummarizeValue` of the second kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.lowering.text.arrays import flat

_ESCAPED = {ord("\n"): b"\\n", ord("\r"): b"\\r", ord("\t"): b"\\t", ord('"'): b'\\"', ord("'"): b"\\'", ord("\\"): b"\\\\"}


def summary(array: np.ndarray, most: int) -> bytes:
    """The elements at both ends of each axis, `most` of them (all if negative)."""
    ends = array.size if most < 0 else min(most, array.size)
    return _axis(array, 0, ends)


def _axis(array: Any, axis: int, ends: int) -> bytes:
    rest = np.ndim(array)
    if rest == 0:
        return element(array)
    spacing = b" " if rest == 1 else b"\n" * (rest - 1) + b" " * (axis + 1)
    count = len(array)
    shown = [_axis(array[i], axis + 1, ends) for i in range(min(ends, count))]
    text = spacing.join(shown)
    if count > 2 * ends:
        text += spacing + b"..."
    for i in range(max(ends, count - ends), count):
        text += spacing + _axis(array[i], axis + 1, ends)
    return b"[" + text + b"]"


def element(array: Any) -> bytes:
    """One element, a scalar array."""
    array = np.asarray(array, object if isinstance(array, bytes) else None)
    kind = "V" if array.dtype.name == "bfloat16" else array.dtype.kind
    if kind in "fV":
        return _real(float(array), array.dtype == np.float64)
    item = flat(array)[0]
    if kind == "O":
        return b'"' + b"".join(_ESCAPED.get(byte) or (b"%c" if 32 <= byte != 127 else b"\\%03o") % byte for byte in item) + b'"'
    return b"?" if kind == "c" else str(int(item)).encode()


def _real(value: float, double: bool) -> bytes:
    """6 digits, or 9 where these do not give the float32 again; 15 or 17 of a float64."""
    for digits in (15, 17) if double else (6, 9):
        text = f"{value:.{digits}g}"
        if float(text) == value if double else np.float32(text) == np.float32(value):
            break
    return text.encode()
