"""Stored functions of every Python, decoded as data, do what they did there."""

import base64
import json
import re
import sys
from pathlib import Path

import pytest

from loadstone.custom.bytecode import decode, of_live, read, versions
from tests.custom.bytecode_machine import Cell, Function

GOLDEN = Path(__file__).parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))
from bytecode_cases import CASES, results, world  # noqa: E402

sys.path.remove(str(GOLDEN))
RELEASES = {
    tuple(map(int, re.findall(r"\d+", path.stem))): json.loads(path.read_text("utf8")) for path in sorted((GOLDEN / "bytecode").iterdir())
}
STORED = [(release, name) for release, cases in sorted(RELEASES.items()) for name in cases]
SOURCES = {name: (source, calls) for name, _, source, calls in CASES}


def made(name):
    """The real function of a case, and the globals around it."""
    names = world()
    exec(compile(SOURCES[name][0], "case", "exec", 0, True), names)
    return names.pop("f"), names


def cells(function):
    found = []
    for real in function.__closure__ or ():
        cell = Cell()
        cell.value = real.cell_contents
        found.append(cell)
    return tuple(found)


@pytest.mark.parametrize(("release", "name"), STORED, ids=lambda value: value if isinstance(value, str) else f"{value[0]}.{value[1]}")
def test_a_decoded_function_does_what_it_did(release, name):
    stored, expected = RELEASES[release][name]
    code = decode(base64.b64decode(stored))
    function, names = made(name)
    decoded = Function(code, names, function.__defaults__, function.__kwdefaults__, cells(function))
    assert results(decoded, SOURCES[name][1], names) == expected


@pytest.mark.parametrize(("release", "name"), STORED, ids=lambda value: value if isinstance(value, str) else f"{value[0]}.{value[1]}")
def test_the_release_is_among_those_found(release, name):
    raw = read(base64.b64decode(RELEASES[release][name][0]))
    assert release in [version for layout in raw for version in versions(layout)]


@pytest.mark.parametrize("name", list(RELEASES.get(sys.version_info[:2], ())))
def test_live_code_reads_as_stored_code(name):
    stored = decode(base64.b64decode(RELEASES[sys.version_info[:2]][name][0]), (sys.version_info[:2], sys.version_info[:2]))
    assert of_live(made(name)[0].__code__) == stored
