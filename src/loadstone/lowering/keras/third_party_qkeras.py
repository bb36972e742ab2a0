"""Layers of QKeras: weights and activations rounded to few bits, as they are when a model predicts.

qkeras of 0.9: quantizers.py, qlayers.py, qconvolutional.py, qnormalization.py, qpooling.py. A quantizer stands here as a layer. Its
result is written `x + (quantized - x)`, as there: what that rounds can tip the next quantizer.
"""

from __future__ import annotations

from dataclasses import replace
from math import log, prod
from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import Activation, activate
from loadstone.lowering.registry import keras_layer

_FUZZ = 1e-7  # keras.backend.epsilon()
_QUANTIZERS = {  # the quantizer of each weight
    "kernel": "kernel_quantizer", "bias": "bias_quantizer", "depthwise_kernel": "depthwise_quantizer",
    "pointwise_kernel": "pointwise_quantizer", "gamma": "gamma_quantizer", "beta": "beta_quantizer",
    "moving_mean": "mean_quantizer", "moving_variance": "variance_quantizer",
}  # fmt: skip
_OPTIONS = (
    *_QUANTIZERS.values(),
    *"activation average_quantizer kernel_range bias_range depthwise_range pointwise_range gamma_range beta_range".split(),
)


_LAYERS = (
    "AveragePooling2D BatchNormalization Conv1D Conv2D Conv2DTranspose Dense DepthwiseConv2D GlobalAveragePooling2D SeparableConv1D"
    " SeparableConv2D"
).split()


def _base(class_name: str) -> str:
    """The layer of Keras that one of QKeras is made of."""
    return class_name.removeprefix("qkeras>Q")


# -- layers -------------------------------------------------------------------------------------------------------------


def _quantized(b: Builder, layer: Layer, x: Value, **weights: Value) -> Value:
    """The layer of Keras that this one is a quantized form of, on its quantized weights."""
    named = {
        name: "depthwise_quantizer" if "depthwise_quantizer" in layer.config and name == "kernel" else q for name, q in _QUANTIZERS.items()
    }
    ready = {name: activate(b, weight, layer.config.get(named[name])) for name, weight in weights.items()}
    base = _base(layer.class_name)
    y: Value = keras_layer[base].function(b, replace(layer, class_name=base), x, **ready)
    return y


def _quantized_pooling(b: Builder, layer: Layer, x: Value) -> Value:
    """The mean of each window, as its sum times the quantized share of one element."""
    config, base = layer.config, _base(layer.class_name)
    y: Value = keras_layer[base].function(b, replace(layer, class_name=base), x)
    if config.get("average_quantizer") is not None:
        window = (
            config.get("pool_size") if "pool_size" in config else x.shape[1:3] if config["data_format"] == "channels_last" else x.shape[2:]
        )
        lengths = [window] * 2 if isinstance(window, int) else list(window or ())
        if not all(isinstance(length, int) for length in lengths):
            raise UnsupportedAttribute(f"{layer.class_name.rpartition('>')[2]} of a picture of unknown size")
        area = prod(lengths)
        y = b.Mul(b.Mul(y, float(area)), activate(b, b.const(1.0 / area, x.dtype), config["average_quantizer"]))
    return activate(b, y, config.get("activation"))


for _name in _LAYERS:
    _rule = keras_layer[_name]
    keras_layer(
        f"qkeras>Q{_name}",
        weights=_rule.weights,
        options=" ".join([*_rule.options, *_OPTIONS]),
        masking=_rule.masking,
        autocast=_rule.autocast,
    )(_quantized_pooling if "Pooling" in _name else _quantized)


@keras_layer("qkeras>QActivation", options="activation")
def quantized_activation(b: Builder, layer: Layer, x: Value) -> Value:
    """A quantizer, or a function of Keras."""
    return activate(b, x, layer.config["activation"])


# -- quantizers ---------------------------------------------------------------------------------------------------------

_OF_ALL = "use_stochastic_rounding qnoise_factor"  # rounding is random in training alone


def _through(b: Builder, x: Value, quantized: Value, factor: Any = 1.0) -> Value:
    """x + factor * (quantized - x), with the roundings of float32."""
    change = b.Add(b.Neg(x), quantized)
    return b.Add(x, change if factor in (None, 1.0) else b.Mul(change, float(factor)))


def _rounded(b: Builder, x: Value) -> Value:
    return _through(b, x, b.Round(x))


