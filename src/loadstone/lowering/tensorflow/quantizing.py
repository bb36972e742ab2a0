"""Floats as integers of a few bits, and back: QuantizeV2, Dequantize, UniformQuantize and UniformDequantize.

Semantics: tensorflow/core/kernels/quantize_op.cc, dequantize_op.cc, quantization_utils.h and uniform_quant_ops/math_utils.h, in float32 as
there. A tensor of qint8, quint8, qint16, quint16 or qint32 is one of plain integers here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.fake_quantizing import half_up
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf

PLAIN = {"qint8": "int8", "quint8": "uint8", "qint16": "int16", "quint16": "uint16", "qint32": "int32"}
_LARGEST = float(np.finfo(np.float32).max)


def plain_integer(name: str) -> str:
    """The integers that a quantized type consists of."""
    if name not in PLAIN:
        raise UnsupportedAttribute(f"{name} where a quantized type belongs")
    return PLAIN[name]


def away_from_zero(b: Builder, x: Value) -> Value:
    """x rounded, halves away from zero."""
    return b.Mul(b.Sign(x), half_up(b, b.Abs(x)))


def along(b: Builder, x: Value, ends: Value, axis: int) -> Value:
    """Ends of ranges as they meet x: one each, or one for each element along an axis."""
    if axis < 0:
        return b.reshape(ends, [])
    return b.reshape(ends, [-1 if ends.shape[0] is None else ends.shape[0], *[1] * (x.rank - 1 - axis)])


@tf("raw_ops.QuantizeV2")
def quantize(
    b: Builder, input_: Operand, min_range: Operand, max_range: Operand, T: str = "quint8", mode: str = "MIN_COMBINED",
    round_mode: str = "HALF_AWAY_FROM_ZERO", narrow_range: bool = False, axis: int = -1, ensure_minimum_range: float = 0.01,
) -> list[Value]:  # fmt: skip
    """Integers for x, and the range that they stand for, which holds 0 and is not too narrow."""
    x, first, last = tensor(b, input_), tensor(b, min_range), tensor(b, max_range)
    dtype = plain_integer(T)
    if dtype == "int32" or (round_mode == "HALF_TO_EVEN") > (mode == "SCALED") or (mode == "MIN_FIRST" and axis >= 0):
        raise UnsupportedAttribute(f"QuantizeV2 to {T} with mode={mode!r}, round_mode={round_mode!r} and axis={axis}")
    shape = [] if axis < 0 else [-1 if first.shape[0] is None else first.shape[0]]
    first, last = b.reshape(first, shape), b.reshape(last, shape)
    gap = b.Mul(b.Max(b.Max(b.Abs(first), b.Abs(last)), 1.0), float(ensure_minimum_range))
    low = b.Min(first, 0.0)
    high = b.Max(b.Max(last, b.Add(low, gap)), 0.0)
    limits = np.iinfo(dtypes.to_numpy(dtype))
    least, most = float(limits.min), float(limits.max)
    if mode == "SCALED":
        least += float(narrow_range)
        by_low, by_high = (
            b.Where(b.Greater(b.Mul(end, limit), 0.0), b.Div(b.const(limit, "float32"), end), _LARGEST)
            for end, limit in ((low, least), (high, most))
        )
        scale = b.Min(by_low, by_high)
        low, high = (b.Div(b.const(limit, "float32"), scale) for limit in (least, most))
    lowest, highest = along(b, x, low, axis), along(b, x, high, axis)
    inside = b.Max(b.Min(x, highest), lowest)
    if mode == "SCALED":
        steps = b.Mul(inside, along(b, x, scale, axis))
        whole = b.Round(steps) if round_mode == "HALF_TO_EVEN" else away_from_zero(b, steps)
    elif mode == "MIN_COMBINED":
        scale = b.Div(b.const(most - least, "float32"), b.Sub(highest, lowest))
        steps = b.Mul(b.Sub(inside, lowest), scale)
        whole = away_from_zero(b, b.Sub(steps, (most - least + 1) / 2)) if least else b.Floor(b.Add(steps, 0.5))
    elif mode == "MIN_FIRST":
        scale = b.Div(b.const(most - least, "float32"), b.Sub(highest, lowest))
        steps, start = b.Mul(x, scale), b.Mul(lowest, scale)
        if dtype == "uint8" and not narrow_range:  # oneDNN's kernel
            whole = b.Round(b.Sub(steps, start))
        else:
            whole = b.Sub(away_from_zero(b, steps), b.Sub(away_from_zero(b, start), least))
        whole = b.Min(b.Max(whole, least), most)
    else:
        raise UnsupportedAttribute(f"QuantizeV2 with mode={mode!r}")
    return [b.cast(b.cast(whole, "int32"), dtype), low, high]


@tf("raw_ops.Dequantize")
def dequantize(
    b: Builder, input_: Operand, min_range: Operand, max_range: Operand, mode: str = "MIN_COMBINED", narrow_range: bool = False,
    axis: int = -1, dtype: str = "float32",
) -> Value:  # fmt: skip
    """The floats that integers stand for."""
    x = tensor(b, input_)
    low, high = (along(b, x, tensor(b, v), axis) for v in (min_range, max_range))
    limits = np.iinfo(dtypes.to_numpy(x.dtype))
    least, most = np.float32(limits.min), np.float32(limits.max)
    numbers = b.cast(x, "float32")
    if mode == "MIN_COMBINED":
        half = float((most - least + np.float32(1)) / np.float32(2)) if least else 0.0
        scale = b.Div(b.Sub(high, low), float(most - least))
        y = b.Add(b.Mul(b.Add(numbers, half), scale), low)
    elif mode == "SCALED":
        scale = b.Div(high, float(most))
        if least:
            scale = b.Max(b.Div(low, float(np.float32(int(limits.min) + int(narrow_range)))), scale)
        y = b.Mul(numbers, scale)
    elif mode == "MIN_FIRST" and axis < 0:
        steps = float(int(limits.max) - int(limits.min))
        scale = b.cast(b.Div(b.cast(b.Sub(high, low), "float64"), steps), "float32")
        start = b.Where(b.Equal(low, high), low, b.Mul(away_from_zero(b, b.Div(low, scale)), scale))
        y = b.Add(b.Sub(start, b.Mul(scale, float(least))), b.Mul(numbers, scale))
    else:
        raise UnsupportedAttribute(f"Dequantize with mode={mode!r} and axis={axis}")
    return b.cast(y, dtype)


# -- one scale and one zero point -------------------------------------------------------------------------------------


@tf("raw_ops.UniformQuantize")
def uniform_quantize(
    b: Builder, input_: Operand, scales: Operand, zero_points: Operand, Tout: str = "qint8", quantization_axis: int = -1,
    quantization_min_val: int = -128, quantization_max_val: int = 127,
) -> Value:  # fmt: skip
    """floor(x / scale + 0.5) + zero point, between two ends."""
    x = tensor(b, input_)
    scale, zero = (along(b, x, tensor(b, v), quantization_axis) for v in (scales, zero_points))
    whole = b.Floor(b.Add(b.Mul(x, b.Div(b.const(1.0), scale)), 0.5))
    moved: Any = b.Add(b.cast(whole, "int32"), zero)
    ends = (b.const(v, "int32") for v in (quantization_max_val, quantization_min_val))
    return b.cast(b.Max(b.Min(moved, next(ends)), next(ends)), plain_integer(Tout))


@tf("raw_ops.UniformDequantize")
def uniform_dequantize(
    b: Builder, input_: Operand, scales: Operand, zero_points: Operand, Tout: str = "float32", quantization_axis: int = -1,
    quantization_min_val: int = -128, quantization_max_val: int = 127,
) -> Value:  # fmt: skip
    """(integer - zero point) * scale."""
    x = tensor(b, input_)
    scale, zero = (along(b, x, tensor(b, v), quantization_axis) for v in (scales, zero_points))
    return b.cast(b.Mul(b.cast(b.Sub(b.cast(x, "int32"), zero), "float32"), scale), Tout)
