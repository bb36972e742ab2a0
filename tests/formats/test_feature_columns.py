"""DenseFeatures and the premade models against what tf.keras 2.15 predicted (tests/golden/make_feature_columns.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.errors import InputMismatch

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
