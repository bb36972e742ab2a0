"""Layers that today's Keras lost, or whose options it lost, made of layers that it has.

A layer without a successor becomes a small model under its name; what one option did, weights do. A change gives the layer back where it
cannot be made so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from string import ascii_lowercase
from typing import Any

import numpy as np

from loadstone.ir import Graph, Layer, Node, Output, Policy, Tensor

Shape = tuple[int | None, ...]
_STEEPER = 1.2  # hard_sigmoid was clip(0.2 x + 0.5) and is clip(x / 6 + 0.5): that of a number 1.2 times as large


def has_change(layer: Layer) -> bool:
    """True for a class that may become other layers."""
    return layer.class_name in CHANGES


def changed(layer: Layer, given: Shape | None) -> Layer:
    """A layer in today's form, itself where it has one already. given: the shape of its first input, None where it is not known."""
    change = CHANGES.get(layer.class_name)
    return _steep(layer) if change is None else change(_steep(layer), given)


# -- activations whose slope changed ----------------------------------------------------------------------------------


def _steep(layer: Layer) -> Layer:
    """hard_sigmoid of Keras 2 as today's of a larger number, which the weights before it give."""
    return _scaled(layer, "hard_sigmoid_2", "hard_sigmoid", _STEEPER)


def flat(layer: Layer) -> Layer:
    """Today's hard_sigmoid as that of Keras 2 of a smaller number."""
    return _scaled(layer, "hard_sigmoid", "hard_sigmoid_2", 1 / _STEEPER)


