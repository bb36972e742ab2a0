"""What the global names of a walked function mean, and how a walk sees the objects of the running Python."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from loadstone.custom.bytecode import of_live
from loadstone.custom.lambdas import BUILTINS, ERRORS, PACKAGES
from loadstone.errors import UnsupportedVersion
from loadstone.ir import dtypes
from loadstone.lowering.python.attributes import of_package
from loadstone.lowering.python.objects import CannotLift, Cell, DType, Function, Living, Name, Partial

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), slice)
_ROOTS = ("tensorflow", "keras", "tf_keras", "numpy", "math", "loadstone.tensorflow", "functools", "itertools", "operator")


def global_name(name: str, given: Mapping[str, Any]) -> Any:
    """What a global name of a stored function means: what the caller gave for it, a package, a function of Python's own."""
    if name in given:
        return meaning(given[name])
    if name in PACKAGES:
        return Name(PACKAGES[name])
    if name in BUILTINS or name in ERRORS:
        return Name(f"builtins.{name}")
    if name in ("True", "False", "None"):
        return {"True": True, "False": False}.get(name)
    raise CannotLift(f"{name!r}, which is defined outside of it")


def meaning(x: Any) -> Any:
    """A living object as a walk handles it: a package as a name, a function with its code. Nothing of it is called."""
    x = _unwrapped(x)
    if isinstance(x, _PLAIN) or isinstance(x, np.generic) and x.dtype != object:
        return x
    if isinstance(x, np.ndarray) and x.dtype != object:
        seen = x.view()
        seen.flags.writeable = False  # it is the user's: no walk may change it
        return seen
    if isinstance(x, (list, tuple)):
        return type(x)(map(meaning, x)) if type(x) in (list, tuple) else _refused(x)
    if isinstance(x, dict):
        return {key: meaning(value) for key, value in x.items()}
    if isinstance(x, ModuleType):
        return _package(x.__name__)
    if isinstance(x, type) and x.__module__ == "builtins":
        return Name(f"builtins.{x.__name__}")
    if isinstance(x, np.dtype) or isinstance(x, type) and issubclass(x, np.generic):
        return DType(dtypes.of_numpy(np.dtype(x)))
    if isinstance(x, BuiltinFunctionType) and x.__module__ == "builtins":
        return Name(f"builtins.{x.__name__}")
    named = _named(x)
    if named is not None:
        return named
    if isinstance(x, FunctionType):
        return live_function(x)
    if isinstance(x, MethodType):
        return Partial(meaning(x.__func__), (Living(x.__self__),))
    if isinstance(x, partial):
        return Partial(meaning(x.func), tuple(map(meaning, x.args)), meaning(x.keywords))
    dtype = getattr(x, "as_numpy_dtype", None)  # a tf.DType
    if dtype is not None and not callable(getattr(x, "shape", None)):
        return DType(x.name)
    return _refused(x)


def attribute_of(living: Living, name: str) -> Any:
    """An attribute that an object itself holds, or a method of its class; properties are not run."""
    own = getattr(living.object, "__dict__", {})
    if name in own:
        return meaning(own[name])
    for cls in type(living.object).__mro__:
        if name in vars(cls):
            found = vars(cls)[name]
            if isinstance(found, FunctionType):
                return Partial(meaning(found), (living,))
            return meaning(found.__func__) if isinstance(found, staticmethod) else meaning(found)
    raise CannotLift(f"the attribute {name!r} of a {type(living.object).__name__}")


def live_function(function: FunctionType) -> Function:
    """A function of the running Python with what belongs to it; its globals are looked up when they are used."""
    try:
        code = of_live(function.__code__)
    except UnsupportedVersion as error:
        raise CannotLift(error.message) from error
    known = function.__globals__

    def names(name: str) -> Any:
        if name in known:
            return meaning(known[name])
        if name == "print":
            raise CannotLift("print, whose text is wanted at every call")
        if hasattr(builtins, name):
            return meaning(getattr(builtins, name))
        raise CannotLift(f"{name!r}, which is not defined")

    closure = dict(zip(code.free, map(_cell, function.__closure__ or ()), strict=True))
    defaults = tuple(map(meaning, function.__defaults__ or ()))
    return Function(code, names, defaults, meaning(function.__kwdefaults__ or {}), closure)


def _cell(cell: Any) -> Cell:
    try:
        return Cell(meaning(cell.cell_contents), True)
    except ValueError:  # it is empty
        return Cell()


def _unwrapped(x: Any) -> Any:
    """The function inside a tf.function, or one of functools.wraps."""
    for _ in range(10):
        inner: Any = getattr(x, "python_function", None) or (getattr(x, "__wrapped__", None) if isinstance(x, FunctionType) else None)
        if inner is None or _named(x) is not None:
            return x
        x = inner
    return x


def _package(path: str) -> Name:
    if path.partition(".")[0] not in {name.partition(".")[0] for name in _ROOTS}:
        raise CannotLift(f"the module {path}")
    return Name(path.removeprefix("loadstone."))


def _named(x: Any) -> Any:
    """A function of a known package, by its public name; None for what is none."""
    if isinstance(x, MethodType) or not callable(x):
        return None
    module, name = getattr(x, "__module__", None) or "", getattr(x, "__name__", "")
    if isinstance(x, np.ufunc) or module == "numpy" or module.startswith("numpy."):
        return of_package(Name("numpy.linalg" if module.startswith("numpy.linalg") else "numpy"), name)
    if module == "math":
        return Name(f"math.{name}")
    root = module.partition(".")[0]
    exported = getattr(x, "_tf_api_names", None) or getattr(x, "_keras_api_names", None)
    if exported and root in ("tensorflow", "keras", "tf_keras"):
        return Name(f"tensorflow.{exported[0]}" if not str(exported[0]).startswith("keras.") else str(exported[0]))
    if root == "loadstone" and module.startswith("loadstone.tensorflow"):
        return Name(getattr(x, "path", f"tensorflow.{name}"))
    if root in ("keras", "tf_keras"):
        return _of_keras(module, name)
    return None


def _of_keras(module: str, name: str) -> Name | None:
    """The public name of a function that Keras defines in a module of its own."""
    for part, public in (
        ("activations", "keras.activations"),
        ("ops", "keras.ops"),
        ("backend", "keras.backend"),
        ("losses", "keras.losses"),
    ):
        if part in module.split("."):
            return Name(f"{public}.{name}")
    return None


def _refused(x: Any) -> Any:
    raise CannotLift(getattr(x, "__qualname__", None) or f"an object of type {type(x).__name__}")
