"""Indices as one-hot, multi-hot, count or TF-IDF vectors, in numpy.

keras/src/utils/numerical_utils.py, `encode_categorical_inputs`. Indices outside of the vector leave no mark.
"""

from __future__ import annotations

from math import prod

import numpy as np

from loadstone.ir import dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Shape

MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}  # names of tf.keras 2.3 to 2.6


@dataclass(frozen=True)
class Encoding:
    """How indices (batch, ...) become vectors of `depth` numbers.

    squeezes: a last axis of length 1, known to be so when the model was built, goes away in one-hot vectors. weights (depth,)
    multiply counts (tf_idf).
    """

    mode: str
    depth: int
    dtype: str
    squeezes: bool = False
    weights: np.ndarray | None = None

    def __call__(self, indices: np.ndarray) -> np.ndarray:
        """Vectors for one-hot; else the sum over the second axis (of a vector, the only one)."""
        if self.mode == "one_hot":
            indices = indices[..., 0] if self.squeezes else indices
            return self.tally(indices.reshape(-1), np.arange(indices.size), indices.shape)
        rows = np.moveaxis(indices, 1 if indices.ndim > 1 else 0, -1)
        lead = rows.shape[:-1]
        return self.tally(rows.reshape(-1), np.repeat(np.arange(prod(lead)), rows.shape[-1]), lead)

    def tally(self, indices: np.ndarray, rows: np.ndarray, lead: tuple[int, ...]) -> np.ndarray:
        """The marks of indices (n,), each in the row that `rows` (n,) says: (*lead, depth)."""
        inside = (indices >= 0) & (indices < self.depth)
        places = rows[inside] * self.depth + indices[inside]
        counts = np.bincount(places, minlength=prod(lead) * self.depth).reshape(*lead, self.depth)
        marks = np.minimum(counts, 1) if self.mode in ("one_hot", "multi_hot") else counts
        result: np.ndarray = marks.astype(dtypes.to_numpy(self.dtype))
        return result if self.weights is None else result * self.weights

    def shape(self, given: Shape) -> Shape:
        """The shape of what `__call__` returns for indices of a shape."""
        if self.mode == "one_hot":
            return (*(given[:-1] if self.squeezes else given), self.depth)
        return (*(given[:1] + given[2:] if len(given) > 1 else ()), self.depth)
