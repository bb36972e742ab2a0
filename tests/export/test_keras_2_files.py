"""Files for tf_keras and tf.keras: their spelling, that they predict what the model does, and that they go on with its optimizer."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import loadstone
from loadstone.containers.source import Source
from loadstone.export.convert import KerasFile
from loadstone.export.keras_2 import Keras2File
from loadstone.formats.attached import RECORD, found
from loadstone.frontends.keras import optimizer_state
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Model as IrModel
from loadstone.ir import Producer, Tensor
from tests.export.test_convert import cases, check_predictions, source

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


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("path", HELD, ids=lambda path: path.stem)
def test_a_file_for_tf_keras_predicts_what_the_release_predicted(path: Path, suffix: str, tmp_path: Path) -> None:
    file, weights = source(path)
    report = loadstone.convert(file, tmp_path / f"new{suffix}", weights=weights, library="tf_keras")
    assert report.difference is not None
    model, arrays = loadstone.load_model(report.path), np.load(path)
    assert model.producer.version == "2.15.0"
    check_predictions(model, arrays)


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


def test_a_softmax_of_more_axes_than_tensorflow_takes_is_written_out(tmp_path: Path) -> None:
    wide = layer("InputLayer", "x", [], batch_shape=[None, 1, 2, 1, 2, 4], dtype="float32")
    made = written(tmp_path, [wide, layer("Softmax", "last", [tensor("x")], module="keras.src.ops.nn", axis=-1)], [["last", 0, 0]])
    functions = [found["config"].get("function") for name, found in made.items() if name.startswith("last")]
    assert functions == ["reduce_max", "subtract", "exp", "reduce_sum", "divide"]


def test_hard_sigmoid_of_keras_3_is_that_of_keras_2_of_a_smaller_number(tmp_path: Path) -> None:
    made = written(tmp_path, [X, layer("Activation", "hard", [tensor("x")], activation="hard_sigmoid")], [["hard", 0, 0]])
    inner = {one["class_name"]: one["config"] for one in made["hard"]["config"]["layers"]}
    assert inner["Rescaling"]["scale"] == pytest.approx(5 / 6)
    assert inner["Activation"]["activation"] == "hard_sigmoid"
    x = np.linspace(-4, 4, 16, dtype=np.float32).reshape(4, 4)
    np.testing.assert_allclose(loadstone.load_model(tmp_path / "m.h5").predict(x, verbose=0), np.clip(x / 6 + 0.5, 0, 1), atol=1e-6)


def test_functions_that_no_file_holds_are_refused(tmp_path: Path) -> None:
    options = {"sequence_length": 2, "sequence_stride": 1, "fft_length": 2}
    with pytest.raises(loadstone.UnsupportedOps, match=r"STFT calls tf\.signal\.stft, which no file holds"):
        written(tmp_path, [X, layer("STFT", "f", [tensor("x")], module="keras.src.ops.math", **options)], [["f", 0, 0]])


def test_what_keras_2_does_not_have_is_refused(tmp_path: Path) -> None:
    file = Path(__file__).parents[1] / "golden" / "keras_2" / "keras-2.0.8-theano-pool-max-last-3-2-same.h5"
    with pytest.raises(loadstone.UnsupportedOps, match="Keras 2 has no operation MaxPool"):
        loadstone.convert(file, tmp_path / "new.h5", library="tf_keras")
    assert not list(tmp_path.iterdir())


def test_a_library_is_one_that_there_is_and_for_files_of_keras(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"library='tf_keras' is for \.keras and \.h5 files"):
        written_as(tmp_path, "m.weights.h5", "tf_keras")
    with pytest.raises(ValueError, match=r"library='torch'; known are"):
        written_as(tmp_path, "m.h5", "torch")


def written_as(tmp_path: Path, name: str, library: str) -> None:
    first = cases()[0]
    file, weights = source(first)
    loadstone.convert(file, tmp_path / name, weights=weights, library=library)


def test_names_are_such_as_tensorflow_takes(tmp_path: Path) -> None:
    layers = [X, layer("ReLU", "_a", [tensor("x")]), layer("ReLU", "layer_a", [tensor("_a")]), layer("ReLU", "b c", [tensor("layer_a")])]
    assert list(written(tmp_path, layers, [["b c", 0, 0]])) == ["x", "layer_a_1", "layer_a", "b_c"]


def test_keras_2_opens_no_folders(tmp_path: Path) -> None:
    written(tmp_path, [X, layer("ReLU", "r", [tensor("x")])], [["r", 0, 0]])
    with pytest.raises(ValueError, match=r"zipped=False is for Keras 3; library='tf_keras' opens no folders"):
        loadstone.load_model(tmp_path / "m.h5").save(tmp_path / "m.keras", library="tf_keras", zipped=False)


# -- `.keras` ----------------------------------------------------------------------------------------------------------


def saved_as_keras(tmp_path: Path, layers: list[dict[str, Any]], outputs: list[Any]) -> zipfile.ZipFile:
    written(tmp_path, layers, outputs)
    loadstone.load_model(tmp_path / "today.h5").save(tmp_path / "m.keras", library="tf_keras")
    return zipfile.ZipFile(tmp_path / "m.keras")


def test_layers_say_where_they_are_from(tmp_path: Path) -> None:
    power = layer("Power", "power", [tensor("x"), 2], module="keras.src.ops.numpy")
    archive = saved_as_keras(tmp_path, [X, layer("ReLU", "r", [tensor("x")]), power], [["r", 0, 0], ["power", 0, 0]])
    assert json.loads(archive.read("metadata.json"))["keras_version"] == "2.15.0"
    config = json.loads(archive.read("config.json"))
    assert (config["module"], config["class_name"], config["registered_name"]) == (
        "keras.src.engine.functional",
        "Functional",
        "Functional",
    )
    said = {inner["class_name"]: (inner["module"], inner["registered_name"]) for inner in config["config"]["layers"]}
    assert said["ReLU"] == ("keras.layers", None)
    assert said["TFOpLambda"] == ("keras.src.layers.core.tf_op_layer", "TFOpLambda")


def test_weights_begin_with_a_group_of_the_model_itself(tmp_path: Path) -> None:
    archive = saved_as_keras(tmp_path, [X, layer("ReLU", "r", [tensor("x")])], [["r", 0, 0]])
    with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        assert list(file["vars"]) == []  # tf_keras opens it before it looks


def test_the_record_is_no_member_of_the_archive(tmp_path: Path) -> None:
    archive = saved_as_keras(tmp_path, [X, layer("ReLU", "r", [tensor("x")])], [["r", 0, 0]])
    assert sorted(archive.namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
    kept = found(Source.open(tmp_path / "m.keras"), RECORD)
    assert kept is not None
    assert json.loads(kept)["kind"] == "loadstone environment record"


def test_keys_have_whole_axes_in_place_of_an_ellipsis(tmp_path: Path) -> None:
    key = [{"class_name": "__ellipsis__", "config": {}}, 0]
    item = layer("GetItem", "item", [tensor("x"), key], module="keras.src.ops.numpy")
    archive = saved_as_keras(tmp_path, [X, item], [["item", 0, 0]])
    (made,) = [inner for inner in json.loads(archive.read("config.json"))["config"]["layers"] if inner["class_name"] == "SlicingOpLambda"]
    assert made["inbound_nodes"] == [["x", 0, 0, {"slice_spec": [{"start": None, "stop": None, "step": None}, 0]}]]


# -- what training goes on with ----------------------------------------------------------------------------------------

TRAINED = sorted((Path(__file__).parents[1] / "golden" / "training").glob("*.npz"))
LOST = {  # of Keras 3 alone
    "accumulated": "gradient_accumulation_steps", "muon": "Muon", "schedule_free": "ScheduleFreeAdamW", "lamb": "Lamb",
}  # fmt: skip


def trained() -> Iterator[Any]:
    for path in TRAINED:
        for name in np.load(path).files:
            if " " not in name and not name.endswith("_saved_model"):
                for suffix in (".h5", ".keras"):
                    yield pytest.param(path, name, suffix, id=f"{path.stem}-{name}{suffix}")


@pytest.mark.parametrize(("path", "name", "suffix"), list(trained()))
def test_the_optimizer_is_that_of_the_file(path: Path, name: str, suffix: str, tmp_path: Path) -> None:
    model = loadstone.load_model(np.load(path)[name].tobytes())
    report = model.save(tmp_path / f"new{suffix}", library="tf_keras")
    read = loadstone.load_model(report.path)._description
    left_out = [finding.message for finding in report.findings if "left out" in finding.message]
    if left_out:
        assert path.stem == "keras-3.15"
        assert any(word in left_out[0] for word in LOST.values()), left_out
        assert read.training_config is None or "optimizer" not in read.training_config
        return
    before, after = optimizer_state.read(model._description), optimizer_state.read(read)
    assert (before is None) == (after is None)
    if before is None or after is None:
        return
    assert before.iterations is None or after.iterations.numpy() == before.iterations.numpy()
    for row, weight in zip(before.rows, before.weights, strict=True):
        if not row:
            continue
        assert weight is not None
        same = [other for other, own in zip(after.rows, after.weights, strict=True) if own is not None and is_same(own, weight)]
        assert same, weight.key
        for slot in set(row) & set(same[0]):
            if row[slot].shape:
                assert any(is_same(row[slot], other[slot]) for other in same), slot


def is_same(one: Tensor, other: Tensor) -> bool:
    return np.array_equal(one.numpy(), other.numpy())


def test_a_file_without_the_optimizer_has_no_training_config(tmp_path: Path) -> None:
    arrays = np.load(TRAINED[0])
    name = next(name for name in arrays.files if " " not in name)
    for suffix in (".h5", ".keras"):
        report = loadstone.load_model(arrays[name].tobytes()).save(tmp_path / f"new{suffix}", library="tf_keras", include_optimizer=False)
        assert not loadstone.load_model(report.path)._description.training_config


@pytest.mark.parametrize(("made", "names"), [(KerasFile, {"a_b", "my layer"}), (Keras2File, {"a/b", "my_layer"})])
def test_losses_are_kept_by_the_names_that_outputs_have_now(made: type[KerasFile], names: set[str]) -> None:
    """Keras 3 takes no slash in a name, TensorFlow's scopes no blank."""
    entry = {"name": "x", "batch_input_shape": [None, 3], "dtype": "float32"}
    dense = {"trainable": True, "dtype": "float32", "units": 2, "activation": "linear", "use_bias": False}
    layers = [
        {"class_name": "InputLayer", "config": entry, "name": "x", "inbound_nodes": []},
        *(
            {"class_name": "Dense", "config": {**dense, "name": name}, "name": name, "inbound_nodes": [[["x", 0, 0, {}]]]}
            for name in ("a/b", "my layer")
        ),
    ]
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["a/b", 0, 0], ["my layer", 0, 0]]}
    producer = Producer("tf.keras", "2.8.0")
    root = read_model({"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}, producer)
    for layer in root.layers():
        if layer.class_name == "Dense":
            layer.weights["kernel"] = Tensor.of(np.zeros((3, 2), np.float32))
    optimizer = {"class_name": "SGD", "config": {"name": "SGD", "learning_rate": 0.1, "momentum": 0.0, "nesterov": False}}
    stored = {
        "optimizer_config": optimizer,
        "loss": {"my layer": "mse", "a/b": "mae"},
        "metrics": {"a/b": ["mae"]},
        "loss_weights": {"a/b": 2.0, "my layer": 1.0},
    }
    compiled = made(IrModel("made", "", producer, root, training_config=stored)).compiled
    assert compiled is not None
    assert set(compiled.config["loss"]) == set(compiled.config["loss_weights"]) == names
    assert set(compiled.config["metrics"]) < names
