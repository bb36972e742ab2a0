"""loadstone opens saved Keras and TensorFlow models without TensorFlow, and runs them.

    model = loadstone.load_model("model.keras")
    model.summary()
    predictions = model.predict(data)

`api` holds the verbs, `model` what they return, `errors` every exception; ARCHITECTURE.md is the map of the rest. Names are
resolved when they are first used (PEP 562), so that importing the package loads no engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from loadstone.api import convert as convert
    from loadstone.api import inspect as inspect
    from loadstone.api import load_model as load_model
    from loadstone.api import load_weights as load_weights
    from loadstone.api import read_records as read_records
    from loadstone.api import save_model as save_model
    from loadstone.custom.classes import Functional as Functional
    from loadstone.custom.registry import custom_object_scope as custom_object_scope
    from loadstone.custom.registry import get_custom_objects as get_custom_objects
    from loadstone.custom.registry import register_keras_serializable as register_keras_serializable
    from loadstone.custom.rules import layer_rule as layer_rule
    from loadstone.errors import *  # noqa: F403
    from loadstone.model.model import Model as Model
    from loadstone.model.record_environment import RecordEnvironment as RecordEnvironment
    from loadstone.model.report import Report as Report

_ERRORS = (
    "LoadstoneError FormatError UnrecognizedFormat CorruptFile UnsupportedVersion UnsafeContent ModelError MissingWeights "
    "MissingCustomObjects VerificationError LoweringError UnsupportedOps UnsupportedAttribute InferenceError InputMismatch MissingDependency"
)
_HOME = {
    "convert": "api",
    "load_model": "api",
    "load_weights": "api",
    "inspect": "api",
    "read_records": "api",
    "save_model": "api",
    "Model": "model.model",
    "RecordEnvironment": "model.record_environment",
    "Report": "model.report",
    "Functional": "custom.classes",
    "custom_object_scope": "custom.registry",
    "get_custom_objects": "custom.registry",
    "layer_rule": "custom.rules",
    "register_keras_serializable": "custom.registry",
    **dict.fromkeys(_ERRORS.split(), "errors"),
}

__all__ = [*_HOME, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'loadstone' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"loadstone.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
