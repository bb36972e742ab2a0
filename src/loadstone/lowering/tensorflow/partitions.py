"""Rows dealt out to several tensors, and put together from several.

Semantics: tensorflow/core/kernels/dynamic_partition_op.cc, dynamic_stitch_op.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.gathering import blank, existing, gather
from loadstone.lowering.tensorflow.segments import rows_of
from loadstone.lowering.tensorflow.symbols import Operand, alike, known, lengths, tensor, tf

_BEYOND = 2**63 - 1  # a row that there never is: the engine refuses it


@tf("dynamic_partition", "raw_ops.DynamicPartition")
def dynamic_partition(b: Builder, data: Operand, partitions: Operand, num_partitions: int = 1) -> list[Value]:
    """The rows of x of each number, in their order; a number without a tensor is an error when the model runs.

    data (places..., slice...), partitions (places...) -> (count, slice...) each.
    """
    x, ids = rows_of(b, tensor(b, data), tensor(b, partitions))
    count = b.dim(x, 0)
    ids = b.op("Reshape", ids, b.vector([count]), allowzero=1, out_shape=known([count]))
    wrong = b.Or(b.Less(ids, 0), b.GreaterOrEqual(ids, int(num_partitions)))
    steps = b.const(np.arange(count)) if isinstance(count, int) else b.Range(b.const(0), b.reshape(count, []), b.const(1))
    places = b.Where(wrong, _BEYOND, steps)
    rows = [b.Gather(places, _where(b, b.Or(b.Equal(ids, k), wrong)), axis=0) for k in range(int(num_partitions))]
    return [gather(b, x, places, 0) for places in rows]


def _where(b: Builder, flags: Value) -> Value:
    return b.reshape(b.NonZero(flags), [-1])


@tf("dynamic_stitch", "raw_ops.DynamicStitch", "raw_ops.ParallelDynamicStitch")
def dynamic_stitch(b: Builder, indices: Any, data: Any) -> Value:
    """Slices in the places that their indices name; of equal ones the last stays, places without a slice are 0.

    indices (places...), data (places..., slice...) for each part -> (largest index + 1, slice...).
    """
    places, parts = [tensor(b, v) for v in indices], alike(b, *data)
    if not places or len(places) != len(parts):
        raise ModelError(f"a stitch of {len(parts)} tensors by {len(places)}")
    found = _of_numbers(b, places, parts)
    if found is not None:
        return found
    pairs = [rows_of(b, part, place) for place, part in zip(places, parts, strict=True)]
    rows, ids = ([pair[k] for pair in pairs] for k in (0, 1))
    slices, at = (v[0] if len(v) == 1 else b.Concat(*v, axis=0) for v in (rows, ids))
    last = b.ReduceMax(b.Concat(b.ints([-1]), at, axis=0), b.ints([0]), keepdims=1)
    base = blank(b, [b.Add(last, 1), *b.dims(slices)[1:]], slices.dtype)
    return b.ScatterND(base, b.unsqueeze(existing(b, at), 1), slices)


def _of_numbers(b: Builder, places: list[Value], parts: list[Value]) -> Value | None:
    """A vector of integers, element by element, as graphs put shapes together; None for anything else."""
    vector = all(place.const is not None and place.rank <= 1 and place.rank == part.rank for place, part in zip(places, parts, strict=True))
    if (
        not vector
        or not dtypes.is_integer(parts[0].dtype)
        or any(None in part.shape or (part.rank and part.shape[0] != place.shape[0]) for place, part in zip(places, parts, strict=True))
    ):
        return None
    made: dict[int, int | Value] = {}
    for place, part in zip(places, parts, strict=True):
        made |= zip((int(i) for i in place.array().reshape(-1)), lengths(b, part), strict=True)
    if sorted(made) != list(range(len(made))):
        return None
    return b.cast(b.vector([made[i] for i in range(len(made))]) if made else b.ints([]), parts[0].dtype)
