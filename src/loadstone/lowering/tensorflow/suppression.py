"""Non-maximum suppression: boxes in the order of their scores, without those that overlap one before them too much.

Semantics: tensorflow/core/kernels/image/non_max_suppression_op.cc. In float32 it is ONNX's op, which keeps equal scores in the same
order; what suppresses softly, by given overlaps, in 16 bits, or several classes at once, is a Python step.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from loadstone.errors import InferenceError
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf, vector

Array = np.ndarray[Any, Any]


@tf("raw_ops.NonMaxSuppression", "raw_ops.NonMaxSuppressionV2", "raw_ops.NonMaxSuppressionV3")
def non_max_suppression(
    b: Builder, boxes: Operand, scores: Operand, max_output_size: Operand, iou_threshold: Operand = 0.5, score_threshold: Operand = None
) -> Value:
    """Places of the boxes (n, 4) that stay, int32 (at most max_output_size,)."""
    return _suppressed(b, boxes, scores, max_output_size, iou_threshold, score_threshold, None, False)[0]


@tf("raw_ops.NonMaxSuppressionV4")
def non_max_suppression_v4(
    b: Builder, boxes: Operand, scores: Operand, max_output_size: Operand, iou_threshold: Operand, score_threshold: Operand,
    pad_to_max_output_size: bool = False,
) -> list[Value]:  # fmt: skip
    """The places, and how many they are before 0s fill them up."""
    places, _, count = _suppressed(b, boxes, scores, max_output_size, iou_threshold, score_threshold, None, pad_to_max_output_size)
    return [places, count]


@tf("raw_ops.NonMaxSuppressionV5")
def non_max_suppression_v5(
    b: Builder, boxes: Operand, scores: Operand, max_output_size: Operand, iou_threshold: Operand, score_threshold: Operand,
    soft_nms_sigma: Operand, pad_to_max_output_size: bool = False,
) -> list[Value]:  # fmt: skip
    """The places, their scores, which overlaps lower where sigma is above 0, and how many there are."""
    return list(_suppressed(b, boxes, scores, max_output_size, iou_threshold, score_threshold, soft_nms_sigma, pad_to_max_output_size))


def _suppressed(
    b: Builder, boxes: Operand, scores: Operand, most: Operand, iou: Operand, threshold: Operand, sigma: Operand, pad: bool
) -> tuple[Value, Value, Value]:
    """Places int32 (k,), scores (k,) and k itself, int32."""
    at, values, limit = tensor(b, boxes), tensor(b, scores), vector(b, tensor(b, most))
    half = values.dtype != "float32"
    lowest = -65504.0 if values.dtype == "float16" else float(np.finfo(np.float32).min)
    bound, least = (b.cast(tensor(b, v), values.dtype) for v in (iou, lowest if threshold is None else threshold))
    softness = b.const(0.0, values.dtype) if sigma is None else tensor(b, sigma)
    if half or softness.const is None or float(softness.array()) > 0:
        places, kept = b.host(
            "NonMaxSuppression", _soft, [at, values, limit, bound, least, softness], [((None,), "int32"), ((None,), values.dtype)]
        )
    else:
        found = b.NonMaxSuppression(b.unsqueeze(at, 0), b.unsqueeze(values, 0, 1), limit, b.reshape(bound, [1]), b.reshape(least, [1]))
        places = b.cast(b.squeeze(b.slice(found, 1, 2, 3), 1), "int32")
        kept = b.Gather(values, places, axis=0)
    count = b.cast(b.Size(places), "int32")
    if pad:
        missing = b.Sub(limit, b.Shape(places))
        size = (int(limit.array()[0]) if limit.const is not None else None,)
        places, kept = (b.reshape(b.pad(v, [0], [0], [missing]), [-1], size) for v in (places, kept))
        places, kept = (b.op("Slice", v, b.ints([0]), limit, out_shape=size) for v in (places, kept))
    return places, kept, count


@tf("raw_ops.NonMaxSuppressionWithOverlaps")
def non_max_suppression_with_overlaps(
    b: Builder, overlaps: Operand, scores: Operand, max_output_size: Operand, overlap_threshold: Operand, score_threshold: Operand
) -> Value:
    """The same by a table of overlaps (n, n)."""

    def by_table(table: Array, values: Array, most: Array, bound: Array, least: Array) -> tuple[Array]:
        if table.shape != (len(values), len(values)):
            raise InferenceError(f"overlaps of shape {table.shape} of {len(values)} boxes")
        return (_selected(values, lambda i, others: table[i, others], int(most), bound, least, np.float32(0))[0],)

    given = [tensor(b, v) for v in (overlaps, scores, max_output_size, overlap_threshold, score_threshold)]
    return b.host("NonMaxSuppressionWithOverlaps", by_table, given, [((None,), "int32")])[0]


@tf("raw_ops.CombinedNonMaxSuppression")
def combined_non_max_suppression(
    b: Builder, boxes: Operand, scores: Operand, max_output_size_per_class: Operand, max_total_size: Operand, iou_threshold: Operand,
    score_threshold: Operand, pad_per_class: bool = False, clip_boxes: bool = True,
) -> list[Value]:  # fmt: skip
    """Boxes (batch, n, 1 or classes, 4) and scores (batch, n, classes), class by class; the best of them all.

    Gives boxes (batch, k, 4), scores and classes (batch, k), both float32, and how many there are of each sample, int32 (batch,).
    """
    at, values, total = tensor(b, boxes), tensor(b, scores), tensor(b, max_total_size)

    def combined(box: Array, score: Array, per_class: Array, most: Array, bound: Array, least: Array) -> tuple[Array, ...]:
        classes, limit = score.shape[2], int(most)
        if box.shape[2] not in (1, classes) or box.shape[:2] != score.shape[:2] or limit <= 0:
            raise InferenceError(f"boxes of shape {box.shape} with scores of shape {score.shape}, {limit} of which are to stay")
        size = min(limit, int(per_class) * classes) if pad_per_class else limit
        results = np.zeros((len(box), size, 4), np.float32), *(np.zeros((len(box), size), np.float32) for _ in range(2))
        counts = np.zeros(len(box), np.int32)
        for sample in range(len(box)):
            found: list[tuple[float, int, int]] = []
            for kind in range(classes):
                mine = box[sample, :, kind if box.shape[2] > 1 else 0]
                places, kept = _selected(score[sample, :, kind], _overlaps(mine), int(per_class), bound, least, np.float32(0))
                found += [(float(s), kind, int(i)) for s, i in zip(kept, places, strict=True)]
            found.sort(key=lambda entry: -entry[0])
            counts[sample] = len(found[:size])
            for k, (best, kind, i) in enumerate(found[:size]):
                corner = box[sample, i, kind if box.shape[2] > 1 else 0]
                results[0][sample, k] = np.clip(corner, 0, 1) if clip_boxes else corner
                results[1][sample, k], results[2][sample, k] = best, kind
        return *results, counts

    given = [at, values, *(tensor(b, v) for v in (max_output_size_per_class, max_total_size, iou_threshold, score_threshold))]
    size = int(total.array()) if total.const is not None and not pad_per_class else None
    shapes = [((at.shape[0], size, 4), "float32"), *[((at.shape[0], size), "float32")] * 2, ((at.shape[0],), "int32")]
    return list(b.host("CombinedNonMaxSuppression", combined, given, shapes))


# -- the kernel in numpy ----------------------------------------------------------------------------------------------


def _soft(boxes: Array, scores: Array, most: Array, bound: Array, least: Array, sigma: Array) -> tuple[Array, Array]:
    return _selected(scores, _overlaps(boxes), int(most[0]), bound, least, sigma)


def _overlaps(boxes: Array) -> Callable[[int, list[int]], Array]:
    """Intersection over union of a box and others, in float32."""
    box = boxes.astype(np.float32)
    low, high = np.minimum(box[:, :2], box[:, 2:]), np.maximum(box[:, :2], box[:, 2:])
    area = (high - low).prod(axis=1, dtype=np.float32)

    def of(i: int, others: list[int]) -> Array:
        with np.errstate(all="ignore"):
            sides = np.maximum(np.minimum(high[i], high[others]) - np.maximum(low[i], low[others]), np.float32(0))
            shared = sides[:, 0] * sides[:, 1]
            ratio = shared / (area[i] + area[others] - shared)
        return np.where((area[i] <= 0) | (area[others] <= 0), np.float32(0), ratio)

    return of


def _selected(
    scores: Array, similarity: Callable[[int, list[int]], Array], most: int, bound: Array, least: Array, sigma: Any
) -> tuple[Array, Array]:
    """Places, int32, and scores of what stays. A box whose score has fallen waits for its turn again."""
    kind = scores.dtype.type
    if most < 0:
        raise InferenceError(f"{most} boxes are to stay")
    soft = bool(sigma > 0)
    scale = kind(-0.5) / kind(sigma) if soft else kind(0)
    queue = [(-float(score), i, 0) for i, score in enumerate(scores) if score > least]
    heapify(queue)
    chosen, kept = list[int](), list[Any]()
    while len(chosen) < most and queue:
        negative, i, begin = heappop(queue)
        before = score = kind(-negative)
        gone = False
        for overlap in similarity(i, chosen[begin:]).astype(kind)[::-1] if len(chosen) > begin else ():
            if not soft and overlap > bound:
                gone = True
                break
            if soft:
                score = score * np.exp(scale * overlap * overlap)
            if score <= least:
                break
        if gone:
            continue
        if score == before:
            chosen.append(i)
            kept.append(score)
        elif score > least:
            heappush(queue, (-float(score), i, len(chosen)))
    return np.asarray(chosen, np.int32), np.asarray(kept, scores.dtype)
