"""`audit`: a row for each model of a folder, whatever lies in it."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from loadstone.tools.audit import Cause, Summary, audit
from loadstone.tools.dangers import of_graph
from loadstone.tools.searching import places
from loadstone.tools.workers import Ended, Limits, answers

GOLDEN = Path(__file__).parents[1] / "golden"
H5 = GOLDEN / "keras-3.15.1" / "mlp.h5"
ONE = Limits(jobs=1)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 123\n"
EVIL = "evil\n\x1b[31m\u202e'&<b>.h5"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Everything at once, in one folder: the rows by their paths in it."""
    folder = tmp_path_factory.mktemp("models")
    data = H5.read_bytes()
    for name in ("good.h5", "no_suffix", EVIL, "=1+1.h5"):
        (folder / name).write_bytes(data)
    (folder / "truncated.h5").write_bytes(data[: len(data) // 2])
    (folder / "empty.h5").write_bytes(b"")
    (folder / "pointer.keras").write_bytes(POINTER)
    (folder / "page.h5").write_bytes(b"<!DOCTYPE html><html>login</html>")
    (folder / "picture.png").write_bytes(b"\x89PNG....")
    (folder / "settings.json").write_text('{"a": 1}')
    (folder / "random.pb").write_bytes(bytes(range(256)))
    (folder / "model.tflite").write_bytes(b"\0\0\0\0TFL3" + bytes(100))
    for name in ("custom_activation", "custom_layer"):
        shutil.copy(GOLDEN / "keras-3.15.1" / f"{name}.keras", folder)
    shutil.copytree(GOLDEN / "apart" / "tf.keras-2.3.4" / "model", folder / "apart")
    for name, place in (("mlp", "saved"), ("mlp_checkpoint_v2", "checkpoint")):
        shutil.unpack_archive(GOLDEN / "graphs" / "tensorflow-1.15" / f"{name}.zip", folder / place)
    (folder / "served").mkdir()
    graph = next((folder / "saved").rglob("saved_model.pb")).parent
    for version in ("1", "12"):
        shutil.copytree(graph, folder / "served" / version)
    with zipfile.ZipFile(GOLDEN / "keras-3.15.1" / "mlp.keras") as archive:
        archive.extractall(folder / "unzipped")
    (folder / "loop").mkdir()
    if os.name == "posix":
        os.symlink("..", folder / "loop" / "up")
        os.symlink("itself.h5", folder / "itself.h5")
        os.mkfifo(folder / "pipe.h5")
    rows = {}
    for row in audit([folder], recursive=True, limits=Limits(jobs=2)):
        rows.setdefault(os.path.relpath(row.path, folder), row)
    return rows


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("good.h5", "loads", ""),
        ("no_suffix", "loads", ""),
        (EVIL, "loads", ""),
        ("truncated.h5", "damaged", "cut off"),
        ("empty.h5", "no model", "an empty file"),
        ("pointer.keras", "no model", "a Git LFS pointer"),
        ("page.h5", "no model", "an HTML page"),
        ("random.pb", "no model", "unknown kind"),
        ("model.tflite", "other", "TensorFlow Lite"),
        ("custom_activation.keras", "needs", "custom_activation"),
        ("unzipped", "loads", ""),
        ("served", "loads", ""),
    ],
)
def test_each_has_a_row_that_says_what_it_is(found, name, status, words):
    row = found[name]
    assert row.status == status
    assert words in row.reason
    assert row.loads == (status == "loads") == (row.seconds is not None and not row.reason)


def test_what_is_no_model_by_name_and_content_has_none(found):
    assert not {"picture.png", "settings.json"} & set(found)


@pytest.mark.skipif(os.name != "posix", reason="links and pipes")
def test_links_to_themselves_and_pipes_are_unreadable(found):
    assert {found[name].status for name in ("itself.h5", "pipe.h5")} == {"unreadable"}
    assert not any(name.startswith("loop") for name in found)


def test_members_of_a_model_have_no_row_of_their_own(found):
    inside = {name for name in found if name.startswith(("apart", "saved", "checkpoint", "served", "unzipped"))}
    graph = next(name for name in inside if name.startswith("saved"))
    checkpoint = next(name for name in inside if name.startswith("checkpoint"))
    assert checkpoint.endswith(".meta") and {graph, checkpoint, "served", "unzipped"} < inside
    assert all(name.startswith("apart") for name in inside - {graph, checkpoint, "served", "unzipped"})


def test_an_architecture_is_one_row_with_its_weights(found):
    row = found["apart/model.json"]
    assert row.loads and row.weights is not None
    assert row.bytes == os.path.getsize(row.path) + os.path.getsize(row.weights)
    assert f"--weights {row.weights}" in row.next


def test_versions_of_a_served_model_are_one_row(found):
    assert found["served"].versions == ("1", "12")
    assert found["served"].bytes > 2 * found["good.h5"].bytes // 10


def test_the_next_step_is_a_command_whose_names_are_quoted(found):
    assert found["custom_activation.keras"].next.startswith("loadstone stub ")
    assert found["pointer.keras"].next == "git lfs pull --include pointer.keras"
    assert found["truncated.h5"].next.startswith("loadstone doctor ")
    assert all(row.next.isprintable() for row in found.values())
    assert r"evil\x0a\x1b[31m\xe2\x80\xae\x27&<b>.h5'" in found[EVIL].next


