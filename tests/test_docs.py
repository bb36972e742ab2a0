"""The generated pages say what the code does."""

import re
from pathlib import Path

import pytest

from docs.generate import FOLDER, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_page_is_fresh(name):
    assert (FOLDER / name).read_text("utf8") == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("page", [*Path(FOLDER).glob("*.md"), *FOLDER.parent.glob("*.md")], ids=lambda path: path.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing
