"""A user's Keras classes run by the Keras that they belong to, for files of every generation. Skipped where no Keras is installed."""

import importlib
import os

import numpy as np
import pytest

import loadstone
from loadstone.errors import InferenceError, MissingWeights, ModelError
from tests.custom.building import Built, layer, sequential, x
from tests.custom.numpy_objects import OBJECTS
from tests.custom.test_files import FILES, IDS, assert_same
from tests.golden.custom_objects import get
from tests.live.libraries import LIBRARIES, subclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = pytest.mark.filterwarnings("default")  # the frameworks' own


@pytest.fixture(scope="module", params=LIBRARIES)
def keras(request):
    return importlib.import_module(request.param)


@pytest.fixture(scope="module")
def objects(keras):
    found = get(keras)
    return {**found, "doubled": found["double"]}


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_file_of_any_generation_runs_with_the_classes_that_trained_it(path, objects):
    assert_same(loadstone.load_model(path, custom_objects=objects), path)


def test_classes_and_numpy_mix(objects):
    path = next(path for path in FILES if path.stem == "text")
    assert_same(loadstone.load_model(path, custom_objects={**OBJECTS, "Gate": objects["Gate"]}), path)


# -- what does not fit --------------------------------------------------------------------------------------------------

STORED = {"mine": {"scale": np.ones(3, "float32"), "offset": np.zeros(3, "float32")}}
MODEL = sequential(layer("Scale", "mine", factor=2.0))


def test_a_layer_loads_by_name_or_by_order(objects):
    for names in (("scale", "offset"), ("0", "1"), ("a", "b")):
        stored = {"mine": dict(zip(names, (np.full(3, 3, "float32"), np.float32([1, 2, 3])), strict=True))}
        np.testing.assert_allclose(Built(MODEL, stored, objects)(x(4, 3)), x(4, 3) * 3 + np.float32([2, 4, 6]), rtol=1e-6)


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"scale": np.ones(3)},
        {"scale": np.ones(3), "offset": np.ones(4)},
        {"scale": np.ones(3), "offset": np.ones(3), "third": np.ones(3)},
    ],
    ids=["none", "too few", "shape", "too many"],
)
def test_weights_that_do_not_fit_are_an_error(objects, stored):
    with pytest.raises(MissingWeights, match="has the weights"):
        Built(MODEL, {"mine": stored}, objects)


@pytest.mark.parametrize("stored", [{"0": np.ones(3)}, {"0": np.ones(3), "1": np.ones(3), "inner/0": np.ones(3)}, {"inner/0": np.ones(3)}])
def test_so_are_those_of_a_keras_file(objects, stored):
    with pytest.raises(ModelError):
        Built(MODEL, {"mine": stored}, objects)


def test_config_that_the_class_does_not_take_is_an_error(objects):
    with pytest.raises(ModelError, match=r"layer 'mine' .*raised"):
        Built(sequential(layer("Scale", "mine", other=2.0)), STORED, objects)


def test_an_exception_says_which_layer_and_keeps_its_cause(keras):
    def call(self, inputs):
        if np.asarray(inputs).any():  # symbolic tensors cannot be arrays: this is tried on zeros
            raise KeyError("no such thing")
        return inputs

    built = Built(sequential(layer("Scale", "mine")), {}, {"Scale": subclass(keras, call=call)})
    with pytest.raises(InferenceError, match=r"layer 'mine' .*no such thing") as raised:
        built(x(4, 3))
    assert raised.value.__cause__ is not None


def test_training_is_false(keras):
    def call(self, inputs, training=True):
        return inputs * (2.0 if training else 1.0)

    built = Built(sequential(layer("Scale", "mine")), {}, {"Scale": subclass(keras, call=call)})
    np.testing.assert_allclose(built(x(4, 3)), x(4, 3))


def test_lengths_that_are_free_stay_free(keras):
    built = Built(
        sequential(layer("Scale", "mine"), shape=(None, None, 3)),
        {},
        {"Scale": subclass(keras, call=lambda self, inputs: inputs[:, :, :2])},
    )
    assert built.program.outputs[0].shape == (None, None, 2)
    assert built(x(2, 5, 3)).shape == (2, 5, 2)


