"""What the differential tests draw for functions of `keras.ops` in a functional model; read beside layer_options.py."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.differential.layer_options import FORMAT, UNITS, YES, Kind, Shape, axis, one, permuted, reshaped, sizes

RANKS = (1, 2, 3, 4)
FLOATING = """arccos arcsin arcsinh arctan arctanh cbrt cos cosh deg2rad erf erfc erfinv exp exp2 expm1 log1p rad2deg sin sinc sinh tan tanh
arccosh log log10 log2 rsqrt sqrt reciprocal angle i0""".split()
KEEPING = """abs absolute negative sign square conjugate real imag trunc isfinite isinf isnan isneginf isposinf isreal signbit logical_not
stop_gradient ceil floor copy ones_like zeros_like ravel size shape nonzero fabs""".split()
NN = """relu relu6 sigmoid silu softplus softsign hard_sigmoid hard_silu hard_tanh log_sigmoid selu sparse_plus sparse_sigmoid tanh_shrink
elu celu gelu leaky_relu soft_shrink hard_shrink squareplus sparsemax threshold""".split()
BINARY = """add subtract multiply divide true_divide maximum minimum power arctan2 floor_divide mod fmod logaddexp logaddexp2 hypot divide_no_nan
copysign fmax fmin nextafter heaviside equal not_equal greater greater_equal less less_equal logical_and logical_or logical_xor isclose""".split()
WHOLE_BINARY = "bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm".split()
REDUCING = """sum mean max min amax amin prod std var any all logsumexp ptp median nansum
nanmean nanmax nanmin nanprod nanstd nanvar count_nonzero""".split()
INDEXED = "argmax argmin nanargmax nanargmin".split()
ORDERED = "sort argsort cumsum cumprod nancumsum nancumprod".split()
ANY_DTYPE = one("float32", "float16", "float64", "int32", "int64", "uint8", "bool", "bfloat16", "int8")


def some_axes(shape: Shape) -> st.SearchStrategy[Any]:
    """An axis, several, or all of them; the batch among them."""
    n = len(shape)
    return st.one_of(st.integers(-n, n - 1), st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))


def any_axis(shape: Shape) -> st.SearchStrategy[int]:
    return st.integers(-len(shape), len(shape) - 1)


def swapped(shape: Shape) -> st.SearchStrategy[Any]:
    n = len(shape)
    return st.tuples(st.integers(-n, n - 1), st.integers(-n, n - 1)).map(lambda two: dict(zip(("axis1", "axis2"), two, strict=True)))


def moved(shape: Shape) -> st.SearchStrategy[Any]:
    n = len(shape)
    return st.tuples(st.integers(-n, n - 1), st.integers(-n, n - 1)).map(lambda two: dict(zip(("source", "destination"), two, strict=True)))


def transposed(shape: Shape) -> st.SearchStrategy[Any]:
    return permuted(shape).map(lambda dims: [0, *dims])


def new_shape(shape: Shape) -> st.SearchStrategy[Any]:
    return reshaped(shape).map(lambda s: [-1, *(extent for extent in s if extent != -1)] if -1 in s else [-1, *s])


def padded(shape: Shape) -> st.SearchStrategy[Any]:
    two = st.lists(st.integers(0, 2), min_size=2, max_size=2)
    return st.lists(two, min_size=len(shape) - 1, max_size=len(shape) - 1).map(lambda some: [[0, 0], *some])


def repeated(shape: Shape) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"repeats": st.integers(1, 3), "axis": any_axis(shape)})


def rolled(shape: Shape) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"shift": st.integers(-3, 3)}, optional={"axis": any_axis(shape)})


def split(shape: Shape) -> st.SearchStrategy[Any]:
    choices = [(a, n) for a, extent in enumerate(shape) if a and extent for n in range(1, extent + 1) if extent % n == 0]
    cuts = [(a, [1]) for a, extent in enumerate(shape) if a and extent and extent > 1]
    return one(*[{"indices_or_sections": n, "axis": a} for a, n in choices + cuts] or [{"indices_or_sections": 1, "axis": 0}])


def taken(shape: Shape) -> st.SearchStrategy[Any]:
    choices = [(a, extent) for a, extent in enumerate(shape) if a and extent]
    if not choices:
        return st.just({"indices": [0], "axis": 0})
    place = one(*choices)
    return place.flatmap(
        lambda at: st.fixed_dictionaries(
            {"indices": st.lists(st.integers(-at[1], at[1] - 1), min_size=1, max_size=3), "axis": st.just(at[0])}
        )
    )


def repeats(shape: Shape) -> st.SearchStrategy[Any]:
    return st.lists(st.integers(1, 2), min_size=len(shape) - 1, max_size=len(shape) - 1).map(lambda n: [1, *n])


def pool(name: str) -> Kind:
    return Kind(
        (3, 4, 5), {"pool_size": st.integers(1, 3)}, {"strides": st.integers(1, 3), "padding": one("same", "valid"), "data_format": FORMAT}
    )


def literal(*names: str, ranks: tuple[int, ...] = RANKS, dtypes: str = "any", **options: Any) -> dict[str, Kind]:
    return {name: Kind(ranks, {}, options, dtypes=dtypes) for name in names}


OPS: dict[str, Kind] = {
    **literal(*FLOATING, dtypes="any"),
    **literal(*KEEPING),
    **literal(*NN, dtypes="float"),
    **literal("softmax", "log_softmax", dtypes="float", axis=some_axes),
    **literal("elu", "celu", dtypes="float", alpha=one(0.5, 2.0)),
    **literal("leaky_relu", dtypes="float", negative_slope=one(0.1, 0.5)),
    **literal("gelu", dtypes="float", approximate=YES),
    **literal("glu", ranks=(2, 3, 4), dtypes="float", axis=axis),
    **literal("round", decimals=one(1, 2, -1)),
    **literal("nan_to_num", dtypes="any", nan=one(1.5), posinf=one(9.0)),
    **literal(*REDUCING, ranks=(2, 3, 4), axis=some_axes, keepdims=YES),
    **literal("mean", "sum", ranks=(2, 3, 4), axis=axis, keepdims=YES),
    **literal(*INDEXED, ranks=(2, 3, 4), axis=any_axis, keepdims=YES),
    **literal(*ORDERED, ranks=(2, 3, 4), axis=any_axis),
    **{name: Kind(RANKS, inputs="operands", dtypes="any") for name in BINARY},
    **{name: Kind(RANKS, inputs="operands", dtypes="int") for name in WHOLE_BINARY},
    "matmul": Kind((2, 3, 4), inputs="product", dtypes="any"),
    "where": Kind((2, 3), inputs="choice", dtypes="any"),
    "clip": Kind(RANKS, {"x_min": one(-0.5, 0, -1), "x_max": one(0.5, 1, 2)}, dtypes="any"),
    "cast": Kind(RANKS, {"dtype": ANY_DTYPE}, dtypes="any"),
    "saturate_cast": Kind(RANKS, {"dtype": one("int8", "uint8", "int32", "float16")}, dtypes="any"),
    "full_like": Kind(RANKS, {"fill_value": one(2, 0.5)}, {"dtype": ANY_DTYPE}, dtypes="any"),
    "concatenate": Kind((2, 3, 4), {}, {"axis": axis}, inputs="same", dtypes="any"),
    "stack": Kind((1, 2, 3), {}, {"axis": any_axis}, inputs="same", dtypes="any"),
    "hstack": Kind((2, 3), inputs="same", dtypes="any"),
    "outer": Kind((1, 2), inputs="operands"),
    "expand_dims": Kind((1, 2, 3), {"axis": any_axis}, dtypes="any"),
    "squeeze": Kind((2, 3, 4), {}, {"axis": any_axis}, dtypes="any"),
    "transpose": Kind((2, 3, 4), {"axes": transposed}, dtypes="any"),
    "swapaxes": Kind((2, 3, 4), {"**": swapped}, dtypes="any"),
    "moveaxis": Kind((2, 3, 4), {"**": moved}, dtypes="any"),
    "reshape": Kind((2, 3, 4), {"newshape": new_shape}, dtypes="any"),
    "flip": Kind((2, 3, 4), {}, {"axis": any_axis}, dtypes="any"),
    "roll": Kind((2, 3), {"**": rolled}, dtypes="any"),
    "repeat": Kind((2, 3), {"**": repeated}, dtypes="any"),
    "tile": Kind((2, 3, 4), {"repeats": repeats}, dtypes="any"),
    "split": Kind((2, 3, 4), {"**": split}, dtypes="any"),
    "take": Kind((2, 3, 4), {"**": taken}, dtypes="any"),
    "pad": Kind((2, 3, 4), {"pad_width": padded}, {"mode": one("reflect", "symmetric"), "constant_values": one(2.0)}, dtypes="any"),
    "diff": Kind((2, 3), {}, {"n": one(1, 2), "axis": axis}, dtypes="any"),
    "tril": Kind((2, 3, 4), {}, {"k": st.integers(-2, 2)}, dtypes="any"),
    "triu": Kind((2, 3, 4), {}, {"k": st.integers(-2, 2)}, dtypes="any"),
    "diagonal": Kind((3, 4), {}, {"offset": st.integers(-1, 1), "axis1": one(-2), "axis2": one(-1)}, dtypes="any"),
    "trace": Kind((3, 4), {}, {"offset": st.integers(-1, 1), "axis1": one(-2), "axis2": one(-1)}, dtypes="any"),
    "quantile": Kind(
        (2, 3),
        {"q": one(0.5, [0.25, 0.75])},
        {"axis": any_axis, "keepdims": YES, "method": one("linear", "lower", "higher", "midpoint", "nearest")},
        dtypes="any",
    ),
    "average": Kind((2, 3), {}, {"axis": any_axis}, dtypes="any"),
    "digitize": Kind((1, 2, 3), {"bins": one([0.0, 1.0], [-1.0, 0.5, 2.0])}, dtypes="any"),
    "one_hot": Kind((1, 2, 3), {"num_classes": one(6, 3)}, {"axis": any_axis, "dtype": ANY_DTYPE}, dtypes="int"),
    "multi_hot": Kind((2, 3), {"num_classes": one(6, 7)}, {"axis": axis}, dtypes="int"),
    "top_k": Kind((2, 3), {"k": one(1, 2)}, {"sorted": YES}, dtypes="any"),
    "norm": Kind((2, 3), {}, {"ord": one(1, 2, "fro", 3), "axis": some_axes, "keepdims": YES}),
    "normalize": Kind((2, 3), {}, {"axis": any_axis, "order": one(1, 2, 3)}),
    "moments": Kind((2, 3, 4), {"axes": some_axes}, {"keepdims": YES}),
    "max_pool": pool("max_pool"),
    "average_pool": pool("average_pool"),
    "adaptive_average_pool": Kind((3, 4, 5), {"output_size": UNITS}, {"data_format": FORMAT}),
    "adaptive_max_pool": Kind((3, 4), {"output_size": st.integers(2, 4)}, {"data_format": FORMAT}),
    "rot90": Kind((3, 4), {}, {"k": st.integers(-1, 3), "axes": one([1, 2], [0, 1])}, dtypes="any"),
    "unstack": Kind((2, 3), {"axis": axis}, dtypes="any"),
    "unfold": Kind((4,), {"kernel_size": sizes(2)}, {"stride": sizes(2), "padding": st.integers(0, 1), "dilation": st.integers(1, 2)}),
    "space_to_depth": Kind((4,), {"block_size": one(1, 2)}, {"data_format": FORMAT}),
    "depth_to_space": Kind((4,), {"block_size": one(1, 2)}, {"data_format": FORMAT}),
    "fft": Kind((2, 3), inputs="complex"),
    "rfft": Kind((2, 3), {}, {"fft_length": one(4, 6)}),
    "stft": Kind(
        (2,),
        {"sequence_length": one(3, 4), "sequence_stride": one(1, 2), "fft_length": one(4, 8)},
        {"window": one("hann", "hamming"), "center": YES},
    ),
    "extract_sequences": Kind((2, 3), {"sequence_length": one(1, 2), "sequence_stride": one(1, 2)}, dtypes="any"),
    "vander": Kind((1,), {}, {"N": one(2, 3), "increasing": YES}),
    "trapezoid": Kind((2, 3), {}, {"dx": one(0.5), "axis": axis}),
}

# names in Python's `operator`
BINARY_OPERATORS = "add sub mul truediv floordiv mod pow matmul lt le gt ge eq ne and_ or_ xor".split()
UNARY_OPERATORS = "neg abs invert".split()
