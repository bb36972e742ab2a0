"""Who saved a file, from the version strings in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from loadstone.frontends.keras.history.doubts import UNDATED
from loadstone.frontends.keras.history.keras_0 import is_keras_0
from loadstone.frontends.keras.keras_1_weights import backend_of
from loadstone.ir import Producer


def of_versions(version: Any, *, backend: str | None = None, date: Any = None, config: Any = None, names: Iterable[str] = ()) -> Producer:
    """The producer for a `keras_version`.

    tf.keras writes its own Keras version: "2.3.0-tf", "2.4.0" (TensorFlow 2.3 and 2.4), from 2.5 that of its `keras`
    package; standalone Keras ended with 2.4.3, which only handed on to tf.keras. So "2.4" and later is tf.keras, an
    earlier one where "-tf" says so. Versions of Keras 3 begin with 3. names are those of weights: up to Keras 1 they tell the backend.
    """
    text = str(version) if isinstance(version, (str, int, float)) else None
    number = text.partition("-")[0] if text else None
    producer = Producer("keras", number, backend, date if isinstance(date, str) else None)
    tensorflow = text is not None and ("-tf" in text or (2, 4) <= producer.release < (3,))
    if text is None and _of_keras_3(config):
        return Producer("keras", _evident(config), backend, producer.date)
    if text is None and is_keras_0(config):
        return Producer("keras", "0.3", backend or "theano")
    if text is None and _of_keras_1(config):
        producer = Producer("keras", UNDATED, backend)
    if (1,) <= producer.release < (2,):
        return replace(producer, backend=backend or backend_of(names))
    return Producer("tf.keras", number, backend, producer.date) if tensorflow else producer


def _of_keras_1(config: Any) -> bool:
    from loadstone.frontends.keras.history.keras_1 import is_keras_1  # few files need it

    return is_keras_1(config)


def _of_keras_3(config: Any) -> bool:
    """True for a config that says where its classes are from: Keras 3 alone writes `registered_name` beside keras' own modules."""
    module = str(config.get("module", "")) if isinstance(config, dict) else ""
    return module == "keras" or module.startswith(("keras.src.models", "keras.models"))


def _evident(config: Any) -> str:
    """The earliest release of Keras 3 that writes what a config without a version holds (`InputLayer.get_config`)."""
    text = json.dumps(config)
    return next((release for release, option in _SINCE if f'"{option}":' in text), "3.0")


_SINCE = (("3.13", "optional"), ("3.9", "ragged"))
