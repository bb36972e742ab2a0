"""The same elements in another shape, order or dtype.

Semantics: tensorflow/python/ops/array_ops.py and math_ops.py (`cast`). Shapes are int32 tensors at run time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_making import cast as keras_cast
from loadstone.lowering.keras.ops_shape import flipped
from loadstone.lowering.tensorflow.symbols import Operand, axes_of, axis_of, known, lengths, number, tensor, tf

# -- shapes -----------------------------------------------------------------------------------------------------------


@tf("reshape", "raw_ops.Reshape")
def reshape(b: Builder, tensor_: Operand, shape: Operand) -> Value:
    """x in another shape; -1 is what remains."""
    x = tensor(b, tensor_)
    return reshaped(b, x, lengths(b, shape))


def reshaped(b: Builder, x: Value, target: list[int | Value]) -> Value:
    """x in a shape one length of which may be -1."""
    fixed = [d for d in target if isinstance(d, int) and d != -1]
    if -1 in target and None not in x.shape and len(fixed) == len(target) - 1 and np.prod(fixed):
        rest = int(np.prod([d or 0 for d in x.shape])) // int(np.prod(fixed))
        target = [rest if isinstance(d, int) and d == -1 else d for d in target]
    free = sum(not isinstance(d, int) or d == -1 for d in target)
    if free > 1 and -1 in [d for d in target if isinstance(d, int)]:
        return b.op("Reshape", x, b.vector(target), out_shape=known(target))
    return b.reshape(x, target, known(target))


@tf("shape", "raw_ops.Shape")
def shape(b: Builder, input_: Operand, out_type: str | None = None, optimize: bool = True) -> Value:
    """The lengths of the axes, as int32."""
    x = tensor(b, input_)
    dims = b.dims(x)
    return b.cast(b.vector(dims) if dims else b.ints([]), out_type or "int32")


@tf("rank", "raw_ops.Rank")
def rank(b: Builder, input_: Operand) -> Value:
    """The number of axes, as int32."""
    return b.const(tensor(b, input_).rank, "int32")


@tf("size", "raw_ops.Size")
def size(b: Builder, input_: Operand, out_type: str | None = None) -> Value:
    """The number of elements, as int32."""
    x = tensor(b, input_)
    count = b.const(int(np.prod([d or 0 for d in x.shape]))) if None not in x.shape else b.Size(x)
    return b.cast(count, out_type or "int32")


@tf("expand_dims", "raw_ops.ExpandDims")
def expand_dims(b: Builder, input_: Operand, axis: Operand = None, dim: Operand = None) -> Value:
    """x with a new axis of length 1."""
    x = tensor(b, input_)
    return b.unsqueeze(x, axis_of(axis if axis is not None else -1 if dim is None else dim, x.rank + 1))


@tf("squeeze", "raw_ops.Squeeze")
def squeeze(b: Builder, input_: Operand, axis: Operand = None, squeeze_dims: Operand = None) -> Value:
    """x without some axes of length 1, or without all of them."""
    x = tensor(b, input_)
    gone = axis if axis is not None else squeeze_dims
    if gone is None or gone == []:
        if None in x.shape:
            raise UnsupportedAttribute(f"tf.squeeze of all axes of length 1 of a tensor of shape {x.shape}")
        return b.squeeze(x, *(i for i, d in enumerate(x.shape) if d == 1))
    return b.squeeze(x, *axes_of(gone, x.rank))


@tf("transpose", "raw_ops.Transpose")
def transpose(b: Builder, a: Operand, perm: Operand = None, conjugate: bool = False) -> Value:
    """x with its axes in this order, reversed where there is none."""
    x = tensor(b, a)
    return b.transpose(x, list(range(x.rank))[::-1] if perm is None else axes_of(perm, x.rank))


@tf("linalg.matrix_transpose", "linalg.adjoint")
def matrix_transpose(b: Builder, a: Operand, conjugate: bool = False) -> Value:
    """x with its last two axes exchanged."""
    x = tensor(b, a)
    return b.transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])


@tf("reverse", "raw_ops.ReverseV2")
def reverse(b: Builder, tensor_: Operand, axis: Operand) -> Value:
    """x backwards along axes."""
    x = tensor(b, tensor_)
    return flipped(b, x, axes_of(axis, x.rank))


@tf("roll", "raw_ops.Roll")
def roll(b: Builder, input_: Operand, shift: Operand, axis: Operand) -> Value:
    """Elements moved along axes; what leaves at the end comes in at the start."""
    x = tensor(b, input_)
    if isinstance(shift, Value) and shift.const is None:
        return _rolled(b, x, lengths(b, shift), axes_of(axis, x.rank))
    by = number(shift, "a shift")
    for one, step in zip(axes_of(axis, x.rank), by if isinstance(by, list) else [by], strict=True):
        length = x.shape[one]
        if length is None:
            x = _rolled(b, x, [step], [one])
        elif step % max(length, 1):
            step %= length
            x = b.Concat(b.slice(x, one, -step), b.slice(x, one, 0, -step), axis=one)
    return x


def _rolled(b: Builder, x: Value, steps: list[int | Value], axes: list[int]) -> Value:
    """Elements moved by distances that are known only at run time."""
    for axis, step in zip(axes, steps, strict=True):
        length = b.vector([b.dim(x, axis)])
        places = b.Sub(_counted(b, b.dim(x, axis)), b.vector([step]))
        x = b.Gather(x, b.Mod(places, b.Max(length, b.ints([1]))), axis=axis)
    return x


def _counted(b: Builder, length: int | Value) -> Value:
    """0, 1, 2 ... as many as an axis has elements."""
    if isinstance(length, int):
        return b.const(np.arange(length))
    return b.Range(b.const(0), b.reshape(length, []), b.const(1))


# -- casts and copies -------------------------------------------------------------------------------------------------


@tf("cast", "raw_ops.Cast")
def cast(b: Builder, x: Operand, dtype: str, Truncate: bool = False) -> Value:
    """x in another dtype; towards zero to integers."""
    y = tensor(b, x)
    if not dtypes.known(str(dtype)) or str(dtype).startswith("complex"):
        raise UnsupportedAttribute(f"tf.cast to {dtype}")
    return b.cast(y, str(dtype))


def _cast_to(dtype: str) -> Callable[..., Value]:
    def rule(b: Builder, x: Operand) -> Value:
        return b.cast(tensor(b, x), dtype)

    return rule


for _old, _dtype in (("float", "float32"), ("double", "float64"), ("int32", "int32"), ("int64", "int64"), ("bfloat16", "bfloat16")):
    tf(f"to_{_old}")(_cast_to(_dtype))


@tf("dtypes.saturate_cast")
def saturate_cast(b: Builder, value: Operand, dtype: str) -> Value:
    """x clipped to what another dtype holds, and in it."""
    return keras_cast(b, Layer("SaturateCast", "", {"dtype": dtype}, domain="keras.ops"), tensor(b, value))


@tf("convert_to_tensor")
def convert_to_tensor(b: Builder, value: Operand, dtype: str | None = None, dtype_hint: str | None = None) -> Value:
    """x as a tensor."""
    return tensor(b, value, dtype or (dtype_hint if not isinstance(value, Value) else None))


@tf(
    "identity",
    "stop_gradient",
    *(f"raw_ops.{op}" for op in "Identity StopGradient Snapshot PreventGradient".split()),
)
def identity(b: Builder, input_: Operand, message: Any = None) -> Value:
    """x."""
    return tensor(b, input_)


@tf("identity_n", "tuple", "raw_ops.IdentityN")
def identity_n(b: Builder, input_: Any) -> list[Value]:
    """The same tensors."""
    return [tensor(b, x) for x in (input_ if isinstance(input_, (list, tuple)) else [input_])]


@tf("ensure_shape", "debugging.check_numerics", "raw_ops.EnsureShape")
def ensure_shape(b: Builder, x: Operand, shape: Any = None, message: Any = None) -> Value:
    """x, whose shape is known better now."""
    y = tensor(b, x)
    if shape is None:
        return y
    given = shape.get("items", ()) if isinstance(shape, dict) else shape
    wanted = tuple(None if d in (None, -1) else int(d) for d in given)
    if len(wanted) != y.rank or any(None not in (d, w) and d != w for d, w in zip(y.shape, wanted, strict=True)):
        raise ModelError(f"a tensor of shape {y.shape} where {wanted} is ensured")
    if all(w is None or d == w for d, w in zip(y.shape, wanted, strict=True)):
        return y
    return b.reshape(y, [w if w is not None else b.dim(y, i) for i, w in enumerate(wanted)], wanted)
