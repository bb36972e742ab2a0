"""Tables from keys to values, in numpy: what they hold, how they are read from text files, and how keys are looked up.

tensorflow/core/kernels/lookup_table_op.cc, lookup_util.cc. Keys are strings, numbers or bools, or vectors of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch, ModelError
from loadstone.ir import dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.text.arrays import flat, objects
from loadstone.lowering.text.numbers import number

LINE_NUMBER, WHOLE_LINE = -1, -2


@dataclass(frozen=True)
class Entries:
    """What a table holds: the place of each key among the values (n, ...). forbidden are keys that may not be looked up."""

    places: dict[Any, int]
    keys: np.ndarray
    values: np.ndarray
    forbidden: frozenset[Any] = frozenset()

    @classmethod
    def of(cls, keys: np.ndarray, values: np.ndarray, width: int, forbidden: frozenset[Any] = frozenset(), unique: bool = False) -> Entries:
        """Entries of keys with `width` axes each; the last of two values for one key counts, unless there may be only one (unique)."""
        listed = keyed(keys, width)
        if len(listed) != int(np.prod(values.shape[: keys.ndim - width])):
            raise ModelError(f"keys of shape {keys.shape} for values of shape {values.shape}")
        rows = values.reshape(len(listed), *values.shape[keys.ndim - width :])
        last = {key: at for at, key in enumerate(listed) if key not in forbidden}
        if unique and any(not np.array_equal(rows[at], rows[last[key]]) for at, key in enumerate(listed)):
            raise ModelError("a table with two values for one key")
        kept = list(last.values())
        return cls(
            {key: at for at, key in enumerate(last)},
            keys.reshape(len(listed), *keys.shape[keys.ndim - width :])[kept],
            rows[kept],
            forbidden,
        )

    def joined(self, other: Entries, width: int) -> Entries:
        """These entries and others, which count where both have a key."""
        keys, values = np.concatenate([self.keys, other.keys]), np.concatenate([self.values, other.values])
        return Entries.of(keys, values, width, self.forbidden)

    def find(self, keys: np.ndarray, default: np.ndarray, width: int) -> np.ndarray:
        """The values of keys, the default for others: one for all, or one for each key."""
        listed = keyed(keys, width)
        if self.forbidden and any(key in self.forbidden for key in listed):
            raise InputMismatch("a key that stands for an empty place of the table")
        found = np.fromiter((self.places.get(key, -1) for key in listed), np.int64, len(listed))
        shape = keys.shape[: keys.ndim - width]
        inner = self.values.shape[1:]
        result = np.empty((len(listed), *inner), self.values.dtype)
        hit = found >= 0
        result[hit] = self.values[found[hit]]
        others = np.broadcast_to(default.reshape(-1, *inner) if default.size else default, (len(listed), *inner))
        result[~hit] = others[~hit]
        return result.reshape((*shape, *inner))


@dataclass(frozen=True)
class Find:
    """Looking up as a Python call: the values of keys, which have `width` axes each, the default for others."""

    entries: Entries
    width: int = 0

    def __call__(self, keys: np.ndarray, default: np.ndarray) -> tuple[np.ndarray]:
        return (self.entries.find(keys, default, self.width),)


def keyed(keys: np.ndarray, width: int) -> list[Any]:
    """Keys as Python values: tuples where they are vectors."""
    if not width:
        return flat(keys)
    return [tuple(row) for row in keys.reshape(-1, keys.shape[-1]).tolist()]


@dataclass(frozen=True)
class TextFile:
    """How a text file fills a table (InitializeTableFromTextFile): a column of each line, the whole line, or its number."""

    key: int
    value: int
    size: int = -1
    delimiter: bytes = b"\t"
    offset: int = 0

    def read(self, text: bytes, key_dtype: str, value_dtype: str) -> tuple[np.ndarray, np.ndarray]:
        """Keys and values. Raises ModelError for a file that TensorFlow does not take."""
        for index, dtype in ((self.key, key_dtype), (self.value, value_dtype)):
            if index == LINE_NUMBER and dtype != "int64" or index == WHOLE_LINE and not (dtypes.is_integer(dtype) or dtype == "string"):
                raise ModelError(f"a table of {key_dtype} and {value_dtype} filled with columns {self.key} and {self.value} of a file")
        lines = list(self._lines(text))
        keys, values = ([self._field(line, at, index, dtype) for at, line in enumerate(lines)]
                        for index, dtype in ((self.key, key_dtype), (self.value, value_dtype)))  # fmt: skip
        return _array(keys, key_dtype), _array(values, value_dtype)

    def _lines(self, text: bytes) -> Iterator[bytes]:
        """Lines up to the size; a carriage return is no part of any."""
        found = text.replace(b"\r", b"").split(b"\n")
        if text.endswith(b"\n") or not text:
            found.pop()
        if self.size >= 0 and len(found) < self.size:
            raise ModelError(f"a vocabulary of {self.size} from a file of {len(found)} lines")
        for at, line in enumerate(found[: self.size] if self.size >= 0 else found):
            if not line:
                raise ModelError(f"line {at} of a vocabulary is empty")
            yield line

    def _field(self, line: bytes, at: int, index: int, dtype: str) -> Any:
        if index == LINE_NUMBER:
            return at + self.offset
        columns = [line] if max(self.key, self.value) < 0 else line.split(self.delimiter)
        if len(columns) <= max(self.key, self.value):
            raise ModelError(f"line {at} of a vocabulary has {len(columns)} columns")
        field = line if index == WHOLE_LINE else columns[index]
        if dtype == "string":
            return field
        return number(field, dtype) + (self.offset if dtype == "int32" else 0)


def _array(items: list[Any], dtype: str) -> np.ndarray:
    return objects(items) if dtype == "string" else np.array(items, dtypes.to_numpy(dtype))
