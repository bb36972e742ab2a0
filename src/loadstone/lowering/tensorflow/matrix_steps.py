"""Python steps over stacks of matrices, real or complex, for what ONNX has no form of.

A step is a function of arrays (..., rows, columns) in numpy. What it cannot compute is an InferenceError, as TensorFlow's kernels give
an error of their own (tensorflow/core/kernels/linalg).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError
from loadstone.ir import dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.complex_numbers import PART, Complex, joined, of_complex
from loadstone.lowering.tensorflow.symbols import Function, Operand, tensor, tf

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Result:
    """What a step gives: its shape, and its type where that is not the type of the operands ("real": of their parts)."""

    shape: Shape
    dtype: str = ""


def matrices(*ops: str) -> Callable[[Function], Function]:
    """Decorator: the function is the rule of these ops, for real and for complex operands."""

    def register(function: Function) -> Function:
        tf(*(f"raw_ops.{op}" for op in ops))(function)
        return of_complex(*ops)(function)

    return register


def operand(b: Builder, x: Operand | Complex) -> Any:
    """An operand as it flows."""
    return x if isinstance(x, Complex) else tensor(b, x)


def matrix(b: Builder, x: Operand | Complex, what: str, square: bool = False) -> Any:
    """An operand that is a stack of matrices."""
    y = operand(b, x)
    if y.rank < 2:
        raise ModelError(f"{what} of a tensor of shape {y.shape}, which holds no matrix")
    rows, columns = y.shape[-2:]
    if square and rows != columns and None not in (rows, columns):
        raise ModelError(f"{what} of matrices of {rows} rows and {columns} columns, which are not square")
    return y


def step(
    b: Builder, name: str, operands: Sequence[Any], results: Sequence[Result], function: Callable[..., Any], does: object = None
) -> list[Any]:
    """A Python step; half precision is computed in float32. does: as `Builder.host` takes it."""
    values: list[Value] = [v for x in operands for v in ([x.real, x.imag] if isinstance(x, Complex) else [x])]
    twofold = [isinstance(x, Complex) for x in operands]
    own = operands[0].dtype
    kinds = [{"": own, "real": PART.get(own, own)}.get(r.dtype, r.dtype) for r in results]
    specs = [(r.shape, PART.get(kind, kind)) for r, kind in zip(results, kinds, strict=True) for _ in range(2 if kind in PART else 1)]

    def compute(*arrays: Array) -> tuple[Array, ...]:
        rest = iter(arrays)
        given = [_computable(joined(next(rest), next(rest)) if two else next(rest)) for two in twofold]
        try:
            with np.errstate(all="ignore"):
                found = function(*given)
        except (np.linalg.LinAlgError, ArithmeticError, ValueError) as error:
            shapes = ", ".join(str(a.shape) for a in given)
            raise InferenceError(f"{name} of tensors of shape {shapes}: {error}") from error
        made: list[Array] = []
        for y, kind in zip(found if isinstance(found, tuple) else (found,), kinds, strict=True):
            made += [y.real, y.imag] if kind in PART else [y.real if np.iscomplexobj(y) else y]
        return tuple(np.array(y, dtypes.to_numpy(dtype), order="C") for y, (_, dtype) in zip(made, specs, strict=True))

    try:
        made = b.host(name, compute, values, specs, pure=True, does=does)
    except InferenceError:  # of constants, which may be those of a branch that is never taken
        made = b.host(name, compute, values, specs, does=does)
    rest = iter(made)
    return [Complex(next(rest), next(rest)) if kind in PART else next(rest) for kind in kinds]


def _computable(x: Array) -> Array:
    return x.astype(np.float32) if x.dtype.itemsize == 2 and x.dtype.kind not in "iu" else x


def conjugate_transpose(x: Array) -> Array:
    """The conjugate, with the last two axes exchanged."""
    return np.conj(np.swapaxes(x, -1, -2))


def transposed(b: Builder, x: Any) -> Any:
    """The same as ONNX."""
    if isinstance(x, Complex):
        return Complex(transposed(b, x.real), b.Neg(transposed(b, x.imag)))
    return b.transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])


def finite(x: Array) -> Array:
    """x, whose numbers must all be finite."""
    if not np.isfinite(x).all():
        raise np.linalg.LinAlgError("the input is not invertible")
    return x
