"""What a class says about itself, by who defined its methods; nothing of it is run."""

from __future__ import annotations

from typing import Any

KERAS = ("keras", "tf_keras", "keras_core")
_THEIRS = (*KERAS, "tensorflow", "torch", "jax", "flax")  # packages whose classes are bases of Keras' own
_RUNS = ("call", "__call__")
_PREDICTS = ("predict", "predict_step", "make_predict_function")


class Functional:
    """Marker: `custom_objects={"MyModel": loadstone.Functional}` reads a Functional or Sequential config under the name of a
    class of the user's as the plain model that it describes. Right for a class that changes training alone (`train_step`)."""


def is_plain_model(given: Any) -> bool:
    """True where a Functional config under the name of this class is the graph that it describes.

    So it is for the marker, and for a Keras model class that leaves running and predicting to Keras.
    """
    return given is Functional or (keras_layer_of(given) is not None and not overrides(given, *_RUNS, *_PREDICTS))


def predicts_in_its_own_way(given: Any) -> bool:
    """True for a Keras model class whose `predict` is not a call."""
    return keras_layer_of(given) is not None and overrides(given, *_PREDICTS)


def keras_layer_of(given: Any) -> str | None:
    """The package whose Layer a class (or an instance, or a partial of a class) inherits from; None where it is no Keras layer."""
    bases = ((base.__name__, _package(base)) for base in _class(given).__mro__)
    return next((package for name, package in bases if name == "Layer" and package in KERAS), None)


def of_private_keras(given: Any) -> bool:
    """True for a layer of `tensorflow.python.keras`, a copy of Keras 2 that TensorFlow 2.6 to 2.15 held and no model is made of."""
    return any(base.__name__ == "Layer" and base.__module__.startswith("tensorflow.python.keras.") for base in _class(given).__mro__)


def overrides(given: Any, *methods: str) -> bool:
    """True where a class of the user's has one of these methods itself."""
    return any(method in vars(base) and _package(base) not in _THEIRS for base in _class(given).__mro__[:-1] for method in methods)


def _class(given: Any) -> type:
    given = getattr(given, "func", given)  # of a partial
    return given if isinstance(given, type) else type(given)


def _package(base: type) -> str:
    return base.__module__.partition(".")[0]
