"""Functions of Python as ops: what becomes of them, what is refused, and that nothing in them can run for ever."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import time

import numpy as np
import pytest

import loadstone.tensorflow as tf
from loadstone.errors import LoweringError
from loadstone.ir import Spec
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import finish
from loadstone.lowering.python.lift import lift_live
from loadstone.runtime.executor import run_once

K = tf.keras.backend
X = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")


def lifted(function, *arrays, **kwargs):
    """What the ops of a function give for arrays, whose first axis is free."""
    b = Builder()
    values = [b.input(f"x{i}", (None, *array.shape[1:]), str(array.dtype)) for i, array in enumerate(arrays)]
    y = lift_live(b, function, values, kwargs)
    taken = [(Spec(value.name, value.shape, value.dtype), value) for value in values]
    return run_once(finish(b, taken, [(Spec("y", y.shape, y.dtype), y)], 0), list(arrays))[0]


def softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def columns(x):
    parts = []
    for i in range(x.shape[-1]):
        if i == 2:
            continue
        parts.append(x[..., i] * helper(i))
        if len(parts) > 2:
            break
    first, *rest = parts
    return sum(rest, first)


def helper(i, by=2):
    return i + by if i else by


def grown(x):
    several = [x]
    shared = several
    several += [x * 2.0]
    return shared[1]


def filled(x):
    table = np.zeros((5, 4), "float32")
    other = table[:, 1:]
    table[0], other[2, ::2] = 1.0, [2.0, 3.0]
    return x + table


def changed(x):
    table = np.ones(4, "float32")
    other = table
    other *= 3.0
    return x * table


def while_loop(x, n=3):
    while n > 0:
        x, n = x + n, n - 1
    return x


class Scale:
    factor = 3.0

    def __init__(self):
        self.shift = 1.0

    def call(self, x):
        return self.inner(x) * self.factor

    def inner(self, x):
        return x + self.shift


@pytest.mark.parametrize(
    "function",
    [
        softmax, columns, grown, while_loop, Scale().call, functools.partial(softmax, axis=1), lambda x: x.sum(axis=1) * 2, lambda x: np.tanh(x) ** 2,
        lambda x: x[:, 1:3] if x.ndim == 3 else x, lambda x: x * math.sqrt(x.shape[-1]), lambda x: [x + i for i in range(3)][-1],
        lambda x: {"a": x, "b": x * 2}["b"], lambda x: np.where(x > 0, x, 0.1 * x), lambda x: x.mean(axis=-1, keepdims=True) + x,
        lambda x: (lambda y, *, k: y * k)(x, k=2.0), lambda x: max(1, 2) * x + abs(-3), lambda x: x[:, ::-1, :].astype("float32"),
        filled, changed, lambda x: functools.reduce(lambda a, b: a * b, [x, x, x]), lambda x: sum(map(operator.neg, [x, x])),
        lambda x: sum(x[..., i] * x[..., j] for i, j in itertools.combinations(range(4), 2)),
        lambda x: x * np.tile(np.arange(2.0), 2).astype("float32"),
        lambda x: x * len("{}_{}".format("a", 3)) + len("%d" % 7),  # noqa: UP031
        lambda x: np.concatenate([x, x * np.array([1, 2, 3, 4], "float32")], axis=1), lambda x: -x if len(x.shape) == 3 and not x.ndim < 2 else x,
    ],
)  # fmt: skip
def test_the_ops_give_what_the_function_gives(function):
    wanted = np.asarray(function(X))
    result = lifted(function, X)
    assert result.shape == wanted.shape and result.dtype == wanted.dtype
    np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-6)


def test_functions_of_the_backend_know_the_phase():
    np.testing.assert_array_equal(lifted(lambda x: K.in_train_phase(K.dropout(x, 0.5), x * 2.0), X), X * 2)
    np.testing.assert_array_equal(lifted(lambda x: K.in_train_phase(lambda: K.dropout(x, 0.5), lambda: x * 3.0), X), X * 3)
    np.testing.assert_array_equal(lifted(lambda x: K.in_train_phase(x + 0.1 * K.random_normal(K.shape(x)), x * 3.0), X), X * 3)


def forever(x):
    while True:
        x = x + 1.0
    return x


def deep(x, n=0):
    return deep(x, n + 1)


def squared(x):
    n = 10
    for _ in range(60):
        n = n * n
    return x * n


def doubled(x, items="ab"):
    for _ in range(60):
        items = items + items
    return x * len(items)


SHARED = np.zeros(4, "float32")


def written(x):
    SHARED[0] = 1.0
    return x + SHARED


def whole(x):
    counts = np.arange(4)
    counts *= 0.5
    return x * counts


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (forever, "steps"), (deep, "calls inside"), (squared, "1024 bits"), (doubled, "a sequence of"), (lambda x: x * 2**100000, "1024 bits"),
        (lambda x: x * len([0] * 10**12), "repeated"), (lambda x: x * len(list(range(10**12))), "items"), (lambda x: x * (1 << 10**9), "1024 bits"),
        (lambda x: x * np.zeros((10**6, 10**6)), "numpy.zeros"), (lambda x: x * np.arange(10**12)[0], "numpy.arange"),
        (lambda x: x * np.tile(np.ones(10), 10**9), "numpy.tile"), (lambda x: x * len("%1000000000d" % 1), "text that is made with %"),  # noqa: UP031
        (lambda x: x * len("{:>1000000000}".format("a")), "text that is made with format"),
        (lambda x: x * len(list(itertools.product(range(10), repeat=10))), "items"),
        (lambda x: x * len(list(itertools.product(range(10), repeat=10**9))), "at once"), (written, "read-only"), (whole, "changed in place"),
        (lambda x: x if x > 0 else -x, "depends on the numbers"), (lambda x: sum(row for row in x), "rows of a tensor"),
        (lambda x: open("/etc/passwd"), "open"), (lambda x: __import__("os").system("true"), "__import__"),  # noqa: SIM115
        (lambda x: eval("x"), "eval"), (lambda x: x.__class__, "__class__"), (lambda x: (1).__class__, "__class__"),
        (lambda x: getattr(x, "__class__"), "__class__"), (lambda x: "{0.__class__}".format(x), "format"),  # noqa: B009, UP030, UP032
        (lambda x: unknown(x), "unknown"), (lambda x: np.save("a", x), "numpy.save"),  # noqa: F821
        (lambda x: x + K.random_normal((2,)), "draws numbers"), (lambda x: np.random.rand() * x, "numpy.random.rand"), (lambda x: None, "NoneType"),
        (lambda x: print(x), "print"), (lambda x: x.tofile("y"), "tofile"), (lambda x: time.sleep(1), "time"),
        (lambda x: tf.io.read_file("/etc/passwd"), "read_file"), (lambda x: f"{x}", "text"), (lambda x, y: x, "without 'y'"),
    ],
)  # fmt: skip
def test_what_has_no_place_in_a_graph_is_refused_at_once(function, reason):
    start = time.process_time()
    with pytest.raises((LoweringError, ValueError), match=reason):
        lifted(function, X)
    assert time.process_time() - start < 5
