"""Functions of `keras.ops` that give no tensor, take functions, or make tensors of a shape alone.

Semantics: keras/src/ops/core.py and numpy.py of Keras 3 with the TensorFlow backend. Functions of the user's come as Python callables of
Values; a loop is written out step by step, where the number of steps is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.backend_control import MOST_STEPS, chosen_of, mapped, stacked, steps_of
from loadstone.lowering.functions.keras_3_functions import ALIASES
from loadstone.lowering.functions.keras_ops import as_tensor
from loadstone.lowering.tensorflow.counts import bounded, count
from loadstone.lowering.tensorflow.symbols import Operand, number, rule, tf


def op(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the function is the rule for these functions of `keras.ops`, under all their names."""
    aliases = [alias for alias, name in ALIASES.items() if name in names]
    return tf(*(f"keras.ops.{name}" for name in [*names, *aliases]))


# -- of a tensor ------------------------------------------------------------------------------------------------------


@op("shape")
def shape(b: Builder, x: Operand) -> tuple[int | Value, ...]:
    """The lengths of the axes: numbers where they are known, else scalars of int32."""
    y = as_tensor(b, x)
    return tuple(d if isinstance(d, int) else b.reshape(b.cast(d, "int32"), []) for d in b.dims(y))


@op("dtype")
def dtype(b: Builder, x: Operand) -> str:
    """The name of the dtype."""
    return as_tensor(b, x).dtype


@op("is_tensor")
def is_tensor(b: Builder, x: Any) -> bool:
    """Whether it is a tensor."""
    return isinstance(x, Value)


@op("convert_to_numpy")
def convert_to_numpy(b: Builder, x: Any) -> np.ndarray:
    """The numbers of a constant."""
    y = as_tensor(b, x)
    if y.const is None:
        raise UnsupportedAttribute("keras.ops.convert_to_numpy of a tensor that is computed")
    return y.array()


# -- with functions ---------------------------------------------------------------------------------------------------


@op("cond")
def cond(b: Builder, pred: Operand, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What the one or the other function gives; both are computed, and must be alike."""
    flag = b.cast(as_tensor(b, pred), "bool")
    if flag.const is not None:
        return true_fn() if flag.array().all() else false_fn()
    if flag.rank:
        raise ModelError(f"keras.ops.cond by a tensor of shape {flag.shape}")
    return chosen_of(b, flag, true_fn(), false_fn(), "keras.ops.cond")


@op("map", "vectorized_map")
def map_of(b: Builder, f: Callable[..., Any], xs: Any) -> Any:
    """The function of each slice along the first axis, side by side."""
    return mapped(b, f, xs, "keras.ops.map")


@op("scan")
def scan(
    b: Builder, f: Callable[..., Any], init: Any, xs: Any = None, length: Any = None, reverse: Any = False, unroll: Any = 1
) -> tuple[Any, Any]:
    """The last carry, and what each step gives beside it, side by side in the order of xs."""
    if xs is None:
        parts: list[Any] = [None] * int(number(length, "length"))
    else:
        parts = steps_of(b, xs, "keras.ops.scan")
    if not 0 < len(parts) <= MOST_STEPS:
        raise UnsupportedAttribute(f"keras.ops.scan of {len(parts)} steps")
    outputs, carry = [], init
    for part in parts[::-1] if reverse else parts:
        carry, y = f(carry, part)
        outputs.append(y)
    if outputs[0] is None:
        return carry, None
    return carry, stacked(b, outputs[::-1] if reverse else outputs)


@op("while_loop")
def while_loop(
    b: Builder, cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: Operand = None
) -> Any:  # fmt: skip
    """The body as long as the condition holds, which must be known without running the model."""
    found = rule("while_loop").function(b, cond, body, loop_vars, None, maximum_iterations)
    return tuple(found) if isinstance(loop_vars, (list, tuple)) else found


@op("switch")
def switch(b: Builder, index: Operand, branches: Any, *operands: Any) -> Any:
    """What the branch of this number gives, the first or last for one beyond; the number must be known."""
    place = int(number(index, "the index of a branch"))
    return branches[min(max(place, 0), len(branches) - 1)](*operands)


@op("fori_loop")
def fori_loop(b: Builder, lower: Operand, upper: Operand, body_fun: Callable[..., Any], init_val: Any) -> Any:
    """body_fun(place, value) from lower to below upper."""
    first, end = int(number(lower, "a bound of a loop")), int(number(upper, "a bound of a loop"))
    if end - first > MOST_STEPS:
        raise UnsupportedAttribute(f"keras.ops.fori_loop of {end - first} steps")
    value = map_structure(lambda x: as_tensor(b, x), init_val)
    for place in range(first, end):
        value = body_fun(place, value)
    return value


# -- of a shape -------------------------------------------------------------------------------------------------------


def _filled(name: str) -> Any:
    def function(b: Builder, shape: Operand, dtype: str | None = None) -> Any:
        return rule(name).function(b, shape, str(dtype or "float32"))

    return function


op("zeros", "empty")(_filled("zeros"))
op("ones")(_filled("ones"))


def _sides(rows: Operand, columns: Operand) -> tuple[int, int]:
    one = count(rows, "a matrix")
    other = one if columns is None else count(columns, "a matrix")
    bounded("a matrix", one, other)
    return one, other


@op("eye")
def eye(b: Builder, N: Operand, M: Operand = None, k: Operand = 0, dtype: str | None = None) -> Value:
    """Ones on a diagonal, the one k above the main one."""
    rows, columns = _sides(N, M)
    made = np.eye(rows, columns, int(number(k, "k")))
    return b.const(made, str(dtype or "float32"))


@op("identity")
def identity(b: Builder, n: Operand, dtype: str | None = None) -> Any:
    """Ones on the diagonal of a square."""
    return eye(b, n, None, 0, dtype)


def _window(function: Callable[..., np.ndarray]) -> Any:
    def made(b: Builder, x: Operand) -> Value:
        return b.const(function(count(x, "a window")), "float32")

    return made


for _name, _window_of in (("bartlett", np.bartlett), ("blackman", np.blackman), ("hamming", np.hamming), ("hanning", np.hanning)):
    op(_name)(_window(_window_of))


@op("kaiser")
def kaiser(b: Builder, x: Operand, beta: Operand) -> Value:
    """A window by Bessel functions."""
    return b.const(np.kaiser(count(x, "a window"), float(number(beta, "beta"))), "float32")


@op("tri")
def tri(b: Builder, N: Operand, M: Operand = None, k: Operand = 0, dtype: str | None = None) -> Value:
    """Ones at and below a diagonal."""
    rows, columns = _sides(N, M)
    made = np.tri(rows, columns, int(number(k, "k")))
    return b.const(made, str(dtype or "float32"))
