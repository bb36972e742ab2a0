"""Dense and EinsumDense: a matrix product, or any einsum, with a bias and an activation.

Semantics: keras/src/layers/core/dense.py, einsum_dense.py of Keras 3. Quantized kernels are `lowering.keras.quantized`.
"""

from __future__ import annotations

from string import ascii_letters

from loadstone.errors import ModelError
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.promotion import added
from loadstone.lowering.keras.quantized import QUANTIZED_WEIGHTS, quantized_einsum
from loadstone.lowering.keras.quantized_codes import Kernel
from loadstone.lowering.registry import keras_layer

_OPTIONS = "activation broadcasts packed_axis lora_rank lora_alpha gptq_unpacked_column_size lora codes unscaled"


@keras_layer("Dense", weights=("kernel", "bias?", *QUANTIZED_WEIGHTS), options=f"units use_bias {_OPTIONS}", masking="pass")
def dense(b: Builder, layer: Layer, inputs: Value, kernel: Value, bias: Value | None = None, **quantized: Value) -> Value:
    """inputs @ kernel + bias over the last axis.

    inputs (batch, ..., n), kernel (n, units), bias (units,) -> (batch, ..., units), in the compute dtype.
    """
    if inputs.rank < 2:
        raise ModelError(f"a Dense layer is given a tensor of shape {inputs.shape}")
    letters = ascii_letters[: inputs.rank - 1]
    shape = (inputs.shape[-1] or layer.build_config.get("input_shape", [None])[-1] or -1, int(layer.config["units"]))
    y = project(b, layer, f"{letters}y,yz->{letters}z", inputs, Kernel(kernel, quantized, shape), bias)
    return activate(b, y, layer.config.get("activation"))


@keras_layer("EinsumDense", weights=("kernel", "bias?", *QUANTIZED_WEIGHTS), options=f"equation output_shape bias_axes {_OPTIONS}")
def einsum_dense(b: Builder, layer: Layer, inputs: Value, kernel: Value, bias: Value | None = None, **quantized: Value) -> Value:
    """einsum(equation, inputs, kernel) + bias; the bias has length 1 on axes that are not in bias_axes."""
    equation = plain_equation(layer.config["equation"], inputs.rank)
    shape = kernel_shape(equation, inputs, layer.config["output_shape"])
    y = project(b, layer, equation, inputs, Kernel(kernel, quantized, shape), bias)
    return activate(b, y, layer.config.get("activation"))


def project(b: Builder, layer: Layer, equation: str, x: Value, kernel: Kernel, bias: Value | None) -> Value:
    """einsum(equation, x, kernel) + bias, by the quantization of the layer's policy."""
    dtype = layer.policy.compute
    if kernel.scaled:
        y = quantized_einsum(b, layer, equation, x, kernel, dtype)
    else:
        y = einsum(b, equation, b.cast(x, dtype), b.cast(kernel.stored, dtype))
    if bias is None:
        return y
    bias = b.cast(bias, dtype)
    if layer.policy.quantization == "float8" and dtype == "float32" and not layer.config.get("unscaled"):
        bias = b.cast(b.cast(bias, "bfloat16"), dtype)  # as Keras rounds it there
    return added(b, layer, y, bias)


def einsum(b: Builder, equation: str, x: Value, y: Value) -> Value:
    """einsum of two tensors; as MatMul where the last axes of x meet the first of y, which is what engines are good at.

    The equation has no ellipsis. "abc,cde->abde" is a product of (a, b, c) and (c, d * e).
    """
    left, _, rest = equation.partition(",")
    right, _, result = rest.partition("->")
    shared = _shared(left, right, result)
    if not shared or None in y.shape or result != left[: len(left) - shared] + right[shared:]:
        return b.Einsum(x, y, equation=equation)
    free, made = left[: len(left) - shared], right[shared:]
    n = _size(y.shape[:shared])
    if shared > 1:
        x = b.reshape(x, [*(b.dim(x, i) for i in range(len(free))), n])
    flat = y if len(right) == 2 else b.reshape(y, [n, _size(y.shape[shared:])])
    z: Value = b.MatMul(x, flat)
    if len(made) == 1:
        return z
    return b.reshape(z, [*(b.dim(x, i) for i in range(len(free))), *(d or 0 for d in y.shape[shared:])])


def _shared(left: str, right: str, result: str) -> int:
    """How many of the last axes of x are the first of y, and are summed over."""
    for count in range(min(len(left), len(right)), 0, -1):
        if left[-count:] == right[:count]:
            once = len(set(left)) == len(left) and len(set(right)) == len(right) and not set(left[:-count]) & set(right)
            return count if once and not set(right[:count]) & set(result) else 0
    return 0


def _size(lengths: tuple[int | None, ...]) -> int:
    size = 1
    for length in lengths:
        assert length is not None
        size *= length
    return size


def plain_equation(equation: str, rank: int) -> str:
    """An equation of two operands with letters in place of the ellipsis, for a first operand of this rank."""
    equation = equation.replace(" ", "")
    if "..." not in equation:
        return equation
    left = equation.partition(",")[0]
    unused = [c for c in ascii_letters if c not in equation]
    return equation.replace("...", "".join(unused[: rank - len(left.replace("...", ""))]))


def kernel_shape(equation: str, x: Value, output_shape: int | list[int | None]) -> tuple[int, ...]:
    """The shape of the kernel that an equation has, from its input and the lengths of its output's last axes; -1 where free."""
    left, _, rest = equation.partition(",")
    right, _, result = rest.partition("->")
    made = [output_shape] if isinstance(output_shape, int) else list(output_shape)
    lengths = {c: d for c, d in zip(left, x.shape, strict=True) if d is not None}
    lengths.update((c, d) for c, d in zip(result[1:], made, strict=False) if d is not None and len(made) == len(result) - 1)
    if len(made) < len(result) - 1:
        lengths.update((c, d) for c, d in zip(result[-len(made) :], made, strict=True) if d is not None and c in right)
    return tuple(lengths.get(c, -1) for c in right)
