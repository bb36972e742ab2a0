"""Shapes and dtypes of the outputs of ONNX ops, from those of the inputs.

One small function or table row an op, after https://onnx.ai/onnx/operators/; only what rules emit is here, and
an op that is not in the table is a mistake in a rule (KeyError). None is a length known only at run time. Operands whose
shapes contradict each other are a `ModelError`: the file's weights do not fit its layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import dtypes
from loadstone.lowering import shape_windows  # noqa: F401  (its rows)
from loadstone.lowering.block import Block, Dim, Shape, Value
from loadstone.lowering.elements import elements
from loadstone.lowering.shape_table import TABLE, Spec, const_ints, op


def infer(kind: str, inputs: Sequence[Value | None], attributes: dict[str, Any], outputs: int) -> list[Spec]:
    """(shape, dtype) of each output."""
    specs = TABLE[kind](list(inputs), {**attributes, "_outputs": outputs})
    assert len(specs) == outputs, f"{kind} has {len(specs)} outputs, {outputs} wanted"
    return specs


def refine(shape: Shape, known: Shape) -> Shape:
    """Both shapes' knowledge in one."""
    if len(shape) != len(known):
        raise ModelError(f"shape {shape} is not {known}")
    return tuple(k if d is None else d for d, k in zip(shape, known, strict=True))


def broadcast(*operands: Shape) -> Shape:
    """The shape of an elementwise result, by numpy's rule; free lengths meet a known one as that one."""
    rank = max(map(len, operands))
    result: list[Dim] = []
    for lengths in zip(*[(1,) * (rank - len(s)) + tuple(s) for s in operands], strict=True):
        fixed = {d for d in lengths if d is not None and d != 1}
        if len(fixed) > 1:
            raise ModelError(f"shapes {', '.join(map(str, operands))} do not go together")
        result.append(fixed.pop() if fixed else None if None in lengths else 1)
    return tuple(result)


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ModelError(f"axis {axis} does not exist in a tensor of rank {rank}")
    return axis % rank


_UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Clip Cos Cosh CumSum Elu Erf Exp Floor Gelu HardSigmoid HardSwish Hardmax Identity "
    "LayerNormalization LeakyRelu Log LogSoftmax Mish Neg Not Reciprocal Relu Round Selu ScatterND ScatterElements Sigmoid Sign Sin Sinh "
    "Shrink Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu Trilu BatchNormalization InstanceNormalization "
    "GroupNormalization LRN LpNormalization MeanVarianceNormalization ReverseSequence BitwiseNot"
)


