"""What today's Keras and tf_keras take: their classes, the arguments of these, and the names that a config may use (`taken.json`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from loadstone.ir.records import dataclass

KEYS = ("layers", "initializers", "regularizers", "constraints", "optimizers", "losses", "metrics")


@dataclass(frozen=True)
class Signature:
    """What a constructor takes. open: anything at all, or nobody knows."""

    arguments: frozenset[str]
    required: tuple[str, ...] = ()
    open: bool = False


@dataclass(frozen=True, eq=False)
class Library:
    """A library as it loads files. name: "keras3" or "tf_keras". modules: what each module holds that a config may name."""

    name: str
    release: str
    tables: Mapping[str, Mapping[str, Signature]]
    functions: Mapping[str, frozenset[str]]
    modules: Mapping[str, frozenset[str]]
    policies: frozenset[str]
    refused_losses: frozenset[str] = frozenset()  # names that it has and does not find

    @property
    def title(self) -> str:
        """For people: "Keras 3.15.1"."""
        return f"{'Keras' if self.name == 'keras3' else self.name} {self.release}"

    def signature(self, kind: str, name: str) -> Signature | None:
        """What a class takes; None for one that is not there. kind: one of KEYS."""
        return self.tables[kind].get(name)

    def holds(self, module: str, name: str) -> bool:
        """Whether a config may name a class by this module, as the library looks it up."""
        if name in self.modules.get(module, ()):
            return True
        if self.name == "tf_keras" and module.startswith("keras"):
            return name in self.modules.get("tf_" + module, ())
        return False


@cache
def libraries() -> Mapping[str, Library]:
    """The libraries by their names."""
    stored = json.loads(resources.files("loadstone.environment").joinpath("taken.json").read_text("utf8"))
    return {name: _library(name, tables) for name, tables in stored.items()}


def known_to_any(kind: str, name: str) -> bool:
    """True for a class or function that one of the libraries has under this name, wherever it is kept there."""
    found = libraries().values()
    return any(
        name in library.tables[kind] or name in library.functions.get(kind, ()) or any(name in held for held in library.modules.values())
        for library in found
    )


def _library(name: str, tables: Mapping[str, Any]) -> Library:
    return Library(
        name,
        tables["release"],
        {key: {cls: _signature(*entry) for cls, entry in tables[key].items()} for key in KEYS},
        {key.removesuffix("_functions"): frozenset(value) for key, value in tables.items() if key.endswith("_functions")},
        {module: frozenset(held.split()) for module, held in tables["modules"].items()},
        frozenset(tables["policies"]),
        frozenset(tables.get("losses_refused", ())),
    )


def _signature(arguments: str, required: str = "") -> Signature:
    names = arguments.split()
    return Signature(frozenset(names) - {"*"}, tuple(required.split()), "*" in names)
