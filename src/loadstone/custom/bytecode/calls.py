"""Calls and function objects: what every release writes differently.

To Python 3.5 the names of keyword arguments stand between their values, from 3.6 to 3.10 and since 3.13 in a tuple on top, in 3.11 and 3.12
in an instruction of their own. Starred arguments were instructions of their own to 3.5. Here they become CALL with its names, CALL_EX with a
tuple and a dict, and MAKE_FUNCTION with a tuple of defaults, a dict of keyword-only defaults and a tuple of cells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.custom.bytecode.flow import NULL, Flow, is_value
from loadstone.custom.bytecode.marshal import RawCode
from loadstone.custom.bytecode.units import Unit
from loadstone.errors import CorruptFile

_ANNOTATIONS = (4, 16)  # parts of a function: their values, the function that makes them


def _strings(flow: Flow, value: Any) -> tuple[str, ...]:
    if not isinstance(value, tuple) or not all(isinstance(name, (str, bytes)) for name in value):
        raise CorruptFile("names of keyword arguments are no names")
    return tuple(name.decode("utf8", "replace") if isinstance(name, bytes) else name for name in value)


def _pairs(flow: Flow, count: int) -> tuple[str, ...]:
    """Take *count* pairs of a name and a value; the values stay on the common stack."""
    places = flow.take(2 * count)
    if not all(map(is_value, places[1::2])):
        raise CorruptFile("a keyword argument has no value")
    return _strings(flow, tuple(flow.constant(place) for place in places[::2]))


def _call_function(flow: Flow, unit: Unit) -> None:
    """The argument holds two counts to Python 3.5."""
    old = flow.release < (3, 6)
    positional, keywords = (unit.arg & 0xFF, unit.arg >> 8) if old else (unit.arg, 0)
    names = _pairs(flow, keywords)
    flow.pop(positional + 1)
    flow.push()
    flow.emit("CALL", (positional, names))


def _call_names_on_top(flow: Flow, unit: Unit) -> None:
    names = _strings(flow, flow.constant(flow.take(1)[0]))
    if len(names) > unit.arg:
        raise CorruptFile("a call has more names than arguments")
    flow.pop(unit.arg)
    _callable(flow, unit.arg, names)


def _call(flow: Flow, unit: Unit) -> None:
    """CALL of 3.11 and later: below the arguments are two places, a callable and NULL or a method and its object."""
    names, flow.keywords = flow.keywords, ()
    if len(names) > unit.arg:
        raise CorruptFile("a call has more names than arguments")
    flow.pop(unit.arg)
    _callable(flow, unit.arg, names)


def _callable(flow: Flow, count: int, names: tuple[str, ...]) -> None:
    if flow.release >= (3, 11):
        both = flow.take(2)
        real = sum(map(is_value, both))
        if real + (NULL in both) != 2 or not real:
            raise CorruptFile("a call finds nothing to call")
        count += real - 1
    else:
        flow.pop(1)
    flow.push()
    flow.emit("CALL", (count - len(names), names))


def _call_method(flow: Flow, unit: Unit) -> None:
    """CALL_METHOD of 3.7 to 3.10: what LOAD_METHOD pushed counts as two."""
    flow.pop(unit.arg)
    places = flow.take(2)
    if places[1] != NULL or not is_value(places[0]):
        raise CorruptFile("a call finds no method")
    flow.push()
    flow.emit("CALL", (unit.arg, ()))


def _kw_names(flow: Flow, unit: Unit) -> None:
    flow.keywords = _strings(flow, flow.raw.consts[unit.arg])


def _call_kw(flow: Flow, unit: Unit) -> None:
    if flow.release < (3, 6):
        _call_starred(flow, unit)
    else:
        _call_names_on_top(flow, unit)


def _call_ex(flow: Flow, unit: Unit) -> None:
    """CALL_FUNCTION_EX: since 3.11 with a NULL beside the callable, in 3.14 with a place for the dict in any case."""
    has_kwargs = bool(unit.arg & 1)
    if flow.release >= (3, 14):
        has_kwargs = bool(flow.state.stack) and is_value(flow.state.stack[-1])
        if not has_kwargs and flow.take(1)[0] != NULL:
            raise CorruptFile("a call finds no arguments")
    flow.pop(1 + has_kwargs)
    if flow.release >= (3, 11):
        places = flow.take(2)
        if sorted(map(is_value, places)) != [False, True] or NULL not in places:
            raise CorruptFile("a call finds nothing to call")
    else:
        flow.pop(1)
    flow.push()
    flow.emit("CALL_EX", has_kwargs)


def _call_starred(flow: Flow, unit: Unit) -> None:
    """CALL_FUNCTION_VAR, _KW and _VAR_KW to Python 3.5.

    On the stack are positional arguments, pairs of keywords, *args and **kwargs; in 3.5 *args comes before the pairs.
    """
    positional, keywords = unit.arg & 0xFF, unit.arg >> 8
    star, mapping = "_VAR" in unit.name, unit.name.endswith("_KW")
    early = star and flow.release == (3, 5)
    flow.pop(mapping)
    flow.pop(star and not early)
    names = _pairs(flow, keywords)
    flow.pop(early)
    flow.pop(positional + 1)
    flow.push()
    if keywords:
        _lower(flow, mapping + (star and not early), keywords)
        flow.emit("LOAD_CONST", names)
        flow.emit("CONST_KEY_DICT", keywords)
        if mapping:
            flow.emit("SWAP", 2)
            flow.emit("DICT_UPDATE", 1)
    has_kwargs = mapping or bool(keywords)
    if positional or not star:
        _lower(flow, star + has_kwargs, positional)
        flow.emit("BUILD", ("list" if star else "tuple", positional))
        if star:
            flow.unrotate(2 + has_kwargs)
            flow.emit("LIST_EXTEND", 1)
            flow.emit("LIST_TO_TUPLE")
        if has_kwargs:
            flow.emit("SWAP", 2)
    flow.emit("CALL_EX", has_kwargs)


def _lower(flow: Flow, above: int, count: int) -> None:
    """The *above* top values go below the *count* others, in their order."""
    if count:
        for _ in range(above):
            flow.rotate(above + count)


def _drop(flow: Flow, above: int) -> None:
    """Remove the annotations below *above* values."""
    flow.unrotate(above + 1)
    flow.emit("POP", "annotations")


def _make_function(flow: Flow, unit: Unit) -> None:
    """MAKE_FUNCTION and MAKE_CLOSURE; annotations are dropped."""
    code = flow.state.stack[-2 if (3, 4) <= flow.release < (3, 11) else -1 :][:1]
    if not code or code[0][0] != "const" or not isinstance(flow.raw.consts[flow.units[code[0][1]].arg], RawCode):
        raise CorruptFile("a function is made without code")
    if (3, 4) <= flow.release < (3, 11):
        flow.constant(flow.take(1)[0])  # the qualified name
    if flow.release >= (3, 13):
        _make_and_set(flow)
    elif flow.release >= (3, 6):
        _make(flow, *(bool(unit.arg & bit) for bit in (1, 2, 4, 8)))
    else:
        _make_counted(flow, unit)


def _make(flow: Flow, defaults: bool, kwdefaults: bool, annotations: bool, closure: bool) -> None:
    flow.pop(1 + defaults + kwdefaults + annotations + closure)
    flow.push()
    if annotations:
        _drop(flow, 1 + closure)
    flow.emit("MAKE_FUNCTION", (defaults, kwdefaults, closure))


def _make_and_set(flow: Flow) -> None:
    """Python 3.13 and later: each part is set by an instruction of its own, the last on the stack first."""
    order: list[int] = []
    at = flow.at + 1
    while at < len(flow.units) and flow.units[at].name == "SET_FUNCTION_ATTRIBUTE":
        order.append(flow.units[at].arg)
        at += 1
    if len(set(order)) != len(order) or not set(order) <= {1, 2, 4, 8, 16}:
        raise CorruptFile("a function gets a part twice or one that no function has")
    flow.pop(1 + len(order))
    flow.push(len(order), NULL)  # the parts go one by one with the instructions that follow
    flow.push()
    below = order[::-1]  # from bottom to top, the code above them
    kept = [bit for bit in below if bit not in _ANNOTATIONS]
    if kept != sorted(kept):
        raise CorruptFile("the parts of a function are out of order")
    for place, bit in reversed(list(enumerate(below))):
        if bit in _ANNOTATIONS:
            _drop(flow, 1 + len([other for other in below[place + 1 :] if other in kept]))
    flow.emit("MAKE_FUNCTION", (1 in kept, 2 in kept, 8 in kept))


def _set_function_attribute(flow: Flow, unit: Unit) -> None:
    """Done with MAKE_FUNCTION, which left a place for each."""
    places = flow.take(2)
    if places[0] != NULL or not is_value(places[1]):
        raise CorruptFile("a function's part has no function")
    flow.push()


def _make_counted(flow: Flow, unit: Unit) -> None:
    """To Python 3.5: defaults one by one, pairs of keyword-only defaults, annotations and a tuple of their names."""
    closure = unit.name == "MAKE_CLOSURE"
    defaults, pairs, annotations = unit.arg & 0xFF, unit.arg >> 8 & 0xFF, unit.arg >> 16 & 0x7FFF
    if flow.release < (3, 0):
        defaults, pairs, annotations = unit.arg, 0, 0
    flow.pop(1 + closure)
    flow.pop(annotations)  # a tuple of their names is counted with them
    flow.pop(2 * pairs + defaults)
    flow.push()
    above = 1 + closure
    for _ in range(annotations):
        _drop(flow, above)
    if pairs:
        _lower(flow, above, 2 * pairs)
        flow.emit("BUILD", ("dict", pairs))
        flow.rotate(above + 1)
        above += 1
    if defaults:
        _lower(flow, above, defaults)
        flow.emit("BUILD", ("tuple", defaults))
        flow.rotate(above + 1)
    flow.emit("MAKE_FUNCTION", (bool(defaults), bool(pairs), closure))


CALLS: dict[str, Callable[[Flow, Unit], None]] = {
    "CALL": _call,
    "CALL_FUNCTION": _call_function,
    "CALL_FUNCTION_EX": _call_ex,
    "CALL_FUNCTION_KW": _call_kw,
    "CALL_FUNCTION_VAR": _call_starred,
    "CALL_FUNCTION_VAR_KW": _call_starred,
    "CALL_KW": _call_names_on_top,
    "CALL_METHOD": _call_method,
    "KW_NAMES": _kw_names,
    "MAKE_CLOSURE": _make_function,
    "MAKE_FUNCTION": _make_function,
    "SET_FUNCTION_ATTRIBUTE": _set_function_attribute,
}
