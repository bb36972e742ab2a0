"""How many rows a micro-batch has, from an estimate of what one sample costs.

Chunks must be large enough to hide what a call costs and to use each weight often once it is in the cache, and small enough that
there are some for every thread. Measured with onnxruntime on dense, convolutional, recurrent and attention models (chunks of 1 to
1024 rows): from 1e8 FLOPs a chunk and 32 FLOPs a byte of weights on, larger chunks gain no more than a tenth.
"""

from __future__ import annotations

from math import prod

from loadstone.ir.program import Sharding
from loadstone.lowering.block import Block, Op, Value

UNKNOWN = 64  # what a length that is known only at run time is taken for
CHUNK = 1e8  # FLOPs, about a millisecond
REUSE = 32.0  # FLOPs for each byte of weights
MOST = 4096
_WEIGHING = frozenset("MatMul Gemm Einsum Conv ConvTranspose".split())

Cost = tuple[float, float]  # FLOPs of one sample, and bytes of weights that a chunk reads, however many rows it has


def sharding(block: Block) -> Sharding:
    """The size of micro-batches for a block that is proven to keep samples apart."""
    flops, read = _block(block)
    rows = 1
    while rows < MOST and rows * flops < max(CHUNK, REUSE * read):
        rows *= 2
    return Sharding(rows, flops)


def of_sample(block: Block) -> float:
    """An estimate of the FLOPs of one sample."""
    return _block(block)[0]


def _block(block: Block, times: int = 1) -> Cost:
    costs = [_op(op) for op in block.ops]
    return times * sum(flops for flops, _ in costs), times * sum(read for _, read in costs)


def _op(op: Op) -> Cost:
    if op.kind in ("Scan", "Loop"):
        turns = UNKNOWN if op.kind == "Loop" or not op.inputs else _shape(op.inputs[-1])[0]
        costs = [_block(body, turns) for body in op.bodies()]
    else:
        costs = [(_flops(op), _read(op)), *map(_block, op.bodies())]
    return sum(flops for flops, _ in costs), sum(read for _, read in costs)


def _flops(op: Op) -> float:
    size: int = max((_size(value) for value in op.outputs), default=0)
    first, second = (_shape(value) for value in ([*op.inputs, None, None])[:2])
    if op.kind in ("MatMul", "Gemm"):
        return 2.0 * size * first[-1]
    if op.kind == "Conv":
        return 2.0 * size * prod(second[1:])
    if op.kind == "ConvTranspose":
        return 2.0 * prod(first) * prod(second[1:])
    if op.kind in ("LSTM", "GRU", "RNN"):  # X (time, batch, n), W (directions, gates * units, n)
        return 2.0 * first[0] * second[0] * second[1] * (second[2] + int(op.attributes["hidden_size"]))
    if op.kind == "Einsum":
        terms = op.attributes["equation"].replace(" ", "").split("->")[0].split(",")
        lengths = {name: d for term, value in zip(terms, op.inputs, strict=True) for name, d in zip(term, _shape(value), strict=False)}
        return 2.0 * prod(lengths.values())
    return float(size)


def _read(op: Op) -> float:
    """Weights are read once a chunk, recurrent ones once a step."""
    if op.kind in ("LSTM", "GRU", "RNN"):
        kernel, recurrent = op.inputs[1], op.inputs[2]
        assert kernel is not None and recurrent is not None
        return float(_bytes(kernel) + _shape(op.inputs[0])[0] * _bytes(recurrent))
    return float(sum(_bytes(value) for value in op.inputs if value is not None)) if op.kind in _WEIGHING else 0.0


def _bytes(value: Value) -> int:
    return 0 if value.const is None else value.const.nbytes


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
