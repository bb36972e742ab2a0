"""`tf.nn`, products of matrices, norms and resized images, by the formulas of the Keras layers.

Semantics: tensorflow/python/ops/nn_ops.py, nn_impl.py, math_ops.py (`matmul`, `tensordot`), image_ops_impl.py (`resize`) and, for
`tf.keras.backend`, keras/backend.py of 2.15.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras import resampling
from loadstone.lowering.keras.activations import activate, log_softmax, softmax
from loadstone.lowering.keras.ops_products import explicit
from loadstone.lowering.keras.ops_products import tensordot as contract
from loadstone.lowering.keras.special import gelu, leaky_relu
from loadstone.lowering.tensorflow.symbols import Operand, alike, axes_of, axis_of, enter, lengths, number, tensor, tf

# -- activations ------------------------------------------------------------------------------------------------------

_SAME = {
    "relu": "nn.relu raw_ops.Relu",
    "relu6": "nn.relu6 raw_ops.Relu6",
    "elu": "nn.elu raw_ops.Elu",
    "selu": "nn.selu raw_ops.Selu",
    "softplus": "math.softplus nn.softplus raw_ops.Softplus",
    "softsign": "nn.softsign raw_ops.Softsign",
    "sigmoid": "math.sigmoid nn.sigmoid raw_ops.Sigmoid",
    "log_sigmoid": "math.log_sigmoid",
    "silu": "nn.silu nn.swish",
    "crelu": "nn.crelu",
}


def _activation(name: str) -> Callable[..., Value]:
    def rule(b: Builder, features: Operand) -> Value:
        return activate(b, tensor(b, features), name)

    return rule


for _name, _names in _SAME.items():
    enter(_activation(_name), *_names.split())


@tf("nn.leaky_relu", "raw_ops.LeakyRelu")
def leaky(b: Builder, features: Operand, alpha: float = 0.2) -> Value:
    """x, or alpha * x below 0."""
    return leaky_relu(b, tensor(b, features), float(alpha))


@tf("nn.gelu")
def gelu_of(b: Builder, features: Operand, approximate: bool = False) -> Value:
    """x times the normal distribution function of x."""
    return gelu(b, tensor(b, features), bool(approximate))


@tf("nn.softmax", "math.softmax", "raw_ops.Softmax")
def softmax_of(b: Builder, logits: Operand, axis: Operand = None, dim: Operand = None) -> Value:
    """exp(x) over its sum along an axis, the last unless given."""
    x = tensor(b, logits)
    return softmax(b, x, axis_of(-1 if axis is None and dim is None else dim if axis is None else axis, x.rank))


@tf("nn.log_softmax", "math.log_softmax", "raw_ops.LogSoftmax")
def log_softmax_of(b: Builder, logits: Operand, axis: Operand = None, dim: Operand = None) -> Value:
    """The logarithm of softmax."""
    x = tensor(b, logits)
    return log_softmax(b, x, axis_of(-1 if axis is None and dim is None else dim if axis is None else axis, x.rank))


@tf("math.l2_normalize", "nn.l2_normalize", "linalg.l2_normalize")
def l2_normalize(b: Builder, x: Operand, axis: Operand = None, epsilon: float = 1e-12, dim: Operand = None) -> Value:
    """x over its length along axes, which counts as sqrt(epsilon) at least."""
    y = tensor(b, x)
    axes = axes_of(axis if axis is not None else dim, y.rank)
    square = b.ReduceSum(b.Mul(y, y), b.ints(axes), keepdims=1)
    return b.Mul(y, b.Reciprocal(b.Sqrt(b.Max(square, float(epsilon)))))


@tf("nn.moments")
def moments(b: Builder, x: Operand, axes: Operand, shift: Any = None, keepdims: bool = False, keep_dims: Any = None) -> list[Value]:
    """Mean and variance along axes."""
    y = tensor(b, x)
    over, keep = axes_of(axes, y.rank), int(bool(keepdims or keep_dims))
    mean = b.ReduceMean(y, b.ints(over), keepdims=1)
    difference = b.Sub(y, mean)
    variance = b.ReduceMean(b.Mul(difference, difference), b.ints(over), keepdims=keep)
    return [mean if keep else b.squeeze(mean, *over), variance]


@tf("nn.batch_normalization")
def batch_normalization(
    b: Builder, x: Operand, mean: Operand, variance: Operand, offset: Operand, scale: Operand, variance_epsilon: Operand
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset."""
    y, mu, var = alike(b, x, mean, variance)
    factor = b.Reciprocal(b.Sqrt(b.Add(var, float(number(variance_epsilon, "an epsilon")))))
    factor = factor if scale is None else b.Mul(factor, tensor(b, scale, y.dtype))
    shift = b.Neg(b.Mul(mu, factor))
    return b.Add(b.Mul(y, factor), shift if offset is None else b.Add(shift, tensor(b, offset, y.dtype)))


