"""`loadstone audit` as a command: what it prints and writes, and what it ends with."""

import csv
import inspect
import io
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from loadstone.cli import main
from loadstone.cli.limits import size

GOLDEN = Path(__file__).parents[1] / "golden" / "keras-3.15.1"
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}


def run(*arguments):
    return CliRunner(env={"COLUMNS": "120"}, **APART).invoke(main, ["audit", "--jobs", "1", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    shutil.copy(GOLDEN / "mlp.h5", folder / "<script>alert(1)&'\".h5")
    shutil.copy(GOLDEN / "custom_activation.keras", folder / "=cmd.keras")
    return folder


@pytest.mark.parametrize(
    ("name", "content", "code"), [("", b"", 3), ("empty.h5", b"", 1), ("model.tflite", b"\0\0\0\0TFL3" + bytes(99), 3)]
)
def test_json_is_one_document_with_a_line_a_model(models, tmp_path, name, content, code):
    """The exit code is that of the worst; a model of another program does not count."""
    shutil.copytree(models, tmp_path / "m")
    if name:
        (tmp_path / "m" / name).write_bytes(content)
    result = run(tmp_path / "m", "--json")
    found = json.loads(result.stdout)
    assert [json.loads(line.rstrip(",")) for line in result.stdout.splitlines()[1:-1]] == found["models"]
    assert found["totals"]["models"] == len(found["models"]) == 2 + bool(name)
    assert "1 model needs my_custom_activation" in [cause["title"] for cause in found["causes"]]
    assert result.exit_code == code


def test_people_get_a_table_and_the_causes(models):
    result = run(models)
    assert result.exit_code == 3
    assert "1 model needs my_custom_activation" in result.stdout and "run: loadstone stub" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("2 models: ")


def test_cells_of_csv_are_no_formulas(models, monkeypatch):
    monkeypatch.chdir(models)
    printed = run("=cmd.keras", "--csv").stdout
    (row,) = csv.DictReader(io.StringIO(printed))
    assert (row["path"], row["status"], row["missing"]) == ("'=cmd.keras", "needs", "my_custom_activation")


def test_a_page_needs_nothing_else_and_escapes_names(models, tmp_path):
    page = tmp_path / "audit.html"
    run(models, "--html", page)
    text = page.read_text("utf8")
    tags = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            tags.append((tag, dict(attributes)))

    Reader().feed(text)
    names = [tag for tag, _ in tags]
    assert names.count("script") == names.count("style") == 1
    assert not [attributes for _, attributes in tags if {"src", "href", "onclick", "style"} & set(attributes)]
    assert "&lt;script&gt;alert(1)&amp;&#x27;&quot;.h5" in text
    assert "default-src &#x27;none&#x27;" in text or "default-src 'none'" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.html"]


def test_all_that_loads_is_0_and_nothing_found_is_1(models, tmp_path):
    assert run(GOLDEN / "mlp.h5", GOLDEN / "mlp.keras", "--json").exit_code == 0
    assert run(tmp_path, "--json").exit_code == 1
    assert run(models, "--json", "--csv").exit_code == 2


@pytest.mark.parametrize(("text", "expected"), [("500M", 500 << 20), ("4G", 4 << 30), ("1.5GiB", 3 << 29), ("123", 123)])
def test_sizes(text, expected):
    assert size(None, None, text) == expected
