"""What XLA has beside its arithmetic: loops, conditions, calls, and marks that say how to compute or where.

tensorflow/compiler/tf2xla/ops/xla_ops.cc. A whole program in StableHLO (XlaCallModule) is refused.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Node
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.tensorflow.calls import condition, loop
from loadstone.lowering.tensorflow.symbols import Operand, tensor, tf
from loadstone.lowering.tensorflow.walk import GraphWalk, Thing, graph_op

graph_op("XlaWhile")(loop)
graph_op("XlaIf")(condition)


@graph_op("XlaLaunch", "XlaLaunchV2")
def launch(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A function where it is called."""
    return walk.function(node.attributes["function"], inputs)


@graph_op("XlaOptimizationBarrier")
def optimization_barrier(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The tensors as they are."""
    return inputs


@graph_op("XlaCallModule")
def call_module(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Refused."""
    raise UnsupportedAttribute(
        "XlaCallModule, a program in StableHLO; export the JAX function with jax2tf.convert(..., native_serialization=False) instead"
    )


@tf("raw_ops.XlaSharding", "raw_ops.XlaSpmdFullToShardShape", "raw_ops.XlaSpmdShardToFullShape")
def sharding(
    b: Builder, input_: Operand, sharding: Any = "", unspecified_dims: Any = (), manual_sharding: Any = "", dim: int = -1,
    full_shape: Any = None,
) -> Value:  # fmt: skip
    """The tensor; on which devices its parts lie is no matter where there is one."""
    return tensor(b, input_)


@tf("raw_ops.XlaClusterOutput")
def cluster_output(b: Builder, input_: Operand) -> Value:
    """The tensor."""
    return tensor(b, input_)


@tf("raw_ops.XlaSetBound")
def set_bound(b: Builder, input_: Operand, bound: Operand) -> Value:
    """The tensor, which is promised to be no more than a bound."""
    return tensor(b, input_)


@tf("raw_ops.XlaReplicaId")
def replica_id(b: Builder) -> Value:
    """0, as of one device."""
    return b.const(0, "int32")


@tf("raw_ops.XlaReducePrecision")
def reduce_precision(b: Builder, operand: Operand, exponent_bits: int, mantissa_bits: int) -> Value:
    """Numbers rounded to those that a shorter float holds."""
    x = tensor(b, operand)
    known = {(5, 10): "float16", (8, 7): "bfloat16", (8, 23): "float32", (11, 52): "float64"}
    dtype = known.get((exponent_bits, mantissa_bits))
    if dtype is None:
        raise UnsupportedAttribute(f"XlaReducePrecision with exponent_bits={exponent_bits} and mantissa_bits={mantissa_bits}")
    wider = {"float64": 3, "float32": 2, "float16": 1, "bfloat16": 1}
    return x if wider[dtype] >= wider[x.dtype] and dtype in (x.dtype, "float32", "float64") else b.cast(b.cast(x, dtype), x.dtype)
