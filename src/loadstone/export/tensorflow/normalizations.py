"""Normalizations by mean and variance, of layers, instances, groups and channels."""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.registry import onnx_op
from loadstone.export.tensorflow.writer import Term, Writer


def _normal(w: Writer, x: Term, axes: Sequence[int], epsilon: float) -> Term:
    """x with mean 0 and variance 1 over these axes."""
    over = w.ints(axes, "int32")
    centred = w.Sub(x, w.Mean(x, over, keep_dims=True))
    variance = w.Mean(w.Square(centred), over, keep_dims=True)
    return w.Mul(centred, w.Rsqrt(w.AddV2(variance, epsilon)))


@onnx_op("LayerNormalization")
def layer_normalization(
    w: Writer, x: Term, scale: Term, bias: Term | None = None, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Term:
    """Over this axis and those after it, then times scale, plus bias."""
    dtype = x.dtype
    wide = w.cast(x, "float32") if dtype in ("float16", "bfloat16") else x
    normal = w.cast(_normal(w, Term(wide.output, x.shape, wide.dtype), range(axis % x.rank, x.rank), epsilon), dtype)
    y = w.Mul(normal, scale)
    return y if bias is None else w.AddV2(y, bias)


@onnx_op("InstanceNormalization")
def instance_normalization(w: Writer, x: Term, scale: Term, bias: Term, *, epsilon: float = 1e-5) -> Term:
    """Over the space of each channel, which is axis 1."""
    normal = _normal(w, x, range(2, x.rank), epsilon)
    return w.AddV2(w.Mul(normal, _channels(w, scale, x.rank)), _channels(w, bias, x.rank))


@onnx_op("BatchNormalization")
def batch_normalization(
    w: Writer, x: Term, scale: Term, bias: Term, mean: Term, variance: Term, *, epsilon: float = 1e-5, momentum: float = 0.9
) -> Term:
    """With the moments of training, channel by channel along axis 1."""
    factor = w.Mul(scale, w.Rsqrt(w.AddV2(variance, epsilon)))
    shift = w.Sub(bias, w.Mul(mean, factor))
    return w.AddV2(w.Mul(x, _channels(w, factor, x.rank)), _channels(w, shift, x.rank))


def _channels(w: Writer, x: Term, rank: int) -> Term:
    """A vector along axis 1 of a tensor of this rank."""
    return w.reshape(x, [-1, *[1] * (rank - 2)])


@onnx_op("LpNormalization")
def lp_normalization(w: Writer, x: Term, *, axis: int = -1, p: int = 2) -> Term:
    """x by its length along an axis."""
    over = w.ints([axis % x.rank], "int32")
    if p == 1:
        return w.RealDiv(x, w.Sum(w.Abs(x), over, keep_dims=True))
    return w.RealDiv(x, w.Sqrt(w.Sum(w.Square(x), over, keep_dims=True)))


@onnx_op("MeanVarianceNormalization")
def mean_variance_normalization(w: Writer, x: Term, *, axes: Sequence[int] = (0, 2, 3)) -> Term:
    """Over these axes."""
    return _normal(w, x, axes, 1e-9)


@onnx_op("LRN", domain="nhwc")
def local_response(w: Writer, x: Term, *, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Term:
    """Each element by the squares of those in the channels around it."""
    if size % 2 == 0 or x.rank != 4:
        raise UnsupportedAttribute(f"an LRN of size {size} of a tensor of {x.rank} axes")
    return w.LRN(x, depth_radius=size // 2, bias=bias, alpha=alpha / size, beta=beta)
