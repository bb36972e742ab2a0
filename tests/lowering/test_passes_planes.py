"""Convolutions along a line, computed as those of a plane: the same numbers, and one region without anything between."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from loadstone.ir import Spec
from loadstone.ir.program import Segment
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import finish, optimize
from loadstone.lowering.passes.planes import lines_as_planes
from loadstone.lowering.program import assemble
from loadstone.runtime import Executor

RANDOM = np.random.default_rng(0)


def kernel(b: Builder, filters: int, channels: int, width: int) -> Value:
    return b.const(RANDOM.standard_normal((filters, channels, width)).astype(np.float32) * 0.1)


def conv(b: Builder, x: Value, filters: int, width: int = 3, **attributes: object) -> Value:
    channels = (x.shape[1] or 0) // int(attributes.get("group", 1))  # type: ignore[call-overload]
    return b.op("Conv", x, kernel(b, filters, channels, width), b.const(RANDOM.standard_normal(filters).astype(np.float32)), **attributes)


def deep(b: Builder, x: Value) -> list[Value]:
    y = b.Relu(conv(b, x, 32, pads=[2, 0], strides=[2]))
    y = b.op("MaxPool", y, kernel_shape=[2], strides=[2])
    z = conv(b, y, 32, dilations=[2], pads=[2, 2])
    return [b.ReduceMean(b.Relu(b.Add(y, z)), b.ints([2]), keepdims=0)]


def depthwise(b: Builder, x: Value) -> list[Value]:
    y = conv(b, conv(b, x, 16), 16, group=16)
    return [b.op("AveragePool", y, kernel_shape=[3], strides=[1], pads=[1, 1])]


def constants(b: Builder, x: Value) -> list[Value]:
    y = conv(b, x, 16)
    for shape in ((1, 16, 1), (16, 1), (1,), ()):
        y = b.Mul(y, b.const(RANDOM.random(shape).astype(np.float32)))
    return [b.Sub(y, b.const(RANDOM.random(30).astype(np.float32)))]


def branches(b: Builder, x: Value) -> list[Value]:
    y = conv(b, x, 16, pads=[1, 1])
    joined = b.op("Concat", y, x, axis=1)
    rows = b.op("Concat", y, conv(b, y, 16), axis=2)
    return [joined, rows, b.ReduceMax(rows, b.ints([-1]), keepdims=1)]


def left(b: Builder, x: Value) -> list[Value]:
    """What needs the line: a transpose, a product, an op with another tensor of two axes."""
    y = conv(b, x, 16, pads=[1, 1])
    turned = b.transpose(y, (0, 2, 1))
    return [b.MatMul(turned, b.const(np.eye(16, dtype=np.float32))), y, b.ReduceSum(y, b.ints([1]), keepdims=0)]


def given(b: Builder, x: Value) -> list[Value]:
    y = conv(b, x, 16, pads=[1, 1])
    total = b.ReduceMean(x, b.ints([1, 2]), keepdims=1)
    return [b.Mul(y, total), b.Where(b.Greater(y, 0.1), y, total)]


def elsewhere(b: Builder, x: Value) -> list[Value]:
    """A constant that meets a line, and is used where there is none."""
    rows = b.const(RANDOM.random((16, 32)).astype(np.float32))
    line = b.Mul(conv(b, x, 16, pads=[1, 1]), rows)
    number = b.ReduceMax(x, b.ints([0, 1, 2]), keepdims=0)
    other = b.Relu(b.ReduceMax(x, b.ints([0]), keepdims=0))
    return [line, b.Mul(rows, number), b.op("Concat", rows, other, axis=-2), b.op("Concat", rows, b.Mul(rows, number), axis=-1)]


@pytest.mark.parametrize("net", [deep, depthwise, constants, branches, left, given, elsewhere])
@pytest.mark.parametrize("channels", [3, 16])
def test_the_numbers_are_the_same(net, channels) -> None:
    found = []
    for planes in (True, False):
        global RANDOM
        RANDOM = np.random.default_rng(5)
        b = Builder()
        x = b.input("x", (None, channels, 32), "float32")
        outputs = net(b, x)
        optimize(b, outputs)
        if planes:
            lines_as_planes(b, outputs)
            assert any(op.kind == "Conv" and op.inputs[0].rank == 4 for op in b.block.ops)
        specs = [(Spec(v.name, v.shape, v.dtype), v) for v in (x, *outputs)]
        program = assemble(b, specs[:1], specs[1:], list(range(len(outputs))))
        found.append(Executor(program, threads=1).run([np.random.default_rng(1).random((3, channels, 32), np.float32)]))
    for one, other in zip(*found, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def kinds(net, channels: int = 16) -> Counter[str]:
    b = Builder()
    x = b.input("x", (None, channels, 32), "float32")
    outputs = net(b, x)
    specs = [(Spec(v.name, v.shape, v.dtype), v) for v in (x, *outputs)]
    program = finish(b, specs[:1], specs[1:], list(range(len(outputs))))
    assert all(isinstance(step, Segment) for step in program.steps)
    return Counter(op.kind for op in b.block.ops)


def test_a_region_is_entered_once_and_left_by_what_it_is_reduced_to() -> None:
    found = kinds(deep)
    assert found["Unsqueeze"] == 1
    assert found["Squeeze"] == 0


def test_filters_that_do_not_fill_a_block_stay_on_the_line() -> None:
    assert kinds(lambda b, x: [conv(b, x, 20)])["Unsqueeze"] == 0
    assert kinds(lambda b, x: [conv(b, x, 32)], channels=20)["Unsqueeze"] == 0


def test_a_mean_whose_axes_come_back_is_a_pool() -> None:
    def net(b: Builder, x: Value) -> list[Value]:
        mean = b.ReduceMean(x, b.ints([2, 3]), keepdims=0)
        return [b.op("Conv", b.reshape(mean, [-1, 16, 1, 1]), b.const(RANDOM.random((4, 16, 1, 1)).astype(np.float32)))]

    found = []
    data = np.random.default_rng(1).random((3, 16, 5, 7), np.float32)
    for passes in (True, False):
        global RANDOM
        RANDOM = np.random.default_rng(5)
        b = Builder()
        x = b.input("x", (None, 16, 5, 7), "float32")
        outputs = net(b, x)
        specs = [(Spec(v.name, v.shape, v.dtype), v) for v in (x, *outputs)]
        program = (finish if passes else assemble)(b, specs[:1], specs[1:], 0)
        if passes:
            assert [op.kind for op in b.block.ops] == ["GlobalAveragePool", "Conv"]
        found.append(Executor(program, threads=1).run([data])[0])
    np.testing.assert_allclose(*found, rtol=1e-5)


@pytest.mark.parametrize("shape", [[-1, 1, 16, 1], [-1, 16], [-1, 16, 1]])
def test_a_mean_in_another_shape_is_none(shape) -> None:
    b = Builder()
    x = b.input("x", (None, 16, 5, 7), "float32")
    y = b.Relu(b.reshape(b.ReduceMean(x, b.ints([2, 3]), keepdims=0), shape))
    specs = [(Spec(v.name, v.shape, v.dtype), v) for v in (x, y)]
    finish(b, specs[:1], specs[1:], 0)
    assert "GlobalAveragePool" not in {op.kind for op in b.block.ops}
