"""`tf.image`: differences between pixels, and images in a frame of another size.

Semantics: tensorflow/python/ops/image_ops_impl.py of TensorFlow 2.15.
"""

from __future__ import annotations

import math

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.tensorflow.symbols import Operand, number, rule, tensor, tf

_SOBEL = [[[-1, -2, -1], [0, 0, 0], [1, 2, 1]], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]


@tf("image.image_gradients")
def image_gradients(b: Builder, image: Operand) -> list[Value]:
    """(dy, dx): the next row less each row, the next column less each column, 0 for the last; image (batch, height, width, channels)."""
    x = tensor(b, image)
    if x.rank != 4:
        raise ModelError(f"tf.image.image_gradients of a tensor of shape {x.shape}")
    return [b.pad(b.Sub(b.slice(x, axis, 1), b.slice(x, axis, 0, -1)), [axis], [0], [1]) for axis in (1, 2)]


@tf("image.sobel_edges")
def sobel_edges(b: Builder, image: Operand) -> Value:
    """Sobel's differences (batch, height, width, channels, 2), first those along the height; beyond its edges the image is mirrored."""
    x = tensor(b, image)
    channels = x.shape[-1]
    if x.rank != 4 or channels is None or x.dtype != "float32":
        raise UnsupportedAttribute(f"tf.image.sobel_edges of a tensor of {x.dtype} and shape {x.shape}")
    kernels = np.tile(np.transpose(np.asarray(_SOBEL, "float32"), (1, 2, 0))[:, :, None], (1, 1, channels, 1))
    mirrored = rule("pad").function(b, x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    edges = rule("nn.depthwise_conv2d").function(b, mirrored, kernels, [1, 1, 1, 1], "VALID")
    return b.reshape(edges, [*b.dims(x), 2])


@tf("image.resize_with_pad")
def resize_with_pad(
    b: Builder, image: Operand, target_height: Operand, target_width: Operand, method: Operand = "bilinear", antialias: Operand = False,
    *, era: Era | None = None,
) -> Value:  # fmt: skip
    """Images as large as they fit into the target without another ratio, in the middle of zeros."""
    x = tensor(b, image)
    height, width = x.shape[-3:-1] if x.rank in (3, 4) else (None, None)
    target = [int(number(v, "a length")) for v in (target_height, target_width)]
    if height is None or width is None or era is None or era.tensorflow_1 is not False:
        raise UnsupportedAttribute(f"tf.image.resize_with_pad of images of shape {x.shape}, or before TensorFlow 2")
    single = np.float32
    ratio = max(single(width) / single(target[1]), single(height) / single(target[0]))
    exact = [single(length) / ratio for length in (height, width)]
    before = [max(0, math.floor((single(all_) - length) / single(2))) for all_, length in zip(target, exact, strict=True)]
    resized = rule("image.resize").call(b, [x, [math.floor(length) for length in exact]], {"method": method, "antialias": antialias}, era)
    padded: Value = rule("image.pad_to_bounding_box").function(b, resized, *before, *target)
    return padded
