"""Elements picked by their place or by a condition: slices, `tf.gather`, `tf.where`, one-hot vectors, diagonals and bands.

Semantics: tensorflow/python/ops/array_ops.py; a strided slice is that of tensorflow/core/util/strided_slice_op.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.keras.ops_index import get_item
from loadstone.lowering.tensorflow.diagonals import diag_part
from loadstone.lowering.tensorflow.gathering import places_of
from loadstone.lowering.tensorflow.symbols import Operand, alike, tensor, tf

_OPERATION = Layer("GetItem", "", {}, domain="keras.ops")


@tf("__operators__.getitem")
def getitem(b: Builder, tensor_: Operand, slice_spec: Any) -> Value:
    """x[...], as Python writes it."""
    return get_item(b, _OPERATION, tensor(b, tensor_), slice_spec)


@tf("where")
def where(b: Builder, condition: Operand, x: Operand = None, y: Operand = None, *, era: Era | None = None) -> Value:
    """x where the condition holds, else y; without both, the places where it holds.

    A vector of conditions is one for each row in TensorFlow 1, and one for each place of the last axis in TensorFlow 2.
    """
    if x is None and y is None:
        return places_of(b, condition)
    if x is None or y is None:
        raise ModelError("tf.where with one of x and y")
    (one, other), flags = alike(b, x, y), tensor(b, condition)
    if flags.rank == 1 < one.rank and agreed("tf.where by a vector of conditions", era, lambda era: era.tensorflow_1):
        return select(b, flags, one, other)
    return b.Where(flags, one, other)


@tf("raw_ops.SelectV2")
def select_by_broadcasting(b: Builder, condition: Operand, t: Operand, e: Operand) -> Value:
    """t where the condition holds, else e."""
    return b.Where(tensor(b, condition), *alike(b, t, e))


@tf("raw_ops.Select")
def select(b: Builder, condition: Operand, x: Operand, y: Operand) -> Value:
    """x where the condition holds, else y; a vector of conditions is one for each row."""
    flags, (one, other) = tensor(b, condition), alike(b, x, y)
    return b.Where(b.unsqueeze(flags, *range(1, one.rank)) if flags.rank == 1 < one.rank else flags, one, other)


@tf("linalg.trace")
def trace(b: Builder, x: Operand) -> Value:
    """The sums of main diagonals."""
    y = diag_part(b, x)
    return b.ReduceSum(y, b.ints([y.rank - 1]), keepdims=0)


@tf("meshgrid")
def meshgrid(b: Builder, *args: Operand, indexing: str = "xy") -> list[Value]:
    """Coordinates of a grid."""
    vectors = [b.reshape(v, [-1]) for v in alike(b, *(args[0] if len(args) == 1 and isinstance(args[0], (list, tuple)) else args))]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(places) > 1:
        places[:2] = [1, 0]
    dims = [b.dim(vectors[i], 0) for i in np.argsort(places)]
    rows = [b.unsqueeze(v, *(k for k in range(len(vectors)) if k != place)) for v, place in zip(vectors, places, strict=True)]
    shape = tuple(d if isinstance(d, int) else None for d in dims)
    return [b.Expand(row, b.vector(dims), out_shape=shape) for row in rows]
