"""float64 without float64 kernels: ops written with those that onnxruntime has in double precision.

Add, Sub, Mul, Div, Abs, Exp, Log, Sqrt, Pow, Sin, Sigmoid, Tanh, MatMul, Where, Max and Min have such kernels. Every function here
keeps a relative precision of about 1e-14 (absolute near zeros of the result, where the function itself is of that kind).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log, pi, sqrt

import numpy as np

from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes import float64_windows

Function = Callable[[Builder, Value], Value]


def _expm1(b: Builder, x: Value) -> Value:
    """exp(x) - 1 for x <= 0, exact near 0: 2 t / (1 - t) with t = tanh(x / 2)."""
    t = b.Tanh(b.Mul(x, 0.5))
    y: Value = b.Div(b.Mul(t, 2.0), b.Sub(_like(b, x, 1.0), t))
    return y


def _log1p(b: Builder, x: Value) -> Value:
    """log(1 + x) for x >= 0, exact near 0: log(u) x / (u - 1) with u = 1 + x rounded. D. Goldberg 1991, theorem 4."""
    u = b.Add(x, 1.0)
    tiny = b.Equal(u, 1.0)
    safe = b.Where(tiny, _like(b, x, 2.0), u)
    infinite = b.Greater(x, 1e300)
    y: Value = b.Where(tiny, x, b.Where(infinite, b.Log(u), b.Div(b.Mul(b.Log(safe), x), b.Sub(safe, 1.0))))
    return y


def _like(b: Builder, x: Value, number: float) -> Value:
    return b.const(number, x.dtype)


def _erf(b: Builder, x: Value) -> Value:
    """2 x / sqrt(pi) times the integral of exp(-(x t)^2) for t in [0, 1], by Gauss-Legendre with 24 nodes; |x| > 6 is as 6."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    x = b.Min(b.Max(x, -6.0), 6.0)
    grid = b.Mul(b.unsqueeze(x, x.rank), b.const((nodes + 1) / 2, "float64"))
    terms = b.MatMul(b.Exp(b.Neg(b.Mul(grid, grid))), b.const((weights / 2)[:, None], "float64"))
    y: Value = b.Mul(b.Mul(x, 2 / sqrt(pi)), b.squeeze(terms, x.rank))
    return y


def _atan(b: Builder, x: Value) -> Value:
    """Three halvings of the angle, then Taylor: atan(x) = 2 atan(x / (1 + sqrt(1 + x^2)))."""
    large = b.Greater(b.Abs(x), 1e100)  # whose square is no number
    x = b.Where(large, b.Mul(b.Sign(x), 1e100), x)
    for _ in range(3):
        x = b.Div(x, b.Add(b.Sqrt(b.Add(b.Mul(x, x), 1.0)), 1.0))
    square = b.Mul(x, x)
    total = _like(b, x, 1 / 27)
    for power in range(25, 0, -2):
        total = b.Sub(_like(b, x, 1 / power), b.Mul(square, total))
    y: Value = b.Mul(b.Mul(x, total), 8.0)
    return y


def _asin(b: Builder, x: Value) -> Value:
    """atan2 of the two legs: 2 atan(x / (1 + sqrt(1 - x^2)))."""
    root = b.Sqrt(b.Mul(b.Sub(_like(b, x, 1.0), x), b.Add(x, 1.0)))
    y: Value = b.Mul(_atan(b, b.Div(x, b.Add(root, 1.0))), 2.0)
    return y


def _acos(b: Builder, x: Value) -> Value:
    y: Value = b.Sub(_like(b, x, pi / 2), _asin(b, x))
    return y


def _asinh(b: Builder, x: Value) -> Value:
    """sign(x) log1p(a + a^2 / (1 + sqrt(1 + a^2))) with a = |x|; log(2 a) where a^2 is no number."""
    size = b.Abs(x)
    large = b.Greater(size, 1e150)
    a = b.Where(large, _like(b, x, 1.0), size)
    square = b.Mul(a, a)
    near = _log1p(b, b.Add(a, b.Div(square, b.Add(b.Sqrt(b.Add(square, 1.0)), 1.0))))
    y: Value = b.Mul(b.Sign(x), b.Where(large, b.Add(b.Log(size), log(2)), near))
    return y


def _acosh(b: Builder, x: Value) -> Value:
    y: Value = b.Log(b.Add(x, b.Mul(b.Sqrt(b.Sub(x, 1.0)), b.Sqrt(b.Add(x, 1.0)))))
    return y


