"""Layers of packages around Keras against what those packages predicted (tests/golden/make_third_party.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import loadstone

FOLDER = Path(__file__).parents[1] / "golden" / "third_party"


@pytest.mark.filterwarnings("ignore:.*whose InstanceNormalization:UserWarning")
@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".h5", ".keras")))
def test_predicts_what_the_package_predicted(name: str) -> None:
    arrays = np.load((FOLDER / name).with_suffix(".npz"))
    got = loadstone.load_model(FOLDER / name).predict(arrays["input"], verbose=0)
    expected = [arrays[key] for key in sorted(arrays.files) if key.startswith("out_")]
    for want, result in zip(expected, got if isinstance(got, list) else [got], strict=True):
        np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-5)


def test_a_class_that_only_its_options_tell_is_a_doubt() -> None:
    with pytest.warns(UserWarning, match="whose InstanceNormalization"):
        loadstone.load_model(FOLDER / "contrib.h5")


def test_what_the_caller_supplies_comes_first() -> None:
    class InstanceNormalization:
        def __init__(self, **config: object) -> None:
            pass

        def set_weights(self, weights: list[np.ndarray]) -> None:
            pass

        def call(self, x: np.ndarray) -> np.ndarray:
            return x * 0

    model = loadstone.load_model(FOLDER / "contrib.h5", custom_objects={"InstanceNormalization": InstanceNormalization})
    assert not model.predict(np.load(FOLDER / "contrib.npz")["input"], verbose=0).any()
