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
    from loadstone.api import inspect, load_model
    from loadstone.model import Model

_ERRORS = (
    "LoadstoneError FormatError UnrecognizedFormat CorruptFile UnsupportedVersion UnsafeContent ModelError MissingWeights "
    "MissingCustomObjects LoweringError UnsupportedOps UnsupportedAttribute InferenceError InputMismatch MissingDependency"
)
_HOME = {
    "load_model": "api",
    "inspect": "api",
    "Model": "model",
    **dict.fromkeys(_ERRORS.split(), "errors"),
}

__all__ = ["Model", "__version__", "inspect", "load_model"]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'loadstone' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"loadstone.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
