"""The commands from outside: what they print, write, and end with."""

import csv
import inspect
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from loadstone.cli import main
from tests.conformance.goldens import golden

FRAUD = Path(str(files("loadstone"))) / "examples" / "fraud"
COMMANDS = sorted(main.commands)


# click before 8.2 mixes standard error into standard output unless told not to.
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}


def call(*arguments, data=None):
    return CliRunner(env={"COLUMNS": "100"}, **APART).invoke(
        main, [str(argument) for argument in arguments], input=data, catch_exceptions=False
    )


def keras_says(name):
    with open(FRAUD / f"{name}.csv", newline="", encoding="utf8") as file:
        return np.array([float(row["fraud"]) for row in csv.DictReader(file)])


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_the_exit_codes(command):
    text = call(command, "--help").output
    assert "Example" in text
    assert f"loadstone {command}" in text
    assert "Exit codes:" in text


@pytest.mark.parametrize("name", ["fraud.h5", "fraud.keras"])
def test_demo_agrees_with_keras(name):
    result = call("demo", "--file", name)
    assert result.exit_code == 0
    assert "fraud_detector" in result.output
    assert "Total params" in result.output
    assert float(result.output.rsplit(":", 1)[1]) < 1e-5


@pytest.mark.parametrize("name", ["fraud.h5", "fraud.keras"])
@pytest.mark.parametrize("suffix", ["csv", "json", "npy", "npz"])
def test_predict_writes_every_format(name, suffix, tmp_path):
    target = tmp_path / f"fraud.{suffix}"
    result = call("predict", FRAUD / name, "--input", FRAUD / "transactions.csv", "--drop", "id", "--output", target)
    assert result.exit_code == 0
    assert result.output == ""
    if suffix == "csv":
        answer = [[float(row["fraud"])] for row in csv.DictReader(target.read_text("utf8").splitlines())]
    elif suffix == "json":
        answer = json.loads(target.read_text("utf8"))
    else:
        with open(target, "rb") as file:
            loaded = np.load(file)
            answer = loaded if suffix == "npy" else loaded["fraud"]
    np.testing.assert_allclose(np.array(answer)[:, 0], keras_says(name), rtol=1e-4, atol=1e-6)


def test_predict_is_a_filter():
    data = (FRAUD / "transactions.csv").read_bytes()
    result = call("predict", FRAUD / "fraud.h5", "--input", "-", "--drop", "id", data=data)
    np.testing.assert_allclose(np.array(json.loads(result.output))[:, 0], keras_says("fraud.h5"), rtol=1e-4, atol=1e-6)


def test_predict_keeps_the_structure_of_the_outputs():
    case = golden("keras-3.15.1", "multi_io.keras")
    data = json.dumps({name: array.tolist() for name, array in case.inputs.items()})
    answer = json.loads(call("predict", case.path, "-i", "-", data=data).output)
    for name, expected in case.calls[0].outputs.items():
        np.testing.assert_allclose(answer[name], expected, rtol=1e-4, atol=1e-6)


def test_summary_as_a_table_and_as_json():
    assert "merchant_embedding" in call("summary", FRAUD / "fraud.h5").output
    summary = json.loads(call("summary", FRAUD / "fraud.h5", "--json").output)
    layers = {layer["name"]: layer for layer in summary["layers"]}
    assert layers["hidden_1"]["class_name"] == "Dense"
    assert layers["hidden_1"]["parameters"] == (4 + 3) * 16 + 16
    assert layers["hidden_1"]["output_shape"] == [[None, 16]]
    assert summary["parameters"] == sum(layer["parameters"] for layer in summary["layers"])


@pytest.mark.parametrize(("name", "release"), [("fraud.h5", "2.15"), ("fraud.keras", "3.15.1")])
def test_inspect_says_who_saved_it(name, release):
    text = call("inspect", FRAUD / name).output
    assert release in text
    assert "merchant" in text
    report = json.loads(call("inspect", FRAUD / name, "--json").output)
    assert release in json.dumps(report["producer"])


def test_a_missing_file_ends_with_1():
    result = call("summary", "no_such_model.h5")
    assert result.exit_code == 1
    assert "no_such_model.h5" in result.stderr


def test_what_is_no_model_ends_with_1(tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"<!DOCTYPE html><html>not found</html>")
    result = call("inspect", path)
    assert result.exit_code == 1
    assert result.stderr.startswith("loadstone: UnrecognizedFormat: ")


def test_a_wrong_command_line_ends_with_2(tmp_path):
    assert call("predict", FRAUD / "fraud.h5").exit_code == 2
    assert call("predict", FRAUD / "fraud.h5", "-i", "no_such_data.csv").exit_code == 2
    result = call("predict", FRAUD / "fraud.h5", "-i", FRAUD / "transactions.csv", "-o", tmp_path / "y.xlsx")
    assert result.exit_code == 2
    assert "y.xlsx" in result.stderr


def test_missing_custom_objects_end_with_3():
    path = golden("tf.keras-2.15.1", "custom_activation.h5").path
    result = call("predict", path, "-i", "-", data="[[1, 2, 3, 4]]")
    assert result.exit_code == 3
    assert result.stderr.startswith("loadstone: MissingCustomObjects: ")
    assert "my_custom_activation" in result.stderr


def test_what_a_model_needs_is_reported_before_it_is_run():
    path = golden("tf.keras-2.15.1", "custom_activation.h5").path
    result = call("inspect", path, "--json", "--check")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["custom_objects"] == ["my_custom_activation"]
    result = call("summary", path)
    assert result.exit_code == 0
    assert "Total params" in result.stdout
    assert "needs something" in result.stderr


def test_data_that_do_not_fit_end_with_4():
    for data in ("[[1, 2, 3]]", '{"amount": [1]}', "amount,hour\n1,2\n"):
        result = call("predict", FRAUD / "fraud.h5", "-i", "-", data=data)
        assert result.exit_code == 4
        assert result.stderr.startswith("loadstone: InputMismatch: ")
        assert result.stdout == ""


def test_help_loads_no_engine():
    code = "import sys\ntry:\n import runpy; sys.argv = ['loadstone', '--help']; runpy.run_module('loadstone', run_name='__main__')\n"
    code += "except SystemExit:\n print(*sys.modules, sep=chr(10))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "loadstone.cli" in modules
    assert not {"numpy", "h5py", "onnxruntime", "rich"} & set(modules)


def test_predict_takes_tfrecords_for_a_model_of_strings(tmp_path):
    from tests.containers.test_tfrecord import RECORDS, WRITTEN

    (tmp_path / "words.tfrecord").write_bytes(WRITTEN)
    model = Path(__file__).parents[1] / "golden" / "graphs" / "tensorflow-2.15" / "words.zip"
    result = call("predict", model, "--input", tmp_path / "words.tfrecord", "--output", "-")
    assert result.exit_code == 0 and len(json.loads(result.output)) == len(RECORDS)
