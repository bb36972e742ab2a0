"""Convolutions, with channels last and kernels as TensorFlow keeps them: (window..., channels / groups, filters).

tensorflow/core/kernels/conv_ops*.cc, depthwise_conv_op.cc. What these kernels lack on a CPU is composed: dilation in three axes of space,
groups in three axes, depthwise windows whose strides differ or that are dilated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.registry import onnx_op
from loadstone.export.tensorflow.windows import Window, narrowed, padded, spread_pads, widened, window
from loadstone.export.tensorflow.writer import Term, Writer


@onnx_op("Conv", domain="nhwc")
def convolution(
    w: Writer,
    x: Term,
    kernel: Term,
    bias: Term | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] | None = None,
    group: int = 1,
    kernel_shape: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Term:
    """x (batch, space..., channels), kernel (filters, channels / groups, window...), bias (filters,)."""
    assert kernel.shape is not None and x.shape is not None
    _, depth, *lengths = (d or 0 for d in kernel.shape)
    spaces = len(lengths)
    if spaces > 3:
        raise UnsupportedAttribute(f"a convolution over {spaces} axes")
    over = window(x, lengths, strides, dilations, pads, auto_pad)
    if group > 1 and depth == 1 and spaces < 3:
        y = _depthwise(w, x, kernel, over, group)
    elif group > 1 and spaces == 3:
        y = _in_groups(w, x, kernel, over, group)
    else:
        y = _dense(w, x, _filters_last(w, kernel), over)
    return y if bias is None else _biased(w, y, bias)


def _biased(w: Writer, y: Term, bias: Term) -> Term:
    return w.BiasAdd(y, Term(bias.output, bias.shape, bias.dtype, bias.tensor, "bias"))


def _turned(w: Writer, kernel: Term, perm: Sequence[int], shape: Sequence[int], label: str) -> Term:
    """A kernel with its axes in another order and then another shape: of a constant now, and then it is a variable of that shape."""
    if kernel.tensor is None:
        return w.reshape(w.transpose(kernel, perm), list(shape))

    def turn(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(values.transpose(perm)).reshape(shape)

    key = (id(kernel.tensor), tuple(perm), tuple(shape))
    return w.kept(key, kernel.tensor, lambda tensor: w.constant(tensor.map(turn, tuple(shape)), label))


def _filters_last(w: Writer, kernel: Term, label: str = "kernel") -> Term:
    """(filters, channels, window...) -> (window..., channels, filters)."""
    filters, depth, *lengths = (d or 0 for d in kernel.shape or ())
    n = len(lengths)
    return _turned(w, kernel, [*range(2, 2 + n), 1, 0], [*lengths, depth, filters], label)


def _dense(w: Writer, x: Term, kernel: Term, over: Window) -> Term:
    """kernel (window..., channels / groups, filters)."""
    spaces = len(over.reach)
    if spaces == 3:
        if any(d != 1 for d in over.dilations):
            return _spread(w, *spread_pads(w, x, over), lambda part, plain: _conv3d(w, part, kernel, plain))
        framed, plain = padded(w, x, over)
        return _conv3d(w, framed, kernel, plain)
    wide, plain = widened(w, x, over)
    y = w.Conv2D(
        wide,
        w.expand(kernel, 0) if spaces == 1 else kernel,
        strides=[1, *plain.strides, 1],
        dilations=[1, *plain.dilations, 1],
        padding=plain.padding,
        explicit_paddings=plain.explicit,
    )
    return narrowed(w, y, spaces)


def _conv3d(w: Writer, x: Term, kernel: Term, over: Window) -> Term:
    return w.Conv3D(x, kernel, strides=[1, *over.strides, 1], padding=over.padding)


def _spread(w: Writer, x: Term, over: Window, convolve: object) -> Term:
    """A dilated convolution without pads: of every d-th element, d times over, as `tf.nn.with_space_to_batch` does it."""
    assert callable(convolve)
    if any(s != 1 for s in over.strides):
        raise UnsupportedAttribute("a convolution with both strides and dilation over three axes, or channel by channel")
    rates = over.dilations
    ends = []
    for k, rate in enumerate(rates):
        left = w.FloorMod(w.Sub(rate, w.FloorMod(w.length(x, 1 + k), rate)), rate)
        ends.append(w.Pack([w.const(0), left], axis=0))
    extra = w.Pack(ends, axis=0)
    parts = w.SpaceToBatchND(x, w.ints(rates), extra)
    lengths = [(r - 1) // d + 1 for r, d in zip(over.reach, rates, strict=True)]
    n = len(rates)
    plain = Window(lengths, [1] * n, [1] * n, [(0, 0)] * n)
    shape = (None, *[None] * n, (x.shape or (None,))[-1])
    return w.BatchToSpaceND(convolve(Term(parts.output, shape, x.dtype), plain), w.ints(rates), extra)


def _in_groups(w: Writer, x: Term, kernel: Term, over: Window, group: int) -> Term:
    """Each part of the channels with filters of its own."""
    parts = w.ops("Split", w.const(x.rank - 1, "int32"), x, num_split=group)
    last = _filters_last(w, kernel)
    kernels = w.ops("Split", w.const(last.rank - 1, "int32"), last, num_split=group)
    shape = (*(x.shape or ())[:-1], None)
    made = [
        _dense(w, Term(part.output, shape, x.dtype), Term(k.output, None, k.dtype), over) for part, k in zip(parts, kernels, strict=True)
    ]
    return w.concat(made, -1)


def _depthwise(w: Writer, x: Term, kernel: Term, over: Window, group: int) -> Term:
    """Each channel by itself: kernel (channels * multiplier, 1, window...)."""
    filters, _, *lengths = (d or 0 for d in kernel.shape or ())
    n, many = len(lengths), filters // group
    last = _turned_depthwise(w, kernel, group, many, lengths)
    last = w.expand(last, 0) if n == 1 else last
    wide, plain = widened(w, x, over)

    def convolve(part: Term, window: Window, strides: int = 1) -> Term:
        return w.DepthwiseConv2dNative(
            part, last, strides=[1, strides, strides, 1], padding=window.padding, explicit_paddings=window.explicit, dilations=[1, 1, 1, 1]
        )

    if any(d != 1 for d in plain.dilations):
        wide, plain = spread_pads(w, wide, plain)
        if all(s == 1 for s in plain.strides):
            return narrowed(w, _spread(w, wide, plain, convolve), n)
        y = _spread(w, wide, Window(plain.reach, [1, 1], plain.dilations, plain.pads), convolve)
        return narrowed(w, _every(w, y, plain.strides), n)
    if plain.strides[0] == plain.strides[1]:
        return narrowed(w, convolve(wide, plain, plain.strides[0]), n)
    if n == 1:  # the axis of length 1 may as well have the stride of the other
        return narrowed(w, convolve(wide, _one_stride(plain), plain.strides[1]), n)
    wide, plain = spread_pads(w, wide, plain)
    return _every(w, convolve(wide, Window(plain.reach, [1, 1], [1, 1], plain.pads)), plain.strides)


def _one_stride(over: Window) -> Window:
    return Window(over.reach, [over.strides[1]] * 2, over.dilations, over.pads, over.same)


def _every(w: Writer, y: Term, strides: Sequence[int]) -> Term:
    """The elements at which a window with strides would have stopped."""
    steps = w.ints([1, *strides], "int32")
    nothing = w.ints([0] * (1 + len(strides)), "int32")
    every = (2 << len(strides)) - 1
    return w.StridedSlice(y, nothing, nothing, steps, begin_mask=every, end_mask=every)


def _turned_depthwise(w: Writer, kernel: Term, channels: int, many: int, lengths: Sequence[int]) -> Term:
    """(channels * multiplier, 1, window...) -> (window..., channels, multiplier)."""
    n = len(lengths)
    return _turned(w, kernel, [*range(2, 2 + n), 0, 1], [*lengths, channels, many], "depthwise_kernel")


# -- transposed -------------------------------------------------------------------------------------------------------


@onnx_op("ConvTranspose", domain="nhwc")
def transposed_convolution(
    w: Writer,
    x: Term,
    kernel: Term,
    bias: Term | None = None,
    *,
    dilations: Sequence[int] | None = None,
    group: int = 1,
    kernel_shape: Sequence[int] | None = None,
    output_padding: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Term:
    """x (batch, space..., channels), kernel (channels, filters, window...): the gradient of a convolution.

    It is computed without pads, and what these take off is cut.
    """
    channels, filters, *lengths = (d or 0 for d in kernel.shape or ())
    n = len(lengths)
    if group != 1 or n > 3:
        raise UnsupportedAttribute(f"a transposed convolution over {n} axes in {group} groups")
    over = window(x, lengths, strides, dilations, pads, "NOTSET")
    extra = list(output_padding or [0] * n)
    last = _turned(w, kernel, [*range(2, 2 + n), 1, 0], [*lengths, filters, channels], "kernel")
    if any(d != 1 for d in over.dilations):
        y = _by_zeros(w, x, last, over, extra)
    else:
        y = _gradient(w, x, last, over, extra, filters)
    return y if bias is None else _biased(w, y, bias)


def _gradient(w: Writer, x: Term, kernel: Term, over: Window, extra: Sequence[int], filters: int) -> Term:
    n = len(over.reach)
    if any(e >= s and e > 0 for e, s in zip(extra, over.strides, strict=True)):
        raise UnsupportedAttribute(f"a transposed convolution with output_padding={list(extra)} and strides {over.strides}")
    direct = n < 3  # the pads of a convolution are those of its gradient
    sizes: list[int | Term] = []
    for k, (r, s, e) in enumerate(zip(over.reach, over.strides, extra, strict=True)):
        gone = sum(over.pads[k]) if direct else 0
        length = (x.shape or ())[1 + k]
        add = r - s + e - gone
        sizes.append(length * s + add if length is not None else w.AddV2(w.Mul(w.length(x, 1 + k), s), add))
    plain = Window(over.reach, over.strides, [1] * n, over.pads)
    if n == 3:
        dims = w.cast(w.vector([w.shape(x, 0, 1), *sizes, filters]), "int32")
        y = w.Conv3DBackpropInputV2(dims, kernel, x, strides=[1, *over.strides, 1], padding="VALID")
        return _cut(w, y, over.pads)
    wide, plain = widened(w, x, plain)
    dims = w.cast(w.vector([w.shape(x, 0, 1), *([1] if n == 1 else []), *sizes, filters]), "int32")
    y = w.Conv2DBackpropInput(
        dims,
        w.expand(kernel, 0) if n == 1 else kernel,
        wide,
        strides=[1, *plain.strides, 1],
        padding=plain.padding,
        explicit_paddings=plain.explicit,
    )
    return narrowed(w, y, n)


def _cut(w: Writer, y: Term, pads: Sequence[tuple[int, int]]) -> Term:
    """y (batch, space..., channels) without elements before and after."""
    if not any(max(pair) for pair in pads):
        return y
    begin, end = [0, *(before for before, _ in pads)], [0, *(-after for _, after in pads)]
    mask = 1 | sum(1 << (1 + k) for k, (_, after) in enumerate(pads) if after == 0)
    return w.StridedSlice(y, *(w.ints(v, "int32") for v in (begin, end, [1] * len(begin))), begin_mask=1, end_mask=mask)


def _by_zeros(w: Writer, x: Term, kernel: Term, over: Window, extra: Sequence[int]) -> Term:
    """A dilated one, which TensorFlow has not on a CPU: zeros between the elements, and a convolution with the kernel turned round."""
    n = len(over.reach)
    for k, stride in enumerate(over.strides):
        if stride > 1:
            x = _with_zeros(w, x, 1 + k, stride)
    pads = [(r - 1 - before, r - 1 - after + e) for r, (before, after), e in zip(over.reach, over.pads, extra, strict=True)]
    if any(min(pair) < 0 for pair in pads):
        raise UnsupportedAttribute("a transposed convolution with dilation that is padded by more than its reach")
    turned = w.transpose(w.reverse(kernel, *range(n)), [*range(n), n + 1, n])
    return _dense(w, x, turned, Window(list(over.reach), [1] * n, over.dilations, pads))


def _with_zeros(w: Writer, x: Term, axis: int, stride: int) -> Term:
    """x with stride - 1 zeros between its elements along an axis."""
    rank = x.rank
    apart = w.Pad(w.expand(x, axis + 1), w.const([[0, stride - 1 if k == axis + 1 else 0] for k in range(rank + 1)], "int32"))
    dims = [w.shape(x, k, k + 1) if k != axis else w.reshape(w.Mul(w.length(x, axis), stride), [1]) for k in range(rank)]
    flat = w.reshape(apart, w.vector(dims))
    length = (x.shape or ())[axis]
    shape = tuple((None if length is None else length * stride - stride + 1) if k == axis else d for k, d in enumerate(x.shape or ()))
    return Term(w.part(flat, axis, 0, 1 - stride).output, shape, x.dtype)
