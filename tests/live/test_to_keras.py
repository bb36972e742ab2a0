"""`Model.to_keras`: real models of the Kerases that are installed, compared with what the release that saved the file predicts."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.ir import flatten
from loadstone.live import building
from loadstone.live.installed import choose
from tests.live.libraries import LIBRARIES

pytestmark = pytest.mark.filterwarnings("default")  # the frameworks' own
GOLDEN = Path(__file__).parents[1] / "golden"
FILES = [
    "keras-3.15.1/cnn.keras", "keras-3.15.1/multi_io.h5", "keras-3.15.1/nested.keras", "keras-3.15.1/rnn.h5",
    "keras-3.15.1/rnn_masking.keras", "keras-3.15.1/shared_across_levels.keras", "keras-3.15.1/stateful_lstm_7.keras",
    "tf.keras-2.3.4/cnn.h5", "tf.keras-2.3.4/multi_io.h5", "tf.keras-2.3.4/nested.h5", "tf.keras-2.3.4/rnn.h5",
    "tf.keras-2.15.1/mlp.keras", "tf.keras-2.15.1/rnn.keras",
]  # fmt: skip


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("file", [file for file in FILES if (GOLDEN / file).exists()])
def test_a_living_model_predicts_what_its_release_did(file, library):
    model = loadstone.load_model(GOLDEN / file)
    live = model.to_keras(compile=False, library=library)
    golden = np.load((GOLDEN / file).with_suffix(".npz"))
    ins, outs = ([golden[key] for key in sorted(golden.files) if key.startswith(kind)] for kind in ("in_", "out_"))
    data = [x.astype(spec.dtype) for x, spec in zip(ins, model.inputs, strict=True)]
    got = flatten(building.predict(choose(library), live, model._description.root, data))
    for one, other in zip(outs, got, strict=False):  # of a stateful model the first call
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)


def sequential(keras, **last):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="a"), keras.layers.Dense(2, name="b", **last)], name="chain")
    model.layers[0].trainable = False
    return model


@pytest.fixture(params=LIBRARIES)
def keras(request):
    return pytest.importorskip(request.param)


def saved(model, tmp_path):
    path = tmp_path / "model.h5"
    model.save(path)
    return path


def test_a_sequential_model_stays_one_with_its_names_and_flags(keras, tmp_path):
    live = loadstone.load_model(saved(sequential(keras), tmp_path)).to_keras(library=keras.__name__)
    assert isinstance(live, keras.Sequential)
    assert live.name == "chain"
    assert [layer.name for layer in live.layers] == ["a", "b"]
    assert [layer.trainable for layer in live.layers] == [False, True]
    assert len(live.trainable_weights) == 2


def test_a_model_that_was_never_compiled_stays_so(keras, tmp_path):
    live = loadstone.load_model(saved(sequential(keras), tmp_path)).to_keras(library=keras.__name__)
    assert getattr(live, "optimizer", None) is None


def test_all_that_training_lacks_is_named_at_once(keras, tmp_path):
    def my_loss(y, p):
        return (y - p) ** 2

    def my_metric(y, p):
        return y - p

    model = sequential(keras)
    model.compile("adam", my_loss, metrics=[my_metric])
    path = saved(model, tmp_path)
    with pytest.raises(loadstone.MissingCustomObjects, match="my_loss") as caught:
        loadstone.load_model(path).to_keras(library=keras.__name__)
    assert {missing.name for missing in caught.value.missing} == {"my_loss", "my_metric"}
    assert "compile=False" in str(caught.value)
    assert loadstone.load_model(path).to_keras(compile=False, library=keras.__name__).count_params() == model.count_params()
    live = loadstone.load_model(path).to_keras(library=keras.__name__, custom_objects={"my_loss": my_loss, "my_metric": my_metric})
    x, y = np.ones((2, 4), "float32"), np.zeros((2, 2), "float32")
    np.testing.assert_allclose(live.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0), rtol=1e-5)


def test_regularizers_of_the_user_are_attached(keras, tmp_path):
    class Large(keras.regularizers.Regularizer):
        def __call__(self, x):
            return 100.0

        def get_config(self):
            return {}

    model = sequential(keras, kernel_regularizer=Large())
    model.compile("sgd", "mse")
    path = saved(model, tmp_path)
    with pytest.raises(loadstone.MissingCustomObjects, match="regularizer: 'Large'"):
        loadstone.load_model(path).to_keras(library=keras.__name__)
    with pytest.warns(UserWarning, match="Large"):
        assert not loadstone.load_model(path).to_keras(compile=False, library=keras.__name__).losses
    live = loadstone.load_model(path).to_keras(library=keras.__name__, custom_objects={"Large": Large})
    assert [float(loss) for loss in live.losses] == [100.0]


def test_classes_of_the_user_are_made_by_themselves(keras, tmp_path):
    class Scale(keras.layers.Layer):
        def __init__(self, factor=2.0, **options):
            super().__init__(**options)
            self.factor = factor

        def build(self, shape):
            self.kernel = self.add_weight(name="kernel", shape=(shape[-1],), initializer="ones")

        def call(self, x):
            return x * self.kernel * self.factor

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    model = keras.Sequential([keras.Input((3,)), Scale(3.0, name="scale")])
    model.layers[0].set_weights([np.array([1.0, 2.0, 3.0], "float32")])
    live = loadstone.load_model(saved(model, tmp_path), custom_objects={"Scale": Scale}).to_keras()
    assert type(live.layers[0]) is Scale
    np.testing.assert_allclose(np.asarray(live(np.ones((1, 3), "float32"))), [[3.0, 6.0, 9.0]])


def test_a_layer_frozen_around_is_frozen_in_keras_3(tmp_path):
    """tf.keras trained what is inside a frozen model only where the model itself trained; Keras 3 asks each layer."""
    pytest.importorskip("keras", minversion="3")
    tf_keras = pytest.importorskip("tf_keras")
    x = tf_keras.Input((4,))
    inner = tf_keras.Model(x, tf_keras.layers.Dense(3, name="inside")(x), name="inner")
    model = tf_keras.Sequential([tf_keras.Input((4,)), inner, tf_keras.layers.Dense(2, name="outside")])
    inner.trainable = False
    inner.layers[1]._trainable = True
    live = loadstone.load_model(saved(model, tmp_path)).to_keras(library="keras")
    assert len(live.trainable_weights) == 2


def test_curves_of_keras_3_are_functions_in_loops_of_keras_2(tmp_path):
    keras, tf_keras = pytest.importorskip("keras", minversion="3"), pytest.importorskip("tf_keras")
    lstm = keras.layers.LSTM(3, recurrent_activation="hard_sigmoid")
    model = keras.Sequential([keras.Input((5, 4)), keras.layers.Bidirectional(lstm)])
    live = loadstone.load_model(saved(model, tmp_path)).to_keras(library="tf_keras")
    assert type(live.layers[0].forward_layer) is tf_keras.layers.LSTM
    assert live.layers[0].forward_layer.recurrent_activation.__name__ == "keras_3_hard_sigmoid"
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    np.testing.assert_allclose(live.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)


def test_spectra_have_a_form_in_keras_2(tmp_path):
    keras = pytest.importorskip("keras", minversion="3")
    pytest.importorskip("tf_keras")
    model = keras.Sequential([keras.Input((400,)), keras.layers.MelSpectrogram(fft_length=64, sequence_stride=32, num_mel_bins=8)])
    live = loadstone.load_model(saved(model, tmp_path)).to_keras(library="tf_keras")
    x = np.random.default_rng(0).normal(size=(2, 400)).astype("float32")
    np.testing.assert_allclose(live.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-3, atol=1e-3)


def test_a_frozen_attention_is_frozen_inside(keras, tmp_path):
    x = keras.Input((5, 4))
    attention = keras.layers.MultiHeadAttention(2, 3, name="attention")
    model = keras.Model(x, keras.layers.Dense(2)(attention(x, x)))
    attention.trainable = False
    path = saved(model, tmp_path)
    assert len(loadstone.load_model(path).to_keras(library=keras.__name__).trainable_weights) == 2


def test_slashes_in_names_stay_where_keras_allows_them(tmp_path):
    tf_keras = pytest.importorskip("tf_keras")
    model = tf_keras.Sequential([tf_keras.Input((4,)), tf_keras.layers.Dense(3, name="a/b"), tf_keras.layers.Dense(2, name="a_b")])
    path = saved(model, tmp_path)
    assert [layer.name for layer in loadstone.load_model(path).to_keras(library="tf_keras").layers] == ["a/b", "a_b"]
    pytest.importorskip("keras", minversion="3")
    assert [layer.name for layer in loadstone.load_model(path).to_keras(library="keras").layers] == ["a_b_1", "a_b"]


def test_a_graph_has_no_layers():
    import zipfile

    archive = GOLDEN / "graphs/tensorflow-2.15/keras_convolution.zip"
    frozen = next(name for name in zipfile.ZipFile(archive).namelist() if name.endswith("saved_model.pb"))
    with pytest.raises(loadstone.LoweringError, match="no layers"):
        graph_model(archive, frozen).to_keras()


def graph_model(archive, frozen):
    import tempfile
    import zipfile

    folder = tempfile.mkdtemp()
    zipfile.ZipFile(archive).extractall(folder)
    return loadstone.load_model(Path(folder) / Path(frozen).parent, signature="serving_default")


def test_an_unknown_library_is_named():
    with pytest.raises(ValueError, match="known are"):
        loadstone.load_model(GOLDEN / "keras-3.15.1/mlp.keras").to_keras(library="torch")


def test_without_a_keras_pip_is_said(tmp_path):
    script = """if True:
        import sys, importlib.util
        real = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *rest: None if name in ("keras", "tf_keras") else real(name, *rest)
        import loadstone
        try:
            loadstone.load_model(sys.argv[1]).to_keras()
        except loadstone.MissingDependency as error:
            print(error)
    """
    told = subprocess.run(
        [sys.executable, "-c", script, str(GOLDEN / "keras-3.15.1/mlp.keras")], capture_output=True, text=True, check=True
    )
    assert "pip install keras" in told.stdout
