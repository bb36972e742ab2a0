"""The bits of numbers: Bitcast, and the next number after another.

tensorflow/core/ops/array_ops.cc, tensorflow/core/kernels/bitcast_op.cc, cwise_ops.h (`nextafter`), population_count_op.cc.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.shapes import broadcast
from loadstone.lowering.tensorflow.symbols import Operand, alike, tensor, tf


@tf("bitcast")
def bitcast(b: Builder, input_: Operand, type_: str) -> Value:
    """The same bits in another type; of a smaller one there is a new last axis, for a larger one the last axis goes."""
    x = tensor(b, input_)
    if not (dtypes.known(type_) and _plain(type_) and _plain(x.dtype)):
        raise UnsupportedAttribute(f"the bits of {x.dtype} as {type_}")
    before, after = dtypes.itemsize(x.dtype), dtypes.itemsize(type_)
    wanted = dtypes.to_numpy(type_)
    shape: Shape = x.shape
    if before > after:
        shape = (*shape, before // after)
    elif before < after:
        if not shape or shape[-1] not in (after // before, None):
            raise ModelError(f"the bits of {x.dtype} of shape {x.shape} as {type_}")
        shape = shape[:-1]

    def cast(array: np.ndarray) -> tuple[np.ndarray]:
        if before < after and array.shape[-1] != after // before:
            raise InferenceError(f"the bits of an array of shape {array.shape} of {x.dtype} as {type_}")
        sizes = (*array.shape, before // after) if before > after else array.shape[:-1] if before < after else array.shape
        return (np.frombuffer(np.ascontiguousarray(array).tobytes(), wanted).reshape(sizes),)

    if x.const is not None and x.const.known:
        return b.const(cast(x.array())[0], type_)
    return b.host("Bitcast", cast, [x], [(shape, type_)])[0]


def _plain(dtype: str) -> bool:
    return dtype not in ("string", "bool") and not dtype.endswith("int4")


@tf("math.nextafter", "raw_ops.NextAfter")
def next_after(b: Builder, x1: Operand, x2: Operand) -> Value:
    """The number next to x1 on the way to x2."""
    x, y = alike(b, x1, x2)
    return b.host("NextAfter", lambda u, v: (np.nextafter(u, v),), [x, y], [(broadcast(x.shape, y.shape), x.dtype)])[0]


@tf("raw_ops.PopulationCount")
def population_count(b: Builder, x: Operand) -> Value:
    """How many bits of an integer are 1, as uint8."""
    y = tensor(b, x)
    bits = 8 * dtypes.itemsize(y.dtype)
    places = np.asarray([np.asarray(1 << i, np.uint64) for i in range(bits)]).astype(dtypes.to_numpy(y.dtype))
    hits = b.Not(b.Equal(b.BitwiseAnd(b.unsqueeze(y, y.rank), b.const(places, y.dtype)), 0))
    return b.cast(b.ReduceSum(b.cast(hits, "int32"), b.ints([y.rank]), keepdims=0), "uint8")
