"""A SavedModel with a custom layer: its graph runs without the layer's code, and is what the report offers."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import loadstone
from loadstone.cli import main
from tests.custom.building import x

FILE = Path(__file__).parents[1] / "golden" / "graphs" / "tensorflow-2.15" / "keras_custom_layer.zip"
FINDING = "its layers need custom objects that were not given ('Gate'), so its graph is used"


@pytest.fixture
def folder(tmp_path):
    with zipfile.ZipFile(FILE) as file:
        file.extractall(tmp_path / "saved")
    return tmp_path / "saved"


def test_its_graph_runs_and_the_findings_say_so(folder):
    model = loadstone.load_model(folder)
    assert FINDING in [finding.message for finding in model.findings]
    assert model.predict(x(3, 4), verbose=0).shape[0] == 3


def test_inspect_says_so_too(folder):
    report = loadstone.inspect(folder)
    assert report.runs
    assert FINDING in str(report)
    assert report.stub() == ""
    plain = json.loads(CliRunner().invoke(main, ["inspect", str(folder), "--json"]).output)
    assert plain["signatures"][0]["ops"]["MatMul"] > 0


def test_as_a_file_of_keras_it_needs_the_layer(folder, tmp_path):
    with pytest.raises(loadstone.MissingCustomObjects, match="Unknown layer: 'Gate'") as raised:
        loadstone.convert(folder, tmp_path / "new.keras")
    assert "The file's graph needs none of it" in raised.value.hint


def test_it_is_written_as_onnx_by_its_graph(folder, tmp_path):
    assert loadstone.convert(folder, tmp_path / "new.onnx").difference is not None


def test_with_the_layer_its_layers_run(folder):
    expected = loadstone.load_model(folder).predict(x(3, 4), verbose=0)
    found = {}

    class Gate:
        def set_weights(self, weights, names):
            found.update(zip(names, weights, strict=True))

        def call(self, inputs):
            found["inputs"] = inputs
            return inputs * 0

    model = loadstone.load_model(folder, custom_objects={"Gate": Gate})
    assert FINDING not in [finding.message for finding in model.findings]
    assert [layer.class_name for layer in model.layers][-2:] == ["Gate", "Dense"]
    assert not np.allclose(model.predict(x(3, 4), verbose=0), expected)
