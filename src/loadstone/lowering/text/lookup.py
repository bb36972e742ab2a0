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


def hashed(count: int, start: int, key: Sequence[int] | None = None) -> Buckets:
    """Unknown tokens go to one of `count` indices by their hash, which for integers is that of their digits."""
    return lambda tokens: buckets(as_text(tokens), count, key) + start


def remainders(count: int, start: int) -> Buckets:
    """Unknown integers go to one of `count` indices by what is left when they are divided by it."""
    return lambda tokens: tokens % count + start


def as_text(values: np.ndarray) -> np.ndarray:
    """Integers in digits, truth as "true" and "false" (tf.strings.as_string); strings as they are."""
    if values.dtype == object:
        return values
    distinct, places = np.unique(values, return_inverse=True)
    names = np.empty(distinct.size, object)
    names[:] = [str(value).lower().encode() for value in distinct.tolist()]
    texts: np.ndarray = names[places.reshape(values.shape)]
    return texts
