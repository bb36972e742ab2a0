"""One call on several threads: only what gives the same bits as on one, and only where that is worth it."""

import os
import platform
import threading

import numpy as np
import pytest

from loadstone.ir import Tensor
from loadstone.lowering.passes import cost, division
from loadstone.runtime import Executor, onnxruntime
from tests.lowering.programs import program, weight
from tests.runtime.test_executor import bits, in_child

THREADS = (2, 3, 4, 7, 16)
BATCHES = (1, 2, 3, 8)
blocked = pytest.mark.skipif(platform.machine().lower() not in onnxruntime._BLOCKED, reason="convolutions do not run on blocks of channels")
IMAGE = (None, 3, 37, 33)


@pytest.fixture
def any_size(monkeypatch):
    """As if threads were worth it for the smallest model."""
    monkeypatch.setattr(division, "WORTH", 0)


def conv(b, x, filters, side=3, group=1, pads=None, seed=0, bias=True, **options):
    channels = x.shape[1]
    kernel = weight(b, filters, channels // group, side, side, seed=seed)
    pads = [side // 2] * 4 if pads is None else pads
    biases = [weight(b, filters, seed=seed + 1)] if bias else []
    return b.Conv(x, kernel, *biases, pads=pads, group=group, **options)


def normed(b, x, seed=5):
    scale, shift, mean = (weight(b, x.shape[1], seed=seed + k) for k in range(3))
    variance = b.weight(Tensor.of(np.random.default_rng(seed).uniform(0.5, 2, x.shape[1]), "float32"))
    return b.op("BatchNormalization", x, scale, shift, mean, variance)


def swish(b, x):
    return b.Mul(x, b.Sigmoid(x))


def head(b, x, units=77):
    y = b.ReduceMean(x, b.ints([2, 3]), keepdims=0)
    return b.Softmax(b.Add(b.MatMul(y, weight(b, y.shape[1], units)), weight(b, units)), axis=-1)


def plain(b, x):
    y = b.Relu(conv(b, x, 16))
    y = b.Relu(conv(b, y, 24, strides=[2, 2], pads=[0, 0, 1, 1]))
    y = conv(b, y, 300, 1)
    y = b.MaxPool(y, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 2])
    return head(b, y), y


def depthwise(b, x):
    y = b.Clip(conv(b, x, 16, strides=[2, 2]), 0.0, 6.0)
    y = b.Clip(conv(b, y, 16, group=16, bias=False), 0.0, 6.0)
    z = conv(b, conv(b, y, 96, 1), 96, 5, group=96, pads=[1, 1, 2, 2])
    return conv(b, z, 20, 1), b.Add(conv(b, y, 16, 1), y)


def squeezed(b, x):
    y = swish(b, conv(b, x, 240, strides=[2, 2]))
    s = b.GlobalAveragePool(y)
    s = b.Sigmoid(conv(b, swish(b, conv(b, s, 10, 1)), 240, 1))  # from 10 channels: a product, of few numbers
    return head(b, b.Mul(y, s))


def hourglass(b, x):
    top = b.Relu(conv(b, b.Relu(conv(b, x, 16)), 16))
    y = b.MaxPool(top, kernel_shape=[2, 2], strides=[2, 2])
    y = b.Relu(conv(b, y, 48))
    y = b.op("ConvTranspose", y, weight(b, 48, 16, 2, 2), weight(b, 16), strides=[2, 2], output_padding=[1, 1])
    y = b.Relu(conv(b, b.Concat(top, y, axis=1), 16))
    return b.Sigmoid(conv(b, y, 1, 1))


def resized(b, x):
    y = b.MaxPool(b.Relu(conv(b, x, 16)), kernel_shape=[2, 2], strides=[2, 2])
    scales = b.const(np.array([1, 1, 2, 2], np.float32))
    near, line = (
        b.op("Resize", y, None, scales, mode=mode, coordinate_transformation_mode=how, nearest_mode="floor")
        for mode, how in (("nearest", "asymmetric"), ("linear", "half_pixel"))
    )
    return conv(b, b.Concat(near, line, axis=1), 8)


def normalised(b, x):
    first = normed(b, x)
    y = b.Relu(normed(b, conv(b, first, 16, bias=False)))
    y = normed(b, y, seed=9)
    return conv(b, b.AveragePool(y, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]), 30), y


def residual(b, x):
    y = conv(b, x, 64, 7, strides=[2, 2], pads=[3, 3, 3, 3])
    z = b.Relu(conv(b, b.Relu(conv(b, y, 32, 1)), 32, dilations=[2, 2], pads=[2, 2, 2, 2]))
    return head(b, b.Relu(b.Add(conv(b, z, 64, 1), y)))


def grouped(b, x):
    y = conv(b, x, 32)
    return conv(b, y, 64, group=2), b.Concat(conv(b, y, 12, 1), b.MaxPool(y, kernel_shape=[3, 3], pads=[1, 1, 1, 1]), conv(b, y, 7), axis=1)


