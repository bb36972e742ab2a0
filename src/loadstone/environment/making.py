"""A `Record` of this process, made: by default in milliseconds, and with `full` everything that can be told without telling on anybody."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from loadstone import __version__
from loadstone.environment import hardware
from loadstone.environment.pins import is_name, is_version
from loadstone.environment.present import NAMES, Distribution, present
from loadstone.environment.record import Framework, Full, Record, Source
from loadstone.errors import one_line


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
        here.platform,
        framework,
        packages,
        tuple(name for name in packages if here.distributions[name].local),
        tuple(dict.fromkeys(one_line(name)[:1000] for name in objects)),
        origin or {},
        __version__,
        full=_full(given or {}) if full else None,
    )


def _told(found: Mapping[str, Distribution]) -> dict[str, str]:
    """Version by name; metadata that is not as it should be is left out."""
    return {name: one.version for name, one in found.items() if is_name(name) and is_version(one.version)}


def _full(given: Mapping[str, Any]) -> Full:
    from loadstone.environment.commit import commit_of
    from loadstone.environment.private import Private
    from loadstone.environment.sources import closure_of

    private, closure = Private.here(), closure_of(given)
    found = {name: one for name, one in present().distributions.items() if not (one.local and private.touches(name))}
    versions = {name: _public(version, private) for name, version in _told(found).items()}
    sources = []
    for module in sorted(closure.modules.values(), key=lambda module: module.name):
        text, count = private.clean(module.text)
        sources.append(Source(one_line(private.clean(module.name)[0])[:1000], tuple(module.objects), text, module.why, count))
    return Full(
        versions,
        tuple(name for name in versions if found[name].local),
        {name: private.clean(value)[0] for name, value in hardware.cpu().items()},
        tuple(private.clean(value)[0] for value in hardware.gpus()),
        hardware.cuda(),
        commit_of(closure.folder or os.getcwd()),
        {name: versions[name] for name in closure.needs if name in versions},
        tuple(sources),
    )


def _public(version: str, private: Any) -> str:
    """A version, without its local part where that says too much: "1.0+alice"."""
    return version.partition("+")[0] if private.touches(version.replace("+", " ")) else version
