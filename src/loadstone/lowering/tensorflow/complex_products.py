"""Products of complex tensors: of matrices, by equations of letters, along axes.

tensorflow/core/kernels/matmul_op_impl.h, linalg/einsum_op_impl.h: four products of parts make one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.complex_numbers import Complex, of_complex
from loadstone.lowering.tensorflow.matrix_steps import Result, step
from loadstone.lowering.tensorflow.networks import matmul
from loadstone.lowering.tensorflow.products import einsum
from loadstone.lowering.tensorflow.reductions import total
from loadstone.lowering.tensorflow.symbols import Operand, axes_of, axis_of


def bilinear(b: Builder, x: Complex, y: Complex, product: Callable[[Value, Value], Value]) -> Complex:
    """What is linear in both operands."""
    re = b.Sub(product(x.real, y.real), product(x.imag, y.imag))
    return Complex(re, b.Add(product(x.real, y.imag), product(x.imag, y.real)))


@of_complex("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def complex_matmul(
    b: Builder, a: Complex, b_: Complex, transpose_a: bool = False, transpose_b: bool = False, adj_x: bool = False, adj_y: bool = False,
    grad_a: bool = False, grad_b: bool = False, grad_x: bool = False, grad_y: bool = False, Tout: str = "",
) -> Complex:  # fmt: skip
    """Products of matrices; adjoint ones are conjugate too."""
    x, y = (Complex(z.real, b.Neg(z.imag)) if flag else z for z, flag in ((a, adj_x), (b_, adj_y)))
    return bilinear(b, x, y, lambda u, v: matmul(b, u, v, transpose_a=transpose_a or adj_x, transpose_b=transpose_b or adj_y))


@of_complex("Einsum")
def complex_einsum(b: Builder, inputs: Any, equation: str = "") -> Complex:
    """Sums of products of one or two tensors by an equation of letters."""
    if len(inputs) == 1:
        return Complex(einsum(b, [inputs[0].real], equation), einsum(b, [inputs[0].imag], equation))
    if len(inputs) != 2:
        raise UnsupportedAttribute(f"an Einsum of {len(inputs)} complex tensors")
    return bilinear(b, inputs[0], inputs[1], lambda u, v: einsum(b, [u, v], equation))


@of_complex("Prod")
def complex_product(b: Builder, input_: Complex, axis: Operand, keep_dims: bool = False) -> Complex:
    """The product of elements along axes."""
    axes = tuple(axes_of(axis, input_.rank))
    if keep_dims:
        shape = tuple(1 if i in axes else d for i, d in enumerate(input_.shape))
    else:
        shape = tuple(d for i, d in enumerate(input_.shape) if i not in axes)

    def product(z: np.ndarray) -> np.ndarray:
        return np.asarray(np.prod(z, axis=axes)).reshape(
            [1 if i in axes else d for i, d in enumerate(z.shape) if keep_dims or i not in axes]
        )

    found: Complex = step(b, "Prod", [input_], [Result(shape)], product)[0]
    return found


@of_complex("EuclideanNorm")
def complex_norm(b: Builder, input_: Complex, axis: Operand, keep_dims: bool = False) -> Complex:
    """The root of the sum of the squared sizes along axes; nothing imaginary."""
    axes = axes_of(axis, input_.rank)
    real = b.Sqrt(total(b, b.Add(b.Mul(input_.real, input_.real), b.Mul(input_.imag, input_.imag)), axes, bool(keep_dims)))
    return Complex(real, b.zeros(b.dims(real), real.dtype))


@of_complex("Cumprod")
def complex_cumprod(b: Builder, x: Complex, axis: Operand, exclusive: bool = False, reverse: bool = False) -> Complex:
    """Products of the elements so far."""
    at = axis_of(axis, x.rank)

    def products(z: np.ndarray) -> np.ndarray:
        z = np.flip(z, at) if reverse else z
        if exclusive:
            one = np.ones_like(np.take(z, [0] if z.shape[at] else [], at))
            z = np.concatenate([one, np.delete(z, -1, at)], at) if z.shape[at] else z
        y = np.cumprod(z, at, dtype=z.dtype)
        return np.flip(y, at) if reverse else y

    found: Complex = step(b, "Cumprod", [x], [Result(x.shape)], products)[0]
    return found
