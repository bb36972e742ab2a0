"""Files of old releases, converted, in the Keras that is installed: it opens them and predicts what the release predicted."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import loadstone

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = pytest.mark.filterwarnings("default")  # the framework's own
keras = pytest.importorskip("keras", minversion="3.15")

GOLDEN = Path(__file__).parents[1] / "golden"
NAMES = (
    "keras_1/keras-0.3.3-theano-graph keras_1/keras-0.3.3-theano-old keras_1/keras-1.0.0-theano-lstm-gpu keras_1/keras-1.2.2-tensorflow-advanced"
    " keras_1/keras-1.2.2-tensorflow-srelu keras_1/keras-1.2.2-tensorflow-old keras_1/keras-1.2.2-tensorflow-merged-cos"
    " keras_1/keras-1.2.2-tensorflow-sequence-more keras_1/keras-1.2.2-tensorflow-functional keras_1/keras-1.2.2-theano-conv-tf-same-1"
    " keras_1/keras-1.2.2-tensorflow-bidirectional-concat keras_2/keras-2.0.8-tensorflow-activations keras_2/keras-2.1.6-tensorflow-states"
    " keras_2/keras-2.0.0-tensorflow-nested keras_2/keras-2.0.8-theano-transposed-last-same-2"
)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", NAMES.split())
def test_keras_opens_it_and_predicts_the_same(name: str, suffix: str, tmp_path: Path) -> None:
    file, weights = GOLDEN / f"{name}.h5", None
    if (GOLDEN / f"{name}.json").exists():
        file, weights = GOLDEN / f"{name}.json", file
    loadstone.convert(file, tmp_path / f"new{suffix}", weights=weights)
    model, arrays = keras.models.load_model(tmp_path / f"new{suffix}", compile=False), np.load(GOLDEN / f"{name}.npz")
    inputs = [arrays[key] for key in sorted(arrays.files) if key.startswith("in_")]
    expected = [arrays[key] for key in sorted(arrays.files) if key.startswith("out_")]
    got = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    got = [got[key] for key in sorted(got)] if isinstance(got, dict) else got if isinstance(got, (list, tuple)) else [got]
    for want, result in zip(expected, got, strict=True):
        np.testing.assert_allclose(np.asarray(result), want, rtol=1e-3, atol=1e-4)
