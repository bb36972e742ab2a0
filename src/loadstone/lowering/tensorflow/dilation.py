"""Convolutions with holes, as TensorFlow writes them: SpaceToBatchND, a plain convolution, BatchToSpaceND.

tensorflow/python/ops/nn_ops.py, `_WithSpaceToBatch`. The samples between the two are every few elements of an image, so that the plain
windows over them are windows with holes over the image, which the engine computes without taking the image apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.lowering.block import Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.length_arithmetic import Length


def dilated(b: Builder, y: Value, block: Sequence[Length]) -> Value | None:
    """The space of y (samples, steps..., filters) put together by a convolution of the whole; None where y is not made as said above."""
    n = len(block)
    last, first = [0, *range(2, n + 2), 1], [0, n + 1, *range(1, n + 1)]
    turned = _maker(b, y, "Transpose")
    conv = _maker(b, turned.inputs[0], "Conv") if turned is not None and turned.attributes["perm"] == last else None
    if conv is None or not set(conv.attributes) <= {"strides", "dilations", "group"}:
        return None
    if {*conv.attributes["strides"], *conv.attributes["dilations"]} != {1}:
        return None
    whole = _taken_apart(b, conv.inputs[0], block, first)
    if whole is None:
        return None
    attributes = {**conv.attributes, "dilations": [*block]}
    return b.transpose(b.op("Conv", b.transpose(whole, first), *conv.inputs[1:], **attributes), last)


def _taken_apart(b: Builder, samples: Value | None, block: Sequence[Length], first: list[int]) -> Value | None:
    """The padded image (batch, space..., channels) that SpaceToBatchND took apart into these blocks, and that was turned then."""
    n = len(block)
    turned = _maker(b, samples, "Transpose")
    flat = _maker(b, turned.inputs[0], "Reshape") if turned is not None and turned.attributes["perm"] == first else None
    apart = _maker(b, flat.inputs[0], "Transpose") if flat is not None else None
    if apart is None or apart.attributes["perm"] != [*range(2, 2 * n + 1, 2), 0, *range(1, 2 * n, 2), 2 * n + 1]:
        return None
    blocks = _maker(b, apart.inputs[0], "Reshape")
    if blocks is None or list(blocks.outputs[0].shape[2 : 2 * n + 1 : 2]) != [*block]:
        return None
    image = blocks.inputs[0]
    return image if image is not None and image.rank == n + 2 else None


def _maker(b: Builder, value: Value | None, kind: str) -> Op | None:
    """The op of the block that made a value, if it is of this kind."""
    made = None if value is None else b.maker(value)
    return made if made is not None and made.kind == kind and not made.domain else None
