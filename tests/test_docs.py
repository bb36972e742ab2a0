"""The generated pages say what the code does."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate import FOLDER, PAGES, RULES


@pytest.mark.parametrize("name", PAGES)
def test_page_is_fresh(name):
    assert (FOLDER / name).read_text("utf8") == PAGES[name](), "run `make docs`"


def test_the_index_of_rules_is_fresh():
    """In a process of its own, in which no rule was imported."""
    code = "import json; from loadstone.lowering import index; print(json.dumps(index.every_rule()))"
    found = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert json.loads(RULES.read_text("utf8")) == found, "run `make docs`"


@pytest.mark.parametrize("page", [*Path(FOLDER).glob("*.md"), *FOLDER.parent.glob("*.md")], ids=lambda path: path.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing
