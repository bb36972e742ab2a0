"""Replaces ops in types that the engine has no kernel for (`kernels`) by ops that give the same numbers.

* Integers and bools go through the next wider type in which the result is exact.
* float16 and bfloat16 are computed in float32 and rounded after each op, as TensorFlow's CPU kernels do.
* float64 is decomposed into ops that have float64 kernels (`float64`), never computed in float32.

What is left over is refused, all of it at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loadstone.errors import UnsupportedOps
from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes import strings
from loadstone.lowering.passes.float64 import FLOAT64
from loadstone.lowering.passes.kernels import KERNELS

Kernels = Mapping[str, frozenset[str]]  # types by the kind of op
_TYPED = {"Where": 1, "OneHot": 2}  # the input whose type is the op's, where that is not the first
_REDUCTIONS = "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare"
_FIXED: dict[str, tuple[int, ...]] = {  # inputs that have a type of their own, whatever the op's is
    **dict.fromkeys(
        "Gather GatherElements GatherND ScatterND ScatterElements Reshape Expand Tile Squeeze Unsqueeze CumSum Split TopK".split(), (1,)
    ),
    **dict.fromkeys(_REDUCTIONS.split(), (1,)),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), (4,)),
    "ReverseSequence": (1,),
    "Trilu": (1,),
    "Slice": (1, 2, 3, 4),
    "Pad": (1, 3),
    "Resize": (1, 2, 3),
    "Where": (0,),
    "OneHot": (0, 1),
}
_COMPARING = frozenset(
    "Equal Greater GreaterOrEqual Less LessOrEqual IsNaN IsInf ArgMax ArgMin NonZero Shape Size".split()
)  # results have a type of their own
# Ops that hand elements on or tell which is greater: exact in every type that holds them in their order.
_COPYING = frozenset(
    "Concat Slice Split Gather GatherElements GatherND ScatterElements ScatterND Reshape Transpose Squeeze Unsqueeze Expand Tile Pad Where "
    "Identity DepthToSpace SpaceToDepth Resize ReverseSequence Trilu OneHot Equal NonZero Shape Size".split()
)
_ORDERING = _COPYING | frozenset(
    "MaxPool GlobalMaxPool ReduceMax ReduceMin Max Min Clip Relu TopK ArgMax ArgMin Greater GreaterOrEqual Less LessOrEqual".split()
)
# Ops on integers whose result in a wider type, wrapped, is the result.
_WRAPPING = frozenset("Add Sub Mul Div Mod Neg Abs Sign MatMul Einsum ReduceSum ReduceProd CumSum Range".split())
_WIDER: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("int8", "uint8", "int16", "uint16"), ("int32", "int64")),
    **dict.fromkeys(("int32", "uint32"), ("int64",)),
}
_HOLDING: dict[str, tuple[str, ...]] = {  # types that hold all values of a type in their order
    "bool": ("uint8", "int32", "int64", "float32"),
    **dict.fromkeys(("int8", "uint8", "int16", "uint16"), ("int32", "int64", "float32")),
    **dict.fromkeys(("int32", "uint32"), ("int64", "float64")),
    **dict.fromkeys(("float16", "bfloat16"), ("float32",)),
}


def supported(b: Builder) -> None:
    """Rewrite the builder's block so that every op has a kernel. Raises UnsupportedOps with all that cannot be."""
    refused: dict[str, tuple[int, str]] = {}
    without_kernels(b, refused, KERNELS)
    if refused:
        lines = [f"{what} ({count} times, first at {where})" for what, (count, where) in refused.items()]
        raise UnsupportedOps("the engine has no kernel for:\n" + "\n".join(f"  - {line}" for line in lines), ops=refused)


def without_kernels(b: Builder, refused: dict[str, tuple[int, str]], kernels: Kernels) -> None:
    """Rewrite the builder's block so that every op has one of these kernels, and count what cannot be."""
    _block(b, b.block, refused, kernels)


def _block(b: Builder, block: Block, refused: dict[str, tuple[int, str]], kernels: Kernels, inside: bool = False) -> None:
    ops = block.ops
    block.ops = []
    casts: dict[tuple[str, str], Value] = {}
    for op in ops:
        for body in op.bodies():
            _block(b, body, refused, kernels, inside=True)
        inner = Builder(block, b)
        with inner.scope(op.origin):
            if inside and strings.moved_by_loops(op):
                _replace(inner, op, [strings.copied(inner, op)])
            elif _has_kernel(op, kernels):
                block.ops.append(op)
            elif not _rewrite(inner, op, casts, kernels):
                what = f"{op.kind} of {_dtype(op)}"
                count, first = refused.get(what, (0, op.origin))
                refused[what] = (count + 1, first)


def _dtype(op: Op) -> str:
    """The type that the op's kernel is chosen by."""
    value = next((v for v in op.inputs[_TYPED.get(op.kind, 0) :] if v is not None), None)
    return value.dtype if value is not None else op.outputs[0].dtype


