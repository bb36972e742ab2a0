"""Lengths of axes as products of numbers and of lengths known only at run time: the arithmetic of `batch_axis`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from loadstone.ir.records import dataclass

SAMPLES = "samples"


@dataclass(frozen=True)
class Length:
    """factor times the lengths named in symbols (sorted, one that counts twice is there twice)."""

    factor: int
    symbols: tuple[str, ...] = ()

    def __mul__(self, other: Length) -> Length:
        return Length(self.factor * other.factor, tuple(sorted(self.symbols + other.symbols)))

    def over(self, other: Length) -> Length | None:
        """The quotient, None where it is not sure to be a whole number."""
        mine, theirs = Counter(self.symbols), Counter(other.symbols)
        if other.factor == 0 or self.factor % other.factor or theirs - mine:
            return None
        return Length(self.factor // other.factor, tuple(sorted((mine - theirs).elements())))

    @property
    def counts_samples(self) -> bool:
        """True where it depends on the number of samples."""
        return SAMPLES in self.symbols


BATCH = Length(1, (SAMPLES,))
ONE = Length(1)


def product(lengths: Iterable[Length]) -> Length:
    """All of them multiplied."""
    result = ONE
    for length in lengths:
        result = result * length
    return result


def common(lengths: Iterable[Length], otherwise: Length) -> Length:
    """The length of an axis to which axes of these lengths are broadcast; `otherwise` where they do not tell."""
    wide = {length for length in lengths if length != ONE}
    numbers = {length for length in wide if not length.symbols}
    if len(numbers) == 1:
        return numbers.pop()
    return wide.pop() if len(wide) == 1 else otherwise if wide else ONE
