"""How many rows a micro-batch has, from an estimate of what one sample costs.

Chunks must be large enough to hide what a call costs, and small enough to stay in the caches and to be shared among threads.
Measured on convolutional, recurrent, attention and dense models: 8 rows are best where a sample is much work, dense layers want 32
or more, since each chunk reads all the weights again; and tiny models want as much as fills a tenth of a millisecond.
"""

from __future__ import annotations

from math import prod

from loadstone.ir.program import Sharding
from loadstone.lowering.block import Block, Op, Value

UNKNOWN = 64  # what a length that is known only at run time is taken for
CHUNK = 20e6  # FLOPs that hide the cost of a call
LEAST, LEAST_DENSE, MOST = 8, 32, 4096
_REUSING = ("Conv", "ConvTranspose", "LSTM", "GRU", "RNN", "Scan", "Loop")


def sharding(block: Block) -> Sharding:
    """The size of micro-batches for a block that is proven to keep samples apart."""
    cost = _flops(block, 1)
    least = LEAST if _reuses_weights(block) else LEAST_DENSE
    rows = least
    while rows < MOST and rows * cost < CHUNK:
        rows *= 2
    return Sharding(rows, cost)


def _flops(block: Block, times: int) -> float:
    return sum(_op(op) for op in block.ops) * times


def _op(op: Op) -> float:
    size: float = max((_size(value) for value in op.outputs), default=0)
    first, second = (_shape(value) for value in ([*op.inputs, None, None])[:2])
    if op.kind in ("MatMul", "Gemm") and first:
        return 2.0 * size * first[-1]
    if op.kind == "Conv":
        return 2.0 * size * prod(second[1:])
    if op.kind == "ConvTranspose":
        return 2.0 * prod(first) * prod(second[1:])
    if op.kind in ("LSTM", "GRU", "RNN"):  # X (time, batch, n), W (directions, gates * units, n)
        return 2.0 * first[0] * second[0] * second[1] * (second[2] + int(op.attributes["hidden_size"]))
    if op.kind == "Einsum":
        terms = op.attributes["equation"].replace(" ", "").split("->")[0].split(",")
        lengths = {name: d for term, value in zip(terms, op.inputs, strict=True) for name, d in zip(term, _shape(value), strict=True)}
        return 2.0 * prod(lengths.values())
    if op.kind in ("Scan", "Loop"):
        turns = first[0] if op.kind == "Loop" or not op.inputs else _shape(op.inputs[-1])[0]
        return sum(_flops(body, turns) for body in op.bodies())
    return size + sum(_flops(body, 1) for body in op.bodies())


def _shape(value: Value | None) -> list[int]:
    """Lengths for one sample: the first axis that is free is taken for the samples'."""
    if value is None:
        return [1]
    shape = [UNKNOWN if d is None else d for d in value.shape]
    if None in value.shape:
        shape[value.shape.index(None)] = 1
    return shape or [1]


def _size(value: Value) -> int:
    return prod(_shape(value))


def _reuses_weights(block: Block) -> bool:
    """True where one sample uses a weight many times: convolutions, recurrence, dense layers over a sequence, attention."""
    inner = any(_reuses_weights(body) for op in block.ops for body in op.bodies())
    return inner or any(op.kind in _REUSING or (op.kind in ("MatMul", "Einsum") and op.outputs[0].rank > 2) for op in block.ops)
