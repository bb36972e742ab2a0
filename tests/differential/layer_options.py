"""What the differential tests draw for each layer: the inputs that it takes, and strategies for its options.

An option is a strategy, or a function of the first input's shape (batch included) that gives one. Options may be odd: what Keras
refuses is left out of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from hypothesis import strategies as st

Shape = list[int | None]
Options = Mapping[str, st.SearchStrategy[Any] | Callable[[Shape], st.SearchStrategy[Any]]]


@dataclass(frozen=True)
class Kind:
    """A layer or a function: ranks (batch included) and dtypes of its inputs, how many, and its options.

    `inputs` names the method of drawing.py that chooses them: "one", "same" (a list of tensors of one shape), "two", ...
    The value of an option named "**" is several options.
    """

    ranks: tuple[int, ...]
    needed: Options = field(default_factory=dict)
    options: Options = field(default_factory=dict)
    call: Options = field(default_factory=dict)
    inputs: str = "one"
    dtypes: str = "float"


def one(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def axis(shape: Shape) -> st.SearchStrategy[int]:
    return st.integers(-1, len(shape) - 1).filter(lambda a: a != 0)


def axes(shape: Shape) -> st.SearchStrategy[Any]:
    some = st.lists(st.integers(1, len(shape) - 1), min_size=1, max_size=2, unique=True) if len(shape) > 1 else st.just([-1])
    return st.one_of(axis(shape), some)


YES = st.booleans()
UNITS = st.integers(1, 5)
ACTIVATION = one(
    *(
        "relu tanh sigmoid softmax elu selu gelu silu softplus softsign linear exponential leaky_relu relu6 mish hard_sigmoid hard_silu"
    ).split(),
    *("log_softmax celu glu hard_tanh hard_shrink soft_shrink squareplus tanh_shrink threshold log_sigmoid sparse_plus sparsemax").split(),
    *("sparse_sigmoid", None),
)
CELL_ACTIVATION = one("tanh", "relu", "sigmoid", "hard_sigmoid", "linear", "softsign", "elu", "gelu")
FORMAT = one("channels_first", "channels_last")
DTYPE = one("float16", "bfloat16", "float64", "mixed_float16", "float32")
SIZE = st.integers(1, 3)
HEAD = st.integers(2, 3)  # a head of one number: Keras on TensorFlow adds its bias along the time where lengths coincide


def sizes(n: int, low: int = 1, high: int = 3) -> st.SearchStrategy[Any]:
    """One extent, or one for each of n dimensions."""
    return st.one_of(st.integers(low, high), st.lists(st.integers(low, high), min_size=n, max_size=n))


def pairs(n: int) -> st.SearchStrategy[Any]:
    """Padding and cropping: one number, one for each dimension, or two."""
    if n == 1:
        return st.one_of(st.integers(0, 3), st.lists(st.integers(0, 3), min_size=2, max_size=2))
    two = st.lists(st.integers(0, 2), min_size=2, max_size=2)
    return st.one_of(st.integers(0, 2), st.lists(st.integers(0, 2), min_size=n, max_size=n), st.lists(two, min_size=n, max_size=n))


def conv(n: int, **more: Any) -> Kind:
    padding = one("same", "valid", "causal") if n == 1 and "output_padding" not in more else one("same", "valid")
    options = {"strides": sizes(n), "padding": padding, "dilation_rate": sizes(n, 1, 2), "data_format": FORMAT, "use_bias": YES}
    options["activation"] = ACTIVATION
    return Kind((n + 2,), {"filters": UNITS, "kernel_size": sizes(n)}, {**options, **more})


def depthwise(n: int) -> Kind:
    kind = conv(n, depth_multiplier=SIZE)
    return Kind(kind.ranks, {"kernel_size": sizes(n)}, kind.options)


def pool(n: int) -> Kind:
    return Kind((n + 2,), {"pool_size": sizes(n)}, {"strides": sizes(n), "padding": one("same", "valid"), "data_format": FORMAT})


def permuted(shape: Shape) -> st.SearchStrategy[Any]:
    return one(*[list(p) for p in permutations(range(1, len(shape)))][:24])


def reshaped(shape: Shape) -> st.SearchStrategy[Any]:
    known = [extent for extent in shape[1:] if extent is not None]
    if len(known) < len(shape) - 1:
        return one([-1], [-1, known[-1] if known else 1])
    total = 1
    for extent in known:
        total *= extent
    return one([-1], [total], [total, 1], [1, -1], *[[d, total // d] for d in (2, 3, 4) if total % d == 0], list(reversed(known)))


def layer(name: str, **config: Any) -> st.SearchStrategy[Any]:
    """A strategy for a layer in a config; its options are strategies, each drawn or left out."""
    return st.fixed_dictionaries({"layer": st.just(name), "config": st.fixed_dictionaries({}, optional=config)})


def units(name: str, **config: Any) -> st.SearchStrategy[Any]:
    body = st.fixed_dictionaries({"units": UNITS}, optional=config)
    return st.fixed_dictionaries({"layer": st.just(name), "config": body})


GATES = {"activation": CELL_ACTIVATION, "use_bias": YES}
TWO_GATES = {**GATES, "recurrent_activation": CELL_ACTIVATION}
CELL = st.one_of(
    units("SimpleRNNCell", **GATES), units("LSTMCell", unit_forget_bias=YES, **TWO_GATES), units("GRUCell", reset_after=YES, **TWO_GATES)
)
STACK = st.fixed_dictionaries(
    {"layer": st.just("StackedRNNCells"), "config": st.fixed_dictionaries({"cells": st.lists(CELL, min_size=1, max_size=3)})}
)
WALK = {"go_backwards": YES, "return_sequences": YES, "unroll": YES, "stateful": YES, "return_state": YES}
SEQUENCE = {"go_backwards": YES, "return_sequences": YES}
RNN_LAYER = st.one_of(
    units("SimpleRNN", **GATES, **SEQUENCE),
    units("LSTM", **TWO_GATES, **SEQUENCE),
    units("GRU", reset_after=YES, **TWO_GATES, **SEQUENCE),
    st.fixed_dictionaries({"layer": st.just("RNN"), "config": st.fixed_dictionaries({"cell": st.one_of(CELL, STACK)}, optional=SEQUENCE)}),
)
INNER = st.one_of(
    units("Dense", activation=ACTIVATION, use_bias=YES),
    layer("LayerNormalization"),
    layer("Flatten"),
    layer("Activation", activation=st.just("tanh")).map(lambda v: {**v, "config": {"activation": "tanh"}}),
    RNN_LAYER,
    layer("BatchNormalization", center=YES, scale=YES),
)


def conv_lstm(n: int) -> Kind:
    kind = conv(n)
    options = {**{k: v for k, v in kind.options.items() if k != "padding"}, "padding": one("same", "valid"), "activation": CELL_ACTIVATION}
    return Kind(
        (n + 3,),
        kind.needed,
        {**options, "recurrent_activation": CELL_ACTIVATION, "unit_forget_bias": YES, **SEQUENCE, "return_state": YES},
    )


EINSUMS = {
    2: [("ab,bc->ac", [3], "c"), ("ab,b->ab", [None], None)],
    3: [
        ("abc,cd->abd", [None, 3], "d"),
        ("abc,cde->abde", [None, 2, 3], "de"),
        ("...x,xy->...y", [None, 4], "y"),
        ("abc,bcd->ad", [2], "d"),
    ],
    4: [("abcd,cde->abe", [None, 3], "e"), ("...x,xy->...y", [None, None, 4], None)],
}


def einsum(shape: Shape) -> st.SearchStrategy[Any]:
    return one(*[dict(zip(("equation", "output_shape", "bias_axes"), row, strict=True)) for row in EINSUMS[len(shape)]])


LAYERS: dict[str, Kind] = {
    # core
    "Dense": Kind((2, 3, 4), {"units": UNITS}, {"activation": ACTIVATION, "use_bias": YES, "dtype": DTYPE}),
    "EinsumDense": Kind((2, 3, 4), {"**": einsum}, {"activation": ACTIVATION}),
    "Embedding": Kind((2, 3), {"input_dim": st.just(6), "output_dim": UNITS}, {"mask_zero": YES}, dtypes="int"),
    "Masking": Kind((3, 4), {}, {"mask_value": one(0.0, 1.0)}),
    "Activation": Kind((2, 3, 4), {"activation": ACTIVATION}),
    "Identity": Kind((2, 3, 4), dtypes="any"),
    # activations
    "ReLU": Kind((2, 3, 4), {}, {"max_value": one(1.0, 0.5, 6.0), "negative_slope": one(0.1, 0.5), "threshold": one(0.25, 1.0)}),
    "LeakyReLU": Kind((2, 3), {}, {"negative_slope": one(0.1, 0.0, 0.7)}),
    "PReLU": Kind(
        (2, 3, 4), {}, {"shared_axes": lambda shape: st.lists(st.integers(1, len(shape) - 1), min_size=1, max_size=2, unique=True)}
    ),
    "ELU": Kind((2, 3), {}, {"alpha": one(0.5, 2.0)}),
    "Softmax": Kind((2, 3, 4), {}, {"axis": axes}),
    # normalization
    "BatchNormalization": Kind(
        (2, 3, 4, 5), {}, {"axis": axis, "epsilon": one(1e-2, 1e-5), "center": YES, "scale": YES}, {"training": one(False)}
    ),
    "LayerNormalization": Kind((2, 3, 4), {}, {"axis": axes, "epsilon": one(1e-2, 1e-5), "center": YES, "scale": YES, "rms_scaling": YES}),
    "GroupNormalization": Kind((3, 4, 5), {"groups": one(1, 2, -1, 3)}, {"axis": axis, "center": YES, "scale": YES, "epsilon": one(1e-2)}),
    "RMSNormalization": Kind((2, 3, 4), {}, {"axis": axes, "epsilon": one(1e-2)}),
    "UnitNormalization": Kind((2, 3, 4), {}, {"axis": axes}),
    "SpectralNormalization": Kind((2, 3), {"layer": units("Dense", activation=ACTIVATION)}, {"power_iterations": SIZE}),
    "Normalization": Kind((2, 3), {"mean": st.just(0.5), "variance": one(2.0, 0.25)}, {"invert": YES, "axis": st.none()}),
    # regularization
    **{name: Kind((2, 3, 4), {"rate": one(0.5)}) for name in ("Dropout", "AlphaDropout", "GaussianDropout")},
    "GaussianNoise": Kind((2, 3), {"stddev": one(0.5)}),
    "ActivityRegularization": Kind((2, 3), {}, {"l1": one(0.1)}),
    **{f"SpatialDropout{n}D": Kind((n + 2,), {"rate": one(0.5)}, {"data_format": FORMAT} if n > 1 else {}) for n in (1, 2, 3)},
    # convolution and pools
    **{f"Conv{n}D": conv(n, groups=one(1, 2)) for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": conv(n, output_padding=st.integers(0, 1)) for n in (1, 2, 3)},
    **{f"SeparableConv{n}D": conv(n, depth_multiplier=SIZE) for n in (1, 2)},
    **{f"DepthwiseConv{n}D": depthwise(n) for n in (1, 2)},
    **{f"{k}Pooling{n}D": pool(n) for k in ("Max", "Average") for n in (1, 2, 3)},
    **{
        f"Global{k}Pooling{n}D": Kind((n + 2,), {}, {"keepdims": YES, "data_format": FORMAT}) for k in ("Max", "Average") for n in (1, 2, 3)
    },
    **{f"AdaptiveAveragePooling{n}D": Kind((n + 2,), {"output_size": sizes(n, 1, 4)}, {"data_format": FORMAT}) for n in (1, 2, 3)},
    # to one value, or of an axis of length 1, TensorFlow ends the process
    **{f"AdaptiveMaxPooling{n}D": Kind((n + 2,), {"output_size": sizes(n, 2, 4)}, {"data_format": FORMAT}) for n in (1, 2)},
    # reshaping
    "Flatten": Kind((2, 3, 4, 5), {}, {"data_format": FORMAT}, dtypes="any"),
    "Reshape": Kind((2, 3, 4), {"target_shape": reshaped}, dtypes="any"),
    "Permute": Kind((2, 3, 4, 5), {"dims": permuted}, dtypes="any"),
    "RepeatVector": Kind((2,), {"n": UNITS}, dtypes="any"),
    **{f"Cropping{n}D": Kind((n + 2,), {"cropping": pairs(n)}, {"data_format": FORMAT} if n > 1 else {}) for n in (1, 2, 3)},
    **{f"ZeroPadding{n}D": Kind((n + 2,), {"padding": pairs(n)}, {"data_format": FORMAT}) for n in (1, 2, 3)},
    "UpSampling1D": Kind((3,), {"size": SIZE}),
    "UpSampling2D": Kind(
        (4,), {"size": sizes(2)}, {"data_format": FORMAT, "interpolation": one("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")}
    ),
    "UpSampling3D": Kind((5,), {"size": sizes(3, 1, 2)}, {"data_format": FORMAT}),
    # merging
    **{name: Kind((2, 3, 4), inputs="same") for name in ("Add", "Average", "Maximum", "Minimum", "Multiply")},
    "Subtract": Kind((2, 3, 4), inputs="two"),
    "Concatenate": Kind((2, 3, 4), {}, {"axis": axis}, inputs="same"),
    "Dot": Kind((2, 3), {"axes": one(1, 2, -1, [1, 2], [2, 1])}, {"normalize": YES}, inputs="two"),
    # attention
    "Attention": Kind(
        (3,),
        {},
        {"use_scale": YES, "score_mode": one("dot", "concat"), "seed": one(1)},
        {"use_causal_mask": YES, "return_attention_scores": YES},
        "attention",
    ),
    "AdditiveAttention": Kind((3,), {}, {"use_scale": YES}, {"use_causal_mask": YES, "return_attention_scores": YES}, "attention"),
    "MultiHeadAttention": Kind(
        (3, 4),
        {"num_heads": SIZE, "key_dim": HEAD},
        {"value_dim": HEAD, "use_bias": YES, "output_shape": UNITS, "attention_axes": st.none(), "use_gate": YES},
        {"use_causal_mask": YES, "return_attention_scores": YES},
        "query_value",
    ),
    "GroupQueryAttention": Kind(
        (3,),
        {"head_dim": HEAD, "num_query_heads": one(2, 4), "num_key_value_heads": one(1, 2)},
        {"use_bias": YES, "use_gate": YES},
        {"use_causal_mask": YES, "return_attention_scores": YES},
        "query_value",
    ),
    # recurrent
    "SimpleRNN": Kind((3,), {"units": UNITS}, {**GATES, **WALK}, inputs="one_state"),
    "LSTM": Kind((3,), {"units": UNITS}, {**TWO_GATES, **WALK, "unit_forget_bias": YES}, inputs="two_states"),
    "GRU": Kind((3,), {"units": UNITS}, {**TWO_GATES, **WALK, "reset_after": YES}, inputs="one_state"),
    "RNN": Kind((3,), {"cell": st.one_of(CELL, STACK)}, {**WALK, "zero_output_for_mask": YES}, inputs="one_state"),
    "Bidirectional": Kind(
        (3,), {"layer": RNN_LAYER}, {"merge_mode": one("sum", "mul", "concat", "ave", None), "backward_layer": RNN_LAYER}
    ),
    "TimeDistributed": Kind((3, 4), {"layer": INNER}),
    **{f"ConvLSTM{n}D": conv_lstm(n) for n in (1, 2)},
    # numbers and images that are prepared
    "Rescaling": Kind((2, 3, 4), {"scale": one(2.0, 1 / 255)}, {"offset": one(0.5, -1.0)}, dtypes="any"),
    "CenterCrop": Kind((4,), {"height": SIZE, "width": SIZE}, {"data_format": FORMAT}),
    "Resizing": Kind(
        (4,),
        {"height": UNITS, "width": UNITS},
        {
            "interpolation": one("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"),
            "crop_to_aspect_ratio": YES,
            "pad_to_aspect_ratio": YES,
            "fill_value": one(0.5),
            "antialias": YES,
            "data_format": FORMAT,
        },
    ),
    "Discretization": Kind(
        (2, 3), {"bin_boundaries": one([0.0, 1.0], [-1.0, -0.5, 0.25])}, {"output_mode": one("int", "one_hot", "multi_hot", "count")}
    ),
    "CategoryEncoding": Kind((2,), {"num_tokens": one(6, 7)}, {"output_mode": one("one_hot", "multi_hot", "count")}, dtypes="int"),
    "Hashing": Kind((2, 3), {"num_bins": st.integers(2, 6)}, {"mask_value": one(0, 1), "salt": one(3, [5, 7])}, dtypes="int"),
    "IntegerLookup": Kind(
        (2,),
        {"vocabulary": one([1, 2, 3], [4, 0])},
        {"num_oov_indices": one(1, 2), "mask_token": one(0), "output_mode": one("one_hot", "multi_hot", "count")},
        dtypes="int",
    ),
}
