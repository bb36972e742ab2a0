"""Shapes of what slides over an input or changes its lengths: pads, convolutions, pools, resizing; and of recurrent ops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.errors import ModelError
from loadstone.lowering.block import Dim, Shape
from loadstone.lowering.shape_table import Spec, const_ints, op


@op("Pad")
def _pad(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    assert len(i) <= 3, "Pad with axes; see Builder.pad"
    shape, pads = i[0].shape, const_ints(i[1])
    if pads is None:
        return [((None,) * len(shape), i[0].dtype)]
    return [
        (
            tuple(
                None if d is None else d + low + high for d, low, high in zip(shape, pads[: len(shape)], pads[len(shape) :], strict=True)
            ),
            i[0].dtype,
        )
    ]


@op("Conv")
def _conv(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    x, w = i[0].shape, i[1].shape
    groups = a.get("group", 1)
    if len(x) != len(w) or (None not in (x[1], w[1]) and x[1] != w[1] * groups):
        raise ModelError(
            f"a convolution kernel of shape {w} (output, input/group, ...) with {groups} groups"
            f" does not fit an input of shape {x} (batch, channels, ...)"
        )
    return [((x[0], w[0], *_windows(x[2:], w[2:], a)), i[0].dtype)]


def _windows(lengths: Shape, kernel: Sequence[Dim], a: dict[str, Any]) -> list[Dim]:
    n = len(lengths)
    strides, dilations, pads = a.get("strides", [1] * n), a.get("dilations", [1] * n), a.get("pads", [0] * 2 * n)
    result: list[Dim] = []
    for k, length in enumerate(lengths):
        same = a.get("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER")
        size = kernel[k]
        if length is None or (size is None and not same):
            result.append(None)
        elif same or size is None:
            result.append(-(-length // strides[k]))
        else:
            room = length + pads[k] + pads[k + n] - ((size - 1) * dilations[k] + 1)
            result.append((-(-room // strides[k]) if a.get("ceil_mode") else room // strides[k]) + 1)
    return result


@op("ConvTranspose")
def _conv_transpose(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    x, w = i[0].shape, i[1].shape
    if len(x) != len(w) or (None not in (x[1], w[0]) and x[1] != w[0]):
        raise ModelError(f"a transposed convolution kernel of shape {w} (input, output/group, ...) does not fit an input of shape {x}")
    n = len(x) - 2
    strides, dilations, pads = a.get("strides", [1] * n), a.get("dilations", [1] * n), a.get("pads", [0] * 2 * n)
    extra = a.get("output_padding", [0] * n)
    lengths: list[Dim] = []
    for k in range(n):
        length, size = x[2 + k], w[2 + k]
        lengths.append(
            None
            if length is None or size is None
            else strides[k] * (length - 1) + extra[k] + (size - 1) * dilations[k] + 1 - pads[k] - pads[k + n]
        )
    return [((x[0], None if w[1] is None else w[1] * a.get("group", 1), *lengths), i[0].dtype)]


@op("MaxPool", "AveragePool", "LpPool")
def _pool(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    x = i[0].shape
    shape = (x[0], x[1], *_windows(x[2:], a["kernel_shape"], a))
    return [(shape, i[0].dtype), (shape, "int64")][: a["_outputs"]]


@op("GlobalAveragePool", "GlobalMaxPool")
def _global_pool(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    x = i[0].shape
    return [((x[0], x[1], *[1] * (len(x) - 2)), i[0].dtype)]


@op("Resize")
def _resize(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    shape, sizes = list(i[0].shape), const_ints(i[3]) if len(i) > 3 else None
    axes = a.get("axes", list(range(len(shape))))
    if sizes is None and len(i) > 2 and i[2] is not None and i[2].const is not None:
        for axis, scale in zip(axes, i[2].array(), strict=True):
            length = shape[axis]
            shape[axis] = None if length is None else int(length * float(scale))
    else:
        for k, axis in enumerate(axes):
            shape[axis] = None if sizes is None else sizes[k]
    return [(tuple(shape), i[0].dtype)]


@op("LSTM", "GRU", "RNN")
def _rnn(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    """X (time, batch, n), W (directions, gates*units, n) -> Y (time, directions, batch, units), Y_h, Y_c (directions, batch, units)."""
    time, batch, _ = i[0].shape
    directions, units = i[1].shape[0], a["hidden_size"]
    state = ((directions, batch, units), i[0].dtype)
    return [((time, directions, batch, units), i[0].dtype), state, state][: a["_outputs"]]
