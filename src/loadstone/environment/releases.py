"""The release table: every release of TensorFlow, Keras and tf_keras, and the versions that work together with each.

The data are `releases.json`, made by docs/make_releases.py: dates, Pythons and platforms out of PyPI's own metadata, and a lock for each
Python, the complete list of exact versions to install. A lock's numpy, h5py, protobuf, PyYAML and SciPy are those that were installed and
used to save and reload models where that was done (`source` says so), else what was on PyPI when the release came out.
Releases that were taken back and release candidates are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from loadstone.environment.ranges import Version, numbers, text
from loadstone.ir.records import dataclass, field

NAMES = ("tensorflow", "keras", "tf_keras")

# `tf.keras.__version__` without "-tf", where Keras lay inside TensorFlow; from 2.6 on it is a package of its own, which the locks name.
_INSIDE: dict[Version, Version] = {
    (1, 2): (2, 0, 4),
    (1, 3): (2, 0, 4),
    (1, 4): (2, 0, 8),
    (1, 5): (2, 1, 2),
    (1, 6): (2, 1, 3),
    (1, 7): (2, 1, 4),
    (1, 8): (2, 1, 5),
    (1, 9): (2, 1, 6),
    (1, 12): (2, 1, 6),
    (1, 13): (2, 2, 4),
    (2, 1): (2, 2, 4),
    (2, 2): (2, 3, 0),
    (2, 3): (2, 4, 0),
    (2, 4): (2, 4, 0),
    (2, 5): (2, 5, 0),
}


@dataclass(frozen=True)
class Release:
    """A release, and what works with it.

    pythons: those it has wheels for on Linux x86-64 (of Keras: those of the TensorFlow beside it), oldest first. python: the one that the
    pins are for. pins: versions by name, the lock for `python` and the release's usual backend; {} where there is none. date: when it
    was published, in ISO form. source: what the pins rest on. tensorflow: the one beside a release of Keras, itself for TensorFlow.
    wheels: Pythons by platform ("linux-x86_64", "macos-arm64" ...), for a release of TensorFlow. through: platforms whose wheels are
    a name for another distribution. locks: pins by backend and Python.
    """

    name: str
    version: Version
    pythons: tuple[str, ...]
    pins: Mapping[str, str]
    date: str
    source: str
    python: str = ""
    tensorflow: Version | None = None
    wheels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    through: Mapping[str, str] = field(default_factory=dict)
    locks: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} {text(self.version)}"


def releases(name: str) -> tuple[Release, ...]:
    """The releases of "tensorflow", "keras" or "tf_keras", by version, oldest first. Raises KeyError for another name."""
    return _table()[name]


def release(name: str, version: Version) -> Release | None:
    """One release; (2, 15) is (2, 15, 0). None where the table has no such."""
    whole = _whole(version)
    return next((row for row in releases(name) if _whole(row.version) == whole), None)


def keras_of(tensorflow: Version) -> Version | None:
    """The release of Keras inside TensorFlow, or installed together with it; None before there was one (1.1) and for an unknown release."""
    if tensorflow[:2] >= (2, 6):
        row = release("tensorflow", tensorflow)
        if row is None:
            minor = [other for other in releases("tensorflow") if other.version[:2] == tensorflow[:2]]
            row = minor[-1] if minor else None
        return numbers(row.pins.get("keras", "")) if row is not None else None
    known = [minor for minor in _INSIDE if minor <= tensorflow[:2]]
    return _INSIDE[max(known)] if known else None


def bootstrap(python: str) -> Mapping[str, str]:
    """pip, setuptools and wheel for a Python, which are there before a lock is installed."""
    found: dict[str, dict[str, str]] = _data()["bootstrap"]
    return MappingProxyType(found.get(python, found[max(found, key=lambda name: numbers(name) or ())]))


@cache
def installable() -> frozenset[tuple[str, str]]:
    """Every (name, version) that the table has: nothing else is installed without being allowed by name."""
    locks = [_pins(lock) for lock in _data()["locks"].values()]
    stubs = [{other: text(row.version)} for row in releases("tensorflow") for other in ("tensorflow", *row.through.values())]
    return frozenset(item for pins in (*locks, *stubs, *_data()["bootstrap"].values()) for item in pins.items())


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("releases.json").read_text("utf8"))
    return found


@cache
def _table() -> Mapping[str, tuple[Release, ...]]:
    return MappingProxyType({name: tuple(_release(name, *item) for item in _data()["releases"][name].items()) for name in NAMES})


def _release(name: str, version: str, row: dict[str, Any]) -> Release:
    """A row of the data as a `Release`."""
    locks = {
        backend: MappingProxyType({python: MappingProxyType(_pins(_data()["locks"][lock])) for python, lock in by_python.items()})
        for backend, by_python in row["locks"].items()
    }
    number = numbers(version)
    assert number is not None
    first = next(iter(locks.values()), {})
    return Release(
        name,
        number,
        tuple(row["pythons"]),
        first.get(row["python"], MappingProxyType({})),
        row["date"],
        row["source"],
        row["python"],
        numbers(row.get("tensorflow", "")),
        MappingProxyType({platform: tuple(pythons) for platform, pythons in row.get("wheels", {}).items()}),
        MappingProxyType(row.get("through", {})),
        MappingProxyType(locks),
    )


def _pins(lock: str) -> dict[str, str]:
    """ "numpy==1.23.5 six==1.16.0" as {"numpy": "1.23.5", "six": "1.16.0"}."""
    return dict(pin.split("==") for pin in lock.split())


def _whole(version: Version) -> Version:
    """A version with three numbers at least."""
    return (*version, 0, 0, 0)[: max(3, len(version))]
