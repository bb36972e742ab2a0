"""Layers that act on the contrast of images at inference too, and on the number of their boxes.

keras/src/layers/preprocessing/image_preprocessing/auto_contrast.py, equalization.py, clahe.py and max_num_bounding_box.py of
Keras 3. Equalization acts in training alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.histograms import equalized
from loadstone.lowering.keras.image_parts import Boxes, each_part
from loadstone.lowering.keras.ops_warping import python_step
from loadstone.lowering.keras.projective import Array
from loadstone.lowering.registry import keras_layer

_SHARED = "data_format bounding_box_format factor"
_BYTES = (0, 255)


@keras_layer("AutoContrast", options=f"value_range {_SHARED}")
def auto_contrast(b: Builder, layer: Layer, data: Structure) -> Structure:
    """Each image stretched over the whole value range; what has no range stays.

    Keras looks for the least and the largest over axes 1 and 2, whatever the data format.
    """
    given = _range(layer)

    def stretched(images: Value) -> Value:
        x = _moved(b, images, given, _BYTES)
        low, high = (b.op(kind, x, b.ints([1, 2]), keepdims=1) for kind in ("ReduceMin", "ReduceMax"))
        scale = b.Div(255.0, b.Sub(high, low))
        y = b.Add(b.Mul(x, scale), b.Mul(b.Neg(low), scale))
        y = _moved(b, b.Where(b.IsNaN(y), y, b.Clip(y, 0.0, 255.0)), _BYTES, given)
        return b.Where(b.IsNaN(y), images, y)

    return each_part(b, layer, data, stretched)


@keras_layer("Equalization", options=f"value_range bins {_SHARED}")
def equalization(b: Builder, layer: Layer, data: Structure, training: bool | None = None) -> Structure:
    """The data."""
    if training:
        raise UnsupportedAttribute("Equalization called with training=True")
    return each_part(b, layer, data, lambda images: images)


@keras_layer("ContrastLimitedAdaptiveHistogramEqualization", options=f"value_range clip_limit tile_grid_size {_SHARED}")
def clahe(b: Builder, layer: Layer, data: Structure) -> Structure:
    """Images whose contrast is evened out tile by tile."""
    config, given = layer.config, _range(layer)
    grid, limit = [int(n) for n in config.get("tile_grid_size", (8, 8))], float(config.get("clip_limit", 4.0))
    first = config.get("data_format") == "channels_first"

    def evened(images: Value) -> Value:
        x = _moved(b, b.cast(images, "float32"), given, _BYTES)

        def step(pixels: Array) -> Array:
            y = equalized(np.moveaxis(pixels, 1, -1) if first else pixels, grid, limit)
            return np.moveaxis(y, -1, 1) if first else y

        y = python_step(b, layer, [x], x.shape, "float32", step)
        return b.cast(_moved(b, y, _BYTES, given), images.dtype)

    return each_part(b, layer, data, evened, without="labels bounding_boxes")


@keras_layer("MaxNumBoundingBoxes", options=f"max_number fill_value {_SHARED}")
def max_num_bounding_boxes(b: Builder, layer: Layer, data: Structure) -> Structure:
    """Boxes and their labels cut to max_number, or filled up."""
    most, fill = int(layer.config["max_number"]), float(layer.config.get("fill_value", -1))

    def cut(boxes: Boxes) -> Boxes:
        if boxes["boxes"].rank != 3:  # Keras gives a single image a batch of one
            whole = {key: b.unsqueeze(boxes[key], 0) for key in ("boxes", "labels")}
            return {**boxes, **{key: b.squeeze(value, 0) for key, value in cut(whole).items()}}
        return {**boxes, **{key: _of_length(b, boxes[key], most, fill) for key in ("boxes", "labels")}}

    return each_part(b, layer, data, lambda images: images, cut)


def _of_length(b: Builder, x: Value, length: int, fill: float) -> Value:
    """x with an axis 1 of this length."""
    x = b.slice(x, 1, 0, length)
    known = x.shape[1]
    missing: int | Value = length - known if known is not None else b.Sub(length, b.dim(x, 1))
    y = b.pad(x, [1], [0], [missing], fill) if missing != 0 else x
    return b.reshape(y, [b.dim(y, 0), length, *b.dims(y)[2:]], (y.shape[0], length, *y.shape[2:]))


def _range(layer: Layer) -> tuple[float, float]:
    given: Any = layer.config.get("value_range", _BYTES)
    if not isinstance(given, (list, tuple)) or len(given) != 2:
        raise ModelError(f"{layer.class_name} with value_range={given!r}")
    low, high = sorted(given) if layer.class_name == "AutoContrast" else given
    return low, high


def _moved(b: Builder, x: Value, source: tuple[float, float], target: tuple[float, float]) -> Value:
    """Values of one range in another."""
    if tuple(source) == tuple(target):
        return x
    share = b.Div(b.Sub(x, source[0]), source[1] - source[0])
    return b.Add(b.Mul(share, target[1] - target[0]), target[0])
