"""Blurs, edges and the likeness of images, as functions of `keras.ops.image` and `keras.ops.nn`.

Semantics: keras/src/backend/tensorflow/image.py and keras/src/ops/image.py of Keras 3, tensorflow/python/ops/image_ops_impl.py.
Filters are convolutions in which each channel is alone.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_unary import as_float
from loadstone.lowering.keras.projective import Array
from loadstone.lowering.keras.promotion import result_type
from loadstone.lowering.keras.windows import padded
from loadstone.lowering.registry import keras_op


def _first(layer: Layer) -> bool:
    return layer.config.get("data_format") == "channels_first"


def _batched(b: Builder, layer: Layer, images: Value) -> Value:
    """Images (batch, channels, height, width)."""
    if images.rank not in (3, 4):
        raise ModelError(f"{layer.class_name} of images of shape {images.shape}")
    x = images if images.rank == 4 else b.unsqueeze(images, 0)
    x = x if _first(layer) else b.transpose(x, [0, 3, 1, 2])
    if x.shape[1] is None:
        raise UnsupportedAttribute(f"{layer.class_name} of images whose number of channels is not known")
    return x


def _filtered(b: Builder, x: Value, kernels: Array, **pads: Any) -> Value:
    """x (batch, channels, height, width) with each channel under each of the kernels (count, height, width): channel after channel."""
    channels = x.shape[1]
    assert channels is not None
    filters = np.tile(kernels[:, None], (channels, 1, 1, 1))
    return b.Conv(x, b.const(filters, x.dtype), group=channels, **pads)


@keras_op("GaussianBlur", options="kernel_size sigma data_format kernel")
def gaussian_blur(b: Builder, layer: Layer, images: Value) -> Value:
    """Images under a Gaussian window."""
    if images.dtype not in ("bfloat16", "float32", "float64"):
        raise ModelError(f"GaussianBlur of {images.dtype}, which TensorFlow refuses")
    sizes, sigmas = layer.config.get("kernel_size", (3, 3)), layer.config.get("sigma", (1.0, 1.0))
    kind = "float64" if images.dtype == "float64" else "float32"
    down, across = (_gaussian(int(n), s, kind) for n, s in zip(sizes, sigmas, strict=True))
    turned = layer.config.get("kernel") == "turned"
    kernel = (np.outer(across, down) if turned else np.outer(down, across)).reshape(int(sizes[0]), int(sizes[1]))
    x, pads = padded(b, _batched(b, layer, images), "same", kernel.shape, [1, 1], [1, 1])
    y = _filtered(b, x, kernel[None], **pads)
    y = y if _first(layer) else b.transpose(y, [0, 2, 3, 1])
    return y if images.rank == 4 else b.squeeze(y, 0)


def _gaussian(size: int, sigma: float, dtype: str) -> Array:
    x = np.arange(size, dtype=dtype) - np.asarray((size - 1) / 2, dtype)
    made = np.exp(-0.5 * (x / np.asarray(sigma, dtype)) ** 2).astype(dtype)
    return np.asarray(made / made.sum())


@keras_op("SobelEdges", options="data_format")
def sobel_edges(b: Builder, layer: Layer, images: Value) -> Value:
    """How fast images change down and across, as a further last axis of 2."""
    if images.rank != 4 or not dtypes.is_float(images.dtype):
        raise ModelError(f"SobelEdges of images of {images.dtype} of shape {images.shape}, which TensorFlow refuses")
    down = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], "float64")
    x = _batched(b, layer, images)
    x = b.op("Pad", x, b.ints([0, 0, 1, 1, 0, 0, 1, 1]), mode="reflect")
    y = _filtered(b, x, np.stack([down, down.T]))
    batch, channels, height, width = b.dims(y)
    assert isinstance(channels, int)
    half = channels // 2
    y = b.reshape(y, [batch, half, 2, height, width], (y.shape[0], half, 2, *y.shape[2:]))
    return b.transpose(y, [0, 1, 3, 4, 2] if _first(layer) else [0, 3, 4, 1, 2])


@keras_op("SSIM", options="max_val filter_size filter_sigma k1 k2 data_format")
def ssim(b: Builder, layer: Layer, image1: Value, image2: Value) -> Value:
    """The structural likeness of two images: a number for each pair, 1 for equal ones, in the dtype of the first."""
    config, dtype = layer.config, result_type(image1.dtype, "float")
    size, sigma = int(config.get("filter_size", 11)), float(config.get("filter_sigma", 1.5))
    x, y = (_batched(b, layer, b.cast(image, dtype)) for image in (image1, image2))
    if any(d is not None and d < size for d in (*x.shape[2:], *y.shape[2:])):
        raise ModelError(f"SSIM with filter_size={size} of images of shape {image1.shape}")
    bell = np.exp(-((np.arange(size) - (size - 1) / 2.0) ** 2) / (2.0 * sigma**2))
    kernel = np.outer(bell / bell.sum(), bell / bell.sum())[None]
    c1, c2 = ((config.get(key, k) * config.get("max_val", 1.0)) ** 2 for key, k in (("k1", 0.01), ("k2", 0.03)))
    mean_x, mean_y = _filtered(b, x, kernel), _filtered(b, y, kernel)
    xx, yy, xy = b.Mul(mean_x, mean_x), b.Mul(mean_y, mean_y), b.Mul(mean_x, mean_y)
    var_x, var_y, both = (b.Sub(_filtered(b, b.Mul(p, q), kernel), m) for p, q, m in ((x, x, xx), (y, y, yy), (x, y, xy)))
    above = b.Mul(b.Add(b.Mul(xy, 2.0), c1), b.Add(b.Mul(both, 2.0), c2))
    below = b.Mul(b.Add(b.Add(xx, yy), c1), b.Add(b.Add(var_x, var_y), c2))
    likeness = b.ReduceMean(b.ReduceMean(b.Div(above, below), b.ints([2, 3]), keepdims=0), b.ints([1]), keepdims=0)
    return b.cast(likeness if image1.rank == 4 else b.squeeze(likeness, 0), image1.dtype)


@keras_op("PSNR", options="max_val")
def psnr(b: Builder, layer: Layer, x1: Value, x2: Value) -> Value:
    """The peak signal over the noise between two tensors, one number in decibels for all of them."""
    if x1.dtype != x2.dtype or x1.rank != x2.rank or not (dtypes.is_float(x1.dtype) or x1.dtype in ("int32", "int64")):
        raise ModelError(f"PSNR of tensors of {x1.dtype} and {x2.dtype} of shapes {x1.shape} and {x2.shape}")
    difference = b.Sub(x1, x2)
    squares = b.Mul(difference, difference)
    if dtypes.is_float(x1.dtype):
        error = b.ReduceMean(squares, keepdims=0)
    else:  # the mean of integers is one
        error = b.Div(b.ReduceSum(squares, keepdims=0), b.cast(b.op("Size", squares), x1.dtype))
    peak = b.const(np.asarray(layer.config["max_val"]).astype(dtypes.to_numpy(x1.dtype)), x1.dtype)
    decibels = (b.Mul(b.Div(b.Log(as_float(b, v)), log(10)), k) for v, k in ((peak, 20.0), (error, 10.0)))
    return b.Sub(*decibels)
