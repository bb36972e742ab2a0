"""Layers that give the same elements in another shape: Flatten, Reshape, Permute, RepeatVector, Identity.

Semantics: keras/src/layers/reshaping and keras/src/layers/core/identity.py of Keras 3.
"""

from __future__ import annotations

from math import prod

from loadstone.errors import ModelError
from loadstone.ir import Layer, Structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_layer


@keras_layer("Identity", masking="pass")
def identity(b: Builder, layer: Layer, inputs: Structure) -> Structure:
    """The inputs, which may be a structure of tensors."""
    return inputs


@keras_layer("Flatten", options="data_format")
def flatten(b: Builder, layer: Layer, inputs: Value) -> Value:
    """(batch, ...) -> (batch, n); channels go last first where the data format has them second."""
    if layer.config.get("data_format") == "channels_first" and inputs.rank > 1:
        inputs = b.transpose(inputs, [0, *range(2, inputs.rank), 1])
    return flat(b, inputs)


def flat(b: Builder, x: Value) -> Value:
    """(batch, ...) -> (batch, n)."""
    lengths = x.shape[1:]
    known = [d for d in lengths if d is not None]
    if len(known) == len(lengths):
        return b.reshape(x, [b.dim(x, 0), prod(known)], (x.shape[0], prod(known)))
    return b.op("Reshape", x, b.ints([0, -1]), out_shape=(x.shape[0], None))  # 0 keeps a length


@keras_layer("Reshape", options="target_shape")
def reshape(b: Builder, layer: Layer, inputs: Value) -> Value:
    """(batch, ...) -> (batch, *target_shape), where one length may be -1 or None."""
    target = [-1 if d is None else int(d) for d in layer.config["target_shape"]]
    lengths = inputs.shape[1:]
    known = [d for d in lengths if d is not None]
    if len(known) == len(lengths):
        rest = prod(d for d in target if d != -1)
        if rest and -1 in target:
            target[target.index(-1)] = prod(known) // rest
        if prod(target) != prod(known):
            raise ModelError(f"a Reshape of {inputs.shape} to {layer.config['target_shape']}")
    return b.reshape(inputs, [b.dim(inputs, 0), *target], (inputs.shape[0], *(None if d == -1 else d for d in target)))


@keras_layer("Permute", options="dims")
def permute(b: Builder, layer: Layer, inputs: Value) -> Value:
    """The axes of a sample, counted from 1, in another order."""
    dims = [int(d) for d in layer.config["dims"]]
    if sorted(dims) != list(range(1, inputs.rank)):
        raise ModelError(f"a Permute of a tensor of shape {inputs.shape} with dims {dims}")
    return b.transpose(inputs, [0, *dims])


@keras_layer("RepeatVector", options="n")
def repeat_vector(b: Builder, layer: Layer, inputs: Value) -> Value:
    """(batch, features) -> (batch, n, features)."""
    return b.Tile(b.unsqueeze(inputs, 1), b.ints([1, int(layer.config["n"]), 1]))
