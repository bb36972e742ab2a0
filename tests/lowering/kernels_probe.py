"""Asks the installed onnxruntime for which types it has which kernels; `python -m tests.lowering.kernels_probe` prints the table.

Each op is run once for each type, on a small example of inputs that all have that type (`T`) or a fixed one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort

from loadstone.ir import Tensor, dtypes
from loadstone.lowering.block import Block, Op, Value
from loadstone.lowering.onnx import encode_model

TYPES = "float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool string".split()


class T:
    """An input of the type that is probed."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape


def ints(*values: int) -> np.ndarray:
    return np.asarray(values, np.int64)


X, X3, X4, SCALAR = T(2, 3), T(1, 4, 4), T(1, 4, 4, 4), T()
_UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish Hardmax Identity IsInf IsNaN "
    "LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg NonZero Not Reciprocal Relu Round Selu Shape Shrink Sigmoid Sign "
    "Sin Sinh Size Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu Trilu ArgMax ArgMin Det EyeLike"
)
_BINARY = "Add Sub Mul Div Pow Mod Max Min PRelu And Or Xor BitwiseAnd BitwiseOr BitwiseXor Equal Greater GreaterOrEqual Less LessOrEqual Sum Mean"
_REDUCE = "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare"

EXAMPLES: dict[str, tuple[list[Any], dict[str, Any]]] = {
    **{name: ([X], {}) for name in _UNARY.split()},
    **{name: ([X, X], {}) for name in _BINARY.split()},
    **{name: ([X, ints(1)], {}) for name in _REDUCE.split()},
    "Det": ([T(2, 3, 3)], {}),
    "Mod": ([X, X], {"fmod": 1}),
    "BitShift": ([X, X], {"direction": "LEFT"}),
    "Clip": ([X, SCALAR, SCALAR], {}),
    "Where": ([np.ones((2, 3), bool), X, X], {}),
    "CumSum": ([X, ints(1)[0]], {}),
    "Concat": ([X, X], {"axis": 0}),
    "Split": ([X, ints(1, 2)], {"axis": 1, "outputs": 2}),
    "Slice": ([X, ints(0), ints(1), ints(1)], {}),
    "Gather": ([X, ints(0, 1)], {}),
    "GatherElements": ([X, ints(0, 1, 0).reshape(1, 3)], {}),
    "GatherND": ([X, ints(0, 1).reshape(1, 2)], {}),
    "ScatterND": ([X, ints(0, 1).reshape(1, 2), T(1)], {}),
    "ScatterElements": ([X, ints(0, 1, 0).reshape(1, 3), T(1, 3)], {}),
    "ReverseSequence": ([X, ints(2, 1)], {"batch_axis": 0, "time_axis": 1}),
    "Reshape": ([X, ints(3, 2)], {}),
    "Expand": ([X, ints(2, 2, 3)], {}),
    "Tile": ([X, ints(1, 2)], {}),
    "Transpose": ([X], {"perm": [1, 0]}),
    "Squeeze": ([T(1, 3), ints(0)], {}),
    "Unsqueeze": ([X, ints(0)], {}),
    "Pad": ([X, ints(0, 1, 0, 1), SCALAR], {}),
    "TopK": ([X, ints(1)], {"outputs": 2, "second": "int64"}),
    "OneHot": ([ints(0, 1), ints(3), T(2)], {}),
    "Range": ([SCALAR, SCALAR, SCALAR], {}),
    "MatMul": ([X, T(3, 2)], {}),
    "Gemm": ([X, T(3, 2), T(2)], {}),
    "Einsum": ([X, T(3, 2)], {"equation": "ab,bc->ac"}),
    "Conv": ([X4, T(2, 4, 3, 3), T(2)], {}),
    "ConvTranspose": ([X4, T(4, 2, 3, 3), T(2)], {}),
    "MaxPool": ([X4], {"kernel_shape": [2, 2]}),
    "AveragePool": ([X4], {"kernel_shape": [2, 2]}),
    "LpPool": ([X4], {"kernel_shape": [2, 2]}),
    "GlobalAveragePool": ([X4], {}),
    "GlobalMaxPool": ([X4], {}),
    "LRN": ([X4], {"size": 3}),
    "DepthToSpace": ([X4], {"blocksize": 2}),
    "SpaceToDepth": ([X4], {"blocksize": 2}),
    "BatchNormalization": ([X4, T(4), T(4), T(4), T(4)], {}),
    "InstanceNormalization": ([X4, T(4), T(4)], {}),
    "GroupNormalization": ([X4, T(4), T(4)], {"num_groups": 2}),
    "LayerNormalization": ([X, T(3), T(3)], {}),
    "Resize": ([X4, None, np.asarray([1, 1, 2, 2], np.float32)], {"mode": "nearest"}),
    "LSTM": ([T(2, 1, 3), T(1, 8, 3), T(1, 8, 2)], {"hidden_size": 2}),
    "GRU": ([T(2, 1, 3), T(1, 6, 3), T(1, 6, 2)], {"hidden_size": 2}),
    "RNN": ([T(2, 1, 3), T(1, 2, 3), T(1, 2, 2)], {"hidden_size": 2}),
}
BOOLEAN = frozenset("And Or Xor Not Equal Greater GreaterOrEqual Less LessOrEqual IsInf IsNaN".split())  # results are bool
COUNTING = frozenset("Shape Size NonZero ArgMax ArgMin".split())  # results are int64


