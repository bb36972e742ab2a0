"""Quantized kernels of Dense and EinsumDense: int8, int4, float8, GPTQ, AWQ.

Semantics: `_int8_call`, `_int4_call`, `_float8_call`, `_gptq_call`, `_awq_call` in keras/src/layers/core/dense.py and
einsum_dense.py, and keras/src/quantizers/quantizers.py. Products of integers are computed in float32, which holds them
exactly up to about a thousand terms and to its own precision beyond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Tensor, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder

QUANTIZED_WEIGHTS = tuple(
    f"{name}?"
    for name in "kernel_scale kernel_zero g_idx awq_scales lora_kernel_a lora_kernel_b inputs_scale inputs_amax_history kernel_amax_history "
    "outputs_grad_scale outputs_grad_amax_history".split()
)


@dataclass(frozen=True)
class Kernel:
    """A kernel as the file stores it, what belongs to it, and the shape that it has unpacked (-1 where unknown)."""

    stored: Value
    extra: Mapping[str, Value]
    shape: tuple[int, ...]

    @property
    def scaled(self) -> bool:
        """True where it is stored as integers or used through float8."""
        return "kernel_scale" in self.extra


def quantized_einsum(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel, dtype: str) -> Value:
    """einsum(equation, x, kernel) as the policy's quantization mode computes it, and what LoRA learned beside it."""
    mode = layer.policy.quantization
    if mode not in _MODES:
        raise UnsupportedAttribute(f"{layer.class_name} with quantization {mode!r} and a kernel_scale")
    x = b.cast(x, dtype)
    y = _MODES[mode](b, layer, equation, x, kernel)
    if "lora_kernel_a" not in kernel.extra:
        return y
    rank = layer.config["lora_rank"]
    factor = float(layer.config.get("lora_alpha") or rank) / rank
    update = b.Mul(b.MatMul(kernel.extra["lora_kernel_a"], kernel.extra["lora_kernel_b"]), factor)
    return b.Add(y, _product(b, equation, x, update))


def _product(b: Builder, equation: str, x: Value, y: Value) -> Value:
    from loadstone.lowering.keras.core import einsum

    return einsum(b, equation, x, y)


# -- modes ------------------------------------------------------------------------------------------------------------


def _int8(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel) -> Value:
    """Inputs quantized by the largest magnitude along the summed axes, integer product, both scales taken out."""
    return _scaled_product(b, layer, equation, x, kernel.stored, kernel.extra["kernel_scale"], _quantizer(layer, {}))


def _int4(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel) -> Value:
    """Kernel (rows, columns / 2), two numbers a byte along its columns; rows are the summed axes.

    Without groups there is a scale for each column; with groups of rows a scale and a zero for each group and column.
    """
    _, right, _ = _terms(equation)
    summed = [c not in equation.partition("->")[2] for c in right]
    columns = prod(d for d, gone in zip(kernel.shape, summed, strict=True) if not gone)
    if layer.config.get("packed_axis") is not None:
        return _int4_of_old(b, layer, equation, x, kernel)
    scale, zero, groups = (kernel.extra.get(name) for name in ("kernel_scale", "kernel_zero", "g_idx"))
    rows = kernel.stored.shape[0]

    def unpacked() -> np.ndarray:
        return unpack_int4(_array(kernel.stored), columns, axis=1)

    shape = _filled(kernel.shape, (rows or 0) * columns)
    assert scale is not None
    if zero is not None and groups is not None:
        dense = lambda: _dequantized(unpacked(), _array(scale), _array(zero), _array(groups), axis=0)  # noqa: E731
        return _product(b, equation, x, _constant(b, dense, shape, x.dtype))
    dense = lambda: unpacked() / _array(scale).astype(np.float32)  # noqa: E731
    quantizer = _quantizer(layer, None)
    if quantizer is None:
        return _product(b, equation, x, _constant(b, dense, shape, x.dtype))
    q, factor = _quantize(b, equation, x, quantizer)
    return b.Div(_product(b, equation, q, _constant(b, dense, shape, x.dtype)), factor)


def _int4_of_old(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel) -> Value:
    """Keras 3.11 to 3.13 (`packed_axis` "summed"): packed along the first summed axis, and otherwise as int8."""
    _, right, result = _terms(equation)
    axis = next(i for i, c in enumerate(right) if c not in result)
    length = kernel.shape[axis]
    if length < 0:
        raise ModelError(f"the length of axis {axis} of a packed kernel of shape {kernel.stored.shape} is not known")
    shape = tuple(length if i == axis else d or 0 for i, d in enumerate(kernel.stored.shape))
    whole = _constant(b, lambda: unpack_int4(_array(kernel.stored), length, axis), shape, x.dtype)
    return _scaled_product(b, layer, equation, x, whole, kernel.extra["kernel_scale"], _quantizer(layer, {}))


def _float8(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel) -> Value:
    """Inputs and kernel rounded to float8_e4m3fn, each by its own scale."""

    def rounded(v: Value, scale: Value) -> Value:
        scale = b.cast(scale, x.dtype)
        small = b.Clip(b.Div(v, scale), b.const(-448.0, x.dtype), b.const(448.0, x.dtype))
        return b.Mul(b.cast(b.cast(small, "float8_e4m3fn"), x.dtype), scale)

    weights = rounded(b.cast(kernel.stored, x.dtype), kernel.extra["kernel_scale"])
    return _product(b, equation, rounded(x, kernel.extra["inputs_scale"]), weights)


