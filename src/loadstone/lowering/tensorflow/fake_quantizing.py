"""Floats rounded to those that a few bits could hold: FakeQuantWithMinMax... and QuantizeAndDequantize.

Semantics: tensorflow/core/kernels/fake_quant_ops_functor.h and quantize_and_dequantize_op.h, operation by operation in the dtype of the
tensors, so that what is rounded up there is rounded up here.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, alike, number, tensor, tf


@tf("quantization.fake_quant_with_min_max_args", "raw_ops.FakeQuantWithMinMaxArgs")
def fake_quant_with_args(
    b: Builder, inputs: Operand, min: float = -6.0, max: float = 6.0, num_bits: int = 8, narrow_range: bool = False
) -> Value:
    """x rounded to one of 2^num_bits numbers (one less with narrow_range) from about min to about max, among which is 0."""
    x = tensor(b, inputs)
    return _fake_quant(b, x, b.const(min, "float32"), b.const(max, "float32"), int(num_bits), bool(narrow_range))


@tf(
    "quantization.fake_quant_with_min_max_vars", "quantization.fake_quant_with_min_max_vars_per_channel",
    "raw_ops.FakeQuantWithMinMaxVars", "raw_ops.FakeQuantWithMinMaxVarsPerChannel",
)  # fmt: skip
def fake_quant_with_vars(b: Builder, inputs: Operand, min: Operand, max: Operand, num_bits: int = 8, narrow_range: bool = False) -> Value:
    """The same with computed ends: scalars, or vectors for the last axis. All is 0 where both are."""
    x, low, high = alike(b, inputs, min, max)
    y = _fake_quant(b, x, low, high, int(num_bits), bool(narrow_range), divides=not low.rank)
    nothing = b.And(b.Equal(low, 0.0), b.Equal(high, 0.0))
    if nothing.const is not None:
        return b.Where(nothing, 0.0, y) if nothing.array().any() else y
    return b.Where(nothing, 0.0, y)


def _fake_quant(b: Builder, x: Value, low: Value, high: Value, bits: int, narrow: bool, divides: bool = False) -> Value:
    """divides: by the scale, where the other kernels multiply by its inverse."""
    if not 2 <= bits <= 16:
        raise ModelError(f"numbers of {bits} bits, where 2 to 16 are wanted")
    least, most = float(narrow), float(2**bits - 1)
    width = b.Sub(high, low)
    scale, inverse = b.Div(width, most - least), b.Div(b.const(most - least, "float32"), width)
    zero = b.Sub(b.const(least, "float32"), b.Div(low, scale))
    zero = b.Where(b.Less(zero, least), least, b.Where(b.Greater(zero, most), most, half_up(b, zero)))
    bottom, top = (b.Mul(b.Sub(b.const(end, "float32"), zero), scale) for end in (least, most))
    shift = b.Floor(b.Add(b.Mul(b.Neg(bottom), inverse), 0.5))
    above = b.Sub(b.Max(b.Min(x, top), bottom), bottom)
    steps = b.Div(above, scale) if divides else b.Mul(above, inverse)
    return b.Mul(b.Floor(b.Add(b.Sub(steps, shift), 0.5)), scale)


def half_up(b: Builder, x: Value) -> Value:
    """x rounded, halves up: exact also where x + 0.5 is not."""
    whole = b.Floor(x)
    return b.Add(whole, b.cast(b.Not(b.Less(b.Sub(x, whole), 0.5)), x.dtype))


# -- quantized and back -----------------------------------------------------------------------------------------------


@tf("raw_ops.QuantizeAndDequantizeV2", "raw_ops.QuantizeAndDequantizeV4")
def quantize_and_dequantize(
    b: Builder, input_: Operand, input_min: Operand, input_max: Operand, signed_input: bool = True, num_bits: int = 8,
    range_given: bool = False, round_mode: str = "HALF_TO_EVEN", narrow_range: bool = False, axis: int = -1,
) -> Value:  # fmt: skip
    """x rounded to multiples of a scale that puts the range, given or that of x, into so many bits and leaves 0 where it is.

    The range is one number at each end, or one for each element along an axis.
    """
    if round_mode not in ("HALF_TO_EVEN", "HALF_UP"):
        raise UnsupportedAttribute(f"round_mode={round_mode!r}")
    x, low, high = alike(b, input_, input_min, input_max)
    if not range_given:
        over = b.ints([a for a in range(x.rank) if a != axis or axis < 0])
        low, high = (x, x) if over.shape == (0,) else (b.ReduceMin(x, over, keepdims=1), b.ReduceMax(x, over, keepdims=1))
    elif axis >= 0 and low.rank:
        low, high = (b.reshape(v, [-1 if v.shape[0] is None else v.shape[0], *[1] * (x.rank - 1 - axis)]) for v in (low, high))
    elif low.rank:
        low, high = b.reshape(low, []), b.reshape(high, [])
    low, high, scale, inverse = _range(b, low, high, int(num_bits), bool(signed_input), bool(narrow_range))
    steps = b.Mul(b.Max(b.Min(x, high), low) if range_given else x, scale)
    whole = b.Floor(b.Add(steps, 0.5)) if round_mode == "HALF_UP" else b.Round(steps)
    return b.Mul(whole, inverse)


@tf("raw_ops.QuantizeAndDequantizeV3")
def quantize_and_dequantize_in_bits(
    b: Builder, input_: Operand, input_min: Operand, input_max: Operand, num_bits: Operand, signed_input: bool = True,
    range_given: bool = True, narrow_range: bool = False, axis: int = -1,
) -> Value:  # fmt: skip
    """The same where the number of bits is a tensor."""
    bits = number(num_bits, "num_bits")
    return quantize_and_dequantize(
        b, input_, input_min, input_max, signed_input, bits[0] if isinstance(bits, list) else bits, range_given, "HALF_TO_EVEN",
        narrow_range, axis,
    )  # fmt: skip


@tf("quantization.quantize_and_dequantize", "quantization.quantize_and_dequantize_v2")
def quantize_and_dequantize_of_api(
    b: Builder, input_: Operand, input_min: Operand, input_max: Operand, signed_input: bool = True, num_bits: int = 8,
    range_given: bool = False, round_mode: str = "HALF_TO_EVEN", narrow_range: bool = False, axis: int | None = None,
) -> Value:  # fmt: skip
    """The same under its public name, whose axis may count from the end."""
    x = tensor(b, input_)
    return quantize_and_dequantize(
        b, x, input_min, input_max, signed_input, num_bits, range_given, round_mode, narrow_range,
        -1 if axis is None else axis % x.rank,
    )  # fmt: skip


def _range(b: Builder, low: Value, high: Value, bits: int, signed: bool, narrow: bool) -> tuple[Value, Value, Value, Value]:
    """Both ends, one of them moved, and the scale and its inverse: those of the end that allows the smaller scale."""
    if not 0 < bits < 63:
        raise ModelError(f"numbers of {bits} bits, where 1 to 62 are wanted")
    kind = dtypes.to_numpy(low.dtype).type
    least = kind((-(2 ** (bits - 1)) + int(narrow)) if signed else 0)
    most = kind(2 ** (bits - 1) - 1 if signed else 2**bits - 1)
    largest = float(np.finfo(kind).max)
    by_low, by_high = (
        b.Where(b.Greater(b.Mul(end, float(limit)), 0.0), b.Div(b.const(float(limit), low.dtype), end), largest)
        for end, limit in ((low, least), (high, most))
    )
    smaller = b.Less(by_low, by_high)
    with np.errstate(all="ignore"):
        of_low, of_high = b.Div(low, b.const(float(least), low.dtype)), b.Div(high, b.const(float(most), low.dtype))
    inverse = b.Where(smaller, of_low, of_high)
    moved = b.Where(smaller, b.Mul(inverse, float(most)), high), b.Where(smaller, low, b.Mul(inverse, float(least)))
    return moved[1], moved[0], b.Where(smaller, by_low, by_high), inverse