def _has_kernel(op: Op, kernels: Kernels) -> bool:
    """True where nothing needs to be done. 16-bit floats are only moved as they are: what onnxruntime does inside is not rounded."""
    if op.domain or op.kind not in kernels or not op.inputs:
        return True
    dtype = _dtype(op)
    if dtype == "string" and not strings.has_kernel(op):
        return False
    if op.kind == "OneHot":
        return dtype in ("float32", "int64") and _one_hot_indices(op)
    if dtype in ("float16", "bfloat16") and op.kind not in _COPYING:
        return False
    return dtype in kernels[op.kind] or dtype.startswith(("complex", "float8"))


def _one_hot_indices(op: Op) -> bool:
    return all(v is not None and v.dtype == "int64" for v in op.inputs[:2])


def _rewrite(b: Builder, op: Op, casts: dict[tuple[str, str], Value], kernels: Kernels) -> bool:
    """Emit what gives the op's outputs; False where nothing does."""
    dtype = _dtype(op)
    if op.kind == "OneHot":
        _replace(b, op, [_one_hot(b, op)])
    elif op.kind == "Resize" and dtype in kernels["Tile"] and (factors := _repeats(op)):
        _replace(b, op, [_repeated(b, op, factors)])
    elif dtype == "string" and op.kind in strings.BY_PLACES:
        _replace(b, op, [strings.BY_PLACES[op.kind](b, op)])
    elif dtype == "float64" and op.kind in FLOAT64:
        results = FLOAT64[op.kind](b, op)
        if results is None:
            return False
        _replace(b, op, results)
    elif wide := next(iter(_wider(op, dtype, kernels)), None):
        _replace(b, op, list(_through(b, op, dtype, wide, casts)))
    else:
        return False
    return True


def _replace(b: Builder, op: Op, results: list[Value]) -> None:
    """Give the results the names of the op's outputs."""
    b.block.ops += [Op("Identity", [result], [output], {}, "", op.origin) for result, output in zip(results, op.outputs, strict=True)]


def _wider(op: Op, dtype: str, kernels: Kernels) -> Iterator[str]:
    """Types in which the op can be computed with the same result, best first."""
    copies = op.kind in _COPYING and (op.kind != "Resize" or op.attributes.get("mode", "nearest") == "nearest")
    orders = copies or (op.kind in _ORDERING and op.kind != "Resize")
    half = dtype in ("float16", "bfloat16")
    candidates = _HOLDING.get(dtype, ()) if orders or half else _WIDER.get(dtype, ()) if op.kind in _WRAPPING else ()
    if copies and dtype == "uint64" and op.kind not in ("Equal", "NonZero"):
        candidates = ("int64",)  # there and back gives the same bits
    yield from (wide for wide in candidates if wide in kernels[op.kind])


def _through(b: Builder, op: Op, dtype: str, wide: str, casts: dict[tuple[str, str], Value]) -> Iterator[Value]:
    """The op in a wider type, with its results cast back."""
    fixed = _FIXED.get(op.kind, ())
    inputs = [v if v is None or k in fixed or v.dtype != dtype else _cast(b, v, wide, casts) for k, v in enumerate(op.inputs)]
    results = b.ops(op.kind, *inputs, outputs=len(op.outputs), **op.attributes)
    for k, (result, output) in enumerate(zip(results, op.outputs, strict=True)):
        yield result if op.kind in _COMPARING or (op.kind == "TopK" and k == 1) else b.cast(result, output.dtype)


def _cast(b: Builder, value: Value, dtype: str, casts: dict[tuple[str, str], Value]) -> Value:
    key = (value.name, dtype)
    if key not in casts:
        casts[key] = b.cast(value, dtype)
    return casts[key]


def _one_hot(b: Builder, op: Op) -> Value:
    """OneHot of the few combinations of types that there are, then the values picked; indices and depth as int64."""
    indices, depth, values = op.inputs
    assert indices is not None and depth is not None and values is not None
    marks = b.OneHot(b.cast(indices, "int64"), b.cast(depth, "int64"), b.ints([0, 1]), **op.attributes)
    picked: Value = b.Gather(values, marks, axis=0)
    return picked


def _repeats(op: Op) -> list[int]:
    """How often each element comes along each axis, where that is all that a Resize does."""
    scales = op.inputs[2] if len(op.inputs) > 2 else None
    how = [op.attributes.get(name) for name in ("mode", "coordinate_transformation_mode", "nearest_mode")]
    if how != ["nearest", "asymmetric", "floor"] or scales is None or scales.const is None or "axes" in op.attributes:
        return []
    factors = scales.array().tolist()
    return [int(f) for f in factors] if all(f >= 1 and f == int(f) for f in factors) else []


def _repeated(b: Builder, op: Op, factors: list[int]) -> Value:
    x = op.inputs[0]
    assert x is not None
    for axis, factor in enumerate(factors):
        if factor > 1:
            dims, rank = b.dims(x), x.rank
            length = dims[axis]
            dims[axis] = length * factor if isinstance(length, int) else b.Mul(length, factor)
            tiles = b.ints([factor if k == axis + 1 else 1 for k in range(rank + 1)])
            x = b.reshape(b.Tile(b.unsqueeze(x, axis + 1), tiles), dims)
    return x
