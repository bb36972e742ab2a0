"""Ragged tensors packed into one thing and unpacked again, as `tf.map_fn` and models with ragged inputs do.

Semantics: tensorflow/core/kernels/ragged_tensor_to_variant_op.cc, ragged_tensor_from_variant_op.cc.
"""

from __future__ import annotations

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Node
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.tensorflow.variables import value_of
from loadstone.lowering.tensorflow.walk import GraphWalk, Resource, Thing, graph_op


@dataclass(eq=False, frozen=True)
class PackedRagged(Resource):
    """A ragged tensor; batched where it is packed row by row."""

    splits: tuple[Value, ...]
    values: Value
    batched: bool


@graph_op("RaggedTensorToVariant")
def pack(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """A ragged tensor, or a dense one, as one thing."""
    *splits, values = (value_of(walk, thing) for thing in inputs)
    return [PackedRagged(tuple(splits), values, bool(node.attributes["batched_input"]))]


@graph_op("RaggedTensorFromVariant")
def unpack(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The splits and values that were packed."""
    packed, rank = inputs[0], int(node.attributes["output_ragged_rank"])
    if not isinstance(packed, PackedRagged):
        raise ModelError("a ragged tensor is wanted where there is none")
    if rank != len(packed.splits):
        raise UnsupportedAttribute(f"a ragged tensor of {len(packed.splits)} ragged axes that is unpacked as one of {rank}")
    dtype = str(node.attributes.get("Tsplits", "int64"))
    return [*(walk.b.cast(splits, dtype) for splits in packed.splits), packed.values]
