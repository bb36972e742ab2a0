"""Further layers of keras_contrib, and those of code that people copy: CoordConv, ssd_keras, DenseNet-Keras, keras-resnet, efficientnet.

keras_contrib/layers/{core,convolutional/cosineconvolution2d}.py and advanced_activations; coord.py of github.com/titu1994/keras-coordconv,
keras_layers/keras_layer_L2Normalization.py of ssd_keras, custom_layers.py of DenseNet-Keras, keras_resnet/layers of 0.2, efficientnet 1.1.
"""

from __future__ import annotations

import numpy as np

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate, l2_normalize
from loadstone.lowering.keras.attention import counted
from loadstone.lowering.keras.batch_normalization import batch_normalization
from loadstone.lowering.keras.keras_1_layers import s_shaped_relu
from loadstone.lowering.keras.regularization import noise
from loadstone.lowering.keras.windows import data_format, numbers, padded
from loadstone.lowering.registry import keras_layer

_FUZZ = 1e-7  # keras.backend.epsilon()

# -- activations with weights -------------------------------------------------------------------------------------------

keras_layer("keras_contrib>SReLU", weights=("t_left", "a_left", "t_right", "a_right"), options="shared_axes", masking="pass")(s_shaped_relu)


@keras_layer("keras_contrib>PELU", weights=("alpha", "beta"), options="shared_axes", masking="pass")
def parametric_elu(b: Builder, layer: Layer, x: Value, alpha: Value, beta: Value) -> Value:
    """alpha / beta * x above 0, alpha * (exp(x / beta) - 1) below; each weight one value for each element."""
    above = b.Div(b.Mul(b.Relu(x), alpha), beta)
    below = b.Mul(alpha, b.Sub(b.Exp(b.Div(b.Neg(b.Relu(b.Neg(x))), beta)), 1.0))
    return b.Add(below, above)


@keras_layer("keras_contrib>SineReLU", options="epsilon", masking="pass")
def sine_relu(b: Builder, layer: Layer, x: Value) -> Value:
    """x, or epsilon * (sin(x) - cos(x)) where that is larger."""
    return b.Max(b.Mul(b.Sub(b.Sin(x), b.Cos(x)), float(layer.config["epsilon"])), x)


@keras_layer("keras_contrib>Swish", weights=("scaling_factor?",), options="beta", masking="pass")
def swish(b: Builder, layer: Layer, x: Value, scaling_factor: Value | None = None) -> Value:
    """x * sigmoid(beta * x), with the beta that was learned where it was."""
    factor = b.const(float(layer.config["beta"]), x.dtype) if scaling_factor is None else scaling_factor
    return b.Mul(x, b.Sigmoid(b.Mul(factor, x)))


# -- products of unit vectors -------------------------------------------------------------------------------------------


@keras_layer("keras_contrib>CosineDense", weights=("kernel", "bias?"), options="units activation use_bias")
def cosine_dense(b: Builder, layer: Layer, x: Value, kernel: Value, bias: Value | None = None) -> Value:
    """A Dense layer's product over the lengths of x and of the kernel's columns; a bias counts as one more number of each."""
    added = 1.0 if bias is not None else 0.0
    lengths = b.Sqrt(b.Add(b.ReduceSum(b.Mul(x, x), b.ints([-1]), keepdims=1), added + _FUZZ))
    columns = b.ReduceSum(b.Mul(kernel, kernel), b.ints([0]), keepdims=0)
    columns = columns if bias is None else b.Add(columns, b.Mul(bias, bias))
    both = b.Mul(lengths, b.Sqrt(b.Add(columns, _FUZZ)))
    y = b.Div(b.MatMul(x, kernel), both)
    return activate(b, y if bias is None else b.Add(y, b.Div(bias, both)), layer.config.get("activation"))


