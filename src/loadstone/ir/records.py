"""Records: the classes that `dataclasses.dataclass` makes, made quickly.

The standard decorator writes the source of up to seven methods for each class and compiles it, 0.3-0.5 ms a class. A model needs
a hundred of our records imported and makes instances of half of them, so here the decorator only notes the fields. `__init__`
is written and compiled at first sight; comparison, hash, repr and the refusal of assignments need no source of their own.
`dataclasses.fields`, `replace`, `asdict` and the like work: what they look up is made when they do.

What records have is what the standard ones have, without `order`, `slots`, `kw_only` and `InitVar`. Type checkers see the
standard decorator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, field, replace
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field", "replace"]


def record(cls: type | None = None, /, *, eq: bool = True, frozen: bool = False) -> Any:
    """Make a record of the class: `@dataclass` or `@dataclass(frozen=True)`."""
    if cls is None:
        return partial(record, eq=eq, frozen=frozen)
    known = _fields(cls)
    methods = {"__init__": _Init(cls, frozen), "__repr__": _repr, "__replace__": replace} | (_comparison(known, frozen) if eq else {})
    if frozen:
        methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
    for name, method in methods.items():
        if cls.__dict__.get(name) is None:  # a class with `__eq__` and no `__hash__` has None there
            setattr(cls, name, method)
    for name in ("__dataclass_fields__", "__dataclass_params__", "__match_args__"):
        setattr(cls, name, _Standard(name, eq, frozen))
    cls.__record__ = known  # type: ignore[attr-defined]  # every record has its fields there
    return cls


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = record


def _fields(cls: type) -> dict[str, Field[Any]]:
    """The fields by name, those of the bases first; a default that is no plain value leaves the class."""
    found: dict[str, Field[Any]] = {}
    for base in reversed(cls.__mro__[1:]):
        found |= base.__dict__.get("__record__", {})
    for name, annotation in cls.__annotations__.items():
        if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
            continue
        default = cls.__dict__.get(name, MISSING)
        made = default if isinstance(default, Field) else field(default=default)
        if made is default and made.default is not MISSING:
            setattr(cls, name, made.default)
        elif made is default:
            delattr(cls, name)
        made.name, made.type = name, annotation
        found[name] = made
    return found


class _Init:
    """`__init__` until it is looked up for the first time; two threads write the same."""

    def __init__(self, owner: type, frozen: bool) -> None:
        self.owner, self.frozen = owner, frozen

    def __get__(self, made: object, cls: type) -> Callable[..., None]:
        init = _write_init(self.owner, self.frozen)
        self.owner.__init__ = init  # type: ignore[misc]
        return init.__get__(made, cls)  # type: ignore[no-any-return]


class _Factory:
    def __repr__(self) -> str:
        return "<factory>"


_FACTORY: Any = _Factory()  # the default of an argument that a factory makes


def _write_init(cls: type, frozen: bool) -> Any:
    """`__init__` of the record, as source that assigns its arguments."""
    known: dict[str, Field[Any]] = cls.__record__  # type: ignore[attr-defined]
    scope: dict[str, Any] = {"__set": object.__setattr__, "__factory": _FACTORY}
    arguments, lines, defaults = ["self"], [], []
    for f in known.values():
        value, made = f.name, f.default_factory is not MISSING
        if made:
            scope[f"__make_{f.name}"] = f.default_factory
            value = f"__make_{f.name}() if {f.name} is __factory else {f.name}"
        if made or f.default is not MISSING:
            defaults.append(_FACTORY if made else f.default)
        arguments.append(f"{f.name}=None" if made or f.default is not MISSING else f.name)
        lines.append(f"__set(self, {f.name!r}, {value})" if frozen else f"self.{f.name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(arguments)}):\n " + "\n ".join(lines or ["pass"]), scope)
    init = scope["__init__"]
    init.__defaults__ = tuple(defaults)
    init.__qualname__, init.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    init.__annotations__ = {f.name: f.type for f in known.values()} | {"return": None}
    return init


def _comparison(known: dict[str, Field[Any]], frozen: bool) -> dict[str, Any]:
    """`__eq__`, and `__hash__` where the record cannot change; records of two classes are never equal."""
    names = [f.name for f in known.values() if f.compare]
    values = attrgetter(*names) if names else type

    def equal(self: object, other: object) -> Any:
        return values(self) == values(other) if type(self) is type(other) else NotImplemented

    def hashed(self: object) -> int:
        return hash(values(self))

    return {"__eq__": equal, "__hash__": hashed if frozen else None}


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in self.__record__.values() if f.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_to_set(self: Any, name: str, value: object) -> None:
    if "__record__" in vars(type(self)) or name in self.__record__:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)  # of a plain class that has a record as its base


def _refuse_to_delete(self: Any, name: str) -> None:
    if "__record__" in vars(type(self)) or name in self.__record__:
        raise FrozenInstanceError(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


class _Standard:
    """An attribute that the `dataclasses` module looks up, taken from a class of its own with the same fields."""

    def __init__(self, name: str, eq: bool, frozen: bool) -> None:
        self.name, self.eq, self.frozen = name, eq, frozen

    def __get__(self, made: object, cls: Any) -> Any:
        known = [(f.name, f.type, f) for f in cls.__record__.values()]
        twin = dataclasses.make_dataclass(cls.__name__, known, eq=self.eq, frozen=self.frozen)
        for name in ("__dataclass_fields__", "__dataclass_params__", "__match_args__"):
            setattr(cls, name, getattr(twin, name))
        return getattr(cls, self.name)
