"""Pools, with channels last: the largest or the mean of the elements under a window.

tensorflow/core/kernels/maxpooling_op.cc, avgpooling_op.cc, pooling_ops_3d.cc. Their "SAME" leaves pads out, as ONNX does unless
count_include_pad says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.registry import onnx_op
from loadstone.export.tensorflow.windows import Window, narrowed, padded, widened, window
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.ir import dtypes
from loadstone.ir.records import replace


def _rule(under: Callable[[Writer, Term, Window, bool], Term]) -> Callable[..., Term]:
    """The rule for a pool; under(w, x, window, count_include_pad) is what is computed of the elements under each window."""

    def rule(
        w: Writer,
        x: Term,
        *,
        kernel_shape: Sequence[int],
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        auto_pad: str = "NOTSET",
        ceil_mode: int = 0,
        dilations: Sequence[int] | None = None,
        count_include_pad: int = 0,
    ) -> Term:
        if len(kernel_shape) > 3 or ceil_mode or any(d != 1 for d in dilations or ()):
            raise UnsupportedAttribute(f"a pool over {len(kernel_shape)} axes with ceil_mode={ceil_mode} and dilations={dilations}")
        return under(w, x, window(x, kernel_shape, strides, None, pads, auto_pad), bool(count_include_pad))

    return rule


def _largest(w: Writer, x: Term, over: Window, pads_count: bool) -> Term:
    """Pads never count: no element is less than they are."""
    if len(w.wanted) > 1:
        raise UnsupportedAttribute("a MaxPool that tells where the largest elements are")
    framed, plain = padded(w, x, over, w.const(_least(x.dtype), x.dtype))
    return _pool(w, framed, plain, "MaxPool")


def _least(dtype: str) -> object:
    """The number that no other is smaller than."""
    return np.iinfo(dtypes.to_numpy(dtype)).min if dtypes.is_integer(dtype) else -np.inf


def _pool(w: Writer, x: Term, over: Window, kind: str) -> Term:
    spaces = len(over.reach)
    if spaces == 3:
        return w.op(f"{kind}3D", x, ksize=[1, *over.reach, 1], strides=[1, *over.strides, 1], padding=over.padding)
    wide, plain = widened(w, x, over)
    y = w.op(kind, wide, ksize=[1, *plain.reach, 1], strides=[1, *plain.strides, 1], padding=plain.padding)
    return narrowed(w, y, spaces)


def _mean(w: Writer, x: Term, over: Window, pads_count: bool) -> Term:
    """Pads are among the elements where they count."""
    if over.same and pads_count and any(max(pair) for pair in over.pads):
        over = replace(over, same=False)
    if over.padding == "VALID" or over.same and not pads_count:
        return _pool(w, x, over, "AvgPool")
    if over.same:
        raise UnsupportedAttribute("an AveragePool whose pads count and are those of SAME")
    framed, plain = padded(w, x, over)
    mean = _pool(w, framed, plain, "AvgPool")
    if pads_count:
        return mean
    ones, _ = padded(w, Term(w.OnesLike(x).output, x.shape, x.dtype), over)
    return w.RealDiv(mean, _pool(w, ones, plain, "AvgPool"))


onnx_op("MaxPool", domain="nhwc")(_rule(_largest))
onnx_op("AveragePool", domain="nhwc")(_rule(_mean))


@onnx_op("GlobalAveragePool", domain="nhwc")
def global_average_pool(w: Writer, x: Term) -> Term:
    """The mean of each channel."""
    return w.Mean(x, w.ints(range(1, x.rank - 1), "int32"), keep_dims=True)


@onnx_op("GlobalMaxPool", domain="nhwc")
def global_max_pool(w: Writer, x: Term) -> Term:
    """The largest element of each channel."""
    return w.Max(x, w.ints(range(1, x.rank - 1), "int32"), keep_dims=True)
