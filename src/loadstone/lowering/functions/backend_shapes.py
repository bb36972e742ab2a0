"""Functions of `keras.backend` that move elements about or make tensors: shapes, joining, repeating, picking, constants.

Semantics: keras/backend/tensorflow_backend.py of Keras 1.2.2 to 2.3.1, keras/backend.py of 2.15. Keras 1 named some arguments differently.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.functions.rows import renamed, rows
from loadstone.lowering.tensorflow.symbols import Operand, enter, lengths, number, rule, tensor, tf

FLOATX = "float32"

rows(
    "keras.backend.",
    {
        "cast": "cast x dtype",
        "concatenate": "concat tensors axis=-1",
        "expand_dims": "expand_dims x axis|dim=-1",
        "flatten": "reshape x shape=(-1,)",
        "gather": "gather reference indices",
        "identity": "identity x",
        "one_hot": "one_hot indices num_classes|nb_classes",
        "permute_dimensions": "transpose x pattern",
        "print_tensor": "identity x message=''",
        "reshape": "reshape x shape",
        "reverse": "reverse x axes",
        "shape": "shape x",
        "slice": "slice x start size",
        "stack": "stack x axis=0",
        "stop_gradient": "identity variables",
        "transpose": "transpose x",
    },
)

# -- shapes -----------------------------------------------------------------------------------------------------------


@tf("keras.backend.squeeze")
def squeeze(b: Builder, x: Operand, axis: Operand) -> Any:
    """x without one axis of length 1."""
    return rule("squeeze").function(b, x, axis)


@tf("keras.backend.batch_flatten")
def batch_flatten(b: Builder, x: Operand) -> Value:
    """(batch, elements) of (batch, ...)."""
    y = tensor(b, x)
    rest = [d for d in y.shape[1:] if d is not None]
    count = prod(rest) if len(rest) == y.rank - 1 else 0
    return b.reshape(y, [-1, count] if count else [b.dim(y, 0), -1])


@tf("keras.backend.repeat")
def repeat(b: Builder, x: Operand, n: Operand) -> Value:
    """(batch, n, features) of (batch, features)."""
    y = tensor(b, x)
    if y.rank != 2:
        raise ModelError(f"keras.backend.repeat of a tensor of shape {y.shape}")
    times = lengths(b, [n])
    shape = (y.shape[0], times[0] if isinstance(times[0], int) else None, y.shape[1])
    return b.op("Tile", b.unsqueeze(y, 1), b.vector([1, *times, 1]), out_shape=shape)


@tf("keras.backend.repeat_elements")
def repeat_elements(b: Builder, x: Operand, rep: Operand, axis: Operand) -> Any:
    """Each slice along an axis, `rep` times one behind the other."""
    return rule("repeat").function(b, x, int(number(rep, "rep")), axis)


@tf("keras.backend.tile")
def tile(b: Builder, x: Operand, n: Operand) -> Any:
    """x repeated along each axis; along the last ones, where n is short (Keras 2.3)."""
    y, times = tensor(b, x), lengths(b, n)
    return rule("tile").function(b, y, [*[1] * (y.rank - len(times)), *times])


# -- making -----------------------------------------------------------------------------------------------------------


@tf("keras.backend.arange")
def arange(b: Builder, start: Operand, stop: Operand = None, step: Operand = 1, dtype: str = "int32") -> Value:
    """Numbers from start to below stop; from 0 to below start, where that is all; none below 0.

    Numbers that are no integers stay float32 where dtype is int32, as Keras casts to others alone.
    """
    if stop is None and isinstance(start, (int, float)):
        start = max(start, 0)
    y: Value = rule("range").function(b, start, stop, step)
    return y if dtype == "int32" else b.cast(y, str(dtype))


@tf("keras.backend.constant")
def constant(b: Builder, value: Operand, dtype: str | None = None, shape: Operand = None) -> Value:
    """A constant of floats unless a dtype is given; one number fills the shape."""
    y = tensor(b, value) if isinstance(value, Value) else _made(b, value, dtype or FLOATX)
    if y.const is not None:
        y = b.cast(y, dtype or FLOATX)
    if isinstance(value, Value) and y.dtype != (dtype or FLOATX):
        raise UnsupportedAttribute(f"keras.backend.constant of a tensor of {y.dtype} as {dtype or FLOATX}")
    if shape is None:
        return y
    target = lengths(b, shape)
    sizes = [d for d in target if isinstance(d, int)]
    if len(sizes) != len(target) or None in y.shape:
        raise UnsupportedAttribute("keras.backend.constant of a shape that is computed")
    if prod(d or 0 for d in y.shape) == prod(sizes):
        return b.reshape(y, sizes)
    if prod(d or 0 for d in y.shape) != 1:
        raise ModelError(f"keras.backend.constant of a value of shape {y.shape} in the shape {sizes}")
    return b.Expand(b.reshape(y, []), b.ints(sizes), out_shape=tuple(sizes))


@tf("keras.backend.variable")
def variable(b: Builder, value: Operand, dtype: str | None = None) -> Value:
    """What a variable starts with: what a function makes is not trained."""
    if isinstance(value, Value) and value.const is None:
        raise UnsupportedAttribute("keras.backend.variable of a tensor that is computed")
    return tensor(b, value) if isinstance(value, Value) else _made(b, value, dtype or FLOATX)


def _made(b: Builder, value: Any, dtype: str) -> Value:
    y = tensor(b, value)
    return b.const(np.asarray(value), dtype) if y.const is not None else b.cast(y, dtype)


@tf("keras.backend.eye")
def eye(b: Builder, size: Operand, dtype: str | None = None) -> Any:
    """Ones on the diagonal of a square, or of (rows, columns)."""
    rows_and_columns = list(size) if isinstance(size, (list, tuple)) else [size, size]
    return rule("eye").function(b, *rows_and_columns, None, dtype or FLOATX)


def _filled(name: str) -> Any:
    def function(b: Builder, shape: Operand, dtype: str | None = None) -> Any:
        return rule(name).function(b, shape, dtype or FLOATX)

    return function


enter(_filled("zeros"), "keras.backend.zeros")
enter(_filled("ones"), "keras.backend.ones")


def _like(name: str) -> Any:
    def function(b: Builder, x: Operand, dtype: str | None = None, *, era: Era | None = None) -> Any:
        """In the dtype of x; floats for Keras 2.3 of its own, whatever x is."""
        y = tensor(b, x)
        if dtype is None and y.dtype != FLOATX and agreed(f"keras.backend.{name} of {y.dtype}", era, _is_keras_2_3):
            dtype = FLOATX
        return rule(name).function(b, y, dtype)

    return function


def _is_keras_2_3(era: Era) -> bool:
    return (2, 3) <= era.version < (2, 4) and not era.tf


enter(_like("zeros_like"), "keras.backend.zeros_like")
enter(_like("ones_like"), "keras.backend.ones_like")


@tf("keras.backend.cast_to_floatx")
def cast_to_floatx(b: Builder, x: Operand) -> Value:
    """x as float32."""
    return b.cast(tensor(b, x), FLOATX)


# -- what is known of a tensor ----------------------------------------------------------------------------------------


@tf("keras.backend.int_shape", "keras.backend.get_variable_shape")
def int_shape(b: Builder, x: Operand) -> tuple[int | None, ...]:
    """The shape, with None for a free length."""
    return tensor(b, x).shape


@tf("keras.backend.ndim")
def ndim(b: Builder, x: Operand) -> int:
    """The number of axes."""
    return tensor(b, x).rank


@tf("keras.backend.dtype")
def dtype_of(b: Builder, x: Operand) -> str:
    """The name of the dtype."""
    return tensor(b, x).dtype


@tf("keras.backend.count_params")
def count_params(b: Builder, x: Operand) -> int:
    """The number of elements."""
    y = tensor(b, x)
    if None in y.shape:
        raise UnsupportedAttribute(f"keras.backend.count_params of a tensor of shape {y.shape}")
    return prod(d or 0 for d in y.shape)


@tf("keras.backend.size")
def size(b: Builder, x: Operand) -> Any:
    """The number of elements, as int32."""
    return rule("size").function(b, x)


@tf("keras.backend.is_sparse")
def is_sparse(b: Builder, tensor_: Operand) -> bool:
    """False: what flows here is dense."""
    return False


enter(renamed(lambda b, x: tensor(b, x), "tensor"), "keras.backend.to_dense")
