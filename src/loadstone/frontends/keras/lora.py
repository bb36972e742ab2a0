"""Low-rank adapters of Keras 3 (`layer.enable_lora`): merged into the weight that they adapt.

`.keras` files hold the merged weight already; HDF5 files hold the three parts. Merged is `w + alpha / rank * a @ b`
(keras/src/layers/core/dense.py, `kernel`), where files before Keras 3.11 know no alpha: it is the rank then.
"""

from __future__ import annotations

from loadstone.frontends.keras.variable import Variable
from loadstone.ir import Layer

_ADAPTED = ("kernel", "embeddings")


def lora_variables(layer: Layer, plain: list[Variable]) -> list[Variable]:
    """The adapter's two matrices, where the layer has one."""
    if not layer.config.get("lora_rank"):
        return []
    adapted = [variable.label for variable in plain if variable.label in _ADAPTED]
    return [Variable(f"lora_{label}_{part}") for label in adapted for part in "ab"]


def merge_lora(layer: Layer) -> None:
    """Put the adapter into the weight; beside one of integers it stays what it is."""
    if layer.policy.quantization not in (None, "float8"):
        return
    for name in _ADAPTED:
        a, b = layer.weights.pop(f"lora_{name}_a", None), layer.weights.pop(f"lora_{name}_b", None)
        if a is None or b is None:
            continue
        rank = layer.config["lora_rank"]
        scale = (layer.config.get("lora_alpha") or rank) / rank
        first, second = a, b
        layer.weights[name] = layer.weights[name].map(lambda w: w + (scale * (first.numpy() @ second.numpy())).astype(w.dtype))  # noqa: B023
