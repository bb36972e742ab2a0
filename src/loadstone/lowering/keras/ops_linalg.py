"""Decompositions of matrices, and what rests on them, as functions of `keras.ops`.

Semantics: keras/src/backend/tensorflow/linalg.py of Keras 3. ONNX has none of them: they are Python steps that take stacks of
matrices. QR has the signs of Householder reflections in TensorFlow and in LAPACK alike, `eigen_eigh` has those of Eigen. Vectors
of a singular value decomposition and of `eig` have no signs that this could reproduce: these are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import Array, eigh
from loadstone.lowering.keras.promotion import strong_values
from loadstone.lowering.registry import keras_op

_FLOATS = ("float32", "float64")
_AND_HALF = ("float16", *_FLOATS)


def given(b: Builder, layer: Layer, operands: Sequence[Any], dtypes: Sequence[str] = _FLOATS) -> list[Value]:
    """Matrices (or a vector beside them) in a dtype that TensorFlow decomposes."""
    values = [x if isinstance(x, Value) else strong_values(b, [np.asarray(x).tolist()])[0] for x in operands]
    if len({x.dtype for x in values}) > 1 or values[0].dtype not in dtypes:
        raise ModelError(f"{layer.class_name} of {', '.join(x.dtype for x in values)}, which TensorFlow cannot compute")
    if values[0].rank < 2:
        raise ModelError(f"{layer.class_name} of a tensor of shape {values[0].shape}, which holds no matrix")
    return values


def square(layer: Layer, x: Value) -> Value:
    rows, columns = x.shape[-2:]
    if rows != columns and rows is not None and columns is not None:
        raise ModelError(f"{layer.class_name} of matrices of {rows} rows and {columns} columns, which are not square")
    return x


def host(b: Builder, layer: Layer, values: Sequence[Value], shapes: Sequence[Shape], function: Callable[..., Any]) -> tuple[Value, ...]:
    """A Python step with results in the dtype of the operands; half precision is computed in float32."""
    dtype = values[0].dtype
    path, name = layer.path or layer.name, layer.class_name

    def compute(*arrays: Array) -> tuple[Array, ...]:
        try:
            with np.errstate(all="ignore"):
                results = function(*(a.astype("float32") if dtype == "float16" else a for a in arrays))
        except (np.linalg.LinAlgError, ArithmeticError) as error:
            raise InferenceError(f"{name} failed: {error}", where=path) from error
        return tuple(np.asarray(y, dtype, order="C") for y in (results if isinstance(results, tuple) else (results,)))

    return b.host(name, compute, list(values), [(shape, dtype) for shape in shapes], does=layer)


def _finite(x: Array, what: str) -> Array:
    if not np.isfinite(x).all():
        raise np.linalg.LinAlgError(f"{what} is not finite")
    return x


@keras_op("Cholesky", options="upper")
def cholesky(b: Builder, layer: Layer, x: Any) -> Value:
    """The lower factor of symmetric matrices, of which the lower triangle is read, or the upper one."""
    (x,) = given(b, layer, [x])
    upper = bool(layer.config.get("upper"))

    def factor(a: Array) -> Array:
        y = _finite(np.linalg.cholesky(a), "the factor")
        return np.swapaxes(y, -1, -2) if upper else y

    return host(b, layer, [square(layer, x)], [x.shape], factor)[0]


def _substituted(a: Array, y: Array, lower: bool) -> Array:
    """The x of a x = y, for triangular a: row after row; a 0 on the diagonal divides as floats do."""
    n = a.shape[-1]
    lead = np.broadcast_shapes(a.shape[:-2], y.shape[:-2])
    x = np.broadcast_to(y, (*lead, *y.shape[-2:])).copy()
    for i in range(n) if lower else range(n - 1, -1, -1):
        known = slice(0, i) if lower else slice(i + 1, n)
        x[..., i, :] -= (a[..., i : i + 1, known] @ x[..., known, :])[..., 0, :]
        x[..., i, :] /= a[..., i, i, None]
    return x


@keras_op("CholeskyInverse", options="upper")
def cholesky_inverse(b: Builder, layer: Layer, x: Any) -> Value:
    """The inverse of the matrix that has this Cholesky factor."""
    (x,) = given(b, layer, [x], _AND_HALF)
    upper = bool(layer.config.get("upper"))

    def inverse(a: Array) -> Array:
        y = _substituted(a, np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape), not upper)
        return y @ np.swapaxes(y, -1, -2) if upper else np.swapaxes(y, -1, -2) @ y

    return host(b, layer, [square(layer, x)], [x.shape], inverse)[0]


@keras_op("Eigh")
def eigenvectors(b: Builder, layer: Layer, x: Any) -> list[Value]:
    """Eigenvalues, ascending, and eigenvectors of symmetric matrices, of which the lower triangle is read."""
    (x,) = given(b, layer, [x])

    def decomposed(a: Array) -> tuple[Array, Array]:
        _finite(a, "the matrix")
        values, vectors = np.empty(a.shape[:-1], a.dtype), np.empty_like(a)
        for place in np.ndindex(a.shape[:-2]):
            values[place], vectors[place] = eigh(a[place])
        return values, vectors

    return list(host(b, layer, [square(layer, x)], [x.shape[:-1], x.shape], decomposed))


@keras_op("Inv")
def inv(b: Builder, layer: Layer, x: Any) -> Value:
    """The inverse."""
    (x,) = given(b, layer, [x], _AND_HALF)
    return host(b, layer, [square(layer, x)], [x.shape], lambda a: np.linalg.inv(_finite(a, "the matrix")))[0]


@keras_op("MatrixPower", options="n")
def matrix_power(b: Builder, layer: Layer, x: Any) -> Value:
    """Matrices times themselves, n times, by squaring; a negative n is that of the inverse."""
    n = int(layer.config["n"])
    (x,) = given(b, layer, [x], _AND_HALF if n < 0 else (*_AND_HALF, "bfloat16", "int32", "int64"))

    def power(a: Array) -> Array:
        base, rest = np.linalg.inv(_finite(a, "the matrix")) if n < 0 else a, abs(n)
        if rest == 1:
            return base
        result = np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
        while rest:
            result = _product(result, base) if rest % 2 else result
            base, rest = _product(base, base), rest // 2
        return result

    return host(b, layer, [square(layer, x)], [x.shape], power)[0]


def _product(x: Array, y: Array) -> Array:
    """x @ y; half precision is rounded once."""
    wide = "float32" if x.dtype.itemsize == 2 else x.dtype
    return np.asarray(x.astype(wide) @ y.astype(wide), x.dtype)


def _lu(a: Array) -> tuple[Array, Array]:
    """L (below the diagonal) and U of one matrix in one, and where each row of it came from."""
    a, order = a.copy(), np.arange(len(a))
    for i in range(len(a)):
        pivot = i + int(np.argmax(np.abs(a[i:, i])))
        if not abs(a[pivot, i]) > 0:
            raise np.linalg.LinAlgError("Singular matrix")
        a[[i, pivot]], order[[i, pivot]] = a[[pivot, i]], order[[pivot, i]]
        a[i + 1 :, i] /= a[i, i]
        a[i + 1 :, i + 1 :] -= np.outer(a[i + 1 :, i], a[i, i + 1 :])
    return a, order


@keras_op("LuFactor")
def lu_factor(b: Builder, layer: Layer, x: Any) -> list[Value]:
    """L and U in one matrix, and the place of each row in them as int32."""
    (x,) = given(b, layer, [x])
    if x.rank != 2:
        raise UnsupportedAttribute(f"LuFactor of a tensor of shape {x.shape}: TensorFlow computes it for one matrix alone")

    def factors(a: Array) -> tuple[Array, Array]:
        packed, order = _lu(_finite(a, "the matrix"))
        return packed, np.argsort(order)

    packed, order = host(b, layer, [square(layer, x)], [x.shape, x.shape[:-1]], factors)
    return [packed, b.cast(order, "int32")]


@keras_op("Qr", options="mode")
def qr(b: Builder, layer: Layer, x: Any) -> list[Value]:
    """Q and R with the signs of Householder reflections; mode "complete" has all columns of Q."""
    (x,) = given(b, layer, [x], _AND_HALF)
    (rows, columns), mode, lead = x.shape[-2:], layer.config.get("mode", "reduced"), x.shape[:-2]
    if mode not in ("reduced", "complete"):
        raise ModelError(f"Qr with mode={mode!r}")
    inner = rows if mode == "complete" else None if rows is None or columns is None else min(rows, columns)
    shapes: list[Shape] = [(*lead, rows, inner), (*lead, inner, columns)]
    return list(host(b, layer, [x], shapes, lambda a: tuple(np.linalg.qr(a, mode=mode))))


def _solving(b: Builder, layer: Layer, a: Any, y: Any, function: Callable[[Array, Array], Array]) -> Value:
    a, y = given(b, layer, [a, y], _AND_HALF)
    square(layer, a)
    if y.rank not in (a.rank, a.rank - 1):
        raise ModelError(f"{layer.class_name} of tensors of shapes {a.shape} and {y.shape}")
    vector = y.rank == a.rank - 1

    def solved(left: Array, right: Array) -> Array:
        return function(left, right[..., None])[..., 0] if vector else function(left, right)

    return host(b, layer, [a, y], [y.shape], solved)[0]


@keras_op("Solve", raw=True)
def solve(walk: Any, layer: Layer, call: Any) -> Any:
    """The x of a x = b, for matrices or vectors b."""
    return _traced(walk, layer, call, lambda a, y: np.linalg.solve(_finite(a, "the matrix"), y))


@keras_op("SolveTriangular", options="lower", raw=True)
def solve_triangular(walk: Any, layer: Layer, call: Any) -> Any:
    """The x of a x = b, where one triangle of a is read."""
    lower = bool(layer.config.get("lower"))
    return _traced(walk, layer, call, lambda a, y: _substituted(a, y, lower))


def _traced(walk: Any, layer: Layer, call: Any, function: Callable[[Array, Array], Array]) -> Any:
    from loadstone.lowering.keras.walk import Traced

    a, y = pair(call)
    return Traced(_solving(walk.b, layer, a, y, function))


def pair(call: Any) -> tuple[Any, Any]:
    """The operands a and b of a call (a rule's own first parameter is called b)."""
    operands = list(call.arguments.values())
    if len(operands) != 2:
        raise ModelError(f"{len(operands)} operands in place of two")
    return operands[0], operands[1]
