"""Activation functions by the names of `keras.activations`, used by every layer that has an `activation`.

Semantics: keras/src/activations/activations.py and keras/src/backend/tensorflow/nn.py of Keras 3. Functions of earlier
releases that share a name with another formula today have a name of their own here (`frontends.keras.history` writes it),
and so have the functions of `tf.nn` and `tf.math` that tf.keras 2 wrote under their own names.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from loadstone.custom import Given
from loadstone.custom.functions import activation_call
from loadstone.custom.rules import is_rule
from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.given_rules import given_activation
from loadstone.lowering.keras.special import expm1, gelu, leaky_relu
from loadstone.lowering.registry import check_options, keras_layer

Activation = Callable[[Builder, Value], Value]


def activate(b: Builder, x: Value, activation: Any) -> Value:
    """`activation` of x, as a config holds it: a name of `ACTIVATIONS`, a Layer, a function of the user's, None for none."""
    if activation is None:
        return x
    if isinstance(activation, Given):
        return _custom(b, x, activation)
    if isinstance(activation, Layer):
        return _layer(b, x, activation)
    if isinstance(activation, str) and activation in ACTIVATIONS:
        return ACTIVATIONS[activation](b, x)
    if isinstance(activation, str) and activation.startswith(("keras.ops.", "tf.")):
        return _function(b, x, activation)
    raise UnsupportedAttribute(f"the activation {activation!r}")


def _function(b: Builder, x: Value, name: str) -> Value:
    """A function of `keras.ops` or of TensorFlow of one tensor, which keeps its shape and dtype."""
    from loadstone.lowering.tensorflow.symbols import symbol  # few models need it

    library, _, function = name.rpartition(".")
    groups = ("keras.ops.",) if library == "keras.ops" else ("math.", "nn.", "")
    found = next(filter(None, (symbol(f"{group}{function}") for group in groups)), None)
    y = None if found is None else found.call(b, [x], {})
    if not isinstance(y, Value) or y.shape != x.shape or y.dtype != x.dtype:
        raise UnsupportedAttribute(f"the activation {name!r}")
    return y


def _layer(b: Builder, x: Value, layer: Layer) -> Value:
    """An activation that is a layer, such as `Dense(4, activation=ReLU(6))`: its rule, where that needs nothing but x."""
    rule = keras_layer.get(layer.class_name)
    if rule is None or rule.raw or layer.given is not None or layer.graph is not None:
        raise UnsupportedAttribute(f"the layer {layer.class_name} as an activation")
    check_options(layer, rule)
    weights = {name: b.cast(b.weight(tensor), x.dtype) for name, tensor in layer.weights.items()}
    y: Value = rule.function(b, layer, x, **weights)
    return y


def _custom(b: Builder, x: Value, given: Given) -> Value:
    """What the caller supplied: a rule, or a function: as ops, else as a step in Python, array in, array of the same shape out."""
    if is_rule(given.object):
        return given_activation(b, x, given)
    from loadstone.lowering.python.proven import proven

    function = activation_call(given, b.origin, x.shape, x.dtype)
    made = proven(b, given.object, [x], {}, lambda arrays: function(*arrays))
    return made if isinstance(made, Value) else b.host(given.name, function, [x], [(x.shape, x.dtype)])[0]


# -- formulas ---------------------------------------------------------------------------------------------------------


