"""Which Keras a living model belongs to, its version and its backend; asked of what the process has imported, and nothing else is."""

from __future__ import annotations

import sys
from typing import Any

from loadstone.custom.classes import keras_layer_of
from loadstone.environment.pins import is_version
from loadstone.environment.ranges import numbers
from loadstone.environment.record import Framework


def framework_of(model: Any) -> Framework | None:
    """The framework of a model (or class) of Keras 2 or 3; None for anything else.

    Keras below 3 that came with TensorFlow 2.6 and later is "tf.keras".
    """
    package = keras_layer_of(model)
    keras: Any = sys.modules.get(package) if package is not None else None
    if package is None or keras is None:
        return None
    version = str(getattr(keras, "__version__", ""))
    if hasattr(keras, "ops") and hasattr(keras, "config"):
        backend = str(keras.config.backend())
        return Framework(package, _valid(version), backend, _version_of(backend))
    library = "tf.keras" if package == "keras" and (numbers(version) or ()) >= (2, 5) else package
    return Framework(library, _valid(version), "tensorflow", _version_of("tensorflow"))


def _version_of(backend: str) -> str:
    """The version that an imported backend says it has."""
    return _valid(str(getattr(sys.modules.get(backend), "__version__", "")))


def _valid(version: str) -> str:
    return version if is_version(version) else ""
