"""What core rules refuse, and the parts they are made of."""

import numpy as np
import pytest

from loadstone.errors import UnsupportedAttribute
from loadstone.frontends.keras import names
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Layer, Model, Policy, Producer, Spec, Tensor
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras import special
from loadstone.lowering.keras.activations import ACTIVATIONS, activate
from loadstone.lowering.keras.core import einsum, plain_equation
from loadstone.lowering.keras.promotion import result_type
from loadstone.lowering.keras.quantized_codes import unpack_int4
from loadstone.lowering.keras.walk import Traced, Walk
from loadstone.lowering.lower import lower
from loadstone.lowering.program import assemble
from loadstone.lowering.registry import keras_op
from loadstone.runtime.executor import Executor


def run(rule, *arrays):
    """What a rule gives for arrays whose shapes the graph does not know."""
    b = Builder()
    inputs = [b.input(f"x{i}", [None] * array.ndim, array.dtype.name) for i, array in enumerate(arrays)]
    value = rule(b, *inputs)
    specs = [(Spec(v.name, v.shape, v.dtype), v) for v in inputs]
    return Executor(assemble(b, specs, [(Spec("y", value.shape, value.dtype), value)], 0)).run(list(arrays))[0]


def called(layer: Layer, *shapes, **kwargs):
    """A layer called on inputs of these shapes."""
    walk = Walk(Builder())
    walk.call(layer, tuple(Traced(walk.b.input(f"x{i}", shape, "float32")) for i, shape in enumerate(shapes)), kwargs)
    return walk


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("class_name", ["Dropout", "GaussianNoise", "SpatialDropout1D", "RandomFlip"])
def test_a_random_layer_that_the_call_makes_active_is_refused(class_name):
    layer = Layer(class_name, "noise", {"stddev": 0.5} if class_name == "GaussianNoise" else {"rate": 0.5})
    with pytest.raises(UnsupportedAttribute, match=f"{class_name} called with training=True"):
        called(layer, (None, 4, 4, 3) if class_name == "RandomFlip" else (None, 4, 4), training=True).raise_problems()


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Layer("LSTM", "r", {"units": 2, "dropout": 0.5}), (None, 3, 4)),
        (Layer("GRUCell", "r", {"units": 2, "recurrent_dropout": 0.5}), (None, 4)),
        (Layer("ConvLSTM2D", "r", {"filters": 2, "kernel_size": 1, "recurrent_dropout": 0.5}), (None, 3, 4, 4, 1)),
        (Layer("RNN", "r", {}, children={"cell": Layer("SimpleRNNCell", "cell", {"units": 2, "dropout": 0.5})}), (None, 3, 4)),
        (Layer("MultiHeadAttention", "r", {"num_heads": 1, "key_dim": 2, "dropout": 0.5}), (None, 3, 4)),
        (Layer("keras_position_wise_feed_forward>FeedForward", "r", {"units": 2, "dropout_rate": 0.5}), (None, 3, 4)),
    ],
    ids=lambda value: value.class_name if isinstance(value, Layer) else "",
)
def test_dropout_that_the_call_makes_active_is_refused_wherever_it_is(layer, shape):
    with pytest.raises(UnsupportedAttribute, match="with dropout called with training=True, which is random"):
        called(layer, shape, training=True).raise_problems()


