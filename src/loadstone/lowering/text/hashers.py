"""Hashes of whole columns into buckets, as Hashing and HashedCrossing make them.

keras/src/layers/preprocessing/hashing.py, hashed_crossing.py, and the operations of TensorFlow that they call.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loadstone.ir.records import dataclass
from loadstone.lowering.text.fingerprints import buckets, combine, farm
from loadstone.lowering.text.lookup import as_text

CROSS_KEY = 0xDECAFCAFFE  # tensorflow/python/ops/sparse_ops.py, _DEFAULT_HASH_KEY


@dataclass(frozen=True)
class Hasher:
    """The bucket of each element by the hash of its text; elements that equal masked have bucket 0 for themselves."""

    bins: int
    key: Sequence[int] | None
    masked: bytes | int | float | None

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray]:
        with np.errstate(invalid="ignore"):
            texts = as_text(x.astype(np.int64) if x.dtype.kind not in "iubO" else x)
        if self.masked is None:
            return (buckets(texts, self.bins, self.key),)
        return (np.where(x == self.masked, 0, buckets(texts, self.bins - 1, self.key) + 1),)


@dataclass(frozen=True)
class Crosser:
    """The bucket of what stands at one place in all columns, of integers or strings."""

    bins: int

    def __call__(self, *columns: np.ndarray) -> tuple[np.ndarray]:
        mixed = np.full(columns[0].shape, np.uint64(CROSS_KEY))
        for column in columns:
            mixed = combine(mixed, farm(column) if column.dtype == object else column.astype(np.int64).astype(np.uint64))
        return ((mixed % np.uint64(self.bins)).astype(np.int64),)
