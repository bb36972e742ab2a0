"""Functions of numbers of `keras.backend`: element by element, comparisons, reductions.

Semantics: keras/backend/tensorflow_backend.py of Keras 1.2.2 to 2.3.1, keras/backend.py of 2.15. What other releases have under the same
name is the same, unless a function says otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.functions.formats import chosen, comes_first
from loadstone.lowering.functions.rows import renamed, rows
from loadstone.lowering.keras.activations import hard_sigmoid_2, relu, softmax
from loadstone.lowering.keras.ops_reduce import REDUCTIONS
from loadstone.lowering.tensorflow.symbols import Operand, alike, axes_of, axis_of, enter, rule, tensor, tf

ONE = "abs cos exp log round sign sin square tanh"
NN = "sigmoid softplus softsign"
TWO = {"pow": "x a", **dict.fromkeys("equal not_equal greater greater_equal less less_equal maximum minimum".split(), "x y")}
REDUCE = "max min sum prod logsumexp"

rows("keras.backend.", {name: f"math.{name} x" for name in ONE.split()})
rows("keras.backend.", {name: f"nn.{name} x" for name in NN.split()})
rows("keras.backend.", {name: f"math.{name} {operands}" for name, operands in TWO.items()})
rows("keras.backend.", {"lesser": "math.less x y", "lesser_equal": "math.less_equal x y"})  # as Keras 1 had them
rows("keras.backend.", {name: f"math.reduce_{name} x axis=None keepdims=False" for name in REDUCE.split()})
rows(
    "keras.backend.",
    {
        "cumprod": "math.cumprod x axis=0",
        "cumsum": "math.cumsum x axis=0",
        "l2_normalize": "math.l2_normalize x axis=None",
    },
)

# -- element by element -----------------------------------------------------------------------------------------------


@tf("keras.backend.sqrt")
def sqrt(b: Builder, x: Operand) -> Value:
    """The square root; 0 of what is negative."""
    y = tensor(b, x)
    return b.Sqrt(b.Max(y, 0))


@tf("keras.backend.clip")
def clip(b: Builder, x: Operand, min_value: Operand, max_value: Operand) -> Any:
    """x between two bounds, which may be tensors; None is no bound, and the lower one counts where the upper is less."""
    if isinstance(min_value, (int, float)) and isinstance(max_value, (int, float)):
        max_value = max(min_value, max_value)
    y = tensor(b, x)
    if not dtypes.is_float(y.dtype) and (min_value is None or max_value is None):
        raise UnsupportedAttribute(f"keras.backend.clip of {y.dtype} with one bound")
    return rule("clip_by_value").function(b, y, -np.inf if min_value is None else min_value, np.inf if max_value is None else max_value)


@tf("keras.backend.relu")
def relu_of(b: Builder, x: Operand, alpha: Operand = 0.0, max_value: Operand = None, threshold: Operand = 0.0) -> Value:
    """max_value for x >= max_value, x for threshold <= x < max_value, else alpha (x - threshold)."""
    if any(isinstance(v, Value) and v.const is None for v in (alpha, max_value, threshold)):
        raise UnsupportedAttribute("keras.backend.relu with a parameter that is computed")
    number = [float(v.array()) if isinstance(v, Value) else v for v in (alpha, max_value, threshold)]
    return relu(b, tensor(b, x), *number)


@tf("keras.backend.elu")
def elu(b: Builder, x: Operand, alpha: float = 1.0) -> Value:
    """x, or alpha (exp(x) - 1) below 0."""
    y = tensor(b, x)
    if isinstance(alpha, Value):
        return b.Where(b.Greater(y, 0), y, b.Mul(b.Elu(y), tensor(b, alpha, y.dtype)))
    return b.Elu(y, alpha=float(alpha))


@tf("keras.backend.hard_sigmoid")
def hard_sigmoid(b: Builder, x: Operand) -> Value:
    """clip(0.2 x + 0.5, 0, 1), in every release."""
    return hard_sigmoid_2(b, tensor(b, x))


@tf("keras.backend.softmax")
def softmax_of(b: Builder, x: Operand, axis: Operand = -1) -> Value:
    """exp(x) over its sum along an axis."""
    y = tensor(b, x)
    if y.rank < 2:
        raise UnsupportedAttribute(f"keras.backend.softmax of a tensor of shape {y.shape}, which Keras refuses too")
    if isinstance(axis, (list, tuple)):
        axes = axes_of(list(axis), y.rank)
        shifted = b.Exp(b.Sub(y, b.ReduceMax(y, b.ints(axes), keepdims=1)))
        return b.Div(shifted, b.ReduceSum(shifted, b.ints(axes), keepdims=1))
    return softmax(b, y, axis_of(axis, y.rank))


# -- reductions -------------------------------------------------------------------------------------------------------


def _as_numbers(b: Builder, x: Operand) -> Value:
    y = tensor(b, x)
    return b.cast(y, "float32") if y.dtype == "bool" else y


@tf("keras.backend.mean")
def mean(b: Builder, x: Operand, axis: Operand = None, keepdims: Any = False) -> Any:
    """The mean along axes; flags count as 0 and 1, and that of integers is an integer."""
    return rule("math.reduce_mean").function(b, _as_numbers(b, x), axis, keepdims)


def _spread(name: str) -> Any:
    def function(b: Builder, x: Operand, axis: Operand = None, keepdims: Any = False) -> Value:
        y = _as_numbers(b, x)
        if not dtypes.is_float(y.dtype):
            raise UnsupportedAttribute(f"keras.backend.{name.lower()} of {y.dtype}")
        return REDUCTIONS[name](b, y, axes_of(axis, y.rank), bool(keepdims))

    return function


enter(_spread("Std"), "keras.backend.std")
enter(_spread("Var"), "keras.backend.var")


def _flags(name: str) -> Any:
    def function(b: Builder, x: Operand, axis: Operand = None, keepdims: Any = False, *, era: Era | None = None) -> Value:
        """Flags, which Keras 1 gives as numbers of uint8."""
        y: Value = rule(f"math.reduce_{name}").function(b, b.cast(tensor(b, x), "bool"), axis, keepdims)
        return b.cast(y, "uint8") if era is not None and era.version < (2,) else y

    return function


enter(_flags("any"), "keras.backend.any")
enter(_flags("all"), "keras.backend.all")


def _place(name: str) -> Any:
    def function(b: Builder, x: Operand, axis: Operand = -1) -> Any:
        return rule(f"math.{name}").function(b, x, axis)

    return function


enter(_place("argmax"), "keras.backend.argmax")
enter(_place("argmin"), "keras.backend.argmin")


def _in_top_k(b: Builder, predictions: Operand, targets: Operand, k: Operand) -> Any:
    return rule("math.in_top_k").function(b, targets, predictions, k)


enter(renamed(_in_top_k, "predictions", "targets", "k"), "keras.backend.in_top_k")


@tf("keras.backend.bias_add")
def bias_add(b: Builder, x: Operand, bias: Operand, data_format: str | None = None, *, era: Era | None = None) -> Value:
    """x (batch, ..., channels) plus a number for each channel, or for each element of a sample.

    A bias of a sample's rank lies with its channels last, also where those of x come first.
    """
    y, offset = alike(b, x, bias)
    first = y.rank > 2 and comes_first(chosen(data_format, None, era))
    if offset.rank == 1 and first:
        offset = b.unsqueeze(offset, *range(1, y.rank - 1))
    elif offset.rank > 1 and offset.rank != y.rank - 1:
        raise UnsupportedAttribute(f"keras.backend.bias_add of a bias of shape {offset.shape} to a tensor of shape {y.shape}")
    elif offset.rank > 1 and first:
        offset = b.reshape(offset, [b.dim(offset, -1), *b.dims(offset)[:-1]])  # as Keras does
    return b.Add(y, offset)
