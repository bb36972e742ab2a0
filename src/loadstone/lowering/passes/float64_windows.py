"""float64 convolution and pooling: sums over the elements of the window, each one a strided slice.

Attributes as in https://onnx.ai/onnx/operators/onnx__Conv.html. A function answers None where it has no form for the attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder


def conv(b: Builder, op: Op) -> list[Value] | None:
    """x (batch, channels, ...), w (filters, channels / group, ...), bias (filters,)."""
    x, w, bias = (*op.inputs, None)[:3]
    assert x is not None and w is not None
    pads = _pads(op, x, w.shape[2:])
    if pads is None:
        return None
    y = _conv(b, _padded(b, x, pads), w, _each(op, "strides", x), _each(op, "dilations", x), op.attributes.get("group", 1))
    return [_with_bias(b, y, bias)]


def conv_transpose(b: Builder, op: Op) -> list[Value] | None:
    """x (batch, channels, ...), w (channels, filters / group, ...): a convolution over x with zeros between its elements."""
    x, w, bias = (*op.inputs, None)[:3]
    assert x is not None and w is not None
    if "output_shape" in op.attributes or op.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        return None
    n, group = x.rank - 2, op.attributes.get("group", 1)
    strides, dilations = _each(op, "strides", x), _each(op, "dilations", x)
    pads, extra = op.attributes.get("pads", [0] * 2 * n), op.attributes.get("output_padding", [0] * n)
    around = [(_length(w, k) - 1) * dilations[k % n] - pads[k] + (extra[k - n] if k >= n else 0) for k in range(2 * n)]
    for k, stride in enumerate(strides):
        x = _spread(b, x, 2 + k, stride)
    y = _conv(b, _padded(b, x, around), _mirrored(b, w, group), [1] * n, dilations, group)
    return [_with_bias(b, y, bias)]


def average_pool(b: Builder, op: Op) -> list[Value] | None:
    """The mean of each window, of the elements inside alone unless count_include_pad."""
    x, window = op.inputs[0], op.attributes["kernel_shape"]
    assert x is not None
    pads = _pads(op, x, window)
    if pads is None or op.attributes.get("ceil_mode"):
        return None
    strides, dilations = _each(op, "strides", x), _each(op, "dilations", x)
    total = _sum(b, _padded(b, x, pads), window, strides, dilations)
    if op.attributes.get("count_include_pad") or not any(pads):
        return [b.Div(total, float(prod(window)))]
    ones = b.full([1, 1, *b.dims(x)[2:]], 1.0, x.dtype)
    return [b.Div(total, _sum(b, _padded(b, ones, pads), window, strides, dilations))]


def _each(op: Op, name: str, x: Value) -> list[int]:
    return list(op.attributes.get(name, [1] * (x.rank - 2)))


def _length(w: Value, k: int) -> int:
    """The kernel's length along spatial axis k, counted twice round."""
    lengths = w.shape[2:]
    length = lengths[k % len(lengths)]
    assert length is not None
    return length


