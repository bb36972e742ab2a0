"""Convolutions and pools. ONNX has channels first; the operations here have them last, which every backend computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from loadstone.export.operations.expanding import padded
from loadstone.export.operations.shaping import MOST_PARTS, key, transposed
from loadstone.export.operations.table import NoOperation, onnx
from loadstone.export.operations.translation import Translation, has
from loadstone.ir import Output, dtypes
from loadstone.lowering.block import Op, Value


class Windows(NamedTuple):
    """How windows lie: one number for each axis of space, (before, after) for the padding, or "same" where ONNX leaves it to the lengths."""

    size: list[int]
    strides: list[int]
    dilations: list[int]
    pads: list[tuple[int, int]]
    same: bool


def _windows(op: Op, size: Sequence[int], lengths: Sequence[int | None]) -> Windows:
    rank = len(size)
    given = op.attributes
    strides, dilations = list(given.get("strides", [1] * rank)), list(given.get("dilations", [1] * rank))
    pads = list(given.get("pads", [0] * 2 * rank))
    auto = given.get("auto_pad", "NOTSET")
    if auto == "SAME_LOWER":
        raise NoOperation("padding that is more in front")
    pairs = [(pads[k], pads[k + rank]) for k in range(rank)] if auto == "NOTSET" else [(0, 0)] * rank
    if given.get("ceil_mode"):
        pairs = [
            (low, high + _surplus(n, low + high, (k - 1) * d + 1, s))
            for (low, high), n, k, d, s in zip(pairs, lengths, size, dilations, strides, strict=True)
        ]
    return Windows(list(size), strides, dilations, pairs, auto == "SAME_UPPER")


def _surplus(length: int | None, padding: int, reach: int, stride: int) -> int:
    """How much more padding the last window needs that begins inside."""
    if length is None:
        raise NoOperation("windows that are rounded up, on an axis of unknown length")
    return (stride - (length + padding - reach) % stride) % stride


def _space(value: Value) -> list[int | None]:
    return list(value.shape[2:])


def _last(t: Translation, x: Output, rank: int) -> Output:
    return transposed(t, x, [0, *range(2, rank), 1])


def _first(t: Translation, x: Output, rank: int) -> Output:
    return transposed(t, x, [0, rank - 1, *range(1, rank - 1)])


def _around(t: Translation, x: Output, windows: Windows, filling: float = 0) -> Output:
    """x, channels last, with its padding."""
    return padded(t, x, [(0, 0), *windows.pads, (0, 0)], "constant", filling)


# -- convolutions -----------------------------------------------------------------------------------------------------


@onnx("Conv")
def _conv(t: Translation, op: Op) -> Output:
    """A kernel (out, in / group, *window) becomes (*window, in / group, out); as many groups as channels are a depthwise one."""
    value, kernel = op.inputs[0], op.inputs[1]
    assert value is not None and kernel is not None
    rank, groups = value.rank, op.attributes.get("group", 1)
    windows = _windows(op, [n or 0 for n in kernel.shape[2:]], _space(value))
    x = _around(t, _last(t, t.tensor(value), rank), windows)
    turned = transposed(t, t.tensor(kernel), [*range(2, rank), 1, 0])
    if groups > 1 and groups == value.shape[1] and rank < 5:
        turned = t("Reshape", turned, newshape=[*windows.size, groups, (kernel.shape[0] or 0) // groups])
        y = _convolved(t, "DepthwiseConv", x, turned, windows)
    else:
        y = _convolved(t, "Conv", x, turned, windows)
    y = t("Add", y, t.operand(op.inputs[2])) if has(op, 2) else y
    return _first(t, y, rank)


def _convolved(t: Translation, kind: str, x: Output, kernel: Output, windows: Windows) -> Output:
    """Channels last. Where all axes have one number it is one number, which every backend takes."""
    strides, dilations = _one(windows.strides), _one(windows.dilations)
    if kind == "DepthwiseConv" and not (isinstance(strides, int) and isinstance(dilations, int)):
        raise NoOperation("a depthwise convolution with other strides for each axis")
    padding = "same" if windows.same else "valid"
    return t(kind, x, kernel, strides=strides, padding=padding, data_format="channels_last", dilation_rate=dilations)


def _one(values: list[int]) -> int | list[int]:
    return values[0] if len({*values}) == 1 else values


@onnx("ConvTranspose")
def _conv_transpose(t: Translation, op: Op) -> Output:
    """A convolution with the kernel turned around, over the elements with zeros between them."""
    value, kernel = op.inputs[0], op.inputs[1]
    assert value is not None and kernel is not None
    if op.attributes.get("group", 1) != 1 or "output_shape" in op.attributes or op.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise NoOperation("a transposed convolution in groups, or of a wanted size")
    rank = value.rank
    windows = _windows(op, [n or 0 for n in kernel.shape[2:]], _space(value))
    extra = op.attributes.get("output_padding", [0] * (rank - 2))
    x = _last(t, t.tensor(value), rank)
    for axis, stride in enumerate(windows.strides, 1):
        x = x if stride == 1 else _spread(t, x, value, axis, stride)
    reach = [(k - 1) * d for k, d in zip(windows.size, windows.dilations, strict=True)]
    pairs = [(r - low, r - high + more) for r, (low, high), more in zip(reach, windows.pads, extra, strict=True)]
    turned = t("Flip", transposed(t, t.tensor(kernel), [*range(2, rank), 0, 1]), axis=list(range(rank - 2)))
    plain = windows._replace(pads=pairs, strides=[1] * (rank - 2))
    y = _convolved(t, "Conv", _around(t, x, plain), turned, plain)
    y = t("Add", y, t.operand(op.inputs[2])) if has(op, 2) else y
    return _first(t, y, rank)


def _spread(t: Translation, x: Output, value: Value, axis: int, stride: int) -> Output:
    """x, channels last and spread along the axes before, with zeros between its elements along an axis."""
    length, rank = value.shape[axis + 1], value.rank
    if length is None:
        raise NoOperation("a transposed convolution with strides, on an axis of unknown length")
    edges = [[0, stride - 1 if k == axis + 1 else 0] for k in range(rank + 1)]
    parts = t("Pad", t("ExpandDims", x, axis=axis + 1), pad_width=edges, mode="constant")
    if length > MOST_PARTS:
        raise NoOperation(f"a transposed convolution with strides, on an axis of {length}")
    rows = [t("GetItem", parts, key(rank + 1, axis, k)) for k in range(length)]
    return t("GetItem", t("Concatenate", rows, axis=axis), key(rank, axis, slice(None, (length - 1) * stride + 1)))


# -- pools --------------------------------------------------------------------------------------------------------------


@onnx("MaxPool")
def _max_pool(t: Translation, op: Op) -> Output:
    """The smallest number there is stands around the space."""
    value = op.inputs[0]
    assert value is not None
    if len(op.outputs) > 1 or set(op.attributes.get("dilations", [1])) != {1}:
        raise NoOperation("a pool with dilations, or with the places of the largest elements")
    windows = _windows(op, op.attributes["kernel_shape"], _space(value))
    filling = -np.inf if dtypes.is_float(value.dtype) else int(np.iinfo(dtypes.to_numpy(value.dtype)).min)
    x = _around(t, _last(t, t.tensor(value), value.rank), windows, filling)
    return _first(t, _pool(t, "MaxPool", x, windows, value.dtype), value.rank)


@onnx("AveragePool")
def _average_pool(t: Translation, op: Op) -> Output:
    """Of what lies in the space, unless the padding counts too: then the mean of all, else by how much of it is space."""
    value = op.inputs[0]
    assert value is not None
    if set(op.attributes.get("dilations", [1])) != {1}:
        raise NoOperation("a pool with dilations")
    windows, space = _windows(op, op.attributes["kernel_shape"], _space(value)), _space(value)
    last = _last(t, t.tensor(value), value.rank)
    y = _pool(t, "AveragePool", _around(t, last, windows), windows, value.dtype)
    if any(low or high for low, high in windows.pads) and not op.attributes.get("count_include_pad"):
        if None in space:
            part = t("OnesLike", last)
        else:
            part = t.constant_tensor(np.ones([1, *[n or 0 for n in space], 1], dtypes.to_numpy(value.dtype)), value.dtype)
        y = t("TrueDivide", y, _pool(t, "AveragePool", _around(t, part, windows), windows, value.dtype))
    return _first(t, y, value.rank)


def _pool(t: Translation, kind: str, x: Output, windows: Windows, dtype: str) -> Output:
    """Operations take one number for all axes, layers one for each."""
    padding, size, strides = "same" if windows.same else "valid", _one(windows.size), _one(windows.strides)
    if isinstance(size, int) and isinstance(strides, int):
        return t(kind, x, pool_size=size, strides=strides, padding=padding, data_format="channels_last")
    layer = f"{kind.removesuffix('Pool')}Pooling{len(windows.size)}D"
    return t.layer(layer, "pool", dtype, x, pool_size=size, strides=strides, padding=padding, data_format="channels_last")


@onnx("GlobalAveragePool", "GlobalMaxPool")
def _global_pool(t: Translation, op: Op) -> Output:
    value = op.inputs[0]
    assert value is not None
    kind = "Mean" if op.kind == "GlobalAveragePool" else "Max"
    return t(kind, t.tensor(value), axis=list(range(2, value.rank)), keepdims=True)