@op(*_UNARY.split())
def _same(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [(i[0].shape, i[0].dtype)]


@op(*"Add Sub Mul Div Pow Mod Max Min PRelu And Or Xor BitwiseAnd BitwiseOr BitwiseXor BitShift Sum Mean".split())
def _binary(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [(broadcast(*(v.shape for v in i)), i[0].dtype)]


@op(*"Equal Greater GreaterOrEqual Less LessOrEqual".split())
def _compare(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [(broadcast(i[0].shape, i[1].shape), "bool")]


@op("IsNaN", "IsInf")
def _predicate(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [(i[0].shape, "bool")]


@op("Where")
def _where(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [(broadcast(*(v.shape for v in i)), i[1].dtype)]


@op("Cast")
def _cast(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [(i[0].shape, dtypes.of_onnx(a["to"]))]


@op("MatMul")
def _matmul(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    x, y = i[0].shape, i[1].shape
    x2 = x if len(x) > 1 else (1, *x)
    y2 = y if len(y) > 1 else (*y, 1)
    if None not in (x2[-1], y2[-2]) and x2[-1] != y2[-2]:
        raise ModelError(f"a tensor of shape {x} cannot be multiplied by one of shape {y}")
    shape = (*broadcast(x2[:-2], y2[:-2]), x2[-2], y2[-1]) if len(x2) > 2 or len(y2) > 2 else (x2[-2], y2[-1])
    if len(x) == 1:
        shape = (*shape[:-2], shape[-1])
    if len(y) == 1:
        shape = shape[:-1]
    return [(shape, i[0].dtype)]


@op("Gemm")
def _gemm(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    x = i[0].shape[::-1] if a.get("transA") else i[0].shape
    y = i[1].shape[::-1] if a.get("transB") else i[1].shape
    if None not in (x[1], y[0]) and x[1] != y[0]:
        raise ModelError(f"a tensor of shape {x} cannot be multiplied by one of shape {y}")
    return [((x[0], y[1]), i[0].dtype)]


@op("Transpose")
def _transpose(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [(tuple(i[0].shape[p] for p in a["perm"]), i[0].dtype)]


@op("Shape")
def _shape(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    rank = len(i[0].shape)
    return [((len(range(rank)[a.get("start", 0) : a.get("end", rank)]),), "int64")]


@op("Size")
def _size(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [((), "int64")]


@op("Reshape")
def _reshape(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    x, target = i[0], const_ints(i[1])
    if target is None:
        return [((None,) * i[1].shape[0], x.dtype)]
    dims: list[Dim] = [x.shape[k] if d == 0 and not a.get("allowzero") else d for k, d in enumerate(target)]
    if None not in x.shape:
        total, rest = _product(x.shape), _product([d for d in dims if d != -1 and d is not None])
        if -1 in dims and rest:
            dims[dims.index(-1)] = total // rest
        if _product(dims) != total:
            raise ModelError(f"a tensor of shape {x.shape} cannot be reshaped to {tuple(target)}")
    return [(tuple(None if d == -1 else d for d in dims), x.dtype)]


def _product(lengths: Sequence[Any]) -> int:
    result = 1
    for length in lengths:
        result *= length
    return result


@op("Expand")
def _expand(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    target = const_ints(i[1])
    return [(broadcast(i[0].shape, tuple(target) if target is not None else (None,) * i[1].shape[0]), i[0].dtype)]


@op("Tile")
def _tile(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    repeats = const_ints(i[1])
    if repeats is None:
        return [((None,) * len(i[0].shape), i[0].dtype)]
    return [(tuple(None if d is None else d * r for d, r in zip(i[0].shape, repeats, strict=True)), i[0].dtype)]


@op("Unsqueeze")
def _unsqueeze(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    axes = const_ints(i[1])
    assert axes is not None
    rank = len(i[0].shape) + len(axes)
    places = {_axis(axis, rank) for axis in axes}
    rest = iter(i[0].shape)
    return [(tuple(1 if k in places else next(rest) for k in range(rank)), i[0].dtype)]


@op("Squeeze")
def _squeeze(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    shape, axes = i[0].shape, const_ints(i[1]) if len(i) > 1 else None
    assert axes is not None
    gone = {_axis(axis, len(shape)) for axis in axes}
    if any(shape[k] not in (1, None) for k in gone):
        raise ModelError(f"axes {axes} of a tensor of shape {shape} are not of length 1")
    return [(tuple(d for k, d in enumerate(shape) if k not in gone), i[0].dtype)]


@op("Concat")
def _concat(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    rank = len(i[0].shape)
    axis = _axis(a["axis"], rank)
    if any(len(v.shape) != rank for v in i):
        raise ModelError(f"tensors of shapes {', '.join(str(v.shape) for v in i)} cannot be concatenated")
    shape: list[Dim] = []
    for k in range(rank):
        lengths = [v.shape[k] for v in i]
        if k == axis:
            shape.append(None if None in lengths else sum(lengths))
        else:
            fixed = {d for d in lengths if d is not None}
            if len(fixed) > 1:
                raise ModelError(f"tensors of shapes {', '.join(str(v.shape) for v in i)} cannot be concatenated along axis {axis}")
            shape.append(fixed.pop() if fixed else None)
    return [(tuple(shape), i[0].dtype)]


@op("Split")
def _split(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    axis, count = _axis(a.get("axis", 0), len(i[0].shape)), a["_outputs"]
    sizes = const_ints(i[1]) if len(i) > 1 else None
    length = i[0].shape[axis]
    if sizes is None and len(i) > 1 and i[1] is not None:  # lengths that are computed: some may be known
        found = elements(i[1])
        sizes = [None] * count if found is None else [e if isinstance(e, int) else None for e in found]  # type: ignore[list-item, misc]
    if sizes is None:
        sizes = [None if length is None else -(-length // count)] * count  # type: ignore[list-item]
        if length is not None:
            sizes[-1] = length - sum(sizes[:-1])
    return [((*i[0].shape[:axis], size, *i[0].shape[axis + 1 :]), i[0].dtype) for size in sizes]


@op("Slice")
def _slice(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    shape = list(i[0].shape)
    starts, ends = const_ints(i[1]), const_ints(i[2])
    axes = const_ints(i[3]) if len(i) > 3 and i[3] is not None else list(range(i[1].shape[0]))
    steps = const_ints(i[4]) if len(i) > 4 and i[4] is not None else [1] * i[1].shape[0]
    assert axes is not None
    for k, axis in enumerate(axes):
        axis = _axis(axis, len(shape))
        length = shape[axis]
        if starts is None or ends is None or steps is None or length is None:
            whole = (
                starts is not None and ends is not None and steps is not None and starts[k] == 0 and ends[k] == 2**63 - 1 and steps[k] == 1
            )
            shape[axis] = length if whole else None
        else:
            low = None if steps[k] < 0 and ends[k] <= -(2**31) else ends[k]
            shape[axis] = len(range(length)[starts[k] : low : steps[k]])
    return [(tuple(shape), i[0].dtype)]


@op("Gather")
def _gather(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    axis = _axis(a.get("axis", 0), len(i[0].shape))
    return [((*i[0].shape[:axis], *i[1].shape, *i[0].shape[axis + 1 :]), i[0].dtype)]


@op("GatherElements")
def _gather_elements(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [(i[1].shape, i[0].dtype)]


@op("GatherND")
def _gather_nd(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    batch, last = a.get("batch_dims", 0), i[1].shape[-1]
    return [((*i[1].shape[:-1], *i[0].shape[batch + last :]), i[0].dtype)]


@op(*"ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp ReduceSumSquare ReduceLogSum".split())
def _reduce(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    rank = len(i[0].shape)
    axes = const_ints(i[1]) if len(i) > 1 and i[1] is not None else None
    if not axes and a.get("noop_with_empty_axes"):
        return [(i[0].shape, i[0].dtype)]
    gone = {_axis(axis, rank) for axis in axes} if axes else set(range(rank))
    return [(_without(i[0].shape, gone, a.get("keepdims", 1)), i[0].dtype)]


@op("ArgMax", "ArgMin")
def _arg(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [(_without(i[0].shape, {_axis(a.get("axis", 0), len(i[0].shape))}, a.get("keepdims", 1)), "int64")]


def _without(shape: Shape, gone: set[int], keep: int) -> Shape:
    return tuple(1 if k in gone else d for k, d in enumerate(shape) if keep or k not in gone)


@op("TopK")
def _topk(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    axis, k = _axis(a.get("axis", -1), len(i[0].shape)), const_ints(i[1])
    shape = (*i[0].shape[:axis], k[0] if k else None, *i[0].shape[axis + 1 :])
    return [(shape, i[0].dtype), (shape, "int64")]


@op("OneHot")
def _onehot(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    rank, depth = len(i[0].shape) + 1, const_ints(i[1])
    axis = _axis(a.get("axis", -1), rank)
    return [((*i[0].shape[:axis], depth[0] if depth else None, *i[0].shape[axis:]), i[2].dtype)]


@op("Range")
def _range(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [((None,), i[0].dtype)]


@op("ConstantOfShape")
def _constant_of_shape(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    target = const_ints(i[0])
    value = a.get("value")
    return [(tuple(target) if target is not None else (None,) * i[0].shape[0], "float32" if value is None else value.dtype)]


@op("NonZero")
def _nonzero(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [((len(i[0].shape), None), "int64")]


@op("Unique")
def _unique(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    """Of a vector: its elements once each, where each comes first, which one each is, and how often it occurs."""
    (length,) = i[0].shape
    found: list[Spec] = [((None,), i[0].dtype), ((None,), "int64"), ((length,), "int64"), ((None,), "int64")]
    return found[: a["_outputs"]]


@op("DepthToSpace")
def _depth_to_space(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    n, c, h, w = i[0].shape
    s = a["blocksize"]
    return [((n, c if c is None else c // (s * s), h if h is None else h * s, w if w is None else w * s), i[0].dtype)]


@op("SpaceToDepth")
def _space_to_depth(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    n, c, h, w = i[0].shape
    s = a["blocksize"]
    return [((n, c if c is None else c * s * s, h if h is None else h // s, w if w is None else w // s), i[0].dtype)]


@op("Einsum")
def _einsum(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    terms, result = a["equation"].replace(" ", "").split("->")
    lengths: dict[str, Dim] = {}
    for term, value in zip(terms.split(","), i, strict=True):
        for letter, length in zip(term, value.shape, strict=True):
            if lengths.get(letter) is None:
                lengths[letter] = length
            elif length is not None and length != lengths[letter]:
                raise ModelError(f"shapes {', '.join(str(v.shape) for v in i)} do not fit the equation {a['equation']}")
    return [(tuple(lengths[letter] for letter in result), i[0].dtype)]


@op("Det")
def _det(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [(i[0].shape[:-2], i[0].dtype)]


@op("NonMaxSuppression")
def _non_max_suppression(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    return [((None, 3), "int64")]


@op("Scan")
def _scan(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    """Scanned along axis 0 of inputs and outputs; body inputs: states, then one slice of each scan input."""
    body: Block = a["body"]
    scanned = a["num_scan_inputs"]
    states = len(i) - scanned
    length = next((v.shape[0] for v in i[states:] if v.shape[0] is not None), None)
    results: list[Spec] = [(v.shape, v.dtype) for v in body.outputs[:states]]
    return results + [((length, *v.shape), v.dtype) for v in body.outputs[states:]]


@op("If")
def _if(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    results: list[Spec] = []
    for one, other in zip(a["then_branch"].outputs, a["else_branch"].outputs, strict=True):
        same = len(one.shape) == len(other.shape)
        assert same and one.dtype == other.dtype, "branches of different rank or dtype"
        results.append((tuple(d if d == e else None for d, e in zip(one.shape, other.shape, strict=True)), one.dtype))
    return results


@op("Loop")
def _loop(i: list[Any], a: dict[str, Any]) -> list[Spec]:
    """Inputs: trip count, condition, states; body outputs: condition, states, values to stack."""
    body: Block = a["body"]
    states = len(i) - 2
    results: list[Spec] = [(v.shape, v.dtype) for v in body.outputs[1 : 1 + states]]
    return results + [((None, *v.shape), v.dtype) for v in body.outputs[1 + states :]]
