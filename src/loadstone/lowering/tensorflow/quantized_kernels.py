"""Kernels on quantized types, as the quantize_nodes transform of TensorFlow 1 left them: sums of integers beside the range they stand for.

Semantics: tensorflow/core/kernels/quantized_matmul_op.cc, quantized_conv_ops.cc, quantized_activation_ops.cc, quantized_pooling_ops.cc,
quantize_down_and_shrink_range.cc, requantize.cc and quantization_utils.h. Results are those of TensorFlow to the bit; what was not found to
be (QuantizedBiasAdd, QuantizedAdd, QuantizedMul, QuantizedAvgPool and others) has no rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.convolutions import conv
from loadstone.lowering.tensorflow.poolings import max_pooled
from loadstone.lowering.tensorflow.quantizing import away_from_zero, plain_integer
from loadstone.lowering.tensorflow.shaping import reshape
from loadstone.lowering.tensorflow.sliding import as_given, channels_first, per_axis, sliding
from loadstone.lowering.tensorflow.symbols import Operand, enter, tensor, tf


def _limits(dtype: str) -> tuple[int, int]:
    found = np.iinfo(dtypes.to_numpy(dtype))
    return int(found.min), int(found.max)


def _scalars(b: Builder, *values: Operand) -> list[Value]:
    return [b.reshape(tensor(b, v), []) for v in values]


def _code(b: Builder, number: float, low: Value, high: Value, dtype: str, clamped: bool = False) -> Value:
    """The integer, as int64, that stands for a number in a range (`FloatToQuantized`), which is computed in double precision."""
    least, most = _limits(dtype)
    steps = float(most - least + 1)
    scale = b.Div(b.const(2 * steps, "float64"), _twice_the_width(b, low, high, steps))
    start = away_from_zero(b, b.Mul(b.cast(low, "float64"), scale))
    code = b.Add(b.Sub(away_from_zero(b, b.Mul(scale, float(np.float32(number)))), start), float(least))
    code = b.Where(b.Equal(low, high), float(least), code)
    return b.cast(b.Max(b.Min(code, float(most)), float(least)) if clamped else code, "int64")


def _twice_the_width(b: Builder, low: Value, high: Value, steps: float) -> Value:
    """A range made longer by steps / (steps - 1), and doubled: onnxruntime leaves out a factor so close to 1 (1.32)."""
    return b.Mul(b.cast(b.Sub(high, low), "float64"), 2 * (steps / (steps - 1.0)))


def _range_of_products(b: Builder, ranges: list[Value], kinds: list[str]) -> list[Value]:
    """What the sums of products stand for (`QuantizationRangeForMultiplication`)."""
    levels = []
    for (low, high), kind in zip((ranges[:2], ranges[2:]), kinds, strict=True):
        least, most = _limits(kind)
        levels.append(b.Div(b.Sub(high, low), float(most - least)))
    level = b.Mul(*levels)
    return [b.Mul(level, float(np.float32(end))) for end in _limits("int32")]


@tf("raw_ops.QuantizedMatMul")
def quantized_matmul(
    b: Builder, a: Operand, b_: Operand, min_a: Operand, max_a: Operand, min_b: Operand, max_b: Operand, Toutput: str = "qint32",
    transpose_a: bool = False, transpose_b: bool = False, Tactivation: str = "quint8",
) -> list[Value]:  # fmt: skip
    """Sums of products of what lies above the integers that stand for zero, as int32."""
    if Toutput != "qint32":
        raise UnsupportedAttribute(f"QuantizedMatMul to {Toutput}")
    x, y = tensor(b, a), tensor(b, b_)
    ranges = _scalars(b, min_a, max_a, min_b, max_b)
    one, other = _above_zero(b, x, *ranges[:2]), _above_zero(b, y, *ranges[2:])
    product = b.MatMul(b.transpose(one, [1, 0]) if transpose_a else one, b.transpose(other, [1, 0]) if transpose_b else other)
    return [product, *_range_of_products(b, ranges, [x.dtype, y.dtype])]


def _above_zero(b: Builder, x: Value, low: Value, high: Value) -> Value:
    return b.Sub(b.cast(x, "int32"), b.cast(_code(b, 0.0, low, high, x.dtype), "int32"))


@tf("raw_ops.QuantizedConv2D")
def quantized_conv(
    b: Builder, input_: Operand, filter: Operand, min_input: Operand, max_input: Operand, min_filter: Operand, max_filter: Operand,
    out_type: str = "qint32", strides: Any = None, padding: str = "", dilations: Any = None,
) -> list[Value]:  # fmt: skip
    """The same for a convolution; windows lie in the middle of what they leave over."""
    x, kernel = tensor(b, input_), tensor(b, filter)
    how = sliding(4, None, padding, strides, dilations)
    if out_type != "qint32" or set(how.dilations) != {1} or None in (*x.shape[1:], *kernel.shape):
        raise UnsupportedAttribute(f"QuantizedConv2D of {x.shape} with {kernel.shape} to {out_type} with dilations={dilations}")
    ranges = _scalars(b, min_input, max_input, min_filter, max_filter)
    pads = []
    for length, size, stride in zip(x.shape[1:3], kernel.shape[:2], how.strides, strict=True):
        assert length is not None and size is not None
        steps = -(-length // stride) if how.padding == "SAME" else (length - size) // stride + 1
        total = (steps - 1) * stride + size - length
        before = int(total / 2) if how.padding == "SAME" else 0
        pads.append((before, total - before))
    shifted = b.pad(_above_zero(b, x, *ranges[:2]), (1, 2), [low for low, _ in pads], [high for _, high in pads])
    y = conv(b, shifted, _above_zero(b, kernel, *ranges[2:]), strides, "VALID")
    return [y, *_range_of_products(b, ranges, [x.dtype, kernel.dtype])]


# -- integers that stay in their range --------------------------------------------------------------------------------


def _relu(name: str) -> None:
    def rule(b: Builder, features: Operand, min_features: Operand, max_features: Operand, out_type: str = "quint8") -> list[Value]:
        x, (low, high) = tensor(b, features), _scalars(b, min_features, max_features)
        if plain_integer(out_type) != x.dtype:
            raise UnsupportedAttribute(f"{name} of {x.dtype} to {out_type}")
        wide = b.Max(b.cast(x, "int64"), _code(b, 0.0, low, high, x.dtype, clamped=True))
        if name == "QuantizedRelu6":
            wide = b.Min(wide, _code(b, 6.0, low, high, x.dtype, clamped=True))
        return [b.cast(wide, x.dtype), low, high]

    enter(rule, f"raw_ops.{name}")


_relu("QuantizedRelu")
_relu("QuantizedRelu6")


@tf("raw_ops.QuantizedMaxPool")
def quantized_max_pool(
    b: Builder, input_: Operand, min_input: Operand, max_input: Operand, ksize: Any = None, strides: Any = None, padding: str = ""
) -> list[Value]:
    """The maximum of each window."""
    x = tensor(b, input_)
    how = sliding(x.rank, None, padding, strides)
    y = max_pooled(b, how, channels_first(b, how, x), per_axis(ksize, x.rank - 2, False, "ksize"))
    return [as_given(b, how, y), *_scalars(b, min_input, max_input)]


@tf("raw_ops.QuantizedReshape")
def quantized_reshape(b: Builder, tensor_: Operand, shape: Operand, input_min: Operand, input_max: Operand) -> list[Value]:
    """The same integers in another shape."""
    return [reshape(b, tensor(b, tensor_), shape), *_scalars(b, input_min, input_max)]


# -- integers in another range ----------------------------------------------------------------------------------------


@tf("raw_ops.RequantizationRange")
def requantization_range(b: Builder, input_: Operand, input_min: Operand, input_max: Operand) -> list[Value]:
    """What the least and the greatest of the integers stand for; the least counts as 0 at most."""
    x, (low, high) = tensor(b, input_), _scalars(b, input_min, input_max)
    flat = b.reshape(x, [-1])
    return [
        b.Min(_number(b, b.ReduceMin(flat, b.ints([0]), keepdims=0), low, high), 0.0),
        _number(b, b.ReduceMax(flat, b.ints([0]), keepdims=0), low, high),
    ]


def _number(b: Builder, code: Value, low: Value, high: Value) -> Value:
    """The float that an int32 stands for in a range (`QuantizedToFloat`)."""
    least, most = _limits("int32")
    steps = float(most - least + 1)
    scale = b.Div(_twice_the_width(b, low, high, steps), 2 * steps)
    narrow = b.cast(scale, "float32")
    start = b.Mul(away_from_zero(b, b.Div(low, narrow)), narrow)
    y = b.Add(b.cast(start, "float64"), b.Mul(b.Sub(b.cast(code, "float64"), float(least)), scale))
    return b.Where(b.Equal(low, high), low, b.cast(y, "float32"))


def _requantized(b: Builder, x: Value, low: Value, high: Value, new_low: Value, new_high: Value) -> Value:
    """int32 as uint8 of another range, in TensorFlow's fixed point (`RequantizeManyInNewRangeUsingEigen`)."""
    unit = 65536
    width, new_width = b.Sub(high, low), b.Sub(new_high, new_low)
    none = b.Equal(new_width, 0.0)
    safe = b.cast(b.Where(none, 1.0, new_width), "float64")
    scale = b.Where(none, 0.0, b.Div(b.Mul(b.cast(width, "float64"), 255.0 * unit), safe))
    inverse = b.Where(none, 0.0, b.cast(b.Div(b.const(255.0, "float64"), safe), "float32"))
    middle = b.cast(b.Div(b.cast(b.Add(low, high), "float64"), 2.0), "float32")
    offset = b.cast(b.Mul(b.Mul(middle, inverse), float(unit)), "int64")
    start = b.Div(b.Mul(b.Mul(b.cast(new_low, "float64"), 255.0), float(unit)), safe)
    new_offset = b.cast(b.Where(none, 0.0, away_from_zero(b, start)), "int64")
    value = _shifted(b, b.Mul(b.cast(x, "int64"), b.cast(scale, "int64")), 2**32)
    value = _shifted(b, b.Add(value, b.Add(b.Sub(offset, new_offset), unit // 2)), unit)
    return b.cast(b.Max(b.Min(value, 255), 0), "uint8")


def _shifted(b: Builder, x: Value, by: int) -> Value:
    """x / by rounded down."""
    return b.Div(b.Sub(x, b.Mod(x, by)), by)


@tf("raw_ops.Requantize")
def requantize(
    b: Builder, input_: Operand, input_min: Operand, input_max: Operand, requested_output_min: Operand, requested_output_max: Operand,
    out_type: str = "quint8",
) -> list[Value]:  # fmt: skip
    """int32 as uint8 of a range that is given."""
    x, ranges = tensor(b, input_), _scalars(b, input_min, input_max, requested_output_min, requested_output_max)
    if out_type != "quint8" or x.dtype != "int32":
        raise UnsupportedAttribute(f"Requantize of {x.dtype} to {out_type}")
    return [_requantized(b, x, *ranges), *ranges[2:]]


@tf("raw_ops.QuantizeDownAndShrinkRange")
def quantize_down(b: Builder, input_: Operand, input_min: Operand, input_max: Operand, out_type: str = "quint8") -> list[Value]:
    """int32 as uint8 of the range that is used."""
    x, ranges = tensor(b, input_), _scalars(b, input_min, input_max)
    if out_type != "quint8" or x.dtype != "int32":
        raise UnsupportedAttribute(f"QuantizeDownAndShrinkRange of {x.dtype} to {out_type}")
    used = requantization_range(b, x, *ranges)
    return [_requantized(b, x, *ranges, *used), *used]