def _gptq(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel) -> Value:
    """Kernel (columns, rows), two numbers a byte along its columns where they have four bits; a scale and zero for each column and group.

    AWQ divides each row by a scale of its own as well.
    """
    rows, columns = _rows_and_columns(kernel)
    four_bits = layer.policy.quantization == "awq" or layer.policy.name.split("/")[1:2] == ["4"]
    scale, zero, groups = (kernel.extra[name] for name in ("kernel_scale", "kernel_zero", "g_idx"))
    by_row = kernel.extra.get("awq_scales")

    def dense() -> np.ndarray:
        stored = _array(kernel.stored)
        numbers = unpack_int4(stored, columns, axis=0, signed=False) if four_bits else stored
        weights = _dequantized(numbers, _array(scale), _array(zero), _array(groups), axis=1).T
        return weights if by_row is None else weights / _array(by_row)[:, None]

    return _product(b, equation, x, _constant(b, dense, _filled(kernel.shape, rows * columns), x.dtype))


def _rows_and_columns(kernel: Kernel) -> tuple[int, int]:
    """How a kernel is laid flat for GPTQ: of rank 3 by where its longest axis is (`_gptq_build` in einsum_dense.py)."""
    rows = kernel.extra["g_idx"].shape[0]
    columns = kernel.extra["kernel_scale"].shape[0]
    assert rows is not None and columns is not None
    return rows, columns


_MODES: dict[str | None, Callable[[Builder, Layer, str, Value, Kernel], Value]] = {
    "int8": _int8,
    "int4": _int4,
    "float8": _float8,
    "gptq": _gptq,
    "awq": _gptq,
}


# -- parts ------------------------------------------------------------------------------------------------------------


def _scaled_product(
    b: Builder, layer: Layer, equation: str, x: Value, weights: Value, scale: Value, quantizer: dict[str, Any] | None
) -> Value:
    if quantizer is None:
        return b.Div(_product(b, equation, x, b.cast(weights, x.dtype)), scale)
    q, factor = _quantize(b, equation, x, quantizer)
    exact = "float64" if x.dtype == "float64" else "float32"
    product = b.cast(_product(b, equation, b.cast(q, exact), b.cast(weights, exact)), x.dtype)
    return b.Div(product, b.Mul(factor, scale))


def _quantizer(layer: Layer, default: dict[str, Any] | None) -> dict[str, Any] | None:
    """The config of the quantizer of inputs, None where they stay as they are; `default` where the file says nothing."""
    stored = layer.config.get("quantization_config")
    if stored is None:
        return default
    found = (stored.get("config") or {}).get("activation_quantizer")
    if found is None:
        return None
    if found.get("class_name") != "AbsMaxQuantizer":
        raise UnsupportedAttribute(f"{layer.class_name} with the quantizer {found.get('class_name')!r}")
    return dict(found.get("config") or {})


def _quantize(b: Builder, equation: str, x: Value, quantizer: dict[str, Any]) -> tuple[Value, Value]:
    """x as whole numbers (still floats), and the factor by which they are larger, in the layout of the einsum's result."""
    left, _, result = _terms(equation)
    low, high = quantizer.get("value_range", (-127, 127))
    summed = [i for i, c in enumerate(left) if c not in result]
    largest = b.ReduceMax(b.Abs(x), b.ints(summed), keepdims=1)
    factor: Value = b.Div(high, b.Add(largest, quantizer.get("epsilon", 1e-7)))
    q = b.Clip(b.Round(b.Mul(x, factor)), b.const(low, x.dtype), b.const(high, x.dtype))
    kept = [c for c in left if c in result]
    places = [kept.index(c) for c in result if c in kept]
    turned = b.transpose(b.squeeze(factor, *summed), places)
    return q, b.unsqueeze(turned, *(i for i, c in enumerate(result) if c not in kept))


def unpack_int4(packed: np.ndarray, length: int, axis: int, signed: bool = True) -> np.ndarray:
    """Two numbers a byte, the lower four bits first, along an axis that has `length` of them."""
    front = np.moveaxis(packed, axis, 0)
    low, high = front & 15, (front.view(np.uint8) >> 4).astype(front.dtype)
    both = np.stack([low, high], 1).reshape(-1, *front.shape[1:])[:length].astype(np.int16)
    return np.moveaxis((both ^ 8) - 8 if signed else both, 0, axis)


def _dequantized(numbers: np.ndarray, scale: np.ndarray, zero: np.ndarray, groups: np.ndarray, axis: int) -> np.ndarray:
    """(numbers - zero) * scale, both taken from the group that each row or column is in."""
    index = groups.astype(np.int32)
    zeros = np.take(zero, index, axis).astype(np.float32)
    return np.take(scale, index, axis).astype(np.float32) * (numbers.astype(np.float32) - zeros)


def _array(value: Value) -> np.ndarray:
    return np.ascontiguousarray(value.array())


def _constant(b: Builder, load: Callable[[], np.ndarray], shape: tuple[int, ...], dtype: str) -> Value:
    """A constant that is unpacked when the engine needs it."""
    return b.weight(Tensor.lazy(shape, dtype, lambda: load().reshape(shape).astype(dtypes.to_numpy(dtype)), key="unpacked"))


def _filled(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape whose one unknown length follows from the number of elements."""
    known = prod(d for d in shape if d >= 0)
    filled = tuple(size // known if d < 0 and known else d for d in shape)
    if prod(filled) != size:
        raise ModelError(f"a kernel of shape {shape} has {size} elements")
    return filled


def _terms(equation: str) -> tuple[str, str, str]:
    left, _, rest = equation.partition(",")
    right, _, result = rest.partition("->")
    return left, right, result
