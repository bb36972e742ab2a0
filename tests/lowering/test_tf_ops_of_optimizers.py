"""Ops that TensorFlow's graph optimizer or a GPU alone can run, against what they stand for."""

import numpy as np
import pytest

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Module, Node
from loadstone.lowering.builder import Builder
from loadstone.lowering.program import keep_needed
from loadstone.lowering.tensorflow.lower import lower_graph  # noqa: F401 - fills the table
from loadstone.lowering.tensorflow.raw import call_raw
from loadstone.lowering.tensorflow.walk import GraphWalk
from tests.lowering.programs import run

IMAGE = np.random.default_rng(0).standard_normal((2, 5, 6, 4), np.float32)
KERNEL = np.random.default_rng(1).standard_normal((3, 2, 4, 3), np.float32)
DEEP = np.random.default_rng(2).standard_normal((3, 2, 4, 1), np.float32)
VECTORS = [np.random.default_rng(seed).random(3, np.float32) + 0.5 for seed in range(4)]
HOW = {"strides": [1, 1, 1, 1], "padding": "SAME", "data_format": "NHWC"}
REST = {"epsilon": 0.01, "leakyrelu_alpha": 0.3}


def op(b, name, *inputs, **attributes):
    return call_raw(b, name, inputs, attributes)[0]


def node(b, name, *inputs, **attributes):
    """One node by its rule of the walk."""
    module = Module(lambda name: None, lambda name: {}, frozenset(), lambda inputs, outputs: None)
    walk = GraphWalk(b, module)
    results = walk.call(Node("tf", name, name, attributes=attributes), list(inputs))
    walk.raise_problems(results or [None])
    return results[0]


def after(b, y, names, args, data_format="NHWC"):
    """What stands after the first op, one by one."""
    for name in names:
        if name == "BiasAdd":
            y = op(b, "BiasAdd", y, args.pop(0), data_format=data_format)
        elif name == "FusedBatchNorm":
            taken, args = args[:4], args[4:]
            y = op(b, "FusedBatchNormV3", y, *taken, epsilon=0.01, is_training=False, data_format=data_format)
        elif name == "Add":
            y = op(b, "AddV2", y, args.pop(0))
        elif name == "LeakyRelu":
            y = op(b, "LeakyRelu", y, alpha=0.3)
        else:
            y = op(b, name, y)
    return y


CHAINS = [
    ["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Relu6"], ["BiasAdd", "Elu"], ["BiasAdd", "LeakyRelu"], ["BiasAdd", "Tanh"],
    ["BiasAdd", "Sigmoid"], ["FusedBatchNorm"], ["FusedBatchNorm", "Relu"], ["BiasAdd", "Add"], ["BiasAdd", "Add", "Relu"],
]  # fmt: skip


def operands(names, side):
    vectors = list(VECTORS)
    return [v for name in names for v in {"BiasAdd": vectors[:1], "FusedBatchNorm": vectors, "Add": [side]}.get(name, [])]


@pytest.mark.parametrize("names", CHAINS, ids="_".join)
def test_fused_convolutions_are_their_parts(names):
    args = operands(names, np.ones((2, 5, 6, 3), np.float32))

    def build(b, x, *args):
        kernel = b.const(KERNEL)
        fused = node(b, "_FusedConv2D", x, kernel, *args, fused_ops=names, num_args=len(args), **HOW, **REST)
        return fused, after(b, op(b, "Conv2D", x, kernel, **HOW), names, list(args))

    fused, parts = run(build, IMAGE, *args)
    np.testing.assert_allclose(fused, parts, rtol=1e-5, atol=1e-5)


def test_fused_convolutions_of_channels_first():
    how = {"strides": [1, 1, 1, 1], "padding": "SAME", "data_format": "NCHW"}
    names = ["BiasAdd", "Relu"]

    def build(b, x, bias):
        turned = b.const(KERNEL.transpose(3, 2, 0, 1))
        fused = node(b, "_FusedConv2D", x, turned, bias, fused_ops=names, num_args=1, filter_format="OIHW", **how, **REST)
        return fused, after(b, op(b, "Conv2D", x, b.const(KERNEL), **how), names, [bias], "NCHW")

    fused, parts = run(build, IMAGE.transpose(0, 3, 1, 2), VECTORS[0])
    np.testing.assert_allclose(fused, parts, rtol=1e-5, atol=1e-5)


def test_fused_convolutions_of_unknown_parts_are_refused():
    with pytest.raises(UnsupportedAttribute, match="Softplus"):
        run(lambda b, x: node(b, "_FusedConv2D", x, b.const(KERNEL), fused_ops=["Softplus"], num_args=0, **HOW), IMAGE)


