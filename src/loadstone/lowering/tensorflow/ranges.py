"""Numbers at equal distances: Range and LinSpace in every type, with ends and counts that may be computed.

tensorflow/core/kernels/sequence_ops.cc. A range of floats has ceil(|(limit - start) / delta|) numbers start + i delta.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import InferenceError, ModelError
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, alike, tensor, tf

_NATIVE = ("int32", "int64")
MOST = 1 << 28


@tf("raw_ops.Range")
def raw_range(b: Builder, start: Operand, limit: Operand, delta: Operand) -> Value:
    """Numbers from start to below limit."""
    values = [b.reshape(v, []) for v in alike(b, start, limit, delta)]
    dtype = values[0].dtype
    if all(v.const is not None for v in values):
        try:
            return b.const(_numbers(*(v.array() for v in values)), dtype)
        except InferenceError as error:
            raise ModelError(error.message) from error
    if dtype in ("float32", "float64"):
        low, high, step = values
        count = b.cast(b.Ceil(b.Abs(b.Div(b.Sub(high, low), step))), "int64")
        places = b.Range(b.const(0), count, b.const(1))
        return b.Add(low, b.Mul(b.cast(places, dtype), step))
    if dtype in ("float16", "bfloat16", "uint64"):
        return b.host("Range", lambda *v: (_numbers(*v),), values, [((None,), dtype)])[0]
    y = b.Range(*(v if dtype in _NATIVE else b.cast(v, "int64") for v in values))
    return b.cast(y, dtype)


def _numbers(start: np.ndarray, limit: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """The numbers of a range. Raises InferenceError."""
    low, high, step = start.reshape(()), limit.reshape(()), delta.reshape(())
    ascends = float(step) > 0
    if not float(step) or (low > high if ascends else low < high):
        raise InferenceError(f"a range from {low} to {high} in steps of {step}")
    if start.dtype.kind in "iu":
        values = range(int(low), int(high), int(step))
        if len(values) > MOST:
            raise InferenceError(f"a range of {len(values)} numbers")
        return np.asarray(np.arange(len(values)).astype(start.dtype) * step + low)
    count = np.ceil(np.abs((float(high) - float(low)) / float(step)))
    if not count <= MOST:
        raise InferenceError(f"a range of {count} numbers")
    return np.asarray(float(low) + np.arange(int(count)) * float(step), start.dtype)


@tf("raw_ops.LinSpace")
def lin_space(b: Builder, start: Operand, stop: Operand, num: Operand) -> Value:
    """num numbers from start to stop, both included."""
    low, high = (b.reshape(v, []) for v in alike(b, start, stop))
    given = tensor(b, num)
    if not dtypes.is_float(low.dtype):
        raise ModelError(f"LinSpace of {low.dtype}")
    if given.const is not None:
        count = int(given.array().reshape(-1)[0])
        if count < 1:
            raise ModelError(f"LinSpace with num={count}")
        if count == 1:
            return b.reshape(low, [1])
        step = b.Div(b.Sub(high, low), count - 1)
        inner = b.Add(low, b.Mul(b.const(np.arange(count - 1), low.dtype), step))
        return b.Concat(inner, b.reshape(high, [1]), axis=0)
    last = b.Sub(b.cast(b.reshape(given, []), "int64"), 1)
    places = b.Range(b.const(0), last, b.const(1))
    step = b.Div(b.Sub(high, low), b.cast(b.Max(last, 1), low.dtype))
    inner = b.Add(low, b.Mul(b.cast(places, low.dtype), step))
    end = b.Where(b.Greater(last, 0), high, low)
    return b.Concat(inner, b.reshape(end, [1]), axis=0)
