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
from loadstone.environment.said import keras_inside
from loadstone.ir.records import dataclass, field, replace

NAMES = ("tensorflow", "keras", "tf_keras")


@dataclass(frozen=True)
class Release:
    """A release, and what works with it.

    pythons: those it has wheels for on Linux x86-64 (of Keras: those of the TensorFlow beside it), oldest first. pins: versions by
    name, the lock for `python` and the first of `backends`; {} where there is none. date: when it was published, in ISO form. source: what
    the pins rest on. python: the one that they are for, "" where there are no pins. tensorflow: the one beside a release of Keras, itself for
    TensorFlow. wheels: Pythons by platform ("linux-x86_64", "macos-arm64" ...), of a release of TensorFlow. through: platforms whose
    wheels are a name for another distribution. cpu: Pythons with a wheel of `tensorflow-cpu` on Linux.
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
    cpu: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    locks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def lock(self, python: str, backend: str | None = None, tensorflow: Release | None = None) -> Mapping[str, str] | None:
        """Every distribution to install for a Python, with its exact version; None where the table has no lock for it.

        backend: "tensorflow", "theano", "jax" or "torch", None for the usual one. tensorflow: another one beside Keras than the row's.
        """
        return _lock(self, python, backend or self.backends[0], tensorflow) if self.backends else None

    def locked(self, backend: str | None = None) -> tuple[str, ...]:
        """The Pythons that have a lock."""
        return tuple(self.locks.get(backend or self.backends[0], ())) if self.backends else ()

    def __str__(self) -> str:
        return f"{self.name} {text(self.version)}"


def releases(name: str) -> tuple[Release, ...]:
    """The releases of "tensorflow", "keras" or "tf_keras", by version, oldest first. Raises KeyError for another name."""
    return _rows(name)


def release(name: str, version: Version) -> Release | None:
    """One release; (2, 15) is (2, 15, 0). None where the table has no such."""
    whole = _whole(version)
    return next((row for row in releases(name) if _whole(row.version) == whole), None)


def keras_of(tensorflow: Version) -> Version | None:
    """The release of Keras inside TensorFlow, or installed together with it; None before there was one (up to 1.0) and for an unknown release."""
    if tensorflow[:2] >= (2, 6):
        row = release("tensorflow", tensorflow)
        if row is None:
            minor = [other for other in releases("tensorflow") if other.version[:2] == tensorflow[:2]]
            row = minor[-1] if minor else None
        return numbers(row.pins.get("keras", "")) if row is not None else None
    inside = keras_inside(tensorflow)
    return inside[0] if inside is not None else None


def bootstrap(python: str) -> Mapping[str, str]:
    """pip, setuptools and wheel for a Python, which are there before a lock is installed; of "virtualenv" what it needs to run itself."""
    found: dict[str, dict[str, str]] = _data()["bootstrap"]
    return MappingProxyType(found.get(python, found[max(found, key=lambda name: numbers(name) or ())]))


@cache
def installable() -> frozenset[tuple[str, str]]:
    """Every (name, version) that the table has: nothing else is installed without being allowed by name."""
    found = set()
    for pins in (*map(_pins, _data()["locks"].values()), *_data()["bootstrap"].values()):
        found |= set(pins.items())
    for row in releases("tensorflow"):
        names = ("tensorflow", *(["tensorflow-cpu"] if row.cpu else []), *row.through.values())
        found |= {(name, text(row.version)) for name in names}
    for name in ("keras", "tf_keras"):
        for row in _data()["releases"][name].values():
            found |= {*row["own"].items(), *row.get("also", {}).items()}
    return frozenset(found)


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("releases.json").read_text("utf8"))
    return found


@cache
def _rows(name: str) -> tuple[Release, ...]:
    return tuple(_release(name, *item) for item in _data()["releases"][name].items())


def _release(name: str, version: str, row: dict[str, Any]) -> Release:
    """A row of the data as a `Release`."""
    number = numbers(version)
    assert number is not None
    bare = Release(
        name,
        number,
        tuple(row["pythons"]),
        MappingProxyType({}),
        row["date"],
        row["source"],
        row["python"],
        number if name == "tensorflow" else numbers(row["tensorflow"]),
        MappingProxyType({platform: tuple(pythons) for platform, pythons in row.get("wheels", {}).items()}),
        MappingProxyType(row.get("through", {})),
        tuple(row.get("cpu", ())),
        tuple(backend for backend, locks in row["locks"].items() if locks),
        MappingProxyType({backend: MappingProxyType(locks) for backend, locks in row["locks"].items()}),
    )
    return replace(bare, pins=bare.lock(bare.python) or bare.pins)


def _lock(row: Release, python: str, backend: str, tensorflow: Release | None) -> Mapping[str, str] | None:
    """The lock of a release for a Python and a backend: that of the TensorFlow beside it with the release's own pins over it."""
    key = row.locks.get(backend, {}).get(python)
    if tensorflow is not None and backend == "tensorflow":
        key = tensorflow.locks["tensorflow"].get(python)
    if key is None:
        return None
    found, data = _pins(_data()["locks"][key]), _data()["releases"][row.name][text(row.version)]
    if backend == "tensorflow":
        beside = tensorflow or (row if row.name == "tensorflow" else release("tensorflow", row.tensorflow or ()))
        assert beside is not None
        found["tensorflow-cpu" if python in beside.cpu else "tensorflow"] = text(beside.version)
    return MappingProxyType(dict(sorted({**data.get("also", {}), **found, **data.get("own", {})}.items())))


def _pins(lock: str) -> dict[str, str]:
    """ "numpy==1.23.5 six==1.16.0" as {"numpy": "1.23.5", "six": "1.16.0"}."""
    return dict(pin.split("==") for pin in lock.split())


def _whole(version: Version) -> Version:
    """A version with three numbers at least."""
    return (*version, 0, 0, 0)[: max(3, len(version))]
