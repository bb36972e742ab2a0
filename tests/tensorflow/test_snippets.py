"""The usual snippets run with only their import line changed, on files of tf.keras 2 and of Keras 3."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

import loadstone
import loadstone.tensorflow as tf
from tests.tensorflow.snippets import SNIPPETS, run

GOLDEN = Path(__file__).parents[1] / "golden/snippets"
RELEASES = sorted(path.name for path in GOLDEN.iterdir())
CASES = [
    (release, name, file.name)
    for release in RELEASES
    for name, (model, kind, _) in SNIPPETS.items()
    for file in sorted((GOLDEN / release).glob("saved_model.zip" if kind == "folder" else f"{model}.*"))
]


@pytest.mark.parametrize(("release", "name", "file"), CASES)
def test_a_snippet_runs_with_its_import_line_changed(release, name, file, tmp_path, capsys):
    folder = GOLDEN / release
    with np.load(folder / "data.npz") as stored:
        data = dict(stored)
    if file.endswith(".zip"):
        with zipfile.ZipFile(folder / file) as archive:
            archive.extractall(tmp_path / "model")
    predictions, model = run(name, True, str(folder / file), str(tmp_path / "model"), data["x"])
    np.testing.assert_allclose(predictions, data[SNIPPETS[name][0]], rtol=1e-5, atol=1e-6)
    if model is not None:  # whatever it was given: one compiled segment
        assert len(model._program.steps) <= 1
    assert name != "load" or "dense" in capsys.readouterr().out


def test_a_model_is_saved_by_the_same_names(tmp_path):
    model = tf.keras.models.load_model(GOLDEN / RELEASES[0] / "plain.h5")
    tf.keras.models.save_model(model, tmp_path / "model.keras")
    x = np.ones((2, 8), "float32")
    np.testing.assert_array_equal(tf.keras.models.load_model(tmp_path / "model.keras").predict(x), model.predict(x))
    with pytest.raises(FileExistsError):
        tf.keras.saving.save_model(model, tmp_path / "model.keras", overwrite=False)


@tf.keras.utils.register_keras_serializable(package="of_test_snippets")
def registered(x):
    return tf.nn.elu(x)


def test_registration_is_loadstone_s():
    assert tf.keras.utils.get_custom_objects() is loadstone.get_custom_objects()
    assert tf.keras.saving.get_custom_objects()["of_test_snippets>registered"] is registered


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (tf.nn.relu(np.float32([-1, 2])), np.float32([0, 2])), (tf.reduce_sum(np.ones((2, 3), "float32"), axis=1), np.float32([3, 3])),
        (tf.constant([1, 2]), np.int32([1, 2])), (tf.constant(2.5), np.float32(2.5)), (tf.constant([1.5], dtype=tf.float64), np.array([1.5])),
        (tf.cast(np.float32([1.7]), tf.int32), np.int32([1])), (tf.keras.backend.clip(np.float32([3.0]), 0, 1), np.float32([1])),
        (tf.split(np.arange(4.0), 2)[1], np.array([2.0, 3.0])), (tf.keras.activations.relu(np.float32([-1.0])), np.float32([0])),
        (tf.strings.lower(tf.constant(["A"])), np.array([b"a"], object)), (tf.math.add(np.int32([1]), 2), np.int32([3])),
    ],
)  # fmt: skip
def test_functions_take_and_give_arrays(found, wanted):
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (tf.constant(2**40), np.int64(2**40)), (tf.constant([2**31, 1]), np.int64([2**31, 1])), (tf.constant([np.int64(3)]), np.int32([3])),
        (tf.constant([np.float64(0.1)]), np.array([0.1])), (tf.constant((np.zeros(2), np.ones(2))), np.array([[0.0, 0], [1, 1]])),
        (tf.constant([2.0, np.float64(1)]), np.float32([2, 1])), (tf.constant([np.uint8(3)]), np.int32([3])),
        (tf.constant(np.array([2.5]), tf.int32), np.int32([2])),
        (tf.constant(0.1, tf.float64), np.array(0.1)), (tf.constant("b", tf.string), np.array(b"b", object)),
    ],
)  # fmt: skip
def test_constants_have_the_dtype_of_tensorflow(found, wanted):
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("value", "dtype"), [(2.5, tf.int32), (300, tf.uint8), ("1", tf.float32), ([1, 2], tf.string), (1e300, None)])
def test_constants_that_do_not_fit_are_refused(value, dtype):
    with pytest.raises((TypeError, ValueError)):
        tf.constant(value, dtype)


def test_tags_of_a_saved_model_are_where_tensorflow_has_them(tmp_path):
    with zipfile.ZipFile(GOLDEN / RELEASES[0] / "saved_model.zip") as archive:
        archive.extractall(tmp_path)
    place = next(path.parent for path in tmp_path.rglob("saved_model.pb"))
    assert list(tf.saved_model.load(str(place), ["serve"]).signatures)
    with pytest.raises(ValueError, match="the tags train"):
        tf.saved_model.load(str(place), "train")


def test_what_is_not_there_says_so():
    with pytest.raises(AttributeError, match=r"loadstone.tensorflow has no GradientTape"):
        _ = tf.GradientTape
    with pytest.raises(AttributeError, match=r"has no keras.layers.Layer"):
        _ = tf.keras.layers.Layer
    with pytest.raises(TypeError, match="no function"):
        tf.nn()
    assert {"nn", "math", "keras", "constant"} <= set(dir(tf)) and "relu" in dir(tf.nn)