@keras_layer(
    "keras_contrib>CosineConvolution2D",
    weights=("kernel", "kernel_norm?", "bias?"), options="filters kernel_size padding strides data_format activation use_bias",
)  # fmt: skip
def cosine_convolution(
    b: Builder, layer: Layer, x: Value, kernel: Value, kernel_norm: Value | None = None, bias: Value | None = None
) -> Value:
    """A Conv2D's product over the lengths of each window and of each filter; kernel (rows, columns, channels, filters), channels last.

    kernel_norm, which tf.keras keeps with the weights, are the ones by which the squares of a window are added.
    """
    if data_format(layer) != "channels_last":
        raise UnsupportedAttribute("a CosineConvolution2D with channels first, which only Theano had")
    window, strides = numbers(layer.config["kernel_size"], 2), numbers(layer.config["strides"], 2)
    if layer.config["padding"] not in ("valid", "same") or list(kernel.shape[:2]) != window:
        raise UnsupportedAttribute(f"a CosineConvolution2D with padding={layer.config['padding']!r} and windows of {kernel.shape[:2]}")

    def convolved(y: Value, filters: Value) -> Value:
        framed, pads = padded(b, b.transpose(y, [0, 3, 1, 2]), layer.config["padding"], window, strides, [1, 1])
        return b.transpose(b.Conv(framed, b.transpose(filters, [3, 2, 0, 1]), strides=strides, **pads), [0, 2, 3, 1])

    ones = b.full([*window, kernel.shape[2] or 1, 1], 1.0, x.dtype) if kernel_norm is None else kernel_norm
    lengths = b.Sqrt(b.Add(convolved(b.Mul(x, x), ones), (1.0 if bias is not None else 0.0) + _FUZZ))
    square = b.ReduceSum(b.Mul(kernel, kernel), b.ints([0, 1, 2]), keepdims=1)
    square = square if bias is None else b.Add(square, b.Mul(bias, bias))
    norms = b.Sqrt(b.Add(square, _FUZZ))
    y = b.Div(convolved(x, b.Div(kernel, norms)), lengths)
    y = y if bias is None else b.Add(y, b.Div(b.Div(bias, norms), lengths))
    return activate(b, y, layer.config.get("activation"))


# -- code that people copy ----------------------------------------------------------------------------------------------


@keras_layer(*(f"keras_coordconv>CoordinateChannel{n}D" for n in (1, 2, 3)), options="data_format use_radius", masking="pass")
def coordinate_channels(b: Builder, layer: Layer, x: Value) -> Value:
    """x with a channel more for each axis of the space, from -1 to 1 along it; in two dimensions another, the distance from (0.5, 0.5)."""
    rank = int(layer.class_name[-2])
    if x.rank != rank + 2:
        raise ModelError(f"a {layer.class_name} of a tensor of shape {x.shape}")
    if data_format(layer) != "channels_last":
        raise UnsupportedAttribute(f"a {layer.class_name} with channels first, which joins its channels along another axis")
    shape = [*b.dims(x)[:-1], 1]
    found = []
    for axis in range(1, rank + 1):
        length = b.dim(x, axis)
        places = b.cast(counted(b, length), "float32")
        last = float(length - 1) if isinstance(length, int) else b.cast(b.Sub(length, 1), "float32")
        with np.errstate(invalid="ignore", divide="ignore"):  # one place alone is not a number, as there
            along = b.Sub(b.Mul(b.Div(places, last), 2.0), 1.0)
        found.append(b.unsqueeze(along, 0, *range(1, axis), *range(axis + 1, rank + 2)))
    if layer.config.get("use_radius"):
        offsets = [b.Sub(places, 0.5) for places in found]
        squares = [b.Mul(offset, offset) for offset in offsets]
        found.append(b.Sqrt(b.Add(*squares)))
    channels = [b.Expand(b.cast(y, x.dtype), b.vector(shape), out_shape=(*x.shape[:-1], 1)) for y in found]
    return b.Concat(x, *channels, axis=-1)


@keras_layer("ssd_keras>L2Normalization", weights=("gamma",), options="gamma_init")
def scaled_unit_vectors(b: Builder, layer: Layer, x: Value, gamma: Value) -> Value:
    """Each pixel (batch, rows, columns, channels) as a unit vector, times gamma by channel."""
    return b.Mul(l2_normalize(b, x, 3), gamma)


@keras_layer("densenet_keras>Scale", weights=("gamma", "beta"), options="axis momentum")
def scale(b: Builder, layer: Layer, x: Value, gamma: Value, beta: Value) -> Value:
    """x * gamma + beta along an axis."""
    shape = [1] * x.rank
    shape[layer.config["axis"] % x.rank] = -1
    return b.Add(b.Mul(b.reshape(gamma, shape), x), b.reshape(beta, shape))


keras_layer("efficientnet>FixedDropout", options="rate noise_shape", masking="pass")(noise)


@keras_layer(
    "keras_resnet>BatchNormalization",
    weights=("gamma?", "beta?", "moving_mean", "moving_variance"), options="axis momentum epsilon center scale freeze frozen", masking="pass",
    autocast="inputs",
)  # fmt: skip
def frozen_batch_normalization(
    b: Builder, layer: Layer, x: Value, moving_mean: Value, moving_variance: Value,
    gamma: Value | None = None, beta: Value | None = None,
) -> Value:  # fmt: skip
    """BatchNormalization by its moving statistics, in training as well."""
    if layer.config["freeze"] is not True:
        raise UnsupportedAttribute(
            "BatchNormalization with freeze=False of keras-resnet, which takes the statistics of the batch when it predicts up to release 0.1"
        )
    return batch_normalization(b, layer, x, moving_mean, moving_variance, gamma=gamma, beta=beta)
