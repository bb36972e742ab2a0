"""One variable of a layer, and how lists of them are put together."""

from __future__ import annotations

from collections.abc import Iterable

from loadstone.ir.records import dataclass, replace

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Variable:
    """One variable of a layer.

    label is its path below the layer as the names in files end ("query/kernel"); `name` is the same as an identifier.
    shape has None where the config does not tell, and is None where even the rank is open. dtype "float" is any floating
    type, "any" anything. spellings are other last parts that some release wrote. paths are its places below the layer in a
    `.keras` file, today's first. A variable that is not required may be absent; a copy repeats one of a layer inside.
    """

    label: str
    shape: Shape | None = None
    trainable: bool = True
    dtype: str = "float"
    spellings: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    required: bool = True
    copy: bool = False

    @property
    def name(self) -> str:
        """The name in `Layer.weights`."""
        return self.label.replace("/", "_")

    @property
    def last(self) -> tuple[str, ...]:
        """What the name in a file may end in."""
        return (self.label.rpartition("/")[2], *self.spellings)


def given(*pairs: tuple[object, Variable]) -> list[Variable]:
    """Those that the config asks for."""
    return [variable for wanted, variable in pairs if wanted]


def numbered(found: Iterable[Variable]) -> list[Variable]:
    """Variables without a path get `vars/0`, `vars/1`, ... in order."""
    count = iter(range(1_000_000))
    return [variable if variable.paths else replace(variable, paths=(f"vars/{next(count)}",)) for variable in found]


def below(places: Iterable[str], found: Iterable[Variable]) -> list[Variable]:
    """The variables of an inner object that is no child: their paths begin with one of the places."""
    starts = tuple(places)
    return [replace(v, paths=tuple(f"{start}/{path}" for start in starts for path in v.paths)) for v in numbered(found)]


def labelled(prefix: str, found: Iterable[Variable]) -> list[Variable]:
    """The same with a longer label."""
    return [replace(v, label=f"{prefix}/{v.label}") for v in found]
