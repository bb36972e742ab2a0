"""Recurrent cells of tensorflow_addons, inside RNN or by themselves, and its layer ESN.

tensorflow_addons/rnn and layers/esn.py of 0.23, its last release. ONNX has no nodes for them: they run step by step. Dropout is nothing at
inference, `implementation` a way of computing the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, flatten, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.recurrent import one_step, rnn
from loadstone.lowering.keras.recurrent_cells import SteppedCell
from loadstone.lowering.keras.walk import Call, Traced, Walk
from loadstone.lowering.registry import keras_layer

_GATED = "units activation use_bias dropout recurrent_dropout implementation"
_ESN = "units connectivity leaky spectral_radius use_norm2 use_bias activation"
_RNN = "return_sequences return_state go_backwards stateful unroll time_major zero_output_for_mask"
_PEEPHOLES = tuple(f"{gate}_gate_peephole_weights" for gate in ("input", "forget", "output"))

Weights = dict[str, Value]
Make = Callable[[Builder, Layer, Weights], SteppedCell]
_CELLS: dict[str, Make] = {}


@keras_layer("Addons>ESN", options=f"{_ESN} {_RNN}", raw=True)
def echo_state_network(walk: Walk, layer: Layer, call: Call) -> Structure:
    """RNN over an ESNCell: (batch, time, n) -> (batch, units), or that of each step."""
    return rnn(walk, layer, call)


def addons_cell(walk: Walk, layer: Layer) -> SteppedCell:
    """The cell of a layer of this module. float16 and bfloat16 compute in float32, as Keras' own cells do."""
    rule = walk.rule_inside(layer, *_CELLS)
    return _CELLS[layer.class_name](walk.b, layer, {name: _wide(walk.b, value) for name, value in walk.weights(layer, rule).items()})


def _wide(b: Builder, value: Value) -> Value:
    return b.cast(value, "float32") if value.dtype in ("float16", "bfloat16") else value


def _cell(name: str, *further: str, options: str) -> Callable[[Make], Make]:
    """Decorator: the function makes the cell of a class. Called by itself it takes inputs (batch, n) and its states."""

    def register(make: Make) -> Make:
        def alone(walk: Walk, layer: Layer, call: Call) -> Structure:
            x, *states = flatten(list(call.arguments.values()))
            cell = addons_cell(walk, layer)
            if len(states) != cell.states:
                raise ModelError(f"a {layer.class_name} has {cell.states} states and is given {len(states)}")
            return map_structure(Traced, one_step(walk.b, layer, cell, x, states))

        alone.__doc__ = make.__doc__
        keras_layer(name, weights=("kernel", "recurrent_kernel", "bias?", *further), options=options, raw=True)(alone)
        _CELLS[name] = make
        return make

    return register


# -- the mathematics of a step --------------------------------------------------------------------------------------------


def _plus(b: Builder, x: Value, bias: Value | None) -> Value:
    return x if bias is None else b.Add(x, bias)


@_cell("Addons>ESNCell", options=_ESN)
def _esn(b: Builder, layer: Layer, weights: Weights) -> SteppedCell:
    """State h = (1 - leaky) h + leaky activation(x W + h U + b)."""
    kernel, recurrent, leaky = weights["kernel"], weights["recurrent_kernel"], float(layer.config["leaky"])

    def project(b: Builder, x: Value) -> Value:
        return _plus(b, b.MatMul(x, kernel), weights.get("bias"))

    def step(b: Builder, x: Value, states: list[Value]) -> list[Value]:
        after = activate(b, b.Add(x, b.MatMul(states[0], recurrent)), layer.config.get("activation"))
        return [after if leaky == 1 else b.Add(b.Mul(states[0], 1 - leaky), b.Mul(after, leaky))]

    return SteppedCell(kernel.dtype, (int(layer.config["units"]),), project, step, (layer.config.get("activation"),))


@_cell("Addons>NASCell", "projection_weights?", options="units projection use_bias")
def _nas(b: Builder, layer: Layer, weights: Weights) -> SteppedCell:
    """States c and m, of which the second is the output: eight gates in three rounds, found by search."""
    kernel, recurrent, projection = weights["kernel"], weights["recurrent_kernel"], weights.get("projection_weights")
    units, projected = int(layer.config["units"]), layer.config.get("projection")
    if (projected is None) != (projection is None):
        raise ModelError(f"projection is {projected} and its weights are {'missing' if projection is None else 'there'}")

    def project(b: Builder, x: Value) -> Value:
        return b.MatMul(x, kernel)

    def step(b: Builder, x: Value, states: list[Value]) -> list[Value]:
        c, m = states
        of_x, of_m = b.split(x, 8, 1), b.split(_plus(b, b.MatMul(m, recurrent), weights.get("bias")), 8, 1)
        sums = [b.Mul(u, v) if place == 3 else b.Add(u, v) for place, (u, v) in enumerate(zip(of_x, of_m, strict=True))]
        curves = [b.Sigmoid, b.Relu, b.Sigmoid, b.Relu, b.Tanh, b.Sigmoid, b.Tanh, b.Sigmoid]
        first = [curve(y) for curve, y in zip(curves, sums, strict=True)]
        second = [
            b.Tanh(b.Add(b.Tanh(b.Mul(first[0], first[1])), c)),
            b.Tanh(b.Add(first[2], first[3])),
            b.Tanh(b.Mul(first[4], first[5])),
            b.Sigmoid(b.Add(first[6], first[7])),
        ]
        carry = b.Mul(second[0], second[1])
        output = b.Tanh(b.Mul(carry, b.Tanh(b.Add(second[2], second[3]))))
        return [carry, output if projection is None else b.MatMul(output, projection)]

    return SteppedCell(kernel.dtype, (units, units if projected is None else int(projected)), project, step, output=1)


