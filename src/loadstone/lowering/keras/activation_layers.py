"""Activation layers: Activation, ReLU, LeakyReLU, PReLU, ELU, Softmax, ThresholdedReLU.

Semantics: keras/src/layers/activations of Keras 3; ThresholdedReLU is keras/layers/activation of tf.keras 2.
"""

from __future__ import annotations

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate, relu, softmax
from loadstone.lowering.keras.special import leaky_relu
from loadstone.lowering.registry import keras_layer


@keras_layer("Activation", options="activation", masking="pass")
def activation(b: Builder, layer: Layer, x: Value) -> Value:
    """A function of each element, or along the last axis."""
    return activate(b, x, layer.config["activation"])


@keras_layer("ReLU", options="max_value negative_slope threshold", masking="pass")
def relu_layer(b: Builder, layer: Layer, x: Value) -> Value:
    """x between threshold and max_value; below it negative_slope * (x - threshold)."""
    config = layer.config
    return relu(b, x, config.get("negative_slope") or 0.0, config.get("max_value"), config.get("threshold") or 0.0)


@keras_layer("LeakyReLU", options="negative_slope", masking="pass")
def leaky_relu_layer(b: Builder, layer: Layer, x: Value) -> Value:
    """x, or negative_slope * x below 0."""
    return leaky_relu(b, x, layer.config.get("negative_slope", 0.3))


@keras_layer("PReLU", weights=("alpha",), options="shared_axes", masking="pass")
def prelu(b: Builder, layer: Layer, x: Value, alpha: Value) -> Value:
    """x, or alpha * x below 0; alpha has the shape of a sample, 1 on shared axes."""
    return b.Sub(b.Relu(x), b.Mul(alpha, b.Relu(b.Neg(x))))


@keras_layer("ELU", options="alpha", masking="pass")
def elu_layer(b: Builder, layer: Layer, x: Value) -> Value:
    """x, or alpha (exp(x) - 1) below 0."""
    return b.Elu(x, alpha=float(layer.config.get("alpha", 1.0)))


@keras_layer("ThresholdedReLU", options="theta", masking="pass")
def thresholded_relu(b: Builder, layer: Layer, x: Value) -> Value:
    """x where x > theta, else 0."""
    return b.Where(b.Greater(x, layer.config.get("theta", 1.0)), x, 0)


@keras_layer("Softmax", options="axis masked_rows", masking="pass")
def softmax_layer(b: Builder, layer: Layer, inputs: Value, mask: Value | None = None) -> Value:
    """softmax along an axis, or over several at once; elements whose mask is false get nothing.

    Where a mask leaves nothing, the result is 0; `masked_rows` "uniform", which only history writes, shares evenly there.
    """
    axis = layer.config.get("axis", -1)
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    return masked_softmax(b, inputs, mask, axes, layer.config.get("masked_rows") != "uniform")


def masked_softmax(b: Builder, x: Value, mask: Value | None, axes: list[int], zero: bool = True) -> Value:
    """softmax over axes of what the mask (broadcast to x) leaves; where it leaves nothing 0, or equal shares if not `zero`."""
    if mask is not None:
        if mask.rank > x.rank:
            raise UnsupportedAttribute(f"a mask of shape {mask.shape} for inputs of shape {x.shape}")
        mask = mask if mask.dtype == "bool" else b.Greater(mask, 0.5)
        x = b.Where(mask, x, -3e4 if x.dtype == "float16" else -1e9)
    y = softmax(b, x, axes[0]) if len(axes) == 1 else _softmax_over(b, x, axes)
    return b.Where(mask, y, 0) if mask is not None and zero else y


def _softmax_over(b: Builder, x: Value, axes: list[int]) -> Value:
    """softmax over several axes at once."""
    over = sorted(axis % x.rank for axis in axes)
    kept = [axis for axis in range(x.rank) if axis not in over]
    perm = kept + over
    turned = b.transpose(x, perm)
    flat = b.reshape(turned, [*(b.dim(x, axis) for axis in kept), -1]) if kept else b.reshape(turned, [-1])
    y = b.reshape(b.Softmax(flat, axis=-1), b.dims(turned), turned.shape)
    return b.transpose(y, [perm.index(axis) for axis in range(x.rank)])