def test_who_saved_it_is_said(found):
    assert found["good.h5"].producer == "keras 3.15.1"
    assert "TensorFlow 1.15" in found["served"].producer


def test_rows_are_plain_data(found):
    for row in found.values():
        assert json.loads(json.dumps(row.to_dict()))["loads"] is row.loads


def test_causes_are_counted_over_models(found):
    summary = Summary()
    for row in found.values():
        summary.add(row)
    titles = [cause["title"] for cause in summary.to_dict()["causes"]]
    assert "1 model needs my_custom_activation" in titles
    assert "1 file is a Git LFS pointer" in titles
    assert Cause("object", "AttentionLayer").title(41) == "41 models need AttentionLayer"
    assert summary.rows == len(found) and summary.loaded == sum(row.loads for row in found.values())


def test_a_file_that_takes_too_long_costs_a_row_and_nothing_else(tmp_path):
    """Each ends with its process, and the next has a new one."""
    for name in ("a.h5", "b.h5"):
        shutil.copy(H5, tmp_path / name)
    rows = list(audit([tmp_path], limits=Limits(jobs=1, seconds=1e-4)))
    assert [row.status for row in rows] == ["limit", "limit"]
    assert "longer than" in rows[0].reason and "--timeout" in rows[0].next


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux limits a process's own memory")
def test_a_file_that_wants_more_memory_than_it_may_have_costs_a_row():
    (row,) = audit([H5], limits=Limits(jobs=1, memory=1 << 20))
    # with so little the interpreter itself may end before it can say why
    assert (row.status, [cause.kind for cause in row.causes]) in [("limit", ["memory"]), ("crash", ["crash"])]


def test_custom_objects_are_given_to_all(tmp_path):
    given = tmp_path / "given.py"
    given.write_text("def my_custom_activation(x):\n    return x / (1 + 2.718281828 ** (-1.5 * x)) + 0.1\n")
    (row,) = audit([GOLDEN / "keras-3.15.1" / "custom_activation.keras"], custom=str(given), limits=ONE)
    assert row.loads


def test_paths_that_are_asked_for_have_a_row_each(tmp_path):
    (tmp_path / "letter.txt").write_text("hello")
    shutil.copytree(GOLDEN / "apart" / "tf.keras-2.3.4" / "model", tmp_path / "apart")
    weights = next(path for path in (tmp_path / "apart").glob("*.h5"))
    rows = list(audit([tmp_path / "letter.txt", tmp_path / "nowhere.h5", weights], limits=ONE))
    assert [row.status for row in rows] == ["no model", "unreadable", "loads"]
    assert rows[2].weights == str(weights)


def test_without_recursive_only_models_in_the_folder_itself_are_found(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for place in (tmp_path, tmp_path / "a"):
        shutil.copy(H5, place / "mlp.h5")
    shutil.unpack_archive(GOLDEN / "graphs" / "tensorflow-1.15" / "mlp.zip", tmp_path / "saved")
    names = [Path(row.path).name for row in audit([tmp_path], limits=ONE)]
    assert names in (["mlp.h5", "saved"], ["mlp.h5"])


def test_warnings_are_what_can_change_numbers(tmp_path):
    """Not what the user's own objects say when they are made."""
    given = tmp_path / "given.py"
    given.write_text(
        "import warnings\n\n\nclass MyScale:\n"
        "    def __init__(self, **config):\n        warnings.warn('old', DeprecationWarning)\n"
        "    def set_weights(self, weights):\n        pass\n"
        "    def __call__(self, x):\n        return x\n"
    )
    (row,) = audit([GOLDEN / "keras-3.15.1" / "custom_layer.keras"], custom=str(given), limits=ONE)
    assert row.loads and row.warnings == ()


def test_a_folder_whose_digits_are_no_number_is_no_version(tmp_path):
    shutil.unpack_archive(GOLDEN / "graphs" / "tensorflow-1.15" / "mlp.zip", tmp_path / "unpacked")
    graph = next((tmp_path / "unpacked").rglob("saved_model.pb")).parent
    (tmp_path / "served").mkdir()
    shutil.copytree(graph, tmp_path / "served" / "\u00b2")
    (place,) = places([str(tmp_path / "served")], recursive=True)
    assert place.path.endswith("\u00b2") and not place.versions


def test_a_process_that_ends_in_the_middle_of_its_answer_costs_a_row(monkeypatch):
    plain, script = subprocess.Popen, "import sys; print('{}', flush=True); input(); sys.stdout.write('{\"answer\": ')"
    monkeypatch.setattr(subprocess, "Popen", lambda command, **options: plain([command[0], "-c", script], **options))
    ((_, answer),) = answers([{"do": "look"}], ONE)
    assert isinstance(answer, Ended) and answer.why == "crash"


@pytest.mark.parametrize(
    ("graph", "ops"),
    [
        (b"\n\x01a\x12\x08ReadFile\x1a\x00", ["ReadFile"]),
        (b'node { name: "a" op: "CSVDatasetV2" }', ["CSVDatasetV2"]),
        (b'{"op":"PyFunc"}, {"op": "WriteFile"}', ["WriteFile", "PyFunc"]),
        (b'\x12\x09ReadFiles op: "ReadFiles" ReadFile', []),
    ],
)
def test_ops_of_a_graph_that_reach_files_or_python_are_named(tmp_path, graph, ops):
    (tmp_path / "saved_model.pb").write_bytes(graph)
    assert [text.split()[5].rstrip(",") for text in of_graph(str(tmp_path))] == ops
