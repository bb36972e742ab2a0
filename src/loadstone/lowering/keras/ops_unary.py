"""Functions of one tensor, element by element, of `keras.ops`.

Semantics and dtypes: keras/src/backend/tensorflow/numpy.py, math.py and nn.py of Keras 3. A row of `FLOATING` works in floats and
turns integers into float32; a row of `KEEPING` keeps the dtype; a row of `PREDICATES` gives bools.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log, pi
from typing import Any

import numpy as np

from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import ACTIVATIONS, hard_shrink, relu, soft_shrink, squareplus, threshold
from loadstone.lowering.keras.special import erfc, erfinv, expm1, gelu, leaky_relu, log1p
from loadstone.lowering.registry import keras_op

Unary = Callable[[Builder, Value], Value]


def as_float(b: Builder, x: Value) -> Value:
    """x, as float32 where it is not a float."""
    return x if dtypes.is_float(x.dtype) else b.cast(x, "float32")


def as_wide_float(b: Builder, x: Value) -> Value:
    """The same, but float64 of int64."""
    return b.cast(x, "float64") if x.dtype == "int64" else as_float(b, x)


def onnx(kind: str) -> Callable[..., Value]:
    """The ONNX op of that name."""
    return lambda b, *operands: b.op(kind, *operands)


# -- one operand ------------------------------------------------------------------------------------------------------


def _sinc(b: Builder, x: Value) -> Value:
    angle = b.Mul(x, pi)
    zero = b.Equal(x, 0)
    return b.Where(zero, 1, b.Div(b.Sin(angle), b.Where(zero, 1, angle)))


def _logarithm(base: float) -> Unary:
    return lambda b, x: b.Div(b.Log(x), log(base))


FLOATING: dict[str, Unary] = {
    "Arccos": onnx("Acos"),
    "Arccosh": onnx("Acosh"),
    "Arcsin": onnx("Asin"),
    "Arcsinh": onnx("Asinh"),
    "Arctan": onnx("Atan"),
    "Arctanh": onnx("Atanh"),
    "Cbrt": lambda b, x: b.Mul(b.Sign(x), b.Pow(b.Abs(x), 1 / 3)),
    "Ceil": onnx("Ceil"),
    "Cos": onnx("Cos"),
    "Cosh": onnx("Cosh"),
    "Deg2rad": lambda b, x: b.Mul(x, pi / 180),
    "Erf": onnx("Erf"),
    "Erfc": erfc,
    "Erfinv": erfinv,
    "Exp": onnx("Exp"),
    "Exp2": lambda b, x: b.Pow(b.const(2, x.dtype), x),
    "Expm1": expm1,
    "Fabs": onnx("Abs"),
    "Floor": onnx("Floor"),
    "Log": onnx("Log"),
    "Log10": _logarithm(10),
    "Log1p": log1p,
    "Log2": _logarithm(2),
    "Rad2deg": lambda b, x: b.Mul(x, 180 / pi),
    "Rsqrt": lambda b, x: b.Div(1, b.Sqrt(x)),
    "HardSigmoid": ACTIVATIONS["hard_sigmoid"],
    "HardSilu": ACTIVATIONS["hard_silu"],
    "Selu": onnx("Selu"),
    "SparsePlus": ACTIVATIONS["sparse_plus"],
    "SparseSigmoid": ACTIVATIONS["sparse_sigmoid"],
    "Sin": onnx("Sin"),
    "Sinc": _sinc,
    "Sinh": onnx("Sinh"),
    "Sqrt": onnx("Sqrt"),
    "Tan": onnx("Tan"),
    "Tanh": onnx("Tanh"),
}


def _same(b: Builder, x: Value) -> Value:
    return x


def _of_complex(name: str, function: Callable[..., Any], dtype: str | None, otherwise: Unary) -> Unary:
    """A formula of complex numbers by numpy (dtype None: real numbers of their precision), and of real ones by ONNX."""

    def of(b: Builder, x: Value) -> Value:
        if not x.dtype.startswith("complex"):
            return otherwise(b, x)
        made = dtype or ("float32" if x.dtype == "complex64" else "float64")
        return b.host(name, lambda z: (np.asarray(function(z), made, order="C"),), [x], [(x.shape, made)])[0]

    return of


def _conjugate(b: Builder, x: Value) -> Value:
    return _of_complex("conj", np.conj, x.dtype, _same)(b, x)


def _magnitude(b: Builder, x: Value) -> Value:
    if x.dtype.startswith("complex"):
        return _of_complex("abs", np.abs, None, _same)(b, x)
    return x if x.dtype == "bool" or x.dtype.startswith("uint") else b.Abs(x)


def _truncated(b: Builder, x: Value) -> Value:
    return b.Where(b.Less(x, 0), b.Ceil(x), b.Floor(x)) if dtypes.is_float(x.dtype) else x


def _square(b: Builder, x: Value) -> Value:
    x = b.cast(x, "int32") if x.dtype == "bool" else x
    return b.Mul(x, x)


KEEPING: dict[str, Unary] = {
    "Abs": _magnitude,
    "Absolute": _magnitude,
    "BitwiseInvert": onnx("BitwiseNot"),
    "BitwiseNot": onnx("BitwiseNot"),
    "Conj": _conjugate,
    "Conjugate": _conjugate,
    "Copy": _same,
    "Negative": onnx("Neg"),
    "Real": _of_complex("real", np.real, None, _same),
    "Reciprocal": lambda b, x: b.Div(1, x),
    "Sign": onnx("Sign"),
    "Square": _square,
    "StopGradient": _same,
    "Trunc": _truncated,
    # functions of keras.ops.nn
    "HardTanh": ACTIVATIONS["hard_tanh"],
    "LogSigmoid": ACTIVATIONS["log_sigmoid"],
    "Mish": ACTIVATIONS["mish"],
    "Relu": relu,
    "Relu6": ACTIVATIONS["relu6"],
    "Sigmoid": onnx("Sigmoid"),
    "Silu": ACTIVATIONS["silu"],
    "Softplus": onnx("Softplus"),
    "Softsign": onnx("Softsign"),
    "TanhShrink": ACTIVATIONS["tanh_shrink"],
}


def negative_sign(b: Builder, x: Value) -> Value:
    """x < 0, and also for -0: its reciprocal is."""
    below = b.Less(x, 0)
    return b.Or(below, b.Less(b.Div(1, x), 0)) if dtypes.is_float(x.dtype) else below


def _never(b: Builder, x: Value) -> Value:
    return b.full(b.dims(x), False, "bool")


def _not_a_number(b: Builder, x: Value) -> Value:
    return b.IsNaN(x) if dtypes.is_float(x.dtype) else _never(b, x)


def _infinite(b: Builder, x: Value, sign: int = 0) -> Value:
    if not dtypes.is_float(x.dtype):
        return _never(b, x)
    far = b.Equal(b.Abs(x), np.inf)
    return far if not sign else b.And(far, b.Greater(x, 0) if sign > 0 else b.Less(x, 0))


def _finite(b: Builder, x: Value) -> Value:
    return b.Not(b.Or(_not_a_number(b, x), _infinite(b, x)))


PREDICATES: dict[str, Unary] = {
    "Isfinite": _finite,
    "Isinf": _infinite,
    "Isnan": _not_a_number,
    "Isneginf": partial(_infinite, sign=-1),
    "Isposinf": partial(_infinite, sign=1),
    "Isreal": _of_complex("isreal", np.isreal, "bool", lambda b, x: b.Not(_never(b, x))),
    "LogicalNot": lambda b, x: b.Not(b.cast(x, "bool")),
    "Signbit": negative_sign,
}


def _soft_shrink(b: Builder, x: Value, threshold: float = 0.5, integers: str = "cast") -> Value:
    return soft_shrink(b, x if integers == "keep" else as_float(b, x), threshold)


# name -> (formula, its options in the config)
WITH_OPTIONS: dict[str, tuple[Callable[..., Value], str]] = {
    "Celu": (ACTIVATIONS["celu"], "alpha"),
    "Elu": (lambda b, x, alpha=1.0: b.Elu(x, alpha=float(alpha)), "alpha"),
    "Gelu": (lambda b, x, approximate=True: gelu(b, x, bool(approximate)), "approximate"),
    "HardShrink": (hard_shrink, "threshold"),
    "LeakyRelu": (leaky_relu, "negative_slope"),
    "ReLU": (relu, "negative_slope max_value threshold"),
    "SoftShrink": (_soft_shrink, "threshold integers"),
    "Squareplus": (lambda b, x, b_=4: squareplus(b, x, b_), "b"),
    "Threshold": (threshold, "threshold default_value"),
}


def _one(name: str, formula: Callable[..., Value], options: str = "", prepare: Unary = _same) -> None:
    @keras_op(name, options=options)
    def rule(b: Builder, layer: Layer, x: Any) -> Value:
        given = {key if key != "b" else "b_": layer.config[key] for key in options.split() if key in layer.config}
        return formula(b, prepare(b, x if isinstance(x, Value) else b.const(x)), **given)


for _name, _formula in FLOATING.items():
    _one(_name, _formula, prepare=as_wide_float if _name in ("Cbrt", "Deg2rad", "Rad2deg") else as_float)
for _name, _formula in {**KEEPING, **PREDICATES}.items():
    _one(_name, _formula)
for _name, (_formula, _options) in WITH_OPTIONS.items():
    _one(_name, _formula, _options)
