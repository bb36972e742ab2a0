"""`doctor`: where a saved model loads, where not and why, and what to run about it. Nothing of the file is run.

Each trap (`traps/`) looks at what the file says in its own words; the findings give a verdict for each target. The saved environment, from
the record beside or in the file and from what its contents imply, stands beside the present one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loadstone import formats
from loadstone.containers.source import Filepath, Source
from loadstone.custom import CustomObjects
from loadstone.environment.diagnosis import SEVERITIES, Diagnosis, Finding, Verdict, verdict
from loadstone.environment.kept import record_of
from loadstone.environment.present import NAMES, Present, present
from loadstone.environment.provenance import Provenance, provenance
from loadstone.environment.record import Record
from loadstone.environment.stored import Stored, stored
from loadstone.environment.targets import TARGETS
from loadstone.environment.traps import TRAPS, Case
from loadstone.errors import LoadstoneError
from loadstone.ir.records import dataclass, field

__all__ = ["Diagnosis", "Finding", "Look", "Verdict", "doctor"]


@dataclass(frozen=True)
class Look:
    """What loadstone needs for a file. missing: kinds of custom objects by name. problem: why it cannot run it, "" where it can."""

    missing: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def doctor(
    filepath: Filepath, target: str | None = None, *, look: Callable[[Filepath], Look] | None = None, here: Present | None = None
) -> Diagnosis:
    """Everything that is in the way of a file, for one of TARGETS or for all of them.

    look: how to find out what loadstone needs; by default by reading the file. here: the environment to compare with, by default this one.
    Raises FileNotFoundError and ValueError for a target that is none; a damaged file is a finding.
    """
    if target is not None and target not in TARGETS:
        raise ValueError(f"target is {target!r}; those known are {', '.join(TARGETS)}")
    found = stored(filepath)
    seen = (look or read)(filepath) if found.kind not in ("", "weights") and not found.problem else Look()
    here = here or present(NAMES)
    origin = _provenance(filepath)
    record, unread = _record(filepath)
    case = Case(found, seen.missing, origin, here, seen.problem, unread)
    findings = [finding for trap in TRAPS for finding in trap.findings(case) if target is None or target in finding.targets]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    verdicts = {name: verdict(name, findings) for name in (TARGETS if target is None else (target,))}
    before, now = _saved(found, origin, record), _now(here)
    differs = tuple(name for name, value in before.items() if name in now and value and not _agrees(name, value, now[name], origin))
    return Diagnosis(found.path, found.what or "no model", tuple(findings), verdicts, before, now, differs)


def read(filepath: Filepath) -> Look:
    """What loadstone needs, by reading the description of the model."""
    custom = CustomObjects(None)
    try:
        source = Source.open(formats.located(filepath))
        formats.detect(source).read(source, custom, None)
    except (LoadstoneError, ValueError) as error:
        return Look(_missing(custom), str(getattr(error, "message", error)))
    return Look(_missing(custom))


def _missing(custom: CustomObjects) -> dict[str, str]:
    return {missing.name: missing.kind for missing in custom.missing}


def _provenance(filepath: Filepath) -> Provenance:
    try:
        return provenance(filepath)
    except LoadstoneError:  # damaged or no model, which is a finding of its own (`traps.files`)
        return Provenance()


def _record(filepath: Filepath) -> tuple[Record | None, str]:
    """The environment record, and why it cannot be read."""
    try:
        return record_of(filepath), ""
    except (LoadstoneError, OSError) as error:
        return None, str(getattr(error, "message", error))


def _saved(found: Stored, origin: Provenance, record: Record | None) -> dict[str, str]:
    """The environment that saved the file, as far as it is known."""
    known = {
        "library": origin.library or "",
        "keras": str(origin.keras) if origin.keras.known else found.version or "",
        "tensorflow": str(origin.tensorflow) if origin.tensorflow.known else "",
        "python": str(origin.python) if origin.python.known else "",
        "backend": origin.backend or found.backend or "",
        "date": origin.date or "",
    }
    if record is not None:
        stated = {"keras"} if origin.keras.exact or origin.library == "tf_keras" else set()  # a record has the Keras 3 beside tf_keras
        stated |= {"tensorflow"} if origin.tensorflow.exact else set()
        known |= {name: version for name, version in record.everything.items() if version and name not in stated}
        known |= {"python": record.python} if record.python else {}
        known |= {"platform": " ".join(record.platform.values())} if record.platform else {}
    return {name: value for name, value in known.items() if value}


def _now(here: Present) -> dict[str, str]:
    """The present environment under the same names."""
    found = {"python": here.python, "platform": " ".join(here.platform.values())}
    for name, distribution in here.distributions.items():
        found[name] = distribution.version
    for name in ("keras", "tensorflow"):
        found.setdefault(name, "not installed")
    return found


def _agrees(name: str, before: str, now: str, origin: Provenance) -> bool:
    if before == now:
        return True
    from loadstone.environment.ranges import numbers

    version = numbers(now)
    known = {"keras": origin.keras, "tensorflow": origin.tensorflow, "python": origin.python}.get(name)
    return known is not None and known.known and version is not None and known.contains(version)
