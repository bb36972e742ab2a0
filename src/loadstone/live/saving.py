"""Live Keras models of any release, saved by the library that they belong to. Nothing is imported that the model's class has not imported.

Keras 3: keras/src/saving/saving_api.py; Keras 2: keras/saving/legacy/save.py, where `save_format` and the suffix choose. What the library
of a model does not write itself is for the caller, who can read `first` and write it (`FIRST`).
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from loadstone.errors import LoadstoneError, LoweringError, MissingDependency
from loadstone.live.library import Library, library_of

_THEIRS = ("keras", "tf_keras", "keras_core", "tensorflow", "jax", "torch")
_V3_SINCE = (2, 12)  # the first tf.keras whose `.keras` is the v3 format


class LiveModel:
    """A living `keras.Model`, and which kinds of files its library writes of it. Raises TypeError for anything else."""

    def __init__(self, model: Any) -> None:
        library = library_of(model)
        if library is None or isinstance(model, type) or not all(callable(getattr(model, name, None)) for name in ("save", "save_weights")):
            raise TypeError(f"expected a loadstone.Model or a Keras model, got {type(model).__module__}.{type(model).__name__}")
        self.model = model
        self.library: Library = library

    @property
    def title(self) -> str:
        """The library's name, version and backend."""
        return self.library.title

    def writes(self, kind: str, zipped: bool = True) -> bool:
        """True for a kind of file (`export.kinds`) that the library itself writes."""
        if kind == "keras":
            return self.library.is_keras_3 or (self._release() >= _V3_SINCE and zipped)
        if kind == "saved_model":
            return not self.library.is_keras_3 or self.library.backend == "tensorflow"
        if kind == "weights":
            return self.library.is_keras_3 or self._release() >= (2, 13)
        return kind in ("h5", "json") or (kind == "legacy_weights" and not self.library.is_keras_3)

    @property
    def first(self) -> str:
        """The kind of a whole model that the library writes best."""
        return "keras" if self.writes("keras") else "h5"

    def save(self, path: str, kind: str, include_optimizer: bool = True, signatures: Any = None, zipped: bool = True) -> None:
        """Write a file, or a folder, of a kind that `writes` knows. Raises LoweringError with what the library says where it cannot."""
        try:
            self._writer(kind)(path, include_optimizer, signatures, zipped)
        except LoadstoneError:
            raise
        except ImportError as error:
            raise MissingDependency(f"{self.title} needs a package to write this: {error}") from error
        except Exception as error:  # whatever the library or the user's code raises
            raise LoweringError(f"{self.title} cannot save the model as {kind!r}: {type(error).__name__}: {error}") from error

    def objects(self) -> Mapping[str, Any]:
        """The user's own classes and functions that the model's layers are and have, under the names that a file has for them."""
        layers = [self.model, *getattr(self.model, "_flatten_layers", list)()]
        used: set[Any] = {type(layer) for layer in layers}
        used |= {value for layer in layers for value in vars(layer).values() if isinstance(value, FunctionType)}
        own = [thing for thing in used if thing.__module__.partition(".")[0] not in _THEIRS and thing.__name__.isidentifier()]
        named = getattr(self.library.keras.utils, "get_registered_name", lambda thing: thing.__name__)
        return {**{thing.__name__: thing for thing in own}, **{named(thing): thing for thing in own}}

    def _release(self) -> tuple[int, ...]:
        return tuple(
            int(part) for part in str(getattr(self.library.keras, "__version__", "0")).split("-")[0].split(".")[:2] if part.isdecimal()
        )

    def _writer(self, kind: str) -> Callable[[str, bool, Any, bool], None]:
        writers = {
            "keras": self._keras,
            "h5": self._h5,
            "saved_model": self._saved_model,
            "weights": self._weights,
            "legacy_weights": self._weights,
            "json": self._json,
        }
        return writers[kind]

    def _keras(self, path: str, include_optimizer: bool, signatures: Any, zipped: bool) -> None:
        named = path if path.endswith(".keras") or not zipped else f"{path}.keras"  # Keras insists on the suffix
        if self.library.is_keras_3:
            if not zipped:
                named = f"{path.removesuffix('.keras')}.folder"  # and on its absence
            self.model.save(named) if zipped else self.model.save(named, zipped=False)
        else:
            self.model.save(named, save_format="keras")
        if named != path:
            os.replace(named, path)

    def _h5(self, path: str, include_optimizer: bool, signatures: Any, zipped: bool) -> None:
        named = path if path.endswith((".h5", ".hdf5")) else f"{path}.h5"
        options = {} if self.library.is_keras_3 else {"save_format": "h5"}
        self.model.save(named, include_optimizer=include_optimizer, **options)
        if named != path:
            os.replace(named, path)

    def _saved_model(self, path: str, include_optimizer: bool, signatures: Any, zipped: bool) -> None:
        if not self.library.is_keras_3:
            self.model.save(path, save_format="tf", include_optimizer=include_optimizer, signatures=signatures)
            return
        if signatures is not None:
            raise ValueError("signatures= is for Keras 2; Keras 3 has keras.export.ExportArchive for endpoints of one's own")
        quiet = {"verbose": False} if "verbose" in inspect.signature(self.model.export).parameters else {}
        self.model.export(path, **quiet)

    def _weights(self, path: str, include_optimizer: bool, signatures: Any, zipped: bool) -> None:
        named = path if path.endswith(".h5") else f"{path}.weights.h5"
        self.model.save_weights(named)
        if named != path:
            os.replace(named, path)

    def _json(self, path: str, include_optimizer: bool, signatures: Any, zipped: bool) -> None:
        text = self.model.to_json()
        json.loads(text)
        with open(path, "w", encoding="utf8") as file:
            file.write(text)
