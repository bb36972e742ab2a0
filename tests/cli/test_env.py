"""`loadstone env` from outside: what it prints, and that it makes nothing out of what a file or a record says."""

import json

import pytest

from loadstone.environment import creating
from loadstone.environment.kept import beside_of
from loadstone.environment.releases import installable
from tests.cli.test_commands import FRAUD, call

MODEL = FRAUD / "fraud.h5"


def pins(text):
    return {tuple(line.split("==")) for line in text.splitlines() if line and not line.startswith("#")}


def test_requirements_are_what_is_printed_first():
    result = call("env", MODEL)
    assert result.exit_code == 0
    assert "--no-deps" in result.output and ("numpy" in dict(pins(result.output)))
    assert pins(result.output) <= installable()


@pytest.mark.parametrize(("kind", "part"), [("conda", "channels:"), ("dockerfile", "FROM --platform=linux/amd64 python:")])
def test_other_formats(kind, part):
    assert part in call("env", MODEL, "--format", kind).output


def test_a_release_can_be_named():
    assert "tensorflow-cpu==2.3.4" in call("env", MODEL, "--release", "tensorflow==2.3.4").output
    refused = call("env", MODEL, "--release", "tensorflow==2.3.99")
    assert refused.exit_code == 2 and "release table" in refused.stderr


def test_a_file_that_is_no_model_ends_with_its_error(tmp_path):
    (tmp_path / "x.h5").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert call("env", tmp_path / "x.h5").exit_code == 1


def test_running_a_model_needs_a_folder():
    result = call("env", MODEL, "--run-model")
    assert result.exit_code == 2 and "--create" in result.stderr


@pytest.fixture
def saved(tmp_path):
    """A model with a record beside it; the function writes the record."""
    path = tmp_path / "m.h5"
    path.write_bytes(MODEL.read_bytes())

    def write(**fields):
        record = {"kind": "loadstone environment record", "version": 1, "by": "save_model", "python": "3.11.7", **fields}
        with open(beside_of(path), "w", encoding="utf8") as file:
            json.dump(record, file)
        return path

    return write


def test_what_a_record_names_is_listed_with_what_allows_it(saved):
    path = saved(packages={"evil-package": "1.0"})
    result = call("env", path)
    assert "evil-package==1.0" in result.output and pins(result.output) <= installable()
    assert ("evil-package", "1.0") in pins(call("env", path, "--allow", "evil-package==1.0").output)
    assert call("env", path, "--allow", "evil-package==1.1").exit_code == 2


@pytest.mark.parametrize(
    "packages",
    [
        {"-e .": "1.0"},
        {"--index-url": "https://example.org"},
        {"pandas": "1.0\nevil==1.0"},
        {"pandas\nevil": "1.0"},
        {"pandas": "1.0 --index-url https://example.org"},
        {"pandas": "@ file:///evil.whl"},
        {"p\u0430ndas": "1.0"},
        {"pandas": "1.0; python_version > '3'"},
    ],
)
@pytest.mark.parametrize("more", [[], ["--create"]])
def test_a_record_of_other_things_installs_nothing(saved, packages, more, tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(creating, "_run", commands.append)
    place = [tmp_path / "env"] if more else []
    result = call("env", saved(packages=packages), *more, *place)
    assert result.exit_code == 1 and "CorruptFile" in result.stderr
    assert not commands and not (tmp_path / "env").exists()
