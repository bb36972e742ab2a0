"""The pages "My model does not load": each is in the index, is where a trap points, and its example prints what it says."""

import base64
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from loadstone.cli import main
from loadstone.environment.traps import TRAPS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "failures"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
FILE = re.compile(r"^```(json|text|base64) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```console\n\$ (.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_prints_what_the_page_says(page, tmp_path, monkeypatch):
    text = page.read_text("utf8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    for kind, name, content in FILE.findall(text):
        (tmp_path / name).write_bytes(base64.b64decode(content) if kind == "base64" else content.encode())
    (command, said) = EXAMPLE.findall(text)[0]
    program, *arguments = shlex.split(command)
    assert program == "loadstone"
    printed = words(CliRunner().invoke(main, arguments).output)
    lines = said.splitlines()
    assert lines
    for line in lines:
        assert words(line) in printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_found_by_its_messages(page):
    index = (FOLDER / "README.md").read_text("utf8")
    messages = re.search(r"```text\n(.*?)\n```", page.read_text("utf8"), re.DOTALL)[1].splitlines()
    for message in messages:
        row = f"| `{message.replace('|', chr(92) + '|').replace('`', '')}` |"
        assert row in index
    assert f"({page.name})" in index


def test_every_trap_has_its_page():
    assert {trap.docs for trap in TRAPS} <= {page.stem for page in PAGES}


def test_links_lead_somewhere():
    for page in FOLDER.glob("*.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_readme_leads_to_the_index():
    assert "(docs/failures/README.md)" in (ROOT / "README.md").read_text("utf8")
