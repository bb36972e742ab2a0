"""Layers whose computation is a SavedModel against what tensorflow_hub and Keras predicted (tests/golden/make_saved_model_layers.py)."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import loadstone
from loadstone.errors import CorruptFile, LoadstoneError, MissingCustomObjects, ModelError, UnsupportedAttribute

GOLDEN = Path(__file__).parents[1] / "golden" / "saved_model_layers"
HUB, KERAS = GOLDEN / "tensorflow_hub-0.15.0.tar.xz", GOLDEN / "keras-3.15.1.tar.xz"


def _names(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        index = json.load(io.BytesIO(tar.extractfile("index.json").read()))  # type: ignore[union-attr]
    return [name + ending for name, endings in index.items() for ending in endings]


CASES = [(archive, name) for archive in (HUB, KERAS) for name in _names(archive)]
CHECKPOINTS = sorted({name.partition(".")[0] for name in _names(HUB)})


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Path]:
    found = {}
    for archive in (HUB, KERAS):
        found[archive] = tmp_path_factory.mktemp(archive.name.partition("-")[0])
        with tarfile.open(archive) as tar:
            tar.extractall(found[archive], filter="data")
    return found


@pytest.fixture
def hub(folders: dict[Path, Path]) -> Path:
    return folders[HUB]


def _data(folder: Path, name: str) -> tuple[Any, list[np.ndarray]]:
    arrays = np.load(folder / f"{name}.npz", allow_pickle=True)
    inputs = [arrays[key] for key in arrays.files if key.startswith("in")]
    return inputs[0] if len(inputs) == 1 else inputs, [arrays[key] for key in arrays.files if key.startswith("out")]


def _check(model: loadstone.Model, folder: Path, name: str) -> None:
    inputs, expected = _data(folder, name)
    got = model.predict(inputs, verbose=0)
    got = [got[key] for key in sorted(got)] if isinstance(got, dict) else got if isinstance(got, list) else [got]
    for want, result in zip(expected, got, strict=True):
        np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("archive", "name"), CASES, ids=[f"{archive.name.partition('-')[0]}-{name}" for archive, name in CASES])
def test_predicts_what_the_layer_predicted_with_the_weights_of_the_model(archive: Path, name: str, folders: dict[Path, Path]) -> None:
    _check(loadstone.load_model(folders[archive] / name), folders[archive], name.partition(".")[0])


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_weights_of_a_checkpoint_go_by_objects(name: str, hub: Path) -> None:
    _check(loadstone.load_model(hub / f"{name}.json", weights=hub / f"{name}_checkpoint" / "weights"), hub, name)


@pytest.mark.parametrize("name", ["hub", "modules/dense", "KerasLayer"])
def test_the_caller_may_say_where_the_saved_model_is(name: str, hub: Path, tmp_path: Path) -> None:
    """By the name of the layer, of the handle or of the class; text or a Path."""
    shutil.copy(hub / "dense.keras", tmp_path)
    _check(loadstone.load_model(tmp_path / "dense.keras", custom_objects={name: hub / "modules" / "dense"}), hub, "dense")
    _check(loadstone.load_model(tmp_path / "dense.keras", custom_objects={name: str(hub / "modules" / "dense")}), hub, "dense")


def test_an_archive_of_the_saved_model_will_do(hub: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "dense.tar.gz", "w:gz") as tar:
        tar.add(hub / "modules" / "dense", ".")
    shutil.copy(hub / "dense.keras", tmp_path)
    _check(loadstone.load_model(tmp_path / "dense.keras", custom_objects={"hub": tmp_path / "dense.tar.gz"}), hub, "dense")


def _with_handle(hub: Path, tmp_path: Path, handle: str) -> loadstone.Model:
    architecture = (hub / "dense.json").read_text().replace('"modules/dense"', json.dumps(handle))
    (tmp_path / "dense.json").write_text(architecture)
    return loadstone.load_model(tmp_path / "dense.json", weights=hub / "dense_checkpoint" / "weights")


def test_a_url_is_looked_for_in_the_caches(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is the SHA-1 of the handle in tensorflow_hub's cache, and the parts of the handle in kagglehub's."""
    url = "https://tfhub.dev/someone/dense/1"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    shutil.copytree(hub / "modules" / "dense", tmp_path / "hub" / hashlib.sha1(url.encode()).hexdigest())
    _check(_with_handle(hub, tmp_path, url), hub, "dense")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    shutil.copytree(hub / "modules" / "dense", tmp_path / "kaggle" / "models" / "someone" / "dense" / "tensorFlow2" / "small" / "3")
    for form in ("TensorFlow2/small/3", "frameworks/TensorFlow2/variations/small/versions/3"):
        _check(_with_handle(hub, tmp_path, f"https://www.kaggle.com/models/someone/dense/{form}"), hub, "dense")


