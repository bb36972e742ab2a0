"""Names, versions and requirements of distributions, read strictly: PEP 440, PEP 503, PEP 508. Nothing here installs or looks anything up.

A `Requirement` is a name with clauses (`==2.15.0`, `>=1.20,<2`). All else that a line of a requirements file can be, an option, a URL, a path,
an editable, is refused with its reason.
"""

from __future__ import annotations

import re

from loadstone.environment.present import normalized
from loadstone.ir.records import dataclass

MAX_LINE = 1_000
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?", re.ASCII)
_VERSION = re.compile(  # PEP 440, appendix B
    r"v?(?:[0-9]{1,9}!)?[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]{0,9})?"
    r"(?:-[0-9]{1,9}|[-_.]?(?:post|rev|r)[-_.]?[0-9]{0,9})?(?:[-_.]?dev[-_.]?[0-9]{0,12})?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+){0,9})?",
    re.ASCII | re.IGNORECASE,
)
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*([^\s,;]+)", re.ASCII)
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)\s*(?:\[(?P<extras>[A-Za-z0-9._,\s-]*)\])?\s*\(?(?P<clauses>[^;()]*)\)?\s*(?:;(?P<marker>.*))?", re.ASCII
)


@dataclass(frozen=True)
class Requirement:
    """name: normalized. clauses: pairs of an operator and a version, as in ((">=", "1.20"), ("<", "2")). marker: when it counts, unread."""

    name: str
    clauses: tuple[tuple[str, str], ...] = ()
    extras: tuple[str, ...] = ()
    marker: str = ""

    @property
    def pin(self) -> str | None:
        """The one version that fits: of `==2.15.0`; None for ranges, `==2.15.*`, and what counts only sometimes."""
        if self.marker or len(self.clauses) != 1 or self.clauses[0][0] not in ("==", "===") or self.clauses[0][1].endswith(".*"):
            return None
        return self.clauses[0][1]

    def __str__(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        marker = f"; {self.marker}" if self.marker else ""
        return f"{self.name}{extras}{','.join(map(''.join, self.clauses))}{marker}"


def is_name(text: str) -> bool:
    """True for what PEP 508 allows as the name of a distribution, at most 128 characters."""
    return _NAME.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """True for a version of PEP 440."""
    return len(text) <= 128 and _VERSION.fullmatch(text) is not None


def requirement(line: str) -> Requirement:
    """The requirement in one line, which is not empty. Raises ValueError with the reason why it is none.

    As in `tensorflow[and-cuda]==2.15.0 ; python_version < "3.12"`, and conda's `numpy=1.26` is not one.
    """
    if len(line) > MAX_LINE or not line.isprintable():
        raise ValueError("it is no line of printable characters" if len(line) <= MAX_LINE else "it is too long")
    text = line.strip()
    if text.startswith("-"):
        raise ValueError("it is an option of pip")
    if "://" in text or re.match(r"[A-Za-z0-9._-]+\s*(?:\[[^]]*\])?\s*@", text):
        raise ValueError("it names a URL")
    if re.match(r"[./\\~]|[A-Za-z]:[\\/]", text) or re.search(r"\.(whl|zip|tar\.\w+|tgz)(\s|$)", text):
        raise ValueError("it names a path")
    read = _LINE.fullmatch(text)
    if read is None or not is_name(read["name"]):
        raise ValueError("it is not NAME==VERSION")
    extras = tuple(part.strip() for part in (read["extras"] or "").split(",") if part.strip())
    if not all(map(is_name, extras)):
        raise ValueError("its extras are not names")
    return Requirement(normalized(read["name"]), _clauses(read["clauses"] or ""), extras, (read["marker"] or "").strip())


def _clauses(text: str) -> tuple[tuple[str, str], ...]:
    found = []
    for part in text.split(",") if text.strip() else ():
        clause = _CLAUSE.fullmatch(part.strip())
        if clause is None or not is_version(clause[2].removesuffix(".*") if clause[1] in ("==", "!=") else clause[2]):
            raise ValueError(f"{part.strip()!r} is no clause such as ==2.15.0")
        found.append((clause[1], clause[2]))
    return tuple(found)
