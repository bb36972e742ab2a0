"""Models of a class of the user's, which are one layer."""

import numpy as np
import pytest

from loadstone.custom import CustomObjects
from loadstone.custom.whole import as_graph
from loadstone.errors import ModelError
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Model, Producer, Tensor
from loadstone.live import Hosts
from loadstone.lowering.lower import lower
from loadstone.runtime.executor import Executor
from tests.custom.building import x

PRODUCER = Producer("keras", "3.15.1")


def read(build_config, objects):
    """The model of a config as `.keras` files of a subclassed model have it."""
    stored = {"module": "mine", "class_name": "Net", "config": {"units": 2}, "registered_name": "Net", "build_config": build_config}
    custom = CustomObjects(objects)
    root = read_model(stored, PRODUCER, custom)
    root.weights["dense/0"] = Tensor.of(np.ones((3, 2), "float32"))
    host = Hosts(custom.objects)
    return as_graph(Model("test", "test", PRODUCER, root), host), host, custom


class Net:
    weights = ("kernel",)

    def __init__(self, units):
        assert units == 2

    def call(self, inputs):
        return inputs @ self.kernel


class Several(Net):
    def call(self, inputs):
        a, b = inputs
        return {"sum": (a + b) @ self.kernel, "difference": a - b}


def test_it_runs_with_its_class():
    model, host, _ = read({"input_shape": [None, 3]}, {"Net": Net})
    program = lower(model, host)
    assert [spec.shape for spec in (*program.inputs, *program.outputs)] == [(None, 3), (None, 2)]
    np.testing.assert_allclose(Executor(program).run([x(4, 3)])[0], x(4, 3) @ np.ones((3, 2)), rtol=1e-6)


def test_it_may_have_several_inputs_and_outputs():
    model, host, _ = read({"input_shape": [[None, 3], [None, 3]]}, {"Net": Several})
    program = lower(model, host)
    assert len(program.inputs) == 2
    assert program.output_structure == {"difference": 0, "sum": 1}
    difference, total = Executor(program).run([x(4, 3), x(4, 3)])
    np.testing.assert_allclose(difference, np.zeros((4, 3)))
    np.testing.assert_allclose(total, 2 * x(4, 3) @ np.ones((3, 2)), rtol=1e-6)


def test_it_needs_the_shape_of_its_input():
    with pytest.raises(ModelError, match="the file does not say what shape its input has"):
        read({}, {"Net": Net})


@pytest.mark.parametrize("build_config", [{}, {"input_shape": None}, {"input_shape": [None, 3]}])
def test_without_its_class_it_can_still_be_looked_at(build_config):
    model, _, custom = read(build_config, {})
    assert [inner.class_name for inner in model.root.layers()][-1] == "Net"
    assert [(m.name, m.weights) for m in custom.missing] == [("Net", (("dense/0", (3, 2)),))]


def test_a_layer_that_keeps_to_itself_is_no_operation():
    """Keras 3 in HDF5: a class whose get_config leaves out what every layer has, beside operations that never have it."""
    stored = {"class_name": "Net", "config": {"units": 2}}
    custom = CustomObjects({})
    assert read_model(stored, PRODUCER, custom).domain == "keras"
    assert [m.name for m in custom.missing] == ["Net"]
