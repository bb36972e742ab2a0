"""Makes tests/golden/math_ops/<release>.npz: sequences, gamma functions, losses, norms and windows as operations of Functional models.

Run it with the Python of each release: `python make_math_ops.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from golden_cases import K, L, calls, case, grid, main, numbers

O = K.ops  # noqa: E741
FLOATS = ["float32", "float64", "float16"]


def op(name, *arrays, **kwargs):
    """A model of one function of one tensor for each array."""
    function = getattr(O, name, None) or getattr(O, "nn", O).__dict__[name]

    def call(starts):
        y = function(*(starts if isinstance(starts, list) else [starts]), **kwargs)
        return list(y) if isinstance(y, (list, tuple)) else y

    return calls(call, *arrays)


def has(name):
    return hasattr(O, name) or hasattr(getattr(O, "nn", O), name)


# -- sequences of labels -----------------------------------------------------------------------------------------------

LOGITS = np.random.RandomState(3).randint(-64, 65, (3, 6, 4)).astype("float32") / 32
LABELS = np.array([[1, 1, 3], [2, 3, 1], [3, 0, 0]], "int32")
COUNTS, STEPS = np.array([2, 3, 1], "int32"), np.array([6, 4, 5], "int32")

if has("ctc_loss"):
    grid("ctc_loss", lambda blank, dtype: op("ctc_loss", LABELS, LOGITS.astype(dtype), COUNTS, STEPS, mask_index=blank), blank=[0, 2, -1], dtype=["float32", "float16"])  # fmt: skip
    case("ctc_loss_impossible")(lambda: op("ctc_loss", LABELS, LOGITS, COUNTS, np.array([1, 2, 0], "int32")))
if has("ctc_decode"):
    grid("ctc_greedy", lambda blank, merge: op("ctc_decode", LOGITS, STEPS, merge_repeated=merge, mask_index=blank), blank=[0, 1, -1, None], merge=[True, False])  # fmt: skip
    grid("ctc_beam", lambda blank, beam: op("ctc_decode", LOGITS, STEPS, strategy="beam_search", beam_width=beam[0], top_paths=beam[1], mask_index=blank), blank=[0, 1, -2, None], beam=[(100, 2), (3, 2), (1, 1)])  # fmt: skip

# -- gamma functions, complex numbers, powers of matrices ---------------------------------------------------------------

A = np.array([[0.5, 1, 2, 30, 0.03125, 2, 0, -1, 4, 100]])
X = np.array([[0.25, 1, 8, 28, 0.5, 0, 0, 1, np.inf, 97]])
if has("gammainc"):
    grid("gammainc", lambda dtype: op("gammainc", A.astype(dtype), X.astype(dtype)), dtype=[*FLOATS, "bfloat16"])
    case("gammainc_integers")(lambda: op("gammainc", np.array([[1, 2, 3]]), np.array([[2], [1]])[:1]))
    grid("lgamma", lambda dtype: op("lgamma", np.array([[0, 0.5, 1, 2, 10.5, -1, -0.5, -2.25, np.inf, -np.inf, np.nan]]).astype(dtype)), dtype=[*FLOATS, "bfloat16"])  # fmt: skip
    case("lgamma_integers")(lambda: op("lgamma", np.array([[1, 5, 0, -2]])))
if has("matrix_power"):
    grid(
        "matrix_power",
        lambda n, dtype: op("matrix_power", numbers(2, 3, 3, dtype=dtype), n=n),
        n=[0, 1, 2, 5],
        dtype=["float32", "float64", "int32"],
    )
    grid("matrix_power_inverse", lambda n: op("matrix_power", numbers(2, 3, 3) + 2 * np.eye(3, dtype="float32"), n=n), n=[-1, -3])

# -- activations of what is no usual number ------------------------------------------------------------------------------

ODD = np.array([[-2, -1, -0.5, 0, 0.5, 1, 3, np.nan]])
grid("odd", lambda name, dtype: op(name, ODD.astype(dtype)), name=["sparse_plus", "log_softmax", "relu"], dtype=FLOATS)
grid("integers", lambda name, dtype: op(name, np.array([[-3, -1, 0, 1, 4]]).astype(dtype)), name=["relu", "relu6", "leaky_relu", "hard_sigmoid", "hard_silu", "selu", "sparse_plus", "sparse_sigmoid", "soft_shrink"], dtype=["int32", "int64", "int8"])  # fmt: skip
case("soft_shrink_integers")(lambda: op("soft_shrink", np.array([[-3, -1, 0, 1, 4]]), threshold=1))
if has("sparsemax"):
    grid(
        "sparsemax",
        lambda axis, dtype: op("sparsemax", numbers(2, 3, 4, dtype=dtype), axis=axis),
        axis=[-1, 1],
        dtype=["float32", "float64"],
    )
    case("sparsemax_layer")(lambda: calls(L.Dense(5, activation="sparsemax"), numbers(3, 4)))

# -- norms and normalizations ---------------------------------------------------------------------------------------------

grid("normalize", lambda order, axis, dtype: op("normalize", numbers(2, 3, 4, dtype=dtype), order=order, axis=axis), order=[1, 2, 3], axis=[-1, 0], dtype=["float32", "float16"])  # fmt: skip
grid("normalize_matrices", lambda order: op("normalize", numbers(2, 3, 4), order=order, axis=(1, 2)), order=[1, 2])
grid("normalize_zeros", lambda dtype: op("normalize", np.zeros((2, 3), dtype)), dtype=["float32", "float16"])
case("normalize_integers")(lambda: op("normalize", numbers(2, 3, 4, dtype="int32"), order=1))
grid(
    "moments_far",
    lambda dtype: op("moments", np.array([[60000, 1], [-300, np.inf]]).astype(dtype), axes=(0,)),
    dtype=["float16", "bfloat16"],
)
grid("cdist", lambda dtype: op("cdist", numbers(2, 3, 4, dtype=dtype), numbers(2, 5, 4, seed=1, dtype=dtype)), dtype=["int32", "float16"])
case("top_k_all")(lambda: op("top_k", numbers(3, 5), k=5, sorted=False))
if has("layer_normalization"):
    G, C = numbers(4, seed=4), np.array([[[5, 5, 5, 5], [700, 700, 700, 700], [1, 2, 3, 9]]], "float32")
    grid("layer_norm", lambda scaling, dtype: op("layer_normalization", numbers(2, 3, 4, dtype=dtype), gamma=G, **({} if scaling else {"beta": G[::-1].copy()}), rms_scaling=scaling), scaling=[False, True], dtype=["float32", "float16"])  # fmt: skip
    grid(
        "layer_norm_axes",
        lambda scaling: op("layer_normalization", numbers(2, 3, 4), axis=(1, 2), rms_scaling=scaling),
        scaling=[False, True],
    )
    case("layer_norm_of_the_same")(lambda: op("layer_normalization", C, gamma=G, beta=G))
grid("batch_norm", lambda axis, dtype: op("batch_normalization", numbers(2, 3, 4, dtype=dtype), mean=numbers((2, 3, 4)[axis], seed=1, dtype=dtype), variance=np.abs(numbers((2, 3, 4)[axis], seed=2, dtype=dtype)), axis=axis), axis=[-1, 1], dtype=["float32", "float16"])  # fmt: skip

if __name__ == "__main__":
    main("math_ops")