def _clip(b: Builder, x: Value, low: float, high: float) -> Value:
    return b.Min(b.Max(x, float(low)), float(high))


def _log2(b: Builder, x: Value) -> Value:
    return b.Div(b.Log(x), log(2.0))


def _power_of_two(b: Builder, x: Value) -> Value:
    """The nearest power of two, on the scale of logarithms."""
    return b.Pow(b.const(2.0, x.dtype), b.Round(_log2(b, b.Add(x, _FUZZ))))


def _but_last(x: Value) -> list[int]:
    return list(range(x.rank - 1))


def _scale(b: Builder, layer: Layer, x: Value, quantized: Value) -> Value | float:
    """What quantized values are multiplied by: `alpha`, or the least squares' factor of each channel."""
    alpha = layer.config.get("alpha")
    if alpha is None or isinstance(alpha, (int, float)):
        return 1.0 if alpha is None else float(alpha)
    products = [b.Mul(x, quantized), b.Mul(quantized, quantized)]
    if x.rank > 1:
        products = [b.ReduceMean(product, b.ints(_but_last(x)), keepdims=1) for product in products]
    scale = b.Div(products[0], b.Add(products[1], _FUZZ))
    return _power_of_two(b, scale) if _automatic(layer) == "auto_po2" else scale


def _automatic(layer: Layer) -> str | None:
    """ "auto" or "auto_po2" where the scale is computed from the tensor."""
    alpha = layer.config.get("alpha")
    if alpha is None or isinstance(alpha, (int, float)):
        return None
    if alpha not in ("auto", "auto_po2"):
        raise UnsupportedAttribute(f"{layer.class_name.rpartition('>')[2]} with alpha={alpha!r}")
    return str(alpha)


def _sign(b: Builder, x: Value) -> Value:
    """1 for 0 and above, -1 below."""
    sign = b.Sign(x)
    return b.Add(sign, b.Sub(1.0, b.Abs(sign)))


@keras_layer("qkeras>quantized_bits", options=f"bits integer symmetric alpha keep_negative {_OF_ALL}")
def quantized_bits(b: Builder, layer: Layer, x: Value) -> Value:
    """Fixed point numbers of so many bits, `integer` of them before the point."""
    config, automatic = layer.config, _automatic(layer)
    negative = bool(config.get("keep_negative", True))
    bits, whole, factor = int(config["bits"]), 2.0 ** float(config["integer"]), config.get("qnoise_factor")
    magnitude = 2.0 ** (bits - negative)
    if automatic:
        levels = float((2 ** (bits - 1) - 1) * 2)
        small = b.Div(x, whole)
        scale = b.Div(b.Mul(b.ReduceMax(b.Abs(small), b.ints(_but_last(x) if x.rank > 1 else [0]), keepdims=1), 2.0), levels)
        steps: Value = small
        for turn in range(6 if automatic == "auto_po2" else 1):
            if automatic == "auto_po2":
                scale = _scale(b, layer, small, steps) if turn else _power_of_two(b, scale)  # type: ignore[assignment]
            if turn < 5:
                count = b.Floor(b.Add(b.Div(b.Abs(small), scale), 0.5))
                steps = b.Mul(b.Sign(small), b.Where(b.Less(count, levels / 2), count, levels / 2))
        x = b.Mul(small, whole)
        return _through(b, x, b.Mul(b.Mul(scale, magnitude), b.Div(b.Mul(steps, whole), magnitude)), factor)
    if bits - negative > 0:
        steps = _rounded(b, b.Div(b.Mul(x, magnitude), whole))
        low = negative * (-magnitude + bool(config.get("symmetric")))
        quantized = b.Div(b.Mul(_clip(b, steps, low, magnitude - 1), whole), magnitude)
    else:
        quantized = _sign(b, x)
        quantized = quantized if negative else b.Div(b.Add(quantized, 1.0), 2.0)
    alpha = config.get("alpha")
    return _through(b, x, quantized if alpha is None else b.Mul(quantized, float(alpha)), factor)


@keras_layer("qkeras>binary", options=f"use_01 alpha {_OF_ALL}")
def binary(b: Builder, layer: Layer, x: Value) -> Value:
    """-1 and 1, or 0 and 1, times a scale."""
    sign = _sign(b, x)
    sign = b.Div(b.Add(sign, 1.0), 2.0) if layer.config.get("use_01") else sign
    _automatic(layer)
    x = b.Tanh(x) if layer.config.get("alpha") is None else x
    return _through(b, x, b.Mul(sign, _scale(b, layer, x, sign)))