def test_training_true_of_tf_keras_2_is_refused_and_of_keras_3_overridden_by_predict():
    def model(batch, call):
        start = {
            "class_name": "InputLayer",
            "name": "x",
            "config": {"name": "x", "dtype": "float32", batch: [None, 4]},
            "inbound_nodes": [],
        }
        drop = {"class_name": "Dropout", "name": "d", "config": {"name": "d", "rate": 0.5, "trainable": True}, "inbound_nodes": [call]}
        return {
            "class_name": "Functional",
            "config": {"layers": [start, drop], "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]]},
        }

    old = read_model(model("batch_input_shape", [["x", 0, 0, {"training": True}]]), Producer("tf.keras", "2.15.0"))
    with pytest.raises(UnsupportedAttribute, match="Dropout called with training=True, which is random"):
        lower(Model("", "", Producer("tf.keras", "2.15.0"), old))
    tensor = {"class_name": "__keras_tensor__", "config": {"shape": [None, 4], "dtype": "float32", "keras_history": ["x", 0, 0]}}
    new = read_model(model("batch_shape", {"args": [tensor], "kwargs": {"training": True}}), Producer("keras", "3.15.1"))
    x = np.ones((2, 4), np.float32)
    assert np.array_equal(Executor(lower(Model("", "", Producer("keras", "3.15.1"), new))).run([x])[0], x)


def test_an_unknown_activation_is_refused_by_name():
    with pytest.raises(UnsupportedAttribute, match="'threshold'"):
        activate(Builder(), Builder().const(1.0), "threshold")


def test_an_option_of_an_operation_that_no_rule_knows_is_refused():
    walk = Walk(Builder())
    layer = Layer("Sum", "sum", {"axis": 0, "novel": 3}, domain="keras.ops")
    walk.call(layer, (Traced(walk.b.input("x", (2, 3), "float32")),), {}, registry=keras_op)
    with pytest.raises(UnsupportedAttribute, match="Sum with novel=3"):
        walk.raise_problems()


def test_every_activation_of_keras_but_one_that_needs_arguments_has_a_formula():
    assert names.ACTIVATIONS - set(ACTIVATIONS) == {"threshold"}
    assert set(ACTIVATIONS) <= names.ACTIVATIONS


def test_every_operation_with_a_rule_is_one_of_keras():
    assert set(keras_op.rules) <= names.OPERATIONS


# -- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("int32", "float32"), "float32"),
        (("uint8", "int8"), "int16"),
        (("int64", "float16"), "float16"),
        (("bfloat16", "float16"), "float32"),
        (("float16", "float"), "float16"),
        (("int32", "float"), "float32"),
        (("uint8", "int"), "uint8"),
        (("bool", "int"), "int32"),
        (("uint32", "int32"), "int64"),
    ],
)
def test_dtypes_are_promoted_as_keras_3_does(kinds, expected):
    assert result_type(*kinds) == result_type(*kinds[::-1]) == expected


def test_four_bit_numbers_come_low_before_high_and_signed():
    packed = np.array([[0x21, 0x0F]], np.uint8).view(np.int8)
    assert unpack_int4(packed, 3, axis=1).tolist() == [[1, 2, -1]]
    assert unpack_int4(np.array([[0xF1]], np.uint8), 2, axis=0, signed=False).tolist() == [[1], [15]]


@pytest.mark.parametrize("equation", ["ab,bc->ac", "abc,cde->abde", "abcd,cde->abe", "abc,dc->abd", "abc,bcd->abd", "abc,dec->abde"])
def test_einsum_is_einsum(equation):
    random = np.random.RandomState(0)
    lengths = dict(zip("abcde", (2, 3, 4, 5, 6), strict=True))
    left, right = equation.partition("->")[0].split(",")
    x, y = (random.rand(*(lengths[c] for c in term)).astype(np.float32) for term in (left, right))
    np.testing.assert_allclose(run(lambda b, v: einsum(b, equation, v, b.const(y)), x), np.einsum(equation, x, y), rtol=1e-5)


def test_an_ellipsis_becomes_letters():
    assert plain_equation("...x,xy->...y", 3) == "abx,xy->aby"


def test_special_functions_are_exact_in_double_precision():
    from math import erfc, expm1, log1p

    x = np.array([-6.0, -1.25, -0.3, -1e-9, 0.0, 1e-9, 0.5, 1.2, 1.3, 2.9, 6.0])
    np.testing.assert_allclose(run(special.expm1, x), [expm1(v) for v in x], rtol=1e-14)
    np.testing.assert_allclose(run(special.log1p, np.abs(x)), [log1p(v) for v in np.abs(x)], rtol=1e-14)
    far = np.array([1.3, 2.9, 6.0, 20.0])
    np.testing.assert_allclose(run(special.erfc_tail, far), [erfc(v) for v in far], rtol=1e-13)


def test_an_adapter_beside_an_integer_kernel_is_added_to_its_product():
    kernel, a, b = np.array([[10, -20], [30, 40]], np.int8), np.array([[1.0], [2.0]], np.float32), np.array([[0.5, -1.0]], np.float32)
    weights = {"kernel": kernel, "kernel_scale": np.array([10.0, 20.0], np.float32), "lora_kernel_a": a, "lora_kernel_b": b}
    config = {
        "units": 2,
        "use_bias": False,
        "lora_rank": 1,
        "lora_alpha": 2.0,
        "quantization_config": {"config": {"activation_quantizer": None}},
    }
    layer = Layer("Dense", "dense", config, policy=Policy("int8_from_float32", quantization="int8"))
    layer.weights = {name: Tensor.of(array) for name, array in weights.items()}
    x = np.array([[1.0, 2.0]], np.float32)

    def rule(builder, value):
        return Walk(builder).call(layer, (Traced(value),), {}).value

    np.testing.assert_allclose(run(rule, x), x @ (kernel / weights["kernel_scale"]) + 2 * x @ a @ b, rtol=1e-6)
