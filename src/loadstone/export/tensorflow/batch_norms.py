"""Batch normalizations as TensorFlow has them: with variables for gamma, beta, mean and variance, and one kernel for images.

Lowering makes of them one multiplication and one addition with constants. Where these are, to rounding, what the weights of the layer
say, both become one op again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from loadstone.export.tensorflow.registry import onnx_op
from loadstone.export.tensorflow.writer import Term, Writer
from loadstone.ir import Layer, Model, Tensor
from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.passes.channels import uses

KERAS = "keras"
_CLASSES = ("BatchNormalization", "SyncBatchNormalization")
_CLOSE = 1e-5


def find_batch_norms(block: Block, outputs: Sequence[Value], model: Model) -> None:
    """Rewrite a block, the bodies inside left as they are."""
    layers = {layer.path or layer.name: layer for layer in _layers(model)}
    used = uses(block, outputs)
    makers = {value.name: op for op in block.ops for value in op.outputs}
    gone: set[int] = set()
    for place, op in enumerate(block.ops):
        layer = layers.get(op.origin)
        if layer is None or op.kind != "Add":
            continue
        product, shift = _apart(op)
        times = None if product is None else makers.get(product.name)
        if product is None or times is None or times.kind != "Mul" or times.origin != op.origin or used[product.name] != 1:
            continue
        x, factor = _apart(times)
        if x is not None and factor is not None and shift is not None and _is(layer, x, factor, shift):
            gone.add(id(times))
            block.ops[place] = Op("BatchNorm", [x], op.outputs, {"layer": layer}, KERAS, op.origin)
    block.ops = [op for op in block.ops if id(op) not in gone]


def _layers(model: Model) -> Iterator[Layer]:
    for layer in [] if model.root is None else model.root.walk():
        if layer.class_name in _CLASSES and layer.config.get("deviation", "inside") == "inside":
            yield layer


def _apart(op: Op) -> tuple[Value | None, Value | None]:
    """The operand that is computed and the one that is constant; None where there are no such two."""
    values = [value for value in op.inputs if value is not None]
    computed, constant = [v for v in values if v.const is None], [v for v in values if v.const is not None]
    return (computed[0], constant[0]) if len(computed) == len(constant) == 1 else (None, None)


def _is(layer: Layer, x: Value, factor: Value, shift: Value) -> bool:
    """Whether x * factor + shift is what the layer computes along the last axis of x."""
    count = x.shape[-1]
    if x.dtype != "float32" or x.rank < 2 or any(v.const is None or v.const.size != count or v.shape[-1] != count for v in (factor, shift)):
        return False
    parts = [
        _weight(layer, name, count or 0).numpy().astype(np.float64).reshape(-1)
        for name in ("gamma", "beta", "moving_mean", "moving_variance")
    ]
    gamma, beta, mean, variance = parts
    if any(part.size != count for part in parts):
        return False
    with np.errstate(all="ignore"):
        wanted = gamma / np.sqrt(variance + layer.config["epsilon"])
        pairs = (factor, wanted), (shift, beta - mean * wanted)
    return all(np.allclose(value.array().reshape(-1), numbers, _CLOSE, _CLOSE * np.abs(numbers).max(initial=0)) for value, numbers in pairs)


def _weight(layer: Layer, name: str, count: int) -> Tensor:
    """A weight; one that the layer does not have multiplies by 1 or adds 0."""
    return layer.weights.get(name) or Tensor.of(np.full(count, float(name in ("gamma", "moving_variance")), np.float32))


@onnx_op("BatchNorm", domain=KERAS)
def batch_norm(w: Writer, x: Term, *, layer: Layer) -> Term:
    """Channels last, by the moments of training."""
    count, epsilon = (x.shape or (0,))[-1] or 0, float(layer.config["epsilon"])
    weights = ("gamma", "beta", "moving_mean", "moving_variance")
    found = [w.cast(w.constant(_weight(layer, name, count), name), x.dtype) for name in weights]
    gamma, beta, mean, variance = (term if term.rank == 1 else w.reshape(term, [count]) for term in found)
    if x.rank == 4:
        return w.op("FusedBatchNormV3", x, gamma, beta, mean, variance, U="float32", is_training=False, epsilon=epsilon)
    factor = w.Mul(w.Rsqrt(w.AddV2(variance, epsilon)), gamma)
    return w.AddV2(w.Mul(x, factor), w.Sub(beta, w.Mul(mean, factor)))
