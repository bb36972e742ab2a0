"""Layers of packages around Keras against what those packages predicted (tests/golden/make_{third_party,addons,contrib_layers,keras_contrib,keras_hub,keras_hub_parts,keras_cv,qkeras}.py)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.errors import LoadstoneError

GOLDEN = Path(__file__).parents[1] / "golden"
FOLDERS = [GOLDEN / name for name in ("third_party", "addons", "contrib_layers", "keras_contrib", "keras_hub", "keras_cv", "qkeras")]
FILES = sorted(path for folder in FOLDERS for path in folder.iterdir() if path.suffix in (".h5", ".keras"))


@pytest.mark.filterwarnings("ignore:.*the file does not say whose:UserWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_predicts_what_the_package_predicted(path: Path) -> None:
    arrays = np.load(path.with_suffix(".npz"))
    inputs = [arrays[key] for key in sorted(arrays.files) if key.startswith("input")]
    got = loadstone.load_model(path).predict(inputs[0] if len(inputs) == 1 else inputs, verbose=0)
    expected = [arrays[key] for key in sorted(arrays.files) if key.startswith("out_")]
    for want, result in zip(expected, got if isinstance(got, list) else [got], strict=True):
        assert result.dtype == want.dtype
        np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-5)


def test_a_class_that_only_its_options_tell_is_a_doubt() -> None:
    with pytest.warns(UserWarning, match="whose InstanceNormalization"):
        loadstone.load_model(GOLDEN / "keras_contrib" / "instances.h5")


def test_what_the_caller_supplies_comes_first() -> None:
    class InstanceNormalization:
        def __init__(self, **config: object) -> None:
            pass

        def set_weights(self, weights: list[np.ndarray]) -> None:
            pass

        def call(self, x: np.ndarray) -> np.ndarray:
            return x * 0

    model = loadstone.load_model(GOLDEN / "keras_contrib" / "instances.h5", custom_objects={"InstanceNormalization": InstanceNormalization})
    assert not model.predict(np.load(GOLDEN / "keras_contrib" / "instances.npz")["input"], verbose=0).any()


@pytest.mark.parametrize("text", ["quantized_relu(4,", "quantized_relu(os.getcwd())", "quantized_mystery(4)"])
def test_a_quantizer_that_is_none_is_refused_by_name(text: str, tmp_path: Path) -> None:
    architecture = {
        "class_name": "Sequential", "keras_version": "2.8.0", "backend": "tensorflow",
        "config": {"name": "s", "layers": [
            {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "name": "x"}},
            {"class_name": "QActivation", "config": {"name": "q", "trainable": True, "dtype": "float32", "activation": text}},
        ]},
    }  # fmt: skip
    path = tmp_path / "model.json"
    path.write_text(json.dumps(architecture))
    with pytest.raises(LoadstoneError, match=re.escape(text) + "|no arguments"):
        loadstone.load_model(path).predict(np.zeros((1, 3), "float32"), verbose=0)
