"""The names of `loadstone.tensorflow`: namespaces and functions by their path, made as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from loadstone import api
from loadstone.custom import custom_object_scope, get_custom_objects, register_keras_serializable
from loadstone.ir import dtypes, flatten
from loadstone.lowering import index
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import KIND, tensor

_MODELS: dict[str, Callable[..., Any]] = {"load_model": api.load_model, "save_model": api.save_model}
_OBJECTS: dict[str, Callable[..., Any]] = {
    "register_keras_serializable": register_keras_serializable,
    "custom_object_scope": custom_object_scope,
    "CustomObjectScope": custom_object_scope,
    "get_custom_objects": get_custom_objects,
}


def _constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> np.ndarray:
    """tf.constant: an array; Python's numbers are float32, int32 (int64 where they need it) or bool, text is bytes.

    Raises ValueError, TypeError or ModelError for what does not fit the dtype.
    """
    wanted = None if dtype is None else dtype if isinstance(dtype, str) else dtypes.of_numpy(np.dtype(dtype))
    array = np.asarray(value)
    if wanted is not None and (wanted == "string") != (array.dtype.kind in "OSU"):
        raise TypeError(f"{value!r} as {wanted}")
    if array.dtype.kind in "US" or not (isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "__array__")):
        wanted = wanted or _natural(value, array)
        if wanted is None and array.dtype.kind == "f" and (np.isfinite(array) & (np.abs(array) > np.finfo(np.float32).max)).any():
            raise ValueError(f"{value!r} has a number that float32 does not hold: give dtype=")
        array = tensor(Builder(), value, wanted).array()
    elif wanted is not None:
        array = array.astype(dtypes.to_numpy(wanted))
    return array if shape is None else np.broadcast_to(array, shape) if array.size == 1 else array.reshape(shape)


def _natural(value: Any, array: np.ndarray) -> str | None:
    """The dtype of a sequence of numpy's numbers: that of the first float; whole numbers without a sign are like others."""
    if array.dtype.kind == "u":
        return "int32" if array.max(initial=0) < 2**31 else "int64"
    leaf = next(iter(flatten(value)), None)
    return dtypes.of_numpy(leaf.dtype) if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind == "f" else None


def _load(export_dir: Any, tags: Any = None) -> Any:
    """tf.saved_model.load: what `load_model` opens, with its signatures."""
    return api.load_model(export_dir, tags=tags)


def _save(obj: Any, export_dir: Any, signatures: Any = None) -> Any:
    """tf.saved_model.save: a SavedModel, whatever the folder is called."""
    return api.save_model(obj, export_dir, save_format="saved_model", signatures=signatures)


_OWN: Mapping[str, Any] = {
    **{f"tensorflow.keras.{place}.{name}": function for place in ("models", "saving") for name, function in _MODELS.items()},
    **{f"tensorflow.keras.{place}.{name}": function for place in ("utils", "saving") for name, function in _OBJECTS.items()},
    "tensorflow.saved_model.load": _load,
    "tensorflow.saved_model.save": _save,
    "tensorflow.constant": _constant,
    "tensorflow.convert_to_tensor": _constant,
    **{
        f"tensorflow.{name}": dtypes.to_numpy(name)
        for name in "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128".split()
    },
    "tensorflow.string": np.dtype(object),
    "tensorflow.newaxis": None,
}


class Namespace:
    """A name of TensorFlow's: its parts are attributes, and where it is a function, it can be called."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.__name__ = path.rpartition(".")[2]

    def __getattr__(self, name: str) -> Any:
        path = f"{self.path}.{name}"
        if path in _OWN:
            return _OWN[path]
        if name.startswith("_") or not (path in _paths() or names_in(path)):
            raise AttributeError(f"loadstone.tensorflow has no {path.removeprefix('tensorflow.')}")
        found = self.__dict__[name] = Namespace(path)
        return found

    def __dir__(self) -> list[str]:
        return names_in(self.path)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function gives for arrays. Raises LoweringError or ModelError for what it does not take."""
        from loadstone.tensorflow.evaluation import evaluate

        if self.path not in _paths():
            raise TypeError(f"{self.path} is no function")
        return evaluate(self.path, args, kwargs)

    def __repr__(self) -> str:
        return f"<{self.path} of loadstone>"


@cache
def _paths() -> frozenset[str]:
    """The functions of the symbol table, as TensorFlow spells them."""
    known = (name for name in index.names(KIND) if not name.startswith(("__", "numpy.")))
    return frozenset(f"tensorflow.{name}" for name in known) | frozenset(
        f"tensorflow.{name.removeprefix('math.')}" for name in index.names(KIND) if name.startswith("math.")
    )


@cache
def names_in(path: str) -> list[str]:
    """What is in a namespace."""
    start = f"{path}."
    return sorted({known[len(start) :].partition(".")[0] for known in (*_OWN, *_paths()) if known.startswith(start)})
