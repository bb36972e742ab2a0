"""Dense and the small layers around it.

Semantics: keras/src/layers/core of Keras 3.
"""

from __future__ import annotations

from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.registry import keras_layer


@keras_layer("Dense", weights=("kernel", "bias?"), options="units activation use_bias", masking="pass")
def dense(b: Builder, layer: Layer, x: Value, kernel: Value, bias: Value | None = None) -> Value:
    """x @ kernel + bias over the last axis.

    x (batch, ..., n), kernel (n, units), bias (units,) -> (batch, ..., units), dtype of x.
    """
    y: Value = b.MatMul(b.cast(x, kernel.dtype), kernel)
    if bias is not None:
        y = b.Add(y, bias)
    return activate(b, y, layer.config["activation"])
