"""The weights of two models side by side, one tensor of each at a time and piece by piece: files may be larger than memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from loadstone.ir import Tensor, dtypes
from loadstone.model.examples import distance
from loadstone.tools.change import Change, Tolerance
from loadstone.tools.layers import Pairs, path_of

PIECE = 1 << 20  # elements that are compared at once


def of_layers(pairs: Pairs, tolerance: Tolerance) -> Iterator[Change | Tensor]:
    """The changes between the weights of paired layers, by their names; each tensor of A that was compared as well."""
    for one, two in pairs:
        a, b = ({} if layer is None else layer.weights for layer in (one, two))
        if not set(a) & set(b) and [tensor.shape for tensor in a.values()] == [tensor.shape for tensor in b.values()]:
            b = dict(zip(a, b.values(), strict=True))  # of a class of the user's, which each kind of file names in its own way
        where = path_of(one) if one is not None else path_of(two) if two is not None else ""
        yield from _of_names(a, b, f"{where}/", tolerance)


def of_graphs(a: Mapping[str, Tensor], b: Mapping[str, Tensor], tolerance: Tolerance) -> Iterator[Change | Tensor]:
    """The same for variables by name."""
    yield from _of_names(a, b, "", tolerance)


def in_common(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> int:
    """How many tensors of A are in B under whatever name, bit for bit."""
    shapes = {(tensor.shape, tensor.dtype) for tensor in b.values()}
    known = {_digest(tensor) for tensor in b.values() if tensor.size}
    return sum((tensor.shape, tensor.dtype) in shapes and _digest(tensor) in known for tensor in a.values())


def _digest(tensor: Tensor) -> tuple[tuple[int, ...], str, bytes]:
    array = tensor.numpy()
    if array.dtype == object:
        array = np.array([repr(item) for item in array.reshape(-1)])
    return tensor.shape, tensor.dtype, hashlib.blake2b(np.ascontiguousarray(array).view(np.uint8).data, digest_size=16).digest()


def _of_names(a: Mapping[str, Tensor], b: Mapping[str, Tensor], start: str, tolerance: Tolerance) -> Iterator[Change | Tensor]:
    for name in dict.fromkeys([*a, *b]):
        one, two = a.get(name), b.get(name)
        where = f"{start}{name}"
        if one is None or two is None:
            yield Change("weights", "added" if one is None else "removed", where, _said(one), _said(two))
        elif one.shape != two.shape:
            yield Change("weights", "changed", f"{where}: shape", list(one.shape), list(two.shape))
        else:
            yield one
            largest, apart = difference(one, two, tolerance)
            if apart:
                yield Change("weights", "changed", where, _said(one), _said(two), largest)
            if one.dtype != two.dtype:
                yield Change("weights", "changed", f"{where}: dtype", one.dtype, two.dtype, largest)


def _said(tensor: Tensor | None) -> str | None:
    return None if tensor is None else f"{tensor.dtype} {list(tensor.shape)}"


def difference(one: Tensor, two: Tensor, tolerance: Tolerance) -> tuple[float, bool]:
    """The largest difference of two tensors of one shape, and whether it is more than is tolerated (nothing, by default)."""
    a, b = one.numpy().reshape(-1), two.numpy().reshape(-1)
    if a.dtype == object or b.dtype == object:
        same = a.tolist() == b.tolist()
        return (0.0 if same else float("inf")), not same
    largest, apart = 0.0, False
    inexact = dtypes.is_float(one.dtype) or "complex" in one.dtype
    rtol, atol = (tolerance.rtol or 0.0, tolerance.atol or 0.0) if inexact else (0.0, 0.0)
    for start in range(0, len(a), PIECE):
        x, y = (part[start : start + PIECE] for part in (a, b))
        if x.dtype == y.dtype and np.array_equal(x, y):
            continue
        far, unlike = distance(y, x, rtol, atol)
        largest, apart = max(largest, far), apart or unlike
    return largest, apart
