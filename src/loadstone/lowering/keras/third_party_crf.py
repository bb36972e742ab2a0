"""The conditional random fields of tensorflow_addons and keras_contrib: the likeliest tags of a sequence.

tensorflow_addons/layers/crf.py and text/crf.py of 0.23, where potentials are to be large; keras_contrib/layers/crf.py, where
energies are to be small.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import ModelError
from loadstone.ir import Layer, Structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate, softmax
from loadstone.lowering.keras.attention import counted
from loadstone.lowering.keras.recurrent_steps import over_steps
from loadstone.lowering.keras.walk import Call, Traced, Walk, with_masks
from loadstone.lowering.registry import keras_layer


@keras_layer(
    "Addons>CRF",
    weights=("chain_kernel", "left_boundary?", "right_boundary?"),
    options="units use_boundary use_kernel",
    raw=True,
)
def addons_crf(walk: Walk, layer: Layer, call: Call) -> Structure:
    """(batch, time, n) -> the best tags (batch, time) int32, 0 after the end; potentials; lengths int64; the chain's kernel.

    A mask counts by its number of steps alone, as if all padding were behind.
    """
    b, mask, x = walk.b, call.mask, call.first
    if not isinstance(x, Value) or not (mask is None or isinstance(mask, Value)):
        raise ModelError("a CRF takes one sequence and its mask")
    potentials = x
    if layer.children:
        projected = walk.call(layer.children["_dense_layer"], (Traced(x),), {})
        if not isinstance(projected, Traced) or projected.value is None:
            return None
        potentials = projected.value
    chain = b.cast(b.weight(layer.weights["chain_kernel"]), layer.policy.compute)
    if "left_boundary" in layer.weights:
        left, right = (b.cast(b.weight(layer.weights[f"{side}_boundary"]), potentials.dtype) for side in ("left", "right"))
        potentials = _with_boundaries(b, potentials, mask, left, right, last_of_run=True)
    time = b.dim(x, 1)
    if mask is None:
        lengths = b.Expand(b.vector([time]), b.vector([b.dim(x, 0)]), out_shape=x.shape[:1])
    else:
        lengths = b.ReduceSum(b.cast(mask, "int64"), b.ints([1]), keepdims=0)
    tags = _addons_decoded(b, potentials, chain, lengths)
    outputs = [tags, potentials, lengths, b.weight(layer.weights["chain_kernel"])]
    return with_masks(outputs, mask)


def _addons_decoded(b: Builder, potentials: Value, chain: Value, lengths: Value) -> Value:
    """The tags of the path of the largest sum."""
    steps = b.transpose(potentials, [1, 0, 2])
    first, rest = b.squeeze(b.slice(steps, 0, 0, 1), 0), b.slice(steps, 0, 1)
    numbers = b.unsqueeze(counted(b, b.dim(potentials, 1)), 0)
    within = b.Less(numbers, b.unsqueeze(lengths, 1))  # (batch, time)

    def forward(inner: Builder, x: Value, held: list[Value]) -> list[Value]:
        scores = inner.Add(inner.unsqueeze(held[1], 2), inner.unsqueeze(chain, 0))
        best = inner.Add(x, inner.ReduceMax(scores, inner.ints([1]), keepdims=0))
        return [inner.cast(inner.ArgMax(scores, axis=1, keepdims=0), "int32"), best]

    tables, _, held = over_steps(b, forward, rest, [b.cast(b.zeros(b.dims(first), "int64"), "int32"), first], b.slice(within, 1, 1), False)
    last = b.cast(b.ArgMax(held[1], axis=1, keepdims=1), "int32")  # (batch, 1)
    goes_on = b.unsqueeze(b.transpose(b.slice(within, 1, 1), [1, 0]), 2)  # after the end a tag stays what it is
    stays = b.const(np.arange(chain.shape[0] or 0, dtype=np.int32), "int32")
    path = _followed(b, b.Where(goes_on, tables, stays), last)
    tags = b.Concat(path, last, axis=1)
    given = b.Less(numbers, b.Max(b.unsqueeze(lengths, 1), 1))  # the first tag of an empty sequence is given all the same
    return b.Where(given, tags, b.const(0, "int32"))


def _followed(b: Builder, tables: Value, last: Value) -> Value:
    """From the last tag (batch, 1) back through tables (time, batch, tags) int32: the tags before, (batch, time)."""

    def backward(inner: Builder, table: Value, held: list[Value]) -> list[Value]:
        return [inner.GatherElements(table, inner.cast(held[0], "int64"), axis=1)]

    found, _, _ = over_steps(b, backward, tables, [last], None, True)
    return b.squeeze(b.transpose(found, [1, 0, 2]), 2)


def _with_boundaries(b: Builder, energy: Value, mask: Value | None, left: Value, right: Value, last_of_run: bool) -> Value:
    """What a path's first and last tags add; last_of_run: at the last step of the mask, else (keras_contrib) before its first."""
    left, right = b.unsqueeze(left, 0, 1), b.unsqueeze(right, 0, 1)
    if mask is None:
        start = b.Concat(b.Add(b.slice(energy, 1, 0, 1), left), b.slice(energy, 1, 1), axis=1)
        return b.Concat(b.slice(start, 1, 0, -1), b.Add(b.slice(start, 1, -1), right), axis=1)
    seen = b.unsqueeze(b.cast(mask, energy.dtype), 2)
    before, after = _shifted(b, seen, 1), _shifted(b, seen, -1)
    energy = b.Add(energy, b.Mul(b.cast(b.Greater(seen, before), energy.dtype), left))
    ends = b.Greater(seen, after) if last_of_run else b.Greater(after, seen)
    return b.Add(energy, b.Mul(b.cast(ends, energy.dtype), right))