def _atanh(b: Builder, x: Value) -> Value:
    a = b.Abs(x)
    y: Value = b.Mul(b.Mul(b.Sign(x), 0.5), _log1p(b, b.Div(b.Mul(a, 2.0), b.Sub(_like(b, x, 1.0), a))))
    return y


def _sinh(b: Builder, x: Value) -> Value:
    """(e - 1 / e) / 2 with e = exp(x) far from 0, and 2 t / (1 - t^2) with t = tanh(x / 2) near it."""
    t = b.Tanh(b.Mul(x, 0.5))
    near = b.Div(b.Mul(t, 2.0), b.Sub(_like(b, x, 1.0), b.Mul(t, t)))
    far = b.Sub(b.Mul(b.Exp(x), 0.5), b.Mul(b.Exp(b.Neg(x)), 0.5))
    y: Value = b.Where(b.Less(b.Abs(x), 1.0), near, far)
    return y


def _cosh(b: Builder, x: Value) -> Value:
    y: Value = b.Add(b.Mul(b.Exp(x), 0.5), b.Mul(b.Exp(b.Neg(x)), 0.5))
    return y


def _cos(b: Builder, x: Value) -> Value:
    """1 - 2 sin(x / 2)^2."""
    half = b.Sin(b.Mul(x, 0.5))
    y: Value = b.Sub(_like(b, x, 1.0), b.Mul(b.Mul(half, half), 2.0))
    return y


def _tan(b: Builder, x: Value) -> Value:
    y: Value = b.Div(b.Sin(x), _cos(b, x))
    return y


def _softplus(b: Builder, x: Value) -> Value:
    y: Value = b.Add(b.Max(x, 0.0), _log1p(b, b.Exp(b.Neg(b.Abs(x)))))
    return y


def _softsign(b: Builder, x: Value) -> Value:
    y: Value = b.Div(x, b.Add(b.Abs(x), 1.0))
    return y


def _mish(b: Builder, x: Value) -> Value:
    y: Value = b.Mul(x, b.Tanh(_softplus(b, x)))
    return y


def _exponential(b: Builder, x: Value, alpha: float, gamma: float = 1.0, divided: bool = False) -> Value:
    """gamma x above 0, gamma alpha (exp(x) - 1) below, of x / alpha where `divided` (Celu)."""
    below = b.Min(x, 0.0)
    curve = _expm1(b, b.Mul(below, 1 / alpha) if divided else below)
    y: Value = b.Add(b.Mul(b.Max(x, 0.0), gamma), b.Mul(curve, gamma * alpha))
    return y


def _simple(function: Function) -> Callable[[Builder, Op], list[Value]]:
    def rewrite(b: Builder, op: Op) -> list[Value]:
        assert op.inputs[0] is not None
        return [function(b, op.inputs[0])]

    return rewrite


def _elu(b: Builder, op: Op) -> list[Value]:
    assert op.inputs[0] is not None
    return [_exponential(b, op.inputs[0], op.attributes.get("alpha", 1.0))]


def _celu(b: Builder, op: Op) -> list[Value]:
    assert op.inputs[0] is not None
    return [_exponential(b, op.inputs[0], op.attributes.get("alpha", 1.0), divided=True)]


def _selu(b: Builder, op: Op) -> list[Value]:
    assert op.inputs[0] is not None
    alpha, gamma = op.attributes.get("alpha", 1.6732632423543772), op.attributes.get("gamma", 1.0507009873554805)
    return [_exponential(b, op.inputs[0], alpha, gamma)]


def _leaky_relu(b: Builder, op: Op) -> list[Value]:
    x = op.inputs[0]
    return [b.Where(b.Less(x, 0.0), b.Mul(x, op.attributes.get("alpha", 0.01)), x)]


def _prelu(b: Builder, op: Op) -> list[Value]:
    x, slope = op.inputs
    return [b.Where(b.Less(x, 0.0), b.Mul(x, slope), x)]


def _thresholded_relu(b: Builder, op: Op) -> list[Value]:
    x = op.inputs[0]
    assert x is not None
    return [b.Where(b.Greater(x, op.attributes.get("alpha", 1.0)), x, _like(b, x, 0.0))]


def _hard_sigmoid(b: Builder, op: Op) -> list[Value]:
    line = b.Add(b.Mul(op.inputs[0], op.attributes.get("alpha", 0.2)), op.attributes.get("beta", 0.5))
    return [b.Min(b.Max(line, 0.0), 1.0)]


