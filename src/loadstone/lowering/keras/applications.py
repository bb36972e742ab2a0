"""Layers that `keras.applications` defines for itself: of ConvNeXt and InceptionResNetV2.

keras/src/applications/convnext.py, inception_resnet_v2.py.
"""

from __future__ import annotations

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_layer


@keras_layer("LayerScale", weights=("gamma",), options="init_values projection_dim")
def layer_scale(b: Builder, layer: Layer, x: Value, gamma: Value) -> Value:
    """x * gamma over the last axis."""
    return b.Mul(x, gamma)


@keras_layer("StochasticDepth", options="drop_path_rate")
def stochastic_depth(b: Builder, layer: Layer, x: Value, training: bool | None = None) -> Value:
    """x at inference."""
    if training:
        raise UnsupportedAttribute("StochasticDepth called with training=True, which is random")
    return x


@keras_layer("CustomScaleLayer", options="scale")
def custom_scale(b: Builder, layer: Layer, inputs: Structure) -> Value:
    """inputs[0] + inputs[1] * scale."""
    if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
        raise ModelError("a CustomScaleLayer takes two tensors")
    return b.Add(inputs[0], b.Mul(inputs[1], float(layer.config["scale"])))