def activations(b, x):
    y = conv(b, x, 21)
    slopes = weight(b, 21, 1, 1)
    return [
        b.op("PRelu", y, slopes),
        *(b.op(kind, y) for kind in ("LeakyRelu", "Tanh", "HardSigmoid", "HardSwish", "Sigmoid", "Erf", "Gelu")),
    ]


def next_to_attention(b, x):
    y = conv(b, x, 32, 4, strides=[4, 4], pads=[0, 0, 0, 0])
    z = b.transpose(conv(b, y, 32, 7, group=32), [0, 2, 3, 1])
    z = b.op("LayerNormalization", z, weight(b, 32), weight(b, 32, seed=1), axis=-1)
    z = b.MatMul(b.op("Gelu", b.Add(b.MatMul(z, weight(b, 32, 128)), weight(b, 128))), weight(b, 128, 32))
    return b.Add(y, b.transpose(z, [0, 3, 1, 2]))


def line(b, x):
    y = b.Relu(b.Conv(b.reshape(x, [-1, 3, 1, 37 * 33]), weight(b, 20, 3, 1, 5), weight(b, 20), pads=[0, 2, 0, 2]))
    return b.ReduceMax(y, b.ints([2, 3]), keepdims=0)


NETS = [plain, depthwise, squeezed, hourglass, resized, normalised, residual, grouped, activations, next_to_attention, line]


def images(rows):
    return np.random.default_rng(rows).standard_normal((rows, *IMAGE[1:])).astype(np.float32)


@blocked
@pytest.mark.parametrize("net", NETS)
def test_several_threads_give_the_bits_of_one(net, any_size):
    made = program(net, (IMAGE, "float32"))
    assert made.steps[0].divisible
    one = Executor(made, threads=1)
    expected = [bits(one._process().run([images(rows)])) for rows in BATCHES]
    for threads in THREADS:
        executor = Executor(made, threads=threads)
        assert executor._process()._compiled[id(made.steps[0])].divides
        assert [bits(executor._process().run([images(rows)])) for rows in BATCHES] == expected
        executor.close()


@blocked
def test_a_not_a_number_stays_where_it_is(any_size):
    made = program(activations, (IMAGE, "float32"))
    x = images(1)
    x[0, 1, ::5, ::7] = np.nan, np.inf, -np.inf, 0, 1e-42
    assert bits(Executor(made, threads=7).run([x])) == bits(Executor(made, threads=1).run([x]))


@blocked
@pytest.mark.parametrize("channels", [*range(1, 33), 40, 60])
@pytest.mark.parametrize("filters", [1, 5, 16, 20])
def test_convolutions_of_any_width(channels, filters, any_size):
    """Those that run as products of matrices are not divided."""
    made = program(lambda b, x: conv(b, x, filters), ((None, channels, 19, 23), "float32"))
    small = filters * channels * 9 * 19 * 23 < 1 << 16 and channels * 9 <= 128
    assert made.steps[0].divisible == (channels < 8 or channels % 4 == 0 or small)
    x = np.random.default_rng(0).standard_normal((1, channels, 19, 23)).astype(np.float32)
    assert bits(Executor(made, threads=5).run([x])) == bits(Executor(made, threads=1).run([x]))


TRANSPOSED = [
    (128, 16, 23, True),  # all channels at once
    (256, 64, 16, True),  # more rows than places
    (256, 64, 36, True),  # many places for each thread
    (256, 64, 32, False),
    (256, 16, 9, False),
    (128, 4, 9, False),  # a thread may get a single row
]


@blocked
@pytest.mark.parametrize(("channels", "filters", "side", "stable"), TRANSPOSED)
def test_transposed_convolutions(channels, filters, side, stable, any_size):
    def build(b, x):
        return b.op("ConvTranspose", x, weight(b, channels, filters, 2, 2), strides=[2, 2])

    made = program(build, ((None, channels, side, side), "float32"))
    assert made.steps[0].divisible == stable
    x = np.random.default_rng(0).standard_normal((1, channels, side, side)).astype(np.float32)
    expected = bits(Executor(made, threads=1).run([x]))
    assert all(bits(Executor(made, threads=threads).run([x])) == expected for threads in THREADS)


@blocked
@pytest.mark.parametrize("units", [1, 17, 65, 1000])
@pytest.mark.parametrize("n", [64, 513, 2000])
def test_products_with_packed_matrices(n, units, any_size):
    made = program(lambda b, x: b.Add(b.MatMul(x, weight(b, n, units)), weight(b, units)), ((None, None, n), "float32"))
    assert (made.steps[0].divisible, made.steps[0].packed) == (True, True)
    for rows in (1, 2, 50):
        x = np.random.default_rng(rows).standard_normal((rows, 3, n)).astype(np.float32)
        expected = bits(Executor(made, threads=1)._process().run([x]))
        assert all(bits(Executor(made, threads=threads)._process().run([x])) == expected for threads in THREADS)


