"""Which module has the rule for a name, so that only the modules that a model needs are imported.

`rules.json` lists the names by module; docs/generate.py writes it (`every_rule`), and a test keeps it fresh. A module enters its rules
into their registry when it is imported, and that tells `enter` here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module

PACKAGES = ("loadstone.lowering.keras", "loadstone.lowering.tensorflow", "loadstone.lowering.functions")
_seen: list[tuple[str, str, str]] | None = None  # kind, name, module, while an index is made


@cache
def stored() -> dict[str, dict[str, str]]:
    """The index: kind -> module -> names."""
    with open(os.path.join(os.path.dirname(__file__), "rules.json"), encoding="utf8") as file:
        found: dict[str, dict[str, str]] = json.load(file)
    return found


@cache
def _modules() -> dict[str, dict[str, str]]:
    """kind -> name -> module."""
    return {kind: {name: module for module, names in found.items() for name in names.split()} for kind, found in stored().items()}


def has(kind: str, name: str) -> bool:
    """True where some module has a rule of this kind for the name."""
    return name in _modules().get(kind, {})


def names(kind: str) -> Iterable[str]:
    """All names that have a rule of this kind."""
    return _modules().get(kind, {})


def load(kind: str, name: str) -> bool:
    """Import the module with the rule of this kind for a name; False where there is none."""
    module = _modules().get(kind, {}).get(name)
    if module is None:
        return False
    import_module(f"loadstone.lowering.{module}")
    return True


@cache
def load_all() -> None:
    """Import every module with rules."""
    import pkgutil  # no model needs it

    for name in PACKAGES:
        for found in pkgutil.iter_modules(import_module(name).__path__):
            import_module(f"{name}.{found.name}")


def enter(kind: str, name: str) -> None:
    """A module enters a rule. Costs nothing but while an index is made."""
    if _seen is None:
        return
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_name != "<module>":  # a decorator may stand in another module
        frame = frame.f_back
    _seen.append((kind, name, frame.f_globals["__name__"].removeprefix("loadstone.lowering.")))


def every_rule() -> dict[str, dict[str, str]]:
    """The index as it should be: kind -> module -> names. For a process in which no rule was imported yet."""
    global _seen
    _seen = []
    load_all()
    found: dict[str, dict[str, list[str]]] = {}
    for kind, name, module in _seen:
        found.setdefault(kind, {}).setdefault(module, []).append(name)
    _seen = None
    return {
        kind: {module: " ".join(sorted(set(names))) for module, names in sorted(modules.items())} for kind, modules in sorted(found.items())
    }
