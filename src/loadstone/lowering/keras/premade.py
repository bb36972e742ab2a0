"""LinearModel and WideDeepModel of tf.keras (keras/premade_models of 2.15), and RandomFourierFeatures."""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Layer, Structure, flatten, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.registry import keras_layer


@keras_layer("LinearModel", weights=("bias?",), options="units activation use_bias", raw=True)
def linear_model(walk: Walk, layer: Layer, call: Call) -> Structure:
    """The sum of a dense layer of each input, (batch, n) or a list or dict of such."""
    b, given = walk.b, call.first
    parts = list(layer.children.values())
    if isinstance(given, dict):
        absent = [part.name for part in parts if part.name not in given]
        if absent:
            raise ModelError(f"a LinearModel of {', '.join(part.name for part in parts)} is called without {', '.join(absent)}")
        inputs: list[Any] = [given[part.name] for part in parts]
    else:
        inputs = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(inputs) != len(parts) or set(call.arguments) != {"inputs"}:
        raise ModelError(f"a LinearModel of {len(parts)} inputs is called with {len(inputs)}")
    outputs = [walk.call(part, (Traced(x),), {}) for part, x in zip(parts, inputs, strict=True)]
    values = [leaf.value for output in outputs for leaf in flatten(output) if isinstance(leaf, Traced) and leaf.value is not None]
    if len(values) != len(parts):
        return None
    y = values[0]
    for value in values[1:]:
        y = b.Add(y, value)
    if layer.config.get("use_bias", True):
        y = b.Add(y, b.cast(b.weight(layer.weights["bias"]), y.dtype))
    return Traced(activate(b, y, layer.config.get("activation")))


@keras_layer("WideDeepModel", options="activation", raw=True)
def wide_deep_model(walk: Walk, layer: Layer, call: Call) -> Structure:
    """The sum of a linear model and another one, of the same inputs or of two."""
    given = call.first
    both = isinstance(given, (list, tuple)) and len(given) == 2
    wide, deep = given if isinstance(given, (list, tuple)) and both else (given, given)
    ends = [
        flatten(walk.call(layer.children[part], (map_structure(Traced, x),), {}, call.training))
        for part, x in (("linear_model", wide), ("dnn_model", deep))
    ]
    if any(not isinstance(leaf, Traced) or leaf.value is None for end in ends for leaf in end):
        return None
    if set(call.arguments) != {"inputs"} or [len(end) for end in ends] != [1, 1]:
        raise ModelError("a WideDeepModel is called with its inputs, and both its models give one tensor")
    return Traced(activate(walk.b, walk.b.Add(ends[0][0].value, ends[1][0].value), layer.config.get("activation")))


@keras_layer(
    "RandomFourierFeatures",
    weights=("kernel_scale", "unscaled_kernel", "bias"),
    options="output_dim kernel_initializer scale",
    autocast=False,
)
def random_fourier_features(b: Builder, layer: Layer, inputs: Value, kernel_scale: Value, unscaled_kernel: Value, bias: Value) -> Value:
    """cos(x @ (kernel / scale) + bias), x (batch, n): (batch, output_dim)."""
    kernel = b.Mul(b.Div(b.const(1.0, kernel_scale.dtype), kernel_scale), unscaled_kernel)
    return b.Cos(b.Add(b.MatMul(b.cast(inputs, "float32"), kernel), bias))