def _pads(op: Op, x: Value, window: Sequence[int | None]) -> list[int] | None:
    """Before and after, for all spatial axes; None where they depend on a length that is not known."""
    auto, n = op.attributes.get("auto_pad", "NOTSET"), x.rank - 2
    if auto in ("NOTSET", "VALID"):
        return list(op.attributes.get("pads", [0] * 2 * n)) if auto == "NOTSET" else [0] * 2 * n
    strides, dilations = _each(op, "strides", x), _each(op, "dilations", x)
    before, after = [], []
    for k, (length, size) in enumerate(zip(x.shape[2:], window, strict=True)):
        if length is None or size is None:
            return None
        total = max(0, (-(-length // strides[k]) - 1) * strides[k] + (size - 1) * dilations[k] + 1 - length)
        before.append(total // 2 if auto == "SAME_UPPER" else -(-total // 2))
        after.append(total - before[-1])
    return before + after


def _padded(b: Builder, x: Value, pads: Sequence[int]) -> Value:
    if not any(pads):
        return x
    n = len(pads) // 2
    y: Value = b.Pad(x, b.ints([0, 0, *pads[:n], 0, 0, *pads[n:]]), b.const(0.0, x.dtype))
    return y


def _windows(b: Builder, x: Value, window: Sequence[int], strides: Sequence[int], dilations: Sequence[int], first: int) -> list[Value]:
    """x at each offset of the window, as many elements as there are windows; spatial axes begin at `first`."""
    found = []
    for offsets in product(*map(range, window)):
        part = x
        for k, offset in enumerate(offsets):
            left = (window[k] - 1 - offset) * dilations[k]
            if window[k] > 1 or strides[k] > 1:
                part = b.slice(part, first + k, offset * dilations[k], -left if left else None, strides[k])
        found.append(part)
    return found


def _sum(b: Builder, x: Value, window: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> Value:
    total, *rest = _windows(b, x, window, strides, dilations, 2)
    for part in rest:
        total = b.Add(total, part)
    return total


def _conv(b: Builder, x: Value, w: Value, strides: Sequence[int], dilations: Sequence[int], group: int) -> Value:
    """Products over the channels, which go to the last axis for it, summed over the window; x is padded already."""
    n = x.rank - 2
    window = [_length(w, k) for k in range(n)]
    x = b.transpose(x, [0, *range(2, n + 2), 1])
    kernels = b.reshape(b.transpose(w, [*range(2, n + 2), 1, 0]), [prod(window), w.shape[1] or 0, w.shape[0] or 0])
    total: Value | None = None
    for k, part in enumerate(_windows(b, x, window, strides, dilations, 1)):
        term = _product(b, part, b.squeeze(b.slice(kernels, 0, k, k + 1), 0), group)
        total = term if total is None else b.Add(total, term)
    assert total is not None
    return b.transpose(total, [0, n + 1, *range(1, n + 1)])


def _product(b: Builder, x: Value, w: Value, group: int) -> Value:
    """x (..., channels) @ w (channels / group, filters), group by group."""
    if group == 1:
        return b.MatMul(x, w)
    channels, filters = w.shape
    assert channels is not None and filters is not None
    dims = b.dims(x)[:-1]
    parts = b.reshape(x, [*dims, group, 1, channels])
    kernels = b.transpose(b.reshape(w, [channels, group, filters // group]), [1, 0, 2])
    return b.reshape(b.MatMul(parts, kernels), [*dims, filters], (*x.shape[:-1], filters))


def _spread(b: Builder, x: Value, axis: int, stride: int) -> Value:
    """stride - 1 zeros between neighbours along an axis."""
    if stride == 1:
        return x
    dims, rank = b.dims(x), x.rank
    pads = [0] * (rank + 1) + [stride - 1 if k == axis + 1 else 0 for k in range(rank + 1)]
    wide = b.Pad(b.unsqueeze(x, axis + 1), b.ints(pads), b.const(0.0, x.dtype))
    length = dims[axis]
    dims[axis] = length * stride if isinstance(length, int) else b.Mul(length, stride)
    return b.slice(b.reshape(wide, dims), axis, 0, 1 - stride)


def _mirrored(b: Builder, w: Value, group: int) -> Value:
    """(channels, filters / group, ...) -> (filters, channels / group, ...), turned round."""
    channels, filters, *window = (d or 0 for d in w.shape)
    n = len(window)
    parts = b.reshape(w, [group, channels // group, filters, *window])
    w = b.reshape(b.transpose(parts, [0, 2, 1, *range(3, n + 3)]), [group * filters, channels // group, *window])
    for k in range(n):
        w = b.slice(w, 2 + k, -1, None, -1)
    return w


def _with_bias(b: Builder, y: Value, bias: Value | None) -> Value:
    if bias is None:
        return y
    return b.Add(y, b.reshape(bias, [-1] + [1] * (y.rank - 2)))