def test_a_mixed_policy_is_the_layers_own(keras):
    config = {"class_name": "Scale", "config": {"name": "mine", "dtype": {"class_name": "Policy", "config": {"name": "mixed_float16"}}}}
    built = Built(sequential(config), {}, {"Scale": subclass(keras, call=lambda self, inputs: inputs + 1)})
    assert built(x(4, 3)).dtype == np.float16


def test_an_instance_serves_as_its_class(keras, objects):
    np.testing.assert_allclose(Built(MODEL, STORED, {"Scale": objects["Scale"](1.0)})(x(4, 3)), x(4, 3))


def test_an_activation_of_the_frameworks_own(keras):
    stored = {"class_name": "Activation", "config": {"name": "mine", "trainable": True, "activation": "bent"}}
    expected = x(4, 3) / (1 + np.exp(-x(4, 3)))
    for function in (keras.activations.swish, lambda t: t * keras.activations.sigmoid(t), keras.layers.Activation("swish")):
        np.testing.assert_allclose(Built(sequential(stored), {}, {"bent": function})(x(4, 3)), expected, rtol=1e-5)


def test_a_mask_reaches_the_call_and_what_computes_the_next_one(keras):
    ops = getattr(keras, "ops", None) or keras.backend

    def call(self, inputs, mask=None):
        return inputs * ops.expand_dims(ops.cast(mask, "float32"), -1) + 1.0

    counts = subclass(keras, call=lambda self, inputs, mask=None: ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True))
    passes = subclass(keras, call=call, compute_mask=lambda self, inputs, mask=None: mask)
    model = sequential(layer("Masking", mask_value=0.0), layer("Mine"), layer("Other"), shape=(None, 4, 2))
    array = x(3, 4, 2)
    array[0, 1] = array[2] = 0
    np.testing.assert_allclose(Built(model, {}, {"Mine": passes, "Other": counts})(array)[:, 0], [3, 4, 0])


# -- models of the user's class ------------------------------------------------------------------------------------------


def saved(keras, tmp_path, cls, suffix):
    """A model of a class of the user's in a file, and its predictions."""
    inputs = keras.Input((3,))
    model = cls(inputs, keras.layers.Dense(2, name="d")(keras.layers.Dense(4, activation="relu", name="e")(inputs)))
    model.save(tmp_path / f"model.{suffix}")
    return tmp_path / f"model.{suffix}", model.predict(x(4, 3), verbose=0)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_model_class_that_changes_training_alone_is_the_model_that_it_describes(keras, tmp_path, suffix):
    class Trains(keras.Model):
        def train_step(self, data):
            raise AssertionError("never")

    path, expected = saved(keras, tmp_path, Trains, suffix)
    with pytest.raises(loadstone.MissingCustomObjects, match="Unknown layer: 'Trains'"):
        loadstone.load_model(path)
    for given in (Trains, loadstone.Functional):
        model = loadstone.load_model(path, custom_objects={"Trains": given})
        assert [inner.class_name for inner in model.layers] == ["InputLayer", "Dense", "Dense"]
        np.testing.assert_allclose(model.predict(x(4, 3), verbose=0), expected, rtol=1e-5, atol=1e-6)


def test_a_model_class_that_predicts_in_its_own_way_is_refused(keras, tmp_path):
    class Net(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = keras.layers.Dense(2)

        def call(self, inputs):
            return self.dense(inputs)

        def get_config(self):
            return {}

    net = Net()
    expected = net.predict(x(4, 3), verbose=0)
    net.save(tmp_path / "net.keras")
    got = loadstone.load_model(tmp_path / "net.keras", custom_objects={"Net": Net}).predict(x(4, 3), verbose=0)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    Net.predict_step = lambda self, data: 0
    with pytest.raises(ModelError, match="has its own way to predict"):
        loadstone.load_model(tmp_path / "net.keras", custom_objects={"Net": Net})