@keras_layer("qkeras>ternary", options=f"alpha threshold number_of_unrolls {_OF_ALL}")
def ternary(b: Builder, layer: Layer, x: Value) -> Value:
    """-1, 0 and 1 times a scale: 0 for what is small."""
    config, automatic = layer.config, _automatic(layer)
    if automatic:
        axes = b.ints(_but_last(x)) if x.rank > 1 else None
        scale: Value | float = b.Div(b.Mul(b.ReduceMax(b.Abs(x), axes, keepdims=1), 2.0), 3.0)
        scale = _power_of_two(b, scale) if automatic == "auto_po2" else scale  # type: ignore[arg-type]
        signs = x
        for _ in range(int(config.get("number_of_unrolls", 5))):
            value = b.Mul(scale, _rounded(b, b.Div(x, scale)))
            signs = b.Mul(b.cast(b.GreaterOrEqual(b.Abs(value), b.Div(scale, 2.0)), x.dtype), b.Sign(x))
            scale = _scale(b, layer, x, signs)
    else:
        threshold = config.get("threshold")
        signs = b.Mul(b.cast(b.GreaterOrEqual(b.Abs(x), 0.33 if threshold is None else float(threshold)), x.dtype), b.Sign(x))
        scale = _scale(b, layer, x, signs)
    x = b.Tanh(x) if config.get("alpha") is None else x
    return _through(b, x, b.Mul(signs, scale))


@keras_layer("qkeras>quantized_relu", options=f"bits integer use_sigmoid negative_slope relu_upper_bound is_quantized_clip {_OF_ALL}")
def quantized_relu(b: Builder, layer: Layer, x: Value) -> Value:
    """relu in fixed point numbers."""
    config = layer.config
    slope, bound = float(config.get("negative_slope") or 0.0), config.get("relu_upper_bound")
    bits = int(config["bits"]) - (slope != 0)
    magnitude, whole = 2.0**bits, 2.0 ** float(config["integer"])
    clipped = config.get("is_quantized_clip", True)
    plain = b.Sub(b.Relu(x), b.Mul(b.Relu(b.Neg(x)), slope)) if slope else b.Relu(x)
    limit = whole - 2.0 ** (float(config["integer"]) - bits) if clipped else bound
    plain = plain if limit is None else b.Where(b.LessOrEqual(x, float(limit)), plain, float(limit))
    sigmoid = bool(config.get("use_sigmoid"))
    p = b.Mul(_hard_sigmoid(b, b.Div(x, whole)), magnitude) if sigmoid else b.Div(b.Mul(x, magnitude), whole)

    def share(steps: Value, factor: Any, low: float, high: float) -> Value:
        y = factor(_rounded(b, steps))
        return _clip(b, b.Sub(b.Mul(y, 2.0), 1.0) if sigmoid else y, low, high)

    quantized = b.Mul(share(p, lambda y: b.Div(y, magnitude), 0.0, 1.0 - 1.0 / magnitude), whole)
    if slope:
        below = share(b.Mul(p, slope), lambda y: b.Mul(y, 1 / (slope * magnitude)), -1.0, 0.0)
        quantized = b.Add(quantized, b.Mul(below, whole * slope))
    if bound and not clipped:
        quantized = b.Min(quantized, float(bound))
    return _through(b, plain, quantized, config.get("qnoise_factor"))


@keras_layer("qkeras>quantized_tanh", options=f"bits symmetric use_real_tanh {_OF_ALL}")
def quantized_tanh(b: Builder, layer: Layer, x: Value) -> Value:
    """tanh, or 2 hard_sigmoid(x) - 1, in fixed point numbers from -1 to 1."""
    magnitude = 2.0 ** (int(layer.config["bits"]) - 1)
    p = b.Tanh(x) if layer.config.get("use_real_tanh") else b.Sub(b.Mul(_hard_sigmoid(b, x), 2.0), 1.0)
    low = -1.0 + float(bool(layer.config.get("symmetric"))) / magnitude
    return _clip(b, b.Div(_rounded(b, b.Mul(p, magnitude)), magnitude), low, 1.0 - 1.0 / magnitude)


