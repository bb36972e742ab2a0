"""A call of a walked function: its variables, which are its arguments first, and its stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loadstone.ir.records import dataclass, field
from loadstone.lowering.python.objects import CannotLift, Cell, Function


@dataclass(eq=False)
class Frame:
    """One call that is running."""

    function: Function
    variables: dict[str, Any]
    cells: dict[str, Cell]
    stack: list[Any] = field(default_factory=list)
    given: list[Any] = field(default_factory=list)  # what a generator has given

    def pop(self, count: int) -> list[Any]:
        """The topmost items, the deepest first."""
        if not count:
            return []
        items = self.stack[-count:]
        del self.stack[-count:]
        return items


def bound(function: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by the names of the function's parameters, as Python matches them."""
    code = function.code
    positional = code.arguments[: code.positional]
    only = code.arguments[code.positional : code.positional + code.keyword_only]
    rest = code.arguments[code.positional + code.keyword_only :]
    found = dict(zip(positional, args, strict=False))
    surplus, others = tuple(args[len(positional) :]), {}
    for name, value in kwargs.items():
        if name in found:
            raise CannotLift(f"a call that gives {name!r} twice")
        if name in positional[code.positional_only :] or name in only:
            found[name] = value
        else:
            others[name] = value
    defaults = dict(zip(positional[::-1], function.defaults[::-1], strict=False)) | dict(function.keyword_defaults)
    for name in (*positional, *only):
        if name not in found:
            if name not in defaults:
                raise CannotLift(f"a call without {name!r}")
            found[name] = defaults[name]
    if code.has_varargs:
        found[rest[0]] = surplus
    elif surplus:
        raise CannotLift(f"a call with {len(args)} arguments of a function that takes {len(positional)}")
    if code.has_varkeywords:
        found[rest[-1]] = others
    elif others:
        raise CannotLift(f"a call with {', '.join(others)}, which the function does not take")
    return found