@pytest.mark.parametrize(
    "handle", ["https://tfhub.dev/nobody/nothing/1", "gs://bucket/module", "//host/share/module", "no/such/folder", "\0", ""]
)
def test_where_nothing_is_found_the_error_says_what_was_looked_for(
    handle: str, hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    with pytest.raises(MissingCustomObjects) as caught:
        _with_handle(hub, tmp_path, handle)
    (missing,) = caught.value.missing
    assert missing.where == ("hub",)
    assert repr(handle) in missing.note
    assert "nothing is downloaded" in missing.note
    assert "custom_objects={'hub':" in missing.note


def test_every_handle_that_was_not_found_is_named(hub: Path, tmp_path: Path) -> None:
    architecture = (
        (hub / "signature.json").read_text().replace("modules/dicts", "one/module", 1).replace("modules/dicts", "another/module", 1)
    )
    (tmp_path / "model.json").write_text(architecture)
    with pytest.raises(MissingCustomObjects, match=r"(?s)'one/module'.*'another/module'"):
        loadstone.load_model(tmp_path / "model.json", weights=hub / "signature_checkpoint" / "weights")


def test_inspect_says_what_is_called_and_where_it_was_found(hub: Path, tmp_path: Path) -> None:
    report = loadstone.inspect(hub / "dense.keras")
    assert report.runs
    assert report.parameters == 29
    (finding,) = [finding for finding in report.findings if finding.where == "hub"]
    assert "'modules/dense'" in finding.message
    assert str(hub / "modules" / "dense") in finding.message
    shutil.copy(hub / "dense.keras", tmp_path)
    report = loadstone.inspect(tmp_path / "dense.keras")
    assert report.custom_objects == ["KerasLayer"]
    assert not report.problems


def test_summary_and_config_have_the_layer(hub: Path) -> None:
    model = loadstone.load_model(hub / "dense.keras")
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert any("hub (KerasLayer)" in line and "(None, 3)" in line and "21" in line for text in lines for line in text.splitlines())
    (stored,) = [layer for layer in json.loads(model.to_json())["config"]["layers"] if layer["name"] == "hub"]
    assert stored["module"] == "tensorflow_hub.keras_layer"
    assert stored["config"]["handle"] == "modules/dense"
    assert [weight.shape for weight in model.get_layer("hub").weights] == [(3, 3), (3, 3), (3,)]


@pytest.mark.parametrize("suffix", [".onnx", ".keras"])
def test_becomes_another_file(hub: Path, tmp_path: Path, suffix: str) -> None:
    assert loadstone.convert(hub / "dense.keras", tmp_path / f"dense{suffix}").difference < 1e-6


def test_weights_that_do_not_fit_the_saved_model_are_an_error(hub: Path, tmp_path: Path) -> None:
    shutil.copy(hub / "dense.keras", tmp_path)
    with pytest.raises(ModelError, match="expected shape"):
        loadstone.load_model(tmp_path / "dense.keras", custom_objects={"hub": hub / "modules" / "words"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signature": "one"}, "either output_key or signature_outputs_as_dict"),
        ({"signature_outputs_as_dict": True}, "no signature"),
        ({"signature": "nothing", "output_key": "a"}, "no signature 'nothing'"),
        ({"arguments": {"mystery": 1}}, "no parameter 'mystery'"),
        ({"output_shape": [5]}, "gives a tensor of shape"),
        ({"output_key": "a"}, "the SavedModel gives no dict"),
        ({"handle": 3}, "handle"),
    ],
)
def test_what_the_layer_refuses_is_refused(change: dict[str, Any], message: str, hub: Path, tmp_path: Path) -> None:
    stored = json.loads((hub / "dense.json").read_text())
    (layer,) = [layer for layer in stored["config"]["layers"] if layer["name"] == "hub"]
    layer["config"] |= {"handle": str(hub / "modules" / "dense")} | change
    (tmp_path / "dense.json").write_text(json.dumps(stored))
    with pytest.raises(LoadstoneError, match=message if message != "handle" else "KerasLayer"):
        loadstone.load_model(tmp_path / "dense.json", weights=hub / "dense_checkpoint" / "weights")


def test_a_call_in_training_is_refused(hub: Path, tmp_path: Path) -> None:
    architecture = (hub / "dense.json").read_text().replace("modules/dense", str(hub / "modules" / "dense"))
    stored = json.loads(architecture)
    (layer,) = [layer for layer in stored["config"]["layers"] if layer["name"] == "hub"]
    layer["inbound_nodes"][0][0][3]["training"] = True
    (tmp_path / "dense.json").write_text(json.dumps(stored))
    with pytest.raises(UnsupportedAttribute, match="training=True"):
        loadstone.load_model(tmp_path / "dense.json", weights=hub / "dense_checkpoint" / "weights")


def test_a_saved_model_that_changes_its_variables_is_refused(hub: Path) -> None:
    (problem,) = loadstone.inspect(hub / "counting.json").problems
    assert "changes its variables" in problem


@pytest.mark.parametrize("kept", range(0, 28_000, 1_000))
def test_a_saved_model_that_is_cut_off_is_a_typed_error(kept: int, hub: Path, tmp_path: Path) -> None:
    shutil.copytree(hub / "modules" / "words", tmp_path / "words")
    graph = tmp_path / "words" / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:kept])
    with pytest.raises(LoadstoneError):
        loadstone.load_model(hub / "words.h5", custom_objects={"KerasLayer": tmp_path / "words"})


