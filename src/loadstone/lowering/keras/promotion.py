"""The dtype of a result of several operands, by Keras 3's rules.

The least upper bound in the lattice of keras/src/backend/common/dtypes.py with the TensorFlow backend; Python's int and float
are weak: they take the dtype of the tensor beside them unless that is of a lower kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, reduce

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder

WEAK_INT, WEAK_FLOAT = "int", "float"
_ABOVE: dict[str, tuple[str, ...]] = {
    "bool": ("int",),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int": ("uint8", "int8"),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64",),
    "float64": (),
}


@cache
def _bounds(dtype: str) -> frozenset[str]:
    if dtype not in _ABOVE:
        raise ModelError(f"{dtype} does not mix with other dtypes")
    return frozenset({dtype}).union(*(_bounds(above) for above in _ABOVE[dtype]))


def result_type(*kinds: str) -> str:
    """The dtype for operands of these dtypes, of which "int" and "float" are Python's numbers."""
    distinct = frozenset(kinds)
    if len(distinct) == 1:
        return _strong(next(iter(distinct)))
    common = reduce(frozenset.intersection, map(_bounds, distinct))
    least = common & distinct or {kind for kind in common if common <= _bounds(kind)}
    return _strong(next(iter(least)))


def _strong(kind: str) -> str:
    return {"int": "int32", "float": "float32"}.get(kind, kind)


def kind_of(operand: object) -> str:
    """What `result_type` wants for an operand of a call."""
    if isinstance(operand, Value):
        return operand.dtype
    if isinstance(operand, bool):
        return "bool"
    return WEAK_INT if isinstance(operand, int) else WEAK_FLOAT


def promoted(b: Builder, tensors: Sequence[Value]) -> list[Value]:
    """The tensors in one dtype."""
    if len({x.dtype for x in tensors}) == 1:
        return list(tensors)
    dtype = result_type(*(x.dtype for x in tensors))
    return [b.cast(x, dtype) for x in tensors]


def as_values(b: Builder, operands: Sequence[object], *extra: str) -> list[Value]:
    """Operands as values in one dtype: that of all of them and of `extra` together."""
    dtype = result_type(*map(kind_of, operands), *extra)
    return [b.cast(x, dtype) if isinstance(x, Value) else constant(b, x, dtype) for x in operands]


def constant(b: Builder, x: object, dtype: str) -> Value:
    """A number or nested list in a dtype; integers that it does not hold wrap around."""
    with np.errstate(all="ignore"):
        return b.const(np.asarray(x).astype(dtypes.to_numpy(dtype)), dtype)


def strong_values(b: Builder, operands: Sequence[object], *extra: str) -> list[Value]:
    """The same where Python's numbers are not weak: int is int32, float is float32."""
    strong = {WEAK_INT: "int32", WEAK_FLOAT: "float32"}
    dtype = result_type(*(strong.get(kind, kind) for kind in map(kind_of, operands)), *extra)
    return [b.cast(x, dtype) if isinstance(x, Value) else constant(b, x, dtype) for x in operands]


def added(b: Builder, layer: Layer, x: Value, y: Value) -> Value:
    """x + y, as `keras.ops.add` broadcasts.

    From 3.7 to 3.15 a y that has one length other than 1 is taken for a bias: it goes along the last axis of x where that is as long,
    else along the second (`add` in keras/src/backend/tensorflow/numpy.py). History marks all others ("broadcasts").
    """
    long = [d for d in y.shape if d != 1]
    if (
        layer.config.get("broadcasts") != "numpy"
        and len(long) == 1
        and x.rank > 1
        and long[0] is not None
        and long[0] in (x.shape[1], x.shape[-1])
    ):
        behind = 0 if x.shape[-1] == long[0] else x.rank - 2
        y = b.reshape(y, [long[0], *[1] * behind])
    return b.Add(x, y)
