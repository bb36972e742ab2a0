"""Layers that act in training alone: dropout, noise, and the augmentation of images.

Semantics: keras/src/layers/regularization and keras/src/layers/preprocessing/image_preprocessing of Keras 3, where all of
them give their inputs back at inference. A call that fixes `training=True` is random, and refused by name. (`predict` of
Keras 3 overrides what the call fixes: there the frontend leaves it out.)
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, Structure, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.image_parts import each_part
from loadstone.lowering.registry import keras_layer

_IMAGE_OPTIONS = """
    addition_factor all_ops alpha auto_vectorize bounding_box_format brightness_factor chain_depth contrast_factor data_format
    factor fill_mode fill_value height height_factor hue_factor integer_images interpolation kernel_size mode num_chains num_ops offset
    rate ratio resizes saturation_factor scale sigma threshold_factor value_range width width_factor x_factor y_factor
"""
_IMAGE_LAYERS = """
    AugMix CutMix MixUp Mosaic RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomElasticTransform
    RandomErasing
    RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation
    RandomSaturation RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom Solarization
"""


@keras_layer("Dropout", "AlphaDropout", "GaussianDropout", options="rate noise_shape", masking="pass")
@keras_layer("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", options="rate noise_shape data_format", masking="pass")
@keras_layer("GaussianNoise", options="stddev", masking="pass")
def noise(b: Builder, layer: Layer, inputs: Value, training: bool | None = None) -> Value:
    """The inputs."""
    if training and (layer.config.get("rate") or layer.config.get("stddev")):
        raise _random(layer)
    return inputs


@keras_layer("ActivityRegularization", options="l1 l2", masking="pass")
def activity_regularization(b: Builder, layer: Layer, inputs: Value) -> Value:
    """The inputs."""
    return inputs


@keras_layer(*_IMAGE_LAYERS.split(), options=_IMAGE_OPTIONS)
def augmentation(b: Builder, layer: Layer, inputs: Structure, training: bool | None = None) -> Structure:
    """The images in the compute dtype; `integer_images` "keep", which only history writes, leaves integers as they are."""
    if training:
        raise _random(layer)
    if isinstance(inputs, Value):
        keeps = dtypes.is_integer(inputs.dtype) and layer.config.get("integer_images") == "keep"
        return inputs if keeps else b.cast(inputs, layer.policy.compute)
    without = "bounding_boxes" if layer.class_name in ("CutMix", "RandomElasticTransform") else ""
    return each_part(b, layer, inputs, lambda images: images, without=without)


@keras_layer("RandomCrop", options=_IMAGE_OPTIONS)
def random_crop(b: Builder, layer: Layer, inputs: Structure, training: bool | None = None) -> Value:
    """The images; with `resizes`, which history writes for releases before 3.8, the largest middle part that fits, resized.

    "crop", of 3.6 and 3.7: what begins where that part does, resized only where it is too small.
    """
    from loadstone.lowering.keras.image_preprocessing import cropped_from_middle, resized

    if not isinstance(inputs, Value):
        raise UnsupportedAttribute("RandomCrop of a dict, which Keras refuses in a model")
    if layer.config.get("resizes") == "shorter side":
        raise UnsupportedAttribute("RandomCrop of TensorFlow 2.6 and before, which resizes images by their shorter side")
    images: Value = augmentation(b, layer, inputs, training)
    if not layer.config.get("resizes"):
        return images
    if layer.config["resizes"] == "crop":
        return cropped_from_middle(b, layer, images)
    config: dict[str, Any] = {key: layer.config[key] for key in ("height", "width", "data_format") if key in layer.config}
    inner = Layer("Resizing", layer.name, {**config, "crop_to_aspect_ratio": True}, policy=layer.policy, path=layer.path)
    return resized(b, inner, b.cast(images, layer.policy.compute))


def _random(layer: Layer) -> UnsupportedAttribute:
    return UnsupportedAttribute(f"{layer.class_name} called with training=True, which is random")
