"""A `Record` of this process, made: by default in milliseconds, and with `full` everything that can be told without telling on anybody."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from loadstone.environment import hardware
from loadstone.environment.pins import is_name, is_version
from loadstone.environment.present import NAMES, Distribution, present
from loadstone.environment.private import Private
from loadstone.environment.record import Framework, Full, Record, Source
from loadstone.errors import one_line

_LONGEST = 500  # characters of a line


def record_here(
    by: str,
    framework: Framework | None = None,
    objects: Iterable[str] = (),
    origin: Mapping[str, str] | None = None,
    full: bool = False,
    given: Mapping[str, Any] | None = None,
) -> Record:
    """The record of this process.

    by, framework, objects, origin: as in `Record`. given: the custom objects themselves, whose sources a full record has.
    """
    here = present(NAMES)
    packages = _told(here.distributions)
    return Record(
        by,
        here.python,
        here.implementation,
        _words(here.platform),
        framework,
        packages,
        tuple(name for name in packages if here.distributions[name].local),
        tuple(dict.fromkeys(map(_line, objects))),
        _words(origin or {}),
        str(getattr(sys.modules["loadstone"], "__version__", "")),
        full=_full(given or {}) if full else None,
    )


def _told(found: Mapping[str, Distribution]) -> dict[str, str]:
    """Version by name; metadata that is not as it should be is left out."""
    return {name: one.version for name, one in found.items() if is_name(name) and is_version(one.version)}


def _full(given: Mapping[str, Any]) -> Full:
    from loadstone.environment.commit import commit_of
    from loadstone.environment.sources import closure_of

    private, closure = Private.here(), closure_of(given)
    found = {name: one for name, one in present().distributions.items() if name in NAMES or not private.names(name)}
    versions = {name: _public(version, private) for name, version in _told(found).items()}
    sources = []
    for module in sorted(closure.modules.values(), key=lambda module: module.name):
        text, count = private.clean(module.text)
        sources.append(Source(_line(private.clean(module.name)[0]), tuple(map(_line, module.objects)), text, module.why, count))
    return Full(
        versions,
        tuple(name for name in versions if found[name].local),
        _words(hardware.cpu()),
        tuple(map(_line, hardware.gpus())),
        hardware.cuda(),
        commit_of(closure.folder or os.getcwd()),
        {name: versions[name] for name in closure.needs if name in versions},
        tuple(sources),
    )


def _public(version: str, private: Private) -> str:
    """A version, without its local part where that says too much: "1.0+alice"."""
    return version.partition("+")[0] if private.names(version) else version


def _words(said: Mapping[str, str]) -> dict[str, str]:
    """Texts of the system and of files, as lines that can be read back."""
    return {name: _line(value) for name, value in said.items()}


def _line(text: str) -> str:
    return one_line(text)[:_LONGEST]
