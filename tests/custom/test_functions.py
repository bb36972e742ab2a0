"""Functions that the caller supplies: activations, Lambdas, replacements of layers."""

import sys
from functools import partial
from types import ModuleType

import numpy as np
import pytest

import loadstone
from loadstone.errors import InferenceError, ModelError
from tests.custom.building import Built, dense, layer, sequential, x

WEIGHTS = {"dense": {"kernel": np.eye(3, dtype="float32"), "bias": np.zeros(3, "float32")}}


def run(function, config=None, array=None):
    model = sequential(config or dense(3, "bent"))
    return Built(model, WEIGHTS, {"bent": function, "mine": function, "Mine": function})(x(4, 3) if array is None else array)


class Tensor:
    """As torch's: its values come out of its graph and off its device first."""

    def __init__(self, array):
        self.array = array

    def detach(self):
        return Tensor(self.array)

    def cpu(self):
        return Tensor(self.array)

    def __array__(self, dtype=None, copy=None):
        return self.array


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.maximum(x, 0),
        partial(np.clip, a_min=0, a_max=None),
        lambda x: np.maximum(x, 0).astype("float64"),
        lambda x: Tensor(np.maximum(x, 0)),
        np.vectorize(lambda v: max(v, 0.0)),
    ],
    ids=["lambda", "partial", "float64", "tensor", "callable"],
)
def test_an_activation_is_any_function_of_an_array(function):
    got = run(function)
    np.testing.assert_allclose(got, np.maximum(x(4, 3), 0), rtol=1e-6)
    assert got.dtype == np.float32


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x: x[:, :2], r"activation function 'bent' returned an array of shape \(4, 2\), expected \(any, 3\)"),
        (lambda x: x > 0, "returned bool, expected float32"),
        (lambda x: 1 / 0, "activation function 'bent' raised ZeroDivisionError"),
        (lambda x: None, "raised TypeError: a NoneType is no array"),
        (lambda: 1, "raised TypeError"),
    ],
    ids=["shape", "dtype", "exception", "nothing", "signature"],
)
def test_what_is_wrong_with_it_is_said(function, text):
    with pytest.raises(InferenceError, match=text) as raised:
        run(function)
    assert raised.value.where == "dense"


def test_something_that_cannot_be_called_is_no_activation():
    with pytest.raises(ModelError, match="'bent' was given as a int, which cannot be called"):
        run(3)


def test_a_lambda_gets_its_stored_arguments():
    stored = layer("Lambda", "mine", function=["", None, None], function_type="lambda", arguments={"power": 2})
    np.testing.assert_allclose(run(lambda x, power: x**power, stored), x(4, 3) ** 2, rtol=1e-6)


def test_a_lambda_may_change_the_shape():
    stored = layer("Lambda", "mine", function=["", None, None], function_type="lambda", arguments={})
    np.testing.assert_allclose(run(lambda x: x.sum(-1), stored), x(4, 3).sum(-1), rtol=1e-5)


def test_a_function_may_replace_a_layer_without_weights():
    np.testing.assert_allclose(run(lambda x: x[:, ::-1], layer("Mine")), x(4, 3)[:, ::-1])


def test_but_not_one_with_weights():
    with pytest.raises(ModelError, match="cannot take the layer's weights: w"):
        Built(sequential(layer("Mine")), {"mine": {"w": np.ones(3)}}, {"Mine": lambda x: x})


@pytest.fixture
def framework(monkeypatch):
    """A module that poses as TensorFlow, imported by the user."""
    module = ModuleType("tensorflow")
    module.convert_to_tensor = Tensor
    module.double = lambda tensor: Tensor(tensor.array * 2)
    monkeypatch.setitem(sys.modules, "tensorflow", module)
    return module


def test_a_function_gets_tensors_of_the_framework_that_it_uses(framework):
    tf = framework

    def direct(x):
        return tf.double(x)

    def helper(x):
        return direct(x)

    for function in (direct, helper, lambda x: helper(x)):
        np.testing.assert_allclose(run(function), x(4, 3) * 2)


def test_others_get_arrays(framework):
    np.testing.assert_allclose(run(lambda x: x.astype("float32") * 2), x(4, 3) * 2)


@pytest.mark.parametrize(("module", "name", "expected"), [
    ("keras.ops", "square", np.square),
    ("keras.src.ops.numpy", "sin", np.sin),
    ("tensorflow.python.ops.gen_math_ops", "sin", np.sin),
    ("tensorflow.nn", "relu6", lambda x: np.clip(x, 0, 6)),
    ("tensorflow.math", "square", np.square),
])  # fmt: skip
def test_a_function_of_a_known_module_is_compiled(module, name, expected):
    stored = {"module": module, "class_name": "function", "config": name, "registered_name": name}
    built = Built(sequential(dense(3, stored)), WEIGHTS, {}, "3.15.1")
    assert len(built.program.steps) == 1
    np.testing.assert_allclose(built(x(4, 3)), expected(x(4, 3)), rtol=1e-6)


def test_one_that_is_no_activation_is_refused():
    stored = {"module": "tensorflow.math", "class_name": "function", "config": "reduce_sum", "registered_name": "reduce_sum"}
    with pytest.raises(loadstone.UnsupportedAttribute, match=r"the activation 'tf\.reduce_sum'"):
        Built(sequential(dense(3, stored)), WEIGHTS, {}, "3.15.1")
