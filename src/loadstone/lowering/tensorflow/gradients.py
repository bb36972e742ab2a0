"""Gradients that models for training leave in their graphs: those of activations, biases and pools.

Semantics: tensorflow/core/kernels/relu_op_functor.h, cwise_ops_gradients.h, softplus_op.h, softsign_op.h, bias_op.cc, avgpooling_op.cc
and maxpooling_op.cc. A row is the op's name and its formula.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.convolutions_transposed import transposed
from loadstone.lowering.tensorflow.length_arithmetic import exactly
from loadstone.lowering.tensorflow.sliding import as_given, channels_come_first, channels_first, framed, per_axis, sliding
from loadstone.lowering.tensorflow.symbols import Operand, alike, enter, lengths, tensor, tf

Formula = Callable[[Builder, Value, Value], Value]
_SELU = (1.0507009873554804934193349852946, 1.7580993408473768599402175208123)  # scale, scale times alpha


def _where(b: Builder, condition: Value, g: Value) -> Value:
    return b.Mul(g, b.cast(condition, g.dtype))


# Of the gradient by the result and what the op took or gave.
OF_FEATURES: dict[str, Formula] = {
    "ReluGrad": lambda b, g, x: _where(b, b.Greater(x, 0), g),
    "Relu6Grad": lambda b, g, x: _where(b, b.And(b.Greater(x, 0), b.Less(x, 6)), g),
    "EluGrad": lambda b, g, y: b.Where(b.Less(y, 0), b.Mul(b.Add(y, 1), g), g),
    "SeluGrad": lambda b, g, y: b.Where(b.Less(y, 0), b.Mul(g, b.Add(y, _SELU[1])), b.Mul(g, _SELU[0])),
    "SoftplusGrad": lambda b, g, x: b.Div(g, b.Add(b.Exp(b.Neg(x)), 1)),
    "SoftsignGrad": lambda b, g, x: b.Div(g, _squared(b, b.Add(b.Abs(x), 1))),
}
# Of the result and the gradient by it.
OF_RESULT: dict[str, Formula] = {
    "SigmoidGrad": lambda b, y, g: b.Mul(b.Mul(g, y), b.Sub(b.const(1, y.dtype), y)),
    "TanhGrad": lambda b, y, g: b.Mul(g, b.Sub(b.const(1, y.dtype), _squared(b, y))),
    "RsqrtGrad": lambda b, y, g: b.Mul(b.Mul(g, b.const(-0.5, y.dtype)), b.Mul(y, _squared(b, y))),
    "SqrtGrad": lambda b, y, g: b.Div(b.Mul(g, b.const(0.5, y.dtype)), y),
    "InvGrad": lambda b, y, g: b.Neg(b.Mul(g, _squared(b, y))),
    "ReciprocalGrad": lambda b, y, g: b.Neg(b.Mul(g, _squared(b, y))),
}


def _squared(b: Builder, x: Value) -> Value:
    return b.Mul(x, x)


def _rule(formula: Formula) -> Callable[..., Value]:
    def rule(b: Builder, x: Operand, y: Operand) -> Value:
        one, other = alike(b, x, y)
        if one.dtype.startswith("complex"):
            raise UnsupportedAttribute(f"a gradient of {one.dtype}")
        return formula(b, one, other)

    return rule


for _name, _formula in (OF_FEATURES | OF_RESULT).items():
    enter(_rule(_formula), f"raw_ops.{_name}")


@tf("raw_ops.LeakyReluGrad")
def leaky_relu_grad(b: Builder, gradients: Operand, features: Operand, alpha: float = 0.2) -> Value:
    """The gradient, times alpha where x is not above 0."""
    g, x = alike(b, gradients, features)
    return b.Where(b.Greater(x, 0), g, b.Mul(g, float(alpha)))


@tf("raw_ops.BiasAddGrad")
def bias_add_grad(b: Builder, out_backprop: Operand, data_format: str = "NHWC") -> Value:
    """The sum of each channel."""
    g = tensor(b, out_backprop)
    channel = 1 if channels_come_first(data_format) else g.rank - 1
    return b.ReduceSum(g, b.ints([a for a in range(g.rank) if a != channel]), keepdims=0)


@tf("raw_ops.AvgPoolGrad", "raw_ops.AvgPool3DGrad")
def avg_pool_grad(
    b: Builder, orig_input_shape: Operand, grad: Operand, ksize: Any = None, strides: Any = None, padding: str = "",
    data_format: str = "NHWC",
) -> Value:  # fmt: skip
    """The gradient of each mean, in equal parts to the elements of its window that are inside."""
    g = tensor(b, grad)
    how = sliding(g.rank, data_format, padding, strides)
    window = per_axis(ksize, g.rank - 2, how.first, "ksize")
    shape = lengths(b, orig_input_shape)
    dims = shape if how.first else [shape[0], shape[-1], *shape[1:-1]]
    ones = b.full([1, 1, *dims[2:]], 1, g.dtype)
    y = channels_first(b, how, g)
    planes = b.reshape(y, [-1, 1, *b.dims(y)[2:]], (None, 1, *y.shape[2:]))
    shared = b.Div(planes, _counts(b, how, ones, window))
    kernel = b.full([1, 1, *window], 1, g.dtype)
    return as_given(b, how, exactly(b, transposed(b, how, shared, kernel, dims[2:], 1), dims))


def _counts(b: Builder, how: Any, ones: Value, window: list[int]) -> Value:
    """How many elements of each window are inside."""
    padded, pads = framed(b, how, ones, window, engine=False)
    if pads:
        n = len(window)
        padded = b.pad(ones, range(2, ones.rank), pads["pads"][:n], pads["pads"][n:])
    size = 1
    for k in window:
        size *= k
    return b.Mul(b.AveragePool(padded, kernel_shape=[*window], strides=[*how.strides]), size)


@tf("raw_ops.MaxPoolGrad", "raw_ops.MaxPool3DGrad")
def max_pool_grad(
    b: Builder, orig_input: Operand, orig_output: Operand, grad: Operand, ksize: Any = None, strides: Any = None, padding: str = "",
    data_format: str = "NHWC", explicit_paddings: Any = None,
) -> Value:  # fmt: skip
    """The gradient of each maximum, to the first element of its window that has it."""
    x, g = alike(b, orig_input, grad)
    how = sliding(x.rank, data_format, padding, strides, None, explicit_paddings)
    window = per_axis(ksize, x.rank - 2, how.first, "ksize")
    first = channels_first(b, how, x)
    padded, pads = framed(b, how, first, window)
    if padded is not first:
        raise UnsupportedAttribute(f"{window} windows that are shorter than strides, over lengths that are not known")
    _, places = b.ops("MaxPool", padded, kernel_shape=window, strides=[*how.strides], **pads, outputs=2)
    flat = b.reshape(b.full(b.dims(first), 0, g.dtype), [-1])
    spread = b.ScatterElements(flat, b.reshape(places, [-1]), b.reshape(channels_first(b, how, g), [-1]), axis=0, reduction="add")
    return as_given(b, how, exactly(b, spread, b.dims(first)))