def runs(kind: str, dtype: str) -> bool:
    """True where onnxruntime runs the example of an op in a type."""
    operands, attributes = EXAMPLES[kind]
    attributes = dict(attributes)
    outputs, second = attributes.pop("outputs", 1), attributes.pop("second", dtype)
    values, feeds = [], {}
    for k, operand in enumerate(operands):
        if operand is None:
            values.append(None)
        elif isinstance(operand, T):
            name = f"x{k}"
            values.append(Value(name, operand.shape, dtype))
            feeds[name] = np.full(operand.shape, "1", object) if dtype == "string" else np.ones(operand.shape, dtypes.to_numpy(dtype))
        else:
            values.append(Value(f"c{k}", operand.shape, dtypes.of_numpy(operand.dtype), Tensor.of(operand)))
    result = "bool" if kind in BOOLEAN else "int64" if kind in COUNTING else dtype
    results = [Value(f"y{k}", _shape(kind, outputs), second if k else result) for k in range(outputs)]
    block = Block([Op(kind, values, results, attributes)], [v for v in values if v is not None and v.const is None], results)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(
            encode_model(block, lambda name, tensor: None, segment=True), options, providers=["CPUExecutionProvider"]
        )
        given = [np.asarray(v, np.float32) if dtype == "bfloat16" else v for v in feeds.values()]
        session.run(None, dict(zip((i.name for i in session.get_inputs()), given, strict=True)))
    except Exception:  # noqa: BLE001  whatever the binding raises: the kernel is not there
        return False
    return True


def _shape(kind: str, outputs: int) -> tuple[int | None, ...]:
    """A shape for the outputs that contradicts nothing: free lengths in the right rank."""
    ranks = {
        "Shape": 1,
        "Size": 0,
        "Det": 1,
        "Range": 1,
        "Expand": 3,
        "Unsqueeze": 3,
        "Squeeze": 1,
        "GatherND": 1,
        "LSTM": 4,
        "GRU": 4,
        "RNN": 4,
    }
    rank = ranks.get(kind, next((len(o.shape) for o in EXAMPLES[kind][0] if isinstance(o, T) and o.shape), 2))
    return (None,) * (2 if kind in ("Where", "OneHot") else rank)


def table() -> dict[str, str]:
    """Types by op."""
    return {kind: " ".join(dtype for dtype in TYPES if runs(kind, dtype)) for kind in sorted(EXAMPLES)}


if __name__ == "__main__":
    for kind, types in table().items():
        print(f'    "{kind}": "{types}",')
