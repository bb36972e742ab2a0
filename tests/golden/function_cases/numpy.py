"""Functions of numpy on arrays."""

import numpy as np

from function_cases import FLAGS, INT, X, cases, numbers
from function_cases import Tensor as T

OWNER = "numpy"
CASES, n = cases()
WIDE = numbers(3, 4, 5, dtype="float64", seed=2)
LONG = numbers(3, 4, dtype="int64", seed=1)
SMALL = numbers(3, 4, dtype="int16", seed=3)
SPECIAL = np.array([[np.nan, np.inf, -np.inf, 0.0], [0.0, 1.0, -1.0, 0.5]], "float32")

for name in "arcsin arctan cos cosh exp expm1 sin sinh tan tanh abs absolute negative sign square isnan isfinite".split():
    n(name, T(X))
for name in "exp sqrt sin".split():
    for x in (INT, LONG, SMALL):
        n(name, T(np.abs(x)))
for name in "abs negative sign square".split():
    n(name, T(INT))
for name in "ceil floor rint round fabs".split():
    n(name, T(X * 3))
for name in "isnan isinf isfinite abs sign".split():
    n(name, T(SPECIAL[1:] if name == "sign" else SPECIAL))
PAIRS = [(X[..., :4], INT), (INT, LONG), (X[:, :, 0], LONG), (SMALL, INT), (WIDE[:, :, 0], X[:, :, 0]), (X[:, :, 0], SMALL)]
for one, other in PAIRS:
    for name in "add subtract multiply divide maximum minimum equal greater".split():
        if one.shape == other.shape:
            n(name, T(one), T(other))
for x in (X, INT, LONG, WIDE):
    for number in (2, 0.5):
        for name in "add multiply divide maximum less".split():
            n(name, T(x), number)
            n(name, number, T(x))
n("power", T(np.abs(X) + 0.5), 2.5)
n("floor_divide", T(INT), 3)
n("mod", T(INT), 3)
n("mod", T(X), 0.3)
n("arctan2", T(X), T(X + 0.1))
for name in "maximum minimum fmax fmin".split():
    n(name, T(SPECIAL), 0.25)
for name in "logical_and logical_or logical_xor".split():
    n(name, T(FLAGS), T(INT))
n("logical_not", T(FLAGS))
n("clip", T(X), -0.25, 0.5)
n("clip", T(X), a_min=0, a_max=None)
n("clip", T(INT), -2, 3)
n("where", T(FLAGS), T(INT), 0.5)
n("where", T(FLAGS), T(X[:, :, 0]), 0.0)
for name in "sum prod mean max min amax amin".split():
    for kwargs in [{}, {"axis": -1}, {"axis": (1, 2)}, {"axis": 1, "keepdims": True}]:
        n(name, T(X), **kwargs)
    n(name, T(INT), axis=1)
for name in "std var".split():
    n(name, T(X), axis=1)
    n(name, T(INT))
for name in "sum any all".split():
    n(name, T(FLAGS), axis=1)
n("sum", T(SMALL))
for name in "argmax argmin".split():
    n(name, T(X), axis=1)
    n(name, T(INT))
    n(name, T(SPECIAL), axis=1)
    n(name, T(X), axis=-1, keepdims=True)
n("cumsum", T(X), axis=1)
n("cumsum", T(INT))
n("cumprod", T(X), 2)
n("linalg.norm", T(X), axis=-1)
n("linalg.norm", T(X[:, :, 0]))
n("linalg.norm", T(X), 1, axis=1, keepdims=True)
n("reshape", T(X), (-1, 20))
n("ravel", T(X))
n("transpose", T(X))
n("transpose", T(X), (0, 2, 1))
n("swapaxes", T(X), 1, 2)
n("moveaxis", T(X), 1, -1)
n("expand_dims", T(X), axis=1)
n("expand_dims", T(X), (0, -1))
n("squeeze", T(numbers(3, 1, 5)), axis=1)
n("squeeze", T(numbers(3, 1, 5), [3, 1, 5]))
n("concatenate", [T(X), T(WIDE)], axis=1)
n("concatenate", [T(INT), T(INT)], axis=None)
n("stack", [T(INT), T(LONG)], axis=1)
n("stack", [T(X), T(X)])
n("vstack", [T(INT), T(INT)])
n("hstack", [T(INT), T(INT)])
n("tile", T(INT), (1, 2))
n("repeat", T(INT), 2, axis=1)
n("flip", T(X), 1)
n("flip", T(X))
n("roll", T(X), 2, axis=1)
n("pad", T(INT), ((0, 0), (1, 2)))
n("pad", T(X), [(0, 0), (1, 1), (2, 0)], "reflect")
n("pad", T(INT), 1, mode="constant", constant_values=7)
n("take", T(X), np.array([1, -1]), axis=1)
n("dot", T(X), T(numbers(5, 2), [5, 2]))
n("matmul", T(X), T(numbers(3, 5, 2)))
n("matmul", T(X), T(numbers(5, 2, dtype="float64"), [5, 2]))
n("inner", T(X), T(numbers(2, 5), [2, 5]))
n("outer", T(X[:, 0, 0]), T(numbers(4), [4]))
n("tensordot", T(X), T(numbers(4, 5, 2), [4, 5, 2]))
n("einsum", "bij,bkj->bik", T(X), T(X))
n("diff", T(X), axis=1)
n("sort", T(X), axis=1)
n("argsort", T(X), axis=1)
n("tril", T(X))
n("triu", T(X), k=1)
n("zeros_like", T(INT))
n("ones_like", T(X), dtype="float64")
n("array", T(INT), dtype="float32")
n("broadcast_to", T(numbers(1, 4), [1, 4]), (3, 4))
n("shape", T(X, [3, 4, 5]))
n("ndim", T(X))
INSIDE = numbers(3, 4, low=0.1, high=0.9)
for name in (
    "arccos arcsinh arctanh log log1p around positive reciprocal asarray ascontiguousarray copy fliplr flipud rot90 trace diagonal".split()
):
    n(name, T(INSIDE))
n("arccosh", T(INSIDE + 1))
for name in "greater_equal less_equal not_equal remainder true_divide column_stack dstack".split():
    n(name, *([[T(INSIDE), T(INSIDE)]] if "stack" in name else [T(INSIDE), 0.5]))
