"""Quantized kernels of Dense and EinsumDense: int8, int4, float8, GPTQ, AWQ, ternary.

Semantics: `_int8_call`, `_int4_call`, `_float8_call`, `_gptq_call`, `_awq_call` in keras/src/layers/core/dense.py and
einsum_dense.py of Keras 3.15, and keras/src/quantizers/modes of 3.16. Products of integers are computed in float32, which
holds them exactly up to about a thousand terms and to its own precision beyond.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.quantized_codes import Kernel, codes, constant, numbers, old_codes, terms

QUANTIZED_WEIGHTS = tuple(
    f"{name}?"
    for name in "kernel_scale kernel_zero g_idx awq_scales lora_kernel_a lora_kernel_b inputs_scale inputs_amax_history kernel_amax_history "
    "outputs_grad_scale outputs_grad_amax_history".split()
)


def quantized_einsum(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel, dtype: str) -> Value:
    """einsum(equation, x, kernel) as the policy's quantization mode computes it, and what LoRA learned beside it."""
    mode = layer.policy.quantization
    if mode not in _MODES:
        raise UnsupportedAttribute(f"{layer.class_name} with quantization {mode!r} and a kernel_scale")
    x, extra = b.cast(x, dtype), {name: b.cast(v, dtype) if dtypes.is_float(v.dtype) else v for name, v in kernel.extra.items()}
    kernel = replace(kernel, extra=extra)
    if layer.config.get("unscaled"):
        return _unscaled(b, layer, equation, x, kernel)
    y = _MODES[mode](b, layer, equation, x, kernel)
    if "lora_kernel_a" not in kernel.extra:
        return y
    _, right, result = terms(equation)
    if right[-1] != result[-1] and layer.config.get("lora") == "last axis":
        raise UnsupportedAttribute(f"{layer.class_name} with equation {layer.config.get('equation')!r}, lora_rank and quantization")
    return b.Add(y, _product(b, equation, x, _adapter(b, layer, kernel)))


def _unscaled(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel) -> Value:
    """What `call` computes, which TimeDistributed calls past the quantized one: the integers as they are, and LoRA beside them."""
    mode = layer.policy.quantization
    if mode == "float8":
        return _product(b, equation, x, b.cast(kernel.stored, x.dtype))
    if layer.config.get("packed_axis") or layer.config.get("codes") == "turned":
        raise UnsupportedAttribute(f"TimeDistributed around a {layer.class_name} of dtype {layer.policy.name}")
    whole = constant(b, *codes(layer, equation, kernel), x.dtype)
    if "lora_kernel_a" in kernel.extra:
        whole = b.Add(whole, b.cast(_adapter(b, layer, kernel), x.dtype))
    return _product(b, equation, x, whole)


def _adapter(b: Builder, layer: Layer, kernel: Kernel) -> Value:
    rank = layer.config["lora_rank"]
    factor = float(layer.config.get("lora_alpha") or rank) / rank
    return b.Mul(b.MatMul(kernel.extra["lora_kernel_a"], kernel.extra["lora_kernel_b"]), factor)


def _product(b: Builder, equation: str, x: Value, y: Value) -> Value:
    from loadstone.lowering.keras.core import einsum

    return einsum(b, equation, x, y)


# -- modes ------------------------------------------------------------------------------------------------------------


def _int8(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel) -> Value:
    """Inputs quantized by the largest magnitude along the summed axes, integer product, both scales taken out."""
    return _scaled_product(b, layer, equation, x, kernel.stored, kernel.extra["kernel_scale"], quantizer_of_inputs(layer, {}))


def _packed(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel) -> Value:
    """The kernel as floats; inputs as they are, or quantized where the config of int4 says so."""
    if layer.policy.quantization == "int4" and layer.config.get("packed_axis") is not None:  # Keras 3.11 to 3.13: otherwise as int8
        whole = constant(b, *old_codes(equation, kernel), x.dtype)
        return _scaled_product(b, layer, equation, x, whole, kernel.extra["kernel_scale"], quantizer_of_inputs(layer, {}))
    weights = constant(b, *numbers(layer, equation, kernel, x.dtype), x.dtype)
    quantizer = quantizer_of_inputs(layer, None) if layer.policy.quantization == "int4" and "kernel_zero" not in kernel.extra else None
    if quantizer is None:
        return _product(b, equation, x, weights)
    q, factor = _quantize(b, equation, x, quantizer)
    return b.Div(_product(b, equation, q, weights), factor)


def _float8(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel) -> Value:
    """Inputs and kernel rounded to float8_e4m3fn, each by its own scale."""

    def rounded(v: Value, scale: Value) -> Value:
        scale = b.cast(scale, x.dtype)
        small = b.Clip(b.Div(v, scale), b.const(-448.0, x.dtype), b.const(448.0, x.dtype))
        return b.Mul(b.cast(b.cast(small, "float8_e4m3fn"), x.dtype), scale)

    weights = rounded(b.cast(kernel.stored, x.dtype), kernel.extra["kernel_scale"])
    return _product(b, equation, rounded(x, kernel.extra["inputs_scale"]), weights)


def _ternary(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel) -> Value:
    """A kernel of -1, 0 and 1, and one scale for the product."""
    y = _product(b, equation, x, constant(b, *codes(layer, equation, kernel), x.dtype))
    return b.Mul(y, b.cast(kernel.extra["kernel_scale"], y.dtype))


_MODES: dict[str | None, Callable[[Builder, Layer, str, Value, Kernel], Value]] = {
    "int8": _int8,
    "int4": _packed,
    "float8": _float8,
    "gptq": _packed,
    "awq": _packed,
    "ternary": _ternary,
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


def quantizer_of_inputs(layer: Layer, default: dict[str, Any] | None) -> dict[str, Any] | None:
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
    left, _, result = terms(equation)
    low, high = quantizer.get("value_range", (-127, 127))
    summed = [i for i, c in enumerate(left) if c not in result]
    largest = b.ReduceMax(b.Abs(x), b.ints(summed), keepdims=1)
    factor: Value = b.Div(high, b.Add(largest, quantizer.get("epsilon", 1e-7)))
    q = b.Clip(b.Round(b.Mul(x, factor)), b.const(low, x.dtype), b.const(high, x.dtype))
    kept = [c for c in left if c in result]
    places = [kept.index(c) for c in result if c in kept]
    turned = b.transpose(b.squeeze(factor, *summed), places)
    return q, b.unsqueeze(turned, *(i for i, c in enumerate(result) if c not in kept))
