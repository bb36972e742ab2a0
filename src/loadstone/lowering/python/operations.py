"""Operators of Python on what a walked function handles: on tensors they are functions of TensorFlow, on all else they are Python's own.

Python's own are bounded: what a file says must not fill the memory.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.python.bounds import check, numbers
from loadstone.lowering.python.objects import MAX_ITEMS, CannotLift, Drawn, DType, Method, Name
from loadstone.lowering.tensorflow.symbols import rule, tensor

_MAX_BITS = 1024
_SEQUENCES = (str, bytes, list, tuple)
_PLAIN = (
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    list,
    tuple,
    dict,
    set,
    frozenset,
    slice,
    type(None),
    type(Ellipsis),
    np.ndarray,
    np.generic,
    range,
)

_BINARY: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "+": (operator.add, "math.add"),
    "-": (operator.sub, "math.subtract"),
    "*": (operator.mul, "math.multiply"),
    "/": (operator.truediv, "math.truediv"),
    "//": (operator.floordiv, "math.floordiv"),
    "%": (operator.mod, "math.floormod"),
    "**": (operator.pow, "math.pow"),
    "@": (operator.matmul, "linalg.matmul"),
    "&": (operator.and_, "bitwise.bitwise_and"),
    "|": (operator.or_, "bitwise.bitwise_or"),
    "^": (operator.xor, "bitwise.bitwise_xor"),
    "<<": (operator.lshift, ""),
    ">>": (operator.rshift, ""),
}
_PADDED = re.compile(r"%[^a-zA-Z%]*(\*|[0-9]{3})")
_LOGICAL = {"&": "math.logical_and", "|": "math.logical_or", "^": "math.logical_xor"}
_COMPARE: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "<": (operator.lt, "math.less"),
    "<=": (operator.le, "math.less_equal"),
    ">": (operator.gt, "math.greater"),
    ">=": (operator.ge, "math.greater_equal"),
    "==": (operator.eq, "__operators__.eq"),
    "!=": (operator.ne, "__operators__.ne"),
}
_UNARY: dict[str, tuple[Callable[[Any], Any], str]] = {
    "-": (operator.neg, "math.negative"),
    "+": (operator.pos, ""),
    "~": (operator.invert, "math.logical_not"),
}


def holds_tensor(x: Any) -> bool:
    """True where there is a tensor in x."""
    if isinstance(x, (list, tuple)):
        return any(map(holds_tensor, x))
    if isinstance(x, dict):
        return any(map(holds_tensor, x.values()))
    if isinstance(x, slice):
        return any(isinstance(part, Value) for part in (x.start, x.stop, x.step))
    return isinstance(x, Value)


def kept(x: Any) -> Any:
    """x as it is now, for a graph to hold: a function may write into its arrays later."""
    if isinstance(x, np.ndarray):
        return x.copy() if x.flags.writeable else x
    if type(x) in (list, tuple):
        return type(x)(map(kept, x))
    return x


def binary(b: Builder, symbol: str, x: Any, y: Any) -> Any:
    """x + y and the like."""
    if isinstance(x, Drawn) or isinstance(y, Drawn):
        return x if isinstance(x, Drawn) else y
    if symbol == "classic/":
        symbol = _classic(x, y)
    function, name = _BINARY[symbol]
    if isinstance(x, Value) or isinstance(y, Value):
        dtype = x.dtype if isinstance(x, Value) else y.dtype
        name = _LOGICAL.get(symbol, name) if dtype == "bool" else name
        if not name or not _joins(x) or not _joins(y):
            raise CannotLift(f"{_kind(x)} {symbol} {_kind(y)}")
        return rule(name).function(b, kept(x), kept(y))
    _check_plain(symbol, x, y)
    _check_size(symbol, x, y)
    return _own(symbol, function, x, y)


def compare(b: Builder, symbol: str, x: Any, y: Any) -> Any:
    """x < y and the like; `is` and `in` are for what is no tensor."""
    if symbol in ("is", "is not"):
        same = x is y or (isinstance(x, (Name, DType)) and x == y)
        return same == (symbol == "is")
    if isinstance(x, Drawn) or isinstance(y, Drawn):
        return x if isinstance(x, Drawn) else y
    if symbol in ("in", "not in"):
        if holds_tensor(x) or isinstance(y, Value):
            raise CannotLift(f"{_kind(x)} {symbol} {_kind(y)}")
        return _own(symbol, lambda a, c: a in c, x, y) == (symbol == "in")
    function, name = _COMPARE[symbol]
    if isinstance(x, Value) or isinstance(y, Value):
        if symbol in ("==", "!=") and (x is None or y is None):
            return symbol == "!="
        return rule(name).function(b, kept(x), kept(y))
    return _own(symbol, function, x, y)


def unary(b: Builder, symbol: str, x: Any) -> Any:
    """-x and the like; `not` is the caller's."""
    if isinstance(x, Drawn):
        return x
    function, name = _UNARY[symbol]
    if isinstance(x, Value):
        if symbol == "+":
            return x
        if symbol == "~" and x.dtype != "bool":
            name = "bitwise.invert"
        return rule(name).function(b, x)
    _check_plain(symbol, x)
    return _own(symbol, lambda a, _: function(a), x, None)


