"""What is installed and shipped: the dependencies, their lower bounds, their size, and the files beside the code."""

import re
import tomllib
from importlib import metadata
from importlib.resources import files
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
BASE = {"numpy", "h5py", "onnxruntime", "ml_dtypes", "click", "rich", "pyyaml"}
MEGABYTE = 2**20


def test_the_oldest_dependencies_that_are_tested_are_the_lower_bounds():
    bounds = {requirement.name: re.sub("^>=", "", str(requirement.specifier)) for requirement in map(Requirement, PROJECT["dependencies"])}
    pins = dict(line.split("==") for line in (ROOT / ".ci" / "oldest.txt").read_text("utf8").splitlines() if "==" in line)
    assert bounds.keys() == pins.keys() == BASE
    for name, bound in bounds.items():
        assert f"{pins[name]}.".startswith(f"{bound}."), f"{name}>={bound} is tested with {pins[name]}"


def test_no_dependency_has_an_upper_bound():
    """So that loadstone fits beside any TensorFlow, whatever that one pins (`make beside` asks real environments)."""
    wanted = [Requirement(text) for text in PROJECT["dependencies"]]
    assert all(specifier.operator == ">=" for requirement in wanted for specifier in requirement.specifier)


def test_the_base_install_stays_below_200_megabytes():
    names, queue = set(), [Requirement(text) for text in PROJECT["dependencies"]]
    while queue:
        requirement = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if requirement.name not in names:
            names.add(requirement.name)
            queue += map(Requirement, metadata.requires(requirement.name) or [])
    size = sum(path.size or 0 for name in names for path in metadata.files(name) or [])
    own = sum(path.stat().st_size for path in (ROOT / "src").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert "sympy" not in names
    assert size + own < 200 * MEGABYTE, names


@pytest.mark.parametrize("name", ["py.typed", "examples/fraud/fraud.h5", "examples/fraud/fraud.keras", "examples/fraud/transactions.csv"])
def test_ships(name):
    assert (files("loadstone") / name).is_file()