@blocked
def test_matrices_that_are_not_packed_are_divided_for_single_rows_alone(any_size, monkeypatch):
    monkeypatch.setattr(onnxruntime, "PREPACK_LIMIT", 0)
    monkeypatch.setattr(cost, "CHUNK", 0)
    monkeypatch.setattr(cost, "REUSE", 0)

    def dense(b, x):
        return b.Add(b.MatMul(x, weight(b, 1500, 1000)), weight(b, 1000))

    assert not divides(Executor(program(dense, ((None, 4, 1500), "float32")), threads=2))
    made = program(dense, ((None, 1500), "float32"))
    assert made.sharding.rows == 1
    x = np.random.default_rng(0).standard_normal((1, 1500)).astype(np.float32)
    expected = bits(Executor(made, threads=1).run([x]))
    for threads in THREADS:
        executor = Executor(made, threads=threads)
        assert divides(executor)
        assert bits(executor.run([x])) == expected


def divides(executor):
    return any(compiled.divides for compiled in executor._process()._compiled.values())


OTHERS = {
    "packets and single elements differ": lambda b, x: b.op("Softplus", conv(b, x, 16)),
    "no packed matrix": lambda b, x: b.MatMul(conv(b, x, 16), b.transpose(conv(b, x, 16), [0, 1, 3, 2])),
    "a computed kernel": lambda b, x: b.Conv(conv(b, x, 1), b.Neg(b.ReduceMean(conv(b, x, 16), b.ints([0, 1]), keepdims=1))),
    "few channels a group": lambda b, x: conv(b, conv(b, x, 16), 16, group=4),
    "several filters a channel": lambda b, x: conv(b, conv(b, x, 16), 32, group=16),
    "a mean that is not over planes": lambda b, x: b.ReduceMean(conv(b, x, 16), b.ints([1]), keepdims=0),
    "a mean whose axes a transpose changes": lambda b, x: b.ReduceMean(
        b.transpose(conv(b, x, 16), [0, 2, 3, 1]), b.ints([2, 3]), keepdims=0
    ),
    "other numbers": lambda b, x: b.Sigmoid(b.cast(x, "float64")),
    "no op of onnxruntime": lambda b, x: b.host("same", lambda a: (a,), [conv(b, x, 16)], [((None, 16, 37, 33), "float32")])[0],
}


@pytest.mark.parametrize("name", sorted(set(OTHERS) - {"no op of onnxruntime"}))
def test_what_may_change_bits_is_not_divided(name, any_size):
    made = program(OTHERS[name], (IMAGE, "float32"))
    assert not made.steps[0].divisible
    assert not divides(Executor(made, threads=4))


@blocked
def test_what_lies_between_python_calls_is_divided_by_itself(any_size):
    made = program(OTHERS["no op of onnxruntime"], (IMAGE, "float32"))
    assert made.steps[0].divisible
    assert bits(Executor(made, threads=4).run([images(3)])) == bits(Executor(made, threads=1).run([images(3)]))


def test_a_short_call_is_not_divided():
    assert not program(plain, (IMAGE, "float32")).steps[0].divisible


# -- which session ------------------------------------------------------------------------------------------------------------


def sessions(executor):
    """The sessions of the first segment that exist, by whether they have several threads."""
    (compiled,) = executor._process()._compiled.values()
    return sorted(compiled._sessions)


@pytest.fixture
def made(any_size):
    made = program(plain, (IMAGE, "float32"))
    made.sharding = type(made.sharding)(1, 1e9)
    return made


@blocked
def test_a_session_is_made_when_it_is_needed(made):
    executor = Executor(made, threads=4)
    assert sessions(executor) == [True]
    expected = bits(executor.run([images(2)]))  # few rows: one after the other
    assert sessions(executor) == [True]
    executor.predict([images(8)])
    assert sessions(executor) == [False, True]
    assert bits(executor.predict([images(2)])) == expected == bits(Executor(made, threads=1).predict([images(2)]))


def test_one_thread_needs_one_session(made):
    executor = Executor(made, threads=1)
    executor.run([images(1)])
    executor.predict([images(8)])
    assert sessions(executor) == [False]


@blocked
def test_callers_at_the_same_time_get_the_same_bits(made):
    one, executor = Executor(made, threads=1), Executor(made, threads=3)
    expected = {rows: bits(one.predict([images(rows)])) for rows in (1, 5)}
    found = []

    def call(rows):
        found.extend(bits(executor.predict([images(rows)])) == expected[rows] for _ in range(5))

    callers = [threading.Thread(target=call, args=(rows,)) for rows in (1, 5) * 4]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == [True] * 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("before", [(), (1,), (8,), (1, 8)])
def test_a_forked_child_predicts_with_threads_of_its_own(made, before):
    executor = Executor(made, threads=3)
    expected = {rows: bits(Executor(made, threads=1).predict([images(rows)])) for rows in (1, 8)}
    for rows in before:
        executor.predict([images(rows)])
    assert in_child(lambda: all(bits(executor.predict([images(rows)])) == expected[rows] for rows in (1, 8))) == b"1"
    assert bits(executor.predict([images(1)])) == expected[1]
