"""What convolutions and pools share: one axis of space as two, and pads as TensorFlow words them.

Tensors are (batch, space..., channels) here. Kernels of one axis of space do not exist in TensorFlow: an axis of length 1 is put before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.ir.records import dataclass

Pads = list[tuple[int, int]]


@dataclass(frozen=True)
class Window:
    """A window that moves over the axes of space: its reach (with dilation), its strides, and the pads on both sides.

    same: TensorFlow's own "SAME", whatever the lengths are; pads are then not told.
    """

    reach: list[int]
    strides: list[int]
    dilations: list[int]
    pads: Pads
    same: bool = False

    @property
    def padding(self) -> str:
        """VALID where nothing is padded, SAME, or EXPLICIT."""
        return "SAME" if self.same else "EXPLICIT" if any(max(pair) for pair in self.pads) else "VALID"

    @property
    def explicit(self) -> list[int]:
        """The pads of all axes, as the attribute explicit_paddings has them."""
        return [0, 0, *(side for pair in self.pads for side in pair), 0, 0] if self.padding == "EXPLICIT" else []


def window(
    x: Term,
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    dilations: Sequence[int] | None,
    pads: Sequence[int] | None,
    auto_pad: str,
) -> Window:
    """The window of ONNX' attributes over x."""
    n = len(kernel)
    strides, dilations = list(strides or [1] * n), list(dilations or [1] * n)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    if auto_pad not in ("NOTSET", "VALID", "SAME_UPPER"):
        raise UnsupportedAttribute(f"a window with auto_pad={auto_pad!r}")
    pairs = [(pads[k], pads[n + k]) for k in range(n)] if pads and auto_pad == "NOTSET" else [(0, 0)] * n
    assert x.shape is not None
    same = auto_pad == "SAME_UPPER" or all(
        pair == _same(length, r, s) for pair, length, r, s in zip(pairs, x.shape[1:-1], reach, strides, strict=True)
    )
    return Window(reach, strides, dilations, pairs, same and auto_pad != "VALID")


def _same(length: int | None, reach: int, stride: int) -> tuple[int, int] | None:
    """The pads that TensorFlow's SAME means for a length; without strides they do not depend on it."""
    if stride == 1:
        total = reach - 1
    elif length is None:
        return None
    else:
        total = max((-(-length // stride) - 1) * stride + reach - length, 0)
    return total // 2, total - total // 2


def widened(w: Writer, x: Term, window: Window) -> tuple[Term, Window]:
    """x and its window with a second axis of space, where there is one alone."""
    if len(window.reach) > 1:
        return x, window
    pads = [(0, 0), *window.pads]
    return w.expand(x, 1), Window([1, *window.reach], [1, *window.strides], [1, *window.dilations], pads, window.same)


def narrowed(w: Writer, y: Term, spaces: int) -> Term:
    """y without the second axis that `widened` gave it."""
    return w.Squeeze(y, squeeze_dims=[1]) if spaces == 1 else y


def padded(w: Writer, x: Term, window: Window, value: Term | None = None) -> tuple[Term, Window]:
    """x with its pads written out, and the window without them. "SAME" over lengths that are not known stays as it is."""
    if window.padding != "EXPLICIT":
        return x, window
    rows = [(0, 0), *window.pads, (0, 0)]
    table = w.const(rows, "int32")
    y = w.Pad(x, table) if value is None else w.PadV2(x, table, value)
    shape = None if x.shape is None else tuple(None if d is None else d + sum(row) for d, row in zip(x.shape, rows, strict=True))
    plain = Window(window.reach, window.strides, window.dilations, [(0, 0)] * len(window.pads))
    return Term(y.output, shape, x.dtype), plain


def spread_pads(w: Writer, x: Term, window: Window) -> tuple[Term, Window]:
    """As `padded`, also for "SAME" over lengths that are not known, whose pads are then computed."""
    if not window.same:
        return padded(w, x, window)
    rows: list[Term] = [w.ints([0, 0])]
    for k, (r, s) in enumerate(zip(window.reach, window.strides, strict=True)):
        known = _same((x.shape or ())[1 + k], r, s)
        rows.append(w.ints(known) if known is not None else _computed(w, w.length(x, 1 + k), r, s))
    table = w.Pack([*rows, w.ints([0, 0])], axis=0)
    y = w.Pad(x, table)
    shape = None if x.shape is None else (x.shape[0], *[None] * len(window.reach), x.shape[-1])
    return Term(y.output, shape, x.dtype), Window(window.reach, window.strides, window.dilations, [(0, 0)] * len(window.reach))


def _computed(w: Writer, length: Term, reach: int, stride: int) -> Term:
    steps = w.FloorDiv(w.AddV2(length, stride - 1), stride)
    total = w.Maximum(w.Sub(w.AddV2(w.Mul(w.Sub(steps, 1), stride), reach), length), 0)
    before = w.FloorDiv(total, 2)
    return w.Pack([before, w.Sub(total, before)], axis=0)
