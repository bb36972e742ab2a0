"""What a saved file asks of its reader: the report, `strict`, and custom classes and functions that are kept for their owner."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import loadstone
from tests.custom.numpy_objects import OBJECTS, bent
from tests.custom.test_files import FILES, IDS, assert_same

GOLDEN = Path(__file__).parents[1] / "golden"
TEXT = next(path for path in FILES if path.name == "text.keras" and path.parent.name == "keras-3.15.1")
HINTS = ("write it as .keras", "write it as .h5")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_custom_objects_are_kept_for_their_owner(path: Path, suffix: str, tmp_path: Path) -> None:
    """Or refused with the other suffix, where the file does not tell how the other one keeps weights of layers inside theirs."""
    model = loadstone.load_model(path, custom_objects=OBJECTS)
    try:
        report = loadstone.save_model(model, tmp_path / f"new{suffix}")
    except loadstone.LoweringError as error:
        assert error.hint in HINTS or "Lambda" in error.message  # noqa: PT017
        assert not os.listdir(tmp_path)
        return
    assert {need.name for need in report.needs} & {"Gate", "Attend", "bent"}
    assert_same(loadstone.load_model(report.path, custom_objects=OBJECTS), path)


def test_the_report_says_what_a_reader_must_supply(tmp_path: Path) -> None:
    report = loadstone.save_model(loadstone.load_model(TEXT, custom_objects=OBJECTS), tmp_path / "new.keras")
    found = {(need.kind, need.name): need for need in report.needs}
    assert {("layer", "Gate"), ("layer", "Scale"), ("activation function", "bent")} <= found.keys()
    assert found["activation function", "bent"].where == ("bent.activation", "again.activation")
    assert all(need.note == "for training alone" for (kind, _), need in found.items() if kind in ("loss", "metric"))
    assert not any("numpy" in json.dumps(str(need.config)) for need in report.needs)


def test_strict_refuses_what_a_stranger_could_not_read(tmp_path: Path) -> None:
    model = loadstone.load_model(TEXT, custom_objects=OBJECTS)
    (tmp_path / "new.keras").write_bytes(b"precious")
    with pytest.raises(loadstone.MissingCustomObjects, match="strict=True") as raised:
        loadstone.save_model(model, tmp_path / "new.keras", strict=True)
    assert {"Gate", "Scale", "bent"} <= {need.name for need in raised.value.missing}
    assert (tmp_path / "new.keras").read_bytes() == b"precious"
    plain = loadstone.load_model(GOLDEN / "keras-3.15.1" / "mlp.h5")
    assert loadstone.save_model(plain, tmp_path / "new.keras", strict=True).needs == ()


def test_what_is_registered_here_is_not_what_a_stranger_has(tmp_path: Path) -> None:
    with loadstone.custom_object_scope(OBJECTS):
        report = loadstone.save_model(loadstone.load_model(TEXT), tmp_path / "new.keras")
    assert "Gate" in {need.name for need in report.needs}


@pytest.mark.parametrize(
    ("supplied", "said"),
    [(lambda x: bent(x), "'bent' is a lambda expression"), (OBJECTS["double"], "'bent' is the function 'double'")],
)
def test_a_function_of_another_name_is_a_warning(supplied: Any, said: str, tmp_path: Path) -> None:
    model = loadstone.load_model(TEXT, custom_objects={**OBJECTS, "bent": supplied})
    report = loadstone.save_model(model, tmp_path / "new.keras")
    assert any(said in line for line in report.warnings)


def test_layers_of_a_user_s_class_are_named_as_the_file_had_them(tmp_path: Path) -> None:
    loadstone.save_model(loadstone.load_model(TEXT, custom_objects=OBJECTS), tmp_path / "new", zipped=False)
    config = json.loads((tmp_path / "new" / "config.json").read_text())
    layers = {layer["config"]["name"]: layer for layer in config["config"]["layers"]}
    import zipfile

    with zipfile.ZipFile(TEXT) as archive:
        before = json.loads(archive.read("config.json"))
    for layer in before["config"]["layers"]:
        if layer["class_name"] in ("Gate", "Scale"):
            new = layers[layer["config"]["name"]]
            assert {key: new[key] for key in ("module", "class_name", "registered_name")} == {
                key: layer[key] for key in ("module", "class_name", "registered_name")
            }
            assert new["config"] == layer["config"]


# -- training ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", ["tf.keras-2.15.1/custom_compiled.h5", "keras-3.15.1/custom_compiled.keras"])
def test_the_training_config_and_the_optimizer_are_kept(name: str, suffix: str, tmp_path: Path) -> None:
    model = loadstone.load_model(GOLDEN / name)
    report = model.save(tmp_path / f"new{suffix}")
    again = loadstone.load_model(report.path)
    assert again.training_config is not None
    optimizer = again.training_config.get("optimizer") or again.training_config["optimizer_config"]
    assert (optimizer["module"], optimizer["class_name"]) == ("keras.optimizers", "Adam")
    before, after = (list(one._description.extra["optimizer"].values()) for one in (model, again))
    assert sum(tensor.size > 1 for tensor in after) == sum(tensor.size > 1 for tensor in before)
    total = [sum(float(np.abs(tensor.numpy()).sum()) for tensor in tensors if tensor.size > 1) for tensors in (before, after)]
    assert total[0] == pytest.approx(total[1])


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_include_optimizer_false_leaves_them_out(suffix: str, tmp_path: Path) -> None:
    model = loadstone.load_model(GOLDEN / "keras-3.15.1" / "custom_compiled.keras")
    model.save(tmp_path / f"new{suffix}", include_optimizer=False)
    again = loadstone.load_model(tmp_path / f"new{suffix}")
    assert again.training_config is None
    assert "optimizer" not in again._description.extra


def test_a_loss_of_the_user_s_is_kept_and_named(tmp_path: Path) -> None:
    model = loadstone.load_model(GOLDEN / "keras-3.15.1" / "custom_compiled.keras")
    report = model.save(tmp_path / "new.keras")
    kinds = {need.kind for need in report.needs}
    assert kinds, "the file has a loss or a metric of the user's"
    assert kinds <= {"loss", "metric"}
