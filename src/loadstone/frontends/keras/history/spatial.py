"""Convolutions, normalizations and image layers: what changed in their configs."""

from __future__ import annotations

from loadstone.frontends.keras.history import Config, upgrade


@upgrade(
    before="3.0", classes="DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D Conv1DTranspose Conv2DTranspose Conv3DTranspose"
)
def groups_of_conv_alone(config: Config) -> Config:
    """tf.keras 2.3 wrote `groups` for every class that inherits from Conv; these never computed with it."""
    config.pop("groups", None)
    return config


@upgrade(before="3.0", classes="Resizing")
def resizing_gave_floats(config: Config) -> Config:
    """tf.keras 2 cast images to the compute dtype; `integer_images` is a key of our own."""
    config["integer_images"] = "float"
    return config


@upgrade(before="3.5", classes="Resizing")
def resizing_truncated(config: Config) -> Config:
    """Keras 3.0 to 3.4 cast resized integer images back without rounding."""
    config.setdefault("integer_images", "truncate")
    return config
