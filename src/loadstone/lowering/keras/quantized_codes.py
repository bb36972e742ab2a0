"""How the integers of a quantized kernel lie in a file, and the numbers that they stand for.

Semantics: keras/src/quantizers/quantizers.py of Keras 3.15 (`unpack_int4`, `dequantize_with_sz_map`), and packing.py of 3.16.
A packed kernel is flat: rows are the summed axes of the einsum, columns the rest. Files of GPTQ and AWQ before 3.16 have
columns first (history: `codes` "turned").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Tensor, dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder

Load = Callable[[], np.ndarray]


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


def codes(layer: Layer, equation: str, kernel: Kernel) -> tuple[Load, tuple[int, ...]]:
    """A function that gives the integers, (rows, columns) where they are packed, and the shape of the kernel."""
    mode, stored = layer.policy.quantization, kernel.stored
    if mode == "int8":
        return lambda: array(stored), _known(stored)
    if mode == "int4":
        _, right, result = terms(equation)
        columns = prod(d for d, c in zip(kernel.shape, right, strict=True) if c in result)
        return lambda: unpack_int4(array(stored), columns, axis=1), filled(kernel.shape, _known(stored)[0] * columns)
    if mode == "ternary":
        return lambda: unpack_ternary(array(stored), kernel.shape[1]), filled(kernel.shape, _known(stored)[0] * kernel.shape[1])
    bits = 4 if mode == "awq" else int(layer.policy.name.split("/")[1])
    turned = layer.config.get("codes") == "turned"
    rows, columns = _known(kernel.extra["g_idx"])[0], _known(kernel.extra["kernel_scale"])[0 if turned else 1]

    def load() -> np.ndarray:
        axis, numbers = (0 if turned else 1), array(stored)
        if bits == 4:
            numbers = unpack_int4(numbers, columns, axis, signed=False)
        elif bits == 2 and not turned:
            numbers = unpack_int2(numbers, columns, axis)
        return numbers.T if turned else numbers

    return load, filled(kernel.shape, rows * columns)


def old_codes(equation: str, kernel: Kernel) -> tuple[Load, tuple[int, ...]]:
    """The integers of int4 kernels of Keras 3.11 to 3.13: packed along the first summed axis, not laid flat."""
    _, right, result = terms(equation)
    axis = next(i for i, c in enumerate(right) if c not in result)
    length = kernel.shape[axis]
    if length < 0:
        raise ModelError(f"the length of axis {axis} of a packed kernel of shape {kernel.stored.shape} is not known")
    shape = tuple(length if i == axis else d for i, d in enumerate(_known(kernel.stored)))
    return lambda: unpack_int4(array(kernel.stored), length, axis), shape


def numbers(layer: Layer, equation: str, kernel: Kernel, dtype: str) -> tuple[Load, tuple[int, ...]]:
    """What packed integers stand for, rounded where a layer that computes in `dtype` rounds.

    (integer - zero) * scale with both of the group that a row is in; or integer / scale with a scale for each column. AWQ
    divides each row by a scale of its own as well.
    """
    load, shape = codes(layer, equation, kernel)
    scale, zero, groups, by_row = (kernel.extra.get(name) for name in ("kernel_scale", "kernel_zero", "g_idx", "awq_scales"))
    turned = layer.config.get("codes") == "turned" and layer.policy.quantization in ("gptq", "awq")
    assert scale is not None

    def of_group(value: Value) -> np.ndarray:
        whole = rounded(array(value), dtype)
        assert groups is not None
        return np.take(whole.T if turned else whole, array(groups).astype(np.int32), 0)

    def real() -> np.ndarray:
        whole = _wide(load(), dtype)
        if zero is None or groups is None:
            whole /= rounded(array(scale), dtype)
            return whole
        weights: np.ndarray = rounded(rounded(whole - of_group(zero), dtype) * of_group(scale), dtype)
        return weights if by_row is None else weights / rounded(array(by_row), dtype)[:, None]

    return real, shape


def constant(b: Builder, load: Load, shape: tuple[int, ...], dtype: str) -> Value:
    """A constant that is unpacked when the engine needs it."""
    return b.weight(Tensor.lazy(shape, dtype, lambda: load().reshape(shape).astype(dtypes.to_numpy(dtype)), key="unpacked"))


# -- packing ----------------------------------------------------------------------------------------------------------


def unpack_int4(packed: np.ndarray, length: int, axis: int, signed: bool = True) -> np.ndarray:
    """Two numbers a byte, the lower four bits first, along an axis that has `length` of them."""
    front = np.moveaxis(packed, axis, 0)
    low, high = front & 15, (front.view(np.uint8) >> 4).astype(front.dtype)
    both = np.stack([low, high], 1).reshape(-1, *front.shape[1:])[:length].astype(np.int16)
    return np.moveaxis((both ^ 8) - 8 if signed else both, 0, axis)


def unpack_int2(packed: np.ndarray, length: int, axis: int) -> np.ndarray:
    """Four numbers from 0 to 3 a byte, the lowest two bits first."""
    front = np.moveaxis(packed, axis, 0)
    four = np.stack([front >> shift & 3 for shift in (0, 2, 4, 6)], 1).reshape(-1, *front.shape[1:])[:length]
    return np.moveaxis(four, 0, axis)


def unpack_ternary(packed: np.ndarray, length: int) -> np.ndarray:
    """Five of -1, 0, 1 a byte along the last axis: digits of base 3, the lowest first."""
    digits = np.stack([packed // power % 3 for power in (1, 3, 9, 27, 81)], -1).astype(np.int8) - 1
    return digits.reshape(*packed.shape[:-1], -1)[..., :length]


# -- parts ------------------------------------------------------------------------------------------------------------


def terms(equation: str) -> tuple[str, str, str]:
    """The two operands and the result of an einsum."""
    left, _, rest = equation.partition(",")
    right, _, result = rest.partition("->")
    return left, right, result


def array(value: Value) -> np.ndarray:
    """The values of a constant."""
    return np.ascontiguousarray(value.array())


def rounded(values: np.ndarray, dtype: str) -> np.ndarray:
    """Values as `dtype` has them, in a type that numpy computes in."""
    return _wide(values.astype(dtypes.to_numpy(dtype)), dtype)


def _wide(values: np.ndarray, dtype: str) -> np.ndarray:
    return values.astype(np.float64 if dtype == "float64" else np.float32)


def filled(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape whose one unknown length follows from the number of elements."""
    known = prod(d for d in shape if d >= 0)
    whole = tuple(size // known if d < 0 and known else d for d in shape)
    if prod(whole) != size:
        raise ModelError(f"a kernel of shape {shape} has {size} elements")
    return whole


def _known(value: Value) -> tuple[int, ...]:
    if value.const is None or None in value.shape:
        raise UnsupportedAttribute("a quantized kernel that is not stored in the file")
    return tuple(d or 0 for d in value.shape)
