"""Ragged tensors: values in a row, and for each ragged axis the places where its rows begin and end (row splits).

Semantics: tensorflow/core/kernels/ragged_tensor_to_tensor_op.cc, ragged_tensor_to_sparse_kernel.cc, ragged_gather_op.cc,
ragged_range_op.cc, fill_empty_rows_functor.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.elements import elements
from loadstone.lowering.tensorflow.host_calls import Array, called
from loadstone.lowering.tensorflow.symbols import Operand, alike, tensor, tf

MOST = 1 << 31  # elements that a range or a padded tensor may have


def checked_splits(splits: Array, length: int | None = None) -> Array:
    """Row splits as int64. Raises ValueError unless they go up from 0 to the number of values, where that is known."""
    found: Array = np.asarray(splits, np.int64)
    if found.ndim != 1 or not len(found) or found[0] != 0 or (np.diff(found) < 0).any():
        raise ValueError("row splits that do not go up from 0")
    if length is not None and found[-1] != length:
        raise ValueError(f"row splits that end at {found[-1]} of {length} values")
    return found


def ranges(starts: Array, lengths: Array) -> Array:
    """starts[0], starts[0] + 1 ... of each length, one behind the other."""
    before = np.cumsum(lengths) - lengths
    made: Array = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
    return made


# -- to dense and sparse tensors --------------------------------------------------------------------------------------


def _place(kind: str, partition: Array) -> tuple[Array, Array]:
    """For each value of a partition its row, and its place in the row."""
    if kind == "ROW_SPLITS":
        splits = checked_splits(partition)
        rows = np.repeat(np.arange(len(splits) - 1), np.diff(splits))
        return rows, np.arange(len(rows)) - splits[rows]
    if kind != "VALUE_ROWIDS":
        raise ValueError(f"row partitions of type {kind}")
    rows = np.asarray(partition, np.int64)
    fresh = np.flatnonzero(np.diff(rows, prepend=-1) != 0)
    return rows, np.arange(len(rows)) - np.repeat(fresh, np.diff(fresh, append=len(rows)))


def padded(shape: Array, values: Array, default: Array, kinds: Sequence[str], partitions: Sequence[Array]) -> Array:
    """The dense tensor of a ragged one; shape has -1 where an axis is as long as its longest row."""
    if kinds[0] == "FIRST_DIM_SIZE":
        rows, kinds, partitions = int(partitions[0]), kinds[1:], partitions[1:]
    elif kinds[0] == "ROW_SPLITS":
        rows = len(partitions[0]) - 1
    else:
        raise ValueError(f"row partitions that begin with {kinds[0]}")
    depth = len(kinds) + 1
    wanted = shape.tolist() if shape.ndim and len(shape) else [-1] * (depth + values.ndim - 1)
    if len(wanted) != depth + values.ndim - 1 or any(w not in (-1, d) for w, d in zip(wanted[depth:], values.shape[1:], strict=True)):
        raise ValueError(f"a ragged tensor of {depth} axes and values of shape {values.shape} as a tensor of shape {wanted}")
    places = [_place(kind, partition) for kind, partition in zip(kinds, partitions, strict=True)]
    sizes = [rows if wanted[0] == -1 else int(wanted[0])]
    sizes += [int(columns.max(initial=-1)) + 1 if want == -1 else want for want, (_, columns) in zip(wanted[1:depth], places, strict=True)]
    if min(sizes) < 0 or np.prod(np.asarray([*sizes, *values.shape[1:]], float)) > MOST:
        raise ValueError(f"a tensor of shape {sizes}")
    index, there = np.arange(rows), np.arange(rows) < sizes[0]
    for size, (above, columns) in zip(sizes[1:], places, strict=True):
        if len(above) and ((above < 0).any() or (above >= len(index)).any()):
            raise ValueError("a row that there is not in a row partition")
        there = there[above] & (columns < size)
        index = index[above] * size + columns
    if len(index) > len(values):
        raise ValueError(f"row partitions of {len(index)} values for {len(values)}")
    values = values[: len(index)]
    made = np.array(np.broadcast_to(default, (*sizes, *values.shape[1:])))
    made.reshape(int(np.prod(sizes)), *values.shape[1:])[index[there]] = values[there]
    return made


@tf("raw_ops.RaggedTensorToTensor")
def to_tensor(
    b: Builder, shape: Operand, values: Operand, default_value: Operand, row_partition_tensors: Any, row_partition_types: Any
) -> Value:
    """A dense tensor, filled up with the default; what goes beyond the shape is cut off."""
    kinds = [k.decode() if isinstance(k, bytes) else str(k) for k in row_partition_types]
    size, (x, fill) = tensor(b, shape), alike(b, values, default_value)
    partitions = [tensor(b, p) for p in row_partition_tensors]
    if not kinds or len(kinds) != len(partitions):
        raise ModelError(f"{len(partitions)} row partitions of types {kinds}")
    depth = len(kinds) + (kinds[0] != "FIRST_DIM_SIZE")
    known = elements(size) if size.rank else None
    dims = [d if isinstance(d, int) and d >= 0 else None for d in known] if known and len(known) >= depth else [None] * depth

    def compute(lengths: Array, rows: Array, default: Array, *parts: Array) -> tuple[Array]:
        return (padded(lengths, rows, default, kinds, parts),)

    results = [((*dims[:depth], *x.shape[1:]), x.dtype)]
    return called(b, "RaggedTensorToTensor", compute, [size, x, fill, *partitions], results)[0]


@tf("raw_ops.RaggedTensorToSparse")
def to_sparse(b: Builder, rt_nested_splits: Any, rt_dense_values: Operand) -> list[Value]:
    """Indices, values and shape of the sparse tensor of a ragged one."""
    splits, x = [tensor(b, s) for s in rt_nested_splits], tensor(b, rt_dense_values)
    rank = len(splits) + x.rank

    def compute(*arrays: Array) -> tuple[Array, ...]:
        *parts, rows = arrays
        lengths = [len(part) - 1 for part in parts[1:]] + [len(rows)]
        checked = [checked_splits(part, length) for part, length in zip(parts, lengths, strict=True)]
        index, sizes = np.arange(len(checked[0]) - 1)[:, None], [len(checked[0]) - 1]
        for part in checked:
            above, columns = _place("ROW_SPLITS", part)
            index = np.concatenate([index[above], columns[:, None]], 1)
            sizes.append(int(columns.max(initial=-1)) + 1)
        inner = (
            np.stack(np.meshgrid(*map(np.arange, rows.shape[1:]), indexing="ij"), -1).reshape(-1, rows.ndim - 1) if rows.ndim > 1 else None
        )
        if inner is not None:
            index = np.concatenate([np.repeat(index, len(inner), 0), np.tile(inner, (len(index), 1))], 1)
        return index.astype(np.int64), rows.reshape(-1), np.asarray([*sizes, *rows.shape[1:]], np.int64)

    return called(b, "RaggedTensorToSparse", compute, [*splits, x], [((None, rank), "int64"), ((None,), x.dtype), ((rank,), "int64")])


# -- rows -------------------------------------------------------------------------------------------------------------


@tf("raw_ops.RaggedGather")
def gather(
    b: Builder, params_nested_splits: Any, params_dense_values: Operand, indices: Operand, OUTPUT_RAGGED_RANK: int = 1
) -> list[Value]:
    """Rows of a ragged tensor; indices of several axes give regular axes before them."""
    splits, x, places = [tensor(b, s) for s in params_nested_splits], tensor(b, params_dense_values), tensor(b, indices)
    if int(OUTPUT_RAGGED_RANK) != len(splits) + places.rank - 1:
        raise ModelError(f"rows of {len(splits)} ragged axes by indices of {places.rank} axes as {OUTPUT_RAGGED_RANK} ragged axes")
    dtype = splits[0].dtype

    def compute(*arrays: Array) -> tuple[Array, ...]:
        *parts, values, wanted = arrays
        made = [np.arange(int(np.prod(wanted.shape[:k])) + 1) * wanted.shape[k] for k in range(1, wanted.ndim)]
        rows = np.asarray(wanted, np.int64).reshape(-1)
        for part, below in zip(parts, [*(len(p) - 1 for p in parts[1:]), len(values)], strict=True):
            ends = checked_splits(part, below)
            if ((rows < 0) | (rows >= len(ends) - 1)).any():
                raise ValueError(f"a row that there is not among {len(ends) - 1}")
            lengths = ends[rows + 1] - ends[rows]
            made.append(np.concatenate([[0], np.cumsum(lengths)]))
            rows = ranges(ends[rows], lengths)
        return *(m.astype(dtype) for m in made), values[rows]

    results = [((None,), dtype)] * int(OUTPUT_RAGGED_RANK) + [((None, *x.shape[1:]), x.dtype)]
    return called(b, "RaggedGather", compute, [*splits, x, places], results)


def _count(first: float, end: float, step: float) -> float:
    if isinstance(first, int):
        return max(-((first - end) // step), 0)
    return max(float(np.ceil((end - first) / step)), 0.0)


def _steps(first: Any, step: Any, count: int) -> Array:
    made = np.full(count, step)
    made[:1] = first
    summed: Array = np.add.accumulate(made, dtype=made.dtype)
    return summed


@tf("raw_ops.RaggedRange")
def ragged_range(b: Builder, starts: Operand, limits: Operand, deltas: Operand, Tsplits: str = "int64") -> list[Value]:
    """Numbers from a start to below a limit, for each row."""
    operands = alike(b, starts, limits, deltas)

    def compute(first: Array, end: Array, step: Array) -> tuple[Array, ...]:
        if (step == 0).any():
            raise ValueError("a range with steps of 0")
        if len({x.size for x in (first, end, step) if x.ndim}) > 1:
            raise ValueError(f"ranges of shapes {first.shape}, {end.shape} and {step.shape}")
        first, end, step = np.broadcast_arrays(first.reshape(-1), end.reshape(-1), step.reshape(-1))
        counts = np.asarray([_count(*row) for row in zip(first.tolist(), end.tolist(), step.tolist(), strict=True)], np.float64)
        if not counts.sum() < MOST:
            raise ValueError("ranges of too many numbers")
        rows = [_steps(s, d, int(n)) for s, d, n in zip(first, step, counts, strict=True)]
        splits = np.concatenate([[0], np.cumsum(counts.astype(np.int64))]).astype(Tsplits)
        return splits, np.concatenate([first[:0], *rows])

    length = next((v.shape[0] for v in operands if v.rank and v.shape[0] is not None), None)
    count = 2 if all(v.rank == 0 for v in operands) else None if length is None else length + 1
    return called(b, "RaggedRange", compute, operands, [((count,), Tsplits), ((None,), operands[0].dtype)])


def filled_rows(rows: Array, count: int) -> tuple[Array, Array, Array]:
    """Rows of values with one more value for each row that has none.

    Gives where the values go, for each new place the value that goes there (-1 is the default), and which rows had none.
    """
    if len(rows) and (rows.min() < 0 or rows.max() >= count):
        raise ValueError(f"a value in a row that there is not among {count}")
    have = np.bincount(rows, minlength=count) if count else np.zeros(0, np.int64)
    empty = have == 0
    order = np.argsort(rows, kind="stable")
    want = np.maximum(have, 1)
    source = np.full(int(want.sum()), -1, np.int64)
    kept = np.repeat(~empty, want)
    source[kept] = order
    places = np.empty(len(rows), np.int64)
    places[order] = np.flatnonzero(kept)
    return places, source, empty


@tf("raw_ops.RaggedFillEmptyRows")
def fill_empty_rows(b: Builder, value_rowids: Operand, values: Operand, nrows: Operand, default_value: Operand) -> list[Value]:
    """Values with a default one in each row that has none; which rows those are, and where each value went."""
    rows, (x, default), count = tensor(b, value_rowids), alike(b, values, default_value), tensor(b, nrows)

    def compute(ids: Array, given: Array, number: Array, fill: Array) -> tuple[Array, ...]:
        places, source, empty = filled_rows(ids, int(number))
        made = np.where(source < 0, fill, given[np.maximum(source, 0)]) if len(given) else np.full(len(source), fill, given.dtype)
        return np.repeat(np.arange(int(number)), np.maximum(np.bincount(ids, minlength=int(number)), 1)), made, empty, places

    results = [((None,), "int64"), ((None,), x.dtype), ((None,), "bool"), (rows.shape, "int64")]
    return called(b, "RaggedFillEmptyRows", compute, [rows, x, count, default], results)
