"""Operations on numbers whose results changed in Keras 3.

`computes`, `counts_from`, `divides`, `keeps_places`, `padding` and `scores` are keys of our own (lowering/keras/ops_nn.py, ops_numbers.py,
ops_singular.py).
"""

from __future__ import annotations

from loadstone.frontends.keras.history import Config, upgrade


@upgrade(before="3.8", since="3.16", classes="keras.ops.UnravelIndex")
def flat_indices_count_from_the_last_axis(config: Config) -> Config:
    """From 3.8 to 3.15 those of a matrix do from the first."""
    return {**config, "counts_from": "last"}


@upgrade(before="3.1", classes="keras.ops.Norm")
def axes_of_a_largest_singular_value_stayed_in_place(config: Config) -> Config:
    """With keepdims; since 3.1 Keras puts them back one after the other, at times elsewhere."""
    return {**config, "keeps_places": True} if config.get("ord") == 2 else config


@upgrade(before="3.4", classes="keras.ops.CTCDecode")
def beams_had_the_blank_last(config: Config) -> Config:
    """Beam search passed over `mask_index`."""
    return {**config, "mask_index": None} if config.get("strategy") == "beam_search" else config


@upgrade(before="3.6", classes="keras.ops.Normalize")
def lengths_were_norms(config: Config) -> Config:
    """Of order 2 too, which is the largest singular value for two axes; since 3.6 the root of the sum of squares."""
    return {**config, "divides": "norm"}


@upgrade(before="3.13", classes="keras.ops.Correlate")
def correlations_were_padded_as_convolutions(config: Config) -> Config:
    """By TensorFlow's `SAME`, whose middle is another than numpy's at times; and one number had no axis."""
    return {**config, "padding": "SAME"}


@upgrade(before="3.7", classes="keras.ops.DotProductAttention")
def scores_were_multiplied_by_themselves(config: Config) -> Config:
    """Instead of the scale (3.6, the first release that has it)."""
    return {**config, "scores": "squares"}


@upgrade(before="3.11", classes="keras.ops.Threshold")
def thresholds_had_other_names(config: Config) -> Config:
    """threshold_value and value."""
    renamed = {"threshold_value": "threshold", "value": "default_value"}
    return {renamed.get(key, key): value for key, value in config.items()}


@upgrade(before="3.11", classes="keras.ops.RMSNorm")
def the_scale_was_an_option(config: Config) -> Config:
    """Of the operation; since 3.11 it is a tensor of the call, and computed in float32 at least."""
    return {**config, "computes": "as given"}
