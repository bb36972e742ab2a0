"""Convolutions and pools with channels last.

ONNX has the channels before the space, TensorFlow's kernels on a CPU have them last. Each such op is put between two transposes, and takes
the private domain "nhwc" there; transposes that meet vanish (`lowering.passes.layout`), so that none is left inside a region of
convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes.layout import merge_transposes

LAST = "nhwc"
_KINDS = frozenset("Conv ConvTranspose MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool DepthToSpace SpaceToDepth LRN".split())


def channels_last(b: Builder, outputs: Sequence[Value]) -> None:
    """Rewrite the builder's block; `outputs` keep their names."""
    _turn(b, b.block)
    merge_transposes(b, outputs)


def _turn(b: Builder, block: Block) -> None:
    ops, block.ops = block.ops, []
    for op in ops:
        for body in op.bodies():
            _turn(b, body)
        x = op.inputs[0] if op.inputs else None
        if op.domain or op.kind not in _KINDS or x is None or x.rank < 3:
            block.ops.append(op)
            continue
        last, first = [0, *range(2, x.rank), 1], [0, x.rank - 1, *range(1, x.rank - 1)]
        turned = _fresh(b, x, last)
        made = [_fresh(b, value, last) for value in op.outputs]
        block.ops.append(Op("Transpose", [x], [turned], {"perm": last}, "", op.origin))
        block.ops.append(Op(op.kind, [turned, *op.inputs[1:]], made, op.attributes, LAST, op.origin))
        for value, old in zip(made, op.outputs, strict=True):
            block.ops.append(Op("Transpose", [value], [old], {"perm": first}, "", op.origin))


def _fresh(b: Builder, value: Value, perm: Sequence[int]) -> Value:
    return Value(b.unique(f"{value.name}/last"), tuple(value.shape[axis] for axis in perm), value.dtype)
