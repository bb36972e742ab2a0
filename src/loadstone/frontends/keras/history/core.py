"""Changes of what core, merging, attention and regularization layers compute, from tf.keras 2.3 to Keras 3.14.

Where today's config has no word for the old behaviour, an option that no release of Keras has spells it (`masks`,
`masked_rows`, `broadcasts`, `exact_scale`, `resizes`, `integer_images`, `packed_axis`, `codes`, `lora`, `reverse_casts`,
`sums`, `integers`): rules read it, and files of today never hold it.
"""

from __future__ import annotations

from loadstone.frontends.keras.history import Config, upgrade

_RANDOM_IMAGES = "RandomBrightness RandomContrast RandomFlip RandomHeight RandomRotation RandomTranslation RandomWidth RandomZoom"


@upgrade(before="2.8", classes=_RANDOM_IMAGES)
def augmentation_left_integers_alone(config: Config) -> Config:
    """At inference integer images came out as they were; since 2.8 in the compute dtype."""
    return {**config, "integer_images": "keep"}


@upgrade(before="2.7", classes="RandomCrop")
def random_crop_resized_the_shorter_side(config: Config) -> Config:
    """At inference RandomCrop resized the image until its shorter side fitted, and took the middle of that."""
    return {**config, "resizes": "shorter side"}


@upgrade(before="2.12", classes="RandomHeight RandomWidth")
def heights_and_widths_were_cast_for_a_while(config: Config) -> Config:
    """From 2.8 to 2.11 these two gave images in the compute dtype, as the others did and do."""
    return {"integer_images": "cast", **config}


@upgrade(before="3.0", classes="RandomHeight RandomWidth")
def heights_and_widths_kept_integers(config: Config) -> Config:
    """Before and after that they left integers as they were."""
    return {"integer_images": "keep", **config}


@upgrade(before="3.0", classes="Attention AdditiveAttention")
def causal_is_an_argument_of_the_call(config: Config) -> Config:
    """Attention(causal=True) became use_causal_mask in the call, in 2.10; False says nothing."""
    if config.get("causal") is False:
        del config["causal"]
    return config


@upgrade(before="3.0", classes="MultiHeadAttention")
def shapes_of_the_inputs_are_not_stored(config: Config) -> Config:
    """MultiHeadAttention kept the shapes that it was built with in its config."""
    return {key: value for key, value in config.items() if key not in ("query_shape", "key_shape", "value_shape")}


@upgrade(before="3.0", classes="Softmax MultiHeadAttention")
def masks_replace_scores(config: Config) -> Config:
    """tf_keras from 2.21 on replaces masked scores where `robust_masking` says so, else it adds -1e9 to them: nothing is left of either."""
    return {key: value for key, value in config.items() if key not in ("robust_masking", "softmax_robust_masking")}


@upgrade(before="3.0", classes="MultiHeadAttention")
def scores_were_scaled_exactly(config: Config) -> Config:
    """1 / sqrt(key_dim) was a number of the compute dtype; since 3.0 it is rounded to float32 first."""
    return {**config, "exact_scale": True}


_ADDING = "keras.ops.Add Add Average Dense EinsumDense MultiHeadAttention GroupQueryAttention"
_CONVOLUTIONS = (
    "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D"
)


@upgrade(before="3.7", since="3.16", classes=f"{_ADDING} {_CONVOLUTIONS}")
def sums_broadcast_as_numpy(config: Config) -> Config:
    """From 3.7 to 3.15 `keras.ops.add` takes an operand with one length other than 1 for a bias, wherever that length is."""
    return {**config, "broadcasts": "numpy"}


@upgrade(before="3.15", classes="DepthwiseConv2D SeparableConv1D SeparableConv2D")
def biases_were_fused_with_depthwise_convolutions(config: Config) -> Config:
    """When a model predicted: since 3.15 a transposition stands between the two."""
    return {"broadcasts": "fused", **config}


@upgrade(before="3.10", classes="EinsumDense MultiHeadAttention GroupQueryAttention")
def biases_of_einsum_dense_broadcast_as_numpy(config: Config) -> Config:
    """Up to 3.9 EinsumDense added its bias without `keras.ops.add`."""
    return {**config, "broadcasts": "numpy"}


@upgrade(before="3.4", classes="Add Subtract Multiply Average Maximum Minimum Concatenate Dot")
def merged_masks_were_all_masks(config: Config) -> Config:
    """A merged mask was what every mask leaves; since 3.4 what any leaves, and Multiply, Maximum, Minimum heed masks."""
    return {**config, "masks": "all"}