@keras_layer("qkeras>quantized_sigmoid", options=f"bits symmetric use_real_sigmoid {_OF_ALL}")
def quantized_sigmoid(b: Builder, layer: Layer, x: Value) -> Value:
    """sigmoid, or its hard form, in fixed point numbers from 0 to 1."""
    magnitude = 2.0 ** int(layer.config["bits"])
    p = b.Sigmoid(x) if layer.config.get("use_real_sigmoid") else _hard_sigmoid(b, x)
    low = float(bool(layer.config.get("symmetric"))) / magnitude
    return _clip(b, b.Div(_rounded(b, b.Mul(p, magnitude)), magnitude), low, 1.0 - 1.0 / magnitude)


_POWERS = f"bits max_value quadratic_approximation log2_rounding {_OF_ALL}"


@keras_layer("qkeras>quantized_po2", options=_POWERS)
def quantized_po2(b: Builder, layer: Layer, x: Value) -> Value:
    """The nearest power of two, with the sign."""
    return _through(b, x, b.Mul(_sign(b, x), _powers(b, layer, b.Abs(x), int(layer.config["bits"]) - 1)), layer.config.get("qnoise_factor"))


@keras_layer("qkeras>quantized_relu_po2", options=f"negative_slope {_POWERS}")
def quantized_relu_po2(b: Builder, layer: Layer, x: Value) -> Value:
    """relu to the nearest power of two."""
    config = layer.config
    slope, limit, bits = float(config.get("negative_slope") or 0.0), config.get("max_value"), int(config["bits"])
    plain = b.Sub(b.Relu(x), b.Mul(b.Relu(b.Neg(x)), slope)) if slope else b.Relu(x)
    plain = plain if limit is None else b.Where(b.LessOrEqual(x, float(limit)), plain, float(limit))
    quantized = _powers(b, layer, b.Relu(x), bits)
    if slope:
        quantized = b.Where(b.GreaterOrEqual(x, 0.0), quantized, b.Neg(_powers(b, layer, b.Mul(b.Relu(b.Neg(x)), slope), bits)))
    return _through(b, plain, quantized, config.get("qnoise_factor"))


def _powers(b: Builder, layer: Layer, x: Value, bits: int) -> Value:
    """2 ** the exponent nearest to log2(x), of those that the bits can say; x is not negative."""
    config = layer.config
    limit, quadratic = config.get("max_value"), bool(config.get("quadratic_approximation"))
    reach = 2.0 ** (bits - (limit is None or limit > 1))
    low, high = -reach, reach - 1
    high = 2 * (high // 2) if quadratic else high
    shown = b.Max(x, _FUZZ)
    shown = shown if limit is None else b.Min(shown, float(limit))
    exponents = _log2(b, b.Sqrt(shown) if quadratic else shown)
    exponents = _through(b, exponents, b.Floor(exponents)) if config.get("log2_rounding") == "floor" else _rounded(b, exponents)
    exponents = _clip(b, exponents, low, high)
    exponents = b.Mul(exponents, 2.0) if quadratic else exponents
    return b.Pow(b.const(2.0, x.dtype), b.Where(b.Less(x, _FUZZ), low, exponents))


# -- functions of qkeras that a name stands for ---------------------------------------------------------------------------


def _hard_sigmoid(b: Builder, x: Value) -> Value:
    return _clip(b, b.Add(b.Mul(x, 0.5), 0.5), 0.0, 1.0)


def _smooth_sigmoid(b: Builder, x: Value) -> Value:
    return _clip(b, b.Add(b.Mul(x, 0.1875), 0.5), 0.0, 1.0)


_SIGMOIDS: dict[str, Activation] = {
    "hard": _hard_sigmoid,
    "smooth": _smooth_sigmoid,
    "binary": lambda b, x: _rounded(b, _hard_sigmoid(b, x)),
}


@keras_layer(*(f"qkeras>{kind}_{name}" for kind in _SIGMOIDS for name in ("sigmoid", "tanh")))
def sigmoid(b: Builder, layer: Layer, x: Value) -> Value:
    """A sigmoid of straight lines, or of two values, from 0 to 1; as `_tanh` from -1 to 1."""
    kind, _, name = layer.class_name.removeprefix("qkeras>").partition("_")
    y = _SIGMOIDS[kind](b, x)
    return y if name == "sigmoid" else b.Sub(b.Mul(y, 2.0), 1.0)
