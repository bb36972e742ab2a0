"""Calls that a walked function makes: of names that packages have, of Python's own functions, of methods.

A function of TensorFlow, Keras or numpy is a row of the symbol table (`lowering.tensorflow.symbols`). On what is no tensor Python's own,
those of `math` and numpy's run as they are (`known`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from loadstone.custom.lambdas import ERRORS
from loadstone.ir import dtypes, leaves
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era
from loadstone.lowering.python import layers, standard
from loadstone.lowering.python.attributes import TENSOR_METHODS, attribute
from loadstone.lowering.python.both import alike
from loadstone.lowering.python.known import MATH, PYTHON, has_numpy, known, listed, of_numpy, tried, writes
from loadstone.lowering.python.layers import Made
from loadstone.lowering.python.objects import (
    MAX_ITEMS,
    Callback,
    CannotLift,
    Drawn,
    DType,
    Fields,
    Function,
    Method,
    Name,
    Partial,
    Shape,
    Variables,
)
from loadstone.lowering.python.operations import binary, compare, holds_tensor, kept, truth
from loadstone.lowering.python.symbol_names import OPS, symbol_name
from loadstone.lowering.tensorflow.symbols import Symbol, is_random, symbol

Call = Callable[[Any, Sequence[Any], Mapping[str, Any]], Any]

# modules and functions whose presence people ask for
_MODULES = frozenset(
    "tensorflow.math. tensorflow.nn. tensorflow.image. tensorflow.linalg. tensorflow.keras. keras.ops.numpy. keras.ops.nn.".split()
)
_GONE: dict[str, Callable[[Era], bool]] = {"keras.backend.image_dim_ordering": lambda era: era.version < (2, 3) and not era.tf}
# arguments for training alone, which may be random
_UNUSED = {"keras.backend.in_train_phase": (0, "x"), "keras.backend.in_test_phase": (1, "alt")}
_SAME = frozenset("cast convert_to_tensor dtypes.cast keras.activations.linear keras.backend.cast keras.ops.cast to_float".split())
_SAME |= {"keras.ops.convert_to_tensor"}  # which return the very tensor, where nothing has to change
_VARIABLES = frozenset(f"keras.backend.{name}" for name in ("eye", "ones", "variable", "zeros"))  # which make one
_TYPES: dict[str, tuple[type, ...]] = {
    "list": (list,), "tuple": (tuple,), "dict": (dict,), "int": (int,), "float": (float,), "str": (str,), "bool": (bool,), "set": (set,),
}  # fmt: skip
_TENSOR_TYPES = frozenset({"tensorflow.Tensor", "keras.KerasTensor", "tensorflow.python.framework.ops.Tensor"})


class Caller:
    """Makes calls. call is the machine's own, for functions that are given to functions."""

    def __init__(
        self, b: Builder, call: Call, era: Era | None, within: Callable[[Builder], AbstractContextManager[None]], masked: bool = False,
        variables: Variables | None = None,
    ) -> None:  # fmt: skip
        self.b, self._call, self._era, self._within, self._masked, self._variables = b, call, era, within, masked, variables
        self._copied: list[Value] = []

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
        if isinstance(function, Made):
            if function.function is not None:
                return self._call(function.function, args, {**function.arguments, **kwargs})
            return self.note("", args, layers.call(self.b, function, args, kwargs, self._era, self._masked))
        if isinstance(function, str):
            raise CannotLift(f"a call of {function!r}, a function of which the file keeps the name alone")
        raise CannotLift(f"a call of {'a tensor' if isinstance(function, Value) else f'a {type(function).__name__}'}")

    def note(self, path: str, given: Sequence[Any], found: Any) -> Any:
        """What a function gives. One that has no op here has given another tensor all the same, but for those of `_SAME`."""
        if isinstance(found, Value) and path not in _SAME and any(x is found for x in leaves(list(given), Value)):
            self._copied.append(found)
        return found

    def is_copy(self, x: Value) -> bool:
        """True for a tensor that is the same here as one that a function was given, and another one there."""
        return any(x is found for found in self._copied)

    def _named(self, function: Name, args: list[Any], kwargs: dict[str, Any]) -> Any:
        package, _, name = function.path.rpartition(".")
        if package == "builtins":
            return self._builtin(name, args, kwargs)
        if package == "math" and name in MATH:
            return known(name, getattr(math, name), args, kwargs)
        if function.path.startswith("numpy.") and not holds_tensor([*args, *kwargs.values()]):
            name = function.path.removeprefix("numpy.")
            if has_numpy(name):
                return of_numpy(name, args, kwargs)
        path = symbol_name(function.path)
        if package in standard.PACKAGES:
            return standard.call(self.b, self._call, function.path, args, kwargs)
        if is_random(path):
            return Drawn(function.path)
        if path == "keras.activations.get" and len(args) == 1 and not kwargs:
            return Name("keras.activations.linear") if args[0] is None else _activation(args[0])
        class_name = layers.class_named(path)
        if class_name is not None:
            return layers.made(class_name, args, kwargs, self._era)
        if path in _UNUSED:
            place, name = _UNUSED[path]
            args = [None if i == place else x for i, x in enumerate(args)]
            kwargs = {key: None if key == name else x for key, x in kwargs.items()}
        drawn = next(leaves([args, kwargs], Drawn), None)
        if drawn is not None:
            return drawn
        args, kwargs = [self._callable(x) for x in args], {key: self._callable(x) for key, x in kwargs.items()}
        found = _shaped(path, self._symbol(function, path, args, kwargs).call(self.b, args, kwargs, self._era))
        if self._variables is not None and path in _VARIABLES and None not in found.shape:
            return self._variables.take((*args[2:3], kwargs.get("name"))[0], found)
        return self.note(path, [*args, *kwargs.values()], found)

    def _symbol(self, function: Name, path: str, args: list[Any], kwargs: dict[str, Any]) -> Symbol:
        """The row of a function; `tf.X` is that of the TensorFlow that saved the file."""
        found, before = symbol(path), None
        second = function.path.startswith("tensorflow.compat.v2.")
        if function.path.startswith("tensorflow.") and not second and not path.startswith(("compat.", "keras.")):
            before = symbol(f"compat.v1.{path}")
        if found is None and before is None:
            raise CannotLift(f"{function}, which is not among the functions known here")
        if found is None or before is None or found.means(before, len(args)):
            return found or before  # type: ignore[return-value]
        inner = function.path.startswith(OPS)  # a module of TensorFlow's own, with functions of both
        told = None if self._era is None or inner else self._era.tensorflow_1
        if told is None and not alike(found, before, args, kwargs):
            raise CannotLift(f"{function}, which TensorFlow 1 and 2 compute differently, and the file does not tell which it was")
        return before if told else found

    def _callable(self, x: Any) -> Any:
        """A function that is an argument, as one of Python over tensors."""
        if isinstance(x, (Function, Partial)) or isinstance(x, Name) and symbol(symbol_name(x.path)) is not None:
            return Callback(lambda args, kwargs: self._call(x, args, kwargs), self._within)
        if isinstance(x, Name):
            raise CannotLift(f"{x} as an argument")
        return kept(x)

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
        if name == "format" and not writes(owner, args, kwargs):
            raise CannotLift("text that is made with format()")
        if name in ("sort", "index", "count") and holds_tensor(owner):
            raise CannotLift(f"{name}() of a list of tensors")
        if name == "extend" and args and len(args[0]) + len(owner) > MAX_ITEMS:
            raise CannotLift(f"more than {MAX_ITEMS} items")
        if isinstance(owner, (np.ndarray, np.generic)) and name == "astype":
            return owner.astype(dtypes.to_numpy(str(args[0])))
        if isinstance(owner, (list, dict)) and not (name in ("index", "count") and holds_tensor(args)):
            return tried(name, getattr(owner, name), args, kwargs)
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
        return self.note(path, [x], found.call(self.b, [x, *map(kept, args)], {key: kept(value) for key, value in kwargs.items()}))

    # -- Python's own ---------------------------------------------------------------------------------------------------

    def _builtin(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        own = getattr(self, f"_builtin_{name}", None)
        if own is not None:
            return own(*args, **kwargs)
        if name in PYTHON:
            return known(name, PYTHON[name], args, kwargs)
        if name in ERRORS:
            return Name(f"builtins.{name}")
        if name == "reduce":
            return standard.call(self.b, self._call, "functools.reduce", args, kwargs)
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
        if default and not self._is_there(owner, name):
            return default[0]
        return attribute(owner, name)

    def _builtin_hasattr(self, owner: Any, name: str) -> bool:
        return self._is_there(owner, name)

    def _is_there(self, owner: Any, name: str) -> bool:
        """Whether something has an attribute. Raises CannotLift where nobody knows: Keras and TensorFlow differ from release to release."""
        if isinstance(owner, Name):
            found = attribute(owner, name)
            if not isinstance(found, Name) or symbol(symbol_name(found.path)) is not None or f"{found.path}." in _MODULES:
                return True
            if found.path in _GONE and self._era is not None:
                return _GONE[found.path](self._era)
            raise CannotLift(f"{found}, which may be there or not")
        if isinstance(owner, (bool, int, float, complex, str, bytes, list, tuple, dict, set, type(None))) and not isinstance(
            owner, (DType, Shape, Fields)
        ):
            return hasattr(type(owner), name)  # one that is there and unknown here is refused when it is used
        attribute(owner, name)
        return True

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
        return known("list", listed, [x], {})  # type: ignore[no-any-return]


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
    if path.endswith(("nn.top_k", "math.top_k", "keras.ops.top_k")) and isinstance(result, (list, tuple)):
        return Fields(("values", "indices"), result)
    return DType(result) if path in ("keras.backend.dtype", "keras.backend.floatx") and isinstance(result, str) else result


def _activation(x: Any) -> Any:
    """`keras.activations.get`."""
    return Name(f"keras.activations.{x}") if isinstance(x, str) else x


def _is_a(x: Any, kind: Any) -> bool:
    path = kind.path if isinstance(kind, Name) else ""
    if path in _TENSOR_TYPES:
        return isinstance(x, Value)
    name = path.removeprefix("builtins.")
    if not path.startswith("builtins.") or name not in _TYPES:
        raise CannotLift(f"isinstance() with {kind}")
    return isinstance(x, _TYPES[name]) and not isinstance(x, Value)
