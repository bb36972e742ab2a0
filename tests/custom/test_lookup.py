"""Which names of a config the caller's objects stand for, in files of both generations."""

import sys

import numpy as np
import pytest

import loadstone
from loadstone.custom import CustomObjects, Given
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Producer
from tests.custom.building import dense, layer, sequential

FUNCTION = {"module": "builtins", "class_name": "function", "config": "bent", "registered_name": "function"}
OWN = {"module": "my_layers", "class_name": "Mine", "config": {"name": "mine", "units": 3}, "registered_name": "my_package>Mine"}


def read(stored, objects, release="2.8.0"):
    """The last layer of a Sequential, and the names that are missing."""
    custom = CustomObjects(objects)
    root = read_model(sequential(stored), Producer("keras", release), custom)
    return root.layers()[-1], [(m.kind, m.name) for m in custom.missing]


def activation(stored, objects, release="2.8.0", **more):
    made, missing = read({**dense(3, stored), **more}, objects, release)
    return made.config["activation"], missing


def bent(x):
    return x


@pytest.mark.parametrize("stored", ["bent", FUNCTION], ids=["name", "dict"])
@pytest.mark.parametrize("release", ["2.4.0", "2.15.0", "3.0.5", "3.15.1"])
def test_an_activation_is_found_by_its_name(stored, release):
    found, missing = activation(stored, {"bent": bent}, release)
    assert isinstance(found, Given)
    assert found.object is bent
    assert not missing


def test_a_registered_activation_is_found_by_either_name():
    stored = {**FUNCTION, "config": "my_package>bent", "registered_name": "my_package>bent"}
    assert activation(stored, {"my_package>bent": bent})[0].object is bent
    assert activation(stored, {"bent": bent})[0].object is bent


def test_an_activation_that_is_nowhere_is_missing():
    assert activation("bent", {}) == (None, [("activation function", "bent")])


def test_nothing_is_called_function_by_accident():
    assert activation(FUNCTION, {"function": bent})[1] == [("activation function", "bent")]


def test_a_custom_object_hides_a_built_in_activation_where_keras_lets_it():
    """tf.keras 2 and HDF5 files look among custom objects first; Keras 3 writes built-in names as text and keeps them."""
    objects = {"relu": bent}
    assert activation("relu", objects, "2.8.0")[0].object is bent
    assert activation("relu", objects, "3.15.1")[0].object is bent
    assert activation("relu", objects, "3.15.1", module="keras.layers", registered_name=None)[0] == "relu"


def test_a_name_may_be_given_for_a_name():
    assert activation("swishy", {"swishy": "silu"}) == ("silu", [])


class Mine:
    pass


@pytest.mark.parametrize("key", ["my_package>Mine", "Mine", "my_layers>Mine", "my_layers.Mine"])
def test_a_class_is_found_by_its_registered_name_its_own_or_its_module(key):
    made, missing = read(OWN, {key: Mine}, "3.15.1")
    assert made.given.object is Mine
    assert not missing


@pytest.mark.parametrize("key", ["my_layers.Mine", "my_layers>Mine"])
def test_a_key_with_a_module_serves_for_a_file_that_has_none(key):
    assert read(layer("Mine"), {key: Mine})[0].given.object is Mine
    assert read(layer("Mine"), {key: Mine, "other.Mine": Mine})[1] == [("layer", "Mine")]


def test_another_package_or_module_is_another_class():
    for key in ("my_other_layers>Mine", "my_other_layers.Mine", "other_package>Mine"):
        assert read(OWN, {key: Mine}, "3.15.1")[1] == [("layer", "Mine")]


@pytest.mark.parametrize("key", ["my_functions.bent", "bent"])
def test_a_function_is_found_by_its_module(key):
    stored = {**FUNCTION, "module": "my_functions", "registered_name": "bent"}
    assert activation(stored, {key: bent}, "3.15.1")[0].object is bent


def of(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def test_a_function_of_a_known_module_that_the_file_names_is_known():
    assert activation(of("keras.src.ops.numpy", "square"), {}, "3.15.1") == ("keras.ops.square", [])
    assert activation(of("tensorflow.python.ops.gen_math_ops", "sin"), {}, "3.15.1") == ("tf.sin", [])


def test_what_the_caller_gives_for_it_wins():
    assert activation(of("keras.ops", "square"), {"square": bent}, "3.15.1")[0].object is bent


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "sin"),
        ("keras.utils", "get_file"),
        ("keras.ops", "no_such_operation"),
        ("keras.ops.os", "system"),
        ("tensorflow.io", "read_file"),
        ("tensorflow.python.ops.io_ops", "read_file"),
        ("tensorflow.python.framework.load_library", "load_op_library"),
        ("subprocess", "Popen"),
        ("tensorflow.math", "__import__('os').system"),
    ],
)
def test_a_function_of_any_other_module_is_missing(module, name):
    assert activation(of(module, name), {}, "3.15.1") == (None, [("activation function", name)])


