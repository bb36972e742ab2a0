"""Weights of Keras 1 and 0: their names and order, and the same weights under today's names and in today's layout.

The order is that of `layer.weights` in keras/layers of 1.2.2 (trainable ones, then the others); the conversions are those of
keras/engine/topology.py of 2.2.4 (`preprocess_weights_for_loading`). Theano convolves: its kernels are today's turned around.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from loadstone.frontends.keras.variable import Variable
from loadstone.ir import Layer, Producer, Tensor

Named = dict[str, Tensor]
Convert = Callable[[Layer, Named, Producer], Named]

_GATES = {"LSTM": "icfo", "ConvLSTM2D": "icfo", "GRU": "zrh"}  # in the order of the file
_TODAY = {"LSTM": "ifco", "ConvLSTM2D": "ifco", "GRU": "zrh"}
_PLAIN = {
    "Dense": "W b", "Embedding": "W", "SimpleRNN": "W U b", "Conv1D": "W b", "Conv2D": "W b", "Conv3D": "W b", "Conv2DTranspose": "W b",
    "LocallyConnected1D": "W b", "LocallyConnected2D": "W b", "SeparableConv2D": "depthwise_kernel pointwise_kernel b",
    "BatchNormalization": "gamma beta running_mean running_std", "PReLU": "alphas", "ParametricSoftplus": "alphas betas",
    "Highway": "W W_carry b b_carry", "MaxoutDense": "W b",
}  # fmt: skip
_ONE_GATE = re.compile(r"_W_[icfozrh](_\d+)?(:0)?$")
_STATISTICS = ("running_mean", "running_std")
_BIASES = ("b", "b_carry")
_CONVOLVING = frozenset("Conv1D Conv2D Conv3D Conv2DTranspose Conv3DTranspose ConvLSTM2D".split())


def backend_of(names: Iterable[str]) -> str | None:
    """The backend by whose rules weights are called: TensorFlow's names end in ":0", Theano's do not."""
    named = [name for name in names if not name.rpartition("/")[2].startswith("param_")]
    return None if not named else "tensorflow" if any(":" in name for name in named) else "theano"


def note_gates(layer: Layer, names: Sequence[str]) -> None:
    """Note for recurrent layers below whether the file has one kernel for all gates: `consume_less="gpu"` made it so, since 1.0.3."""
    packed = not any(_ONE_GATE.search(name) for name in names)
    for inner in layer.walk():
        if inner.class_name in _GATES:
            inner.build_config = {**inner.build_config, "packed": packed}


def old_variables(layer: Layer, release: tuple[int, ...]) -> list[Variable] | None:
    """The layer's own variables as Keras 1 has them; None for a class whose variables are as today."""
    if layer.domain != "keras" or layer.given is not None:
        return None
    if layer.class_name in _GATES and not layer.build_config.get("packed"):
        return [Variable(f"{kind}_{gate}") for gate in _GATES[layer.class_name] for kind in "WUb"]
    names = "W U b" if layer.class_name in _GATES else _PLAIN.get(layer.class_name)
    if layer.class_name == "Highway" and release < (1,):
        names = "W b W_carry b_carry"
    if names is None:
        return None
    biased = layer.config.get("use_bias", True)
    return [Variable(name, trainable=name not in _STATISTICS) for name in names.split() if biased or name not in _BIASES]


def as_today(layer: Layer, producer: Producer) -> None:
    """Give the weights that a file of Keras 1, or of Theano, has today's names and layout."""
    if layer.domain != "keras" or layer.given is not None or not layer.weights:
        return
    if producer.release < (2,) and old_variables(layer, producer.release) is not None:
        frozen = bool(layer.non_trainable)
        layer.weights = _CONVERSIONS.get(layer.class_name, _plain)(layer, layer.weights, producer)
        layer.non_trainable = frozenset({"moving_mean", "moving_variance"} if frozen else ())
    if producer.backend == "theano" and layer.class_name in _CONVOLVING:
        layer.weights = {name: _turned(weight) if name.endswith("kernel") else weight for name, weight in layer.weights.items()}


def _plain(layer: Layer, weights: Named, producer: Producer) -> Named:
    """The same arrays under other names."""
    names = {"W": "kernel", "U": "recurrent_kernel", "b": "bias", "alphas": "alpha"}
    return {names.get(name, name): weight for name, weight in weights.items()}


def _embedding(layer: Layer, weights: Named, producer: Producer) -> Named:
    return {"embeddings": weights["W"]}


