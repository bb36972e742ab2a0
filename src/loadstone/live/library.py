"""The Keras that a user's class belongs to, found by its base class: nothing is imported that the class has not imported.

What the libraries spell differently (Keras 3, and Keras 2 as tf.keras or tf_keras) is in this module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import Any

import numpy as np

from loadstone.custom.classes import keras_layer_of, overrides
from loadstone.custom.hosting import to_array


class Library:
    """A Keras package, already imported by the user."""

    def __init__(self, keras: ModuleType) -> None:
        self._keras: Any = keras

    @property
    def is_keras_3(self) -> bool:
        """True for Keras 3 and its forerunner keras_core, which run on several backends."""
        return hasattr(self._keras, "ops")

    @property
    def backend(self) -> str:
        """What Keras runs on: "tensorflow", "jax", "torch" ("numpy" or "openvino" for prediction alone)."""
        return str(self._keras.config.backend()) if self.is_keras_3 and hasattr(self._keras, "config") else "tensorflow"

    @property
    def title(self) -> str:
        """Name, version and backend, for messages."""
        backend = f" on {self.backend}" if self.is_keras_3 else ""
        return f"{self._keras.__name__} {getattr(self._keras, '__version__', '')}{backend}"

    @contextmanager
    def scope(self, objects: Mapping[str, Any]) -> Iterator[None]:
        """Custom objects are found by the library's own `from_config` inside."""
        with self._keras.utils.custom_object_scope(dict(objects)):
            yield

    @contextmanager
    def inference(self) -> Iterator[None]:
        """No gradients are recorded inside."""
        torch: Any = sys.modules.get("torch")
        on_torch = torch is not None and self.backend == "torch"
        with torch.no_grad() if on_torch else nullcontext():
            yield

    def passes_masks(self, layer: Any) -> bool:
        """True where `compute_mask` of a layer is asked for the masks of what it returns."""
        return bool(layer.supports_masking if self.is_keras_3 else getattr(layer, "_supports_masking", layer.supports_masking))

    def builds_itself(self, layer: Any) -> bool:
        """True where a layer's class says how it is built; else only a call builds it."""
        own = overrides(layer, "build_from_config") or not getattr(layer.build, "_is_default", False)
        return own and hasattr(layer, "build_from_config")

    def symbol(self, shape: tuple[int | None, ...], dtype: str, name: str) -> Any:
        """A symbolic tensor: a layer called on it builds itself and says what it returns."""
        return self._keras.Input(shape=shape[1:], batch_size=shape[0], dtype=dtype, name=name)

    def to_tensor(self, array: np.ndarray) -> Any:
        """A tensor of the library's backend."""
        if array.dtype == object:
            return sys.modules["tensorflow"].constant(array)
        convert: Callable[[Any], Any] = (
            self._keras.ops.convert_to_tensor if self.is_keras_3 else sys.modules["tensorflow"].convert_to_tensor
        )
        return convert(array)

    def to_numpy(self, tensor: Any) -> np.ndarray:
        """The values of a tensor of the library's backend."""
        if self.is_keras_3 and not isinstance(tensor, np.ndarray):
            return np.asarray(self._keras.ops.convert_to_numpy(tensor))
        return to_array(tensor)


def library_of(given: Any) -> Library | None:
    """The Keras that a class, an instance or a partial of a class belongs to; None where it is no Keras layer."""
    package = keras_layer_of(given)
    return Library(sys.modules[package]) if package in sys.modules else None