def _normalized(b: Builder, layer: Layer, part: str, epsilon: str) -> Callable[[Builder, Value], Value]:
    """The LayerNormalization inside a cell that an attribute holds, over the last axis."""
    weights = layer.children[part].weights
    gamma, beta = (None if tensor is None else _wide(b, b.weight(tensor)) for tensor in (weights.get("gamma"), weights.get("beta")))

    def norm(b: Builder, x: Value) -> Value:
        difference = b.Sub(x, b.ReduceMean(x, b.ints([-1]), keepdims=1))
        variance = b.ReduceMean(b.Mul(difference, difference), b.ints([-1]), keepdims=1)
        y = b.Div(difference, b.Sqrt(b.Add(variance, float(layer.config[epsilon]))))
        y = y if gamma is None else b.Mul(y, gamma)
        return _plus(b, y, beta)

    return norm


@_cell("Addons>LayerNormLSTMCell", options=f"{_GATED} recurrent_activation unit_forget_bias norm_epsilon")
def _layer_norm_lstm(b: Builder, layer: Layer, weights: Weights) -> SteppedCell:
    """An LSTM cell with norms of what inputs and state give to the gates, and of the state c."""
    kernel, recurrent, config = weights["kernel"], weights["recurrent_kernel"], layer.config
    of_kernel, of_state, of_carry = (_normalized(b, layer, f"{part}_norm", "norm_epsilon") for part in ("kernel", "recurrent", "state"))

    def project(b: Builder, x: Value) -> Value:
        return _plus(b, of_kernel(b, b.MatMul(x, kernel)), weights.get("bias"))

    def step(b: Builder, x: Value, states: list[Value]) -> list[Value]:
        z = b.split(b.Add(x, of_state(b, b.MatMul(states[0], recurrent))), 4, 1)
        i, f, o = (activate(b, z[place], config["recurrent_activation"]) for place in (0, 1, 3))
        c = of_carry(b, b.Add(b.Mul(f, states[1]), b.Mul(i, activate(b, z[2], config["activation"]))))
        return [b.Mul(o, activate(b, c, config["activation"])), c]

    return _gated(kernel, config, 2, project, step)


@_cell("Addons>LayerNormSimpleRNNCell", options=f"{_GATED} layernorm_epsilon")
def _layer_norm_simple(b: Builder, layer: Layer, weights: Weights) -> SteppedCell:
    """h = activation(norm(x W + h U) + b)."""
    kernel, recurrent, config = weights["kernel"], weights["recurrent_kernel"], layer.config
    norm = _normalized(b, layer, "layernorm", "layernorm_epsilon")

    def project(b: Builder, x: Value) -> Value:
        return b.MatMul(x, kernel)

    def step(b: Builder, x: Value, states: list[Value]) -> list[Value]:
        y = _plus(b, norm(b, b.Add(x, b.MatMul(states[0], recurrent))), weights.get("bias"))
        return [activate(b, y, config.get("activation"))]

    return _gated(kernel, config, 1, project, step)


@_cell("Addons>PeepholeLSTMCell", *_PEEPHOLES, options=f"{_GATED} recurrent_activation unit_forget_bias")
def _peephole_lstm(b: Builder, layer: Layer, weights: Weights) -> SteppedCell:
    """An LSTM cell whose gates see the state c."""
    kernel, recurrent, config = weights["kernel"], weights["recurrent_kernel"], layer.config
    seen = [weights[name] for name in _PEEPHOLES]

    def project(b: Builder, x: Value) -> Value:
        return _plus(b, b.MatMul(x, kernel), weights.get("bias"))

    def step(b: Builder, x: Value, states: list[Value]) -> list[Value]:
        h, c = states
        z = b.split(b.Add(x, b.MatMul(h, recurrent)), 4, 1)
        i, f = (activate(b, b.Add(z[place], b.Mul(seen[place], c)), config["recurrent_activation"]) for place in (0, 1))
        after = b.Add(b.Mul(f, c), b.Mul(i, activate(b, z[2], config["activation"])))
        o = activate(b, b.Add(z[3], b.Mul(seen[2], after)), config["recurrent_activation"])
        return [b.Mul(o, activate(b, after, config["activation"])), after]

    return _gated(kernel, config, 2, project, step)


def _gated(kernel: Value, config: dict[str, Any], states: int, project: Any, step: Any) -> SteppedCell:
    if config.get("implementation") not in (None, 0, 1, 2):
        raise UnsupportedAttribute(f"implementation={config['implementation']!r}")
    activations = (config.get("activation"), config.get("recurrent_activation"))
    return SteppedCell(kernel.dtype, (int(config["units"]),) * states, project, step, activations)
