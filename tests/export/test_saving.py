"""`save_model`: what is written for which name, what refuses, what the report says; and that a model may be saved over its own file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

import loadstone
import loadstone.tensorflow as lt
from loadstone.cli import main as _main  # noqa: F401
from loadstone.export.kinds import kind_of
from tests.cli.test_commands import call

GOLDEN = Path(__file__).parents[1] / "golden"
MLP = GOLDEN / "keras-3.15.1" / "mlp.h5"
DATA = np.linspace(-1, 1, 15, dtype=np.float32).reshape(3, 5)


@pytest.fixture
def model() -> loadstone.Model:
    return loadstone.load_model(MLP)


# -- what a name means -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "save_format", "kind"),
    [
        ("m.keras", None, "keras"),
        ("m.h5", None, "h5"),
        ("M.HDF5", None, "h5"),
        ("m.weights.h5", None, "weights"),
        ("m.safetensors", None, "safetensors"),
        ("m.json", None, "json"),
        ("m.onnx", None, "onnx"),
        ("m", None, "saved_model"),
        ("resnet_v1.5", None, "saved_model"),
        ("folder.keras/m", None, "saved_model"),
        ("served/", None, "saved_model"),
        ("m", "keras", "keras"),
        ("m", "h5", "h5"),
        ("m.bin", "hdf5", "h5"),
        ("m.h5", "hdf5", "h5"),
        ("m", "tf", "saved_model"),
        ("m", "saved_model", "saved_model"),
        ("m", "weights", "weights"),
        ("m.h5", "weights", "legacy_weights"),
        ("m.safetensors", "weights", "safetensors"),
        ("m", "onnx", "onnx"),
    ],
)
def test_the_suffix_or_save_format_says_what_is_written(name: str, save_format: str | None, kind: str) -> None:
    assert kind_of(name, save_format) == kind


@pytest.mark.parametrize(
    ("name", "save_format"),
    [("m.h5", "keras"), ("m.keras", "tf"), ("m.onnx", "h5"), ("m.weights.h5", "h5"), ("m", "pickle"), ("m.pb", None)],
)
def test_what_contradicts_is_refused(name: str, save_format: str | None) -> None:
    with pytest.raises(ValueError, match=r"save_format|does not say"):
        kind_of(name, save_format)


def test_options_of_other_kinds_are_refused(model: loadstone.Model, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="zipped"):
        loadstone.save_model(model, tmp_path / "m.h5", zipped=False)
    with pytest.raises(ValueError, match="version"):
        loadstone.save_model(model, tmp_path / "m.keras", version=1)
    with pytest.raises(ValueError, match="signatures"):
        loadstone.save_model(model, tmp_path / "m.keras", signatures={})
    with pytest.raises(TypeError, match=r"expected a loadstone\.Model or a Keras model, got builtins\.dict"):
        loadstone.save_model({}, tmp_path / "m.keras")
    assert not os.listdir(tmp_path)


# -- every kind --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m", "folder"])
def test_a_whole_model_comes_back(name: str, model: loadstone.Model, tmp_path: Path) -> None:
    for _ in range(2):  # the second time over the first
        report = loadstone.save_model(model, tmp_path / name, zipped=name != "folder")
        assert report.difference == pytest.approx(0, abs=1e-5)
        assert report.bytes > 1000
        assert (report.needs, report.warnings) == ((), ())
    assert os.listdir(tmp_path) == [name]
    np.testing.assert_allclose(loadstone.load_model(tmp_path / name)(DATA), model(DATA), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["m.weights.h5", "m.safetensors", "old.h5"])
def test_weights_go_into_the_architecture(name: str, model: loadstone.Model, tmp_path: Path) -> None:
    assert model.save_weights(tmp_path / name).difference == 0
    model.save(tmp_path / "m.json")
    assert json.loads((tmp_path / "m.json").read_text())["class_name"] == "Sequential"
    again = loadstone.load_model(tmp_path / "m.json", weights=tmp_path / name)
    np.testing.assert_array_equal(again(DATA), model(DATA))
    assert len(loadstone.load_weights(tmp_path / name)) == len(model.weights)


def test_safetensors_names_weights_by_their_layers(model: loadstone.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "m.safetensors")
    found = loadstone.load_weights(tmp_path / "m.safetensors")
    assert list(found) == [weight.path for weight in model.weights]
    for weight in model.weights:
        np.testing.assert_array_equal(found[weight.path], weight)


def test_a_version_is_a_numbered_folder(model: loadstone.Model, tmp_path: Path) -> None:
    for version in (1, 2):
        loadstone.save_model(model, tmp_path / "served", version=version)
    assert sorted(os.listdir(tmp_path / "served")) == ["1", "2"]
    with pytest.raises(FileExistsError):
        loadstone.save_model(model, tmp_path / "served", overwrite=False, version=2)
    with pytest.raises(ValueError, match="whole numbers"):
        loadstone.save_model(model, tmp_path / "served", version=-1)


def test_export_writes_what_predicts(model: loadstone.Model, tmp_path: Path) -> None:
    assert model.export(tmp_path / "sm").kind == "saved_model"
    assert model.export(tmp_path / "m.onnx", format="onnx").kind == "onnx"
    with pytest.raises(ValueError, match="format"):
        model.export(tmp_path / "x", format="tflite")


def test_tensorflow_s_names_save_too(tmp_path: Path) -> None:
    model = lt.keras.models.load_model(MLP)
    lt.keras.models.save_model(model, tmp_path / "m", save_format="h5")
    model.save(tmp_path / "sm", save_format="tf")
    assert lt.saved_model.save(model, tmp_path / "again").kind == "saved_model"
    np.testing.assert_allclose(lt.keras.models.load_model(tmp_path / "sm")(DATA), model(DATA), rtol=1e-5, atol=1e-6)


def test_weights_of_an_onnx_file_have_a_name_of_their_own(tmp_path: Path) -> None:
    """So that the file that is there has its own until it is replaced."""
    names = []
    for _ in range(3):
        report = loadstone.convert(
            GOLDEN / "keras_2" / "keras-2.0.8-tensorflow-separable-first.h5", tmp_path / "m.onnx", external_data=True
        )
        names.append([os.path.basename(path) for path in report.files])
        assert sorted(os.listdir(tmp_path)) == sorted(names[-1])
    assert names == [["m.onnx", "m.onnx.data"], ["m.onnx", "m.onnx.1.data"], ["m.onnx", "m.onnx.data"]]


@pytest.mark.parametrize("name", ["mlp_frozen.pb", "mlp.zip"])
def test_a_graph_has_no_layers_for_a_file_of_keras(name: str, tmp_path: Path) -> None:
    graph = loadstone.load_model(GOLDEN / "graphs" / "tensorflow-1.15" / name)
    for suffix in (".keras", ".h5", ".weights.h5", ".safetensors", ".json"):
        with pytest.raises(loadstone.LoweringError, match="no layers"):
            graph.save(tmp_path / f"m{suffix}")
    assert not os.listdir(tmp_path)
    data = {spec.name: np.linspace(-1, 1, 3 * (spec.shape or (0, 1))[1], dtype=np.float32).reshape(3, -1) for spec in graph.inputs}  # type: ignore[operator]
    for target in ("m", "m.onnx"):
        assert graph.save(tmp_path / target).difference == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(loadstone.load_model(tmp_path / "m")(data), graph(data), rtol=1e-5, atol=1e-6)


# -- safety ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m"])
def test_a_model_may_be_saved_over_its_own_mapped_file(name: str, model: loadstone.Model, tmp_path: Path) -> None:
    model.save(tmp_path / name)
    mapped = loadstone.load_model(tmp_path / name, mmap=True)
    for _ in range(2):
        mapped.save(tmp_path / name)
        np.testing.assert_allclose(mapped(DATA), model(DATA), rtol=1e-5, atol=1e-6)
        assert len(mapped.get_weights()) == len(model.weights)


def test_overwrite_false_refuses_and_changes_nothing(model: loadstone.Model, tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        model.save(tmp_path / "m.keras", overwrite=False)
    assert (tmp_path / "m.keras").read_bytes() == b"precious"


def test_progress_is_told_in_bytes(model: loadstone.Model, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    loadstone.save_model(model, tmp_path / "m.keras", progress=lambda done, total: told.append((done, total)))
    size = sum(weight.numpy().nbytes for weight in model.weights)
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# -- at the shell ------------------------------------------------------------------------------------------------------


def test_at_the_shell(tmp_path: Path) -> None:
    done = call("convert", MLP, tmp_path / "served", "--version", "7")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("written    ")
    assert os.listdir(tmp_path / "served") == ["7"]
    assert call("convert", MLP, tmp_path / "m", "--format", "h5").exit_code == 0
    assert call("convert", MLP, tmp_path / "m.h5", "--format", "keras").exit_code == 2
