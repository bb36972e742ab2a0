"""The release table is well-formed, complete, and says what was measured."""

import datetime
import importlib.util
import re
from pathlib import Path

import pytest

from loadstone.environment.pins import is_name, is_version
from loadstone.environment.present import normalized
from loadstone.environment.ranges import numbers, text
from loadstone.environment.releases import NAMES, bootstrap, installable, keras_of, release, releases

ALL = [row for name in NAMES for row in releases(name)]
LOCKED = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")  # 3.3 to 3.5 have wheels and no lock


def script():
    """docs/make_releases.py, which has the measured pins."""
    path = Path(__file__).parents[2] / "docs" / "make_releases.py"
    spec = importlib.util.spec_from_file_location("make_releases", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_releases_are_in_order_and_once(name):
    versions = [row.version for row in releases(name)]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize(
    ("name", "first", "last"), [("tensorflow", (0, 12), (2, 21)), ("keras", (0, 3), (3, 15)), ("tf_keras", (2, 14), (2, 21))]
)
def test_every_minor_from_the_first_to_the_last_is_there(name, first, last):
    minors = {row.version[:2] for row in releases(name)}
    assert min(minors) == first and max(minors) >= last
    for major in {minor[0] for minor in minors}:
        inside = sorted(minor[1] for minor in minors if minor[0] == major)
        missing = set(range(inside[0], inside[-1] + 1)) - set(inside)
        assert missing <= {5} if name == "keras" else not missing  # there is no Keras 2.5 but inside of TensorFlow


@pytest.mark.parametrize("row", ALL, ids=str)
def test_a_row_is_well_formed(row):
    assert len(row.version) == 3
    assert datetime.date(2015, 1, 1) < datetime.date.fromisoformat(row.date) < datetime.date(2100, 1, 1)
    assert row.source
    assert row.pythons and all(re.fullmatch(r"[23]\.\d+", python) for python in row.pythons)
    assert list(row.pythons) == sorted(row.pythons, key=numbers)
    assert row.backends, "there is a lock"
    assert row.python in row.locked()
    assert row.pins == row.lock(row.python)
    for backend in row.backends:
        assert set(row.locked(backend)) <= set(row.pythons)


@pytest.mark.parametrize("row", ALL, ids=str)
def test_a_lock_names_the_release_and_exact_versions_once(row):
    for backend in row.backends:
        for python in row.locked(backend):
            lock = row.lock(python, backend)
            assert all(is_name(name) and normalized(name) == name for name in lock)
            assert all(is_version(version) and version[0].isdigit() for version in lock.values()), lock
            own = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "keras": ("keras",), "tf_keras": ("tf-keras",)}[row.name]
            assert [lock[name] for name in own if name in lock] == [text(row.version)]
            needed = {"numpy", "h5py"} | ({"protobuf"} if backend == "tensorflow" else {backend})
            assert needed <= set(lock)
            assert ("tensorflow" in lock or "tensorflow-cpu" in lock) == (backend == "tensorflow")
            assert set(lock.items()) <= installable()


@pytest.mark.parametrize("row", releases("tensorflow"), ids=str)
def test_there_is_a_lock_for_the_pythons_of_a_minor(row):
    last = [other for other in releases("tensorflow") if other.version[:2] == row.version[:2]][-1]
    assert {python for python in row.pythons if python in LOCKED and python in last.pythons} <= set(row.locked())


def test_what_was_measured_wins():
    for name, version, python, pins in script().MEASURED:
        rows = [row for row in releases(name) if text(row.version) == version or text(row.version[:2]) == version]
        assert rows
        wanted = dict(pin.split("==") for pin in pins.split())
        for row in rows:
            backend = "jax" if "jax" in wanted and "tensorflow" not in wanted and name == "keras" else None
            lock = row.lock(python, backend)
            assert lock is not None, (name, version, python)
            names = ("numpy", "h5py", "protobuf", "pyyaml", "scipy", "keras", "tensorflow")
            told = {key: lock.get(key, lock.get(f"{key}-cpu")) for key in names if key in wanted and (key in lock or key == "tensorflow")}
            if row.version[:2] == numbers(version)[:2] and row.tensorflow is not None and "theano" not in row.backends[:1]:
                assert told == {key: wanted[key] for key in told}, (row, python)


@pytest.mark.parametrize(
    ("tensorflow", "keras"),
    [
        ((1, 0, 1), None),
        ((1, 1, 0), (2, 0, 0)),
        ((1, 2, 1), (2, 0, 2)),
        ((1, 4, 1), (2, 0, 8)),
        ((1, 12, 3), (2, 1, 6)),
        ((1, 15, 0), (2, 2, 4)),
        ((2, 1, 0), (2, 2, 4)),
        ((2, 3, 0), (2, 4, 0)),
        ((2, 6, 0), (2, 6, 0)),
        ((2, 13), (2, 13, 1)),
        ((2, 15, 1), (2, 15, 0)),
    ],
)
def test_keras_inside_tensorflow(tensorflow, keras):
    assert keras_of(tensorflow) == keras


def test_keras_3_comes_with_tensorflow_2_16():
    assert all(keras_of(row.version)[0] == 3 for row in releases("tensorflow") if row.version >= (2, 16))


def test_a_release_by_its_version():
    assert release("tensorflow", (2, 15)).version == (2, 15, 0)
    assert release("tensorflow", (9, 9)) is None


def test_every_python_has_what_installs():
    for python in LOCKED:
        assert set(bootstrap(python)) == {"pip", "setuptools", "wheel"}
    assert bootstrap("3.99") == bootstrap("3.13")
    assert "virtualenv" in bootstrap("virtualenv")
