"""Diagonals and bands of matrices: taken out, put in, made into matrices.

tensorflow/core/ops/array_ops.cc, tensorflow/core/kernels/linalg/matrix_diag_op.cc, matrix_set_diag_op.cc and matrix_band_part_op.cc,
tensorflow/python/ops/array_ops.py. A diagonal is named by how far it lies above the main one. Several diagonals are the rows of a
matrix, the highest first; a shorter one lies at the left or at the right of its row, as `align` says for those above and below.
Elements are picked by their places, which are known where the sizes of the matrices are; else a Python step does it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, enter, number, tensor, tf

Array = np.ndarray[Any, Any]
ALIGNMENTS = ("LEFT_LEFT", "LEFT_RIGHT", "RIGHT_LEFT", "RIGHT_RIGHT")


def span(k: Any) -> tuple[int, int]:
    """The lowest and the highest diagonal."""
    found = np.asarray(k).reshape(-1).tolist()
    if len(found) not in (1, 2) or found[0] > found[-1]:
        raise ModelError(f"diagonals {found}")
    return int(found[0]), int(found[-1])


def offsets(low: int, high: int, rows: int, columns: int, align: str) -> tuple[Array, Array]:
    """The row and the column (diagonals, longest) of each element of these diagonals; -1 where a row has no element."""
    if align not in ALIGNMENTS:
        raise UnsupportedAttribute(f"diagonals with align={align!r}")
    if rows and columns and not (-rows < low <= high < columns):
        raise ModelError(f"diagonals {low} to {high} of matrices of {rows} rows and {columns} columns")
    longest = max(0, min(rows + min(high, 0), columns - max(low, 0)))
    above, below = (side == "RIGHT" for side in align.split("_"))
    row, column = (np.full((high - low + 1, longest), -1, np.int64) for _ in range(2))
    for place, d in enumerate(range(high, low - 1, -1)):
        count = max(0, min(rows + min(d, 0), columns - max(d, 0)))
        right = above if d >= 0 else below
        start = longest - count if right else 0
        row[place, start : start + count] = np.arange(count) + max(-d, 0)
        column[place, start : start + count] = np.arange(count) + max(d, 0)
    return row, column


def _places(low: int, high: int, rows: int, columns: int, align: str) -> Array:
    """Where each element of these matrices (rows, columns), laid flat, is among the elements of the diagonals; -1 for none."""
    row, column = offsets(low, high, rows, columns, align)
    found = np.full((rows, columns), -1, np.int64)
    found[row[row >= 0], column[row >= 0]] = np.flatnonzero(row >= 0)
    return found


def _known(k: Operand) -> Any:
    """Diagonals as numbers, or None where they are computed."""
    return None if isinstance(k, Value) and k.const is None else number(k, "k")


def _int(x: Operand) -> int | None:
    found = _known(x)
    return None if found is None else int(np.asarray(found).reshape(-1)[0])


def _scalar(b: Builder, x: Operand, dtype: str) -> Value:
    return b.reshape(tensor(b, x, dtype), [])


# -- out of matrices --------------------------------------------------------------------------------------------------


@tf("linalg.diag_part", "raw_ops.MatrixDiagPart", "raw_ops.BatchMatrixDiagPart", "raw_ops.MatrixDiagPartV3")
def diag_part(b: Builder, input_: Operand, k: Operand = 0, padding_value: Operand = 0, align: str = "RIGHT_LEFT") -> Value:
    """Diagonals (..., length) or (..., diagonals, longest) of matrices (..., rows, columns)."""
    x, given = tensor(b, input_), _known(k)
    if x.rank < 2:
        raise ModelError(f"diagonals of a tensor of shape {x.shape}")
    rows, columns = x.shape[-2:]
    if given is None or rows is None or columns is None:
        return _part_step(b, x, k, given, padding_value, align)
    low, high = span(given)
    row, column = offsets(low, high, rows, columns, align)
    flat = b.reshape(x, [*b.dims(x)[:-2], rows * columns], (*x.shape[:-2], rows * columns))
    shape = [row.shape[1]] if low == high else list(row.shape)
    holes = row.reshape(shape) < 0
    y = b.Gather(flat, b.const(np.where(holes, 0, row.reshape(shape) * columns + column.reshape(shape))), axis=flat.rank - 1)
    return b.Where(b.const(holes), _scalar(b, padding_value, x.dtype), y) if holes.any() else y


def _part_step(b: Builder, x: Value, k: Operand, given: Any, padding_value: Operand, align: str) -> Value:
    alone, count = _count(b, k, given)
    shape: Shape = (*x.shape[:-2], None) if alone else (*x.shape[:-2], count, None)

    def compute(matrix: Array, k: Array, padding: Array) -> tuple[Array]:
        first, last = _range(k, alone)
        row, column = _checked(offsets, first, last, *matrix.shape[-2:], align)
        found = np.broadcast_to(padding, (*matrix.shape[:-2], *row.shape)).copy()
        found[..., row >= 0] = matrix[..., row[row >= 0], column[row >= 0]]
        return (found[..., 0, :] if first == last else found,)

    return b.host("diag_part", compute, [x, tensor(b, k), _scalar(b, padding_value, x.dtype)], [(shape, x.dtype)], pure=True)[0]


def _count(b: Builder, k: Operand, given: Any) -> tuple[bool, int | None]:
    """Whether it is one diagonal, and how many there are. Two computed numbers are taken for two diagonals or more."""
    if given is not None:
        low, high = span(given)
        return low == high, high - low + 1
    shape = tensor(b, k).shape
    if shape not in ((), (1,), (2,)):
        raise UnsupportedAttribute(f"diagonals whose numbers are computed, of shape {shape}")
    return shape != (2,), None


def _range(k: Array, alone: bool) -> tuple[int, int]:
    """The lowest and the highest diagonal at run time. Raises InferenceError where the rank of the result would be another."""
    low, high = _checked(span, k)
    if (low == high) != alone:
        raise InferenceError(f"diagonals {low} to {high}, whose number is computed and must not be 1")
    return low, high


def _checked(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except ModelError as error:
        raise InferenceError(error.message) from error


# -- into matrices ----------------------------------------------------------------------------------------------------


@tf("linalg.diag", "raw_ops.MatrixDiag", "raw_ops.BatchMatrixDiag", "raw_ops.MatrixDiagV3")
def diag(
    b: Builder, diagonal: Operand, k: Operand = 0, num_rows: Operand = -1, num_cols: Operand = -1, padding_value: Operand = 0,
    align: str = "RIGHT_LEFT",
) -> Value:  # fmt: skip
    """Matrices (..., rows, columns) of diagonals (..., length) or (..., diagonals, longest)."""
    x, given, rows, columns = tensor(b, diagonal), _known(k), _int(num_rows), _int(num_cols)
    if given is None or rows is None or columns is None or x.shape[-1] is None:
        return _made_step(b, x, k, given, num_rows, num_cols, padding_value, align)
    low, high = span(given)
    rows, columns = _size(low, high, rows, columns, x.shape[-1])
    return _filled(b, x, low, high, rows, columns, align, _scalar(b, padding_value, x.dtype))


def _size(low: int, high: int, rows: int, columns: int, longest: int) -> tuple[int, int]:
    """Rows and columns, where -1 is as few as there can be."""
    least_rows, least_columns = longest - min(high, 0), longest + max(low, 0)
    if rows == -1 and columns == -1:
        rows = columns = max(least_rows, least_columns)
    rows, columns = least_rows if rows == -1 else rows, least_columns if columns == -1 else columns
    if rows < least_rows or columns < least_columns or (rows != least_rows and columns != least_columns):
        raise ModelError(f"matrices of {rows} rows and {columns} columns for diagonals {low} to {high} of {longest} elements")
    return rows, columns


def _filled(b: Builder, x: Value, low: int, high: int, rows: int, columns: int, align: str, rest: Value) -> Value:
    """Diagonals in place in matrices that have `rest` everywhere else."""
    places = _places(low, high, rows, columns, align)
    count, lead = high - low + 1, b.dims(x)[: x.rank - (1 if low == high else 2)]
    longest = max(0, min(rows + min(high, 0), columns - max(low, 0)))
    if low != high and x.shape[-2] not in (None, count) or x.shape[-1] not in (None, longest):
        raise ModelError(f"diagonals {low} to {high} of shape {x.shape} in matrices of {rows} rows and {columns} columns")
    if not places.size or not longest:
        target = [*lead, rows, columns]
        shape = tuple(d if isinstance(d, int) else None for d in target)
        return b.op("Expand", rest, b.vector(target), out_shape=shape)
    flat = x if low == high else b.reshape(x, [*lead, count * longest])
    made = b.Gather(flat, b.const(np.maximum(places, 0)), axis=flat.rank - 1)
    return b.Where(b.const(places >= 0), made, rest)


def _made_step(
    b: Builder, x: Value, k: Operand, given: Any, num_rows: Operand, num_cols: Operand, padding_value: Operand, align: str
) -> Value:
    alone, _ = _count(b, k, given)
    if x.rank < (1 if alone else 2):
        raise ModelError(f"diagonals of shape {x.shape}")
    lead = x.shape[: x.rank - (1 if alone else 2)]

    def compute(diagonals: Array, k: Array, rows: Array, columns: Array, padding: Array) -> tuple[Array]:
        first, last = _range(k, alone)
        size = _checked(_size, first, last, int(rows.reshape(-1)[0]), int(columns.reshape(-1)[0]), diagonals.shape[-1])
        if size[0] * size[1] > 1 << 28:
            raise InferenceError(f"matrices of {size[0]} rows and {size[1]} columns")
        flat = diagonals if first == last else diagonals.reshape(*diagonals.shape[:-2], -1)
        places = _checked(_places, first, last, *size, align)
        if not flat.shape[-1]:
            return (np.broadcast_to(padding, (*flat.shape[:-1], *size)).copy(),)
        return (np.where(places >= 0, flat[..., np.maximum(places, 0)], padding).astype(diagonals.dtype),)

    rows, columns = _int(num_rows), _int(num_cols)
    shape = (*lead, None if rows in (None, -1) else rows, None if columns in (None, -1) else columns)
    operands = [x, tensor(b, k), tensor(b, num_rows, "int32"), tensor(b, num_cols, "int32"), _scalar(b, padding_value, x.dtype)]
    return b.host("diag", compute, operands, [(shape, x.dtype)], pure=True)[0]


@tf("linalg.set_diag", "raw_ops.MatrixSetDiag", "raw_ops.BatchMatrixSetDiag", "raw_ops.MatrixSetDiagV3")
def set_diag(b: Builder, input_: Operand, diagonal: Operand, k: Operand = 0, align: str = "RIGHT_LEFT") -> Value:
    """Matrices with other diagonals."""
    x, y, given = tensor(b, input_), tensor(b, diagonal), _known(k)
    rows, columns = x.shape[-2:]
    if given is None or rows is None or columns is None:

        def compute(matrix: Array, diagonals: Array, k: Array) -> tuple[Array]:
            first, last = span(k)
            row, column = _checked(offsets, first, last, *matrix.shape[-2:], align)
            made, rows = matrix.copy(), diagonals[..., None, :] if first == last else diagonals
            if rows.shape[-2:] != row.shape:
                raise InferenceError(f"diagonals {first} to {last} of shape {diagonals.shape} in matrices of shape {matrix.shape}")
            made[..., row[row >= 0], column[row >= 0]] = rows[..., row >= 0]
            return (made,)

        return b.host("set_diag", compute, [x, y, tensor(b, k)], [(x.shape, x.dtype)], pure=True)[0]
    low, high = span(given)
    return _filled(b, y, low, high, rows, columns, align, x)


def _left(function: Callable[..., Value]) -> Callable[..., Value]:
    """The second versions of these ops, in which all diagonals begin at the left."""

    def rule(b: Builder, x: Operand, *operands: Operand) -> Value:
        return function(b, x, *operands, align="LEFT_LEFT")

    return rule


enter(_left(diag_part), "raw_ops.MatrixDiagPartV2")
enter(_left(diag), "raw_ops.MatrixDiagV2")
enter(_left(set_diag), "raw_ops.MatrixSetDiagV2")


@tf("raw_ops.Diag", "linalg.tensor_diag")
def tensor_diag(b: Builder, diagonal: Operand) -> Value:
    """A tensor of twice the axes, with these elements where both halves of the place are the same."""
    x = tensor(b, diagonal)
    dims = b.dims(x)
    made = diag(b, b.reshape(x, [-1]))
    return b.reshape(made, [*dims, *dims], (*x.shape, *x.shape))


@tf("raw_ops.DiagPart", "linalg.tensor_diag_part")
def tensor_diag_part(b: Builder, input_: Operand) -> Value:
    """The elements of a tensor where both halves of the place are the same."""
    x = tensor(b, input_)
    half = x.rank // 2
    if x.rank % 2 or not x.rank or any(None not in (m, n) and m != n for m, n in zip(x.shape[:half], x.shape[half:], strict=True)):
        raise ModelError(f"the diagonal of a tensor of shape {x.shape}")
    dims = b.dims(x)[:half]
    lengths = [d for d in dims if isinstance(d, int)]
    count = int(np.prod(lengths)) if len(lengths) == half else None
    flat = b.reshape(x, [count, count]) if count is not None else _square(b, x, dims)
    return b.reshape(diag_part(b, flat), dims, x.shape[:half])


def _square(b: Builder, x: Value, dims: list[int | Value]) -> Value:
    count = b.ReduceProd(b.vector(dims), b.ints([0]), keepdims=1)
    return b.reshape(x, [count, count], (None, None))


# -- bands ------------------------------------------------------------------------------------------------------------


@tf("linalg.band_part", "raw_ops.MatrixBandPart", "raw_ops.BatchMatrixBandPart")
def band_part(b: Builder, input_: Operand, num_lower: Operand, num_upper: Operand) -> Value:
    """The diagonal with this many others below and above it, zeros elsewhere; a number below 0 is all."""
    x, lower, upper = tensor(b, input_), _int(num_lower), _int(num_upper)
    if lower is not None and upper is not None:
        y = x if upper < 0 else b.Trilu(x, b.const(upper), upper=0)
        return y if lower < 0 else b.Trilu(y, b.const(-lower), upper=1)
    rows, columns = (b.Range(b.const(0), b.reshape(b.vector([b.dim(x, axis)]), []), b.const(1)) for axis in (-2, -1))
    above = b.Sub(b.unsqueeze(columns, 0), b.unsqueeze(rows, 1))
    inside = []
    for bound, distance in ((num_lower, b.Neg(above)), (num_upper, above)):
        limit = b.cast(b.reshape(tensor(b, bound), []), "int64")
        inside.append(b.Or(b.Less(limit, 0), b.LessOrEqual(distance, limit)))
    return b.Where(b.And(*inside), x, b.const(np.zeros((), dtypes.to_numpy(x.dtype)), x.dtype))
