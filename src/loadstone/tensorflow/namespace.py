"""The names of `loadstone.tensorflow`: namespaces and functions by their path, made as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from loadstone import api
from loadstone.custom import custom_object_scope, get_custom_objects, register_keras_serializable
from loadstone.ir import dtypes
from loadstone.lowering import index
from loadstone.lowering.tensorflow.symbols import KIND

_MODELS: dict[str, Callable[..., Any]] = {"load_model": api.load_model, "save_model": api.save_model}
_OBJECTS: dict[str, Callable[..., Any]] = {
    "register_keras_serializable": register_keras_serializable,
    "custom_object_scope": custom_object_scope,
    "CustomObjectScope": custom_object_scope,
    "get_custom_objects": get_custom_objects,
}


def _constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> np.ndarray:
    """tf.constant: an array; Python's numbers are float32, int32 or bool, text is bytes."""
    array = np.asarray(value)
    if array.dtype.kind in "US":
        array = np.char.encode(array.astype(str)).astype(object) if array.dtype.kind == "U" else array.astype(object)
    elif dtype is not None:
        array = array.astype(dtypes.to_numpy(str(np.dtype(dtype) if not isinstance(dtype, str) else dtype)))
    elif not isinstance(value, (np.ndarray, np.generic)):
        array = array.astype({"f": "float32", "i": "int32"}.get(array.dtype.kind, array.dtype))
    return array if shape is None else np.broadcast_to(array, shape) if array.size == 1 else array.reshape(shape)


def _save(obj: Any, export_dir: Any, signatures: Any = None) -> Any:
    """tf.saved_model.save: a SavedModel, whatever the folder is called."""
    return api.save_model(obj, export_dir, save_format="saved_model", signatures=signatures)


_OWN: Mapping[str, Any] = {
    **{f"tensorflow.keras.{place}.{name}": function for place in ("models", "saving") for name, function in _MODELS.items()},
    **{f"tensorflow.keras.{place}.{name}": function for place in ("utils", "saving") for name, function in _OBJECTS.items()},
    "tensorflow.saved_model.load": api.load_model,
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
