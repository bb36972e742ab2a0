"""`loadstone profile` from outside: its parts, its ops, and how it ends."""

import inspect
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from loadstone.cli import main
from loadstone.errors import InferenceError, InputMismatch
from loadstone.tools.profile import profile
from tests.conformance.goldens import FOLDER, golden

FRAUD = Path(str(files("loadstone"))) / "examples" / "fraud"
RNN = golden("keras-3.15.1", "rnn.h5").path
# click before 8.2 mixes standard error into standard output unless told not to.
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}


def call(*arguments):
    return CliRunner(env={"COLUMNS": "120"}, **APART).invoke(main, ["profile", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def found():
    result = call(RNN, "--batch-size", 5, "--threads", 1, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_parts_are_those_of_a_first_prediction(found):
    parts = dict(found["seconds"])
    total = parts.pop("total")
    assert list(parts) == ["start", "import", "read", "lower", "build", "load", "first prediction"]
    assert all(seconds > 0 for seconds in parts.values())
    assert sum(parts.values()) == pytest.approx(total)
    assert sum(found["imports"].values()) == pytest.approx(parts["import"])
    assert {"numpy", "onnxruntime", "loadstone"} <= set(found["imports"])


def test_it_says_what_was_predicted_how_fast_and_in_what_memory(found):
    assert (found["batch_size"], found["threads"], found["engine"]) == (5, 1, "onnxruntime")
    steady = found["steady"]
    assert 0 < steady["fastest"] <= steady["median"]
    assert steady["samples_per_second"] == pytest.approx(5 / steady["median"])
    memory = found["memory"]
    assert memory["peak"] > memory["weights"] > 0


def test_ops_are_told_by_the_layers_of_the_model(found):
    from loadstone import load_model

    with load_model(RNN) as model:
        layers = {layer.name for layer in model.layers}
    ops = found["ops"]
    assert 0 < len(ops) <= 10
    assert {"LSTM", "GRU"} & {op["kind"] for op in ops}
    assert {op["layer"].partition("/")[0] for op in ops if op["layer"]} <= layers
    assert [op["seconds"] for op in ops] == sorted((op["seconds"] for op in ops), reverse=True)
    assert 0 < sum(op["share"] for op in ops) <= 1 + 1e-9


def test_the_tables_name_parts_and_layers():
    result = call(FRAUD / "fraud.keras")
    assert result.exit_code == 0, result.stderr
    for text in ("start of Python", "read the file", "lower to ONNX", "to the first prediction", "Memory: peak", "Later predictions"):
        assert text in result.output
    assert "FusedGemm" in result.output or "Gemm" in result.output


def test_data_from_a_file_are_one_batch():
    rows = len((FRAUD / "transactions.csv").read_text("utf8").splitlines()) - 1
    whole = call(FRAUD / "fraud.h5", "--input", FRAUD / "transactions.csv", "--drop", "id", "--json")
    assert whole.exit_code == 0, whole.stderr
    assert json.loads(whole.stdout)["batch_size"] == rows


def test_more_rows_than_there_are(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 30), np.float32))
    path = golden("keras-3.15.1", "mlp.h5").path
    result = call(path, "--input", tmp_path / "x.npy", "--batch-size", 3)
    assert result.exit_code == 4
    assert "2 rows, and 3 are asked for" in result.stderr


def test_data_that_do_not_fit(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 3, 3, 3), np.float32))
    result = call(FRAUD / "fraud.h5", "--input", tmp_path / "x.npy")
    assert result.exit_code == 4
    assert "InputMismatch" in result.stderr


@pytest.mark.parametrize(
    ("path", "code", "text"),
    [
        ("missing.h5", 1, "FileNotFoundError"),
        (str(Path(__file__)), 1, "UnrecognizedFormat"),
        (str(FOLDER / "keras-3.15.1" / "custom_layer.keras"), 3, "MissingCustomObjects"),
    ],
)
def test_exit_codes(path, code, text):
    result = call(path)
    assert result.exit_code == code
    assert text in result.stderr
    assert result.stdout == ""


def test_a_wrong_option_is_a_usage_error():
    assert call(FRAUD / "fraud.h5", "--engine", "fast").exit_code == 2


def test_custom_objects_come_from_a_file(tmp_path):
    (tmp_path / "custom.py").write_text("import numpy as np\n\ndef my_custom_activation(x):\n    return np.maximum(x, 0) - 1\n", "utf8")
    result = call(golden("keras-3.15.1", "custom_activation.h5").path, "--custom", tmp_path / "custom.py", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["seconds"]["total"] > 0


def test_openvino_counts_its_ops():
    pytest.importorskip("openvino")
    found = profile(FRAUD / "fraud.h5", engine="openvino", rows=4, seconds=0.1)
    assert found.engine == "openvino"
    assert {op.kind for op in found.ops} & {"FullyConnected", "MatMul"}
    assert any(op.layer for op in found.ops)
    assert "openvino" in found.imports


def test_a_function_call_gives_the_same_as_the_command():
    found = profile(RNN, rows=2, seconds=0.05)
    assert found.rows == 2
    assert found.total == pytest.approx(found.to_dict()["seconds"]["total"])


def test_data_for_other_inputs():
    with pytest.raises(InputMismatch):
        profile(FRAUD / "fraud.h5", [np.zeros(3), np.zeros(3)])


def test_a_process_that_ends_is_an_error(monkeypatch):
    import subprocess

    plain = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda command, **options: plain([command[0], "-c", "raise SystemExit('no memory')"], **options))
    with pytest.raises(InferenceError, match="no memory"):
        profile(FRAUD / "fraud.h5")
