"""`Evidence` for who saved a file, and `Clues`, where the readers of each kind of file gather it."""

from __future__ import annotations

from loadstone.environment.ranges import UNKNOWN, Range, Version, meet_all
from loadstone.ir.records import dataclass, field

STATED, IMPLIED, LIKELY = "stated", "implied", "likely"


@dataclass(frozen=True)
class Evidence:
    """One thing that a file says about who saved it.

    about: "library", "keras", "tensorflow", "python", "backend", "date" or another thing. says: a phrase for people, with the place in the
    file. low, high: the releases that fit, both included, as in `Range`. certainty: "stated" (the file says so), "implied" (no other release
    writes this) or "likely", which narrows no range.
    """

    about: str
    says: str
    low: Version | None = None
    high: Version | None = None
    certainty: str = IMPLIED


@dataclass(eq=False)
class Clues:
    """What was found so far. The first library, backend and date that a file tells are kept: readers begin with what is stated."""

    evidence: list[Evidence] = field(default_factory=list)
    library: str | None = None
    backend: str | None = None
    date: str | None = None

    def add(self, about: str, says: str, low: Version | None = None, high: Version | None = None, certainty: str = IMPLIED) -> None:
        """Another piece of evidence; what is there already is left out."""
        made = Evidence(about, says, low, high, certainty)
        if made not in self.evidence:
            self.evidence.append(made)

    def of_library(self, library: str, says: str, certainty: str = IMPLIED) -> None:
        """Which library wrote the file."""
        if self.library is None:
            self.library = library
            self.add("library", f"{library}: {says}", certainty=certainty)

    def of_backend(self, backend: str, says: str, certainty: str = STATED) -> None:
        """The backend that Keras had."""
        if self.backend is None:
            self.backend = backend
            self.add("backend", f"{backend}: {says}", certainty=certainty)

    def of_date(self, date: str, says: str, certainty: str = STATED) -> None:
        """When the file was written, in ISO form."""
        if self.date is None:
            self.date = date
            self.add("date", f"{date}: {says}", certainty=certainty)

    def range(self, about: str) -> Range:
        """The releases that fit all evidence: what is stated counts first, and what contradicts it is left out."""
        known = [one for certainty in (STATED, IMPLIED) for one in self.evidence if one.about == about and one.certainty == certainty]
        return meet_all(Range(one.low, one.high) for one in known) if known else UNKNOWN
