"""Which segments may be divided among threads: those whose results have the same bits on any number of them.

onnxruntime cuts an operation into as many parts as it has threads. Bits change where the length of a part decides how a sum is grouped
(products of matrices that are not packed, recurrent layers), and where the ends of a part take another formula than its middle (Log, Elu,
Softplus: in packets, and one by one). An op that is not listed here is taken for one of those. The listed ones compute each element, row
or plane of their output by itself, whichever part it is in: `tests/runtime/test_division.py` compares them on one thread and on several.

Convolutions are such where they run on blocks of channels (NCHWc, on x86-64): a line of an output is computed by one thread, in one order.
https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/optimizer/nchwc_transformer.cc says which do (`TransformConv`),
https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/mlas/lib/sgemm.cpp how products are cut.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.passes import cost

WORTH = 2e8  # FLOPs of a sample from which threads gain more than it costs to wake them: some two milliseconds
MOST_THREADS = 16  # that the rules below are made for
_BLOCK = 16  # channels that AVX-512 computes together, 8 elsewhere
_STRIDE = 128  # rows of a matrix that is not packed which are summed up at a time; more where a part has few columns
_SMALL = 1 << 16  # multiplications from which on a product is cut at all
_ALIGNED = 16  # columns by which a product is cut
_OTHER_FLOATS = frozenset(("float16", "bfloat16", "float64"))  # have kernels of their own

Makers = dict[str, Op]

_STABLE = frozenset(
    # one element by itself, by one formula
    "Abs Add And BatchNormalization Cast Ceil Clip Div Equal Erf Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish IsInf IsNaN LeakyRelu "
    "Less LessOrEqual Max Min Mul Neg Not Or PRelu Relu Round Sigmoid Sign Sub Sum Tanh Where Xor "
    # moved only
    "Concat DepthToSpace Expand Flatten Gather Identity Pad Reshape Shape Size Slice SpaceToDepth Split Squeeze Tile Transpose Unsqueeze "
    # one row or plane by itself
    "AveragePool GlobalAveragePool GlobalMaxPool LayerNormalization MaxPool ReduceMax Resize Softmax".split()
)


def divisible(block: Block) -> bool:
    """True where threads gain and change no bit."""
    makers = {value.name: op for op in block.ops for value in op.outputs}
    return all(_stable(op, makers) for op in block.ops) and cost.of_sample(block) >= WORTH


def needs_packing(block: Block, single: bool) -> bool:
    """True where a product is stable only with its matrix packed. single: each call has one sample, and a row has one formula."""
    return any(op.kind in ("MatMul", "Gemm") and not (single and _is_row(op.inputs[0])) for op in block.ops)


def _stable(op: Op, makers: Makers) -> bool:
    dtypes = {value.dtype for value in op.inputs if value is not None}
    if op.domain or op.bodies() or dtypes & _OTHER_FLOATS:
        return False
    rule = _RULES.get(op.kind)
    return op.kind in _STABLE if rule is None else rule(op, makers)


def _conv(op: Op, makers: Makers) -> bool:
    """Blocks of channels: constant filters over planes; inputs fewer than a block or in fours; groups of one or of whole blocks.

    Others are products, which are not cut where they are small.
    """
    kernel, bias = op.inputs[1], (op.inputs[2] if len(op.inputs) > 2 else None)
    assert kernel is not None
    if kernel.const is None or len(kernel.shape) != 4 or (bias is not None and bias.const is None):
        return False
    (filters, channels), groups = _lengths(kernel)[:2], int(op.attributes.get("group", 1))
    if groups == 1:
        return channels < _BLOCK // 2 or channels % 4 == 0 or _small(op)
    if channels == 1 and filters == groups:
        return filters % 4 == 0
    return channels % _BLOCK == 0 and filters // groups % _BLOCK == 0


def _small(op: Op) -> bool:
    _, kernel = op.inputs[:2]
    places = op.outputs[0].shape[2:]
    assert kernel is not None
    filters, *window = _lengths(kernel)
    return None not in places and prod(window) <= _STRIDE and filters * prod(window) * prod(d or 1 for d in places) < _SMALL


def _conv_transpose(op: Op, makers: Makers) -> bool:
    """A product of the kernel, (filters * windows, channels), with the planes, (channels, places).

    Of few channels all are summed up at once. Otherwise rows may be cut, of which each part has several, or parts must have many columns.
    """
    x, kernel = op.inputs[:2]
    assert x is not None and kernel is not None
    if kernel.const is None:
        return False
    channels, filters, *windows = _lengths(kernel)
    channels //= int(op.attributes.get("group", 1))
    rows = filters * prod(windows)
    if rows < 2 * MOST_THREADS:
        return False
    if channels <= _STRIDE:
        return True
    if any(d is None for d in x.shape[2:]):
        return False
    places = prod(d for d in x.shape[2:] if d is not None)
    return places <= rows or places // (_ALIGNED * MOST_THREADS) * _ALIGNED > _STRIDE // 2


def _product(op: Op, makers: Makers) -> bool:
    """Times a constant matrix, which is packed: its rows are summed up 256 at a time, however many columns a part has."""
    x, kernel = op.inputs[:2]
    return (
        kernel is not None
        and kernel.const is not None
        and len(kernel.shape) == 2
        and x is not None
        and x.dtype == kernel.dtype == "float32"
    )


def _sum(op: Op, makers: Makers) -> bool:
    """Over whole planes as convolutions and pools leave them, channels first; over axes in the middle, parts are grouped by their number.

    The engine moves transposes behind such sums and changes their axes, so none may be before them.
    """
    x, axes = (*op.inputs, None)[:2]
    if x is None or axes is None or axes.const is None or len(x.shape) != 4:
        return False
    return sorted(int(axis) % 4 for axis in axes.array().reshape(-1)) == [2, 3] and _are_planes(x, makers)


def _are_planes(value: Value, makers: Makers) -> bool:
    waiting, seen = [value.name], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        op = makers.get(name)
        if op is None or op.kind not in _PLANES | _ELEMENTWISE:
            return False
        if op.kind in _ELEMENTWISE:
            waiting += [v.name for v in op.inputs if v is not None and v.const is None]
    return True


def _is_row(value: Value | None) -> bool:
    """True for (samples, n), which is one row for one sample."""
    return value is not None and len(value.shape) == 2 and value.shape[0] is None


def _lengths(kernel: Value) -> list[int]:
    return [int(d) for d in kernel.shape if d is not None]


_PLANES = frozenset("AveragePool Conv ConvTranspose GlobalAveragePool MaxPool".split())
_ELEMENTWISE = frozenset("Add BatchNormalization Clip Concat HardSigmoid LeakyRelu Mul Relu Sigmoid Sub Tanh".split())
_RULES: dict[str, Callable[[Op, Makers], bool]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Gemm": _product,
    "MatMul": _product,
    "ReduceMean": _sum,
    "ReduceSum": _sum,
}
