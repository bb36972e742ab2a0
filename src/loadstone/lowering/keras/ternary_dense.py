"""TernaryDense (Keras 3.16): a Dense layer whose kernel is -1, 0 and 1 by the time it is used.

Semantics: keras/src/layers/core/ternary_dense.py. `quantize("ternary")` stores those three numbers, packed; until then they are made of
the float kernel, whose mean magnitude is half the threshold and the factor of the product where the config has no threshold.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.core import dense
from loadstone.lowering.registry import keras_layer


@keras_layer(
    "TernaryDense",
    weights=("kernel", "bias?", "kernel_scale?"),
    options="units threshold use_bias activation unscaled",
    masking="pass",
    autocast="inputs",
)
def ternary_dense(
    b: Builder, layer: Layer, inputs: Value, kernel: Value, bias: Value | None = None, kernel_scale: Value | None = None
) -> Value:
    """mean(|kernel|) * (inputs @ sign of kernel where |kernel| is above the threshold, else 0) + bias.

    inputs (batch, ..., n), kernel (n, units), bias (units,) -> (batch, ..., units), in the compute dtype.
    """
    if kernel_scale is not None:
        return dense(b, layer, inputs, kernel, bias, kernel_scale=kernel_scale)
    compute, threshold, stored = layer.policy.compute, layer.config.get("threshold"), kernel.const
    if stored is None or inputs.rank < 2:
        raise ModelError(f"a TernaryDense layer is given a tensor of shape {inputs.shape}")

    def made(what: Callable[[np.ndarray, np.floating], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
        def make(values: np.ndarray) -> np.ndarray:
            size = np.abs(values.astype(np.float32))
            return np.asarray(what(values, size.mean(dtype=np.float32)), np.float32)

        return make

    def signs(values: np.ndarray, mean: np.floating) -> np.ndarray:
        limit = np.float32(0.5) * mean if threshold is None else np.float32(threshold)
        wide = values.astype(np.float32)
        return np.asarray(np.sign(wide) * (np.abs(wide) > limit))

    y = b.MatMul(b.cast(inputs, compute), b.cast(b.weight(stored.map(made(signs), stored.shape, "float32")), compute))
    if threshold is None:
        y = b.Mul(y, b.cast(b.weight(stored.map(made(lambda _, mean: np.asarray(mean)), (), "float32")), compute))
    if bias is not None:
        y = b.Add(y, b.cast(bias, compute))
    return activate(b, y, layer.config.get("activation"))
