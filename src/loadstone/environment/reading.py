"""`Reader`: fields of a JSON object that a stranger wrote, each of one strict form. What has another form is CorruptFile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loadstone.environment.pins import is_name, is_version
from loadstone.environment.present import normalized
from loadstone.errors import CorruptFile, one_line

MAX_ITEMS = 20_000  # of a list or an object
MAX_LINE, MAX_TEXT = 1_000, 8 << 20  # characters
_KINDS: dict[Any, str] = {dict: "an object", list: "a list", str: "a text"}
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)


class Reader:
    """One object. place: where it stands, for messages."""

    def __init__(self, found: dict[str, Any], place: str) -> None:
        self._found, self._place = found, place

    def inner(self, name: str) -> Reader | None:
        """An object in this one; None where there is none."""
        return None if name not in self._found else Reader(self._kind(name, dict), f"{self._place}.{name}")

    def each(self, name: str) -> Iterator[Reader]:
        """The objects of a list."""
        for number, item in enumerate(self._sized(name, list)):
            if not isinstance(item, dict):
                raise self._wrong(name, "a list of objects")
            yield Reader(item, f"{self._place}.{name}[{number}]")

    def text(self, name: str) -> str:
        """A text of any kind, "" where there is none."""
        found = self._kind(name, str)
        if len(found) > MAX_TEXT:
            raise self._wrong(name, f"a text of at most {MAX_TEXT} characters")
        return str(found)

    def line(self, name: str) -> str:
        """A text of one line of printable characters."""
        return self._line(name, self._kind(name, str))

    def version(self, name: str) -> str:
        """A version, "" where there is none."""
        return self._version(name, self._kind(name, str))

    def commit(self, name: str) -> str:
        """The name of a commit in git, "" where there is none."""
        found = self._kind(name, str)
        if found and not _COMMIT.fullmatch(found):
            raise self._wrong(name, "the hexadecimal name of a commit")
        return str(found)

    def count(self, name: str) -> int:
        """A whole number, 0 where there is none."""
        found = self._found.get(name, 0)
        if type(found) is not int or not 0 <= found < 1 << 31:
            raise self._wrong(name, "a whole number")
        return found

    def lines(self, name: str) -> tuple[str, ...]:
        """A list of texts of one line each."""
        return tuple(self._line(name, item) for item in self._sized(name, list))

    def names(self, name: str) -> tuple[str, ...]:
        """A list of names of distributions, normalized."""
        return tuple(self._name(name, item) for item in self._sized(name, list))

    def words(self, name: str) -> dict[str, str]:
        """Texts of one line by texts of one line."""
        return {self._line(name, key): self._line(name, value) for key, value in self._sized(name, dict).items()}

    def versions(self, name: str) -> dict[str, str]:
        """Versions by the normalized names of distributions."""
        found: dict[str, str] = {}
        for key, value in self._sized(name, dict).items():
            known = self._name(name, key)
            if known in found or not value:
                raise self._wrong(name, f"one version of {key!r}")
            found[known] = self._version(name, value)
        return found

    def _kind(self, name: str, kind: type) -> Any:
        found = self._found.get(name, kind())
        if type(found) is not kind:
            raise self._wrong(name, _KINDS[kind])
        return found

    def _sized(self, name: str, kind: type) -> Any:
        found = self._kind(name, kind)
        if len(found) > MAX_ITEMS:
            raise self._wrong(name, f"at most {MAX_ITEMS} items")
        return found

    def _line(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or len(value) > MAX_LINE or not value.isprintable():
            raise self._wrong(name, f"one line of at most {MAX_LINE} printable characters", value)
        return value

    def _name(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or not is_name(value):
            raise self._wrong(name, "the name of a distribution", value)
        return normalized(value)

    def _version(self, name: str, value: Any) -> str:
        if value != "" and (not isinstance(value, str) or not is_version(value)):
            raise self._wrong(name, "a version", value)
        return str(value)

    def _wrong(self, name: str, wanted: str, value: Any = None) -> CorruptFile:
        found = "" if value is None else f", found {one_line(repr(value)[:80])}"
        return CorruptFile(f"{self._place}: {name!r} should be {wanted}{found}", where=f"{self._place}.{name}")
