"""Layers that today's Keras lacks, in files of today's Keras: Lambdas, layers of other packages and of Keras 1."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import loadstone
from loadstone.model.model import Model
from tests.custom.test_lambdas import FILES, FOLDER, UNTOLD, golden

GOLDEN = Path(__file__).parents[1] / "golden"
FOLDERS = ("third_party", "keras_contrib", "qkeras", "keras_hub")
OTHERS = [path for folder in FOLDERS for path in sorted((GOLDEN / folder).iterdir()) if path.suffix in (".h5", ".keras")]
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def class_names(path: Path) -> set[str]:
    """Of all that the config of a new file holds."""
    return set(_class_names(json.loads(zipfile.ZipFile(path).read("config.json"))))


def _class_names(config: Any) -> Iterator[str]:
    if isinstance(config, dict) and isinstance(config.get("class_name"), str):
        yield config["class_name"]
    for part in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        yield from _class_names(part)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("file", FILES)
def test_lambdas_become_operations(file: str, suffix: str, tmp_path: Path) -> None:
    inputs, wanted = golden(file)
    told = [name for name in wanted if name not in UNTOLD.get(file, ())]
    given = {f"f_{name}": lambda x: x for name in UNTOLD.get(file, ())}
    model = loadstone.load_model(FOLDER / file, custom_objects=given, outputs=[f"f_{name}" for name in told])
    report = loadstone.save_model(model, tmp_path / f"new{suffix}")
    assert not report.needs and "Lambda" not in (class_names(tmp_path / "new.keras") if suffix == ".keras" else ())
    again = loadstone.load_model(report.path)
    results = again.predict({spec.name: inputs[spec.name] for spec in again.inputs})
    for name, result in zip(told, results, strict=True):
        assert result.shape == wanted[name].shape, name
        np.testing.assert_allclose(result, wanted[name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_layers_of_other_packages_become_operations(path: Path, tmp_path: Path) -> None:
    report = loadstone.convert(path, tmp_path / "new.keras")
    assert report.difference is not None and not report.needs
    assert not any(">" in name for name in class_names(tmp_path / "new.keras"))


def test_weights_stay_variables_that_train(tmp_path: Path) -> None:
    loadstone.convert(GOLDEN / "third_party" / "bert.h5", tmp_path / "new.keras")
    old, new = (loadstone.load_model(path) for path in (GOLDEN / "third_party" / "bert.h5", tmp_path / "new.keras"))
    assert _trained(new) == _trained(old) > 1000


def _trained(model: Model) -> int:
    assert model._description.root is not None
    layers = list(model._description.root.walk())
    found = {id(t): t.size for layer in layers if layer.trainable for key, t in layer.weights.items() if key not in layer.non_trainable}
    return sum(found.values())


def test_a_loop_needs_a_known_number_of_rounds(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "third_party" / "addons_crf.h5", tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][0]["config"]["batch_input_shape"] = [None, None]
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(loadstone.UnsupportedOps, match=r"Addons>CRF \(at crf\).*Scan \(a loop over an axis of unknown length: give"):
        loadstone.convert(tmp_path / "old.h5", tmp_path / "new.keras")


def test_everything_that_has_no_operations_is_named_at_once(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "keras_2" / "keras-2.2.4-upsampled.h5", tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        config = json.loads(file.attrs["model_config"])
        layers = config["config"]["layers"]
        layers[0]["config"]["batch_input_shape"] = [None, None, None, 2]
        second = json.loads(json.dumps(layers[1]).replace("up_sampling2d_1", "second").replace("input_1", "up_sampling2d_1"))
        layers.append(second)
        config["config"]["output_layers"] = [["second", 0, 0]]
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(loadstone.UnsupportedOps, match=r"(?s)\(at up_sampling2d_1\).*\(at second\)") as caught:
        loadstone.convert(tmp_path / "old.h5", tmp_path / "new.keras")
    assert caught.value.ops == {"UpSampling2D": (2, "up_sampling2d_1")}
