"""Multiplications and additions channel by channel (batch normalizations, biases) are folded into convolutions.

    Conv -> Mul -> Add        becomes a Conv with other weights
    Mul -> Add                becomes one BatchNormalization, where no convolution comes before

Constants must have one number a channel, all must be float32, and what stands between must be used nowhere else. Weights stay
lazy: they are multiplied when an engine reads them. The result differs from the unfolded one by rounding alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.builder import Builder

_CONVOLUTIONS = {"Conv": 0, "ConvTranspose": 1}  # the axis of the filters in the weights
_CHANNEL_AXIS = 1


def fold_channels(b: Builder, outputs: Sequence[Value]) -> None:
    """Rewrite the builder's block and the blocks inside; `outputs` keep their names."""
    _block(b, b.block, [*outputs, *(after for _, after, _ in b.state.values())])


def _block(b: Builder, block: Block, outputs: Sequence[Value]) -> None:
    used = uses(block, outputs)
    inner = Builder(block, b)
    ops, block.ops = block.ops, []
    maker: dict[str, Op] = {}
    for op in ops:
        for body in op.bodies():
            _block(b, body, body.outputs)
        with inner.scope(op.origin):
            before = _before(op, maker, used)
            if before is None or not (_into_convolution(inner, before, op) or _into_normalization(inner, before, op)):
                block.ops.append(op)
            else:  # `before` stands for both, under the name of the second
                before.outputs, op = op.outputs, before
        maker.update((value.name, op) for value in op.outputs)


def uses(block: Block, outputs: Sequence[Value]) -> Counter[str]:
    """How often each value is used, in bodies as well."""
    found = Counter(value.name for value in outputs)

    def visit(inner: Block) -> None:
        for op in inner.ops:
            found.update(value.name for value in op.inputs if value is not None)
            for body in op.bodies():
                visit(body)
                found.update(value.name for value in body.outputs)

    visit(block)
    return found


def _before(op: Op, maker: dict[str, Op], used: Counter[str]) -> Op | None:
    """The op that makes the tensor that a Mul or Add with constants takes, where nothing else takes it."""
    if op.kind not in ("Mul", "Add") or op.domain or len(op.inputs) != 2:
        return None
    tensors = [v for v in op.inputs if v is not None and v.const is None]
    if len(tensors) != 1 or used[tensors[0].name] != 1 or op.outputs[0].dtype != "float32":
        return None
    return maker.get(tensors[0].name)


def _per_channel(b: Builder, op: Op, x: Value) -> Value | None:
    """The constant of a Mul or Add on x as one number for each channel (channels,); None where it is another."""
    constant = next(v for v in op.inputs if v is not None and v.const is not None)
    channels = x.shape[_CHANNEL_AXIS] if x.rank > _CHANNEL_AXIS else None
    shape = (1,) * (x.rank - constant.rank) + constant.shape
    if channels is None or constant.rank > x.rank or any(d != 1 for k, d in enumerate(shape) if k != _CHANNEL_AXIS):
        return None
    if shape[_CHANNEL_AXIS] == channels:
        return b.reshape(constant, [channels])
    return b.Expand(b.reshape(constant, [1]), b.ints([channels])) if shape[_CHANNEL_AXIS] == 1 else None


def _into_convolution(b: Builder, before: Op, op: Op) -> bool:
    if before.kind not in _CONVOLUTIONS or before.domain:
        return False
    axis, weights, bias = _CONVOLUTIONS[before.kind], before.inputs[1], before.inputs[2] if len(before.inputs) > 2 else None
    if weights is None or weights.const is None or (bias is not None and bias.const is None):
        return False
    if axis == 1 and before.attributes.get("group", 1) != 1:
        return False
    constant = _per_channel(b, op, before.outputs[0])
    if constant is None:
        return False
    if op.kind == "Mul":
        filters = weights.shape[axis]
        assert filters is not None
        weights = b.Mul(weights, b.reshape(constant, [filters if k == axis else 1 for k in range(weights.rank)]))
        bias = None if bias is None else b.Mul(bias, constant)
    else:
        bias = constant if bias is None else b.Add(bias, constant)
    before.inputs = [before.inputs[0], weights, bias]
    return True


def _into_normalization(b: Builder, before: Op, op: Op) -> bool:
    """Mul, then Add; the engine does both at once in a BatchNormalization with mean 0 and variance 1."""
    if before.kind != "Mul" or op.kind != "Add" or before.outputs[0].rank < 3:
        return False
    tensors = [v for v in before.inputs if v is not None and v.const is None]
    if len(tensors) != 1 or tensors[0].dtype != "float32" or tensors[0].shape[_CHANNEL_AXIS] != before.outputs[0].shape[_CHANNEL_AXIS]:
        return False
    scale, shift = _per_channel(b, before, tensors[0]), _per_channel(b, op, before.outputs[0])
    if scale is None or shift is None:
        return False
    channels = scale.shape[0]
    assert channels is not None
    before.kind, before.attributes = "BatchNormalization", {"epsilon": 0.0}
    before.inputs = [tensors[0], scale, shift, b.zeros([channels], "float32"), b.full([channels], 1.0, "float32")]
    return True