def _highway(layer: Layer, weights: Named, producer: Producer) -> Named:
    names = {"W": "kernel", "W_carry": "carry_kernel", "b": "bias", "b_carry": "carry_bias"}
    return {names[name]: weight for name, weight in weights.items()}


def _softplus(layer: Layer, weights: Named, producer: Producer) -> Named:
    return {"alpha": weights["alphas"], "beta": weights["betas"]}


def _gated(layer: Layer, weights: Named, producer: Producer) -> Named:
    """A kernel, a recurrent kernel and a bias for each gate are one of each, gate after gate."""
    if "W" in weights:
        return _plain(layer, weights, producer)
    gates = _TODAY[layer.class_name]
    convolving = layer.class_name == "ConvLSTM2D"

    def joined(kind: str) -> Tensor:
        found = [weights[f"{kind}_{gate}"] for gate in gates]
        return _joined([_filters_last(layer, part) for part in found] if convolving and kind != "b" else found)

    return {"kernel": joined("W"), "recurrent_kernel": joined("U"), "bias": joined("b")}


def _joined(parts: Sequence[Tensor]) -> Tensor:
    shape = (*parts[0].shape[:-1], sum(part.shape[-1] for part in parts))
    return Tensor.lazy(shape, parts[0].dtype, lambda: np.concatenate([part.numpy() for part in parts], axis=-1), key=parts[0].key)


def _convolution(layer: Layer, weights: Named, producer: Producer) -> Named:
    kernel = weights["W"]
    if layer.class_name == "Conv1D":
        first = producer.release < (1, 1)  # (filters, channels, window, 1), since then (window, 1, channels, filters)
        kernel = _moved(kernel, (2, 3, 1, 0)) if first else kernel
        kernel = kernel.map(lambda k: k[:, 0], (kernel.shape[0], *kernel.shape[2:]))
    else:
        kernel = _filters_last(layer, kernel)
    if layer.class_name == "Conv2DTranspose":
        kernel = _moved(kernel, (0, 1, 3, 2))
    return {"kernel": kernel, **({"bias": weights["b"]} if "b" in weights else {})}


def _separable(layer: Layer, weights: Named, producer: Producer) -> Named:
    kernels = {name: _filters_last(layer, weights[name]) for name in ("depthwise_kernel", "pointwise_kernel")}
    return {**kernels, **({"bias": weights["b"]} if "b" in weights else {})}


def _normalization(layer: Layer, weights: Named, producer: Producer) -> Named:
    """`running_std` is a variance since 1.0.7; before it was a deviation, to which epsilon was added outside the root.

    TensorFlow had the variance in 1.0.6 already, and Theano added epsilon outside the root of it in 1.0.7.
    """
    spread, epsilon = weights["running_std"], layer.config.get("epsilon", 1e-6)
    theano = producer.backend != "tensorflow"
    if producer.release < (1, 0, 6) or (theano and producer.release < (1, 0, 7)):
        spread = spread.map(lambda deviation: _variance(deviation.astype(np.float64), epsilon))
    elif theano and producer.release < (1, 0, 8):
        spread = spread.map(lambda variance: _variance(np.sqrt(variance.astype(np.float64)), epsilon))
    return {"gamma": weights["gamma"], "beta": weights["beta"], "moving_mean": weights["running_mean"], "moving_variance": spread}


def _variance(deviation: np.ndarray, epsilon: float) -> np.ndarray:
    """The variance v with sqrt(v + epsilon) = deviation + epsilon."""
    return ((deviation + epsilon) ** 2 - epsilon).astype(np.float32)


def _filters_last(layer: Layer, kernel: Tensor) -> Tensor:
    """(filters, channels, window...), as "th" kernels are, to (window..., channels, filters)."""
    if layer.config.get("data_format") != "channels_first":
        return kernel
    return _moved(kernel, (*range(2, len(kernel.shape)), 1, 0))


def _moved(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    return tensor.map(lambda array: array.transpose(axes), tuple(tensor.shape[axis] for axis in axes))


def _turned(kernel: Tensor) -> Tensor:
    """A kernel with its window turned around."""
    window = tuple(range(len(kernel.shape) - 2))
    return kernel.map(lambda array: np.flip(array, window))


_CONVERSIONS: dict[str, Convert] = {
    "Embedding": _embedding,
    "Highway": _highway,
    "ParametricSoftplus": _softplus,
    "BatchNormalization": _normalization,
    "SeparableConv2D": _separable,
    **dict.fromkeys(_GATES, _gated),
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose"), _convolution),
}
