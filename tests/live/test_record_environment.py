"""`loadstone.RecordEnvironment` in `fit`, with the callbacks of each Keras that is installed."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

import loadstone
from loadstone.environment.kept import record_of
from tests.live.libraries import LIBRARIES

pytestmark = pytest.mark.filterwarnings("ignore")  # the frameworks' own
X, Y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")


@pytest.fixture(params=LIBRARIES)
def keras(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return importlib.import_module(request.param)


@pytest.fixture
def model(keras):
    class Scale(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    model = keras.Sequential([keras.layers.Input((3,)), Scale(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def fit(model, *callbacks, epochs=2):
    model.fit(X, Y, epochs=epochs, batch_size=4, verbose=0, callbacks=list(callbacks))


@pytest.mark.parametrize("first", [True, False])
def test_each_file_that_was_saved_has_a_record(first, keras, model, tmp_path):
    (tmp_path / "before_9.keras").write_bytes(b"of another day")
    saves = keras.callbacks.ModelCheckpoint("before_{epoch}.keras")
    weights = keras.callbacks.ModelCheckpoint("w.weights.h5", save_weights_only=True)
    mine = loadstone.RecordEnvironment()
    fit(model, *((mine, saves, weights) if first else (saves, weights, mine)))
    found = sorted(path.name for path in tmp_path.glob("*.loadstone.json"))
    assert found == [f"{name}.loadstone.json" for name in ("before_1.keras", "before_2.keras", "w.weights.h5")]
    record = record_of(tmp_path / "before_2.keras")
    assert (record.by, record.objects, record.full) == ("RecordEnvironment", ("Scale",), None)
    assert (record.framework.library, record.framework.version) == (keras.__name__, keras.__version__)
    assert record.framework.backend == (keras.backend.backend() if keras.__name__ == "keras" else "tensorflow")
    assert record.framework.backend_version
    assert record_of(tmp_path / "w.weights.h5").objects == ()


def test_each_kind_of_file_has_its_own_objects(keras, model, tmp_path):
    """Weights need no custom object, whichever file was saved first."""
    weights = keras.callbacks.ModelCheckpoint("a.weights.h5", save_weights_only=True)
    fit(model, weights, keras.callbacks.ModelCheckpoint("b.keras"), loadstone.RecordEnvironment())
    assert [record_of(tmp_path / name).objects for name in ("a.weights.h5", "b.keras")] == [(), ("Scale",)]


def test_a_full_record_has_the_sources(keras, model, tmp_path):
    fit(model, keras.callbacks.ModelCheckpoint("m.keras"), loadstone.RecordEnvironment(full=True))
    full = record_of(tmp_path / "m.keras").full
    assert full.distributions["numpy"] == np.__version__
    assert [source.objects for source in full.sources if source.objects] == [("Scale",)]


def test_training_again_replaces_its_own_record_and_no_other(keras, model, tmp_path):
    saves = keras.callbacks.ModelCheckpoint("m_{epoch}.keras")
    fit(model, saves, loadstone.RecordEnvironment())
    before = (tmp_path / "m_1.keras.loadstone.json").read_bytes()
    (tmp_path / "m_1.keras.loadstone.json").write_text(before.decode().replace('"python": "', '"python": "1!'))
    (tmp_path / "m_2.keras.loadstone.json").write_text("mine")
    with pytest.warns(UserWarning, match="of other origin"):
        fit(model, saves, loadstone.RecordEnvironment())
    assert (tmp_path / "m_1.keras.loadstone.json").read_bytes() == before
    assert (tmp_path / "m_2.keras.loadstone.json").read_text() == "mine"


def test_other_callbacks_are_watched_by_a_name(keras, model, tmp_path):
    class Saves(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.save("own.keras")

    fit(model, loadstone.RecordEnvironment(filepath=tmp_path / "own.keras"), Saves())
    assert record_of(tmp_path / "own.keras").by == "RecordEnvironment"


def test_without_anything_to_watch_it_warns(model):
    with pytest.warns(UserWarning, match="needs a ModelCheckpoint"):
        fit(model, loadstone.RecordEnvironment())


def test_the_callback_imports_no_keras():
    code = "import loadstone, sys; loadstone.RecordEnvironment(); assert not {'keras', 'tf_keras', 'tensorflow', 'jax'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_save_model_of_a_living_model_records_its_framework(keras, model, tmp_path):
    loadstone.save_model(model, tmp_path / "m.keras")
    loadstone.save_model(model, tmp_path / "n.keras", include_optimizer=False, record="full")  # which loadstone writes itself
    for name in ("m.keras", "n.keras"):
        found = record_of(tmp_path / name)
        assert found.by == "save_model" and not found.origin
        assert (found.framework.library, found.framework.version) == (keras.__name__, keras.__version__)
    assert record_of(tmp_path / "m.keras").objects == ("Scale",)
    assert any("Scale" in source.objects for source in record_of(tmp_path / "n.keras").full.sources)
    np.testing.assert_allclose(
        keras.models.load_model(tmp_path / "m.keras", custom_objects={"Scale": type(model.layers[0])}).predict(X, verbose=0),
        model.predict(X, verbose=0),
        rtol=1e-5,
    )
