"""Layers that several models hold: a config makes one for each of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import loadstone
from loadstone.errors import ModelError
from loadstone.frontends.keras import optimizer_state
from loadstone.frontends.keras.weights_h5 import trainable_order

RANDOM = np.random.default_rng(7)
WEIGHTS = {f"{layer}/{name}:0": RANDOM.normal(size=(3, 3)[: 2 - (name == "bias")]) for layer in "def" for name in ("kernel", "bias")}
ORDER = tuple(f"{layer}/{name}:0" for layer in "def" for name in ("kernel", "bias"))
OF_D, OF_E, OF_F = ORDER[:2], ORDER[2:4], ORDER[4:]


def dense(name: str, number: int) -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", "units": 3, "activation": "tanh", "use_bias": True}
    return {"class_name": "Dense", "config": config, "shared_object_id": number}


def shared(path: Path) -> Path:
    """A file of tf.keras whose Dense 'd' is called before 'e' and again in the model 'inner' after it, compiled with SGD that has momenta."""
    entry = {"batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "ragged": False}
    first = {"class_name": "InputLayer", "config": {**entry, "name": "d_input"}}
    inner = {
        "class_name": "Sequential",
        "config": {"name": "inner", "layers": [first, dense("d", 1), dense("f", 2)]},
        "shared_object_id": 3,
    }
    layers = [
        {"class_name": "InputLayer", "config": {**entry, "name": "x"}, "name": "x", "inbound_nodes": []},
        {**dense("d", 1), "name": "d", "inbound_nodes": [[["x", 0, 0, {}]]]},
        {**dense("e", 4), "name": "e", "inbound_nodes": [[["d", 0, 0, {}]]]},
        {**inner, "name": "inner", "inbound_nodes": [[["e", 0, 0, {}]]]},
    ]
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["inner", 1, 0]]}
    optimizer = {"class_name": "SGD", "config": {"name": "SGD", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False}}
    with h5py.File(path, "w") as file:
        file.attrs.update(
            keras_version="2.8.0", backend="tensorflow", model_config=json.dumps({"class_name": "Functional", "config": config})
        )
        file.attrs["training_config"] = json.dumps({"loss": "mse", "metrics": None, "optimizer_config": optimizer})
        groups = {"x": (), "d": OF_D, "e": OF_E, "inner": OF_D + OF_F}
        file.create_group("model_weights").attrs["layer_names"] = list(groups)
        for name, own in groups.items():
            group = file["model_weights"].create_group(name)
            group.attrs["weight_names"] = np.array(own, "S")
            for weight in own:
                group[weight] = WEIGHTS[weight].astype(np.float32)
        slots = {f"SGD/{name.partition(':')[0]}/momentum:0": 10 * WEIGHTS[name] for name in ORDER}
        group = file.create_group("optimizer_weights")
        group.attrs["weight_names"] = np.array(["SGD/iter:0", *slots], "S")
        group["SGD/iter:0"] = np.int64(4)
        for name, values in slots.items():
            group[name] = values.astype(np.float32)
    return path


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_each_model_has_the_layer_with_its_weights_and_its_momenta(suffix: str, library: str, tmp_path: Path) -> None:
    model = loadstone.load_model(shared(tmp_path / "old.h5"))
    report = model.save(tmp_path / f"new{suffix}", library=library)
    assert report.difference == pytest.approx(0, abs=1e-6)
    told = [finding.where for finding in report.findings if "they train apart" in finding.message]
    assert told == ["inner/d"]
    read = loadstone.load_model(report.path)._description
    assert read.root is not None
    trained = [slot.layer.weights[slot.variable.name] for slot in trainable_order(read.root, read.producer)]
    expected = [WEIGHTS[name] for name in (*OF_D, *OF_E, *OF_D, *OF_F)]
    state = optimizer_state.read(read)
    assert state is not None
    for values, tensor in zip(expected, trained, strict=True):
        row = state.of(tensor)
        assert row is not None
        np.testing.assert_allclose(tensor.numpy(), values, rtol=1e-6)
        np.testing.assert_allclose(row["momentum"].numpy(), 10 * values, rtol=1e-6)


def test_weights_alone_are_those_of_the_architecture_that_is_written(tmp_path: Path) -> None:
    model = loadstone.load_model(shared(tmp_path / "old.h5"))
    x = RANDOM.normal(size=(2, 3)).astype(np.float32)
    model.save(tmp_path / "m.json")
    for name in ("m.safetensors", "m.weights.h5"):
        model.save(tmp_path / name)
        again = loadstone.load_model(tmp_path / "m.json", weights=tmp_path / name)
        np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)


def test_a_living_model_has_them_too_and_says_so(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    model = loadstone.load_model(shared(tmp_path / "old.h5"))
    with pytest.warns(UserWarning, match="'d' is shared with another model: each has one of its own now, and they train apart"):
        live = model.to_keras(compile=False)
    x = RANDOM.normal(size=(2, 3)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(live(x)), model.predict(x, verbose=0), atol=1e-5)


def test_weights_alone_fit_the_original_too(tmp_path: Path) -> None:
    model = loadstone.load_model(shared(tmp_path / "old.h5"))
    model.save_weights(tmp_path / "new.weights.h5")
    again = loadstone.load_model(tmp_path / "old.h5", weights=tmp_path / "new.weights.h5")
    x = RANDOM.normal(size=(2, 3)).astype(np.float32)
    np.testing.assert_array_equal(again(x), model(x))
    with h5py.File(tmp_path / "new.weights.h5", "r+") as file:
        file["layers/sequential/layers/dense/vars/0"][...] += 1  # another layer than the first
    with pytest.raises(ModelError, match="no layer has such a weight"):
        loadstone.load_model(tmp_path / "old.h5", weights=tmp_path / "new.weights.h5")
