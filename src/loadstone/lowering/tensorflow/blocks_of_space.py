"""Blocks of the space as samples or as channels, and back: SpaceToBatchND, BatchToSpaceND, SpaceToDepth, DepthToSpace.

Semantics: tensorflow/core/kernels/spacetobatch_op.cc, batchtospace_op.cc, spacetodepth_op.cc and depthtospace_op.cc. Sizes of blocks,
paddings and crops may be computed, as long as it is known how many axes they are for.
"""

from __future__ import annotations

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.dilation import dilated
from loadstone.lowering.tensorflow.length_arithmetic import Length, exactly, minus, over, plus, times
from loadstone.lowering.tensorflow.sliding import channels_come_first
from loadstone.lowering.tensorflow.symbols import Operand, lengths, number, tensor, tf


@tf("space_to_batch_nd", "space_to_batch", "nn.space_to_batch", "raw_ops.SpaceToBatchND")
def space_to_batch(b: Builder, input_: Operand, block_shape: Operand, paddings: Operand) -> Value:
    """(batch, space..., rest...) padded with zeros -> (blocks' elements * batch, blocks..., rest...)."""
    x, block = tensor(b, input_), _block(b, block_shape)
    n = len(block)
    before, after = _ends(b, paddings, n)
    dims = b.dims(x)
    space = [plus(b, plus(b, d, low), high) for d, low, high in zip(dims[1 : n + 1], before, after, strict=True)]
    blocks = [_whole(b, d, size) for d, size in zip(space, block, strict=True)]
    if any(v != 0 for v in [*before, *after]):
        x = _padded(b, x, before, after)
    apart = [dims[0], *(d for pair in zip(blocks, block, strict=True) for d in pair), *dims[n + 1 :]]
    turned = b.transpose(exactly(b, x, apart), [*range(2, 2 * n + 1, 2), 0, *range(1, 2 * n, 2), *range(2 * n + 1, len(apart))])
    batch = dims[0]
    for size in block:
        batch = times(b, batch, size)
    return exactly(b, turned, [batch, *blocks, *dims[n + 1 :]])


@tf("batch_to_space", "raw_ops.BatchToSpaceND")
def batch_to_space(b: Builder, input_: Operand, block_shape: Operand, crops: Operand) -> Value:
    """(blocks' elements * batch, blocks..., rest...) -> (batch, space..., rest...), without the crops at both ends."""
    x, block = tensor(b, input_), _block(b, block_shape)
    n = len(block)
    before, after = _ends(b, crops, n)
    y = dilated(b, x, block) or _apart(b, x, block)
    space = b.dims(y)[1 : n + 1]
    for k, (low, high) in enumerate(zip(before, after, strict=True)):
        if low == 0 and high == 0:
            continue
        end = minus(b, space[k], high)
        known = end - low if isinstance(end, int) and isinstance(low, int) else None
        if known is not None and known < 0:
            raise ModelError(f"{low} and {high} elements cut off {space[k]}")
        shape = tuple(known if axis == k + 1 else d for axis, d in enumerate(y.shape))
        y = b.op("Slice", y, b.vector([low]), b.vector([end]), b.ints([k + 1]), out_shape=shape)
    return y


def _apart(b: Builder, x: Value, block: list[Length]) -> Value:
    n, dims = len(block), b.dims(x)
    batch = dims[0]
    for size in block:
        batch = _whole(b, batch, size)
    turn = [n, *(axis for k in range(n) for axis in (n + 1 + k, k)), *range(2 * n + 1, n + x.rank)]
    apart = b.transpose(exactly(b, x, [*block, batch, *dims[1:]]), turn)
    space = [times(b, d, size) for d, size in zip(dims[1 : n + 1], block, strict=True)]
    return exactly(b, apart, [batch, *space, *dims[n + 1 :]])


@tf("raw_ops.SpaceToBatch")
def space_to_batch_of_images(b: Builder, input_: Operand, paddings: Operand, block_size: int = 2) -> Value:
    """The same for images with square blocks."""
    return space_to_batch(b, input_, [block_size, block_size], paddings)


