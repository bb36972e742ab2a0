"""Products of tensors as functions of `keras.ops`.

Semantics and dtypes: keras/src/backend/tensorflow/numpy.py of Keras 3. Integers are multiplied as floats and
cast back, as the TensorFlow backend does.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.core import einsum
from loadstone.lowering.keras.ops_shape import moved, static_axis, times
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.keras.promotion import kind_of, promoted, result_type, strong_values
from loadstone.lowering.registry import keras_op


def _in_floats(b: Builder, operands: Sequence[Any], result: str | None = None) -> tuple[list[Value], str]:
    """Operands as floats of one dtype, and the dtype that the result is to have."""
    values = [x if isinstance(x, Value) else strong_values(b, [x])[0] for x in operands]
    result = result or result_type(*map(kind_of, values))
    return [b.cast(x, result_type(result, "float")) for x in values], result


@keras_op("Matmul")
def matmul(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """x1 @ x2 as numpy has it."""
    eight = all(isinstance(x, Value) and x.dtype == "int8" and x.rank > 1 for x in (x1, x2))
    (x, y), dtype = _in_floats(b, [x1, x2])
    return b.cast(b.MatMul(x, y), "int32" if eight else dtype)


def tensordot(b: Builder, x: Value, y: Value, left: Sequence[int], right: Sequence[int]) -> Value:
    """Sums over pairs of axes; the rest of x, then of y."""
    letters = iter(ascii_letters)
    of_x = [next(letters) for _ in range(x.rank)]
    of_y = [next(letters) for _ in range(y.rank)]
    for i, j in zip(left, right, strict=True):
        of_y[j] = of_x[i]
    result = [c for i, c in enumerate(of_x) if i not in left] + [c for j, c in enumerate(of_y) if j not in right]
    return einsum(b, f"{''.join(of_x)},{''.join(of_y)}->{''.join(result)}", x, y)


@keras_op("Dot")
def dot(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """Sums over the last axis of x1 and the last but one of x2 (the last of a vector)."""
    (x, y), dtype = _in_floats(b, [x1, x2])
    if not x.rank or not y.rank:
        return b.cast(b.Mul(x, y), dtype)
    return b.cast(tensordot(b, x, y, [x.rank - 1], [max(y.rank - 2, 0)]), dtype)


@keras_op("Tensordot", options="axes")
def tensordot_op(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """Sums over the last axes of x1 and the first of x2, or over pairs of axes."""
    (x, y), dtype = _in_floats(b, [x1, x2])
    axes = layer.config.get("axes", 2)
    if isinstance(axes, int):
        left, right = list(range(x.rank - axes, x.rank)), list(range(axes))
    else:
        left, right = [static_axis(a, x.rank) for a in flatten([axes[0]])], [static_axis(a, y.rank) for a in flatten([axes[1]])]
    return b.cast(tensordot(b, x, y, left, right), dtype)


@keras_op("Inner")
def inner(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """Sums over the last axes of both."""
    (x, y), dtype = _in_floats(b, [x1, x2])
    if not x.rank or not y.rank:
        return b.cast(b.Mul(x, y), dtype)
    return b.cast(tensordot(b, x, y, [x.rank - 1], [y.rank - 1]), dtype)


@keras_op("Vdot")
def vdot(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """The sum of all products of elements."""
    (x, y), dtype = _in_floats(b, [x1, x2])
    return b.cast(b.ReduceSum(b.Mul(b.reshape(x, [-1]), b.reshape(y, [-1])), keepdims=0), dtype)


@keras_op("Outer")
def outer(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """Each element of x1 times each of x2, both laid flat."""
    x, y = strong_values(b, [x1, x2])
    return _each(b, b.reshape(x, [-1, 1]), b.reshape(y, [1, -1]))


def _each(b: Builder, x: Value, y: Value) -> Value:
    return b.And(x, y) if x.dtype == "bool" else b.Mul(x, y)


@keras_op("Kron")
def kron(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """Each element of x1 times x2, side by side."""
    x, y = strong_values(b, [x1, x2])
    rank = max(x.rank, y.rank)
    x, y = (b.unsqueeze(v, *range(rank - v.rank)) for v in (x, y))
    product = _each(b, b.unsqueeze(x, *range(1, 2 * rank, 2)), b.unsqueeze(y, *range(0, 2 * rank, 2)))
    return b.reshape(product, [times(b, [b.dim(x, i), b.dim(y, i)]) for i in range(rank)])


@keras_op("Cross", options="axisa axisb axisc axis")
def cross(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """The cross product of vectors of three elements; a missing third one is 0."""
    config = layer.config
    axis = config.get("axis")
    ends = [axis if axis is not None else config.get(key, -1) for key in ("axisa", "axisb", "axisc")]
    x, y = promoted(b, [v if isinstance(v, Value) else strong_values(b, [v])[0] for v in (x1, x2)])
    x, y = moved(b, x, ends[0], -1), moved(b, y, ends[1], -1)
    widths = {x.shape[-1], y.shape[-1]}
    if widths in ({None}, {None, 2}):
        raise UnsupportedAttribute(f"Cross of vectors of shapes {x.shape} and {y.shape}, whose lengths decide the rank of the result")
    parts = [[b.slice(_padded(b, v), v.rank - 1, i, i + 1) for i in range(3)] for v in (x, y)]
    made = [b.Sub(b.Mul(parts[0][i], parts[1][j]), b.Mul(parts[0][j], parts[1][i])) for i, j in ((1, 2), (2, 0), (0, 1))]
    if widths == {2}:
        return b.squeeze(made[2], -1)
    return moved(b, b.Concat(*made, axis=-1), -1, ends[2])


def _padded(b: Builder, x: Value) -> Value:
    """Vectors with a 0 behind them, from which three elements are taken."""
    if x.shape[-1] == 3:
        return x
    return b.Concat(x, b.zeros([*b.dims(x)[:-1], 1], x.dtype), axis=-1)


@keras_op("Einsum", options="subscripts", raw=True)
def einsum_op(walk: Any, layer: Layer, call: Any) -> Any:
    """Sums of products of any operands, as the subscripts say."""
    from loadstone.lowering.keras.walk import Traced

    b, operands = walk.b, flatten(list(call.arguments.values()))
    values, dtype = _in_floats(b, operands, "int32" if all(getattr(x, "dtype", None) == "int8" for x in operands) else None)
    equation = explicit(layer.config["subscripts"], [x.rank for x in values])
    y = einsum(b, equation, *values) if len(values) == 2 else b.Einsum(*values, equation=equation)
    return Traced(b.cast(y, dtype))


def explicit(subscripts: str, ranks: Sequence[int]) -> str:
    """Subscripts with the result spelt out, and letters in place of the ellipsis."""
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ModelError(f"{len(ranks)} operands for the subscripts {subscripts!r}")
    if not arrow:
        result = ("..." if "..." in left else "") + "".join(sorted(c for c in set(left) - {",", "."} if left.count(c) == 1))
    unused = [c for c in ascii_letters if c not in subscripts]
    widths = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True) if "..." in term]
    stand = "".join(unused[: max(widths, default=0)])
    filled = [t.replace("...", stand[len(stand) - (r - len(t.replace("...", ""))) :]) for t, r in zip(terms, ranks, strict=True)]
    return f"{','.join(filled)}->{result.replace('...', stand)}"


@keras_op("CDist")
def cdist(b: Builder, layer: Layer, x: Any, y: Any) -> Value:
    """Euclidean distances of the rows of x from those of y."""
    x, y = strong_values(b, [x, y])
    delta = b.Sub(b.unsqueeze(x, -2), b.unsqueeze(y, -3))
    return b.Sqrt(as_float(b, b.ReduceSum(b.Mul(delta, delta), b.ints([-1]), keepdims=0)))