def _hard_swish(b: Builder, op: Op) -> list[Value]:
    return [b.Mul(op.inputs[0], b.Min(b.Max(b.Add(b.Div(op.inputs[0], 6.0), 0.5), 0.0), 1.0))]


def _gelu(b: Builder, op: Op) -> list[Value]:
    x = op.inputs[0]
    assert x is not None
    if op.attributes.get("approximate", "none") == "tanh":
        inner = b.Mul(b.Add(x, b.Mul(b.Mul(b.Mul(x, x), x), 0.044715)), sqrt(2 / pi))
        return [b.Mul(b.Mul(x, 0.5), b.Add(b.Tanh(inner), 1.0))]
    return [b.Mul(b.Mul(x, 0.5), b.Add(_erf(b, b.Mul(x, sqrt(0.5))), 1.0))]


def _mean(b: Builder, op: Op) -> list[Value]:
    total = op.inputs[0]
    for value in op.inputs[1:]:
        total = b.Add(total, value)
    return [b.Div(total, float(len(op.inputs)))]


def _over_space(kind: str, b: Builder, op: Op) -> list[Value]:
    """A reduction over all axes after (batch, channels)."""
    x = op.inputs[0]
    assert x is not None
    return [b.op(kind, x, b.ints(range(2, x.rank)), keepdims=1)]


def _instance_normalization(b: Builder, op: Op) -> list[Value]:
    x, scale, bias = op.inputs
    assert x is not None and scale is not None and bias is not None
    axes, shape = b.ints(range(2, x.rank)), [-1] + [1] * (x.rank - 2)
    return [_normalized(b, x, axes, b.reshape(scale, shape), b.reshape(bias, shape), op.attributes.get("epsilon", 1e-5))]


def _normalized(b: Builder, x: Value, axes: Value, scale: Value, bias: Value, epsilon: float) -> Value:
    centred = b.Sub(x, b.ReduceMean(x, axes))
    variance = b.ReduceMean(b.Mul(centred, centred), axes)
    y: Value = b.Add(b.Mul(b.Div(centred, b.Sqrt(b.Add(variance, epsilon))), scale), bias)
    return y


def _group_normalization(b: Builder, op: Op) -> list[Value]:
    """x (batch, channels, ...), scale and bias (channels,)."""
    x, scale, bias = op.inputs
    assert x is not None and scale is not None and bias is not None and x.shape[1] is not None
    groups, dims, rank = op.attributes["num_groups"], b.dims(x), x.rank
    shape = [-1] + [1] * (rank - 2)
    grouped = b.reshape(x, [dims[0], groups, x.shape[1] // groups, *dims[2:]])
    ones = b.const(1.0, "float64")
    y = _normalized(b, grouped, b.ints(range(2, rank + 1)), ones, b.const(0.0, "float64"), op.attributes.get("epsilon", 1e-5))
    return [b.Add(b.Mul(b.reshape(y, dims, x.shape), b.reshape(scale, shape)), b.reshape(bias, shape))]


FLOAT64: dict[str, Callable[[Builder, Op], list[Value] | None]] = {
    "Erf": _simple(_erf),
    "Atan": _simple(_atan),
    "Asin": _simple(_asin),
    "Acos": _simple(_acos),
    "Asinh": _simple(_asinh),
    "Acosh": _simple(_acosh),
    "Atanh": _simple(_atanh),
    "Sinh": _simple(_sinh),
    "Cosh": _simple(_cosh),
    "Cos": _simple(_cos),
    "Tan": _simple(_tan),
    "Softplus": _simple(_softplus),
    "Softsign": _simple(_softsign),
    "Mish": _simple(_mish),
    "Elu": _elu,
    "Celu": _celu,
    "Selu": _selu,
    "LeakyRelu": _leaky_relu,
    "PRelu": _prelu,
    "ThresholdedRelu": _thresholded_relu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "Gelu": _gelu,
    "Mean": _mean,
    "GlobalAveragePool": partial(_over_space, "ReduceMean"),
    "GlobalMaxPool": partial(_over_space, "ReduceMax"),
    "InstanceNormalization": _instance_normalization,
    "GroupNormalization": _group_normalization,
    "AveragePool": float64_windows.average_pool,
    "Conv": float64_windows.conv,
    "ConvTranspose": float64_windows.conv_transpose,
}
