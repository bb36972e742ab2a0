"""ConvLSTM1D to ConvLSTM3D: an LSTM whose products are convolutions.

Semantics: keras/src/layers/rnn/conv_lstm.py of Keras 3 and base_conv_lstm.py of tf.keras 2. The inputs of all steps are convolved
at once; the convolution of the state, with a stride of 1 and padding "same", stands in a loop.
"""

from __future__ import annotations

from math import prod
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, Tensor, flatten
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.recurrent import rnn_mask, split_inputs
from loadstone.lowering.keras.recurrent_steps import over_steps
from loadstone.lowering.keras.windows import as_given, channels_first, data_format, numbers, padded
from loadstone.lowering.registry import keras_layer

_OPTIONS = (
    "filters kernel_size strides padding data_format dilation_rate activation recurrent_activation use_bias unit_forget_bias dropout "
    "recurrent_dropout return_sequences return_state go_backwards stateful unroll zero_output_for_mask"
)


@keras_layer(
    "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", weights=("kernel", "recurrent_kernel", "bias?"), options=_OPTIONS, masking=rnn_mask
)  # fmt: skip
def conv_lstm(
    b: Builder,
    layer: Layer,
    sequences: Any,
    initial_state: Any = None,
    mask: Any = None,
    *,
    kernel: Value,
    recurrent_kernel: Value,
    bias: Value | None = None,
) -> Structure:
    """x (batch, time, space..., channels) -> (batch, space..., filters) or that of each step, then the states h and c.

    kernel (window..., channels, 4 * filters), recurrent_kernel (window..., filters, 4 * filters), bias (4 * filters).
    """
    config = layer.config
    if config.get("zero_output_for_mask") and layer.masks.inner:
        raise UnsupportedAttribute("zero_output_for_mask of a ConvLSTM of tf.keras 2")
    x, given = split_inputs(sequences, initial_state)
    mask = None if mask is None else b.cast(flatten(mask)[0], "bool")
    gates = _inputs(b, layer, x, kernel, bias)
    zeros = [b.dim(x, 0), int(config["filters"]), *b.dims(gates)[3:]]
    states, keep = _states(b, layer, zeros, x.dtype, given)
    backward = bool(config.get("go_backwards"))
    weights = _filters_first(b, recurrent_kernel)

    def advance(inner: Builder, step: Value, held: list[Value]) -> list[Value]:
        return _step(inner, layer, step, held, weights)

    outputs, last, after = over_steps(b, advance, gates, states, mask, backward)
    keep(after)
    outputs = b.transpose(outputs, [1, 0, *range(2, outputs.rank)])
    if config.get("zero_output_for_mask") and mask is not None:
        outputs, last = _zero_masked(b, outputs, last, mask, backward, bool(config.get("unroll")))
    output = as_given(b, layer, last)
    if config.get("return_sequences"):
        output = _sequence_as_given(b, layer, b.slice(outputs, 1, -1, None, -1) if backward else outputs)
    return (output, *(as_given(b, layer, s) for s in after)) if config.get("return_state") else output


def _filters_first(b: Builder, kernel: Value) -> Value:
    n = kernel.rank - 2
    return b.transpose(kernel, [n + 1, n, *range(n)])


def _inputs(b: Builder, layer: Layer, x: Value, kernel: Value, bias: Value | None) -> Value:
    """What the inputs give to the gates: (time, batch, 4 * filters, space...)."""
    window = [d for d in kernel.shape[:-2] if d is not None]
    n = len(window)
    if x.rank != n + 3 or n != int(layer.class_name[8]) or numbers(layer.config["kernel_size"], n) != window:
        raise ModelError(f"a {layer.class_name} with a kernel of shape {kernel.shape} is given {x.shape}")
    batch, time, rest = b.dim(x, 0), b.dim(x, 1), b.dims(x)[2:]
    rows = prod((batch, time)) if isinstance(batch, int) and isinstance(time, int) else -1
    frames = channels_first(b, layer, b.reshape(x, [rows, *rest]))
    strides, dilations = numbers(layer.config.get("strides", 1), n), numbers(layer.config.get("dilation_rate", 1), n)
    frames, pads = padded(b, frames, layer.config.get("padding", "valid"), window, strides, dilations)
    y = b.Conv(frames, _filters_first(b, kernel), bias, strides=strides, dilations=dilations, **pads)
    return b.transpose(b.reshape(y, [batch, time, *b.dims(y)[1:]]), [1, 0, *range(2, n + 3)])


def _step(b: Builder, layer: Layer, x: Value, held: list[Value], kernel: Value) -> list[Value]:
    h, c = held
    window = [d for d in kernel.shape[2:] if d is not None]
    ones = [1] * len(window)
    h, pads = padded(b, h, "same", window, ones, ones)
    gates = b.split(b.Add(x, b.Conv(h, kernel, strides=ones, dilations=ones, **pads)), 4, 1)
    recurrent, activation = layer.config.get("recurrent_activation", "sigmoid"), layer.config.get("activation", "tanh")
    i, f, o = (activate(b, gates[k], recurrent) for k in (0, 1, 3))
    carry: Value = b.Add(b.Mul(f, c), b.Mul(i, activate(b, gates[2], activation)))
    return [b.Mul(o, activate(b, carry, activation)), carry]


def _states(b: Builder, layer: Layer, shape: list[int | Value], dtype: str, given: list[Value] | None) -> tuple[list[Value], Any]:
    """The states that the layer begins with (batch, filters, space...), and a function that keeps those after the call."""
    if given is not None and len(given) != 2:
        raise ModelError(f"{layer.class_name} has 2 states and is given {len(given)}")
    if not layer.config.get("stateful"):
        start = [b.zeros(shape, dtype)] * 2 if given is None else [channels_first(b, layer, s) for s in given]
        return start, lambda after: None
    if given is not None:
        raise UnsupportedAttribute(f"a stateful {layer.class_name} called with initial states")
    if not all(isinstance(d, int) for d in shape):
        raise ModelError(f"a stateful {layer.class_name} needs a fixed batch size and a fixed space")
    lengths = tuple(d for d in shape if isinstance(d, int))
    zeros = Tensor.of(b.zeros(lengths, layer.policy.variable).array())
    kept = [b.keep_state(f"{layer.path or layer.name}/{k}", zeros) for k in range(2)]

    def keep(after: list[Value]) -> None:
        for (_, set_next), state in zip(kept, after, strict=True):
            set_next(b.cast(state, layer.policy.variable))

    return [b.cast(now, dtype) for now, _ in kept], keep


def _zero_masked(b: Builder, outputs: Value, last: Value, mask: Value, backward: bool, unroll: bool) -> tuple[Value, Value]:
    shown = b.slice(mask, 1, -1, None, -1) if unroll and backward else mask
    final = b.slice(mask, 1, 0, 1) if backward else b.slice(mask, 1, -1)
    over = range(2, outputs.rank)
    return b.Where(b.unsqueeze(shown, *over), outputs, 0.0), b.Where(b.unsqueeze(final, *over[:-1]), last, 0.0)


def _sequence_as_given(b: Builder, layer: Layer, y: Value) -> Value:
    """y (batch, time, filters, space...) in the layer's data_format."""
    return y if data_format(layer) == "channels_first" else b.transpose(y, [0, 1, *range(3, y.rank), 2])