@tf("raw_ops.BatchToSpace")
def batch_to_space_of_images(b: Builder, input_: Operand, crops: Operand, block_size: int = 2) -> Value:
    """The same for images with square blocks."""
    return batch_to_space(b, input_, [block_size, block_size], crops)


def _block(b: Builder, block_shape: Operand) -> list[Length]:
    found = lengths(b, block_shape)
    if any(isinstance(size, int) and size < 1 for size in found):
        raise ModelError(f"blocks of {found}")
    return found


def _ends(b: Builder, pairs: Operand, count: int) -> tuple[list[Length], list[Length]]:
    """What pairs (before, after) say for each axis: an (axes, 2) tensor."""
    if not isinstance(pairs, Value) or pairs.const is not None:
        found = number(pairs, "paddings")
        if len(found) != count or any(len(pair) != 2 or min(pair) < 0 for pair in found):
            raise ModelError(f"pairs {found} for {count} axes")
        return [int(low) for low, _ in found], [int(high) for _, high in found]
    flat = b.cast(b.reshape(pairs, [2 * count]), "int64")
    ends: list[Length] = [b.slice(flat, 0, k, k + 1) for k in range(2 * count)]
    return ends[::2], ends[1::2]


def _whole(b: Builder, length: Length, size: Length) -> Length:
    """length / size, which has no remainder; where that is not known the reshape that follows holds it to it."""
    if isinstance(length, int) and isinstance(size, int) and length % size:
        raise ModelError(f"{length} elements in blocks of {size}")
    return over(b, length, size)


def _padded(b: Builder, x: Value, before: list[Length], after: list[Length]) -> Value:
    if x.dtype == "string":
        raise UnsupportedAttribute("strings padded")
    return b.pad(x, range(1, len(before) + 1), before, after)


# -- channels ---------------------------------------------------------------------------------------------------------


@tf("nn.space_to_depth", "raw_ops.SpaceToDepth")
def space_to_depth(b: Builder, input_: Operand, block_size: Operand, data_format: str = "NHWC") -> Value:
    """Blocks of an image as channels: those of a block's first element come first."""
    x, size = tensor(b, input_), int(number(block_size, "a block_size"))
    first = channels_come_first(data_format)
    if x.dtype.startswith("float"):
        y = b.SpaceToDepth(x if first else b.transpose(x, [0, 3, 1, 2]), blocksize=size)
        return y if first else b.transpose(y, [0, 2, 3, 1])
    batch, *rest = b.dims(x)
    channels, height, width = rest if first else [rest[2], *rest[:2]]
    down, across = _whole(b, height, size), _whole(b, width, size)
    deep = times(b, channels, size * size)
    if first:
        apart = b.transpose(exactly(b, x, [batch, channels, down, size, across, size]), [0, 3, 5, 1, 2, 4])
        return exactly(b, apart, [batch, deep, down, across])
    apart = b.transpose(exactly(b, x, [batch, down, size, across, size, channels]), [0, 1, 3, 2, 4, 5])
    return exactly(b, apart, [batch, down, across, deep])


@tf("nn.depth_to_space", "raw_ops.DepthToSpace")
def depth_to_space(b: Builder, input_: Operand, block_size: Operand, data_format: str = "NHWC") -> Value:
    """Channels as blocks of an image."""
    x, size = tensor(b, input_), int(number(block_size, "a block_size"))
    first = channels_come_first(data_format)
    if x.dtype.startswith("float"):
        y = b.DepthToSpace(x if first else b.transpose(x, [0, 3, 1, 2]), blocksize=size, mode="DCR")
        return y if first else b.transpose(y, [0, 2, 3, 1])
    batch, *rest = b.dims(x)
    channels, height, width = rest if first else [rest[2], *rest[:2]]
    down, across, flat = times(b, height, size), times(b, width, size), _whole(b, channels, size * size)
    if first:
        apart = b.transpose(exactly(b, x, [batch, size, size, flat, height, width]), [0, 3, 4, 1, 5, 2])
        return exactly(b, apart, [batch, flat, down, across])
    apart = b.transpose(exactly(b, x, [batch, height, width, size, size, flat]), [0, 1, 3, 2, 4, 5])
    return exactly(b, apart, [batch, down, across, flat])
