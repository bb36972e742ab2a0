"""What stands on the symbolic stack beside expressions of Python (see `expressions`)."""

from __future__ import annotations

import ast
from collections.abc import Callable

from loadstone.custom.bytecode.decode import Code, Instruction
from loadstone.ir.records import dataclass, field


class Unstructured(Exception):
    """The code has a shape that no Python source here stands for."""


class Place(ast.expr):
    """Something on the stack that is no expression of its own."""


class Below(Place):
    """What another part of the code left on the stack."""


class Item(Place):
    """The next item of a loop."""


@dataclass(eq=False)
class Iterator(Place):
    """The iterator over a value."""

    value: ast.expr


@dataclass(eq=False)
class Imported(Place):
    """A module that is being imported, and the names taken from it."""

    name: str
    names: tuple[str, ...] | None
    level: int
    taken: list[ast.alias] = field(default_factory=list)


@dataclass(eq=False)
class Taken(Place):
    """A name taken from a module."""

    module: Imported
    name: str


@dataclass(eq=False)
class Function(Place):
    """A function object: a lambda or the body of a def."""

    code: Code
    defaults: tuple[ast.expr, ...]
    kwdefaults: dict[str, ast.expr]


@dataclass(eq=False)
class Unpacking:
    """Targets of an unpacking, filled in from the first to the last."""

    value: ast.expr
    count: int
    star: int | None
    targets: list[ast.expr] = field(default_factory=list)


@dataclass(eq=False)
class Piece(Place):
    """One part of an unpacked value."""

    whole: Unpacking
    index: int


@dataclass(frozen=True)
class Merged:
    """A step that stands for code on several paths: what it does to the stack."""

    apply: Callable[[list[ast.expr]], None]


Step = Instruction | Merged
