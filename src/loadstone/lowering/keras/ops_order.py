"""Functions of `keras.ops` along an axis: places of extremes, running sums and orders.

Semantics: keras/src/backend/tensorflow/numpy.py and math.py of Keras 3.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_op


def along(b: Builder, layer: Layer, x: Value, default: int | None = None) -> tuple[Value, int]:
    """x and the axis of the config, or x laid flat where that is None."""
    axis = layer.config.get("axis", default)
    return (b.reshape(x, [-1]), 0) if axis is None else (x, int(axis) % x.rank)


def _position(kind: str, b: Builder, layer: Layer, x: Value) -> Value:
    whole, rank = layer.config.get("axis") is None, x.rank
    x, axis = along(b, layer, b.cast(x, "int32") if x.dtype == "bool" else x)
    keep = bool(layer.config.get("keepdims"))
    y = b.cast(b.op(kind, x, axis=axis, keepdims=int(keep and not whole)), "int32")
    return b.reshape(y, [1] * rank) if keep and whole else y


@keras_op("Argmax", options="axis keepdims")
def argmax(b: Builder, layer: Layer, x: Value) -> Value:
    """The place of the largest element, the first of several, as int32."""
    return _position("ArgMax", b, layer, x)


@keras_op("Argmin", options="axis keepdims")
def argmin(b: Builder, layer: Layer, x: Value) -> Value:
    """The place of the smallest element, the first of several, as int32."""
    return _position("ArgMin", b, layer, x)


def _running(b: Builder, layer: Layer, x: Value) -> tuple[Value, int]:
    dtype = layer.config.get("dtype")
    x = b.cast(x, str(dtype)) if dtype else x
    return along(b, layer, b.cast(x, "int32") if x.dtype == "bool" else x)


@keras_op("Cumsum", options="axis dtype")
def cumsum(b: Builder, layer: Layer, x: Value) -> Value:
    """Sums of the elements so far."""
    x, axis = _running(b, layer, x)
    return b.CumSum(x, b.const(axis))


@dataclass(frozen=True)
class RunningProduct:
    """Products of the elements so far along an axis."""

    axis: int

    def __call__(self, a: np.ndarray) -> tuple[np.ndarray]:
        """An array as long."""
        return (np.multiply.accumulate(a, self.axis, a.dtype),)


@keras_op("Cumprod", options="axis dtype")
def cumprod(b: Builder, layer: Layer, x: Value) -> Value:
    """Products of the elements so far: each step doubles how far back an element has looked; a free length is a Python step."""
    x, axis = _running(b, layer, x)
    length, reach = x.shape[axis], 1
    if length is None:
        if x.dtype == "bfloat16":
            raise UnsupportedAttribute("Cumprod of bfloat16 along an axis whose length is not known")
        return b.host("Cumprod", RunningProduct(axis), [x], [(x.shape, x.dtype)])[0]
    while reach < length:
        pads = [0] * (2 * x.rank)
        pads[axis] = reach
        x = b.Mul(x, b.Pad(b.slice(x, axis, 0, length - reach), b.ints(pads), b.const(1, x.dtype)))
        reach *= 2
    return x


def sorted_along(b: Builder, x: Value, axis: int, largest: bool = False) -> tuple[Value, Value]:
    """Elements in order along an axis, equal ones as they were, and their places as int64."""
    values, places = b.ops("TopK", x, b.vector([b.dim(x, axis)]), axis=axis, largest=int(largest), outputs=2)
    return values, places


@keras_op("Sort", options="axis")
def sort(b: Builder, layer: Layer, x: Value) -> Value:
    """Elements in ascending order."""
    x, axis = along(b, layer, x, -1)
    return b.cast(sorted_along(b, b.cast(x, "int32") if x.dtype == "bool" else x, axis)[0], x.dtype)


@keras_op("Argsort", options="axis")
def argsort(b: Builder, layer: Layer, x: Value) -> Value:
    """Places of the elements in ascending order, as int32."""
    x, axis = along(b, layer, b.cast(x, "int32") if x.dtype == "bool" else x, -1)
    return b.cast(sorted_along(b, x, axis)[1], "int32")


@keras_op("TopK", options="k sorted is_stable")
def top_k(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """The k largest elements of the last axis, largest first, and their places as int32."""
    k = layer.config["k"]
    if not layer.config.get("sorted", True) and k != 1 and k != x.shape[-1]:
        raise UnsupportedAttribute(f"TopK with sorted=False and k={k}: the order is that of TensorFlow's heap")
    values, places = b.ops("TopK", x, b.ints([k]), axis=x.rank - 1, outputs=2)
    return [values, b.cast(places, "int32")]
