"""`loadstone convert ... --into DIR`: many models, each by itself."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import loadstone
from loadstone.cli import main
from loadstone.tools.converting import convert_all
from loadstone.tools.workers import Limits

GOLDEN = Path(__file__).parents[1] / "golden"


def run(*arguments):
    return CliRunner(env={"COLUMNS": "160"}).invoke(main, ["convert", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(GOLDEN / "apart" / "tf.keras-2.3.4" / "model", folder / "inner")
    shutil.copy(GOLDEN / "keras-3.15.1" / "mlp.h5", folder / "mlp.h5")
    shutil.copy(GOLDEN / "keras-3.15.1" / "mlp.keras", folder / "mlp.keras")
    return folder


def test_a_failure_stops_nothing_and_decides_the_exit_code(models, tmp_path):
    (models / "broken.h5").write_bytes(b"")
    result = run(models / "broken.h5", models / "mlp.h5", GOLDEN / "keras-3.15.1" / "custom_activation.keras", "--into", tmp_path / "new")
    assert result.exit_code == 1
    assert "UnrecognizedFormat: this is an empty file" in result.output and "MissingCustomObjects" in result.output
    assert "1 of 3 written" in result.output
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mlp.keras"]
    assert run(GOLDEN / "keras-3.15.1" / "custom_activation.keras", "--into", tmp_path / "new").exit_code == 3


def test_a_folder_keeps_its_order_and_pairs_are_one_file(models, tmp_path):
    done = list(convert_all([models], tmp_path / "new", "h5", limits=Limits(jobs=1)))
    assert not [one.reason for one in done if one.error]
    written = sorted(path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*.h5"))
    assert {"mlp.h5", "mlp_keras.h5", "inner/model.h5"} <= set(written) and len(written) == len(done)
    assert all(one.difference is not None and one.difference < 1e-5 for one in done)
    assert next(one for one in done if one.source.endswith("model.json")).weights is not None
    loadstone.load_model(tmp_path / "new" / "inner" / "model.h5")


def test_neither_a_source_nor_what_is_there_is_written_over(models):
    before = (models / "mlp.keras").read_bytes()
    (one,) = convert_all([models / "mlp.keras"], models, overwrite=True, limits=Limits(jobs=1))
    (other,) = convert_all([models / "mlp.h5"], models, limits=Limits(jobs=1))
    assert (one.error, other.error) == ("FileExistsError", "FileExistsError")
    assert (models / "mlp.keras").read_bytes() == before


def test_a_source_is_not_written_over_by_another(models, tmp_path):
    (tmp_path / "new").mkdir()
    other = shutil.copy(models / "mlp.keras", tmp_path / "new")
    before = Path(other).read_bytes()
    one, two = convert_all([models / "mlp.h5", other], tmp_path / "new", overwrite=True, limits=Limits(jobs=1))
    assert (one.error, two.error) == ("FileExistsError", "")
    assert Path(other).read_bytes() == before and two.target.endswith("mlp_keras.keras")


def test_weights_of_another_name_are_not_taken(tmp_path):
    """Of several files any would fit."""
    shutil.copytree(GOLDEN / "apart" / "tf.keras-2.3.4" / "model", tmp_path / "models")
    (weights,) = (tmp_path / "models").glob("*.h5")
    for name in ("epoch1.h5", "epoch2.h5"):
        shutil.copy(weights, tmp_path / "models" / name)
    weights.unlink()
    for path in (tmp_path / "models").glob("*.y*ml"):
        path.unlink()
    done = {Path(one.source).name: one for one in convert_all([tmp_path / "models"], tmp_path / "new", limits=Limits(jobs=1))}
    assert done["model.json"].error and done["model.json"].weights is None


def test_what_is_written_below_a_source_is_not_a_source(models):
    done = list(convert_all([models], models / "new", limits=Limits(jobs=1)))
    assert not [one for one in done if f"{models / 'new'}" in one.source]


def test_without_into_there_are_one_source_and_one_target(models):
    assert run(models / "mlp.h5").exit_code == 2
    assert run(models / "mlp.h5", models / "a.keras", models / "b.keras").exit_code == 2
    assert run(models / "mlp.h5", "--into", models / "new", "--weights", models / "w.h5").exit_code == 2


def test_a_format_that_there_is_not_is_refused(models):
    with pytest.raises(ValueError, match="known are 'keras'"):
        list(convert_all([models], models / "new", "caffe"))
