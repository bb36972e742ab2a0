"""Changes of what lookups, hashes, buckets and text layers compute, from tf.keras 2.3 to Keras 3.12.

Options that no release of Keras has spell the old behaviour: `numbers` is the dtype of the result ("policy": the layer's own),
`squeezes` whether a last axis of 1 goes away in one-hot vectors, `casts` whether the input takes the layer's dtype first, `gathers` the
axis whose vectors a multi-hot one is made of.
"""

from __future__ import annotations

from loadstone.frontends.keras.history import Config, upgrade


@upgrade(before="3.0", classes="CategoryEncoding Discretization")
def one_hot_vectors_had_no_axis_of_one(config: Config) -> Config:
    """As today."""
    return {**config, "squeezes": True}


@upgrade(before="3.4", classes="CategoryEncoding Discretization")
def one_hot_vectors_kept_axes_of_one(config: Config) -> Config:
    """(batch, 1) gave (batch, 1, depth) from 3.0 to 3.3."""
    return {"squeezes": False, **config}


@upgrade(before="3.12", classes="Discretization")
def buckets_had_the_dtype_of_the_layer(config: Config) -> Config:
    """Which is int64 unless it is given; since 3.12 int32 whatever it is."""
    return {"numbers": "policy", **config}


@upgrade(before="3.0", classes="Discretization")
def vectors_of_the_second_axis_were_gathered(config: Config) -> Config:
    """As today."""
    return {**config, "gathers": "second"}


@upgrade(before="3.4", classes="Discretization")
def vectors_of_the_last_axis_were_gathered(config: Config) -> Config:
    """In multi_hot ones, from 3.0 to 3.3."""
    return {"gathers": "last", **config}


@upgrade(before="3.0", classes="CategoryEncoding Discretization")
def inputs_of_buckets_were_not_cast(config: Config) -> Config:
    """Keras 3 casts the input to the layer's dtype when a model predicts."""
    return {**config, "casts": False}


@upgrade(before="3.0", classes="Discretization Hashing")
def buckets_were_int64(config: Config) -> Config:
    """Until these layers had an output_mode (tf.keras 2.8), whatever their dtype."""
    return config if "output_mode" in config else {**config, "numbers": "int64"}


@upgrade(before="3.0", classes="Discretization")
def boundaries_were_called_bins(config: Config) -> Config:
    """Up to tf.keras 2.5, where buckets were int32 whatever the layer's dtype."""
    if "bins" not in config:
        return config
    return {**{key: value for key, value in config.items() if key != "bins"}, "bin_boundaries": config["bins"], "numbers": "int32"}


@upgrade(before="3.0", classes="CategoryEncoding")
def tokens_were_counted_as_max_tokens(config: Config) -> Config:
    """Up to tf.keras 2.5."""
    if "max_tokens" not in config:
        return config
    return {**{key: value for key, value in config.items() if key != "max_tokens"}, "num_tokens": config["max_tokens"]}


@upgrade(before="3.0", classes="Hashing")
def a_salt_stood_for_none(config: Config) -> Config:
    """tf.keras 2.3 to 2.5 wrote a key of its own for a Hashing without a salt, which hashes without one until it is read again."""
    return {**config, "salt": None} if config.get("salt") == [0xDECAFCAFFE] * 2 else config


@upgrade(before="3.0", classes="IntegerLookup StringLookup TextVectorization")
def vectors_of_tokens_were_floats(config: Config) -> Config:
    """One-hot, multi-hot and counted tokens had the dtype of the layer or, where that was the dtype of its tokens, float32."""
    if config.get("output_mode", "int") == "int":
        return config
    return {**config, "numbers": "policy" if "float" in str(config.get("dtype")) else "float32"}


@upgrade(before="3.0", classes="IntegerLookup StringLookup TextVectorization")
def saved_models_told_of_their_vocabulary(config: Config) -> Config:
    """SavedModels of tf.keras 2.8 and later say whether a vocabulary was given or learnt; it lies in their checkpoint."""
    return {key: value for key, value in config.items() if key != "has_input_vocabulary"}


@upgrade(before="2.6", classes="IntegerLookup")
def integer_lookups_had_values(config: Config) -> Config:
    """IntegerLookup(max_values=, mask_value=, oov_value=) name tokens since 2.6."""
    renamed = {"max_values": "max_tokens", "mask_value": "mask_token", "oov_value": "oov_token"}
    return {renamed.get(key, key): value for key, value in config.items()}
