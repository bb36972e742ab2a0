"""HDF5 files for tf_keras and tf.keras: their spelling, and that they predict what the model does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import loadstone
from tests.export.test_convert import cases, source

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def written(tmp_path: Path, layers: list[dict[str, Any]], outputs: list[Any]) -> dict[str, Any]:
    """The layers by name of a new file for tf_keras, of a model without weights in today's spelling."""
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": outputs}
    with h5py.File(tmp_path / "today.h5", "w") as file:
        model = {"module": "keras", "class_name": "Functional", "config": config}
        file.attrs.update(keras_version="3.15.1", backend="tensorflow", model_config=json.dumps(model))
        file.create_group("model_weights").attrs["layer_names"] = [layer["name"] for layer in layers]
        for layer in layers:
            file["model_weights"].create_group(layer["name"]).attrs["weight_names"] = np.zeros((0,), "S1")
    loadstone.load_model(tmp_path / "today.h5").save(tmp_path / "m.h5", library="tf_keras")
    with h5py.File(tmp_path / "m.h5") as file:
        assert file.attrs["keras_version"] == "2.15.0"
        return {layer["name"]: layer for layer in json.loads(file.attrs["model_config"])["config"]["layers"]}


def layer(class_name: str, name: str, inputs: list[Any], module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    return {
        "module": module, "class_name": class_name, "config": {"name": name, **config}, "registered_name": None, "name": name,
        "inbound_nodes": [{"args": inputs, "kwargs": {}}] if inputs else [],
    }  # fmt: skip


def tensor(name: str) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"shape": [None, 4], "dtype": "float32", "keras_history": [name, 0, 0]}}


X = layer("InputLayer", "x", [], batch_shape=[None, 4], dtype="float32")


# Layers that become operations which TensorFlow's functions do not say, or whose masks and states differ.
REFUSED = ("convlstm", "pool-average", "pool-max", "masked-directions", "masked-steps", "stacked-states")
HELD = [path for path in cases() if not any(part in path.stem for part in REFUSED)]


@pytest.mark.parametrize("path", HELD, ids=lambda path: path.stem)
def test_a_file_for_tf_keras_predicts_what_the_release_predicted(path: Path, tmp_path: Path) -> None:
    file, weights = source(path)
    report = loadstone.convert(file, tmp_path / "new.h5", weights=weights, library="tf_keras")
    assert report.difference is not None
    model, arrays = loadstone.load_model(report.path), np.load(path)
    assert model.producer.version == "2.15.0"
    inputs = [arrays[key] for key in sorted(arrays.files) if key.startswith("in_")]
    expected = [arrays[key] for key in sorted(arrays.files) if key.startswith("out_")]
    got = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    got = [got[key] for key in sorted(got)] if isinstance(got, dict) else got if isinstance(got, list) else [got]
    for want, result in zip(expected, got, strict=True):
        np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-5)


def test_calls_are_lists_of_tensors_and_options_have_the_names_of_keras_2(tmp_path: Path) -> None:
    leaky = layer("LeakyReLU", "leaky", [tensor("x")], negative_slope=0.3)
    made = written(tmp_path, [X, leaky], [["leaky", 0, 0]])
    assert made["x"]["config"]["batch_input_shape"] == [None, 4]
    assert made["leaky"]["config"]["alpha"] == 0.3
    assert made["leaky"]["inbound_nodes"] == [[["x", 0, 0, {}]]]


def test_operations_become_functions_of_tensorflow(tmp_path: Path) -> None:
    power = layer("Power", "power", [tensor("x"), 2], module="keras.src.ops.numpy")
    total = layer("Add", "total", [1, tensor("power")], module="keras.src.ops.numpy")
    made = written(tmp_path, [X, power, total], [["total", 0, 0]])
    assert made["power"]["class_name"] == "TFOpLambda"
    assert made["power"]["config"]["function"] == "pow"
    assert made["power"]["inbound_nodes"] == [["x", 0, 0, {"y": 2.0}]]
    assert made["total"]["inbound_nodes"] == [["power", 0, 0, {"y": 1.0}]]  # a number that comes first has no dtype there


def test_log_softmax_is_a_function_there(tmp_path: Path) -> None:
    made = written(tmp_path, [X, layer("Activation", "last", [tensor("x")], activation="log_softmax")], [["last", 0, 0]])
    assert made["last"]["config"]["function"] == "nn.log_softmax"


def test_what_keras_2_does_not_have_is_refused(tmp_path: Path) -> None:
    file = Path(__file__).parents[1] / "golden" / "keras_2" / "keras-2.0.8-theano-pool-max-last-3-2-same.h5"
    with pytest.raises(loadstone.UnsupportedOps, match="Keras 2 has no operation MaxPool"):
        loadstone.convert(file, tmp_path / "new.h5", library="tf_keras")
    assert not list(tmp_path.iterdir())


def test_a_library_is_one_that_there_is_and_for_hdf5_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"library='tf_keras' is for \.h5 files"):
        written_as(tmp_path, "m.keras", "tf_keras")
    with pytest.raises(ValueError, match=r"library='torch'; known are"):
        written_as(tmp_path, "m.h5", "torch")


def written_as(tmp_path: Path, name: str, library: str) -> None:
    first = cases()[0]
    file, weights = source(first)
    loadstone.convert(file, tmp_path / name, weights=weights, library=library)
