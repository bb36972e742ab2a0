"""Tables from tokens to indices and back.

keras/src/layers/preprocessing/index_lookup.py: the mask token has index 0 (none of its own where the result is a vector), then come
the indices of unknown tokens, then the vocabulary. Strings are bytes throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir.records import dataclass
from loadstone.lowering.text.encoding import Encoding
from loadstone.lowering.text.fingerprints import buckets

NOWHERE = 2**63 - 1  # an index that no vector has
Buckets = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Forward:
    """Tokens -> indices, int64.

    indices has every known token, the mask token included. unknown is the index of all others, or a function from them to
    indices; None: there must be none.
    """

    indices: dict[Any, int]
    unknown: int | Buckets | None

    def __call__(self, tokens: np.ndarray) -> np.ndarray:
        flat = tokens.reshape(-1).tolist()
        default = self.unknown if isinstance(self.unknown, int) else -1
        found = np.fromiter((self.indices.get(token, default) for token in flat), np.int64, len(flat))
        if not isinstance(self.unknown, int):
            strange = np.flatnonzero(found == -1)
            if strange.size and self.unknown is None:
                shown = ", ".join(repr(flat[k]) for k in strange[:5])
                raise InputMismatch(f"tokens that are not in the vocabulary of a layer with num_oov_indices=0: {shown}")
            if strange.size and self.unknown is not None:
                found[strange] = self.unknown(tokens.reshape(-1)[strange])
        return found.reshape(tokens.shape)


@dataclass(frozen=True)
class Inverse:
    """Indices -> tokens: those of the table, another one for all others."""

    tokens: dict[int, Any]
    unknown: Any
    dtype: np.dtype

    def __call__(self, indices: np.ndarray) -> np.ndarray:
        result = np.empty(indices.size, self.dtype)
        result[:] = [self.tokens.get(index, self.unknown) for index in indices.reshape(-1).tolist()]
        return result.reshape(indices.shape)


@dataclass(frozen=True)
class Hashed:
    """Unknown tokens go to one of `count` indices from `start` on by their hash, which for integers is that of their digits."""

    count: int
    start: int
    key: Sequence[int] | None = None

    def __call__(self, tokens: np.ndarray) -> np.ndarray:
        return buckets(as_text(tokens), self.count, self.key) + self.start


@dataclass(frozen=True)
class Remainders:
    """Unknown integers go to one of `count` indices from `start` on by what is left when they are divided by it."""

    count: int
    start: int

    def __call__(self, tokens: np.ndarray) -> np.ndarray:
        rest: np.ndarray = tokens % self.count + self.start
        return rest


@dataclass(frozen=True)
class Lookup:
    """A table as a Python call: what it says of each element, as vectors where there is an encoding."""

    table: Forward | Inverse
    encoding: Encoding | None = None

    def __call__(self, tokens: np.ndarray) -> tuple[np.ndarray]:
        found = self.table(tokens)
        return (found if self.encoding is None else self.encoding(found),)


@dataclass(frozen=True)
class Present:
    """A table of a feature column as a Python call: "" and -1 are absent, and have the index -1."""

    table: Forward

    def __call__(self, tokens: np.ndarray) -> tuple[np.ndarray]:
        present = tokens != (b"" if tokens.dtype == object else -1)
        found = np.full(tokens.shape, -1, np.int64)
        found[present] = self.table(tokens[present])
        return (found,)


def as_text(values: np.ndarray) -> np.ndarray:
    """Integers in digits, truth as "true" and "false" (tf.strings.as_string); strings as they are."""
    if values.dtype == object:
        return values
    distinct, places = np.unique(values, return_inverse=True)
    names = np.empty(distinct.size, object)
    names[:] = [str(value).lower().encode() for value in distinct.tolist()]
    texts: np.ndarray = names[places.reshape(values.shape)]
    return texts
