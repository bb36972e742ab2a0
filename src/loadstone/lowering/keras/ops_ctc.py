"""Connectionist temporal classification as functions of `keras.ops`: Python steps (`ctc`).

Semantics and dtypes: `ctc_loss` and `ctc_decode` in keras/src/backend/tensorflow/nn.py of Keras 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError, UnsupportedAttribute
from loadstone.ir import Layer, dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras import ctc
from loadstone.lowering.keras.ctc import Array
from loadstone.lowering.keras.promotion import result_type, strong_values
from loadstone.lowering.registry import keras_op


def _tensor(b: Builder, x: Any) -> Value:
    return x if isinstance(x, Value) else strong_values(b, [x])[0] if isinstance(x, (int, float)) else b.const(np.asarray(x))


def _logits(layer: Layer, x: Value) -> Value:
    if x.rank != 3 or not dtypes.is_float(x.dtype):
        raise ModelError(f"{layer.class_name} of {x.dtype} logits of shape {x.shape}; (batch, time, classes) is needed")
    return x


@keras_op("CTCLoss", "CtcLoss", options="mask_index")
def ctc_loss(b: Builder, layer: Layer, target: Any, output: Any, target_length: Any, output_length: Any) -> Value:
    """The loss of each sample: target (batch, labels), output (batch, time, classes), both lengths (batch,). CtcLoss is that of Keras 3.0 to 3.2."""
    labels, logits, counts, lengths = (_tensor(b, x) for x in (target, output, target_length, output_length))
    dtype, blank = result_type(_logits(layer, logits).dtype, "float32"), int(layer.config.get("mask_index", 0))
    if layer.class_name == "CtcLoss":
        dtype = "float32"

    def losses(y: Array, x: Array, many: Array, steps: Array) -> tuple[Array, ...]:
        with np.errstate(all="ignore"):
            found = ctc.losses(y, x.astype(np.float64), many, steps, blank % x.shape[-1])
        return (found.astype(np.float32).astype(dtype),)

    inputs = [b.cast(labels, "int32"), b.cast(logits, "float32"), b.cast(counts, "int64"), b.cast(lengths, "int64")]
    return b.host("CTCLoss", losses, inputs, [((logits.shape[0],), dtype)])[0]


@keras_op("CTCDecode", options="strategy beam_width top_paths merge_repeated mask_index")
def ctc_decode(b: Builder, layer: Layer, inputs: Any, sequence_lengths: Any) -> list[Value]:
    """What sequences spell, filled up with -1: (paths, batch, time) of int32; and scores (batch, paths)."""
    x, lengths = _logits(layer, _tensor(b, inputs)), _tensor(b, sequence_lengths)
    config, path = layer.config, layer.path or layer.name
    strategy, index = config.get("strategy", "greedy"), config.get("mask_index", 0)
    if strategy not in ("greedy", "beam_search"):
        raise UnsupportedAttribute(f"CTCDecode with strategy={strategy!r}")
    if strategy == "beam_search" and index == -1:
        raise UnsupportedAttribute(
            "CTCDecode by beam_search with mask_index=-1, for which Keras takes all classes twice; number the last one"
        )
    paths = int(config.get("top_paths", 1)) if strategy == "beam_search" else 1
    dtype = result_type(x.dtype, "float32")

    def decoded(logits: Array, steps: Array) -> tuple[Array, ...]:
        batch, time, classes = logits.shape
        if (steps < 0).any() or (steps > time).any():
            raise InferenceError(f"CTCDecode of sequences of {steps.min()} to {steps.max()} steps, of {time}", where=path)
        labels, scores = np.full((paths, batch, time), -1, np.int32), np.zeros((batch, paths), dtype)
        for place, count in enumerate(steps):
            mine = logits[place, :count]
            if strategy == "greedy":
                found = [ctc.greedy(mine, classes - 1 if index is None else index % classes, bool(config.get("merge_repeated", True)))]
            else:
                found = ctc.beam_search(_blank_last(mine, index), int(config.get("beam_width", 100)), paths)
            if len(found) < paths:
                raise InferenceError(f"CTCDecode: {paths} paths are asked for and {len(found)} found", where=path)
            for k, (spelt, score) in enumerate(found):
                labels[k, place, : len(spelt)], scores[place, k] = spelt, score
        if strategy == "beam_search" and index is not None:
            labels += labels >= index % classes
        return labels, scores

    shapes = [((paths, *x.shape[:2]), "int32"), ((x.shape[0], paths), dtype)]
    return list(b.host("CTCDecode", decoded, [b.cast(x, dtype), b.cast(lengths, "int64")], shapes))


def _blank_last(logits: Array, index: int | None) -> Array:
    """The column of the blank behind the others, by the slices that Keras takes."""
    if index is None:
        return logits
    blank = logits[:, index : index + 1]
    return np.concatenate([logits[:, :index], logits[:, index + 1 :], blank], axis=-1)
