"""Functions of `keras.ops` along an axis that pass over NaN.

Semantics: keras/src/backend/tensorflow/numpy.py of Keras 3.
"""

from __future__ import annotations

import numpy as np

from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_order import argmax, argmin, cumprod, cumsum
from loadstone.lowering.keras.ops_reduce import axes_of, flag_reduction
from loadstone.lowering.registry import keras_op


@keras_op("Nanargmax", "Nanargmin", options="axis keepdims")
def place_of_seen(b: Builder, layer: Layer, x: Value) -> Value:
    """The place of the extreme element that is a number, as int32; -1 where none is."""
    largest = layer.class_name == "Nanargmax"
    place = argmax if largest else argmin
    if not dtypes.is_float(x.dtype):
        return place(b, layer, x)
    missing = b.IsNaN(x)
    none = flag_reduction("ReduceMin")(b, missing, axes_of(layer, x), bool(layer.config.get("keepdims")))
    found = place(b, layer, b.Where(missing, b.const(-np.inf if largest else np.inf, x.dtype), x))
    return b.Where(none, b.const(-1, "int32"), found)


@keras_op("Nancumsum", "Nancumprod", options="axis dtype")
def running_seen(b: Builder, layer: Layer, x: Value) -> Value:
    """Sums or products so far, without NaN; infinite elements count as the largest finite ones."""
    total = layer.class_name == "Nancumsum"
    if dtypes.is_float(x.dtype):
        ends = dtypes.to_numpy(x.dtype)
        top = float(np.finfo(ends).max) if x.dtype != "bfloat16" else 3.3895313892515355e38
        x = b.Where(b.IsNaN(x), b.const(0 if total else 1, x.dtype), x)
        x = b.Where(b.Equal(x, np.inf), b.const(top, x.dtype), b.Where(b.Equal(x, -np.inf), b.const(-top, x.dtype), x))
    return cumsum(b, layer, x) if total else cumprod(b, layer, x)