def _shifted(b: Builder, x: Value, steps: int) -> Value:
    """x (batch, time, n) one step later (1) or earlier (-1), zeros at the free place."""
    zero = b.Mul(b.slice(x, 1, 0, 1), 0)
    return b.Concat(zero, b.slice(x, 1, 0, -1), axis=1) if steps > 0 else b.Concat(b.slice(x, 1, 1), zero, axis=1)


# -- keras_contrib ------------------------------------------------------------------------------------------------------


def _contrib_mask(b: Builder, layer: Layer, call: Call) -> Structure:
    mask: Any = call.previous_mask
    if mask is None or layer.config.get("learn_mode", "join") != "join":
        return mask
    return b.cast(b.ReduceMax(b.cast(mask, "int32"), b.ints([1]), keepdims=0), "bool")


@keras_layer(
    "keras_contrib>CRF",
    weights=("kernel", "chain_kernel", "bias?", "left_boundary?", "right_boundary?"),
    options="units learn_mode test_mode use_boundary use_bias sparse_target activation input_dim unroll",
    masking=_contrib_mask,
)
def contrib_crf(
    b: Builder, layer: Layer, x: Value, kernel: Value, chain_kernel: Value,
    bias: Value | None = None, left_boundary: Value | None = None, right_boundary: Value | None = None, mask: Value | None = None,
) -> Value:  # fmt: skip
    """(batch, time, n) -> the best tags as rows of one 1 (batch, time, units), or each tag's probability at each step."""
    config = layer.config
    energy = b.MatMul(x, kernel)
    energy = activate(b, energy if bias is None else b.Add(energy, bias), config.get("activation"))
    if left_boundary is not None and right_boundary is not None:
        energy = _with_boundaries(b, energy, mask, left_boundary, right_boundary, last_of_run=False)
    mode = config.get("test_mode") or ("viterbi" if config.get("learn_mode", "join") == "join" else "marginal")
    if mode == "viterbi":
        return _best_path(b, energy, chain_kernel, mask, int(config["units"]))
    forward, backward = (_log_sums(b, energy, chain_kernel, mask, turned) for turned in (False, True))
    energy = energy if mask is None else b.Mul(energy, b.unsqueeze(b.cast(mask, energy.dtype), 2))
    return softmax(b, b.Neg(b.Add(b.Add(_shifted(b, forward, 1), energy), _shifted(b, backward, -1))))


def _masked_steps(b: Builder, energy: Value, mask: Value | None, turned: bool) -> Value:
    """Energies by step (time, batch, tags + 1), 0 where masked; last whether the chain goes on to the next step read."""
    if mask is None:
        flags = b.Add(b.Mul(b.slice(energy, 2, 0, 1), 0), 1)
    else:
        seen = b.unsqueeze(b.cast(mask, energy.dtype), 2)
        energy, flags = b.Mul(energy, seen), b.Mul(seen, _shifted(b, seen, 1 if turned else -1))
    return b.transpose(b.Concat(energy, flags, axis=2), [1, 0, 2])


def _step(inner: Builder, x: Value, chain: Value, units: int) -> tuple[Value, Value]:
    """The energies (batch, tags, 1) of a step and those of the chain (batch, tags, tags) after it."""
    return inner.unsqueeze(inner.slice(x, 1, 0, units), 2), inner.Mul(
        inner.unsqueeze(chain, 0), inner.unsqueeze(inner.slice(x, 1, units), 2)
    )


def _log_sums(b: Builder, energy: Value, chain: Value, mask: Value | None, turned: bool) -> Value:
    """-log of the sums over all paths up to each step (batch, time, tags), read from the end where turned."""
    units = chain.shape[0]
    assert units is not None

    def advance(inner: Builder, x: Value, held: list[Value]) -> list[Value]:
        now, along = _step(inner, x, chain, units)
        total = inner.Add(along, inner.Sub(now, inner.unsqueeze(held[0], 2)))
        return [inner.ReduceLogSumExp(inner.Neg(total), inner.ints([1]), keepdims=0)]

    start = b.Mul(b.squeeze(b.slice(energy, 1, 0, 1), 1), 0)
    found, _, _ = over_steps(b, advance, _masked_steps(b, energy, mask, turned), [start], None, turned)
    return b.transpose(found, [1, 0, 2])


def _best_path(b: Builder, energy: Value, chain: Value, mask: Value | None, units: int) -> Value:
    """The path of the least energy, as rows of one 1."""

    def forward(inner: Builder, x: Value, held: list[Value]) -> list[Value]:
        now, along = _step(inner, x, chain, units)
        total = inner.Add(along, inner.Add(now, inner.unsqueeze(held[1], 2)))
        return [inner.cast(inner.ArgMin(total, axis=1, keepdims=0), "int32"), inner.ReduceMin(total, inner.ints([1]), keepdims=0)]

    start = b.Mul(b.squeeze(b.slice(energy, 1, 0, 1), 1), 0)
    tables, last, _ = over_steps(b, forward, _masked_steps(b, energy, mask, False), [b.cast(start, "int32"), start], None, False)
    path = _followed(b, tables, b.slice(last, 1, 0, 1))
    rows = b.const(np.eye(units, dtype=np.float32), "float32")
    return b.Gather(rows, path, axis=0)
