"""ONNX ops as operations of the Keras that is installed: it opens the models and computes the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.export.convert import KerasFile
from tests.export.operation_cases import CASES, expected, model_of, taken

pytestmark = pytest.mark.filterwarnings("default")  # the framework's own
keras = pytest.importorskip("keras", minversion="3.15")

GOLDEN = Path(__file__).parents[1] / "golden"
LAYERS = (
    "third_party/bert third_party/attention_parts third_party/addons_crf_masked keras_contrib/crf_masked keras_hub/encoder_and_decoder"
    " qkeras/pictures third_party/weight_lstm"
)


@pytest.mark.parametrize("name", CASES)
def test_an_operation_computes_what_the_op_does(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    description = model_of(case)
    KerasFile(description).write(str(tmp_path / "new.keras"), "keras")
    model, arrays = keras.models.load_model(tmp_path / "new.keras"), taken(description, case)
    results = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    results = results if isinstance(results, (list, tuple)) else [results]
    for want, result in zip(expected(case), results, strict=True):
        got = np.asarray(keras.ops.convert_to_numpy(result))
        assert got.shape == want.shape
        np.testing.assert_allclose(got.astype(want.dtype), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", LAYERS.split())
def test_layers_of_other_packages(name: str, suffix: str, tmp_path: Path) -> None:
    file = GOLDEN / f"{name}.h5"
    loadstone.convert(file if file.exists() else file.with_suffix(".keras"), tmp_path / f"new{suffix}")
    model, arrays = keras.models.load_model(tmp_path / f"new{suffix}", compile=False), np.load(GOLDEN / f"{name}.npz")
    inputs, expected = ([arrays[key] for key in sorted(arrays.files) if key.startswith(kind)] for kind in ("in", "out"))
    got = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    got = [got[key] for key in sorted(got)] if isinstance(got, dict) else got if isinstance(got, (list, tuple)) else [got]
    for want, result in zip(expected, got, strict=True):
        np.testing.assert_allclose(np.asarray(keras.ops.convert_to_numpy(result)), want, rtol=1e-3, atol=1e-4)
