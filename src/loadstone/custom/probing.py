"""What user code returns, found out by calling it on zeros: shapes, dtypes and masks.

It is called twice, with different lengths for every free axis (the batch is 2, then 3): an axis of the result that differs
is free, one that does not is fixed. Each later call is checked against this.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from loadstone.custom.hosting import Call, Returned, Shape, Tensor, guarded
from loadstone.errors import InferenceError, ModelError
from loadstone.ir import Structure, dtypes, flatten, map_structure

_LENGTHS = ((8, 12), (64, 96))  # of free axes; the second pair for code that halves its input a few times


def probe(name: str, call: Call, run: Callable[..., Returned]) -> Structure:
    """The outputs of `run` as a structure of `Tensor`s. Raises ModelError where it cannot be called on zeros."""
    failure: InferenceError | None = None
    for lengths in _LENGTHS if _has_free_axes(call) else _LENGTHS[:1]:
        try:
            results = [_call(name, call, run, batch, length) for batch, length in zip((2, 3), lengths, strict=True)]
        except InferenceError as error:
            failure = failure or error
            continue
        return _compared(name, call, *results)
    assert failure is not None
    raise ModelError(
        f"{name} cannot be tried on zeros: {failure.message}",
        where=call.where,
        hint="its outputs' shapes are found out by calling it once; it must accept any numbers",
    ) from failure.__cause__


def _has_free_axes(call: Call) -> bool:
    return any(None in tensor.shape[1:] for tensor in call.tensors())


def _call(name: str, call: Call, run: Callable[..., Returned], batch: int, length: int) -> Returned:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zeros divided by zeros
        return guarded(name, call.where, run, *zeros(call, batch, length))  # type: ignore[no-any-return]


def zeros(call: Call, batch: int, length: int) -> list[np.ndarray]:
    """Arrays that fit a call: zeros, and masks that are True."""
    arrays: list[np.ndarray] = [np.zeros(0)] * call.arrays
    for tensor in call.tensors():
        arrays[tensor.array] = _filled(tensor.shape, tensor.dtype, batch, length)
        if tensor.mask is not None:
            arrays[tensor.mask] = np.ones(_lengths(tensor.mask_shape, batch, length), bool)
    return arrays


def _filled(shape: Shape, dtype: str, batch: int, length: int) -> np.ndarray:
    lengths = _lengths(shape, batch, length)
    return np.full(lengths, b"", object) if dtype == "string" else np.zeros(lengths, dtypes.to_numpy(dtype))


def _lengths(shape: Shape, batch: int, length: int) -> tuple[int, ...]:
    return tuple((length if axis else batch) if d is None else d for axis, d in enumerate(shape))


def _compared(name: str, call: Call, one: Returned, other: Returned) -> Structure:
    """The structure of `Tensor`s of two results of one call."""
    values, others = flatten(one.outputs), flatten(other.outputs)
    if [v.ndim for v in values] != [v.ndim for v in others]:
        raise ModelError(f"{name} returns arrays whose number or rank depends on the batch", where=call.where)
    specs, count = [], len(values)
    for i, (value, second, mask, mask_2) in enumerate(zip(values, others, one.masks, other.masks, strict=True)):
        spec = Tensor(_shape(value, second), dtypes.of_numpy(value.dtype), i)
        if mask is not None:
            spec = Tensor(spec.shape, spec.dtype, i, count, _shape(np.asarray(mask), np.asarray(mask_2)))
            count += 1
        specs.append(spec)
    each = iter(specs)
    return map_structure(lambda _: next(each), one.outputs)


def _shape(one: np.ndarray, other: np.ndarray) -> Shape:
    return tuple(a if a == b else None for a, b in zip(one.shape, other.shape, strict=True))
