"""References to outputs of nodes, as graphs write them: "name", "name:1", "name:output:0", "^name"."""

from __future__ import annotations

from functools import lru_cache

from loadstone.errors import ModelError
from loadstone.ir.records import dataclass

_DIGITS = 9  # of the number of an output


@dataclass(frozen=True)
class Ref:
    """An output of a node: the one with this index among those called `output`; control where the node only has to run before."""

    name: str
    index: int = 0
    output: str = ""
    control: bool = False

    def __hash__(self) -> int:
        return hash(self.name)  # few outputs of a node are looked for


@lru_cache(1 << 16)
def parse(text: str) -> Ref:
    """A reference. Arguments of functions have a name alone."""
    if text.startswith("^"):
        return Ref(text[1:], control=True)
    name, *rest = text.split(":")
    if not rest:
        return Ref(name)
    index = rest[-1]
    if index.isdecimal() and len(index) > _DIGITS:
        raise ModelError(f"a reference to output {index[:_DIGITS]}... of a node", where=name)
    return Ref(name, int(index) if index.isdecimal() else 0, rest[0] if len(rest) == 2 else "")
