"""Arrays in C order, made without running against the cache.

A plain copy of a permuted array walks along columns whose distance is a power of two, so that a few lines of the cache serve them all;
kernels of convolutions are like that. Blocks that are first copied into rows of an odd length take a quarter of the time.
"""

from __future__ import annotations

from itertools import product

import numpy as np

_PLAIN = 256 << 10  # bytes: what fits into the cache is copied as it is
_BLOCK = 128  # elements


def contiguous(array: np.ndarray) -> np.ndarray:
    """The array in C order, itself where it is so already."""
    if array.flags.c_contiguous or array.nbytes < _PLAIN or array.ndim < 2 or array.dtype.hasobject:
        return np.ascontiguousarray(array)
    order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    source = array.transpose(order)
    if not source.flags.c_contiguous:  # not only permuted
        return np.ascontiguousarray(array)
    made = np.empty(array.shape, array.dtype)
    target = made.transpose(order)
    rows, columns = source.shape[-2:]
    scratch = np.empty((*source.shape[:-2], min(rows, _BLOCK), min(columns, _BLOCK) + 1), array.dtype)
    for row, column in product(range(0, rows, _BLOCK), range(0, columns, _BLOCK)):
        place = (..., slice(row, row + _BLOCK), slice(column, column + _BLOCK))
        block = scratch[..., : min(_BLOCK, rows - row), : min(_BLOCK, columns - column)]
        block[...] = source[place]
        target[place] = block
    return made
