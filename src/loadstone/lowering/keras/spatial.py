"""Layers that move pixels about: zero padding, cropping, upsampling.

keras/src/layers/reshaping/.
"""

from __future__ import annotations

from loadstone.errors import ModelError
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.resampling import resize, settle
from loadstone.lowering.keras.windows import numbers, pairs, space
from loadstone.lowering.registry import keras_layer


@keras_layer("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", options="padding data_format")
def zero_padding(b: Builder, layer: Layer, x: Value) -> Value:
    """Zeros before and after each axis of the space."""
    axes = space(layer, x.rank)
    amounts = pairs(layer.config["padding"], len(axes))
    return b.pad(x, axes, [before for before, _ in amounts], [after for _, after in amounts])


@keras_layer("Cropping1D", "Cropping2D", "Cropping3D", options="cropping data_format")
def cropping(b: Builder, layer: Layer, x: Value) -> Value:
    """Takes elements off both ends of each axis of the space."""
    for axis, (before, after) in zip(axes := space(layer, x.rank), pairs(layer.config["cropping"], len(axes)), strict=True):
        length = x.shape[axis]
        if length is not None and before + after >= length:
            raise ModelError(f"{layer.class_name} takes {before + after} of {length} elements")
        if before or after:
            x = b.slice(x, axis, before, -after if after else None)
    return x


@keras_layer("UpSampling1D", "UpSampling2D", "UpSampling3D", options="size data_format interpolation result coordinates")
def up_sampling(b: Builder, layer: Layer, x: Value) -> Value:
    """Each axis of the space becomes `size` times as long: by repetition, or as `Resizing` does.

    `coordinates`, which history writes, is "asymmetric" for releases that resized from the corners of pixels.
    """
    axes = space(layer, x.rank)
    factors = numbers(layer.config["size"], len(axes))
    interpolation = layer.config.get("interpolation", "nearest")
    if interpolation == "nearest":
        scales = b.const([float(factors[axes.index(a)]) if a in axes else 1.0 for a in range(x.rank)])
        return b.Resize(x, None, scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    lengths = [b.dim(x, a) for a in axes]
    sizes = [n * f if isinstance(n, int) else b.Mul(n, f) for n, f in zip(lengths, factors, strict=True)]
    if layer.config.get("coordinates") == "asymmetric":
        return resize(b, x, axes, sizes, interpolation, coordinates="asymmetric")
    return settle(b, resize(b, x, axes, sizes, interpolation), x.dtype, layer.config.get("result", "round"))
