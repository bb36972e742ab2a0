"""What convolutions and pools of graphs share: where the channels are, and how windows slide over the space.

Semantics: tensorflow/core/util/tensor_format.h, core/framework/kernel_shape_util.h (`GetWindowedOutputSizeVerbose`). "SAME" gives
ceil(length / stride) windows and pads as little as that takes, the odd element after. Rules compute on (batch, channels, space...), as
ONNX wants it, and transpose in and out; `lowering.passes.layout` removes the transposes that meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.length_arithmetic import Length, at_least, minus, over, plus, times
from loadstone.lowering.tensorflow.symbols import Operand, number

_LAST = frozenset({"", "NHWC", "NDHWC", "NWC", "CHANNELS_LAST"})
_FIRST = frozenset({"NCHW", "NCDHW", "NCW", "CHANNELS_FIRST"})


@dataclass(frozen=True)
class Sliding:
    """How windows slide, with one number for each axis of space.

    first: the channels come before the space. padding is "SAME", "VALID" or "EXPLICIT"; pads are pairs (before, after) for the last.
    """

    first: bool
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: str
    pads: tuple[tuple[int, int], ...] = ()


def channels_come_first(data_format: Any) -> bool:
    """Whether a data_format has the channels before the space. Raises UnsupportedAttribute."""
    name = str(data_format or "").upper()
    if name not in _LAST | _FIRST:
        raise UnsupportedAttribute(f"data_format={data_format!r}")
    return name in _FIRST


def sliding(
    rank: int, data_format: Any, padding: Any, strides: Operand, dilations: Operand = None, explicit_paddings: Any = None
) -> Sliding:
    """The options of an op on a tensor of this rank. padding may be a list of pairs, one for each axis of the tensor."""
    first, count = channels_come_first(data_format), rank - 2
    both = [per_axis(v, count, first, what) for v, what in ((strides, "strides"), (dilations or 1, "dilations"))]
    name = padding.upper() if isinstance(padding, str) else "EXPLICIT"
    if name not in ("SAME", "VALID", "EXPLICIT"):
        raise UnsupportedAttribute(f"padding={padding!r}")
    if any(v < 1 for one in both for v in one):
        raise ModelError(f"windows with strides={strides!r} and dilations={dilations!r}")
    pads = _explicit(explicit_paddings if isinstance(padding, str) else padding, rank, first) if name == "EXPLICIT" else ()
    return Sliding(first, tuple(both[0]), tuple(both[1]), name, pads)


def per_axis(given: Operand, count: int, first: bool, what: str) -> list[int]:
    """An option for the axes of space: one number, one for each of them, or one for each axis of the tensor, 1 where that is no space."""
    found = number(given, what)
    values = [int(v) for v in (found if isinstance(found, list) else [found])]
    if len(values) == count + 2:
        outer, values = (values[:2], values[2:]) if first else ([values[0], values[-1]], values[1:-1])
        if outer != [1, 1]:
            raise UnsupportedAttribute(f"{what}={found!r}, along the batch or the channels")
    values = values * count if len(values) == 1 else values
    if len(values) != count:
        raise ModelError(f"{what} {given!r} for {count} axes")
    return values


def _explicit(given: Any, rank: int, first: bool) -> tuple[tuple[int, int], ...]:
    """Pairs for all axes, flat or not; those of batch and channels are zero."""
    found = number(given, "paddings")
    flat = [int(v) for pair in found for v in (pair if isinstance(pair, list) else [pair])]
    pairs = list(zip(flat[::2], flat[1::2], strict=True))
    if len(pairs) != rank or min(flat, default=0) < 0:
        raise ModelError(f"paddings {given!r} of a tensor of rank {rank}")
    outer, inner = (pairs[:2], pairs[2:]) if first else ([pairs[0], pairs[-1]], pairs[1:-1])
    if outer != [(0, 0), (0, 0)]:
        raise UnsupportedAttribute(f"paddings {given!r}, along the batch or the channels")
    return tuple(inner)


def channels_first(b: Builder, how: Sliding, x: Value) -> Value:
    """x as (batch, channels, space...)."""
    return x if how.first else b.transpose(x, [0, x.rank - 1, *range(1, x.rank - 1)])


def as_given(b: Builder, how: Sliding, y: Value) -> Value:
    """y (batch, channels, space...) as the op has it."""
    return y if how.first else b.transpose(y, [0, *range(2, y.rank), 1])


def reaches(b: Builder, how: Sliding, window: Sequence[Length]) -> list[Length]:
    """How many elements lie from the first to the last of a window."""
    return [plus(b, times(b, minus(b, k, 1), d), 1) for k, d in zip(window, how.dilations, strict=True)]


def pads_of(b: Builder, how: Sliding, space: Sequence[Length], window: Sequence[Length]) -> list[tuple[Length, Length]]:
    """Elements of padding before and after, for each axis of a space with these lengths."""
    if how.padding != "SAME":
        return [*how.pads] if how.pads else [(0, 0)] * len(space)
    found: list[tuple[Length, Length]] = []
    for length, reach, stride in zip(space, reaches(b, how, window), how.strides, strict=True):
        total = minus(b, reach, 1)
        if stride > 1:  # up to the start of the last window, which may end after the last element
            start = times(b, over(b, minus(b, length, 1), stride), stride)
            total = at_least(b, minus(b, plus(b, start, reach), length), 0)
        found.append((over(b, total, 2), minus(b, total, over(b, total, 2))))
    return found


def framed(
    b: Builder, how: Sliding, x: Value, window: Sequence[Length], value: float = 0.0, engine: bool = True
) -> tuple[Value, dict[str, Any]]:
    """x (batch, channels, space...) and the ONNX attributes that pad it, or x padded with `value` where that needs to run.

    engine: onnxruntime may pad for lengths that are not known. It cannot under dilation, and is wrong where windows are shorter than
    strides (1.32).
    """
    exact = all(isinstance(k, int) and k >= s for k, s in zip(window, how.strides, strict=True))
    if how.padding == "SAME" and None in x.shape[2:] and engine and exact and set(how.dilations) == {1} and set(how.strides) != {1}:
        return x, {"auto_pad": "SAME_UPPER"}
    pairs = pads_of(b, how, b.dims(x)[2:], window)
    before, after = [low for low, _ in pairs], [high for _, high in pairs]
    known = [p for p in [*before, *after] if isinstance(p, int)]
    if len(known) == 2 * len(pairs):
        return x, {"pads": known} if any(known) else {}
    return b.pad(x, range(2, x.rank), before, after, value), {}


def whole_windows(b: Builder, how: Sliding, x: Value, y: Value, window: Sequence[int]) -> Value:
    """y without the window that onnxruntime sees on an axis shorter than it (its division rounds to zero); TensorFlow sees none."""
    for axis, (k, stride) in enumerate(zip(window, how.strides, strict=True), 2):
        length = b.dim(x, axis)
        if isinstance(length, Value) and min(k, stride) > 1:
            count = b.Max(b.Div(b.Add(length, stride - k), stride), b.ints([0]))
            y = b.op("Slice", y, b.ints([0]), count, b.ints([axis]), out_shape=y.shape)
    return y