@pytest.mark.parametrize("names", [["BiasAdd"], ["BiasAdd", "Relu6"]], ids="_".join)
def test_fused_depthwise_convolutions_are_their_parts(names):
    def build(b, x, bias):
        kernel = b.const(DEEP)
        fused = op(b, "_FusedDepthwiseConv2dNative", x, kernel, bias, fused_ops=names, num_args=1, **HOW, **REST)
        return fused, after(b, op(b, "DepthwiseConv2dNative", x, kernel, **HOW), names, [bias])

    fused, parts = run(build, IMAGE, np.arange(4, dtype=np.float32))
    np.testing.assert_allclose(fused, parts, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("names", [["BiasAdd"], ["BiasAdd", "LeakyRelu"], ["BiasAdd", "Add"]], ids="_".join)
def test_fused_products_are_their_parts(names):
    x, w = IMAGE[0, 0], IMAGE[0, 1, :3]
    args = operands(names, np.ones((6, 3), np.float32))

    def build(b, x, w, *args):
        how = {"transpose_a": False, "transpose_b": True}
        fused = op(b, "_FusedMatMul", x, w, *args, fused_ops=names, num_args=len(args), **how, **REST)
        return fused, after(b, op(b, "MatMul", x, w, **how), names, list(args))

    fused, parts = run(build, x, w, *args)
    np.testing.assert_allclose(fused, parts, rtol=1e-5, atol=1e-5)


def test_fused_normalization_adds_and_activates():
    def build(b, x, side, *four):
        how = {"epsilon": 0.01, "is_training": False, "data_format": "NHWC"}
        fused = op(b, "_FusedBatchNormEx", x, *four, side, activation_mode="Relu", num_side_inputs=1, **how)
        return fused, op(b, "Relu", op(b, "AddV2", op(b, "FusedBatchNormV3", x, *four, **how), side))

    fused, parts = run(build, IMAGE[..., :3], IMAGE[..., 1:], *VECTORS)
    np.testing.assert_allclose(fused, parts, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_blocks_of_channels_first(dtype):
    x = (9 * IMAGE[:, :4, :, :]).astype(dtype)

    def build(b, x):
        first = b.transpose(x, [0, 3, 1, 2])
        deep = op(b, "SpaceToDepth", x, block_size=2, data_format="NHWC")
        late = op(b, "SpaceToDepth", first, block_size=2, data_format="NCHW")
        back = op(b, "DepthToSpace", late, block_size=2, data_format="NCHW")
        return deep, b.transpose(late, [0, 2, 3, 1]), b.transpose(back, [0, 2, 3, 1])

    deep, late, back = run(build, x)
    assert np.array_equal(deep, late)
    assert np.array_equal(back, x)


def test_vectors_of_channels_are_refused():
    with pytest.raises(UnsupportedAttribute, match="NCHW_VECT_C"):
        run(lambda b, x: op(b, "SpaceToDepth", x, block_size=2, data_format="NCHW_VECT_C"), IMAGE)


def test_the_gradient_by_an_input_that_is_given_as_a_tensor():
    how = {"strides": [1, 2, 2, 1], "padding": "SAME", "data_format": "NHWC"}

    def build(b, x, g):
        kernel = b.const(KERNEL)
        by_tensor = op(b, "Conv2DBackpropInputV2", x, kernel, g, **how)
        return by_tensor, op(b, "Conv2DBackpropInput", b.ints([2, 5, 6, 4]), kernel, g, **how)

    by_tensor, by_sizes = run(build, IMAGE, np.ones((2, 3, 3, 3), np.float32))
    np.testing.assert_allclose(by_tensor, by_sizes, rtol=1e-6)


def test_blocks_that_do_not_fit_are_an_error():
    with pytest.raises(ModelError, match="5 elements in blocks of 2"):
        run(lambda b, x: op(b, "SpaceToBatchND", x, b.ints([2, 2]), b.const(np.zeros((2, 2), np.int64))), IMAGE)


def test_strides_over_channels_are_refused():
    with pytest.raises(UnsupportedAttribute, match="along the batch or the channels"):
        run(lambda b, x: op(b, "Conv2D", x, b.const(KERNEL), strides=[1, 1, 1, 2], padding="SAME"), IMAGE)


def test_convolutions_between_blocks_are_dilated():
    b = Builder()
    x = b.input("x", (None, 5, 6, 4), "float32")
    block, pads, crops = b.ints([2, 2]), b.const(np.array([[2, 3], [2, 2]])), b.const(np.array([[0, 1], [0, 0]]))
    samples = op(b, "SpaceToBatchND", x, block, pads)
    y = op(b, "BatchToSpaceND", op(b, "Conv2D", samples, b.const(KERNEL), strides=[1] * 4, padding="VALID"), block, crops)
    keep_needed(b, [y])
    assert y.shape == (None, 5, 8, 3)
    assert [op.kind for op in b.block.ops] == ["Pad", "Transpose", "Conv", "Transpose", "Slice"]
    assert b.block.ops[2].attributes["dilations"] == [2, 2]