def _scaled(layer: Layer, old: str, new: str, factor: float) -> Layer:
    """One activation as another one of a number that is so many times as large."""
    config = layer.config
    if old not in (config.get("activation"), config.get("recurrent_activation")):
        return layer
    if layer.class_name in ("LSTM", "LSTMCell", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"):
        gates = [True, True, False, True] if config.get("activation") != old else None
    elif layer.class_name in ("GRU", "GRUCell"):
        gates = [config.get("recurrent_activation") == old] * 2 + [config.get("activation") == old]
    elif layer.class_name == "Activation":
        steeper = _inner(layer, "Rescaling", "rescaled", scale=factor, offset=0.0)
        return _chained(layer, [steeper, _inner(layer, "Activation", "curve", activation=new)])
    else:
        gates = [True]
    before = {name for name in layer.weights if name.endswith(("kernel", "bias")) and name != "depthwise_kernel"}
    if gates is None or not before or (layer.class_name == "DepthwiseConv2D" and "depthwise_kernel" in layer.weights):
        return layer
    names = [key for key in ("activation", "recurrent_activation") if config.get(key) == old]
    for name in before:
        layer.weights[name] = layer.weights[name].map(_times(gates, factor))
    config.update(dict.fromkeys(names, new))
    return layer


def _times(gates: Sequence[bool], factor: float) -> Callable[[np.ndarray], np.ndarray]:
    def scale(array: np.ndarray) -> np.ndarray:
        factors = np.repeat([factor if gate else 1.0 for gate in gates], array.shape[-1] // len(gates))
        return np.asarray(array * factors.astype(array.dtype))

    return scale


# -- layers that are gone ---------------------------------------------------------------------------------------------


def _inner(layer: Layer, class_name: str, suffix: str, weights: dict[str, Tensor] | None = None, **config: Any) -> Layer:
    """A layer of the model that stands for another one, with its policy."""
    name = f"{layer.name}_{suffix}"
    return Layer(
        class_name, name, config, weights=weights or {}, policy=layer.policy, trainable=layer.trainable, path=f"{layer.path}/{name}"
    )


def _chained(layer: Layer, layers: Sequence[Layer]) -> Layer:
    """A Sequential under the layer's name."""
    entry = Layer("InputLayer", f"{layer.name}_input", {"batch_shape": None, "dtype": layer.policy.compute})
    nodes = [Node("keras", "InputLayer", entry.name, layer=entry)]
    for inner in layers:
        nodes.append(Node("keras", inner.class_name, inner.name, (Output(nodes[-1]),), layer=inner))
    graph = Graph(nodes, [nodes[0]], Output(nodes[0]), Output(nodes[-1]), [entry, *layers])
    return Layer("Sequential", layer.name, {}, graph=graph, trainable=layer.trainable, path=layer.path)


def _thresholded_relu(layer: Layer, given: Shape | None) -> Layer:
    return replace(layer, class_name="ReLU", config={"threshold": float(layer.config["theta"])})


def _identity(layer: Layer, given: Shape | None) -> Layer:
    """What did something in training alone."""
    return replace(layer, class_name="Identity", config={})


def _synchronized(layer: Layer, given: Shape | None) -> Layer:
    return replace(layer, class_name="BatchNormalization", config={**layer.config, "synchronized": True})


def _wrapped(layer: Layer, given: Shape | None) -> Layer:
    """The layer inside: its kernel is what the wrapper made of it."""
    return replace(layer.children["layer"], name=layer.name, path=layer.path, trainable=layer.trainable)


def _as_of_keras(layer: Layer, given: Shape | None) -> Layer:
    """A layer of another package that is Keras' own under another name."""
    return replace(layer, class_name={"FixedDropout": "Dropout"}.get(name := layer.class_name.rpartition(">")[2], name), registered=None)


def _frozen(layer: Layer, given: Shape | None) -> Layer:
    """A BatchNormalization that keras-resnet froze, which uses its moving statistics always: today's, where it does not train."""
    if layer.config["freeze"] is not True:
        return layer
    config = {key: value for key, value in layer.config.items() if key != "freeze"}
    return replace(layer, class_name="BatchNormalization", config=config, registered=None, trainable=False)


def _maxout(layer: Layer, given: Shape | None) -> Layer:
    """All linear maps at once, then the largest of each unit's."""
    features, units = layer.config["nb_feature"], layer.config["units"]
    kernel = layer.weights["kernel"]
    made = {"kernel": kernel.map(lambda k: k.transpose(1, 0, 2).reshape(k.shape[1], -1), (kernel.shape[1], features * units))}
    if "bias" in layer.weights:
        made["bias"] = layer.weights["bias"].map(lambda v: v.reshape(-1), (features * units,))
    parts = [
        _inner(layer, "Dense", "maps", made, units=features * units, use_bias="bias" in made, activation="linear"),
        _inner(layer, "Reshape", "apart", target_shape=[features, units]),
        _inner(layer, "GlobalMaxPooling1D", "largest"),
    ]
    return _chained(layer, parts)


class _Small:
    """A Functional model in the making, under the name of the layer that it stands for."""

    def __init__(self, layer: Layer, given: Shape) -> None:
        self.layer = layer
        entry = Layer("InputLayer", f"{layer.name}_input", {"batch_shape": [None, *given[1:]], "dtype": layer.policy.compute})
        self.nodes = [Node("keras", "InputLayer", entry.name, layer=entry)]
        self.x = Output(self.nodes[0])

    def call(self, class_name: str, suffix: str, *args: Output, weights: dict[str, Tensor] | None = None, **config: Any) -> Output:
        """A new layer of the model, called on one tensor or on several."""
        inner = _inner(self.layer, class_name, suffix, weights, **config)
        self.nodes.append(Node("keras", class_name, inner.name, (args[0] if len(args) == 1 else list(args),), layer=inner))
        return Output(self.nodes[-1])

    def scaled(self, suffix: str, x: Output, factor: np.ndarray, bias: np.ndarray | None = None, activation: str = "linear") -> Output:
        """Each element times a factor of its own, and so on: factor has the shape of a sample."""
        letters = ascii_lowercase[1 : 1 + factor.ndim]
        weights = {"kernel": Tensor.of(factor)} if bias is None else {"kernel": Tensor.of(factor), "bias": Tensor.of(bias)}
        equation = f"a{letters},{letters}->a{letters}"
        options = {"output_shape": list(factor.shape), "bias_axes": None if bias is None else letters, "activation": activation}
        return self.call("EinsumDense", suffix, x, weights=weights, equation=equation, **options)

    def weight(self, name: str) -> np.ndarray:
        """A weight of the layer, one value for each element of a sample."""
        shape = self.nodes[0].layer.config["batch_shape"][1:] if self.nodes[0].layer else []
        return np.ascontiguousarray(np.broadcast_to(self.layer.weights[name].numpy(), shape))

    def ended(self, end: Output) -> Layer:
        listed = [node.layer for node in self.nodes if node.layer is not None]
        graph = Graph(self.nodes, [self.nodes[0]], self.x, end, listed)
        return Layer("Functional", self.layer.name, {}, graph=graph, trainable=self.layer.trainable, path=self.layer.path)


def _highway(layer: Layer, given: Shape | None) -> Layer:
    """x + gate * (dense(x) - x)."""
    if given is None or given[-1] is None:
        return layer
    made, options = _Small(layer, given), {"units": given[-1], "use_bias": "bias" in layer.weights}
    weights = [
        {name: layer.weights[prefix + name] for name in ("kernel", "bias") if prefix + name in layer.weights} for prefix in ("", "carry_")
    ]
    activation = layer.config.get("activation", "linear")
    y = made.call("Dense", "transformed", made.x, weights=weights[0], activation=activation, **options)
    gate = made.call("Dense", "gate", made.x, weights=weights[1], activation="sigmoid", **options)
    gated = made.call("Multiply", "gated", gate, made.call("Subtract", "change", y, made.x))
    return made.ended(made.call("Add", "sum", made.x, gated))


def _parametric_softplus(layer: Layer, given: Shape | None) -> Layer:
    """alpha * softplus(beta * x)."""
    if given is None or None in given[1:]:
        return layer
    made = _Small(layer, given)
    soft = made.call("Activation", "curve", made.scaled("scaled", made.x, made.weight("beta")), activation="softplus")
    return made.ended(made.scaled("sized", soft, made.weight("alpha")))


def _s_shaped_relu(layer: Layer, given: Shape | None) -> Layer:
    """x, and what it lacks below the first bend and above the second."""
    if given is None or None in given[1:]:
        return layer
    made = _Small(layer, given)
    low, high = made.weight("t_left"), made.weight("t_left") + np.abs(made.weight("t_right"))
    one = np.ones_like(low)
    below = made.scaled("below", made.scaled("under", made.x, -one, low, "relu"), one - made.weight("a_left"))
    above = made.scaled("above", made.scaled("over", made.x, one, -high, "relu"), made.weight("a_right") - one)
    return made.ended(made.call("Add", "sum", made.x, below, above))


def _product(layer: Layer, given: Shape | None) -> Layer:
    """Merge(mode="dot") is Dot; "cos" is that of unit vectors, with an axis of 1 after the batch."""
    axes = layer.config["dot_axes"]
    axes = [axes, axes] if isinstance(axes, int) else list(axes)
    dot = replace(layer, class_name="Dot", config={"axes": axes, "normalize": layer.config["mode"] == "cos"})
    if layer.config["mode"] == "dot" or given is None or len(given) != 2:
        return dot if layer.config["mode"] == "dot" else layer
    inner = replace(dot, name=f"{layer.name}_dot", path=f"{layer.path}/{layer.name}_dot")
    entries = [Layer("InputLayer", f"{layer.name}_{side}", {"batch_shape": list(given), "dtype": layer.policy.compute}) for side in "xy"]
    nodes = [Node("keras", "InputLayer", entry.name, layer=entry) for entry in entries]
    nodes.append(Node("keras", "Dot", inner.name, ([Output(node) for node in nodes],), layer=inner))
    reshape = _inner(layer, "Reshape", "apart", target_shape=[1, 1])
    nodes.append(Node("keras", "Reshape", reshape.name, (Output(nodes[-1]),), layer=reshape))
    graph = Graph(nodes, nodes[:2], [Output(node) for node in nodes[:2]], Output(nodes[-1]), [*entries, inner, reshape])
    return Layer("Functional", layer.name, {}, graph=graph, trainable=layer.trainable, path=layer.path)


def _local(layer: Layer, given: Shape | None) -> Layer:
    """LocallyConnected layers: the windows by a fixed convolution, then a product of its own for each place."""
    config, kernel = layer.config, layer.weights["kernel"]
    rank = int(layer.class_name[-2])
    if given is None or None in given[1:] or len(given) != rank + 2 or config.get("implementation", 1) not in (1, None):
        return layer
    first = config.get("data_format") == "channels_first"
    lengths, channels = (given[2:], given[1] or 0) if first else (given[1:-1], given[-1] or 0)
    window, strides = (_each(config[key], rank) for key in ("kernel_size", "strides"))
    places = [((n or 0) - k) // s + 1 for n, k, s in zip(lengths, window, strides, strict=True)]
    count, width, filters = int(np.prod(places)), int(np.prod(window)) * channels, config["filters"]
    if kernel.shape != (count, width, filters):
        return layer

    def channels_last(array: np.ndarray) -> np.ndarray:
        """The rows of each place's kernel, (channels, window), as (window, channels)."""
        return array.reshape(count, channels, -1, filters).swapaxes(1, 2).reshape(array.shape)

    made = {"kernel": kernel.map(channels_last) if first else kernel}
    if "bias" in layer.weights:  # its values lie as those of the result do
        flat = (lambda v: v.reshape(filters, -1).T) if first else (lambda v: v.reshape(-1, filters))
        made["bias"] = layer.weights["bias"].map(flat, (count, filters))
    identity = Tensor.of(np.eye(width, dtype=np.float32).reshape(*window, channels, width))
    options = {"filters": width, "kernel_size": window, "strides": strides, "padding": "valid", "data_format": "channels_last"}
    patches = _inner(
        layer, f"Conv{rank}D", "windows", {"kernel": identity}, **options, dilation_rate=1, use_bias=False, activation="linear"
    )
    patches.trainable = False
    product = _inner(
        layer, "EinsumDense", "each", made, equation="bpf,pfo->bpo", output_shape=[count, filters],
        bias_axes="po" if "bias" in made else None, activation=config.get("activation", "linear"),
    )  # fmt: skip
    parts = [
        patches,
        _inner(layer, "Reshape", "places", target_shape=[count, width]),
        product,
        _inner(layer, "Reshape", "space", target_shape=[*places, filters]),
    ]
    if first:
        axes = list(range(1, rank + 2))
        parts.insert(0, _inner(layer, "Permute", "last", dims=[*axes[1:], 1]))
        parts.append(_inner(layer, "Permute", "first", dims=[axes[-1], *axes[:-1]]))
    return _chained(layer, parts)


def _prelu(layer: Layer, given: Shape | None) -> Layer:
    """Keras 1 did not write which axes share their slopes; the slopes have length 1 there."""
    slopes = layer.weights["alpha"].shape
    if given is not None and not layer.config.get("shared_axes"):
        shared = [axis for axis, (size, length) in enumerate(zip(slopes, given[1:], strict=False), 1) if size == 1 and length != 1]
        layer.config["shared_axes"] = shared or None
    return layer


def misplaced_bias(layer: Layer, output: Shape) -> bool:
    """True for a convolution, channels first, whose bias today's Keras adds along another axis than the file's: one that is as long.

    From 3.7 on `keras.ops.add` takes the last axis for that of the channels (keras/src/backend/tensorflow/numpy.py), unless TensorFlow makes
    one operation of a convolution and its bias.
    """
    config = layer.config
    if config.get("data_format") != "channels_first" or "broadcasts" not in config or "bias" not in layer.weights:
        return False
    rates = config.get("dilation_rate", 1)
    plain = config.get("groups", 1) == 1 and {*([rates] if isinstance(rates, int) else rates)} == {1}
    fused = plain and (layer.class_name in ("Conv1D", "Conv2D") or config["broadcasts"] == "fused")
    return not fused and output[-1] in (None, layer.weights["bias"].shape[0])


# -- Theano's padding, and sizes that Keras 1 was told ----------------------------------------------------------------


def _convolution(layer: Layer, given: Shape | None) -> Layer:
    """Theano's "same" of odd windows without strides is TensorFlow's; else zeros are padded before, half a window in front."""
    config = layer.config
    if config.get("padding") != "half":
        return layer
    rank = int(layer.class_name[-2] if layer.class_name.startswith("ConvLSTM") else layer.class_name[4])
    window, strides, dilations = (_each(config.get(key, 1), rank) for key in ("kernel_size", "strides", "dilation_rate"))
    reach = [(k - 1) * d + 1 for k, d in zip(window, dilations, strict=True)]
    if all(s == 1 for s in strides) and all(r % 2 for r in reach):
        config["padding"] = "same"
        return layer
    lengths = _space(layer, given) if given is not None else [None] * rank
    if layer.class_name.startswith("ConvLSTM") or any(n is None and s > 1 for n, s in zip(lengths, strides, strict=True)):
        return layer
    pairs = []
    for length, r, s in zip(lengths, reach, strides, strict=True):
        after = r - 1 - r // 2 if s == 1 else (-(-(length or 0) // s) - 1) * s + r - (length or 0) - r // 2
        pairs.append([r // 2, max(after, 0)])
    space = {} if rank == 1 else {"data_format": config.get("data_format")}
    zeros = _inner(layer, f"ZeroPadding{rank}D", "zeros", padding=pairs[0] if rank == 1 else pairs, **space)
    inner = replace(layer, name=f"{layer.name}_valid", path=f"{layer.path}/{layer.name}_valid", config={**config, "padding": "valid"})
    return _chained(layer, [zeros, inner])


def _space(layer: Layer, given: Shape) -> list[int | None]:
    """The lengths of the axes that are neither batch nor channels."""
    return list(given[2:] if layer.config.get("data_format") == "channels_first" else given[1:-1])


def _pool(layer: Layer, given: Shape | None) -> Layer:
    """Theano's "same" of windows of three without strides is TensorFlow's."""
    rank = int(layer.class_name[-2])
    window = _each(layer.config["pool_size"], rank)
    strides = window if layer.config.get("strides") is None else _each(layer.config["strides"], rank)
    if layer.config.get("padding") == "half" and set(strides) == {1} and set(window) <= {1, 3} and "counts_padding" not in layer.config:
        layer.config["padding"] = "same"
    return layer


def _transposed(layer: Layer, given: Shape | None) -> Layer:
    """Deconvolution2D(output_shape=): what it adds to the usual size is output_padding. Theano's "same" cuts half a window off in front."""
    config = layer.config
    size, padding = config.get("output_size"), config.get("padding")
    if (size is None and padding != "half") or given is None or None in _space(layer, given):
        return layer
    lengths = [n or 0 for n in _space(layer, given)]
    window, strides = (_each(config[key], len(lengths)) for key in ("kernel_size", "strides"))
    full = [(n - 1) * s + k for n, s, k in zip(lengths, strides, window, strict=True)]
    usual = [n * s if padding != "valid" else n * s + max(k - s, 0) for n, s, k in zip(lengths, strides, window, strict=True)]
    wanted = usual if size is None else list(size)
    config = {key: value for key, value in config.items() if key != "output_size"}
    if padding == "half":
        cuts = [[k // 2, whole - out - k // 2] for k, whole, out in zip(window, full, wanted, strict=True)]
        if any(cut < 0 for pair in cuts for cut in pair) or any(k < s for k, s in zip(window, strides, strict=True)):
            return layer
        inner = replace(layer, name=f"{layer.name}_valid", path=f"{layer.path}/{layer.name}_valid", config={**config, "padding": "valid"})
        return _chained(layer, [inner, _inner(layer, "Cropping2D", "cut", cropping=cuts, data_format=config.get("data_format"))])
    if wanted != usual:
        same = padding == "same"
        config["output_padding"] = [out - whole + (2 * (k // 2) if same else 0) for out, whole, k in zip(wanted, full, window, strict=True)]
    return replace(layer, config=config)


# -- text and numbers --------------------------------------------------------------------------------------------------


def _lookup(layer: Layer, given: Shape | None) -> Layer:
    """The vocabulary that a file keeps beside the config stands in the config, so that the layer knows its size when it is made."""
    terms = layer.weights.pop("vocabulary", None)
    if terms is not None:
        words = [term.decode() if isinstance(term, bytes) else str(term) for term in terms.numpy().tolist()]
        layer.config["vocabulary"] = [int(word) for word in words] if layer.class_name == "IntegerLookup" else words
    weights = layer.weights.get("idf_weights")
    if weights is not None:
        layer.config["idf_weights"] = weights.numpy().tolist()
    return layer


def _buckets(layer: Layer, given: Shape | None) -> Layer:
    """Discretization of tf.keras took its input as it came; today's casts it to the layer's dtype first."""
    if layer.config.get("casts") is not False or layer.policy.compute.startswith("float"):
        return layer
    config = {key: value for key, value in layer.config.items() if key != "dtype"}
    return replace(layer, config=config, policy=Policy())


def _hashing(layer: Layer, given: Shape | None) -> Layer:
    """Buckets of tf.keras 2.3 to 2.7 were int64, whatever the layer's dtype."""
    if layer.config.get("numbers") != "int64":
        return layer
    return replace(layer, config={**layer.config, "dtype": None}, policy=Policy("int64", "int64", "int64"))


def _each(value: Any, rank: int) -> list[int]:
    return [value] * rank if isinstance(value, int) else [int(part) for part in value]


Change = Callable[[Layer, Shape | None], Layer]
CHANGES: dict[str, Change] = {
    "ThresholdedReLU": _thresholded_relu,
    "RandomHeight": _identity,
    "RandomWidth": _identity,
    "SyncBatchNormalization": _synchronized,
    **dict.fromkeys(("Addons>WeightNormalization", "Addons>SpectralNormalization"), _wrapped),
    **dict.fromkeys(("efficientnet>FixedDropout", "keras_hub>ReversibleEmbedding"), _as_of_keras),
    "keras_resnet>BatchNormalization": _frozen,
    "MaxoutDense": _maxout,
    "Highway": _highway,
    "ParametricSoftplus": _parametric_softplus,
    "SReLU": _s_shaped_relu,
    "Hashing": _hashing,
    "Merge": _product,
    "LocallyConnected1D": _local,
    "LocallyConnected2D": _local,
    "PReLU": _prelu,
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "ConvLSTM2D"), _convolution),
    **{f"{kind}Pooling{n}D": _pool for kind in ("Max", "Average") for n in (1, 2, 3)},
    "Conv2DTranspose": _transposed,
    **dict.fromkeys(("StringLookup", "IntegerLookup", "TextVectorization"), _lookup),
    "Discretization": _buckets,
}
