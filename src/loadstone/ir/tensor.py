"""Tensors that stay where they are until someone needs them.

A `Tensor` is a shape, a dtype and a way to get its values. Weights of a file are made by the containers (`Tensor.lazy`,
with a `Region` where the bytes lie contiguous in a local file, so that an engine can map them); constants that a rule
makes are `Tensor.of(array)`. Arithmetic on tensors is lazy too: `tensor.map(...)` and `Tensor.lazy` keep `inspect` and
`summary` from reading a single weight.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from mmap import mmap

import numpy as np

from loadstone.ir import dtypes
from loadstone.ir.copying import contiguous
from loadstone.ir.records import dataclass, field


@dataclass(frozen=True)
class Region:
    """Bytes of a local file that hold a C-ordered little-endian tensor as it is."""

    path: str
    offset: int
    length: int


@dataclass(frozen=True, eq=False)
class Tensor:
    """A shape, a dtype name (`ir.dtypes`) and a way to get the values.

    `key` says where the values come from, for messages ("model_weights/dense/kernel:0"); `mapped` that they are not as they are there.
    """

    shape: tuple[int, ...]
    dtype: str
    _load: Callable[[], np.ndarray] = field(repr=False)
    region: Region | None = None
    key: str = ""
    mapped: bool = False
    _kept: list[np.ndarray] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, values: object, dtype: str | None = None, key: str = "") -> Tensor:
        """A tensor that holds its values, cast to `dtype` if given."""
        array = np.asarray(values, dtype=None if dtype is None else dtypes.to_numpy(dtype))
        return cls(array.shape, dtypes.of_numpy(array.dtype), lambda: array, key=key, _kept=[array])

    @classmethod
    def lazy(
        cls, shape: tuple[int, ...], dtype: str, load: Callable[[], np.ndarray], *, region: Region | None = None, key: str = ""
    ) -> Tensor:
        """A tensor whose values `load` gives when they are first needed."""
        return cls(tuple(shape), dtype, load, region, key)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the values (8 an element for strings)."""
        return self.size * dtypes.itemsize(self.dtype)

    @property
    def known(self) -> bool:
        """True where the values are already in memory."""
        return bool(self._kept)

    def numpy(self) -> np.ndarray:
        """The values, C-ordered; not kept, so that nobody pays for them twice in memory."""
        values = self.values()
        return values.copy() if _in_a_map(values) else values  # which somebody could cut while they are used

    def values(self) -> np.ndarray:
        """The values to compute with, perhaps still in a mapped file: not to be handed out."""
        if self._kept:
            return self._kept[0]
        array = contiguous(self._load()).reshape(self.shape)
        return array.astype(dtypes.to_numpy(self.dtype), copy=False)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        values = self.numpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def map(self, function: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...] | None = None, dtype: str | None = None) -> Tensor:
        """`function` of the values, when they are needed; `shape` and `dtype` say what it returns."""
        load = lambda: function(self.values())  # noqa: E731
        return Tensor(tuple(self.shape if shape is None else shape), dtype or self.dtype, load, None, self.key, True)


def _in_a_map(array: np.ndarray) -> bool:
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, memoryview) and isinstance(base.obj, mmap)