def relu(b: Builder, x: Value, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Value:
    """keras.activations.relu: f(x) = max_value for x >= max_value, x for threshold <= x < max_value, else slope (x - threshold)."""
    if max_value is None and threshold == 0:
        return leaky_relu(b, x, negative_slope) if negative_slope else _positive(b, x)
    if threshold == 0 and max_value is not None:
        y: Value = b.Clip(x, 0, _number(max_value, x))  # engines fuse it with the convolution before
    else:
        y = b.Where(b.Greater(x, threshold), x, 0)
        y = y if max_value is None else b.Min(y, _number(max_value, x))
    if negative_slope:
        y = b.Sub(y, b.Mul(b.Relu(b.Sub(threshold, x)), negative_slope))
    return y


def _positive(b: Builder, x: Value) -> Value:
    """max(x, 0), of integers too."""
    return b.Relu(x) if dtypes.is_float(x.dtype) else b.Max(x, b.const(0, x.dtype))


def _number(number: float | None, x: Value) -> float | int | None:
    """A number as the dtype of x has it."""
    return number if number is None or not dtypes.is_integer(x.dtype) else int(number)


def celu(b: Builder, x: Value, alpha: float = 1.0) -> Value:
    """max(x, 0) + alpha (exp(min(x, 0) / alpha) - 1)."""
    return b.Add(b.Relu(x), b.Mul(expm1(b, b.Div(b.Min(x, 0), alpha)), alpha))


def silu(b: Builder, x: Value) -> Value:
    """x times sigmoid(x)."""
    return b.Mul(x, b.Sigmoid(x))


def glu(b: Builder, x: Value, axis: int = -1) -> Value:
    """The first half of an axis times the sigmoid of the second half."""
    length = x.shape[axis]
    if length is None or length % 2:
        raise UnsupportedAttribute(f"glu over an axis of length {length}")
    first, second = b.split(x, 2, axis)
    return b.Mul(first, b.Sigmoid(second))


def hard_sigmoid(b: Builder, x: Value) -> Value:
    """relu6(x + 3) / 6, as Keras 3 has it."""
    return b.Div(_between(b, b.Add(x, 3), 0, 6), 6)


def hard_sigmoid_2(b: Builder, x: Value) -> Value:
    """clip(0.2 x + 0.5, 0, 1), as Keras had it up to 2.15."""
    return _between(b, b.Add(b.Mul(x, 0.2), 0.5), 0, 1)


def _between(b: Builder, x: Value, low: float, high: float) -> Value:
    return b.Clip(x, b.const(low, x.dtype), b.const(high, x.dtype))


def soft_shrink(b: Builder, x: Value, threshold: float = 0.5) -> Value:
    """x moved towards 0 by threshold, 0 in between."""
    above, below = b.Sub(x, threshold), b.Add(x, threshold)
    return b.Where(b.Greater(x, threshold), above, b.Where(b.Less(x, -threshold), below, 0))


def hard_shrink(b: Builder, x: Value, threshold: float = 0.5) -> Value:
    """x where |x| > threshold, else 0."""
    return b.Where(b.Greater(b.Abs(x), threshold), x, 0)


def threshold(b: Builder, x: Value, threshold: float, default_value: float) -> Value:
    """x where x > threshold, else default_value."""
    return b.Where(b.Greater(x, threshold), x, _number(default_value, x))


def squareplus(b: Builder, x: Value, beta: float = 4) -> Value:
    """(x + sqrt(x^2 + b)) / 2."""
    return b.Div(b.Add(x, b.Sqrt(b.Add(b.Mul(x, x), beta))), 2)


def sparse_plus(b: Builder, x: Value) -> Value:
    """0 up to -1, (x + 1)^2 / 4 up to 1, x above."""
    y = b.Add(x, 1)
    return b.Where(b.LessOrEqual(x, -1), 0, b.Where(b.Less(x, 1), b.Div(b.Mul(y, y), 4), x))


def sparse_sigmoid(b: Builder, x: Value) -> Value:
    """0 up to -1, (x + 1) / 2 up to 1, 1 above."""
    return _between(b, b.Mul(b.Add(x, 1), 0.5), 0, 1)


def softmax(b: Builder, x: Value, axis: int | None = -1) -> Value:
    """softmax along an axis; over everything where the axis is None."""
    return _along(b, x, axis, b.Softmax)


def log_softmax(b: Builder, x: Value, axis: int | None = -1) -> Value:
    """log(softmax) along an axis; over everything where the axis is None."""
    return _along(b, x, axis, b.LogSoftmax if x.dtype != "float64" else partial(_log_softmax, b))


def _log_softmax(b: Builder, x: Value, axis: int) -> Value:
    """The formula, which gives NaN where NaN goes in: onnxruntime's kernel for float64 does not."""
    centred = b.Sub(x, b.ReduceMax(x, b.ints([axis]), keepdims=1))
    return b.Sub(centred, b.Log(b.ReduceSum(b.Exp(centred), b.ints([axis]), keepdims=1)))


def _along(b: Builder, x: Value, axis: int | None, op: Callable[..., Value]) -> Value:
    if axis is None:
        return b.reshape(op(b.reshape(x, [-1]), axis=-1), b.dims(x), x.shape)
    return op(x, axis=axis)


def sparsemax(b: Builder, x: Value, axis: int = -1, running: bool = False) -> Value:
    """The projection onto the simplex along an axis (Martins and Astudillo, 2016).

    `running` is what Keras had before 3.16: it summed the running sums of the support in place of its elements
    (keras/src/backend/tensorflow/nn.py, `logits_cumsum_safe`), and a file means what Keras computed.
    """
    axis %= x.rank
    largest_first, _ = b.ops("TopK", x, b.vector([b.dim(x, axis)]), axis=axis, outputs=2)
    sums = b.CumSum(largest_first, b.const(axis))
    ones = b.CumSum(b.Add(b.Mul(largest_first, 0), 1), b.const(axis))
    support = b.Greater(b.Sub(largest_first, b.Div(b.Sub(sums, 1), ones)), 0)
    count = b.ReduceSum(b.cast(support, x.dtype), b.ints([axis]), keepdims=1)
    total = b.ReduceSum(b.Where(support, sums if running else largest_first, 0), b.ints([axis]), keepdims=1)
    return b.Relu(b.Sub(x, b.Div(b.Sub(total, 1), count)))


def log_sigmoid(b: Builder, x: Value) -> Value:
    """log(sigmoid(x)) = -softplus(-x)."""
    return b.Neg(b.Softplus(b.Neg(x)))


def l2_normalize(b: Builder, x: Value, axis: int | None, epsilon: float = 1e-12) -> Value:
    """x / sqrt(max(sum(x^2), epsilon)) along an axis, over everything where it is None."""
    axes = range(x.rank) if axis is None else [axis]
    total = b.ReduceSum(b.Mul(x, x), b.ints(list(axes)), keepdims=1)
    return b.Div(x, b.Sqrt(b.Max(total, epsilon)))


def snake(b: Builder, x: Value) -> Value:
    """x + (1 - cos(2 x)) / 2, as tensorflow_addons has it with its frequency of 1."""
    return b.Add(x, b.Div(b.Sub(1, b.Cos(b.Mul(x, 2))), 2))


ACTIVATIONS: dict[str, Activation] = {
    "addons_lisht": lambda b, x: b.Mul(x, b.Tanh(x)),
    "addons_rrelu": partial(leaky_relu, negative_slope=(0.125 + 1 / 3) / 2),  # the mean of its slopes, as at inference
    "addons_snake": snake,
    "celu": celu,
    "elu": lambda b, x: b.Elu(x, alpha=1.0),
    "exponential": lambda b, x: b.Exp(x),
    "gelu": gelu,
    "gelu_tanh": partial(gelu, approximate=True),  # tensorflow_addons, keras_transformer
    "glu": glu,
    "hard_shrink": hard_shrink,
    "hard_sigmoid": hard_sigmoid,
    "hard_sigmoid_2": hard_sigmoid_2,
    "hard_silu": lambda b, x: b.Mul(x, hard_sigmoid(b, x)),
    "hard_swish": lambda b, x: b.Mul(x, hard_sigmoid(b, x)),
    "hard_tanh": lambda b, x: _between(b, x, -1, 1),
    "leaky_relu": leaky_relu,
    "linear": lambda b, x: x,
    "log_sigmoid": log_sigmoid,
    "log_softmax": log_softmax,
    "mish": lambda b, x: b.Mul(x, b.Tanh(b.Softplus(x))),
    "relu": relu,
    "relu6": lambda b, x: relu(b, x, max_value=6),
    "selu": lambda b, x: b.Selu(x),
    "sigmoid": lambda b, x: b.Sigmoid(x),
    "silu": silu,
    "soft_shrink": soft_shrink,
    "softmax": softmax,
    "softplus": lambda b, x: b.Softplus(x),
    "softsign": lambda b, x: b.Softsign(x),
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": sparse_sigmoid,
    "sparsemax": sparsemax,
    "sparsemax_3": partial(sparsemax, running=True),
    "squareplus": squareplus,
    "swish": silu,
    "tanh": lambda b, x: b.Tanh(x),
    "tanh_shrink": lambda b, x: b.Sub(x, b.Tanh(x)),
    "crelu": lambda b, x: b.Relu(b.Concat(x, b.Neg(x), axis=-1)),  # tf.nn.crelu
}
