"""Converted files: read again by loadstone, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import loadstone
from loadstone.cli import main
from loadstone.export.convert import KerasFile
from loadstone.frontends.keras import spelling
from loadstone.frontends.keras.config import read_model
from loadstone.frontends.keras.history import upgrade_layer
from loadstone.frontends.keras.keras_3_names import OPERATIONS
from loadstone.ir import Layer, Producer
from loadstone.ir import Model as IrModel
from tests.cli.test_commands import call

GOLDEN = Path(__file__).parents[1] / "golden"
FOLDERS = ("keras_1", "keras_2")
APART = GOLDEN / "apart" / "keras-2.2.4" / "model"
pytestmark = pytest.mark.filterwarnings("ignore:.*(statistics|do not name their backend):UserWarning")


# What today's Keras computes with no layer that it has: phases that a call fixes, masks of steps inside steps, the order of a stack's states.
REFUSED = (
    *(f"{release}-fixed-phases" for release in ("keras-2.0.2", "keras-2.1.3", "keras-2.2.5")),
    *(f"tf.keras-{release}-fixed-phases" for release in ("1.8.0", "1.12.3", "1.13.2")),
    *("keras-2.2.5-masked-steps", "tf.keras-1.12.3-masked-steps", "tf.keras-1.13.2-masked-steps", "tf.keras-1.14.0-masked-steps"),
    *("keras-2.1.3-stacked-states", "tf.keras-1.8.0-stacked-states", "tf.keras-1.12.3-stacked-states", "tf.keras-1.13.2-masked-directions"),
)


def cases() -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((GOLDEN / folder).glob("*.npz"))]
    return [path for path in found if path.stem not in REFUSED]


def source(path: Path) -> tuple[Path, Path | None]:
    architecture = path.with_suffix(".json")
    return (architecture, path.with_suffix(".h5")) if architecture.exists() else (path.with_suffix(".h5"), None)


def check_predictions(model: loadstone.Model, arrays: Any) -> None:
    """The outputs of a golden case (out_0, ..) for its inputs (in_0, ..)."""
    inputs = [arrays[key] for key in sorted(arrays.files) if key.startswith("in_")]
    expected = [arrays[key] for key in sorted(arrays.files) if key.startswith("out_")]
    got = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    got = [got[key] for key in sorted(got)] if isinstance(got, dict) else got if isinstance(got, list) else [got]
    for want, result in zip(expected, got, strict=True):
        np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_a_converted_file_predicts_what_the_release_predicted(path: Path, suffix: str, tmp_path: Path) -> None:
    file, weights = source(path)
    report = loadstone.convert(file, tmp_path / f"new{suffix}", weights=weights)
    assert report.difference is not None
    model, arrays = loadstone.load_model(report.path), np.load(path)
    assert model.producer.version == "3.15.1"
    check_predictions(model, arrays)


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_predict_other_numbers_is_not_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(loadstone.LoadstoneError, match=r"other numbers|today's Keras has none|not supported yet"):
        loadstone.convert(GOLDEN / "keras_2" / f"{name}.h5", tmp_path / "new.keras")
    assert not list(tmp_path.iterdir())


def test_hdf5_files_have_the_full_names_of_losses(tmp_path: Path) -> None:
    loadstone.convert(GOLDEN / "keras_2" / "keras-2.2.5-chains.h5", tmp_path / "plain.h5")
    with h5py.File(tmp_path / "plain.h5", "r+") as file:
        optimizer = {"class_name": "Adam", "config": {"learning_rate": 0.5}}
        file.attrs["training_config"] = json.dumps({"loss": "mse", "metrics": ["mae"], "optimizer_config": optimizer})
    loadstone.convert(tmp_path / "plain.h5", tmp_path / "new.h5")
    with h5py.File(tmp_path / "new.h5") as file:
        stored = json.loads(file.attrs["training_config"])
    assert (stored["loss"], stored["metrics"]) == ("mean_squared_error", ["mean_absolute_error"])


def test_what_today_s_keras_cannot_hold_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    shutil.copy(GOLDEN / "keras_2" / "keras-2.2.4-upsampled.h5", tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][0]["config"]["batch_input_shape"] = [None, None, None, 3]
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(
        loadstone.UnsupportedOps, match=r"cannot be made of what it has[^|]*UpSampling2D .at[^|]*Resize .of an axis of unknown"
    ):
        loadstone.convert(tmp_path / "old.h5", tmp_path / "out" / "new.keras")
    assert not os.listdir(tmp_path / "out")


def test_numbers_that_would_differ_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadstone.export.today.misplaced_bias", lambda layer, output: False)
    with pytest.raises(loadstone.ModelError, match="other numbers"):
        loadstone.convert(GOLDEN / "keras_1" / "keras-1.2.2-tensorflow-atrous-local-th.h5", tmp_path / "new.keras")
    assert not os.listdir(tmp_path)


def test_weights_and_config_alone(tmp_path: Path) -> None:
    loadstone.convert(APART / "model.json", tmp_path / "new.json", weights=APART / "weights.h5")
    loadstone.convert(APART / "model.json", tmp_path / "new.weights.h5", weights=APART / "weights.h5")
    assert json.loads((tmp_path / "new.json").read_text())["class_name"] == "Functional"
    model = loadstone.load_model(tmp_path / "new.json", weights=tmp_path / "new.weights.h5")
    data = np.load(APART / "data.npz")
    np.testing.assert_allclose(model.predict(data["input"], verbose=0), data["output"], rtol=1e-4, atol=1e-6)


def test_a_file_is_replaced_only_where_that_is_wanted(tmp_path: Path) -> None:
    target = tmp_path / "new.keras"
    target.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        loadstone.convert(APART / "model.json", target, weights=APART / "weights.h5", overwrite=False)
    assert target.read_bytes() == b"precious"
    loadstone.convert(APART / "model.json", target, weights=APART / "weights.h5")
    assert target.read_bytes().startswith(b"PK")


def test_a_suffix_that_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="known suffixes"):
        loadstone.convert(APART / "model.json", tmp_path / "new.bin", weights=APART / "weights.h5")


def test_at_the_shell(tmp_path: Path) -> None:
    assert "convert" in main.commands
    result = call("convert", APART / "model.json", tmp_path / "new.h5", "--weights", APART / "weights.h5")
    assert result.exit_code == 0
    assert "predictions differ by" in result.output
    assert call("convert", APART / "model.json", tmp_path / "new.bin", "--weights", APART / "weights.h5").exit_code == 2
    assert call("convert", APART / "model.json", tmp_path / "new.keras").exit_code == 1
    assert call("convert", APART / "model.json", tmp_path / "new.h5", "--weights", APART / "weights.h5", "--no-overwrite").exit_code == 1


def test_what_a_release_did_is_no_option_of_an_operation() -> None:
    """History marks operations whose old results were others; Keras takes no such argument."""
    told = []
    for name, (module, taken) in OPERATIONS.items():
        options = {"name": "x", **dict.fromkeys(taken - {""}, 1)}
        found = upgrade_layer(f"keras.ops.{name}", options, Producer("keras", "3.15.1"))
        layer = Layer(name, "x", {key: value for key, value in found.items() if key != "name"}, domain="keras.ops")
        spelt = spelling._Spelling(lambda leaf: (None, ""), ()).layer(layer)
        assert spelt["module"] == module
        assert set(spelt["config"]) <= {"name", *taken}
        told += [name] * (set(layer.config) > set(spelt["config"]) - {"name"})
    assert {"Sparsemax", "SoftShrink", "Rot90"} <= set(told)


def test_adaptive_pools_are_layers_of_todays(tmp_path: Path) -> None:
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, None, 7, 2], "dtype": "float32", "name": "x"}}
    pool = {"class_name": "AdaptiveAveragePooling2D", "config": {"name": "pool", "output_size": [2, 3]}, "module": "keras.layers"}
    root = read_model({"class_name": "Sequential", "config": {"name": "m", "layers": [first, pool]}}, Producer("keras", "3.15.1"))
    file = KerasFile(IrModel("made", "", Producer("keras", "3.15.1"), root))
    assert [layer["class_name"] for layer in file.config["config"]["layers"]] == ["InputLayer", "AdaptiveAveragePooling2D"]


def test_a_normalization_by_roots_of_squares_stays_one(tmp_path: Path) -> None:
    """Keras takes `rms_scaling` out of its keyword arguments."""
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "x"}}
    norm = {"class_name": "LayerNormalization", "config": {"name": "n", "axis": -1, "epsilon": 1e-3, "rms_scaling": True}}
    root = read_model({"class_name": "Sequential", "config": {"name": "m", "layers": [first, norm]}}, Producer("keras", "3.15.1"))
    file = KerasFile(IrModel("made", "", Producer("keras", "3.15.1"), root))
    assert file.config["config"]["layers"][-1]["config"]["rms_scaling"] is True
