"""Whole files of Keras 2 on TensorFlow 1 against what those releases predicted (tests/golden/make_keras_2{,_layers,_sequences}.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.errors import UnsupportedAttribute

FOLDER = Path(__file__).parents[1] / "golden" / "keras_2"
# Releases that wrote the same files and computed different numbers.
AMBIGUOUS = {
    "tf.keras-1.12.3-masked-steps": "TimeDistributed with a mask of TensorFlow 1.9 to 1.12",
    "tf.keras-1.12.3-stacked-states": "StackedRNNCells of TensorFlow 1.9 to 1.12",
    "tf.keras-1.13.2-fixed-phases": "a frozen BatchNormalization called with training=True",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.h5") if path.stem not in AMBIGUOUS))
def test_predicts_what_the_release_predicted(name: str) -> None:
    arrays = np.load(FOLDER / f"{name}.npz")
    inputs = [arrays[key] for key in sorted(arrays.files) if key.startswith("in_")]
    expected = [arrays[key] for key in sorted(arrays.files) if key.startswith("out_")]
    got = loadstone.load_model(FOLDER / f"{name}.h5").predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    for want, result in zip(expected, got if isinstance(got, (list, tuple)) else [got], strict=True):
        assert result.dtype == want.dtype
        np.testing.assert_allclose(result, want, rtol=1e-4 if want.dtype == np.float32 else 1e-9, atol=1e-6)


@pytest.mark.parametrize("name", sorted(AMBIGUOUS))
def test_what_a_file_does_not_tell_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedAttribute, match=AMBIGUOUS[name]):
        loadstone.load_model(FOLDER / f"{name}.h5").predict(np.load(FOLDER / f"{name}.npz")["in_0"], verbose=0)
