"""Convolutions, normalizations and image layers: what changed in their configs."""

from __future__ import annotations

from loadstone.frontends.keras.history import Config, upgrade
from loadstone.ir import Layer


@upgrade(
    before="3.0", classes="DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D Conv1DTranspose Conv2DTranspose Conv3DTranspose"
)
def groups_of_conv_alone(config: Config) -> Config:
    """tf.keras 2.3 wrote `groups` for every class that inherits from Conv; these never computed with it."""
    config.pop("groups", None)
    return config


@upgrade(before="2.1", classes="SeparableConv2D")
def separable_convolutions_had_no_dilation(config: Config) -> Config:
    """tf.keras of TensorFlow 1.4 has no such argument, and writes none."""
    config.setdefault("dilation_rate", 1)
    return config


def depth_multiplier_of(layer: Layer) -> None:
    """tf.keras of TensorFlow 1.4 to 1.11 did not write it for separable convolutions, and opens such a file as if it were 1: the kernel tells."""
    kernel = layer.weights.get("depthwise_kernel")
    if layer.class_name in ("SeparableConv1D", "SeparableConv2D") and kernel is not None:
        layer.config.setdefault("depth_multiplier", kernel.shape[-1])


@upgrade(before="3.0", classes="DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D")
def strides_counted_inside_dilation(config: Config) -> Config:
    """With both, TensorFlow strode within each phase of the dilation; tf.keras 2.12 refuses it, today's Keras computes the usual thing.

    The key is of our own, and no rule knows it: such a layer is refused by name.
    """
    strides, dilations = (config.get(key, 1) for key in ("strides", "dilation_rate"))
    if any(s > 1 for s in _numbers(strides)) and any(d > 1 for d in _numbers(dilations)):
        config["strides_inside_dilation"] = True
    return config


def _numbers(value: object) -> list[int]:
    return [n for n in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(n, int)]


# `result` is a key of our own: which dtype a resized image had (lowering/keras/resampling.py, `settle`).


@upgrade(before="2.5", classes="Resizing CenterCrop")
def images_were_not_cast(config: Config) -> Config:
    """TensorFlow 2.3 and 2.4 gave what `tf.image.resize` gives, and crops in their own dtype."""
    config["result"] = "raw"
    return config


@upgrade(before="3.0", classes="Resizing")
def images_were_cast_to_the_compute_dtype(config: Config) -> Config:
    """tf.keras 2 gave floats for integer images."""
    config.setdefault("result", "compute")
    return config


@upgrade(before="3.0", classes="GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D")
def means_of_integers_were_integers(config: Config) -> Config:
    """`tf.reduce_mean` rounds the mean of integers towards zero."""
    return {**config, "whole": True}


@upgrade(before="3.0", classes="UpSampling2D")
def upsampled_images_were_float32(config: Config) -> Config:
    """tf.keras 2 left interpolated images in float32, also under a half precision policy."""
    if config.get("interpolation", "nearest") != "nearest":
        config["result"] = "raw"
    return config


@upgrade(before="3.5", classes="Resizing UpSampling2D keras.ops.Resize")
def resized_integers_were_truncated(config: Config) -> Config:
    """Keras 3.0 to 3.4 cast resized integer images back without rounding."""
    config.setdefault("result", "truncate")
    return config


@upgrade(before="3.5", classes="CenterCrop")
def resized_crops_had_the_compute_dtype(config: Config) -> Config:
    """Keras 3.5 and later leave images that were too small in float32, whatever the policy."""
    config.setdefault("result", "compute")
    return config


# `masked_statistics`, `truncates`, `autocasts` and `shortest` are keys of our own (lowering/keras/normalization.py).


@upgrade(before="2.14", classes="GroupNormalization")
def groups_ignored_masks(config: Config) -> Config:
    """Before TensorFlow 2.14 a mask did not change the statistics, as it does not today."""
    config["masked_statistics"] = False
    return config


@upgrade(before="3.0", classes="GroupNormalization")
def groups_saw_masks(config: Config) -> Config:
    """TensorFlow 2.14 and 2.15 left masked elements out of the statistics."""
    config.setdefault("masked_statistics", True)
    return config


@upgrade(before="3.7", classes="GroupNormalization")
def normalized_groups_kept_their_precision(config: Config) -> Config:
    """Since 3.7 the result is cast to the dtype of the input before it is cast to that of the layer."""
    return {**config, "truncates": False}


@upgrade(before="3.15", classes="GroupNormalization")
def groups_took_the_dtype_of_the_layer(config: Config) -> Config:
    """Inputs and weights were cast as every layer's are; integers stayed integers."""
    return {**config, "autocasts": True}


@upgrade(before="3.11", classes="LayerNormalization")
def normalized_layers_kept_their_precision(config: Config) -> Config:
    """Since 3.11, where the layer calls `keras.ops.layer_normalization`, the same holds of it."""
    return {**config, "truncates": False}


@upgrade(before="3.0", classes="UnitNormalization")
def short_vectors_stayed_short(config: Config) -> Config:
    """tf.math.l2_normalize takes 1e-12 as the least square of a length; Keras 3 has 1e-12 as the least length."""
    config["shortest"] = 1e-6
    return config
