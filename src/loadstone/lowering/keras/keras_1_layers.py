"""Layers that Keras 1 had and Keras 2 dropped: Highway, MaxoutDense, SReLU, ParametricSoftplus, TimeDistributedMerge.

keras/layers/core.py and advanced_activations.py of 1.2.2, keras/layers/core.py of 0.3.3.
"""

from __future__ import annotations

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.registry import keras_layer


@keras_layer("Highway", weights=("kernel", "carry_kernel", "bias?", "carry_bias?"), options="activation use_bias", masking="pass")
def highway(
    b: Builder, layer: Layer, x: Value, kernel: Value, carry_kernel: Value, bias: Value | None = None, carry_bias: Value | None = None
) -> Value:
    """A gate for each element, sigmoid(x @ carry_kernel + carry_bias), between activation(x @ kernel + bias) and x itself."""
    y, gate = b.MatMul(x, kernel), b.MatMul(x, carry_kernel)
    if bias is not None and carry_bias is not None:
        y, gate = b.Add(y, bias), b.Add(gate, carry_bias)
    gate = b.Sigmoid(gate)
    y = activate(b, y, layer.config.get("activation"))
    return b.Add(b.Mul(y, gate), b.Mul(b.Sub(1, gate), x))


@keras_layer("MaxoutDense", weights=("kernel", "bias?"), options="units nb_feature use_bias")
def maxout_dense(b: Builder, layer: Layer, x: Value, kernel: Value, bias: Value | None = None) -> Value:
    """The largest of `nb_feature` linear maps: kernel (nb_feature, n, units), bias (nb_feature, units)."""
    if x.rank != 2:
        raise ModelError(f"a MaxoutDense layer is given a tensor of shape {x.shape}")
    y = b.MatMul(b.unsqueeze(x, 0), kernel)
    y = y if bias is None else b.Add(y, b.unsqueeze(bias, 1))
    return b.ReduceMax(y, b.ints([0]), keepdims=0)


@keras_layer("SReLU", weights=("t_left", "a_left", "t_right", "a_right"), options="shared_axes", masking="pass")
def s_shaped_relu(b: Builder, layer: Layer, x: Value, t_left: Value, a_left: Value, t_right: Value, a_right: Value) -> Value:
    """Three pieces: slope a_left below t_left, 1 up to t_left + |t_right|, a_right above; each weight one value for each element."""
    top = b.Add(t_left, b.Abs(t_right))
    above = b.Sub(x, t_left)
    left = b.Sub(b.Min(b.Relu(above), b.Sub(top, t_left)), b.Mul(a_left, b.Relu(b.Neg(above))))
    return b.Add(b.Add(t_left, left), b.Mul(b.Relu(b.Sub(x, top)), a_right))


@keras_layer("ParametricSoftplus", weights=("alpha", "beta"), options="shared_axes", masking="pass")
def parametric_softplus(b: Builder, layer: Layer, x: Value, alpha: Value, beta: Value) -> Value:
    """alpha * softplus(beta * x), each weight one value for each element."""
    return b.Mul(b.Softplus(b.Mul(beta, x)), alpha)


@keras_layer("TimeDistributedMerge", options="mode")
def time_distributed_merge(b: Builder, layer: Layer, x: Value) -> Value:
    """The sum, the mean or the product over steps: (batch, steps, n) -> (batch, n)."""
    over = {"sum": b.ReduceSum, "ave": b.ReduceMean, "mul": b.ReduceProd}.get(layer.config.get("mode", "sum"))
    if over is None:
        raise UnsupportedAttribute(f"mode {layer.config['mode']!r}")
    return over(x, b.ints([1]), keepdims=0)
