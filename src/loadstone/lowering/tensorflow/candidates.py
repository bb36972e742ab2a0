"""The largest elements of rows: TopK, InTopK, NthElement and ApproxTopK.

Semantics: tensorflow/core/kernels/topk_op.cc, in_topk_op.h and nth_element_op.cc. Of equal elements the one that comes first is larger.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loadstone.errors import InferenceError, UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.symbols import Operand, known, lengths, tensor, tf, vector

Array = np.ndarray[Any, Any]


@tf("raw_ops.TopK", "raw_ops.TopKV2")
def top_k(b: Builder, input_: Operand, k: Operand, sorted: bool = True, index_type: str = "int32") -> list[Value]:
    """The k largest elements of the last axis, largest first, and their places; not sorted they come in the order of TensorFlow's heap."""
    x, counts = tensor(b, input_), lengths(b, [k])
    if not sorted and counts[0] not in (0, 1, x.shape[-1]):
        shape = (*x.shape[:-1], *known(counts))
        values, places = b.host("TopK", _unsorted, [x, b.vector(counts)], [(shape, x.dtype), (shape, "int64")])
        return [values, b.cast(places, index_type)]
    values, places = ranked(b, x, b.vector(counts), x.rank - 1)
    return [values, b.cast(places, index_type)]


@tf("raw_ops.InTopK", "raw_ops.InTopKV2")
def in_top_k(b: Builder, predictions: Operand, targets: Operand, k: Operand) -> Value:
    """Whether the prediction of each row's target is among the k largest, or equal to one. predictions (batch, classes) -> (batch,).

    False for a target that is no class, and where a prediction is not finite.
    """
    scores, wanted = tensor(b, predictions), b.cast(tensor(b, targets), "int64")
    classes = b.dim(scores, 1)
    steps = b.const(np.arange(classes)) if isinstance(classes, int) else b.Range(b.const(0), b.squeeze(classes, 0), b.const(1))
    hits = b.Equal(b.unsqueeze(wanted, 1), b.unsqueeze(steps, 0))
    known_class = b.Greater(b.ReduceSum(b.cast(hits, "int64"), b.ints([1]), keepdims=0), 0)
    own = b.ReduceSum(b.Where(hits, scores, 0.0), b.ints([1]), keepdims=1)
    above = b.ReduceSum(b.cast(b.Greater(scores, own), "int64"), b.ints([1]), keepdims=0)
    odd = b.ReduceSum(b.cast(b.Not(b.Less(b.Abs(scores), np.inf)), "int64"), b.ints([1]), keepdims=0)
    fine = b.And(known_class, b.Equal(odd, 0))
    return b.And(fine, b.Less(above, vector(b, tensor(b, k))))


@tf("raw_ops.NthElement")
def nth_element(b: Builder, input_: Operand, n: Operand, reverse: bool = False) -> Value:
    """The n-th smallest element of the last axis, counted from 0, or the n-th largest."""
    x, count = tensor(b, input_), vector(b, tensor(b, n))
    values, _ = ranked(b, x, b.Add(count, 1), x.rank - 1, largest=bool(reverse))
    return b.squeeze(b.op("Gather", values, count, axis=x.rank - 1), x.rank - 1)


@tf("raw_ops.ApproxTopK")
def approx_top_k(
    b: Builder, input_: Operand, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, is_max_k: bool = True,
    reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
) -> list[Value]:  # fmt: skip
    """The k largest or smallest elements of an axis, and their places; on a CPU none is missed."""
    x = tensor(b, input_)
    if not aggregate_to_topk:
        raise UnsupportedAttribute("ApproxTopK with aggregate_to_topk=False, whose results depend on the device")
    values, places = ranked(b, x, b.ints([k]), reduction_dimension % x.rank, largest=bool(is_max_k))
    return [values, b.cast(places, "int32")]


def ranked(b: Builder, x: Value, count: Value, axis: int, largest: bool = True) -> tuple[Value, Value]:
    """So many elements along an axis in order, and their places as int64.

    uint64 goes by the int64 of the same order: the highest bit is turned.
    """
    if x.dtype != "uint64":
        values, places = b.ops("TopK", x, count, axis=axis, largest=int(largest), outputs=2)
        return values, places
    turned = b.BitwiseXor(b.cast(x, "int64"), b.const(-(2**63)))
    _, places = b.ops("TopK", turned, count, axis=axis, largest=int(largest), outputs=2)
    return b.GatherElements(x, places, axis=axis), places


# -- TensorFlow's heap ------------------------------------------------------------------------------------------------


def _unsorted(x: Array, count: Array) -> tuple[Array, Array]:
    """The k largest of each row as tensorflow/core/lib/gtl/top_n.h leaves them: as in a heap, the smallest in front."""
    k, length = int(count[0]), x.shape[-1]
    if not 0 <= k <= length:
        raise InferenceError(f"TopK of {k} elements of {length}")
    rows = x.reshape(-1, length) if x.size else np.zeros((0, length), x.dtype)
    if k == length:
        places = [sorted(range(length), key=lambda i, row=row: (-row[i].item(), i)) for row in rows]  # type: ignore[misc]
    else:
        places = [_heap(row.tolist(), k) for row in rows]
    found = np.asarray(places, np.int64).reshape(*x.shape[:-1], k)
    return np.take_along_axis(x, found, axis=-1), found


def _heap(row: list[Any], k: int) -> list[int]:
    """Places of the k largest: the first k + 1 elements become a heap as C++ makes it, whose front leaves for each larger one."""
    if k == 0:
        return []
    if k == 1:
        return [max(range(len(row)), key=lambda i: (row[i], -i))]
    heap = [(row[i], -i) for i in range(k + 1)]
    for start in range((k - 1) // 2, -1, -1):
        _sink(heap, start, k + 1, heap[start])
    _drop(heap)
    heap.pop()
    for i in range(k + 1, len(row)):
        entry = (row[i], -i)
        if entry > heap[0]:
            _drop(heap)
            _rise(heap, k - 1, 0, entry)
    return [-place for _, place in heap]


def _drop(heap: list[Any]) -> None:
    """The smallest from the front to the end."""
    last = heap[-1]
    heap[-1] = heap[0]
    _sink(heap, 0, len(heap) - 1, last)


def _sink(heap: list[Any], hole: int, length: int, entry: Any) -> None:
    top = child = hole
    while child < (length - 1) // 2:
        child = 2 * (child + 1)
        child -= heap[child] > heap[child - 1]
        heap[hole] = heap[child]
        hole = child
    if length % 2 == 0 and child == (length - 2) // 2:
        child = 2 * (child + 1)
        heap[hole] = heap[child - 1]
        hole = child - 1
    _rise(heap, hole, top, entry)


def _rise(heap: list[Any], hole: int, top: int, entry: Any) -> None:
    while hole > top and heap[(hole - 1) // 2] > entry:
        heap[hole] = heap[(hole - 1) // 2]
        hole = (hole - 1) // 2
    heap[hole] = entry
