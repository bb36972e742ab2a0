"""Random numbers that a seed tells: the ops of `tf.random.stateless_*`, as Python calls.

Semantics: tensorflow/core/kernels/stateless_random_ops.cc, stateless_random_ops_v2.cc. The stream is that of TensorFlow's CPU kernels,
number by number; normal ones may differ in their last bits, as logarithms and sines do.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow import random_streams as streams
from loadstone.lowering.tensorflow.host_calls import Array, called
from loadstone.lowering.tensorflow.random_streams import Stream
from loadstone.lowering.tensorflow.symbols import Operand, alike, enter, known, lengths, tensor, tf

Draw = Callable[..., Array]
MOST = 1 << 31  # numbers at once


def _drawn(
    b: Builder, name: str, draw: Draw, of: Callable[..., Stream], shape: Operand, source: list[Value], further: list[Value], dtype: str
) -> Value:
    """Numbers of a shape: draw(stream, count, *further arrays)."""
    size, dims = tensor(b, shape), known(lengths(b, shape))

    def compute(wanted: Array, *arrays: Array) -> tuple[Array]:
        count = int(np.prod([int(d) for d in wanted.tolist()], dtype=object))
        if (wanted < 0).any() or count > MOST:
            raise ValueError(f"random numbers of shape {wanted.tolist()}")
        made = draw(of(*arrays[: len(source)]), count, *arrays[len(source) :])
        return (made.astype(dtypes.to_numpy(dtype)).reshape(wanted.tolist()),)

    return called(b, name, compute, [size, *source, *further], [(dims, dtype)])[0]


def _typed(draw: Draw, dtype: str) -> Draw:
    return lambda stream, count: draw(stream, count, dtype)


def _enter(name: str, draw: Draw, default: str) -> None:
    def by_seed(b: Builder, shape: Operand, seed: Operand, dtype: str = default) -> Value:
        return _drawn(b, name, _typed(draw, dtype), streams.of_seed, shape, [tensor(b, seed)], [], dtype)

    def by_key(b: Builder, shape: Operand, key: Operand, counter: Operand, alg: Operand, dtype: str = default) -> Value:
        return _drawn(b, name, _typed(draw, dtype), streams.of_key, shape, [tensor(b, v) for v in (key, counter, alg)], [], dtype)

    enter(by_seed, f"raw_ops.{name}")
    enter(by_key, f"raw_ops.{name}V2")


_enter("StatelessRandomUniform", streams.uniform, "float32")
_enter("StatelessRandomNormal", streams.normal, "float32")
_enter("StatelessTruncatedNormal", streams.truncated_normal, "float32")
_enter("StatelessRandomUniformFullInt", streams.whole, "uint64")


@tf("raw_ops.StatelessRandomUniformInt")
def uniform_int(b: Builder, shape: Operand, seed: Operand, minval: Operand, maxval: Operand) -> Value:
    """Integers from minval to below maxval."""
    bounds = alike(b, minval, maxval)
    return _drawn(b, "StatelessRandomUniformInt", streams.between, streams.of_seed, shape, [tensor(b, seed)], bounds, bounds[0].dtype)


@tf("raw_ops.StatelessRandomUniformIntV2")
def uniform_int_by_key(b: Builder, shape: Operand, key: Operand, counter: Operand, alg: Operand, minval: Operand, maxval: Operand) -> Value:
    """Integers from minval to below maxval."""
    bounds, source = alike(b, minval, maxval), [tensor(b, v) for v in (key, counter, alg)]
    return _drawn(b, "StatelessRandomUniformIntV2", streams.between, streams.of_key, shape, source, bounds, bounds[0].dtype)


@tf("raw_ops.StatelessMultinomial")
def multinomial(b: Builder, logits: Operand, num_samples: Operand, seed: Operand, output_dtype: str = "int64") -> Value:
    """Classes by their logits: (batch, classes) -> (batch, num_samples)."""
    x, count = tensor(b, logits), tensor(b, num_samples)
    if x.rank != 2:
        raise ModelError(f"classes by logits of shape {x.shape}")

    def compute(rows: Array, samples: Array, start: Array) -> tuple[Array]:
        if int(samples) < 0 or rows.shape[1] < 1 or len(rows) * int(samples) > MOST:
            raise ValueError(f"{int(samples)} classes of {rows.shape[1]} for each of {len(rows)} rows")
        return (streams.categorical(streams.of_seed(start), rows, int(samples)).astype(output_dtype),)

    results = [((x.shape[0], *known(lengths(b, [count]))), output_dtype)]
    return called(b, "StatelessMultinomial", compute, [x, count, tensor(b, seed)], results)[0]


@tf("raw_ops.StatelessShuffle")
def shuffle(b: Builder, value: Operand, key: Operand, counter: Operand, alg: Operand) -> Value:
    """The rows of x in another order."""
    x = tensor(b, value)

    def compute(rows: Array, *source: Array) -> tuple[Array]:
        return (rows[streams.shuffled(streams.of_key(*source), len(rows))] if rows.ndim else rows,)

    return called(b, "StatelessShuffle", compute, [x, *(tensor(b, v) for v in (key, counter, alg))], [(x.shape, x.dtype)])[0]


# -- keys -------------------------------------------------------------------------------------------------------------


def _keys(seed: Array) -> tuple[Array, Array]:
    stream = streams.of_seed(seed)
    return np.asarray([stream.key[0] | stream.key[1] << 32], np.uint64), np.asarray(stream.counter, np.uint64)


@tf("raw_ops.StatelessRandomGetKeyCounter")
def key_and_counter(b: Builder, seed: Operand) -> list[Value]:
    """Key and counter of a seed."""
    return called(b, "StatelessRandomGetKeyCounter", _keys, [tensor(b, seed)], [((1,), "uint64"), ((2,), "uint64")])


@tf("raw_ops.StatelessRandomGetKeyCounterAlg")
def key_counter_and_algorithm(b: Builder, seed: Operand) -> list[Value]:
    """Key and counter of a seed, and the number of the algorithm, Philox."""
    return [*key_and_counter(b, seed), b.const(1, "int32")]


@tf("raw_ops.StatelessRandomGetAlg")
def algorithm(b: Builder) -> Value:
    """The number of the algorithm: Philox."""
    return b.const(1, "int32")
