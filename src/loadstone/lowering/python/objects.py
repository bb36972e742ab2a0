"""What a walked function handles besides tensors (`Value`) and Python's own numbers, strings, tuples, lists and dicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadstone.custom.bytecode import Code
from loadstone.errors import UnsupportedAttribute
from loadstone.ir.records import dataclass, field

MAX_STEPS = 200_000  # instructions in all
COSTLY_STEP = 10  # of these, for one that may add nodes to the graph
MAX_DEPTH = 50  # calls inside calls
MAX_NAME = 500
MAX_ITEMS = 100_000  # of a list, a string, an array


class CannotLift(UnsupportedAttribute):
    """The function does something that has no place in a graph."""


@dataclass(frozen=True)
class Name:
    """A dotted name of a package that functions know: a module, a function, a class or a constant in it."""

    path: str

    def part(self, name: str) -> Name:
        """A name inside this one."""
        if len(self.path) > MAX_NAME:
            raise CannotLift(f"a name of more than {MAX_NAME} characters")
        return Name(f"{self.path}.{name}")

    def __str__(self) -> str:
        return self.path


class DType(str):
    """A dtype: its name, which may also be called and asked for its `name`."""

    __slots__ = ()


class Shape(tuple[Any, ...]):
    """A shape: None where a length is free."""

    __slots__ = ()


@dataclass(eq=False)
class Cell:
    """A variable that a function shares with those inside it."""

    value: Any = None
    full: bool = False


@dataclass(frozen=True, eq=False)
class Function:
    """A function with what belongs to it. names finds its globals; it raises CannotLift for those that nobody knows."""

    code: Code
    names: Callable[[str], Any]
    defaults: tuple[Any, ...] = ()
    keyword_defaults: Mapping[str, Any] = field(default_factory=dict)
    cells: Mapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Method:
    """A method of something, not yet called."""

    owner: Any
    name: str


@dataclass(frozen=True, eq=False)
class Partial:
    """A function with some of its arguments: a bound method has its object."""

    function: Any
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Living:
    """An object of the running Python, of a class of the user's."""

    object: Any


@dataclass(frozen=True)
class Drawn:
    """What a function gives that draws numbers whenever the model runs: nobody may use it, `K.in_train_phase` apart."""

    path: str

    def __str__(self) -> str:
        return f"{self.path}, which draws numbers whenever the model runs"
