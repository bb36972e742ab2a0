"""Makes tests/golden/numpy_ops/<release>.npz: functions of `keras.ops` that Keras took from numpy (Keras 3 alone).

Run it with the Python of each release: `python make_numpy_ops.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from golden_cases import K, calls, case, grid, main, numbers

O = K.ops  # noqa: E741
HOLES = np.array(
    [[np.nan, 1.0, -2.0, 0.5], [np.nan, np.nan, np.nan, np.nan], [3.0, np.inf, -1.0, np.nan], [-0.0, 0.0, 1.0, -np.inf]], "float32"
)
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"]
ALL = ["float32", "float16", "float64", "bool", *INTEGERS]


def listed(y):
    return list(y) if isinstance(y, (list, tuple)) else y


def one(name, x, **kwargs):
    return calls(lambda t: listed(getattr(O, name)(t, **kwargs)), x)


def two(name, x, y, **kwargs):
    return calls(lambda t: getattr(O, name)(t[0], t[1], **kwargs), x, y)


def whole(name, *vectors, **kwargs):
    """A model whose inputs have no free length."""
    starts = [K.Input(batch_shape=x.shape, dtype=x.dtype.name) for x in vectors]
    return K.Model(starts, getattr(O, name)(*starts, **kwargs)), list(vectors)


grid(
    "angle",
    lambda name, dtype: one(name, numbers(3, 4, dtype=dtype)),
    name=["angle", "imag", "real", "conj"],
    dtype=["float32", "float16", "float64", "int32"],
)
case("angle-special")(lambda: one("angle", HOLES))
grid(
    "divisor",
    lambda name, x, y: two(name, numbers(3, 4, dtype=x), numbers(3, 4, seed=1, dtype=y)),
    name=["gcd", "lcm"],
    x=INTEGERS,
    y=["int32", "uint8"],
)
grid(
    "place",
    lambda name, kwargs: one(name, HOLES, **kwargs),
    name=["nanargmax", "nanargmin"],
    kwargs=[{}, {"axis": 1}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"keepdims": True}],
)
grid(
    "place_of",
    lambda name, dtype: one(name, numbers(3, 4, dtype=dtype), axis=1),
    name=["nanargmax", "nanargmin"],
    dtype=["int32", "bool", "float16", "uint8"],
)
grid(
    "running",
    lambda name, axis: one(name, np.where(np.isinf(HOLES), 2, HOLES).astype("float32"), axis=axis),
    name=["nancumsum", "nancumprod"],
    axis=[0, 1, -1],
)
grid(
    "running_of",
    lambda name, dtype: one(name, numbers(3, 4, dtype=dtype), axis=1),
    name=["nancumsum", "nancumprod"],
    dtype=["int32", "bool", "float16", "uint32"],
)
grid(
    "near",
    lambda dtype, kwargs: two("allclose", numbers(3, 4, dtype=dtype), numbers(3, 4, dtype=dtype), **kwargs),
    dtype=["float32", "int32", "bool"],
    kwargs=[{}, {"equal_nan": True}],
)
grid("near_nan", lambda equal: two("allclose", HOLES, HOLES, equal_nan=equal), equal=[True, False])
case("near_by_atol")(lambda: two("allclose", numbers(3, 4), numbers(3, 4) + np.float32(0.01), atol=0.1))
grid("diagonal", lambda name, k: one(name, numbers(4, 3), k=k), name=["diag", "diagflat"], k=[0, 1, -2])
grid("unravel", lambda dtype: one("unravel_index", numbers(6, dtype=dtype), shape=(3, 4, 2)), dtype=["int32", "int64", "int16"])
case("unravel_matrix")(lambda: one("unravel_index", numbers(3, 4, dtype="int32"), shape=(3, 4)))
grid(
    "trapezoid",
    lambda dtype, kwargs: one("trapezoid", numbers(3, 4, dtype=dtype), **kwargs),
    dtype=["float32", "int32", "float64", "bool"],
    kwargs=[{}, {"axis": 1, "dx": 0.5}],
)
grid(
    "correlate",
    lambda mode, dtype: whole("correlate", numbers(6, dtype=dtype), numbers(6, seed=1, dtype=dtype), mode=mode),
    mode=["valid", "same", "full"],
    dtype=["float32", "int32", "float64"],
)
grid(
    "nextafter",
    lambda dtype: two("nextafter", numbers(3, 4, dtype=dtype), numbers(3, 4, seed=1, dtype=dtype)),
    dtype=["float32", "float64", "int32"],
)

# -- spaces, quantiles, counts ------------------------------------------------------------------------------------------

KINDS = ["float32", "int32", "int64", "float64", "uint8", "float16"]
grid(
    "space",
    lambda name, kwargs: two(name, np.abs(numbers(3)) + 1, np.abs(numbers(3, seed=1)) + 2, **kwargs),
    name=["linspace", "logspace", "geomspace"],
    kwargs=[{"num": 5}, {"num": 4, "endpoint": False, "axis": -1}, {"num": 1}, {"num": 3, "dtype": "float64", "axis": 1}],
)
grid("space_of", lambda dtype: two("linspace", numbers(3, dtype=dtype), numbers(3, seed=1, dtype=dtype), num=4), dtype=KINDS)
grid("space_in", lambda dtype: two("linspace", numbers(3), numbers(3, seed=1) + 3, num=4, dtype=dtype), dtype=["int32", "float64"])
case("space_from_a_number")(lambda: calls(lambda t: O.linspace(1, t, num=4), numbers(3)))
case("space_to_a_number")(lambda: calls(lambda t: O.logspace(t, 2.5, num=4, base=2), numbers(3)))
grid(
    "quantile",
    lambda name, axis, q: calls(lambda t: getattr(O, name)(t, q, axis=axis, keepdims=True), numbers(3, 5)),
    name=["quantile", "percentile", "nanquantile", "nanpercentile"],
    axis=[None, 0, 1],
    q=[0.2, [0.2, 0.9]],
)
grid(
    "quantile_by",
    lambda name, method: calls(lambda t: getattr(O, name)(t, [20, 60], axis=1, method=method), numbers(3, 6)),
    name=["percentile", "nanpercentile"],
    method=["linear", "lower", "higher", "midpoint", "nearest"],
)
grid(
    "quantile_of_computed",
    lambda name, axis: two(name, numbers(3, 5), np.array([0.75, 0.3, 0.0], "float32"), axis=axis),
    name=["quantile", "percentile", "nanquantile", "nanpercentile"],
    axis=[None, 1],
)
grid("quantile_holes", lambda name: calls(lambda t: getattr(O, name)(t, 0.4, axis=1), HOLES[:1]), name=["quantile", "nanquantile"])
grid("nanmedian", lambda axis, keep: one("nanmedian", HOLES, axis=axis, keepdims=keep), axis=[0, 1, (0, 1), ()], keep=[True, False])
case("median_of_infinite")(lambda: one("median", HOLES, axis=()))
grid("bincount", lambda dtype: one("bincount", np.abs(numbers(3, 4, dtype="int8")).astype(dtype), minlength=3), dtype=INTEGERS)
WEIGHTS = (numbers(3, 4) * 4).tolist()
case("bincount_weighted")(lambda: one("bincount", np.abs(numbers(3, 4, dtype="int32")), weights=WEIGHTS))
case("bincount_of_a_vector")(lambda: one("bincount", np.array([1, 3, 3, 0], "int32"), weights=[1, 2, 3, 4]))
grid(
    "argpartition", lambda axis, kth: one("argpartition", numbers(3, 5, dtype="int32"), kth=kth, axis=axis), axis=[None, 0, -1], kth=[0, 2]
)
grid(
    "unique",
    lambda axis, dtype: one(
        "unique", (numbers(4, 3, dtype=dtype) * 2), axis=axis, return_index=True, return_inverse=True, return_counts=True
    ),
    axis=[None, 0, 1],
    dtype=["int32", "float32", "uint8"],
)
case("unique_unsorted")(lambda: one("unique", numbers(9, dtype="int32"), sorted=False))
case("unique_sized")(lambda: one("unique", numbers(9, dtype="int32"), size=12, fill_value=7, return_index=True, return_counts=True))
grid("histogram", lambda dtype: one("histogram", numbers(9, dtype=dtype), bins=4), dtype=KINDS)
grid("histogram_in", lambda limits: one("histogram", numbers(9, dtype="float64"), bins=3, range=limits), limits=[(0, 3), (-1.5, 2.0)])
grid("vander", lambda dtype: one("vander", numbers(4, dtype=dtype), N=3), dtype=KINDS)
grid("vander_to", lambda N, rising: one("vander", numbers(4), N=N, increasing=rising), N=[None, 0, 5], rising=[True, False])
grid("correlations", lambda name, dtype: whole(name, numbers(3, 5, dtype=dtype)), name=["corrcoef", "cov"], dtype=KINDS)
case("covariance_of_a_vector", hasattr(O, "cov"))(lambda: whole("cov", numbers(5)))
case("correlations_of_one", hasattr(O, "corrcoef"))(lambda: whole("corrcoef", numbers(3, 1)))
grid("i0", lambda dtype: one("i0", numbers(3, 4, dtype=dtype)), dtype=KINDS)
grid(
    "view",
    lambda start, end: one("view", numbers(3, 4, dtype=start), dtype=end),
    start=["float32", "int16", "int64"],
    end=["int8", "uint16", "float64"],
)
grid(
    "rearrange",
    lambda pattern, kwargs: calls(lambda t: O.rearrange(t, pattern, **kwargs), numbers(2, 4, 4, 2)),
    pattern=["b (h1 h) (w1 w) c -> b c (h1 w1) h w"],
    kwargs=[{"h1": 2, "w1": 2}],
)
case("rearrange_whole", hasattr(O, "rearrange"))(
    lambda: rearranged("b (h h1) (w w1) c -> (b c) h w (h1 w1)", numbers(2, 4, 4, 2), h1=2, w1=2)
)


def rearranged(pattern, x, **lengths):
    start = K.Input(batch_shape=x.shape, dtype=x.dtype.name)
    return K.Model(start, O.rearrange(start, pattern, **lengths)), [x]


for name in ("copysign", "float_power"):
    grid(name, lambda x, y, name=name: two(name, numbers(3, 4, dtype=x), numbers(3, 4, seed=1, dtype=y)), x=KINDS, y=["float32", "int64"])
case("columns", hasattr(O, "column_stack"))(lambda: calls(O.column_stack, numbers(3), numbers(3, 2), numbers(3, dtype="int64")))

# -- what random models found ------------------------------------------------------------------------------------------

FAR = np.array([[2**30, 2**30, 2**30], [-(2**31), -(2**30), 0]], "int32")
INFINITE = np.array([[1.0, np.inf, 2.0, 0.5], [np.nan, 1.0, -np.inf, 2.0]], "float32")
FLAGS = numbers(3, 4, dtype="bool"), numbers(3, 4, seed=1, dtype="bool")
grid("half_turn", lambda k, axes: one("rot90", numbers(2, 3, 4), k=k, axes=axes), k=[2, -2, 1, 3], axes=[(1, 2), (0, 1), (-1, 0)])
grid("rolled", lambda shift, axis: one("roll", numbers(2, 3), shift=shift, axis=axis), shift=[5, -5], axis=[None, 0, 1])
grid(
    "clipped",
    lambda dtype, ends: calls(lambda t: O.clip(t, *ends), numbers(3, 4, dtype=dtype)),
    dtype=["uint8", "int8", "float32"],
    ends=[(-1, 2), (-300, 70000)],
)
grid(
    "selected",
    lambda dtype, default: calls(lambda t: O.select([t[0], t[1]], [t[2], 3], default=default), *FLAGS, numbers(3, 4, dtype=dtype)),
    dtype=["float32", "uint8", "int64", "float16"],
    default=[0, 2.5, True],
)
case("selected_among")(lambda: calls(lambda t: O.select([t[0], t[1]], [t[2], t[3]]), *FLAGS, numbers(3, 4, dtype="uint32"), numbers(3, 4)))
grid("cross", lambda x, y: two("cross", INFINITE[:, :x], numbers(2, y)), x=[2, 3], y=[2, 3])
case("cross_of_first_axes")(lambda: two("cross", numbers(2, 3), numbers(3, 3), axisa=0))
case("full_like_a_column")(lambda: calls(lambda t: O.full_like(t[0], t[1]), numbers(3, 4), numbers(1, 4, dtype="int32")))
grid("in_none", lambda invert: whole("isin", numbers(3), np.zeros((3, 0), "float32"), invert=invert), invert=[True, False])
TYPES = ["int32", "float32", "float16", "uint8", "int64", "bool"]
grid(
    "saturated",
    lambda start, end: one("saturate_cast", numbers(3, 4, dtype=start) * (200 if start == "float32" else 1), dtype=end),
    start=TYPES,
    end=TYPES,
)
grid(
    "numbers_of",
    lambda name, dtype: one(name, numbers(3, dtype=dtype)),
    name=["rad2deg", "deg2rad", "exp2"],
    dtype=["int64", "float32", "int8"],
)
grid(
    "products",
    lambda dtype, kwargs: one("prod", numbers(3, 4, dtype=dtype), axis=1, **kwargs),
    dtype=["float32", "uint8", "int64"],
    kwargs=[{}, {"dtype": "float64"}],
)
grid("trapezoids", lambda x: calls(lambda t: O.trapezoid(t, x=x), numbers(3, 4)), x=[[0.5, 1.0, 3.0, 3.5], [[0.5, 1.0, 3.0, 3.5]]])
grid(
    "batch_cut",
    lambda name, n: calls(lambda t: getattr(O, name)(t, n), numbers(4, 3)),
    name=["split", "vsplit", "array_split"],
    n=[2, 4, [1, 3]],
)
case("batch_cut_as_equal")(lambda: calls(lambda t: O.array_split(t, 3), numbers(4, 3)))
grid("over_batch", lambda name: one(name, numbers(3, 4)), name=["trace", "diagonal"])
case("kron")(lambda: whole("kron", numbers(3), numbers(3, 2)))
grid("outer_of", lambda dtype: two("outer", numbers(3, dtype=dtype), numbers(3, seed=1, dtype=dtype)), dtype=["bool", "int8"])
grid(
    "bins",
    lambda side: calls(lambda t: O.searchsorted(t[0], t[1], side=side), np.array([-1.0, 0.5, 2.0], "float32"), INFINITE[:1, 0]),
    side=["left", "right"],
)
case("bins_of_nan")(lambda: calls(lambda t: O.digitize(t, np.array([-1.0, 0.5])), INFINITE))
grid(
    "infinite",
    lambda name, axis: one(name, INFINITE, axis=axis),
    name=["nanvar", "nanstd", "nanmean", "max", "min", "amax", "ptp", "var", "std", "mean"],
    axis=[0, 1, None],
)
grid("of_none", lambda name: one(name, np.zeros((2, 0, 3), "float32"), axis=1), name=["mean", "std", "var", "average", "any", "all"])
grid("nothing_reduced", lambda dtype: one("nanmean", numbers(3, 4, dtype=dtype), axis=()), dtype=["int8", "float32"])
grid("around", lambda name: one(name, FAR, axis=1), name=["sum", "prod", "cumsum", "cumprod"])
grid(
    "to_the",
    lambda dtype, power: calls(lambda t: t**power, numbers(3, 4, dtype=dtype)),
    dtype=["int8", "int32", "uint8", "int64"],
    power=[0, 1, 3, 9],
)
grid(
    "powers",
    lambda dtype: two("power", numbers(3, 4, dtype=dtype), np.abs(numbers(3, 4, seed=1, dtype="int8")).astype(dtype)),
    dtype=["int8", "int32", "uint16"],
)
grid(
    "shifted",
    lambda dtype, y: calls(lambda t: O.right_shift(O.left_shift(t, y), 1), numbers(3, 4, dtype=dtype)),
    dtype=["uint16", "int16", "int32"],
    y=[1, 40],
)
grid("below_none", lambda name: calls(lambda t: getattr(O, name)(t, -4), numbers(3, 4, dtype="uint8")), name=["multiply", "maximum", "add"])
grid(
    "combined",
    lambda dtype, kind: calls(
        lambda t: O.scatter_update(t[0], [[0], [0], [1]], t[1], reduction=kind),
        numbers(3, 2, dtype=dtype),
        numbers(3, 2, seed=1, dtype=dtype),
    ),
    dtype=["float16", "float32", "int8"],
    kind=["add", "max"],
)
case("logaddexp2_of_doubles")(lambda: two("logaddexp2", numbers(3, 4, dtype="float64"), numbers(3, 4, seed=1, dtype="float64")))

main("numpy_ops")
