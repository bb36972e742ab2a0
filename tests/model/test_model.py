"""What a loaded model offers besides its numbers."""

import re

import numpy as np
import pytest

import loadstone
from loadstone.errors import InferenceError, InputMismatch, ModelError
from tests.conformance.goldens import golden

MLP = golden("keras-3.15.1", "mlp.keras")


@pytest.fixture(scope="module")
def mlp():
    return loadstone.load_model(MLP.path)


@pytest.fixture(scope="module")
def nested():
    return loadstone.load_model(golden("keras-3.15.1", "nested.h5").path)


@pytest.fixture(scope="module")
def multi():
    return loadstone.load_model(golden("keras-3.15.1", "multi_io.keras").path)


def test_says_what_it_takes_and_gives(mlp, multi):
    assert (mlp.input_shape, mlp.output_shape) == ((None, 5), (None, 3))
    assert [(spec.name, spec.shape, spec.dtype) for spec in multi.inputs] == [
        ("amount", (None, 1), "float32"),
        ("country", (None, 2), "int32"),
    ]
    assert multi.input_names == ["amount", "country"]
    assert multi.output_names == ["fraud", "kind"]
    assert multi.output_shape == [(None, 1), (None, 4)]


def test_a_batch_size_in_the_file_is_shown_and_binds_stateful_models_alone():
    model = loadstone.load_model(golden("keras-3.15.1", "stateful_lstm_7.keras").path)
    assert model.input_shape == (7, 3, 2)
    assert model.output_shape == (7, 2)
    assert model.predict(np.zeros((14, 3, 2)), verbose=0).shape == (14, 2)
    with pytest.raises((InputMismatch, InferenceError)):
        model.predict(np.zeros((10, 3, 2)), batch_size=5, verbose=0)


def test_states_live_from_call_to_call_and_are_reset():
    given = golden("keras-3.15.1", "stateful_lstm_7.keras")
    model = loadstone.load_model(given.path)
    first, second = model(given.inputs), model(given.inputs)
    assert not np.allclose(first, second)
    model.reset_states()
    np.testing.assert_array_equal(model(given.inputs), first)


def test_layers_are_there_to_look_at(mlp):
    layer = mlp.get_layer(mlp.layers[0].name)
    assert layer.class_name == "Dense"
    assert layer.config["units"] == 6
    assert (layer.input_shape, layer.output_shape) == ((None, 5), (None, 6))
    assert [(w.name, w.shape, w.dtype) for w in layer.weights] == [("kernel", (5, 6), "float32"), ("bias", (6,), "float32")]
    assert layer.count_params() == 36
    assert layer.trainable
    np.testing.assert_array_equal(layer.get_weights()[0], np.asarray(layer.weights[0]))
    assert mlp.get_layer(index=-1).name == mlp.layers[-1].name
    assert "Dense" in repr(layer)


def test_a_layer_that_is_not_there_is_a_value_error_with_near_misses(mlp):
    name = mlp.layers[0].name
    with pytest.raises(ValueError, match=f"did you mean .*'{name}"):
        mlp.get_layer(name + "_")
    with pytest.raises(ValueError, match="there is no layer 99"):
        mlp.get_layer(index=99)
    with pytest.raises(ValueError, match="a name or an index"):
        mlp.get_layer()


def test_layers_of_nested_models_are_reached(nested):
    tower = nested.get_layer("tower")
    assert tower.class_name == "Sequential"
    assert tower.get_layer("inner").layers[-1].output_shape == (None, 3)


def test_weights_are_in_layer_order(mlp):
    assert sum(array.size for array in mlp.get_weights()) == mlp.count_params()
    assert [w.shape for w in mlp.weights] == [a.shape for a in mlp.get_weights()]
    assert len(mlp.trainable_weights) + len(mlp.non_trainable_weights) == len(mlp.weights)


def test_a_submodel_ends_at_a_layer(mlp):
    part = mlp.submodel(mlp.layers[1].name)
    assert part.output_shape == (None, 6)
    assert part.count_params() == sum(layer.count_params() for layer in mlp.layers[:2])
    with pytest.raises(ModelError, match="nothing to evaluate"):
        part.evaluate(MLP.inputs, np.zeros((9, 6)))


def test_outputs_that_need_other_inputs_are_refused(multi):
    with pytest.raises(ModelError, match="'country'"):
        multi.submodel("fraud", inputs=["amount"])


@pytest.mark.parametrize("verb", ["fit", "compile"])
def test_training_is_refused_with_the_way_out(mlp, verb):
    with pytest.raises(NotImplementedError, match=re.escape("model.to_keras()")):
        getattr(mlp, verb)()


def test_a_call_in_training_mode_is_refused(mlp):
    with pytest.raises(NotImplementedError, match="to_keras"):
        mlp(MLP.inputs, training=True)
    np.testing.assert_array_equal(mlp(MLP.inputs, training=False), mlp(MLP.inputs))


@pytest.mark.parametrize("arguments", [{"batch_size": 0}, {"verbose": 3}])
def test_wrong_arguments_are_value_errors(mlp, arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        mlp.predict(MLP.inputs, **arguments)


def test_numbers_do_not_depend_on_batches(mlp):
    x = np.random.default_rng(0).normal(size=(101, 5))
    whole = mlp(x)
    for size in (1, 7, 32, 200):
        np.testing.assert_allclose(mlp.predict(x, batch_size=size, verbose=0), whole, rtol=1e-5)
    given = (x[i : i + 10] for i in range(0, 101, 10))
    np.testing.assert_allclose(mlp.predict(given, verbose=0), whole, rtol=1e-5)


def test_closes_and_then_says_so():
    with loadstone.load_model(MLP.path) as model:
        model(MLP.inputs)
    with pytest.raises(InferenceError, match="closed"):
        model(MLP.inputs)


def test_shows_itself(mlp):
    assert repr(mlp).startswith("<loadstone.Model 'sequential")
    assert "Total params" in mlp._repr_html_()
    assert mlp.name.startswith("sequential")
    assert mlp.producer.version == "3.15.1"
    assert mlp.signatures == {}
    assert mlp.training_config is None
