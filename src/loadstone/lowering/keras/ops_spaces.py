"""Functions of `keras.ops` that put numbers at even distances between two ends.

Semantics and dtypes: keras/src/backend/tensorflow/numpy.py of Keras 3, and `linspace_nd` in TensorFlow's math_ops.py: both ends are
exact, what lies between is start + i (stop - start) / (num - 1). Ends of integers are subtracted as such and divided as floats.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsafeContent, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_binary import WEAK
from loadstone.lowering.keras.ops_shape import static_axis
from loadstone.lowering.keras.promotion import kind_of, result_type
from loadstone.lowering.registry import keras_op

MOST = 1 << 26  # elements that are made in Python
_SPACED = "num endpoint dtype axis"


def _end(b: Builder, x: Any, dtype: str) -> Value:
    return b.cast(x, dtype) if isinstance(x, Value) else b.const(np.asarray(x), dtype)


def _quotient(b: Builder, x: Value, by: int) -> Value:
    """x / by as TensorFlow divides: integers as float32, those of 32 bits and more as float64."""
    if not dtypes.is_float(x.dtype):
        x = b.cast(x, "float64" if x.dtype in ("int32", "int64", "uint32") else "float32")
    return b.Div(x, by)


def _spaced(b: Builder, layer: Layer, start: Any, stop: Any) -> Value:
    config = layer.config
    num, dtype = int(config.get("num", 50)), config.get("dtype")
    if num < 0:
        raise ModelError(f"{layer.class_name} with num={num}")
    if num > MOST:
        raise UnsafeContent(f"{layer.class_name} with num={num}")
    dtype = str(dtype) if dtype else result_type(kind_of(start), kind_of(stop), "float")
    first, last = _end(b, start, dtype), _end(b, stop, dtype)
    if not config.get("endpoint", True) and num > 1:
        step = _quotient(b, b.Sub(last, first), num)
        last = b.Sub(b.cast(last, step.dtype), step)
        first = b.cast(first, step.dtype)
    ends = _between(b, first, last, num, int(config.get("axis", 0)))
    return b.cast(b.Floor(ends) if dtypes.is_integer(dtype) else ends, dtype)


def _between(b: Builder, first: Value, last: Value, num: int, axis: int) -> Value:
    """num elements from first to last along a new axis."""
    axis = static_axis(axis, max(first.rank, last.rank) + 1)
    delta = _quotient(b, b.Sub(last, first), max(num - 1, 1))
    first, last = (b.cast(v, delta.dtype) for v in (first, last))
    if first.shape != last.shape or None in delta.shape:  # both as long as the longer of the two
        lengths = b.Shape(delta)
        first, last = (b.Expand(v, lengths, out_shape=delta.shape) for v in (first, last))
    first, delta, last = (b.unsqueeze(v, axis) for v in (first, delta, last))
    if num < 2:
        return b.slice(first, axis, 0, num)
    parts = [first, last]
    if num > 2:
        steps = b.unsqueeze(b.const(np.arange(1, num - 1), delta.dtype), *(i for i in range(delta.rank) if i != axis))
        parts.insert(1, b.Add(first, b.Mul(delta, steps)))
    return b.Concat(*parts, axis=axis)


@keras_op("Linspace", options=f"{_SPACED} retstep")
def linspace(b: Builder, layer: Layer, start: Any, stop: Any) -> Value:
    """num numbers from start to stop."""
    if layer.config.get("retstep"):
        raise UnsupportedAttribute("Linspace with retstep=True, whose step is no tensor of a model")
    return _spaced(b, layer, start, stop)


def _power(b: Builder, base: float, exponents: Value) -> Value:
    base_value = b.cast(b.const(np.asarray(base)), exponents.dtype)
    return WEAK["Power"](b, base_value, exponents)


@keras_op("Logspace", options=f"{_SPACED} base")
def logspace(b: Builder, layer: Layer, start: Any, stop: Any) -> Value:
    """The powers of a base whose exponents are spaced evenly."""
    return _power(b, layer.config.get("base", 10), _spaced(b, layer, start, stop))


@keras_op("Geomspace", options=_SPACED)
def geomspace(b: Builder, layer: Layer, start: Any, stop: Any) -> Value:
    """num numbers from start to stop, each the one before times one factor; in float32 unless the config has a dtype."""
    dtype = str(layer.config.get("dtype") or "float32")
    if not dtypes.is_float(dtype):
        raise ModelError(f"Geomspace with dtype={dtype!r}; a float is needed")
    ends = []
    for end in (start, stop):
        value = end if isinstance(end, Value) else b.const(np.asarray(end), "float32" if isinstance(end, float) else "int32")
        if value.dtype == "bool" or value.dtype.startswith("uint"):
            raise ModelError(f"Geomspace of {value.dtype}")
        ends.append(value)
    logs = [b.Div(b.Log(b.cast(b.Abs(end), dtype)), log(10)) for end in ends]
    return b.Mul(_power(b, 10, _spaced(b, layer, *logs)), b.Sign(b.cast(ends[0], dtype)))


def _counted(b: Builder, layer: Layer, start: Any, stop: Any, step: Any) -> Value:
    """Numbers between ends that are known only at run time."""
    shapes = [x.shape for x in (start, stop, step) if isinstance(x, Value)]
    if any(shapes):
        raise UnsupportedAttribute(f"Arange of ends of shapes {shapes}")
    dtype = str(layer.config.get("dtype") or result_type(*(kind_of(x) for x in (start, stop, step) if x is not None)))
    wide = dtype if dtype in ("float32", "float64") else "int64"
    if wide == "int64" and not dtypes.is_integer(dtype):
        raise UnsupportedAttribute(f"Arange of {dtype} of ends that are computed")
    ends = [0, start] if stop is None else [start, stop]
    values = [b.reshape(b.cast(x, wide), []) if isinstance(x, Value) else b.const(x, wide) for x in [*ends, 1 if step is None else step]]
    return b.cast(b.Range(*values), dtype)


@keras_op("Arange", options="dtype")
def arange(b: Builder, layer: Layer, start: Any, stop: Any = None, step: Any = None) -> Value:
    """Numbers from start (0) up to stop, which is not among them."""
    if any(isinstance(x, Value) and x.const is None for x in (start, stop, step)):
        return _counted(b, layer, start, stop, step)
    kinds = [kind_of(x) for x in (start, stop, step) if x is not None]
    first, last = (0, start) if stop is None else (start, stop)
    dtype = str(layer.config.get("dtype") or result_type(*kinds))
    numbers = [x.array().item() if isinstance(x, Value) else x for x in (first, last, 1 if step is None else step)]
    if numbers[2] and (numbers[1] - numbers[0]) / numbers[2] > MOST:
        raise UnsafeContent(f"Arange of {numbers}")
    return b.const(np.arange(*numbers), dtype)
