"""numpy's functions that move, join and multiply arrays, on tensors, by the rules of `keras.ops`.

https://numpy.org/doc/stable/reference/routines.array-manipulation.html. Operands are brought to numpy's common dtype first.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.numpy_promotion import array, promoted
from loadstone.lowering.functions.rows import renamed
from loadstone.lowering.tensorflow.symbols import Operand, axes_of, enter, number, rule, tf

ONE = {
    "broadcast_to": "array shape", "copy": "a", "diagonal": "a offset=0 axis1=0 axis2=1", "diff": "a n=1 axis=-1",
    "expand_dims": "a axis", "flip": "m axis=None", "fliplr": "m", "flipud": "m", "moveaxis": "a source destination", "ravel": "a",
    "repeat": "a repeats axis=None", "roll": "a shift axis=None", "rot90": "m k=1 axes=(0,1)", "sort": "a axis=-1",
    "swapaxes": "a axis1 axis2", "tile": "A reps", "trace": "a offset=0 axis1=0 axis2=1", "transpose": "a axes=None", "tril": "m k=0",
    "triu": "m k=0",
}  # fmt: skip
MANY = {"dstack": "tup", "hstack": "tup", "stack": "arrays axis=0", "vstack": "tup"}
PRODUCTS = {"dot": "a b", "inner": "a b", "matmul": "x1 x2", "outer": "a b", "tensordot": "a b axes=2"}


def _one(name: str) -> Any:
    def function(b: Builder, x: Operand, *options: Any) -> Any:
        return rule(f"keras.ops.{name}").function(b, array(b, x), *options)

    return function


def _many(name: str) -> Any:
    def function(b: Builder, arrays: Any, *options: Any) -> Any:
        return rule(f"keras.ops.{name}").function(b, promoted(b, list(arrays)), *options)

    return function


def _product(name: str) -> Any:
    def function(b: Builder, x: Operand, y: Operand, *options: Any) -> Any:
        one, other = promoted(b, [x, y])
        return rule(f"keras.ops.{name}").function(b, _exact(one), _exact(other), *options)

    return function


def _exact(x: Value) -> Value:
    if not x.dtype.startswith("float"):
        raise UnsupportedAttribute(f"numpy's products of {x.dtype}")
    return x


for _table, _rule in ((ONE, _one), (MANY, _many), (PRODUCTS, _product)):
    for _name, _parameters in _table.items():
        enter(renamed(_rule(_name), *_parameters.split()), f"numpy.{_name}")


@tf("numpy.array", "numpy.asarray", "numpy.ascontiguousarray")
def asarray(b: Builder, a: Operand, dtype: str | None = None) -> Value:
    """x, in another dtype if asked."""
    x = array(b, a)
    return x if dtype is None else b.cast(x, str(dtype))


@tf("numpy.concatenate")
def concatenate(b: Builder, arrays: Any, axis: Operand = 0) -> Value:
    """Arrays one behind the other; laid flat where there is no axis."""
    values = promoted(b, list(arrays))
    if axis is None:
        values, axis = [b.reshape(x, [-1]) for x in values], 0
    return rule("concat").function(b, values, axis)  # type: ignore[no-any-return]


@tf("numpy.column_stack")
def column_stack(b: Builder, tup: Any) -> Any:
    """Arrays side by side along their second axis, vectors as columns."""
    values = [b.unsqueeze(x, 1) if x.rank == 1 else x for x in promoted(b, list(tup))]
    return rule("concat").function(b, values, 1)


@tf("numpy.reshape")
def reshape(b: Builder, a: Operand, shape: Operand = None, order: str = "C", newshape: Operand = None) -> Any:
    """x in another shape, row by row."""
    if order != "C":
        raise UnsupportedAttribute(f"numpy.reshape with order={order!r}")
    return rule("reshape").function(b, array(b, a), newshape if shape is None else shape)


@tf("numpy.squeeze")
def squeeze(b: Builder, a: Operand, axis: Operand = None) -> Value:
    """x without axes of length 1."""
    x = array(b, a)
    if axis is None and None in x.shape:
        raise UnsupportedAttribute(f"numpy.squeeze of all axes of length 1 of a tensor of shape {x.shape}")
    gone = (
        [i for i, d in enumerate(x.shape) if d == 1] if axis is None else axes_of(list(axis) if isinstance(axis, tuple) else axis, x.rank)
    )
    return b.squeeze(x, *gone)


@tf("numpy.pad")
def pad(b: Builder, array_: Operand, pad_width: Operand, mode: str = "constant", constant_values: Operand = 0) -> Any:
    """x with a constant around it, or reflected about its edges or beyond them."""
    x, widths = array(b, array_), number(pad_width, "pad_width")
    pairs = [[widths, widths]] if isinstance(widths, int) else [widths] if isinstance(widths[0], int) else widths
    pairs = [[p[0], p[-1]] for p in pairs]
    pairs = pairs * x.rank if len(pairs) == 1 else pairs
    if mode not in ("constant", "reflect", "symmetric"):
        raise UnsupportedAttribute(f"numpy.pad with mode={mode!r}")
    return rule("pad").function(b, x, pairs, constant_values, mode)


@tf("numpy.take")
def take(b: Builder, a: Operand, indices: Operand, axis: Operand = None) -> Any:
    """The slices that places name; negative ones count from the end."""
    return rule("keras.ops.take").function(b, array(b, a), array(b, indices), axis)


@tf("numpy.einsum")
def einsum(b: Builder, subscripts: str, *operands: Operand) -> Any:
    """Sums of products by an equation of letters."""
    return rule("einsum").function(b, subscripts, *(_exact(x) for x in promoted(b, list(operands))))


@tf("numpy.argsort")
def argsort(b: Builder, a: Operand, axis: Operand = -1) -> Value:
    """Places of the elements in order, as int64; of equal ones the first comes first, which numpy promises for kind="stable" alone."""
    x = array(b, a)
    x, axis = (b.reshape(x, [-1]), 0) if axis is None else (x, axis)
    return b.cast(rule("argsort").function(b, x, axis), "int64")


def _like(name: str) -> Any:
    def function(b: Builder, a: Operand, dtype: str | None = None) -> Any:
        x = array(b, a)
        return rule(f"{name}_like").function(b, x, dtype)

    return function


enter(_like("zeros"), "numpy.zeros_like")
enter(_like("ones"), "numpy.ones_like")


@tf("numpy.shape")
def shape(b: Builder, a: Operand) -> tuple[int | None, ...]:
    """The shape, with None for a free length."""
    return array(b, a).shape


@tf("numpy.ndim")
def ndim(b: Builder, a: Operand) -> int:
    """The number of axes."""
    return array(b, a).rank
