"""`diff`: what it finds between two models, and what it takes for the same."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import loadstone
from loadstone.ir import Layer, Tensor
from loadstone.tools import weights
from loadstone.tools.change import Tolerance, between
from loadstone.tools.diff import diff
from loadstone.tools.layers import paired
from tests.cli.test_commands import call

GOLDEN = Path(__file__).parents[1] / "golden"
KERAS_3 = GOLDEN / "keras-3.15.1"
MLP = KERAS_3 / "mlp.h5"


def changed(found, part=None):
    return [change for change in found.changes if change.part in found.counted and part in (None, change.part)]


@pytest.fixture
def other(tmp_path):
    """The file with what a test makes of it."""

    def make(edit):
        shutil.copy(MLP, tmp_path / "other.h5")
        with h5py.File(tmp_path / "other.h5", "a") as file:
            config = json.loads(file.attrs["model_config"])
            edit(file, config)
            file.attrs["model_config"] = json.dumps(config)
        return tmp_path / "other.h5"

    return make


def kernel_of(file):
    names = []
    file["model_weights"].visititems(lambda name, item: names.append(name) if name.endswith("kernel") else None)
    return file["model_weights"][names[0]]


@pytest.mark.parametrize("name", ["mlp", "multi_io", "nested", "rnn", "shared_across_levels"])
def test_the_same_model_in_two_kinds_of_files(name):
    found = diff(KERAS_3 / f"{name}.h5", KERAS_3 / f"{name}.keras")
    assert [change for change in changed(found) if change.part != "training"] == []
    assert "tensors of both" in found.compared["weights"] and "differ by 0" in found.compared["predictions"]


def test_another_release_makes_no_other_model(tmp_path):
    loadstone.save_model(loadstone.load_model(GOLDEN / "tf.keras-2.8.4" / "rnn.h5"), tmp_path / "new.keras", include_optimizer=True)
    found = diff(GOLDEN / "tf.keras-2.8.4" / "rnn.h5", tmp_path / "new.keras", counted=("architecture", "config", "weights", "predictions"))
    assert found.same and any(change.part == "environment" and change.where == "version" for change in found.changes)


def test_weights(other):
    def edit(file, config):
        data = kernel_of(file)
        data[0, 0] += 0.5

    path = other(edit)
    found = diff(MLP, path)
    (change,) = changed(found, "weights")
    assert change.where.endswith("/kernel") and change.difference == pytest.approx(0.5)
    assert changed(found, "predictions") and not found.same
    assert diff(MLP, path, atol=1e9).same and not diff(MLP, path, atol=0.4, parts=("weights",)).same


def test_config(other):
    def edit(file, config):
        dense = next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Dense")
        dense["config"]["activation"] = "tanh"

    (change,) = changed(diff(MLP, other(edit)), "config")
    assert change.where.endswith(".activation") and change.b == "tanh" and change.kind == "changed"


def test_layers_are_paired_by_name_and_place(tmp_path):
    found = diff(KERAS_3 / "mlp.keras", KERAS_3 / "cnn.keras")
    kinds = {change.kind for change in changed(found, "architecture")}
    assert {"added", "removed"} <= kinds and not found.same


def test_signatures_and_graphs():
    graphs = GOLDEN / "graphs" / "tensorflow-1.15"
    assert diff(graphs / "mlp.zip", graphs / "mlp.zip").same
    found = diff(graphs / "mlp.zip", graphs / "conditions.zip")
    assert changed(found, "signatures") and "no layers" in found.compared["architecture"]


def test_onnx_files_are_compared_by_what_they_predict(tmp_path):
    loadstone.convert(MLP, tmp_path / "model.onnx")
    found = diff(MLP, tmp_path / "model.onnx")
    assert found.same and "ONNX" in found.compared["weights"] and "differ by" in found.compared["predictions"]
    loadstone.convert(MLP, tmp_path / "model.onnx", input_names=["x"])
    assert [change.where for change in changed(diff(MLP, tmp_path / "model.onnx"))] == ["inputs[0].name"]


def test_what_does_not_run_is_compared_as_far_as_it_can_be():
    path = KERAS_3 / "custom_activation.keras"
    found = diff(path, KERAS_3 / "custom_activation.h5")
    assert found.same and "does not run" in found.compared["predictions"] and "my_custom_activation" in found.compared["predictions"]


def architecture(path, taken, given=("d", 0, 0)):
    """A file of layers in which `d` takes an output of a call of the shared LSTM `l`."""
    node = lambda *tensor: [[[*tensor, {}]]]  # noqa: E731
    inputs = [("InputLayer", name, {"batch_input_shape": [None, 5, 4], "dtype": "float32"}, []) for name in "ab"]
    layers = [
        *inputs,
        ("LSTM", "l", {"units": 3, "return_state": True}, [*node("a", 0, 0), *node("b", 0, 0)]),
        ("Dense", "d", {"units": 2}, node(*taken)),
    ]
    stored = [
        {"class_name": kind, "name": name, "config": {"name": name, **rest}, "inbound_nodes": nodes} for kind, name, rest, nodes in layers
    ]
    config = {"name": "m", "layers": stored, "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [list(given)]}
    path.write_text(json.dumps({"class_name": "Functional", "config": config, "keras_version": "2.4.0", "backend": "tensorflow"}))
    return path


def test_which_output_of_which_call_is_taken(tmp_path):
    first = architecture(tmp_path / "a.json", ("l", 0, 1))
    (change,) = changed(diff(first, architecture(tmp_path / "b.json", ("l", 0, 2))))
    assert (change.where, change.a, change.b) == ("d: takes", "l[1]", "l[2]")
    (change,) = changed(diff(first, architecture(tmp_path / "b.json", ("l", 1, 1))))
    assert (change.where, change.a, change.b) == ("d: takes", "l[1]", "l(1)[1]")
    one, other = (architecture(tmp_path / f"{call}.json", ("l", 0, 0), ("l", call, 1)) for call in (0, 1))
    (change,) = changed(diff(one, other))
    assert (change.where, change.a, change.b) == ("the model: gives", "l[1]", "l(1)[1]")
    assert diff(first, architecture(tmp_path / "b.json", ("l", 0, 1))).same


def test_layers_of_one_path_are_all_there():
    """Nothing that only one model has is left out."""
    child = lambda: Layer("Dense", "d", {}, path="d")  # noqa: E731
    one, two = (Layer("Wrapper", "w", {}, children={str(at): child() for at in range(count)}) for count in (0, 2))
    assert paired(one, two) == [(None, layer) for layer in two.layers()]
    assert paired(two, one) == [(layer, None) for layer in two.layers()]


def test_layers_in_another_order_are_the_same(tmp_path):
    path = architecture(tmp_path / "a.json", ("l", 0, 0))
    stored = json.loads(path.read_text())
    stored["config"]["layers"] = [stored["config"]["layers"][place] for place in (1, 0, 2, 3)]
    (tmp_path / "b.json").write_text(json.dumps(stored))
    found = diff(path, tmp_path / "b.json")
    assert found.same and found.compared["architecture"] == "4 layers of both"


def test_data_of_ones_own(tmp_path):
    model = loadstone.load_model(MLP)
    np.savez(tmp_path / "data.npz", **{model.input_names[0]: np.zeros((2, *model.input_shape[1:]), "float32")})
    assert "the data given" in diff(MLP, MLP, data=tmp_path / "data.npz").compared["predictions"]
    np.savez(tmp_path / "data.npz", **{model.input_names[0]: np.zeros((2, 1000), "float32")})
    with pytest.raises(loadstone.InputMismatch):
        diff(MLP, MLP, data=tmp_path / "data.npz")
    x = np.zeros((2, *model.input_shape[1:]), "float32")
    np.savez(tmp_path / "data.npz", **{model.input_names[0]: x, "labels": x})
    assert "the data given" in diff(MLP, MLP, data=tmp_path / "data.npz").compared["predictions"]
    np.savez(tmp_path / "data.npz", first=x, second=x)
    with pytest.raises(loadstone.InputMismatch, match="the data are first, second"):
        diff(MLP, MLP, data=tmp_path / "data.npz")


def test_large_tensors_are_compared_piece_by_piece(monkeypatch):
    monkeypatch.setattr(weights, "PIECE", 3)
    a = np.arange(10, dtype="float32")
    b = a.copy()
    b[7] += 2
    assert weights.difference(Tensor.of(a), Tensor.of(b), Tolerance()) == (2.0, True)
    assert weights.difference(Tensor.of(a), Tensor.of(b), Tolerance(rtol=1.0)) == (2.0, False)
    nan = np.array([np.nan, 1], "float32")
    assert weights.difference(Tensor.of(nan), Tensor.of(nan), Tolerance()) == (0.0, False)
    assert weights.difference(Tensor.of(nan), Tensor.of(np.ones(2, "float32")), Tolerance()) == (np.inf, True)


def test_large_whole_numbers_and_infinities_are_compared_as_such():
    large, near = np.array([2**60, 5]), np.array([2**60 + 1, 5])
    assert weights.difference(Tensor.of(large), Tensor.of(near), Tolerance(rtol=0.1)) == (1.0, True)
    one, other = np.array([-np.inf, 1], "float32"), np.array([-np.inf, 1.25], "float32")
    assert weights.difference(Tensor.of(one), Tensor.of(other), Tolerance()) == (0.25, True)
    assert weights.difference(Tensor.of(one), Tensor.of(other), Tolerance(atol=0.5)) == (0.25, False)
    assert weights.difference(Tensor.of(one), Tensor.of(-one), Tolerance(rtol=9.0)) == (np.inf, True)


def test_numbers_of_configs_are_those_of_float32():
    assert not list(between("config", {"rate": 0.1, "seed": None}, {"rate": 0.10000000149}, ""))
    assert [change.where for change in between("config", {"a": [1, 2]}, {"a": [1, 3], "b": True}, "")] == ["a[1]", "b"]


def test_at_the_shell(other, tmp_path):
    assert call("diff", MLP, KERAS_3 / "mlp.keras", "--ignore", "training").exit_code == 0
    path = other(lambda file, config: kernel_of(file).__setitem__((0, 0), 9))
    result = call("diff", MLP, path)
    assert result.exit_code == 1 and "kernel" in result.output and "not the same" in result.output
    found = json.loads(call("diff", MLP, path, "--json", "--only", "weights").output)
    assert found["same"] is False and found["changes"][0]["part"] == "weights"
    assert call("diff", MLP, path, "--ignore", "weights", "--ignore", "predictions").exit_code == 0
    assert call("diff", MLP, tmp_path / "none.h5").exit_code == 1
    assert call("diff", MLP, path, "--only", "nothing").exit_code == 2


def test_parts_that_there_are_not():
    with pytest.raises(ValueError, match="called 'colour'"):
        diff(MLP, MLP, parts=("colour",))
