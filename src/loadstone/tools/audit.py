"""`audit`: the models below some paths, a row for each: what it is, who saved it, whether it loads here or why not, and what to do next.

Every model is loaded, in processes of their own (`tools.workers`). Rows are given as they come; a `Summary` counts what they have in common.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from loadstone.ir.records import dataclass, field
from loadstone.tools.next_step import next_step
from loadstone.tools.searching import Place, places
from loadstone.tools.workers import Ended, Limits, answers

__all__ = ["Cause", "Limits", "Row", "Summary", "audit"]

STATUSES = {
    "loads": "loads",
    "needs": "needs something of yours: custom objects, weights, a package, an argument",
    "unsupported": "has layers or ops that loadstone does not run",
    "damaged": "is damaged, or contradicts itself",
    "no model": "is no model, though its name says so",
    "unreadable": "cannot be read",
    "limit": "needs more time or memory than it may have",
    "crash": "makes the loader fail",
    "other": "is a model of another program",
}
MAX_CAUSES = 10_000


@dataclass(frozen=True)
class Cause:
    """Why a model does not load, as others may not either. kind: "object", "layer", "damaged" ...; name: which one, or in which words."""

    kind: str
    name: str = ""

    def title(self, count: int) -> str:
        """In words, for so many models: "41 models need AttentionLayer"."""
        one = count == 1
        what = ("file" if self.kind in _OF_FILES else "model") + ("" if one else "s")
        return f"{count:,} {what} {(_ONE if one else _MANY).get(self.kind, 'cannot be run: {}').format(self.name)}"


_OF_FILES = ("no model", "other", "unreadable", "damaged")
_ONE = {
    "object": "needs {}",
    "layer": "uses {}, which loadstone does not run",
    "weights": "is without weights",
    "architecture": "has weights and no architecture",
    "argument": "has several parts: say which with signature= or outputs=",
    "no model": "is {}",
    "other": "is {}",
    "damaged": "is damaged: {}",
    "contradiction": "contradicts itself: {}",
    "unsafe": "would reach outside or run code: {}",
    "unreadable": "cannot be read: {}",
    "time": "takes longer than it may",
    "memory": "needs more memory than it may have",
    "crash": "ends the process that opens it",
    "bug": "makes the loader fail: {}",
}
_MANY = _ONE | {
    "object": "need {}",
    "layer": "use {}, which loadstone does not run",
    "weights": "are without weights",
    "architecture": "have weights and no architecture",
    "argument": "have several parts: say which with signature= or outputs=",
    "no model": "are each {}",
    "other": "are each {}",
    "damaged": "are damaged: {}",
    "contradiction": "contradict themselves: {}",
    "time": "take longer than they may",
    "memory": "need more memory than they may have",
    "crash": "end the process that opens them",
    "bug": "make the loader fail: {}",
}


@dataclass(frozen=True)
class Row:
    """A model.

    path: its file or folder; weights: of an architecture, the file with them; versions: of a served model, of which the last is loaded.
    kind: "keras_h5", "keras_v3", "keras_architecture", "tfjs_layers", "tfjs_graph", "tf_saved_model", "tf_frozen_graph", "tf_meta_graph",
    "weights", "other" for models of other programs, "" for what is no model; what: in words. producer: who saved it, in words; keras,
    tensorflow, python, date: as far as it is known. status: one of STATUSES; reason: why it does not load. missing: custom objects (name,
    kind). unsupported: layers and ops without a rule. dangers: what would run or reach something in other programs. warnings: what can
    change numbers. bytes: of all its files. seconds: of loading it. next: the command to run about it, "" where there is nothing to do.
    """

    path: str
    kind: str = ""
    what: str = ""
    producer: str = ""
    status: str = ""
    reason: str = ""
    missing: tuple[Mapping[str, str], ...] = ()
    unsupported: tuple[str, ...] = ()
    dangers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    bytes: int = 0
    seconds: float | None = None
    next: str = ""
    weights: str | None = None
    versions: tuple[str, ...] = ()
    keras: str = ""
    tensorflow: str = ""
    python: str = ""
    date: str = ""
    layers: int | None = None
    parameters: int | None = None
    causes: tuple[Cause, ...] = ()

    @property
    def loads(self) -> bool:
        """True where `load_model` gave a model."""
        return self.status == "loads"

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        plain |= {name: list(value) for name, value in plain.items() if isinstance(value, tuple)}
        causes = [{"kind": cause.kind, "name": cause.name} for cause in self.causes]
        return {**plain, "causes": causes, "loads": self.loads}


def audit(
    paths: Iterable[str | os.PathLike[str]], *, recursive: bool = False, custom: str | None = None, limits: Limits | None = None
) -> Iterator[Row]:
    """A row for each model at the paths, in the order of names: files, folders that are models, models in folders, and with recursive
    those in folders of theirs.

    custom: a Python file with the custom objects that models need; each process runs it. What is broken has a row that says so; so has a
    path that there is not, and whatever takes more than the limits. Raises InferenceError where no process can be started.
    """
    found = places((os.fspath(path) for path in paths), recursive)
    for job, answer in answers(map(_job, found), limits or Limits(), custom):
        row = _row(job, answer)
        if row is not None:
            yield row


def _job(place: Place) -> dict[str, Any]:
    plain = dataclasses.asdict(place)  # choices and pairs too
    plain["choices"] = [list(choice.values()) for choice in plain["choices"]]
    plain["pairs"] = [pair | {"choices": [list(choice.values()) for choice in pair["choices"]]} for pair in plain["pairs"]]
    return {"do": "look", **plain}


def _row(job: Mapping[str, Any], answer: Any) -> Row | None:
    """The row of an answer; None where it is no model or has one already."""
    if answer is None:
        return None
    if isinstance(answer, Ended):
        answer = {"status": "crash" if answer.why == "crash" else "limit", "reason": answer.what, "causes": [[answer.why, ""]]}
    known = {f.name for f in dataclasses.fields(Row)}
    facts: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in answer.items() if name in known}
    facts["causes"] = tuple(Cause(*cause) for cause in answer.get("causes", ()))
    facts |= {"path": answer.get("path") or job["path"], "versions": tuple(job["versions"])}
    sizes = {path: size for path, _, size in job["choices"]} | {pair["architecture"]: pair["size"] for pair in job["pairs"]}
    other = answer.get("weights") if facts["path"] == job["path"] else facts["path"]
    facts["bytes"] = job["size"] + sizes.get(other, 0)
    row = Row(**facts, producer=_producer(answer))
    return dataclasses.replace(row, next=next_step(row, str(answer.get("hint", ""))))


def _producer(answer: Mapping[str, Any]) -> str:
    """Who saved it, in words."""
    library, keras, tensorflow = (answer.get(name) or "" for name in ("library", "keras", "tensorflow"))
    if library == "tensorflow":
        return f"TensorFlow {tensorflow}".strip()
    said = f"{library or ('Keras' if keras else '')} {keras}".strip()
    return ", ".join(part for part in (said, f"TensorFlow {tensorflow}" if tensorflow else "") if part)


@dataclass(eq=False)
class Summary:
    """What rows have in common: how many there are of each status, and the causes with their counts and the first path of each."""

    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    warned: int = 0
    dangerous: int = 0
    _causes: dict[Cause, tuple[int, str, str]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Count a row."""
        self.rows += 1
        self.bytes += row.bytes
        self.seconds += row.seconds or 0.0
        self.statuses[row.status] = self.statuses.get(row.status, 0) + 1
        self.warned += bool(row.warnings)
        self.dangerous += bool(row.dangers)
        for cause in dict.fromkeys(row.causes):
            if cause not in self._causes and len(self._causes) >= MAX_CAUSES:
                cause = Cause("others", "for one of many other reasons")
            count, path, step = self._causes.get(cause, (0, row.path, row.next))
            self._causes[cause] = (count + 1, path, step)

    @property
    def causes(self) -> list[tuple[Cause, int, str, str]]:
        """The causes, the commonest first: how many models have it, the first of them, and what to run about that one."""
        return [
            (cause, *found) for cause, found in sorted(self._causes.items(), key=lambda item: (-item[1][0], item[0].kind, item[0].name))
        ]

    @property
    def loaded(self) -> int:
        """How many load."""
        return self.statuses.get("loads", 0)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        causes = [
            {"kind": cause.kind, "name": cause.name, "title": cause.title(count), "models": count, "first": path, "next": step}
            for cause, count, path, step in self.causes
        ]
        totals = {"models": self.rows, "bytes": self.bytes, "seconds": self.seconds, **self.statuses}
        return {"causes": causes, "totals": totals | {"with_warnings": self.warned, "with_dangers": self.dangerous}}