def subscript(b: Builder, x: Any, key: Any) -> Any:
    """x[key]."""
    if isinstance(x, Drawn):
        return x
    if isinstance(x, Value):
        return rule("__operators__.getitem").function(b, x, kept(key))
    if isinstance(x, np.ndarray) and holds_tensor(key):
        return rule("__operators__.getitem").function(b, tensor(b, kept(x)), kept(key))
    if isinstance(key, Value):
        if key.const is None or key.rank:
            raise CannotLift(f"{_kind(x)}[...] with a key that is computed")
        key = key.array().item()
    if isinstance(x, Name):
        return x  # a generic type, in an annotation
    _check_plain("[]", x)
    if isinstance(x, np.ndarray):
        _check_key(x, key)
    return _own("[]", operator.getitem, x, key)


def store(owner: np.ndarray, key: Any, value: Any, same: bool = False) -> None:
    """owner[key] = value, in an array that the function has made. same: the value must have the array's own shape and dtype kind."""
    if holds_tensor([value, *(key if isinstance(key, tuple) else [key])]):
        raise CannotLift("an assignment of a tensor to a part of an array")
    _check_plain("[]=", key, value)
    if same and (value.shape != owner.shape or not np.can_cast(value.dtype, owner.dtype, "same_kind")):
        raise CannotLift(f"an array of {owner.dtype} that is changed in place to one of {value.dtype} and shape {value.shape}")
    try:
        owner[key] = value
    except (TypeError, ValueError, LookupError) as error:
        raise CannotLift(f"an assignment to a part of an array ({type(error).__name__}: {error})") from error


def truth(x: Any) -> bool:
    """bool(x), which must be known now."""
    if isinstance(x, Drawn):
        raise CannotLift(str(x))
    if isinstance(x, Value):
        if x.const is None or x.rank:
            raise CannotLift("a condition that depends on the numbers in a tensor")
        return bool(x.array())
    if isinstance(x, np.ndarray) and x.size != 1:
        raise CannotLift("the truth of an array")
    return bool(x) if isinstance(x, _PLAIN) else True


def _classic(x: Any, y: Any) -> str:
    """The division of Python 2: whole numbers are divided without a rest."""
    whole = [x.dtype.startswith(("int", "uint")) if isinstance(x, Value) else isinstance(x, (int, np.integer)) for x in (x, y)]
    return "//" if all(whole) else "/"


def _own(symbol: str, function: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    try:
        with np.errstate(all="ignore"):
            return function(x, y)
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise CannotLift(f"{_kind(x)} {symbol} {_kind(y)} ({type(error).__name__}: {error})") from error


def _check_plain(symbol: str, *operands: Any) -> None:
    for x in operands:
        if not isinstance(x, _PLAIN):
            raise CannotLift(f"{symbol} with {_kind(x)}")


def _check_size(symbol: str, x: Any, y: Any) -> None:
    """Refuse what would be too long before it is made."""
    for one, other in ((x, y), (y, x)):
        if symbol == "*" and isinstance(one, _SEQUENCES) and isinstance(other, (int, np.integer)) and len(one) * int(other) > MAX_ITEMS:
            raise CannotLift(f"{_kind(one)} repeated {other} times")
    if symbol == "+" and isinstance(x, _SEQUENCES) and isinstance(y, _SEQUENCES) and len(x) + len(y) > MAX_ITEMS:
        raise CannotLift(f"a sequence of {len(x) + len(y)} items")
    if symbol == "%" and isinstance(x, (str, bytes)) and not _writes(x, y):
        raise CannotLift("text that is made with %")
    if isinstance(x, int) and isinstance(y, int):
        bits = {"**": x.bit_length() * max(y, 0), "<<": x.bit_length() + max(y, 0), "*": x.bit_length() + y.bit_length()}.get(symbol, 0)
        if bits > _MAX_BITS:
            raise CannotLift("a number of more than 1024 bits")
    if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
        one, other = np.shape(x), np.shape(y)
        size = (np.size(x), np.size(y)) if symbol == "@" else np.broadcast_shapes(one, other) if _broadcasts(one, other) else ()
        check(np.prod(size, dtype=float), "an array")


def _writes(text: str | bytes, values: Any) -> bool:
    """True where text % values is short: of numbers and words, none of them padded."""
    parts = values if isinstance(values, tuple) else (values,)
    plain = all(isinstance(x, (bool, int, float, str)) and not isinstance(x, DType) for x in parts)
    return isinstance(text, str) and plain and len(text) + sum(len(str(x)) for x in parts) < MAX_ITEMS and not _PADDED.search(text)


def _broadcasts(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(one[::-1], other[::-1], strict=False))


def _check_key(x: np.ndarray, key: Any) -> None:
    """Refuse an array that is indexed by arrays to one that is too long."""
    parts = key if isinstance(key, tuple) else (key,)
    chosen = [numbers(part) for part in parts if isinstance(part, (list, np.ndarray))]
    if chosen:
        check(np.prod(chosen, dtype=float) * (np.prod(x.shape[1:], dtype=float) if len(parts) == 1 else x.size), "an array")


def _joins(x: Any) -> bool:
    """True for what can stand beside a tensor: numbers, and lists of them and of tensors."""
    if isinstance(x, (list, tuple)):
        return all(map(_joins, x))
    return isinstance(x, (Value, bool, int, float, complex, np.ndarray, np.generic)) or (isinstance(x, str) and not isinstance(x, DType))


def _kind(x: Any) -> str:
    if isinstance(x, Value):
        return "a tensor"
    if isinstance(x, (Name, Method)):
        return x.name if isinstance(x, Method) else x.path
    return str(x) if isinstance(x, Drawn) else f"a {type(x).__name__}"
