"""What TensorFlow's graph optimizer makes of several ops: a convolution or a product of matrices with what comes after it.

Semantics: tensorflow/core/grappler/optimizers/remapper.cc and core/kernels/conv_ops_fused_impl.h. `fused_ops` names what comes after, in
order; its operands are `args`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Node
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.activations import activate
from loadstone.lowering.keras.special import leaky_relu
from loadstone.lowering.tensorflow.convolutions import conv, depthwise
from loadstone.lowering.tensorflow.normalizing import along_channels, batch_norm, bias_add
from loadstone.lowering.tensorflow.sliding import channels_come_first
from loadstone.lowering.tensorflow.symbols import Operand, alike, rule, tensor, tf
from loadstone.lowering.tensorflow.walk import GraphWalk, Resource, graph_op

_ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Elu": "elu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "GeluExact": "gelu",
    "GeluApproximate": "gelu_tanh",
}


@graph_op("_FusedConv2D")
def fused_conv(walk: GraphWalk, node: Node, inputs: list[Any]) -> list[Value]:
    """Conv2D, then the rest. Which inputs are `args` is told by num_args, as all releases write it."""
    given = node.attributes
    x, kernel, *rest = [thing.tensor(walk) if isinstance(thing, Resource) else thing for thing in inputs]
    if given.get("filter_format", "HWIO") not in ("HWIO", "OIHW"):
        raise UnsupportedAttribute(f"_FusedConv2D with filter_format={given['filter_format']!r}")
    if given.get("filter_format") == "OIHW":
        kernel = walk.b.transpose(kernel, [2, 3, 1, 0])
    names = ("strides", "padding", "data_format", "dilations", "explicit_paddings")
    convolved = partial(conv, walk.b, x, kernel, **{name: given.get(name) for name in names})
    return [_completed(walk.b, convolved, rest[: int(given["num_args"])], given, given.get("data_format", "NHWC"))]


@tf("raw_ops._FusedDepthwiseConv2dNative")
def fused_depthwise(
    b: Builder, input_: Operand, filter: Operand, args: Sequence[Value], strides: Any = None, padding: str = "", data_format: str = "NHWC",
    dilations: Any = None, fused_ops: Sequence[str] = (), epsilon: float = 1e-4, leakyrelu_alpha: float = 0.2,
    explicit_paddings: Any = None,
) -> Value:  # fmt: skip
    """DepthwiseConv2dNative, then the rest."""
    given = {"fused_ops": fused_ops, "epsilon": epsilon, "leakyrelu_alpha": leakyrelu_alpha}
    convolved = partial(depthwise, b, input_, filter, strides, padding, data_format, dilations, explicit_paddings)
    return _completed(b, convolved, args, given, data_format)


@tf("raw_ops._FusedMatMul")
def fused_matmul(
    b: Builder, a: Operand, b_: Operand, args: Sequence[Value], transpose_a: bool = False, transpose_b: bool = False,
    fused_ops: Sequence[str] = (), epsilon: float = 1e-4, leakyrelu_alpha: float = 0.2,
) -> Value:  # fmt: skip
    """MatMul, then the rest."""

    def product(bias: Value | None = None) -> Value:
        x, y = alike(b, a, b_)
        made: Value = rule("raw_ops.MatMul").call(b, [x, y], {"transpose_a": transpose_a, "transpose_b": transpose_b})
        return made if bias is None else bias_add(b, made, bias)

    return _completed(b, product, args, {"fused_ops": fused_ops, "epsilon": epsilon, "leakyrelu_alpha": leakyrelu_alpha}, "NHWC")


def _completed(b: Builder, first: Callable[..., Value], args: Sequence[Value], given: Any, data_format: str) -> Value:
    """What `first` makes, with all of `fused_ops` after it."""
    rest, after = list(args), list(given.get("fused_ops", ()))
    if after[:1] == ["BiasAdd"]:
        y = first(bias=tensor(b, rest.pop(0)))
        after.pop(0)
    else:
        y = first()
    for name in after:
        if name == "FusedBatchNorm" and len(rest) >= 4:
            scale, offset, mean, variance, *rest = rest
            y = batch_norm(b, y, scale, offset, mean, variance, given.get("epsilon", 1e-4), 1.0, data_format, False)[0]
        elif name == "Add" and rest:
            other = rest.pop(0)
            first_channels = channels_come_first(data_format)
            y = b.Add(y, along_channels(b, other, y.rank, first_channels) if other.rank == 1 and first_channels else other)
        elif name == "LeakyRelu":
            y = leaky_relu(b, y, float(given.get("leakyrelu_alpha", 0.2)))
        elif name in _ACTIVATIONS:
            y = activate(b, y, _ACTIVATIONS[name])
        else:
            raise UnsupportedAttribute(f"fused_ops={list(given['fused_ops'])}")
    if rest:
        raise UnsupportedAttribute(f"fused_ops={list(given.get('fused_ops', ()))} with {len(args)} operands")
    return y
