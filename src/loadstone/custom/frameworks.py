"""Which packages the code of a function or class mentions; nothing of it is run, nothing is imported."""

from __future__ import annotations

from collections.abc import Iterator
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

FRAMEWORKS = ("tensorflow", "jax", "torch")  # what Keras 3 runs on
_DEPTH = 3  # of functions that call functions


def packages(function: Any) -> set[str]:
    """The packages that a function's code mentions: its globals and closure, and those of the functions that it calls."""
    return set(_packages(function, _DEPTH))


def frameworks(cls: type, but: tuple[str, ...]) -> set[str]:
    """The frameworks that the methods of a class mention. Methods of the packages `but` are not looked at."""
    found: set[str] = set()
    for base in cls.__mro__[:-1]:
        if base.__module__.partition(".")[0] not in but:
            for method in vars(base).values():
                method = getattr(method, "fget", method)  # of a property
                if isinstance(getattr(method, "__func__", method), FunctionType) or hasattr(method, "python_function"):
                    found |= packages(method)
    return found & set(FRAMEWORKS)


def _packages(function: Any, depth: int) -> Iterator[str]:
    function = getattr(function, "python_function", function)  # of a tf.function
    function = getattr(function, "__func__", function)
    if not isinstance(function, FunctionType):
        yield (getattr(function, "__module__", None) or "").partition(".")[0]
        return
    names = list(_names(function.__code__))
    yield from (name for name in names if name in FRAMEWORKS and name not in function.__globals__)  # imported inside
    mentioned = [function.__globals__[name] for name in names if name in function.__globals__]
    mentioned += [value for cell in function.__closure__ or () for value in _contents(cell)]
    for value in mentioned:
        module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(module, str):
            yield module.partition(".")[0]
        if isinstance(value, FunctionType) and depth:
            yield from _packages(value, depth - 1)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _contents(cell: CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:  # an empty cell
        return ()
