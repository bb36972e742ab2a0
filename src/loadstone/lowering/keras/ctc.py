"""Connectionist temporal classification in numpy: the loss, and what the steps of a sequence spell.

Graves et al. (2006) for the loss; the decoders follow TensorFlow's (tensorflow/core/util/ctc/ctc_beam_search.h and the greedy kernel),
whose beams have a tree of prefixes: one that left the beam still counts for its longer ones until they are gone. A score is the
logarithm of a probability.
"""

from __future__ import annotations

from heapq import heappush, heapreplace
from math import exp, inf, log1p
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


_NEVER = float(np.float32(np.log(1e-307)))  # what TensorFlow has for a state in which a sequence cannot end


def losses(labels: Array, logits: Array, counts: Array, steps: Array, blank: int) -> Array:
    """-log of the probability of all paths that spell the first `counts` labels in the first `steps` steps.

    labels (batch, most), logits (batch, time, classes) -> (batch,). The recursion of `_forward_backward_log` in TensorFlow's ctc_ops.py,
    from the last step to the first; where the steps are too few, the loss is that of ending in another state. A label that is
    no class has the probability 1 there.
    """
    batch, time, classes = logits.shape
    top = logits.max(axis=-1, keepdims=True)
    scores = logits - top - np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))
    scores = np.concatenate([scores[..., blank : blank + 1], scores[..., :blank], scores[..., blank + 1 :]], axis=-1)
    labels = labels + (labels < blank)
    known = (labels >= 0) & (labels < classes)
    seen = np.take_along_axis(scores, np.where(known, labels, 0)[:, None, :].repeat(time, axis=1), axis=-1)
    seen = np.where(known[:, None, :], seen, 0)
    edge = np.full((batch, 1), -np.inf)
    skips = np.concatenate([np.full((batch, 1), True), labels[:, 1:] != labels[:, :-1]], axis=1)[:, : labels.shape[1]]
    last = np.where(np.arange(labels.shape[1] + 1) == counts[:, None], 0.0, _NEVER)
    at_label, at_blank, total = last, last, np.zeros(batch)
    for t in range(time - 1, -1, -1):
        of_label = at_label + np.concatenate([edge, seen[:, t]], axis=1)
        of_blank = at_blank + scores[:, t, :1]
        after = np.concatenate([of_label[:, 1:], edge], axis=1)
        skipped = np.concatenate([np.where(skips, of_label[:, 1:], -np.inf), edge], axis=1)
        of_label, of_blank = np.logaddexp(np.logaddexp(of_label, of_blank), skipped), np.logaddexp(of_blank, after)
        all_paths = np.logaddexp.accumulate(np.concatenate([of_label, of_blank], axis=1), axis=1)[:, -1]
        inside = (t < steps)[:, None]
        at_label = np.where(inside, of_label - all_paths[:, None], last)
        at_blank = np.where(inside, of_blank - all_paths[:, None], last)
        total = total + np.where(t < steps, all_paths, 0)
    return -(at_label[:, 0] + total)


def greedy(logits: Array, blank: int, merge: bool) -> tuple[list[int], float]:
    """The likeliest class of each step without blanks, and minus the sum of their logits."""
    best = logits.argmax(axis=-1)
    kept = best != blank
    if merge:
        kept[1:] &= best[1:] != best[:-1]
    return [int(label) for label in best[kept]], -float(logits.max(axis=-1).sum()) if len(logits) else 0.0


class _Prefix:
    """A beginning of the labels: scores now and before the step, of paths that end in a blank, in the label, and of all."""

    __slots__ = ("before", "children", "label", "now", "parent")

    def __init__(self, parent: _Prefix | None, label: int) -> None:
        self.parent, self.label, self.children = parent, label, dict[int, _Prefix]()
        self.now = self.before = _NOWHERE

    @property
    def active(self) -> bool:
        return self.now[2] != -inf

    def spelt(self) -> list[int]:
        prefix, labels = self, []
        while prefix.parent is not None:
            labels.append(prefix.label)
            prefix = prefix.parent
        return labels[::-1]


_NOWHERE = (-inf, -inf, -inf)
_BLANK, _LABEL, _ALL = range(3)


def beam_search(logits: Array, width: int, paths: int) -> list[tuple[list[int], float]]:
    """The likeliest labelings and their scores; the last class is the blank. Fewer where the beam holds fewer."""
    root = _Prefix(None, -1)
    root.now = root.before = (0.0, -inf, 0.0)
    beam = [root]
    for step in logits.astype(np.float64):
        top = step.max()
        beam = _after((step - top - np.log(np.exp(step - top).sum())).tolist(), beam, width)
    return [(prefix.spelt(), prefix.now[_ALL]) for prefix in beam[:paths]]


def _after(step: list[float], beam: list[_Prefix], width: int) -> list[_Prefix]:
    """The beam after a step, likeliest first."""
    for prefix in beam:
        prefix.before = prefix.now
    leaves: list[tuple[float, int, _Prefix]] = []
    for order, prefix in enumerate(beam):
        ending = prefix.now[_LABEL]
        if prefix.parent is not None:
            if prefix.parent.active:
                ending = _either(ending, prefix.parent.before[_BLANK if prefix.label == prefix.parent.label else _ALL])
            ending += step[prefix.label]
        blank = prefix.before[_ALL] + step[-1]
        prefix.now = (blank, ending, _either(blank, ending))
        heappush(leaves, (prefix.now[_ALL], -order, prefix))
    order = len(beam)
    for prefix in beam:
        if not _worthy(prefix.before[_ALL], leaves, width):
            continue
        for label in range(len(step) - 1):
            child = prefix.children.get(label)
            if child is not None and child.active:
                continue
            score = step[label] + prefix.before[_BLANK if label == prefix.label else _ALL]
            if not _worthy(score, leaves, width):
                if child is not None:
                    child.now = child.before = _NOWHERE
                continue
            child = prefix.children.setdefault(label, _Prefix(prefix, label))
            child.now = (-inf, score, score)
            if len(leaves) == width:
                heapreplace(leaves, (score, -order, child))[2].now = _NOWHERE
            else:
                heappush(leaves, (score, -order, child))
            order += 1
    return [prefix for _, _, prefix in sorted(leaves, key=lambda leaf: leaf[:2], reverse=True)]


def _worthy(score: float, leaves: list[tuple[float, int, _Prefix]], width: int) -> bool:
    return score > -inf and (len(leaves) < width or score > leaves[0][0])


def _either(x: float, y: float) -> float:
    """log(exp(x) + exp(y)), whose second part TensorFlow computes in float32, whatever the dtype."""
    low, high = (x, y) if x < y else (y, x)
    return high if low == -inf else high + _single(log1p(_single(exp(_single(low - high)))))


def _single(x: float) -> float:
    return float(np.float32(x))
