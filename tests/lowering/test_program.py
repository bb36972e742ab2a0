"""Blocks are cut where Python has to step in, and nowhere else."""

import numpy as np
import pytest

from loadstone.errors import UnsupportedOps
from loadstone.ir.program import Branch, HostCall, Segment
from loadstone.runtime import Executor
from tests.lowering.programs import program, weight

INPUT = ((None, 4), "float32")


def call(b, *values):
    return b.host("call", lambda *arrays: (sum(arrays),), list(values), [((None, 4), "float32")])[0]


def kinds(made):
    return ["host" if isinstance(step, HostCall) else sorted(step.kinds) for step in made.steps]


def test_a_block_without_python_is_one_segment():
    made = program(lambda b, x: b.Relu(b.MatMul(x, weight(b, 4, 4))), INPUT)
    assert kinds(made) == [["MatMul", "Relu"]]
    assert made.steps[0].weights == {}


def test_ops_go_into_the_earliest_segment_that_has_their_inputs():
    def build(b, x):
        before = b.Neg(x)
        middle = call(b, before)
        early = b.Abs(x)  # does not wait for the call
        return b.Add(middle, early)

    made = program(build, INPUT)
    assert kinds(made) == [["Abs", "Neg"], "host", ["Add"]]


def test_calls_that_wait_for_each_other_alternate_with_segments():
    def build(b, x):
        return b.Neg(call(b, b.Abs(call(b, x)), x))

    made = program(build, INPUT)
    assert kinds(made) == ["host", ["Abs"], "host", ["Neg"]]
    x = np.array([[1.0, -2.0, 3.0, 0.0]], np.float32)
    np.testing.assert_array_equal(Executor(made).run([x])[0], -(np.abs(x) + x))


def test_what_nobody_needs_is_dropped():
    def build(b, x):
        b.Det(b.reshape(x, [-1, 2, 2]))
        call(b, x)
        return b.Neg(x)

    assert kinds(program(build, INPUT)) == [["Neg"]]


def test_values_that_bodies_use_are_inputs_of_the_segment():
    def build(b, x):
        y = call(b, x)
        yes, no = b.inner(), b.inner()
        yes.block.outputs, no.block.outputs = [yes.Neg(y)], [no.Abs(x)]
        return b.op("If", b.Greater(b.ReduceSum(x, keepdims=0), 0.0), then_branch=yes.block, else_branch=no.block)

    made = program(build, INPUT)
    x = np.ones((2, 4), np.float32)
    np.testing.assert_array_equal(Executor(made).run([x])[0], -x)
    np.testing.assert_array_equal(Executor(made).run([-x])[0], x)


def test_control_flow_around_python_is_a_step_of_its_own():
    def build(b, x):
        yes, no = b.inner(), b.inner()
        with b.scope("custom"):
            yes.block.outputs, no.block.outputs = [call(yes, x)], [no.Abs(x)]
        return b.op("If", b.Greater(b.ReduceSum(x, keepdims=0), 0.0), then_branch=yes.block, else_branch=no.block)

    made = program(build, INPUT)
    assert any(isinstance(step, Branch) for step in made.steps)
    for x in (np.ones((3, 4), np.float32), -np.ones((3, 4), np.float32)):
        np.testing.assert_array_equal(Executor(made).run([x])[0], x if x.sum() > 0 else np.abs(x))


def test_a_scan_around_python_is_refused_with_its_place():
    def build(b, x):
        body = b.inner()
        row = body.input("row", (4,), "float32")
        with b.scope("custom"):
            body.block.outputs = [call(body, row)]
            return b.op("Scan", x, body=body.block, num_scan_inputs=1)

    with pytest.raises(UnsupportedOps, match="Scan around a Python call at custom"):
        program(build, INPUT)


def test_an_output_may_be_an_input_or_a_constant():
    made = program(lambda b, x: [x, b.const(np.float32(2))], INPUT)
    assert made.steps == []
    x, two = Executor(made).run([np.ones((3, 4), np.float32)])
    assert x.shape == (3, 4)
    assert two == 2


def test_a_segment_says_what_is_inside():
    def build(b, x):
        with b.scope("block/dense"):
            return b.cast(b.MatMul(x, weight(b, 4, 4)), "int32")

    segment = program(build, INPUT).steps[0]
    assert isinstance(segment, Segment)
    assert segment.kinds == {"MatMul", "Cast"}
    assert segment.dtypes == {"float32", "int32"}
    assert set(segment.origins.values()) == {"block/dense"}
