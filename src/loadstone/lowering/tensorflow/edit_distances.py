"""How many insertions, deletions and replacements make one sequence of another.

Semantics: tensorflow/core/kernels/edit_distance_op.cc. Sequences lie along the last axes of two sparse tensors.
"""

from __future__ import annotations

import numpy as np

from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.host_calls import Array, called
from loadstone.lowering.tensorflow.sparse_reshaping import checked
from loadstone.lowering.tensorflow.sparse_tensors import axes_of_sparse
from loadstone.lowering.tensorflow.symbols import Operand, alike, tensor, tf


def _sequences(indices: Array, values: Array, shape: Array) -> dict[tuple[int, ...], list[object]]:
    checked(indices, shape)
    found: dict[tuple[int, ...], list[object]] = {}
    for place, value in zip(indices[:, :-1].tolist(), values.tolist(), strict=True):
        found.setdefault(tuple(place), []).append(value)
    return found


def distance(one: list[object], other: list[object]) -> int:
    """The distance of two sequences (Levenshtein): one row of the table after another."""
    steps = np.arange(len(other) + 1)
    codes: dict[object, int] = {}
    row, target = steps, np.asarray([codes.setdefault(v, len(codes)) for v in other], np.int64)
    for i, value in enumerate(one):
        best = np.empty(len(other) + 1, np.int64)
        best[0] = i + 1
        best[1:] = np.minimum(row[1:] + 1, row[:-1] + (target != codes.get(value, -1)))
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])


@tf("edit_distance", "raw_ops.EditDistance")
def edit_distance(
    b: Builder, hypothesis_indices: Operand, hypothesis_values: Operand, hypothesis_shape: Operand, truth_indices: Operand,
    truth_values: Operand, truth_shape: Operand, normalize: bool = True,
) -> Value:  # fmt: skip
    """The distance of each pair of sequences, over the length of the second one where that is wanted; float32."""
    given, wanted = alike(b, hypothesis_values, truth_values)
    operands = [tensor(b, hypothesis_indices), given, tensor(b, hypothesis_shape), tensor(b, truth_indices), wanted, tensor(b, truth_shape)]
    rank = axes_of_sparse(operands[3], operands[5])

    def compute(*arrays: Array) -> tuple[Array]:
        one, other = (_sequences(*arrays[k : k + 3]) for k in (0, 3))
        made = np.zeros(np.maximum(arrays[2], arrays[5])[:-1].tolist(), np.float32)
        for key in one.keys() | other.keys():
            truth = other.get(key, [])
            cost = float(distance(one.get(key, []), truth))
            made[key] = cost if not normalize else cost / len(truth) if truth else np.inf
        return (made,)

    return called(b, "EditDistance", compute, operands, [((None,) * (rank - 1), "float32")])[0]
