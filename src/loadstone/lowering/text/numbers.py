"""Numbers as text and back, as TensorFlow's AsString and StringToNumber do it.

tensorflow/core/kernels/as_string_op.cc (the formats of C's printf), string_to_number_op.cc (absl::SimpleAtoi and SimpleAtof: space on
both sides, no separators, decimal and hexadecimal floats).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir import dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.text.arrays import flat, objects

_SPACE = b" \t\n\v\f\r"
_DIGITS = re.compile(rb"[+-]?[0-9]+")
_DECIMAL = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEXADECIMAL = re.compile(rb"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?")
_SPECIAL = re.compile(rb"([+-]?)(?:(inf|infinity)|nan(?:\([0-9A-Za-z_]*\))?)", re.IGNORECASE)
_FAR = 10_000  # exponents beyond it are infinity or 0


@dataclass(frozen=True)
class Format:
    """How a number is written: width and precision as printf has them (-1: none), flag one of " +-0#" or nothing.

    style is "f", "e" or "g".
    """

    width: int = -1
    precision: int = -1
    flag: str = ""
    style: str = "f"

    def write(self, array: np.ndarray) -> tuple[np.ndarray]:
        """Every element as text."""
        kind = "V" if array.dtype.name == "bfloat16" else array.dtype.kind
        one = _WRITERS[kind]
        wide = array.astype(np.float64) if kind in "fV" else array
        return (objects((one(self, item) for item in flat(wide)), array.shape),)

    def integer(self, item: int, signed: bool = True) -> bytes:
        """An integer; the sign of an unsigned one is never written."""
        flag = self.flag if signed or self.flag not in ("+", " ") else ""
        return b"%s" % f"%{flag}{self._wide}d".__mod__(item).encode()

    def real(self, item: float) -> bytes:
        """A float. C fills what is not finite with spaces, and writes the sign of NaN."""
        if np.isfinite(item):
            digits = "" if self.precision < 0 else f".{self.precision}"
            return f"%{self.flag}{self._wide}{digits}{self.style}".__mod__(item).encode()
        sign = "-" if np.signbit(item) else self.flag if self.flag in ("+", " ") else ""
        return self._padded((sign + ("nan" if np.isnan(item) else "inf")).encode())

    def pair(self, item: complex) -> bytes:
        """A complex number."""
        return b"(" + self.real(item.real) + b"," + self.real(item.imag) + b")"

    def truth(self, item: bool) -> bytes:
        """A bool, which has no width."""
        return b"true" if item else b"false"

    def text(self, item: bytes) -> bytes:
        """A string, cut to the precision where there is a width."""
        if self.width < 0:
            return item
        return self._padded(item if self.precision < 0 else item[: self.precision])

    @property
    def _wide(self) -> str:
        return "" if self.width < 0 else str(self.width)

    def _padded(self, item: bytes) -> bytes:
        return item.ljust(max(self.width, 0)) if self.flag == "-" else item.rjust(max(self.width, 0))


_WRITERS: dict[str, Callable[[Format, Any], bytes]] = {
    "i": Format.integer,
    "u": lambda form, item: form.integer(item, signed=False),
    "f": Format.real,
    "V": Format.real,
    "c": Format.pair,
    "b": Format.truth,
    "O": Format.text,
}


# -- the way back -----------------------------------------------------------------------------------------------------


def read_numbers(strings: np.ndarray, dtype: str) -> np.ndarray:
    """Every string as a number. Raises InputMismatch for one that is none."""
    return np.array([number(item, dtype) for item in flat(strings)], dtypes.to_numpy(dtype)).reshape(strings.shape)


def number(item: bytes, dtype: str) -> Any:
    """A string as a number of a type: float32, float64, or an integer."""
    text = item.strip(_SPACE)
    found = _float(text, dtype) if dtypes.is_float(dtype) else _integer(text, dtype)
    if found is None:
        raise InputMismatch(f"the string {item[:80]!r} is no number of {dtype}")
    return found


def _integer(text: bytes, dtype: str) -> int | None:
    if not _DIGITS.fullmatch(text):
        return None
    digits = text.lstrip(b"+-").lstrip(b"0") or b"0"
    if len(digits) > 20 or text.startswith(b"-") and dtype.startswith("uint"):
        return None
    value = -int(digits) if text.startswith(b"-") else int(digits)
    span = np.iinfo(dtype)
    return value if span.min <= value <= span.max else None


def _float(text: bytes, dtype: str) -> Any:
    special = _SPECIAL.fullmatch(text)
    if special:
        size = np.inf if special[2] else np.nan
        return -size if special[1] == b"-" else size
    if _DECIMAL.fullmatch(text):
        exact: Callable[[], Fraction] = lambda: Fraction(text.decode())  # noqa: E731
        value = float(text)
    elif _HEXADECIMAL.fullmatch(text):
        exact = lambda: _hexadecimal(text)  # noqa: E731
        value = _rounded(text)
    else:
        return None
    return value if dtype == "float64" else _single(value, exact)


def _single(value: float, exact: Callable[[], Fraction]) -> Any:
    """The float32 nearest to a number of which `value` is the nearest float64: where that lies between two, the number itself decides."""
    with np.errstate(over="ignore"):
        near = np.float32(value)
    if not np.isfinite(value) or value == 0:
        return near
    for other in (np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))):
        one, two = (_limited(v) for v in (near, other))
        if one + two == 2 * Fraction(value) and (one - Fraction(value)) * (exact() - Fraction(value)) < 0:
            return other
    return near


def _limited(x: np.float32) -> Fraction:
    """Infinity counts as 2 ** 128."""
    return Fraction(float(x)) if np.isfinite(x) else Fraction(2**128 if x > 0 else -(2**128))


def _hexadecimal(text: bytes) -> Fraction:
    sign = -1 if text.startswith(b"-") else 1
    digits, _, power = text.lstrip(b"+-")[2:].lower().partition(b"p")
    whole, _, part = digits.partition(b".")
    exponent = max(min(int(power[:20] or 0), _FAR), -_FAR) - 4 * len(part)
    return sign * Fraction(int(whole + part, 16)) * Fraction(2) ** exponent


def _rounded(text: bytes) -> float:
    try:
        return float.fromhex(text.decode())
    except OverflowError:
        return -np.inf if text.startswith(b"-") else np.inf