# -- products ---------------------------------------------------------------------------------------------------------


@tf("linalg.matmul", "matmul")
def matmul(
    b: Builder, a: Operand, b_: Operand, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, adj_x: bool = False, adj_y: bool = False,
) -> Value:  # fmt: skip
    """Products of matrices; the axes before the last two broadcast."""
    x, y = alike(b, a, b_)
    x = _turned(b, x) if transpose_a or adjoint_a or adj_x else x
    return b.MatMul(x, _turned(b, y) if transpose_b or adjoint_b or adj_y else y)


def _turned(b: Builder, x: Value) -> Value:
    return b.transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])


@tf("linalg.matvec")
def matvec(b: Builder, a: Operand, b_: Operand, transpose_a: bool = False) -> Value:
    """Products of matrices and vectors."""
    x, y = alike(b, a, b_)
    return b.squeeze(b.MatMul(_turned(b, x) if transpose_a else x, b.unsqueeze(y, y.rank)), y.rank)


@tf("tensordot", "linalg.tensordot")
def tensordot(b: Builder, a: Operand, b_: Operand, axes: Operand) -> Value:
    """Sums of products over axes of both: the last n and the first n, or two lists."""
    x, y = alike(b, a, b_)
    found = number(axes, "axes")
    if isinstance(found, int):
        return contract(b, x, y, list(range(x.rank - found, x.rank)), list(range(found)))
    left, right = ([side] if isinstance(side, int) else list(side) for side in found)
    return contract(b, x, y, [axis_of(k, x.rank) for k in left], [axis_of(k, y.rank) for k in right])


@tf("einsum", "linalg.einsum")
def einsum(b: Builder, equation: str, *inputs: Operand) -> Value:
    """Sums of products by an equation of letters."""
    values = alike(b, *(inputs[0] if len(inputs) == 1 and isinstance(inputs[0], (list, tuple)) else inputs))
    return b.Einsum(*values, equation=explicit(str(equation), [v.rank for v in values]))


@tf("norm", "linalg.norm")
def norm(b: Builder, tensor_: Operand, ord: Any = "euclidean", axis: Operand = None, keepdims: Any = None, keep_dims: Any = None) -> Value:
    """The length of vectors along axes."""
    x = tensor(b, tensor_)
    if ord not in ("euclidean", 2, 1) or (ord != "euclidean" and isinstance(axis, (list, tuple)) and len(axis) > 1):
        raise UnsupportedAttribute(f"tf.norm with ord={ord!r}")
    over, keep = b.ints(axes_of(axis, x.rank)), int(bool(keepdims or keep_dims))
    return b.ReduceSum(b.Abs(x), over, keepdims=keep) if ord == 1 else b.Sqrt(b.ReduceSum(b.Mul(x, x), over, keepdims=keep))


@tf("image.resize")
def resize(
    b: Builder, images: Operand, size: Operand, method: str = "bilinear", preserve_aspect_ratio: bool = False, antialias: bool = False
) -> Value:  # fmt: skip
    """Images (batch, height, width, channels) or one of them in another size."""
    x = tensor(b, images)
    if preserve_aspect_ratio:
        raise UnsupportedAttribute("tf.image.resize with preserve_aspect_ratio=True")
    batch = x if x.rank == 4 else b.unsqueeze(x, 0)
    y = resampling.resize(b, batch, [1, 2], lengths(b, size), str(method), bool(antialias))
    return y if x.rank == 4 else b.squeeze(y, 0)


@tf("nn.embedding_lookup")
def embedding_lookup(b: Builder, params: Operand, ids: Operand, partition_strategy: str = "mod") -> Value:
    """Rows of a table, which may stand in a list alone; parts of one, in TensorFlow 1 and 2 of different rows, are refused."""
    if isinstance(params, (list, tuple)) and len(params) != 1:
        raise UnsupportedAttribute(f"tf.nn.embedding_lookup in {len(params)} parts of a table")
    table = params[0] if isinstance(params, (list, tuple)) else params
    return b.Gather(tensor(b, table), tensor(b, ids), axis=0)
