"""Operations on images whose results changed in Keras 3.

`indices`, `validity`, `kernel`, `half_turn` and `weighs_in` are keys of our own (lowering/keras/ops_warping.py, ops_image_filters.py, ops_shape.py,
ops_layers.py).
"""

from __future__ import annotations

from loadstone.frontends.keras.history import Config, upgrade


@upgrade(before="3.9", classes="keras.ops.MapCoordinates")
def indices_were_reflected_below_0(config: Config) -> Config:
    """Indices below 0 were mirrored and reflected as those beyond the end; since 3.9 their absolute values are."""
    return {**config, "indices": "both sides", "validity": "each"}


@upgrade(before="3.11", classes="keras.ops.MapCoordinates")
def one_place_outside_filled_them_all(config: Config) -> Config:
    """In 3.9 and 3.10 a corner that lies outside for one element was the fill value for all."""
    return {"validity": "all", **config}


@upgrade(before="3.16", classes="keras.ops.GaussianBlur")
def gaussian_windows_were_turned(config: Config) -> Config:
    """The window was made (width, height) and read as (height, width)."""
    return {**config, "kernel": "turned"}


@upgrade(before="3.16", classes="keras.ops.Rot90")
def half_turns_went_by_rows(config: Config) -> Config:
    """Two quarter turns laid the elements out by the lengths from before the first one in between, which is right for squares alone."""
    return {**config, "half_turn": "by rows"}


@upgrade(before="3.4", classes="keras.ops.RGBToGrayscale")
def greys_were_computed_between_0_and_1(config: Config) -> Config:
    """By `tf.image.rgb_to_grayscale`: in float32, integers as shares of the largest, which come back half a step higher."""
    return {**config, "weighs_in": "shares"}
