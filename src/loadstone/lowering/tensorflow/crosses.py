"""Feature crosses: all combinations of the values that columns have in a row, joined as text or hashed.

Semantics: tensorflow/core/kernels/sparse_cross_op.cc, ragged_cross_op.cc. A column is the rows of a sparse, a ragged or a dense matrix of
integers or strings; the last column changes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.host_calls import Array, called, items
from loadstone.lowering.tensorflow.ragged_tensors import checked_splits
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf
from loadstone.lowering.text.fingerprints import combine, farm, sip

MOST = 1 << 27  # combinations at once


@dataclass(frozen=True)
class Column:
    """Values in a row, where each row of the matrix begins, and how many it has."""

    values: Array
    starts: Array
    counts: Array
    dense: bool = False


def _of_sparse(indices: Array, values: Array, rows: int) -> Column:
    if indices.ndim != 2 or indices.shape[1] != 2 or len(indices) != len(values):
        raise ValueError(f"a column of indices {indices.shape} and values {values.shape}")
    at = indices[:, 0]
    if len(at) and (at[0] < 0 or at[-1] >= rows or (np.diff(at) < 0).any()):
        raise ValueError("a column whose rows are not in order, or beyond the last one")
    counts = np.bincount(at, minlength=rows)
    return Column(values, np.cumsum(counts) - counts, counts)


def _of_dense(x: Array) -> Column:
    if x.ndim != 2:
        raise ValueError(f"a column of shape {x.shape}")
    rows, width = x.shape
    return Column(x.reshape(-1), np.arange(rows) * width, np.full(rows, width), True)


def _of_ragged(values: Array, splits: Array) -> Column:
    ends = checked_splits(splits, len(values))
    return Column(values, ends[:-1], np.diff(ends))


def _combinations(columns: Sequence[Column], rows: int) -> tuple[Array, list[Array]]:
    """How many combinations each row has, and for each column which value each of them takes."""
    if any(len(c.counts) != rows for c in columns):
        raise ValueError(f"columns of {[len(c.counts) for c in columns]} rows")
    totals = np.prod([c.counts.astype(float) for c in columns], axis=0) if columns else np.zeros(rows)
    if totals.sum() > MOST:
        raise ValueError("too many combinations")
    counts: Array = totals.astype(np.int64)
    row = np.repeat(np.arange(rows), counts)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    picked = []
    for column in reversed(columns):
        width = column.counts[row]
        picked.append(column.starts[row] + place % width)
        place = place // width
    return counts, picked[::-1]


# -- what a combination becomes ---------------------------------------------------------------------------------------


def _text(values: Array) -> list[bytes]:
    return values.tolist() if values.dtype == object else [b"%d" % v for v in values.tolist()]


def _joined(columns: Sequence[Column], picked: Sequence[Array], between: bytes) -> Array:
    parts = [items(_text(column.values))[at].tolist() for column, at in zip(columns, picked, strict=True)]
    return items([between.join(row) for row in zip(*parts, strict=True)])


def _plain_hash(column: Column) -> Array:
    """Integers are their own fingerprints."""
    hashed: Array = farm(column.values) if column.values.dtype == object else column.values.astype(np.int64).view(np.uint64)
    return hashed


def _keyed_hash(key: Sequence[int], strong: bool) -> Callable[[Column], Array]:
    def of(column: Column) -> Array:
        x = column.values
        if x.dtype != object:
            if strong:  # TensorFlow 2.21 ends the process there
                raise ValueError("a strong hash of integers")
            if column.dense:
                return x.astype(np.int64).view(np.uint64)
            x = items([int(v).to_bytes(8, "little", signed=True)[:4] for v in x.tolist()])  # the kernel hashes half of the number
        hashed: Array = sip(x, key) if strong else farm(x)
        return hashed

    return of


def _hashed(
    columns: Sequence[Column], picked: Sequence[Array], hash_of: Callable[[Column], Array], start: int | None, buckets: int
) -> Array:
    words = [hash_of(column)[at] if len(at) else np.zeros(0, np.uint64) for column, at in zip(columns, picked, strict=True)]
    made = words[0] if start is None else np.full(len(picked[0]), start % (1 << 64), np.uint64)
    for word in words[1:] if start is None else words:
        made = combine(made, word)
    hashed: Array = (made % np.uint64(buckets if buckets > 0 else (1 << 63) - 1)).astype(np.int64)
    return hashed


# -- ops --------------------------------------------------------------------------------------------------------------


def _crossed(
    b: Builder, name: str, indices: Any, values: Any, shapes: Any, dense_inputs: Any, further: Sequence[Operand], make: Callable[..., Array],
    dtype: str,
) -> list[Value]:  # fmt: skip
    """The cross of sparse columns and, behind them, dense ones, as a sparse matrix: make(columns, picked, *further)."""
    groups = [[tensor(b, v) for v in group] for group in (indices, values, shapes, dense_inputs, further)]
    ends = np.cumsum([len(group) for group in groups]).tolist()
    if not ends[3]:
        raise ModelError(f"{name} of no columns")

    def compute(*arrays: Array) -> tuple[Array, ...]:
        where, given, sizes, dense, more = (arrays[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True))
        rows = int(sizes[0][0]) if sizes else len(dense[0])
        columns = [_of_sparse(i, v, rows) for i, v in zip(where, given, strict=True)] + [_of_dense(x) for x in dense]
        totals, picked = _combinations(columns, rows)
        row = np.repeat(np.arange(rows), totals)
        place = np.arange(len(row)) - np.repeat(np.cumsum(totals) - totals, totals)
        return np.stack([row, place], 1), make(columns, picked, *more), np.asarray([rows, totals.max(initial=0)], np.int64)

    results: list[Any] = [((None, 2), "int64"), ((None,), dtype), ((2,), "int64")]
    return called(b, name, compute, [v for group in groups for v in group], results)


@tf("raw_ops.SparseCross")
def sparse_cross(
    b: Builder, indices: Any, values: Any, shapes: Any, dense_inputs: Any, hashed_output: bool = False, num_buckets: int = 0,
    hash_key: int = 0, out_type: str = "string", internal_type: str = "string",
) -> list[Value]:  # fmt: skip
    """The cross joined by "_X_", or hashed from a key on."""

    def make(columns: Sequence[Column], picked: Sequence[Array]) -> Array:
        return _hashed(columns, picked, _plain_hash, int(hash_key), int(num_buckets)) if hashed_output else _joined(columns, picked, b"_X_")

    if hashed_output != (out_type == "int64"):
        raise UnsupportedAttribute(f"SparseCross with hashed_output={hashed_output} and out_type={out_type}")
    return _crossed(b, "SparseCross", indices, values, shapes, dense_inputs, [], make, out_type)


@tf("raw_ops.SparseCrossV2")
def sparse_cross_v2(b: Builder, indices: Any, values: Any, shapes: Any, dense_inputs: Any, sep: Operand) -> list[Value]:
    """The cross joined by a text."""

    def make(columns: Sequence[Column], picked: Sequence[Array], between: Array) -> Array:
        return _joined(columns, picked, bytes(between.reshape(-1)[0]))

    return _crossed(b, "SparseCrossV2", indices, values, shapes, dense_inputs, [sep], make, "string")


@tf("raw_ops.SparseCrossHashed")
def sparse_cross_hashed(
    b: Builder, indices: Any, values: Any, shapes: Any, dense_inputs: Any, num_buckets: Operand, strong_hash: Operand, salt: Operand
) -> list[Value]:
    """The cross hashed, with a salt where the hash is strong."""

    def make(columns: Sequence[Column], picked: Sequence[Array], count: Array, strong: Array, key: Array) -> Array:
        words = [int(v) % (1 << 64) for v in key.tolist()]
        return _hashed(columns, picked, _keyed_hash(words, bool(strong)), None, int(count))

    return _crossed(b, "SparseCrossHashed", indices, values, shapes, dense_inputs, [num_buckets, strong_hash, salt], make, "int64")


@tf("raw_ops.RaggedCross")
def ragged_cross(
    b: Builder, ragged_values: Any, ragged_row_splits: Any, sparse_indices: Any, sparse_values: Any, sparse_shape: Any, dense_inputs: Any,
    input_order: Any, hashed_output: bool, num_buckets: int, hash_key: int, out_values_type: str, out_row_splits_type: str,
) -> list[Value]:  # fmt: skip
    """The cross of ragged, sparse and dense columns in the order that the letters R, S and D tell, as a ragged matrix."""
    order = input_order.decode() if isinstance(input_order, bytes) else str(input_order)
    given = (ragged_values, ragged_row_splits, sparse_indices, sparse_values, sparse_shape, dense_inputs)
    groups = [[tensor(b, v) for v in group] for group in given]
    ends = np.cumsum([len(group) for group in groups]).tolist()
    if not order or [order.count(letter) for letter in "RSD"] != [len(groups[k]) for k in (0, 2, 5)]:
        raise ModelError(f"RaggedCross of columns in the order {order!r}")

    def compute(*arrays: Array) -> tuple[Array, ...]:
        values, splits, where, found, sizes, dense = (arrays[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True))
        rows = len(splits[0]) - 1 if splits else int(sizes[0][0]) if sizes else len(dense[0])
        kinds = {
            "R": iter([_of_ragged(v, s) for v, s in zip(values, splits, strict=True)]),
            "S": iter([_of_sparse(i, v, rows) for i, v in zip(where, found, strict=True)]),
            "D": iter([_of_dense(x) for x in dense]),
        }
        columns = [next(kinds[letter]) for letter in order]
        totals, picked = _combinations(columns, rows)
        if hashed_output:
            made = _hashed(columns, picked, _plain_hash, int(hash_key), int(num_buckets))
        else:
            made = _joined(columns, picked, b"_X_")
        return made, np.concatenate([[0], np.cumsum(totals)]).astype(out_row_splits_type)

    results: list[Any] = [((None,), out_values_type), ((None,), out_row_splits_type)]
    return called(b, "RaggedCross", compute, [v for group in groups for v in group], results)
