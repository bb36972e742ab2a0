"""Connectionist temporal classification: what sequences spell, and the loss of what they should. All are Python steps.

Semantics: tensorflow/core/kernels/ctc_decoder_ops.cc and ctc_loss_op.cc with tensorflow/core/util/ctc. Logits are
(time, batch, classes), whose last class is the blank; what is spelt comes as the indices, values and shape of a sparse (batch, label).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import InferenceError
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras import ctc
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf

Array = np.ndarray[Any, Any]


@tf("raw_ops.CTCGreedyDecoder")
def ctc_greedy_decoder(
    b: Builder, inputs: Operand, sequence_length: Operand, merge_repeated: bool = False, blank_index: int = -1
) -> list[Value]:
    """The likeliest class of each step without blanks: indices, values and shape, then minus the sum of the logits (batch, 1)."""
    x, steps = tensor(b, inputs), tensor(b, sequence_length)

    def decoded(logits: Array, lengths: Array) -> tuple[Array, ...]:
        classes = logits.shape[2]
        blank = blank_index + classes if blank_index < 0 else blank_index
        if not 0 <= blank < classes:
            raise InferenceError(f"blank_index={blank_index} of {classes} classes")
        rows = _rows(logits, lengths)
        found = [ctc.greedy(row, blank, merge_repeated) for row in rows]
        scores = np.asarray([[score] for _, score in found], logits.dtype).reshape(len(rows), 1)
        return *_sparse([spelt for spelt, _ in found]), scores

    results = [*_SPARSE, ((x.shape[1], 1), x.dtype)]
    return list(b.host("CTCGreedyDecoder", decoded, [x, steps], results))


@tf("raw_ops.CTCBeamSearchDecoder")
def ctc_beam_search_decoder(
    b: Builder, inputs: Operand, sequence_length: Operand, beam_width: int, top_paths: int, merge_repeated: bool = True
) -> list[Value]:
    """The likeliest labelings: the indices of all, their values, their shapes, then log probabilities (batch, top_paths)."""
    x, steps = tensor(b, inputs), tensor(b, sequence_length)

    def decoded(logits: Array, lengths: Array) -> tuple[Array, ...]:
        rows = _rows(logits, lengths)
        scores = np.zeros((len(rows), top_paths), logits.dtype)
        spelt: list[list[list[int]]] = [[] for _ in range(top_paths)]
        for place, row in enumerate(rows):
            found = ctc.beam_search(row, beam_width, top_paths)
            if len(found) < top_paths:
                raise InferenceError(f"CTCBeamSearchDecoder: {top_paths} paths are asked for and {len(found)} found")
            for k, (labels, score) in enumerate(found):
                kept = [label for i, label in enumerate(labels) if not merge_repeated or i == 0 or label != labels[i - 1]]
                spelt[k].append(kept)
                scores[place, k] = score
        parts = [_sparse(rows_of_path) for rows_of_path in spelt]
        return *(part[i] for i in range(3) for part in parts), scores

    results = [spec for spec in _SPARSE for _ in range(top_paths)]
    return list(b.host("CTCBeamSearchDecoder", decoded, [x, steps], [*results, ((x.shape[1], top_paths), x.dtype)]))


@tf("raw_ops.CTCLoss")
def ctc_loss(
    b: Builder, inputs: Operand, labels_indices: Operand, labels_values: Operand, sequence_length: Operand,
    preprocess_collapse_repeated: bool = False, ctc_merge_repeated: bool = True, ignore_longer_outputs_than_inputs: bool = False,
) -> list[Value]:  # fmt: skip
    """Minus the log probability of the labels of each sequence (batch,), and its gradient by the logits."""
    x = tensor(b, inputs)

    def losses(logits: Array, indices: Array, values: Array, lengths: Array) -> tuple[Array, Array]:
        rows = _rows(logits, lengths)
        loss, gradient = np.zeros(len(rows), logits.dtype), np.zeros_like(logits)
        for place, row in enumerate(rows):
            given = values[indices[:, 0] == place].tolist()
            labels = _labels(given, logits.shape[2], preprocess_collapse_repeated)
            if len(given) > len(row) and not ignore_longer_outputs_than_inputs:
                raise InferenceError(f"CTCLoss: {len(given)} labels in a sequence of {len(row)} steps")
            if len(row) and len(given) <= len(row):
                with np.errstate(all="ignore"):
                    loss[place], gradient[: len(row), place] = _loss(row.astype(np.float64), labels, ctc_merge_repeated)
        return loss, gradient

    given = [x, *(tensor(b, v) for v in (labels_indices, labels_values, sequence_length))]
    return list(b.host("CTCLoss", losses, given, [((x.shape[1],), x.dtype), (x.shape, x.dtype)]))


def loss_of(logits: Array, labels: list[int]) -> float:
    """Minus the log probability that logits (time, classes) spell these labels. Raises InferenceError where the steps are too few."""
    if len(labels) > len(logits):
        raise InferenceError(f"CTCLoss: {len(labels)} labels in a sequence of {len(logits)} steps")
    spelt = _labels(labels, logits.shape[1], False)
    with np.errstate(all="ignore"):
        return _loss(logits.astype(np.float64), spelt, True)[0] if len(logits) else 0.0


# -- sequences --------------------------------------------------------------------------------------------------------

_SPARSE: list[tuple[tuple[int | None, ...], str]] = [((None, 2), "int64"), ((None,), "int64"), ((2,), "int64")]


def _rows(logits: Array, lengths: Array) -> list[Array]:
    """The steps of each sequence that count: (time, classes)."""
    time, batch, _ = logits.shape
    if lengths.shape != (batch,) or (lengths > time).any():
        raise InferenceError(f"sequences of {lengths.tolist()} steps in logits of shape {logits.shape}")
    return [logits[: max(int(count), 0), place] for place, count in enumerate(lengths)]


def _sparse(rows: list[list[int]]) -> tuple[Array, Array, Array]:
    """Lists as the indices, values and shape of a sparse tensor."""
    places = [(i, k) for i, row in enumerate(rows) for k in range(len(row))]
    shape = np.asarray([len(rows), max(map(len, rows), default=0)], np.int64)
    return np.asarray(places, np.int64).reshape(-1, 2), np.asarray([v for row in rows for v in row], np.int64), shape


def _labels(given: list[int], classes: int, collapse: bool) -> list[int]:
    """Labels of one sequence; those from the blank on end it."""
    kept = [label for i, label in enumerate(given) if i == 0 or not collapse or label != given[i - 1]]
    labels = [label for label in kept if label < classes - 1]
    if not given or any(label < 0 for label in labels) or kept[: len(labels)] != labels:
        raise InferenceError(f"CTCLoss of labels {given} of {classes} classes")
    return labels


def _loss(logits: Array, labels: list[int], merge: bool) -> tuple[float, Array]:
    """Minus the log probability, and the gradient (time, classes), by what comes before and after each step."""
    time, classes = logits.shape
    top = logits.max(axis=1, keepdims=True)
    scores = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    blank = classes - 1
    spelt = [blank] + [v for label in labels for v in (label, blank)]
    path = np.asarray(spelt)
    stays = np.full(len(path), True) if merge else path == blank
    skips = np.full(len(path), False)
    skips[2:] = (path[2:] != blank) & ~((path[2:] == path[:-2]) & merge)
    before, after = (np.full((time, len(path)), -np.inf) for _ in range(2))
    before[0, :2] = scores[0, path[:2]]
    for t in range(1, time):
        last = before[t - 1]
        stepped = np.logaddexp(np.where(stays, last, -np.inf), _moved(last, 1))
        before[t] = np.logaddexp(stepped, np.where(skips, _moved(last, 2), -np.inf)) + scores[t, path]
    after[-1, -2:] = 0
    for t in range(time - 2, -1, -1):
        coming = after[t + 1] + scores[t + 1, path]
        stepped = np.logaddexp(np.where(stays, coming, -np.inf), _moved(coming, -1))
        after[t] = np.logaddexp(stepped, _moved(np.where(skips, coming, -np.inf), -2))
    both = before + after
    total = float(np.logaddexp.accumulate(both[0])[-1])
    shares = np.full((time, classes), -np.inf)
    for u, label in enumerate(spelt):
        shares[:, label] = np.logaddexp(shares[:, label], both[:, u])
    return -total, np.exp(scores) - (np.exp(shares - total) if total > -np.inf else 0)


def _moved(x: Array, by: int) -> Array:
    """A row moved to the right (or the left), with -inf where nothing comes from."""
    gap = np.full(min(abs(by), len(x)), -np.inf)
    return np.concatenate([gap, x[: len(x) - len(gap)]] if by > 0 else [x[len(gap) :], gap])
