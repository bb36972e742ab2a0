"""Spells a block in an older opset of ONNX: dated steps, newest first, each with the opset that brought what it takes away.

Rules emit the opset `block.OPSET`. Newer ones up to `NEWEST` only gave the ops that rules emit more types, so they are the same ops under
another number; older ones lack ops, attributes and types. A step is a formula of the op's own definition
(https://onnx.ai/onnx/operators/); what has none is refused by name. Types go first, through a wider type that gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from loadstone.ir import Tensor, dtypes
from loadstone.lowering.block import OPSET, Block, Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes.dtypes import without_kernels
from loadstone.lowering.passes.kernels import KERNELS

IR_VERSIONS = {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11}  # of the release of onnx that has the opset
OLDEST, NEWEST = min(IR_VERSIONS), max(IR_VERSIONS)
Refused = dict[str, tuple[int, str]]
Step = Callable[[Builder, Op], Sequence[Value] | None]
STEPS: dict[str, list[tuple[int, Step]]] = {}  # by the kind of the op, newest first

_SMALL = "int8 int16 uint8 uint16"
TYPES: Mapping[int, Mapping[str, str]] = {  # what an opset added to what an op takes, where rules may emit that
    14: {"Add": _SMALL, "Sub": _SMALL, "Mul": _SMALL, "Div": _SMALL, "CumSum": "float16", "Relu": "int8 int32"},
    19: {"Equal": "string"},
    20: {"IsInf": "float16 bfloat16", "ReduceMax": "bool", "ReduceMin": "bool"},
}
ELEMENTS = {  # types of elements by the opset that brought them
    **dict.fromkeys(("float8_e4m3fn", "float8_e5m2"), 19),
    **dict.fromkeys(("int4", "uint4"), 21),
}
OPS = {**dict.fromkeys(("BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "GroupNormalization"), 18)}  # and have no formula
ATTRIBUTES = {
    "AveragePool": {"dilations": 19},
    "Resize": {"antialias": 18, "axes": 18, "keep_aspect_ratio_policy": 18},
    "ScatterElements": {"reduction": 16},
    "ScatterND": {"reduction": 16},
    **{kind: {"layout": 14} for kind in ("LSTM", "GRU", "RNN")},
}
VALUES = {  # of attributes that have others besides
    "half_pixel_symmetric": 19,
    "wrap": 19,
    "max": 18,
    "min": 18,
}


def before(opset: int, *kinds: str) -> Callable[[Step], Step]:
    """Register a step for ops of these kinds as they are written before an opset; it gives their outputs, None where nothing is to be done."""

    def register(step: Step) -> Step:
        for kind in kinds:
            STEPS.setdefault(kind, []).append((opset, step))
            STEPS[kind].sort(key=lambda pair: -pair[0])
        return step

    return register


def check_opset(opset: int) -> None:
    """Raise ValueError for an opset that is not written."""
    if opset not in IR_VERSIONS:
        raise ValueError(f"opset {opset} is not written; {OLDEST} to {NEWEST} are, and {OPSET} where none is given")


def at_opset(b: Builder, opset: int) -> Refused:
    """Rewrite the builder's block for an opset; what it cannot say there: count and place of the first, by name."""
    check_opset(opset)
    if opset >= OPSET:
        return {}
    from loadstone.lowering.passes import opset_steps  # noqa: F401  (fills STEPS)

    refused: Refused = {}
    _elements(b.block, opset)
    without_kernels(b, refused, _kernels(opset))
    _block(b, b.block, opset)
    _check(b.block, opset, refused)
    return refused


def _kernels(opset: int) -> dict[str, frozenset[str]]:
    """The types of `KERNELS` that ops take in an opset."""
    left = dict(KERNELS)
    for since, added in TYPES.items():
        if since > opset:
            left.update((kind, left[kind] - frozenset(types.split())) for kind, types in added.items())
    return left


def _elements(block: Block, opset: int) -> None:
    """Constants of 4 bits as bytes, where they have no type yet."""
    for op in block.ops:
        for place, value in enumerate(op.inputs):
            if value is not None and value.const is not None and value.dtype in ("int4", "uint4") and opset < ELEMENTS[value.dtype]:
                op.inputs[place] = _bytes(value, value.const)
        for body in op.bodies():
            _elements(body, opset)


def _bytes(value: Value, held: Tensor) -> Value:
    wide = "int8" if value.dtype == "int4" else "uint8"
    return Value(value.name, value.shape, wide, held.map(lambda array: array.astype(dtypes.to_numpy(wide)), dtype=wide))


def _block(b: Builder, block: Block, opset: int) -> None:
    ops, block.ops = block.ops, []
    for op in ops:
        for body in op.bodies():
            _block(b, body, opset)
        inner = Builder(block, b)
        with inner.scope(op.origin):
            _op(inner, op, opset)


def _op(b: Builder, op: Op, opset: int) -> None:
    """The op, or what steps make of it, which may need steps in turn."""
    for since, step in STEPS.get(op.kind, ()) if not op.domain else ():
        if since <= opset:
            break
        start = len(b.block.ops)
        results = step(b, op)
        if results is not None:
            made, b.block.ops[start:] = b.block.ops[start:], []
            for inner in made:
                _op(b, inner, opset)
            _give(b, op, results)
            return
    b.block.ops.append(op)


def _give(b: Builder, op: Op, results: Sequence[Value]) -> None:
    """Results under the names of the op's outputs."""
    for result, output in zip(results, op.outputs, strict=True):
        maker = next((made for made in reversed(b.block.ops) if any(v is result for v in made.outputs)), None)
        if maker is None:  # a constant, or what was there before
            b.block.ops.append(Op("Identity", [result], [output], {}, "", op.origin))
        else:
            result.name = output.name


def _check(block: Block, opset: int, refused: Refused) -> None:
    """Count what is newer than the opset."""
    for op in block.ops:
        for what in _newer(op, opset) if op.domain != "host" else ():
            count, first = refused.get(what, (0, op.origin))
            refused[what] = (count + 1, first)
        for body in op.bodies():
            _check(body, opset, refused)


def _newer(op: Op, opset: int) -> list[str]:
    found = [op.kind] if OPS.get(op.kind, 0) > opset else []
    for name, value in op.attributes.items():
        since = ATTRIBUTES.get(op.kind, {}).get(name, 0)
        if (since > opset and value not in (0, "none")) or (isinstance(value, str) and VALUES.get(value, 0) > opset):
            found.append(f"{op.kind} with {name}={value!r}")
    if op.kind == "Pad" and opset < 18 and len(op.inputs) > 3 and op.inputs[3] is not None:
        found.append("Pad of some axes")
    if op.kind.startswith("Reduce") and opset < 18 and op.kind != "ReduceSum" and len(op.inputs) > 1 and op.inputs[1] is not None:
        found.append(f"{op.kind} over axes that are computed")
    for dtype in {v.dtype for v in [*op.inputs, *op.outputs] if v is not None}:
        if ELEMENTS.get(dtype, 0) > opset:
            found.append(f"{op.kind} of {dtype}")
    return found
