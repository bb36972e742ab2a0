"""What an optimizer has learnt is restored as it lies where its class alone knows which variable is for what."""

from dataclasses import replace

import numpy as np
import pytest

import loadstone
from loadstone.frontends.keras import optimizer_state, optimizers
from loadstone.frontends.keras.optimizer_slots import layout, shape_of
from loadstone.ir import Producer

keras = pytest.importorskip("keras", minversion="3")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras' own
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(8, 4)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")


def multi():
    opt = keras.optimizers
    return opt.MultiOptimizer(opt.OptimizerMap(opt.SGD(0.1, momentum=0.9), {"first/.*": opt.Adam(0.02)}))


OPTIMIZERS = {
    "Adafactor": lambda: keras.optimizers.Adafactor(0.1),
    "Muon": lambda: keras.optimizers.Muon(0.02, exclude_layers=["first"]),
    "MultiOptimizer": multi,
}


def trained(optimizer):
    layers = [keras.Input((4,)), keras.layers.Dense(3, activation="tanh", name="first"), keras.layers.Dense(2, name="last")]
    model = keras.Sequential(layers, name="chain")
    model.compile(optimizer, "mse")
    for _ in range(2):
        model.train_on_batch(X, Y)
    return model


@pytest.mark.filterwarnings("ignore:Skipping variable loading")  # of the optimizers inside of one, whose variables it has itself
@pytest.mark.parametrize("saved", ["as it was", "by loadstone"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on(name, saved, tmp_path):
    if not hasattr(keras.optimizers, name):
        pytest.skip("not in this Keras")
    model = trained(OPTIMIZERS[name]())
    model.save(tmp_path / "model.keras")
    loaded = loadstone.load_model(tmp_path / "model.keras")
    if saved == "as it was":
        live = loaded.to_keras(library="keras")
    else:
        loaded.save(tmp_path / "again.keras", strict=True)
        live = keras.models.load_model(tmp_path / "again.keras")
    for one, other in zip(live.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    model.train_on_batch(X, Y)
    live.train_on_batch(X, Y)
    for one, other in zip(live.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_the_optimizer_of_a_file_of_weights_goes_before_that_of_the_model(name, tmp_path):
    model = trained(keras.optimizers.SGD(0.1, momentum=0.9))
    model.save(tmp_path / name)
    model.train_on_batch(X, Y)
    model.save_weights(tmp_path / "latest.weights.h5")
    live = loadstone.load_model(tmp_path / name, weights=tmp_path / "latest.weights.h5").to_keras(library="keras")
    assert int(live.optimizer.iterations) == 3


@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_that_of_the_model_stays_where_the_file_of_weights_has_none(name, tmp_path):
    model = trained(keras.optimizers.SGD(0.1, momentum=0.9))
    model.save(tmp_path / name)
    new = keras.Sequential.from_config(model.get_config())
    new.save_weights(tmp_path / "new.weights.h5")
    live = loadstone.load_model(tmp_path / name, weights=tmp_path / "new.weights.h5").to_keras(library="keras")
    np.testing.assert_array_equal(live.get_weights()[0], new.get_weights()[0])
    assert int(live.optimizer.iterations) == 2


def test_a_name_alone_is_the_class_with_its_defaults():
    stored = optimizers.stored_in({"optimizer": "sgd"})
    found = optimizers.upgrade(stored, Producer("tf.keras", "2.15.0"), optimizers.Said())
    assert (found["class_name"], found["config"]) == ("SGD", {"learning_rate": 0.01})
    assert optimizers.stored_in({"optimizer": "mine"}) == "mine"


def test_an_epsilon_that_moved_under_a_root_is_said_where_it_is_large():
    told = []
    for epsilon in (1e-7, 1e-2):
        said = optimizers.Said()
        config = {"name": "RMSprop", "learning_rate": 0.1, "epsilon": epsilon}
        optimizers.upgrade({"class_name": "RMSprop", "config": config}, Producer("tf.keras", "2.8.0"), said)
        told.append(said.changed)
    assert told == [[], ["RMSprop of Keras before 2.11 added its epsilon of 0.01 to a root, under which it is today"]]


def test_adafactor_keeps_factors_of_matrices():
    shapes = [(4, 3), (3,)]
    assert layout("Adafactor", {}, "new", shapes) == [("row", 0), ("column", 0), ("velocity", 0), ("velocity", 1)]
    assert layout("Adafactor", {}, "keras_3", shapes)[3:] == [("row", 1), ("column", 1), ("velocity", 1)]
    assert [shape_of(slot, (5, 4, 3)) for slot in ("row", "column", "velocity")] == [(5, 4), (5, 3), (5, 4, 3)]


@pytest.mark.parametrize("name", ["Nadam", "Adam"])
def test_keras_3_9_and_before_had_them_in_another_order(name, tmp_path):
    """The product of Nadam's momenta before these; averages and gathered gradients side by side, here of weights of one shape."""
    options = {"use_ema": True, "gradient_accumulation_steps": 3} if name == "Adam" else {}
    layers = [keras.Input((4,)), *(keras.layers.Dense(4, use_bias=False, name=part) for part in ("first", "second"))]
    model = keras.Sequential(layers, name="chain")
    model.compile(getattr(keras.optimizers, name)(0.02, **options), "mse")
    for _ in range(2):
        model.train_on_batch(X, X)
    model.save(tmp_path / "model.keras")
    today = loadstone.load_model(tmp_path / "model.keras")._description
    tensors = [today.extra["optimizer"][f"optimizer/vars/{place}"] for place in range(len(today.extra["optimizer"]))]
    order = [0, 1, 6, 2, 3, 4, 5] if name == "Nadam" else [0, 1, 2, 4, 3, 5, 6, 7, 8, 9]
    then = {f"optimizer/vars/{place}": tensors[number] for place, number in enumerate(order)}
    old = replace(today, producer=Producer("keras", "3.9.2"), extra={**today.extra, "optimizer": then})
    found, wanted = optimizer_state.read(old), optimizer_state.read(today)
    assert [list(row.items()) for row in found.rows] == [list(row.items()) for row in wanted.rows]
    assert found.scalars == wanted.scalars
    assert set(found.scalars) == ({"u_product"} if name == "Nadam" else set())