@upgrade(before="3.6", classes="RandomCrop")
def random_crop_resized_at_inference(config: Config) -> Config:
    """RandomCrop gave the largest middle part of its aspect ratio, resized."""
    return {"resizes": True, **config}


@upgrade(before="3.8", classes="RandomCrop")
def random_crop_cropped_at_inference(config: Config) -> Config:
    """Keras 3.6 and 3.7 cropped from where that part begins, and resized what was too small; since 3.8 it gives the image."""
    return {"resizes": "crop", **config}


@upgrade(before="3.10", classes="Softmax MultiHeadAttention GroupQueryAttention")
def masked_rows_were_uniform(config: Config) -> Config:
    """The softmax of a row that is masked throughout was the same everywhere; since 3.10 it is 0."""
    return {**config, "masked_rows": "uniform"}


@upgrade(before="3.14", classes="Dense EinsumDense")
def int4_was_packed_along_the_summed_axis(config: Config) -> Config:
    """Two numbers a byte along the first summed axis of the kernel, inputs quantized as for int8; since 3.14 neither."""
    policy = config.get("dtype")
    mode = policy.get("config", {}).get("mode") if isinstance(policy, dict) else str(policy).partition("_from_")[0]
    return {**config, "packed_axis": "summed"} if mode == "int4" else config


@upgrade(before="3.14", classes="ReversibleEmbedding")
def reverse_embeddings_had_masks(config: Config) -> Config:
    """Scores were masked where the vectors are 0, as ids are."""
    return {**config, "masks": "both"}


@upgrade(before="3.16", classes="ReversibleEmbedding")
def quantized_embeddings_had_no_masks(config: Config) -> Config:
    """From 3.14 on the call set the mask, which the quantized call did not."""
    return {"masks": "floats", **config}


@upgrade(before="3.16", classes="ReversibleEmbedding")
def reverse_dtype_was_for_floats(config: Config) -> Config:
    """Quantized layers did not heed reverse_dtype; scores had the dtype that scales and inputs promote to."""
    return {**config, "reverse_casts": False}


@upgrade(before="3.16", classes="ReversibleEmbedding")
def int4_quantized_inputs_in_reverse(config: Config) -> Config:
    """Where no config says otherwise, int4 layers quantized what comes in reverse as int8 layers do; since 3.16 they leave it."""
    if config.get("quantization_config") is not None:
        return config
    return {**config, "quantization_config": {"config": {"activation_quantizer": {"class_name": "AbsMaxQuantizer", "config": {}}}}}


@upgrade(before="3.16", classes="keras.ops.Sparsemax")
def sparsemax_summed_running_sums(config: Config) -> Config:
    """The threshold came of the running sums of the support; since 3.16 of its elements."""
    return {**config, "sums": "running"}


@upgrade(before="3.16")
def sparsemax_has_another_threshold(config: Config) -> Config:
    """The same in activations, where the old function is spelt apart."""
    return {key: "sparsemax_3" if key.endswith("activation") and value == "sparsemax" else value for key, value in config.items()}


@upgrade(before="3.16", classes="keras.ops.SoftShrink")
def soft_shrink_kept_integers(config: Config) -> Config:
    """Integers less an integer threshold were integers; since 3.16 they are float32."""
    return {**config, "integers": "keep"}


@upgrade(before="3.16", classes="Dense EinsumDense")
def calibrated_kernels_had_columns_first(config: Config) -> Config:
    """GPTQ and AWQ kept kernels (columns, rows), those of two bits unpacked; since 3.16 (rows, columns), packed."""
    return {**config, "codes": "turned"} if _mode(config) in ("gptq", "awq") else config


@upgrade(before="3.16", classes="EinsumDense")
def adapters_beside_integers_met_the_last_axis(config: Config) -> Config:
    """The second matrix of an adapter met the last axis of the result, whatever the equation said."""
    return {**config, "lora": "last axis"} if config.get("lora_rank") else config


def _mode(config: Config) -> str:
    """The quantization mode of a config without its size: "gptq" for "gptq/4/128_from_float32"."""
    policy = config.get("dtype")
    mode = policy.get("config", {}).get("mode") if isinstance(policy, dict) else str(policy).partition("_from_")[0]
    return str(mode).partition("/")[0]
