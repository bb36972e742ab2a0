"""Live Keras models, saved by their own library under the names and formats that loadstone takes."""

from __future__ import annotations

import importlib
import os
import zipfile

import numpy as np
import pytest

import loadstone
from tests.live.libraries import LIBRARIES

pytestmark = pytest.mark.filterwarnings("default")  # the frameworks' own
DATA = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)


@pytest.fixture(params=LIBRARIES)
def keras(request):
    return importlib.import_module(request.param)


def made(keras, *layers):
    model = keras.Sequential([keras.layers.Input((4,)), *layers, keras.layers.Dense(2, activation="softmax")])
    model.compile("adam", "mse")
    model.fit(DATA, np.zeros((3, 2)), verbose=0)
    return model


@pytest.mark.parametrize(
    ("name", "save_format", "kind"),
    [("m.keras", None, "keras"), ("m", "keras", "keras"), ("m.h5", None, "h5"), ("m", "h5", "h5"), ("m.bin", "hdf5", "h5")],
)
def test_a_whole_model(keras, name, save_format, kind, tmp_path):
    model = made(keras)
    report = loadstone.save_model(model, tmp_path / name, save_format=save_format)
    assert (report.kind, report.needs, report.warnings) == (kind, (), ())
    assert os.listdir(tmp_path) == [name]
    loaded = loadstone.load_model(tmp_path / name)
    np.testing.assert_allclose(loaded(DATA), model.predict(DATA, verbose=0), rtol=1e-5, atol=1e-6)
    assert loaded.training_config is not None


@pytest.mark.parametrize("name", ["m.weights.h5", "old.h5", "m.safetensors"])
def test_weights_and_architecture(keras, name, tmp_path):
    model = made(keras)
    loadstone.save_model(model, tmp_path / name, save_format="weights")
    loadstone.save_model(model, tmp_path / "m.json")
    loaded = loadstone.load_model(tmp_path / "m.json", weights=tmp_path / name)
    np.testing.assert_allclose(loaded(DATA), model.predict(DATA, verbose=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["m.onnx", "sm"])
def test_what_predicts(keras, name, tmp_path):
    model = made(keras)
    report = loadstone.save_model(model, tmp_path / name)
    assert report.kind == ("onnx" if name == "m.onnx" else "saved_model")
    if name == "sm":
        np.testing.assert_allclose(loadstone.load_model(tmp_path / name)(DATA), model.predict(DATA, verbose=0), rtol=1e-5, atol=1e-6)
        loadstone.save_model(model, tmp_path / "served", version=3)
        assert os.listdir(tmp_path / "served") == ["3"]


def test_a_folder(keras, tmp_path):
    model = made(keras)
    loadstone.save_model(model, tmp_path / "m.keras", zipped=False)
    assert {"config.json", "metadata.json", "model.weights.h5"} <= set(os.listdir(tmp_path / "m.keras"))
    np.testing.assert_allclose(loadstone.load_model(tmp_path / "m.keras")(DATA), model.predict(DATA, verbose=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_without_the_optimizer(keras, name, tmp_path):
    loadstone.save_model(made(keras), tmp_path / name, include_optimizer=False)
    loaded = loadstone.load_model(tmp_path / name)
    assert loaded.training_config is None
    assert "optimizer" not in loaded._description.extra


def test_overwrite_false(keras, tmp_path):
    (tmp_path / "m.keras").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        loadstone.save_model(made(keras), tmp_path / "m.keras", overwrite=False)
    assert (tmp_path / "m.keras").read_bytes() == b"precious"


def test_the_report_names_the_user_s_classes(keras, tmp_path):
    class Twice(keras.layers.Layer):
        def __init__(self, by=2.0, **options):
            super().__init__(**options)
            self.by = by

        def call(self, x):
            return x * self.by

        def get_config(self):
            return {**super().get_config(), "by": self.by}

    model = made(keras, Twice(3.0))
    report = loadstone.save_model(model, tmp_path / "m.keras")
    assert [(need.kind, need.name) for need in report.needs] == [("layer", "Twice")]
    with pytest.raises(loadstone.MissingCustomObjects, match="strict"):
        loadstone.save_model(model, tmp_path / "strict.keras", strict=True)
    loadstone.save_model(model, tmp_path / "w.safetensors")  # which its library does not write
    assert sorted(os.listdir(tmp_path)) == ["m.keras", "w.safetensors"]
    assert zipfile.is_zipfile(tmp_path / "m.keras")


def test_a_lambda_is_a_warning(keras, tmp_path):
    model = made(keras, keras.layers.Lambda(lambda x: x + 1.0))
    report = loadstone.save_model(model, tmp_path / "m.keras")
    assert any("compiled Python" in line for line in report.warnings)
    with pytest.raises(loadstone.ModelError, match="stumble"):
        loadstone.save_model(model, tmp_path / "m.keras", strict=True)


def test_what_the_library_says_is_kept(keras, tmp_path):
    class Broken(keras.layers.Layer):
        def call(self, x):
            return x

        def get_config(self):
            raise RuntimeError("no config here")

    with pytest.raises(loadstone.LoweringError, match="no config here"):
        loadstone.save_model(made(keras, Broken()), tmp_path / "m.keras")
    assert not os.listdir(tmp_path)
