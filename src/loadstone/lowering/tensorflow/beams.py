"""Beams of a search, put together: GatherTree of tf.contrib.seq2seq and TensorFlow Addons.

tensorflow/contrib/seq2seq/kernels/beam_search_ops.cc. It is an op of a library beside TensorFlow, and has no signature in its registry.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import InferenceError
from loadstone.ir import Node
from loadstone.lowering.block import Value
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_op


@graph_op("GatherTree", "Addons>GatherTree")
def gather_tree(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing] | None:
    """What each beam says from its first step to its last: (time, batch, beams), from the ends of the beams back to their parents."""
    if not all(isinstance(thing, Value) for thing in inputs):
        return None
    steps = inputs[0]
    return list(walk.b.host("GatherTree", gathered, inputs, [(steps.shape, steps.dtype)]))


def gathered(steps: Any, parents: Any, lengths: Any, end: Any) -> tuple[Any]:
    """Beams (time, batch, beams); `end` from the first end on, and behind the greatest length (batch,)."""
    most, batch, width = steps.shape
    beams = np.full_like(steps, end)
    rows, columns = np.arange(batch), np.arange(width)
    ends = np.clip(lengths.astype(np.int64), 0, most)
    parent = np.zeros((batch, width), np.int64)
    for time in range(most - 1, -1, -1):
        parent = np.where((ends - 1 == time)[:, None], columns, parent)
        alive = (time < ends)[:, None]
        if (alive & ((parent < 0) | (parent >= width))).any():
            raise InferenceError(f"GatherTree with a parent that is none of {width} beams")
        place = np.where(alive, parent, 0)
        beams[time] = np.where(alive, steps[time, rows[:, None], place], beams[time])
        parent = np.where(alive, parents[time, rows[:, None], place], parent)
    ended = np.cumsum(beams == end, axis=0)
    return (np.where(ended > 0, end, beams).astype(steps.dtype),)
