"""Instructions that make tuples, lists, sets and dicts, take them apart, and fill them; each takes the machine, the frame and its argument."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, KeysView, Sized, ValuesView
from typing import TYPE_CHECKING, Any

import numpy as np

from loadstone.lowering.block import Value
from loadstone.lowering.python.frames import Frame
from loadstone.lowering.python.objects import MAX_ITEMS, CannotLift, Name

if TYPE_CHECKING:
    from loadstone.lowering.python.machine import Machine


def build(machine: Machine, frame: Frame, what: tuple[str, int]) -> None:
    """A tuple, a list, a set, a dict, a slice or a text of the topmost items."""
    kind, count = what
    items = frame.pop(2 * count if kind == "dict" else count)
    machine.steps.handle(items)
    frame.stack.append(_KINDS[kind](items))


def constant_keys(machine: Machine, frame: Frame, count: int) -> None:
    """A dict of the keys on top and as many values."""
    keys = frame.stack.pop()
    frame.stack.append(dict(zip(keys, frame.pop(count), strict=True)))


def unpack(machine: Machine, frame: Frame, count: int) -> None:
    """The items of something, as many as there are names."""
    items = machine.items(frame.stack.pop())
    if len(items) != count:
        raise CannotLift(f"{len(items)} values unpacked into {count} names")
    frame.stack.extend(reversed(items))


def unpack_rest(machine: Machine, frame: Frame, what: tuple[int, int]) -> None:
    """The same with a name for all that is left: a, *b, c = items."""
    before, after = what
    items = machine.items(frame.stack.pop())
    if len(items) < before + after:
        raise CannotLift(f"{len(items)} values unpacked into {before + after} names")
    end = len(items) - after
    frame.stack.extend(reversed([*items[:before], items[before:end], *items[end:]]))


def extend(machine: Machine, frame: Frame, depth: int) -> None:
    """Items more for a list."""
    items = machine.items(frame.stack.pop())
    frame.stack[-depth].extend(items)
    check_length(frame.stack[-depth])


def append(machine: Machine, frame: Frame, depth: int) -> None:
    """One item more for a list, in a comprehension."""
    value = frame.stack.pop()
    frame.stack[-depth].append(value)


def add(machine: Machine, frame: Frame, depth: int) -> None:
    """One item more for a set."""
    value = frame.stack.pop()
    machine.steps.handle(value)
    frame.stack[-depth].add(_key(value))


def add_all(machine: Machine, frame: Frame, depth: int) -> None:
    """Items more for a set."""
    items = machine.items(frame.stack.pop())
    frame.stack[-depth].update(map(_key, items))


def put(machine: Machine, frame: Frame, depth: int) -> None:
    """One pair more for a dict."""
    key, value = frame.pop(2)
    machine.steps.handle(key)
    frame.stack[-depth][_key(key)] = value


def put_all(machine: Machine, frame: Frame, depth: int) -> None:
    """Pairs more for a dict."""
    more = frame.stack.pop()
    if not isinstance(more, dict):
        raise CannotLift("a dict made of something else")
    machine.steps.handle(more)
    frame.stack[-depth].update(more)


def iterate(x: Any) -> Iterator[Any]:
    """An iterator over what is known to have items."""
    if isinstance(x, Value):
        raise CannotLift("a loop over the rows of a tensor")
    if isinstance(x, (list, tuple, dict, set, frozenset, str, range, np.ndarray, KeysView, ValuesView, ItemsView)) or (
        isinstance(x, Iterator) and not isinstance(x, Name)
    ):
        return iter(x)
    raise CannotLift(f"a loop over a {type(x).__name__}")


def _key(x: Any) -> Any:
    if not isinstance(x, (str, bytes, int, float, tuple, type(None), Name)):
        raise CannotLift(f"a dict or set with a {type(x).__name__} for a key")
    return x


def check_length(items: Sized) -> None:
    """Raise CannotLift for more items than a function may make."""
    if len(items) > MAX_ITEMS:
        raise CannotLift(f"more than {MAX_ITEMS} items")


_KINDS: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "list": list,
    "set": lambda items: set(map(_key, items)),
    "dict": lambda items: dict(zip(map(_key, items[::2]), items[1::2], strict=True)),
    "slice": lambda items: slice(*items),
    "string": "".join,
}
