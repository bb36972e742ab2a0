"""Classes of packages around Keras: which class of which package a config means, and weights that are put together when they are read.

A class that is registered says so ("Addons>Maxout"); one that is not is known by its module, or, in HDF5 files, by all its options. What
the caller supplies under the class's name comes first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.frontends.keras.names import THIRD_PARTY
from loadstone.ir import Layer, Tensor

_MODULES = {"tensorflow_addons": "Addons", "keras_contrib": "keras_contrib", "keras_self_attention": "keras_self_attention"}
_WEIGHTS = "beta gamma".split()
_OPTIONS = {
    "keras_contrib>InstanceNormalization": frozenset(
        ["axis", "epsilon", "center", "scale"]
        + [f"{name}_{kind}" for name in _WEIGHTS for kind in ("initializer", "regularizer", "constraint")]
    ),
    "keras_self_attention>SeqSelfAttention": frozenset(
        "units attention_width attention_type return_attention history_only use_additive_bias use_attention_bias kernel_initializer"
        " bias_initializer kernel_regularizer bias_regularizer kernel_constraint bias_constraint attention_activation"
        " attention_regularizer_weight".split()
    ),
    "keras_self_attention>SeqWeightedAttention": frozenset({"use_bias", "return_attention"}),
}
_COMMON = {"name", "trainable", "dtype", "batch_input_shape"}
_RECURRENT = ("SimpleRNN", "LSTM", "GRU", "RNN")


def class_of(stored: dict[str, Any]) -> str | None:
    """The name here of a class of such a package; None for any other."""
    written, module = stored["class_name"], str(stored.get("module") or "")
    package = _MODULES.get(module.partition(".")[0])
    named = [stored.get("registered_name"), written, f"{package}>{written}" if package else None]
    known = next((name for name in named if name in THIRD_PARTY), None)
    by_options = next((name for name in _OPTIONS if name.endswith(f">{written}")), None) if known is None and not module else None
    return by_options if by_options and set(stored["config"]) - _COMMON == _OPTIONS[by_options] else known


def with_clone(layer: Layer, clone: Layer) -> None:
    """WeightNormalization that takes its first weights from data keeps a copy of the layer inside, which only that needs."""
    if layer.config.get("data_init", True):
        layer.children["_naked_clone_layer"] = replace(clone, trainable=False)


def as_plain(layer: Layer) -> None:
    """Put the kernel inside a WeightNormalization together: its direction, as long as `g` says."""
    if layer.class_name != "Addons>WeightNormalization" or layer.given is not None or "g" not in layer.weights:
        return
    if not bool(layer.weights["initialized"].numpy()):
        raise ModelError(
            "a WeightNormalization that was saved before its first call, which sets its weights from the data", where=layer.path
        )
    inner, g = layer.children["layer"], layer.weights["g"]
    name = "recurrent_kernel" if inner.class_name in _RECURRENT else "kernel"
    inner.weights[name] = _scaled(inner.weights[name], g)
    layer.weights = {}
    layer.children = {"layer": inner}


def _scaled(kernel: Tensor, g: Tensor) -> Tensor:
    def load(array: np.ndarray) -> np.ndarray:
        axes = tuple(range(array.ndim - 1))
        square = np.sum(np.square(array), axes, keepdims=True)
        return np.asarray(array / np.sqrt(np.maximum(square, 1e-12)) * g.numpy(), array.dtype)

    return kernel.map(load)
