"""`loadstone doctor` as a command: its output and its exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from loadstone.cli import main

GOLDEN = Path(__file__).parents[1] / "golden"


def run(*arguments):
    return CliRunner().invoke(main, ["doctor", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["tf.keras-2.3.4/cnn.h5"], 0),
        (["tf.keras-2.3.4/cnn.h5", "--for", "keras3"], 3),
        (["keras_2/keras-2.0.2-masked-steps.h5", "--for", "tf_keras"], 3),
        (["tf.keras-2.15.1/custom_activation.h5", "--for", "keras3"], 5),
        (["apart/keras-3.15.1/chain/sharded.weights.json"], 3),
        (["nowhere.h5"], 1),
    ],
)
def test_the_exit_code_tells_the_severity(arguments, code):
    assert run(GOLDEN / arguments[0], *arguments[1:]).exit_code == code


def test_json_has_the_findings_of_the_target():
    found = json.loads(run(GOLDEN / "tf.keras-2.3.4/cnn.h5", "--for", "keras3", "--json").output)
    assert found["verdicts"]["keras3"]["result"] == "fails"
    assert all("keras3" in finding["targets"] for finding in found["findings"])
    assert any(
        finding["trap"] == "groups_of_convolutions" and finding["command"].startswith("loadstone convert") for finding in found["findings"]
    )


def test_people_get_reason_place_and_command():
    printed = run(GOLDEN / "tf.keras-2.3.4/cnn.h5", "--for", "keras3").output
    assert "has the argument groups" in printed and "at $.config.layers" in printed and "run: loadstone convert" in printed
