"""Makes tests/golden/core/<release>.npz: Dense and EinsumDense, activations, merging, reshaping, regularization, attention.

Run it with the Python of each release: `python make_core.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from golden_cases import RELEASE, V3, K, L, calls, case, grid, main, numbers, randomize

X = numbers(3, 4) * 4
S = numbers(2, 5, 4, seed=1)
IDS = np.array([[3, 1, 0, 4, 0], [0, 0, 2, 0, 1], [0, 0, 0, 0, 0]], "int32")
IDS2 = np.array([[1, 1, 0, 0, 2], [0, 1, 2, 0, 0], [4, 4, 0, 0, 0]], "int32")

# -- activations -------------------------------------------------------------------------------------------------------

OLD = "elu exponential gelu hard_sigmoid linear mish relu selu sigmoid softmax softplus softsign swish tanh".split()
NEW = "celu glu hard_shrink hard_silu hard_tanh leaky_relu log_sigmoid log_softmax relu6 silu soft_shrink sparse_plus sparse_sigmoid sparsemax squareplus tanh_shrink"
WIDE = np.array([[-90.0, -9, -3.5, -1.25, -1, -0.5, -0.015625, 0], [0.03125, 0.5, 0.75, 1, 1.25, 3, 7, 90]], "float32")
NAMES = OLD + (NEW.split() if V3 else [])
grid("activation", lambda name: calls(L.Activation(name), WIDE), name=NAMES)
grid("activation64", lambda name: calls(L.Activation(name, dtype="float64"), WIDE.astype("float64")), name=NAMES)
grid("activation16", lambda name: calls(L.Activation(name, dtype="mixed_float16"), WIDE / 8), V3, name=NAMES)
grid(
    "activation_bf16",
    lambda name: calls(L.Activation(name, dtype="bfloat16"), WIDE / 8),
    V3,
    name=["relu", "gelu", "softmax", "silu", "sparsemax"],
)
grid(
    "activation_rank4",
    lambda name: calls(L.Activation(name), numbers(2, 3, 2, 4)),
    name=["softmax", "log_softmax", "glu", "sparsemax"] if V3 else ["softmax"],
)
grid("activation_of_int", lambda name: calls(L.Activation(name), numbers(3, 4, dtype="int32")), name=["relu", "linear"])


@case("dense_with_layers_as_activations")
def _():
    start = K.Input((4,))
    x = L.Dense(5, activation=L.LeakyReLU())(start)
    x = L.Dense(5, activation=L.ReLU(max_value=1.0))(x)
    return K.Model(start, L.Dense(3, activation=L.Softmax(), name="last")(x)), [X]


tfnn = __import__("tensorflow").nn
for name in "relu6 leaky_relu crelu log_softmax softmax sigmoid selu softsign".split():
    case("tf_nn-" + name, not V3)(lambda name=name: calls(L.Dense(4, activation=getattr(tfnn, name)), X))

grid(
    "relu",
    lambda max_value, negative_slope, threshold: calls(L.ReLU(max_value, negative_slope, threshold), WIDE),
    max_value=[None, 1.0, 6.0],
    negative_slope=[0.0, 0.25],
    threshold=[0.0, 1.0],
)
grid("leaky", lambda slope: calls(L.LeakyReLU(slope), WIDE), slope=[0.3, 0.01])
case("leaky_default")(lambda: calls(L.LeakyReLU(), WIDE))
case("leaky64")(lambda: calls(L.LeakyReLU(dtype="float64"), WIDE.astype("float64")))
grid("elu", lambda alpha: calls(L.ELU(alpha), WIDE), alpha=[1.0, 0.5])
grid("prelu", lambda shared: calls(L.PReLU(shared_axes=shared), numbers(2, 3, 2, 4)), shared=[None, [1], [1, 2], [3], 2])
grid("softmax", lambda axis: calls(L.Softmax(axis), numbers(2, 3, 4, 2) * 4), axis=[-1, 1, [1, 2], [-1, 1], [2], [3, 1, 2]])
grid("softmax64", lambda axis: calls(L.Softmax(axis, dtype="float64"), numbers(2, 3, 4, 2, dtype="float64") * 4), axis=[-1, [1, 2]])
case("thresholded", not V3)(lambda: calls(L.ThresholdedReLU(0.5), WIDE))


def masked_softmax(axis, dtype):
    x, m = K.Input((3, 4)), K.Input((3, 4), dtype=dtype)
    flags = numbers(2, 3, 4, seed=4, dtype="bool")
    flags[0, 1], flags[1, :, 2] = False, False
    return K.Model([x, m], L.Softmax(axis)(x, mask=m)), [numbers(2, 3, 4) * 4, flags.astype(dtype)]


grid("softmax_masked", masked_softmax, axis=[-1, 1, [1, 2]], dtype=["bool", "float32"])

# -- Dense and EinsumDense ---------------------------------------------------------------------------------------------

grid(
    "dense",
    lambda rank, bias, activation: calls(L.Dense(3, activation, bias), numbers(*[2, 3, 2, 5][-rank:])),
    rank=[2, 3, 4],
    bias=[True, False],
    activation=[None, "relu"],
)
grid(
    "dense_of",
    lambda dtype: calls(L.Dense(3), numbers(2, 4, dtype=dtype)),
    dtype=["int32", "int64", "uint8", "float64", "float16", "int8", "bool"] if V3 else ["int32", "float64", "float16"],
)
POLICIES = ["float64", "float16", "mixed_float16", "mixed_bfloat16", "bfloat16"] if V3 else ["float64", "mixed_float16"]
POLICY = (lambda name: name) if V3 or RELEASE >= (2, 4) else (lambda name: K.mixed_precision.experimental.Policy(name))
grid("dense_policy", lambda policy: calls(L.Dense(3, "tanh", dtype=POLICY(policy)), X), policy=POLICIES)
grid("dense_policy_of_int", lambda policy: calls(L.Dense(3, dtype=POLICY(policy)), numbers(2, 4, dtype="int32")), policy=POLICIES)


@case("dense_free_lengths")
def _():
    start = K.Input((None, None, 4))
    return K.Model(start, L.Dense(3)(start)), [numbers(2, 3, 5, 4)]


@case("dtypes_meet")
def _():
    start = K.Input((4,))
    x = L.Dense(3, dtype=POLICY("mixed_float16"))(start)
    y = L.Dense(3, dtype=POLICY("float64"))(x)
    return K.Model(start, [x, y, L.Activation("tanh", dtype="float32")(y)]), [X]


EQUATIONS = [
    ("ab,bc->ac", 3, "c", (4,)), ("abc,cd->abd", (None, 3), "d", (5, 4)), ("abc,cde->abde", (None, 3, 2), "de", (5, 4)),
    ("abc,cde->abde", (5, 3, 2), "e", (5, 4)), ("...x,xy->...y", 3, "y", (5, 4)), ("...x,xy->...y", 3, "y", (2, 5, 4)),
    ("abc,bde->acde", (4, 3, 2), "de", (5, 4)), ("abcd,cde->abe", (None, 3), "e", (2, 3, 4)), ("ab...,bc->ac...", 3, "c", (4, 2, 3)),
    ("abc,dc->abd", (None, 3), None, (5, 4)), ("abc,bcd->abd", (5, 3), "d", (5, 4)), ("abc,acd->abd", (None, 3), None, (5, 4)),
]  # fmt: skip
for equation, shape, axes, given in EQUATIONS:
    label = "einsum-{}-{}-{}".format(equation, axes, len(given))
    case(label, hasattr(L, "EinsumDense"))(
        lambda equation=equation, shape=shape, axes=axes, given=given: calls(
            L.EinsumDense(equation, shape, bias_axes=axes, activation="tanh"), numbers(2, *given)
        )
    )
case("einsum_policy", V3)(
    lambda: calls(L.EinsumDense("abc,cde->abde", (None, 3, 2), bias_axes="de", dtype="mixed_bfloat16"), numbers(2, 5, 4))
)


def quantized(mode, make, x, **kwargs):
    start = K.Input(x.shape[1:])
    model = K.Model(start, make()(start))
    randomize(model)
    model.layers[-1].quantize(mode, **kwargs)
    model.keeps_weights = True
    return model, [x]


DENSES = {
    "dense": (lambda: L.Dense(5), numbers(3, 4)),
    "dense_odd": (lambda: L.Dense(3, activation="tanh", use_bias=False), numbers(2, 3, 5)),
    "einsum": (lambda: L.EinsumDense("abc,cde->abde", (None, 3, 2), bias_axes="de"), numbers(2, 5, 4)),
    "einsum_two": (lambda: L.EinsumDense("abcd,cde->abe", (None, 3), bias_axes="e"), numbers(2, 3, 2, 4)),
    "einsum_turned": (lambda: L.EinsumDense("abc,dc->abd", (None, 3)), numbers(2, 5, 4)),
    "half": (lambda: L.Dense(5, dtype="mixed_bfloat16"), numbers(3, 4)),
}
for mode in ("int8", "int4", "float8"):
    for name, (make, x) in DENSES.items():
        case("quantized-{}-{}".format(mode, name), V3)(lambda mode=mode, make=make, x=x: quantized(mode, make, x))
if V3 and RELEASE >= (3, 14):
    Q = K.quantizers
    for name, config in {
        "int8_weights_only": Q.Int8QuantizationConfig(activation_quantizer=None),
        "int8_range": Q.Int8QuantizationConfig(activation_quantizer=Q.AbsMaxQuantizer(value_range=(-64, 64))),
        "int4_channels": Q.Int4QuantizationConfig(block_size=None),
        "int4_channels_and_inputs": Q.Int4QuantizationConfig(block_size=None, activation_quantizer=Q.AbsMaxQuantizer()),
        "int4_blocks": Q.Int4QuantizationConfig(block_size=2),
    }.items():
        for of, (make, x) in DENSES.items():
            case("configured-{}-{}".format(name, of))(lambda config=config, make=make, x=x: quantized(config.mode, make, x, config=config))

# -- merging -----------------------------------------------------------------------------------------------------------

MERGES = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"]
grid(
    "merge",
    lambda name, shapes: calls(getattr(L, name)(), *[numbers(2, *s, seed=i) for i, s in enumerate(shapes)]),
    name=MERGES,
    shapes=[((3, 4), (3, 4)), ((3, 4), (1, 4)), ((4,), (3, 4)), ((3, 1), (2, 3, 4)), ((2, 3, 4), (4,))],
)
grid(
    "merge_many",
    lambda name: calls(getattr(L, name)(), *[numbers(2, 3, seed=i) for i in range(4)]),
    name=[m for m in MERGES if m != "Subtract"],
)
grid(
    "merge_ints",
    lambda name: calls(getattr(L, name)(), *[numbers(2, 3, seed=i, dtype="int32") for i in range(2)]),
    name=[m for m in MERGES if V3 or m != "Average"],
)
grid(
    "merge_mixed",
    lambda name, dtypes: calls(getattr(L, name)(), *[numbers(2, 3, seed=i, dtype=d) for i, d in enumerate(dtypes)]),
    V3,
    name=["Add", "Maximum", "Average"],
    dtypes=[("int32", "float32"), ("float16", "float32"), ("int8", "int32"), ("bool", "int32"), ("uint8", "int8")],
)
grid(
    "concatenate",
    lambda axis: calls(L.Concatenate(axis), numbers(2, 3, 4), numbers(2, 3, 4, seed=1), numbers(2, 3, 4, seed=2)),
    axis=[-1, 1, 2, -2],
)
case("concatenate_mixed", V3)(lambda: calls(L.Concatenate(), numbers(2, 3, dtype="int32"), numbers(2, 4)))
case("concatenate_lengths")(lambda: calls(L.Concatenate(axis=1), numbers(2, 3, 4), numbers(2, 1, 4, seed=1)))
DOTS = [
    ((3, 4), (3, 4), 2),
    ((3, 4), (3, 4), 1),
    ((3, 4), (5, 4), -1),
    ((3, 4), (4, 5), (2, 1)),
    ((4,), (4,), 1),
    ((4,), (4, 3), 1),
    ((3, 4), (4,), (2, 1)),
    ((2, 3, 4), (4, 5), (3, 1)),
    ((2, 3, 4), (5, 6, 3), (2, 3)),
    ((4, 2), (4, 3, 2), 1),
]
grid(
    "dot",
    lambda case, normalize: calls(L.Dot(case[2], normalize), numbers(2, *case[0]), numbers(2, *case[1], seed=1)),
    case=DOTS,
    normalize=[False, True],
)


def merged_masks(name, which):
    """Two sequences, each masked or not, merged, and pooled by the mask that comes out."""
    starts = [K.Input((5,), dtype="int32"), K.Input((5,), dtype="int32")]
    xs = [L.Embedding(6, 4, mask_zero=masked)(start) for start, masked in zip(starts, which)]
    merge = L.Concatenate(axis=int(name[-1])) if name.startswith("Concatenate") else getattr(L, name)()
    y = merge(xs)
    return K.Model(starts, [y, L.GlobalAveragePooling1D()(y)]), [IDS, IDS2]


grid("merged_masks", merged_masks, name=[*MERGES, "Concatenate1", "Concatenate2"], which=[(True, True), (True, False), (False, True)])

# -- reshaping ---------------------------------------------------------------------------------------------------------

grid(
    "flatten",
    lambda shape, data_format: calls(L.Flatten(data_format), numbers(2, *shape)),
    shape=[(), (3,), (3, 4), (2, 3, 4)],
    data_format=["channels_last", "channels_first"],
)
case("flatten_ints")(lambda: calls(L.Flatten(), numbers(2, 3, 4, dtype="int32")))
grid("reshape", lambda target: calls(L.Reshape(target), numbers(2, 3, 4)), target=[(12,), (4, 3), (-1,), (2, -1), (2, 3, 2), (-1, 1, 4)])
grid("permute", lambda dims: calls(L.Permute(dims), numbers(2, 2, 3, 4)), dims=[(1, 2, 3), (3, 1, 2), (2, 1, 3)])
case("repeat")(lambda: calls(L.RepeatVector(3), numbers(2, 4)))
case("identity", hasattr(L, "Identity"))(lambda: calls(L.Identity(), numbers(2, 4)))


def free(layer, array, shape):
    start = K.Input(shape)
    return K.Model(start, layer(start)), [array]


case("free_flatten")(lambda: free(L.Flatten(), numbers(2, 3, 4), (None, 4)))
case("free_flatten_first")(lambda: free(L.Flatten("channels_first"), numbers(2, 3, 4), (None, None)))
case("free_reshape")(lambda: free(L.Reshape((-1, 2)), numbers(2, 3, 4), (None, 4)))
case("free_permute")(lambda: free(L.Permute((2, 1)), numbers(2, 3, 4), (None, 4)))
case("free_repeat")(lambda: free(L.RepeatVector(2), numbers(2, 3), (3,)))
case("free_softmax", RELEASE[0] > 2 or RELEASE >= (2, 5))(lambda: free(L.Softmax((1, 2)), numbers(2, 3, 4), (None, 4)))

# -- layers of training ------------------------------------------------------------------------------------------------

NOISES = {
    "Dropout": 0.5,
    "AlphaDropout": 0.5,
    "GaussianDropout": 0.5,
    "GaussianNoise": 0.5,
    "SpatialDropout1D": 0.5,
    "ActivityRegularization": 0.1,
}
grid("noise", lambda name: calls(getattr(L, name)(NOISES[name]), S), name=list(NOISES))
grid("noise_of_training", lambda name: calls(getattr(L, name)(NOISES[name]), S, training=True), V3, name=["Dropout", "GaussianNoise"])
case("dropout_of_nothing")(lambda: calls(L.Dropout(0.0), S, training=True))
grid(
    "spatial",
    lambda n: calls(getattr(L, "SpatialDropout{}D".format(n))(0.5, data_format="channels_first"), numbers(2, *[3] * n, 2)),
    n=[2, 3],
)
IMAGES = {"RandomFlip": (), "RandomRotation": (0.1,), "RandomZoom": (0.1,), "RandomTranslation": (0.1, 0.1), "RandomContrast": (0.1,), **({"RandomCrop": (4, 3)} if RELEASE >= (2, 7) else {}), "RandomBrightness": (0.1,),
          "RandomHeight": (0.1,), "RandomWidth": (0.1,), "RandomShear": (0.1, 0.1), "MixUp": (), "RandomHue": (0.1,), "Solarization": ()}  # fmt: skip
PRE = L if V3 or RELEASE >= (2, 6) else L.experimental.preprocessing
KW = lambda name: {"value_range": (0, 255)} if name in ("RandomHue", "RandomBrightness") else {}  # noqa: E731
grid(
    "image",
    lambda name, dtype: calls(getattr(PRE, name)(*IMAGES[name], **KW(name)), numbers(2, 6, 5, 3, dtype=dtype)),
    name=[n for n in IMAGES if hasattr(PRE, n)],
    dtype=["float32", "uint8"],
)

# -- attention ---------------------------------------------------------------------------------------------------------

Q, V, KEY = numbers(2, 3, 4), numbers(2, 5, 4, seed=1), numbers(2, 5, 4, seed=2)


def attention(cls, n=2, scores=False, causal=False, **options):
    def call(starts):
        kwargs = {"return_attention_scores": True} if scores else {}
        if causal and (V3 or RELEASE >= (2, 10)):
            kwargs["use_causal_mask"] = True
        elif causal:
            options["causal"] = True
        return getattr(L, cls)(**options)(starts, **kwargs)

    return calls(call, *[Q, V, KEY][:n])


grid("attention", attention, cls=["Attention", "AdditiveAttention"], n=[2, 3], use_scale=[False, True], causal=[False, True])
grid("attention_scores", attention, RELEASE != (2, 3), cls=["Attention", "AdditiveAttention"], n=[3], scores=[True])
grid(
    "attention_concat", attention, V3 or RELEASE >= (2, 9), cls=["Attention"], score_mode=["concat"], use_scale=[False, True], dropout=[0.5]
)
case("attention16", V3)(lambda: attention("Attention", dtype="mixed_float16"))


def attention_masked(cls, which, causal):
    starts = [K.Input((5,), dtype="int32"), K.Input((5,), dtype="int32")]
    xs = [L.Embedding(6, 4, mask_zero=masked)(start) for start, masked in zip(starts, which)]
    kwargs = {"use_causal_mask": True} if causal else {}
    y = getattr(L, cls)()(xs, **kwargs)
    return K.Model(starts, [y, L.GlobalAveragePooling1D()(y)]), [IDS, IDS2]


# Keras 3.0 to 3.11 broadcasts the mask of a value along the batch, which fails unless batch and steps agree
grid(
    "attention_masked",
    attention_masked,
    RELEASE < (3,) or RELEASE >= (3, 12),
    cls=["Attention", "AdditiveAttention"],
    which=[(True, True), (True, False), (False, True)],
    causal=[False, True] if V3 or RELEASE >= (2, 10) else [False],
)

MHA = hasattr(L, "MultiHeadAttention")


def mha(xs=(Q, V), scores=False, causal=False, key=False, **options):
    def call(starts):
        kwargs = {"return_attention_scores": True} if scores else {}
        if causal:
            kwargs["use_causal_mask"] = True
        if key:
            kwargs["key"] = starts[2]
        return L.MultiHeadAttention(**{"num_heads": 2, "key_dim": 3, **options})(starts[0], starts[1], **kwargs)

    return calls(call, *xs)


CAUSAL = [False, True] if V3 or RELEASE >= (2, 10) else [False]
grid("mha", mha, MHA, scores=[False, True], causal=CAUSAL, dropout=[0.0, 0.5])
grid("mha_options", mha, MHA, use_bias=[False, True], value_dim=[None, 2], output_shape=[None, 6, (2, 3)])
case("mha_key", MHA)(lambda: mha((Q, V, KEY), key=True))
case("mha_widths", MHA and RELEASE >= (3, 5))(lambda: mha((Q, numbers(2, 5, 3))))
case("mha_gate", RELEASE >= (3, 14))(lambda: mha(use_gate=True))
case("mha_gate_scores", RELEASE >= (3, 14))(lambda: mha(use_gate=True, value_dim=2, scores=True))
grid("mha_window", mha, RELEASE >= (3, 15), sliding_window=[1, 2], causal=[False, True], scores=[False, True])
grid("mha_policy", lambda policy: mha(dtype=POLICY(policy)), MHA and RELEASE >= (2, 14), policy=POLICIES)
IMAGE = numbers(2, 2, 3, 4)
grid(
    "mha_axes",
    lambda axes, scores: mha((IMAGE, IMAGE), attention_axes=axes, scores=scores),
    MHA,
    axes=[None, (1, 2), (2,), (1,), 1],
    scores=[False, True],
)
case("mha_deep", MHA)(lambda: mha((numbers(2, 2, 3, 2, 4), numbers(2, 2, 3, 2, 4, seed=3)), attention_axes=(2, 3)))


@case("mha_attention_mask", MHA)
def _():
    starts = [K.Input((3, 4)), K.Input((5, 4)), K.Input((3, 5), dtype="bool")]
    y = L.MultiHeadAttention(2, 3)(starts[0], starts[1], attention_mask=starts[2])
    mask = numbers(2, 3, 5, seed=5, dtype="bool")
    mask[0, 1] = False
    return K.Model(starts, y), [Q, V, mask]


@case("mha_axes_mask", MHA)
def _():
    starts = [K.Input((2, 3, 4)), K.Input((2, 3, 2, 3), dtype="bool")]
    y = L.MultiHeadAttention(2, 3, attention_axes=(1, 2))(starts[0], starts[0], attention_mask=starts[1], return_attention_scores=True)
    return K.Model(starts, y), [IMAGE, numbers(2, 2, 3, 2, 3, seed=5, dtype="bool")]


def mha_masked(which, causal, scores, dropout):
    starts = [K.Input((5,), dtype="int32"), K.Input((5,), dtype="int32")]
    xs = [L.Embedding(6, 4, mask_zero=masked)(start) for start, masked in zip(starts, which)]
    kwargs = {"use_causal_mask": True} if causal else {}
    if scores:
        kwargs["return_attention_scores"] = True
    y = L.MultiHeadAttention(2, 3, dropout=dropout)(xs[0], xs[1], **kwargs)
    y = y if scores else [y]
    return K.Model(starts, [*y, L.GlobalAveragePooling1D()(y[0])]), [IDS, IDS2]


grid(
    "mha_masked",
    mha_masked,
    MHA,
    which=[(True, True), (True, False), (False, True)],
    causal=CAUSAL,
    scores=[False, True],
    dropout=[0.0, 0.5],
)
GQA = V3 and hasattr(L, "GroupQueryAttention")


def gqa(xs=(Q, V), scores=False, causal=False, **options):
    def call(starts):
        kwargs = {"return_attention_scores": True} if scores else {}
        if causal:
            kwargs["use_causal_mask"] = True
        return L.GroupQueryAttention(**{"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, **options})(
            starts[0], starts[1], **kwargs
        )

    return calls(call, *xs)


grid("gqa", gqa, GQA, scores=[False, True], causal=[False, True], use_bias=[False, True], num_key_value_heads=[1, 2, 4])
case("gqa_gate", RELEASE >= (3, 14))(lambda: gqa(use_gate=True))
grid("gqa_window", gqa, RELEASE >= (3, 15), sliding_window=[2], scores=[False, True])


@case("gqa_masked", GQA)
def _():
    starts = [K.Input((5,), dtype="int32"), K.Input((5,), dtype="int32")]
    xs = [L.Embedding(6, 4, mask_zero=True)(start) for start in starts]
    y = L.GroupQueryAttention(3, 4, 2)(xs[0], xs[1])
    return K.Model(starts, [y, L.GlobalAveragePooling1D()(y)]), [IDS, IDS2]


main("core")
