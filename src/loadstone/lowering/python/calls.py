"""Calls that a walked function makes: of names that packages have, of Python's own functions, of methods.

A function of TensorFlow, Keras or numpy is a row of the symbol table (`lowering.tensorflow.symbols`). Python's own and those of `math`
run here, on what is no tensor; so do numpy's, on arrays that are known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.python.attributes import TENSOR_METHODS, attribute
from loadstone.lowering.python.both import alike
from loadstone.lowering.python.objects import MAX_ITEMS, CannotLift, Drawn, DType, Function, Method, Name, Partial, Shape
from loadstone.lowering.python.operations import binary, compare, holds_tensor, truth
from loadstone.lowering.tensorflow.symbols import Symbol, is_random, symbol

Call = Callable[[Any, Sequence[Any], Mapping[str, Any]], Any]

_MATH = frozenset(
    "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees erf exp expm1 fabs floor fmod gcd hypot isclose isfinite isinf "
    "isnan log log10 log1p log2 pow radians sin sinh sqrt tan tanh trunc prod".split()
)
# numpy's functions on what is known: those whose result is not longer than what they are given
_NUMPY = frozenset(
    "abs absolute all any argmax argmin argsort array asarray ceil clip concatenate cos cosh cumprod cumsum diag diff divide dot exp "
    "expand_dims flip floor log log10 log1p log2 max maximum mean min minimum mod multiply negative power prod ravel reshape roll round sign "
    "sin sinh size sort sqrt square squeeze stack std subtract sum swapaxes tan tanh transpose triu tril true_divide add var where".split()
)
_NUMPY_MAKING = frozenset("arange empty eye full identity linspace ones zeros".split())
# arguments for training alone, which may be random
_UNUSED = {"keras.backend.in_train_phase": (0, "x"), "keras.backend.in_test_phase": (1, "alt")}
_TYPES: dict[str, tuple[type, ...]] = {
    "list": (list,), "tuple": (tuple,), "dict": (dict,), "int": (int,), "float": (float,), "str": (str,), "bool": (bool,), "set": (set,),
}  # fmt: skip
_TENSOR_TYPES = frozenset({"tensorflow.Tensor", "keras.KerasTensor", "tensorflow.python.framework.ops.Tensor"})


class Caller:
    """Makes calls. call is the machine's own, for functions that are given to functions."""

    def __init__(self, b: Builder, call: Call, era: Era | None) -> None:
        self.b, self._call, self._era = b, call, era

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """What a call gives. Raises CannotLift."""
        if isinstance(function, Name):
            return self._named(function, args, kwargs)
        if isinstance(function, Method):
            return self._method(function, args, kwargs)
        if isinstance(function, DType):
            return self._converted(function, *args, **kwargs)
        if isinstance(function, Partial):
            return self._call(function.function, [*function.args, *args], {**function.kwargs, **kwargs})
        raise CannotLift(f"a call of {'a tensor' if isinstance(function, Value) else f'a {type(function).__name__}'}")

    def _named(self, function: Name, args: list[Any], kwargs: dict[str, Any]) -> Any:
        package, _, name = function.path.rpartition(".")
        if package == "builtins":
            return self._builtin(name, args, kwargs)
        if package == "math" and name in _MATH:
            return known(name, getattr(math, name), args, kwargs)
        if package == "numpy" and not holds_tensor([*args, *kwargs.values()]) and name in _NUMPY | _NUMPY_MAKING:
            return _of_numpy(name, args, kwargs)
        path = symbol_name(function.path)
        if is_random(path):
            return Drawn(function.path)
        if path in _UNUSED:
            place, name = _UNUSED[path]
            args = [None if i == place else x for i, x in enumerate(args)]
            kwargs = {key: None if key == name else x for key, x in kwargs.items()}
        args, kwargs = [self._callable(x) for x in args], {key: self._callable(x) for key, x in kwargs.items()}
        return _shaped(path, self._symbol(function, path, args, kwargs).call(self.b, args, kwargs, self._era))

    def _symbol(self, function: Name, path: str, args: list[Any], kwargs: dict[str, Any]) -> Symbol:
        """The row of a function; `tf.X` is that of the TensorFlow that saved the file."""
        found, before = symbol(path), None
        if function.path.startswith("tensorflow.") and not path.startswith(("compat.", "keras.")):
            before = symbol(f"compat.v1.{path}")
        if found is None and before is None:
            raise CannotLift(f"{function}, which is not among the functions known here")
        if found is None or before is None or found.means(before, len(args)):
            return found or before  # type: ignore[return-value]
        told = None if self._era is None else self._era.tensorflow_1
        if told is None and not alike(found, before, args, kwargs):
            raise CannotLift(f"{function}, which TensorFlow 1 and 2 compute differently, and the file does not tell which it was")
        return before if told else found

    def _callable(self, x: Any) -> Any:
        """A function that is an argument, as one of Python over tensors."""
        if isinstance(x, Function):
            return lambda *args, **kwargs: self._call(x, args, kwargs)
        if isinstance(x, Name):
            raise CannotLift(f"{x} as an argument")
        if isinstance(x, Drawn):
            raise CannotLift(str(x))
        return x

    def _converted(self, dtype: DType, x: Any = 0) -> Any:
        """np.float32(x)."""
        if isinstance(x, Value):
            return self.b.cast(x, dtype)
        return known(dtype, dtypes.to_numpy(dtype).type, [x], {})

    # -- methods --------------------------------------------------------------------------------------------------------

    def _method(self, method: Method, args: list[Any], kwargs: dict[str, Any]) -> Any:
        owner, name = method.owner, method.name
        if isinstance(owner, Value):
            return self._of_tensor(owner, name, args, kwargs)
        if isinstance(owner, Shape):
            return _of_shape(owner, name, args)
        if name == "join" and not (isinstance(args[0], (list, tuple)) and sum(len(part) + len(owner) for part in args[0]) < MAX_ITEMS):
            raise CannotLift("text that is joined")
        if name in ("sort", "index", "count") and holds_tensor(owner):
            raise CannotLift(f"{name}() of a list of tensors")
        if name == "extend" and args and len(args[0]) + len(owner) > MAX_ITEMS:
            raise CannotLift(f"more than {MAX_ITEMS} items")
        if isinstance(owner, np.ndarray) and name == "astype":
            return owner.astype(dtypes.to_numpy(str(args[0])))
        if isinstance(owner, (list, dict)) and not (name in ("index", "count") and holds_tensor(args)):
            return _tried(name, getattr(owner, name), args, kwargs)
        return known(name, getattr(owner, name), args, kwargs)

    def _of_tensor(self, x: Value, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if name == "get_shape":
            return Shape(x.shape)
        if name == "set_shape":
            return None
        if name == "astype":
            return self.b.cast(x, str(args[0]))
        if name == "copy":
            return x
        path = TENSOR_METHODS[name]
        found = symbol(path) if path else None
        if found is None:
            raise CannotLift(f"the method {name}() of a tensor")
        if name in ("reshape", "transpose") and len(args) > 1:
            args = [tuple(args)]
        return found.call(self.b, [x, *args], kwargs)

    # -- Python's own ---------------------------------------------------------------------------------------------------

    def _builtin(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        own = getattr(self, f"_builtin_{name}", None)
        if own is not None:
            return own(*args, **kwargs)
        if name in _PYTHON:
            return known(name, _PYTHON[name], args, kwargs)
        raise CannotLift(f"{name}()")

    def _builtin_len(self, x: Any) -> Any:
        if isinstance(x, Value):
            if not x.shape or x.shape[0] is None:
                raise CannotLift("len() of a tensor whose length is free")
            return x.shape[0]
        return known("len", len, [x], {})

    def _builtin_abs(self, x: Any) -> Any:
        return self._named(Name("tensorflow.abs"), [x], {}) if isinstance(x, Value) else known("abs", abs, [x], {})

    def _builtin_pow(self, x: Any, y: Any) -> Any:
        return binary(self.b, "**", x, y)

    def _builtin_sum(self, items: Any, start: Any = 0) -> Any:
        total = start
        for item in self._items(items):
            total = binary(self.b, "+", total, item)
        return total

    def _builtin_max(self, *args: Any) -> Any:
        return self._extreme(">", args)

    def _builtin_min(self, *args: Any) -> Any:
        return self._extreme("<", args)

    def _extreme(self, symbol: str, args: tuple[Any, ...]) -> Any:
        items = self._items(args[0]) if len(args) == 1 else list(args)
        if not items or holds_tensor(items):
            raise CannotLift("min() or max() of tensors")
        best = items[0]
        for item in items[1:]:
            best = item if compare(self.b, symbol, item, best) else best
        return best

    def _builtin_float(self, x: Any = 0.0) -> Any:
        return self._number("float", float, x)

    def _builtin_int(self, x: Any = 0) -> Any:
        return self._number("int", int, x)

    def _number(self, name: str, kind: type, x: Any) -> Any:
        if isinstance(x, Value):
            if x.const is None:
                raise CannotLift(f"{name}() of a tensor")
            x = x.array()
        return known(name, kind, [x], {})

    def _builtin_bool(self, x: Any = False) -> bool:
        return truth(x)

    def _builtin_isinstance(self, x: Any, kinds: Any) -> bool:
        return any(_is_a(x, kind) for kind in (kinds if isinstance(kinds, (list, tuple)) else (kinds,)))

    def _builtin_getattr(self, owner: Any, name: str, *default: Any) -> Any:
        try:
            return attribute(owner, name)
        except CannotLift:
            if default:
                return default[0]
            raise

    def _builtin_hasattr(self, owner: Any, name: str) -> bool:
        marker = object()
        return self._builtin_getattr(owner, name, marker) is not marker

    def _builtin_print(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is printed for a file."""

    def _builtin_map(self, function: Any, *sequences: Any) -> list[Any]:
        return [self._call(function, items, {}) for items in zip(*map(self._items, sequences), strict=False)]

    def _builtin_filter(self, function: Any, items: Any) -> list[Any]:
        return [x for x in self._items(items) if truth(self._call(function, [x], {}) if function is not None else x)]

    def _builtin_range(self, *args: Any) -> range:
        return known("range", range, [int(a) if isinstance(a, np.integer) else a for a in args], {})  # type: ignore[no-any-return]

    def _items(self, x: Any) -> list[Any]:
        if isinstance(x, Value):
            raise CannotLift("a loop over the rows of a tensor")
        return known("list", _listed, [x], {})  # type: ignore[no-any-return]


def symbol_name(path: str) -> str:
    """The name that the symbol table has for a function of a package: "tensorflow.nn.relu" is "nn.relu"."""
    for prefix, short in _PREFIXES:
        if path == prefix or path.startswith(f"{prefix}."):
            return f"{short}{path[len(prefix) :]}".lstrip(".")
    return path


_PREFIXES = (
    ("keras.backend.tensorflow_backend.tf", ""),  # `K.tf`, which Keras up to 2.2 imported
    ("keras.backend.tensorflow_backend", "keras.backend"),
    ("keras.backend.tf", ""),
    ("tensorflow.compat.v1.keras", "keras"),
    ("tensorflow.compat.v2.keras", "keras"),
    ("tensorflow.compat.v2", ""),
    ("tensorflow.contrib.keras", "keras"),
    ("tensorflow._api.v2", ""),
    ("tensorflow.python.keras.api._v1.keras", "keras"),
    ("tensorflow.python.keras.api._v2.keras", "keras"),
    ("tensorflow.python.keras", "keras"),
    ("tensorflow.keras", "keras"),
    ("tensorflow", ""),
    ("tf_keras", "keras"),
    ("keras._tf_keras.keras", "keras"),
    ("keras.api._v1.keras", "keras"),
    ("keras.api._v2.keras", "keras"),
    ("keras.src.backend.legacy", "keras.backend"),
    ("keras.src", "keras"),
    ("keras.api", "keras"),
)


def known(name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a function gives for what is no tensor."""
    if any(isinstance(x, Value) for x in (*args, *kwargs.values())):
        raise CannotLift(f"{name}() of a tensor")
    return _tried(name, function, args, kwargs)


def _tried(name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    try:
        return function(*args, **kwargs)
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise CannotLift(f"{name}() ({type(error).__name__}: {error})") from error


def _of_numpy(name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if name in _NUMPY_MAKING:
        _check_numbers(name, [*args, *kwargs.values()])
    elif math.prod(max(1, x.size) for x in args if isinstance(x, np.ndarray)) > 100 * MAX_ITEMS:
        raise CannotLift(f"numpy.{name}() of so many numbers")
    if isinstance(kwargs.get("dtype"), str):
        kwargs["dtype"] = dtypes.to_numpy(kwargs["dtype"])
    args = [dtypes.to_numpy(x) if isinstance(x, DType) else x for x in args]
    with np.errstate(all="ignore"):
        return known(f"numpy.{name}", getattr(np, name), args, kwargs)


def _check_numbers(name: str, args: list[Any]) -> None:
    """Refuse an array that is too long before it is made."""
    total = 1.0
    for x in args:
        if isinstance(x, (int, float, list, tuple)) and not isinstance(x, bool):
            total *= max(1.0, float(np.prod(np.abs(np.asarray(x, float)))))
    if not total <= 100 * MAX_ITEMS:
        raise CannotLift(f"numpy.{name}() of more than ten million numbers")


def _of_shape(shape: Shape, name: str, args: list[Any]) -> Any:
    if name == "as_list":
        return list(shape)
    if name == "num_elements":
        return None if None in shape else math.prod(shape)
    if name == "is_fully_defined":
        return None not in shape
    return known(name, getattr(tuple(shape), name), args, {})


def _shaped(path: str, result: Any) -> Any:
    """Shapes that functions give are shapes; dtypes are dtypes."""
    return DType(result) if path in ("keras.backend.dtype", "keras.backend.floatx") and isinstance(result, str) else result


def _is_a(x: Any, kind: Any) -> bool:
    path = kind.path if isinstance(kind, Name) else ""
    if path in _TENSOR_TYPES:
        return isinstance(x, Value)
    name = path.removeprefix("builtins.")
    if not path.startswith("builtins.") or name not in _TYPES:
        raise CannotLift(f"isinstance() with {kind}")
    return isinstance(x, _TYPES[name]) and not isinstance(x, Value)


def _listed(x: Any) -> list[Any]:
    if isinstance(x, range) and len(x) > MAX_ITEMS:
        raise ValueError(f"more than {MAX_ITEMS} items")
    found = []
    for item in x:
        found.append(item)
        if len(found) > MAX_ITEMS:
            raise ValueError(f"more than {MAX_ITEMS} items")
    return found


_PYTHON: dict[str, Callable[..., Any]] = {
    "list": lambda x=(): _listed(x),
    "tuple": lambda x=(): tuple(_listed(x)),
    "set": lambda x=(): set(_listed(x)),
    "dict": dict,
    "zip": lambda *parts: list(zip(*map(_listed, parts), strict=False)),
    "enumerate": lambda x, start=0: list(enumerate(_listed(x), start)),
    "reversed": lambda x: _listed(x)[::-1],
    "sorted": lambda x, reverse=False: sorted(_listed(x), reverse=reverse),
    "any": lambda x: any(map(truth, _listed(x))),
    "all": lambda x: all(map(truth, _listed(x))),
    "round": round,
    "slice": slice,
    "divmod": divmod,
    "iter": lambda x: iter(_listed(x)),
    "next": next,
    "xrange": range,
    "str": lambda x="": x if isinstance(x, str) else str(x) if isinstance(x, (int, float)) else _fail("str"),
}


def _fail(name: str) -> Any:
    raise TypeError(f"{name}() of something else")
