"""`Range`: the releases that something fits, both ends included."""

from __future__ import annotations

from collections.abc import Iterable

from loadstone.ir.records import dataclass

Version = tuple[int, ...]


@dataclass(frozen=True)
class Range:
    """Releases from low to high, None where nothing bounds them.

    Both ends are included, and a short end means all that begin with it: high (2, 3) is up to the last of 2.3.
    """

    low: Version | None = None
    high: Version | None = None

    @property
    def exact(self) -> bool:
        """True where one release is left: (2, 15, 0) to (2, 15, 0)."""
        return self.low is not None and self.low == self.high and len(self.low) > 2

    @property
    def known(self) -> bool:
        """True where an end is bounded."""
        return self.low is not None or self.high is not None

    def contains(self, version: Version) -> bool:
        """Whether a release lies between the ends; (2, 15) counts as (2, 15, 0)."""
        whole = (*version, 0, 0, 0)[: max(3, len(version))]
        return (self.low is None or self.low <= whole) and (self.high is None or whole[: len(self.high)] <= self.high)

    def meet(self, other: Range) -> Range | None:
        """The releases in both, None where there are none."""
        lows = [low for low in (self.low, other.low) if low is not None]
        highs = [high for high in (self.high, other.high) if high is not None]
        low = max(lows, default=None)
        high = min(highs, key=_last, default=None)
        if low is not None and high is not None and _last(high) < low:
            return None
        return Range(low, high)

    def __str__(self) -> str:
        if self.low is None and self.high is None:
            return "unknown"
        if self.low is None or self.high is None:
            return f"{text(self.low)} or later" if self.low is not None else f"{text(self.high)} or earlier"
        if self.low == self.high:
            return text(self.low)
        return f"{text(self.low)} to {text(self.high)}"


UNKNOWN = Range()


def meet_all(ranges: Iterable[Range]) -> Range:
    """The releases in all of them; one that has none in common with those before it is left out."""
    left = UNKNOWN
    for one in ranges:
        left = left.meet(one) or left
    return left


def numbers(text: str) -> Version | None:
    """The version in a text as numbers, None where it has none: "2.2.4-tf" is (2, 2, 4), "2.16.0.dev1" (2, 16, 0)."""
    found: list[int] = []
    for part in text.strip().lstrip("v").split("."):
        digits = ""
        for sign in part:
            if sign not in "0123456789":
                break
            digits += sign
        if not digits or len(digits) > 9:
            break
        found.append(int(digits))
        if digits != part:
            break
    return tuple(found[:4]) if found else None


def text(version: Version | None) -> str:
    """(2, 3) as "2.3"."""
    return "any" if version is None else ".".join(map(str, version))


def _last(high: Version) -> tuple[float, ...]:
    """A high end as the version after all that begin with it."""
    return (*high, float("inf"))
