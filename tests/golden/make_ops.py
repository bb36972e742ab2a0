"""Makes tests/golden/ops/<release>.npz: functions of `keras.ops` as operations of a Functional model (Keras 3 alone).

Run it with the Python of each release: `python make_ops.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from golden_cases import RELEASE, K, calls, case, grid, main, numbers

O = K.ops  # noqa: E741
DTYPES = ["float32", "int32", "uint8", "bool", "float16", "int64", "float64"]
SPECIAL = np.array([[np.nan, np.inf, -np.inf, -0.0], [0.0, 1.0, -1.0, 0.5]], "float32")


def op(name, *arrays, **kwargs):
    """A model of one function; a tensor for each array that has a batch, constants as they are."""
    function = getattr(O, name)
    tensors = [a for a in arrays if isinstance(a, np.ndarray) and a.ndim]

    def call(starts):
        starts = iter(starts if isinstance(starts, list) else [starts])
        y = function(*[next(starts) if isinstance(a, np.ndarray) and a.ndim else a for a in arrays], **kwargs)
        return list(y) if isinstance(y, (list, tuple)) else y

    return calls(call, *tensors)


def arrays(dtype, *shape, seed=0):
    x = numbers(*shape, seed=seed, dtype=dtype)
    return np.abs(x) if dtype == "uint8" else x


# -- one and two operands ----------------------------------------------------------------------------------------------

FLOATING = "arccos arcsin arcsinh arctan arctanh cbrt ceil cos cosh deg2rad erf erfinv exp exp2 expm1 floor log1p rad2deg sin sinc sinh tan tanh".split()
POSITIVE = "arccosh log log10 log2 rsqrt sqrt reciprocal".split()
KEEPING = "abs absolute copy negative sign square conjugate real trunc round isfinite isinf isnan isneginf isposinf isreal signbit logical_not stop_gradient".split()
NN = "relu relu6 sigmoid silu softplus softsign hard_sigmoid hard_silu hard_tanh log_sigmoid selu sparse_plus sparse_sigmoid tanh_shrink elu celu gelu leaky_relu soft_shrink hard_shrink squareplus softmax log_softmax sparsemax glu".split()
have = lambda names: [n for n in names if hasattr(O, n)]  # noqa: E731
grid("floating", lambda name, dtype: op(name, arrays(dtype, 2, 4)), name=have(FLOATING), dtype=["float32", "float64"])
grid(
    "floating_of",
    lambda name, dtype: op(name, arrays(dtype, 2, 4)),
    name=have(["cos", "exp", "floor", "tanh", "log1p"]),
    dtype=["int32", "bool", "int64", "float16", "uint8"],
)
grid("positive", lambda name, dtype: op(name, (np.abs(numbers(2, 4)) * 3 + 1).astype(dtype)), name=POSITIVE, dtype=["float32", "float64"])
grid(
    "keeping",
    lambda name, dtype: op(name, arrays(dtype, 2, 4) if "float" not in dtype else (arrays(dtype, 2, 4) * 5)),
    name=have(KEEPING),
    dtype=["float32", "int32"],
)
grid(
    "special",
    lambda name: op(name, SPECIAL),
    name=have("isfinite isinf isnan isneginf isposinf signbit nan_to_num sign abs sqrt exp".split()),
)
grid("nn", lambda name, dtype: op(name, arrays(dtype, 2, 4) * 3), name=have(NN), dtype=["float32"])
grid("nn_option", lambda case: op(case[0], numbers(2, 4) * 3, **case[1]), case=[c for c in [("elu", {"alpha": 0.5}), ("gelu", {"approximate": False}), ("leaky_relu", {"negative_slope": 0.25}), ("softmax", {"axis": 0}), ("softmax", {"axis": None}), ("softmax", {"axis": (0, 1)}), ("log_softmax", {"axis": (0, 1)}), ("threshold", {"threshold": 0.5, "default_value": 2.0}), ("celu", {"alpha": 2.0})] if hasattr(O, c[0])])  # fmt: skip
case("relu_activation")(
    lambda: calls(lambda x: K.activations.relu(x, negative_slope=0.25, max_value=2.0, threshold=0.5), numbers(2, 4) * 4)
)
case("mish_activation")(lambda: calls(K.activations.mish, numbers(2, 4) * 4))
case("round_decimals")(lambda: op("round", numbers(2, 4), decimals=1))

BINARY = "add subtract multiply maximum minimum floor_divide divide mod power equal not_equal greater greater_equal less less_equal logical_and logical_or logical_xor".split()
PAIRS = [
    ("float32", "float32"),
    ("int32", "int32"),
    ("int32", "float32"),
    ("uint8", "int8"),
    ("float16", "float32"),
    ("int64", "int32"),
    ("bool", "int32"),
]


def two(name, dtypes):
    x, y = arrays(dtypes[0], 2, 4), arrays(dtypes[1], 2, 4, seed=1)
    if name in ("floor_divide", "mod", "divide"):
        y = np.where(y == 0, np.ones_like(y), y)
    if name == "power":
        y = (np.abs(y) * (1 if "int" in dtypes[1] else 4)).astype(y.dtype) % 3
        x = np.abs(x)
    return op(name, x, y)


grid("binary", two, name=BINARY, dtypes=PAIRS)
grid(
    "binary_rare",
    lambda name: op(name, numbers(2, 4), numbers(2, 4, seed=1)),
    name=have("arctan2 logaddexp logaddexp2 hypot heaviside fmax fmin divide_no_nan isclose true_divide".split()),
)
grid(
    "bitwise",
    lambda name: op(name, arrays("int32", 2, 4), arrays("int32", 2, 4, seed=1) % 5),
    name=have("bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift left_shift right_shift".split()),
)
grid(
    "scalar",
    lambda name, dtype, number: op(name, arrays(dtype, 2, 4), number),
    name=["add", "multiply", "maximum", "divide", "greater", "equal"],
    dtype=["float16", "float32", "int32", "uint8", "int64"],
    number=[2, 0.5],
)
grid(
    "scalar_left",
    lambda name: calls(lambda x: getattr(O, name)(2.0, x), np.abs(numbers(2, 4)) + 1),
    name=["subtract", "divide", "power", "mod"],
)


@case("operators")
def _():
    def call(x):
        return [
            (x * 2.0 - 1) / 3,
            -x,
            abs(x),
            x**2,
            x > 0.25,
            x // 0.5,
            x % 0.5,
            2 / (x + 3),
            x @ np.ones((4, 3), "float32"),
            (x > 0) & (x < 0.5),
            (x > 0) | (x < -0.5),
            ~(x > 0),
        ]

    return calls(call, numbers(2, 4))


BIAS = [((3, 4), (4,)), ((3, 4), (3, 1)), ((4, 4), (4, 1)), ((3, 1), (3,)), ((3, 4), (1, 4)), ((5, 3, 4), (3, 1))]
grid("add_constant", lambda shapes: calls(lambda x: O.add(x, numbers(*shapes[1], seed=3)), numbers(2, *shapes[0])), shapes=BIAS)

# -- reductions and orders ---------------------------------------------------------------------------------------------

REDUCE = "sum prod mean max min amax amin any all std var logsumexp count_nonzero".split()
AXES = [{}, {"axis": -1}, {"axis": (1, 2)}, {"axis": 1, "keepdims": True}]
grid(
    "reduce",
    lambda name, kwargs: op(name, numbers(2, 3, 4), **{k: v for k, v in kwargs.items() if name != "count_nonzero" or k == "axis"}),
    name=REDUCE,
    kwargs=AXES,
)
grid(
    "reduce_of",
    lambda name, dtype: op(name, arrays(dtype, 2, 4), axis=-1),
    name=["sum", "prod", "mean", "max", "any", "std", "var"],
    dtype=DTYPES[1:],
)
case("max_initial")(lambda: op("max", numbers(2, 3), axis=-1, initial=0.5))
grid(
    "nan_reduce",
    lambda name: op(name, np.array([[np.nan, 1, 2], [np.nan] * 3], "float32"), axis=-1),
    name=have("nansum nanmean nanmax nanmin nanprod nanstd nanvar".split()),
)
case("average")(lambda: op("average", numbers(2, 3), axis=1))
case("average_weights")(lambda: calls(lambda x: O.average(x, axis=1, weights=np.array([1.0, 2.0, 3.0], "float32")), numbers(2, 3)))
grid("arg", lambda name, kwargs: op(name, numbers(2, 3, 4), **kwargs), name=["argmax", "argmin"], kwargs=[{}, {"axis": 1}, {"axis": -1}])
grid(
    "order",
    lambda name, axis, dtype: op(name, arrays(dtype, 2, 5), axis=axis),
    name=["sort", "argsort"],
    axis=[-1, None],
    dtype=["float32", "int32"],
)
case("top_k")(lambda: op("top_k", numbers(2, 5), k=3))
grid("running", lambda name, axis: op(name, numbers(2, 3, 4), axis=axis), name=["cumsum", "cumprod"], axis=[1, -1])
grid("quantile", lambda case: op(case[0], numbers(2, 5), *case[1], **case[2]), case=[c for c in [("median", (), {"axis": -1}), ("quantile", (0.3,), {"axis": 1}), ("quantile", ([0.25, 0.5],), {"axis": 1}), ("quantile", (0.3,), {"axis": 1, "method": "nearest", "keepdims": True}), ("percentile", (30.0,), {"axis": 1})] if hasattr(O, c[0])])  # fmt: skip

# -- shapes ------------------------------------------------------------------------------------------------------------

T = numbers(2, 3, 4)
SHAPES = {
    "reshape": [{"newshape": (-1, 12)}, {"newshape": (-1, 2, 6)}, {"newshape": (6, 4)}], "transpose": [{}, {"axes": (1, 0, 2)}], "expand_dims": [{"axis": 1}, {"axis": -1}], "ravel": [{}],
    "moveaxis": [{"source": 1, "destination": 2}, {"source": (0, 1), "destination": (2, 0)}], "swapaxes": [{"axis1": 1, "axis2": -1}], "flip": [{"axis": 1}, {"axis": (1, 2)}, {}],
    "roll": [{"shift": 1, "axis": 1}, {"shift": -2, "axis": 2}, {"shift": 2}], "tile": [{"repeats": (1, 2, 1)}, {"repeats": 2}], "repeat": [{"repeats": 2, "axis": 1}, {"repeats": [1, 2, 0], "axis": 1}],
    "pad": [{"pad_width": ((0, 0), (1, 2), (0, 1))}, {"pad_width": 1, "mode": "reflect"}, {"pad_width": ((0, 0), (1, 1), (2, 2)), "mode": "symmetric"}, {"pad_width": 1, "constant_values": 2.0}],
    "split": [{"indices_or_sections": 3, "axis": 1}, {"indices_or_sections": [1, 3], "axis": -1}], "unstack": [{"axis": 1}], "rot90": [{"axes": (1, 2)}, {"k": 3, "axes": (1, 2)}],
    "tril": [{}, {"k": 1}], "triu": [{}, {"k": -1}], "diff": [{}, {"n": 2, "axis": 1}], "diagonal": [{"axis1": 1, "axis2": 2}, {"offset": 1, "axis1": 1, "axis2": 2}], "trace": [{"axis1": 1, "axis2": 2}],
    "fliplr": [{}], "flipud": [{}], "array_split": [{"indices_or_sections": 2, "axis": 1}],
}  # fmt: skip
for name, options in SHAPES.items():
    grid("shape-" + name, lambda kwargs, name=name: op(name, T, **kwargs), hasattr(O, name), kwargs=options)
case("squeeze")(lambda: op("squeeze", numbers(2, 1, 4, 1), axis=1))
case("squeeze_all")(lambda: op("squeeze", numbers(2, 1, 4, 1)))
case("broadcast_to")(lambda: op("broadcast_to", numbers(2, 1, 4), shape=(2, 3, 4)))
grid(
    "join",
    lambda case: calls(lambda xs: getattr(O, case[0])(xs, **case[1]), T, numbers(2, 3, 4, seed=1)),
    case=[
        ("concatenate", {"axis": -1}),
        ("concatenate", {"axis": 1}),
        ("stack", {"axis": 1}),
        ("stack", {"axis": -1}),
        ("hstack", {}),
        ("vstack", {}),
    ],
)
case("concatenate_mixed")(lambda: calls(lambda xs: O.concatenate(xs, axis=-1), numbers(2, 3), numbers(2, 3, dtype="int32")))
case("append")(lambda: calls(lambda xs: O.append(*xs, axis=1), T, T))
KEYS = {
    "number": 1, "last": -1, "slice": np.s_[:, 1:], "steps": np.s_[:, ::2, ::-1], "ellipsis": np.s_[..., 1], "new": np.s_[:, None, 1], "mixed": np.s_[:, 1, None, 1:-1], "negative": np.s_[:, -2:, :-1],
    "back": np.s_[:, ::-1], "behind": np.s_[..., None],
}  # fmt: skip
grid("get_item", lambda key: calls(lambda x: x[KEYS[key]], T), key=list(KEYS))

# -- picking and making ------------------------------------------------------------------------------------------------

case("take")(lambda: calls(lambda x: O.take(x, [2, 0, 1], axis=1), T))
case("take_behind", RELEASE >= (3, 10))(lambda: calls(lambda x: O.take(x, [2, 0, -1], axis=1), T))
case("take_flat")(lambda: calls(lambda x: O.take(x, [5, 1]), T))
case("take_by_tensor")(lambda: calls(lambda i: O.take(numbers(5, 3, seed=2), i, axis=0), np.array([[0, 4], [2, 1]], "int32")))
case("take_along_axis")(lambda: calls(lambda xs: O.take_along_axis(*xs, axis=1), T, np.array([[[0, 1, 2, 0]], [[-1, 0, 0, 1]]], "int32")))
grid(
    "where",
    lambda pair: calls(lambda x: O.where(x > 0, *[x if p is None else p for p in pair]), numbers(2, 4)),
    pair=[(None, 0), (1, None), (None, 0.5), (1, 0), (1.5, 0)],
)
case("where_mixed")(
    lambda: calls(lambda xs: O.where(xs[0], xs[1], xs[2]), numbers(2, 4, dtype="bool"), numbers(2, 4, dtype="int32"), numbers(2, 4))
)
grid("clip", lambda dtype: op("clip", arrays(dtype, 2, 4), 0, 1), dtype=["float32", "int32", "float16"])
grid(
    "one_hot", lambda kwargs: op("one_hot", np.array([[0, 2], [5, -1]], "int32"), 3, **kwargs), kwargs=[{}, {"axis": 1}, {"dtype": "int32"}]
)
case("multi_hot")(lambda: op("multi_hot", np.array([[0, 2], [1, 1]], "int32"), 3))
grid(
    "cast",
    lambda pair: calls(lambda x: O.cast(x, pair[1]), arrays(pair[0], 2, 4)),
    pair=[("float32", "int32"), ("int32", "float16"), ("float32", "bool"), ("bool", "float32"), ("int64", "uint8")],
)
grid("like", lambda name, dtype: op(name, T, dtype=dtype), name=["zeros_like", "ones_like"], dtype=[None, "int32"])
case("full_like")(lambda: op("full_like", T, 2.5))
case("slice")(lambda: calls(lambda x: O.slice(x, (0, 1, 1), (2, 2, 2)), T))
case("slice_update")(lambda: calls(lambda xs: O.slice_update(xs[0], (0, 1, 2), xs[1]), T, numbers(2, 2, 2, seed=3)))
case("scatter_update")(lambda: calls(lambda x: O.scatter_update(x, [[0, 1, 2], [1, 0, 0]], np.array([9.0, 8.0], "float32")), T))
case("digitize")(lambda: calls(lambda x: O.digitize(x, np.array([-0.5, 0.0, 0.5], "float32")), numbers(2, 4)))
case("searchsorted", hasattr(O, "searchsorted"))(
    lambda: calls(lambda x: O.searchsorted(np.array([-0.5, 0.0, 0.5], "float32"), x), numbers(2, 4))
)
case("isin", hasattr(O, "isin"))(lambda: calls(lambda x: O.isin(x, np.array([1, 3], "int32")), numbers(2, 4, dtype="int32")))
case("nan_to_num")(lambda: op("nan_to_num", SPECIAL))
case("meshgrid")(lambda: calls(lambda xs: list(O.meshgrid(xs[0][0], xs[1][0])), numbers(2, 3), numbers(2, 4)))

# -- products and layers -----------------------------------------------------------------------------------------------

M = [((2, 3, 4), (2, 4, 5)), ((2, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (4,)), ((2, 1, 3, 4), (2, 4, 5))]
grid("matmul", lambda shapes: op("matmul", numbers(*shapes[0]), numbers(*shapes[1], seed=1)), shapes=M[:1])
grid("matmul_constant", lambda shapes: calls(lambda x: O.matmul(x, numbers(*shapes[1], seed=1)), numbers(*shapes[0])), shapes=M[1:])
grid(
    "matmul_of",
    lambda dtype: op("matmul", arrays(dtype, 2, 3, 4), arrays(dtype, 2, 4, 2, seed=1)),
    dtype=["int32", "float16", "int8", "float64"],
)
grid(
    "einsum",
    lambda s: calls(lambda xs: O.einsum(s, *xs), T, numbers(2, 5, 4, seed=1)),
    s=["abc,adc->abd", "abc,adc->bd", "abc,adc", "...bc,...dc->...bd"],
)
case("einsum_one")(lambda: calls(lambda x: O.einsum("abc->acb", x), T))
case("einsum_three")(lambda: calls(lambda xs: O.einsum("ab,ab,ab->a", *xs), numbers(2, 3), numbers(2, 3, seed=1), numbers(2, 3, seed=2)))
case("dot")(lambda: calls(lambda x: O.dot(x, numbers(4, 5)), T))
case("tensordot")(lambda: calls(lambda x: O.tensordot(x, numbers(3, 4, 5), axes=2), T))
case("tensordot_pairs")(lambda: calls(lambda x: O.tensordot(x, numbers(5, 4, 3), axes=[[1, 2], [2, 1]]), T))
case("inner", hasattr(O, "inner"))(lambda: calls(lambda x: O.inner(x, numbers(5, 4)), T))
case("outer")(lambda: op("outer", numbers(2, 3), numbers(2, 2)))
case("vdot")(lambda: op("vdot", T, T))
grid("cross", lambda n: op("cross", numbers(2, 3, n), numbers(2, 3, n, seed=1)), n=[2, 3])
case("kron", hasattr(O, "kron"))(lambda: calls(lambda x: O.kron(x, numbers(2, 2)), numbers(2, 3)))
case("cdist", hasattr(O, "cdist"))(lambda: op("cdist", T, numbers(2, 5, 4)))
grid(
    "norm",
    lambda kwargs: op("norm", T, **kwargs),
    kwargs=[
        {},
        {"axis": -1},
        {"axis": 1, "ord": 1},
        {"axis": 1, "ord": float("inf")},
        {"axis": (1, 2), "ord": "fro"},
        {"axis": (1, 2), "ord": 1, "keepdims": True},
        {"axis": -1, "ord": 3},
    ],
)
grid("normalize", lambda kwargs: op("normalize", T, **kwargs), kwargs=[{}, {"axis": 1, "order": 1}])
case("moments")(lambda: op("moments", T, axes=[1]))
case("batch_normalization", hasattr(O, "batch_normalization"))(
    lambda: calls(
        lambda x: O.batch_normalization(
            x,
            np.zeros(4, "float32") + 0.5,
            np.ones(4, "float32") * 2,
            axis=-1,
            offset=np.ones(4, "float32"),
            scale=np.ones(4, "float32") * 3,
        ),
        T,
    )
)
case("rms_normalization", hasattr(O, "rms_normalization"))(lambda: op("rms_normalization", T))
case("layer_normalization", hasattr(O, "layer_normalization"))(lambda: op("layer_normalization", T, epsilon=1e-3))
HEADS = numbers(2, 3, 2, 4)
grid(
    "dot_product_attention",
    lambda kwargs: op("dot_product_attention", HEADS, numbers(2, 3, 2, 4, seed=1), numbers(2, 3, 2, 4, seed=2), **kwargs),
    hasattr(O, "dot_product_attention"),
    kwargs=[{}, {"is_causal": True}, {"scale": 0.25}],
)
case("logsumexp")(lambda: op("logsumexp", T, axis=-1))
case("erf64")(lambda: op("erf", numbers(2, 8, dtype="float64") * 6))
case("erfc64", hasattr(O, "erfc"))(lambda: op("erfc", numbers(2, 8, dtype="float64") * 6))


IMG = numbers(2, 6, 5, 3)
KERNELS = {"conv": numbers(3, 2, 3, 4, seed=2), "depthwise_conv": numbers(3, 2, 3, 2, seed=2)}
grid(
    "window",
    lambda name, kwargs: calls(lambda x: getattr(O, name)(x, KERNELS[name], **kwargs), IMG),
    name=list(KERNELS),
    kwargs=[{"padding": "same"}, {"strides": 2, "padding": "valid"}],
)
case("conv_groups")(lambda: calls(lambda x: O.conv(x, numbers(3, 3, 1, 6), padding="same"), IMG))
case("separable_conv")(lambda: calls(lambda x: O.separable_conv(x, numbers(2, 2, 3, 1), numbers(1, 1, 3, 4), padding="same"), IMG))
grid(
    "pool",
    lambda name, kwargs: op(name, IMG, 2, **kwargs),
    name=["max_pool", "average_pool"],
    kwargs=[{}, {"strides": 1, "padding": "same"}],
)
grid(
    "resize",
    lambda kwargs: calls(lambda x: O.image.resize(x, (4, 7), **kwargs), IMG),
    kwargs=[{}, {"interpolation": "nearest"}, {"antialias": True}],
)
case("resize_ints")(lambda: calls(lambda x: O.image.resize(x, (4, 7)), numbers(2, 6, 5, 3, dtype="uint8")))
case("rgb_to_grayscale", hasattr(O.image, "rgb_to_grayscale"))(lambda: calls(O.image.rgb_to_grayscale, IMG))
grid("blocks", lambda name: op(name, numbers(2, 4, 6, 8), 2), name=have(["depth_to_space", "space_to_depth"]))


@case("masked_pooling")
def _():
    def call(x):
        flag = O.any(O.not_equal(x, 0), axis=-1, keepdims=True)
        weight = O.cast(flag, x.dtype)
        return O.sum(x * weight, axis=1) / O.maximum(O.sum(weight, axis=1), 1)

    x = numbers(2, 5, 3)
    x[0, 3:] = 0
    return calls(call, x)


main("ops")
