"""The Keras that a user's class belongs to, found by its base class: nothing is imported that the class has not imported.

What the libraries spell differently (Keras 3, and Keras 2 as tf.keras or tf_keras) is in this module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from types import ModuleType
from typing import Any

import numpy as np

from loadstone.custom.classes import keras_layer_of, overrides
from loadstone.custom.hosting import to_array
from loadstone.ir import dtypes


class Library:
    """A Keras package, already imported by the user."""

    def __init__(self, keras: ModuleType) -> None:
        self._keras: Any = keras

    @property
    def keras(self) -> Any:
        """The package itself."""
        return self._keras

    @property
    def package(self) -> ModuleType:
        """The package itself."""
        return self._keras  # type: ignore[no-any-return]

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

    def deserialize(self, config: dict[str, Any]) -> Any:
        """A layer or model of a config in the library's own spelling. Lambdas of stored code are refused by Keras 3."""
        if self.is_keras_3:
            return self._keras.saving.deserialize_keras_object(config, safe_mode=True)
        return self._keras.layers.deserialize(config)

    def compile(self, model: Any, config: Mapping[str, Any]) -> None:
        """Compile a model as a training config of the library says (`Trainer.compile_from_config` without the warnings)."""
        model.compile(**self._keras.saving.deserialize_keras_object(deepcopy(dict(config)), safe_mode=True))

    def optimizer(self, model: Any, class_name: str) -> Any:
        """The optimizer of a compiled model: the one inside, where Keras put one of another class around it."""
        found = model.optimizer
        inner = getattr(found, "inner_optimizer", None)
        return inner if inner is not None and class_name != "LossScaleOptimizer" else found

    def optimizer_variables(self, optimizer: Any, model: Any) -> list[Any]:
        """Its variables in order, made now where training would make them."""
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
        return list(optimizer.variables)

    def dtype_of(self, variable: Any) -> Any:
        """The numpy dtype of a variable."""
        name = getattr(variable.dtype, "name", None) or str(variable.dtype)
        return dtypes.to_numpy(name)

    def own_variables(self, layer: Any) -> list[Any]:
        """The variables of a layer that no layer inside it has, in the order in which it counts them."""
        if self.is_keras_3:
            return [*layer._trainable_variables, *layer._non_trainable_variables]
        return [*layer._trainable_weights, *layer._non_trainable_weights]

    def counts_otherwise(self, layer: Any) -> bool:
        """True where a class says itself in which order it takes values for its variables: quantized ones do."""
        return self.is_keras_3 and type(layer).load_own_variables is not self._keras.layers.Layer.load_own_variables

    def load(self, layer: Any, arrays: Mapping[int, np.ndarray]) -> None:
        """Give a layer values for its own variables, by number, as its class takes them."""
        own = self.own_variables(layer)
        if len(arrays) == len(own) and hasattr(layer, "load_own_variables"):
            layer.load_own_variables({str(number): arrays[number] for number in sorted(arrays)})
            return
        for number, array in arrays.items():
            own[number].assign(array)
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()

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
