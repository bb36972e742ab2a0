"""numpy's functions of numbers, on tensors: element by element, and reductions.

https://numpy.org/doc/stable/reference/ufuncs.html. Formulas are those of `tf.math`, in the dtypes that numpy has. `out`, `where` and other
arguments that are not listed are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.numpy_promotion import array, floating, promoted, summed
from loadstone.lowering.keras.ops_reduce import REDUCTIONS, exact_sum, flag_reduction
from loadstone.lowering.tensorflow.reductions import product
from loadstone.lowering.tensorflow.symbols import Operand, axes_of, axis_of, enter, rule, tf

FLOATING = {
    "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan", "arctanh": "atanh", "cos": "cos",
    "cosh": "cosh", "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "sin": "sin", "sinh": "sinh", "sqrt": "sqrt",
    "tan": "tan", "tanh": "tanh",
}  # fmt: skip
KEEPING = {"abs": "abs", "absolute": "abs", "negative": "negative", "positive": "identity", "sign": "sign", "square": "square"}
ROUNDING = {
    "ceil": "ceil",
    "fabs": "abs",
    "floor": "floor",
    "reciprocal": "reciprocal",
    "rint": "rint",
    "round": "round",
    "around": "round",
}
PREDICATES = {"isfinite": "is_finite", "isinf": "is_inf", "isnan": "is_nan"}
TWO = {"add": "add", "subtract": "subtract", "multiply": "multiply", "floor_divide": "floordiv", "mod": "floormod", "remainder": "floormod"}
FLOATING_TWO = {"divide": "divide", "true_divide": "divide", "arctan2": "atan2"}
COMPARING = {
    "equal": "equal", "not_equal": "not_equal", "greater": "greater", "greater_equal": "greater_equal", "less": "less",
    "less_equal": "less_equal",
}  # fmt: skip


def _one(target: str, prepared: Callable[[Builder, Value], Value]) -> Any:
    def function(b: Builder, x: Operand) -> Any:
        return rule(f"math.{target}" if target != "identity" else "identity").function(b, prepared(b, array(b, x)))

    return function


def _numbers(b: Builder, x: Value) -> Value:
    if x.dtype == "bool":
        raise UnsupportedAttribute("a function of numbers of numpy's, of flags")
    return x


def _floats(b: Builder, x: Value) -> Value:
    if not dtypes.is_float(x.dtype):
        raise UnsupportedAttribute(f"a rounding function of numpy's, of {x.dtype}, whose result depends on the release of numpy")
    return x


for _table, _prepared in ((FLOATING, floating), (KEEPING, _numbers), (ROUNDING, _floats), (PREDICATES, floating)):
    for _name, _target in _table.items():
        enter(_one(_target, _prepared), f"numpy.{_name}")


def _two(target: str, real: bool) -> Any:
    def function(b: Builder, x1: Operand, x2: Operand) -> Any:
        one, other = promoted(b, [x1, x2])
        if one.dtype == "bool" and target not in COMPARING.values():
            raise UnsupportedAttribute("arithmetic of numpy's, of flags")
        if real:
            one, other = (v if dtypes.is_float(v.dtype) else b.cast(v, "float64") for v in (one, other))
        return rule(f"math.{target}").function(b, one, other)

    return function


for _table, _real in ((TWO, False), (FLOATING_TWO, True), (COMPARING, False)):
    for _name, _target in _table.items():
        enter(_two(_target, _real), f"numpy.{_name}")


@tf("numpy.power")
def power(b: Builder, x1: Operand, x2: Operand) -> Any:
    """x1 ** x2 of floats."""
    one, other = promoted(b, [x1, x2])
    if not dtypes.is_float(one.dtype):
        raise UnsupportedAttribute(f"numpy.power of {one.dtype}")
    return rule("math.pow").function(b, one, other)


def _extreme(kind: str, propagates: bool) -> Any:
    def function(b: Builder, x1: Operand, x2: Operand) -> Value:
        one, other = promoted(b, [x1, x2])
        if one.dtype == "bool":
            return b.Or(one, other) if kind == "Max" else b.And(one, other)
        y: Value = b.op(kind, one, other)
        if not dtypes.is_float(one.dtype):
            return y
        if propagates:
            return b.Where(b.IsNaN(one), one, b.Where(b.IsNaN(other), other, y))
        return b.Where(b.IsNaN(one), other, b.Where(b.IsNaN(other), one, y))

    return function


for _name, _kind, _propagates in (("maximum", "Max", True), ("minimum", "Min", True), ("fmax", "Max", False), ("fmin", "Min", False)):
    enter(_extreme(_kind, _propagates), f"numpy.{_name}")


def _logical(kind: str) -> Any:
    def function(b: Builder, x1: Operand, x2: Operand) -> Value:
        return b.op(kind, *(b.cast(array(b, x), "bool") for x in (x1, x2)))

    return function


for _name, _kind in (("logical_and", "And"), ("logical_or", "Or"), ("logical_xor", "Xor")):
    enter(_logical(_kind), f"numpy.{_name}")


@tf("numpy.logical_not")
def logical_not(b: Builder, x: Operand) -> Value:
    """Where x is 0."""
    return b.Not(b.cast(array(b, x), "bool"))


@tf("numpy.clip")
def clip(b: Builder, a: Operand, a_min: Operand = None, a_max: Operand = None) -> Value:
    """x between bounds, of which one may be None; the upper one counts where it is less."""
    bounds = [x for x in (a_min, a_max) if x is not None]
    x, *limits = promoted(b, [a, *bounds])
    if a_min is not None:
        x = b.Max(x, limits.pop(0))
    return b.Min(x, limits[0]) if limits else x


@tf("numpy.where")
def where(b: Builder, condition: Operand, x: Operand = None, y: Operand = None) -> Value:
    """x where the condition holds, else y."""
    if x is None or y is None:
        raise UnsupportedAttribute("numpy.where of a condition alone")
    one, other = promoted(b, [x, y])
    return b.Where(b.cast(array(b, condition), "bool"), one, other)


# -- reductions -------------------------------------------------------------------------------------------------------


def _reduction(name: str) -> Any:
    def function(b: Builder, a: Operand, axis: Operand = None, dtype: str | None = None, keepdims: Any = False) -> Value:
        x = array(b, a)
        if dtype is not None:
            x = b.cast(x, str(dtype))
        axes, keep = axes_of(list(axis) if isinstance(axis, tuple) else axis, x.rank), bool(keepdims)
        if name in ("Sum", "Prod"):
            x = b.cast(x, dtype or summed(x.dtype))
            return exact_sum(b, x, axes, keep) if name == "Sum" else product(b, x, axes, keep)
        return REDUCTIONS[name](b, x if dtypes.is_float(x.dtype) else b.cast(x, "float64"), axes, keep)

    return function


for _name in ("Sum", "Prod", "Mean"):
    enter(_reduction(_name), f"numpy.{_name.lower()}")


def _spread(name: str) -> Any:
    def function(b: Builder, a: Operand, axis: Operand = None, ddof: int = 0, keepdims: Any = False) -> Value:
        if ddof:
            raise UnsupportedAttribute(f"numpy.{name.lower()} with ddof={ddof}")
        return _reduction(name)(b, a, axis, None, keepdims)  # type: ignore[no-any-return]

    return function


enter(_spread("Std"), "numpy.std")
enter(_spread("Var"), "numpy.var")


def _extremes(name: str) -> Any:
    def function(b: Builder, a: Operand, axis: Operand = None, keepdims: Any = False) -> Value:
        x = array(b, a)
        return REDUCTIONS[name](b, x, axes_of(list(axis) if isinstance(axis, tuple) else axis, x.rank), bool(keepdims))

    return function


enter(_extremes("Amax"), "numpy.max", "numpy.amax")
enter(_extremes("Amin"), "numpy.min", "numpy.amin")
enter(_extremes("All"), "numpy.all")
enter(_extremes("Any"), "numpy.any")


def _place(kind: str) -> Any:
    def function(b: Builder, a: Operand, axis: Operand = None, keepdims: Any = False) -> Value:
        """Places of extremes as int64; a NaN is the most extreme."""
        x = array(b, a)
        if axis is None:
            if keepdims:
                raise UnsupportedAttribute(f"numpy.{kind.lower()} with keepdims=True and no axis")
            x, at = b.reshape(x, [-1]), 0
        else:
            at = axis_of(axis, x.rank)
        keep = int(bool(keepdims))
        x = b.cast(x, "int32") if x.dtype == "bool" else x
        y: Value = b.op(kind, x, axis=at, keepdims=keep)
        if not dtypes.is_float(x.dtype):
            return y
        missing = b.IsNaN(x)
        first = b.ArgMax(b.cast(missing, "int32"), axis=at, keepdims=keep)
        return b.Where(flag_reduction("ReduceMax")(b, missing, [at], bool(keepdims)), first, y)

    return function


enter(_place("ArgMax"), "numpy.argmax")
enter(_place("ArgMin"), "numpy.argmin")


def _running(name: str) -> Any:
    def function(b: Builder, a: Operand, axis: Operand = None) -> Any:
        x = array(b, a)
        x = b.cast(x, summed(x.dtype))
        return rule(f"math.{name}").function(b, b.reshape(x, [-1]) if axis is None else x, 0 if axis is None else axis)

    return function


enter(_running("cumsum"), "numpy.cumsum")
enter(_running("cumprod"), "numpy.cumprod")


@tf("numpy.linalg.norm")
def norm(b: Builder, x: Operand, ord: Any = None, axis: Operand = None, keepdims: Any = False) -> Value:
    """The length of vectors along axes: the root of the sum of squares, the sum or the largest of magnitudes."""
    y = array(b, x)
    y = y if dtypes.is_float(y.dtype) else b.cast(y, "float64")
    axes, keep = axes_of(list(axis) if isinstance(axis, tuple) else axis, y.rank), bool(keepdims)
    if ord is None or ord == 2 and len(axes) == 1:
        return b.Sqrt(REDUCTIONS["Sum"](b, b.Mul(y, y), axes, keep))
    if len(axes) == 1 and ord in (1, np.inf):
        return REDUCTIONS["Sum" if ord == 1 else "Amax"](b, b.Abs(y), axes, keep)
    raise UnsupportedAttribute(f"numpy.linalg.norm with ord={ord!r} over {len(axes)} axes")
