"""DenseFeatures and the premade models against what tf.keras 2.15 predicted (tests/golden/make_feature_columns.py)."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.errors import InputMismatch, ModelError, UnsupportedAttribute

GOLDEN = Path(__file__).parents[1] / "golden" / "feature_columns"
FILES = sorted(path for path in GOLDEN.iterdir() if path.suffix in (".h5", ".keras"))


def inputs(path: Path) -> dict[str, np.ndarray]:
    arrays = np.load(path.with_suffix(".npz"))
    return {key: array.astype(object) if array.dtype.kind == "S" else array for key, array in arrays.items() if key != "out"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_predicts_what_keras_predicted(path: Path) -> None:
    got = loadstone.load_model(path).predict(inputs(path), verbose=0)
    expected = np.load(path.with_suffix(".npz"))["out"]
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_weights_that_do_not_stand_beside_ids_are_refused() -> None:
    model = loadstone.load_model(GOLDEN / "weighted.h5")
    with pytest.raises(InputMismatch, match="a weight other than 0"):
        model.predict({"many": np.array([1, -1]), "age": np.array([0.0, 2.0], "float32")}, verbose=0)


def test_a_vocabulary_beside_the_model_becomes_part_of_it() -> None:
    (column, _) = loadstone.load_model(GOLDEN / "vocabulary_file.h5").get_layer("dense_features").config["feature_columns"]
    listed = column["config"]["categorical_column"]
    assert listed["class_name"] == "VocabularyListCategoricalColumn" and listed["config"]["vocabulary_list"] == ["fox", "dog", "öwl"]


def test_a_vocabulary_that_is_not_there_or_does_not_fit_is_named(tmp_path: Path) -> None:
    path = shutil.copy(GOLDEN / "vocabulary_file.h5", tmp_path)
    with pytest.raises(UnsupportedAttribute, match=r"animals\.txt', which does not lie beside the model"):
        loadstone.load_model(path).predict(inputs(GOLDEN / "vocabulary_file.h5"), verbose=0)
    for text, message in (
        (b"fox\ndog\n", "has 2 lines, .* takes 3"),
        (b"fox\ndog\nfox", "a term twice"),
        (b"fox\n\xff\ndog", "not text in UTF-8"),
    ):
        (tmp_path / "animals.txt").write_bytes(text)
        with pytest.raises(ModelError, match=message):
            loadstone.load_model(path)