def test_a_damaged_saved_model_is_an_error_of_its_layer(hub: Path, tmp_path: Path) -> None:
    shutil.copytree(hub / "modules" / "dense", tmp_path / "modules" / "dense")
    shutil.copy(hub / "dense.keras", tmp_path)
    graph = tmp_path / "modules" / "dense" / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:500])
    with pytest.raises(CorruptFile, match="hub: the SavedModel"):
        loadstone.load_model(tmp_path / "dense.keras")


def test_a_file_of_bytes_has_no_folder_around_it(hub: Path) -> None:
    with pytest.raises(MissingCustomObjects):
        loadstone.load_model((hub / "dense.keras").read_bytes())
    model = loadstone.load_model((hub / "dense.keras").read_bytes(), custom_objects={"hub": hub / "modules" / "dense"})
    _check(model, hub, "dense")


def test_other_models_import_nothing_for_it() -> None:
    path = next(GOLDEN.parent.glob("third_party/*.h5"))
    code = f"import loadstone, sys; loadstone.load_model({str(path)!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True).stdout.split()
    unwanted = ("frontends.keras.saved_models", "frontends.tensorflow.restored", "containers.saved_model_folder")
    assert not {f"loadstone.{name}" for name in unwanted} & set(loaded)


def test_a_module_without_a_saver_has_its_variables_by_their_names(hub: Path) -> None:
    """Modules of tensorflow_hub for TensorFlow 1 are SavedModels that open by themselves as well."""
    found = loadstone.load_model(hub / "modules" / "version_1").predict(np.array(["red", "pink"], object), verbose=0)
    np.testing.assert_allclose(found["more"], found["default"] * 2)
    assert np.abs(found["default"]).min() > 0
