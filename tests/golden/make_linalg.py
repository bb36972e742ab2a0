"""Makes tests/golden/linalg/<release>.npz: decompositions, segments, cross entropies and blocks as operations of Functional models.

Run it with the Python of each release: `python make_linalg.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from golden_cases import K, L, calls, case, grid, main, numbers

O = K.ops  # noqa: E741
FLOATS = ["float32", "float64"]


def op(name, *arrays, **kwargs):
    """A model of one function of one tensor for each array."""
    function = getattr(O, name, None) or getattr(O.linalg, name)

    def call(starts):
        y = function(*(starts if isinstance(starts, list) else [starts]), **kwargs)
        return list(y) if isinstance(y, (list, tuple)) else y

    return calls(call, *arrays)


def square(*shape, seed=0, dtype="float32"):
    return numbers(*shape, shape[-1], seed=seed, dtype=dtype) + np.eye(shape[-1], dtype=dtype) * 2


def positive(*shape, seed=0, dtype="float32"):
    x = square(*shape, seed=seed, dtype=dtype)
    return x @ np.swapaxes(x, -1, -2)


# -- matrices ----------------------------------------------------------------------------------------------------------

grid("cholesky", lambda upper, dtype: op("cholesky", positive(3, 4, dtype=dtype), upper=upper), upper=[False, True], dtype=FLOATS)
grid("cholesky_inverse", lambda upper, dtype: op("cholesky_inverse", square(3, 4, dtype=dtype), upper=upper), upper=[False, True], dtype=FLOATS)  # fmt: skip
grid("square", lambda name, dtype: op(name, square(3, 4, dtype=dtype)), name=["inv", "det", "slogdet", "matrix_rank"], dtype=FLOATS)
grid("symmetric", lambda name, dtype, n: op(name, positive(3, n, dtype=dtype)), name=["eigh", "logdet"], dtype=FLOATS, n=[1, 2, 3, 5])
grid("eigh_deep", lambda dtype: op("eigh", positive(2, 2, 6, dtype=dtype)), dtype=FLOATS)
case("eigh_diagonal")(lambda: op("eigh", np.array([np.diag([3, 1, 2]), np.zeros((3, 3)), np.ones((3, 3))], "float32")))
case("logdet_negative")(lambda: op("logdet", -positive(2, 3)))


def fixed(function, *arrays):
    """A model whose batch size is that of the arrays."""
    starts = [K.Input(batch_shape=a.shape, dtype=a.dtype.name) for a in arrays]
    return K.Model(starts, list(function(*starts))), list(arrays)


grid("lu_factor", lambda dtype, seed: fixed(O.lu_factor, square(4, dtype=dtype, seed=seed)), dtype=FLOATS, seed=[0, 1, 2])
grid(
    "qr", lambda mode, n, dtype: op("qr", numbers(2, 4, n, dtype=dtype), mode=mode), mode=["reduced", "complete"], n=[2, 4, 6], dtype=FLOATS
)
grid("solve", lambda dtype, tail: op("solve", square(3, 4, dtype=dtype), numbers(3, 4, *tail, seed=1, dtype=dtype)), dtype=FLOATS, tail=[(), (2,)])  # fmt: skip
grid("solve_triangular", lambda lower, tail: op("solve_triangular", square(3, 4), numbers(3, 4, *tail, seed=1), lower=lower), lower=[False, True], tail=[(), (2,)])  # fmt: skip
grid("svd_values", lambda dtype, n: op("svd", numbers(2, 4, n, dtype=dtype), compute_uv=False), dtype=FLOATS, n=[2, 4, 6])
grid("pinv", lambda dtype, n, rcond: op("pinv", numbers(2, 4, n, dtype=dtype), rcond=rcond), dtype=FLOATS, n=[2, 4, 6], rcond=[None, 0.5])
grid("lstsq", lambda tail, n, rcond: op("lstsq", numbers(5, n), numbers(5, *tail, seed=1), rcond=rcond), tail=[(), (2,)], n=[3, 7], rcond=[None, 0.5, -1.0])  # fmt: skip
grid("matrix_rank_tol", lambda tol: op("matrix_rank", np.ones((2, 3, 4), "float32"), tol=tol), tol=[None, 0.1, 10.0])
grid("norm", lambda order, keep, dtype: op("norm", numbers(2, 3, 4, dtype=dtype), ord=order, axis=(1, 2), keepdims=keep), order=["nuc", 2, -2, 1, -1, "fro", None, float("inf"), -float("inf")], keep=[False, True], dtype=FLOATS)  # fmt: skip
grid("norm_axes", lambda order, axis: op("norm", numbers(2, 3, 4), ord=order, axis=axis, keepdims=True), order=["nuc", 2, 1], axis=[(2, 1), (0, 2), (-2, -1)])  # fmt: skip
grid("norm_vector", lambda order, dtype: op("norm", numbers(2, 3, 4, dtype=dtype), ord=order, axis=1), order=[0, 1, 2, 3, -1, -2, 0.5, None, float("inf")], dtype=["float32", "int32"])  # fmt: skip

# -- segments ----------------------------------------------------------------------------------------------------------

SEGMENTS = ["segment_sum", "segment_max"] + [n for n in ("segment_min", "segment_prod") if hasattr(O, n)]
grid("segments", lambda name, number, dtype: op(name, numbers(6, 3, dtype=dtype), np.array([1, 0, 1, 2, -1, 0], "int32"), num_segments=number), name=SEGMENTS, number=[4, 3], dtype=["float32", "float16", "uint8"])  # fmt: skip
grid("segments_sorted", lambda name: op(name, numbers(6, 3), np.array([0, 0, 1, 3, 3, 3], "int32"), sorted=True), name=SEGMENTS)
grid("segments_free", lambda name: op(name, numbers(6), np.array([1, 0, 1, 2, 3, 0], "int64")), name=SEGMENTS)
grid("in_top_k", lambda k: op("in_top_k", np.array([0, 3, 4, -1, 1, 2], "int32"), np.vstack([numbers(4, 4), [[np.nan, 1, 2, 3]], [[1, 1, 1, 0]]]).astype("float32"), k=k), k=[1, 2, 3])  # fmt: skip

# -- cross entropies ---------------------------------------------------------------------------------------------------

SHARES = (np.arange(1, 25).reshape(2, 3, 4) / 32).astype("float32")
grid("entropy", lambda name, logits, dtype: op(name, np.eye(4)[numbers(2, 3, dtype="uint8") % 4].astype(dtype), (numbers(2, 3, 4) * 3 if logits else SHARES).astype(dtype), from_logits=logits), name=["binary_crossentropy", "categorical_crossentropy"], logits=[False, True], dtype=["float32", "float64", "float16"])  # fmt: skip
grid(
    "entropy_axis",
    lambda logits: op("categorical_crossentropy", SHARES, SHARES[::-1].copy(), from_logits=logits, axis=1),
    logits=[False, True],
)
grid("entropy_sparse", lambda logits, tail: op("sparse_categorical_crossentropy", (numbers(2, 3, *tail, dtype="uint8") % 4).astype("int32"), numbers(2, 3, 4) * 3 if logits else SHARES, from_logits=logits), logits=[False, True], tail=[(), (1,)])  # fmt: skip
grid("entropy_of", lambda kind, how: calls(lambda s: getattr(O, how)(s[0], L.Activation(kind)(s[1])), np.eye(3, dtype="float32"), numbers(3, 3) * 60), kind=["sigmoid", "softmax"], how=["binary_crossentropy", "categorical_crossentropy"])  # fmt: skip

case("entropy_of_ops")(lambda: calls(lambda s: O.sparse_categorical_crossentropy(s[0], O.softmax(s[1])), np.array([0, 2, 1], "int32"), numbers(3, 3) * 60))  # fmt: skip
case("entropy_of_model")(lambda: calls(lambda s: O.sparse_categorical_crossentropy(s[0], L.Dense(3, activation="softmax")(s[1])), np.array([0, 2, 1], "int32"), numbers(3, 3) * 60))  # fmt: skip

# -- windows -----------------------------------------------------------------------------------------------------------

if hasattr(O, "unfold"):
    OPTIONS = [{}, {"stride": 2}, {"padding": 1}, {"dilation": 2}, {"stride": (1, 2), "padding": (0, 1)}]
    grid("unfold", lambda size, options: op("unfold", numbers(2, 3, 6, 5), kernel_size=size, **options), size=[2, (3, 2)], options=OPTIONS)
if hasattr(O, "fold"):
    grid("fold", lambda case: op("fold", numbers(2, 12, case[0]), output_size=(6, 5), kernel_size=2, **case[1]), case=[(20, {}), (6, {"stride": 2}), (42, {"padding": 1}), (12, {"dilation": 2})])  # fmt: skip
grid("conv_transpose", lambda strides, padding, kernel: calls(lambda x: O.conv_transpose(x, numbers(*kernel, 2, 4, seed=3), strides=strides, padding=padding), numbers(2, 4, 4, 4)), strides=[1, 2], padding=["valid", "same"], kernel=[(3, 3), (2, 3)])  # fmt: skip
case("conv_transpose_output_padding")(lambda: calls(lambda x: O.conv_transpose(x, numbers(3, 2, 4, seed=3), strides=2, output_padding=1), numbers(2, 4, 4)))  # fmt: skip
if hasattr(O, "adaptive_max_pool"):
    grid("adaptive", lambda name, size, form: op(name, numbers(2, 5, 6, 3), output_size=size, data_format=form), name=["adaptive_max_pool", "adaptive_average_pool"], size=[(2, 3), (5, 1)], form=["channels_last", "channels_first"])  # fmt: skip

if __name__ == "__main__":
    main("linalg")
