"""Products and convolutions of XLA, as jax2tf writes them: XlaDot, XlaDotV2, XlaEinsum, XlaConv and XlaConvV2.

Semantics: https://openxla.org/xla/operation_semantics (DotGeneral, ConvWithGeneralPadding) and tensorflow/compiler/tf2xla/ops/xla_ops.cc.
How exact a product is to be (precision_config) is left to the engine.
"""

from __future__ import annotations

from string import ascii_letters
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_products import explicit
from loadstone.lowering.tensorflow.symbols import Operand, alike, number, tensor, tf
from loadstone.lowering.tensorflow.xla_numbers import CONVOLUTION, DOT, numbers_of, one
from loadstone.lowering.tensorflow.xla_windows import spread


@tf("raw_ops.XlaDot", "raw_ops.XlaDotV2")
def dot(
    b: Builder, lhs: Operand, rhs: Operand, dimension_numbers: Any, precision_config: Any = "", preferred_element_type: str | None = None
) -> Value:
    """Sums of products over pairs of axes: the batch axes, the rest of lhs, then of rhs."""
    x, y = tensor(b, lhs), tensor(b, rhs)
    dtype = preferred_element_type or x.dtype
    x, y = b.cast(x, dtype), b.cast(y, dtype)
    found = numbers_of(dimension_numbers, DOT)
    pairs = [(found["lhs_batch"], found["rhs_batch"]), (found["lhs_contracting"], found["rhs_contracting"])]
    if any(len(left) != len(right) for left, right in pairs) or x.rank + y.rank > len(ascii_letters):
        raise ModelError(f"XlaDot of tensors of shapes {x.shape} and {y.shape} over {found}")
    (batch_x, batch_y), (sum_x, sum_y) = pairs
    rest_x = [k for k in range(x.rank) if k not in batch_x + sum_x]
    rest_y = [k for k in range(y.rank) if k not in batch_y + sum_y]
    if len(sum_x) == 1 and len(rest_y) <= 1 and not batch_x and y.rank == 2:
        return b.MatMul(b.transpose(x, rest_x + sum_x), b.transpose(y, sum_y + rest_y))
    if len(sum_x) == 1 and len(rest_x) == 1 and len(rest_y) == 1:
        return b.MatMul(b.transpose(x, batch_x + rest_x + sum_x), b.transpose(y, batch_y + sum_y + rest_y))
    of_x, of_y = list(ascii_letters[: x.rank]), list(ascii_letters[x.rank : x.rank + y.rank])
    for left, right in pairs:
        for i, j in zip(left, right, strict=True):
            of_y[j] = of_x[i]
    result = [of_x[k] for k in batch_x + rest_x] + [of_y[k] for k in rest_y]
    return b.Einsum(x, y, equation=f"{''.join(of_x)},{''.join(of_y)}->{''.join(result)}")


@tf("raw_ops.XlaEinsum")
def einsum(b: Builder, a: Operand, b_: Operand, equation: str) -> Value:
    """Sums of products by an equation of letters."""
    x, y = alike(b, a, b_)
    return b.Einsum(x, y, equation=explicit(str(equation), [x.rank, y.rank]))


@tf("raw_ops.XlaConv", "raw_ops.XlaConvV2")
def conv(
    b: Builder, lhs: Operand, rhs: Operand, window_strides: Operand, padding: Operand, lhs_dilation: Operand, rhs_dilation: Operand,
    feature_group_count: Operand, dimension_numbers: Any, precision_config: Any = "", preferred_element_type: str | None = None,
    batch_group_count: int = 1,
) -> Value:  # fmt: skip
    """Kernels slid over lhs, whose elements lhs_dilation moves apart; axes may lie in any order."""
    if batch_group_count != 1:
        raise UnsupportedAttribute(f"XlaConv with batch_group_count={batch_group_count}")
    found = numbers_of(dimension_numbers, CONVOLUTION)
    x, kernel = tensor(b, lhs), tensor(b, rhs)
    dtype = preferred_element_type or x.dtype
    if len(found["input_spatial"]) != x.rank - 2 or x.rank != kernel.rank or x.rank < 3:
        raise UnsupportedAttribute(f"XlaConv of a tensor of shape {x.shape} with kernels of shape {kernel.shape}")
    x = b.transpose(b.cast(x, dtype), [one(found, "input_batch"), one(found, "input_feature"), *found["input_spatial"]])
    kernel = b.transpose(b.cast(kernel, dtype), [one(found, "kernel_output"), one(found, "kernel_input"), *found["kernel_spatial"]])
    strides, pads, gaps, rates = (number(v, "a window of XlaConv") for v in (window_strides, padding, lhs_dilation, rhs_dilation))
    if None in kernel.shape[2:]:
        raise UnsupportedAttribute(f"XlaConv with kernels of shape {kernel.shape}")
    for axis, gap in enumerate(gaps, 2):
        x = spread(b, x, axis, gap - 1, b.const(0, dtype))
    low, high = ([pair[side] for pair in pads] for side in (0, 1))
    if any(p < 0 for p in low + high):
        x = b.pad(x, range(2, x.rank), [min(p, 0) for p in low], [min(p, 0) for p in high])
    y = b.Conv(
        x,
        kernel,
        strides=strides,
        pads=[max(p, 0) for p in low + high],
        dilations=rates,
        group=int(number(feature_group_count, "feature_group_count")),
        kernel_shape=list(kernel.shape[2:]),
    )
    places = [one(found, "output_batch"), one(found, "output_feature"), *found["output_spatial"]]
    return b.transpose(y, [places.index(k) for k in range(y.rank)])
