"""Functions of `keras.ops` that make tensors, cast them, or take diagonals and differences.

Semantics: keras/src/backend/tensorflow/numpy.py, core.py and nn.py of Keras 3.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_index import indices_of, widened
from loadstone.lowering.keras.ops_join import as_scalar
from loadstone.lowering.keras.ops_reduce import exact_sum
from loadstone.lowering.keras.ops_shape import as_lengths, moved, shape_of, static_axis
from loadstone.lowering.keras.promotion import constant, strong_values
from loadstone.lowering.registry import keras_op


@keras_op("Cast", "SaturateCast", options="dtype")
def cast(b: Builder, layer: Layer, x: Any) -> Value:
    """x in another dtype; SaturateCast clips to what that holds."""
    dtype = str(layer.config["dtype"])
    if not isinstance(x, Value):
        return b.const(np.asarray(x), dtype)
    if layer.class_name == "SaturateCast" and x.dtype != "bool":
        low, high = (_limit(x.dtype, dtype, largest) for largest in (False, True))
        x = b.Max(b.Min(x, constant(b, high, x.dtype)), constant(b, low, x.dtype))
    if dtype == "uint32" and dtypes.is_float(x.dtype):
        x = b.cast(x, "int64")  # as processors do it, where the number is none of uint32
    return b.cast(x, dtype)


def _limit(of: str, to: str, largest: bool) -> Any:
    """The smallest or largest number that two dtypes hold, as `_saturate_cast` in keras/src/ops/core.py computes it with numpy 2.

    Where it rounds to one that `of` does not hold it wraps around, as there: int32 to float32 gives the smallest int32 throughout.
    """
    kinds = [dtypes.to_numpy(kind) for kind in (of, to)]
    ends = []
    for kind in kinds:
        info = ml_dtypes.iinfo(kind) if kind.kind in "iu" else None if kind.kind == "b" else ml_dtypes.finfo(kind)
        ends.append(int(largest) if info is None else info.max if largest else info.min)
    floats = [kind for kind in kinds if kind.kind not in "iub"]
    if not floats:
        return min(ends) if largest else max(ends)
    inner = floats[0] if len(floats) == 1 or floats[0] == floats[1] else np.dtype("float64")
    with np.errstate(all="ignore"):
        numbers = [np.asarray(end).astype(inner) for end in ends]
    number = (min if largest else max)(numbers)
    if of in ("int64", "uint64") and int(number) > ml_dtypes.iinfo(kinds[0]).max:
        return ml_dtypes.iinfo(kinds[0]).min
    return int(number) if kinds[0].kind in "iu" else number


@keras_op("ConvertToTensor", "Array", options="dtype sparse ragged")
def convert_to_tensor(b: Builder, layer: Layer, x: Any, dtype: Any = None) -> Value:
    """x, in another dtype if asked."""
    wanted = dtype or layer.config.get("dtype")
    value = x if isinstance(x, Value) else strong_values(b, [x])[0]
    return b.cast(value, str(wanted)) if wanted else value


def _like(b: Builder, layer: Layer, x: Value, value: float, dtype: Any) -> Value:
    return b.full(b.dims(x), value, str(dtype or layer.config.get("dtype") or x.dtype))


@keras_op("ZerosLike", "EmptyLike", options="dtype")
def zeros_like(b: Builder, layer: Layer, x: Value, dtype: Any = None) -> Value:
    """Zeros of the shape of x."""
    return _like(b, layer, x, 0, dtype)


@keras_op("OnesLike", options="dtype")
def ones_like(b: Builder, layer: Layer, x: Value, dtype: Any = None) -> Value:
    """Ones of the shape of x."""
    return _like(b, layer, x, 1, dtype)


@keras_op("FullLike", options="dtype")
def full_like(b: Builder, layer: Layer, x: Value, fill_value: Any, dtype: Any = None) -> Value:
    """One value (or a tensor that goes with it) in the shape of x."""
    value = (
        as_scalar(b, fill_value, str(dtype or layer.config.get("dtype") or x.dtype)) if not isinstance(fill_value, Value) else fill_value
    )
    return widened(b, b.cast(value, str(dtype or layer.config.get("dtype") or x.dtype)), b.dims(x))


@keras_op("Full", options="shape dtype")
def full(b: Builder, layer: Layer, fill_value: Any, shape: Any = None, dtype: Any = None) -> Value:
    """One value in a shape."""
    dtype = str(dtype or layer.config.get("dtype") or "float32")
    target = as_lengths(b, shape_of(shape if shape is not None else layer.config["shape"]))
    value = b.cast(fill_value, dtype) if isinstance(fill_value, Value) else b.const(fill_value, dtype)
    return widened(b, value, target)


@keras_op("OneHot", options="num_classes axis dtype sparse")
def one_hot(b: Builder, layer: Layer, x: Any) -> Value:
    """1 at the place that each element says, along a new axis; nothing where that place does not exist."""
    if layer.config.get("sparse"):
        raise UnsupportedAttribute("OneHot with sparse=True")
    count, axis = int(layer.config["num_classes"]), int(layer.config.get("axis", -1))
    classes = indices_of(b, x)
    hits = b.cast(b.Equal(b.unsqueeze(classes, classes.rank), b.ints(range(count))), str(layer.config.get("dtype") or "float32"))
    return hits if axis in (-1, classes.rank) else moved(b, hits, -1, axis)


@keras_op("MultiHot", options="num_classes num_tokens axis dtype sparse")
def multi_hot(b: Builder, layer: Layer, inputs: Value) -> Value:
    """1 at all places that the elements of the second axis (of a vector, the only one) say."""
    axis = 1 if inputs.rank > 1 else 0
    hits = one_hot(b, Layer("OneHot", layer.name, {**layer.config, "dtype": "int32"}, domain="keras.ops"), inputs)
    return b.cast(b.ReduceMax(hits, b.ints([axis]), keepdims=0), str(layer.config.get("dtype") or "float32"))


def _band(b: Builder, layer: Layer, x: Value, upper: int) -> Value:
    return b.Trilu(x, b.const(int(layer.config.get("k", 0))), upper=upper)


@keras_op("Tril", options="k")
def tril(b: Builder, layer: Layer, x: Value) -> Value:
    """Zeros above the k-th diagonal."""
    return _band(b, layer, x, 0)


@keras_op("Triu", options="k")
def triu(b: Builder, layer: Layer, x: Value) -> Value:
    """Zeros below the k-th diagonal."""
    return _band(b, layer, x, 1)


@keras_op("Diff", options="n axis")
def diff(b: Builder, layer: Layer, a: Value) -> Value:
    """Differences of neighbours along an axis, n times."""
    axis = static_axis(layer.config.get("axis", -1), a.rank)
    for _ in range(int(layer.config.get("n", 1))):
        later, sooner = b.slice(a, axis, 1), b.slice(a, axis, 0, -1)
        a = b.Xor(later, sooner) if a.dtype == "bool" else b.Sub(later, sooner)
    return a


@keras_op("Diagonal", options="offset axis1 axis2")
def diagonal(b: Builder, layer: Layer, x: Value) -> Value:
    """A diagonal of two axes, as the last axis."""
    return _diagonal(b, layer, x)


@keras_op("Trace", options="offset axis1 axis2")
def trace(b: Builder, layer: Layer, x: Value) -> Value:
    """The sum of a diagonal."""
    wider = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}
    diagonal = b.cast(_diagonal(b, layer, x), wider.get(x.dtype, x.dtype))
    return exact_sum(b, diagonal, [diagonal.rank - 1])


def _diagonal(b: Builder, layer: Layer, x: Value) -> Value:
    offset = int(layer.config.get("offset", 0))
    x = moved(b, x, [layer.config.get("axis1", 0), layer.config.get("axis2", 1)], [-2, -1])
    rows, columns = x.shape[-2:]
    if rows is None or columns is None:
        return _diagonal_of_any(b, x, offset)
    places = [r * columns + r + offset for r in range(rows) if 0 <= r + offset < columns]
    flat = b.reshape(x, [*b.dims(x)[:-2], rows * columns], (*x.shape[:-2], rows * columns))
    return b.Gather(flat, b.ints(places), axis=x.rank - 2)


def _diagonal_of_any(b: Builder, x: Value, offset: int) -> Value:
    """The same where the lengths of the two axes are known only at run time: in Python."""
    given = b.cast(x, "float32") if x.dtype == "bfloat16" else x

    def compute(a: np.ndarray) -> tuple[np.ndarray]:
        return (np.asarray(np.diagonal(a, offset, -2, -1), order="C"),)

    return b.cast(b.host("Diagonal", compute, [given], [((*x.shape[:-2], None), given.dtype)])[0], x.dtype)


@keras_op("Round", options="decimals")
def round_to(b: Builder, layer: Layer, x: Value) -> Value:
    """Rounded half to even, at a decimal place."""
    decimals = int(layer.config.get("decimals", 0))
    if not dtypes.is_float(x.dtype):
        if decimals >= 0:
            return x
        scaled = b.Mul(b.cast(x, "float32"), 10.0**decimals)
        return b.cast(b.Div(b.Round(scaled), 10.0**decimals), x.dtype)
    return b.Round(x) if not decimals else b.Div(b.Round(b.Mul(x, 10.0**decimals)), 10.0**decimals)


@keras_op("Ndim", "Size")
def count(b: Builder, layer: Layer, x: Value) -> Value:
    """The number of axes, or of elements, as int32."""
    return b.const(x.rank, "int32") if layer.class_name == "Ndim" else b.cast(b.Size(x), "int32")
