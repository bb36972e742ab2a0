"""Tables of vectors as functions of `keras.ops`: powers, correlations, covariances; Bessel's function; bits taken for other numbers.

Semantics: keras/src/backend/tensorflow/numpy.py of Keras 3.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.attention import counted
from loadstone.lowering.keras.eigen_eigh import Array
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.keras.promotion import result_type
from loadstone.lowering.registry import keras_op


@keras_op("Vander", options="N increasing")
def vander(b: Builder, layer: Layer, x: Value) -> Value:
    """The powers N - 1 to 0 of each element (0 to N - 1 if increasing) along a new axis; N is the first length where there is none."""
    count, wide = layer.config.get("N"), result_type(x.dtype, "float32")
    powers = b.cast(counted(b, b.dim(x, 0) if count is None else int(count)), wide)
    powers = powers if layer.config.get("increasing") else b.slice(powers, 0, -1, None, -1)
    return b.cast(b.Pow(b.cast(b.unsqueeze(x, x.rank), wide), powers), x.dtype)


def _centred(b: Builder, x: Value) -> tuple[Value, Value]:
    """x without its means along the last axis, and how many elements these are of."""
    count = b.cast(b.reshape(b.vector([b.dim(x, -1)]), []), x.dtype)
    total = b.ReduceSum(x, b.ints([-1]), keepdims=1)
    return b.Sub(x, b.Div(total, count)), count


@keras_op("Corrcoef")
def corrcoef(b: Builder, layer: Layer, x: Value) -> Value:
    """The correlations of the rows of a matrix; int64 has means of int64 and correlations of float64."""
    if x.rank == 0:
        return b.const(np.nan, "float32")
    if x.rank == 1:
        raise ModelError("Corrcoef of a vector, which Keras refuses too")
    x, count = _centred(b, x if x.dtype == "int64" else as_float(b, x))
    product = b.MatMul(x, b.transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2]))
    if x.dtype == "int64":
        product, count = b.cast(product, "float64"), b.cast(count, "float64")
    table = b.full(b.dims(product), np.nan, product.dtype) if x.shape[-1] == 1 else b.Div(product, b.Sub(count, 1))
    squares = b.cast(b.ReduceSum(b.Mul(x, x), b.ints([-1]), keepdims=0), table.dtype)
    deviation = b.Sqrt(b.Div(squares, b.Sub(count, 1)))
    rank = deviation.rank
    pairs = b.Mul(b.unsqueeze(deviation, *range(rank, 2 * rank)), b.unsqueeze(deviation, *range(rank)))
    ratio = b.Div(table, pairs)
    clipped = b.Min(b.Max(ratio, -1), 1)
    return b.Where(b.IsNaN(ratio), ratio, clipped)


@keras_op("Cov")
def cov(b: Builder, layer: Layer, x: Value) -> Value:
    """The covariances of the rows of a matrix; one number for a vector, or for one row."""
    if x.rank > 2:
        raise ModelError(f"Cov of a tensor of shape {x.shape}; at most a matrix is needed")
    dtype = "float64" if x.dtype == "int64" else result_type(x.dtype, "float")
    if x.rank == 0:
        return b.const(np.nan, dtype)
    x = b.cast(x, dtype)
    x = b.unsqueeze(x, 0) if x.rank == 1 else x
    centred, count = _centred(b, x)
    y = b.MatMul(centred, b.transpose(centred, [1, 0]))
    y = b.full(b.dims(y), np.nan, dtype) if x.shape[1] == 1 else b.Div(y, b.Sub(count, 1))
    return b.reshape(y, []) if x.shape[0] == 1 else y


@keras_op("I0")
def bessel_i0(b: Builder, layer: Layer, x: Value) -> Value:
    """Bessel's modified function of order 0; int64 gives float64, other integers float32."""
    x = b.cast(x, "float64" if x.dtype == "int64" else x.dtype if dtypes.is_float(x.dtype) else "float32")
    wide = b.cast(x, "float64")
    return b.cast(b.host("I0", _i0, [wide], [(x.shape, "float64")], does=layer)[0], x.dtype)


def _i0(a: Array) -> tuple[Array]:
    with np.errstate(all="ignore"):
        return (np.asarray(np.where(np.isfinite(a), np.i0(np.where(np.isfinite(a), a, 0)), np.nan)),)


@keras_op("View", options="dtype")
def view(b: Builder, layer: Layer, x: Value) -> Value:
    """The bits of x as numbers of another dtype; the last axis is as much longer or shorter as these are smaller or larger."""
    dtype = str(layer.config.get("dtype") or x.dtype)
    if dtype == x.dtype and dtype != "bool":
        return x
    if "bool" in (dtype, x.dtype):
        raise ModelError(f"View of {x.dtype} as {dtype}")
    before, after = (dtypes.to_numpy(d).itemsize for d in (x.dtype, dtype))
    if before != after and not x.rank:
        raise ModelError(f"View of one {x.dtype} as {dtype}")
    last = x.shape[-1] if x.rank else None
    if last is not None and last * before % after:
        raise ModelError(f"View of a tensor of shape {x.shape} and dtype {x.dtype} as {dtype}")
    shape = x.shape if before == after else (*x.shape[:-1], None if last is None else last * before // after)
    from_half, to_half = x.dtype == "bfloat16", dtype == "bfloat16"

    def compute(a: Array) -> tuple[Array]:
        a = np.asarray(a, order="C")
        bits = (a.view(np.uint32) >> 16).astype(np.uint16) if from_half else a
        seen = bits.view(np.uint16 if to_half else dtypes.to_numpy(dtype))
        return ((seen.astype(np.uint32) << 16).view(np.float32) if to_half else seen,)

    given = b.cast(x, "float32") if from_half else x
    made = b.host("View", compute, [given], [(shape, "float32" if to_half else dtype)])[0]
    return b.cast(made, dtype)
