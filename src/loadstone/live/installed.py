"""Which of the Kerases of an environment `to_keras` makes its model of. The only place that imports one.

The rule: the library that is asked for; else the one that the given classes belong to; else the only one that the process has imported;
else tf_keras where `TF_USE_LEGACY_KERAS` is set; else keras, then tf_keras, whichever is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from loadstone.errors import MissingDependency, ModelError
from loadstone.live.library import Library, library_of

NAMES = ("keras", "tf_keras", "tf.keras")
_PIP = {"keras": "pip install keras jax", "tf_keras": "pip install tf_keras", "tf.keras": "pip install tensorflow"}


def choose(name: str | None, given: Iterable[Any] = ()) -> Library:
    """The library. given: objects of the caller's. Raises MissingDependency, or ModelError where objects belong to several libraries."""
    if name is not None:
        if name not in NAMES:
            raise ValueError(f"library={name!r}; known are {', '.join(map(repr, NAMES))}")
        return Library(_imported(name))
    packages = {library.package for found in given if (library := library_of(found)) is not None}
    if len(packages) > 1:
        raise ModelError("the custom objects belong to several Kerases: " + ", ".join(sorted(p.__name__ for p in packages)))
    if packages:
        return Library(packages.pop())
    there: list[str] = [package for package in ("keras", "tf_keras") if package in sys.modules]
    legacy = os.environ.get("TF_USE_LEGACY_KERAS", "").strip().lower() in ("1", "true")
    if len(there) != 1:
        wanted: tuple[str, ...] = ("tf_keras", "keras") if legacy else ("keras", "tf_keras")
        there = [package for package in wanted if importlib.util.find_spec(package)]
    if not there:
        raise MissingDependency("to_keras makes a model of a Keras, and none is installed", hint=_PIP["keras"])
    return Library(_imported(there[0]))


def _imported(name: str) -> ModuleType:
    try:
        if name == "tf.keras":
            found = importlib.import_module("tensorflow").keras
            found.layers  # noqa: B018  # loads it
            return found  # type: ignore[no-any-return]
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependency(f"library={name!r} cannot be imported: {error}", hint=_PIP[name]) from error
