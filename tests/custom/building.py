"""Models of a few layers for the tests here, without a file: a config, weights, and what the caller supplies."""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.custom import CustomObjects
from loadstone.frontends.keras.config import read_model
from loadstone.ir import Model, Producer, Tensor
from loadstone.live import Hosts
from loadstone.lowering.lower import lower
from loadstone.runtime.executor import Executor

RELEASES = {"2.8.0": "tf.keras", "3.15.1": "keras"}


def dense(units: int, activation: Any = "linear", name: str = "dense") -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"name": name, "trainable": True, "units": units, "activation": activation, "use_bias": True}}


def layer(class_name: str, name: str | None = None, **config: Any) -> dict[str, Any]:
    """A layer as HDF5 files and tf.keras 2 have it."""
    return {"class_name": class_name, "config": {"name": name or class_name.lower(), "trainable": True, "dtype": "float32", **config}}


def sequential(*layers: dict[str, Any], shape: tuple[int | None, ...] = (None, 3), dtype: str = "float32") -> dict[str, Any]:
    first = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": list(shape), "dtype": dtype}}
    return {"class_name": "Sequential", "config": {"name": "net", "layers": [first, *layers]}}


class Built:
    """A model that runs. weights: layer name -> {weight name: array}."""

    def __init__(self, config: dict[str, Any], weights: dict[str, Any], objects: dict[str, Any] | None, release: str = "2.8.0") -> None:
        self.custom = CustomObjects(objects)
        producer = Producer(RELEASES[release], release)
        root = read_model(config, producer, self.custom)
        for inner in root.walk():
            inner.weights.update({name: Tensor.of(array) for name, array in weights.get(inner.name, {}).items()})
        self.custom.raise_missing()
        self.program = lower(Model("test", "test", producer, root), Hosts(self.custom.objects))
        self._executor = Executor(self.program)

    def __call__(self, *arrays: np.ndarray) -> Any:
        outputs = self._executor.run(list(arrays))
        return outputs[0] if len(outputs) == 1 else outputs


def x(*shape: int) -> np.ndarray:
    """Numbers to try things on."""
    return np.random.default_rng(0).normal(size=shape).astype("float32")
