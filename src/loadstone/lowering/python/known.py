"""What functions give for what is no tensor: Python's own, those of `math`, and numpy's on arrays that are known.

Whatever they would make is refused before it is made where it is too long.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.python.bounds import check, numbers
from loadstone.lowering.python.objects import MAX_ITEMS, CannotLift, DType
from loadstone.lowering.python.operations import truth

_FIELDS = re.compile(r"[^{}]*(\{\w*(:[.0-9]{0,2}[a-z]?)?\}[^{}]*)*")
MATH = frozenset(
    "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees erf exp expm1 fabs floor fmod gcd hypot isclose isfinite isinf "
    "isnan log log10 log1p log2 pow radians sin sinh sqrt tan tanh trunc prod".split()
)
# numpy's functions on what is known: those whose result is not longer than what they are given
_NUMPY = frozenset(
    "abs absolute add all any arccos arcsin arctan arctan2 argmax argmin argsort array array_equal asarray ceil clip concatenate cos "
    "cosh cross cumprod cumsum deg2rad degrees diag diff divide dot exp expand_dims flip fliplr flipud floor floor_divide fmod "
    "hstack isnan linalg.norm log log10 log1p log2 logical_and logical_not logical_or matmul max maximum mean meshgrid min minimum "
    "mod multiply negative outer power prod rad2deg radians ravel reshape rint roll round sign sin sinh size sort sqrt square "
    "squeeze stack std subtract sum swapaxes tan tanh trace transpose tril triu true_divide var vstack where".split()
)
_NUMPY_REPEATING = frozenset("repeat tile".split())
_NUMPY_SQUARING = frozenset("diag tril triu".split())  # what has one axis
_NUMPY_MAKING = frozenset("arange empty eye full identity linspace ones zeros".split())


def known(name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a function gives for what is no tensor."""
    if any(isinstance(x, Value) for x in (*args, *kwargs.values())):
        raise CannotLift(f"{name}() of a tensor")
    return tried(name, function, args, kwargs)


def tried(name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a function gives. Raises CannotLift with what it raises."""
    try:
        return function(*args, **kwargs)
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise CannotLift(f"{name}() ({type(error).__name__}: {error})") from error


def has_numpy(name: str) -> bool:
    """Whether a function of numpy may run here."""
    return name in _NUMPY | _NUMPY_MAKING | _NUMPY_REPEATING


def of_numpy(name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """What a function of numpy gives for what is no tensor."""
    if name in _NUMPY_MAKING:
        _check_numbers(name, [*args, *kwargs.values()])
    elif name in _NUMPY_REPEATING:
        _check_numbers(name, [numbers(args[0]), *args[1:2], *(kwargs.get(key, 1) for key in ("repeats", "reps"))])
    else:
        squared = args[:1] if name in _NUMPY_SQUARING and args and np.ndim(args[0]) == 1 else []
        check(math.prod(max(1, numbers(x)) for x in (*args, *kwargs.values(), *squared)), f"numpy.{name}()")
    if isinstance(kwargs.get("dtype"), str):
        kwargs["dtype"] = dtypes.to_numpy(kwargs["dtype"])
    args = [dtypes.to_numpy(x) if isinstance(x, DType) else x for x in args]
    with np.errstate(all="ignore"):
        return known(f"numpy.{name}", np.linalg.norm if name == "linalg.norm" else getattr(np, name), args, kwargs)


def _check_numbers(name: str, args: list[Any]) -> None:
    """Refuse an array that is too long before it is made."""
    total = 1.0
    for x in args:
        if isinstance(x, (int, float, list, tuple, np.ndarray, np.integer)) and not isinstance(x, bool):
            total *= max(1.0, float(np.prod(np.abs(np.asarray(x, float)))), float(np.size(x)))
    check(total, f"numpy.{name}()")


def writes(text: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """True where text.format(...) is short: of numbers and words by their places or names, none of them padded."""
    parts = [*args, *kwargs.values()]
    plain = all(isinstance(x, (bool, int, float, str)) and not isinstance(x, DType) for x in parts)
    return plain and len(text) + sum(len(str(x)) for x in parts) < MAX_ITEMS and _FIELDS.fullmatch(text) is not None


def listed(x: Any) -> list[Any]:
    """The items of something, which are not too many."""
    found = list(islice(x, MAX_ITEMS + 1))
    if len(found) > MAX_ITEMS:
        raise ValueError(f"more than {MAX_ITEMS} items")
    return found


PYTHON: dict[str, Callable[..., Any]] = {
    "list": lambda x=(): listed(x),
    "tuple": lambda x=(): tuple(listed(x)),
    "set": lambda x=(): set(listed(x)),
    "dict": dict,
    "zip": lambda *parts: list(zip(*map(listed, parts), strict=False)),
    "enumerate": lambda x, start=0: list(enumerate(listed(x), start)),
    "reversed": lambda x: listed(x)[::-1],
    "sorted": lambda x, reverse=False: sorted(listed(x), reverse=reverse),
    "any": lambda x: any(map(truth, listed(x))),
    "all": lambda x: all(map(truth, listed(x))),
    "round": round,
    "slice": slice,
    "divmod": divmod,
    "iter": lambda x: iter(listed(x)),
    "next": next,
    "xrange": range,
    "str": lambda x="": x if isinstance(x, str) else str(x) if isinstance(x, (int, float)) else _fail("str"),
}


def _fail(name: str) -> Any:
    raise TypeError(f"{name}() of something else")
