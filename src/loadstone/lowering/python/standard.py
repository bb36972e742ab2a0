"""Functions of Python's own packages that walked functions use: `functools`, `itertools`, `operator`.

https://docs.python.org/3/library/functional.html. What they make is a list, bounded in length.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from loadstone.lowering.builder import Builder
from loadstone.lowering.python.objects import MAX_ITEMS, CannotLift, Partial
from loadstone.lowering.python.operations import binary, compare, subscript, unary

PACKAGES = frozenset({"functools", "itertools", "operator"})
_BINARY = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@", "and_": "&", "or_": "|",
    "xor": "^",
}  # fmt: skip
_COMPARE = {"lt": "<", "le": "<=", "eq": "==", "ne": "!=", "gt": ">", "ge": ">="}
_UNARY = {"neg": "-", "pos": "+", "invert": "~", "inv": "~"}
_ITERATORS: dict[str, Callable[..., Iterator[Any]]] = {
    "chain": itertools.chain,
    "combinations": lambda items, r: itertools.combinations(items, _few(r)),
    "combinations_with_replacement": lambda items, r: itertools.combinations_with_replacement(items, _few(r)),
    "islice": itertools.islice,
    "permutations": lambda items, r=None: itertools.permutations(items, None if r is None else _few(r)),
    "product": lambda *items, repeat=1: itertools.product(*items, repeat=_few(repeat)),
}


def call(b: Builder, run: Callable[..., Any], path: str, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
    """What such a function gives. run(function, args, kwargs) calls a function that is an argument. Raises CannotLift."""
    package, _, name = path.partition(".")
    if path == "functools.partial" and args:
        return Partial(args[0], tuple(args[1:]), kwargs)
    if path == "functools.reduce" and len(args) in (2, 3) and not kwargs:
        return _reduced(run, *args)
    if package == "itertools" and name in _ITERATORS:
        return iter(_made(name, args, kwargs))
    if package == "operator" and len(args) in (1, 2) and not kwargs:
        if len(args) == 1 and name in _UNARY:
            return unary(b, _UNARY[name], args[0])
        if len(args) == 2 and name in _BINARY:
            return binary(b, _BINARY[name], *args)
        if len(args) == 2 and name in _COMPARE:
            return compare(b, _COMPARE[name], *args)
        if name == "getitem":
            return subscript(b, *args)
    raise CannotLift(f"{path}, which is not among the functions known here")


def _reduced(run: Callable[..., Any], function: Any, sequence: Any, *start: Any) -> Any:
    items = [*start, *_made("chain", [sequence], {})]
    if not items:
        raise CannotLift("functools.reduce of nothing")
    total = items[0]
    for item in items[1:]:
        total = run(function, [total, item], {})
    return total


def _made(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    kinds = (list, tuple, range, str, dict, set, int, Iterator, type(None))
    if not all(isinstance(x, kinds) for x in (*args, *kwargs.values())):
        raise CannotLift(f"itertools.{name} of something else")
    try:
        found = list(itertools.islice(_ITERATORS[name](*args, **kwargs), MAX_ITEMS + 1))
    except (TypeError, ValueError) as error:
        raise CannotLift(f"itertools.{name} ({type(error).__name__}: {error})") from error
    if len(found) > MAX_ITEMS:
        raise CannotLift(f"more than {MAX_ITEMS} items")
    return found


def _few(count: Any) -> int:
    if not isinstance(count, int) or not 0 <= count <= 16:
        raise ValueError(f"{count!r} items at once")
    return count
