"""Bidirectional and TimeDistributed.

Semantics: keras/src/layers/rnn/{bidirectional,time_distributed}.py of Keras 3; keras/layers/rnn of tf.keras 2.15 where
`ir.MaskRules.inner` says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer, Structure, flatten, map_structure
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.promotion import result_type
from loadstone.lowering.keras.recurrent import Result, apply, cells_of, outputs_read, refuse_arguments, split_inputs
from loadstone.lowering.keras.walk import Call, Traced, Walk, with_masks
from loadstone.lowering.registry import keras_layer

# -- Bidirectional ------------------------------------------------------------------------------------------------------


@keras_layer("Bidirectional", options="merge_mode zeros_masked", raw=True)
def bidirectional(walk: Walk, layer: Layer, call: Call) -> Structure:
    """Both directions over a sequence, merged; the states of both are returned, forward first.

    Outputs at masked steps are zeros where sequences are returned, whatever the layers inside say. zeros_masked says otherwise.
    """
    refuse_arguments(layer, call)
    always = {"always": True, "never": False}.get(layer.config.get("zeros_masked", ""))
    b, forward, backward = walk.b, layer.children["forward_layer"], layer.children["backward_layer"]
    x, given = split_inputs(call.first, call.arguments.get("initial_state"))
    half = 0 if given is None else len(given) // 2
    results = [
        apply(
            b, inner, cells_of(walk, inner), x, states, call.mask,
            zeros_masked=bool(inner.config.get("return_sequences")) if always is None else always,
        )
        for inner, states in ((forward, given and given[:half]), (backward, given and given[half:]))
    ]  # fmt: skip
    y = _output(b, forward, results[0], bool(forward.config.get("go_backwards")))
    y_back = _output(b, backward, results[1], not backward.config.get("go_backwards"))  # turned around again
    y, y_back = b.cast(y, layer.policy.compute), b.cast(y_back, layer.policy.compute)
    merged = _merged(b, layer.config.get("merge_mode", "concat"), y, y_back)
    outputs = (*merged, *results[0].states, *results[1].states) if forward.config.get("return_state") else merged
    mask = flatten(call.previous_mask)[0] if forward.config.get("return_sequences") else None
    return with_masks(outputs if len(outputs) > 1 else outputs[0], [mask] * len(merged))


def _output(b: Builder, inner: Layer, result: Result, backward: bool) -> Value:
    return outputs_read(b, inner, result, backward) if inner.config.get("return_sequences") else result.last


def _merged(b: Builder, mode: Any, y: Value, back: Value) -> tuple[Value, ...]:
    if mode == "concat":
        return (b.Concat(y, back, axis=-1),)
    if mode == "sum":
        return (b.Add(y, back),)
    if mode == "ave":
        return (b.Div(b.Add(y, back), 2.0),)
    if mode == "mul":
        return (b.Mul(y, back),)
    if mode is None:
        return y, back
    raise UnsupportedAttribute(f"Bidirectional with merge_mode={mode!r}")


# Layers whose `call` has no dtype but those of inputs and variables.
_PROMOTING = frozenset(
    "Dense EinsumDense Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose "
    "DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D".split()
)

# Layers that read masks or make them.
_HEEDING = frozenset(
    "Bidirectional ConvLSTM2D Embedding Functional GRU GlobalAveragePooling1D LSTM Lambda Masking RNN Sequential SimpleRNN Softmax".split()
)

# -- TimeDistributed ------------------------------------------------------------------------------------------------------


@keras_layer("TimeDistributed", options="step_masks", raw=True)
def time_distributed(walk: Walk, layer: Layer, call: Call) -> Structure:
    """The layer inside on each step: (batch, time, ...) -> (batch, time, ...).

    All steps at once, as further rows of the batch, wherever the rows of a batch do not see each other.
    """
    surplus = [name for name, value in list(call.arguments.items())[1:] if name != "mask" and value is not None]
    if surplus:
        raise UnsupportedAttribute(f"TimeDistributed is called with {', '.join(surplus)}")
    inner = layer.children["layer"]
    if any(leaf.rank < 3 for leaf in flatten(call.first)):
        raise ModelError(f"TimeDistributed takes (batch, time, ...); it is given {[leaf.shape for leaf in flatten(call.first)]}")
    if not layer.masks.inner:
        inner = _called_bare(layer, inner)
    if _step_by_step(layer, inner, call):
        return _each_step(walk, layer, inner, call)
    return _all_steps(walk, layer, inner, call)


def _called_bare(layer: Layer, inner: Layer) -> Layer:
    """The layer inside as Keras 3 uses it: its `call` alone, without the casts and the quantized call around it.

    Its variables are cast to the wrapper's compute dtype where that has a mixed policy, and promoted with the inputs otherwise.
    """
    if inner.policy.quantization:
        inner = replace(inner, config={**inner.config, "unscaled": True})
    outer, policy = layer.policy, inner.policy
    if policy.compute == outer.compute or inner.class_name in ("Embedding", "ReversibleEmbedding"):
        return inner
    dtype = outer.compute if outer.compute != outer.variable else result_type(outer.compute, policy.variable)
    if inner.class_name not in _PROMOTING or inner.config.get("lora_rank") or (policy.quantization and dtype != outer.compute):
        raise UnsupportedAttribute(f"TimeDistributed of dtype {outer.name} around a {inner.class_name} of dtype {policy.name}")
    return replace(inner, policy=replace(policy, compute=dtype))


def _step_by_step(layer: Layer, inner: Layer, call: Call) -> bool:
    """True where the steps must be taken one by one: rows that see each other, and states.

    tf.keras 2 folds the steps into the batch all the same, except for a stateful layer or one of the user's on a fixed batch.
    """
    if layer.masks.inner:
        return flatten(call.first)[0].shape[0] is not None and (bool(inner.config.get("stateful")) or inner.given is not None)
    return any(_rows_meet(part, call.training) for part in inner.walk())


def _rows_meet(layer: Layer, training: bool | None) -> bool:
    normalizes = layer.class_name in ("BatchNormalization", "SyncBatchNormalization") and (training is True or _called_in_training(layer))
    return normalizes or layer.given is not None or layer.class_name == "Lambda" or bool(layer.config.get("stateful"))


def _called_in_training(model: Layer) -> bool:
    return model.graph is not None and any(node.kwargs.get("training") for node in model.graph.nodes)


def _all_steps(walk: Walk, layer: Layer, inner: Layer, call: Call) -> Structure:
    b, leaves = walk.b, flatten(call.first)
    batch, time = b.dim(leaves[0], 0), next((v.shape[1] for v in leaves if v.shape[1] is not None), None)
    steps = time if time is not None else b.dim(leaves[0], 1)
    apart = layer.config.get("step_masks")
    masks = iter([] if apart == "none" else flatten(call.mask))
    folded = map_structure(lambda leaf: Traced(_fold(b, leaf), _fold(b, next(masks, None))), call.first)
    outputs = walk.call(inner, (folded,), {}, call.training)
    if outputs is None:
        return None
    values = [leaf.value for leaf in flatten(outputs)]
    if any(value is None for value in values):
        return map_structure(lambda leaf: Traced(None), outputs)
    unfolded = map_structure(lambda leaf: _unfold(b, leaf.value, batch, steps), outputs)
    if not layer.masks.inner:
        return with_masks(unfolded, call.previous_mask)
    if apart == "unknown" and any(part.class_name in _HEEDING or part.given is not None for part in inner.walk()):
        if any(mask is not None for mask in (*flatten(call.mask), *(leaf.mask for leaf in flatten(outputs)))):
            raise UnsupportedAttribute(
                "TimeDistributed with a mask of TensorFlow 1.9 to 1.12, which computed it differently and wrote the same"
            )
        apart = "none"
    if apart == "none":
        return with_masks(unfolded, call.previous_mask)
    made = [None if leaf.mask is None else _unfold(b, leaf.mask, batch, steps) for leaf in flatten(outputs)]
    if all(mask is None for mask in made):
        return with_masks(unfolded, _by_step(b, flatten(call.previous_mask)[0]))
    return with_masks(unfolded, made)


def _fold(b: Builder, x: Value | None) -> Value | None:
    """(batch, time, ...) -> (batch * time, ...)."""
    if x is None:
        return None
    batch, time = x.shape[:2]
    rows = batch * time if batch is not None and time is not None else -1
    if rows == -1 and None in x.shape[2:]:
        return b.reshape(x, [b.Mul(*(_vector(b, b.dim(x, k)) for k in (0, 1))), *b.dims(x)[2:]], (None, *x.shape[2:]))
    return b.reshape(x, [rows, *b.dims(x)[2:]], (rows if rows != -1 else None, *x.shape[2:]))


def _vector(b: Builder, length: int | Value) -> Value:
    return length if isinstance(length, Value) else b.ints([length])


def _unfold(b: Builder, x: Value, batch: int | Value, steps: int | Value) -> Value:
    """(batch * time, ...) -> (batch, time, ...)."""
    known = tuple(d if isinstance(d, int) else None for d in (batch, steps))
    return b.reshape(x, [batch, steps, *b.dims(x)[1:]], (*known, *x.shape[1:]))


def _by_step(b: Builder, mask: Value | None) -> Value | None:
    """A mask (batch, time, ...) as (batch, time): true where anything of the step is."""
    if mask is None or mask.rank == 2:
        return mask
    whole = b.ReduceMax(b.cast(mask, "int32"), b.ints(range(2, mask.rank)), keepdims=0)
    return b.cast(whole, "bool")


def _each_step(walk: Walk, layer: Layer, inner: Layer, call: Call) -> Structure:
    b, x = walk.b, call.first
    if not isinstance(x, Value) or x.shape[1] is None:
        raise UnsupportedAttribute(f"TimeDistributed around {inner.class_name}, whose rows see each other, on a sequence of free length")
    mask = flatten(call.mask)[0] if call.mask is not None else None
    outputs: list[Value] = []
    for t in range(x.shape[1]):
        here = None if mask is None else b.squeeze(b.slice(mask, 1, t, t + 1), 1)
        made = walk.call(inner, (Traced(b.squeeze(b.slice(x, 1, t, t + 1), 1), None if layer.masks.inner else here),), {}, call.training)
        if made is None or not isinstance(made, Traced) or made.value is None:
            return None if made is None else map_structure(lambda leaf: Traced(None), made)
        value = made.value
        if layer.masks.inner and here is not None:  # the steps are those of an RNN: the output of the step before is kept
            held = outputs[-1] if outputs else b.zeros(b.dims(value), value.dtype)
            value = b.Where(b.unsqueeze(b.cast(here, "bool"), *range(1, value.rank)), value, held)
        outputs.append(value)
    return with_masks(b.Concat(*(b.unsqueeze(y, 1) for y in outputs), axis=1), call.previous_mask)
