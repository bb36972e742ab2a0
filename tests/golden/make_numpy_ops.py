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

main("numpy_ops")