@pytest.mark.parametrize("module", ["os", "subprocess", "keras.utils", "tensorflow.io", "importlib"])
@pytest.mark.parametrize("class_name", ["Popen", "get_file", "function"])
def test_a_class_of_any_other_module_is_missing(module, class_name):
    stored = {"module": module, "class_name": class_name, "config": {"name": "x", "fname": "y"}, "registered_name": class_name}
    assert read(stored, {}, "3.15.1")[1] == [("layer", class_name)]


def test_hdf5_has_one_name_for_both():
    made, missing = read(layer("my_package>Mine"), {"my_package>Mine": Mine})
    assert made.given.object is Mine
    assert not missing


def test_a_custom_class_hides_a_built_in_one_where_keras_lets_it():
    objects = {"Dense": Mine}
    assert read(dense(3), objects, "2.8.0")[0].given.object is Mine
    own = {**dense(3), "module": "keras.layers", "registered_name": None}
    assert read(own, objects, "3.15.1")[0].given is None
    assert read({**own, "module": "my_layers", "registered_name": "Dense"}, objects, "3.15.1")[0].given.object is Mine


def test_a_class_of_the_users_with_a_built_in_name_is_missing():
    _, missing = read({**dense(3), "module": "my_layers", "registered_name": "Dense"}, {}, "3.15.1")
    assert missing == [("layer", "Dense")]


def test_functions_of_lambdas_are_found_by_the_layers_name_or_their_own():
    stored = layer("Lambda", "doubled", function="double", function_type="function", arguments={})
    for name in ("double", "doubled"):
        made, missing = read(stored, {name: np.abs})
        assert made.given.object is np.abs
        assert not missing
    assert read(stored, {})[1] == [("function", "double")]


def test_a_lambda_of_damaged_code_is_found_by_the_layers_name_alone():
    stored = layer("Lambda", "doubled", function=["4wEAAAA=", None, None], function_type="lambda", arguments={})
    assert read(stored, {"doubled": np.abs})[0].given.object is np.abs
    assert read(stored, {})[1] == [("function", "doubled")]


def model_class(class_name):
    return {**sequential(dense(2), layer("Mine")), "class_name": class_name}


def test_a_model_under_the_users_class_name_is_missing_with_all_that_is_inside():
    custom = CustomObjects()
    read_model(model_class("MyModel"), Producer("tf.keras", "2.8.0"), custom)
    assert {(m.kind, m.name) for m in custom.missing} == {("layer", "MyModel"), ("layer", "Mine")}


def test_the_functional_marker_reads_it_as_plain():
    custom = CustomObjects({"MyModel": loadstone.Functional, "Mine": Mine})
    root = read_model(model_class("MyModel"), Producer("tf.keras", "2.8.0"), custom)
    assert root.class_name == "Sequential"
    assert root.given is None
    assert [inner.class_name for inner in root.layers()] == ["InputLayer", "Dense", "Mine"]
    assert not custom.missing


@pytest.mark.parametrize("key", ["initializer", "regularizer", "constraint"])
def test_what_only_training_needs_is_never_sought(key):
    stored = dense(3)
    stored["config"][f"kernel_{key}"] = {"module": "mine", "class_name": "Mine", "config": {}, "registered_name": "mine>Mine"}
    assert read(stored, {})[1] == []


def test_nothing_that_a_file_names_is_imported(tmp_path, monkeypatch):
    (tmp_path / "evil_of_a_file.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    evil = {"module": "evil_of_a_file", "class_name": "Evil", "config": {"name": "e"}, "registered_name": "evil_of_a_file>Evil"}
    function = {"module": "evil_of_a_file", "class_name": "function", "config": "evil", "registered_name": "evil"}
    custom = CustomObjects()
    stored = sequential(evil, dense(2, function), layer("Lambda", "l", function="evil", module="evil_of_a_file", function_type="function"))
    read_model(stored, Producer("keras", "3.15.1"), custom)
    assert "evil_of_a_file" not in sys.modules
    assert [m.module for m in custom.missing] == ["evil_of_a_file"] * 3


def test_the_marker_is_found_under_either_name():
    for key in ("MyModel", "mine>MyModel"):
        custom = CustomObjects({key: loadstone.Functional, "Mine": Mine})
        assert read_model(model_class("mine>MyModel"), Producer("tf.keras", "2.8.0"), custom).graph is not None
        assert not custom.missing
