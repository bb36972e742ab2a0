"""Older opsets: each step gives what the op gives, and what has no form is named."""

import numpy as np
import onnxruntime
import pytest

from loadstone.ir import Tensor
from loadstone.lowering.block import OPSET, Block
from loadstone.lowering.builder import Builder
from loadstone.lowering.onnx import Labels, encode_model
from loadstone.lowering.passes import opset_steps  # noqa: F401  (fills STEPS)
from loadstone.lowering.passes.opsets import ATTRIBUTES, ELEMENTS, IR_VERSIONS, OPS, STEPS, TYPES, at_opset

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(2, 3, 4)).astype("float32")
SMALL = RANDOM.integers(-100, 100, (2, 3)).astype("int8")


def layer_norm(b, x):
    return b.LayerNormalization(x, b.const(np.arange(4, dtype="float32")), b.const(np.ones(4, "float32")), axis=-1, epsilon=1e-3)


def pieces(b, x):
    return b.Concat(*reversed(b.ops("Split", x, outputs=2, axis=1, num_outputs=2)), axis=1)


def rows(b, x):
    return b.op("Reshape", x, b.Concat(b.Shape(x, start=0, end=1), b.ints([12]), axis=0), allowzero=1, out_shape=(None, 12))


def computed_axes(b, x):
    return b.op("ReduceMax", x, b.slice(b.op("Shape", x), 0, 0, 1), keepdims=1, out_shape=(None, None, None))


CASES = {  # what is emitted, the data, and the opset that the op is newer than
    "gelu": (lambda b, x: b.Gelu(x), X, 19),
    "gelu by tanh": (lambda b, x: b.Gelu(x, approximate="tanh"), X, 19),
    "sum of squares": (lambda b, x: b.ReduceSumSquare(x, b.ints([0, 2]), keepdims=0), X, 17),
    "mean of all": (lambda b, x: b.ReduceMean(x, keepdims=1), X, 17),
    "mean of no axes": (lambda b, x: b.ReduceMean(x, b.ints([]), keepdims=1, noop_with_empty_axes=1), X, 17),
    "mish": (lambda b, x: b.Mish(x), X, 17),
    "parts of which the last is shorter": (pieces, X, 17),
    "layer normalization": (layer_norm, X, 16),
    "part of a shape": (lambda b, x: b.Add(b.Shape(x, start=-2), b.Shape(x, end=2)), X, 14),
    "reshape": (rows, X, 13),
    "reshape of nothing": (rows, X[:0], 13),
    "hard swish": (lambda b, x: b.HardSwish(x), X * 4, 13),
    "lower triangle": (lambda b, x: b.Trilu(x, b.const(-1, "int64"), upper=0), X, 13),
    "upper triangle": (lambda b, x: b.Trilu(x), X, 13),
    "upper triangle of bools": (lambda b, x: b.Trilu(b.Greater(x, 0.0)), X, 13),
    "sum of bytes": (lambda b, x: b.Add(x, x), SMALL, 13),
    "any": (lambda b, x: b.ReduceMax(b.Greater(x, b.const(0, "int8")), b.ints([1]), keepdims=0), SMALL, 19),
}


def built(function, data):
    b = Builder()
    x = b.input("x", (None, *data.shape[1:]), data.dtype.name)
    y = function(b, x)
    return b, x, y


def run(block, opset, data):
    model = encode_model(block, lambda name, tensor: None, labels=Labels(opset, IR_VERSIONS[opset]))
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": data})[0]


@pytest.mark.parametrize("name", CASES)
def test_steps_give_what_the_op_gives(name):
    function, data, newest = CASES[name]
    b, x, y = built(function, data)
    expected = run(Block(b.block.ops, [x], [y]), OPSET, data)
    for opset in {13, newest}:
        b, x, y = built(function, data)
        assert at_opset(b, opset) == {}
        np.testing.assert_allclose(run(Block(b.block.ops, [x], [y]), opset, data), expected, rtol=1e-5, atol=1e-6)


def test_ops_inside_bodies_take_their_steps():
    b = Builder()
    x = b.input("x", (None, 4), "float32")
    then, otherwise = b.inner(), b.inner()
    then.block.outputs, otherwise.block.outputs = [then.Gelu(x)], [otherwise.Mish(x)]
    positive = b.Greater(b.reshape(b.ReduceMax(x, keepdims=0), []), 0.0)
    y = b.If(positive, then_branch=then.block, else_branch=otherwise.block)
    assert at_opset(b, 15) == {}
    for data in (X[0], -np.abs(X[0])):
        assert run(Block(b.block.ops, [x], [y]), 15, data).shape == data.shape


@pytest.mark.parametrize(
    ("function", "data", "opset", "what"),
    [
        (lambda b, x: b.BitwiseAnd(x, x), SMALL, 17, "BitwiseAnd"),
        (computed_axes, X, 17, "ReduceMax over axes that are computed"),
        (lambda b, x: b.ScatterND(x, b.ints([0]), x, reduction="add"), X, 15, "ScatterND with reduction='add'"),
        (lambda b, x: b.ScatterND(x, b.ints([0]), x, reduction="max"), X, 17, "ScatterND with reduction='max'"),
    ],
)
def test_what_has_no_form_is_named(function, data, opset, what):
    b, _, _ = built(function, data)
    assert list(at_opset(b, opset)) == [what]
    b, _, _ = built(function, data)
    assert at_opset(b, OPSET) == {}


def test_constants_of_four_bits_become_bytes():
    import ml_dtypes

    values = np.array([[-8, 7, 0]]).astype(ml_dtypes.int4)
    b = Builder()
    x = b.input("x", (None, 3), "float32")
    y = b.Mul(x, b.cast(b.weight(Tensor.lazy((1, 3), "int4", lambda: values)), "float32"))
    if y.name not in {value.name for op in b.block.ops for value in op.outputs}:
        pytest.skip("constants were folded")
    assert at_opset(b, 17) == {}
    assert all(value.dtype not in ELEMENTS for op in b.block.ops for value in op.inputs if value is not None)


def test_an_opset_that_is_not_written_is_refused():
    for opset in (12, 24):
        with pytest.raises(ValueError, match="13 to 23"):
            at_opset(Builder(), opset)


def test_tables_agree_with_the_definitions():
    """Each row against the schemas of the onnx package, where that is installed."""
    onnx = pytest.importorskip("onnx")
    spelt = {"float32": "float", "float64": "double"}

    def schema(kind, opset):
        return onnx.defs.get_schema(kind, opset, "")

    for opset, ir in IR_VERSIONS.items():
        assert ir == onnx.helper.find_min_ir_version_for([onnx.helper.make_opsetid("", opset)])
    for since, added in TYPES.items():
        for kind, types in added.items():
            for name in types.split():
                text = f"tensor({spelt.get(name, name)})"
                assert text in schema(kind, since).inputs[0].types and text not in schema(kind, since - 1).inputs[0].types
    for kind, since in OPS.items():
        assert schema(kind, since).since_version == since
    for kind, attributes in ATTRIBUTES.items():
        for name, since in attributes.items():
            assert name in schema(kind, since).attributes and name not in schema(kind, since - 1).attributes
    for kind, steps in STEPS.items():
        for since, _ in steps:
            assert schema(kind, since).since_version == since
