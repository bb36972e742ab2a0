"""Files of Keras 0 and 1, of both backends, against what those releases predicted (tests/golden/make_keras_1.py)."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

import loadstone
from tests.export.test_convert import check_predictions

FOLDER = Path(__file__).parents[1] / "golden" / "keras_1"
NAMES = sorted(path.stem for path in FOLDER.glob("*.npz"))


def load(name: str) -> loadstone.Model:
    architecture, file = FOLDER / f"{name}.json", FOLDER / f"{name}.h5"
    return loadstone.load_model(architecture, weights=file) if architecture.exists() else loadstone.load_model(file)


@pytest.mark.filterwarnings("ignore:.*(statistics|do not name their backend):UserWarning")
@pytest.mark.parametrize("name", NAMES)
def test_predicts_what_the_release_predicted(name: str) -> None:
    check_predictions(load(name), np.load(FOLDER / f"{name}.npz"))


def test_the_backend_is_told_from_the_names_of_weights() -> None:
    for backend in ("tensorflow", "theano"):
        assert loadstone.inspect(FOLDER / f"keras-1.2.2-{backend}-conv-th-same-2.h5").producer.backend == backend


@pytest.mark.parametrize("name", ["keras-1.0.0-theano-normal-0-3"])
def test_statistics_of_an_undated_file_are_a_doubt_that_is_told(name: str) -> None:
    path = FOLDER / f"{name}.json"
    with pytest.warns(UserWarning, match="does not name its release"):
        model = loadstone.load_model(path, weights=FOLDER / f"{name}.h5")
    assert [finding.severity for finding in model.findings] == ["warning"]


def test_a_graph_takes_and_gives_names() -> None:
    model = load("keras-1.0.0-theano-graph")
    arrays = np.load(FOLDER / "keras-1.0.0-theano-graph.npz")
    assert set(model.predict({"first": arrays["in_0"], "second": arrays["in_1"]}, verbose=0)) == {"one", "two"}


def test_a_merge_by_a_function_of_the_user_s_is_named(tmp_path: Path) -> None:
    def change(config: dict) -> None:
        merge = config["config"][0]["config"]
        merge.update(mode=["4wEAAA==", None, None], mode_type="lambda")

    path = changed(tmp_path, "keras-1.2.2-tensorflow-merged-max", change)
    with pytest.raises(loadstone.MissingCustomObjects, match="merge_"):
        loadstone.load_model(path)


def test_layers_of_another_number_of_channels_are_refused(tmp_path: Path) -> None:
    def change(config: dict) -> None:
        config["config"][0]["config"]["nb_filter"] = 5

    path = changed(tmp_path, "keras-1.2.2-tensorflow-conv-th-same-2", change)
    with pytest.raises(loadstone.ModelError, match="expected shape"):
        loadstone.load_model(path)


def test_a_class_of_the_user_s_gets_the_options_that_it_wrote(tmp_path: Path) -> None:
    seen: dict = {}

    class Scale:
        def __init__(self, **config: object) -> None:
            seen.update(config)

        def call(self, x: np.ndarray) -> np.ndarray:
            return x

    def change(config: dict) -> None:
        own = {"name": "scale", "trainable": True, "init": "one", "W_regularizer": None, "input_dim": 3, "border_mode": "same"}
        config["config"].append({"class_name": "Scale", "config": own})

    path = changed(tmp_path, "keras-1.2.2-tensorflow-merged-max", change)
    loadstone.load_model(path, custom_objects={"Scale": Scale})
    assert {"init", "W_regularizer", "input_dim", "border_mode"} <= set(seen)


def test_a_later_class_of_an_old_name_is_the_user_s(tmp_path: Path) -> None:
    first = {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "linear", "batch_input_shape": [None, 3]}}
    layers = [first, {"class_name": "SReLU", "config": {"name": "mine", "trainable": True}}]
    model = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}, "keras_version": "2.15.0", "backend": "tensorflow"}
    path = tmp_path / "model.json"
    path.write_text(json.dumps(model))
    assert loadstone.inspect(path).custom_objects == ["SReLU"]


def test_kernels_are_turned_as_the_file_with_the_weights_says(tmp_path: Path) -> None:
    """An architecture that names TensorFlow, with weights that Theano saved: "valid" convolutions, so that only the kernels differ."""
    name = "keras-2.1.6-theano-transposed-first-valid-4"
    golden = FOLDER.parent / "keras_2" / f"{name}.h5"
    with h5py.File(golden) as file:
        config = {**json.loads(file.attrs["model_config"]), "keras_version": "2.1.6", "backend": "tensorflow"}
    path = tmp_path / "model.json"
    path.write_text(json.dumps(config))
    arrays = np.load(golden.with_suffix(".npz"))
    got = loadstone.load_model(path, weights=golden).predict(arrays["in_0"], verbose=0)
    np.testing.assert_allclose(got, arrays["out_0"], rtol=1e-4, atol=1e-5)


def changed(folder: Path, name: str, change) -> Path:
    """A copy of a file whose config was changed."""
    path = folder / "changed.h5"
    path.write_bytes((FOLDER / f"{name}.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        change(config)
        file.attrs["model_config"] = json.dumps(config).encode()
    return path
