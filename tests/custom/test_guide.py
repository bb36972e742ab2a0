"""The code in docs/custom_objects.md does what the page says."""

import re
from pathlib import Path

import numpy as np
import pytest

import loadstone
from tests.custom.test_files import FILES, IDS, assert_same

PAGE = Path(__file__).parents[2] / "docs" / "custom_objects.md"


def objects():
    """What the page defines."""
    made = {"np": np}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf8"), re.DOTALL):
        if not block.startswith("model ="):
            exec(block, made)
    double = {name: lambda x: 2 * x + 1 for name in ("double", "doubled")}
    return {name: made[name] for name in ("bent", "Scale", "Attend", "MaskedMean", "Gate")} | double


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_the_examples_run_real_files(path):
    assert_same(loadstone.load_model(path, custom_objects=objects()), path)
