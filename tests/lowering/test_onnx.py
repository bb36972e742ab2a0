"""What the encoder writes, the engine reads as it was meant."""

import numpy as np
import pytest

from loadstone.ir import Tensor
from loadstone.ir.program import External
from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.onnx import INLINE, INLINE_KNOWN, _raw, encode_model, weights_of
from tests.lowering.programs import run, weight

X = np.array([[1.0, -2.0], [3.0, 4.0]], np.float32)


def test_branches_use_values_and_constants_of_the_graph_outside():
    def build(b, x):
        yes, no = b.inner(), b.inner()
        yes.block.outputs = [yes.Add(x, weight(b, 1, 2)), x]
        no.block.outputs = [weight(b, 1, 2), no.Neg(x)]
        first, second = b.ops("If", b.Greater(b.ReduceSum(x, keepdims=0), 0.0), outputs=2, then_branch=yes.block, else_branch=no.block)
        return first, second

    added, same = run(build, X)
    np.testing.assert_array_equal(same, X)
    constant, negated = run(build, -X)
    np.testing.assert_array_equal(negated, X)
    np.testing.assert_allclose(added - X, np.repeat(constant, 2, 0), rtol=1e-4)


def test_bodies_in_bodies_may_hand_on_the_same_outer_value():
    def build(b, x):
        yes = b.inner()
        inner_yes, inner_no = yes.inner(), yes.inner()
        inner_yes.block.outputs = [x, x]
        inner_no.block.outputs = [x, inner_no.Neg(x)]
        results = yes.ops("If", yes.const(np.array(True)), outputs=2, then_branch=inner_yes.block, else_branch=inner_no.block)
        yes.block.outputs = [*results, x]
        no = b.inner()
        no.block.outputs = [x, x, x]
        return b.ops("If", b.Greater(b.ReduceSum(x, keepdims=0), 0.0), outputs=3, then_branch=yes.block, else_branch=no.block)

    for result in run(build, X):
        np.testing.assert_array_equal(result, X)


def test_a_loop_carries_values_and_stacks_others():
    def build(b, x):
        body = b.inner()
        turn, go = body.input("turn", (), "int64"), body.input("go", (), "bool")
        total = body.input("total", (2,), "float32")
        row = body.Gather(x, turn, axis=0)
        after = body.Add(total, row)
        body.block.outputs = [body.op("Identity", go), after, after]
        return b.ops("Loop", b.const(np.int64(2)), b.const(np.array(True)), b.const(np.zeros(2, np.float32)), outputs=2, body=body.block)

    last, every = run(build, X)
    np.testing.assert_array_equal(last, X.sum(0))
    np.testing.assert_array_equal(every, X.cumsum(0))


def test_a_scan_runs_along_the_first_axis():
    def build(b, x):
        body = b.inner()
        before, row = body.input("before", (2,), "float32"), body.input("row", (2,), "float32")
        after = body.Add(body.Mul(before, 2.0), row)
        body.block.outputs = [after, body.Neg(after)]
        return b.ops("Scan", b.const(np.zeros(2, np.float32)), x, outputs=2, body=body.block, num_scan_inputs=1)

    last, every = run(build, X)
    np.testing.assert_array_equal(last, [5, 0])
    np.testing.assert_array_equal(every, [[-1, 2], [-5, 0]])


def test_outputs_that_no_node_makes():
    x, twice, constant = run(lambda b, v: [v, v, b.const(np.float32(3))], X)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(twice, X)
    assert constant == 3


def test_optional_inputs_are_left_out_in_the_middle_and_at_the_end():
    low, high = run(lambda b, x: [b.Clip(x, 0.0, None), b.Clip(x, None, 0.0)], X)
    np.testing.assert_array_equal(low, np.maximum(X, 0))
    np.testing.assert_array_equal(high, np.minimum(X, 0))


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]
)
def test_constants_of_every_type_inside_the_model(dtype):
    values = np.array([[0, 1, 100]]).astype(dtype)
    (y,) = run(lambda b, x: b.Gather(b.const(values, dtype), x, axis=1), np.array([2, 0, 1]))
    np.testing.assert_array_equal(y, values[:, [2, 0, 1]])
    assert y.dtype == values.dtype


def test_values_of_four_bits_share_bytes():
    import ml_dtypes

    assert _raw(np.array([1, -1, 3], ml_dtypes.int4), "int4") == b"\xf1\x03"
    assert _raw(np.array([15, 2], ml_dtypes.uint4), "uint4") == b"\x2f"


def test_strings_keep_their_bytes_in_a_segment_and_their_text_in_a_model():
    block = Block()
    block.outputs = [Value("s", (1,), "string", Tensor.of(np.array(["é".encode()], object), "string"))]
    assert "é".encode() in encode_model(block, lambda name, tensor: None)
    assert "é".encode().decode("latin-1").encode() in encode_model(block, lambda name, tensor: None, segment=True)


def test_attributes_of_every_kind_come_back():
    def build(b, x):
        pooled = b.op("AveragePool", b.unsqueeze(x, 0, 1), kernel_shape=[1, 2], auto_pad="VALID")
        filled = b.op("ConstantOfShape", b.Shape(x), value=Tensor.of(np.array([7], np.float32)))
        return pooled, b.LeakyRelu(x, alpha=0.5), filled

    pooled, leaky, filled = run(build, X)
    np.testing.assert_array_equal(pooled.ravel(), X.mean(1))
    np.testing.assert_array_equal(leaky, np.where(X < 0, X / 2, X))
    np.testing.assert_array_equal(filled, np.full_like(X, 7))


def test_a_list_with_one_float_is_a_list_of_floats():
    b = Builder()
    x = b.input("x", (2, 1, 4), "float32")
    y = Value("y", (2, 1, 1, 3), "float32")
    options = {"hidden_size": 3, "activations": ["HardSigmoid", "Tanh", "Tanh"], "activation_alpha": [1, 0.5], "activation_beta": [0.25]}
    block = Block([Op("LSTM", [x, weight(b, 1, 12, 4), weight(b, 1, 12, 3)], [y], options)], [x], [y])
    assert b"\x00\x00\x80?" in encode_model(block, lambda name, tensor: None)  # 1.0, not the integer 1


def test_names_from_a_file_may_hold_anything():
    def build(b, x):
        with b.scope("a\ud800b/é\n#'"):
            return b.Neg(x)

    np.testing.assert_array_equal(run(build, X)[0], -X)


def test_where_weights_lie_is_asked_once_each_and_never_for_small_ones():
    asked = []
    b = Builder()
    x = b.input("x", (None, 300), "float32")
    big, small = weight(b, 300, 4), weight(b, 4)
    indices = b.const(np.zeros(INLINE_KNOWN // 8, np.int64))
    lazy = b.weight(Tensor.lazy((INLINE,), "int64", lambda: np.zeros(INLINE, np.int64), key="lazy"))
    y = b.Add(b.MatMul(x, big), small)
    picked = b.Gather(b.MatMul(x, big), indices, axis=0)
    b.block.outputs = [y, picked, b.Gather(y, lazy, axis=0)]

    def place(name, tensor):
        asked.append(name)
        return External("memory", 0, tensor.nbytes)

    encode_model(b.block, place)
    assert asked == ["w0", "lazy"] == list(weights_of(b.block))


def test_bfloat16_crosses_the_border_of_a_segment_as_float32():
    import ml_dtypes

    x = np.array([1.5, 2.5], ml_dtypes.bfloat16)
    handed, y = run(lambda b, v: [v, b.Neg(v)], x)
    assert handed.dtype == y.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(y.astype(np.float32), [-1.5, -2.5])
