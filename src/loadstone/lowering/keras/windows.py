"""What convolutions and pools share: where the channels are, and how TensorFlow pads a sliding window.

ONNX wants (batch, channels, ...); Keras' default is (batch, ..., channels). Rules transpose in, compute, and transpose
back; `lowering.passes.layout` removes the transposes that meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder


def data_format(layer: Layer) -> str:
    """The layer's data_format; "channels_last" where it states none."""
    found = layer.config.get("data_format") or "channels_last"
    if found not in ("channels_last", "channels_first"):
        raise UnsupportedAttribute(f"data_format {found!r}")
    return str(found)


def channel_axis(layer: Layer) -> int:
    """The axis of the channels: 1 or -1."""
    return 1 if data_format(layer) == "channels_first" else -1


def space(layer: Layer, rank: int) -> list[int]:
    """The axes of a tensor of this rank that are neither batch nor channels."""
    return list(range(2, rank)) if data_format(layer) == "channels_first" else list(range(1, rank - 1))


def channels_first(b: Builder, layer: Layer, x: Value) -> Value:
    """x of the layer's data_format as (batch, channels, ...)."""
    return x if data_format(layer) == "channels_first" else b.transpose(x, [0, x.rank - 1, *range(1, x.rank - 1)])


def as_given(b: Builder, layer: Layer, y: Value) -> Value:
    """y (batch, channels, ...) in the layer's data_format."""
    return y if data_format(layer) == "channels_first" else b.transpose(y, [0, *range(2, y.rank), 1])


def biased(b: Builder, layer: Layer, convolved: Callable[[Value | None], Value], bias: Value | None) -> Value:
    """What `convolved` gives with a bias, as (batch, channels, ...).

    From 3.7 to 3.15 Keras adds a bias along the last axis where that is as long as there are filters, also where the channels come
    first (`add` in keras/src/backend/tensorflow/numpy.py). History marks all others ("broadcasts").
    """
    y = convolved(bias)
    if bias is None or data_format(layer) != "channels_first" or layer.config.get("broadcasts") == "numpy" or _fused(layer):
        return y
    return b.Add(convolved(None), bias) if y.shape[-1] == bias.shape[0] else y


def _fused(layer: Layer) -> bool:
    """Where TensorFlow's graph makes one operation of a convolution and its bias, which then meets the channels, when a model predicts."""
    dilations, groups = layer.config.get("dilation_rate", 1), layer.config.get("groups", 1)
    if groups != 1 or any(rate != 1 for rate in ([dilations] if isinstance(dilations, int) else dilations)):
        return False
    return layer.class_name in ("Conv1D", "Conv2D") or layer.config.get("broadcasts") == "fused"


def numbers(value: Any, count: int) -> list[int]:
    """An option that is one int for all axes or one int each."""
    found = [value] * count if isinstance(value, int) else list(value)
    if len(found) == 1:
        found *= count
    if len(found) != count or not all(isinstance(v, int) for v in found):
        raise ModelError(f"{value!r} is not one number for each of {count} axes")
    return found


def pairs(value: Any, count: int) -> list[tuple[int, int]]:
    """An option (before, after) for each axis, as Cropping and ZeroPadding keep it: 1, (1, 2) or ((1, 1), (2, 3))."""
    outer = [value] * count if isinstance(value, int) or count == 1 else list(value)
    if len(outer) != count:
        raise ModelError(f"{value!r} is not a pair for each of {count} axes")
    return [(before, after) for before, after in (numbers(entry, 2) for entry in outer)]


def padded(
    b: Builder, x: Value, padding: str, window: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> tuple[Value, dict[str, Any]]:
    """x (batch, channels, ...) and the ONNX attributes that pad a window as TensorFlow does.

    "same": ceil(length / stride) steps, the odd element after. "causal": all before. "full": all on both sides. "half", Theano's
    "same": half a window on both sides; what is more than ceil(length / stride) steps is cut off by the caller. Where lengths are
    known only at run time the engine computes "same" itself, except under dilation, which onnxruntime refuses: there x comes back
    padded with zeros.
    """
    reach = [(k - 1) * d + 1 for k, d in zip(window, dilations, strict=True)]
    if padding == "valid":
        return x, {}
    if padding == "causal":
        return x, {"pads": [r - 1 for r in reach] + [0] * len(reach)}
    if padding == "full":
        return x, {"pads": [r - 1 for r in reach] * 2}
    if padding == "half":
        return x, {"pads": [r // 2 for r in reach] * 2}
    if padding != "same":
        raise UnsupportedAttribute(f"padding {padding!r}")
    totals = [_total(n, r, s) for n, r, s in zip(x.shape[2:], reach, strides, strict=True)]
    known = [t for t in totals if t is not None]
    if len(known) == len(totals):
        return x, {"pads": [t // 2 for t in known] + [t - t // 2 for t in known]} if any(known) else {}
    if all(d == 1 for d in dilations):
        return x, {"auto_pad": "SAME_UPPER"}
    return _pad_at_run_time(b, x, totals, reach, strides), {}


def of_steps(b: Builder, x: Value, y: Value, strides: Sequence[int]) -> Value:
    """The first ceil(length / stride) steps of y along each axis of x."""
    for axis, stride in enumerate(strides, 2):
        length = b.dim(x, axis)
        known = x.shape[axis]
        steps = b.ints([-(-known // stride)]) if known is not None else b.Div(b.Add(length, stride - 1), stride)
        shape = tuple(-(-known // stride) if i == axis and known is not None else None if i == axis else d for i, d in enumerate(y.shape))
        y = b.op("Slice", y, b.ints([0]), steps, b.ints([axis]), out_shape=shape)
    return y


def _total(length: int | None, reach: int, stride: int) -> int | None:
    """Elements of padding on both sides together; without strides they do not depend on the length."""
    if stride == 1:
        return reach - 1
    return None if length is None else max((-(-length // stride) - 1) * stride + reach - length, 0)


def _pad_at_run_time(b: Builder, x: Value, totals: Sequence[int | None], reach: Sequence[int], strides: Sequence[int]) -> Value:
    before: list[int | Value] = []
    after: list[int | Value] = []
    for k, total in enumerate(totals):
        if total is not None:
            before.append(total // 2)
            after.append(total - total // 2)
            continue
        length, stride = b.dim(x, 2 + k), strides[k]
        covered = b.Mul(b.Sub(b.Div(b.Add(length, stride - 1), stride), 1), stride)  # up to the last window's start
        both = b.Max(b.Sub(b.Add(covered, reach[k]), length), b.ints([0]))
        before.append(b.Div(both, 2))
        after.append(b.Sub(both, b.Div(both, 2)))
    return b.pad(x, range(2, x.rank), before, after)
