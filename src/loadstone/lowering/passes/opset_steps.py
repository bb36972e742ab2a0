"""The dated steps of `opsets`: what an op is made of where the opset does not have it yet, by the definitions of ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt

from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes.opsets import before

_REDUCTIONS = "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare"


def _first(op: Op) -> Value:
    x = op.inputs[0]
    assert x is not None
    return x


@before(20, "Gelu")
def gelu(b: Builder, op: Op) -> Sequence[Value]:
    """x times the normal distribution function of x, or the approximation of it by tanh."""
    x = _first(op)
    if op.attributes.get("approximate", "none") == "tanh":
        inner = b.Mul(b.Add(x, b.Mul(b.Mul(b.Mul(x, x), x), 0.044715)), sqrt(2 / pi))
        return [b.Mul(b.Mul(x, 0.5), b.Add(b.Tanh(inner), 1.0))]
    return [b.Mul(b.Mul(x, 0.5), b.Add(b.Erf(b.Mul(x, sqrt(0.5))), 1.0))]


@before(18, *_REDUCTIONS.split())
def axes_are_an_attribute(b: Builder, op: Op) -> Sequence[Value] | None:
    """Over axes that are known; no axes at all are all of them, or none where the op says so."""
    axes = op.inputs[1] if len(op.inputs) > 1 else None
    attributes = {name: value for name, value in op.attributes.items() if name != "noop_with_empty_axes"}
    if axes is not None and axes.const is None:
        return None
    over = [] if axes is None else [int(a) for a in axes.array()]
    if not over and op.attributes.get("noop_with_empty_axes"):
        return [b.Identity(_first(op))]
    op.inputs, op.attributes = [op.inputs[0]], {**attributes, **({"axes": over} if over else {})}
    return None


@before(18, "Split")
def parts_are_given(b: Builder, op: Op) -> Sequence[Value] | None:
    """Lengths in place of a number of parts, the last of which is the shorter one; without either the parts are equal already."""
    count = op.attributes.pop("num_outputs", None)
    x, axis = _first(op), op.attributes.get("axis", 0)
    if count is None:
        return None
    length = x.shape[axis]
    if length is None or length % count == 0:
        return None  # parts are equal by the number of outputs; of others nothing is known
    size = -(-length // count)
    op.inputs = [x, b.ints([size] * (count - 1) + [length - size * (count - 1)])]
    return None


@before(18, "Mish")
def mish(b: Builder, op: Op) -> Sequence[Value]:
    """x tanh(softplus(x))."""
    x = _first(op)
    return [b.Mul(x, b.Tanh(b.Softplus(x)))]


@before(17, "LayerNormalization")
def layer_normalization(b: Builder, op: Op) -> Sequence[Value] | None:
    """Mean and variance over the axes from `axis` on, as the definition has it; of its outputs the first alone."""
    if len(op.outputs) > 1:
        return None
    x, axis = _first(op), op.attributes.get("axis", -1)
    axes = b.ints(list(range(axis % x.rank, x.rank)))
    centred = b.Sub(x, b.ReduceMean(x, axes, keepdims=1))
    variance = b.ReduceMean(b.Mul(centred, centred), axes, keepdims=1)
    y = b.Div(centred, b.Sqrt(b.Add(variance, op.attributes.get("epsilon", 1e-5))))
    for function, operand in zip((b.Mul, b.Add), op.inputs[1:], strict=False):
        y = y if operand is None else function(y, operand)
    return [y]


@before(15, "Shape")
def whole_shape(b: Builder, op: Op) -> Sequence[Value] | None:
    """All lengths, of which a part is taken."""
    if not {"start", "end"} & op.attributes.keys():
        return None
    rank = _first(op).rank
    start, end, _ = slice(op.attributes.get("start"), op.attributes.get("end")).indices(rank)
    whole = b.ops("Shape", _first(op), outputs=1)[0]
    return [whole if (start, end) == (0, rank) else b.slice(whole, 0, start, max(start, end))]


@before(14, "Reshape")
def zeros_are_lengths(b: Builder, op: Op) -> Sequence[Value] | None:
    """Where a length of 0 may be wanted, which used to mean that of x: a tensor without elements is made anew."""
    if not op.attributes.pop("allowzero", 0):
        return None
    x, shape = _first(op), op.inputs[1]
    assert shape is not None
    if shape.const is not None and 0 not in shape.array() or (None not in x.shape and 0 not in x.shape):
        return None
    empty, full = b.inner(), b.inner()
    nothing = empty.op("Expand", empty.const(b"" if x.dtype == "string" else 0, x.dtype), shape, out_shape=op.outputs[0].shape)
    again = Value(b.unique(f"{op.outputs[0].name}/full"), op.outputs[0].shape, x.dtype)
    full.block.ops.append(Op("Reshape", [x, shape], [again], {}, "", op.origin))
    empty.block.outputs, full.block.outputs = [nothing], [again]
    is_empty = b.Equal(b.Size(x), b.const(0, "int64"))
    result = Value(b.unique(f"{op.outputs[0].name}/shaped"), op.outputs[0].shape, x.dtype)
    b.block.ops.append(Op("If", [is_empty], [result], {"then_branch": empty.block, "else_branch": full.block}, "", op.origin))
    return [result]


@before(14, "HardSwish")
def hard_swish(b: Builder, op: Op) -> Sequence[Value]:
    """x max(0, min(1, x / 6 + 1 / 2))."""
    return [b.Mul(_first(op), b.HardSigmoid(_first(op), alpha=1 / 6, beta=0.5))]


@before(14, "Trilu")
def triangle(b: Builder, op: Op) -> Sequence[Value]:
    """What lies on one side of a diagonal, by the numbers of rows and columns; zeros elsewhere."""
    x, k = _first(op), op.inputs[1] if len(op.inputs) > 1 else None
    zero, one = b.const(0, "int64"), b.const(1, "int64")
    rows, columns = (b.Range(zero, b.reshape(_length(b, x, axis), []), one) for axis in (-2, -1))
    diagonal = b.Sub(b.unsqueeze(columns, 0), b.unsqueeze(rows, 1))
    offset = zero if k is None else b.reshape(k, [])
    kept = b.GreaterOrEqual(diagonal, offset) if op.attributes.get("upper", 1) else b.LessOrEqual(diagonal, offset)
    if x.dtype == "bool":
        return [b.And(x, kept)]
    return [b.Where(kept, x, b.const(0, x.dtype))]


def _length(b: Builder, x: Value, axis: int) -> Value:
    length = b.dim(x, axis)
    return length if isinstance(length, Value) else b.ints([length])
