"""Functions of `keras.ops` that choose between values, or say where something holds.

Semantics: keras/src/backend/tensorflow/numpy.py, core.py and nn.py of Keras 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.promotion import as_values, constant, strong_values
from loadstone.lowering.registry import keras_op


@keras_op("Where")
def where(b: Builder, layer: Layer, condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, else x2; without them the places where it holds, a vector for each axis."""
    flag = condition if isinstance(condition, Value) else b.const(np.asarray(condition))
    if x1 is None or x2 is None:
        return _places(b, flag)
    return b.Where(b.cast(flag, "bool"), *as_values(b, [x1, x2]))


@keras_op("Nonzero")
def nonzero(b: Builder, layer: Layer, x: Value) -> list[Value]:
    """The places of elements that are not zero, a vector of int32 for each axis."""
    return _places(b, x)


def _places(b: Builder, x: Value) -> list[Value]:
    found = b.cast(b.NonZero(b.cast(x, "bool")), "int32")
    return [b.squeeze(b.slice(found, 0, i, i + 1), 0) for i in range(x.rank)]


@keras_op("Clip", options="x_min x_max")
def clip(b: Builder, layer: Layer, x: Value) -> Value:
    """x between two bounds, which are numbers or arrays."""
    x = b.cast(x, "int32") if x.dtype == "bool" else x
    for kind, key in (("Min", "x_max"), ("Max", "x_min")):
        bound = layer.config[key]
        bound = bound["config"]["value"] if isinstance(bound, dict) else bound
        x = b.op(kind, x, constant(b, bound, x.dtype))
    return x


@keras_op("NanToNum", options="nan posinf neginf")
def nan_to_num(b: Builder, layer: Layer, x: Value) -> Value:
    """Numbers in the place of NaN and of both infinities."""
    if not dtypes.is_float(x.dtype):
        return x
    high, low = (layer.config.get(key) for key in ("posinf", "neginf"))
    x = b.Where(b.IsNaN(x), float(layer.config.get("nan", 0.0)), x)
    x = b.Where(b.Equal(x, np.inf), largest(x.dtype) if high is None else float(high), x)
    return b.Where(b.Equal(x, -np.inf), -largest(x.dtype) if low is None else float(low), x)


def largest(dtype: str) -> float:
    """The largest finite number of a float dtype."""
    return 3.3895313892515355e38 if dtype == "bfloat16" else float(np.finfo(dtypes.to_numpy(dtype)).max)


@keras_op("IsIn", options="assume_unique invert")
def is_in(b: Builder, layer: Layer, x1: Any, x2: Any) -> Value:
    """Whether each element of the first is among those of the second."""
    x, among = strong_values(b, [x1, x2])
    same = b.cast(b.Equal(b.unsqueeze(x, x.rank), b.reshape(among, [-1])), "int32")
    found = b.cast(b.ReduceMax(same, b.ints([-1]), keepdims=0), "bool")
    some = b.Greater(b.Size(among), 0)  # no element is among none, and Keras does not invert that
    return b.And(b.Not(found) if layer.config.get("invert") else found, some)


@keras_op("Isclose", options="rtol atol equal_nan")
def isclose(
    b: Builder, layer: Layer, x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Value:  # fmt: skip
    """|x1 - x2| <= atol + rtol |x2|; integers are to be equal."""
    x, y = strong_values(b, [x1, x2])
    if not dtypes.is_float(x.dtype):
        return b.Equal(x, y)
    near = b.LessOrEqual(b.Abs(b.Sub(x, y)), b.Add(b.Mul(b.Abs(y), rtol), atol))
    return b.Or(near, b.And(b.IsNaN(x), b.IsNaN(y))) if equal_nan or layer.config.get("equal_nan") else near


@keras_op("Digitize")
def digitize(b: Builder, layer: Layer, x: Value, bins: Any) -> Value:
    """How many of the ascending bins are not above each element, as int32."""
    wide = "float32" if x.dtype != "float64" else "float64"
    edges = b.cast(bins, wide) if isinstance(bins, Value) else b.const(np.asarray(bins), wide)
    above = b.Not(b.Less(b.unsqueeze(b.cast(x, wide), x.rank), b.reshape(edges, [-1])))  # NaN is above all
    return b.ReduceSum(b.cast(above, "int32"), b.ints([-1]), keepdims=0)


@keras_op("SearchSorted", options="side")
def search_sorted(b: Builder, layer: Layer, sorted_sequence: Any, values: Any) -> Value:
    """Where each value would go in an ascending vector, before equal ones or (side "right") behind them, as int32."""
    row, x = strong_values(b, [sorted_sequence, values])
    wide = b.unsqueeze(x, x.rank)
    behind = b.Not(b.Less(wide, row)) if layer.config.get("side") == "right" else b.Greater(wide, row)
    return b.ReduceSum(b.cast(behind, "int32"), b.ints([-1]), keepdims=0)


def _numpy_type(operands: Sequence[Any]) -> str:
    """The dtype that TensorFlow's numpy gives operands: Python's numbers count as int64 and float64 where nothing else does."""
    kinds = list(dict.fromkeys(x.dtype for x in operands if isinstance(x, Value)))
    if len(kinds) > 1 and "bfloat16" in kinds:
        raise UnsupportedAttribute(f"Select among {', '.join(kinds)}")
    strong = kinds[0] if len(kinds) == 1 else np.result_type(*(dtypes.to_numpy(kind) for kind in kinds)).name if kinds else "bool"
    numbers = [x for x in operands if not isinstance(x, Value)]
    if any(isinstance(x, float) for x in numbers) and not dtypes.is_float(strong):
        return "float64"
    return "int64" if strong == "bool" and any(not isinstance(x, bool) for x in numbers) else strong


@keras_op("Select")
def select(b: Builder, layer: Layer, condlist: Any, choicelist: Any, default: Any = 0) -> Value:
    """The choice of the first condition that holds, else the default."""
    dtype = _numpy_type([*choicelist, default])
    choices = [b.cast(x, dtype) if isinstance(x, Value) else constant(b, x, dtype) for x in [*choicelist, default]]
    y = choices[-1]
    for flag, choice in reversed(list(zip(condlist, choices[:-1], strict=True))):
        y = b.Where(b.cast(flag, "bool"), choice, y)
    return y
