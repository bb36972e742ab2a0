"""Connectionist temporal classification of `keras.backend`: Python steps over probabilities (batch, time, classes), the last the blank.

Semantics: keras/backend/tensorflow_backend.py of Keras 2.0.8 to 2.3.1, keras/backend.py of TensorFlow 1.15, 2.3 and 2.15.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import InferenceError, ModelError
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.keras import ctc
from loadstone.lowering.tensorflow.ctc_ops import loss_of
from loadstone.lowering.tensorflow.symbols import Operand, number, tensor, tf

Array = np.ndarray[Any, Any]


@tf("keras.backend.ctc_batch_cost")
def ctc_batch_cost(
    b: Builder, y_true: Operand, y_pred: Operand, input_length: Operand, label_length: Operand, *, era: Era | None = None
) -> Value:
    """The loss of each sample (batch, 1): y_true (batch, labels), y_pred (batch, time, classes), both lengths (batch, 1)."""
    labels, scores = tensor(b, y_true), _scores(b, y_pred, era)
    steps, counts = (b.reshape(b.cast(tensor(b, v), "int64"), [-1]) for v in (input_length, label_length))

    def losses(logits: Array, spelt: Array, lengths: Array, many: Array) -> tuple[Array]:
        batch, time, _ = logits.shape
        if lengths.shape != (batch,) or many.shape != (batch,) or (lengths > time).any() or (many > spelt.shape[1]).any():
            raise InferenceError(f"ctc_batch_cost of lengths {lengths.tolist()} and {many.tolist()} in {time} steps")
        found = [loss_of(logits[i, : max(lengths[i], 0)], spelt[i, : max(many[i], 0)].tolist()) for i in range(batch)]
        return (np.asarray(found, logits.dtype).reshape(batch, 1),)

    given = [scores, b.cast(labels, "int32"), steps, counts]
    return b.host("ctc_batch_cost", losses, given, [((scores.shape[0], 1), scores.dtype)])[0]


@tf("keras.backend.ctc_decode")
def ctc_decode(
    b: Builder, y_pred: Operand, input_length: Operand, greedy: Any = True, beam_width: Operand = 100, top_paths: Operand = 1,
    merge_repeated: Any = None, *, era: Era | None = None,
) -> tuple[list[Value], Value]:  # fmt: skip
    """What each sample spells, filled up with -1: a tensor (batch, most) of int64 for each path; and scores (batch, paths).

    Up to TensorFlow 2.3 most is the longest of a path, then the number of steps. Beams lose repeated labels, but in Keras 2.3 of its own.
    """
    scores, lengths = _scores(b, y_pred, era), b.cast(tensor(b, input_length), "int64")
    paths, width = 1 if greedy else int(number(top_paths, "top_paths")), int(number(beam_width, "beam_width"))
    whole = agreed("keras.backend.ctc_decode", era, _as_long_as_the_steps)
    if not greedy:
        agreed("keras.backend.ctc_decode with greedy=False", era, _has_todays_beams)
    merged = bool(merge_repeated) if merge_repeated is not None else agreed("keras.backend.ctc_decode", era, _merges)

    def decoded(logits: Array, steps: Array) -> tuple[Array, ...]:
        batch, time, classes = logits.shape
        if steps.shape != (batch,) or (steps < 0).any() or (steps > time).any():
            raise InferenceError(f"ctc_decode of sequences of {steps.tolist()} steps, of {time}")
        spelt: list[list[list[int]]] = [[] for _ in range(paths)]
        totals = np.zeros((batch, paths), logits.dtype)
        for place in range(batch):
            mine = logits[place, : steps[place]]
            found = [ctc.greedy(mine, classes - 1, True)] if greedy else ctc.beam_search(mine, width, paths)
            if len(found) < paths:
                raise InferenceError(f"ctc_decode: {paths} paths are asked for and {len(found)} found")
            for k, (labels, score) in enumerate(found[:paths]):
                spelt[k].append([v for i, v in enumerate(labels) if greedy or not merged or i == 0 or v != labels[i - 1]])
                totals[place, k] = score
        return *(_filled(rows, time if whole else max(map(len, rows), default=0)) for rows in spelt), totals

    shape = (scores.shape[0], scores.shape[1] if whole else None)
    results = [*[(shape, "int64")] * paths, ((scores.shape[0], paths), scores.dtype)]
    *found, totals = b.host("ctc_decode", decoded, [scores, lengths], results)
    return list(found), totals


def _scores(b: Builder, y_pred: Operand, era: Era | None) -> Value:
    """Logarithms of probabilities, a little above those of 0."""
    x = tensor(b, y_pred)
    if x.rank != 3:
        raise ModelError(f"CTC of probabilities of shape {x.shape}; (batch, time, classes) is needed")
    return b.Log(b.Add(x, 1e-8 if agreed("CTC of keras.backend", era, _adds_less) else 1e-7))


def _adds_less(era: Era) -> bool | None:
    """1e-8, up to Keras 2.0; then `epsilon()`."""
    if era.version < (2, 1) and not era.tf:
        return True
    return False if era.version >= (2, 1, 6) else None


def _as_long_as_the_steps(era: Era) -> bool | None:
    """Since TensorFlow 2.4, whose Keras has the number 2.4.0 that the one before has too."""
    return None if era.version[:2] == (2, 4) else era.version >= (2, 5)


def _has_todays_beams(era: Era) -> bool | None:
    """TensorFlow 1.0, which Keras up to 2.1 ran on, gave scores that are no probabilities."""
    return True if era.tf or era.version >= (2, 2) else None


def _merges(era: Era) -> bool:
    return era.tf or era.version < (2, 3)


def _filled(rows: list[list[int]], length: int) -> Array:
    return np.asarray([[*row, *[-1] * (length - len(row))] for row in rows], np.int64).reshape(len(rows), length)
