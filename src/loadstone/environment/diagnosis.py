"""What a doctor says: findings, and for each target whether the model loads there."""

from __future__ import annotations

import dataclasses
from typing import Any

from loadstone.environment.targets import FAILS, LOADS, TITLES, WRONG
from loadstone.errors import one_line
from loadstone.ir.records import dataclass, field

SEVERITIES = ("error", "warning", "note")
NEEDS = "it needs custom objects"  # how that finding begins


@dataclass(frozen=True)
class Finding:
    """Something that matters for some targets.

    severity: "error" (the model does not load there), "warning" (it loads, and numbers or behaviour can differ, or something must be given)
    or "note". title: a short phrase. reason: why it is so. command: what to run or change about it, "" where nothing is to be done. where:
    the layer or the place in the file. message: how the framework words it, as far as it is always the same. wrong: the numbers will differ.
    """

    severity: str
    targets: tuple[str, ...]
    title: str
    reason: str
    command: str = ""
    where: str = ""
    message: str = ""
    trap: str = ""
    wrong: bool = False


@dataclass(frozen=True)
class Verdict:
    """What happens with the model at a target: "loads", "wrong numbers" or "fails", and why."""

    target: str
    result: str
    reason: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All that is known of a file and the environments that could load it.

    saved, present: the saved environment and this one, by name, as text. differs: the names for which they are not the same.
    """

    path: str
    what: str
    findings: tuple[Finding, ...]
    verdicts: dict[str, Verdict]
    saved: dict[str, str] = field(default_factory=dict)
    present: dict[str, str] = field(default_factory=dict)
    differs: tuple[str, ...] = ()

    def severity(self, target: str | None = None) -> str:
        """The worst severity for a target, by default for loadstone; "" where there is no finding."""
        chosen = target or "loadstone"
        found = {finding.severity for finding in self.findings if chosen in finding.targets}
        return next((severity for severity in SEVERITIES if severity in found), "")

    def to_dict(self) -> dict[str, Any]:
        """Plain data: dicts, lists and text."""
        return {
            "path": self.path,
            "what": self.what,
            "verdicts": {name: {"result": verdict.result, "reason": verdict.reason} for name, verdict in self.verdicts.items()},
            "findings": [{f.name: getattr(finding, f.name) for f in dataclasses.fields(finding)} for finding in self.findings],
            "saved": dict(self.saved),
            "present": dict(self.present),
            "differs": list(self.differs),
        }

    def __str__(self) -> str:
        lines = [f"{self.path}: {self.what}"]
        lines += [
            f"  {TITLES[name]}: {verdict.result}{': ' + verdict.reason if verdict.reason else ''}"
            for name, verdict in self.verdicts.items()
        ]
        for finding in self.findings:
            lines.append(f"{finding.severity} ({', '.join(finding.targets)}): {finding.title}")
            lines.append(f"  {finding.reason}")
            lines += [f"  run: {finding.command}"] if finding.command else []
        return "\n".join(one_line(line) for line in lines)


def verdict(target: str, findings: list[Finding]) -> Verdict:
    """What follows from the findings for a target: the first error decides, then whatever changes numbers."""
    mine = [finding for finding in findings if target in finding.targets]
    for finding in mine:
        if finding.severity == "error":
            return Verdict(target, FAILS, finding.title)
    for finding in mine:
        if finding.wrong:
            return Verdict(target, WRONG, finding.title)
    return Verdict(
        target, LOADS, next((finding.title for finding in mine if finding.severity == "warning" and finding.title.startswith(NEEDS)), "")
    )
