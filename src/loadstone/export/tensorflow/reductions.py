"""Sums, means, largest elements and the like over axes; running sums; softmax."""

from __future__ import annotations

from collections.abc import Callable

from loadstone.errors import UnsupportedAttribute
from loadstone.export.tensorflow.registry import host_call, onnx_op
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.lowering.keras.ops_order import RunningProduct

_OPS = {"ReduceSum": "Sum", "ReduceMean": "Mean", "ReduceMax": "Max", "ReduceMin": "Min", "ReduceProd": "Prod"}
_OF_TRUTH = {"Max": "Any", "Min": "All"}


def _axes(w: Writer, x: Term, axes: Term | None, empty: int) -> Term | None:
    """The axes to reduce over, all where none are given; None where nothing is reduced."""
    found = None if axes is None else axes.ints()
    if axes is not None and found is None:
        raise UnsupportedAttribute("a reduction over axes that are computed")
    if not found:
        return None if empty else w.ints(range(x.rank), "int32")
    return w.ints([axis % x.rank for axis in found], "int32")


def _reduced(w: Writer, op: str, x: Term, axes: Term, keep: int) -> Term:
    if x.dtype == "bool":
        op = _OF_TRUTH[op]
    return w.op(op, x, axes, keep_dims=bool(keep))


def _row(op: str) -> Callable[..., Term]:
    def rule(w: Writer, x: Term, axes: Term | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Term:
        over = _axes(w, x, axes, noop_with_empty_axes)
        return x if over is None else _reduced(w, op, x, over, keepdims)

    return rule


for _kind, _op in _OPS.items():
    onnx_op(_kind)(_row(_op))


def _formula(before: Callable[[Writer, Term], Term], after: Callable[[Writer, Term], Term]) -> Callable[..., Term]:
    """A sum of what `before` makes of each element, and what `after` makes of it."""

    def rule(w: Writer, x: Term, axes: Term | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Term:
        over = _axes(w, x, axes, noop_with_empty_axes)
        return x if over is None else after(w, w.Sum(before(w, x), over, keep_dims=bool(keepdims)))

    return rule


def _itself(w: Writer, x: Term) -> Term:
    return x


onnx_op("ReduceL1")(_formula(lambda w, x: w.Abs(x), _itself))
onnx_op("ReduceL2")(_formula(lambda w, x: w.Square(x), lambda w, x: w.Sqrt(x)))
onnx_op("ReduceSumSquare")(_formula(lambda w, x: w.Square(x), _itself))
onnx_op("ReduceLogSum")(_formula(_itself, lambda w, x: w.Log(x)))


@onnx_op("ReduceLogSumExp")
def log_sum_exp(w: Writer, x: Term, axes: Term | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Term:
    """The logarithm of the sum of exponentials, without overflow."""
    over = _axes(w, x, axes, noop_with_empty_axes)
    if over is None:
        return x
    most = w.Max(x, over, keep_dims=True)
    most = w.where(w.IsFinite(most), most, w.ZerosLike(most))
    total = w.Log(w.Sum(w.Exp(w.Sub(x, most)), over, keep_dims=bool(keepdims)))
    return w.AddV2(total, most if keepdims else w.Squeeze(most, squeeze_dims=[int(a) for a in over.ints() or []]))


@onnx_op("CumSum")
def cumulative_sum(w: Writer, x: Term, axis: Term, *, exclusive: int = 0, reverse: int = 0) -> Term:
    """The sum of all elements up to each one."""
    known = axis.ints()
    place = w.reshape(axis, []) if known is None else w.const(known[0] % x.rank, "int32")
    return w.Cumsum(x, place, exclusive=bool(exclusive), reverse=bool(reverse))


@host_call(RunningProduct)
def running_product(w: Writer, how: RunningProduct, x: Term) -> Term:
    """The product of all elements up to each one."""
    return w.Cumprod(x, w.const(how.axis, "int32"))


def _along(op: str) -> Callable[..., Term]:
    """An op along the last axis, for any axis."""

    def rule(w: Writer, x: Term, *, axis: int = -1) -> Term:
        last = x.rank - 1
        perm = [k for k in range(x.rank) if k != axis % x.rank] + [axis % x.rank]
        back = [perm.index(k) for k in range(x.rank)]
        if axis % x.rank == last:
            return _rows(w, op, x)
        return w.transpose(_rows(w, op, w.transpose(x, perm)), back)

    return rule


def _rows(w: Writer, op: str, x: Term) -> Term:
    """An op along the last axis; of many axes as a matrix, since oneDNN takes 5."""
    if x.rank <= 4:
        return w.op(op, x)
    flat = w.reshape(x, w.vector([-1, w.shape(x, x.rank - 1)]))
    return w.op("Reshape", w.op(op, flat), w.shape(x), out_shape=x.shape)


onnx_op("Softmax")(_along("Softmax"))
onnx_op("LogSoftmax")(_along("LogSoftmax"))


@onnx_op("Hardmax")
def hardmax(w: Writer, x: Term, *, axis: int = -1) -> Term:
    """1 at the first of the largest elements, 0 elsewhere."""
    axis %= x.rank
    depth = w.cast(w.length(x, axis), "int32")
    return w.OneHot(w.ArgMax(x, w.const(axis, "int32"), output_type="int64"), depth, w.const(1, x.dtype), w.const(0, x.dtype), axis=axis)
