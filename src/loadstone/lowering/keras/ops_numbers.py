"""Functions of numbers that ONNX lacks, vectors laid on diagonals, and statistics of vectors, of `keras.ops`.

Semantics: keras/src/backend/tensorflow/numpy.py of Keras 3. Data that decide a shape, and what ONNX has no form for, are Python steps.
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Dim, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.eigen_eigh import Array
from loadstone.lowering.keras.ops_binary import floor_divide, modulo
from loadstone.lowering.keras.ops_shape import moved
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.keras.promotion import result_type, strong_values
from loadstone.lowering.registry import keras_op


def _real(layer: Layer, x: Value) -> Value:
    if x.dtype.startswith("complex"):
        raise UnsupportedAttribute(f"{layer.class_name} of complex numbers")
    return x


@keras_op("AllClose", options="rtol atol equal_nan")
def all_close(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """Whether all elements are close, as one bool; integers and bools have to be equal."""
    x, y = strong_values(b, [x1, x2])
    near = b.Equal(x, y)
    if dtypes.is_float(x.dtype):
        limit = b.Add(b.Mul(b.Abs(y), float(layer.config.get("rtol", 1e-5))), float(layer.config.get("atol", 1e-8)))
        finite = b.And(b.Less(b.Abs(x), np.inf), b.Less(b.Abs(y), np.inf))
        near = b.Or(near, b.And(finite, b.LessOrEqual(b.Abs(b.Sub(x, y)), limit)))
        if layer.config.get("equal_nan"):
            near = b.Or(near, b.And(b.IsNaN(x), b.IsNaN(y)))
    axes = b.ints(range(near.rank))
    return b.cast(b.ReduceMin(b.cast(near, "int32"), axes, keepdims=0) if near.rank else near, "bool")


@keras_op("Angle")
def angle(b: Builder, layer: Layer, x: Value) -> Value:
    """Pi where x is negative, else 0."""
    x = as_float(b, _real(layer, x))
    return b.Where(b.Less(x, 0), b.const(pi, x.dtype), b.const(0, x.dtype))


@keras_op("Imag")
def imag(b: Builder, layer: Layer, x: Value) -> Value:
    """The imaginary parts: zeros of real numbers."""
    if not x.dtype.startswith("complex"):
        return b.full(b.dims(x), 0, x.dtype)
    made = "float32" if x.dtype == "complex64" else "float64"
    return b.host("imag", lambda z: (np.asarray(np.imag(z), made, order="C"),), [x], [(x.shape, made)])[0]


def _broadcast(x: Value, y: Value) -> tuple[Dim, ...]:
    rank = max(x.rank, y.rank)
    pairs = zip((1,) * (rank - x.rank) + x.shape, (1,) * (rank - y.rank) + y.shape, strict=True)
    return tuple(q if p == 1 else p if q == 1 or p is not None else q for p, q in pairs)


def _divisor(x: Array, y: Array) -> Array:
    x, y = np.broadcast_arrays(x, y)
    while y.any():
        rest = np.mod(x, np.where(y == 0, 1, y).astype(y.dtype))
        x, y = np.where(y != 0, y, x), np.where(y != 0, rest, 0).astype(y.dtype)
    return x


def _multiple(x: Array, y: Array) -> Array:
    divisor = _divisor(x, y)
    return np.where(divisor == 0, 0, x * (y // np.where(divisor == 0, 1, divisor).astype(x.dtype))).astype(x.dtype)


@keras_op("Gcd", "Lcm")
def divisors(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """The greatest common divisor, or the least common multiple, of integers."""
    x, y = strong_values(b, [x1, x2])
    if not dtypes.is_integer(x.dtype):
        raise ModelError(f"{layer.class_name} of {x.dtype}; integers are needed")
    function = _divisor if layer.class_name == "Gcd" else _multiple

    def compute(left: Array, right: Array) -> tuple[Array]:
        with np.errstate(all="ignore"):
            return (np.asarray(function(np.abs(left), np.abs(right)), order="C"),)

    return b.host(layer.class_name, compute, [x, y], [(_broadcast(x, y), x.dtype)])[0]


@keras_op("Nextafter")
def next_after(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """The float64 next to x1 towards x2, in the dtype of the result."""
    x, y = strong_values(b, [x1, x2])
    dtype = result_type(x.dtype, y.dtype, "float")
    x, y = b.cast(x, "float64"), b.cast(y, "float64")

    def compute(left: Array, right: Array) -> tuple[Array]:
        return (np.asarray(np.nextafter(left, right)),)

    return b.cast(b.host("Nextafter", compute, [x, y], [(_broadcast(x, y), "float64")])[0], dtype)


@keras_op("UnravelIndex", options="shape counts_from")
def unravel_index(b: Builder, layer: Layer, indices: Value) -> list[Value]:
    """Coordinates of flat indices. For tensors that are no vectors Keras took the lengths from the first on up to 3.15."""
    lengths = [int(n) for n in layer.config["shape"]]
    places = []
    for length in reversed(lengths) if indices.rank == 1 or layer.config.get("counts_from") == "last" else lengths:
        if length == 0:
            raise ModelError("UnravelIndex into an axis of length 0")
        divisor = b.const(length, indices.dtype)
        places.append(modulo(b, indices, divisor))
        indices = floor_divide(b, indices, divisor)
    return places[::-1]


@keras_op("Diag", "Diagflat", options="k")
def diag(b: Builder, layer: Layer, x: Value) -> Value:
    """A matrix with a vector on a diagonal, or the diagonal of a matrix; Diagflat takes all elements for a vector."""
    k = int(layer.config.get("k", 0))
    if layer.class_name == "Diagflat":
        x = b.reshape(x, [-1])
    if x.rank not in (1, 2):
        raise ModelError(f"Diag of a tensor of shape {x.shape}; a vector or a matrix is needed")
    side = None if x.shape[0] is None else x.shape[0] + abs(k)
    shape = (side, side) if x.rank == 1 else (None,)
    return b.host(layer.class_name, lambda a: (np.asarray(np.diag(a, k), order="C"),), [x], [(shape, x.dtype)])[0]


@keras_op("Trapezoid", options="x dx axis")
def trapezoid(b: Builder, layer: Layer, y: Value) -> Value:
    """The integral along an axis by trapezoids, of one width or between the places x."""
    y, axis = as_float(b, y), int(layer.config.get("axis", -1)) % y.rank
    means = b.Mul(b.Add(b.slice(y, axis, 1), b.slice(y, axis, 0, -1)), 0.5)
    widths: Any = float(layer.config.get("dx", 1.0))
    if layer.config.get("x") is not None:
        places = np.asarray(layer.config["x"]).astype(dtypes.to_numpy(y.dtype))
        given = int(layer.config.get("axis", -1))
        if not -places.ndim <= given < places.ndim:
            raise ModelError(f"Trapezoid along axis {given} with x of shape {places.shape}")
        # Keras puts the axis last in both before they meet
        widths = b.const(np.moveaxis(np.diff(places, axis=given), given, -1), y.dtype)
        means, axis = moved(b, means, axis, -1), means.rank - 1
    return b.ReduceSum(b.Mul(means, widths), b.ints([axis]), keepdims=0)


@keras_op("Correlate", options="mode padding")
def correlate(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """The cross-correlation of two vectors."""
    x, y = strong_values(b, [x1, x2])
    dtype = "float64" if x.dtype == "int64" else x.dtype if x.dtype in ("float16", "bfloat16", "float64") else "float32"
    mode, path = layer.config.get("mode", "valid"), layer.path or layer.name
    if x.rank != 1 or y.rank != 1 or mode not in ("full", "same", "valid"):
        raise ModelError(f"Correlate of shapes {x.shape} and {y.shape} with mode={mode!r}")
    inner = "float64" if dtype == "float64" else "float32"
    same = layer.config.get("padding") == "SAME"  # as TensorFlow pads convolutions; numpy's otherwise

    def compute(left: Array, right: Array) -> tuple[Array]:
        n, m = len(left), len(right)
        if not n or not m or (mode == "valid" and m > n):
            raise InferenceError(f"Correlate of {n} and {m} elements with mode={mode!r}", where=path)
        if mode == "valid":
            return (np.correlate(left, right, mode),)
        whole = np.correlate(left, right, "full")
        if mode == "same":
            start, length = (m // 2, n) if same else ((min(n, m) - 1) // 2, max(n, m))
        else:
            start, length = (m // 2 + (n - 1) // 2 - (n + m - 2) // 2 if same else 0), n + m - 1
        return (np.append(whole, whole.dtype.type(0))[start : start + length],)

    operands = [b.cast(b.cast(v, dtype), inner) for v in (x, y)]
    result = b.cast(b.host("Correlate", compute, operands, [((None,), inner)])[0], dtype)
    if not same or x.shape[0] is None or y.shape[0] is None:
        return result
    count = {"same": x.shape[0], "full": x.shape[0] + y.shape[0] - 1, "valid": x.shape[0] - y.shape[0] + 1}[str(mode)]
    return b.squeeze(result, 0) if count == 1 else result
